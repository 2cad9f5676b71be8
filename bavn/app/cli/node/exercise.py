"""`bavn node exercise`: the sector's exercises at this actor: take part or not, and say that a person saw it; and `bavn
node canary`, the small one of each day.

Refuses to send: the running node lets each step out through gate 1, and sends the canary.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.node import canary as canary_acts
from bavn.app.acts.node import exercises as acts
from bavn.app.acts.node.here import Here, centre_is_told
from bavn.app.cli.centre.desk import show
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.help import Commands
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks
from bavn.app.node.case_parts import named
from bavn.model.moment import iso
from bavn.model.sector.exercise import CAMPAIGNS, MARK, STATES, STEPS, ActorStep, Campaign, ExerciseState
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.door.conversations.exercises import KeptExercise, StepStatement

app = Commands(help="The sector's exercises at this actor.")
Who = Annotated[str, of_act(acts.answer)]
Id = Annotated[str, typer.Argument(help="exercise-..., or its beginning.")]


@app.command("list")
def listed(config: Config = NODE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """The exercises that this actor has heard of, and how far each is here."""
    from bavn.actor.door.conversations.exercises import EXERCISES_SQL, STEPS_SQL, exercises_of, steps_of

    with asks(config) as rows:
        kept, steps = exercises_of(rows(EXERCISES_SQL)), steps_of(rows(STEPS_SQL))
    if as_json:
        for exercise in kept:
            print(json.dumps(_plain(exercise, steps), ensure_ascii=False))
        return
    if not kept:
        print(Text("no exercise has reached this actor yet").say(language))
    for exercise in kept:
        _print(exercise, [step for step in steps if step.exercise_id == exercise.exercise_id], language)


@app.command("allow")
def allow(exercise: Id, config: Config = NODE_TOML, *, by: Who = "", language: Spoken = "en") -> None:
    """Take part: its rows are played in a sandbox, and its steps are told to the centre."""
    _leave(exercise, "allow", config, by, language)


@app.command("decline")
def decline(exercise: Id, config: Config = NODE_TOML, *, by: Who = "", language: Spoken = "en") -> None:
    """Take no part, and tell the centre so."""
    _leave(exercise, "decline", config, by, language)


@app.command("seen")
def seen(exercise: Id, config: Config = NODE_TOML, *, by: Who = "", language: Spoken = "en") -> None:
    """Say that a person here has seen the exercise's suspicion; who, stays here."""
    _leave(exercise, "seen", config, by, language)


@app.command("quit")
def quit_it(exercise: Id, config: Config = NODE_TOML, *, by: Who = "", language: Spoken = "en") -> None:
    """End it here at once, also after taking part; the centre is told that it is cleaned up."""
    known = _leave(exercise, "quit", config, by, language)
    print(f"{MARK.say(language)} {known}: {STATES[ExerciseState.STOPPED].say(language)} ({by})")


def _leave(exercise: str, way: acts.Way, config: Path, by: Who, language: Language) -> str:
    """Which exercise it was."""
    from bavn.actor.door.conversations.exercises import EXERCISES_SQL, exercises_of

    with asks(config) as rows:
        known = named(exercises_of(rows(EXERCISES_SQL)), exercise, "exercises").exercise_id
    here = Here(config)
    acts.answer(here, by, known, way)
    if way in acts.STEP_OF:
        step = STEPS[acts.STEP_OF[way]].say(language)
        print(f"{MARK.say(language)} {known}: {step}. {centre_is_told(here).say(language)}")
    return known


def _print(exercise: "KeptExercise", steps: "list[StepStatement]", language: Language) -> None:
    plan, state = exercise.said, STATES[ExerciseState(exercise.state)].say(language)
    print(
        f"{MARK.say(language)} {exercise.exercise_id}: {state}"
        + (f": {Text.written(plan['title_en'], da=plan['title_da']).say(language)}" if plan else "")
    )
    if not plan:
        print("  " + Text("nothing is kept of it any more").say(language))
        return
    print(
        f"  {iso(plan['begins_us'])[:16]}Z - {iso(plan['ends_us'])[:16]}Z,"
        f" {CAMPAIGNS[Campaign(plan['campaign'])].say(language)}, {plan['element']}"
    )
    for objective in plan["objectives"]:
        print(f"  - {objective.get(language, objective['en'])}")
    for step in steps:
        refused = f" [{step.rule}]" if step.rule else ""
        print(f"  {iso(step.at_us)[:19]}Z  {STEPS[ActorStep(step.step)].say(language)} ({step.by}){refused}")
    if not steps and exercise.over_us is None:
        print("  " + Text("waits for a person here: allow or decline it").say(language))


def _plain(exercise: "KeptExercise", steps: "list[StepStatement]") -> dict[str, Any]:
    return {
        "mark": "EXERCISE",
        "exercise": exercise.exercise_id,
        "state": exercise.state,
        "version": exercise.version,
        "said": exercise.said,
        "heard": iso(exercise.heard_us),
        "over": None if exercise.over_us is None else iso(exercise.over_us),
        "steps": [
            {
                "step": step.step,
                "at": iso(step.at_us),
                "by": step.by,
                "told": step.told_us is not None and not step.rule,
                "rule": step.rule,
            }
            for step in steps
            if step.exercise_id == exercise.exercise_id
        ],
    }


def canary(
    config: Config = NODE_TOML,
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Send one now: the running node does it within seconds; one waits at most.")
    ] = False,
    by: Annotated[str, of_act(canary_acts.send)] = "",
    as_json: AsJson = False,
    language: Spoken = "en",
    runs: Annotated[int, typer.Option(help="The latest so many.", min=1, max=100)] = 1,
) -> None:
    """How far this node's daily canary came, link by link (docs/canaries.md)."""
    from bavn.actor.door.conversations.canary_book import LINKS_SQL, RUNS_SQL, links_of, run_of
    from bavn.model.sector.canary import LINKS, STATES, TOOK, WHYS

    if now:
        print(canary_acts.send(Here(config), by).say(language))
        return
    rows = []
    with asks(config) as ask:
        for run in [run_of(row) for row in ask(RUNS_SQL, (runs,))]:
            for link in links_of(ask(LINKS_SQL, (run.day, run.run))):
                why = WHYS.get(link.why)
                rows.append(
                    {
                        "began": iso(run.began_us)[:19],
                        "by": run.by or None,
                        "link": LINKS[link.link].say(language),
                        "state": STATES[link.state].say(language),
                        "why": why and why.say(language),
                        "took": None if link.took is None else TOOK[link.took].say(language),
                    }
                )
    show(rows, as_json=as_json)
