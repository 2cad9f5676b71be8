"""`bavn centre set-aside`: messages that could not be worked off and wait for a person. Also while the centre runs."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken
from bavn.app.cli.gates import centre_book
from bavn.app.cli.shown import AsJson
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Text

NONE = Text("No message is set aside.")
ROW = Text("{number}  {kind} from {actor}, received {received}, set aside {aside}: {error}")
HINT = Text(
    "See `bavn centre failures` for what failed. `--retry NUMBER` tries one again, `--drop NUMBER` gives it up."
)
Retry = Annotated[list[int] | None, typer.Option("--retry", help="Try this one again at the next step (repeatable).")]
Drop = Annotated[list[int] | None, typer.Option("--drop", help="Give this one up: its content goes (repeatable).")]


def set_aside(
    config: Config = CENTRE_TOML,
    retry: Retry = None,
    drop: Drop = None,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Messages that the centre could not work off in three tries; they hold up no other. List, try again, give up."""
    from bavn.app.net.party_clock import BesideClock
    from bavn.centre.inbox.aside import SetAside
    from bavn.centre.inbox.inbox import SCHEMA
    from bavn.wire.book import Book

    file = centre_book(config)
    if not file.exists():
        raise Stop(Exit.NOT_FOUND, Text("{file} is not there: has the centre run yet?", file=file))
    with Book(file) as book:
        book.part("inbox", 1, SCHEMA)
        aside = SetAside(book, BesideClock(file.parent))
        for numbers, act in ((retry or [], aside.retry), (drop or [], aside.drop)):
            for number in numbers:
                if not act(number):
                    raise Stop(Exit.NOT_FOUND, Text("no message {number} is set aside", number=number))
        items = aside.every()
    if as_json:
        for item in items:
            print(json.dumps(asdict(item), sort_keys=True))
        return
    for item in items:
        when = {"received": iso(item.received_us)[:19] + "Z", "aside": iso(item.aside_us)[:19] + "Z"}
        facts = {"number": item.number, "kind": item.kind, "actor": item.actor, "error": item.error}
        print(ROW.filled(**facts, **when).say(language))
    print((HINT if items else NONE).say(language))
