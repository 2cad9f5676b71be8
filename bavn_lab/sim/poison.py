"""A hostile actor's best attempts, played in a small sector: what each does, and what came of it.

Four honest actors share a campaign, or one of them weakly suspects a harmless supplier; one or two hostile ones do what
the attempt says. Refuses to judge the outcome: tests/sector/test_poisoning.py and docs/threat-model.md do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.score import weigh
from bavn.centre.correlate.tier import Tier
from bavn.centre.desk.desk import Desk
from bavn.model.observable import Observable
from bavn.model.sector.lead import Lead
from bavn.model.suspicion import Suspicion
from bavn.rehearsal.hostile import LiarMemory, Lie
from bavn.rehearsal.script import START_US, Script, Suspects, suspicion
from bavn.rehearsal.world import World
from bavn.wire.messages.catalogue import Receipts, Report, ShareUpload, Withdrawn
from bavn.wire.privacy import Message

HONEST: Final = ("north", "south", "east", "west")
EVIL: Final = "evil"
CAMPAIGN: Final = Observable.of("domain", "cdn-sync-hub.net")
SUPPLIER: Final = Observable.of("domain", "hospital-supplier.dk")
TIERS: Final = (
    Tier(name="A", m=40, r=6, every_s=300, upload_s=120, wave_s=60, reveal_s=900),
    Tier(name="B", t=3, m=40, r=6, every_s=900, upload_s=120, wave_s=60, reveal_s=900, sign_days=3),
)
STEPS: Final = 18
WEAK, STRONG, ABSURD = 0.003, 0.001, 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """``does`` in one sentence. ``suspects``: actor -> what its node is made to suspect. ``lies``: actor -> what it
    says in place of its node. ``groups``: actors that share one. ``releases``: whether the analyst
    releases every case, unread."""

    name: str
    does: str
    suspects: Mapping[str, Sequence[Suspicion]]
    lies: Mapping[str, Callable[[], Lie]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    releases: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of the campaign and of the supplier: rank and score of the lead (None: no lead), whether it is a case, whether it
    is blocked anywhere. ``campaign_without``: its score without the hostile actor (None: nobody hostile is in it);
    ``supplier_honest``: what honest reports alone would weigh. ``quarantined``: cells. ``withdrawn``: lines in the
    audit log. ``turned_away``: what of the hostile actors' words was, by rule."""

    campaign_rank: int | None
    campaign_score: float | None
    campaign_without: float | None
    supplier_score: float | None
    supplier_honest: float | None
    supplier_case: bool
    supplier_blocked: bool
    campaign_blocked: bool
    quarantined: int
    withdrawn: int
    turned_away: Mapping[str, int]


def suspect(observable: Observable, p: float, host: str, **other: object) -> Suspicion:
    """A beacon to one observable; ``other`` replaces fields."""
    return replace(suspicion((observable,), p, host, START_US), **other)  # type: ignore[arg-type]


def invented(number: int) -> Observable:
    """A domain that nobody else has."""
    return Observable.of("domain", f"made-up-{number}.com")


# --- lies -----------------------------------------------------------------------------------------------------------


def names_another(message: Message, _: LiarMemory) -> Sequence[Message]:
    """Names the supplier where its node names the campaign."""
    if isinstance(message, Report) and message.value == CAMPAIGN.value:
        return (message.model_copy(update={"value": SUPPLIER.value}),)
    return (message,)


def copies_receipts(message: Message, memory: LiarMemory) -> Sequence[Message]:
    """Gives receipts that it was shown by others, or made up ones before it has seen any."""
    if isinstance(message, Receipts):
        copied = memory.tags[-1] if memory.tags else "5a" * 16
        return (message.model_copy(update={"tags": tuple(t.model_copy(update={"tag": copied}) for t in message.tags)}),)
    return (message,)


def says_absurd_p(message: Message, _: LiarMemory) -> Sequence[Message]:
    """Gives the strongest evidence there is for all it reports."""
    return (
        (message.model_copy(update={"p_bucket": 15, "hosts_bucket": 0}),) if isinstance(message, Report) else (message,)
    )


