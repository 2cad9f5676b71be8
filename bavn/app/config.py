"""Configuration: one TOML file a node, one a centre, and the actor's policy; each field has unit, default, sentence.

Relative paths count from the file's own folder. What is wrong is one SettingsError that names file, table and field.
"""

import tomllib
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from bavn.actor.detect.base import DetectSettings
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.protect.policy import ProtectPolicy
from bavn.centre.node.config import CentreConfig, config_of
from bavn.model.member import ACTOR_NAME
from bavn.model.settings import SettingsError, load, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTable:
    """``[node]``: who this is and where it keeps things."""

    actor: str = setting("", unit="", holds="The actor's name in the sector: a-z, 0-9 and -, as the centre invited it.")
    folder: str = setting("data", unit="", holds="Where the node keeps store, keys and book.")
    homes: tuple[str, ...] = setting(
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"), unit="", holds="The actor's own networks (CIDR)."
    )
    policy_file: str = setting("policy.toml", unit="", holds="The actor's policy; missing means all defaults.")
    centre_url: str = setting("", unit="", holds="https address of the centre; empty for a node without a sector.")
    group_key_file: str = setting(
        "group.key", unit="", holds="Mode M1: the key that the actors hand round themselves, never through the centre."
    )
    detect_s: int = setting(
        60, unit="s", holds="At least this long between two runs of the detectors.", low=1, high=86400
    )
    window_days: int = setting(28, unit="days", holds="How far the detectors look back.", low=1, high=400)
    health_s: int = setting(60, unit="s", holds="How often the node tells how it is.", low=5, high=86400)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseTable:
    """``[sense]``: what the node reads; any number of these."""

    captures_folder: str = setting("", unit="", holds="A folder of captures that Suricata reads as they come.")
    suricata_interface: str = setting("", unit="", holds="An interface for a live Suricata that the node manages.")
    eve_file: str = setting("", unit="", holds="eve.json of a Suricata that is there already; followed over rotation.")
    zeek_folder: str = setting("", unit="", holds="A folder of Zeek logs (JSON or TSV); followed over rotation.")
    rule_files: tuple[str, ...] = setting((), unit="", holds="Suricata rule files.")
    indicator_files: tuple[str, ...] = setting((), unit="", holds="Own indicator lists for the ioc detector.")
    memory_mb: int = setting(512, unit="MB", holds="Memory for reading logs.", low=64, high=65536)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTable:
    """``[store]``: what the store may take and how long it remembers."""

    age_days_max: int = setting(28, unit="days", holds="Records older than this are forgotten.", low=1, high=3650)
    bytes_max: int = setting(
        200_000_000_000, unit="bytes", holds="The oldest hours are forgotten above this.", low=1_000_000, high=1e15
    )
    memory_mb_max: int = setting(1024, unit="MB", holds="Memory of a window or of the writer.", low=128, high=262_144)
    threads: int = setting(2, unit="threads", holds="Threads of a window or of the writer.", low=1, high=256)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnforceTable:
    """``[enforce]``: where blocks are put into force; an empty field leaves that enforcer out."""

    list_folder: str = setting("", unit="", holds="Text lists for firewalls are written here.")
    list_listen: str = setting("", unit="", holds="address:port on which the lists are served over HTTP.")
    list_token: str = setting("", unit="", holds="Bearer token that a firewall must show; empty for none.")
    resolver_listen: tuple[str, ...] = setting((), unit="", holds="address@port of a protected resolver (unbound).")
    resolver_upstreams: tuple[str, ...] = setting((), unit="", holds="address@port of name servers it asks.")
    resolver_answers: tuple[str, ...] = setting(
        (), unit="", holds='"name=address" that the resolver answers itself; then it asks nobody.'
    )
    resolver_clients: tuple[str, ...] = setting(("127.0.0.0/8", "::1/128"), unit="", holds="Who may ask it (CIDR).")
    suricata_socket: str = setting(
        "",
        unit="",
        holds="Command socket of a Suricata that takes our datasets; empty for the one on suricata_interface.",
    )
    suricata_folder: str = setting(
        "", unit="", holds="Its --data-dir: our rules (bavn.rules, for it to load) and the sets lie here."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """A node's whole configuration. ``base``: the folder that relative paths count from."""

    base: Path
    node: NodeTable
    sense: SenseTable
    store: StoreTable
    detect: DetectSettings
    enforce: EnforceTable
    door: DoorPolicy
    protect: ProtectPolicy

    def path(self, text: str) -> Path:
        return (self.base / text).resolve()

    @property
    def folder(self) -> Path:
        return self.path(self.node.folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTable:
    """``[place]`` of centre.toml: where the centre listens and keeps things."""

    folder: str = setting("data", unit="", holds="Where the centre keeps its database, authority and keys.")
    host: str = setting("127.0.0.1", unit="", holds="Address to listen on.")
    port: int = setting(8443, unit="", holds="Port to listen on; 0 takes a free one.", low=0, high=65535)
    names: tuple[str, ...] = setting(
        ("localhost", "127.0.0.1"), unit="", holds="Names and addresses under which nodes reach it (certificate)."
    )
    step_s: float = setting(1.0, unit="s", holds="At the latest this long between two steps.", low=0.05, high=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreFile:
    """A centre's whole configuration. ``base``: the folder that relative paths count from."""

    base: Path
    place: PlaceTable
    centre: CentreConfig

    @property
    def folder(self) -> Path:
        return (self.base / self.place.folder).resolve()


def read_centre(file: Path) -> CentreFile:
    """Reads centre.toml. Raises SettingsError."""
    given = read_toml(file)
    place = given.pop("place", {})
    if not isinstance(place, dict):
        raise SettingsError(f"{file}: place must be a table: [place]")
    try:
        return CentreFile(
            base=file.resolve().parent, place=load(PlaceTable, place, f"{file} [place]"),
            centre=config_of(given, str(file)),
        )  # fmt: skip
    except SettingsError as error:
        words = str(error)
        raise SettingsError(words if words.startswith(str(file)) else f"{file}: {words}") from error


NODE_TABLES: dict[str, type[Any]] = {
    "node": NodeTable, "sense": SenseTable, "store": StoreTable, "detect": DetectSettings, "enforce": EnforceTable,
}  # fmt: skip
POLICY_TABLES: dict[str, type[Any]] = {"door": DoorPolicy, "protect": ProtectPolicy}


def read_node(file: Path) -> NodeConfig:
    """Reads node.toml and the policy beside it. Raises SettingsError."""
    base = file.resolve().parent
    tables = _tables(file, NODE_TABLES)
    if not ACTOR_NAME.fullmatch(tables["node"].actor):
        raise SettingsError(f"{file} [node]: actor must be a name of a-z, 0-9 and -, not {tables['node'].actor!r}")
    for home in tables["node"].homes:
        try:
            ip_network(home)
        except ValueError as error:
            raise SettingsError(f"{file} [node]: homes: {home!r} is no network ({error})") from error
    policy = base / tables["node"].policy_file
    policies = (
        _tables(policy, POLICY_TABLES) if policy.exists() else {name: kind() for name, kind in POLICY_TABLES.items()}
    )
    return NodeConfig(base=base, **tables, **policies)


def _tables(file: Path, kinds: dict[str, type[Any]]) -> dict[str, Any]:
    given = read_toml(file)
    unknown = sorted(set(given) - set(kinds))
    if unknown:
        raise SettingsError(f"{file}: no table is called [{unknown[0]}]; known: {', '.join(f'[{k}]' for k in kinds)}")
    for name, table in given.items():
        if not isinstance(table, dict):
            raise SettingsError(f"{file}: {name} must be a table: [{name}]")
    try:
        return {name: load(kind, given.get(name, {}), f"{file} [{name}]") for name, kind in kinds.items()}
    except SettingsError as error:
        words = str(error)
        raise SettingsError(words if words.startswith(str(file)) else f"{file}: {words}") from error


def read_toml(file: Path) -> dict[str, Any]:
    """A TOML file as a table. Raises SettingsError for one that is missing, unreadable or no TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(
            f"{file} is not there: name it with --config, or write it (docs/configuration.md has every setting)"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is no TOML: {error}") from error
