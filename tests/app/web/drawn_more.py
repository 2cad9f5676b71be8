"""What a drawn sector has beside its cases: drafts and reviews, standing policies, partners with credentials, sources
and what they claim, questions to the sector, counts, a suspended member, documents.
All of it by the books that people use."""

from pathlib import Path

from bavn.app.centre.publish_parts import publishing_of
from bavn.app.web.sac.context import SacContext
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.intelligence.proposals import ReceivedClaim
from bavn.centre.cases.policies import StandingPolicy
from bavn.centre.desk.counts import keep_counts
from bavn.centre.desk.membership import Membership
from bavn.centre.desk.rollout import Rollout
from bavn.centre.publish.document import Kind
from bavn.centre.publish.edit import Change
from bavn.centre.publish.threat import Level, Threat
from bavn.centre.share.misp_runs import MispRuns
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.received import Counted, Replied
from bavn.model.sector.case import CaseState
from bavn.model.sector.indicator_life import LifeAct
from bavn.model.sector.intel import Claim, Source
from bavn.model.sector.partner import Inward, Outward, Partner
from bavn.model.sector.tally import BLOCKED, TECHNIQUES, VOCABULARY
from bavn.model.text import Text
from tests.app.web.drawn_sector import ACTORS, ANNA, BO

CLAIMED = tuple(Observable.of("domain", f"c{n}.parked-host.net") for n in range(1, 9))
REVIEWED = Observable.of("domain", "login-portal-check.com")


def add(house: SacContext, folder: Path) -> None:
    """Everything below, once."""
    indicators(house)
    policies(house)
    partners(house)
    sources(house, folder)
    questions(house)
    counts(house)
    members(house)
    publications(house)


def indicators(house: SacContext) -> None:
    """One draft, one that waits for a second person, one that was found wrong and withdrawn."""
    lives = house.desk.indicator_book
    given = {"technique": "T1566.002", "producers": ("source:c2-list",)}
    lives.draft(Observable.of("ip4", "185.77.3.9"), ANNA, "a partner named it", technique="T1071.001")
    life = lives.draft(REVIEWED, ANNA, "a phishing page that looks like ours", **given)
    lives.act(life.id, LifeAct.REVIEW, ANNA, "ready to look at")
    wrong = lives.draft(Observable.of("domain", "shop-front-news.com"), BO, "seen in a list", **given)
    lives.act(wrong.id, LifeAct.REVIEW, BO, "ready")
    lives.act(wrong.id, LifeAct.APPROVE, ANNA, "agreed")
    lives.act(wrong.id, LifeAct.RELEASE, BO, "go")
    lives.found_wrong(wrong.id, ANNA, "a supplier's shop")
    lives.act(wrong.id, LifeAct.WITHDRAW, ANNA, "a supplier's shop")


def policies(house: SacContext) -> None:
    """One in force, one that waits."""
    until_us = house.clock.now_us() + 90 * DAY_US
    given = {"score_min": 12.0, "groups_min": 3, "types": ("domain", "ip4"), "blocks_per_day_max": 10}
    made = house.desk.cases.policies.propose(
        StandingPolicy(name="Clear command channels", indicator_days=30, until_us=until_us, **given), ANNA
    )
    house.desk.cases.policies.approve(made.id, BO)
    house.desk.cases.policies.propose(
        StandingPolicy(name="Names at many", indicator_days=14, until_us=until_us, **given), BO
    )


def partners(house: SacContext) -> None:
    """A national centre both ways, and one whose agreement has ended."""
    now_us = house.clock.now_us()
    house.partners.add(
        Partner(
            name="cert-nord",
            kind="national",
            title="Cert Nord",
            added_us=now_us,
            until_us=now_us + 365 * DAY_US,
            out=Outward(tlp_max=Tlp.AMBER, collections=("released",)),
            inward=Inward(trust=80, tlp_max=Tlp.AMBER, may_block=True),
        ),
        ANNA,
    )
    house.credentials.token("cert-nord", ANNA)
    MispRuns(house.book, house.clock).note("nord", "push", "centre", {"added": 2, "updated": 1, "emptied": 0})
    house.partners.add(
        Partner(name="old-list", kind="list", title="An old list", added_us=now_us, until_us=now_us + 9 * DAY_US), BO
    )
    house.partners.end("old-list", BO, "its keeper has gone")


