"""Every message, built up from nothing; each field with its privacy class and bound.

Up: node to centre. Down: centre to node. Nothing here names a host, a user, a path, a full query or an exact time.
"""

from typing import Annotated, Final

from pydantic import Field

from bavn.model.sector.work import EVIDENCE_BYTES_MAX, OWN_MAX, TASKS_MAX, TECHNIQUES_MAX, TEXT_CHARS_MAX, WORDS_MAX
from bavn.wire.messages import fields as f
from bavn.wire.messages.canary import CanaryAnswered, CanaryProgress
from bavn.wire.messages.commons import CommonsAnswered
from bavn.wire.messages.log import DrawsOpened, LogProven, LogSeen, LogShown, RoundsFixed
from bavn.wire.privacy import Message, Privacy

# --- up -------------------------------------------------------------------------------------------------------


class ShareUpload(Message):
    """One actor's planes of one round: exactly RoundParams.upload_bytes, random to anyone below the threshold.
    ``key_check``: the same at all actors that got the same keys, whatever their sets (psi/keys.py). ``draw``: the
    commitment to this node's value for the draw of an audit (tlog/draw.py); empty in the commons, which have none."""

    round_id: Annotated[f.Hex16, Privacy.S0]
    registry_version: Annotated[int, Field(ge=1, lt=2**53), Privacy.S0]
    key_check: Annotated[f.Tag, Privacy.S0]
    draw: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$"), Privacy.S0] = ""
    planes: Annotated[bytes, Field(min_length=8, max_length=f.PLANES_BYTES_MAX), Privacy.S0]


class CellTag(Message):
    """A receipt: the tag of one cell, real or dummy alike. It says nothing of who gave it."""

    table: Annotated[f.TableIndex, Privacy.S0]
    bin: Annotated[f.BinIndex, Privacy.S0]
    tag: Annotated[f.ReceiptTag, Privacy.S0]


class Receipts(Message):
    """Tags for every cell the centre asked about, in its order."""

    round_id: Annotated[f.Hex16, Privacy.S0]
    tags: Annotated[tuple[CellTag, ...], Field(max_length=f.CELLS_MAX), Privacy.S0]


class Declined(Message):
    """No report for this cell. Never says why: a reason would be an equality test below the threshold (PSI.md)."""

    round_id: Annotated[f.Hex16, Privacy.S0]
    table: Annotated[f.TableIndex, Privacy.S0]
    bin: Annotated[f.BinIndex, Privacy.S0]


class Report(Message):
    """What the door let out about one revealed element (S1)."""

    round_id: Annotated[f.Hex16, Privacy.S1]
    table: Annotated[f.TableIndex, Privacy.S1]
    bin: Annotated[f.BinIndex, Privacy.S1]
    type: Annotated[f.ObservableKind, Privacy.S1]
    value: Annotated[str, Field(min_length=1, max_length=253), Privacy.S1]
    detector: Annotated[f.Detector, Privacy.S1]
    technique: Annotated[f.Technique, Privacy.S1]
    p_bucket: Annotated[int, Field(ge=0, le=15), Privacy.S1]
    hosts_bucket: Annotated[int, Field(ge=0, le=3), Privacy.S1]
    first_hour: Annotated[f.Hour, Privacy.S1]
    last_hour: Annotated[f.Hour, Privacy.S1]
    period_bucket: Annotated[int | None, Field(ge=0, le=7), Privacy.S1] = None
    regularity_bucket: Annotated[int | None, Field(ge=0, le=5), Privacy.S1] = None
    walk_half_nats: Annotated[int | None, Field(ge=-16, le=16), Privacy.S1] = None
    age_bucket: Annotated[int | None, Field(ge=0, le=4), Privacy.S1] = None


class Withdrawn(Message):
    """An actor takes back what it reported on one element: its reports on it count no longer (S1)."""

    type: Annotated[f.ObservableKind, Privacy.S1]
    value: Annotated[str, Field(min_length=1, max_length=253), Privacy.S1]


