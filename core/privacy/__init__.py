"""Persons in our tables: what is held of them, for how long, and how it is erased.

I own the register of both, the report of everything about one person, and the erasing
that is the same for every app. Each app declares its own tables, in its `privacy.py`.

Invariant: every table says how long its rows are kept, and every column that the audit
log keeps apart as personal belongs to a table of the register; tests compare both with
the database.

I call: the audit log, partitions.
"""
