"""`bavn centre exercise`: plan, start, confirm, release, end, stop, and what came of it.

Refuses to decide: a named person does. The running centre tells the actors, by gate 3.
"""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, By, ByApprover, Config, Spoken, show
from bavn.app.cli.centre.person import AsLocalRoot, instead
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import HOUR_US, iso
from bavn.model.sector.exercise import CAMPAIGNS, MARK, STATES, STEPS, Campaign
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import CentreFile
    from bavn.centre.cases.exercises.exercises import Exercise, Exercises
    from bavn.model.sector.exercise import Role

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="A planned, harmless campaign that the sector plays."
)
Id = Annotated[str, typer.Argument(help="exercise-..., as `list` shows it.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit log and the report.")]
_OBJECTIVE: Final = "|"


@contextmanager
def opened(config: Path) -> Iterator[tuple["CentreFile", "Exercises", list[str]]]:
    """The exercises of this centre and the names of its actors, with refusals as exit codes."""
    from bavn.app.centre.parts import open_registry
    from bavn.app.config.load import read_centre
    from bavn.app.process.real import SystemClock
    from bavn.app.reports.exercise_plan import NoSuchActor
    from bavn.centre.cases.exercises.exercises import Exercises, UnknownExercise
    from bavn.centre.cases.who import NotAllowed
    from bavn.model.sector.exercise import NoSuchStep

    file = read_centre(config)
    registry = open_registry(file)
    try:
        yield file, Exercises(registry.engine, SystemClock()), [one.name for one in registry.members()[1]]
    except (NoSuchActor, UnknownExercise) as error:
        raise Stop(Exit.NOT_FOUND, str(error)) from error
    except (NotAllowed, NoSuchStep) as error:
        raise Stop(Exit.NOT_NOW, str(error)) from error
    except ValueError as error:
        raise Stop(Exit.USAGE, str(error)) from error
    finally:
        registry.engine.dispose()


@app.command("plan")
def plan(
    config: Config = CENTRE_TOML,
    *,
    title_en: Annotated[str, typer.Option("--title-en", help="One line in English.")],
    title_da: Annotated[str, typer.Option("--title-da", help="One line in Danish.")],
    objective: Annotated[list[str], typer.Option("--objective", help="What to learn, 'English|Dansk'; repeatable.")],
    actor: Annotated[
        list[str], typer.Option("--actor", help="NAME[:beacon|dns-tunnel[:MINUTES after the start]]; repeatable.")
    ],
    begins: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M"], help="UTC; now without it.")] = None,
    hours: Annotated[int, typer.Option(help="How long it lasts at most.", min=1, max=14 * 24)] = 4,
    actors_min: Annotated[int, typer.Option(help="So many must let it out before it is a lead.", min=2, max=8)] = 2,
    by: By = "",
) -> None:
    """Plan an exercise; nobody is told yet. Prints its id."""
    from bavn.app.process.real import SystemClock
    from bavn.model.sector.exercise import Plan

    begins_us = SystemClock().now_us() if begins is None else int(begins.replace(tzinfo=dt.UTC).timestamp()) * 1_000_000
    with opened(config) as (_, exercises, names):
        roles = tuple(_role(given, names) for given in actor)
        made = exercises.plan(
            Plan(
                title=Text.written(title_en, da=title_da),
                objectives=tuple(map(_objective, objective)),
                roles=roles,
                begins_us=begins_us,
                ends_us=begins_us + hours * HOUR_US,
                t=actors_min,
            ),
            by,
        )
    print(
        f"EXERCISE {made.id}: planned for {', '.join(role.actor for role in roles)}; start it with"
        f" `bavn centre exercise start {made.id}`"
    )


@app.command("start")
def start(exercise: Id, config: Config = CENTRE_TOML, *, by: By = "") -> None:
    """Tell every actor that has a part; each takes part as its own policy or people say."""
    with opened(config) as (_, exercises, _):
        _done(exercises.start(exercise, by))


@app.command("confirm")
def confirm(exercise: Id, config: Config = CENTRE_TOML, *, by: By = "") -> None:
    """Call the exercise's lead a case, after a look at it."""
    with opened(config) as (_, exercises, _):
        _done(exercises.confirm(exercise, by))


@app.command("release")
def release(
    exercise: Id, config: Config = CENTRE_TOML, *, by: ByApprover = "", as_local_root: AsLocalRoot = ""
) -> None:
    """Let the exercise's indicator out, as somebody else than who confirmed the case."""
    with opened(config) as (_, exercises, _):
        _done(exercises.release(exercise, instead(by, as_local_root)))


