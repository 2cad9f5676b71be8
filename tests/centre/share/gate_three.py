"""What tests of gate 3 stand on: actors, a book, a clock and the gate."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.share.outgoing_rules import ShareLimits
from bavn.centre.share.share import Share
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from tests.builders import NOW_US


class Actors:
    """The sector's members."""

    def __init__(self, *names):
        self.names = list(names)

    def active(self):
        return sorted(self.names)

    def is_active(self, name):
        return name in self.names


class GateThree:
    """A centre's gate 3. ``more``: what else its share is given."""

    def __init__(self, engine, *names, score_block_min=7.0, **more):
        self.engine, self.book, self.clock, self.actors = engine, Book(), SimClock(NOW_US), Actors(*names)
        self.key = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
        self.parts = {"limits": ShareLimits(score_block_min=score_block_min, days_max=90), **more}
        self.open()

    def open(self):
        self.share = Share(
            engine=self.engine,
            book=self.book,
            key=self.key,
            clock=self.clock,
            sector="test",
            recipients=self.actors,
            **self.parts,
        )

    def close(self):
        self.book.close()
        self.engine.dispose()
