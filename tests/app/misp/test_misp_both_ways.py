"""MISP both ways, by the real PyMISP over TLS: a feed, pushes, withdrawals, sightings, and a MISP as a source."""

import json

import pytest
from pymisp import MISPEvent

from bavn.app.centre.exchange.misp_api import Misp
from bavn.centre.inbox import misp_sightings
from bavn.centre.inbox.intel_pull import Unreadable
from bavn.centre.inbox.read_misp import read_event
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.principal import account
from bavn.model.received import Observed
from bavn.model.sector.indicator_life import LifeAct
from bavn.model.sector.intel import Access, Assumed
from bavn.model.sector.partner import Inward, Outward
from bavn.model.settings import SettingsError
from tests.app.misp.worlds import ALL, NAMED
from tests.app.partner_world import CASE

pytestmark = pytest.mark.slow


PAIR = Observable.of("fp-pair", "ab" * 16 + "+" + "cd" * 16)


def test_a_feed_is_what_pymisp_and_our_own_reader_understand(world) -> None:
    world.release(*NAMED, PAIR)
    files, lost = world.exchange.feed("cert-nord")
    assert lost == (str(PAIR),), "what MISP cannot carry is reported"
    assert list(files)[-2:] == ["hashes.csv", "manifest.json"]
    (name,) = [one for one in files if one not in ("hashes.csv", "manifest.json")]
    event = json.loads(files[name])
    made = MISPEvent()
    made.load(json.loads(files[name]))
    values = {a.value for a in made.attributes} | {a.value for o in made.objects for a in o.attributes}
    assert values - {"JA4"} == set(ALL.values())
    hashes = {line.split(",")[0] for line in files["hashes.csv"].decode().splitlines()}
    theirs = {h for a in made.attributes for h in a.hash_values("md5")}
    assert theirs <= hashes
    manifest = json.loads(files["manifest.json"])
    assert set(manifest) == {made.uuid}
    assert manifest[made.uuid]["timestamp"] == event["Event"]["timestamp"]
    assert files == world.exchange.feed("cert-nord")[0], "the same again, byte for byte"
    back = {o.what.observable: o.what for o in read_event(event, Assumed()).offers}
    assert set(back) == set(NAMED)
    assert {(c.tlp, c.pap, c.confidence, c.technique, c.detect) for c in back.values()} == {
        (Tlp.GREEN, Pap.GREEN, 75, "T1071.001", True)
    }


def test_what_goes_to_a_misp_passes_gate_3_by_the_partners_policy(world, port, misp) -> None:
    world.release(NAMED[0])
    world.release(NAMED[1], case="case-00000000000000bb", tlp=Tlp.AMBER)
    world.release(NAMED[2], case="case-00000000000000cc", pap=Pap.AMBER)
    assert world.push(port).added == 1
    assert list(misp.live().values()) == [["evil.example.com"]]
    outcomes = [(line.verdict, line.rule) for line in world.lines("PartnerObject")]
    assert sorted(o for o in outcomes if o[1]) == [("refused", "pap_max"), ("refused", "tlp_max")]
    text = json.dumps(list(misp.events.values()))
    assert not any(word in text for word in ("case-", "north", "east", account("Anna"), "score"))


def test_a_push_with_nothing_new_sends_nothing_and_a_change_is_one_update(world, port, misp) -> None:
    world.release(*NAMED)
    first = world.push(port)
    assert (first.added, first.updated) == (1, 0)
    (event,) = misp.events.values()
    assert misp.published == {event["uuid"]}
    assert event["distribution"] == "1"
    assert misp.live()[event["uuid"]] == sorted([*ALL.values(), "JA4"])
    misp.requests.clear()
    again = world.push(port)
    assert (again.added, again.updated, again.emptied, misp.requests) == (0, 0, 0, [])
    world.wait(60)
    world.release(Observable.of("domain", "new.example.com"))
    assert world.push(port).updated == 1
    assert "new.example.com" in misp.live()[event["uuid"]]


def test_a_narrower_policy_takes_back_what_was_given_and_what_is_withdrawn_or_has_ended_is_deleted_there(
    world, port, misp
) -> None:
    world.release(*NAMED[:2])
    world.release(NAMED[2], case="case-00000000000000bb", days=2)
    world.push(port)
    world.wait(60)
    world.share.withdraw(CASE)
    world.share.exchange.step()
    assert world.push(port).updated == 1
    assert sorted(map(tuple, misp.live().values())) == [(), ("ab" * 16,)]
    world.wait(3 * 86_400)
    assert world.push(port).emptied == 1
    assert set(map(tuple, misp.live().values())) == {()}
    assert world.push(port).emptied == 0


