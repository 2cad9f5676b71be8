"""What an entry of the centre's log says: one line of canonical JSON (RFC 8785), and never more than a member may know.

Each kind names the few fields that every member is told anyway. All else that it tells of is sealed: the entry holds
HMAC-SHA-256 of the content's hash under a salt of its own, which says nothing to whoever has not the salt, however few
things the content could be. Refuses fields that its kind does not name.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from bavn.model.malformed import MALFORMED
from bavn.model.text import Text
from bavn.tlog.bad import BadLog

SALT_BYTES: Final = 32
FORM: Final = 1
_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_HEX32: Final = re.compile(r"[0-9a-f]{32}")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,39}")
_NUMBER_MAX: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Kind:
    """``fields``: those that it must have, each with its form; ``sealed``: whether it tells of more, under a salt.
    ``says`` is what it tells of; ``leaks`` is what a reader of the log learns from it, and that it is not more."""

    says: Text
    leaks: Text
    fields: Mapping[str, str]
    sealed: bool = True


KINDS: Final[Mapping[str, Kind]] = {
    "round": Kind(
        Text("a round was opened: its description, the members' list and its version"),
        Text("what every member is sent: the log holds a hash of the description and one of the list"),
        {"round": "id", "tier": "word", "registry": "number", "description": "hash", "members": "hash"},
        sealed=False,
    ),
    "uploads": Kind(
        Text("the uploads of a round were fixed: one root over the hash of each"),
        Text("how many uploads a round had; not whose they were, and not what was in them: they are random"),
        {"round": "id", "uploads": "hash", "count": "number"},
        sealed=False,
    ),
    "hits": Kind(
        Text("what the reconstruction of a round found"),
        Text("that a round was reconstructed, and when; not what came out, nor how much"),
        {"round": "id"},
    ),
    "leads": Kind(
        Text("the list of leads of an hour"),
        Text("that the list was made, and in which hour; not what stands in it, nor whether anything does"),
        {"hour": "number"},
    ),
    "act": Kind(
        Text("an act of a person or of the centre on a case, a member or a setting"),
        Text("that somebody did something, and when; not who, what or about whom"),
        {},
    ),
    "policy": Kind(
        Text("a standing policy was proposed, approved or ended"),
        Text("that a policy changed, and when; not which, and not by whom"),
        {},
    ),
    "switch": Kind(
        Text("the sector's kill switch was turned"),
        Text("which way and which turn it was, as every member is told; not by whom, and not why"),
        {"turn": "number", "to": "word"},
    ),
    "release": Kind(
        Text("an indicator was released, or a new version of it"),
        Text("that one was released, and when; not which, and not of which case"),
        {},
    ),
    "withdrawal": Kind(
        Text("an indicator was withdrawn"),
        Text("that one was withdrawn, and when; not which"),
        {},
    ),
    "partner": Kind(
        Text("something was given to a partner outside the sector"),
        Text("that something was given, and when; not what, and not to whom"),
        {},
    ),
    "registry": Kind(
        Text("the list of members has a new version"),
        Text("the version's number, as every round tells it; not who came or went"),
        {"registry": "number"},
        sealed=False,
    ),
    "members": Kind(
        Text("the list of members that rounds are opened for under a new version"),
        Text("that there is such a list, and its version; not who stands in it, nor how many"),
        {"registry": "number"},
    ),
    "clock": Kind(
        Text("the centre's clock leapt and is not believed, is right again, or what is believed was moved"),
        Text("that the clock of the centre's machine was wrong, and from when to when"),
        {"state": "word", "from": "number", "to": "number"},
        sealed=False,
    ),
    "software": Kind(
        Text("the centre runs this version of Bavn from here on"),
        Text("the version's name, which is public"),
        {"version": "word"},
        sealed=False,
    ),
}

PROVEN: Final = frozenset({"release", "switch", "members"})
"""Kinds by which a node does more than before: it may want to see them proven first."""

_FORMS: Final = {
    "id": lambda value: isinstance(value, str) and bool(_HEX32.fullmatch(value)),
    "hash": lambda value: isinstance(value, str) and bool(_HEX64.fullmatch(value)),
    "word": lambda value: isinstance(value, str) and bool(_WORD.fullmatch(value)),
    "number": lambda value: type(value) is int and 0 <= value <= _NUMBER_MAX,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """``at_s``: seconds since 1970, as the centre says; ``fields``: those of the kind; ``seal``: of what is sealed, in
    hex, empty where nothing is. BadLog for what its kind does not have."""

    kind: str
    at_s: int
    fields: Mapping[str, Any]
    seal: str = ""

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise BadLog(Text("an entry of the log is of a kind that this Bavn does not know"))
        fits = set(self.fields) == set(kind.fields) and all(
            _FORMS[form](self.fields[name]) for name, form in kind.fields.items()
        )
        right = bool(_HEX64.fullmatch(self.seal)) if kind.sealed else not self.seal
        if not fits or not right or not _FORMS["number"](self.at_s):
            raise BadLog(Text("an entry of the log ({kind}) does not hold what its kind holds", kind=self.kind))

    def bytes(self) -> bytes:
        """As it stands in the log."""
        public: dict[str, Any] = {"v": FORM, "kind": self.kind, "at": self.at_s, **self.fields}
        return rfc8785.dumps(public | ({"seal": self.seal} if self.seal else {}))


def entry_of(text: bytes) -> Entry:
    """An entry from its bytes. Raises BadLog, also where they are not the one way to write it."""
    try:
        body = json.loads(text)
        version, kind, at_s = body.pop("v"), body.pop("kind"), body.pop("at")
        entry = Entry(kind=kind, at_s=at_s, seal=body.pop("seal", ""), fields=body)
        if version != FORM or entry.bytes() != text:
            raise BadLog(Text("an entry of the log is not written as entries are"))
    except MALFORMED as error:
        if isinstance(error, BadLog):
            raise
        raise BadLog(Text("an entry of the log is not written as entries are")) from error
    return entry


def content_hash(content: object) -> str:
    """The hash of what an entry tells of: bytes as they are, all else as canonical JSON."""
    text = content if isinstance(content, bytes) else rfc8785.dumps(content)  # type: ignore[arg-type]
    return hashlib.sha256(text).hexdigest()


def named(kind: str, fields: Mapping[str, Any], content: str) -> str:
    """One name (hex) for what a sealed entry tells of, whichever entry it is: of kind, fields and content's hash."""
    return content_hash({"kind": kind, "fields": dict(fields), "content": content})


def sealed(content: str, salt: bytes) -> str:
    """The seal of a content's hash (hex) under a salt."""
    return hmac.new(salt, bytes.fromhex(content), hashlib.sha256).hexdigest()


def opens(entry: Entry, content: object, salt: bytes) -> bool:
    """Whether this content and salt are what the entry was sealed with."""
    return hmac.compare_digest(entry.seal, sealed(content_hash(content), salt))
