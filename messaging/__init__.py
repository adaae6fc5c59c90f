"""Conversations of a company: threads, messages, who has read them and what was thought of them.

I own threads, participants, messages and their history, receipts, reactions, mentions.
Invariant: what is internal never appears in an external thread, and within a thread
the order of ids is the order in which messages were committed.
I call permissions (who is a member); other apps attach threads to their records.
"""
