"""Whether a well-formed message can be true, as far as that needs no private knowledge.

One function for each kind: None, or a refusal that names the rule. Hours lie neither ahead nor too far back, an
observable is canonical and outside, a cell lies within its round, planes are of the round's length and field. Refuses
to know what any of it means for the sector.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from bavn.centre.inbox.asks import (
    CaseMembership,
    InboxLimits,
    NoCases,
    NoDraws,
    NoLog,
    NoQuestions,
    NoWarnings,
    OpenDraws,
    OpenQuestions,
    OpenRound,
    Rounds,
    ShownCheckpoints,
    WarningsGiven,
)
from bavn.model.evidence import hosts_bucket, p_bucket
from bavn.model.intel.behaviour import band_of, period_buckets_of, steps_of
from bavn.model.intel.radius import ENTRIES
from bavn.model.moment import DAY_US, MINUTE_US, SECOND_US, hour_of
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external, registered_domain
from bavn.model.outcome import Refused
from bavn.model.sector import canary
from bavn.model.sector.nis2 import AGE_DAYS_MAX
from bavn.model.sector.question import Asks
from bavn.model.sector.tally import BLOCKED, TECHNIQUES, VOCABULARY
from bavn.model.sector.work import is_plain
from bavn.psi.planes import planes_from_bytes
from bavn.psi.round import RoundParams
from bavn.wire.messages.canary import CanaryProgress
from bavn.wire.messages.catalogue import (
    CaseAnswered,
    CaseEvidence,
    Counts,
    Declined,
    Health,
    Nis2Noted,
    Observation,
    QuestionAnswered,
    QuestionCounted,
    QuestionDeclined,
    Receipt,
    Receipts,
    Report,
    ShareUpload,
    WarningAnswered,
    Withdrawn,
)
from bavn.wire.messages.log import DrawsOpened, LogSeen
from bavn.wire.privacy import Message

COUNTS_AGE_DAYS_MAX: Final = 7
ZIP_BEGINS: Final = b"PK\x03\x04"
NOT_PLAIN: Final = Refused("not_plain", "the words hold what no screen should be given")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibilityContext:
    """What a check may ask: who says it, when it is, what rounds and questions there are."""

    actor: str
    now_us: int
    rounds: Rounds
    limits: InboxLimits
    asked: OpenQuestions = field(default_factory=NoQuestions)
    cases: CaseMembership = field(default_factory=NoCases)
    warnings: WarningsGiven = field(default_factory=NoWarnings)
    log: ShownCheckpoints = field(default_factory=NoLog)
    draws: OpenDraws = field(default_factory=NoDraws)


def implausible(message: Message, known: PlausibilityContext) -> Refused | None:
    """Why this cannot be; None if it can."""
    return _CHECKS[type(message)](message, known)


def tier_of(message: Message, rounds: Rounds) -> str:
    """The tier of the round a message belongs to; empty for one that belongs to none."""
    found = rounds.open_round(getattr(message, "round_id", ""))
    return found.params.tier if found else ""


def _share(message: ShareUpload, known: PlausibilityContext) -> Refused | None:
    round_open = _round(message.round_id, known)
    if isinstance(round_open, Refused):
        return round_open
    if known.now_us >= round_open.uploads_until_us:
        return Refused("too_late", "the round takes no more uploads")
    if message.registry_version != round_open.params.registry_version:
        return Refused(
            "registry_version", "the round is of registry version {version}", version=round_open.params.registry_version
        )
    planes = planes_from_bytes(round_open.params, message.planes)
    return planes if isinstance(planes, Refused) else None


def _receipts(message: Receipts, known: PlausibilityContext) -> Refused | None:
    round_open = _round(message.round_id, known)
    if isinstance(round_open, Refused):
        return round_open
    cells = {(tag.table, tag.bin) for tag in message.tags}
    if len(cells) != len(message.tags) or len(cells) > round_open.params.m:
        return Refused("cells", "a cell stands there twice, or more than M cells do")
    return next((fault for table, at in sorted(cells) if (fault := _cell(table, at, round_open.params))), None)


def _declined(message: Declined, known: PlausibilityContext) -> Refused | None:
    round_open = _round(message.round_id, known)
    return round_open if isinstance(round_open, Refused) else _cell(message.table, message.bin, round_open.params)


def _report(message: Report, known: PlausibilityContext) -> Refused | None:
    round_open = _round(message.round_id, known)
    if isinstance(round_open, Refused):
        return round_open
    if message.detector == canary.DETECTOR:
        return _cell(message.table, message.bin, round_open.params) or _as_canary(message, known)
    return (
        _cell(message.table, message.bin, round_open.params)
        or _outside(message.type, message.value)
        or _behaviour(message)
        or _hours(message.first_hour, message.last_hour, known.limits.report_age_hours_max, known)
    )


def _withdrawn(message: Withdrawn, _: PlausibilityContext) -> Refused | None:
    return _outside(message.type, message.value)


def _observation(message: Observation, known: PlausibilityContext) -> Refused | None:
    first, last = message.first_hour, message.last_hour
    if first is None or last is None:
        return None if first is last and message.count_bucket == 0 else Refused("hours", "met, and yet at no hour")
    if message.count_bucket == 0:
        return Refused("hours", "not met, and yet at some hour")
    return _hours(first, last, known.limits.observation_age_hours_max, known)


def _receipt(message: Receipt, _: PlausibilityContext) -> Refused | None:
    if message.state == "refused" and message.rule is None:
        return Refused("no_rule", "refused, and by no rule")
    return None


def _answered(message: QuestionAnswered, known: PlausibilityContext) -> Refused | None:
    refused = _question(message, known, "met")
    if refused is not None:
        return refused
    first, last, met = message.first_hour, message.last_hour, message.state == "met"
    if (first is None, last is None, message.count_bucket == 0) != (not met, not met, not met):
        return Refused("hours", "met and yet at no hour, or not met and yet at some")
    return _hours(first, last, known.limits.observation_age_hours_max, known) if first and last else None


def _radius(message: QuestionCounted, known: PlausibilityContext) -> Refused | None:
    """A number for each function that is spoken of here; how large it may be, the sum decides (cases/radius.py)."""
    if len(message.functions) != len(ENTRIES):
        return Refused("vocabulary", "not one number for each critical function")
    return _question(message, known, "hit")


def _question(
    message: QuestionAnswered | QuestionDeclined | QuestionCounted,
    known: PlausibilityContext,
    asks: Asks | None = None,
) -> Refused | None:
    question = known.asked.asked(message.question_id, known.actor, known.now_us)
    if question is None or asks not in (None, question.asks):
        return Refused("unknown_question", "the actor was not asked this, or the question is over")
    if message.number >= len(question.observables):
        return Refused("unknown_question", "the question names no such observable")
    return None


def _case_answered(message: CaseAnswered, known: PlausibilityContext) -> Refused | None:
    cases, actor = known.cases, known.actor
    return _words(message) or cases.may_answer(message.case_id, actor, message.task_id, message.act)


def _warning_answered(message: WarningAnswered, known: PlausibilityContext) -> Refused | None:
    warnings, actor = known.warnings, known.actor
    return _words(message) or warnings.may_answer(message.warning_id, actor, message.version, message.act)


def _words(message: CaseAnswered | WarningAnswered) -> Refused | None:
    if not is_plain(message.words):
        return NOT_PLAIN
    if message.act == "words" and not message.words.strip():
        return Refused("no_words", "words alone, and there are none")
    return None


def _nis2_noted(message: Nis2Noted, known: PlausibilityContext) -> Refused | None:
    """Of the actor whose message it is: nothing in it names another."""
    if not is_plain(message.why):
        return NOT_PLAIN
    at_us = message.minute * MINUTE_US
    if not known.now_us - AGE_DAYS_MAX * DAY_US <= at_us <= known.now_us + MINUTE_US:
        return Refused("nis2_time", "in the future, or more than {days} days ago", days=AGE_DAYS_MAX)
    correct = message.kind == "correction"
    return known.cases.may_note(message.case_id, known.actor, message.act, at_us, message.why, correct=correct)


def _case_evidence(message: CaseEvidence, known: PlausibilityContext) -> Refused | None:
    if not is_plain(message.words):
        return NOT_PLAIN
    if not message.content.startswith(ZIP_BEGINS):
        return Refused("no_zip", "what is attached is no zip file")
    return known.cases.may_attach(message.case_id, known.actor, len(message.content))


def _counts(message: Counts, known: PlausibilityContext) -> Refused | None:
    """A day that is over and not long past, and a number for each entry of the list that is spoken here."""
    if message.vocabulary != VOCABULARY:
        return Refused(
            "vocabulary", "counts by list {theirs}; {ours} is spoken here", theirs=message.vocabulary, ours=VOCABULARY
        )
    if (len(message.by_technique), len(message.blocked)) != (len(TECHNIQUES), len(BLOCKED)):
        return Refused("vocabulary", "not one number for each entry of the list")
    today = known.now_us // DAY_US
    if not today - COUNTS_AGE_DAYS_MAX <= message.day < today:
        return Refused(
            "counts_day", "a day that is not over, or over for more than {days} days", days=COUNTS_AGE_DAYS_MAX
        )
    return None


def _canary(message: CanaryProgress, known: PlausibilityContext) -> Refused | None:
    """The whole chain, each link once, in its order, of today's canary or yesterday's; what passed says how long."""
    if not canary.is_current(message.day, known.now_us):
        return Refused("canary_day", "neither today's nor yesterday's canary")
    if tuple(one.link for one in message.links) != tuple(canary.LINKS):
        return Refused("canary_chain", "not each link of the chain once, in its order")
    if any((one.took is None) == (one.state == "passed") for one in message.links):
        return Refused("canary_chain", "a link that passed says how long it took, and no other does")
    return None


def _log_seen(message: LogSeen, known: PlausibilityContext) -> Refused | None:
    """A cosignature is of a checkpoint that was shown, and the actor's own."""
    refused = None
    if message.cosignature:  # its moment counts, also where this centre's clock is behind
        stamp_s = message.minute * MINUTE_US // SECOND_US
        refused = known.log.may_cosign(known.actor, message.size, message.root, stamp_s, message.cosignature)
    if message.minute * MINUTE_US > known.now_us + MINUTE_US:
        return Refused("cosigned_ahead", "it was cosigned in the future")
    return refused


