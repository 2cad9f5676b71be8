"""Builds a centre from its configuration: database, book, authority, keys. Refuses to run it: centre_server does.

``init`` makes authority and keys once (party_keys.py).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from sqlalchemy import Engine

from bavn.app.centre.alarms import own_alarms
from bavn.app.centre.database import AWAY, open_database, start, take_lease
from bavn.app.centre.exchange.taxii_parts import open_exchange
from bavn.app.centre.join_engine import beside, reconstruct_here
from bavn.app.centre.log_folder import DiskLogFolder
from bavn.app.centre.server import Beside, CentreServer, ServerSettings
from bavn.app.config.load import CentreFile
from bavn.app.net.party_clock import BesideClock, PartyClock
from bavn.app.process.exits import cannot_listen
from bavn.app.process.failure_folder import FailureFolder, failures_in
from bavn.app.process.kept_book import contained as gates_contained
from bavn.app.process.late import begun
from bavn.app.process.owned import ANY, BOOK, GATES, HEALTH, KEYS, owned
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemDice
from bavn.app.process.step_watch import StepWatch
from bavn.app.process.warning_lists import warning_lists
from bavn.centre.cases.questions import Questions
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.partnership import open_credentials, open_partners
from bavn.centre.members.authority import Authority
from bavn.centre.members.enrolment import Enrolment
from bavn.centre.members.partner_credentials import PartnerCredentials
from bavn.centre.members.partners import Partners
from bavn.centre.members.registry import DEFAULT_QUOTAS, Registry
from bavn.centre.node.build import CentreGround, log_key, open_centre, open_indicators
from bavn.centre.node.centre import Centre
from bavn.centre.store.lease import Lease, LeaseLost
from bavn.centre.store.log_keeper import origin_of
from bavn.centre.store.marker import Marker
from bavn.model.contained import contained
from bavn.model.ports import Clock
from bavn.model.sector.member import Quota
from bavn.psi.reconstruct import reconstruct_tables
from bavn.tlog.note import VerifierKey, key_from
from bavn.wire.book import Book

BOOK_FILE = "centre-book.db"
HOUR_S = 3600.0
WAITED_OUT = (*AWAY, LeaseLost)
"""Whoever runs the centre waits for its database, and says that another centre took over."""
QUOTA_PER_ROUND = {"ShareUpload": 1, "Receipts": 4, "Report": 20, "Declined": 20}


def init(file: CentreFile) -> PartyKeys:
    """Makes the centre's folder, authority and keys."""
    keys = PartyKeys(file.folder, "centre")
    keys.make(file.centre.limits.sector, file.place.names)
    open_registry(file).engine.dispose()
    return keys


def open_registry(file: CentreFile, clock: Clock | None = None) -> Registry:
    """Members, also from another process than the service; ``clock``: the service's. Stop, where the database is not as
    it must be."""
    engine = open_database(file)
    try:
        return Registry(engine, clock or BesideClock(file.folder), _quotas(file))
    except BaseException:
        engine.dispose()
        raise


@contextmanager
def opened_registry(file: CentreFile) -> Iterator[Registry]:
    """Members for as long as one command asks."""
    registry = open_registry(file)
    try:
        yield registry
    finally:
        registry.engine.dispose()


def _quotas(file: CentreFile) -> dict[str, Quota]:
    """The default quotas, raised where this sector's rounds come more often than they allow for: twice the rounds of an
    hour for an upload each, and for each answer that a round may ask for."""
    rounds = sum(HOUR_S / tier.every_s for tier in file.centre.rounds)
    size = max(8 * tier.r * tier.t * tier.m for tier in file.centre.rounds) + 4096
    quotas = dict(DEFAULT_QUOTAS)
    for kind, given in DEFAULT_QUOTAS.items():
        messages = max(given.messages_per_hour_max, round(2 * rounds * QUOTA_PER_ROUND.get(kind, 0)))
        each = size if kind == "ShareUpload" else given.bytes_per_hour_max // given.messages_per_hour_max
        quotas[kind] = Quota(
            messages_per_hour_max=messages, bytes_per_hour_max=max(given.bytes_per_hour_max, messages * each)
        )
    return quotas


def open_enrolment(file: CentreFile, registry: Registry | None = None) -> Enrolment:
    """Invitations, also from another process than the service; over members that are open already, if given."""
    authority = PartyKeys(file.folder, "centre").authority()
    return Enrolment(registry or open_registry(file), authority, BesideClock(file.folder), SystemDice())


def open_desk(file: CentreFile, registry: Registry | None = None) -> Desk:
    """What people ask and do, also from another process than the service. Stop before ``init``."""
    PartyKeys(file.folder, "centre").authority()
    registry = registry or open_registry(file)
    clock = BesideClock(file.folder)
    questions = Questions(registry.engine, clock, two_people=file.centre.limits.questions_two_people)
    return Desk(
        registry.engine,
        clock,
        registry,
        questions,
        file.centre.cases,
        open_indicators(file.centre, registry.engine, clock, warning_lists()),
    )


