"""Campaigns with nothing in common but how they behave: other domains and addresses at each victim."""

from dataclasses import replace

import pytest

from bavn.model.intel.behaviour import bands_of, chain
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.observable import Observable, ObservableType
from bavn.rehearsal.script import START_US, Script, Suspects, suspicion
from bavn.rehearsal.world import World
from bavn.traffic.names import invented_address
from bavn.traffic.sector import demo_sector
from bavn_lab.sim.attack import DEMO_HIT, demo_campaigns
from bavn_lab.sim.campaign import Linkage
from bavn_lab.sim.generate import story
from bavn_lab.sim.playing import senses

END_US = 1_795_532_400_000_000
PAIR = Observable.of("fp-pair", "1" * 32 + "+" + "2" * 32)
ACTORS = ("actor-a", "actor-b", "actor-c", "actor-d")


def own(place: int) -> tuple[Observable, ...]:
    return Observable.of("domain", f"kvist{place}-maler.net"), Observable.of("ip4", f"45.9.148.{place + 1}")


def shared_by_three(place: int) -> tuple[Observable, ...]:
    """The pair, and a chain whose period differs a little from victim to victim."""
    steps = ("T1046", "T1071")
    return PAIR, *(chain(steps, band) for band in bands_of(300.0 * (1.0 + 0.1 * place)))


@pytest.mark.slow
def test_only_the_same_pair_and_chain_at_three_victims_become_a_lead_and_nothing_else_is_told(disk) -> None:
    told = tuple(
        Suspects(
            START_US + place * MINUTE_US,
            name,
            (suspicion((*own(place), *(shared_by_three(place) if place < 3 else ())), 0.02, "10.1.1.9", START_US),),
        )
        for place, name in enumerate(ACTORS)
    )
    world = World(Script(seed=3, actors=ACTORS, suspects=told, steps=30), disk)
    heard = world.run()
    indicators = world.centre.centre.desk.indicators()
    receipts = {a.actor: (a.state, a.rule) for view in indicators for a in view.actors}
    audit = list(world.centre.centre.desk.audit_export())
    world.close()
    (lead,) = heard.leads
    assert set(lead.actors) == set(ACTORS[:3])
    common = set.intersection(*(set(shared_by_three(place)) for place in range(3)))
    assert {o.type for o in common} == {ObservableType.FP_PAIR, ObservableType.CHAIN}
    assert set(lead.observables) == common
    assert {sign.technique for sign in lead.signs} == {"T1071"}
    assert {view.kept.indicator.observable for view in indicators} == {PAIR}, "a chain cannot be released"
    assert {state for state, _ in receipts.values()} <= {"refused", "waiting"}, receipts
    assert any("partly-refused-by-gate" in line and "chain of techniques" in line for line in audit), audit
    for lines in heard.ledgers.values():
        assert not any('"kind":"Report"' in line and "kvist" in line for line in lines if '"passed"' in line)


@pytest.fixture
def world(disk):
    """The demo's sector, its campaign with a domain and an address of its own at each victim."""
    sector = demo_sector(1)
    (campaign,) = demo_campaigns(sector, 1, END_US)
    victims = tuple(
        replace(victim, domain=f"cdn.{name}", address=invented_address(name))
        for place, victim in enumerate(campaign.victims)
        for name in (f"tavle-{place}-lager.com",)
    )
    told = story(
        sector, 1, END_US - 8 * DAY_US, END_US, (replace(campaign, linkage=Linkage.FINGERPRINT, victims=victims),)
    )
    names = tuple(actor.name for actor in sector.actors)
    stores = {name: [] for name in names}
    made = World(
        Script(seed=1, actors=names, start_us=END_US, steps=30, releases=False),
        disk,
        register=sector.register,
        homes={actor.name: actor.homes for actor in sector.actors},
        senses={
            actor.name: senses(told, actor, disk / actor.name / "store", stores[actor.name])
            for actor in sector.actors
            if actor.sensor
        },
    )
    yield made
    made.close()
    for opened in stores.values():
        for store in opened:
            store.close()


@pytest.mark.slow
def test_from_records_to_a_lead_by_the_same_rare_fingerprints_alone(world) -> None:
    heard = world.run()
    by_pair = [lead for lead in heard.leads if lead.observables[0].type is ObservableType.FP_PAIR]
    assert by_pair, [(lead.rank, lead.score, [str(o) for o in lead.observables]) for lead in heard.leads]
    assert set(DEMO_HIT) <= set(by_pair[0].actors)
    assert not any("tavle-" in str(o) for lead in heard.leads for o in lead.observables)
