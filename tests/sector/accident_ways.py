"""Every way to a block, walked with the real functions for each entry of the set of accidents, in every spelling.

The centre's room of indicators with gate 3 and a share of its own, an actor's gate 4 with an enforcer that remembers. A
way is what of many observables it got through to a block.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.outfit import ProtectOutfit
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.protect import Protect
from bavn.app.process.warning_lists import warning_lists
from bavn.centre.cases.case.case import ElementFacts, LeadFacts, ReleaseTerms
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.indicators.indicator import IndicatorSettings, Life
from bavn.centre.cases.indicators.indicators import Bounds, Indicators
from bavn.centre.cases.indicators.upkeep import Upkeep
from bavn.centre.cases.policies import StandingPolicy
from bavn.centre.cases.sector_switch import SectorSwitch
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.inbox.read_list import read_list
from bavn.centre.inbox.read_misp import read_event
from bavn.centre.inbox.read_stix import read_stix
from bavn.centre.node.contained import Containment
from bavn.centre.node.protection import Protection
from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.outgoing_rules import ShareLimits
from bavn.centre.share.share import Share, ShareRequest
from bavn.centre.store.engine import open_engine
from bavn.model.failure import NoContainment
from bavn.model.intel.accidents import Accident
from bavn.model.intel.indicator import Indicator, Pap, Tlp, indicator_id
from bavn.model.intel.spelled import observable_of
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external, parents, registered_domain
from bavn.model.outcome import Refused
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, NotNow
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.model.sector.intel import Assumed, Claim
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.messages.catalogue import IndicatorReleased
from bavn.wire.partners.stix_indicator import bundle_of

Listed = Callable[[Observable], str | None]
NOW_US = 20_600 * DAY_US
ANNA, BO, CARL = account("anna"), account("bo"), account("carl")
AUTHOR = "identity--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5e"
FULL_WIDTH = str.maketrans({chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F) if chr(n) != "."})
STRONG = {
    "a person's own draft": {"score": 0.0, "groups": 0, "by_hand": True},
    "a lead of the sector": {"score": 90.0, "groups": 9},
    "a partner's word that a person released": {"score": 0.0, "groups": 0, "partners": 3},
    "a standing policy": {"score": 90.0, "groups": 9, "approved_by": "policy:policy-1"},
}
"""The best grounds that each way could ever have, with two people behind each."""


def spellings(entry: Accident) -> Iterator[str]:
    """How people, feeds and tools write it; what is above it, and below it where that is its own."""
    if not isinstance(entry.at, str):
        for address in {entry.at[0], entry.at[-1], entry.at[entry.at.num_addresses // 2]}:
            yield from _spelled_address(str(address), entry.at.version)
        return
    names = [entry.at, *(up for up in parents(entry.at) if registered_domain(up)), f"xn--bcher-kva.{entry.at}"]
    for name in names if entry.below else names[:-1]:
        yield from (name, name.upper(), f"{name}.", name.replace(".", "[.]"), name.replace(".", "\u3002"))
        yield from (
            name.translate(FULL_WIDTH),
            f"hxxps://{name}/a/b?c=d",
            f"https://anna@{name}:8443/",
            f"domain:{name}",
        )


def _spelled_address(address: str, version: int) -> Iterator[str]:
    if version == 4:
        yield from (address, address.replace(".", "[.]"), f"{address}:443", f"hxxp://{address}/x", f"::ffff:{address}")
    else:
        yield from (address, address.upper(), f"https://[{address}]/")


def meant(text: str) -> set[Observable]:
    """What each reader of the centre makes of a text: a person's draft, a list, MISP's event, a STIX bundle."""
    named: set[Observable] = set()
    with suppress(NotCanonical):
        named.add(observable_of(text))
    misp_type = "url" if "://" in text else "ip-dst" if text[0].isdigit() or ":" in text else "domain"
    stix_type = {"url": "url", "ip-dst": "ipv4-addr", "domain": "domain-name"}[misp_type]
    attribute = {"type": misp_type, "value": text, "to_ids": True, "uuid": "5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5f"}
    event = {"Event": {"uuid": AUTHOR.partition("--")[2], "info": "x", "Attribute": [attribute]}}
    stix = {
        "type": "indicator",
        "id": "indicator--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5f",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "pattern_type": "stix",
        "pattern": f"[{stix_type}:value = '{text}']",
        "valid_from": "2026-01-01T00:00:00Z",
    }
    pieces = (
        read_list(text, Assumed()),
        read_event(json.loads(json.dumps(event)), Assumed()),
        read_stix([stix], Assumed()),
    )
    for piece in pieces:
        if not isinstance(piece, Refused):
            named |= {offer.what.observable for offer in piece.offers if isinstance(offer.what, Claim)}
    return named


def observables_of(entry: Accident) -> set[Observable]:
    """All that the spellings of an entry mean, as long as it can be blocked at all: names inside cannot."""
    named = {observable for text in spellings(entry) for observable in meant(text)}
    return {observable for observable in named if is_external(observable)}


class _Everybody:
    def active(self) -> list[str]:
        return ["east", "north"]

    def is_active(self, name: str) -> bool:
        return name in self.active()


class _Closing:
    book: Book

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.book.close()


class Centre(_Closing):
    """The room of indicators, gate 3 and what leaves, as they stand at a centre."""

    def __init__(self) -> None:
        self.engine, self.clock, self.book = open_engine("sqlite://"), SimClock(NOW_US), Book()
        listed = lambda one: tuple(name for name, _ in warning_lists().of(one))  # noqa: E731  as build.py hands it in
        self.indicators = Indicators(self.engine, self.clock, IndicatorSettings(), Bounds(listed=listed))
        self.cases = Cases(self.engine, self.clock)
        self.share = Share(
            engine=self.engine,
            book=self.book,
            key=Ed25519PrivateKey.from_private_bytes(b"c" * 32),
            clock=self.clock,
            sector="test",
            recipients=_Everybody(),
            limits=ShareLimits(score_block_min=7.0, days_max=90),
        )
        self.protection = Protection(
            cases=self.cases,
            indicators=self.indicators,
            upkeep=Upkeep(self.indicators, self.cases.policies),
            switch=SectorSwitch(self.engine, self.clock),
            share=self.share,
            clock=self.clock,
            active=_Everybody().active,
            group_of=str,
            marked=lambda _: None,
            contained=Containment(NoContainment(), self.engine),
        )

    def __exit__(self, *_: object) -> None:
        self.book.close()
        self.engine.dispose()

    def out(self) -> set[Observable]:
        """What left for the actors, to block."""
        self.protection.step()
        kept = self.share.deliveries.every()
        return {one.indicator.observable for one in kept if one.live and one.indicator.pap >= Pap.GREEN}

    def drafted(self, observable: Observable) -> Life:
        """Of a person's own knowledge, in review."""
        life = self.indicators.draft(observable, ANNA, "a feed names it", technique="T1071")
        return self.indicators.act(life.id, LifeAct.REVIEW, ANNA, "look")

    def does(self, life: Life, act: LifeAct, user: str, *, read: bool = False) -> bool:
        """Whether a person's step was taken."""
        try:
            self.indicators.act(life.id, act, user, "why", read=read)
        except (NotAllowed, NotNow):
            return False
        return True

    def gate(self, observable: Observable, way: str, read_by: tuple[str, ...] = ()) -> Refused | None:
        """Gate 3 alone, on the best grounds that a way could have."""
        plain = {"listed": (), "approved_by": "anna", "people": ("anna", "bo"), "read_by": read_by}
        request = ShareRequest(
            observable=observable,
            case_id="case-00000000000000aa",
            technique="T1071",
            tlp=Tlp.AMBER,
            pap=Pap.CLEAR,
            days=30,
            confidence=90,
            grounds=Grounds(**plain | STRONG[way]),  # type: ignore[arg-type]
        )
        indicator = self.share._indicator(request, NOW_US)
        return self.share._refused_for_all(indicator, request.grounds, ["east"])


