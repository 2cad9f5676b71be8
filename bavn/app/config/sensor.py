"""Settings of a managed Suricata, and from where on the node's condition is an alarm."""

from dataclasses import dataclass

from bavn.model.health import NODE_DISK_FREE_MB_MIN, NODE_SILENT_S, SOURCE_SILENT_S_MAX
from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class SuricataTable:
    """``[suricata]``: the Suricata that the node runs on ``suricata_interface``."""

    memory_mb: int = setting(
        1024, unit="MB", holds="Shared out to its tables and rings; rules come on top.", low=64, high=1_048_576
    )
    threads: int = setting(0, unit="threads", holds="Capture threads; 0 is one per processor.", low=0, high=1024)
    stats_s: int = setting(10, unit="s", holds="How often it says what it took and lost.", low=1, high=3600)
    ring_packets: int = setting(
        0,
        unit="packets",
        holds="Packets that may wait for one thread; 0 takes an eighth of memory_mb.",
        low=0,
        high=1e8,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthTable:
    """``[health]``: from where on a figure of `bavn node health` is an alarm, in the log too."""

    silent_s_max: int = setting(
        SOURCE_SILENT_S_MAX,
        unit="s",
        holds="How long a source may give no record of traffic; 0: for ever. One always heard is missed sooner.",
        low=0,
        high=2_592_000,
    )
    disk_free_mb_min: int = setting(
        NODE_DISK_FREE_MB_MIN,
        unit="MB",
        holds="Room that must be left where the node keeps its folder.",
        low=0,
        high=1_048_576,
    )
    rules_on_percent_min: int = setting(
        50,
        unit="%",
        holds="Share of a fetched rule set that must be switched on and loaded; 0 asks nothing.",
        low=0,
        high=100,
    )
    centre_silent_s_max: int = setting(
        NODE_SILENT_S,
        unit="s",
        holds="How long the centre or the key holder may not answer until that is an alarm.",
        low=30,
        high=86400,
    )
    metrics_file: str = setting(
        "", holds="The figures are written here for Prometheus (node_exporter's textfile collector); empty: nowhere."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesTable:
    """``[rules]``: where `bavn node rules update` fetches Suricata rules, and how they are tuned (docs/sources.md)."""

    sources: tuple[str, ...] = setting(
        (), holds="Rule files, folders of them, .tar.gz or .zip archives, https addresses of archives or files."
    )
    enable_file: str = setting("", holds="suricata-update's enable.conf: rules to switch on.")
    disable_file: str = setting("", holds="suricata-update's disable.conf: rules to switch off.")
    modify_file: str = setting("", holds="suricata-update's modify.conf: rules to change.")
    drop_file: str = setting("", holds="suricata-update's drop.conf: rules to turn into drop.")
    tuning_file: str = setting("tuning.toml", holds="What to suppress, limit or leave out, and until when.")
