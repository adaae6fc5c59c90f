"""What belongs to a message lies in the partition of its month."""

from typing import ClassVar

from core.partitions.monthly import Monthly


class ByMessage(Monthly):
    partition_column: ClassVar[str] = "message_id"
