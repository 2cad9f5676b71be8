"""The sources of a node's configuration, each under its own name in the store. Refuses to read anything itself."""

import contextlib
from pathlib import Path

from bavn.actor.protect.suricata_rules import RULES_NAME
from bavn.actor.sense.base import Source
from bavn.actor.sense.captures import CaptureFolder
from bavn.actor.sense.eve_file import EveFile
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata_config import SOCKET_NAME, SuricataConfig
from bavn.actor.sense.suricata_live import SuricataLive
from bavn.actor.sense.zeek_folder import ZeekFolder
from bavn.actor.store.columns import ColumnStore
from bavn.app.config import NodeConfig


def sources_of(config: NodeConfig, store: ColumnStore, closing: contextlib.ExitStack) -> list[Source]:
    """Every source that is configured, going on where the store says it stopped. Raises SourceBroken."""
    given, sensor = config.sense, config.node.actor
    engine = prepared(given.memory_mb, config.store.threads)
    made: list[Source] = []
    if given.suricata_interface:
        sets = config.path(config.enforce.suricata_folder) if config.enforce.suricata_folder else None
        own = (sets / RULES_NAME,) if sets else ()
        suricata = SuricataConfig(
            homes=config.node.homes,
            rule_files=(*(config.path(name) for name in given.rule_files), *own),
            dataset_dir=sets,
        )
        made.append(
            SuricataLive(
                name="suricata", sensor=sensor, interface=given.suricata_interface, folder=_managed(config),
                config=suricata, mark=store.mark("suricata"), engine=engine,
            )
        )  # fmt: skip
    if given.eve_file:
        made.append(
            EveFile(name="eve", sensor=sensor, path=config.path(given.eve_file), mark=store.mark("eve"), engine=engine)
        )
    if given.zeek_folder:
        made.append(
            ZeekFolder(
                name="zeek", sensor=sensor, folder=config.path(given.zeek_folder), mark=store.mark("zeek"),
                engine=engine,
            )
        )  # fmt: skip
    if given.captures_folder:
        made.append(
            CaptureFolder(
                name="captures", sensor=sensor, folder=config.path(given.captures_folder),
                work=config.folder / "captures-work", homes=config.node.homes,
                rule_files=tuple(config.path(name) for name in given.rule_files), mark=store.mark("captures"),
                engine=engine,
            )
        )  # fmt: skip
    for source in made:
        closing.callback(source.close)
    return made


def command_socket(config: NodeConfig) -> Path | None:
    """Where the Suricata that takes our sets hears commands: as configured, else the managed one's, if there is one."""
    if config.enforce.suricata_socket:
        return config.path(config.enforce.suricata_socket)
    return _managed(config) / SOCKET_NAME if config.sense.suricata_interface else None


def _managed(config: NodeConfig) -> Path:
    return config.folder / "suricata"
