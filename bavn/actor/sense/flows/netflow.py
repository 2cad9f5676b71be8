"""NetFlow v5, v9 and IPFIX, from the actor's own routers and firewalls. Refuses to know sFlow."""

from functools import partial
from pathlib import Path
from typing import Final

from bavn.actor.sense.engine import Engine
from bavn.actor.sense.flows.collector import FlowCollector, FlowProtocol
from bavn.actor.sense.flows.exporters import Rates
from bavn.actor.sense.flows.netflow_decode import NetflowDecoder
from bavn.actor.sense.flows.receiver import Allowed, listen_at
from bavn.model.ports import Clock

WAIT_SLOTS: Final = 1
"""15 to 30 seconds for the other direction: exporters tell both within their idle timeout."""
GAPS: Final = {"sequence_gap_v5": "flows", "sequence_gap_v9": "datagrams", "sequence_gap_ipfix": "records"}


def netflow(
    *,
    name: str,
    sensor: str,
    listen: str,
    exporters: tuple[str, ...],
    folder: Path,
    clock: Clock,
    mark: str | None = None,
    engine: Engine | None = None,
    streams: bool = False,
    sampling: tuple[str, ...] = (),
) -> FlowCollector:
    """The collector at ``listen`` (address:port) for datagrams of ``exporters`` (CIDR). ``streams``: IPFIX over TCP at
    the same port, too. ``sampling``: of exporters that do not say it (:class:`Rates`). SettingsError, SourceBroken."""
    return FlowCollector(
        name=name,
        sensor=sensor,
        at=listen_at(listen, "netflow_listen"),
        allowed=Allowed(exporters, "flow_exporters"),
        folder=folder,
        clock=clock,
        protocol=FlowProtocol(
            made=partial(NetflowDecoder, rates=Rates(sampling)), gaps=GAPS, wait_slots=WAIT_SLOTS, streams=streams
        ),
        mark=mark,
        engine=engine,
    )
