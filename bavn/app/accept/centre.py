"""What the centre itself sees of an actor that is tested: is it let in, heard, in time, and does what it says arrive?

A look is values that were gathered; the figures follow from them. Refuses to reach the node: a node only ever calls.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bavn.app.accept.certificates import DAYS_LEFT_MIN
from bavn.app.accept.check import (
    Reading,
    Readings,
    at_least,
    at_most,
    must,
    not_applicable,
    not_tested,
    shown,
    value,
    yes,
)
from bavn.app.accept.clock import OFFSET_S_MAX
from bavn.app.config import CentreFile
from bavn.app.party_keys import PartyKeys
from bavn.app.real import SystemClock
from bavn.centre.inbox.open_items import open_items
from bavn.centre.members.registry import Registry
from bavn.centre.node.desk import Desk
from bavn.centre.node.rolling import RollOut
from bavn.model.heard import NodeHealth
from bavn.model.indicator import indicator_id
from bavn.model.member import CENTRE_NAME, ActorState
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import NotCanonical, Observable
from bavn.model.protocol import Measure, Outcome, Part, TestProtocol
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.outbox import Outbox

NAME: Final = "centre"
TITLE: Final = Text("The centre's side", "Centralens side")
CONTACT_S_MAX: Final = 900
QUEUE_MAX: Final = 100
SHARE_MIN: Final = 90
DAYS: Final = 7
PAGE: Final = 100
PAGES_MAX: Final = 30
_UNHEARD: Final = Text("its node has told nothing of itself", "dens node har intet fortalt om sig selv")
_NO_ROUNDS: Final = Text("no round that it was a member of has ended", "ingen runde, den var medlem af, er afsluttet")
_NO_DRILL: Final = Text("the node enforces nothing", "noden håndhæver intet")
TOLD: Final = ("enforced", "partly", "lifted")

MEASURES: Final[Mapping[str, Measure]] = {
    "let_in": must(Text("enrolled and let in", "indmeldt og lukket ind"), always=True),
    "certificate": at_least(Text("left of its certificate", "tilbage af dens certifikat"), DAYS_LEFT_MIN, "days",
                            always=True),
    "agreement": at_least(Text("left of its agreement", "tilbage af dens aftale"), 1, "days", always=True),
    "contact": at_most(Text("since it was last heard", "siden den sidst blev hørt"), CONTACT_S_MAX, "s", always=True),
    "clock": at_most(Text("its clock against ours, as it tells", "dens ur mod vores, som den fortæller"), OFFSET_S_MAX,
                     "s", always=True),
    "version": shown(Text("its version", "dens version")),
    "rounds": at_least(Text("rounds taken part in", "runder deltaget i"), SHARE_MIN, "%"),
    "quotas": must(Text("quotas let its messages in", "kvoter lukker dens meddelelser ind"), always=True),
    "inbox": at_most(Text("messages of its that wait here", "dens meddelelser, der venter her"), QUEUE_MAX,
                     always=True),
    "outbox": at_most(Text("messages to it that wait here", "meddelelser til den, der venter her"), QUEUE_MAX,
                      always=True),
    "drill": must(Text("told here of the drill's block", "fortalt her om øvelsens spærring")),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """``certificate_until_us``, ``agreement_until_day``: None for none. ``rounds``: those that ended with it as a
    member, and how many of them have its upload. ``shut``: kinds of messages that a quota of its own lets none of in.
    ``drill``: what it told of the drill, "" for nothing; None where there was no drill."""

    now_us: int
    state: ActorState | None
    certificate_until_us: int | None
    agreement_until_day: int | None
    health: NodeHealth | None
    rounds: tuple[int, int]
    shut: tuple[str, ...]
    inbox: int
    outbox: int
    drill: str | None


def part(look: Look) -> Part:
    """The centre's part, by its measures."""
    readings = Readings(MEASURES)
    readings.take(_readings(look))
    return Part(name=NAME, title=TITLE, figures=readings.figures())


