"""How many of the sector know it, beside a suspicion, a host's peers, a hunt's answer and a dry run; and nothing of
what nobody told."""

import json

import pytest

from bavn.app.cli.node.main import app
from tests.app.web.drawn_next_door import draw_next_door
from tests.app.web.drawn_node import BEACON, C2, C2_ADDRESS, TUNNEL, own
from tests.people import Runner as CliRunner

SQL = "SELECT sni, dst, count(*) AS n FROM tls GROUP BY ALL"
pytestmark = pytest.mark.slow
KNOWN = "9 to 16 of 41 organisations of the sector know example.com; 3 or more have done so since "


def told(console, file) -> dict[str, list[str]]:
    """What is said on each page, and by each command."""
    answers = [
        answered(console, question)
        for question in ({"kind": "sql", "sql": SQL}, {"kind": "pivot", "pivot": "domain", "value": C2})
    ]
    tried = console.do("/protection/dry-runs", {"what": C2}, code=202)
    while tried["state"] == "running":
        tried = console.get(f"/protection/dry-runs/{tried['id']}?wait_s=2")
    peers = console.get(f"/hosts/{own(21)}/peers?days=7")["peers"]
    quick = console.get(f"/hosts/{own(21)}/peers?days=7&next_door=false")["peers"]
    assert quick == [{**peer, "next_door": None} for peer in peers]
    lists = console.get("/suspicions")["items"]
    printed = [
        CliRunner().invoke(app, [*words, "--config", str(file)]).output
        for words in (("suspicions", "--json"), ("evidence", BEACON), ("dry-run", C2), ("hunt", "sql", SQL))
    ]
    first = next(row for row in map(json.loads, printed[0].splitlines()) if row["id"] == BEACON)
    return {
        "suspicion": [one["says"]["en"] for one in console.get(f"/suspicions/{BEACON}")["next_door"]],
        "list": [one["says"]["en"] for row in lists if row["id"] == BEACON for one in row["next_door"]],
        "host": [one["next_door"]["short"]["en"] for one in peers if one["next_door"]],
        "hunt": [f"{one['value']}: {one['says']['en']}" for one in answers[0]["known"]],
        "pivot": sorted({one["says"]["en"] for one in answers[1]["known"]}),
        "why": [one["why_nothing"]["en"] for one in answers if one["why_nothing"]],
        "dry run": [] if tried["next_door"] is None else [tried["next_door"]["says"]["en"]],
        "bavn node suspicions": first.get("next_door", []),
        "bavn node evidence": [line for line in printed[1].splitlines() if "organisations" in line],
        "bavn node dry-run": [line for line in printed[2].splitlines() if "organisations" in line],
        "bavn node hunt": [line for line in printed[3].splitlines() if "organisations" in line],
    }


def answered(console, question):
    """What the sector knows of the names in an answer."""
    asked = console.do("/hunt/asks", question, code=202)
    while asked["state"] == "running":
        asked = console.get(f"/hunt/asks/{asked['id']}?wait_s=2")
    return console.get(f"/hunt/asks/{asked['id']}/rows")


@pytest.fixture
def file(console, tmp_path):
    return tmp_path / "north" / "node.toml"


def test_it_stands_beside_everything_that_an_analyst_asks_it_of(console, file) -> None:
    draw_next_door(file, C2)
    said = told(console, file)
    short = said.pop("host")
    assert short == ["9 to 16 of 41 organisations"], f"{C2_ADDRESS} is called by that name alone"
    assert len(said.pop("hunt")) == 1
    assert said.pop("why") == []
    assert all(len(lines) == 1 and lines[0].startswith(KNOWN) for lines in said.values()), said
    assert console.get(f"/suspicions/{TUNNEL}")["next_door"] == []


@pytest.mark.parametrize("why", ["no round yet", "never listed", "setting off"])
def test_nothing_is_said_where_nobody_told(console, file, why) -> None:
    if why == "never listed":
        draw_next_door(file, "andet.dk")
    if why == "setting off":
        draw_next_door(file, C2)
        policy = file.parent / "policy.toml"
        policy.write_text(policy.read_text().replace("[door]\n", "[door]\njoin_commons = false\n"))
    said = told(console, file)
    reasons = {"no round yet": "no commons round", "never listed": "none of them is among", "setting off": "the policy"}
    assert [reasons[why] in one for one in said.pop("why")] == [True, True]
    assert set(map(len, said.values())) == {0}
