"""Sources that tell only what is new: TAXII and MISP, page by page; and feeds by their manifest."""

import json

import pytest

from bavn.centre.cases import audit
from bavn.centre.cases.intelligence.proposals import WITHDRAWN
from bavn.centre.inbox.intel_pull import FetchResponse
from bavn.model.moment import DAY_US, SECOND_US, iso
from bavn.model.observable import Observable
from bavn.model.sector.intel import BadSource
from bavn.model.text import Text
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


# --- what is deleted there without a word ----------------------------------------------------------------------------


def audited(world):
    return [json.loads(line.detail) for line in audit.lines(world.engine) if line.act == "source-compared"]


def gone(world, name):
    return world.proposal(Observable.of("domain", name)).claims[0].gone


def test_what_a_taxii_server_deletes_without_a_word_is_noticed_when_it_is_read_whole(world) -> None:
    world.source("tt", "taxii", place="https://taxii.example/c", trust=60, whole_days=3)
    objects = [added(n, f"a{n}.example.com") for n in range(9)]
    world.net.pages = taxii(objects)
    assert world.sync("tt").counts.new == 9
    del objects[2], objects[5]
    objects.append(added(50, "new.example.com"))
    world.clock.advance(2 * DAY_US)
    assert (world.sync("tt").counts.new, gone(world, "a2.example.com")) == (1, "")
    world.clock.advance(DAY_US)
    whole = world.sync("tt")
    assert (whole.counts.withdrawn, whole.counts.unchanged, whole.failure) == (2, 8, "")
    assert [gone(world, f"a{n}.example.com") for n in (2, 6)] == [WITHDRAWN, WITHDRAWN]
    assert gone(world, "a1.example.com") == gone(world, "new.example.com") == ""
    assert audited(world) == [{"known": 10, "missing": 2}]
    world.net.asked.clear()
    assert world.sync("tt").counts.met_gate == 0
    assert [one[1].get("added_after") for one in world.net.asked] == [objects[-1]["added"]]
    objects.append(added(60, "a2.example.com", modified=iso(NOW_US)))
    assert (world.sync("tt").counts.new, gone(world, "a2.example.com")) == (1, "")


def test_a_whole_reading_that_breaks_off_takes_nothing_back_and_is_done_again(world) -> None:
    world.source("tt", "taxii", place="https://taxii.example/c", trust=60, whole_days=1)
    objects = [added(n, f"a{n}.example.com") for n in range(9)]
    world.net.pages = taxii(objects)
    world.sync("tt")
    del objects[8]
    world.clock.advance(DAY_US)
    world.net.die_after = 2
    assert world.sync("tt").failure == "it went away"
    assert gone(world, "a8.example.com") == ""
    world.net.die_after = None
    world.open()
    assert world.sync("tt").counts.withdrawn == 1
    assert gone(world, "a8.example.com") == WITHDRAWN


def test_a_listing_that_lost_most_of_what_it_had_takes_nothing_back_and_says_so(world) -> None:
    world.source("tt", "taxii", place="https://taxii.example/c", trust=60, whole_days=1)
    objects = [added(n, f"a{n}.example.com") for n in range(50)]
    world.net.pages = taxii(objects, page=20)
    world.sync("tt")
    del objects[10:]
    world.clock.advance(DAY_US)
    said = world.sync("tt")
    assert (said.counts.withdrawn, Text.of_row(said.failure).en) == (
        0,
        "40 of 50 objects are not there any more: nothing was taken back, they age",
    )
    assert world.intel.sources.get("tt").failure == said.failure
    assert [one["missing"] for one in audited(world)] == [0]
    assert audited(world)[0]["why"] == said.failure
    assert world.sync("tt").failure == ""  # not asked whole again at once


def test_more_than_a_sync_takes_is_taken_back_by_the_next(make_world) -> None:
    world = make_world(items_per_sync_max=4)
    world.source("tt", "taxii", place="https://taxii.example/c", trust=60, whole_days=1)
    objects = [added(n, f"a{n}.example.com") for n in range(20)]
    world.net.pages = taxii(objects, page=3)
    while world.sync("tt").more:
        pass
    assert world.intel.proposals.count() == 20
    del objects[:10]
    world.clock.advance(DAY_US)
    taken = []
    while (done := world.sync("tt")).counts.met_gate:
        taken.append(done.counts.withdrawn)
    assert taken == [4, 4, 2]
    assert all(gone(world, f"a{n}.example.com") == WITHDRAWN for n in range(10))


def test_an_event_that_a_misp_deleted_is_noticed_when_it_is_read_whole_and_never_is_never(world) -> None:
    for name, days in (("mm", 7), ("never", 0)):
        world.source(name, "misp", place="https://misp.example", trust=60, whole_days=days)
    world.net.misp = [misp_event(n, NOW_US // SECOND_US + n, f"m{n}.example.com") for n in range(3)]
    for name in ("mm", "never"):
        assert world.sync(name).counts.new == 3
    del world.net.misp[1]
    world.clock.advance(7 * DAY_US)
    assert (world.sync("mm").counts.withdrawn, world.sync("never").counts.withdrawn) == (1, 0)
    claims = {one.source: one.gone for one in world.proposal(Observable.of("domain", "m1.example.com")).claims}
    assert claims == {"mm": WITHDRAWN, "never": ""}


@pytest.mark.parametrize("days", [-1, 366])
def test_how_often_a_source_is_read_whole_is_bounded(world, days) -> None:
    with pytest.raises(BadSource):
        world.source("tt", "taxii", place="https://taxii.example/c", trust=60, whole_days=days)
