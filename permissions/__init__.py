"""Who may enter and what they may do: users, memberships, roles, tokens.

Invariant: a token names one user in one tenant, is stored only as a hash, and
every endpoint asks for one permission code; deny is the default.
Calls core.
"""
