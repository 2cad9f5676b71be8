"""A state or an act as a refusal names it: in English by its value, in other languages as its catalogue says.

`documented` of build_words.py lists those that are translated; any other is said as it is.
"""

from collections.abc import Iterable
from typing import Final

from bavn.model.text import Text

CONTEXT: Final = "in a refusal"


def word(value: str) -> Text:
    """One state or act."""
    return Text.documented(str(value), CONTEXT)


def words(values: Iterable[str]) -> Text:
    """What is possible, one after another; "nothing" where nothing is."""
    every = [word(value) for value in values]
    return Text.joined(", ", every) if every else Text.in_context("in a refusal", "nothing")
