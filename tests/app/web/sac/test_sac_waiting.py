"""What waits for whom at the centre: who may, who cannot be the second person, whom to ask, what is handed on."""

import re
from dataclasses import replace

import pytest
from fastapi import FastAPI

from bavn.app.access.handed import Handed
from bavn.app.access.rights import Role
from bavn.app.acts.centre import alarms as alarms_acts
from bavn.app.acts.centre.waiting import waiting_at_centre
from bavn.app.cli.centre.main import app as centre_app
from bavn.app.web.access import waiting
from bavn.app.web.frame import API, Person
from bavn.app.web.sides import bare_app
from bavn.centre.desk.alarms import Wrong
from bavn.model.moment import DAY_US
from bavn.model.principal import account
from bavn.model.text import Text
from bavn.rehearsal.clock import SimClock
from tests.app.web.asking import ask, serve_as
from tests.app.web.people import Place
from tests.people import Runner as CliRunner

ANNA, BO, EVA = account("Anna Berg"), account("Bo Lund"), account("Eva Holm")


@pytest.fixture
def queue(sac, tmp_path):
    """Questions to /waiting as one person; three accounts are known: two approvers and an auditor."""
    keeper = Place(tmp_path).keeper
    for person, role in ((ANNA, Role.APPROVER), (BO, Role.APPROVER), (EVA, Role.AUDITOR)):
        keeper.accounts.known(f"subject of {person}", person, frozenset({role}), None)
    console = FastAPI()
    console.state.house = sac.house
    console.include_router(waiting.routes("sac", keeper), prefix=API)

    def asked(person=ANNA, role=Role.APPROVER, path="/waiting", **more):
        more = {"method": "POST", "json": more} if more else {}
        return ask(serve_as(console, Person(name=person, roles=frozenset({role}))), API + path, **more)

    asked.keeper = keeper
    return asked


def line_of(answer, kind):
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json()["lines"] if one["kind"] == kind)


def wrong_now(sac, *wrongs):
    """The centre finds this wrong at its next look."""
    alarms = sac.house.desk.alarms
    alarms.own, alarms._next_us = lambda: wrongs, 0
    alarms.step(sac.house.desk.members)


def test_what_one_asked_for_waits_for_another_and_says_who_that_may_be(queue) -> None:
    mine = line_of(queue(BO), "policy")
    assert (mine["may"], mine["by"]) == (False, "Bo Lund")
    assert mine["why_not"]["en"] == "You asked for it: it takes somebody else."
    assert mine["can"] == ["Anna Berg"]
    theirs = line_of(queue(ANNA), "policy")
    assert (theirs["may"], theirs["why_not"]) == (True, None)
    assert "Bo Lund" not in theirs["can"], "who asked cannot be the second person"
    every = queue(ANNA).json()
    assert every["mine"] == sum(one["may"] for one in every["lines"])
    assert [one["may"] for one in every["lines"]] == sorted((one["may"] for one in every["lines"]), reverse=True)


def test_whoever_lacks_the_right_is_told_who_has_it(queue) -> None:
    answer = queue(account("Ida Krog"), Role.ANALYST)
    line = line_of(answer, "policy")
    assert (line["may"], line["can"]) == (False, ["Anna Berg"])
    assert line["why_not"]["da"] == "Din rolle giver ikke ret til det."
    holders = {one["right"]: one["who"]["en"] for one in answer.json()["holders"]}
    assert holders["approve"] == "Anna Berg, Bo Lund can do this."
    assert holders["publish"] == "Nobody else here can do this: it takes the role publisher."


def test_what_is_handed_on_stands_on_top_until_it_is_done(queue, sac) -> None:
    ida = account("Ida Krog")
    thing = line_of(queue(), "policy")["thing"]
    given = {"path": "/waiting/hand-over", "thing": thing}
    assert queue(ida, Role.ANALYST, to="Bo Lund", **given).status_code == 422, "Bo asked for it himself"
    assert queue(EVA, Role.AUDITOR, to="Anna Berg", **given).status_code == 403, "who only watches asks nobody"
    assert queue(ida, Role.ANALYST, to="Anna Berg", **given | {"thing": "/policy/no"}).status_code == 404
    for _ in range(2):  # the same again changes nothing
        assert queue(ida, Role.ANALYST, to="Anna Berg", **given).status_code == 200
    first = queue().json()["lines"][0]
    assert (first["thing"], first["handed_by"]) == (thing, ["Ida Krog"])
    assert line_of(queue(ida, Role.ANALYST), "policy")["handed_to"] == ["Anna Berg"]
    noted = [one for one in queue.keeper.book.latest(50, None) if one.act == "handed-over"]
    assert [(one.who, one.subject) for one in noted] == [("Ida Krog", "Anna Berg")]
    sac.house.desk.cases.policies.approve(thing.rpartition("/")[2], ANNA)
    assert thing not in [one["thing"] for one in queue().json()["lines"]]
    other = line_of(queue(), "question")["thing"]
    assert queue(ida, Role.ANALYST, path="/waiting/hand-over", thing=other, to="Bo Lund").status_code == 200
    assert [one.thing for one in Handed(queue.keeper.book).every()] == [other], "what is done is forgotten"


