"""What `waiting` of centre and node shares: what waits for a person, as whoever looks stands to it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.acts.waiting import Viewer, Waiting, WaitingForViewer, folds, standing
from bavn.app.cli.language import language_here, tell
from bavn.app.cli.person import rights_here
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.access.accounts import Account
    from bavn.app.access.handed import Handed

Thing = Annotated[str, typer.Argument(help="With --to: what waits, as the list names it.")]
To = Annotated[str, typer.Option("--to", help="The account of a colleague who can do it.")]


def named_both(thing: str, to: str) -> bool:
    """Whether somebody is asked to look at something. Stop for one without the other."""
    if bool(thing) != bool(to):
        raise Stop(Exit.USAGE, Text("name what waits, and --to whom"))
    return bool(thing)


@contextmanager
def people_here(folder: Path) -> "Iterator[tuple[Handed, list[Account]]]":
    """What was handed over, and the accounts of the console in this folder."""
    from bavn.app.access.accounts import Accounts
    from bavn.app.access.book import open_book
    from bavn.app.access.handed import Handed

    book = open_book(folder)
    try:
        yield Handed(book), Accounts(book).every()
    finally:
        book.close()


def viewer_of(by: str, side: str) -> Viewer:
    """Whoever is at the machine may do all that this side's roles may."""
    from bavn.app.access.rights import ROLES, rights_of

    rights = rights_here()
    return Viewer(name=by, rights=rights_of(ROLES[side]) if rights is None else rights)


def show_waiting(
    lines: list[Waiting], by: str, handed: "Handed", people: "Sequence[Account]", *, as_json: bool
) -> None:
    """Prints what waits, as whoever runs the command stands to it."""
    from bavn.app.process.real import SystemClock

    side = "soc" if lines and lines[0].node else "sac"
    language, now_us = language_here(), SystemClock().now_us()
    stands = standing(lines, viewer_of(by, side), people, handed.every())
    if not stands and not as_json:
        tell(Text("Nothing waits for anybody."))
    if as_json:
        for view in stands:
            print(json.dumps(_row(view, language), ensure_ascii=False))
        return
    together = {thing: fold for fold in folds(stands) for thing in fold.things}
    for view in stands:
        fold = together.get(view.waiting.thing)
        if fold is None:
            _print(view, language, now_us)
        elif view.waiting.thing == fold.things[0]:
            print(fold.what.say(language))
            for each in stands:
                if each.waiting.thing in fold.things:
                    _print(each, language, now_us, "  ")


def _row(view: WaitingForViewer, language: str) -> dict[str, object]:
    line = view.waiting
    return {
        "thing": line.thing,
        "what": line.what.say(language),
        "will": line.will.say(language),
        "by": line.by,
        "since": iso(line.since_us),
        "due": None if line.due_us is None else iso(line.due_us),
        "right": line.right.value,
        "may": view.may,
        "why_not": None if view.why_not is None else view.why_not.say(language),
        "can": list(view.can),
        "handed_by": list(view.handed_by),
        "handed_to": list(view.handed_to),
    }


def _print(view: WaitingForViewer, language: str, now_us: int, pad: str = "") -> None:
    line = view.waiting
    origin = Text("asked by {by}", by=line.by) if line.by else Text("nobody asked: it came by itself")
    since = f"{iso(line.since_us)[:16]}Z"
    print(f"{pad}{line.by_when(now_us).say(language)}  [{line.thing}]\n{pad}  {line.will.say(language)}")
    print(f"{pad}  {since}, {origin.say(language)}")
    for name in view.handed_by:
        print(f"{pad}  {Text('{name} asks you to look at this', name=name).say(language)}")
    why = view.who() if view.may or view.why_not is None else Text.joined(" ", [view.why_not, view.who()])
    print(f"{pad}  {why.say(language)}")
