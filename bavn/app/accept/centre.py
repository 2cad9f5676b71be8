"""What the centre itself sees of an actor that is tested: is it let in, heard, in time, and does what it says arrive?

A look is values that were gathered; the figures follow from them. Refuses to reach the node: a node only ever calls.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bavn.actor.door.policy import DoorPolicy
from bavn.app.accept.check import (
    UNTESTED,
    Reading,
    Readings,
    at_least,
    at_most,
    must,
    none_of,
    not_applicable,
    not_tested,
    shown,
    value,
    yes,
)
from bavn.app.config.load import CentreFile
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock
from bavn.centre.desk.agreements import Agreements
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.views import RoundSummary
from bavn.centre.inbox.open_items import open_items
from bavn.centre.members.registry import Registry, UnknownActor
from bavn.model.health import (
    ACCEPTED_CLOCK_OFF_S_MAX,
    ACCEPTED_QUEUE_MAX,
    CERTIFICATE_DAYS_MIN,
    NODE_SILENT_S,
    ROUNDS_PERCENT_MIN,
)
from bavn.model.intel.indicator import indicator_id
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import NotCanonical, Observable
from bavn.model.received import NodeHealth
from bavn.model.sector.acceptance_protocol import Measure, Outcome, Part, TestProtocol
from bavn.model.sector.member import CENTRE_NAME, ActorState
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.outbox import Outbox

NAME: Final = "centre"
TITLE: Final = Text("The centre's side")
DAYS: Final = 7
KEYS_ROUNDS: Final = 10
"""So that keys that were mended are not held against an actor for days."""
PAGE: Final = 100
PAGES_MAX: Final = 30
_UNHEARD: Final = Text("its node has told nothing of itself")
FEW: Final = DoorPolicy().members_min
"""A round with fewer members is one that no node takes part in unless its actor says so."""
_NO_ROUNDS: Final = Text("no round that it was a member of has ended")
_ALL_SMALL: Final = Text("all rounds had fewer members than a node's policy asks for")
_NO_UPLOAD: Final = Text("it uploaded to no round")
_NO_DRILL: Final = Text("the node enforces nothing")
_NO_PROTOCOL: Final = Text("no protocol was given, so no drill is named here")
TOLD: Final = ("enforced", "partly", "lifted")
SAID: Final = {
    "": Text("nothing"),
    "enforced": Text("enforced"),
    "partly": Text("partly enforced"),
    "lifted": Text("lifted"),
    "refused": Text("refused"),
    "waiting": Text("waiting"),
}
_LINK: Final = Text("The actor looks at its node and its line: bavn node health")
_QUEUES: Final = Text("The centre's operator: bavn centre members")
ACTS: Final[Mapping[str, Text]] = {
    "": _LINK,
    UNTESTED: _LINK,
    "let_in": Text("The centre's operator: bavn centre members, then invite or member resume"),
    "certificate": Text("The actor's node renews by itself; else the centre invites it anew"),
    "agreement": Text("The centre has the actor sign: bavn centre rollout sign"),
    "clock": Text("The actor's operator keeps the node's clock by NTP (chrony)"),
    "rounds": Text("The actor's operator: bavn node ledger --refused says which rounds it missed and why"),
    "keys": Text(
        "The actor and the key holders compare: their addresses, pins and the group's mode; it meets nobody till then"
    ),
    "quotas": Text("The centre's operator raises it in the console, on the page Members"),
    "inbox": _QUEUES,
    "outbox": _LINK,
    "drill": Text("The actor looks at its door's policy and queue: bavn node ledger"),
}


def measures() -> Mapping[str, Measure]:
    """Key -> measure. What the centre counts as silent is silent here too."""
    return {
        "let_in": must(Text("enrolled and let in"), always=True),
        "certificate": at_least(Text("left of its certificate"), CERTIFICATE_DAYS_MIN, "days", always=True),
        "agreement": at_least(Text("left of its agreement"), 1, "days", always=True),
        "contact": at_most(Text("since it was last heard"), NODE_SILENT_S, "s", always=True),
        "clock": at_most(
            Text("its clock against ours, as it tells"),
            ACCEPTED_CLOCK_OFF_S_MAX,
            "s",
            always=True,
        ),
        "version": shown(Text("its version")),
        "rounds": at_least(Text("rounds taken part in"), ROUNDS_PERCENT_MIN, "%"),
        "keys": none_of(Text("of its last 10 rounds, those with other keys than the rest")),
        "quotas": must(Text("quotas let its messages in"), always=True),
        "inbox": at_most(Text("messages of its that wait here"), ACCEPTED_QUEUE_MAX, always=True),
        "outbox": at_most(Text("messages to it that wait here"), ACCEPTED_QUEUE_MAX, always=True),
        "drill": must(Text("told here of the drill's block")),
    }


@dataclass(frozen=True, slots=True)
class Rounds:
    """Of rounds that ended with an actor as a member: how many count, to how many of them it uploaded, how many had too
    few members to count, and in how many of its last KEYS_ROUNDS its keys were not those of the others."""

    ended: int = 0
    uploaded: int = 0
    small: int = 0
    other_keys: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreSurvey:
    """``certificate_until_us``, ``agreement_until_day``: None for none. ``shut``: kinds of messages that a quota of its
    own lets none of in. ``given``: a protocol is there. ``drill``: what it told of the drill, "" for nothing; None for
    no drill."""

    now_us: int
    state: ActorState | None
    certificate_until_us: int | None
    agreement_until_day: int | None
    health: NodeHealth | None
    rounds: Rounds
    shut: tuple[str, ...]
    inbox: int
    outbox: int
    drill: str | None
    given: bool = True


def part(survey: CentreSurvey) -> Part:
    """The centre's part, by its measures."""
    readings = Readings(measures(), ACTS)
    readings.take(_readings(survey))
    return Part(name=NAME, title=TITLE, figures=readings.figures())


