"""An exercise is plainly shown to the actor's people; what they say of it goes where the commands' words go."""

import pytest

from bavn.app.access.rights import Role
from bavn.app.node.case_parts import opened_cases
from bavn.app.web.frame import Person
from tests.app.web.soc.conftest import ANNA

ONE, OLD = "exercise-0000000000000002", "exercise-0000000000000001"
NONE = "exercise-00000000000000ff"


def only(console, one=ONE):
    (found,) = [each for each in console.get("/exercises")["items"] if each["id"] == one]
    return found


def test_what_is_played_is_shown_and_of_a_past_one_its_outcome_alone(looking) -> None:
    assert [one["id"] for one in looking.get("/exercises")["items"]] == [ONE, OLD]
    one, old = only(looking), only(looking, OLD)
    mark = {"en": "EXERCISE", "da": "ØVELSE", "sv": "ÖVNING"}
    assert (one["mark"], one["state"], one["over_us"]) == (mark, "running", None)
    assert one["plan"]["campaign_says"]["en"] == "calls home at intervals"
    assert one["plan"]["turn_us"] - one["plan"]["begins_us"] == 5 * 60_000_000
    assert one["plan"]["element"] == f"bavn-{ONE}.example"
    assert [(step["step"], step["by"], step["became"]["en"]) for step in one["steps"]] == [
        ("allowed", "Anna Berg", "told to the centre"),
        ("injected", "lane", "told to the centre"),
        ("suspected", "lane", "told to the centre"),
    ]
    assert (old["plan"], old["steps"], old["acts"], old["state"]) == (None, [], [], "ended")
    assert old["over_us"] is not None


def test_pages_meet(looking) -> None:
    first = looking.get("/exercises?limit=1")
    rest = looking.get(f"/exercises?limit=1&after={first['next']}")
    assert [one["id"] for page in (first, rest) for one in page["items"]] == [ONE, OLD]
    assert rest["next"] is None


def test_a_person_sees_it_once_and_ends_it_here(console) -> None:
    assert only(console)["acts"] == ["seen", "quit"]
    assert console.do(f"/exercises/{ONE}/seen")["says"]["en"].startswith("The centre is to be told. ")
    seen = only(console)
    assert (seen["steps"][-1]["by"], seen["steps"][-1]["became"]["en"]) == ("Anna Berg", "waits for the running node")
    assert seen["acts"] == ["quit"]
    (here,) = console.house.seen_by(ANNA)
    with opened_cases(here.file) as there:
        there.exercises.tell()
    again = console.do(f"/exercises/{ONE}/seen", code=409)
    assert again["type"] == "not-sent"
    assert again["title"]["da"].startswith("ikke sendt")
    assert console.do(f"/exercises/{ONE}/allow", code=409)["type"] == "not-sent"
    console.do(f"/exercises/{ONE}/quit")
    assert only(console)["state"] == "stopped"
    assert console.do(f"/exercises/{ONE}/quit", code=409)["type"] == "not-now"


@pytest.mark.parametrize(("one", "act", "code"), [(NONE, "allow", 404), (OLD, "allow", 409), (ONE, "run", 422)])
def test_what_cannot_be_said_is_refused(console, one, act, code) -> None:
    before = console.get("/exercises")["items"]
    assert console.do(f"/exercises/{one}/{act}", code=code)["title"]["en"]
    assert console.get("/exercises")["items"] == before


def test_an_auditor_sees_it_and_says_nothing(console) -> None:
    auditor = console.as_(Person(name="Rie Holm", roles=frozenset({Role.AUDITOR})))
    assert only(auditor)["id"] == ONE
    assert auditor.do(f"/exercises/{ONE}/seen", code=403)["type"] == "not-allowed"
