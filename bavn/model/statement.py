"""What the centre wants to say to an actor, as values that correlate and cases can make without knowing wire.

The counterpart of received.py: share turns each of these into one message through gate 3. ``to`` is the actor's name,
``round_id`` 16 bytes in lower-case hex, cells are the asked actor's own.
"""

from dataclasses import dataclass

from bavn.model.intel.indicator import Indicator
from bavn.model.sector.question import Question
from bavn.model.sector.sector_warning import SectorWarning
from bavn.model.sector.work import Part, SectorVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A round everybody may take part in until ``deadline_us``. ``members``: (actor, x) of registry_version."""

    to: str
    round_id: str
    version: int
    epoch: int
    registry_version: int
    tier: str
    t: int
    m: int
    r: int
    forms: str
    deadline_us: int
    members: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsWanted:
    """Reveal, phase 1: the receipts of these cells (table, bin)."""

    to: str
    round_id: str
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RevealOf:
    """One cell with the receipts (32 bytes each) of at least t-1 others, in an order that says nothing."""

    table: int
    bin: int
    others: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealWanted:
    """Reveal, phase 2: each item is answered by one report or one decline."""

    to: str
    round_id: str
    items: tuple[RevealOf, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Nothing more will be asked about this round. ``other_keys``: uploads made with other keys than this actor's."""

    to: str
    round_id: str
    other_keys: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonsAnswer:
    """What a commons round came to for this actor (psi/commons.py). ``groups``: how many took part with its keys."""

    to: str
    round_id: str
    groups: int
    other_keys: int
    cells: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Releasing:
    """An indicator for this actor. ``created_us``: when its first version was made; it stays through all versions."""

    to: str
    indicator: Indicator
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawing:
    """Lift every block of this indicator now. ``version`` is higher than every version released before."""

    to: str
    indicator_id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A question for this actor. ``question`` is approved."""

    to: str
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingRadius(Asking):
    """The same of what is about to be released: how many hosts a block of it would hit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """This actor's part of a case; ``version`` counts up for each that it is told."""

    to: str
    version: int
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What a case came to, as advice to this actor; ``version`` counts up for each that it is told."""

    to: str
    version: int
    verdict: SectorVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """The sector's kill switch was turned. ``number`` counts its turns; ``by`` and ``why`` are read at every actor."""

    to: str
    number: int
    on: bool
    at_us: int
    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cautioning:
    """A warning for this actor, whole."""

    to: str
    warning: SectorWarning


@dataclass(frozen=True, slots=True, kw_only=True)
class LogShowing:
    """A checkpoint of the centre's log, with the proof (hashes in hex) that it goes on from its first ``since``
    entries."""

    to: str
    key: str
    checkpoint: str
    since: int
    proof: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntryProof:
    """A release, a turn of the switch or a list of members in the log. ``entry`` as it stands there; ``path``,
    ``content`` and ``salt`` in hex."""

    entry: str
    index: int
    path: tuple[str, ...]
    content: str
    salt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProving:
    """Entries are in the log. ``checkpoint``: with the cosignatures of this actor and at least half of the members."""

    to: str
    checkpoint: str
    proofs: tuple[LogEntryProof, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFixing:
    """The log's entries of a round's uploads and hits, each with its number and path, and the path of one upload, at
    ``place`` among all. Hashes in hex."""

    round_id: str
    uploads: str
    uploads_index: int
    uploads_path: tuple[str, ...]
    hits: str
    hits_index: int
    hits_path: tuple[str, ...]
    place: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsFixing:
    """Rounds are in the log, under a checkpoint of this size and root: the actor's values for the draw are wanted."""

    to: str
    size: int
    root: str
    rounds: tuple[RoundFixing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReceived:
    """The centre heard this actor's canary of the day."""

    to: str
    day: int
    run: int


Statement = (
    Opening
    | TagsWanted
    | RevealWanted
    | Closing
    | CommonsAnswer
    | Releasing
    | Withdrawing
    | Asking
    | AskingRadius
    | Telling
    | Judging
    | Switching
    | Cautioning
    | CanaryReceived
    | LogShowing
    | LogProving
    | RoundsFixing
)
