"""What a node and the key holder say to each other (mode M2): one request a round, of a size that the round fixes.

The key holder sees blinded elements and cannot tell real ones from padding; the centre sees none of this. Pure: the
call is links/keyholder.py's.
"""

from typing import Annotated, Final, Self

from pydantic import Field

from bavn.model.forms import FORMS_PATTERN
from bavn.psi.keys import KEY_BYTES
from bavn.psi.oprf import POINT_BYTES
from bavn.psi.round import M_MAX, R_MAX, RoundParams
from bavn.wire.codec import Kinds
from bavn.wire.messages.fields import Hex16, Tier
from bavn.wire.privacy import Message, Privacy

POINTS_MAX: Final = 100_000
JOIN_BYTES_MAX: Final = 2 * POINT_BYTES * POINTS_MAX + 1024
LATER_MIN: Final = 64
LATER_SHARE: Final = 10
"""After an epoch's first round at most a tenth of the set is asked about anew; the rest waits for the next round."""

Points = Annotated[str, Field(pattern=r"^([0-9a-f]{64})+$", max_length=2 * POINT_BYTES * POINTS_MAX)]


class JoinAsked(Message):
    """A node asks for a round's key, and for the ids of as many blinded elements as the round's size fixes."""

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

    @classmethod
    def of(cls, params: RoundParams, points: list[bytes]) -> Self:
        return cls(
            version=params.version,
            epoch=params.epoch,
            round_id=params.round_id.hex(),
            registry_version=params.registry_version,
            tier=params.tier,
            t=params.t,
            m=params.m,
            r=params.r,
            forms=params.forms,
            points=b"".join(points).hex(),
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


class JoinAnswered(Message):
    """The evaluated elements in the order they came, and the round's key."""

    round_id: Annotated[Hex16, Privacy.C]
    points: Annotated[Points, Privacy.C]
    key: Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * KEY_BYTES}}}$", repr=False), Privacy.C]


KEYHOLDER_KINDS: Final[Kinds] = {made.__name__: made for made in (JoinAsked, JoinAnswered)}


def split(points: str) -> list[bytes]:
    """The elements of a hex text, 32 bytes each."""
    raw = bytes.fromhex(points)
    return [raw[at : at + POINT_BYTES] for at in range(0, len(raw), POINT_BYTES)]


def batch_points(m: int, *, first: bool) -> int:
    """How many elements a node asks about in one round, whatever is new to it: all of a set in an epoch's first round,
    a tenth (at least 64) later, and one by which it checks the key holder (keys.CANARY)."""
    return min(m if first else max(LATER_MIN, m // LATER_SHARE), m, POINTS_MAX - 1) + 1
