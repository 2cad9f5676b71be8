"""Every message, built up from nothing; each field with its privacy class and bound.

Up: node to centre. Down: centre to node. Nothing here names a host, a user, a path, a full query or an exact time.
"""

from typing import Annotated, Final

from pydantic import Field

from bavn.model.forms import FORMS_PATTERN
from bavn.model.work import EVIDENCE_BYTES_MAX, OWN_MAX, TASKS_MAX, TECHNIQUES_MAX, TEXT_CHARS_MAX, WORDS_MAX
from bavn.wire.privacy import Message, Privacy

Hex16 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Tag = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ActorName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Tier = Annotated[str, Field(pattern=r"^[A-Z][a-z0-9-]{0,15}$")]
Forms = Annotated[str, Field(pattern=rf"^{FORMS_PATTERN}$")]
Technique = Annotated[str, Field(pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]
Detector = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
Hour = Annotated[int, Field(ge=0, le=2_000_000)]
X = Annotated[int, Field(ge=1, lt=2**31 - 1)]
IndicatorId = Annotated[
    str, Field(pattern=r"^indicator--[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
TableIndex = Annotated[int, Field(ge=0, lt=40)]
BinIndex = Annotated[int, Field(ge=0, lt=2**31)]
ObservableKind = Annotated[str, Field(pattern=r"^(ip4|ip6|domain|ja3|ja4|cert|sha256|fp-pair|chain)$")]
QuestionNumber = Annotated[int, Field(ge=0, lt=20)]
CaseId = Annotated[str, Field(pattern=r"^case-[0-9a-f]{16}$")]
CaseText = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
Moment = Annotated[int, Field(ge=0, lt=2**53)]
Noised = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
M_MAX: Final = 150_000
CELLS_MAX: Final = M_MAX
PLANES_BYTES_MAX: Final = 72_000_000
"""A round of t=3, M=150,000, R=20: the largest that travels in one piece."""


# --- up -------------------------------------------------------------------------------------------------------


class ShareUpload(Message):
    """One actor's planes of one round: exactly RoundParams.upload_bytes, random to anyone below the threshold.
    ``key_check``: the same at all actors that got the same keys, whatever their sets (psi/keys.py)."""

    round_id: Annotated[Hex16, Privacy.S0]
    registry_version: Annotated[int, Field(ge=1, lt=2**53), Privacy.S0]
    key_check: Annotated[Tag, Privacy.S0]
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
    type: Annotated[ObservableKind, Privacy.S1]
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


class Withdrawn(Message):
    """An actor takes back what it reported on one element: its reports on it count no longer (S1)."""

    type: Annotated[ObservableKind, Privacy.S1]
    value: Annotated[str, Field(min_length=1, max_length=253), Privacy.S1]


class Observation(Message):
    """A sighting of a shared indicator: met or not, how often roughly, first and last hour (S2)."""

    indicator_id: Annotated[IndicatorId, Privacy.S2]
    kind: Annotated[str, Field(pattern=r"^(seen|blocked|retro)$"), Privacy.S2]
    count_bucket: Annotated[int, Field(ge=0, le=5), Privacy.S2]
    first_hour: Annotated[Hour | None, Privacy.S2] = None
    last_hour: Annotated[Hour | None, Privacy.S2] = None


class Receipt(Message):
    """What became of a released indicator at this actor (S2). ``rule`` names the local rule that refused it,
    ``not_carried`` the enforcers here that cannot carry such an observable."""

    indicator_id: Annotated[IndicatorId, Privacy.S2]
    version: Annotated[int, Field(ge=1, lt=2**53), Privacy.S2]
    state: Annotated[str, Field(pattern=r"^(enforced|partly|refused|lifted|waiting)$"), Privacy.S2]
    enforcers: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$")], ...], Field(max_length=16), Privacy.S2
    ]
    rule: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$"), Privacy.S2] = None
    not_carried: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$")], ...], Field(max_length=16), Privacy.S2
    ] = ()


class QuestionAnswered(Message):
    """An analyst's question answered for one observable: met or not in so many days of history, how often roughly,
    first and last hour (S2)."""

    question_id: Annotated[Hex16, Privacy.S2]
    number: Annotated[QuestionNumber, Privacy.S2]
    state: Annotated[str, Field(pattern=r"^(met|not_met)$"), Privacy.S2]
    count_bucket: Annotated[int, Field(ge=0, le=5), Privacy.S2]
    first_hour: Annotated[Hour | None, Privacy.S2] = None
    last_hour: Annotated[Hour | None, Privacy.S2] = None
    days: Annotated[int, Field(ge=1, le=430), Privacy.S2]


class QuestionDeclined(Message):
    """No answer for this observable. Never says why."""

    question_id: Annotated[Hex16, Privacy.S2]
    number: Annotated[QuestionNumber, Privacy.S2]


class CaseAnswered(Message):
    """What people here answered in a case, by hand (S5): an act on a task of this actor's, or words alone. ``serial``
    counts this actor's answers, so that the same answer may be given twice."""

    case_id: Annotated[CaseId, Privacy.S5]
    serial: Annotated[int, Field(ge=1, lt=2**53), Privacy.S5]
    task_id: Annotated[Hex16 | None, Privacy.S5]
    act: Annotated[str, Field(pattern=r"^(acknowledge|applies|not-applicable|done|words)$"), Privacy.S5]
    words: Annotated[CaseText, Privacy.S5]


class CaseEvidence(Message):
    """Evidence that a person here attached to a case, after seeing exactly this (S5): a zip file without CPR numbers,
    user names, payload and own addresses."""

    case_id: Annotated[CaseId, Privacy.S5]
    serial: Annotated[int, Field(ge=1, lt=2**53), Privacy.S5]
    words: Annotated[CaseText, Privacy.S5]
    content: Annotated[bytes, Field(min_length=22, max_length=EVIDENCE_BYTES_MAX), Privacy.S5]


class Nis2Noted(Message):
    """A step of NIS2 that people here noted by hand of their own incident in a case (S5): it moves this actor's clocks
    at the centre and no other's. ``minute`` counts from 1970; a correction changes what was noted, with ``why``."""

    case_id: Annotated[CaseId, Privacy.S5]
    serial: Annotated[int, Field(ge=1, lt=2**53), Privacy.S5]
    act: Annotated[
        str, Field(pattern=r"^(aware|early-warning|notification|progress|handled|final|not-significant)$"), Privacy.S5
    ]
    minute: Annotated[int, Field(ge=0, lt=2**32), Privacy.S5]
    kind: Annotated[str, Field(pattern=r"^(new|correction)$"), Privacy.S5]
    why: Annotated[CaseText, Privacy.S5]


class Counts(Message):
    """One day's counts with noise (S3): a number for each entry of the fixed list (bavn.model.tally), zeros too. The
    noise is discrete Laplace, for half of ``epsilon_milli``/1000 on each of the two lists; no count stood above
    ``cell_max`` before it."""

    day: Annotated[int, Field(ge=0, le=100_000), Privacy.S3]
    vocabulary: Annotated[int, Field(ge=1, le=1000), Privacy.S3]
    epsilon_milli: Annotated[int, Field(ge=100, le=10_000), Privacy.S3]
    cell_max: Annotated[int, Field(ge=1, le=100_000), Privacy.S3]
    by_technique: Annotated[tuple[Noised, ...], Field(max_length=200), Privacy.S3]
    blocked: Annotated[tuple[Noised, ...], Field(max_length=20), Privacy.S3]


class Health(Message):
    """How the node is (S4)."""

    version: Annotated[str, Field(pattern=r"^[0-9a-z.+-]{1,32}$"), Privacy.S4]
    sensor: Annotated[str, Field(pattern=r"^(up|down|none)$"), Privacy.S4]
    capture_loss_permille: Annotated[int, Field(ge=0, le=1000), Privacy.S4]
    clock_skew_s: Annotated[int, Field(ge=-86400, le=86400), Privacy.S4]
    queue_messages: Annotated[int, Field(ge=0, lt=2**31), Privacy.S4]
    last_round: Annotated[Hex16 | None, Privacy.S4] = None
    forms: Annotated[Forms | None, Privacy.S4] = None


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
    forms: Annotated[Forms, Privacy.C]
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
    """Nothing more will be asked about this round: delete the slot map. ``other_keys``: how many uploads of the round
    were made with other keys than this actor's, so that it could not meet them."""

    round_id: Annotated[Hex16, Privacy.C]
    other_keys: Annotated[int, Field(ge=0, lt=2**31), Privacy.C] = 0


class IndicatorReleased(Message):
    """An indicator as a STIX 2.1 bundle in canonical JSON text, with its TLP marking, PAP and end date inside."""

    bundle: Annotated[str, Field(max_length=65536), Privacy.C]


class IndicatorWithdrawn(Message):
    """Lift every block of this indicator now."""

    indicator_id: Annotated[IndicatorId, Privacy.C]
    version: Annotated[int, Field(ge=1, lt=2**53), Privacy.C]


class SectorSwitched(Message):
    """The sector's kill switch was turned: on lifts everything that came from the centre, off puts it back. Turns are
    counted; an older one changes nothing. Who turned it, and why."""

    number: Annotated[int, Field(ge=1, lt=2**31), Privacy.C]
    state: Annotated[str, Field(pattern=r"^(on|off)$"), Privacy.C]
    at_us: Annotated[int, Field(ge=0, lt=2**53), Privacy.C]
    by: Annotated[str, Field(min_length=2, max_length=64), Privacy.C]
    why: Annotated[str, Field(min_length=1, max_length=200), Privacy.C]


class AskedObservable(Message):
    """Something outside that an analyst asks about."""

    type: Annotated[ObservableKind, Privacy.C]
    value: Annotated[str, Field(min_length=1, max_length=253), Privacy.C]


class QuestionAsked(Message):
    """An analyst's question: was any of this met here since that hour? Who asks, who stands behind it, and why."""

    question_id: Annotated[Hex16, Privacy.C]
    observables: Annotated[tuple[AskedObservable, ...], Field(max_length=20), Privacy.C]
    since_hour: Annotated[Hour, Privacy.C]
    asked_us: Annotated[int, Field(ge=0, lt=2**53), Privacy.C]
    until_us: Annotated[int, Field(ge=0, lt=2**53), Privacy.C]
    asked_by: Annotated[str, Field(min_length=2, max_length=64), Privacy.C]
    approved_by: Annotated[str, Field(min_length=2, max_length=64), Privacy.C]
    why: Annotated[str, Field(min_length=1, max_length=200), Privacy.C]


class PartTask(Message):
    """A task or question to this actor: acknowledged, judged and done by when."""

    task_id: Annotated[Hex16, Privacy.C]
    kind: Annotated[str, Field(pattern=r"^(task|question)$"), Privacy.C]
    text: Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX), Privacy.C]
    state: Annotated[str, Field(pattern=r"^(open|acknowledged|applies|not-applicable|done|cancelled)$"), Privacy.C]
    acknowledge_us: Annotated[Moment, Privacy.C]
    applies_us: Annotated[Moment, Privacy.C]
    done_us: Annotated[Moment, Privacy.C]


