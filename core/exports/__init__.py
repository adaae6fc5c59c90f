"""Lists of the API as files: CSV or XLSX, made by a job.

Invariant: an export holds what its maker would have been shown, at the time it was made:
the list's own view is asked, for him, page by page. Parts are kept as they are made, so
that no worker is taken for long and none begins anew. Calls core.files, core.jobs and,
through the URLconf, whoever has lists. docs/exports.md tells the rest.
"""
