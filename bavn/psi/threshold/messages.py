"""What holders say to each other while they make a key, as bytes: one spelling each, bounded, read strictly.

Four kinds are posts that every holder reads alike; a sub-share is for one holder's eyes alone, and who sends it seals
it. The sender that stands in a message is a claim: the transport knows who it was, and the ceremony compares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bavn.psi import group
from bavn.psi.threshold import shamir
from bavn.psi.threshold.proof import PROOF_BYTES, Proof

CEREMONY_BYTES: Final = 32
MESSAGE_BYTES_MAX: Final = 512
_MAGIC: Final = b"bavn-m3-1"
_HEAD: Final = len(_MAGIC) + 1 + CEREMONY_BYTES + 1
_ANSWER: Final = 1 + group.SCALAR_BYTES


class BadMessage(ValueError):
    """Bytes that are no message of a ceremony. Whoever sent them must act."""


@dataclass(frozen=True, slots=True)
class Deal:
    """A dealer's commitments to its polynomial, and the proof that it knows the constant behind the first."""

    ceremony: bytes
    sender: int
    commitments: tuple[bytes, ...]
    knowledge: Proof

    def to_bytes(self) -> bytes:
        return _head(b"D", self) + b"".join(self.commitments) + self.knowledge.to_bytes()


@dataclass(frozen=True, slots=True)
class SubShare:
    """The value of the sender's polynomial at ``receiver``: secret."""

    ceremony: bytes
    sender: int
    receiver: int
    scalar: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        return _head(b"S", self) + bytes([self.receiver]) + self.scalar


@dataclass(frozen=True, slots=True)
class Complaints:
    """Dealers whose sub-share did not come to the sender, or does not fit what they committed to."""

    ceremony: bytes
    sender: int
    accused: tuple[int, ...]

    def to_bytes(self) -> bytes:
        return _head(b"C", self) + bytes(self.accused)


@dataclass(frozen=True, slots=True)
class Answers:
    """The sub-shares of those who complained of the sender, for all to see, by their number."""

    ceremony: bytes
    sender: int
    revealed: Mapping[int, bytes]

    def to_bytes(self) -> bytes:
        return _head(b"A", self) + b"".join(bytes([to]) + self.revealed[to] for to in sorted(self.revealed))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The hash of all that the sender read, and of the key that follows from it."""

    ceremony: bytes
    sender: int
    transcript: bytes

    def to_bytes(self) -> bytes:
        return _head(b"F", self) + self.transcript


Message = Deal | SubShare | Complaints | Answers | Confirmation


def bytes_max(kind: bytes, k: int, n: int) -> int:
    """How long a message of that kind can be where k of n make a key."""
    point_bytes = group.POINT_BYTES
    body = {b"D": k * point_bytes + PROOF_BYTES, b"S": _ANSWER, b"C": n, b"A": (k - 1) * _ANSWER, b"F": CEREMONY_BYTES}
    return _HEAD + body[kind]


def is_of_kind(kind: bytes, raw: bytes) -> bool:
    """Whether it begins as such a message, whatever it says."""
    return raw.startswith(_MAGIC + kind)


def read(raw: bytes) -> Message:
    """The message that these bytes are. Raises BadMessage for what no ``to_bytes`` here would have written."""
    if not _HEAD <= len(raw) <= MESSAGE_BYTES_MAX or not raw.startswith(_MAGIC):
        raise BadMessage("not a message of a key ceremony")
    kind, body = raw[len(_MAGIC) : len(_MAGIC) + 1], raw[_HEAD:]
    ceremony, sender = raw[len(_MAGIC) + 1 : _HEAD - 1], raw[_HEAD - 1]
    if not shamir.are_holders([sender]):
        raise BadMessage("no such holder")
    match kind:
        case b"D":
            return Deal(ceremony, sender, *_dealt(body))
        case b"S":
            to, scalar = body[:1], body[1:]
            if not shamir.are_holders(to) or not group.is_scalar(scalar):
                raise BadMessage("not a sub-share")
            return SubShare(ceremony, sender, to[0], scalar)
        case b"C":
            return Complaints(ceremony, sender, _ascending(body))
        case b"A":
            split = [body[at : at + _ANSWER] for at in range(0, len(body), _ANSWER)]
            if not all(group.is_scalar(part[1:]) for part in split):
                raise BadMessage("an answer is a sub-share")
            revealed = _ascending([part[0] for part in split])
            return Answers(ceremony, sender, dict(zip(revealed, (part[1:] for part in split), strict=True)))
        case b"F" if len(body) == CEREMONY_BYTES:
            return Confirmation(ceremony, sender, body)
        case _:
            raise BadMessage("no such kind of message, or one of another length")


def _dealt(body: bytes) -> tuple[tuple[bytes, ...], Proof]:
    points, proof = body[:-PROOF_BYTES], body[-PROOF_BYTES:]
    split = tuple(points[at : at + group.POINT_BYTES] for at in range(0, len(points), group.POINT_BYTES))
    if not 1 <= len(split) <= shamir.HOLDERS_MAX or not group.are_points(split):
        raise BadMessage("commitments are elements of the group")
    try:
        return split, Proof.of_bytes(proof)
    except ValueError as error:
        raise BadMessage(str(error)) from error


def _ascending(numbers: Sequence[int]) -> tuple[int, ...]:
    """Holders' numbers in the one order in which they are written; none is fine."""
    if numbers and (not shamir.are_holders(numbers) or list(numbers) != sorted(numbers)):
        raise BadMessage("holders' numbers are ascending")
    return tuple(numbers)


def _head(kind: bytes, message: Message) -> bytes:
    return _MAGIC + kind + message.ceremony + bytes([message.sender])
