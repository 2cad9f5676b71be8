"""The never-block list changed by hand at the console: shown first, with a reason, a name, and at once."""

import json
import re
from pathlib import Path

import pytest

from bavn.actor.protect import never_own
from bavn.actor.protect.state import State
from bavn.app.access.rights import Role
from bavn.app.acts.node.never import SAYS
from bavn.app.web.frame import Person
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from tests.app.web.drawn_node import BLOCKED, C2
from tests.app.web.soc.conftest import ANNA

LIST = "/protection/never-block"
ADD = {"act": "add", "covers": "tree", "values": [C2.upper(), f" {C2}"]}
WHY = {"why": "the  infusion pumps\nask it", "sure": True}


def file_of(console):
    return next(iter(console.house.seen_by(ANNA))).file.parent / "data"


def book(console):
    return Book(file_of(console) / "node.db")


def test_what_a_change_would_free_is_shown_and_nothing_is_changed(running) -> None:
    said = running.do(f"{LIST}/preview", ADD)
    assert (said["values"], said["lifted_count"], [one["value"] for one in said["lifted"]]) == ([C2], 1, [C2])
    assert (said["held_count"], said["freed_count"]) == (0, 0)
    assert running.get(f"{LIST}?own=true")["items"] == []
    assert running.get(f"{LIST}?what={C2}")["about"]["table"] is None


def test_a_change_stands_with_its_reason_and_name_and_in_the_ledger(running) -> None:
    running.do(LIST, {**ADD, **WHY, "sure": False}, "PUT", code=422)
    running.do(LIST, {**ADD, **WHY}, "PUT")
    (entry,) = running.get(f"{LIST}?own=true")["items"]
    assert (entry["value"], entry["table"], entry["why"], entry["by"]) == (
        C2,
        "by_hand",
        "the infusion pumps ask it",
        "Anna Berg",
    )
    assert running.get(f"{LIST}?what=www.{C2}")["about"]["table"] == "by_hand"
    with book(running) as opened:
        line = [one for one in Ledger(opened).every() if one.kind == "NeverBlockChanged"][-1]
    said = json.loads(line.summary)
    assert (line.peer, said["act"], said["values"], said["why"]) == (
        "Anna Berg",
        "add",
        [C2],
        "the infusion pumps ask it",
    )
    running.do(LIST, {**ADD, **WHY}, "PUT", code=409)
    running.do(f"{LIST}/preview", ADD, code=409)


def test_where_the_node_does_not_run_its_blocks_are_lifted_from_here(console) -> None:
    file = file_of(console) / "health.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "stopped": True}))
    console.do(LIST, {**ADD, **WHY}, "PUT")
    with book(console) as opened:
        item = State(opened).item(BLOCKED)
    assert (item.standing, item.rule) == ("lifted", "never_block")
    strike = {**ADD, "act": "remove"}
    said = console.do(f"{LIST}/preview", strike)
    assert [one["id"] for one in said["freed"]] == [BLOCKED]
    console.do(LIST, {**strike, **WHY}, "PUT")
    assert console.get(f"{LIST}?own=true")["items"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"values": ["co.uk"]}, 422),
        ({"values": ["no such"]}, 422),
        ({"values": []}, 422),
        ({"why": "x"}, 422),
        ({"covers": "network", "values": ["0.0.0.0/0"]}, 422),
        ({"act": "remove", "values": ["philips.com"]}, 409),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(running, change, code) -> None:
    answer = running.do(LIST, {**ADD, **WHY, **change}, "PUT", code=code)
    assert answer["title"]["en"] != answer["title"]["da"]
    assert running.get(f"{LIST}?own=true")["items"] == []


def test_who_only_reads_changes_nothing(running) -> None:
    reader = running.as_(Person(name="Bo Lund", roles=frozenset({Role.AUDITOR})))
    reader.get(LIST)
    reader.do(LIST, {**ADD, **WHY}, "PUT", code=403)
    reader.do(f"{LIST}/preview", ADD, code=403)


def test_each_refusal_of_an_entry_has_words() -> None:
    said = set(re.findall(r'Refused\(\s*"(\w+)"', Path(never_own.__file__).read_text()))
    assert len(said) > 3
    assert said | {"there_already", "not_there"} == set(SAYS)
    assert all(text.en != text.da for _, text in SAYS.values())
