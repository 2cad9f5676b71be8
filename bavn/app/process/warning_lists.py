"""The shipped warning lists, once for the whole process: they take seconds and memory."""

from functools import cache

from bavn.centre.correlate.lists import WarningLists


@cache
def warning_lists() -> WarningLists:
    """Read when they are first asked."""
    return WarningLists()
