"""Today, suspicions, what the sector adds, evidence, verdicts."""

import io
import json
import os
import zipfile

import pytest

from bavn.actor.door.suspicions import NodeSuspicions
from bavn.actor.protect.state import State
from bavn.app.access.rights import Role
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.process.problem import Problem
from bavn.app.web.frame import Person
from bavn.model.moment import DAY_US
from bavn.model.text import Text
from bavn.wire.book import Book
from tests.app.web.drawn_node import BEACON, BLOCKED, C2, CASE, NUMBER, TUNNEL, own, suspicion
from tests.app.web.soc.conftest import ANNA


def ledger(console, gate):
    return console.get(f"/door/ledger?gate={gate}")["items"]


def test_today_says_how_much_there_is(looking) -> None:
    today = looking.get("/today")
    assert today["suspicions"] == 6
    assert not today.keys() & {"owed", "overdue", "waiting", "cases"}, "what waits stands in one list, /waiting"
    assert "beacon" in today["detectors"]


def test_what_does_not_fit_about_the_centres_log_stands_there_with_what_to_do(console) -> None:
    here = next(iter(console.house.seen_by(ANNA)))
    assert console.get("/today")["log"] == []
    wrong = [Problem(code="log_proofs_late", source="centre", text=Text("ask it"))]
    wrong.append(Problem(code="queue_grows", source="centre", text=Text("not of the log")))
    alive = {
        "stopped": False,
        "problems": [{"code": p.code, "source": p.source, **p.text.spoken()} for p in wrong],
        "at_us": 1,
        "pid": os.getpid(),
    }
    (here.file.parent / "data" / HEALTH_FILE).write_text(json.dumps(alive))
    turn = {"number": 2, "state": "on", "at_us": 1, "by": "anna", "why": "a mistake"}
    with Book(here.file.parent / "data" / "node.db") as book:
        state = State(book)
        state.set_note("sector_switch", json.dumps(turn))
        state.set_note("sector_switch_waits", json.dumps(turn | {"number": 3, "state": "off"}))
    one, two = console.get("/today")["log"]
    assert one["en"] == "ask it"
    assert two["en"].startswith("It was turned off, and the centre has not proven that")


def test_what_the_internet_tried_is_a_line_and_each_of_it_where_asked_for(console) -> None:
    here = next(iter(console.house.seen_by(ANNA)))
    tried = {"detector": "scan", "technique": "T1595.001", "knock": "tcp/22", "host": own(29), "observables": ()}
    guessed = {
        "detector": "bruteforce",
        "technique": "T1110.001",
        "knock": "guess:SSH",
        "host": own(29),
        "observables": (),
    }
    now_us = console.house.clock.now_us()
    with Book(here.file.parent / "data" / "node.db") as book:
        known = NodeSuspicions(book)
        knocks = [suspicion(now_us, id=n * 16, peer=f"45.9.150.{n}", **tried) for n in ("80", "81")]
        knocks.append(suspicion(now_us, id="82" * 16, peer="45.9.150.82", **guessed))
        known.replace([*known.all(), *knocks], now_us)
    doors, passwords = console.get("/today")["knocks"]
    assert doors["says"]["en"].startswith("The internet knocks: 2 addresses tried doors here on ")
    assert passwords["says"]["da"].startswith("Internettet gætter: 1 adresse prøvede adgangskoder den ")
    assert [doors["suspicions"], passwords["suspicions"]] == [2, 1]
    assert console.get("/suspicions")["total"] == 9
    assert console.get("/suspicions?folded=true")["total"] == 6
    hosts = {one["host"] for one in console.get("/suspicions")["items"]}
    folded = {one["host"] for one in console.get("/suspicions?folded=true")["items"]}
    assert hosts - folded == {own(29)}
    console.do(f"/suspicions/{'80' * 16}/verdicts", {"verdict": "true"}, code=201)
    assert console.get("/suspicions?folded=true")["total"] == 7, "what a person judged stands for itself"


def test_a_suspicion_comes_with_what_its_detector_says_of_itself(looking) -> None:
    guide = looking.get(f"/suspicions/{BEACON}")["guide"]
    assert [one["heading"]["en"] for one in guide] == [
        "What the detector sees",
        "What it misses",
        "Innocent explanations",
        "Do first",
    ]
    assert "jitter up to 90 %" in guide[0]["says"]["en"]
    assert "udsving op til 90 %" in guide[0]["says"]["da"]


def test_the_sector_adds_cases_verdicts_and_indicators(looking) -> None:
    adds = {(a["kind"], a["ref"]) for a in looking.get(f"/suspicions/{BEACON}")["sector"]}
    assert adds == {("case", CASE), ("indicator", BLOCKED)}
    (advice,) = [a for a in looking.get(f"/suspicions/{TUNNEL}")["sector"] if a["kind"] == "verdict"]
    assert (advice["word"], advice["ref"], advice["observable"]) == ("malicious", "s1", "t.example.net")


