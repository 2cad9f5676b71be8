"""What the inbox understood of an actor's messages, as values that correlate and cases can use without knowing wire.

``item_id`` is the hash of the message's content, ``actor`` the name in the sender's certificate, ``round_id`` 16 bytes
in lower-case hex. Nothing here is trusted beyond that: well-formed, plausible, and said by that actor.
"""

from dataclasses import dataclass

from bavn.model.lead import Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An actor's planes of one round: little-endian uint32, shape [2, r, bins], each below 2**31-1."""

    item_id: str
    actor: str
    round_id: str
    registry_version: int
    planes: bytes
    received_us: int


@dataclass(frozen=True, slots=True)
class TagAt:
    """The receipt (16 bytes) that an actor gave for one cell of its own planes."""

    table: int
    bin: int
    tag: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Answer to reveal, phase 1; cells are distinct and lie within the round's planes."""

    item_id: str
    actor: str
    round_id: str
    tags: tuple[TagAt, ...]
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Answer to reveal, phase 2: no report for this cell, and never a reason."""

    item_id: str
    actor: str
    round_id: str
    table: int
    bin: int
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """Answer to reveal, phase 2: what the actor says about the element in this cell (round: ``sign.round_id``)."""

    sign: Sign
    table: int
    bin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A sighting of a shared indicator at one actor. ``kind``: seen, blocked, retro; ``count_bucket`` as
    indicator.COUNT_EDGES; hours since 1970, None where nothing was met."""

    item_id: str
    actor: str
    indicator_id: str
    kind: str
    count_bucket: int
    first_hour: int | None
    last_hour: int | None
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockReceipt:
    """What became of a released indicator at one actor: enforced, partly, refused, lifted, waiting."""

    item_id: str
    actor: str
    indicator_id: str
    version: int
    state: str
    enforcers: tuple[str, ...]
    rule: str | None
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealth:
    """How a node said it is."""

    item_id: str
    actor: str
    version: str
    sensor: str
    capture_loss_permille: int
    clock_skew_s: int
    queue_messages: int
    last_round: str | None
    received_us: int


Heard = Upload | Tags | Decline | Revealed | Observed | BlockReceipt | NodeHealth


@dataclass(frozen=True, slots=True)
class Taken:
    """One accepted item, ``number`` counting up in the order of acceptance: what the centre's node works off.
    ``Inbox.take`` gives it again until ``Inbox.done(number)``."""

    number: int
    heard: Heard
