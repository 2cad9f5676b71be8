"""Builds what a centre exchanges beside its TAXII server: sources of intelligence, and partners' MISPs.

Also for other processes than the service: they work on the same database and book.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from bavn.app.centre.exchange.keeper import IntelKeeper, MispTurn
from bavn.app.centre.exchange.misp_api import Misp
from bavn.app.centre.parts import BOOK_FILE, open_registry
from bavn.app.config.load import CentreFile
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.failure_folder import FOLDER, FailureFolder
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemDice
from bavn.app.process.warning_lists import warning_lists
from bavn.centre.cases.indicators.upkeep import Upkeep
from bavn.centre.cases.policies import Policies
from bavn.centre.desk.partnership import open_partners
from bavn.centre.inbox.intel_gate import IntelGate
from bavn.centre.inbox.misp_sightings import MispSightings
from bavn.centre.inbox.offers import Offers
from bavn.centre.members.registry import Registry
from bavn.centre.node.build import open_indicators
from bavn.centre.node.centre import ActiveActors
from bavn.centre.node.intelligence import Intelligence
from bavn.centre.node.misp_exchange import MispExchange
from bavn.centre.node.own_releases import OwnReleases
from bavn.centre.share.misp_out import MispOut
from bavn.centre.share.misp_runs import MispRuns
from bavn.centre.share.outgoing_rules import ShareLimits
from bavn.centre.share.share import Share
from bavn.model.failure import Failures
from bavn.model.sector.intel import Access
from bavn.wire.book import Book


def open_intelligence(
    file: CentreFile, registry: Registry, failures: Failures | None = None
) -> tuple[Intelligence, Book]:
    """Intelligence from outside, and the book to close afterwards. Stop before ``init``. ``failures`` None: what fails
    in a way that nobody foresaw is raised, as in front of a person."""
    PartyKeys(file.folder, "centre").authority()
    clock, engine, config = BesideClock(file.folder), registry.engine, file.centre
    ours = OwnReleases(engine, clock, config.limits.sector)
    book = Book(file.folder / BOOK_FILE, FailureFolder(file.folder / FOLDER, clock))
    intelligence = Intelligence(
        engine=engine,
        gate=IntelGate(book, clock, config.intelligence, config.limits.registered, ours),
        clock=clock,
        settings=config.intelligence,
        lists=warning_lists(),
        partners=open_partners(engine, clock),
        offers=Offers(book, clock, SystemDice(), ours),
        failures=failures,
    )
    return intelligence, book


def open_misp_exchange(file: CentreFile, registry: Registry, book: Book) -> MispExchange:
    """Partners' MISPs over a book that is open. Stop before ``init``."""
    keys, clock, engine = PartyKeys(file.folder, "centre"), BesideClock(file.folder), registry.engine
    keys.authority()
    limits = file.centre.limits
    share = Share(
        engine=engine,
        book=book,
        key=keys.message_key(),
        clock=clock,
        sector=limits.sector,
        limits=ShareLimits(score_block_min=limits.block_score_min, days_max=limits.indicator_days_max),
        recipients=ActiveActors(registry),
    )
    share.exchange.step()
    out = MispOut(exchange=share.exchange, deliveries=share.deliveries, book=book, clock=clock, sector=limits.sector)
    upkeep = Upkeep(open_indicators(file.centre, engine, clock), Policies(engine, clock))
    return MispExchange(
        out, MispSightings(book, clock), open_partners(engine, clock), upkeep, MispRuns(book, clock), book.failures
    )


def misp_port(file: CentreFile, name: str) -> Misp:
    """A configured instance. SettingsError for a place or key that cannot be used."""
    table = file.misps[name]
    access = Access(
        token_file=table.key_file,
        cert_file=table.client_certificate_file,
        key_file=table.client_key_file,
        ca_file=table.ca_file,
    )
    return Misp(table.url, access, file.base)


@contextmanager
def keeping_intelligence(
    file: CentreFile, broken: Callable[[BaseException], None], failures: Failures | None = None
) -> Iterator[None]:
    """Sources and MISPs are asked when they are due, as long as this lasts."""
    registry = open_registry(file)
    try:
        intelligence, book = open_intelligence(file, registry, failures)
    except Exception:
        registry.engine.dispose()
        raise
    turns = [
        MispTurn(name, table, partial(open_misp_exchange, file, registry, book), partial(misp_port, file, name))
        for name, table in sorted(file.misps.items())
        if table.every_minutes
    ]
    keeper = IntelKeeper(
        intelligence,
        file.base,
        BesideClock(file.folder),
        broken,
        turns,
    )
    keeper.start()
    try:
        yield
    finally:
        keeper.end()
        book.close()
        registry.engine.dispose()
