"""`bavn node commons`: how far each day's commons round came, what left, and how much of it others know.

Refuses to name an element: who knows which is said where the element is.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.cli.words import number
from bavn.model.moment import iso
from bavn.model.sector.known_days import DAYS
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.door.rounds.commons_days import CommonsDay


def commons(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: Annotated[int, typer.Option(help="The latest so many days.", min=1, max=DAYS)] = 7,
) -> None:
    """How many others know what is ordinary here: each day's round, what left, and what was learned."""
    from bavn.app.analyst.commons import commons_seen
    from bavn.app.config.load import read_node

    policy = read_node(config).door
    with asks(config) as rows:
        seen = commons_seen(rows, days=limit)
    if as_json:
        for day in seen.days:
            print(json.dumps(_as_row(day, language), ensure_ascii=False))
        return
    if not policy.join_commons:
        print(Text("the policy keeps this actor out of the commons ([door] join_commons)").say(language))
    _show_days(seen.days, language)
    for said in (*seen.since, *seen.used):
        print(said.say(language))


def _as_row(day: "CommonsDay", language: Language) -> dict[str, Any]:
    """For programs."""
    from bavn.app.analyst.commons import canary_text
    from bavn.app.node.health.commons_words import date_of, left_text, state_text

    return {
        "day": date_of(day),
        "round": day.round_id,
        "state": day.state,
        "rule": day.rule,
        "at": iso(day.at_us),
        "elements": day.elements,
        "elements_max": day.m,
        "groups": day.groups,
        "other_keys": day.other_keys,
        "known": day.known,
        "says": state_text(day).say(language),
        "left": left_text(day).say(language),
        "canary": canary_text(day).say(language),
    }


def _show_days(days: Sequence["CommonsDay"], language: Language) -> None:
    """How far each came, what the newest answer says, and what left on the newest day."""
    from bavn.actor.door.rounds.commons_days import DayState
    from bavn.app.node.health.commons_words import date_of, left_text, state_text

    nothing = Text("no commons round has been opened yet: the centre opens one a day")
    table = [(date_of(day), state_text(day).say(language)) for day in days]
    show_table(("day", "says"), table, language, nothing=nothing)
    answered = next((day for day in days if day.state == DayState.ANSWERED), None)
    if answered is not None:
        _show_answer(answered, language)
    if days:
        print(f"{date_of(days[0])}: {left_text(days[0]).say(language)}")


def _show_answer(answered: "CommonsDay", language: Language) -> None:
    """By how many others the elements of a day are known."""
    from bavn.app.node.health.commons_words import known_of

    print()
    known = [(bucket.say(language), number(count, language)) for bucket, count in known_of(answered)]
    show_table(("organisations", "elements"), known, language)
    if answered.other_keys:
        print(
            Text.counted(
                "{count:,} upload of that round was made with other keys: it could not meet this one",
                "{count:,} uploads of that round were made with other keys: they could not meet this one",
                answered.other_keys,
            ).say(language)
        )
