"""sFlow version 5 over UDP, from the actor's own switches. Samples of a conversation within a minute are one row.
Refuses to know NetFlow."""

from pathlib import Path
from typing import Final

from bavn.actor.sense.engine import Engine
from bavn.actor.sense.flows.collector import FlowCollector, FlowProtocol
from bavn.actor.sense.flows.receiver import Allowed, listen_at
from bavn.actor.sense.flows.sflow_decode import SflowDecoder
from bavn.model.ports import Clock

WAIT_SLOTS: Final = 4
GAPS: Final = {"sequence_gap": "datagrams", "agent_drops": "packets"}


def sflow(
    *,
    name: str,
    sensor: str,
    listen: str,
    exporters: tuple[str, ...],
    folder: Path,
    clock: Clock,
    mark: str | None = None,
    engine: Engine | None = None,
) -> FlowCollector:
    """The collector at ``listen`` (address:port) for datagrams of ``exporters`` (CIDR). SettingsError, SourceBroken."""
    return FlowCollector(
        name=name,
        sensor=sensor,
        at=listen_at(listen, "sflow_listen"),
        allowed=Allowed(exporters, "flow_exporters"),
        folder=folder,
        clock=clock,
        protocol=FlowProtocol(made=SflowDecoder, gaps=GAPS, wait_slots=WAIT_SLOTS),
        mark=mark,
        engine=engine,
    )