def sources(house: SacContext, folder: Path) -> None:
    """Two sources, what they claim, and what people made of it."""
    books, now_us = house.intelligence, house.clock.now_us()
    place = folder / "list.csv"
    place.write_text("c1.parked-host.net\n")
    books.sources.add(Source(name="nord-feed", kind="list", place=str(place), partner="cert-nord"), ANNA)
    books.sources.add(Source(name="c2-list", kind="list", place=str(place), trust=40, pap=Pap.AMBER), ANNA)
    heard = [
        ReceivedClaim(
            name,
            f"{at:064x}",
            Claim(observable=named, tlp=Tlp.GREEN, pap=Pap.GREEN, confidence=70, technique="T1071.001", about="c2"),
            now_us - at * HOUR_US,
        )
        for name, claimed in (("nord-feed", CLAIMED), ("c2-list", CLAIMED[:3]))
        for at, named in enumerate(claimed)
    ]
    books.proposals.take_in(heard)
    books.proposals.met([(CLAIMED[0], "region-nord", "sighting", now_us // HOUR_US)])
    books.proposals.dismiss(CLAIMED[7], BO, "a shop of ours")


def questions(house: SacContext) -> None:
    """One answered by some, one that waits for a second person."""
    kept, now_us = house.desk.questions, house.clock.now_us()
    asked = kept.ask(
        [CLAIMED[0], CLAIMED[1]], sorted(ACTORS), ANNA, why="A partner saw it", since_us=now_us - 30 * DAY_US
    )
    kept.approve(asked.id, BO)
    for actor in ACTORS:
        kept.sent(asked.id, actor)
    hour = now_us // HOUR_US
    for actor, state in (("region-nord", "met"), ("region-syd", "not_met"), ("clinic-west", "declined")):
        for number in (0, 1):
            met = state == "met" and number == 0
            kept.heard(
                Replied(
                    item_id="i",
                    actor=actor,
                    question_id=asked.id,
                    number=number,
                    state="not_met" if state == "met" and not met else state,
                    count_bucket=2 if met else 0,
                    first_hour=hour - 40 if met else None,
                    last_hour=hour - 30 if met else None,
                    days=0 if state == "declined" else 30,
                    received_us=now_us,
                )
            )
    kept.ask([REVIEWED], ["region-nord", "region-syd"], ANNA, why="Is it met here?", since_us=now_us - 7 * DAY_US)


def counts(house: SacContext) -> None:
    """Four actors told of three days."""
    today = house.clock.now_us() // DAY_US
    for at, actor in enumerate(sorted(ACTORS)[:4]):
        for back in (1, 2, 3):
            keep_counts(
                house.desk.engine,
                Counted(
                    item_id="i",
                    actor=actor,
                    day=today - back,
                    vocabulary=VOCABULARY,
                    epsilon_milli=1000,
                    cell_max=100,
                    by_technique=tuple((n * 7 + at) % 13 for n in range(len(TECHNIQUES))),
                    blocked=tuple(4 + at for _ in BLOCKED),
                    received_us=house.clock.now_us(),
                ),
            )


def members(house: SacContext) -> None:
    """One is suspended, one is invited; of two it is known where they lie."""
    membership = Membership(house.registry, house.enrolment, house.roles, house.clock)
    membership.invite("clinic-south", ANNA, kind="clinic")
    membership.suspend("data-agency", ANNA, "its node was stolen")
    for one, at in (("nord", "north"), ("syd", "south")):
        Rollout(house.registry, house.clock).change(f"region-{one}", ANNA, "as it is", region=at)


def publications(house: SacContext) -> None:
    """A forecast as data made it, a brief that Anna edited, and a level that Bo set."""
    publishing = publishing_of(house.file, house.desk)
    for case in house.desk.cases.every():
        if case.state in (CaseState.CONFIRMED, CaseState.RELEASED):
            marking = Marking(tlp=Tlp.GREEN, rsit="malicious-code/infected-system", techniques=("T1071.001",))
            house.desk.files.mark(case.id, BO, marking, "may be told of")
    publishing.judgements.set_level(Threat.ESPIONAGE, Level.HIGH, BO, "two partners warn")
    publishing.draft(Kind.FORECAST)
    made = publishing.draft(Kind.BRIEF)
    change = Change(place="overview/1", text=Text.written("A quiet month.", da="En stille måned."), after=True)
    publishing.editions.edit(made.id, change, ANNA, "says what it comes to")