def test_lists_are_filtered_and_their_pages_meet(looking) -> None:
    assert [one["detector"] for one in looking.get("/suspicions?detector=scan")["items"]] == ["scan"]
    assert {one["host"] for one in looking.get(f"/suspicions?host={own(22)}")["items"]} == {own(22)}
    assert len(looking.get(f"/suspicions?q={C2}")["items"]) == 3
    every = [one["id"] for one in looking.get("/suspicions")["items"]]
    seen, after = [], ""
    while True:
        page = looking.get(f"/suspicions?limit=2{after}")
        seen += [one["id"] for one in page["items"]]
        assert page["total"] == 6
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == every
    assert looking.get("/suspicions?after=nonsense", code=400)["type"] == "bad-cursor"
    assert looking.get(f"/suspicions/{'0' * 32}", code=404)["type"] == "no-suspicion"


def test_evidence_is_shown_as_it_is_and_handed_on_redacted(console) -> None:
    shown = console.get(f"/suspicions/{'22' * 16}/evidence?around_s=60")
    (rows,) = [s for s in shown["sheets"] if s["group"] == "rows"]
    assert NUMBER in json.dumps(rows), "what is shown here is not redacted"
    answer = console.do(f"/suspicions/{'22' * 16}/export", {})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        whole = b"".join(file.read(name) for name in file.namelist())
    assert NUMBER.encode() not in whole
    (line,) = ledger(console, "export")
    said = json.loads(line["summary"])
    assert (said["by"], said["redacted"], line["way"]) == ("Anna Berg", True, "out")
    assert console.do(f"/suspicions/{'22' * 16}/export", {"unredacted": True}, code=422)["type"] == "no-reason"
    assert len(ledger(console, "export")) == 1
    answer = console.do(f"/suspicions/{'22' * 16}/export", {"unredacted": True, "reason": "for the police"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert any(NUMBER.encode() in file.read(name) for name in file.namelist())
    assert json.loads(ledger(console, "export")[0]["summary"])["reason"] == "for the police"
    assert console.do(f"/suspicions/{'22' * 16}/export", {"form": "pcap"}, code=404)["act"] == "operator"


def test_a_verdict_is_given_by_name_orders_the_list_and_is_taken_back(console) -> None:
    until = console.house.clock.now_us() + 9 * DAY_US
    body = {"verdict": "ignore", "scope": "story", "until_us": until, "comment": "printer"}
    given = console.do(f"/suspicions/{BEACON}/verdicts", body, code=201)["verdict"]
    assert (given["by"], given["holds"], given["until_us"]) == ("Anna Berg", True, until)
    assert BEACON not in [one["id"] for one in console.get("/suspicions")["items"]]
    assert console.get("/suspicions?ignored=true")["items"][-1]["verdict"]["comment"] == "printer"
    ended = console.do(f"/verdicts/{given['number']}/end", {"comment": "it was not"})
    assert (ended["holds"], ended["ended_by"]) == (False, "Anna Berg")
    assert console.get("/suspicions")["items"][0]["id"] == BEACON
    console.do(f"/verdicts/{given['number']}/end", {}, code=409)
    assert [one["number"] for one in console.get("/verdicts")["items"]] == ["s1"]
    assert console.do("/verdicts/s1/end", {"comment": "own supplier"})["ended_comment"] == "own supplier"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"verdict": "benign"}, 422),
        ({"verdict": "benign", "until_us": 1}, 422),
        ({"verdict": "benign", "until_us": 2**53}, 422),
        ({"verdict": "perhaps", "until_us": 2**53}, 422),
        ({"verdict": "true"}, 201),
    ],
)
def test_a_verdict_has_an_end_within_bounds_and_only_true_goes_without(console, body, code) -> None:
    console.do(f"/suspicions/{BEACON}/verdicts", body, code=code)


def test_a_scan_has_no_peer_to_judge_everywhere(console) -> None:
    until = console.house.clock.now_us() + DAY_US
    body = {"verdict": "benign", "scope": "peer", "until_us": until}
    assert console.do(f"/suspicions/{'5c' * 16}/verdicts", body, code=422)["type"] == "bad-verdict"
    given = console.do(f"/suspicions/{BEACON}/verdicts", body, code=201)
    assert given["note"]["da"].startswith("match af indikatorer")


def test_nodes_do_not_mix_and_a_name_is_not_told_to_who_may_not_see_it(looking) -> None:
    north = {one["host"] for one in looking.ask("/nodes/north/suspicions")["items"]}
    south = {one["host"] for one in looking.ask("/nodes/south/suspicions")["items"]}
    assert not north & south
    only = looking.as_(Person(name="Bo Lund", roles=ANNA.roles, actors=frozenset({"south"})))
    assert [one["name"] for one in only.ask("/nodes")] == ["south"]
    hidden, none = only.ask("/nodes/north/today", code=404), only.ask("/nodes/nowhere/today", code=404)
    assert hidden == none
    auditor = looking.as_(Person(name="Bo Lund", roles=frozenset({Role.AUDITOR})))
    auditor.ask("/nodes/north/today")
    auditor.ask(f"/nodes/north/suspicions/{BEACON}/verdicts", "POST", json={"verdict": "true"}, code=403)
