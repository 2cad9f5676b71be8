"""Sources that tell only what is new: TAXII and MISP, page by page; and feeds by their manifest."""

import json

from bavn.centre.cases.intelligence.proposals import WITHDRAWN
from bavn.centre.inbox.intel_pull import FetchResponse
from bavn.model.moment import SECOND_US, iso
from bavn.model.observable import Observable
from tests.centre.node.intel_world import (
    EVIL,
    NOW_US,
    added,
    feed,
    misp_event,
    taxii,
)


def test_taxii_is_read_page_by_page_and_goes_on_where_it_broke_off(world) -> None:
    world.source("tt", "taxii", place="https://taxii.example/api/collections/1", trust=60)
    objects = [added(n, f"a{n}.example.com") for n in range(9)]
    world.net.pages = taxii(objects)
    world.net.die_after = 2
    broken = world.sync("tt")
    assert (broken.counts.new, broken.failure) == (4, "it went away")
    world.net.die_after = None
    world.open()
    done = world.sync("tt")
    assert (done.counts.new, done.counts.unchanged, done.failure) == (5, 1, ""), "the last moment is read again"
    assert world.net.asked[-1][0] == "https://taxii.example/api/collections/1/objects/"
    world.net.asked.clear()
    assert world.sync("tt").counts.met_gate == 0
    assert len(world.net.asked) == 1
    assert world.net.asked[0][1]["added_after"] == objects[-1]["added"]
    objects.append(added(20, "a1.example.com", revoked=True, modified=iso(NOW_US)))
    again = world.sync("tt")
    assert again.counts.changed == 1
    assert world.proposal(Observable.of("domain", "a1.example.com")).claims[0].gone == WITHDRAWN
    assert not world.proposal(Observable.of("domain", "a2.example.com")).claims[0].gone


def test_a_server_that_goes_in_circles_is_left(world) -> None:
    world.source("tt", "taxii", place="https://taxii.example/c", trust=60)
    headers = {"content-type": "application/taxii+json;version=2.1"}
    world.net.pages = lambda _: FetchResponse(
        200, headers, json.dumps({"more": True, "next": "x", "objects": []}).encode()
    )
    assert "over and over" in world.sync("tt").failure
    world.net.pages = lambda _: FetchResponse(200, {"content-type": "text/html"}, b"<html>")
    assert "TAXII" in world.sync("tt").failure


def test_a_misp_feed_is_read_event_by_event_as_the_manifest_says(world) -> None:
    world.source("ff", "misp-feed", trust=60)
    stamp = NOW_US // SECOND_US
    first, second = misp_event(1, stamp, "evil.example.com", "b.example.com"), misp_event(2, stamp, "c.example.com")
    feed(world, first, second)
    assert world.sync("ff").counts.new == 3
    world.net.asked.clear()
    assert world.sync("ff").counts.met_gate == 0
    assert len(world.net.asked) == 1, "only the manifest"
    feed(world, misp_event(1, stamp + 60, "b.example.com"))
    changed = world.sync("ff")
    assert changed.counts.withdrawn == 2
    assert world.proposal(EVIL).claims[0].gone == WITHDRAWN
    assert world.proposal(Observable.of("domain", "c.example.com")).claims[0].gone == WITHDRAWN
    assert not world.proposal(Observable.of("domain", "b.example.com")).claims[0].gone


def test_a_manifest_cannot_name_a_file_elsewhere(world) -> None:
    world.source("ff", "misp-feed", trust=60)
    world.net.places = {"https://intel.example/ff/manifest.json": {"../../etc/passwd": {"timestamp": "1"}}}
    assert "names no event" in world.sync("ff").failure
    assert [place for place, _ in world.net.asked] == ["https://intel.example/ff/manifest.json"]


def test_a_misp_is_asked_for_what_changed_since(world) -> None:
    world.source("mm", "misp", place="https://misp.example", trust=60)
    stamp = NOW_US // SECOND_US
    world.net.misp = [misp_event(n, stamp + n, f"a{n}.example.com") for n in range(120)]
    assert world.sync("mm").counts.new == 120
    assert [page for _, page in world.net.asked] == [1, 2, 3]
    world.net.asked.clear()
    assert world.sync("mm").counts.met_gate == 0
    assert world.net.asked == [(stamp + 119, 1)]
