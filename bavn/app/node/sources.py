"""The sources of a node's configuration, each under its own name in the store. Refuses to read anything itself."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bavn.actor.detect.queries import open_flows
from bavn.actor.protect.enforcers.suricata_rules import RULES_NAME
from bavn.actor.sense.base import Source
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.handshakes.folder import KexFolder
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.rules.rule_set import RuleFolder
from bavn.actor.sense.suricata.captures import CaptureFolder
from bavn.actor.sense.suricata.config import SOCKET_NAME, SOCKET_PATH_LENGTH_MAX, SuricataConfig
from bavn.actor.sense.suricata.eve_file import EveFile
from bavn.actor.sense.suricata.live import SuricataLive
from bavn.actor.sense.zeek.folder import ZeekFolder
from bavn.app.config.load import NodeConfig
from bavn.app.node.flow_sources import flow_sources
from bavn.app.node.log_sources import log_sources
from bavn.app.node.packets import keep_read, packet_ring, ring_folder
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.late import source_of
from bavn.model.contained import contained
from bavn.model.failure import Failures, NoContainment
from bavn.model.ports import Clock
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.actor.store.columns import ColumnStore

AGE_RULES_FILE: Final = Path(open_flows.__file__).with_name("flow_age.rules")
"""A live Suricata tells of a connection while it is open (open_flows.py); over a capture every flow has its record."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What every source is made of: the configuration, where each goes on, and the engine that reads."""

    config: NodeConfig
    store: "ColumnStore"
    engine: Engine

    @property
    def sensor(self) -> str:
        return self.config.node.actor


def sources_of(
    config: NodeConfig,
    store: "ColumnStore",
    clock: Clock,
    closing: contextlib.ExitStack,
    failures: Failures | None = None,
) -> list[Source]:
    """Every source that is configured, going on where the store says it stopped. One that cannot be made in a way that
    nobody foresaw is told to ``failures`` and made later. Raises SourceBroken."""
    containment = failures or NoContainment()
    engine = prepared(config.sense.memory_mb, config.store.threads)
    makers = (
        *_sensors(_Given(config, store, engine)),
        *log_sources(config, store, clock, engine),
        *flow_sources(config, store, clock, engine),
    )
    sources = [source_of(name, make, containment) for name, make in makers]
    for source in sources:
        closing.callback(_close, source, containment)
    return sources


def _sensors(given: _Given) -> Iterator[tuple[str, Callable[[], Source]]]:
    """Sensors and captures by the source's name, each with what makes it."""
    sense = given.config.sense
    if sense.suricata_interface:
        yield "suricata", partial(_suricata, given, _suricata_config(given.config))
    if sense.eve_file:
        yield "eve", partial(_eve, given)
    if sense.zeek_folder:
        yield "zeek", partial(_zeek, given)
    if sense.captures_folder:
        yield "captures", partial(_captures, given)
    for name, folder in _key_exchanges(given.config):
        yield name, partial(_kex, name, given.sensor, folder, given.store)


def _suricata_config(config: NodeConfig) -> SuricataConfig:
    """Raises Stop."""
    room_for_socket(config)
    fetched = rule_folder(config)
    sets = config.path(config.enforce.suricata_folder) if config.enforce.suricata_folder else None
    own = (sets / RULES_NAME,) if sets else ()
    return SuricataConfig(
        homes=config.node.homes,
        rule_files=(*own_rule_files(config), fetched.rules, *own),
        threshold_file=fetched.threshold,
        class_file=fetched.classes,
        dataset_dir=sets,
        **packet_ring(config),
        memory_mb=config.suricata.memory_mb,
        threads=config.suricata.threads,
        ring_packets=config.suricata.ring_packets,
        stats_interval_s=config.suricata.stats_s,
    )


def room_for_socket(config: NodeConfig) -> None:
    """Raises Stop where the node's folder has too long a name for Suricata's command socket."""
    if len(str(_managed(config) / SOCKET_NAME)) > SOCKET_PATH_LENGTH_MAX:
        raise Stop(
            Exit.CONFIGURATION,
            Text("[node] folder: {folder} is too long a name for a command socket", folder=config.folder),
        )


def _suricata(given: _Given, suricata: SuricataConfig) -> Source:
    config = given.config
    return SuricataLive(
        name="suricata",
        sensor=given.sensor,
        interface=config.sense.suricata_interface,
        folder=_managed(config),
        config=suricata,
        mark=given.store.mark("suricata"),
        engine=given.engine,
    )


def _eve(given: _Given) -> Source:
    return EveFile(
        name="eve",
        sensor=given.sensor,
        path=given.config.path(given.config.sense.eve_file),
        mark=given.store.mark("eve"),
        engine=given.engine,
    )


def _zeek(given: _Given) -> Source:
    return ZeekFolder(
        name="zeek",
        sensor=given.sensor,
        folder=given.config.path(given.config.sense.zeek_folder),
        mark=given.store.mark("zeek"),
        engine=given.engine,
    )


def _captures(given: _Given) -> Source:
    config, fetched = given.config, rule_folder(given.config)
    return CaptureFolder(
        name="captures",
        sensor=given.sensor,
        folder=config.path(config.sense.captures_folder),
        work=config.folder / "captures-work",
        config=SuricataConfig(
            homes=config.node.homes,
            rule_files=(*(config.path(name) for name in config.sense.rule_files), fetched.rules),
            threshold_file=fetched.threshold,
        ),
        mark=given.store.mark("captures"),
        engine=given.engine,
        key_exchanges=config.sense.key_exchanges,
        read=keep_read(config),
    )


def _close(source: Source, failures: Failures) -> None:
    contained(failures, f"source {source.name}", source.close, during="stop")


def _kex(name: str, sensor: str, folder: Path, store: "ColumnStore") -> Source:
    return KexFolder(name=name, sensor=sensor, folder=folder, mark=store.mark(name))


def _key_exchanges(config: NodeConfig) -> list[tuple[str, Path]]:
    """Rings of captures that are read for key exchanges, by the source's name: the one that is named, and that of the
    node's own Suricata."""
    given = config.sense
    key_exchanges = [("kex", config.path(given.key_exchange_folder))] if given.key_exchange_folder else []
    if given.suricata_interface and config.evidence.ring_bytes_max and given.key_exchanges:
        ring = ring_folder(config)
        ring.mkdir(parents=True, exist_ok=True)
        key_exchanges.append(("kex-ring", ring))
    return key_exchanges


def own_rule_files(config: NodeConfig) -> tuple[Path, ...]:
    """What the managed Suricata loads beside the sets that were fetched and those of the sector."""
    return (AGE_RULES_FILE, *(config.path(name) for name in config.sense.rule_files))


def rule_folder(config: NodeConfig) -> RuleFolder:
    """Where the rules lie that `bavn node rules update` fetches."""
    return RuleFolder(config.folder / "rules")


def _managed(config: NodeConfig) -> Path:
    return config.folder / "suricata"
