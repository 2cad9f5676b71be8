"""``[hunt]`` of node.toml: what an analyst's questions may take, and which rules run beside the detectors."""

from dataclasses import dataclass

from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntTable:
    """Bounds of a hunt, the folder of own hunts, and Sigma rules."""

    folder: str = setting("hunts", unit="", holds="Where the analyst's own saved hunts lie.")
    seconds_max: float = setting(60.0, unit="s", holds="A hunt's query is broken off after this.", low=0.1, high=86400)
    memory_mb_max: int = setting(
        1024, unit="MB", holds="Memory of a hunt; more is spilled to disk.", low=64, high=262_144
    )
    spill_mb_max: int = setting(8192, unit="MB", holds="Disk that a hunt may spill to.", low=1, high=1e7)
    rows_max: int = setting(
        10_000, unit="rows", holds="Rows of an answer that are shown; the rest is said to be left out.", low=1, high=1e7
    )
    sigma_files: tuple[str, ...] = setting(
        (), unit="", holds="Sigma rule files, or folders of them, that run as part of the detector signature."
    )
    sigma_checks_max: int = setting(
        300_000_000,
        unit="checks",
        holds="Rows times Sigma rules that one run of the detectors asks anew; what is beyond waits for the next run."
        " A hundred million are some 11 s of one core.",
        low=1e6,
        high=1e12,
    )
