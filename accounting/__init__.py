"""The books: accounts, journals, taxes, contacts, documents, payments, reports.

Invariant: every posted journal sums to exactly zero and is never changed; a
document, its lines, its journal and the journal's lines commit together or not
at all. PostgreSQL enforces both (`accounting/sql/`).
Calls permissions (opening a company) and core.
"""
