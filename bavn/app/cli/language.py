"""The language that a command speaks where the sentence is not the command's own: an error line, an empty list.

`--language` says it, else the variable BAVN_LANGUAGE, else the locale of whoever sits there. Machines read JSON, which
is the same in all. Refuses a language that has no catalogue: then it is English.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from bavn.model.catalogue import ENGLISH, languages
from bavn.model.text import Text

VARIABLE: Final = "BAVN_LANGUAGE"
LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


def language_of_locale(environ: Mapping[str, str]) -> str:
    """``da`` of ``da_DK.UTF-8``; the first of the variables that says anything counts, as everywhere."""
    said = next((environ[name] for name in LOCALES if environ.get(name)), "")
    return _known(said.split(".")[0].split("_")[0])


def language_asked(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language of a command line; where it says two, the last: a command's own counts for more than the whole's."""
    chosen = None
    for at, word in enumerate(words):
        if word == "--language" and at + 1 < len(words):
            chosen = words[at + 1]
        elif word.startswith("--language="):
            chosen = word.partition("=")[2]
    if chosen is not None:
        return _known(chosen)
    return _known(environ[VARIABLE]) if environ.get(VARIABLE) else language_of_locale(environ)


def language_here() -> str:
    """The language of the command that this process runs."""
    return language_asked(sys.argv[1:], os.environ)


def language_of_rows(*, as_json: bool) -> str:
    """Of a command that has no ``--language`` of its own: JSON, which programs read, is English."""
    return ENGLISH if as_json else language_here()


def tell(text: Text) -> None:
    """Prints a sentence in the language of the command that this process runs."""
    print(text.say(language_here()))


def _known(language: str) -> str:
    return language if language in languages() else ENGLISH
