"""TOML as somebody wrote it: a table, or BadToml, whatever the text is. Refuses to know what is in the table."""

import tomllib
from typing import Any


class BadToml(ValueError):
    """The text is no TOML; the words say where. Whoever wrote it must act."""


def table_of(text: str) -> dict[str, Any]:
    """The table of a text. Raises BadToml, also for what Python's reader only breaks on: a number of more digits than
    it converts, and tables in tables without an end."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise BadToml("it is nested too deeply") from error
    except ValueError as error:
        raise BadToml(str(error)) from error