class Observation(Message):
    """A sighting of a shared indicator: met or not, how often roughly, first and last hour (S2)."""

    indicator_id: Annotated[f.IndicatorId, Privacy.S2]
    kind: Annotated[str, Field(pattern=r"^(seen|blocked|retro)$"), Privacy.S2]
    count_bucket: Annotated[int, Field(ge=0, le=5), Privacy.S2]
    first_hour: Annotated[f.Hour | None, Privacy.S2] = None
    last_hour: Annotated[f.Hour | None, Privacy.S2] = None


class Receipt(Message):
    """What became of a released indicator at this actor (S2). ``rule`` names the local rule that refused it,
    ``not_carried`` the enforcers here that cannot carry such an observable."""

    indicator_id: Annotated[f.IndicatorId, Privacy.S2]
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

    question_id: Annotated[f.Hex16, Privacy.S2]
    number: Annotated[f.QuestionNumber, Privacy.S2]
    state: Annotated[str, Field(pattern=r"^(met|not_met)$"), Privacy.S2]
    count_bucket: Annotated[int, Field(ge=0, le=5), Privacy.S2]
    first_hour: Annotated[f.Hour | None, Privacy.S2] = None
    last_hour: Annotated[f.Hour | None, Privacy.S2] = None
    days: Annotated[int, Field(ge=1, le=430), Privacy.S2]


class QuestionDeclined(Message):
    """No answer for this observable. Never says why."""

    question_id: Annotated[f.Hex16, Privacy.S2]
    number: Annotated[f.QuestionNumber, Privacy.S2]


class QuestionCounted(Message):
    """How many own hosts a block would hit (S3), noise in every number: in all, and of each critical function in its
    order (bavn.model.intel.radius). The noise is discrete Laplace, for half of ``epsilon_milli``/1000 on each of the
    two."""

    question_id: Annotated[f.Hex16, Privacy.S3]
    number: Annotated[f.QuestionNumber, Privacy.S3]
    epsilon_milli: Annotated[int, Field(ge=50, le=10_000), Privacy.S3]
    in_all: Annotated[f.Noised, Privacy.S3]
    functions: Annotated[tuple[f.Noised, ...], Field(max_length=64), Privacy.S3]


class CaseAnswered(Message):
    """What people here answered in a case, by hand (S5): an act on a task of this actor's, or words alone. ``serial``
    counts this actor's answers, so that the same answer may be given twice."""

    case_id: Annotated[f.CaseId, Privacy.S5]
    serial: Annotated[int, Field(ge=1, lt=2**53), Privacy.S5]
    task_id: Annotated[f.Hex16 | None, Privacy.S5]
    act: Annotated[str, Field(pattern=r"^(acknowledge|applies|not-applicable|done|words)$"), Privacy.S5]
    words: Annotated[f.CaseText, Privacy.S5]


class CaseEvidence(Message):
    """Evidence that a person here attached to a case, after seeing exactly this (S5): a zip file without CPR numbers,
    user names, payload and own addresses."""

    case_id: Annotated[f.CaseId, Privacy.S5]
    serial: Annotated[int, Field(ge=1, lt=2**53), Privacy.S5]
    words: Annotated[f.CaseText, Privacy.S5]
    content: Annotated[bytes, Field(min_length=22, max_length=EVIDENCE_BYTES_MAX), Privacy.S5]


class Nis2Noted(Message):
    """A step of NIS2 that people here noted by hand of their own incident in a case (S5): it moves this actor's clocks
    at the centre and no other's. ``minute`` counts from 1970; a correction changes what was noted, with ``why``.
    ``crosses``: whether it may reach other countries, None where nothing is said of it."""

    case_id: Annotated[f.CaseId, Privacy.S5]
    serial: Annotated[int, Field(ge=1, lt=2**53), Privacy.S5]
    act: Annotated[
        str, Field(pattern=r"^(aware|early-warning|notification|progress|handled|final|not-significant)$"), Privacy.S5
    ]
    minute: Annotated[int, Field(ge=0, lt=2**32), Privacy.S5]
    kind: Annotated[str, Field(pattern=r"^(new|correction)$"), Privacy.S5]
    why: Annotated[f.CaseText, Privacy.S5]
    crosses: Annotated[str | None, Field(pattern=r"^(yes|no|unknown)$"), Privacy.S5] = None


