"""Today's inbox: what deserves eyes stands above the line, what is marked leaves it, an empty one says the truth."""

import json
import os

from typer.testing import CliRunner

from bavn.actor.door.suspicions import NodeSuspicions
from bavn.app.access.rights import Role
from bavn.app.cli.node.main import app
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.process.problem import Problem
from bavn.app.web.frame import Person
from bavn.model.moment import DAY_US
from bavn.model.text import Text
from bavn.wire.book import Book
from tests.app.web.drawn_node import BEACON, C2, SCAN, TUNNEL, own, suspicion
from tests.app.web.soc.conftest import ANNA

BO = Person(name="Bo Lund", roles=frozenset({Role.SOC}))


def node_of(console):
    return next(iter(console.house.seen_by(ANNA)))


def book_of(console):
    return Book(node_of(console).file.parent / "data" / "node.db")


def inbox_of(console):
    return console.get("/today")["inbox"]


def above(console):
    return [(one["strongest"]["host"], one["strongest"]["peer"]) for one in inbox_of(console)["above"]]


def many(console, weak=212, **other):
    """So many suspicions more, of as many peers, that say nothing."""
    now_us, plain = console.house.clock.now_us(), {"p": 1.0, "detector": "rarity", "observables": ()}
    with book_of(console) as book:
        known = NodeSuspicions(book)
        more = [
            suspicion(now_us, id=f"{n + 4096:032x}", host=own(40), peer=f"w{n}.example.net", **plain | other)
            for n in range(weak)
        ]
        known.replace([*known.all(), *more], now_us, now_us, 5)


def mark(console, suspected, verdict="benign", **other):
    until = console.house.clock.now_us() + 9 * DAY_US
    body = {"verdict": verdict, "scope": "story", "until_us": until} | other
    return console.do(f"/suspicions/{suspected}/verdicts", body, code=201)


def test_what_is_confirmed_or_over_the_line_stands_above_and_the_rest_is_counted(console) -> None:
    many(console)
    found = inbox_of(console)
    why = [one["why"] for one in found["above"]]
    assert why == sorted(why, key=["handed", "sector", "strong", "line"].index)
    assert {one["strongest"]["peer"] for one in found["above"] if one["why"] == "sector"} == {C2}
    assert 0 < why.count("line") <= found["read_max"] == 3
    assert not [one for one in found["above"] if one["strongest"]["peer"].startswith("w")]
    shown = sum(1 + len(one["others"]) for one in found["above"])
    assert shown + found["weaker"] + found["marked"] == console.get("/suspicions")["total"] == 218


def test_what_speaks_for_chance_is_never_over_the_line_and_the_cap_always_is(console) -> None:
    with book_of(console) as book:
        NodeSuspicions(book).replace([], 1, 1, 5)
    many(console, 9)
    found = inbox_of(console)
    assert (found["above"], found["weaker"]) == ([], 9)
    many(console, 5, p=1e-9)
    assert [one["why"] for one in inbox_of(console)["above"]] == ["strong"] * 5, "more than the line of three"


def test_each_mark_takes_it_off_the_page_until_it_is_empty(console) -> None:
    many(console)
    stories = len(inbox_of(console)["above"])
    for turn in range(stories):
        found = inbox_of(console)["above"]
        assert len(found) == stories - turn, "one at a time, whichever the verdict"
        for suspected in (found[0]["strongest"]["id"], *found[0]["others"]):
            mark(console, suspected, ("true", "benign", "ignore")[turn % 3])
    left = inbox_of(console)
    assert left["above"] == [], "the line is what is read in a day: what was read is not filled up again"
    assert left["marked"] > 0
    assert left["weaker"] + left["marked"] == 218
    assert left["read"] >= left["read_max"]
    assert console.get("/suspicions?ignored=true")["total"] == 218, "nothing is hidden"


def test_what_was_handed_on_leaves_here_and_stands_on_top_of_the_colleagues(console) -> None:
    before = above(console)
    done = console.do(f"/suspicions/{TUNNEL}/handed", {"to": " Bo Lund ", "comment": "is it the backup?"})
    assert done["says"]["en"].startswith("Bo Lund looks at it now.")
    mine, theirs = inbox_of(console), inbox_of(console.as_(BO))
    assert (own(22), "t.example.net") not in above(console)
    assert mine["handed"] == [{"to": "Bo Lund", "count": 1}]
    first = theirs["above"][0]
    assert (first["why"], first["strongest"]["id"], first["handed"]["by"]) == ("handed", TUNNEL, "Anna Berg")
    assert first["why_says"]["en"] == "Anna Berg handed it to you"
    assert first["handed"]["comment"] == "is it the backup?"
    console.as_(BO).do(f"/suspicions/{TUNNEL}/handed", {"to": "Anna Berg"})
    assert inbox_of(console)["above"][0]["strongest"]["id"] == TUNNEL
    assert set(above(console)) >= set(before)
    assert console.do(f"/suspicions/{TUNNEL}/handed", {"to": "  "}, code=422)
    console.as_(Person(name="Eva", roles=frozenset({Role.AUDITOR}))).do(
        f"/suspicions/{TUNNEL}/handed", {"to": "Bo Lund"}, code=403
    )


def test_the_shell_shows_the_same_list(console) -> None:
    many(console)
    asked = ["today", "--config", str(node_of(console).file)]
    done = CliRunner().invoke(app, [*asked, "--json"])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.output.splitlines()]
    found = inbox_of(console)
    assert [(row["id"], row["above"]) for row in rows] == [(a["strongest"]["id"], a["why"]) for a in found["above"]]
    said = CliRunner().invoke(app, [*asked, "--language", "da"]).output
    assert found["above"][0]["strongest"]["what"]["da"] in said
    assert str(found["weaker"]) in said.splitlines()[-2]
    assert said.startswith("! "), "a confirmed attack that nobody has taken comes first"


def test_two_detectors_of_one_story_are_one_entry(looking) -> None:
    beacon = next(one for one in inbox_of(looking)["above"] if one["strongest"]["id"] == BEACON)
    assert len(beacon["others"]) == 1
    assert SCAN not in beacon["others"]


def test_a_page_with_nothing_left_says_what_was_looked_at_and_never_that_all_is_well(console) -> None:
    file = node_of(console).file.parent / "data" / HEALTH_FILE
    written = json.loads(file.read_text()) | {"pid": os.getpid(), "at_us": console.house.clock.now_us()}

    def looked(**changes):
        file.write_text(json.dumps(written | changes))
        found = inbox_of(console)
        return found["whole"], found["looked"]

    whole, at = looked()
    assert whole
    assert (at["sensors"], at["silent"], at["runs"]) == (1, 0, True)
    assert 0 < at["until_us"] <= at["ran_us"]
    silent = Problem(code="silent", source="suricata", text=Text("suricata has said nothing for an hour"))
    whole, at = looked(problems=[{"code": silent.code, "source": silent.source, **silent.text.spoken()}])
    assert (whole, at["silent"]) == (False, 1)
    assert at["problems"][0]["en"] == "suricata has said nothing for an hour"
    assert looked(stopped=True)[0] is False
    assert looked(at_us=1)[0] is False
    assert looked(sources=[])[0] is False, "nobody looks where there is no sensor"
