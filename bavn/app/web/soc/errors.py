"""What the node's own functions refuse, as a person at the console reads it: without paths, in both languages, with who
must act. Refuses to hide a failure that is none of these."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bavn.app.acts.act import ActRefused, WhoActs
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.one_line import pathless
from bavn.app.web.frame import Trouble
from bavn.model.ports import QueryExceeded, QueryRefused
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.archive import ArchiveBroken

SAYS: Final[dict[Exit, tuple[int, str, Text, WhoActs]]] = {
    Exit.USAGE: (422, "not-understood", Text("This cannot be asked so"), "you"),
    Exit.NOT_FOUND: (
        404,
        "not-here",
        Text("It is not here. Where nothing is here at all, the node has not run yet, or has seen no traffic"),
        "operator",
    ),
    Exit.NOT_NOW: (409, "not-now", Text("This cannot be done now"), "you"),
    Exit.INPUT: (422, "unreadable", Text("Some of it cannot be read"), "you"),
    Exit.EXCEEDED: (
        422,
        "too-much",
        Text("The question takes more than it may: ask about less time, or for less"),
        "you",
    ),
    Exit.CONFIGURATION: (
        503,
        "configuration",
        Text("The node's configuration or policy is wrong"),
        "operator",
    ),
    Exit.BROKEN: (503, "broken", Text("The node's data cannot be read"), "operator"),
}
_REASONED: Final = frozenset({Exit.USAGE, Exit.EXCEEDED, Exit.NOT_NOW, Exit.INPUT})
"""Those whose own words help the person who asked; other words are for whoever runs the node, and in its log."""


def trouble_of(code: Exit, reason: str) -> Trouble:
    """A command's end as an answer."""
    status, name, text, act = SAYS.get(code, SAYS[Exit.BROKEN])
    said = f": {pathless(reason)}" if code in _REASONED and reason else "."
    return Trouble(status, name, Text.shaped("{text}{said}", text=text, said=said), act)


@contextmanager
def answered() -> Iterator[None]:
    """Stops, refusals of the store and a book that is busy become Trouble; what an act refuses says so itself."""
    try:
        yield
    except ActRefused:
        raise
    except Stop as stop:
        raise trouble_of(stop.code, str(stop)) from stop
    except SettingsError as error:
        raise trouble_of(Exit.CONFIGURATION, "") from error
    except QueryExceeded as error:
        raise trouble_of(Exit.EXCEEDED, str(error)) from error
    except QueryRefused as error:
        raise trouble_of(Exit.USAGE, str(error)) from error
    except (ArchiveBroken, sqlite3.DatabaseError) as error:
        if "locked" in str(error):
            raise Trouble(
                503,
                "busy",
                Text("The node is writing just now: it is tried again."),
                "wait",
            ) from error
        raise trouble_of(Exit.BROKEN, "") from error
