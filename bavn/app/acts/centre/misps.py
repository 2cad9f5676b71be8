"""Partners' MISPs by hand: made to hold what its partner may have, and looked through for sightings of it.

Refuses to take an address or a key: centre.toml names both. Expect minutes: a MISP is asked, one at a time.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, WhoActs, act
from bavn.app.process.exits import Exit
from bavn.centre.cases import audit
from bavn.centre.inbox.intel_pull import Unreadable
from bavn.centre.members.partners import UnknownPartner
from bavn.centre.store.engine import writing
from bavn.model.ports import Clock, LinkDown, LinkRefused
from bavn.model.settings import SettingsError
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.config.load import CentreFile
    from bavn.app.config.misp import MispTable
    from bavn.centre.members.registry import Registry
    from bavn.centre.node.misp_exchange import MispExchange, MispPort, Pushed
    from bavn.wire.book import Book

DOWN: Final = Text("The MISP cannot be reached just now: try again.")
REFUSED: Final = Text(
    "The MISP refused it, or answered what cannot be read: its operator, or whoever runs the centre, must look."
)
WRONG: Final = Text("The place or key of this MISP cannot be used: see [misp] in centre.toml.")
BUSY: Final = threading.Lock()
"""One MISP at a time is asked by a process."""


@dataclass(frozen=True, slots=True)
class Misps:
    """The MISPs that a centre's file names, over its database and its book."""

    file: "CentreFile"
    registry: "Registry"
    book: "Book"
    clock: Clock

    def exchange(self) -> "MispExchange":
        """What passes between the centre and its partners' MISPs. Stop before ``init``."""
        from bavn.app.centre.exchange.parts import open_misp_exchange

        return open_misp_exchange(self.file, self.registry, self.book)

    def port(self, name: str) -> "MispPort":
        """Where one is asked. SettingsError for a place or key that cannot be used."""
        from bavn.app.centre.exchange.parts import misp_port

        return misp_port(self.file, name)

    def table(self, name: str) -> "MispTable":
        """As the file has it. Raises ActRefused."""
        if name not in self.file.misps:
            known = ", ".join(sorted(self.file.misps)) or "none"
            aside = Text("it has {known}", known=known)
            raise ActRefused(404, "unknown-misp", Text("centre.toml names no such MISP."), aside=aside)
        return self.file.misps[name]


Way = Literal["push", "pull"]


@act(Right.PUBLISH)
def ask(misps: Misps, by: str, name: str, way: Way) -> "Pushed | tuple[int, int]":
    """Make a MISP hold what its partner may have (with nothing new nothing is sent), or take in what was sighted of our
    indicators there."""
    return push(misps, by, name) if way == "push" else pull(misps, by, name)


def push(misps: Misps, by: str, name: str) -> "Pushed":
    """Make a MISP hold what its partner may have; with nothing new nothing is sent."""
    table = misps.table(name)
    with _asked(misps, by, "misp-push", name) as (exchange, port):
        return exchange.push(name, table.partner, port, publish=table.publish, distribution=table.distribution, by=by)


def pull(misps: Misps, by: str, name: str) -> tuple[int, int]:
    """Take in what was sighted of our indicators at a MISP."""
    table = misps.table(name)
    with _asked(misps, by, "misp-pull", name) as (exchange, port):
        return exchange.pull_sightings(name, table.partner, port, by=by)


@contextmanager
def _asked(misps: Misps, by: str, way: str, name: str) -> Iterator[tuple["MispExchange", "MispPort"]]:
    """Its port, with a line in the audit log. What keeps it from being reached is refused: a shell hears why, a page
    only that it is so, since the words of it stand with the run."""
    if not BUSY.acquire(blocking=False):
        raise ActRefused(409, "busy", Text("A MISP is being asked already: wait for it."), "wait")
    try:
        exchange, port = misps.exchange(), misps.port(name)
        with writing(misps.registry.engine) as tx:
            audit.note(tx, misps.clock.now_us(), by, way, f"misp/{name}", {})
        yield exchange, port
    except UnknownPartner as error:
        raise ActRefused(409, "unknown-partner", Text("Its partner is not known here."), "operator") from error
    except LinkDown as error:
        raise _unreached("misp-down", DOWN, error, Exit.UNREACHABLE) from error
    except (LinkRefused, Unreadable) as error:
        raise _unreached("misp-refused", REFUSED, error, Exit.REFUSED) from error
    except SettingsError as error:
        raise _unreached("misp-settings", WRONG, error, Exit.CONFIGURATION) from error
    finally:
        BUSY.release()


def _unreached(kind: str, text: Text, error: Exception, code: Exit) -> ActRefused:
    who: WhoActs = "wait" if code is Exit.UNREACHABLE else "operator"
    return ActRefused(503, kind, text, who, aside=Text.of_error(error), code=code)
