"""The database backend that gives every tenant table its protection.

Django's own PostgreSQL backend (with django-prometheus's counters) plus what
nobody may forget: `(tenant_id, id)` keys, a forced row-level security policy,
composite foreign keys that are never deferrable, `PARTITION BY`, and grants to
the application's role on exactly the tables that migrations create.
"""
