"""A reason as it may be printed. Refuses to judge what it says."""

import re
from typing import Final

_PATH: Final = re.compile(r"(?<![\w.])/(?:[\w.+@-]+/)+[\w.+@-]*")
PATHLESS_CHARS_MAX: Final = 300


def one_line(text: str, chars_max: int = 400) -> str:
    """A reason as it may be printed: one line, no control characters, not too long."""
    said = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return said if len(said) <= chars_max else said[: chars_max - 1] + "…"


def pathless(text: str) -> str:
    """Words of a library or a file, without a place on the disk, on one line."""
    return one_line(_PATH.sub("…", one_line(text, len(text) + 1)), PATHLESS_CHARS_MAX)
