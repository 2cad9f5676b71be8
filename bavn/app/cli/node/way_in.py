"""`bavn node guard`, `listen` and `watch`: the three ways in, each from nothing to protected by one command."""

import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bavn.app.cli.spread import spread
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.config.load import NodeConfig
    from bavn.app.fit.way_in import WayIn

OWN_TOML = Path("node.toml")
Own = Annotated[Path, typer.Option("--config", "-c", help="The node's configuration file.")]
LISTEN = "127.0.0.1@5353"
LISTS = "127.0.0.1:8480"
Token = Annotated[str, typer.Option(help="The one-time token from `bavn centre invite`.", envvar="BAVN_TOKEN")]
Upstream = Annotated[list[str] | None, typer.Option(help="address@port of a name server that it asks.")]
Client = Annotated[list[str] | None, typer.Option(help="Who may ask it (CIDR); loopback if none.")]
Service = Annotated[
    bool,
    typer.Option("--service", help="As a service of this machine, from the Debian package; as root."),
]
Instance = Annotated[
    bool,
    typer.Option(
        "--instance", help="With --service: as one of several actors' on this machine, apart from the others."
    ),
]
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
    """By whom it takes part in the private join. Addresses, pins and tokens of key holders are given in their order."""

    keyholder: Annotated[
        list[str] | None,
        typer.Option("--keyholder", help="https address of a key holder; again for each of several, in their order."),
    ] = None
    keyholders_k: Annotated[
        int, typer.Option(help="How many key holders evaluate together, as they agreed; 0: more than half.")
    ] = 0
    keyholder_pin: Annotated[
        list[str] | None, typer.Option(help="SHA-256 of a key holder's authority; of each, in their order.")
    ] = None
    keyholder_token: Annotated[
        list[str] | None,
        typer.Option(
            help="The one-time token from `bavn keyholder invite`; of each, in their order (with spaces between).",
            envvar="BAVN_KEYHOLDER_TOKEN",
        ),
    ] = None


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
def guard(
    config: Own = OWN_TOML,
    *,
    service: Service = False,
    instance: Instance = False,
    member: Member,
    guards: Guards,
) -> None:
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
    _start(config, way, member, Join(), service=service, instance=instance)


@spread
def listen(
    config: Own = OWN_TOML,
    *,
    service: Service = False,
    instance: Instance = False,
    member: Member,
    join: Join,
    reads: Reads,
    protects: Protects,
) -> None:
    """Run a node without a sensor: logs and flows are read, and it protects as a guard does. The first time it writes
    its configuration and becomes a member; the same command again only runs it."""
    _start(config, _way("listen", member, join, reads, protects), member, join, service=service, instance=instance)


@spread
def watch(
    config: Own = OWN_TOML,
    *,
    service: Service = False,
    instance: Instance = False,
    member: Member,
    join: Join,
    sensor: Sensor,
    reads: Reads,
    protects: Protects,
) -> None:
    """Run a node with a sensor, and what `listen` reads beside it. The first time it writes its configuration and
    becomes a member; the same command again only runs it."""
    _start(
        config, _way("watch", member, join, reads, protects, sensor), member, join, service=service, instance=instance
    )


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
        keyholders=join.keyholder or [],
        keyholders_k=join.keyholders_k,
        homes=reads.home or [],
        sense=(sensor.sense() if sensor else {}) | reads.sense(),
        listen=protects.resolver or [],
        upstreams=protects.upstream or [],
        clients=protects.client or [],
        lists=protects.lists,
    )


def _start(config: Path, way: "WayIn", member: Member, join: Join, *, service: bool, instance: bool) -> None:
    from bavn.app.cli.node.run import run
    from bavn.app.fit.way_in import configured

    if service or instance:
        _serve(config, way, member, join, instance=instance)
        return
    _become_member(config, configured(config, way), member, join)
    run(config)


def _serve(config: Path, way: "WayIn", member: Member, join: Join, *, instance: bool) -> None:
    """Root writes the configuration; what the service will own is made by its user."""
    from bavn.app.fit import service_user
    from bavn.app.fit.service import Machine
    from bavn.app.fit.way_in import configured
    from bavn.model.sector.member import ACTOR_NAME

    if instance and not ACTOR_NAME.fullmatch(way.actor):
        raise Stop(Exit.USAGE, Text("--instance needs --actor, the name that the centre invited"))
    machine = Machine.instance(way.actor) if instance else Machine()
    if config not in (OWN_TOML, machine.config):
        raise Stop(Exit.USAGE, Text("the service reads {file}: leave --config out", file=machine.config))
    user = machine.checked()
    given = configured(machine.config, replace(way, folder=str(machine.folder)))
    machine.give(user)
    service_user.as_user(user, partial(_become_member, machine.config, given, member, join))
    machine.start(given)
    print(
        Text(
            "{actor} runs as the service {unit}, and starts with this machine. How it is: bavn node health -c {file}",
            actor=given.node.actor,
            unit=machine.unit,
            file=machine.config,
        )
    )


def _become_member(config: Path, given: "NodeConfig", member: Member, join: Join) -> None:
    from bavn.app.cli.node.run import enrol
    from bavn.app.config.load import CENTRE_KEYS
    from bavn.wire.safe import Safe

    if given.node.centre_url and not Safe(given.folder / CENTRE_KEYS).enrolled:
        if not (member.pin and member.token):
            raise Stop(
                Exit.USAGE,
                Text("{actor} is no member yet: give --pin and --token (bavn centre invite)", actor=given.node.actor),
            )
        enrol(pin=member.pin, token=member.token, config=config, keyholder=False)
    _join(config, given, join)


def _join(config: Path, given: "NodeConfig", join: Join) -> None:
    """Enrols at each key holder that it is not enrolled at yet. One that does not answer holds nothing up
    while enough others let the node in: the same command tries it again. Stop where too few do."""
    from bavn.app.cli.node.run import enrol
    from bavn.model.ports import LinkDown, LinkRefused
    from bavn.wire.safe import Safe

    node = given.node
    lacking = {
        number: Safe(given.folder / folder)
        for number, (_, folder) in node.key_holders.items()
        if not Safe(given.folder / folder).enrolled
    }
    needed = node.keyholders_k if node.keyholder_urls else 0
    failed: dict[int, Exception] = {}
    for number in lacking:
        pins, tokens = ((given or [])[number - 1 : number] for given in (join.keyholder_pin, join.keyholder_token))
        if not (pins and tokens):
            continue
        try:
            enrol(pin=pins[0], token=tokens[0], config=config, keyholder=True, holder=number)
        except (LinkDown, LinkRefused) as error:
            failed[number] = error
    for number, why in failed.items():
        said = Text("key holder {number} does not take this node in: {why}", number=number, why=Text.of_error(why))
        print(f"bavn: {said}", file=sys.stderr)
    enrolled = len(node.key_holders) - sum(not safe.enrolled for safe in lacking.values())
    if enrolled >= needed:
        return
    if failed:
        raise next(iter(failed.values()))
    raise Stop(
        Exit.USAGE,
        Text(
            "{actor} is known to {enrolled} of {n} key holders, and {needed} are needed: give --keyholder-pin and"
            " --keyholder-token of each, in their order (bavn keyholder invite)",
            actor=node.actor,
            enrolled=enrolled,
            n=len(node.key_holders),
            needed=needed,
        ),
    )
