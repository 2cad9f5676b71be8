"""Gate 2 for sources outside the sector: each new item is one line, and what may not come in does not."""

import pytest

from bavn.centre.inbox.intel_gate import IntelGate
from bavn.centre.node.intelligence import Intelligence
from bavn.centre.node.own_releases import OwnReleases
from bavn.centre.share.share import identity_of
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, SECOND_US, iso
from bavn.model.principal import account
from bavn.model.sector.partner import Inward
from tests.builders import share_request
from tests.centre.node.intel_world import EVIL, NOW_US, Lists, added, misp_event, share_of, stix, taxii


def test_every_new_item_is_one_line_and_a_sync_with_nothing_new_changes_nothing(world) -> None:
    world.source("aa")
    world.says("aa", "evil.example.com", "45.9.148.20", "10.0.0.1", "nonsense")
    first = world.sync("aa")
    assert (first.counts.new, first.counts.refused, first.proposals, first.failure) == (2, 2, 2, "")
    assert [(line.gate, line.way, line.peer, line.verdict) for line in world.lines()] == [
        ("inbox", "in", "source:aa", "passed")
    ] * 2 + [("inbox", "in", "source:aa", "refused")] * 2
    before = [*world.book.rows("SELECT * FROM intel_item"), world.gate.ledger.head(), world.proposal()]
    for body in (None, b"evil.example.com\n45.9.148.20\n10.0.0.1\nnonsense\n# a new comment"):
        if body:
            world.net.places["https://intel.example/aa"] = body
        again = world.sync("aa")
        assert (again.counts.met_gate, again.proposals) == (0, 0)
    after = [*world.book.rows("SELECT * FROM intel_item"), world.gate.ledger.head(), world.proposal()]
    assert before == after
    assert world.gate.ledger.verify() is None


def test_a_source_of_which_nothing_was_taken_says_why_however_often_it_is_read(world) -> None:
    world.source("mm", kind="misp")
    event = misp_event(
        1, NOW_US // SECOND_US, *(f"old-{n}.example.net" for n in range(5)), "10.0.0.1.example", "a", "b"
    )
    rows = event["Event"]["Attribute"]
    for row in rows[:5]:
        row |= {"timestamp": "1", "last_seen": "2016-01-01T00:00:00Z"}
    rows[5] |= {"type": "ip-dst", "value": "10.0.0.1"}
    for row, kind in zip(rows[6:], ("md5", "sha1"), strict=True):
        row |= {"type": kind}
    world.net.misp = [event]
    for _ in range(2):
        world.sync("mm")
        why = world.intel.none_taken("mm")
        assert why is not None
        assert why.en == "8 read, none taken: 5 too old, 2 not carried, 1 refused"
    event["Event"]["Attribute"] += misp_event(1, 0, "evil.example.com")["Event"]["Attribute"]
    world.sync("mm")
    assert world.intel.none_taken("mm") is None


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("own.example.dk", "external"),
        ("10.1.2.3", "not_outside"),
        ("com", "not_an_indicator"),
        ("45.9.148.0/24", "network"),
        ("epj.region.local", "not_outside"),
    ],
)
def test_what_is_inside_or_our_own_is_refused(world, line, rule) -> None:
    world.source("aa")
    world.says("aa", line)
    assert world.sync("aa").counts.refused == 1
    assert [one.rule for one in world.lines()] == [rule]


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"object_marking_refs": ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"]}, "tlp_within"),
        ({"object_marking_refs": ["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"]}, "tlp_within"),
        ({"valid_until": iso(NOW_US - 1)}, "not_over"),
        ({"valid_from": iso(NOW_US + 9 * DAY_US)}, "not_yet_valid"),
        ({"modified": iso(NOW_US + 9 * DAY_US)}, "not_over"),
        ({"modified": iso(NOW_US - 300 * DAY_US), "valid_from": iso(NOW_US - 300 * DAY_US)}, "not_over"),
    ],
)
def test_a_partners_policy_and_time_refuse(world, other, rule) -> None:
    world.partner(tlp_max=Tlp.AMBER)
    world.source("pp", "stix", partner="cert-nord")
    world.net.places["https://intel.example/pp"] = stix("evil.example.com", **other)
    world.sync("pp")
    assert [one.rule for one in world.lines()] == [rule]


