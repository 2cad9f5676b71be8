import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable, ObservableType, is_external, registered_domain
from bavn.traffic.dice import SeededDice
from bavn.traffic.names import invented_address, invented_name
from bavn.traffic.scene import polling, working
from bavn.traffic.sector import Kind, Role, demo_sector, sector
from bavn_lab.sim.attack import demo_campaigns, drawn
from bavn_lab.sim.campaign import Linkage, Way, contacts
from bavn_lab.sim.generate import SpanRefused, generate, planned, story
from bavn_lab.sim.habits import HABITS

END_US = 1_795_532_400_000_000  # Tuesday 24 November 2026, 15:00 UTC


def small(tmp_path, seed=1, hours=6, stretch_hours=2, scale=0.1):
    return generate(
        demo_sector(seed, scale), seed, END_US - hours * HOUR_US, END_US, tmp_path, stretch_hours=stretch_hours
    )


def test_the_same_seed_gives_the_same_bytes_in_chronological_files(tmp_path) -> None:
    one, again, other = (small(tmp_path / name, seed, hours=2) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert one == again
    for written in (f for actor in one["actors"] for f in actor["files"]):
        assert (tmp_path / "a" / written["path"]).read_bytes() == (tmp_path / "b" / written["path"]).read_bytes()
    assert (tmp_path / "a/truth.json").read_bytes() == (tmp_path / "b/truth.json").read_bytes()
    assert {f["sha256"] for a in one["actors"] for f in a["files"]}.isdisjoint(
        f["sha256"] for a in other["actors"] for f in a["files"]
    )
    made = small(tmp_path)
    assert [actor["name"] for actor in made["actors"] if not actor["files"]] == ["klinik"]
    for actor in made["actors"]:
        edges = [edge for f in actor["files"] for edge in (f["first_us"], f["last_us"])]
        assert edges == sorted(edges)
        assert all(made["start_us"] <= edge < made["end_us"] for edge in edges)
        assert actor["planted"].get("flows", 0) == sum(n for app, n in actor["planted"].items() if app != "flows")
    assert json.loads((tmp_path / "manifest.json").read_text()) == made


@pytest.mark.slow
def test_how_the_span_is_cut_changes_no_campaign(tmp_path) -> None:
    whole, pieces = (small(tmp_path / str(n), stretch_hours=n) for n in (6, 1))
    truths = [json.loads((tmp_path / str(n) / "truth.json").read_text()) for n in (6, 1)]
    assert truths[0] == truths[1]
    assert len(pieces["actors"][0]["files"]) == 6 * len(whole["actors"][0]["files"])


@pytest.mark.parametrize("span", [(5, 5), (10, 5), (-1, 5), (0, 61 * DAY_US)])
def test_a_span_that_cannot_be_is_refused(tmp_path, span) -> None:
    with pytest.raises(SpanRefused, match="up to 60 days"):
        generate(demo_sector(1), 1, *span, tmp_path)


@pytest.mark.slow
def test_every_habit_shows_somewhere_and_keeps_to_its_scene() -> None:
    told = story(demo_sector(1), 1, END_US - 8 * DAY_US, END_US)
    seen = Counter()
    for actor in (told.sector.actors[0], told.sector.actors[4]):
        for day in range(8):
            scene = told.scene(actor, END_US - (day + 1) * DAY_US, END_US - day * DAY_US)
            for habit in HABITS:
                for batch in habit(scene):
                    seen[habit.__name__] += len(batch)
                    if len(batch):
                        assert batch.t_us.min() >= scene.start_us
                        assert batch.t_us.max() < scene.end_us + 12 * HOUR_US  # a late poll is played late
    assert {habit.__name__ for habit in HABITS} == {name for name, count in seen.items() if count > 0}


def test_rhythms() -> None:
    told = story(demo_sector(1), 1, END_US - 8 * DAY_US, END_US)
    scene = told.scene(told.sector.actors[0], END_US - 8 * DAY_US, END_US)
    desks = scene.hosts(Role.DESK)
    times, _ = working(scene, "x", desks, 10.0)
    local = times // HOUR_US + 1
    weekend = (local // 24 + 3) % 7 >= 5
    weekdays = 6 * len(desks) * 10
    assert 0.85 * weekdays < len(times[~weekend]) < 1.15 * weekdays
    assert len(times[weekend]) < 0.1 * len(times)
    assert np.mean((local % 24 >= 7) & (local % 24 < 16)) > 0.85
    polls, hosts = polling(scene, "y", desks, 3600, 0.1)
    assert len(polls) == len(desks) * 8 * 24
    one = np.sort(polls[hosts == desks[0]])
    assert abs(np.diff(one) - HOUR_US).max() <= 0.1 * HOUR_US
    assert len(working(scene, "z", desks[:0], 5.0)[0]) == len(polling(scene, "z", desks[:0], 5.0, 0)[0]) == 0


@given(st.integers(0, 2**32))
def test_invented_names_and_addresses_are_outside_and_belong_to_nobody(seed) -> None:
    name = invented_name(SeededDice(seed), "com", telemetry=bool(seed % 2))
    assert is_external(Observable.of(ObservableType.DOMAIN, f"cdn.{name}"))
    assert registered_domain(f"cdn.{name}") == name
    address = invented_address(name)
    dotted = ".".join(str(byte) for byte in address.to_bytes(4, "big"))
    assert is_external(Observable.address(dotted))


def test_actors_share_no_homes_and_the_demo_hits_three_weakly() -> None:
    made = sector(3, tuple((f"actor-{n}", list(Kind)[n % 4], 40) for n in range(100)))
    for what in ("homes", "vendors"):
        everything = [item for actor in made.actors for item in getattr(actor, what)]
        assert len(set(everything)) == len(everything)
    hosts = [host for actor in made.actors for role in actor.hosts.values() for host in role]
    assert len(set(hosts)) == len(hosts)
    with pytest.raises(ValueError, match="each name once"):
        sector(1, (("a", Kind.REGION, 5), ("a", Kind.REGION, 5)))
    with pytest.raises(KeyError):
        made.actor("nobody")
    made = demo_sector(1)
    (campaign,) = demo_campaigns(made, 1, END_US)
    weak = [victim for victim in campaign.victims if victim.role == "weak"]
    (last_week,) = [victim for victim in campaign.victims if victim.role == "last-week"]
    assert len({victim.actor for victim in campaign.victims}) == 4
    assert all(len(contacts(campaign, victim, 1)) >= 8 for victim in weak)
    assert 1 <= len(contacts(campaign, last_week, 1)) < 8
    assert contacts(campaign, last_week, 1).max() < END_US - 5 * DAY_US
    for victim in weak:
        begins = contacts(campaign, victim, 1).min()
        assert begins > END_US - 3 * DAY_US
    assert not made.actor("klinik").sensor


def test_drawn_campaigns_keep_scorings_odds() -> None:
    made = sector(1, tuple((f"actor-{n}", Kind.REGION, 20) for n in range(15)))
    all_drawn = [drawn(made, SeededDice(n, "drawn"), str(n), END_US - 8 * DAY_US, END_US) for n in range(600)]
    hit = Counter(len(campaign.victims) for campaign in all_drawn)
    for size, weight in zip((2, 3, 4, 6), (0.25, 0.35, 0.25, 0.15), strict=True):
        assert abs(hit[size] / 600 - weight) < 0.06
    waits = [campaign.victims[1].start_us - campaign.victims[0].start_us for campaign in all_drawn]
    assert abs(np.mean([wait <= HOUR_US for wait in waits]) - 0.40) < 0.06
    assert abs(np.mean([wait <= DAY_US for wait in waits]) - 0.75) < 0.06
    for campaign in all_drawn:
        domains, addresses, stacks = (
            {getattr(victim, what) for victim in campaign.victims} for what in ("domain", "address", "stack")
        )
        several = len(campaign.victims)
        assert len(domains) == (1 if campaign.linkage is Linkage.DOMAIN else several)
        if campaign.linkage is Linkage.ADDRESS:
            assert len(addresses) == 1
        if campaign.linkage is Linkage.FINGERPRINT:
            assert len(addresses) == several
            assert len(stacks) == 1
        assert len({victim.actor for victim in campaign.victims}) == several


@settings(max_examples=20)
@given(st.sampled_from(list(Way)), st.integers(0, 1000))
def test_a_campaign_is_the_same_whatever_stretch_is_played(way, seed) -> None:
    from dataclasses import replace

    made = demo_sector(1, 0.1)
    (campaign,) = demo_campaigns(made, seed, END_US)
    campaign = replace(campaign, way=way)
    told = story(made, seed, END_US - 8 * DAY_US, END_US, (campaign,))
    victim = campaign.victims[0]
    actor = made.actor(victim.actor)
    edge = END_US - 36 * HOUR_US
    meets = {"beacon": victim.address, "dns-tunnel": actor.server("resolver")}

    def times(start_us, end_us):
        from bavn_lab.sim.campaign import played

        return sorted(
            t
            for batch in played(campaign, told.scene(actor, start_us, end_us), seed)
            for t, server in zip(batch.t_us.tolist(), batch.server.tolist(), strict=True)
            if way is Way.SCAN or (server == meets[way] and batch.talk.proto == ("tcp" if way is Way.BEACON else "udp"))
        )

    whole = times(told.start_us, told.end_us)
    assert times(told.start_us, edge) + times(edge, told.end_us) == whole == contacts(campaign, victim, seed).tolist()


def test_ports_leave_no_flow_ambiguous() -> None:
    told = story(demo_sector(1, 0.3), 1, END_US - 8 * DAY_US, END_US)
    actor = told.sector.actors[0]
    tuples = Counter()
    for batch in planned(told, actor, END_US - DAY_US, END_US):
        where = (batch.talk.proto, batch.talk.port, batch.client_prefix)
        for client, server, sport in zip(
            batch.client.tolist(), batch.server.tolist(), batch.sport.tolist(), strict=True
        ):
            tuples[(*where, client, server, sport)] += batch.talk.proto != "icmp"
    assert max(tuples.values()) == 1
