"""`subject__holds="part"`: ILIKE, which a trigram index serves under row-level security.

Django's `icontains` compares UPPER(subject), and both its function and its operator would
have to be marked leakproof; see deploy/sql/leakproof.sql.
"""

from typing import Any

from django.db.models import Lookup


class Holds(Lookup):
    lookup_name = "holds"

    def get_prep_lookup(self) -> str:
        text = str(self.rhs)
        for special in "\\%_":
            text = text.replace(special, f"\\{special}")
        return f"%{text}%"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} ILIKE %s", (*parameters, self.rhs)
