"""The stream: what was announced, for programs of the company itself to follow.

Invariant: an answer names every number of the company's sequence after the one that was
asked about, in order, and none is ever filled in behind it. I own no table: events are
written by `core.jobs.outbox` and numbered by `core.jobs.positions`. What a kind of event
may tell is declared in `catalogue`; of one that is not declared only its number is told.
docs/events.md is for those who read it.
"""
