"""A warning at the console: read in both languages, and no answer leaves but what was shown."""

import pytest

from bavn.app.acts.node.waiting import _warnings
from bavn.app.node.case_parts import opened_cases
from bavn.model.moment import HOUR_US
from bavn.wire.ledger import Note
from bavn.wire.messages.catalogue import AskedObservable, WarningGiven
from tests.app.web.soc.conftest import ANNA

ONE = "warning-" + "a" * 16


@pytest.fixture
def warned(console):
    """The console of a node that was warned."""
    (here,) = console.house.seen_by(ANNA)
    now_us = console.house.clock.now_us()
    given = WarningGiven(
        warning_id=ONE,
        version=1,
        state="sent",
        urgency="critical",
        title_en="Patch it",
        title_da="Opdater det",
        text_en="Now.",
        text_da="Nu.",
        tlp="TLP:AMBER",
        pap=1,
        sent_us=now_us,
        acknowledge_us=now_us + HOUR_US,
        until_us=now_us + 2 * HOUR_US,
        observables=(AskedObservable(type="domain", value="evil.example.com"),),
    )
    with opened_cases(here.file) as there:
        assert there.warnings.take_in(given, Note(kind="WarningGiven", item_id="1" * 64, peer="centre")) is None
    return console


def only(console):
    """The warning of this test, beside those that the node was drawn with."""
    (one,) = [one for one in console.get("/warnings")["items"] if one["id"] == ONE]
    return one


def test_pages_of_warnings_meet_and_what_is_owed_comes_first(warned) -> None:
    whole = [one["id"] for one in warned.get("/warnings?limit=500")["items"]]
    seen, after = [], ""
    while True:
        page = warned.get(f"/warnings?limit=1{after}")
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == whole
    owed = [one["id"] for one in warned.get("/warnings?shown=open")["items"]]
    assert ONE in owed
    assert whole[: len(owed)] == owed
    parts = [warned.get(f"/warnings?shown={one}")["total"] for one in ("sent", "over")]
    assert sum(parts) == len(whole)


def test_a_warning_is_read_and_an_answer_is_shown_before_it_is_left(warned) -> None:
    one = only(warned)
    assert (one["title"]["da"], one["pap"], one["answer"]) == ("Opdater det", "AMBER", "told")
    assert one["acts"] == ["acknowledge", "affected", "not-affected", "words"]
    body = {"version": 1, "act": "affected", "words": "one gateway"}
    assert warned.do(f"/warnings/{ONE}/answers", body)["number"] is None
    assert only(warned)["answers"] == []
    assert warned.do(f"/warnings/{ONE}/answers", body | {"send": True})["number"] > 0
    one = only(warned)
    assert (one["answer"], one["answers"][0]["by"]) == ("affected", "Anna Berg")
    assert one["answers"][0]["became"]["da"] == "venter på den kørende node"


def test_what_may_not_leave_is_refused_in_words(warned) -> None:
    for body, said in (
        ({"version": 2, "act": "acknowledge"}, "has come meanwhile"),
        ({"version": 1, "act": "done"}, "cannot answer done"),
        ({"version": 1, "act": "words", "words": "mail anna@hospital.example"}, "CPR"),
    ):
        assert said in warned.do(f"/warnings/{ONE}/answers", body)["refused"]["en"]
        assert warned.do(f"/warnings/{ONE}/answers", body | {"send": True}, code=409)["type"] == "not-sent"
    other = f"/warnings/warning-{'b' * 16}/answers"
    assert warned.do(other, {"version": 1, "act": "acknowledge"}, code=404)["type"] == "no-warning"


def test_a_drill_says_so_wherever_its_title_stands(warned) -> None:
    (here,) = warned.house.seen_by(ANNA)
    with opened_cases(here.file) as there:
        known = there.warnings.get(ONE)
        given = WarningGiven.model_validate(known.said | {"version": 2, "drill": True}, strict=False)
        assert there.warnings.take_in(given, Note(kind="WarningGiven", item_id="2" * 64, peer="centre")) is None
    title = {"en": "DRILL: Patch it", "da": "ØVELSE: Opdater det"}
    assert only(warned)["title"] == title
    with here.asks() as rows:
        waits = [line.what for line in _warnings(rows, "north", 0) if line.subject == ONE]
    assert [(what.en, what.da) for what in waits] == [
        ("A warning to read: DRILL: Patch it", "Et varsel, der skal læses: ØVELSE: Opdater det")
    ]
