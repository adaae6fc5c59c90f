"""Other ledgers for Django, measured in environments of their own and only when asked for."""
