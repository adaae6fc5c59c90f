"""The platform under every app: tenancy, outbox, API conventions, operations.

Owns no business noun. Its invariant: tenant data is reached only through
`@command` and `@query`, and PostgreSQL shows nothing outside of them.
Calls nobody above it; apps above announce events to the outbox instead.
"""
