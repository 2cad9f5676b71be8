"""Gate 2 for partners: each rule refuses what it is there for, one line each; an offer is a proposal of some trust."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.inbox.offers import Offers
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, iso
from bavn.model.observable import Observable
from bavn.model.sector.partner import Inward, Partner
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.partners.marking import PAP_IDS, TLP_IDS
from bavn.wire.partners.taxii import Wanted

NOW_US = 20_000 * DAY_US
EVERYTHING = Wanted(limit=1000, picks=frozenset({"all"}))


def indicator(n=1, **other):
    body = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{n:08x}-0000-4000-8000-000000000000",
        "created": iso(NOW_US - DAY_US),
        "modified": iso(NOW_US),
        "valid_from": iso(NOW_US - DAY_US),
        "pattern": f"[domain-name:value = 'bad{n}.example.com']",
        "pattern_type": "stix",
    }
    return {name: value for name, value in (body | other).items() if value is not None}


def partner(name="cert-nord", **inward):
    given_ = {"trust": 50} | inward
    return Partner(
        name=name,
        kind="national",
        title=name,
        added_us=NOW_US - DAY_US,
        until_us=NOW_US + 300 * DAY_US,
        inward=Inward(**given_),
    )


class World:
    def __init__(self):
        self.book, self.clock = Book(), SimClock(NOW_US)
        self.offers = Offers(self.book, self.clock, SeededDice(1, "offers"))

    def lines(self):
        return [(line.kind, line.peer, line.verdict, line.rule) for line in self.offers.ledger.every()]

    def current(self, who):
        return self.offers.current(who, Wanted(limit=1000))[0]


@pytest.fixture
def world():
    made = World()
    yield made
    made.book.close()


def test_an_offer_is_kept_with_its_markings_and_counts_for_no_more_than_its_partners_trust(world) -> None:
    marks = [TLP_IDS[Tlp.GREEN], PAP_IDS[Pap.GREEN]]
    (done,) = world.offers.post(partner(), [indicator(1, confidence=80, object_marking_refs=marks)])
    assert done.why == ""
    (kept,) = world.current(partner())
    assert (kept.offer.observable, kept.offer.tlp, kept.offer.pap) == (
        Observable.of("domain", "bad1.example.com"),
        Tlp.GREEN,
        Pap.GREEN,
    )
    assert (kept.offer.stated, kept.confidence, kept.may_block) == (80, 40, False)
    assert world.lines() == [("PartnerOffer", "partner:cert-nord", "passed", "")]
    (less,) = world.current(partner(trust=10, may_block=True))
    assert (less.confidence, less.may_block) == (8, True), "trust is what it is now"


def test_what_nothing_is_said_of_is_taken_for_inside_use_and_half_sure(world) -> None:
    world.offers.post(partner(trust=100), [indicator(1)])
    (kept,) = world.current(partner(trust=100))
    assert (kept.offer.tlp, kept.offer.pap, kept.confidence) == (Tlp.AMBER, Pap.AMBER, 50)


@pytest.mark.parametrize(
    ("who", "found", "rule"),
    [
        (partner(trust=0), indicator(), "from_partner"),
        (replace(partner(), ended_us=NOW_US - 1), indicator(), "from_partner"),
        (partner(), indicator(name="x" * 70_000), "object_size"),
        (partner(), [], "stix_object"),
        (partner(), {"type": 7}, "stix_object"),
        (partner(), {"type": "malware"}, "only_indicators"),
        (partner(), indicator(spec_version="2.0"), "spec_version"),
        (partner(), indicator(id="indicator--1"), "stix_object"),
        (partner(), indicator(valid_from="yesterday"), "stix_object"),
        (partner(), indicator(valid_until=iso(NOW_US - 2 * DAY_US)), "stix_object"),
        (partner(), indicator(confidence=101), "stix_object"),
        (partner(), indicator(confidence=True), "stix_object"),
        (partner(), indicator(object_marking_refs="x"), "stix_object"),
        (partner(), indicator(pattern_type="snort"), "pattern_known"),
        (partner(), indicator(pattern="[url:value = 'http://x/']"), "pattern_known"),
        (partner(), indicator(pattern="[domain-name:value = 'a.com' OR domain-name:value = 'b.com']"), "pattern_known"),
        (partner(), indicator(pattern="[ipv4-addr:value = '300.1.1.1']"), "pattern_known"),
        (partner(), indicator(pattern="[domain-name:value = 'a\\'b.com']"), "pattern_known"),
        (partner(), indicator(object_marking_refs=[TLP_IDS[Tlp.RED]]), "tlp_max"),
        (partner(), indicator(granular_markings=[{"marking_ref": TLP_IDS[Tlp.RED]}]), "tlp_max"),
        (partner(), indicator(pattern="[ipv4-addr:value = '10.1.2.3']"), "plausible"),
        (partner(), indicator(pattern="[domain-name:value = 'printer.lan']"), "plausible"),
        (partner(), indicator(valid_until=iso(NOW_US)), "plausible"),
        (partner(), indicator(modified=iso(NOW_US + 500 * DAY_US)), "plausible"),
        (partner(objects_per_day_max=0), indicator(), "objects_per_day"),
    ],
)
def test_each_rule_refuses_what_it_is_there_for_with_one_line(world, who, found, rule) -> None:
    (done,) = world.offers.post(who, [found])
    assert done.why.split(":")[0] == rule
    assert world.lines() == [("PartnerOffer", "partner:cert-nord", "refused", rule)]
    assert world.offers.page(who, EVERYTHING).entries == ()


@pytest.mark.parametrize(
    ("pattern", "kind", "value"),
    [
        ("[ domain-name:value='Evil.Example.COM' ]", "domain", "evil.example.com"),
        ("[file:hashes.'SHA-256' = '" + "AB" * 32 + "']", "sha256", "ab" * 32),
        ("[file:hashes.SHA256 = '" + "ab" * 32 + "']", "sha256", "ab" * 32),
        ("[ipv6-addr:value = '2A00:1450:0:0::1']", "ip6", "2a00:1450::1"),
        ("[x509-certificate:hashes.'SHA-1' = '" + "AB" * 20 + "']", "cert", "ab" * 20),
    ],
)
def test_other_programs_spellings_of_one_observable_are_read(world, pattern, kind, value) -> None:
    (done,) = world.offers.post(partner(), [indicator(pattern=pattern)])
    assert done.why == ""
    assert [str(one.offer.observable) for one in world.current(partner())] == [str(Observable.of(kind, value))]


def test_our_own_indicator_that_is_posted_back_is_no_offer() -> None:
    class Ours:
        def is_ours(self, observable, name, author, moments_us):
            return (observable.value, name, author, moments_us) == (
                "bad1.example.com",
                indicator(1)["id"],
                "identity--x",
                (NOW_US - DAY_US, NOW_US),
            )

    with Book() as book:
        offers = Offers(book, SimClock(NOW_US), SeededDice(1, "offers"), Ours())
        done = offers.post(partner(), [indicator(1, created_by_ref="identity--x"), indicator(2), indicator(1)])
        assert [one.why.partition(":")[0] for one in done] == ["own_echo", "", ""]
        rules = [line.rule for line in offers.ledger.every()]
        assert rules == ["own_echo", "", ""]


def test_the_same_version_again_changes_nothing_and_a_later_one_replaces_it(world) -> None:
    for _ in range(2):
        assert world.offers.post(partner(), [indicator(1, confidence=10)])[0].why == ""
    assert len(world.lines()) == 1
    world.offers.post(partner(), [indicator(1, confidence=90, modified=iso(NOW_US + 1))])
    assert [one.offer.stated for one in world.current(partner())] == [90]
    assert len(world.offers.page(partner(), EVERYTHING).entries) == 2


def test_what_is_revoked_or_over_is_no_offer_any_more(world) -> None:
    world.offers.post(partner(), [indicator(1), indicator(2, valid_until=iso(NOW_US + DAY_US))])
    world.offers.post(partner(), [indicator(1, revoked=True, modified=iso(NOW_US + 1))])
    assert [one.offer.observable.value for one in world.current(partner())] == ["bad2.example.com"]
    world.clock.advance(DAY_US)
    assert world.current(partner()) == ()


def test_a_day_takes_what_was_agreed_on_and_the_next_as_much_again(world) -> None:
    who = partner(objects_per_day_max=3)
    whys = [done.why.split(":")[0] for done in world.offers.post(who, [indicator(n) for n in range(5)])]
    assert whys == ["", "", "", "objects_per_day", "objects_per_day"]
    world.clock.advance(DAY_US)
    assert world.offers.post(who, [indicator(9)])[0].why == ""


def test_a_partner_has_room_for_so_much_and_deleting_makes_room(world, monkeypatch) -> None:
    monkeypatch.setattr("bavn.centre.inbox.offers.HELD_OBJECTS_MAX", 2)
    done = world.offers.post(partner(), [indicator(n) for n in range(3)])
    assert [one.why.split(":")[0] for one in done] == ["", "", "room"]
    world.offers.delete(partner(), replace(EVERYTHING, ids=frozenset({indicator(0)["id"]})))
    assert world.offers.post(partner(), [indicator(2)])[0].why == ""
    monkeypatch.setattr("bavn.centre.inbox.offers.HELD_BYTES_MAX", 700)
    assert world.offers.post(partner("cert-syd"), [indicator(1), indicator(2), indicator(3)])[2].why.startswith("room")


def test_what_was_deleted_has_its_line_and_is_gone(world) -> None:
    world.offers.post(partner(), [indicator(1), indicator(2)])
    assert world.offers.delete(partner(), replace(EVERYTHING, ids=frozenset({indicator(1)["id"]}))) == 1
    assert world.offers.delete(partner("cert-syd"), EVERYTHING) == 0
    assert [one.offer.id for one in world.current(partner())] == [indicator(2)["id"]]
    assert world.lines()[-1] == ("PartnerDeleted", "partner:cert-nord", "passed", "")


def test_nothing_is_kept_for_ever(world) -> None:
    world.offers.post(partner(), [indicator(1)])
    for _ in range(30):
        made = world.offers.post_all(partner(), [indicator(1)])
    assert json.loads(world.offers.status(partner(), made["id"]))["success_count"] == 1
    assert world.book.rows("SELECT count(*) FROM offer_status")[0][0] == 20
    world.clock.advance(400 * DAY_US)
    assert world.offers.forget() == 1
    assert world.book.rows("SELECT count(*) FROM offer_usage")[0][0] == 0


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = (*indicator(), "confidence", "revoked", "object_marking_refs", "granular_markings", "external_references")


@given(JUNK | st.dictionaries(st.sampled_from(NAMES), JUNK).map(lambda odd: indicator() | odd))
def test_whatever_a_stranger_posts_has_one_outcome_and_one_line(found) -> None:
    world = World()
    try:
        (done,) = world.offers.post(partner(), [found])
        assert len(world.lines()) == 1
        assert (world.lines()[0][2] == "refused") == bool(done.why)
        assert len(world.offers.page(partner(), EVERYTHING).entries) == (0 if done.why else 1)
        assert world.offers.ledger.verify() is None
    finally:
        world.book.close()


@given(st.text(max_size=60))
def test_no_pattern_smuggles_anything_in(value) -> None:
    world = World()
    try:
        world.offers.post(partner(), [indicator(pattern=f"[domain-name:value = '{value}']")])
        for one in world.current(partner()):
            assert Observable.of("domain", one.offer.observable.value) == one.offer.observable
    finally:
        world.book.close()
