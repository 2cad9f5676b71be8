"""What a node and a key holder say to each other: one request a round, of a size that the round fixes.

A key holder sees blinded elements and cannot tell real ones from padding; the centre sees none of this. Any k of n
holders give a part each. Pure: the calls are links/holders.py's.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Annotated, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from bavn.model.forms import FORMS_PATTERN
from bavn.psi.oprf import POINT_BYTES
from bavn.psi.round import M_MAX, R_MAX, RoundParams
from bavn.psi.threshold.evaluate import Part
from bavn.psi.threshold.proof import PROOF_BYTES, Proof
from bavn.psi.threshold.shamir import HOLDERS_MAX
from bavn.psi.threshold.shares import PublicKey
from bavn.wire.codec import Kinds
from bavn.wire.messages.fields import Hex16, Tier
from bavn.wire.privacy import Message, Privacy

POINTS_MAX: Final = 100_000
JOIN_BYTES_MAX: Final = 2 * POINT_BYTES * POINTS_MAX + 1024
LATER_MIN: Final = 64
LATER_SHARE: Final = 10
"""After an epoch's first round at most a tenth of the set is asked about anew; the rest waits for the next round."""

ROUNDS: Final = 5
"""Of a key ceremony: what each has, deals, complaints, answers, confirmations."""
POSTS_MAX: Final = (ROUNDS + 1) * HOLDERS_MAX
"""One of each holder in each round, and some of other slots that it was at."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Signature = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
Proofs = Annotated[str, Field(pattern=r"^([0-9a-f]{128}){1,2}$")]
PublicHex = Annotated[str, Field(pattern=r"^([0-9a-f]{2}){1,512}$")]
Points = Annotated[str, Field(pattern=r"^([0-9a-f]{64})+$", max_length=2 * POINT_BYTES * POINTS_MAX)]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a node asks of k holders together: a round's key, and the ids of as many blinded elements as the round's
    size fixes."""

    params: RoundParams
    points: tuple[bytes, ...]

    @property
    def round_id(self) -> str:
        return self.params.round_id.hex()

    @property
    def tier(self) -> str:
        return self.params.tier

    @property
    def count(self) -> int:
        return len(self.points)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What k holders' parts add up to: the elements evaluated in the order they were given, and the round's key."""

    points: tuple[bytes, ...]
    key: bytes = field(repr=False)


class PartAsked(Message):
    """A node asks one of k holders for its part of a round's key, and of the ids of the batch. ``panel``: the numbers
    of all k that are asked together, ascending; ``ids`` and ``rounds``: the keys that the node knows, by digest."""

    version: Annotated[int, Field(ge=0, lt=2**31), Privacy.S0]
    epoch: Annotated[int, Field(ge=0, lt=2**31), Privacy.S0]
    round_id: Annotated[Hex16, Privacy.S0]
    registry_version: Annotated[int, Field(ge=1, lt=2**53), Privacy.S0]
    tier: Annotated[Tier, Privacy.S0]
    t: Annotated[int, Field(ge=2, le=8), Privacy.S0]
    m: Annotated[int, Field(ge=1, le=M_MAX), Privacy.S0]
    r: Annotated[int, Field(ge=2, le=R_MAX), Privacy.S0]
    forms: Annotated[str, Field(pattern=rf"^({FORMS_PATTERN})?$"), Privacy.S0]
    points: Annotated[Points, Privacy.S0]
    panel: Annotated[str, Field(pattern=r"^[1-9]{1,9}$"), Privacy.S0]
    ids: Annotated[Digest, Privacy.S0]
    rounds: Annotated[Digest, Privacy.S0]

    @classmethod
    def to(cls, batch: Batch, panel: Sequence[int], ids: PublicKey, rounds: PublicKey) -> Self:
        params = batch.params
        return cls(
            version=params.version,
            epoch=params.epoch,
            round_id=batch.round_id,
            registry_version=params.registry_version,
            tier=params.tier,
            t=params.t,
            m=params.m,
            r=params.r,
            forms=params.forms,
            points=b"".join(batch.points).hex(),
            panel="".join(map(str, panel)),
            ids=key_digest(ids),
            rounds=key_digest(rounds),
        )

    def params(self) -> RoundParams:
        """ValueError outside the protocol's limits."""
        return RoundParams(
            version=self.version,
            epoch=self.epoch,
            round_id=bytes.fromhex(self.round_id),
            registry_version=self.registry_version,
            tier=self.tier,
            t=self.t,
            m=self.m,
            r=self.r,
            forms=self.forms,
        )

    def split(self) -> list[bytes]:
        return split(self.points)

    @property
    def count(self) -> int:
        return len(self.points) // (2 * POINT_BYTES)

    @property
    def holders(self) -> tuple[int, ...]:
        return tuple(map(int, self.panel))


