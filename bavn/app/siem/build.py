"""Puts together what ``[siem]`` wants. Whatever the operator must mend is one Stop with what to do."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bavn.app.config.siem import SiemTable
from bavn.app.process.exits import Exit, Stop, why_of
from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.event import Kind, Teller
from bavn.app.siem.forms import FORMS
from bavn.app.siem.handover import Handover, Stream
from bavn.app.siem.transports.base import Transport
from bavn.app.siem.transports.file import FileTransport
from bavn.app.siem.transports.syslog import SyslogTransport, trusting
from bavn.model.ports import Clock
from bavn.model.settings import SettingsError
from bavn.model.text import Text

SECRET_BYTES_MAX: Final = 4096


def handover_of(
    table: SiemTable, base: Path, streams: Sequence[Stream], teller: Teller, mark: Bookmark, clock: Clock
) -> Handover:
    """``base``: where relative paths count from. Raises Stop."""
    transport = transport_of(table, base, teller)
    return Handover(streams, FORMS[table.form], transport, teller, mark, clock)


def kinds_of(table: SiemTable, offered: Sequence[Kind]) -> tuple[Kind, ...]:
    """What is told of what this party has. Raises SettingsError for what it has not."""
    for name in table.kinds:
        if name not in offered:
            raise SettingsError(
                Text("siem.kinds: {name} is none of {named}", name=repr(name), named=", ".join(offered))
            )
    return tuple(kind for kind in offered if not table.kinds or kind in table.kinds)


def transport_of(table: SiemTable, base: Path, teller: Teller) -> Transport:
    """The way to the receiver. Raises Stop."""
    if table.to == "file":
        return FileTransport(base / table.events_file)
    context = _context(table, base)
    if table.to == "syslog":
        host, port = table.address
        return SyslogTransport(host, port, context, teller.name)
    return _over_http(table, base, context)


def _over_http(table: SiemTable, base: Path, context: ssl.SSLContext) -> Transport:
    """This alone needs an HTTP client."""
    from bavn.app.siem.transports.elastic import ElasticTransport
    from bavn.app.siem.transports.https import Poster

    authorization = _secret(base / table.authorization_file) if table.authorization_file else ""
    return ElasticTransport(table.url, table.index, authorization, Poster(context))


def _context(table: SiemTable, base: Path) -> ssl.SSLContext:
    def path(name: str) -> Path | None:
        return base / name if name else None

    try:
        return trusting(path(table.ca_file), path(table.client_certificate_file), path(table.client_key_file))
    except (OSError, ssl.SSLError) as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[siem] ca_file, client_certificate_file, client_key_file: {error}",
                error=str(error) or type(error).__name__,
            ),
        ) from error


def _secret(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise Stop(Exit.CONFIGURATION, Text("{path} can be read by others than its owner: chmod 600", path=path))
        with path.open("rb") as opened:
            secret = opened.read(SECRET_BYTES_MAX).decode("ascii", "replace").strip()
    except OSError as error:
        raise Stop(
            Exit.CONFIGURATION, Text("[siem]: {path} cannot be read ({why})", path=path, why=why_of(error))
        ) from error
    if not secret or not secret.isprintable() or not secret.isascii():
        raise Stop(Exit.CONFIGURATION, Text("[siem]: {path} holds no secret: one line of ASCII", path=path))
    return secret
