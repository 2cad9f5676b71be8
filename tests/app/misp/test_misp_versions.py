"""What MISP 2.4 and 2.5 want and answer: PyMISP takes the stand-in for a MISP, sightings are asked for by number,
history is no reason to suspend, and what we told comes back as nobody's word."""

import copy
import json
import logging

import pytest
from pymisp import MISPEvent, MISPOrganisation, PyMISP

from bavn.app.centre.exchange.keeper import sync_one
from bavn.centre.cases.intelligence.sources import ACTIVE
from bavn.centre.inbox.read_misp import read_event
from bavn.centre.node.own_releases import OwnReleases
from bavn.centre.share.misp_event import attribute_of, sighting_of
from bavn.model.intel.indicator import indicator_id
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.ports import LinkRefused
from bavn.model.sector.intel import Access, Assumed
from tests.app.misp.conftest import KEY
from tests.app.misp.worlds import NAMED

pytestmark = pytest.mark.slow


def reader(world, served):
    """The same centre reads that MISP as a source."""
    ours = OwnReleases(world.engine, world.clock, "health")
    access = Access(token_file=str(served.key_file), ca_file=str(served.ca))
    return world.reads(ours=ours, name="mm", kind="misp", place=served.url, access=access)


def rules(world):
    return [line.rule for line in world.lines("Intelligence") if line.verdict == "refused"]


def event(n, stamp, *attributes):
    return {
        "uuid": f"00000000-0000-4000-8000-{n:012x}",
        "info": "x",
        "timestamp": str(stamp),
        "Attribute": [
            {"uuid": f"11111111-0000-4000-{n:04x}-{at:012x}", "type": "domain", "to_ids": True, "timestamp": str(stamp)}
            | one
            for at, one in enumerate(attributes)
        ],
    }


def test_pymisp_takes_the_stand_in_for_a_misp(served, misp, world, caplog) -> None:
    caplog.set_level(logging.CRITICAL, logger="pymisp")
    client = PyMISP(served.url, KEY, ssl=str(served.ca))
    assert client.misp_instance_version["version"] == misp.version
    world.release(*NAMED)
    files, _ = world.exchange.feed("cert-nord")
    ours = MISPEvent()
    ours.load(files[next(name for name in files if name.count("-") == 4)])
    there = client.add_event(ours, pythonify=True)
    assert (there.uuid, there.id > 0, len(there.attributes), len(there.objects)) == (ours.uuid, True, 5, 1)
    assert client.event_exists(ours.uuid)
    assert client.event_exists(there.id)
    assert not client.event_exists("00000000-0000-4000-8000-0000000000ff")
    again = client.add_event(ours)
    assert again["errors"][0] == 403
    assert client.get_event(9999)["errors"][0] == 404
    (found,) = client.search(controller="events", page=1, limit=9, pythonify=True)
    assert {one.value for one in found.attributes} == {one.value for one in NAMED if one.type.value != "ja4"}
    misp.sight(ours.attributes[0].uuid)
    (sighted,) = client.search_sightings("event", there.id, include_attribute=True, pythonify=True)
    assert sighted["attribute"].uuid == ours.attributes[0].uuid
    if misp.version.startswith("2.4"):
        assert client.search_sightings("event", ours.uuid) == []
    else:
        with pytest.raises(Exception, match="500"):
            client.search_sightings("event", ours.uuid)