class PartWords(Message):
    """What the centre, or this actor itself, said in the case."""

    at_us: Annotated[Moment, Privacy.C]
    by: Annotated[str, Field(pattern=r"^(centre|actor)$"), Privacy.C]
    text: Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX), Privacy.C]


class PartClock(Message):
    """A report that this actor owes under NIS2, article 23(4)."""

    report: Annotated[str, Field(pattern=r"^(early-warning|notification|progress|final)$"), Privacy.C]
    due_us: Annotated[Moment | None, Privacy.C] = None
    sent_us: Annotated[Moment | None, Privacy.C] = None


LEFT_MAX: Final = 1_000_000
"""What a part or a verdict counts at most of what it has no room for."""


class CasePart(Message):
    """An actor's own part of a case, whole each time: ``own`` is what it reported itself, ``own_left`` how many more of
    these there are than fit. Never who or how many others are in it. ``version`` counts what this actor was told of
    this case."""

    case_id: Annotated[CaseId, Privacy.C]
    version: Annotated[int, Field(ge=1, lt=2**53), Privacy.C]
    state: Annotated[str, Field(pattern=r"^(new|triage|confirmed|released|closed|dismissed|merged)$"), Privacy.C]
    rsit: Annotated[str | None, Field(pattern=r"^[a-z0-9-]{3,40}/[a-z0-9-]{2,50}$"), Privacy.C] = None
    techniques: Annotated[tuple[Technique, ...], Field(max_length=TECHNIQUES_MAX), Privacy.C]
    tlp: Annotated[str, Field(pattern=r"^TLP:(CLEAR|GREEN|AMBER|AMBER\+STRICT|RED)$"), Privacy.C]
    pap: Annotated[int, Field(ge=0, le=3), Privacy.C]
    own: Annotated[tuple[AskedObservable, ...], Field(max_length=OWN_MAX), Privacy.C]
    tasks: Annotated[tuple[PartTask, ...], Field(max_length=TASKS_MAX), Privacy.C]
    words: Annotated[tuple[PartWords, ...], Field(max_length=WORDS_MAX), Privacy.C]
    clocks: Annotated[tuple[PartClock, ...], Field(max_length=4), Privacy.C]
    merged_into: Annotated[CaseId | None, Privacy.C] = None
    own_left: Annotated[int, Field(ge=0, le=LEFT_MAX), Privacy.C] = 0


