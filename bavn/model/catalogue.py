"""The catalogues of other languages than English, read when one is asked for. `script/words` writes them.

They are constants that come with the package, as the code does: no file of a user is read here. A sentence that a
catalogue does not have is said in English.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime
    from gettext import NullTranslations

ENGLISH: Final = "en"
DOMAIN: Final = "bavn"
LOCALE: Final = Path(__file__).resolve().parent.parent / "locale"


@cache
def languages() -> tuple[str, ...]:
    """English first, then each language that has a catalogue."""
    there = sorted(path.parent.parent.name for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return (ENGLISH, *there)


def translated(message: str, context: str, language: str) -> str:
    """The message in ``language``; in English where nobody has translated it."""
    catalogue = _catalogue(language)
    return catalogue.pgettext(context, message) if context else catalogue.gettext(message)


def translated_count(single: str, many: str, count: int, context: str, language: str) -> str:
    """That of the two which ``count`` asks for, in as many forms as ``language`` has; in English where nobody has
    translated them."""
    if language == ENGLISH:
        return single if count == 1 else many
    catalogue = _catalogue(language)
    return catalogue.npgettext(context, single, many, count) if context else catalogue.ngettext(single, many, count)


@cache
def marks(language: str) -> dict[int, str]:
    """What stands for the comma between thousands and for the point before decimals, as ``str.translate`` takes it."""
    forms = _forms(language)
    return {ord(","): forms["group"], ord("."): forms["decimal"]} if forms else {}


def moment(at: "datetime", language: str, *, zone: bool = False) -> str:
    """A moment as the language writes it: ``2026-11-20 16:30`` in English, ``20.11.2026 16.30`` in Danish. ``zone``:
    with the short name of its time zone."""
    form = _forms(language).get("moment", "%Y-%m-%d %H:%M")
    return at.strftime(f"{form} %Z" if zone else form)


@cache
def _forms(language: str) -> dict[str, str]:
    """How a language writes numbers and moments, as Babel knew when it was compiled; nothing of English."""
    import json

    if language not in languages():
        return {}
    try:
        forms: dict[str, str] = json.loads((LOCALE / language / "LC_MESSAGES" / "forms.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return forms


@cache
def _catalogue(language: str) -> "NullTranslations":
    from gettext import NullTranslations, translation

    if language not in languages():
        return NullTranslations()
    return translation(DOMAIN, LOCALE, [language], fallback=True)
