"""What is ordinary and has no observable: things that several actors may know, and that nobody ever names to another.

They take part in the commons round alone (commons.py), never in a report, a lead or an indicator: those speak of
observables. Refuses to know who met them.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from bavn.model.observable import NotCanonical

VALUE_BYTES_MAX = 512


class OrdinaryType(StrEnum):
    """Spelling is for people; tags of elements live in element.py."""

    ALERT = "alert"
    """What raised an alert at somebody's sensor, as its maker numbers or names it."""


@dataclass(frozen=True, slots=True, order=True)
class Ordinary:
    """A type and its canonical value. Build with :meth:`of`."""

    type: OrdinaryType
    value: str

    @classmethod
    def of(cls, kind: OrdinaryType, raw: str) -> Self:
        """One spelling for what two actors write alike: Unicode in one form, white space single. Raises NotCanonical
        for nothing and for more than VALUE_BYTES_MAX bytes."""
        text = " ".join(unicodedata.normalize("NFC", raw).split())
        if not 0 < len(text.encode("utf-8", "surrogatepass")) <= VALUE_BYTES_MAX or not text.isprintable():
            raise NotCanonical(f"no {kind}: {text[:80]!r}")
        return cls(kind, text)

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"
