"""What acts at a node stand on: its file, book and clock, and how gate 1 is tried before an answer is left for it.

Expect nothing to be sent: the running node lets out what is left in its book, at its next step.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from bavn.actor.door.conversation import PersonStatement, Statements
from bavn.app.acts.act import ActRefused
from bavn.app.config.load import NodeConfig, read_node
from bavn.app.node.book_queries import Asks, asks, book_of
from bavn.app.node.by_hand import runs
from bavn.app.process.real import SystemClock
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.text import Text
from bavn.wire.book import Book

AT_NEXT_STEP: Final = Text("The running node does it at its next step.")
AT_START: Final = Text("The node does not run: this waits, and is done when the node is started.")


class NodeInput(BaseModel):
    """What an act at a node takes; other names in it are passed over."""

    model_config = ConfigDict(frozen=True)


class Here:
    """One actor's node, running or not. ``file``: its node.toml."""

    def __init__(self, file: Path, clock: Clock | None = None) -> None:
        self.file, self.clock = file, clock or SystemClock()

    def config(self) -> NodeConfig:
        """Node and policy as they are written now. Raises SettingsError."""
        return read_node(self.file)

    def runs(self) -> bool:
        """Whether the node's process is there. Raises SettingsError."""
        return runs(self.config())

    def when(self) -> Text:
        """When the node does what was left in its book, for whoever left it. Raises SettingsError."""
        return AT_NEXT_STEP if self.runs() else AT_START

    def asks(self) -> AbstractContextManager[Asks]:
        """Questions to its book; a table that is not there yet has no rows."""
        return asks(self.file)

    @contextmanager
    def book(self) -> Iterator[Book]:
        """Its book, to leave something in for the running node."""
        with Book(book_of(self.file)) as book:
            yield book


def centre_is_told(here: Here) -> Text:
    """When the centre hears what people here said to it. Raises SettingsError."""
    return Text("The centre is to be told. {when}", when=here.when())


def answer_waits(here: Here, about: str, number: int | None) -> Text:
    """When answer ``number``, about a case or warning, is sent. Raises SettingsError."""
    return Text("{about}: answer {number} waits to be sent. {when}", about=about, number=number or 0, when=here.when())


@dataclass(frozen=True, slots=True)
class Tried:
    """An answer at gate 1. ``refused``: why it would not leave; ``number`` once it was left for the running node."""

    refused: Refused | None
    number: int | None

    def says(self) -> Text | None:
        """Why it would not leave, for whoever answers."""
        return None if self.refused is None else _unsent(self.refused)


def tried[Said: PersonStatement](statements: Statements[Said], statement: Said, *, send: bool) -> Tried:
    """What gate 1 says of it; with ``send`` it is left. Raises ActRefused where it would not get out then."""
    outcome = statements.try_on(statement)
    refused = outcome if isinstance(outcome, Refused) else None
    if send and refused is not None:
        raise not_sent(refused)
    return Tried(refused, statements.say(statement) if send else None)


def not_sent(refused: Refused, about: str = "") -> ActRefused:
    """Gate 1 would refuse it now. ``about``: what it would be, for a shell."""
    return ActRefused(409, "not-sent", _unsent(refused), aside=about)


def _unsent(refused: Refused) -> Text:
    return Text("not sent: {why}", why=refused.reason)
