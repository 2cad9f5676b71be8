"""The demo's campaign through the whole house without packets: real stores, detectors, doors and centre."""

import pytest

from bavn.model.evidence import alert_line
from bavn.model.moment import DAY_US
from bavn.rehearsal.script import Script
from bavn.rehearsal.world import World
from bavn.traffic.sector import demo_sector
from bavn_lab.sim.attack import DEMO_HIT, DEMO_LAST_WEEK
from bavn_lab.sim.generate import story
from bavn_lab.sim.playing import senses

END_US = 1_795_532_400_000_000
HIT_FROM_US = END_US - 8 * DAY_US


@pytest.fixture
def world(disk):
    told = story(demo_sector(1), 1, HIT_FROM_US, END_US)
    names = tuple(actor.name for actor in told.sector.actors)
    stores = {name: [] for name in names}
    made = World(
        Script(seed=1, actors=names, start_us=END_US, steps=30),
        disk,
        register=told.sector.register,
        homes={actor.name: actor.homes for actor in told.sector.actors},
        senses={
            actor.name: senses(told, actor, disk / actor.name / "store", stores[actor.name])
            for actor in told.sector.actors
            if actor.sensor
        },
    )
    yield made, told
    made.close()
    for opened in stores.values():
        for store in opened:
            store.close()


@pytest.mark.slow
def test_three_weak_sights_become_lead_one_and_a_fourth_learns_it_was_there_last_week(world) -> None:
    made, told = world
    (campaign,) = told.campaigns
    evil = {victim.domain.split(".", 1)[1] for victim in campaign.victims}
    heard = made.run()
    assert heard.settled
    for name in DEMO_HIT:
        ranks = [
            entry.rank
            for entry in made.nodes[name].known.ranked()
            if any(observable.value in evil for observable in entry.suspicion.observables)
        ]
        assert ranks, f"{name} does not suspect it at all"
        assert min(ranks) > alert_line(told.sector.actor(name).host_count), name
    lead = heard.leads[0]
    assert evil & {observable.value for observable in lead.observables}
    assert set(DEMO_HIT) <= set(lead.actors)
    for name in made.nodes:
        assert any(text.removeprefix("domain:") in evil for text in heard.blocks[name]), name
    desk = made.centre.centre.desk
    met = {
        sighting.actor
        for view in desk.indicators()
        if view.kept.indicator.observable.value in evil
        for sighting in desk.deliveries.sightings(view.kept.indicator.id)
        if sighting.kind == "retro" and sighting.count_bucket > 0
    }
    assert met == {*DEMO_HIT, DEMO_LAST_WEEK}
