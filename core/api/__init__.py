"""Conventions of the HTTP API: envelope, pages, idempotency, throttles, schema.

Invariant: every endpoint declares its permission, its input and its answers in
one place (`reads`, `writes`), and every refusal has the same shape.
"""