def _draws(message: DrawsOpened, known: PlausibilityContext) -> Refused | None:
    """Each value is what its upload committed to, opened for the entries that stand in the log."""
    ids = {opening.round_id for opening in message.openings}
    if len(ids) != len(message.openings):
        return Refused("draw_open", "a round stands there twice")
    found = (known.draws.may_open(known.actor, each.round_id, each.value, each.signature) for each in message.openings)
    return next((refused for refused in found if refused is not None), None)


def _as_canary(message: Report, known: PlausibilityContext) -> Refused | None:
    """A canary's report holds nothing but what follows from its day: there is no room in it for anything else."""
    day = canary.day_of(Observable.trusted(ObservableType(message.type), message.value))
    if day is None or not canary.is_current(day, known.now_us) or message.detector != canary.DETECTOR:
        return Refused("canary", "no canary of today or yesterday")
    fixed = (
        message.technique,
        message.p_bucket,
        message.hosts_bucket,
        message.first_hour,
        message.last_hour,
        message.period_bucket,
        message.regularity_bucket,
        message.walk_half_nats,
        message.age_bucket,
    ) == (canary.TECHNIQUE, p_bucket(canary.P), hosts_bucket(1), *[canary.hour(day)] * 2, *[None] * 4)
    return None if fixed else Refused("canary", "a canary that says something")


