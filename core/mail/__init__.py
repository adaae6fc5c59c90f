"""Mails: who writes, what, to whom, and what became of it.

Invariant: one mail for each effect key, and each time it is handed over it is the same
bytes under the same Message-ID. Secrets such as the links of one-time tokens are put in
when it is handed over, and written nowhere.
"""