def test_a_narrower_policy_takes_back_what_was_given(world, port, misp) -> None:
    world.release(NAMED[0], tlp=Tlp.GREEN)
    world.push(port)
    world.wait(60)
    world.partners.set("cert-nord", account("Anna Berg"), out=Outward(tlp_max=Tlp.CLEAR, collections=("released",)))
    assert world.push(port).emptied == 1
    assert set(map(tuple, misp.live().values())) == {()}


def test_a_sighting_leaves_as_a_day_and_only_when_two_actors_met_it(world, port, misp) -> None:
    world.release(NAMED[0])
    (kept,) = world.share.deliveries.every()
    hour = world.clock.now_us() // HOUR_US

    def met(actor):
        said = {"item_id": "", "actor": actor, "indicator_id": kept.indicator.id, "kind": "seen", "count_bucket": 3}
        hours = {"first_hour": hour, "last_hour": hour, "received_us": world.clock.now_us()}
        world.share.heard(Observed(**said, **hours))

    met("north")
    files, _ = world.exchange.feed("cert-nord")
    assert b"Sighting" not in b"".join(files.values()), "one actor alone would be named by it"
    met("east")
    files, _ = world.exchange.feed("cert-nord")
    (event,) = [json.loads(body) for name, body in files.items() if name.count("-") == 4]
    (said,) = event["Event"]["Attribute"][0]["Sighting"]
    assert int(said["date_sighting"]) % 86_400 == 0
    assert "north" not in json.dumps(event)


def test_what_another_party_told_goes_on_only_where_its_tlp_says_so(world, port, misp) -> None:
    told = {"score": 6.0, "groups": 0, "partners": 1}
    world.release(NAMED[0], tlp=Tlp.GREEN, pap=Pap.GREEN, grounds=told | {"tlp_min": "TLP:GREEN"})
    world.partners.set(
        "cert-nord",
        account("Anna Berg"),
        out=Outward(tlp_max=Tlp.AMBER, pap_max=Pap.AMBER, confidence_min=0, collections=("released",)),
    )
    world.release(NAMED[1], case="case-00000000000000bb", tlp=Tlp.AMBER, grounds=told | {"tlp_min": "TLP:AMBER"})
    world.push(port)
    assert list(misp.live().values()) == [["evil.example.com"]]
    assert "handed_on" in {line.rule for line in world.lines("PartnerObject")}


def test_sightings_come_in_by_gate_2_once_and_only_of_what_was_given(world, port, misp) -> None:
    world.release(NAMED[0])
    world.push(port)
    (event,) = misp.events.values()
    mine = event["Attribute"][0]["uuid"]
    misp.put(
        {
            "uuid": "99999999-0000-4000-8000-000000000001",
            "timestamp": "1",
            "Attribute": [{"uuid": "99999999-0000-4000-8000-000000000002", "value": "other.example.com"}],
        }
    )
    at = world.clock.now_us() // SECOND_US
    misp.sight(mine, at=at - 10, number=1)
    misp.sight(mine, "1", at=at - 5, number=2)
    misp.sight(mine, at=at + 40 * 86_400, number=3)
    misp.sight(mine, "9", at=at, number=4)
    assert world.exchange.pull_sightings("nord", "cert-nord", port) == (2, 2)
    assert world.exchange.pull_sightings("nord", "cert-nord", port)[0] == 0
    seen = world.exchange.sightings.every()
    assert [(one["value"], one["kind"]) for one in seen] == [
        ("evil.example.com", "false"),
        ("evil.example.com", "seen"),
    ]
    lines = world.lines("MispSighting")
    assert {(line.gate, line.way, line.peer) for line in lines} == {("inbox", "in", "misp:nord")}
    assert {line.rule for line in lines} == {"", "plausible", "readable"}
    forged = {
        "uuid": "22222222-0000-4000-8000-0000000000ff",
        "type": "0",
        "date_sighting": str(at),
        "attribute_uuid": "99999999-0000-4000-8000-000000000002",
    }
    assert world.exchange.sightings.take_in("nord", [forged], {mine: ("e", "v")}) == (0, 1)