class PartAnswered(Message):
    """A holder's part: the elements weighed and multiplied in the order they came, and the round's description
    likewise, each with its proofs (RFC 9497, 2.2)."""

    round_id: Annotated[Hex16, Privacy.C]
    number: Annotated[int, Field(ge=1, le=HOLDERS_MAX), Privacy.C]
    points: Annotated[Points, Privacy.C]
    proofs: Annotated[Proofs, Privacy.C]
    round_point: Annotated[Digest, Privacy.C]
    round_proof: Annotated[Proofs, Privacy.C]

    @classmethod
    def of(cls, round_id: str, ids: Part, round_: Part) -> Self:
        return cls(
            round_id=round_id,
            number=ids.number,
            points=b"".join(ids.points).hex(),
            proofs=_joined(ids),
            round_point=b"".join(round_.points).hex(),
            round_proof=_joined(round_),
        )

    def parts(self, panel: tuple[int, ...]) -> tuple[Part, Part]:
        """As they are judged. ValueError for proofs that are none."""
        return (
            Part(self.number, panel, tuple(split(self.points)), _proofs(self.proofs)),
            Part(self.number, panel, tuple(split(self.round_point)), _proofs(self.round_proof)),
        )


class KeysAsked(Message):
    """A node asks a holder for the public keys of a day and tier: what parts are judged by."""

    epoch: Annotated[int, Field(ge=0, lt=2**31), Privacy.S0]
    tier: Annotated[Tier, Privacy.S0]


class KeysAnswered(Message):
    """Both keys with all holders' public shares, signed by the holder's message key, so that two faces can be shown."""

    ids: Annotated[PublicHex, Privacy.C]
    rounds: Annotated[PublicHex, Privacy.C]
    signature: Annotated[Signature, Privacy.C]

    @classmethod
    def of(cls, ids: PublicKey, rounds: PublicKey, key: Ed25519PrivateKey) -> Self:
        unsigned = cls(ids=ids.to_bytes().hex(), rounds=rounds.to_bytes().hex(), signature="00" * 64)
        return unsigned.model_copy(update={"signature": key.sign(unsigned.statement()).hex()})

    def statement(self) -> bytes:
        """What is signed."""
        return b"bavn/m3-keys/1\x00" + bytes.fromhex(self.ids) + bytes.fromhex(self.rounds)


class HolderPost(Message):
    """What one holder posted in a round of a key ceremony, signed: whoever passes it on cannot change it."""

    number: Annotated[int, Field(ge=1, le=HOLDERS_MAX), Privacy.S0]
    round: Annotated[int, Field(ge=0, lt=ROUNDS), Privacy.S0]
    post: Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$"), Privacy.S0]
    signature: Annotated[Signature, Privacy.S0]

    @staticmethod
    def statement(slot: int, number: int, round_: int, post: bytes) -> bytes:
        """What is signed: when, who, which round, and the SHA-256 of what."""
        return HolderPost.statement_of(slot, number, round_, sha256(post).digest())

    @staticmethod
    def statement_of(slot: int, number: int, round_: int, digest: bytes) -> bytes:
        """The same of a post by its SHA-256."""
        return b"bavn/m3-post/2\x00" + struct.pack(">QBB", slot, number, round_) + digest