def by_hand(observables: list[Observable]) -> set[Observable]:
    """Two people who act as two always could: nobody reads, then one of them does."""
    with Centre() as centre:
        for observable in observables:
            life = centre.drafted(observable)
            centre.does(life, LifeAct.RELEASE, BO)
            centre.does(life, LifeAct.APPROVE, BO)
            centre.does(life, LifeAct.RELEASE, ANNA)
            centre.does(life, LifeAct.APPROVE, BO, read=True)
            centre.does(life, LifeAct.RELEASE, BO, read=True)
            centre.does(life, LifeAct.RELEASE, CARL)
        return centre.out()


def _lead(observables: list[Observable], **evidence: object) -> LeadFacts:
    plain = {"score": 90.0, "groups": 9, "listed": False}
    return LeadFacts(
        lead_id=f"lead-{1:016x}",
        score=90.0,
        technique="T1071",
        actors=9,
        first_hour=NOW_US // HOUR_US,
        first_report_us=NOW_US,
        lead_us=NOW_US,
        elements=tuple(ElementFacts(observable, **plain | evidence) for observable in observables),  # type: ignore[arg-type]
    )


def by_case(observables: list[Observable], **evidence: object) -> set[Observable]:
    """A case that one person confirms and another releases, to be blocked."""
    with Centre() as centre:
        case = centre.cases.open(_lead(observables, **evidence))
        centre.cases.act(case.id, CaseAct.CONFIRM, ANNA, "seen")
        centre.cases.act(case.id, CaseAct.RELEASE, BO, "go", ReleaseTerms(days=30, pap=Pap.GREEN, tlp=Tlp.AMBER))
        left = centre.out()
        lives = centre.indicators.of_case(case.id)
        return left | {life.observable for life in lives if life.state is LifeState.RELEASED}