def _health(_: Health, __: PlausibilityContext) -> Refused | None:
    return None


_CHECKS: Final[Mapping[type[Message], Callable[[Any, PlausibilityContext], Refused | None]]] = MappingProxyType(
    {
        ShareUpload: _share,
        Receipts: _receipts,
        Declined: _declined,
        Report: _report,
        Withdrawn: _withdrawn,
        Observation: _observation,
        Receipt: _receipt,
        QuestionAnswered: _answered,
        QuestionDeclined: _question,
        QuestionCounted: _radius,
        CaseAnswered: _case_answered,
        CaseEvidence: _case_evidence,
        Nis2Noted: _nis2_noted,
        WarningAnswered: _warning_answered,
        Counts: _counts,
        Health: _health,
        CanaryProgress: _canary,
        LogSeen: _log_seen,
        DrawsOpened: _draws,
    }
)


def _round(round_id: str, known: PlausibilityContext) -> OpenRound | Refused:
    round_open = known.rounds.open_round(round_id)
    if round_open is None:
        return Refused("unknown_round", "no such round is open")
    if known.actor not in round_open.actors:
        return Refused("not_in_round", "the actor takes no part in this round")
    return round_open


def _cell(table: int, at: int, params: RoundParams) -> Refused | None:
    if table < params.r and at < params.bins:
        return None
    return Refused("cells", "a cell outside the round's planes")


def _outside(kind: str, value: str) -> Refused | None:
    try:
        observable = Observable(ObservableType(kind), value)
    except NotCanonical:
        return Refused("not_canonical", "the observable is not in its canonical form")
    if not is_external(observable):
        return Refused("internal", "the observable names something inside")
    if observable.type is ObservableType.DOMAIN and registered_domain(value) != value:
        return Refused("full_name", "a report names a registered domain, never a name below it")
    return None


def _behaviour(message: Report) -> Refused | None:
    """A chain is told of by one of its own steps, and its band holds the period that is reported."""
    if message.type != ObservableType.CHAIN.value:
        return None
    observable = Observable.trusted(ObservableType.CHAIN, message.value)
    if message.technique not in steps_of(observable):
        return Refused("behaviour", "the report's technique is no step of its chain")
    band, bucket = band_of(observable), message.period_bucket
    if band is not None and bucket is not None and bucket not in period_buckets_of(band):
        return Refused("behaviour", "the report's period lies outside its chain's band")
    return None


def _hours(first: int, last: int, age_hours_max: int, known: PlausibilityContext) -> Refused | None:
    now = hour_of(known.now_us)
    if not first <= last <= now + known.limits.ahead_hours_max:
        return Refused("hours", "hours in the wrong order or ahead of the clock")
    return Refused("hours", "more than {hours} hours ago", hours=age_hours_max) if first < now - age_hours_max else None