class TwoFaces(Message):
    """Proof that a holder posted two things in one round of a slot: SHA-256 and signature of each."""

    slot: Annotated[int, Field(ge=0, lt=2**53), Privacy.S0]
    number: Annotated[int, Field(ge=1, le=HOLDERS_MAX), Privacy.S0]
    round: Annotated[int, Field(ge=0, lt=ROUNDS), Privacy.S0]
    first: Annotated[Digest, Privacy.S0]
    first_signature: Annotated[Signature, Privacy.S0]
    second: Annotated[Digest, Privacy.S0]
    second_signature: Annotated[Signature, Privacy.S0]

    @classmethod
    def of(cls, slot: int, first: HolderPost, second: HolderPost) -> Self:
        """Of two posts of the same holder and round."""
        return cls(
            slot=slot,
            number=first.number,
            round=first.round,
            first=sha256(bytes.fromhex(first.post)).hexdigest(),
            first_signature=first.signature,
            second=sha256(bytes.fromhex(second.post)).hexdigest(),
            second_signature=second.signature,
        )

    def signed(self) -> Iterator[tuple[bytes, bytes]]:
        """Each signature, and what it signs. Nothing where both are of the same post."""
        if self.first != self.second:
            for digest, signature in ((self.first, self.first_signature), (self.second, self.second_signature)):
                statement = HolderPost.statement_of(self.slot, self.number, self.round, bytes.fromhex(digest))
                yield bytes.fromhex(signature), statement


class PostsAsked(Message):
    """A holder asks another for what it has of the ceremonies of ``slot`` (seconds since 1970), but for the first
    ``since`` posts, which it gave before. ``other``: another slot that it was at, whose first post it gave; 0: none."""

    slot: Annotated[int, Field(ge=0, lt=2**53), Privacy.S0]
    since: Annotated[int, Field(ge=0, le=POSTS_MAX), Privacy.S0] = 0
    other: Annotated[int, Field(ge=0, lt=2**53), Privacy.S0] = 0


class PostsAnswered(Message):
    """What is new, its own posts and others' in the order it has them, and beside its deals what they have for the
    asking holder's eyes alone. ``slot``: where the answering holder is; 0 where it doubts its clock. ``faces``: proofs
    of the last day, whole each time. Asked about another slot, it gives only its first post of that one. How long a
    post can be follows from the terms of the holders (keyholder/posts.py), and the link bounds the whole."""

    slot: Annotated[int, Field(ge=0, lt=2**53), Privacy.S0] = 0
    posts: Annotated[tuple[HolderPost, ...], Field(max_length=POSTS_MAX), Privacy.S0]
    private: Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$", repr=False), Privacy.C]
    faces: Annotated[tuple[TwoFaces, ...], Field(max_length=HOLDERS_MAX), Privacy.S0] = ()


KEYHOLDER_KINDS: Final[Kinds] = {
    made.__name__: made for made in (PartAsked, PartAnswered, KeysAsked, KeysAnswered, PostsAsked, PostsAnswered)
}


def key_digest(public: PublicKey) -> str:
    """64 hex digits that name a key in a request."""
    return blake2b(public.to_bytes(), digest_size=32, person=b"bavn-m3-digest").hexdigest()


def _joined(part: Part) -> str:
    return b"".join(one.to_bytes() for one in part.proofs).hex()


def _proofs(joined: str) -> tuple[Proof, ...]:
    raw = bytes.fromhex(joined)
    return tuple(Proof.of_bytes(raw[at : at + PROOF_BYTES]) for at in range(0, len(raw), PROOF_BYTES))


def split(points: str) -> list[bytes]:
    """The elements of a hex text, 32 bytes each."""
    raw = bytes.fromhex(points)
    return [raw[at : at + POINT_BYTES] for at in range(0, len(raw), POINT_BYTES)]


def batch_points(m: int, *, first: bool) -> int:
    """How many elements a node asks about in one round, whatever is new to it: all of a set in an epoch's first round,
    a tenth (at least 64) later, and one by which it checks the key holder (keys.CANARY)."""
    return min(m if first else max(LATER_MIN, m // LATER_SHARE), m, POINTS_MAX - 1) + 1