class WarningAnswered(Message):
    """What people here answered to a warning, by hand (S5). ``version``: of the warning that they had read; ``serial``
    counts this actor's answers."""

    warning_id: Annotated[f.WarningId, Privacy.S5]
    version: Annotated[int, Field(ge=1, lt=2**31), Privacy.S5]
    serial: Annotated[int, Field(ge=1, lt=2**53), Privacy.S5]
    act: Annotated[str, Field(pattern=r"^(acknowledge|affected|not-affected|done|words)$"), Privacy.S5]
    words: Annotated[f.CaseText, Privacy.S5]


class Counts(Message):
    """One day's counts with noise (S3): a number for each entry of the fixed list (bavn.model.sector.tally), zeros too.
    The noise is discrete Laplace, for half of ``epsilon_milli``/1000 on each of the two lists; no count stood above
    ``cell_max`` before it."""

    day: Annotated[int, Field(ge=0, le=100_000), Privacy.S3]
    vocabulary: Annotated[int, Field(ge=1, le=1000), Privacy.S3]
    epsilon_milli: Annotated[int, Field(ge=100, le=10_000), Privacy.S3]
    cell_max: Annotated[int, Field(ge=1, le=100_000), Privacy.S3]
    by_technique: Annotated[tuple[f.Noised, ...], Field(max_length=200), Privacy.S3]
    blocked: Annotated[tuple[f.Noised, ...], Field(max_length=20), Privacy.S3]


class Health(Message):
    """How the node is (S4)."""

    version: Annotated[str, Field(pattern=r"^[0-9a-z.+-]{1,32}$"), Privacy.S4]
    sensor: Annotated[str, Field(pattern=r"^(up|down|none)$"), Privacy.S4]
    capture_loss_permille: Annotated[int, Field(ge=0, le=1000), Privacy.S4]
    clock_skew_s: Annotated[int, Field(ge=-86400, le=86400), Privacy.S4]
    queue_messages: Annotated[int, Field(ge=0, lt=2**31), Privacy.S4]
    last_round: Annotated[f.Hex16 | None, Privacy.S4] = None
    forms: Annotated[f.Forms | None, Privacy.S4] = None
    problems: Annotated[tuple[f.AlarmKind, ...], Field(max_length=16), Privacy.S4] = ()
    records: Annotated[tuple[f.RecordType, ...] | None, Field(max_length=16), Privacy.S4] = None


# --- down -----------------------------------------------------------------------------------------------------


class Member(Message):
    """An actor's place in the join: one x per legal entity."""

    actor: Annotated[f.ActorName, Privacy.C]
    x: Annotated[f.X, Privacy.C]


class RoundOpened(Message):
    """A round everybody may take part in until the deadline (hours and minutes are the centre's own)."""

    round_id: Annotated[f.Hex16, Privacy.C]
    version: Annotated[int, Field(ge=1, le=1), Privacy.C]
    epoch: Annotated[int, Field(ge=0, lt=2**31), Privacy.C]
    registry_version: Annotated[int, Field(ge=1, lt=2**53), Privacy.C]
    tier: Annotated[f.Tier, Privacy.C]
    t: Annotated[int, Field(ge=2, le=8), Privacy.C]
    m: Annotated[int, Field(ge=1, le=f.M_MAX), Privacy.C]
    r: Annotated[int, Field(ge=2, le=40), Privacy.C]
    forms: Annotated[f.Forms, Privacy.C]
    deadline_us: Annotated[int, Field(ge=0, lt=2**53), Privacy.C]
    members: Annotated[tuple[Member, ...], Field(max_length=1000), Privacy.C]


class AskedCell(Message):
    """A cell of the asked actor's own planes."""

    table: Annotated[f.TableIndex, Privacy.C]
    bin: Annotated[f.BinIndex, Privacy.C]


class ReceiptsAsked(Message):
    """Reveal, phase 1: the tags of these cells, please."""

    round_id: Annotated[f.Hex16, Privacy.C]
    cells: Annotated[tuple[AskedCell, ...], Field(max_length=f.CELLS_MAX), Privacy.C]


