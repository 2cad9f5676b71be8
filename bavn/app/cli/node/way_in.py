"""`bavn node guard`, `listen` and `watch`: the three ways in, each from nothing to protected by one command."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bavn.app.cli.node.book import NODE_TOML, Config
from bavn.app.cli.spread import spread
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.fit.way_in import WayIn

LISTEN = "127.0.0.1@5353"
LISTS = "127.0.0.1:8480"
Token = Annotated[str, typer.Option(help="The one-time token from `bavn centre invite`.", envvar="BAVN_TOKEN")]
Upstream = Annotated[list[str] | None, typer.Option(help="address@port of a name server that it asks.")]
Client = Annotated[list[str] | None, typer.Option(help="Who may ask it (CIDR); loopback if none.")]
Lists = Annotated[str, typer.Option(help='address:port of the firewall\'s lists; "" for none.')]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Who this is, and the sector that it becomes a member of."""

    actor: Annotated[str, typer.Option(help="The actor's name, as the centre invited it.")] = ""
    centre_url: Annotated[str, typer.Option("--centre", help="https address of the centre.")] = ""
    pin: Annotated[str, typer.Option(help="SHA-256 of the authority's certificate, as the centre printed it.")] = ""
    token: Token = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """By whom it takes part in the private join."""

    keyholder: Annotated[
        str, typer.Option("--keyholder", help="https address of the key holder, for the private join.")
    ] = ""
    keyholder_pin: Annotated[str, typer.Option(help="SHA-256 of the key holder's authority.")] = ""
    keyholder_token: Annotated[
        str, typer.Option(help="The one-time token from `bavn keyholder invite`.", envvar="BAVN_KEYHOLDER_TOKEN")
    ] = ""
    group_key: Annotated[Path | None, typer.Option(help="Mode M1 instead of a key holder: the group's key file.")] = (
        None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """The own networks, and what is read of them without a sensor."""

    home: Annotated[list[str] | None, typer.Option(help="An own network (CIDR); the private ranges if none.")] = None
    syslog: Annotated[str, typer.Option(help="address:port that takes syslog over UDP.")] = ""
    syslog_tcp: Annotated[str, typer.Option(help="address:port that takes syslog over TCP.")] = ""
    netflow: Annotated[str, typer.Option("--netflow", help="address:port that takes NetFlow v5, v9 and IPFIX.")] = ""
    sflow: Annotated[str, typer.Option("--sflow", help="address:port that takes sFlow version 5.")] = ""
    dnstap: Annotated[str, typer.Option(help="Socket or address:port that takes dnstap of a resolver.")] = ""
    log_file: Annotated[list[str] | None, typer.Option(help='A log that is followed: path or "format:path".')] = None

    def sense(self) -> dict[str, str | list[str]]:
        """What is given of it, as settings of ``[sense]``."""
        given: dict[str, str | list[str]] = {
            "syslog_udp_listen": self.syslog,
            "syslog_tcp_listen": self.syslog_tcp,
            "netflow_listen": self.netflow,
            "sflow_listen": self.sflow,
            "dnstap_listen": self.dnstap,
            "log_files": self.log_file or [],
        }
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """What sees packets."""

    interface: Annotated[str, typer.Option(help="An interface (mirror port, tap) for a Suricata of the node's.")] = ""
    eve: Annotated[str, typer.Option(help="eve.json of a Suricata that is there already.")] = ""
    zeek: Annotated[str, typer.Option(help="A folder of Zeek logs.")] = ""

    def sense(self) -> dict[str, str | list[str]]:
        """What is given of it, as settings of ``[sense]``."""
        given: dict[str, str | list[str]] = {
            "suricata_interface": self.interface,
            "eve_file": self.eve,
            "zeek_folder": self.zeek,
        }
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What a guard protects with."""

    listen: Annotated[list[str] | None, typer.Option(help=f"address@port of the resolver; {LISTEN} if none.")] = None
    upstream: Upstream = None
    client: Client = None
    lists: Lists = LISTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Protects:
    """What a node that also watches protects with."""

    resolver: Annotated[
        list[str] | None, typer.Option("--listen", help="address@port of a protected resolver; none without.")
    ] = None
    upstream: Upstream = None
    client: Client = None
    lists: Lists = LISTS


@spread
def guard(config: Config = NODE_TOML, *, member: Member, guards: Guards) -> None:
    """Run a guard: a protected resolver and a list for the firewall, nothing watched. The first time it writes its
    configuration and becomes a member; the same command again only runs it."""
    from bavn.app.fit.way_in import WayIn

    way = WayIn(
        actor=member.actor,
        centre_url=member.centre_url,
        listen=guards.listen or [LISTEN],
        upstreams=guards.upstream or [],
        clients=guards.client or [],
        lists=guards.lists,
    )
    _start(config, way, member, Join())


@spread
def listen(config: Config = NODE_TOML, *, member: Member, join: Join, reads: Reads, protects: Protects) -> None:
    """Run a node without a sensor: logs and flows are read, and it protects as a guard does. The first time it writes
    its configuration and becomes a member; the same command again only runs it."""
    _start(config, _way("listen", member, join, reads, protects), member, join)


@spread
def watch(
    config: Config = NODE_TOML, *, member: Member, join: Join, sensor: Sensor, reads: Reads, protects: Protects
) -> None:
    """Run a node with a sensor, and what `listen` reads beside it. The first time it writes its configuration and
    becomes a member; the same command again only runs it."""
    _start(config, _way("watch", member, join, reads, protects, sensor), member, join)


def _way(
    way: Literal["listen", "watch"],
    member: Member,
    join: Join,
    reads: Reads,
    protects: Protects,
    sensor: Sensor | None = None,
) -> "WayIn":
    from bavn.app.fit.way_in import WayIn

    return WayIn(
        way=way,
        actor=member.actor,
        centre_url=member.centre_url,
        keyholder_url=join.keyholder,
        homes=reads.home or [],
        sense=(sensor.sense() if sensor else {}) | reads.sense(),
        listen=protects.resolver or [],
        upstreams=protects.upstream or [],
        clients=protects.client or [],
        lists=protects.lists,
    )


def _start(config: Path, way: "WayIn", member: Member, join: Join) -> None:
    from bavn.app.cli.node.run import enrol, run
    from bavn.app.config.load import CENTRE_KEYS, KEYHOLDER_KEYS
    from bavn.app.fit.way_in import configured, take_group_key
    from bavn.wire.safe import Safe

    given = configured(config, way)
    if join.group_key is not None:
        take_group_key(given, join.group_key)
    if given.node.centre_url and not Safe(given.folder / CENTRE_KEYS).enrolled:
        if not (member.pin and member.token):
            raise Stop(
                Exit.USAGE,
                Text("{actor} is no member yet: give --pin and --token (bavn centre invite)", actor=given.node.actor),
            )
        enrol(pin=member.pin, token=member.token, config=config, keyholder=False)
    if given.node.keyholder_url and not Safe(given.folder / KEYHOLDER_KEYS).enrolled:
        if not (join.keyholder_pin and join.keyholder_token):
            raise Stop(
                Exit.USAGE,
                Text(
                    "{actor} is not known to the key holder yet: give --keyholder-pin and --keyholder-token (bavn"
                    " keyholder invite)",
                    actor=given.node.actor,
                ),
            )
        enrol(pin=join.keyholder_pin, token=join.keyholder_token, config=config, keyholder=True)
    run(config)