def drafted(world, observable):
    """As people release it, in the same database as what share hands out."""
    life = world.indicator_book.draft(observable, account("Anna Berg"), "known", technique="T1071", tlp=Tlp.GREEN)
    world.indicator_book.act(life.id, LifeAct.REVIEW, account("Anna Berg"), "look")
    return world.indicator_book.act(life.id, LifeAct.RELEASE, account("Bo Lund"), "go")


def test_what_a_trusted_partner_met_keeps_the_indicator_fresh_and_counts_for_no_actor(world, port, misp) -> None:
    life, other = drafted(world, NAMED[0]), drafted(world, NAMED[1])
    world.release(*NAMED[:2])
    world.push(port)
    attributes = {one["value"]: one["uuid"] for one in next(iter(misp.events.values()))["Attribute"]}
    at = world.clock.now_us() // SECOND_US
    misp.sight(attributes[NAMED[0].value], at=at - 60, number=1)
    misp.sight(attributes[NAMED[1].value], at=at - 60, number=2)
    misp.sight(attributes[NAMED[1].value], "1", at=at - 30, number=3)  # called a false positive since
    world.exchange.pull_sightings("nord", "cert-nord", port)
    assert world.indicator_book.get(life.id).seen_us == life.seen_us  # the partner is trusted with nothing
    world.partners.set("cert-nord", account("Anna Berg"), inward=Inward(trust=60))
    world.exchange.pull_sightings("nord", "cert-nord", port)
    assert world.indicator_book.get(life.id).seen_us == (at - 60) * SECOND_US
    assert world.indicator_book.get(other.id).seen_us == other.seen_us
    assert world.indicator_book.outcomes(life.id) == {}
    world.exchange.pull_sightings("nord", "cert-nord", port)
    noted = [line for line in world.indicator_book.history(life.id) if line.act == "indicator-met-by-partner"]
    assert [json.loads(line.detail) for line in noted] == [{"partner": "cert-nord"}]


def test_the_room_for_an_instances_sightings_is_bounded(world, port, misp, monkeypatch) -> None:
    monkeypatch.setattr(misp_sightings, "KEPT_MAX", 3)
    world.release(NAMED[0])
    world.push(port)
    (event,) = misp.events.values()
    at = world.clock.now_us() // SECOND_US
    for number in range(5):
        misp.sight(event["Attribute"][0]["uuid"], at=at - number, number=number)
    assert world.exchange.pull_sightings("nord", "cert-nord", port) == (3, 2)
    assert len(world.exchange.sightings.every()) == 3
    assert [line.rule for line in world.lines("MispSighting")].count("room") == 2


def test_a_misp_is_a_source_page_by_page(port, misp) -> None:
    for n in range(120):
        misp.put(
            {
                "uuid": f"00000000-0000-4000-8000-{n:012x}",
                "info": "x",
                "timestamp": str(1_793_000_000 + n),
                "Attribute": [
                    {
                        "uuid": f"11111111-0000-4000-8000-{n:012x}",
                        "type": "domain",
                        "category": "Network activity",
                        "value": f"a{n}.example.com",
                        "to_ids": True,
                        "timestamp": "1793000000",
                    }
                ],
            }
        )
    pages = [port.events(0, page, 50) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len(port.events(1_793_000_110, 1, 50)) == 10
    assert read_event(pages[0][0], Assumed()).offers[0].what.observable == Observable.of("domain", "a0.example.com")


def test_failures_say_who_must_act(served, misp, tmp_path) -> None:
    def asked(**other):
        access = {"token_file": str(served.key_file), "ca_file": str(served.ca)} | other
        return Misp(served.url, Access(**access), tmp_path).events(0, 1, 10)

    (tmp_path / "wrong").write_text("x" * 40)
    with pytest.raises(LinkRefused, match="Authentication"):
        asked(token_file="wrong")
    with pytest.raises(LinkRefused):
        asked(ca_file="")
    for status in (500, 503):
        misp.broken = status
        with pytest.raises((LinkRefused, LinkDown)):
            asked()
    misp.broken = "redirect"
    with pytest.raises(LinkRefused, match="elsewhere"):
        asked()
    misp.broken = "huge"
    with pytest.raises((LinkRefused, Unreadable), match="more than"):
        asked()
    misp.broken = None
    assert asked() == []
    served.end()
    with pytest.raises((LinkDown, LinkRefused)):
        asked()
    with pytest.raises(SettingsError, match="https"):
        Misp("http://misp.example", Access(token_file=str(served.key_file)), tmp_path)
    assert "k" * 40 not in str(misp.requests)
