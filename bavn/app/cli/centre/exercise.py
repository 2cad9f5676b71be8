"""`bavn centre exercise`: plan, start, confirm, release, end, stop, and what came of it.

Refuses to decide: a named person does. The running centre tells the actors, by gate 3.
"""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bavn.app.acts.act import refusing
from bavn.app.acts.centre import exercises as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, Spoken, configured, show
from bavn.app.cli.centre.person import AsLocalRoot, instead, of_act
from bavn.app.cli.help import Commands
from bavn.app.cli.language import tell
from bavn.app.cli.spread import spread, typed
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.exits import Exit, Stop
from bavn.centre.cases.exercises.exercises import Exercise, Exercises
from bavn.model.moment import iso
from bavn.model.sector.exercise import CAMPAIGNS, MARK, STATES, STEPS, Campaign
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.config.load import CentreFile

app = Commands(help="A planned, harmless campaign that the sector plays.")
Id = Annotated[str, typer.Argument(help="exercise-..., as `list` shows it.")]
ByStep = Annotated[str, of_act(acts.step)]
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit log and the report.")]


@contextmanager
def opened(config: Path) -> Iterator[tuple["CentreFile", Exercises, list[str]]]:
    """The exercises of this centre and the names of its actors, with refusals as exit codes."""
    from bavn.app.centre.parts import opened_registry

    file = configured(config)
    with opened_registry(file) as registry, refusing(*acts.REFUSES):
        yield file, Exercises(registry.engine, BesideClock(file.folder)), [one.name for one in registry.members()[1]]


@app.command("plan")
@spread
def plan(
    config: Config = CENTRE_TOML,
    *,
    frame: acts.PlanFrame,
    objective: Annotated[list[str], typer.Option("--objective", help="What to learn, 'English|Dansk'; repeatable.")],
    actor: Annotated[
        list[str], typer.Option("--actor", help="NAME[:beacon|dns-tunnel[:MINUTES after the start]]; repeatable.")
    ],
    begins: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M"], help="UTC; now without it.")] = None,
    by: Annotated[str, of_act(acts.plan)] = "",
) -> None:
    """Plan an exercise; nobody is told yet. Prints its id."""
    body = typed(
        acts.ExerciseBody,
        **dict(frame),
        objectives=list(map(_objective, objective)),
        roles=list(map(_role, actor)),
        begins_us=None if begins is None else int(begins.replace(tzinfo=dt.UTC).timestamp()) * 1_000_000,
    )
    with opened(config) as (file, exercises, names):
        exercise = acts.plan(exercises, by, body, names, BesideClock(file.folder).now_us())
    actors = ", ".join(role.actor for role in exercise.plan.roles)
    tell(
        Text(
            "{mark} {exercise}: planned for {actors}; start it with `bavn centre exercise start {exercise}`",
            mark=MARK,
            exercise=exercise.id,
            actors=actors,
        )
    )


def _step(way: Literal["start", "confirm"], what: str) -> None:
    @app.command(way, help=what)
    def done(exercise: Id, config: Config = CENTRE_TOML, *, by: ByStep = "") -> None:
        with opened(config) as (_, exercises, _):
            _done(acts.step(exercises, by, exercise, way))


def _over(way: Literal["end", "stop"], what: str) -> None:
    @app.command(way, help=what)
    def done(exercise: Id, config: Config = CENTRE_TOML, *, why: Why, by: ByStep = "") -> None:
        with opened(config) as (_, exercises, _):
            _done(acts.step(exercises, by, exercise, way, why))


_step("start", "Tell every actor that has a part; each takes part as its own policy or people say.")
_step("confirm", "Call the exercise's lead a case, after a look at it.")


@app.command("release", help=acts.release.__doc__)
def _release(
    exercise: Id,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.release)] = "",
    as_local_root: AsLocalRoot = "",
) -> None:
    with opened(config) as (_, exercises, _):
        _done(acts.release(exercises, instead(by, as_local_root), exercise))


_over("end", "It is over as planned; every node wipes what it kept of it.")
_over("stop", "Kill it at once at all nodes, whatever it has come to.")