class Reveal(Message):
    """One cell with the receipts of at least t-1 others: how many, and never whose."""

    table: Annotated[f.TableIndex, Privacy.C]
    bin: Annotated[f.BinIndex, Privacy.C]
    others: Annotated[tuple[f.ReceiptTag, ...], Field(max_length=1000), Privacy.C]


class RevealAsked(Message):
    """Reveal, phase 2: each item is answered by one Report or one Declined."""

    round_id: Annotated[f.Hex16, Privacy.C]
    items: Annotated[tuple[Reveal, ...], Field(max_length=f.CELLS_MAX), Privacy.C]


class RoundClosed(Message):
    """Nothing more will be asked about this round: delete the slot map. ``other_keys``: how many uploads of the round
    were made with other keys than this actor's, so that it could not meet them."""

    round_id: Annotated[f.Hex16, Privacy.C]
    other_keys: Annotated[int, Field(ge=0, lt=2**31), Privacy.C] = 0


class IndicatorReleased(Message):
    """An indicator as a STIX 2.1 bundle in canonical JSON text, with its TLP marking, PAP and end date inside."""

    bundle: Annotated[str, Field(max_length=65536), Privacy.C]


class IndicatorWithdrawn(Message):
    """Lift every block of this indicator now."""

    indicator_id: Annotated[f.IndicatorId, Privacy.C]
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

    type: Annotated[f.ObservableKind, Privacy.C]
    value: Annotated[str, Field(min_length=1, max_length=253), Privacy.C]


class QuestionAsked(Message):
    """An analyst's question: was any of this met here since that hour? Who asks, who stands behind it, and why."""

    question_id: Annotated[f.Hex16, Privacy.C]
    observables: Annotated[tuple[AskedObservable, ...], Field(max_length=20), Privacy.C]
    since_hour: Annotated[f.Hour, Privacy.C]
    asked_us: Annotated[int, Field(ge=0, lt=2**53), Privacy.C]
    until_us: Annotated[int, Field(ge=0, lt=2**53), Privacy.C]
    asked_by: Annotated[str, Field(min_length=2, max_length=64), Privacy.C]
    approved_by: Annotated[str, Field(min_length=2, max_length=64), Privacy.C]
    why: Annotated[str, Field(min_length=1, max_length=200), Privacy.C]


class RadiusAsked(QuestionAsked):
    """The same of one thing that is about to be released: how many hosts here would a block of it hit?"""


class PartTask(Message):
    """A task or question to this actor: acknowledged, judged and done by when."""

    task_id: Annotated[f.Hex16, Privacy.C]
    kind: Annotated[str, Field(pattern=r"^(task|question)$"), Privacy.C]
    text: Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX), Privacy.C]
    state: Annotated[str, Field(pattern=r"^(open|acknowledged|applies|not-applicable|done|cancelled)$"), Privacy.C]
    acknowledge_us: Annotated[f.Moment, Privacy.C]
    applies_us: Annotated[f.Moment, Privacy.C]
    done_us: Annotated[f.Moment, Privacy.C]


class PartWords(Message):
    """What the centre, or this actor itself, said in the case."""

    at_us: Annotated[f.Moment, Privacy.C]
    by: Annotated[str, Field(pattern=r"^(centre|actor)$"), Privacy.C]
    text: Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX), Privacy.C]


class PartClock(Message):
    """A report that this actor owes under NIS2, article 23(4)."""

    report: Annotated[str, Field(pattern=r"^(early-warning|notification|progress|final)$"), Privacy.C]
    due_us: Annotated[f.Moment | None, Privacy.C] = None
    sent_us: Annotated[f.Moment | None, Privacy.C] = None