def _readings(survey: CentreSurvey) -> Iterable[Reading]:
    today = survey.now_us // DAY_US
    yield yes("let_in", is_so=survey.state is ActorState.ACTIVE)
    until_us = survey.certificate_until_us
    yield value("certificate", 0 if until_us is None else max(0, until_us - survey.now_us) // DAY_US)
    yield value("agreement", 0 if survey.agreement_until_day is None else max(0, survey.agreement_until_day - today))
    if survey.health is None:
        yield from (not_tested(key, _UNHEARD) for key in ("contact", "clock", "version"))
    else:
        yield value("contact", max(0, survey.now_us - survey.health.received_us) // SECOND_US)
        yield value("clock", abs(survey.health.clock_skew_s))
        yield value("version", survey.health.version)
    yield from _of_rounds(survey.rounds)
    shut = ", ".join(survey.shut)
    yield yes("quotas", is_so=not shut, reason=Text.plain(shut) if shut else None)
    yield value("inbox", survey.inbox)
    yield value("outbox", survey.outbox)
    if survey.drill is None:
        yield not_applicable("drill", _NO_DRILL if survey.given else _NO_PROTOCOL)
    else:
        told = SAID.get(survey.drill) or Text.plain(survey.drill)
        yield yes("drill", is_so=survey.drill in TOLD, reason=told)


def _of_rounds(met: Rounds) -> Iterable[Reading]:
    if met.ended:
        yield value(
            "rounds",
            met.uploaded * 100 // met.ended,
            Text(
                "{uploaded} of {ended}; {small} more had too few members",
                uploaded=met.uploaded,
                ended=met.ended,
                small=met.small,
            ),
        )
    else:
        yield not_applicable("rounds", _ALL_SMALL if met.small else _NO_ROUNDS)
    yield value("keys", met.other_keys) if met.uploaded else not_applicable("keys", _NO_UPLOAD)


def survey(
    actor: str,
    protocol: TestProtocol | None,
    *,
    file: CentreFile,
    registry: Registry,
    agreements: Agreements,
    desk: Desk,
    book: Book,
) -> CentreSurvey:
    """Gathers what the centre has of an actor. Raises UnknownActor."""
    member, agreement, now_us = registry.actor(actor), agreements.agreement(actor), SystemClock().now_us()
    if member is None:
        raise UnknownActor(Text("no actor is called {name}", name=repr(actor[:60])))
    view = next((one for one in desk.members() if one.actor.name == actor), None)
    outbox = Outbox(book, CENTRE_NAME, PartyKeys(file.folder, "centre").message_key(), SystemClock())
    return CentreSurvey(
        now_us=now_us,
        state=member.state,
        certificate_until_us=registry.valid_until().get(actor),
        agreement_until_day=None if agreement is None else agreement.until_day,
        health=None if view is None else view.health,
        rounds=_rounds(desk, actor, now_us - DAYS * DAY_US),
        shut=tuple(
            kind
            for kind, (quota, own) in sorted(registry.quotas(actor).items())
            if own and quota.messages_per_hour_max == 0
        ),
        inbox=open_items(book, actor),
        outbox=len(outbox.waiting(actor, messages_max=ACCEPTED_QUEUE_MAX + 1)),
        drill=_drill(desk, actor, protocol),
        given=protocol is not None,
    )


def _rounds(desk: Desk, actor: str, since_us: int) -> Rounds:
    summaries: list[RoundSummary] = []
    after: tuple[int, str] | None = None
    for _ in range(PAGES_MAX):
        page = desk.rounds(PAGE, after=after)
        summaries += [one for one in page if one.round.opened_us >= since_us]
        if len(page) < PAGE or page[-1].round.opened_us < since_us:
            break
        after = page[-1].round.opened_us, page[-1].round.id
    return counted(summaries, actor)


def counted(summaries: Iterable[RoundSummary], actor: str) -> Rounds:
    """Of those that ended with the actor as a member, the newest first. A round that is too small and has no upload of
    its is no round missed: an actor's policy refuses it."""
    ended: Counter[str] = Counter()
    uploaded: Counter[str] = Counter()
    small = other = 0
    for summary in summaries:
        x = summary.round.x_of(actor)
        if summary.round.ended_us is None or x is None:
            continue
        took, tier = actor in summary.uploaded, summary.round.params.tier
        if not took and len(summary.round.members) < FEW:
            small += 1
            continue
        ended[tier] += 1
        uploaded[tier] += took
        other += (
            took and sum(uploaded.values()) <= KEYS_ROUNDS and any(x in group for group in summary.round.key_groups[1:])
        )
    return Rounds(*taken_part(ended, uploaded), small, other)


def taken_part(ended: Mapping[str, int], uploaded: Mapping[str, int]) -> tuple[int, int]:
    """By tier to one figure: a tier in which the actor never uploaded is one that its policy leaves out, unless that
    goes for all of them."""
    tiers = [tier for tier in ended if uploaded.get(tier)] or list(ended)
    return sum(ended[tier] for tier in tiers), sum(uploaded.get(tier, 0) for tier in tiers)


def _drill(desk: Desk, actor: str, protocol: TestProtocol | None) -> str | None:
    """What the actor told this centre of the block that its protocol names."""
    protection = None if protocol is None else protocol.part("protection")
    if protection is None or protection.outcome is Outcome.NOT_APPLICABLE:
        return None
    named = next((figure.value for figure in protection.figures if figure.key == "observable"), None)
    try:
        observable = Observable.of(*str(named).split(":", 1))
    except (NotCanonical, ValueError, TypeError):
        return ""
    told = desk.deliveries.at_actors(indicator_id(observable))
    return next((actor_state.state for actor_state in told if actor_state.actor == actor), "")
