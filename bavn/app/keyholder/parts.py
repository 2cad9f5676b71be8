"""Builds a key holder from its configuration: members, authority, book, keys. Refuses to run it: keyholder_server does.

Its members are its own: an authority and tokens apart from the centre's, so that no centre can put a name of its making
before the key holder.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.app.centre.database import open_members
from bavn.app.config.load import KeyHolderFile
from bavn.app.keyholder.circle import EnrolledCircle
from bavn.app.keyholder.server import KeyHolderServer, Threshold
from bavn.app.net.party_clock import BesideClock, PartyClock
from bavn.app.process.exits import cannot_listen
from bavn.app.process.failure_folder import FOLDER, FailureFolder
from bavn.app.process.kept_book import contained, shut_for, shut_if_lost
from bavn.app.process.late import begun
from bavn.app.process.owned import ANY, BOOK, GATES, KEYS, owned
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.members.enrolment import Admitted, Application, Enrolment
from bavn.centre.members.registry import Registry
from bavn.keyholder.holder import KeyHolder
from bavn.keyholder.making import Making
from bavn.keyholder.shares import HeldShares
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.member import Actor, holder_number
from bavn.wire.book import Book
from bavn.wire.keyholder import (
    KeysAnswered,
    KeysAsked,
    PartAnswered,
    PartAsked,
    PostsAnswered,
    PostsAsked,
)
from bavn.wire.ledger import Ledger

BOOK_FILE = "keyholder.db"
MEMBERS_FILE = "members.db"
PARTY = "keyholder"
SHARES = "shares"
NO_HOLDER: Final = Refused("posts", "what holders post is for holders")


@dataclass(frozen=True, slots=True)
class KeyHolderParty:
    """The key holder as its service sees it. May be called from any thread."""

    holder: KeyHolder
    registry: Registry
    enrolment: Enrolment
    key: Ed25519PrivateKey
    threshold: Threshold

    def who(self, certificate_der: bytes) -> Actor | Refused:
        return self.registry.who(certificate_der)

    def enrol(self, request: Application) -> Admitted | Refused:
        return self.enrolment.enrol(request)

    def renew(self, actor: str, csr: str) -> Admitted | Refused:
        return self.enrolment.renew(actor, csr)

    def authority_pem(self) -> str:
        return self.enrolment.authority.pem

    def message_key(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    def part(self, actor: str, request: PartAsked) -> PartAnswered | Refused:
        return self.holder.part(actor, request)

    def keys(self, request: KeysAsked) -> KeysAnswered | Refused:
        """The public keys of a day and tier; no secret, so any member may have them."""
        found = self.threshold.shares.public(request.epoch, request.tier)
        return found if isinstance(found, Refused) else KeysAnswered.of(*found, self.key)

    def posts(self, actor: str, request: PostsAsked) -> PostsAnswered | Refused:
        """What holders say to each other, and to nobody else."""
        number = holder_number(actor)
        return NO_HOLDER if number is None else self.threshold.making.posts(number, request)

    def tidy(self) -> list[int]:
        self.threshold.circle.renew()
        return self.holder.tidy()

    def close(self) -> None:
        self.threshold.circle.close()
        self.registry.engine.dispose()


def keys_of(file: KeyHolderFile) -> PartyKeys:
    """The key holder's secrets, made or not."""
    return PartyKeys(file.folder, PARTY)


def init(file: KeyHolderFile) -> PartyKeys:
    """Makes the key holder's folder, authority and keys."""
    keys = keys_of(file)
    keys.make(f"key holder of {file.place.sector}", file.place.names)
    open_registry(file).engine.dispose()
    return keys


def open_registry(file: KeyHolderFile, clock: Clock | None = None) -> Registry:
    """Members, also from another process than the service; ``clock``: the service's."""
    engine = open_members(file.folder / MEMBERS_FILE)
    try:
        return Registry(engine, clock or BesideClock(file.folder))
    except BaseException:
        engine.dispose()
        raise


