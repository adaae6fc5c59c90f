"""The one exception of this package."""


class StackError(Exception):
    """An expected failure: shown as one line, never as a traceback."""