def belittles(message: Message, _: LiarMemory) -> Sequence[Message]:
    """Reports the campaign as weak and as wide as can be."""
    return (
        (message.model_copy(update={"p_bucket": 0, "hosts_bucket": 3}),) if isinstance(message, Report) else (message,)
    )


def replays() -> Lie:
    """Says with each upload all of its old reports over again."""

    def lie(message: Message, heard: LiarMemory) -> Sequence[Message]:
        old = [said for said in heard.said if isinstance(said, Report)] if isinstance(message, ShareUpload) else []
        return (message, *old[-20:])

    return lie


def flip_flops(message: Message, _: LiarMemory) -> Sequence[Message]:
    """Takes back each report as soon as it was given; the next round it gives it again."""
    if isinstance(message, Report):
        return (message, Withdrawn(type=message.type, value=message.value))
    return (message,)


def silent_at_reveal(message: Message, _: LiarMemory) -> Sequence[Message]:
    """Takes part in every round and never answers."""
    return () if isinstance(message, Receipts | Report) else (message,)


# --- attempts -------------------------------------------------------------------------------------------------------


def _campaign(*more: str) -> dict[str, tuple[Suspicion, ...]]:
    """Three honest actors suspect the campaign, and those named here too."""
    return {name: (suspect(CAMPAIGN, STRONG, f"10.9.1.{n}"),) for n, name in enumerate((*HONEST[:3], *more))}


def attempts() -> tuple[Attempt, ...]:
    """All of them, the control first."""
    control = Attempt(name="nobody hostile", does="The control: the campaign at three.", suspects=_campaign())
    return (control, *_claims(), *_in_the_round(), *_in_reports())


def _claims() -> tuple[Attempt, ...]:
    """A supplier is to be blocked."""
    lonely = {"north": (suspect(SUPPLIER, WEAK, "10.9.1.1"),)}
    return (
        Attempt(
            name="claims a supplier",
            does="Claims, beyond doubt, a supplier that one honest actor weakly suspects.",
            suspects=lonely | {EVIL: (suspect(SUPPLIER, ABSURD, "10.9.3.1"),)},
            lies={EVIL: lambda: says_absurd_p},
        ),
        Attempt(
            name="claims a supplier, read by a person",
            does="The same, and the analyst reads before releasing.",
            suspects=lonely | {EVIL: (suspect(SUPPLIER, ABSURD, "10.9.3.1"),)},
            lies={EVIL: lambda: says_absurd_p},
            releases=False,
        ),
        Attempt(
            name="claims a supplier alone",
            does="Claims a supplier that nobody else suspects.",
            suspects={EVIL: (suspect(SUPPLIER, ABSURD, "10.9.3.1"),)},
        ),
        Attempt(
            name="two accounts of one group",
            does="Two accounts of one group claim the supplier.",
            suspects={name: (suspect(SUPPLIER, ABSURD, "10.9.3.1"),) for name in (EVIL, "evil-2")},
            groups={EVIL: "one", "evil-2": "one"},
            lies={EVIL: lambda: says_absurd_p, "evil-2": lambda: says_absurd_p},
        ),
    )


def _in_the_round() -> tuple[Attempt, ...]:
    """The campaign is to go missing, or to become something else, while actors join."""
    flood = tuple(suspect(invented(n), ABSURD, f"10.9.2.{n}") for n in range(200))
    return (
        Attempt(
            name="floods tier A",
            does="Claims 200 inventions beyond doubt, to push the campaign out of the round.",
            suspects=_campaign() | {EVIL: flood},
        ),
        Attempt(
            name="copies receipts",
            does="Holds the campaign and gives receipts copied from others.",
            suspects=_campaign(EVIL),
            lies={EVIL: lambda: copies_receipts},
        ),
        Attempt(
            name="false p",
            does="Joins in with evidence that it does not have.",
            suspects=_campaign() | {EVIL: (suspect(CAMPAIGN, STRONG, "10.9.3.1"),)},
            lies={EVIL: lambda: says_absurd_p},
        ),
        Attempt(
            name="names another value",
            does="Holds the campaign and names the supplier for its cells.",
            suspects=_campaign(EVIL),
            lies={EVIL: lambda: names_another},
        ),
    )


