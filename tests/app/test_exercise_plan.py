"""What an exercise comes to in words, what is next, and who may do it: of values alone."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.app.reports.exercise_plan import NEVER, NoSuchActor, may_now, next_step, preview, role
from bavn.app.reports.exercise_report import JUDGED, judgements, missing, report
from bavn.centre.cases.exercises.exercises import AtActor, Exercise, Stood
from bavn.model.moment import HOUR_US
from bavn.model.principal import account
from bavn.model.sector.exercise import ActorStep, Campaign, ExerciseAct, ExerciseState, Plan, Role
from bavn.model.text import Text

ROLES = (
    Role(actor="north", campaign=Campaign.BEACON),
    Role(actor="south", campaign=Campaign.TUNNEL, after_minutes=20),
)
PLAN = Plan(
    title=Text.written("A", da="B"),
    objectives=(Text.written("C", da="D"),),
    roles=ROLES,
    begins_us=0,
    ends_us=4 * HOUR_US,
)


def exercise(state=ExerciseState.RUNNING, steps=((), ()), **more):
    actors = tuple(
        AtActor(
            role=one,
            status="queued",
            rule="",
            told_us=1,
            steps=tuple(Stood(step=step, second=60, detector=None, p_bucket=None, received_us=0) for step in some),
        )
        for one, some in zip(ROLES, steps, strict=True)
    )
    plain = {
        "id": "exercise-" + "0" * 16,
        "state": state,
        "version": 1,
        "plan": PLAN,
        "planned_us": 0,
        "started_us": 1,
        "lead_us": None,
        "confirmed_us": None,
        "released_us": None,
        "over_us": None,
        "over_why": "",
        "by": {"planned": account("Anna")},
        "actors": actors,
    }
    return Exercise(**plain | more)


def test_a_preview_names_everybody_everything_and_every_promise() -> None:
    made = preview(PLAN)
    for language, words in (
        ("en", ("north: calls home at intervals, at the beginning.", "20 minutes after", "1970-01-01 04:00 UTC")),
        ("da", ("north: kalder hjem med mellemrum, ved begyndelsen.", "20 minutter efter", "1970-01-01 04:00 UTC")),
    ):
        said = " ".join(one.say(language) for one in made.will)
        assert [word for word in words if word not in said] == []
    assert made.never == NEVER
    assert "nothing is blocked" in NEVER[0].en.lower()


def test_a_plan_that_cannot_come_to_a_lead_says_so() -> None:
    assert "When 2 of 2" in preview(PLAN).will[-1].en
    assert "There can be no lead: it takes 3" in preview(dataclasses.replace(PLAN, t=3)).will[-1].en


def test_only_active_actors_have_a_part() -> None:
    assert role("north", Campaign.BEACON, 3, ("north",)).after_minutes == 3
    with pytest.raises(NoSuchActor, match="west"):
        role("west", Campaign.BEACON, 0, ("north",))


def test_a_confirmation_needs_a_lead_and_a_release_another_person() -> None:
    one = exercise()
    assert not may_now(one, ExerciseAct.CONFIRM, account("Anna"))
    assert may_now(dataclasses.replace(one, lead_us=5), ExerciseAct.CONFIRM, account("Anna"))
    confirmed = exercise(ExerciseState.CONFIRMED, by={"confirmed": account("Anna")})
    assert not may_now(confirmed, ExerciseAct.RELEASE, account("Anna"))
    assert may_now(confirmed, ExerciseAct.RELEASE, account("Bo"))
    assert all(may_now(confirmed, act, account("Anna")) for act in (ExerciseAct.END, ExerciseAct.STOP))


@pytest.mark.parametrize(
    ("state", "more", "words"),
    [
        (ExerciseState.PLANNED, {"started_us": None}, "Nobody has been told"),
        (ExerciseState.RUNNING, {}, "0 of 2"),
        (ExerciseState.RUNNING, {"lead_us": 3}, "There is a lead"),
        (ExerciseState.CONFIRMED, {"by": {"confirmed": account("Anna")}}, "else than Anna"),
        (ExerciseState.RELEASED, {}, "Watch the blocks"),
        (ExerciseState.ENDED, {}, "Judge"),
        (ExerciseState.STOPPED, {}, "Judge"),
    ],
)
def test_what_is_next_follows_from_where_it_stands(state, more, words) -> None:
    said = next_step(exercise(state, **more))
    assert words in said.en
    assert said.da != said.en


def test_what_is_missing_is_said_as_not_yet_until_it_is_over() -> None:
    steps = ((ActorStep.ALLOWED, ActorStep.INJECTED), ())
    running, over = exercise(steps=steps), exercise(ExerciseState.ENDED, steps)
    assert [one.en for actor in running.actors for one in missing(running, actor)] == [
        "north: it has not been played to its end yet.",
        "south has not answered yet.",
    ]
    assert [one.en for actor in over.actors for one in missing(over, actor)] == [
        "north: it was not played to its end.",
        "north: has not said that it is cleaned up.",
        "south gave no answer.",
    ]
    never = exercise(ExerciseState.STOPPED, started_us=None)
    assert [missing(never, actor) for actor in never.actors] == [[], []]
    assert "It was not started" in " ".join(text for text, _ in report(never, "test", HOUR_US).sourced())


@given(st.lists(st.text(max_size=12) | st.from_regex(r"[0-9]{1,4}:(met|partly|missed)", fullmatch=True), max_size=4))
def test_a_judgement_is_read_or_refused_in_words(given_) -> None:
    try:
        made = judgements(given_, 3)
    except ValueError as error:
        assert "a judgement is NUMBER:" in str(error)
    else:
        assert set(made) <= {1, 2, 3}
        assert set(made.values()) <= set(JUDGED)
