"""Every message, built up from nothing; each field with its privacy class and bound.

Up: node to centre. Down: centre to node. Nothing here names a host, a user, a path, a full query or an exact time.
"""

from typing import Annotated, Final

from pydantic import Field

from bavn.wire.privacy import Message, Privacy

Hex16 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Tag = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ActorName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Tier = Annotated[str, Field(pattern=r"^[A-Z][a-z0-9-]{0,15}$")]
Technique = Annotated[str, Field(pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]
Detector = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
Hour = Annotated[int, Field(ge=0, le=2_000_000)]
X = Annotated[int, Field(ge=1, lt=2**31 - 1)]
IndicatorId = Annotated[
    str, Field(pattern=r"^indicator--[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
TableIndex = Annotated[int, Field(ge=0, lt=40)]
BinIndex = Annotated[int, Field(ge=0, lt=2**31)]
M_MAX: Final = 150_000
CELLS_MAX: Final = M_MAX
PLANES_BYTES_MAX: Final = 72_000_000
"""A round of t=3, M=150,000, R=20: the largest that travels in one piece."""


# --- up -------------------------------------------------------------------------------------------------------


class ShareUpload(Message):
    """One actor's planes of one round: exactly RoundParams.upload_bytes, random to anyone below the threshold."""

    round_id: Annotated[Hex16, Privacy.S0]
    registry_version: Annotated[int, Field(ge=1, lt=2**53), Privacy.S0]
    planes: Annotated[bytes, Field(min_length=8, max_length=PLANES_BYTES_MAX), Privacy.S0]


class CellTag(Message):
    """A receipt: the tag of one cell, real or dummy alike."""

    table: Annotated[TableIndex, Privacy.S0]
    bin: Annotated[BinIndex, Privacy.S0]
    tag: Annotated[Tag, Privacy.S0]


class Receipts(Message):
    """Tags for every cell the centre asked about, in its order."""

    round_id: Annotated[Hex16, Privacy.S0]
    tags: Annotated[tuple[CellTag, ...], Field(max_length=CELLS_MAX), Privacy.S0]


class Declined(Message):
    """No report for this cell. Never says why: a reason would be an equality test below the threshold (PSI.md)."""

    round_id: Annotated[Hex16, Privacy.S0]
    table: Annotated[TableIndex, Privacy.S0]
    bin: Annotated[BinIndex, Privacy.S0]


class Report(Message):
    """What the door let out about one revealed element (S1)."""

    round_id: Annotated[Hex16, Privacy.S1]
    table: Annotated[TableIndex, Privacy.S1]
    bin: Annotated[BinIndex, Privacy.S1]
    type: Annotated[str, Field(pattern=r"^(ip4|ip6|domain|ja3|ja4|cert|sha256)$"), Privacy.S1]
    value: Annotated[str, Field(min_length=1, max_length=253), Privacy.S1]
    detector: Annotated[Detector, Privacy.S1]
    technique: Annotated[Technique, Privacy.S1]
    p_bucket: Annotated[int, Field(ge=0, le=15), Privacy.S1]
    hosts_bucket: Annotated[int, Field(ge=0, le=3), Privacy.S1]
    first_hour: Annotated[Hour, Privacy.S1]
    last_hour: Annotated[Hour, Privacy.S1]
    period_bucket: Annotated[int | None, Field(ge=0, le=7), Privacy.S1] = None
    regularity_bucket: Annotated[int | None, Field(ge=0, le=5), Privacy.S1] = None
    walk_bucket: Annotated[int | None, Field(ge=-8, le=8), Privacy.S1] = None


class Observation(Message):
    """A sighting of a shared indicator: met or not, how often roughly, first and last hour (S2)."""

    indicator_id: Annotated[IndicatorId, Privacy.S2]
    kind: Annotated[str, Field(pattern=r"^(seen|blocked|retro)$"), Privacy.S2]
    count_bucket: Annotated[int, Field(ge=0, le=5), Privacy.S2]
    first_hour: Annotated[Hour | None, Privacy.S2] = None
    last_hour: Annotated[Hour | None, Privacy.S2] = None


class Receipt(Message):
    """What became of a released indicator at this actor (S2). ``rule`` names the local rule that refused it."""

    indicator_id: Annotated[IndicatorId, Privacy.S2]
    version: Annotated[int, Field(ge=1, lt=2**53), Privacy.S2]
    state: Annotated[str, Field(pattern=r"^(enforced|partly|refused|lifted|waiting)$"), Privacy.S2]
    enforcers: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$")], ...], Field(max_length=16), Privacy.S2
    ]
    rule: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$"), Privacy.S2] = None


class Health(Message):
    """How the node is (S4)."""

    version: Annotated[str, Field(pattern=r"^[0-9a-z.+-]{1,32}$"), Privacy.S4]
    sensor: Annotated[str, Field(pattern=r"^(up|down|none)$"), Privacy.S4]
    capture_loss_permille: Annotated[int, Field(ge=0, le=1000), Privacy.S4]
    clock_skew_s: Annotated[int, Field(ge=-86400, le=86400), Privacy.S4]
    queue_messages: Annotated[int, Field(ge=0, lt=2**31), Privacy.S4]
    last_round: Annotated[Hex16 | None, Privacy.S4] = None


# --- down -----------------------------------------------------------------------------------------------------


class Member(Message):
    """An actor's place in the join: one x per legal entity."""

    actor: Annotated[ActorName, Privacy.C]
    x: Annotated[X, Privacy.C]


class RoundOpened(Message):
    """A round everybody may take part in until the deadline (hours and minutes are the centre's own)."""

    round_id: Annotated[Hex16, Privacy.C]
    version: Annotated[int, Field(ge=1, le=1), Privacy.C]
    epoch: Annotated[int, Field(ge=0, lt=2**31), Privacy.C]
    registry_version: Annotated[int, Field(ge=1, lt=2**53), Privacy.C]
    tier: Annotated[Tier, Privacy.C]
    t: Annotated[int, Field(ge=2, le=8), Privacy.C]
    m: Annotated[int, Field(ge=1, le=M_MAX), Privacy.C]
    r: Annotated[int, Field(ge=2, le=40), Privacy.C]
    deadline_us: Annotated[int, Field(ge=0, lt=2**53), Privacy.C]
    members: Annotated[tuple[Member, ...], Field(max_length=1000), Privacy.C]


class AskedCell(Message):
    """A cell of the asked actor's own planes."""

    table: Annotated[TableIndex, Privacy.C]
    bin: Annotated[BinIndex, Privacy.C]


class ReceiptsAsked(Message):
    """Reveal, phase 1: the tags of these cells, please."""

    round_id: Annotated[Hex16, Privacy.C]
    cells: Annotated[tuple[AskedCell, ...], Field(max_length=CELLS_MAX), Privacy.C]


class OtherTag(Message):
    """Another holder's receipt for the same cell."""

    x: Annotated[X, Privacy.C]
    tag: Annotated[Tag, Privacy.C]


class Reveal(Message):
    """One cell with the receipts of at least t-1 others."""

    table: Annotated[TableIndex, Privacy.C]
    bin: Annotated[BinIndex, Privacy.C]
    others: Annotated[tuple[OtherTag, ...], Field(max_length=1000), Privacy.C]


class RevealAsked(Message):
    """Reveal, phase 2: each item is answered by one Report or one Declined."""

    round_id: Annotated[Hex16, Privacy.C]
    items: Annotated[tuple[Reveal, ...], Field(max_length=CELLS_MAX), Privacy.C]


class RoundClosed(Message):
    """Nothing more will be asked about this round: delete the slot map."""

    round_id: Annotated[Hex16, Privacy.C]


class IndicatorReleased(Message):
    """An indicator as a STIX 2.1 bundle in canonical JSON text, with its TLP marking, PAP and end date inside."""

    bundle: Annotated[str, Field(max_length=65536), Privacy.C]


class IndicatorWithdrawn(Message):
    """Lift every block of this indicator now."""

    indicator_id: Annotated[IndicatorId, Privacy.C]
    version: Annotated[int, Field(ge=1, lt=2**53), Privacy.C]


UP: Final[tuple[type[Message], ...]] = (ShareUpload, Receipts, Declined, Report, Observation, Receipt, Health)
DOWN: Final[tuple[type[Message], ...]] = (
    RoundOpened, ReceiptsAsked, RevealAsked, RoundClosed, IndicatorReleased, IndicatorWithdrawn,
)  # fmt: skip
