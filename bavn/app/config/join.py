"""Settings of who reconstructs rounds at the centre; join_engine.py follows them. Refuses to load an engine."""

import os
from dataclasses import dataclass

from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTable:
    """``[join]`` of centre.toml: who reconstructs rounds."""

    workers: int = setting(
        0,
        unit="workers",
        holds="Threads, or Ray tasks at a time, that reconstruct a round; 0: one for each core.",
        low=0,
        high=1024,
    )
    ray: str = setting(
        "",
        unit="",
        holds='Empty: threads of the centre. "local": a Ray of its own here. "HOST:PORT" or "ray://...": that'
        " cluster. Needs the extra `ray`.",
    )

    def __post_init__(self) -> None:
        if self.ray and self.ray != "local" and ":" not in self.ray:
            raise SettingsError(Text('join.ray: "", "local", or the address of a cluster'))

    @property
    def count(self) -> int:
        return self.workers or os.cpu_count() or 1
