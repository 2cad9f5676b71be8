"""A confirmed attack that was met here, as the console tells it: what, since when, where, what to do, who has it."""

import json

from bavn.actor.door.conversations.case_book import CaseBook
from bavn.app.access.rights import Role
from bavn.app.web.frame import Person
from bavn.model.moment import DAY_US
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import AskedObservable
from tests.app.web.drawn_node import BEACON, BLOCKED, C2, CASE, REFUSED, WAITING, own, part
from tests.app.web.soc.conftest import ANNA


def test_a_hit_says_what_was_met_where_and_what_to_do(looking) -> None:
    (hit,) = looking.get("/today")["hits"]
    assert (hit["value"], hit["stands"], hit["count"], hit["is_taken"]) == (C2, "blocked", 3, False)
    machines = {one["host"]: one["suspicion"] for one in hit["machines"]}
    assert machines[own(21)] == BEACON
    assert set(machines) == {own(21), own(22)}
    assert hit["hosts"] == 2
    assert (hit["case"], hit["reported"]) == (None, True), "a report on it left; the case is on the domain above it"
    assert "leave them switched on" in hit["to_do"][0]["en"]
    assert "lad dem være tændt" in hit["to_do"][0]["da"]


def test_suspicion_and_host_take_the_sectors_word(looking) -> None:
    word = looking.get(f"/suspicions/{BEACON}")["confirmed"]
    assert (word["indicator"], word["stands"], word["count"]) == (BLOCKED, "blocked", 3)
    assert word["value"] == C2
    assert looking.get(f"/hosts/{own(21)}")["confirmed"]["value"] == C2
    assert looking.get(f"/hosts/{own(23)}")["confirmed"] is None


def test_its_first_sighting_is_one_moment_on_every_page_and_history_stands_apart(console) -> None:
    """A week before anything was suspected, the hunt of own history found it: patient zero."""
    zero_us = console.house.clock.now_us() - 7 * DAY_US
    with Book(next(iter(console.house.seen_by(ANNA))).file.parent / "data" / "node.db") as book:
        with book.transaction() as tx:
            tx.execute("INSERT INTO protect_met VALUES (?, 'retro', 113, ?, ?, 113, ?)", (BLOCKED, *[zero_us] * 3))
        CaseBook(book).keep(part(zero_us, version=2, own=(AskedObservable(type="domain", value=C2),)), zero_us)
    (hit,) = console.get("/today")["hits"]
    suspicion, host = console.get(f"/suspicions/{BEACON}"), console.get(f"/hosts/{own(21)}")
    above = next(
        one["strongest"] for one in console.get("/today")["inbox"]["above"] if one["strongest"]["id"] == BEACON
    )
    (case,) = (one for one in console.get("/cases")["items"] if one["id"] == CASE)
    told = [hit, suspicion, above, *case["met"]]
    told += [one["confirmed"] for one in (suspicion, host, above)]
    assert len(case["met"]) == 1
    assert {one["first_us"] for one in told} == {zero_us}
    assert (hit["count"], hit["history"]) == (116, 113)


def test_a_case_says_what_was_met_beside_what_was_reported(console) -> None:
    case = next(one for one in console.get("/cases")["items"] if one["id"] == CASE)
    assert (case["own"], case["reported"], case["met"]) == (["domain:example.com"], [], [])


def test_somebody_takes_it_and_it_is_no_longer_on_top_of_today(console) -> None:
    done = console.do(f"/hits/{BLOCKED}/taken")
    assert done["says"]["en"].startswith(f"{C2} is in Anna Berg's hands")
    (hit,) = console.get("/today")["hits"]
    assert (hit["is_taken"], hit["taken_by"]) == (True, "Anna Berg")
    for none in (WAITING, REFUSED):
        said = console.do(f"/hits/{none}/taken", code=404)
        assert "confirmed no such thing that was met here" in json.dumps(said)


def test_an_auditor_sees_it_and_takes_nothing(console) -> None:
    auditor = console.as_(Person(name="Au Ditor", roles=frozenset({Role.AUDITOR})))
    assert len(auditor.get("/today")["hits"]) == 1
    auditor.do(f"/hits/{BLOCKED}/taken", code=403)