def _in_reports() -> tuple[Attempt, ...]:
    """What is said of the campaign afterwards."""
    return (
        Attempt(
            name="replays old reports",
            does="Says its old reports over again in every later round.",
            suspects=_campaign(EVIL),
            lies={EVIL: replays},
        ),
        Attempt(
            name="belittles",
            does="Reports the campaign as weak and harmlessly wide, to bury it.",
            suspects=_campaign(EVIL),
            lies={EVIL: lambda: belittles},
        ),
        Attempt(
            name="flip-flops",
            does="Takes its report back as soon as it was given, round after round.",
            suspects=_campaign(EVIL),
            lies={EVIL: lambda: flip_flops},
        ),
        Attempt(
            name="silent at the reveal",
            does="Shows in every hit and never answers.",
            suspects=_campaign(EVIL),
            lies={EVIL: lambda: silent_at_reveal},
        ),
    )


def play(attempt: Attempt, folder: Path, seed: int = 1) -> Outcome:
    """Half an hour of the sector with this attempt in it; the analyst releases whatever becomes a case."""
    actors = (*HONEST, *(name for name in attempt.suspects if name not in HONEST))
    told = tuple(Suspects(START_US, name, tuple(given)) for name, given in attempt.suspects.items())
    world = World(
        Script(seed=seed, actors=actors, steps=STEPS, suspects=told, tiers=TIERS, releases=attempt.releases),
        folder,
        groups=dict(attempt.groups),
        liars={name: make() for name, make in attempt.lies.items()},
    )
    try:
        story = world.run()
        return _outcome(world, story.leads, story.blocks)
    finally:
        world.close()


def _outcome(world: World, leads: Sequence[Lead], blocks: Mapping[str, Sequence[str]]) -> Outcome:
    desk = world.centre.centre.desk
    found = {observable: lead for lead in reversed(leads) for observable in lead.observables}
    campaign, supplier = found.get(CAMPAIGN), found.get(SUPPLIER)
    hostile = {name for name in world.nodes if name.startswith(EVIL)}
    everywhere = {text for mine in blocks.values() for text in mine}
    turned: dict[str, int] = {}
    for summary in desk.rounds(1000):
        for actor, rule, times in summary.turned_away:
            if actor in hostile:
                turned[rule] = turned.get(rule, 0) + times
    for line in world.ledgers()["centre"].lines(gate="inbox", verdict="refused", limit=10_000):
        if line.peer in hostile:
            turned[line.rule] = turned.get(line.rule, 0) + 1
    return Outcome(
        campaign_rank=None if campaign is None else campaign.rank,
        campaign_score=None if campaign is None else campaign.score,
        campaign_without=_without(desk, campaign, hostile),
        supplier_score=None if supplier is None else supplier.score,
        supplier_honest=_honest(supplier, hostile, world.clock.now_us()),
        supplier_case=any(SUPPLIER in {one.observable for one in case.facts.elements} for case in desk.cases.every()),
        supplier_blocked=str(SUPPLIER) in everywhere,
        campaign_blocked=str(CAMPAIGN) in everywhere,
        quarantined=len(desk.quarantine()),
        withdrawn=sum(
            '"act":"report-withdrawn"' in line or '"act": "report-withdrawn"' in line for line in desk.audit_export()
        ),
        turned_away=turned,
    )


def _without(desk: Desk, lead: Lead | None, hostile: set[str]) -> float | None:
    """The lowest score without one hostile actor; None where no lead is left then, or nobody hostile is in it."""
    if lead is None:
        return None
    left = [one.score for one in desk.lead(lead.id).without if one.actor in hostile and one.rank is not None]
    return min(left, default=None)


def _honest(lead: Lead | None, hostile: set[str], now_us: int) -> float | None:
    """What the supplier's honest reports alone would weigh, lead or not; None where there are none."""
    signs = (
        [] if lead is None else [one for one in lead.signs if one.observable == SUPPLIER and one.actor not in hostile]
    )
    return weigh(SUPPLIER, signs, Context(now_us=now_us)).score if signs else None