@app.command("list")
def listed(config: Config = CENTRE_TOML, *, limit: int = 50, as_json: AsJson = False, language: Spoken = "en") -> None:
    """The exercises, the latest first."""
    with opened(config) as (_, exercises, _):
        planned = exercises.every(limit)
    show(
        [
            {
                "mark": MARK.say(language),
                "exercise": exercise.id,
                "state": exercise.state.value if as_json else STATES[exercise.state].say(language),
                "title": exercise.plan.title.say(language),
                "begins": iso(exercise.plan.begins_us)[:16],
                "ends": iso(exercise.plan.ends_us)[:16],
                "actors": [role.actor for role in exercise.plan.roles],
            }
            for exercise in planned
        ],
        as_json=as_json,
    )


@app.command("show")
def shown(exercise: Id, config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """One exercise, and how far each actor has come."""
    from bavn.app.reports.exercise_report import as_json as plain

    with opened(config) as (_, exercises, _):
        known = exercises.get(exercise)
    if as_json:
        print(json.dumps(plain(known), ensure_ascii=False))
        return
    print(f"{MARK.say(language)} {known.id}: {known.plan.title.say(language)}: {STATES[known.state].say(language)}")
    show(
        [
            {
                "actor": actor.role.actor,
                "campaign": CAMPAIGNS[actor.role.campaign].say(language),
                "minutes": actor.role.after_minutes,
                "steps": [STEPS[step.step].say(language) for step in actor.steps],
                "refused": actor.rule,
            }
            for actor in known.actors
        ],
        as_json=False,
    )


@app.command("report")
def report(
    exercise: Id,
    config: Config = CENTRE_TOML,
    *,
    html: Annotated[Path | None, typer.Option("--html", help="Write an accessible page here.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write PDF/UA here.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json-file", help="Write JSON here.")] = None,
    judged: Annotated[
        list[str] | None, typer.Option("--judged", help="NUMBER:met, :partly or :missed of an objective; repeatable.")
    ] = None,
    language: Spoken = "en",
    by: Annotated[str, of_act(acts.report)] = "",
) -> None:
    """The after-action report: who saw what when, who answered, what was missed, against the objectives."""
    from bavn.app.centre.publish_parts import rendered, write
    from bavn.app.reports.page import DocumentStatus
    from bavn.app.reports.text import lines

    with opened(config) as (file, exercises, _):
        after_action = acts.report(
            exercises, by, exercise, judged or [], file.centre.limits.sector, BesideClock(file.folder).now_us()
        )
    if json_file is not None:
        write(json_file, after_action.json_file())
    for path, form in ((html, "html"), (pdf, "pdf")):
        if path is not None:
            write(path, rendered(after_action.document, form, language, DocumentStatus()))  # type: ignore[arg-type]
    written = [path for path in (html, pdf, json_file) if path is not None]
    for line in map(str, written) if written else lines(after_action.document, language):
        print(line)


def _role(given: str) -> acts.RoleBody:
    name, _, rest = given.partition(":")
    campaign, _, minutes = rest.partition(":")
    if (campaign or Campaign.BEACON) not in set(Campaign) or not (minutes or "0").isdecimal() or len(minutes) > 5:
        raise Stop(
            Exit.USAGE,
            Text("--actor is NAME[:{named}[:MINUTES]], not {given}", named="|".join(Campaign), given=repr(given[:60])),
        )
    return typed(acts.RoleBody, actor=name, campaign=campaign or Campaign.BEACON, after_minutes=int(minutes or 0))


def _objective(given: str) -> acts.ObjectiveBody:
    english, _, danish = given.partition("|")
    if not english.strip() or not danish.strip():
        raise Stop(Exit.USAGE, Text("--objective is 'English|Dansk', not {given}", given=repr(given[:60])))
    return typed(acts.ObjectiveBody, en=english, da=danish)


def _done(exercise: Exercise) -> None:
    state = STATES[exercise.state]
    tell(
        Text(
            "{mark} {exercise}: {state}, version {version}",
            mark=MARK,
            exercise=exercise.id,
            state=state,
            version=exercise.version,
        )
    )
