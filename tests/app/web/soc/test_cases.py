"""This actor's part of a case: what is asked, what would leave, and that no more leaves than was shown."""

import pytest

from bavn.actor.door.conversations.case_book import SAID, CaseBook
from bavn.wire.book import Book
from tests.app.web.drawn_node import BEACON, CASE, QUESTION, TASK, own, part
from tests.app.web.soc.conftest import ANNA


def left(console):
    (here,) = console.house.seen_by(ANNA)
    with Book(here.file.parent / "data" / "node.db") as book:
        waiting = SAID.find(book, "told_us IS NULL", whole=True)
        return [(said.act, said.task_id, said.words, said.by, said.content) for said in waiting]


def test_the_part_says_what_is_asked_and_by_when(looking) -> None:
    (short,) = looking.get("/cases")["items"]
    assert (short["id"], short["overdue"], short["tasks"]) == (CASE, True, 2)
    case = looking.get(f"/cases/{CASE}")
    assert {task["id"]: task["state"] for task in case["work"]} == {QUESTION: "open", TASK: "acknowledged"}
    assert set(case["work"][0]["acts"]) == {"acknowledge", "applies", "not-applicable", "done"}
    assert case["work"][0]["dues"][0]["standing"] == "overdue"
    assert case["clocks"][0]["report"] == "early-warning"
    assert looking.get("/cases/case-0000000000000000", code=404)["type"] == "no-case"


@pytest.mark.parametrize("state", ["closed", "dismissed", "merged"])
def test_in_a_case_that_is_over_nothing_is_owed(console, state) -> None:
    assert console.get("/cases")["items"][0]["overdue"]
    (here,) = console.house.seen_by(ANNA)
    with Book(here.file.parent / "data" / "node.db") as book:
        CaseBook(book).keep(part(console.house.clock.now_us(), state=state, version=2), 1)
    (short,) = console.get("/cases")["items"]
    assert (short["owed_us"], short["overdue"], short["tasks"]) == (None, False, 2)
    assert [task["dues"] for task in console.get(f"/cases/{CASE}")["work"]] == [[], []]


def test_an_answer_is_shown_first_and_left_as_it_was_shown(console) -> None:
    body = {"act": "applies", "task": QUESTION, "words": "two machines"}
    shown = console.do(f"/cases/{CASE}/answers", body)
    assert (shown["number"], shown["refused"], shown["privacy"]) == (None, None, "S5")
    assert left(console) == []
    assert console.do(f"/cases/{CASE}/answers", {**body, "send": True})["number"] == 1
    assert left(console) == [("applies", QUESTION, "two machines", "Anna Berg", None)]
    (mine,) = [one for one in console.get(f"/cases/{CASE}")["words"] if one["here"]]
    assert mine["became"]["da"] == "venter på den kørende node"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ask 010170-1234", "a CPR number"),
        (f"it is {own(21)}", "an own address"),
        ("mail anna@hospital.example", "an e-mail address"),
    ],
)
def test_what_names_somebody_or_something_inside_is_refused_in_words(console, words, said) -> None:
    body = {"act": "words", "words": words}
    assert said in console.do(f"/cases/{CASE}/answers", body)["refused"]["en"]
    assert console.do(f"/cases/{CASE}/answers", {**body, "send": True}, code=409)["type"] == "not-sent"
    assert left(console) == []


def test_evidence_leaves_only_if_it_is_what_was_shown(console) -> None:
    body = {"suspicion": BEACON, "rows": 5}
    shown = console.do(f"/cases/{CASE}/evidence", body)
    text = "".join(file["text"] for file in shown["files"])
    assert own(21) not in text
    assert "own-1" in text
    assert left(console) == []
    wrong = console.do(f"/cases/{CASE}/evidence", {**body, "sha256": "0" * 64}, code=409)
    assert wrong["type"] == "not-what-was-shown"
    assert console.do(f"/cases/{CASE}/evidence", {**body, "sha256": shown["sha256"]})["number"] == 1
    ((act, *_, by, content),) = left(console)
    assert (act, by, len(content)) == ("attach", "Anna Berg", shown["bytes"])


def test_a_step_under_nis2_is_noted_by_name_and_refused_in_words(console) -> None:
    noted = console.do(f"/cases/{CASE}/nis2", {"act": "early-warning"})
    assert noted["says"]["en"].startswith("The centre is to be told. ")
    (here,) = console.house.seen_by(ANNA)
    with here.asks() as rows:
        assert rows("SELECT act, by_whom FROM door_nis2") == [("early-warning", "Anna Berg")]
    refused = console.do(f"/cases/{CASE}/nis2", {"act": "handled", "at_us": 2**52}, code=409)
    assert (refused["type"], refused["title"]["en"]) == (
        "not-sent",
        "not sent: not a whole minute of the last 400 days",
    )
    console.do(f"/cases/{CASE}/nis2", {"act": "early-warning", "why": "x" * 5000}, code=422)


def test_nonsense_is_a_problem(console) -> None:
    for body in ({"act": "words"}, {"act": "done"}, {"act": "words", "words": "x", "task": TASK}, {"act": "cancel"}):
        console.do(f"/cases/{CASE}/answers", body, code=422)
    console.do(f"/cases/{CASE}/answers", {"act": "done", "task": "0" * 32}, code=404)
