"""The process that streams what happens in threads to those who take part.

I own open streams and nothing else: no state outlives me, and the outbox is the truth.
Invariant: a stream tells every event after the position that its client named, in
order and once, or says that it cannot.
One thread reads the database for all streams; the others are the doors (logins, replays).
"""
