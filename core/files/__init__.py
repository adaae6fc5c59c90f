"""Files of a company: invoices as PDF, exports, what is too large for a row.

Invariant: a row names a file that is there whole. The file is written to the disk
first, under a key that nobody can guess, and its row in the caller's transaction;
a file whose row never came is swept away. Nobody reads a file but through a link
that is good for minutes, for one person of one company. docs/files.md tells the rest.
"""
