"""What the company's papers say, in the reader's language: from rows to a `Paper`.

Pure functions: they read no rows and no clock. Amounts come exact from the selectors and
are only written down here; nothing is computed but the sums that are carried from page to
page and the sums per tax, which add up to the document's own.
"""
