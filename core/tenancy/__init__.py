"""Who owns which row: Tenant, Context, `@command`/`@query`, the database backend.

Invariant: a row of one tenant is never read, referenced, changed or inserted
by another. PostgreSQL holds it (row-level security, composite keys); the
scoped managers only make every statement carry its tenant as a literal.
Calls nobody.
"""
