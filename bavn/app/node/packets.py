"""Where a node's packets lie, and who keeps those of a suspicion. Refuses to look into a packet itself."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bavn.actor.evidence.ends import Ends, ends_of
from bavn.actor.evidence.keep import Keeper
from bavn.actor.evidence.ring import bound, captures_in, keep_capture
from bavn.app.config.load import NodeConfig
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock, Store
from bavn.model.suspicion import Suspicion

_LOG = logging.getLogger(__name__)


def packet_ring(config: NodeConfig) -> dict[str, Any]:
    """What SuricataConfig is told of the ring of packets. One that is turned off is emptied."""
    bytes_max = config.evidence.ring_bytes_max
    bound(ring_folder(config), bytes_max)
    return {"ring_folder": ring_folder(config), "ring_bytes_max": bytes_max} if bytes_max else {}


def ring_folder(config: NodeConfig) -> Path:
    """Where the live Suricata's last packets lie, as ordinary pcap files."""
    return config.folder / "packets" / "live"


def captures_folder(config: NodeConfig) -> Path:
    """Where captures lie on that were read."""
    return config.folder / "packets" / "captures"


def evidence_folder(config: NodeConfig) -> Path:
    """Where the packets of suspicions are kept: ID.pcap."""
    return config.folder / "evidence"


def packet_files(config: NodeConfig) -> list[Path]:
    """All captures that packets can be cut from now."""
    folders = [ring_folder(config), captures_folder(config)]
    if config.sense.captures_folder:
        folders.insert(0, config.path(config.sense.captures_folder))
    return captures_in(folders)


def keep_read(config: NodeConfig) -> Callable[[Path], None] | None:
    """What a folder of captures tells of each that it has read; None where none is to be kept."""
    folder, bytes_max = captures_folder(config), config.evidence.captures_keep_bytes
    bound(folder, bytes_max)
    if not bytes_max:
        return None

    def read(capture: Path) -> None:
        try:
            if not keep_capture(capture, folder, bytes_max):
                _LOG.warning("%s is not kept: it is gone, or larger than captures_keep_bytes", capture)
        except OSError as error:
            _LOG.error("%s is not kept: %s", capture, error)

    return read


def keeper_of(config: NodeConfig, store: Store | None, clock: Clock) -> Keeper | None:
    """Who keeps the packets of suspicions; None at a node that has no packets."""
    has_packets = config.sense.captures_folder or (config.sense.suricata_interface and config.evidence.ring_bytes_max)
    if store is None or not has_packets:
        return None
    return Keeper(
        folder=evidence_folder(config),
        settings=config.evidence,
        clock=clock,
        files=lambda: packet_files(config),
        ends=lambda suspicion: ends_in(store, suspicion),
    )


def ends_in(store: Store, suspicion: Suspicion) -> Ends:
    """The ends of a suspicion by what the store holds of its span."""
    return ends_of(store.window(suspicion.first_us - MINUTE_US, suspicion.last_us + MINUTE_US), suspicion)
