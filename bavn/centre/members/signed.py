"""Records that the centre signed and that stand by themselves: terms, agreements, tests, proofs of deletion.

A record is canonical JSON (sorted keys, UTF-8, no spaces) under an Ed25519 signature over its kind and text, so that
anybody with the centre's public key can check a copy years later. Refuses to be changed: a new one gets a new number.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, Row, func, insert, select

from bavn.centre.members.tables import SIGNED
from bavn.model.malformed import MALFORMED

SignedKind = Literal["terms", "agreement", "test", "deletion"]
KINDS: Final[tuple[SignedKind, ...]] = ("terms", "agreement", "test", "deletion")
BODY_CHARS_MAX: Final = 400_000
NUMBERS_MAX: Final = 1000
_DOMAIN: Final = b"bavn/record/1\x00"


class BadRecord(ValueError):
    """That is no record as the centre writes them. Whoever handed it over must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """``key`` (32 bytes) and ``signature`` (64 bytes) in hex; ``number`` counts up from 1 for a subject."""

    kind: SignedKind
    subject: str
    number: int
    at_us: int
    body: str
    key: str
    signature: str

    @property
    def fields(self) -> dict[str, Any]:
        """The body's fields."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of the body, in hex."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    def holds(self, key: str | None = None) -> bool:
        """Whether the signature is right; with ``key``, whether it is that key's."""
        if key is not None and key != self.key:
            return False
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            public.verify(bytes.fromhex(self.signature), _signed_bytes(self.kind, self.body))
        except (InvalidSignature, ValueError):
            return False
        return True

    def text(self) -> str:
        """The record as a file: JSON with its signature beside it."""
        return _canonical(
            {
                "bavn": "record/1",
                "kind": self.kind,
                "subject": self.subject,
                "number": self.number,
                "body": self.body,
                "key": self.key,
                "signature": self.signature,
            }
        )


def record_of(text: str) -> Record:
    """What :meth:`Record.text` wrote; the moment is the body's. Raises BadRecord; refuses to check the signature."""
    try:
        content = json.loads(text)
        body = json.loads(content["body"])
        same = {"kind": content["kind"], "subject": content["subject"], "number": content["number"]}
        if any(body[name] != value for name, value in same.items()) or content["kind"] not in KINDS:
            raise BadRecord("the record's kind, subject or number is not that of what was signed")
        if not all(isinstance(content[name], str) for name in ("subject", "body", "key", "signature")):
            raise BadRecord("a field of the record is no text")
        if type(content["number"]) is not int or type(body["at_us"]) is not int:
            raise BadRecord("a number of the record is none")
        return Record(
            **same, at_us=body["at_us"], body=content["body"], key=content["key"], signature=content["signature"]
        )
    except MALFORMED as error:
        if isinstance(error, BadRecord):
            raise
        raise BadRecord("this is no record of a centre") from error


def sign(
    tx: Connection, key: Ed25519PrivateKey, kind: SignedKind, subject: str, at_us: int, content: Mapping[str, Any]
) -> Record:
    """Keeps a new record in the open transaction. BadRecord beyond the bounds."""
    here = (SIGNED.c.kind == kind) & (SIGNED.c.subject == subject)
    number = int(tx.scalar(select(func.coalesce(func.max(SIGNED.c.number), 0)).where(here)) or 0) + 1
    body = _canonical({**content, "kind": kind, "subject": subject, "number": number, "at_us": at_us})
    if number > NUMBERS_MAX or len(body) > BODY_CHARS_MAX:
        raise BadRecord(f"at most {NUMBERS_MAX} records of a kind for a subject, of {BODY_CHARS_MAX} characters each")
    record = Record(
        kind=kind,
        subject=subject,
        number=number,
        at_us=at_us,
        body=body,
        key=key.public_key().public_bytes_raw().hex(),
        signature=key.sign(_signed_bytes(kind, body)).hex(),
    )
    tx.execute(
        insert(SIGNED).values(
            kind=kind,
            subject=subject,
            number=number,
            at_us=at_us,
            body=body,
            key=record.key,
            signature=record.signature,
        )
    )
    return record


def records(tx: Connection, kind: SignedKind, subject: str | None = None) -> list[Record]:
    """All of a kind, or a subject's, by subject and number."""
    query = select(SIGNED).where(SIGNED.c.kind == kind).order_by(SIGNED.c.subject, SIGNED.c.number)
    if subject is not None:
        query = query.where(SIGNED.c.subject == subject)
    return [_record(row) for row in tx.execute(query)]


def holding(tx: Connection, kind: SignedKind, text: str) -> list[Record]:
    """Those of a kind whose body has this text in it."""
    asked = select(SIGNED).where((SIGNED.c.kind == kind) & SIGNED.c.body.contains(text, autoescape=True))
    return [_record(row) for row in tx.execute(asked.order_by(SIGNED.c.subject, SIGNED.c.number))]


def last(tx: Connection, kind: SignedKind, subject: str) -> Record | None:
    """The latest of a subject."""
    here = (SIGNED.c.kind == kind) & (SIGNED.c.subject == subject)
    row = tx.execute(select(SIGNED).where(here).order_by(SIGNED.c.number.desc()).limit(1)).first()
    return None if row is None else _record(row)


def _record(row: Row[Any]) -> Record:
    return Record(
        kind=row.kind,
        subject=row.subject,
        number=row.number,
        at_us=row.at_us,
        body=row.body,
        key=row.key,
        signature=row.signature,
    )


def _canonical(said: Mapping[str, Any]) -> str:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _signed_bytes(kind: str, body: str) -> bytes:
    return _DOMAIN + kind.encode() + b"\x00" + body.encode()
