"""Data-sharing terms as a policy that machines read: purpose, legal basis, what may be shared, how long it is kept.

The centre signs each version; an actor's agreement names the version, who signed for it, and the hash of the paper that
was signed. Refuses to be read loosely: an unknown or missing field is one error.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from bavn.centre.members.signed import Record

SECTOR: Final = "sector"
"""The subject of the terms' records: they are the same for all."""
CLASSES: Final = ("S0", "S1", "S2", "S3", "S4", "S5")
TEXT_CHARS_MAX: Final = 2000
DAYS_MAX: Final = 3660
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class BadTerms(ValueError):
    """Those are no terms, or no agreement on them. Whoever wrote them must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """``classes``: what an actor's node may let out (docs/messages.md); ``retention_days``: how long the centre keeps
    it; ``valid_days``: how long an agreement lasts. Texts in Danish and English."""

    purpose_en: str
    purpose_da: str
    legal_basis: str
    classes: tuple[str, ...]
    retention_days: int
    valid_days: int

    def __post_init__(self) -> None:
        for name in ("purpose_en", "purpose_da", "legal_basis"):
            checked_text(name, getattr(self, name), TEXT_CHARS_MAX)
        if tuple(sorted(set(self.classes))) != self.classes or not set(self.classes) <= set(CLASSES):
            raise BadTerms(f"classes are some of {', '.join(CLASSES)}, each once and in order")
        for name in ("retention_days", "valid_days"):
            if type(getattr(self, name)) is not int or not 1 <= getattr(self, name) <= DAYS_MAX:
                raise BadTerms(f"{name} lies in 1..{DAYS_MAX}")

    def fields(self) -> dict[str, Any]:
        return asdict(self) | {"classes": list(self.classes)}


FIELDS: Final = tuple(Terms.__dataclass_fields__)


def terms_of(body: Mapping[str, Any]) -> Terms:
    """Terms from a table of plain values, as TOML or JSON has them. Raises BadTerms."""
    unknown, missing = sorted(set(body) - set(FIELDS)), sorted(set(FIELDS) - set(body))
    if unknown or missing:
        raise BadTerms(f"unknown: {unknown[0][:40]}" if unknown else f"missing: {missing[0]}")
    classes = body["classes"]
    if not isinstance(classes, list) or not all(isinstance(one, str) for one in classes):
        raise BadTerms("classes is a list of texts")
    return Terms(**{**body, "classes": tuple(classes)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """An actor's signature under the terms: who signed for it, as what, on which day, and the hash (SHA-256 in hex) of
    the document that was signed."""

    signed_by: str
    as_what: str
    day: str
    document: str

    def __post_init__(self) -> None:
        checked_text("signed_by", self.signed_by, 100)
        checked_text("as_what", self.as_what, 100)
        if not _SHA256.fullmatch(self.document):
            raise BadTerms("document is a SHA-256 in hex")
        try:
            dt.date.fromisoformat(self.day)
        except (TypeError, ValueError):
            raise BadTerms(f"{self.day!r} is no day: write 2026-11-26") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementStatus:
    """An actor's agreement: the version it signed, the version now, and its last day (since 1970)."""

    version: int
    current: int
    until_day: int

    def in_force(self, today: int) -> bool:
        """Whether it covers what is done today. An earlier version holds until its end: terms that changed are signed
        anew by then."""
        return today <= self.until_day


def agreement_status(agreement: Record | None, terms: Record | None) -> AgreementStatus | None:
    """None where nothing was signed. Raises nothing: records were checked when they were made."""
    if agreement is None or terms is None:
        return None
    said = agreement.fields
    return AgreementStatus(version=int(said["terms"]), current=terms.number, until_day=int(said["until_day"]))


def checked_text(name: str, text: object, chars_max: int) -> None:
    """BadTerms for what is no printable text of that length (line ends are allowed)."""
    plain = isinstance(text, str) and text.strip() and text.replace("\n", "").isprintable()
    if not plain or len(str(text)) > chars_max:
        raise BadTerms(f"{name} has 1 to {chars_max} printable characters")