def test_a_partner_without_trust_or_whose_agreement_has_ended_gives_nothing(world) -> None:
    world.partner(trust=0)
    world.partner("cert-syd")
    world.source("pp", partner="cert-nord")
    world.source("qq", partner="cert-syd")
    world.says("pp", "evil.example.com")
    world.says("qq", "45.9.148.20")
    world.sync("pp")
    world.partners.end("cert-syd", account("Anna Berg"), "over")
    world.sync("qq")
    assert [line.rule for line in world.lines()] == ["source_trusted"] * 2
    world.partners.set("cert-nord", account("Anna Berg"), inward=Inward(trust=50))
    world.says("pp", "evil.example.com", "# touched")
    assert world.sync("pp").counts.new == 1, "a refusal for now is not remembered"


def test_days_quotas_and_a_full_source_put_off_and_lose_nothing(make_world) -> None:
    world = make_world(items_per_sync_max=3)
    world.partner(objects_per_day_max=5)
    world.source("pp", partner="cert-nord")
    names = [f"a{n}.example.com" for n in range(8)]
    world.says("pp", *names)
    first = world.sync("pp")
    assert (first.counts.new, first.counts.put_off, first.more) == (3, 5, True)
    second = world.sync("pp")
    assert (second.counts.new, second.counts.refused, second.more) == (2, 1, True)
    assert world.lines()[-1].rule == "day_quota"
    world.clock.advance(DAY_US)
    assert world.sync("pp").counts.new == 3
    assert world.sync("pp").counts.met_gate == 0
    assert world.intel.proposals.count() == 8
    world = make_world(items_max=100)
    world.source("tt", "taxii", place="https://taxii.example/c", trust=60)
    objects = [added(n, f"a{n}.example.com") for n in range(100)]
    world.net.pages = taxii(objects, page=50)
    assert world.sync("tt").counts.new == 100
    objects += [added(200 + n, f"more{n}.example.com") for n in range(2)]
    full = world.sync("tt")
    assert (full.counts.new, full.counts.refused) == (0, 2)
    assert [line.rule for line in world.lines() if line.verdict == "refused"] == ["source_full"] * 2
    assert world.sync("tt").counts.new == 0
    assert world.intel.proposals.count() == 100


def test_our_own_word_that_comes_back_is_no_evidence(world) -> None:
    """By our id, by our name, and where somebody copied it under an id of its own; what others say of it counts."""
    share = share_of(world)
    wish = share_request(EVIL, tlp=Tlp.GREEN, pap=Pap.GREEN, confidence=80)
    assert not share.release([wish], 1)
    (kept,) = share.deliveries.every()
    ours = OwnReleases(world.engine, world.clock, "test")
    world.gate = IntelGate(world.book, world.clock, world.settings, ours=ours)
    world.intel = Intelligence(
        engine=world.engine,
        gate=world.gate,
        clock=world.clock,
        settings=world.settings,
        lists=Lists(),
        partners=world.partners,
    )
    world.source("tt", "stix", trust=60)
    plain = stix("evil.example.com")["objects"][0]
    from_us = iso(kept.indicator.valid_from_us)
    world.clock.advance(DAY_US)
    later = iso(world.clock.now_us())
    theirs = plain | {"valid_from": later, "modified": later}
    world.net.places["https://intel.example/tt"] = {
        "type": "bundle",
        "objects": [
            theirs | {"id": kept.indicator.id},
            theirs | {"id": "indicator--b", "created_by_ref": identity_of("test")},
            theirs | {"id": "indicator--c", "valid_from": from_us},
            theirs,
        ],
    }
    done = world.sync("tt")
    assert (done.counts.new, done.counts.refused, done.counts.blameless) == (1, 3, 3)
    assert [line.rule for line in world.lines()] == ["own_echo"] * 3 + [""]
    assert len(world.proposal().claims) == 1
