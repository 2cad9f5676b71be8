"""`bavn centre counts`: how much of what the sector sees, with the noise that the actors added.

Refuses to show one actor's numbers.
"""

import json
from typing import Annotated, Final

import typer

from bavn.app.acts.centre import rounds as acts
from bavn.app.centre.count_words import ENTRIES, KINDS, WHAT
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, named, opened
from bavn.app.cli.shown import AsJson, show
from bavn.model.moment import DAY_US, iso
from bavn.model.sector.tally import count_words
from bavn.model.text import Text

NOTHING: Final = Text("fewer than three actors have reported counts for these days yet")
HEAD: Final = Text(
    "{first} to {last}: {told} actor-days. Each actor added noise: what does not stand clear of it is not known. The"
    " true numbers all lie in their intervals with 95 %, over the whole table."
)
COLUMNS: Final = Text("what|entry|in words|actors|count|95 %")


def counts(
    config: Config = CENTRE_TOML,
    *,
    days: Annotated[int, typer.Option(help="The last so many whole days (UTC).", min=1, max=400)] = 7,
    by_kind: Annotated[bool, typer.Option("--by-kind", help="Also by kind of actor, where three or more are.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """How many own machines were suspected of what, and what was blocked, in the sector; differentially private."""
    with opened(config) as desk:
        first, last, counts_shown = acts.counts(desk, days, by_kind=by_kind)
    if as_json:
        for count in counts_shown:
            row = {
                **named(count, "what", "entry"),
                "says": ENTRIES[count.what][count.entry].say(language),
                "kind": count.kind,
                "actor_days": count.told,
                "known": count.known,
                "value": count.value if count.known else None,
                "noise_sd": round(count.noise, 2),
                "low": count.low if count.known else None,
                "high": count.high if count.known else None,
            }
            print(json.dumps(row, ensure_ascii=False))
        return
    if not counts_shown:
        print(NOTHING.say(language))
        return
    span = {"first": iso(first * DAY_US)[:10], "last": iso(last * DAY_US)[:10], "told": counts_shown[0].told}
    print(HEAD.filled(**span).say(language))
    names = COLUMNS.say(language).split("|")
    rows = []
    for count in counts_shown:
        says = ENTRIES[count.what][count.entry].say(language)
        kind = KINDS[count.kind].say(language)
        interval = count_words(count.low, count.high).say(language)
        cells = (WHAT[count.what].say(language), count.entry, says, kind, count.value if count.known else "", interval)
        rows.append(dict(zip(names, cells, strict=True)))
    show(rows, as_json=False)