@app.command("end")
def end(exercise: Id, config: Config = CENTRE_TOML, *, why: Why, by: By = "") -> None:
    """It is over as planned; every node wipes what it kept of it."""
    with opened(config) as (_, exercises, _):
        _done(exercises.end(exercise, by, why))


@app.command("stop")
def stop(exercise: Id, config: Config = CENTRE_TOML, *, why: Why, by: By = "") -> None:
    """Kill it at once at all nodes, whatever it has come to."""
    with opened(config) as (_, exercises, _):
        _done(exercises.stop(exercise, by, why))


@app.command("list")
def listed(config: Config = CENTRE_TOML, *, limit: int = 50, as_json: AsJson = False, language: Spoken = "en") -> None:
    """The exercises, the latest first."""
    with opened(config) as (_, exercises, _):
        found = exercises.every(limit)
    show(
        [
            {
                "mark": MARK.say(language),
                "exercise": one.id,
                "state": _state(one, language, as_json=as_json),
                "title": one.plan.title.say(language),
                "begins": iso(one.plan.begins_us)[:16],
                "ends": iso(one.plan.ends_us)[:16],
                "actors": [role.actor for role in one.plan.roles],
            }
            for one in found
        ],
        as_json=as_json,
    )


@app.command("show")
def shown(exercise: Id, config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """One exercise, and how far each actor has come."""
    from bavn.app.reports.exercise_report import as_json as plain

    with opened(config) as (_, exercises, _):
        found = exercises.get(exercise)
    if as_json:
        print(json.dumps(plain(found), ensure_ascii=False))
        return
    print(f"{MARK.say(language)} {found.id}: {found.plan.title.say(language)}: {STATES[found.state].say(language)}")
    show(
        [
            {
                "actor": one.role.actor,
                "campaign": CAMPAIGNS[one.role.campaign].say(language),
                "minutes": one.role.after_minutes,
                "steps": [STEPS[step.step].say(language) for step in one.steps],
                "refused": one.rule,
            }
            for one in found.actors
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
    by: By = "",
) -> None:
    """The after-action report: who saw what when, who answered, what was missed, against the objectives."""
    from bavn.app.centre.publish_parts import rendered, write
    from bavn.app.process.real import SystemClock
    from bavn.app.reports.exercise_report import json_file as filed
    from bavn.app.reports.exercise_report import judgements
    from bavn.app.reports.exercise_report import report as made_of
    from bavn.app.reports.page import DocumentStatus
    from bavn.app.reports.text import lines

    with opened(config) as (file, exercises, _):
        found = exercises.get(exercise)
        held = judgements(judged or [], len(found.plan.objectives))
        document = made_of(found, file.centre.limits.sector, SystemClock().now_us(), held, by)
    if json_file is not None:
        write(json_file, filed(found, held, by))
    for path, form in ((html, "html"), (pdf, "pdf")):
        if path is not None:
            write(path, rendered(document, form, language, DocumentStatus()))  # type: ignore[arg-type]
    written = [path for path in (html, pdf, json_file) if path is not None]
    for line in map(str, written) if written else lines(document, language):
        print(line)


def _role(given: str, names: list[str]) -> "Role":
    from bavn.app.reports.exercise_plan import role
    from bavn.model.sector.exercise import BadExercise

    name, _, rest = given.partition(":")
    campaign, _, minutes = rest.partition(":")
    if (campaign or Campaign.BEACON) not in set(Campaign) or not (minutes or "0").isdecimal() or len(minutes) > 5:
        raise BadExercise(f"--actor is NAME[:{'|'.join(Campaign)}[:MINUTES]], not {given[:60]!r}")
    return role(name, Campaign(campaign or Campaign.BEACON), int(minutes or 0), names)


def _objective(given: str) -> Text:
    from bavn.model.sector.exercise import BadExercise

    english, _, danish = given.partition(_OBJECTIVE)
    if not english.strip() or not danish.strip():
        raise BadExercise(f"--objective is 'English|Dansk', not {given[:60]!r}")
    return Text.written(english.strip(), da=danish.strip())


def _state(one: "Exercise", language: Language, *, as_json: bool) -> str:
    return one.state.value if as_json else STATES[one.state].say(language)


def _done(one: "Exercise") -> None:
    print(f"EXERCISE {one.id}: {one.state.value}, version {one.version}")
