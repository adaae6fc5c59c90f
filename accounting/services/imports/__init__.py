"""Imports: files from elsewhere, booked through the same services as everything else.

I own how a file is read and what it means; I write nothing to the books myself.
Each import goes in chunks, one command each, and looks up what is booked
already before it books: so the same file twice adds nothing, and an import
that was stopped goes on where it was. A record with a bad row is refused
whole, into a report with line numbers, and the import continues. Every row of
a file ends up in exactly one of four tallies: booked, known, set aside, refused.
"""