@contextlib.contextmanager
def opened_registry(file: KeyHolderFile) -> Iterator[Registry]:
    """Members for as long as one command asks."""
    registry = open_registry(file)
    try:
        yield registry
    finally:
        registry.engine.dispose()


def open_enrolment(file: KeyHolderFile, registry: Registry) -> Enrolment:
    """Invitations, also from another process than the service. Stop before ``init``."""
    return Enrolment(registry, keys_of(file).authority(), BesideClock(file.folder), SystemDice())


def build(file: KeyHolderFile) -> tuple[KeyHolderServer, Book]:
    """A key holder's server, ready to run, and the book to close afterwards. Stop before ``init``, and where something
    cannot be opened without which it does not start."""
    failures = FailureFolder(file.folder / FOLDER, SystemClock())
    with contextlib.ExitStack() as undo:
        built = owned(failures, ANY, lambda: _build(file, failures, undo))
        undo.pop_all()
    return built


def _build(file: KeyHolderFile, failures: FailureFolder, undo: contextlib.ExitStack) -> tuple[KeyHolderServer, Book]:
    """As docs/decisions/0020-contained.md has it: ``own`` is what it does not start without, ``begin`` all else."""
    own, begin = partial(owned, failures), partial(begun, failures)
    clock, dice, keys = PartyClock(file.folder, need_of(file)), SystemDice(), keys_of(file)
    authority = own(KEYS, keys.authority)
    message_key = own(KEYS, keys.message_key)
    begin("server certificate", lambda: keys.renew_server(file.place.names, clock.now_us()))
    members_there = (file.folder / MEMBERS_FILE).exists()
    registry = own(BOOK, lambda: open_registry(file, clock))
    undo.callback(registry.engine.dispose)
    enrolment = own(KEYS, lambda: Enrolment(registry, authority, clock, dice))
    book = own(BOOK, lambda: undo.enter_context(Book(file.folder / BOOK_FILE, failures)))
    begin(
        "look for a lost book", lambda: _look_for_loss(file, Ledger(book), clock.now_us(), members_there=members_there)
    )
    begin("gates shut before", lambda: contained(book, failures))
    threshold = own(KEYS, lambda: _threshold(file, message_key, book, clock))
    holder = own(GATES, lambda: KeyHolder(threshold.shares, Ledger(book), clock, file.limits))
    party = own(GATES, lambda: KeyHolderParty(holder, registry, enrolment, message_key, threshold))
    try:
        server = KeyHolderServer(party, keys, file.place.host, file.place.port, failures, threshold, clock)
    except OSError as error:
        place = f"{file.place.host}:{file.place.port}"
        raise cannot_listen("[place] host and port", place, error) from error
    server.renews(lambda: keys.renew_server(file.place.names, clock.now_us()))
    return server, book


def _look_for_loss(file: KeyHolderFile, ledger: Ledger, now_us: int, *, members_there: bool) -> None:
    """A book beside the secrets of an earlier one, or members beside the book of earlier ones."""
    shut_if_lost(ledger, now_us, [file.folder / SHARES])
    if not ledger.book.fresh and not members_there:
        shut_for(ledger, now_us, MEMBERS_FILE, BOOK_FILE)


def need_of(file: KeyHolderFile) -> int | None:
    """How many other holders must agree with a leap: k, since fewer may lie; None for a holder that is alone."""
    return min(file.threshold.k, file.threshold.n - 1) or None


def _threshold(file: KeyHolderFile, key: Ed25519PrivateKey, book: Book, clock: Clock) -> Threshold:
    dice, circle = SystemDice(), EnrolledCircle(file, clock)
    shares = HeldShares(file.folder / SHARES, file.threshold, partial(circle.with_own, key.public_key()), clock, dice)
    making = Making(file.threshold, shares, key, circle, Ledger(book), clock, dice)
    return Threshold(shares, making, circle)