def test_one_persons_queue_has_an_end(queue, sac, monkeypatch) -> None:
    monkeypatch.setattr("bavn.app.access.handed.OF_ONE_MAX", 1)
    known = sac.house.desk.cases.policies
    for name in ("One more", "Another"):
        known.propose(replace(known.every()[0].policy, name=name), BO)
    things = [one["thing"] for one in queue().json()["lines"] if one["kind"] == "policy"]
    asked = [
        queue(account("Ida Krog"), Role.ANALYST, path="/waiting/hand-over", thing=thing, to="Anna Berg")
        for thing in things
    ]
    codes = [one.status_code for one in asked]
    assert codes.count(200) == 1
    assert set(codes) == {200, 409}


def test_what_a_line_does_at_once_is_a_route_of_the_act_that_it_names(sac) -> None:
    routes = [route for router in bare_app("sac").state.routers for route in router.routes]
    lines = [line for line in waiting_at_centre(sac.house.desk, sac.house.clock) if line.step is not None]
    assert len({line.kind for line in lines}) >= 3
    for line in lines:
        fitting = [
            one
            for one in routes
            if "POST" in one.methods and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", one.path), line.step.path)
        ]
        acts = [getattr(each.call, "what", None) for each in fitting[0].dependant.dependencies]
        assert line.act in acts, line.step.path


def test_who_has_not_enrolled_waits_for_whoever_lets_members_in(queue, sac) -> None:
    answer = queue(ANNA, Role.ADMIN)
    invited = line_of(answer, "enrolment")
    assert (invited["thing"], invited["by"]) == ("/enrolment/clinic-south", "Anna Berg")
    assert invited["will"]["en"].startswith("Its token is good until ")
    assert invited["step"] is None
    later = SimClock(sac.house.clock.now_us() + 3 * DAY_US)
    (late,) = [line for line in waiting_at_centre(sac.house.desk, later) if line.kind == "enrolment"]
    assert late.will.en.startswith("Its token ran out unused.")


def test_an_alarm_waits_until_somebody_takes_it(queue, sac) -> None:
    wrong_now(sac, Wrong("", "late"))
    line = line_of(queue(ANNA, Role.ANALYST), "alarm")
    assert line["may"]
    assert line["will"]["en"].startswith("You look after it")
    things = [one["thing"] for one in queue(ANNA).json()["lines"] if one["kind"] == "alarm"]
    alarms_acts.take(sac.house.desk.alarms, ANNA, int(line["thing"].rpartition("/")[2]))
    left = [one["thing"] for one in queue(ANNA).json()["lines"] if one["kind"] == "alarm"]
    assert set(things) - set(left) == {line["thing"]}


def test_alarms_of_one_cause_are_one_line_and_each_is_still_taken_by_itself(queue, sac) -> None:
    full = ["harbour-clinic", "clinic-south", "county-west"]
    more = Wrong("harbour-clinic", "capture-loss", Text.plain("3.1 %"))
    wrong_now(sac, *(Wrong(name, "disk") for name in full), Wrong("", "disk"), more)
    answer = queue(ANNA, Role.ANALYST).json()
    (fold,) = [fold for fold in answer["folds"] if "the disk is full" in fold["what"]["en"]]
    lines = {line["thing"]: line for line in answer["lines"]}
    assert fold["what"]["en"] == (
        "3 alarms that nobody has taken: the disk is full or nearly so (clinic-south, county-west, harbour-clinic)"
    )
    assert [lines[thing]["step"]["verb"]["en"] for thing in fold["things"]] == ["I have it"] * 3
    alone = [line["what"]["en"] for thing, line in lines.items() if thing not in fold["things"]]
    assert any("the disk is full" in what and "at the centre itself" in what for what in alone), "the centre's own"
    shell = CliRunner().invoke(centre_app, ["waiting", "--config", str(sac.house.file.base / "centre.toml")]).output
    (at,) = [number for number, line in enumerate(shell.splitlines()) if line == fold["what"]["en"]]
    assert [f"[{thing}]" in shell for thing in fold["things"]] == [True] * 3
    assert shell.splitlines()[at + 1].startswith("  An alarm that nobody has taken: the disk is full")
    body = {"path": "/waiting/hand-over", "thing": fold["things"][0]}
    assert queue(account("Ida Krog"), Role.ANALYST, to="Bo Lund", **body).status_code == 200
    handed = queue(BO, Role.ANALYST).json()
    assert handed["lines"][0]["thing"] == body["thing"], "what was handed on stands alone, on top"
    (rest,) = [fold["things"] for fold in handed["folds"] if "the disk is full" in fold["what"]["en"]]
    assert set(rest) == set(fold["things"][1:])
    alarms_acts.take(sac.house.desk.alarms, ANNA, int(fold["things"][0].rpartition("/")[2]))
    left = queue(ANNA, Role.ANALYST).json()
    assert [len(each["things"]) for each in left["folds"] if "the disk is full" in each["what"]["en"]] == [2]