def _readings(look: Look) -> Iterable[Reading]:
    today = look.now_us // DAY_US
    yield yes("let_in", is_so=look.state is ActorState.ACTIVE)
    until_us = look.certificate_until_us
    yield value("certificate", 0 if until_us is None else max(0, until_us - look.now_us) // DAY_US)
    yield value("agreement", 0 if look.agreement_until_day is None else max(0, look.agreement_until_day - today))
    if look.health is None:
        yield from (not_tested(key, _UNHEARD) for key in ("contact", "clock", "version"))
    else:
        yield value("contact", max(0, look.now_us - look.health.received_us) // SECOND_US)
        yield value("clock", abs(look.health.clock_skew_s))
        yield value("version", look.health.version)
    ended, uploaded = look.rounds
    yield value("rounds", uploaded * 100 // ended) if ended else not_applicable("rounds", _NO_ROUNDS)
    shut = ", ".join(look.shut)
    yield yes("quotas", is_so=not shut, reason=Text(shut, shut) if shut else None)
    yield value("inbox", look.inbox)
    yield value("outbox", look.outbox)
    if look.drill is None:
        yield not_applicable("drill", _NO_DRILL)
    else:
        said = look.drill or "nothing"
        yield yes("drill", is_so=look.drill in TOLD, reason=Text(said, look.drill or "intet"))


def look_at(
    actor: str, protocol: TestProtocol | None, *, file: CentreFile, registry: Registry, opened: RollOut, desk: Desk,
    book: Book,
) -> Look:  # fmt: skip
    """Gathers what the centre has of an actor. Raises UnknownParty."""
    stand, member = opened.stand(actor), registry.actor(actor)
    view = next((one for one in desk.members() if one.actor.name == actor), None)
    outbox = Outbox(book, CENTRE_NAME, PartyKeys(file.folder, "centre").message_key(), SystemClock())
    return Look(
        now_us=opened.now_us(), state=None if member is None else member.state,
        certificate_until_us=registry.valid_until().get(actor),
        agreement_until_day=None if stand.agreement is None else stand.agreement.until_day,
        health=None if view is None else view.health, rounds=_rounds(desk, actor, opened.now_us() - DAYS * DAY_US),
        shut=tuple(
            kind for kind, (quota, own) in sorted(registry.quotas(actor).items())
            if own and quota.messages_per_hour_max == 0
        ),
        inbox=open_items(book, actor), outbox=len(outbox.waiting(actor, messages_max=QUEUE_MAX + 1)),
        drill=_drill(desk, actor, protocol),
    )  # fmt: skip


def _rounds(desk: Desk, actor: str, since_us: int) -> tuple[int, int]:
    """Rounds since a moment that ended with the actor as a member, and those of them with its upload."""
    ended: Counter[str] = Counter()
    uploaded: Counter[str] = Counter()
    after: tuple[int, str] | None = None
    for _ in range(PAGES_MAX):
        page = desk.rounds(PAGE, after=after)
        for one in page:
            if one.round.opened_us < since_us:
                return taken_part(ended, uploaded)
            if one.round.ended_us is not None and actor in dict(one.round.members):
                ended[one.round.params.tier] += 1
                uploaded[one.round.params.tier] += actor in one.uploaded
        if len(page) < PAGE:
            break
        after = page[-1].round.opened_us, page[-1].round.id
    return taken_part(ended, uploaded)


def taken_part(ended: Mapping[str, int], uploaded: Mapping[str, int]) -> tuple[int, int]:
    """By tier to one figure: a tier in which the actor never uploaded is one that its policy leaves out, unless that
    goes for all of them."""
    tiers = [tier for tier in ended if uploaded.get(tier)] or list(ended)
    return sum(ended[tier] for tier in tiers), sum(uploaded.get(tier, 0) for tier in tiers)


def _drill(desk: Desk, actor: str, protocol: TestProtocol | None) -> str | None:
    """What the actor told this centre of the block that its protocol names."""
    found = None if protocol is None else protocol.part("protection")
    if found is None or found.outcome is Outcome.NOT_APPLICABLE:
        return None
    named = next((one.value for one in found.figures if one.key == "observable"), None)
    try:
        observable = Observable.of(*str(named).split(":", 1))
    except (NotCanonical, ValueError, TypeError):
        return ""
    told = desk.at_actors(indicator_id(observable))
    return next((one.state for one in told if one.actor == actor), "")
