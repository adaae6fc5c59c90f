"""Append-only tables in monthly partitions: made ahead of time, archived, and dropped when old.

Invariant: there is a partition for every row that may be written, and none is
dropped before an archive of it has been read back and found whole.
"""
