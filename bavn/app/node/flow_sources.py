"""The collectors of a node's configuration: what its routers and switches send of their flows. Opens nothing itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bavn.actor.sense.base import Source
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.flows.netflow import netflow
from bavn.actor.sense.flows.receiver import LOOPBACK
from bavn.actor.sense.flows.sflow import sflow
from bavn.app.config.load import NodeConfig
from bavn.model.ports import Clock

if TYPE_CHECKING:
    from bavn.actor.store.columns import ColumnStore

Made = list[tuple[str, Callable[[], Source]]]


def flow_sources(config: NodeConfig, store: "ColumnStore", clock: Clock, engine: Engine) -> Made:
    """NetFlow's and sFlow's collector, as far as they are configured, by name. What makes them raises SettingsError,
    SourceBroken."""
    given = config.sense
    exporters = given.flow_exporters or (*config.node.homes, *LOOPBACK)
    sources: Made = []
    if given.netflow_listen:
        sources.append(
            (
                "netflow",
                lambda: netflow(
                    name="netflow",
                    sensor=config.node.actor,
                    listen=given.netflow_listen,
                    exporters=exporters,
                    folder=config.folder / "netflow",
                    clock=clock,
                    mark=store.mark("netflow"),
                    engine=engine,
                    streams=given.netflow_tcp,
                    sampling=given.flow_sampling,
                ),
            )
        )
    if given.sflow_listen:
        sources.append(
            (
                "sflow",
                lambda: sflow(
                    name="sflow",
                    sensor=config.node.actor,
                    listen=given.sflow_listen,
                    exporters=exporters,
                    folder=config.folder / "sflow",
                    clock=clock,
                    mark=store.mark("sflow"),
                    engine=engine,
                ),
            )
        )
    return sources
