"""Takes protocols in at a centre, beside its service: opens what that needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bavn.app.accept.centre import part, survey
from bavn.app.centre.parts import BOOK_FILE, open_desk, opened_registry
from bavn.app.config.load import CentreFile
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock
from bavn.centre.desk.agreements import Agreements
from bavn.centre.desk.desk import Desk
from bavn.centre.members.registry import Registry
from bavn.model.sector.acceptance_protocol import Part
from bavn.model.sector.protocol_file import SignedProtocol
from bavn.wire.book import Book


@dataclass(frozen=True, slots=True)
class Taking:
    """One centre's, while it is open."""

    file: CentreFile
    registry: Registry
    agreements: Agreements
    desk: Desk
    book: Book

    def side(self, actor: str, given: SignedProtocol | None) -> Part:
        """What the centre sees of the actor. Raises UnknownActor."""
        protocol = None if given is None or given.protocol.actor != actor else given.protocol
        return part(
            survey(
                actor,
                protocol,
                file=self.file,
                registry=self.registry,
                agreements=self.agreements,
                desk=self.desk,
                book=self.book,
            ),
        )


@contextmanager
def opened_taking(file: CentreFile) -> Iterator[Taking]:
    """For as long as one command asks. Stop before ``init``."""
    with opened_registry(file) as registry, Book(file.folder / BOOK_FILE) as book:
        agreements = Agreements(registry, SystemClock(), PartyKeys(file.folder, "centre").message_key())
        yield Taking(file, registry, agreements, open_desk(file, registry), book)
