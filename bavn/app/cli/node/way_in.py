"""`bavn node guard`, `listen` and `watch`: the three ways in, each from nothing to protected by one command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.cli.node.book import NODE_TOML, Config
from bavn.app.process.exits import Exit, Stop

if TYPE_CHECKING:
    from bavn.app.fit.way_in import WayIn

LISTEN = "127.0.0.1@5353"
LISTS = "127.0.0.1:8480"
Actor = Annotated[str, typer.Option(help="The actor's name, as the centre invited it.")]
CentreUrl = Annotated[str, typer.Option("--centre", help="https address of the centre.")]
Pin = Annotated[str, typer.Option(help="SHA-256 of the authority's certificate, as the centre printed it.")]
Token = Annotated[str, typer.Option(help="The one-time token from `bavn centre invite`.", envvar="BAVN_TOKEN")]
Listen = Annotated[list[str] | None, typer.Option(help=f"address@port of the resolver; {LISTEN} if none.")]
Upstream = Annotated[list[str] | None, typer.Option(help="address@port of a name server that it asks.")]
Client = Annotated[list[str] | None, typer.Option(help="Who may ask it (CIDR); loopback if none.")]
Lists = Annotated[str, typer.Option(help='address:port of the firewall\'s lists; "" for none.')]
Resolver = Annotated[
    list[str] | None, typer.Option("--listen", help="address@port of a protected resolver; none without.")
]
Home = Annotated[list[str] | None, typer.Option(help="An own network (CIDR); the private ranges if none.")]
KeyHolder = Annotated[str, typer.Option("--keyholder", help="https address of the key holder, for the private join.")]
KeyHolderPin = Annotated[str, typer.Option(help="SHA-256 of the key holder's authority.")]
KeyHolderToken = Annotated[
    str, typer.Option(help="The one-time token from `bavn keyholder invite`.", envvar="BAVN_KEYHOLDER_TOKEN")
]
GroupKey = Annotated[Path | None, typer.Option(help="Mode M1 instead of a key holder: the group's key file.")]
Syslog = Annotated[str, typer.Option(help="address:port that takes syslog over UDP.")]
SyslogTcp = Annotated[str, typer.Option(help="address:port that takes syslog over TCP.")]
NetFlow = Annotated[str, typer.Option("--netflow", help="address:port that takes NetFlow v5, v9 and IPFIX.")]
SFlow = Annotated[str, typer.Option("--sflow", help="address:port that takes sFlow version 5.")]
Dnstap = Annotated[str, typer.Option(help="Socket or address:port that takes dnstap of a resolver.")]
LogFile = Annotated[list[str] | None, typer.Option(help='A log that is followed: path or "format:path".')]


def guard(
    config: Config = NODE_TOML,
    *,
    actor: Actor = "",
    centre_url: CentreUrl = "",
    pin: Pin = "",
    token: Token = "",
    listen: Listen = None,
    upstream: Upstream = None,
    client: Client = None,
    lists: Lists = LISTS,
) -> None:
    """Run a guard: a protected resolver and a list for the firewall, nothing watched. The first time it writes its
    configuration and becomes a member; the same command again only runs it."""
    from bavn.app.fit.way_in import WayIn

    asked = WayIn(
        actor=actor,
        centre_url=centre_url,
        listen=listen or [LISTEN],
        upstreams=upstream or [],
        clients=client or [],
        lists=lists,
    )
    _start(config, asked, pin, token)


def listen(
    config: Config = NODE_TOML,
    *,
    actor: Actor = "",
    centre_url: CentreUrl = "",
    pin: Pin = "",
    token: Token = "",
    keyholder: KeyHolder = "",
    keyholder_pin: KeyHolderPin = "",
    keyholder_token: KeyHolderToken = "",
    group_key: GroupKey = None,
    home: Home = None,
    syslog: Syslog = "",
    syslog_tcp: SyslogTcp = "",
    netflow: NetFlow = "",
    sflow: SFlow = "",
    dnstap: Dnstap = "",
    log_file: LogFile = None,
    resolver: Resolver = None,
    upstream: Upstream = None,
    client: Client = None,
    lists: Lists = LISTS,
) -> None:
    """Run a node without a sensor: logs and flows are read, and it protects as a guard does. The first time it writes
    its configuration and becomes a member; the same command again only runs it."""
    from bavn.app.fit.way_in import WayIn

    sense = _sense(syslog, syslog_tcp, netflow, sflow, dnstap, log_file)
    asked = WayIn(
        way="listen",
        actor=actor,
        centre_url=centre_url,
        keyholder_url=keyholder,
        homes=home or [],
        sense=sense,
        listen=resolver or [],
        upstreams=upstream or [],
        clients=client or [],
        lists=lists,
    )
    _start(config, asked, pin, token, keyholder_pin, keyholder_token, group_key)


def watch(
    config: Config = NODE_TOML,
    *,
    actor: Actor = "",
    centre_url: CentreUrl = "",
    pin: Pin = "",
    token: Token = "",
    keyholder: KeyHolder = "",
    keyholder_pin: KeyHolderPin = "",
    keyholder_token: KeyHolderToken = "",
    group_key: GroupKey = None,
    home: Home = None,
    interface: Annotated[str, typer.Option(help="An interface (mirror port, tap) for a Suricata of the node's.")] = "",
    eve: Annotated[str, typer.Option(help="eve.json of a Suricata that is there already.")] = "",
    zeek: Annotated[str, typer.Option(help="A folder of Zeek logs.")] = "",
    syslog: Syslog = "",
    syslog_tcp: SyslogTcp = "",
    netflow: NetFlow = "",
    sflow: SFlow = "",
    dnstap: Dnstap = "",
    log_file: LogFile = None,
    resolver: Resolver = None,
    upstream: Upstream = None,
    client: Client = None,
    lists: Lists = LISTS,
) -> None:
    """Run a node with a sensor, and what `listen` reads beside it. The first time it writes its configuration and
    becomes a member; the same command again only runs it."""
    from bavn.app.fit.way_in import WayIn

    sensors = {"suricata_interface": interface, "eve_file": eve, "zeek_folder": zeek}
    sense: dict[str, str | list[str]] = {name: value for name, value in sensors.items() if value}
    asked = WayIn(
        way="watch",
        actor=actor,
        centre_url=centre_url,
        keyholder_url=keyholder,
        homes=home or [],
        sense=sense | _sense(syslog, syslog_tcp, netflow, sflow, dnstap, log_file),
        listen=resolver or [],
        upstreams=upstream or [],
        clients=client or [],
        lists=lists,
    )
    _start(config, asked, pin, token, keyholder_pin, keyholder_token, group_key)


def _sense(
    syslog: str, syslog_tcp: str, netflow: str, sflow: str, dnstap: str, log_file: list[str] | None
) -> dict[str, str | list[str]]:
    given: dict[str, str | list[str]] = {
        "syslog_udp_listen": syslog,
        "syslog_tcp_listen": syslog_tcp,
        "netflow_listen": netflow,
        "sflow_listen": sflow,
        "dnstap_listen": dnstap,
        "log_files": log_file or [],
    }
    return {name: value for name, value in given.items() if value}


def _start(
    config: Path,
    asked: "WayIn",
    pin: str,
    token: str,
    keyholder_pin: str = "",
    keyholder_token: str = "",
    group_key: Path | None = None,
) -> None:
    from bavn.app.cli.node.run import enrol, run
    from bavn.app.config.load import CENTRE_KEYS, KEYHOLDER_KEYS
    from bavn.app.fit.way_in import configured, take_group_key
    from bavn.wire.safe import Safe

    given = configured(config, asked)
    if group_key is not None:
        take_group_key(given, group_key)
    if given.node.centre_url and not Safe(given.folder / CENTRE_KEYS).enrolled:
        if not (pin and token):
            raise Stop(Exit.USAGE, f"{given.node.actor} is no member yet: give --pin and --token (bavn centre invite)")
        enrol(pin=pin, token=token, config=config, keyholder=False)
    if given.node.keyholder_url and not Safe(given.folder / KEYHOLDER_KEYS).enrolled:
        if not (keyholder_pin and keyholder_token):
            raise Stop(
                Exit.USAGE,
                f"{given.node.actor} is not known to the key holder yet: give --keyholder-pin and --keyholder-token "
                "(bavn keyholder invite)",
            )
        enrol(pin=keyholder_pin, token=keyholder_token, config=config, keyholder=True)
    run(config)
