"""Papers: what is printed, as data, and the one layout that makes a PDF/A-3 of it.

Invariant: the same paper is the same bytes, on every machine of one release. Knows no
business nouns, reads no rows and no clock; called in jobs, never in a request.
"""
