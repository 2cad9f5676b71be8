"""What the inbox understood of an actor's messages, as values that correlate and cases can use without knowing wire.

``item_id`` is the hash of the message's content, ``actor`` the name in the sender's certificate, ``round_id`` 16 bytes
in lower-case hex. Nothing here is trusted beyond that: well-formed, plausible, and said by that actor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from bavn.model.observable import Observable
from bavn.model.sector.canary import Link
from bavn.model.sector.lead import Sign
from bavn.model.sector.nis2 import CrossBorder
from bavn.model.sector.question import AnswerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An actor's planes of one round: little-endian uint32, shape [2, r, bins], each below 2**31-1. ``key_check``: 32
    hex digits, the same at all that hold the same keys; ``draw``: the commitment for the draw of an audit, or empty."""

    item_id: str
    actor: str
    round_id: str
    registry_version: int
    key_check: str
    planes: bytes
    received_us: int
    draw: str = ""


@dataclass(frozen=True, slots=True)
class TagAt:
    """The receipt (32 bytes) that an actor gave for one cell of its own planes."""

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
class Withdrawal:
    """An actor takes its reports on one element back."""

    item_id: str
    actor: str
    observable: Observable
    received_us: int


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
    """What became of a released indicator at one actor: enforced, partly, refused, lifted, waiting.
    ``not_carried``: its enforcers that cannot carry such an observable."""

    item_id: str
    actor: str
    indicator_id: str
    version: int
    state: str
    enforcers: tuple[str, ...]
    rule: str | None
    received_us: int
    not_carried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """What an actor said to one observable of a question: met, not_met or declined (question.QuestionAnswer)."""

    item_id: str
    actor: str
    question_id: str
    number: int
    state: AnswerState
    count_bucket: int
    first_hour: int | None
    last_hour: int | None
    days: int
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiusReply:
    """How many machines of one actor a block would hit, noise and all: in all, and by function (intel/radius.py)."""

    item_id: str
    actor: str
    question_id: str
    number: int
    epsilon_milli: int
    in_all: int
    functions: tuple[int, ...]
    received_us: int


Reply = Replied | RadiusReply
"""What an actor said to a question of either kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One actor's counts of one day (since 1970, UTC), noise and all; lists as in bavn.model.sector.tally."""

    item_id: str
    actor: str
    day: int
    vocabulary: int
    epsilon_milli: int
    cell_max: int
    by_technique: tuple[int, ...]
    blocked: tuple[int, ...]
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealth:
    """How a node said it is. ``problems``: kinds of model/sector/alarm.py; ``records``: record types that a source of
    its gave of late, None where it did not say."""

    item_id: str
    actor: str
    version: str
    sensor: str
    capture_loss_permille: int
    clock_skew_s: int
    queue_messages: int
    last_round: str | None
    received_us: int
    forms: str | None = None
    problems: tuple[str, ...] = ()
    records: tuple[str, ...] | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """From its fields as JSON keeps them."""
        records = kept.get("records")
        lists = {
            "problems": tuple(kept.get("problems", ())),
            "records": None if records is None else tuple(records),
        }
        return cls(**{**kept, **lists})


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryCame:
    """How far a node's canary came, link by link. ``day``: since 1970, UTC; ``run`` counts those of the day."""

    item_id: str
    actor: str
    day: int
    run: int
    links: tuple[Link, ...]
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSeen:
    """How far a node has seen the centre's log only grow. ``root`` and ``cosignature`` in hex; no cosignature: it asks
    for a proof from there."""

    item_id: str
    actor: str
    size: int
    root: str
    minute: int
    cosignature: str
    received_us: int


@dataclass(frozen=True, slots=True)
class DrawValue:
    """What a node opened of its upload of a round: value and signature in hex."""

    round_id: str
    value: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawValues:
    """A node's values for the draws of some rounds."""

    item_id: str
    actor: str
    openings: tuple[DrawValue, ...]
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAnswer:
    """What people at an actor said in a case: an act on one of its tasks, or words alone (``task_id`` None). ``serial``
    counts the actor's answers."""

    item_id: str
    actor: str
    case_id: str
    serial: int
    task_id: str | None
    act: str
    words: str
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nis2Step:
    """A step of NIS2 that people at an actor noted of their own incident. ``at_us``: a whole minute; ``crosses``:
    whether it may reach other countries, None where nothing was said."""

    item_id: str
    actor: str
    case_id: str
    act: str
    at_us: int
    correct: bool
    why: str
    received_us: int
    crosses: CrossBorder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """Evidence that a person at an actor attached to a case: a zip file."""

    item_id: str
    actor: str
    case_id: str
    words: str
    content: bytes
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningAnswer:
    """What people at an actor answered to a warning of the centre's. ``version``: of the warning they had read;
    ``serial`` counts the actor's answers."""

    item_id: str
    actor: str
    warning_id: str
    version: int
    serial: int
    act: str
    words: str
    received_us: int


Heard = (
    Upload
    | Tags
    | Decline
    | Revealed
    | Withdrawal
    | Observed
    | BlockReceipt
    | RadiusReply
    | Replied
    | Counted
    | NodeHealth
    | CaseAnswer
    | Nis2Step
    | Attached
    | WarningAnswer
    | CanaryCame
    | CheckpointSeen
    | DrawValues
)


@dataclass(frozen=True, slots=True)
class Taken:
    """One accepted item, ``number`` counting up in the order of acceptance: what the centre's node works off.
    ``Inbox.take`` gives it again until ``Inbox.done(number)``."""

    number: int
    heard: Heard