class VerdictGiven(Message):
    """What the sector holds of these observables, as advice until then; ``left``: how many more there are than fit.
    ``withdrawn``: nothing any more."""

    case_id: Annotated[CaseId, Privacy.C]
    version: Annotated[int, Field(ge=1, lt=2**53), Privacy.C]
    judged: Annotated[str, Field(pattern=r"^(malicious|benign|withdrawn)$"), Privacy.C]
    observables: Annotated[tuple[AskedObservable, ...], Field(max_length=OWN_MAX), Privacy.C]
    until_us: Annotated[Moment, Privacy.C]
    left: Annotated[int, Field(ge=0, le=LEFT_MAX), Privacy.C] = 0


UP: Final[tuple[type[Message], ...]] = (
    ShareUpload, Receipts, Declined, Report, Withdrawn, Observation, Receipt, QuestionAnswered, QuestionDeclined,
    CaseAnswered, CaseEvidence, Nis2Noted, Counts, Health,
)  # fmt: skip
DOWN: Final[tuple[type[Message], ...]] = (
    RoundOpened, ReceiptsAsked, RevealAsked, RoundClosed, IndicatorReleased, IndicatorWithdrawn, QuestionAsked,
    CasePart, VerdictGiven,
    SectorSwitched,
)  # fmt: skip
