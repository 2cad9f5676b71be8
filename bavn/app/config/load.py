"""Configuration: one TOML file a node, one a centre, and the actor's policy; each field has unit, default, sentence.

Relative paths count from the file's own folder. What is wrong is one SettingsError that names file, table and field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from bavn.actor.detect.settings import DetectSettings
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.evidence.settings import EvidenceSettings
from bavn.actor.protect.policy import ProtectPolicy
from bavn.app.config.console import ConsoleTable, NodeConsoleTable
from bavn.app.config.enforce import EnforceTable
from bavn.app.config.exchange import ExchangeTable
from bavn.app.config.hunt import HuntTable
from bavn.app.config.misp import MispTable, misps_of
from bavn.app.config.oidc import OidcTable
from bavn.app.config.plain_file import NoText, named_there, text_of
from bavn.app.config.publish import PublishTable
from bavn.app.config.remind import NodeRemindTable, RemindTable
from bavn.app.config.sense import SenseTable
from bavn.app.config.sensor import HealthTable, RulesTable, SuricataTable
from bavn.app.config.siem import SiemTable
from bavn.centre.cases.settings import CaseSettings
from bavn.centre.correlate.tier import CommonsSettings, Tier
from bavn.centre.node.config import CentreConfig, CentreLimits, tiers_of
from bavn.keyholder.settings import HolderSettings, ThresholdSettings, is_https, why_not
from bavn.model.health import CENTRE_DISK_FREE_MB_MIN
from bavn.model.sector.intel import IntelSettings
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.settings import SettingsError, load, setting, within
from bavn.model.text import Text
from bavn.model.toml import BadToml, table_of

CENTRE_KEYS = "keys"
KEYHOLDER_KEYS = "keys-keyholder"
"""Folders of a node's secrets, one for each party that it is a member of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTable:
    """``[node]``: who this is and where it keeps things."""

    actor: str = setting("", holds="The actor's name, as the centre invited it: 2 to 40 of a-z, 0-9 and -.")
    folder: str = setting("data", holds="Where the node keeps store, keys and book.")
    homes: tuple[str, ...] = setting(
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"), holds="The actor's own networks (CIDR)."
    )
    policy_file: str = setting("policy.toml", holds="The actor's policy; missing means all defaults.")
    centre_url: str = setting("", holds="https address of the centre; empty for a node without a sector.")
    keyholder_urls: tuple[str, ...] = setting(
        (), holds="https addresses of all key holders, parties apart from the centre, in their order."
    )
    keyholders_k: int = setting(
        1, unit="holders", holds="How many of them evaluate together, as they agreed.", low=1, high=9
    )
    detect_s: int = setting(
        60,
        unit="s",
        holds="At least this long between two runs of the detectors, and as long as the last one took.",
        low=1,
        high=86400,
    )
    window_days: int = setting(28, unit="days", holds="How far the detectors look back.", low=1, high=400)
    health_s: int = setting(60, unit="s", holds="How often the node tells how it is.", low=5, high=86400)

    def __post_init__(self) -> None:
        if self.centre_url and not is_https(self.centre_url):
            raise SettingsError(
                Text("{where}: {url} is no https://HOST:PORT", where="[node] centre_url", url=self.centre_url)
            )
        if self.keyholder_urls:
            why = why_not("[node] keyholder_urls", self.keyholder_urls, "keyholders_k", self.keyholders_k)
            if why is not None:
                raise SettingsError(why)

    @property
    def key_holders(self) -> dict[int, tuple[str, str]]:
        """The key holders by number: address, and the folder of the node's keys for it."""
        return {number: (url, f"{KEYHOLDER_KEYS}-{number}") for number, url in enumerate(self.keyholder_urls, 1)}


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
class NodeConfig:
    """A node's whole configuration. ``base``: the folder that relative paths count from."""

    base: Path
    node: NodeTable
    sense: SenseTable
    suricata: SuricataTable
    rules: RulesTable
    store: StoreTable
    detect: DetectSettings
    hunt: HuntTable
    enforce: EnforceTable
    evidence: EvidenceSettings
    health: HealthTable
    console: ConsoleTable
    oidc: OidcTable
    siem: SiemTable
    remind: NodeRemindTable
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

    folder: str = setting("data", holds="Where the centre keeps its database, authority and keys.")
    log_folder: str = setting("log", holds="Where the centre's log is handed out from, seen from the folder above.")
    host: str = setting("127.0.0.1", holds="Address to listen on.")
    port: int = setting(8443, holds="Port to listen on; 0 takes a free one.", low=0, high=65535)
    names: tuple[str, ...] = setting(
        ("localhost", "127.0.0.1"), holds="Names and addresses under which nodes reach it (certificate)."
    )
    step_s: float = setting(1.0, unit="s", holds="At the latest this long between two steps.", low=0.05, high=60)
    database_url: str = setting(
        "", holds="postgresql://user@host/database, without a password; empty: SQLite in the folder."
    )
    database_password_file: str = setting(
        "", holds="A file with the database's password alone; empty: none, or what libpq finds (PGPASSFILE)."
    )
    database_wait_s: float = setting(
        10.0, unit="s", holds="How long a change waits for its turn, or for a connection.", low=1, high=120
    )
    disk_free_mb_min: int = setting(
        CENTRE_DISK_FREE_MB_MIN,
        unit="MB",
        holds="Less room than this where the centre keeps things is an alarm.",
        low=0,
        high=1_048_576,
    )
    metrics_host: str = setting("127.0.0.1", holds="Address on which the sector's clock is served for Prometheus.")
    metrics_port: int = setting(
        0, holds="Its port (http://HOST:PORT/metrics, 9464 say); 0 serves nothing.", low=0, high=65535
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreFile:
    """A centre's whole configuration. ``base``: the folder that relative paths count from."""

    base: Path
    place: PlaceTable
    centre: CentreConfig
    exchange: ExchangeTable
    misps: dict[str, MispTable]
    remind: RemindTable
    console: ConsoleTable
    oidc: OidcTable
    publish: PublishTable = field(default_factory=PublishTable)
    siem: SiemTable = field(default_factory=SiemTable)

    @property
    def folder(self) -> Path:
        return (self.base / self.place.folder).resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolderPlace:
    """``[place]`` of keyholder.toml: where the key holder listens and keeps things."""

    folder: str = setting("data", holds="Where the key holder keeps its book, authority and keys.")
    host: str = setting("127.0.0.1", holds="Address to listen on.")
    port: int = setting(8444, holds="Port to listen on; 0 takes a free one.", low=0, high=65535)
    names: tuple[str, ...] = setting(
        ("localhost", "127.0.0.1"), holds="Names and addresses under which nodes reach it (certificate)."
    )
    sector: str = setting("sector", holds="The sector's name, as it stands in the certificates.")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolderFile:
    """A key holder's whole configuration. ``base``: the folder that relative paths count from."""

    base: Path
    place: KeyHolderPlace
    limits: HolderSettings
    threshold: ThresholdSettings

    @property
    def folder(self) -> Path:
        return (self.base / self.place.folder).resolve()


KEYHOLDER_TABLES: dict[str, type[Any]] = {
    "place": KeyHolderPlace,
    "limits": HolderSettings,
    "threshold": ThresholdSettings,
}


def read_keyholder(file: Path) -> KeyHolderFile:
    """Reads keyholder.toml. Raises SettingsError."""
    return keyholder_of(read_toml(file), file)


def keyholder_of(given: Mapping[str, Any], file: Path) -> KeyHolderFile:
    """From what ``file`` holds. Raises SettingsError."""
    return KeyHolderFile(base=file.resolve().parent, **_tables(given, file, KEYHOLDER_TABLES))


def read_centre(file: Path) -> CentreFile:
    """Reads centre.toml. Raises SettingsError."""
    return centre_of(read_toml(file), file)


def centre_of(given: Mapping[str, Any], file: Path) -> CentreFile:
    """From what ``file`` holds. Raises SettingsError."""
    plain = {name: kind for name, kind in CENTRE_TABLES.items() if "." not in name}
    tables = _tables({name: table for name, table in given.items() if name not in NESTED}, file, plain)
    rooms = {name: tables.pop(name) for name in ("cases", "commons", "intelligence")}
    tiers = tiers_of(given.get("tiers", {}), str(file))
    centre = CentreConfig(limits=tables.pop("centre"), tiers=tiers, **rooms)
    misps = misps_of(given.get("misp", {}), str(file))
    return CentreFile(base=file.resolve().parent, centre=centre, misps=misps, **tables)


CENTRE_TABLES: dict[str, type[Any]] = {
    "place": PlaceTable,
    "exchange": ExchangeTable,
    "centre": CentreLimits,
    "cases": CaseSettings,
    "remind": RemindTable,
    "tiers.A": Tier,
    "commons": CommonsSettings,
    "intelligence": IntelSettings,
    "misp.NAME": MispTable,
    "console": ConsoleTable,
    "oidc": OidcTable,
    "publish": PublishTable,
    "siem": SiemTable,
}
NESTED = {"tiers": Tier, "misp": MispTable}
"""Tables of tables in centre.toml: [tiers.A]."""
NODE_TABLES: dict[str, type[Any]] = {
    "node": NodeTable,
    "sense": SenseTable,
    "suricata": SuricataTable,
    "rules": RulesTable,
    "store": StoreTable,
    "detect": DetectSettings,
    "hunt": HuntTable,
    "enforce": EnforceTable,
    "evidence": EvidenceSettings,
    "health": HealthTable,
    "console": NodeConsoleTable,
    "oidc": OidcTable,
    "siem": SiemTable,
    "remind": NodeRemindTable,
}
POLICY_TABLES: dict[str, type[Any]] = {"door": DoorPolicy, "protect": ProtectPolicy}


def read_node(file: Path) -> NodeConfig:
    """Reads node.toml and the policy beside it. Raises SettingsError."""
    base = file.resolve().parent
    tables = node_tables(read_toml(file), file)
    return NodeConfig(base=base, **tables, **read_policy(base / tables["node"].policy_file))


def node_tables(given: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The tables of node.toml, without the policy beside it. Raises SettingsError."""
    tables = _tables(given, file, NODE_TABLES)
    for home in tables["node"].homes:
        try:
            ip_network(home)
        except ValueError as error:
            raise SettingsError(
                Text(
                    "{file} [node]: homes: {home} is no network such as 10.0.0.0/8, without bits behind its length",
                    file=file,
                    home=repr(home),
                )
            ) from error
    actor = tables["node"].actor
    if not ACTOR_NAME.fullmatch(actor):
        raise SettingsError(
            Text(
                "{file} [node]: actor must be a name of 2 to 40 characters of a-z, 0-9 and -, a letter first, not"
                " {actor}",
                file=file,
                actor=repr(actor),
            )
        )
    return tables


def read_policy(file: Path) -> dict[str, Any]:
    """The actor's policy, a table each; a missing file means all defaults. Raises SettingsError."""
    if not named_there(file):
        return {name: kind() for name, kind in POLICY_TABLES.items()}
    return policy_tables(read_toml(file), file)


def policy_tables(given: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """From what ``file`` holds. Raises SettingsError."""
    return _tables(given, file, POLICY_TABLES)


def _tables(given: Mapping[str, Any], file: Path, kinds: dict[str, type[Any]]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(kinds))
    if unknown:
        raise SettingsError(
            Text(
                "{file}: no table is called [{unknown}]; known: {named}",
                file=file,
                unknown=unknown[0],
                named=", ".join(f"[{k}]" for k in kinds),
            )
        )
    for name, table in given.items():
        if not isinstance(table, dict):
            raise SettingsError(Text("{file}: {name} must be a table: [{name}]", file=file, name=name))
    try:
        return {name: load(kind, given.get(name, {}), f"{file} [{name}]") for name, kind in kinds.items()}
    except SettingsError as error:
        raise within(file, error) from error


def read_toml(file: Path) -> dict[str, Any]:
    """A TOML file as a table. Raises SettingsError for one that is missing, unreadable or no TOML."""
    try:
        return table_of(text_of(file))
    except NoText as error:
        if not error.missing:
            at = f"{file}:{error.line}" if error.line else file
            raise SettingsError(Text.shaped("{at}: {why}", at=at, why=error.why)) from error
        raise SettingsError(
            Text(
                "{file} is not there: name it with --config, or write it (docs/reference/configuration.md has every"
                " setting)",
                file=file,
            )
        ) from error
    except BadToml as error:
        raise SettingsError(Text("{file} is no TOML: {error}", file=file, error=Text.of_error(error))) from error