def test_sightings_are_asked_for_by_number_over_more_than_a_month_and_our_own_that_comes_back_met_nothing(
    world, port, misp
) -> None:
    world.release(NAMED[0])
    world.push(port)
    mine = attribute_of(indicator_id(NAMED[0]))
    at = world.clock.now_us() // SECOND_US
    misp.sight(mine, at=at - 60, number=1)
    misp.sight(mine, at=at - 90 * 86_400, number=2)
    assert world.exchange.pull_sightings("nord", "cert-nord", port) == (2, 0)
    ours = indicator_id(NAMED[0])
    day_us = world.clock.now_us() // DAY_US * DAY_US
    misp.sight(attribute_of(ours), at=day_us // SECOND_US, number=3, uuid=sighting_of(ours, day_us))
    misp.sight(attribute_of(ours), at=day_us // SECOND_US, number=4)
    assert world.exchange.pull_sightings("nord", "cert-nord", port) == (1, 1)
    assert [line.rule for line in world.lines("MispSighting")].count("own_echo") == 1


def test_an_event_that_is_gone_or_refused_there_holds_up_no_other(world, port, misp) -> None:
    world.release(NAMED[0])
    world.release(NAMED[1], case="case-00000000000000bb")
    world.push(port)
    at = world.clock.now_us() // SECOND_US
    for number, name in enumerate(NAMED[:2]):
        misp.sight(attribute_of(indicator_id(name)), at=at, number=number + 1)
    gone = next(e for e in misp.events.values() if e["Attribute"][0]["value"] == NAMED[0].value)
    misp.events.pop(gone["uuid"])
    misp.sightings.pop(0)
    with pytest.raises(LinkRefused, match="1 of the 2 events"):
        world.exchange.pull_sightings("nord", "cert-nord", port)
    assert [one["value"] for one in world.exchange.sightings.every()] == [NAMED[1].value]
    misp.blocked.add(gone["uuid"])
    world.wait(60)
    world.release(NAMED[2])  # of the case whose event is blocked there
    world.release(NAMED[3], case="case-00000000000000dd")
    with pytest.raises(LinkRefused, match=r"1 events were not taken.*403"):
        world.push(port)
    assert sorted(map(len, misp.live().values())) == [1, 1 + (NAMED[3].type.value == "ja4")]


@pytest.mark.parametrize("syncs", [True, False])
def test_what_we_pushed_comes_back_as_nobodys_word(world, port, misp, served, syncs, tmp_path) -> None:
    """Also where the MISP names its own organisation as the author, and where somebody there copied it."""
    misp.syncs = syncs
    world.release(*NAMED)
    world.push(port)
    (ours,) = misp.events.values()
    copied = copy.deepcopy(ours["Attribute"][0]) | {"uuid": "44444444-0000-4000-8000-000000000001"}
    stamp = world.clock.now_us() // SECOND_US
    misp.put(
        event(1, stamp + 1, {"value": "theirs.example.com"})
        | {
            "Attribute": [
                copied,
                {
                    "uuid": "44444444-0000-4000-8000-000000000002",
                    "type": "domain",
                    "value": "theirs.example.com",
                    "to_ids": "1",
                    "timestamp": str(stamp),
                },
            ]
        }
    )
    intel = reader(world, served)
    done = sync_one(intel, "mm", tmp_path)
    assert (done.failure, done.counts.new, done.counts.refused, done.counts.blameless) == ("", 1, 7, 7)
    assert rules(world) == ["own_echo"] * 7
    (told,) = intel.proposals.every()
    assert (told.observable.value, told.claims[0].claim.detect) == ("theirs.example.com", True)
    again = sync_one(intel, "mm", tmp_path)
    assert (again.counts.met_gate, rules(world)) == (0, ["own_echo"] * 7), "one line each"


def test_what_a_partner_says_itself_of_the_same_is_its_word(world, port, misp, served, tmp_path) -> None:
    world.release(NAMED[0])
    world.push(port)
    stamp = world.clock.now_us() // SECOND_US
    misp.put(event(1, stamp + 5, {"value": NAMED[0].value, "first_seen": None}))
    done = sync_one(reader(world, served), "mm", tmp_path)
    assert (done.counts.new, rules(world)) == (1, ["own_echo"])


def test_a_misp_with_history_is_read_and_not_suspended(world, misp, served, tmp_path) -> None:
    now_s = world.clock.now_us() // SECOND_US
    for n in range(30):
        old = [{"value": f"old{n}-{at}.example.com"} for at in range(10)]
        misp.put(event(n, now_s - (900 - n) * 86_400, *old))
    misp.put(event(99, now_s - 60, {"value": "new.example.com"}, {"type": "md5", "value": "a" * 32}))
    intel = reader(world, served)
    done = sync_one(intel, "mm", tmp_path)
    assert (done.failure, done.counts.new, done.counts.refused) == ("", 1, 301)
    assert intel.suspend_noise() == []
    state = intel.sources.get("mm")
    assert (state.state, state.taken, state.refused) == (ACTIVE, 1, 0)


def test_attributes_as_both_versions_write_them(misp) -> None:
    """Flags as text, moments as text, null for nothing, what is deleted, sharing groups, galaxies."""
    kept = misp.filled(
        event(
            1,
            1_793_000_000,
            {"value": "a.example.com", "to_ids": "1", "deleted": "0", "first_seen": None, "Tag": None},
            {"value": "b.example.com", "to_ids": "0", "distribution": "4", "sharing_group_id": "7"},
            {"value": "c.example.com", "to_ids": 1, "deleted": "1"},
            {"value": None},
            {"value": "d.example.com", "uuid": None, "type": None},
            {"type": "ip-dst|port", "value": "45.9.148.20|443"},
        )
        | {
            "Tag": [{"id": "1", "name": "tlp:green", "colour": "#0", "local": 0}, {"id": None}],
            "SharingGroup": {"id": "7", "name": "g"},
            "Galaxy": [{"name": "x", "GalaxyCluster": []}],
        }
    )
    piece = read_event({"Event": kept}, Assumed())
    claims = {str(o.what.observable): o.what for o in piece.offers if hasattr(o.what, "observable")}
    assert {name: (c.detect, c.withdrawn, c.tlp.value) for name, c in claims.items()} == {
        "domain:a.example.com": (True, False, "TLP:GREEN"),
        "domain:b.example.com": (False, False, "TLP:GREEN"),
        "domain:c.example.com": (True, True, "TLP:GREEN"),
        "ip4:45.9.148.20": (True, False, "TLP:GREEN"),
    }
    assert next(o.author for o in piece.offers if hasattr(o.what, "observable")).startswith("33333333")


def test_a_feed_as_pymisp_writes_it_is_read(world, tmp_path) -> None:
    """feed_meta: a manifest, hashes.csv, and a file each with only what a feed tells."""
    folder = tmp_path / "feed"
    folder.mkdir()
    manifest, hashes = {}, []
    for n in range(3):
        made = MISPEvent()
        made.from_dict(info=f"e{n}", distribution=3, threat_level_id=2, analysis=2, date="2026-11-01")
        made.Orgc = MISPOrganisation()
        made.Orgc.from_dict(name="CERT", uuid="33333333-0000-4000-8000-000000000002")
        made.timestamp = world.clock.now_us() // SECOND_US
        made.add_tag("tlp:green")
        made.add_attribute("domain", f"a{n}.example.com", to_ids=True)
        thing = made.add_object(name="domain-ip", ignore_warning=True)
        thing.add_attribute("ip", f"45.9.148.{n + 1}", type="ip-dst", to_ids=True)
        (folder / f"{made.uuid}.json").write_text(json.dumps(made.to_feed(with_meta=False)))
        manifest |= made.manifest
        hashes += [f"{h},{made.uuid}" for h in made.attributes_hashes("md5")]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "hashes.csv").write_text("\n".join(hashes))
    intel = world.reads(name="ff", kind="misp-feed", place=str(folder))
    done = sync_one(intel, "ff", tmp_path)
    assert (done.failure, done.counts.new, done.counts.refused) == ("", 6, 0)
    assert {one.claims[0].claim.tlp.value for one in intel.proposals.every()} == {"TLP:GREEN"}
    assert sync_one(intel, "ff", tmp_path).counts.met_gate == 0
