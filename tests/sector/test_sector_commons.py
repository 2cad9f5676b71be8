"""The commons in a whole sector with a key holder: bad networks and deaths cost nobody its day's answer."""

import pytest

from bavn.actor.door.policy import DoorPolicy
from bavn.centre.correlate.tier import CommonsSettings
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.psi import commons_terms
from bavn.psi.element import element_bytes
from bavn.psi.ordinary import Ordinary, OrdinaryType
from bavn.rehearsal.network import Faults
from bavn.rehearsal.script import CENTRE, START_US, Death, Script, holder_name
from bavn.rehearsal.world import World

pytestmark = pytest.mark.slow
ACTORS = ("east", "north", "south", "west")
CDN = Observable.of("domain", "cdn-everywhere.net")
ALERT = Ordinary.of(OrdinaryType.ALERT, "1:2010935")
DAY = START_US // DAY_US
MINUTE_US = 60_000_000


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(commons_terms, "SIZES", (40, 100))


def played(folder, *, deaths=(), networks=(), policies=None, steps=40):
    def life(name):
        mine = [CDN, ALERT, Observable.of("domain", f"own-{name}.net")]
        return lambda most, _, left_out: [one for one in mine if not left_out(one)][:most]

    script = Script(
        seed=3,
        actors=ACTORS,
        steps=steps,
        deaths=deaths,
        networks=networks,
        commons=CommonsSettings(m=40, upload_s=1200),
    )
    world = World(script, folder, ordinary={name: life(name) for name in ACTORS}, policies=policies or {})
    return world, world.run()


def known(world, name, kind):
    days = world.nodes[name].door.commons.table.of([element_bytes(kind)]).get(element_bytes(kind))
    return None if days is None else days.bucket(DAY)


def test_a_sector_learns_what_is_ordinary_and_the_key_holder_sees_one_request_more_of_each(tmp_path) -> None:
    world, result = played(tmp_path)
    try:
        assert result.settled
        for name in ACTORS:
            assert (known(world, name, CDN), known(world, name, ALERT)) == (1, 1)
            assert known(world, name, Observable.of("domain", f"own-{name}.net")) == 0
        asked = [
            line for line in result.ledgers[holder_name(1)] if commons_terms.TIER in line and '"PartAsked"' in line
        ]
        assert len(asked) == len(ACTORS)
    finally:
        world.close()


def test_bad_networks_and_deaths_cost_nobody_its_answer(tmp_path) -> None:
    deaths = tuple(
        Death(START_US + minute * MINUTE_US, who, questions)
        for minute, who, questions in (
            (1, "north", 3),
            (2, CENTRE, 9),
            (3, holder_name(1), 2),
            (4, "north", 5),
            (6, CENTRE, 4),
        )
    )
    networks = tuple((name, Faults(request_lost=0.2, answer_lost=0.2, doubled=0.2)) for name in ACTORS[:2])
    world, result = played(tmp_path, deaths=deaths, networks=networks)
    try:
        assert result.deaths >= 3
        assert [known(world, name, CDN) for name in ACTORS] == [1] * 4
    finally:
        world.close()


def test_off_at_one_actor_it_says_nothing_and_the_others_go_on(tmp_path) -> None:
    world, result = played(tmp_path, policies={"west": DoorPolicy(join_commons=False)})
    try:
        assert [known(world, name, CDN) for name in ACTORS] == [1, 1, 1, None]
        assert not [line for line in result.ledgers["west"] if '"ShareUpload"' in line and commons_terms.TIER in line]
        assert world.nodes["west"].door.commons.days.newest() == []
    finally:
        world.close()
