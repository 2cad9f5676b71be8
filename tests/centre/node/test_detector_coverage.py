"""Who could have seen what: each blind spot by its own name, and the sentence behind a claim."""

import pytest
from sqlalchemy import insert

from bavn.centre.books.canaries import Chain, ChainLinkAt
from bavn.centre.desk.detector_coverage import REASONS, behind, behind_technique, coverage_of_actors
from bavn.centre.desk.participation import TookPart, took_part
from bavn.centre.desk.views import MemberView
from bavn.centre.members.tables import CERTIFICATE
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.received import NodeHealth
from bavn.model.sector.canary import LINKS, Link
from bavn.model.sector.coverage import SIGHTS, TECHNIQUES
from bavn.model.sector.functions import Role
from bavn.model.sector.member import Actor, ActorState
from bavn.wire.book import Book
from tests.centre.conftest import SqliteDatabases
from tests.centre.node.conftest import Sector

NOW_US = 20_000 * DAY_US + 12 * HOUR_US


def member(name="north", state=ActorState.ACTIVE, **health):
    plain = {
        "item_id": "i",
        "actor": name,
        "version": "1",
        "sensor": "up",
        "capture_loss_permille": 0,
        "clock_skew_s": 0,
        "queue_messages": 0,
        "last_round": None,
        "received_us": NOW_US - MINUTE_US,
        "records": ("flow", "dns"),
    }
    told = None if health.get("none") else NodeHealth(**plain | health)
    return MemberView(Actor(name=name, kind="region", group=name, x=1, state=state), told, Role())


def chain(day=20_000, **states):
    links = tuple(
        ChainLinkAt(link=Link(link=name, state=states.get(name, "passed")), passed_us=None, took=None) for name in LINKS
    )
    return Chain(actor="north", day=day, run=1, told_us=NOW_US, named_us=None, links=links)


CASES = [
    (member(), None, None, "beacon", "sees"),
    (member(), None, None, "signature", "no-records"),
    (member(records=None), None, None, "beacon", "not-told"),
    (member(state=ActorState.INVITED), None, None, "beacon", "no-node"),
    (member(none=True), None, None, "beacon", "never-heard"),
    (member(received_us=NOW_US - HOUR_US), None, None, "beacon", "silent"),
    (member(sensor="down"), None, None, "beacon", "sensor-down"),
    (member(sensor="none"), None, None, "beacon", "no-sensor"),
    (member(problems=("source-silent",)), None, None, "beacon", "source-silent"),
    (member(capture_loss_permille=11), None, None, "beacon", "loss"),
    (member(), TookPart(10, 0, None), None, "beacon", "no-rounds"),
    (member(), TookPart(10, 9, 1), None, "beacon", "sees"),
    (member(), None, chain(detect="failed"), "beacon", "chain"),
    (member(), None, chain(block="failed"), "beacon", "sees"),
    (member(), None, chain(day=19_000, detect="failed"), "beacon", "sees"),
    (member(), None, chain(), "beacon", "sees"),
]


@pytest.mark.parametrize(("one", "took", "way", "detector", "code"), CASES, ids=range(len(CASES)))
def test_each_blind_spot_has_its_own_name(one, took, way, detector, code) -> None:
    given = ({} if took is None else {"north": took}), ({} if way is None else {"north": way})
    (eye,) = coverage_of_actors([one], *given, NOW_US)
    assert eye.by(detector) == code
    assert code in REASONS


def test_the_sentence_behind_a_claim_counts_those_who_could_and_says_why_others_could_not() -> None:
    seeing = coverage_of_actors(
        [
            member("a"),
            member("b"),
            member("c", sensor="none"),
            member("d", none=True),
            member("gone", state=ActorState.REVOKED),
        ],
        {},
        {},
        NOW_US,
    )
    said = behind(seeing, ["beacon", "signature"])
    assert (said.actors, said.could) == (4, 2)
    assert dict(said.against) == {"never-heard": 1, "no-sensor": 1}
    assert said.says.en == "Of 4 actors, 2 could have seen this."
    assert said.says.da == "Af 4 aktører kunne 2 have set dette."
    unseen = behind(seeing, ["nobody-knows-it"])
    assert (unseen.could, unseen.says.en) == (0, "Of 4 actors, none is known to have been able to see this.")
    assert behind(seeing, ["nobody-knows-it"], ("d",)).could == 1, "who saw it could"
    assert behind_technique(seeing, "T1568.002").could == 2
    assert {name for name in TECHNIQUES if behind_technique(seeing, name).could} < set(TECHNIQUES)
    assert set(SIGHTS)


@pytest.mark.slow
def test_a_round_that_still_takes_uploads_and_the_first_quarter_of_an_hour_are_not_held_against_anybody(
    strong_tier,
) -> None:
    """What made every actor of a young sector a blind spot."""
    sector = Sector(
        {name: name for name in ("east", "north", "south")}, SqliteDatabases().new(), Book(), None, strong_tier
    )
    sector.nodes["south"].asleep = True
    sector.centre.step()
    assert took_part(sector.engine, 0) == {}, "it is open: nobody has missed it"
    for _ in range(8):
        sector.wait(15)
    part = took_part(sector.engine, 0)
    assert (part["east"].rounds, part["east"].uploaded) == (1, 1)
    assert (part["south"].rounds, part["south"].uploaded) == (1, 0)
    row = {
        "fingerprint": "f",
        "actor": "south",
        "issued_us": sector.clock.now_us() - MINUTE_US,
        "not_before_us": 0,
        "not_after_us": 1,
    }
    with sector.engine.begin() as tx:
        tx.execute(insert(CERTIFICATE).values(**row))
    assert "south" not in took_part(sector.engine, 0), "its node is being set up"
    sector.close()
