"""``[hunt]`` of node.toml: what an analyst's questions may take, and which rules run beside the detectors."""

from dataclasses import dataclass

from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntTable:
    """Bounds of a hunt, the folder of own hunts, and Sigma rules."""

    folder: str = setting("hunts", holds="Where the analyst's own saved hunts lie.")
    seconds_max: float = setting(60.0, unit="s", holds="A hunt's query is broken off after this.", low=0.1, high=86400)
    memory_mb_max: int = setting(
        1024, unit="MB", holds="Memory of a hunt; more is spilled to disk.", low=64, high=262_144
    )
    sigma_files: tuple[str, ...] = setting(
        (), holds="Sigma rule files, or folders of them, that run as part of the detector signature."
    )
