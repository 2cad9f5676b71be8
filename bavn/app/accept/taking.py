"""Takes protocols in at a centre, beside its service: opens what that needs. Refuses to decide a step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bavn.app.accept.centre import part, survey
from bavn.app.centre.parts import BOOK_FILE, open_desk, opened_registry
from bavn.app.centre.rollout_parts import rollout_over
from bavn.app.config.load import CentreFile
from bavn.app.process.real import SystemClock
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.rolling import RollOut
from bavn.centre.members.registry import Registry
from bavn.model.sector.acceptance_protocol import Part, TestKind
from bavn.model.sector.protocol_file import SignedProtocol
from bavn.model.sector.rollout import RolloutAct
from bavn.wire.book import Book

STEPS: Final[Mapping[TestKind, RolloutAct]] = {
    TestKind.ACCEPTANCE: RolloutAct.ACCEPT,
    TestKind.FINAL: RolloutAct.PROVE,
}


@dataclass(frozen=True, slots=True)
class Taking:
    """One centre's, while it is open."""

    file: CentreFile
    registry: Registry
    opened: RollOut
    desk: Desk
    book: Book

    def side(self, actor: str, given: SignedProtocol | None) -> Part:
        """What the centre sees of the actor. Raises UnknownParty."""
        protocol = None if given is None or given.protocol.actor != actor else given.protocol
        return part(
            survey(
                actor,
                protocol,
                file=self.file,
                registry=self.registry,
                opened=self.opened,
                desk=self.desk,
                book=self.book,
            ),
            self.desk.bounds,
        )


@contextmanager
def opened_taking(file: CentreFile) -> Iterator[Taking]:
    """For as long as one command asks. Stop before ``init``."""
    with opened_registry(file) as registry, Book(file.folder / BOOK_FILE) as book:
        opened = rollout_over(file, registry, SystemClock())
        yield Taking(file, registry, opened, open_desk(file, registry), book)
