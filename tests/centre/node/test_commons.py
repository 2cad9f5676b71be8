"""A day's commons round between real doors and a real centre: opened, shared, answered, kept, and nothing named."""

import pytest

from bavn.centre.correlate.round_state import Phase
from bavn.centre.correlate.tier import CommonsSettings
from bavn.centre.node.config import CentreConfig, CentreLimits
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.psi import commons
from bavn.psi.element import element_bytes
from bavn.psi.ordinary import Ordinary, OrdinaryType
from tests.centre.node.conftest import NOW_US, WEAK

DAY = NOW_US // DAY_US
CDN = Observable.of("domain", "cdn-everywhere.net")
ALERT = Ordinary.of(OrdinaryType.ALERT, "1:2010935")
RARE = Observable.of("domain", "only-two-know.net")
NAMES = {"north": "a", "south": "b", "west": "c", "east": "d"}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Rounds of 40 elements: a size class costs seconds a round."""
    monkeypatch.setattr(commons, "SIZES", (40, 100))


@pytest.fixture
def sector(make_sector):
    return sector_of(make_sector)


def sector_of(make_sector, names=NAMES, **settings):
    config = CentreConfig(
        limits=CentreLimits(rank_every_s=1.0),
        tiers=(WEAK,),
        commons=CommonsSettings(m=40, upload_s=600.0, **settings),
    )
    made = make_sector(names, config=config)
    for place, node in enumerate(made.nodes.values()):
        node.ordinary = [CDN, ALERT, Observable.of("domain", f"own-{node.name}.net")]
        node.ordinary += [RARE] if place < 2 else []
    return made


def known(node, kind):
    """How many groups know it by each day's answer: bucket by day."""
    days = node.door.commons.table.of([element_bytes(kind)]).get(element_bytes(kind))
    return {} if days is None else {days.day - back: one for back, one in enumerate(days.buckets) if one != 0xFF}


def commons_rounds(sector):
    return [one.round for one in sector.desk.rounds(50, tier=commons.TIER)]


def test_a_node_learns_of_its_own_elements_how_many_groups_know_them_and_nobody_a_name(sector) -> None:
    sector.run()
    for node in sector.nodes.values():
        assert known(node, CDN) == known(node, ALERT) == {DAY: 1}
        assert known(node, Observable.of("domain", f"own-{node.name}.net")) == {DAY: 0}
        (day,) = node.door.commons.days.newest()
        assert (day.state, day.elements, day.groups, day.known["3"]) == ("answered", len(node.ordinary), 4, 2)
        lines = list(node.door.ledger.newest(200))
        assert [(line.way, line.rule) for line in lines if line.kind == "CommonsAnswered"] == [("in", "")]
        assert not {"Report", "Receipts", "Declined"} & {line.kind for line in lines}
    assert known(sector.nodes["east"], RARE) == known(sector.nodes["north"], RARE) == {DAY: 0}
    (round_,) = commons_rounds(sector)
    assert round_.phase is Phase.CLOSED