class CasePart(Message):
    """An actor's own part of a case, whole each time: ``own`` is what it reported itself, ``own_left`` how many more of
    these there are than fit. Never who or how many others are in it. ``version`` counts what this actor was told of
    this case."""

    case_id: Annotated[f.CaseId, Privacy.C]
    version: Annotated[int, Field(ge=1, lt=2**53), Privacy.C]
    state: Annotated[str, Field(pattern=r"^(new|triage|confirmed|released|closed|dismissed|merged)$"), Privacy.C]
    rsit: Annotated[str | None, Field(pattern=r"^[a-z0-9-]{3,40}/[a-z0-9-]{2,50}$"), Privacy.C] = None
    techniques: Annotated[tuple[f.Technique, ...], Field(max_length=TECHNIQUES_MAX), Privacy.C]
    tlp: Annotated[str, Field(pattern=r"^TLP:(CLEAR|GREEN|AMBER|AMBER\+STRICT|RED)$"), Privacy.C]
    pap: Annotated[int, Field(ge=0, le=3), Privacy.C]
    own: Annotated[tuple[AskedObservable, ...], Field(max_length=OWN_MAX), Privacy.C]
    tasks: Annotated[tuple[PartTask, ...], Field(max_length=TASKS_MAX), Privacy.C]
    words: Annotated[tuple[PartWords, ...], Field(max_length=WORDS_MAX), Privacy.C]
    clocks: Annotated[tuple[PartClock, ...], Field(max_length=4), Privacy.C]
    merged_into: Annotated[f.CaseId | None, Privacy.C] = None
    own_left: Annotated[int, Field(ge=0, le=f.LEFT_MAX), Privacy.C] = 0


class VerdictGiven(Message):
    """What the sector holds of these observables, as advice until then; ``left``: how many more there are than fit.
    ``withdrawn``: nothing any more."""

    case_id: Annotated[f.CaseId, Privacy.C]
    version: Annotated[int, Field(ge=1, lt=2**53), Privacy.C]
    judged: Annotated[str, Field(pattern=r"^(malicious|benign|withdrawn)$"), Privacy.C]
    observables: Annotated[tuple[AskedObservable, ...], Field(max_length=OWN_MAX), Privacy.C]
    until_us: Annotated[f.Moment, Privacy.C]
    left: Annotated[int, Field(ge=0, le=f.LEFT_MAX), Privacy.C] = 0


class WarningGiven(Message):
    """A warning for people to read, whole each time, in both languages. Never who or how many others got it."""

    warning_id: Annotated[f.WarningId, Privacy.C]
    version: Annotated[int, Field(ge=1, lt=2**31), Privacy.C]
    state: Annotated[str, Field(pattern=r"^(sent|ended|withdrawn)$"), Privacy.C]
    urgency: Annotated[str, Field(pattern=r"^(inform|important|critical)$"), Privacy.C]
    title_en: Annotated[str, Field(min_length=1, max_length=120), Privacy.C]
    title_da: Annotated[str, Field(min_length=1, max_length=120), Privacy.C]
    text_en: Annotated[str, Field(min_length=1, max_length=4000), Privacy.C]
    text_da: Annotated[str, Field(min_length=1, max_length=4000), Privacy.C]
    tlp: Annotated[str, Field(pattern=r"^TLP:(CLEAR|GREEN|AMBER|AMBER\+STRICT|RED)$"), Privacy.C]
    pap: Annotated[int, Field(ge=0, le=3), Privacy.C]
    observables: Annotated[tuple[AskedObservable, ...], Field(max_length=50), Privacy.C]
    sent_us: Annotated[f.Moment, Privacy.C]
    acknowledge_us: Annotated[f.Moment, Privacy.C]
    until_us: Annotated[f.Moment, Privacy.C]
    drill: Annotated[bool, Privacy.C] = False


UP: Final[tuple[type[Message], ...]] = (
    ShareUpload,
    Receipts,
    Declined,
    Report,
    Withdrawn,
    Observation,
    Receipt,
    QuestionAnswered,
    QuestionDeclined,
    QuestionCounted,
    CaseAnswered,
    CaseEvidence,
    Nis2Noted,
    WarningAnswered,
    Counts,
    Health,
    CanaryProgress,
    LogSeen,
    DrawsOpened,
)
DOWN: Final[tuple[type[Message], ...]] = (
    RoundOpened,
    ReceiptsAsked,
    RevealAsked,
    RoundClosed,
    IndicatorReleased,
    IndicatorWithdrawn,
    QuestionAsked,
    RadiusAsked,
    CasePart,
    VerdictGiven,
    SectorSwitched,
    WarningGiven,
    CanaryAnswered,
    CommonsAnswered,
    LogShown,
    LogProven,
    RoundsFixed,
)
