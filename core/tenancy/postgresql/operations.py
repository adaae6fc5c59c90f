from django.db.backends.postgresql import operations


class DatabaseOperations(operations.DatabaseOperations):
    def max_name_length(self) -> int:
        """Below PostgreSQL's 63, to leave room for a partition's or a shard's suffix."""
        return 54

    def deferrable_sql(self) -> str:
        """Never deferrable: a violation is an error at its statement, not at COMMIT."""
        return ""
