"""`bavn centre alarms` and `coverage`: what is wrong, and who could have seen what.

Refuses to find alarms: the running centre does, each quarter of a minute.
"""

import json
from typing import Annotated

import typer

from bavn.app.acts.centre import alarms as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, named, opened
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.process.exits import Exit
from bavn.model.moment import iso
from bavn.model.text import Text


def alarms(
    config: Config = CENTRE_TOML,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are over, for 90 days.")] = False,
    take: Annotated[int | None, typer.Option(help="Take this one on, as --by: others see who minds it.")] = None,
    by: Annotated[str, of_act(acts.take)] = "",
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: Annotated[int, typer.Option(help="The latest so many.", min=1, max=10_000)] = 200,
) -> None:
    """What is wrong at the actors and at the centre, since when, and who has taken it on. Exit code 10 while any
    stands."""
    with opened(config, *acts.REFUSES) as desk:
        if take is not None:
            taken = acts.take(desk.alarms, by, take)
            print(Text("alarm {number}: {who}", number=taken.number, who=taken.acked_by).say(language))
            return
        standing_alarms = desk.alarms.every(standing=not every, limit=limit)
    rows = [
        {
            "number": alarm.number,
            "actor": alarm.actor or None,
            "kind": alarm.kind,
            "says": alarm.text.say(language),
            "since": iso(alarm.began_us)[:19],
            "over": None if alarm.ended_us is None else iso(alarm.ended_us)[:19],
            "taken_by": alarm.acked_by or None,
            "taken": None if alarm.acked_us is None else iso(alarm.acked_us)[:19],
        }
        for alarm in standing_alarms
    ]
    show(rows, as_json=as_json)
    if any(alarm.ended_us is None for alarm in standing_alarms):
        raise typer.Exit(Exit.UNHEALTHY)


def coverage(config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """Which actors could see what now: a row an actor, a column a detector; then each technique, with how many could
    have seen it."""
    from bavn.centre.desk.detector_coverage import REASONS, behind_technique
    from bavn.model.sector.coverage import SIGHTS, TECHNIQUES
    from bavn.model.sector.tally import technique_words

    with opened(config) as desk:
        seeing = desk.coverage()
    if as_json:
        for eye in seeing:
            reasons = {name: eye.by(name) for name in SIGHTS}
            records = None if eye.records is None else list(eye.records)
            print(json.dumps({"what": "actor", "actor": eye.actor, "records": records, "detectors": reasons}))
        for technique in TECHNIQUES:
            behind = behind_technique(seeing, technique)
            print(
                json.dumps(
                    {
                        "what": "technique",
                        "technique": technique,
                        **named(behind, "actors", "could"),
                        "against": dict(behind.against),
                    }
                )
            )
        return
    show(
        [{"actor": eye.actor} | {name: REASONS[eye.by(name)].say(language) for name in SIGHTS} for eye in seeing],
        as_json=False,
    )
    for technique in TECHNIQUES:
        behind = behind_technique(seeing, technique)
        against = ", ".join(f"{REASONS[reason].say(language)}: {count}" for reason, count in behind.against)
        print(f"{technique_words(technique).say(language)}: {behind.says.say(language)} {against}".rstrip())
