"""Signed notes (C2SP signed-note): a text with lines of signatures below it, and the keys that check them.

Two kinds of signature, both Ed25519: of a log (0x01, over the text) and of a witness (0x04, checkpoint.py). A line of a
key that nobody asked about is passed over; one of a known key that does not hold condemns the note.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.model.text import Text
from bavn.tlog.bad import BadLog

BY_LOG: Final = 1
BY_WITNESS: Final = 4
NOTE_BYTES_MAX: Final = 1_000_000
SIGNATURES_MAX: Final = 1100
"""Of a log and of a thousand actors, with room for keys that were changed."""
NAME_CHARACTERS_MAX: Final = 200
_DASH: Final = "— "
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Whose signature counts: name, kind of signature and 32 bytes of Ed25519. ValueError for a name that no line could
    hold."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in (BY_LOG, BY_WITNESS) or len(self.public) != 32:
            raise BadLog(Text("the key of {name} is none that this Bavn knows", name=self.name))

    @property
    def id(self) -> bytes:
        """The four bytes by which a line names its key."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:4]

    def text(self) -> str:
        """As people hand it on: name, id and key in one line."""
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([self.kind]) + self.public)}"

    def holds(self, signature: bytes, message: bytes) -> bool:
        """Whether the key made this signature of the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def key_of(text: str) -> VerifierKey:
    """What ``VerifierKey.text`` wrote. Raises BadLog."""
    name, _, rest = text.strip().partition("+")
    key_id, _, given = rest.partition("+")
    try:
        body = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadLog(Text("that is no key of a log")) from error
    if not body:
        raise BadLog(Text("that is no key of a log"))
    key = VerifierKey(name, body[0], body[1:])
    if key.id.hex() != key_id:
        raise BadLog(Text("the key of {name} does not fit its own id: it was copied wrongly", name=name))
    return key


def key_from(name: str, private: Ed25519PrivateKey, kind: int = BY_LOG) -> VerifierKey:
    """The public half of a key under a name."""
    return VerifierKey(name, kind, private.public_key().public_bytes_raw())


def check_name(name: str) -> None:
    """Raises BadLog for a name that no line of a note can hold."""
    if (
        not name
        or len(name) > NAME_CHARACTERS_MAX
        or "+" in name
        or " " in name  # no other space is printable
        or not name.isprintable()
    ):
        raise BadLog(
            Text("a log or a witness is called by 1 to {most} signs, without space and plus", most=NAME_CHARACTERS_MAX)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of signature: who, by which key, and what follows its id."""

    name: str
    key_id: bytes
    signature: bytes

    def text(self) -> str:
        """As it stands in a note."""
        return f"{_DASH}{self.name} {_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """``body`` ends with a newline, and so do ``lines`` in the note's text."""

    body: str
    lines: tuple[Line, ...]

    def text(self) -> str:
        """The whole note."""
        return f"{self.body}\n" + "".join(line.text() for line in self.lines)

    def by(self, key: VerifierKey) -> tuple[Line, ...]:
        """The lines that name this key."""
        return tuple(line for line in self.lines if (line.name, line.key_id) == (key.name, key.id))

    def with_lines(self, lines: Sequence[Line]) -> "Note":
        """The same with more signatures; one line a key, the later one."""
        last = {(line.name, line.key_id): line for line in (*self.lines, *lines)}
        return Note(self.body, tuple(last.values()))


def sign(body: str, name: str, key: Ed25519PrivateKey) -> Note:
    """A text with a log's signature."""
    return Note(body, (Line(name, key_from(name, key).id, key.sign(body.encode())),))


def is_signed(note: Note, key: VerifierKey) -> bool:
    """Whether the log of this key signed the note; False too where one of its lines does not hold."""
    mine = note.by(key)
    return key.kind == BY_LOG and bool(mine) and all(key.holds(line.signature, note.body.encode()) for line in mine)


def note_of(text: bytes) -> Note:
    """A note from its bytes. Raises BadLog."""
    try:
        whole = text.decode() if len(text) <= NOTE_BYTES_MAX else ""
    except UnicodeDecodeError as error:
        raise BadLog(Text("that is no signed note")) from error
    body, gap, lines = whole.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or _CONTROL.search(whole):
        raise BadLog(Text("that is no signed note"))
    each = lines[:-1].split("\n")
    if len(each) > SIGNATURES_MAX:
        raise BadLog(Text("that is no signed note"))
    return Note(body + "\n", tuple(_line(line) for line in each))


def _line(text: str) -> Line:
    dash, rest = text[: len(_DASH)], text[len(_DASH) :]
    name, _, given = rest.partition(" ")
    try:
        signature = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadLog(Text("that is no signed note")) from error
    if dash != _DASH or len(signature) <= 4:
        raise BadLog(Text("that is no signed note"))
    check_name(name)
    return Line(name, signature[:4], signature[4:])


def _base64(text: bytes) -> str:
    return base64.b64encode(text).decode()
