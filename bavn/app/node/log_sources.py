"""The log files and the syslog receiver of a node's configuration. Refuses to read anything itself."""

from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bavn.actor.sense.base import Source, SourceBroken
from bavn.actor.sense.dnstap.receiver import DnstapReceiver
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.flows.receiver import LOOPBACK
from bavn.actor.sense.logs.files import FollowedLog, split
from bavn.actor.sense.logs.records import AUTO, FORMATS
from bavn.actor.sense.syslog.admission import SyslogSettings
from bavn.actor.sense.syslog.receiver import SyslogAddresses, SyslogReceiver, SyslogTiming
from bavn.actor.sense.syslog.sockets import NO_CERTIFICATE, TCP, TLS, UDP
from bavn.app.config.load import NodeConfig
from bavn.app.config.sense import SenseTable, reads_logs
from bavn.app.node.flow_sources import Made
from bavn.app.process.exits import Exit, Stop
from bavn.model.ports import Clock
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.actor.store.columns import ColumnStore

SYSLOG_NAME = "syslog"
DNSTAP_NAME = "dnstap"


def listens(given: SenseTable) -> dict[int, str]:
    """Channel to address:port, of those that are set."""
    asked = {UDP: given.syslog_udp_listen, TCP: given.syslog_tcp_listen, TLS: given.syslog_tls_listen}
    return {channel: listen for channel, listen in asked.items() if listen}


def log_sources(config: NodeConfig, store: "ColumnStore", clock: Clock, engine: Engine) -> Made:
    """One source for each log file, one for syslog, by name. Raises Stop for settings that cannot be, and so does what
    makes them."""
    given, sensor = config.sense, config.node.actor
    if not reads_logs(given):
        return []
    sources: Made = []
    if given.dnstap_listen:
        sources.append((DNSTAP_NAME, lambda: _dnstap(config, store, clock)))
    look_at_zone(given)
    for entry in given.log_files:
        form, path = form_and_path(config, entry)
        name = f"log {path}"
        sources.append(
            (
                name,
                partial(
                    _followed,
                    name,
                    sensor=sensor,
                    path=config.path(path),
                    now_us=clock.now_us,
                    form=form,
                    zone=given.log_time_zone,
                    store=store,
                    engine=engine,
                ),
            )
        )
    if listens(given):
        sources.append((SYSLOG_NAME, lambda: _syslog(config, store, clock, engine)))
    return sources


def look_at_zone(given: SenseTable) -> None:
    """Raises Stop for a zone of log times that is none."""
    try:
        ZoneInfo(given.log_time_zone)
    except (ValueError, OSError, KeyError) as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[sense] log_time_zone: {log_time_zone} is no zone (as Europe/Copenhagen is)",
                log_time_zone=repr(given.log_time_zone),
            ),
        ) from error


def form_and_path(config: NodeConfig, entry: str) -> tuple[str, str]:
    """Of one of ``log_files``. Raises Stop for a format that nobody knows."""
    form, path = split(entry)
    prefix, colon, _ = entry.partition(":")
    if colon and form == AUTO and prefix.isidentifier() and prefix != AUTO and not config.path(path).exists():
        known = ", ".join((AUTO, *FORMATS))
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[sense] log_files: {entry}: no format is called {prefix}; known: {known}",
                entry=repr(entry),
                prefix=repr(prefix),
                known=known,
            ),
        )
    return form, path


def look_at_sender(cidr: str) -> None:
    """Raises Stop for one of ``syslog_senders`` that is no network."""
    try:
        ip_network(cidr, strict=False)
    except ValueError as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[sense] syslog_senders: {cidr} is no network ({error})",
                cidr=repr(cidr),
                error=Text.of_error(error),
            ),
        ) from error


def certificate_of(config: NodeConfig) -> tuple[Path, Path, Path | None] | None:
    """Certificate, key and the senders' authority for syslog over TLS. Raises Stop where TLS is wanted without."""
    given = config.sense
    if given.syslog_certificate_file and given.syslog_key_file:
        ca = config.path(given.syslog_client_ca_file) if given.syslog_client_ca_file else None
        return config.path(given.syslog_certificate_file), config.path(given.syslog_key_file), ca
    if given.syslog_tls_listen:
        raise Stop(Exit.CONFIGURATION, Text("[sense] {error}", error=NO_CERTIFICATE))
    return None


def _followed(name: str, *, store: "ColumnStore", **given: Any) -> Source:
    return FollowedLog(name=name, mark=store.mark(name), **given)


def _dnstap(config: NodeConfig, store: "ColumnStore", clock: Clock) -> DnstapReceiver:
    listen = config.sense.dnstap_listen
    return DnstapReceiver(
        name=DNSTAP_NAME,
        sensor=config.node.actor,
        listen=str(config.path(listen)) if "/" in listen else listen,
        senders=(*config.node.homes, *LOOPBACK),
        folder=config.folder / "dnstap-spool",
        clock=clock,
        mark=store.mark(DNSTAP_NAME),
    )


def _syslog(config: NodeConfig, store: "ColumnStore", clock: Clock, engine: Engine) -> SyslogReceiver:
    given = config.sense
    senders = given.syslog_senders or config.node.homes
    for cidr in senders:
        look_at_sender(cidr)
    certificate = certificate_of(config)
    try:
        return SyslogReceiver(
            name=SYSLOG_NAME,
            sensor=config.node.actor,
            folder=config.folder / "syslog-spool",
            at=SyslogAddresses(listen=listens(given), certificate=certificate),
            settings=SyslogSettings(senders=senders),
            timing=SyslogTiming(now_us=clock.now_us),
            zone=given.log_time_zone,
            mark=store.mark(SYSLOG_NAME),
            engine=engine,
        )
    except SourceBroken as error:
        raise Stop(Exit.CONFIGURATION, Text("[sense] {error}", error=Text.of_error(error))) from error