def log_folder(file: CentreFile) -> Path:
    """From where the centre's log is handed out."""
    return file.folder / file.place.log_folder


def log_verifier(file: CentreFile, origin: str = "") -> VerifierKey:
    """The key that the log's checkpoints are checked with, under the name of the log. Stop before ``init``."""
    keys = PartyKeys(file.folder, "centre")
    keys.authority()
    return key_from(origin or origin_of(file.centre.limits.sector), log_key(keys.message_key()))


def open_partner_books(file: CentreFile) -> tuple[Partners, PartnerCredentials]:
    """Partners and how they prove who they are, also from another process than the service. Stop before ``init``."""
    authority = PartyKeys(file.folder, "centre").authority()
    partners = open_partners(open_registry(file).engine, BesideClock(file.folder))
    return partners, open_credentials(partners, BesideClock(file.folder), SystemDice(), authority)


@dataclass(frozen=True, slots=True)
class CentreParts:
    """A centre, its server, and what must be let go of afterwards (a context manager)."""

    centre: Centre
    server: CentreServer
    book: Book
    engine: Engine
    lease: Lease
    steps: StepWatch
    failures: FailureFolder
    marker: Marker | None
    clock: PartyClock

    def close(self) -> None:
        """The ports and the book first: whoever takes the lease next finds them free and closed."""
        for part, step in (
            ("close ports", self.server.close),
            ("close book", self.book.close),
            ("close marker", lambda: None if self.marker is None else self.marker.close()),
            ("close lease", self.lease.release),
            ("close database", self.engine.dispose),
        ):
            contained(self.failures, part, step, during="stop")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def build(file: CentreFile, failures: FailureFolder | None = None) -> CentreParts:
    """A centre and its server, ready to run: the only one on its database. Stop, where that is not so."""
    told = failures_in(file.folder) if failures is None else failures
    return owned(told, ANY, lambda: _build(file, told), WAITED_OUT)


def _server_settings(file: CentreFile, keys: PartyKeys, authority: Authority) -> ServerSettings:
    return ServerSettings(
        authority_pem=authority.pem,
        certificate=keys.certificate,
        key=keys.key,
        host=file.place.host,
        port=file.place.port,
        step_every_s=file.place.step_s,
    )


def _build(file: CentreFile, failures: FailureFolder) -> CentreParts:
    """As docs/decisions/0020-contained.md has it: ``own`` is what a centre does not start without, ``begin`` all
    else."""
    own, begin = partial(owned, failures, passing=WAITED_OUT), partial(begun, failures, passing=WAITED_OUT)
    clock, dice, keys = PartyClock(file.folder), SystemDice(), PartyKeys(file.folder, "centre")
    authority = own(KEYS, keys.authority)
    message_key = own(KEYS, keys.message_key)
    with ExitStack() as undo:
        registry = own(BOOK, lambda: open_registry(file, clock))
        undo.callback(registry.engine.dispose)
        lease = own(BOOK, lambda: undo.enter_context(take_lease(registry.engine)))
        begin("server certificate", lambda: keys.renew_server(file.place.names, clock.now_us()))
        book = own(BOOK, lambda: undo.enter_context(Book(file.folder / BOOK_FILE, failures)))
        begin("gates shut before", lambda: gates_contained(book, failures))
        own(BOOK, lambda: start(lease, book, dice, clock.now_us()))
        reconstruct = begin("join workers", reconstruct_here) or reconstruct_tables
        centre = own(
            GATES,
            lambda: open_centre(
                file.centre,
                ground=CentreGround(
                    engine=registry.engine,
                    book=book,
                    key=message_key,
                    authority=authority,
                    log=DiskLogFolder(log_folder(file)),
                ),
                clock=clock,
                dice=dice,
                registry=registry,
                reconstruct=reconstruct,
                aside=beside,
                lists=warning_lists(),
                failures=failures,
            ),
        )
        alarms = begin("own alarms", lambda: own_alarms(file, clock))
        if alarms is not None:
            centre.desk.alarms.own = alarms
        exchange, steps = begin("exchange", lambda: open_exchange(file, centre, keys)), own(HEALTH, StepWatch)
        marker = begin("look at the database", lambda: Marker(registry.engine))
        moved = None if marker is None else marker.quiet
        server = _serve(file, centre, exchange, steps, _server_settings(file, keys, authority), moved)
        server.renews(lambda: keys.renew_server(file.place.names, clock.now_us()))
        built = CentreParts(centre, server, book, registry.engine, lease, steps, failures, marker, clock)
        undo.pop_all()
    return built


def _serve(
    file: CentreFile,
    centre: Centre,
    beside: Beside | None,
    steps: StepWatch,
    settings: ServerSettings,
    moved: Callable[[], object] | None,
) -> CentreServer:
    try:
        return CentreServer(centre, settings, beside, steps.around, centre.contained.failures, moved)
    except OSError as error:
        other = f" or {file.exchange.listen}" if file.exchange.listen else ""
        place = f"{file.place.host}:{file.place.port}{other}"
        raise cannot_listen("[place] host and port, or [exchange] listen", place, error) from error
