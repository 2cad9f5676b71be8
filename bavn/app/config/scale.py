"""Settings of who does a node's detectors and hunts; scale_engine.py follows them. Refuses to load an engine."""

import os
from dataclasses import dataclass

from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleTable:
    """``[scale]`` of node.toml: more cores or machines for detectors and hunts (docs/scaling.md)."""

    ray: str = setting(
        "",
        unit="",
        holds='Empty: the node does it all. "local": a Ray of its own here. "HOST:PORT": that cluster. Needs the extra'
        " `ray`.",
    )
    workers: int = setting(
        0,
        unit="workers",
        holds="Tasks that detectors and hunts are cut into at a time; 0: one for each core.",
        low=0,
        high=1024,
    )
    store_folder: str = setting(
        "",
        unit="",
        holds="Where a cluster's workers see the node's folder `store`, read-only; empty: at the same path.",
    )
    patience_s: float = setting(
        300.0,
        unit="s",
        holds="So long no worker may finish anything before the node does the rest itself.",
        low=1,
        high=86400,
    )

    def __post_init__(self) -> None:
        if self.ray and self.ray != "local" and ":" not in self.ray:
            raise SettingsError(Text('scale.ray: "", "local", or the address of a cluster'))
        if self.store_folder and not self.store_folder.startswith("/"):
            raise SettingsError(Text("scale.store_folder: a whole path, from /"))

    @property
    def count(self) -> int:
        return self.workers or os.cpu_count() or 1