def by_two_who_read(observables: list[Observable]) -> set[Observable]:
    """Two people who both read the words."""
    with Centre() as centre:
        for observable in observables:
            life = centre.drafted(observable)
            centre.does(life, LifeAct.APPROVE, BO, read=True)
            centre.does(life, LifeAct.RELEASE, ANNA, read=True)
        return centre.out()


def by_policy(observables: list[Observable]) -> set[Observable]:
    """The widest standing policy that anybody can write, which two people approved."""
    with Centre() as centre:
        policy = StandingPolicy(
            name="everything",
            types=tuple(sorted({observable.type.value for observable in observables})),
            score_min=0.0,
            groups_min=2,
            blocks_per_day_max=10_000,
            indicator_days=30,
            until_us=NOW_US + 30 * DAY_US,
        )
        proposed = centre.cases.policies.propose(policy, ANNA)
        centre.cases.policies.approve(proposed.id, BO)
        centre.cases.open(_lead(observables))
        return centre.out()


@dataclass
class Remembering:
    """An enforcer that carries everything and keeps what it was told last."""

    name: str = "remembering"
    carries: frozenset[ObservableType] = frozenset(ObservableType)
    holds: set[Observable] = field(default_factory=set)

    def enforce(self, blocks: object) -> None:
        self.holds = {block.observable for block in blocks}  # type: ignore[attr-defined]


class Actor(_Closing):
    """Gate 4 and what is in force behind it, at an actor that bounds nothing. ``own_list``: its never-block list."""

    def __init__(self, own_list: str, listed: Listed | None = None) -> None:
        self.enforcer, self.book = Remembering(), Book()
        outfit = ProtectOutfit(
            clock=SimClock(NOW_US),
            policy=ProtectPolicy(blocks_per_hour_max=100_000, blocks_max=1_000_000),
            never=NeverBlock.of(own_list, "own"),
            listed=listed,
            enforcers=Enforcers((self.enforcer,), ()),
        )
        self.protect = Protect(Ledger(self.book), outfit)
        self.protect.start()

    def hears(self, observables: list[Observable]) -> set[Observable]:
        """What is in force once a centre, honest or not, released all of these to be blocked."""
        bundles = [bundle_of(_indicator(one), created_by=AUTHOR, created_us=NOW_US) for one in observables]
        self.protect.receive([IndicatorReleased(bundle=bundle) for bundle in bundles])
        return self.enforcer.holds

    def approves(self, observables: list[Observable]) -> set[Observable]:
        """What is in force once a person approved each."""
        for observable in observables:
            self.protect.approve(indicator_id(observable), "anna")
        return self.enforcer.holds


def _indicator(observable: Observable) -> Indicator:
    return Indicator(
        id=indicator_id(observable),
        version=NOW_US,
        observable=observable,
        tlp=Tlp.AMBER,
        pap=Pap.CLEAR,
        confidence=100,
        valid_from_us=NOW_US,
        valid_until_us=NOW_US + 30 * DAY_US,
        case_id="case-00000000000000aa",
        technique="T1071",
    )


def released(own_list: str, observables: list[Observable], listed: Listed | None) -> set[Observable]:
    """A centre, honest or not, released all; nobody at the actor did a thing."""
    with Actor(own_list, listed) as actor:
        return actor.hears(observables)


def unasked(
    observables: list[Observable], one_each: list[Observable], listed: Listed | None = None
) -> dict[str, set[Observable]]:
    """Way -> what it got through to a block (or out of the centre) although nobody, or one person, read a word.
    ``one_each``: one of each entry, for the way that takes people many steps; ``listed``: the actor's warning lists."""
    with Centre() as centre:
        through = {f"gate 3: {way}": {one for one in observables if centre.gate(one, way) is None} for way in STRONG}
        one_read = {one for one in observables if centre.gate(one, "a lead of the sector", ("anna",)) is None}
        partner = {"groups": 0, "partners": 3, "pap_max": int(Pap.CLEAR)}
        return through | {
            "gate 3: one person read": one_read,
            "drafted by hand": by_hand(one_each),
            "a lead's elements, in a case": by_case(observables),
            "a feed's or partner's claims, in a case": by_case(observables, **partner),
            "the widest standing policy": by_policy(observables),
            "gate 4: released by a centre": released(shipped_text(), observables, listed),
            "gate 4: an actor with an empty list": released("", observables, listed),
        }
