"""Builds the TAXII server for partners, and the exchange for commands, from the centre's configuration.

Refuses to run the server: centre_server does.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bavn.app.centre.exchange.taxii_answers import Answers
from bavn.app.centre.exchange.taxii_service import TaxiiLimits, make_taxii
from bavn.app.centre.server import Beside
from bavn.app.config.load import CentreFile
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemDice
from bavn.centre.desk.partnership import open_credentials, open_partners
from bavn.centre.inbox.offers import Offers
from bavn.centre.members.partners import Partners
from bavn.centre.members.registry import Registry
from bavn.centre.node.build import open_offers, open_share
from bavn.centre.node.centre import Centre
from bavn.centre.share.exchange import Exchange
from bavn.model.text import Text
from bavn.wire.book import Book


def open_exchange(file: CentreFile, centre: Centre, keys: PartyKeys) -> Beside | None:
    """The TAXII server for partners, if the configuration has one. Stop where its certificate cannot be used."""
    table = file.exchange
    if not table.listen:
        return None
    host, port = listen_of(table.listen, "[exchange] listen")
    certificate, key = keys.certificate, keys.key
    if table.certificate_file or table.key_file:
        certificate, key = ((file.base / name).resolve() for name in (table.certificate_file, table.key_file))
        _usable(certificate, key)
    clock = BesideClock(file.folder)
    credentials = open_credentials(open_partners(centre.desk.engine, clock), clock, SystemDice())
    answers = Answers(
        centre.exchange,
        centre.offers,
        sector=file.centre.limits.sector,
        contact=table.contact,
    )
    limits = TaxiiLimits(requests_per_minute=table.requests_per_minute, failures_per_minute=table.failures_per_minute)
    return Beside(
        make=lambda broken: make_taxii(answers, credentials, limits, broken, centre.contained.failures),
        certificate=certificate,
        key=key,
        host=host,
        port=port,
    )


def _usable(certificate: Path, key: Path) -> None:
    """Stop unless the two belong together."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[exchange] certificate_file and key_file: {certificate} with {key}: {error}",
                certificate=certificate,
                key=key,
                error=Text.of_error(error),
            ),
        ) from error


def listen_of(text: str, where: str) -> tuple[str, int]:
    """Host and port of ``address:port``. Stop for anything else."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise Stop(
            Exit.CONFIGURATION,
            Text("{where}: {text} is not address:port, such as 0.0.0.0:8445", where=where, text=repr(text[:60])),
        )
    return host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class Counter:
    """The exchange as commands use it, beside a centre that may be running."""

    partners: Partners
    exchange: Exchange
    offers: Offers


@contextmanager
def open_counter(file: CentreFile, registry: Registry, book_file: Path) -> Iterator[Counter]:
    """Partners, what they are given and what they offer, in the centre's database and book. Stop before ``init``."""
    keys = PartyKeys(file.folder, "centre")
    keys.authority()
    clock, engine = BesideClock(file.folder), registry.engine
    with Book(book_file) as book:
        share = open_share(
            file.centre,
            engine=engine,
            book=book,
            key=keys.message_key(),
            clock=clock,
            registry=registry,
        )
        try:
            offers = open_offers(file.centre, engine, book, clock, SystemDice())
            yield Counter(open_partners(engine, clock), share.exchange, offers)
        finally:
            engine.dispose()
