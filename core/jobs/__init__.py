"""What must happen after a change: the outbox.

Invariant: an event exists if and only if the change it tells of was committed.
Services announce; whoever listens is named in `erp/wiring.py`, not here.
"""
