"""What must happen after a change: events in the outbox, and jobs.

Invariant: an event or a job exists if and only if the change that it belongs to was
committed, and a job's effect is there with its end or not at all. Services announce
and enqueue; whoever listens is named in `erp/wiring.py`, not here.
docs/jobs.md tells the whole; sql/place.sql and sql/jobs.sql are where it happens.
"""
