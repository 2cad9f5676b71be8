"""Settings of a managed Suricata, and from where on the node's condition is an alarm."""

from dataclasses import dataclass

from bavn.model.health import (
    CERTIFICATE_DAYS_MIN,
    CLOCK_OFF_S_MAX,
    LAG_S_MAX,
    LOSS_PERMILLE_MAX,
    NODE_DISK_FREE_MB_MIN,
    NODE_SILENT_S,
    SOURCE_SILENT_S_MAX,
)
from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class SuricataTable:
    """``[suricata]``: the Suricata that the node runs on ``suricata_interface``."""

    memory_mb: int = setting(
        1024, unit="MB", holds="Shared out to its tables and rings; rules come on top.", low=64, high=1_048_576
    )
    threads: int = setting(0, unit="threads", holds="Capture threads; 0 is one per processor.", low=0, high=1024)
    ring_packets: int = setting(
        0,
        unit="packets",
        holds="Packets that may wait for one thread; 0 takes an eighth of memory_mb.",
        low=0,
        high=1e8,
    )
    stats_s: int = setting(10, unit="s", holds="How often it says what it took and lost.", low=1, high=3600)
    stream_depth_mb: int = setting(
        4, unit="MB", holds="How much of a connection is put together; longer files get no hash.", low=1, high=1024
    )
    rotate_mb: int = setting(64, unit="MB", holds="Its log is rotated at this size.", low=1, high=4096)
    backlog_mb_max: int = setting(
        4096, unit="MB", holds="Unread log beyond this is deleted, the oldest first, and said.", low=2, high=1_048_576
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthTable:
    """``[health]``: from where on a figure of `bavn node health` is an alarm, in the log too."""

    lag_s_max: int = setting(
        LAG_S_MAX, unit="s", holds="How old the oldest unread line of a log or sensor may be.", low=1, high=86400
    )
    silent_s_max: int = setting(
        SOURCE_SILENT_S_MAX,
        unit="s",
        holds="How long a source may give no record of traffic; 0: for ever. One always heard is missed sooner.",
        low=0,
        high=2_592_000,
    )
    lag_mb_max: int = setting(512, unit="MB", holds="How much of it may lie unread.", low=1, high=1_048_576)
    loss_permille_max: int = setting(
        LOSS_PERMILLE_MAX,
        unit="1/1000",
        holds="Share of packets that the sensor may lose between two statistics.",
        low=0,
        high=1000,
    )
    stream_gap_permille_max: int = setting(
        100, unit="1/1000", holds="Holes for each 1,000 TCP connections, by which packets are missed.", low=0, high=1000
    )
    clock_s_max: int = setting(
        CLOCK_OFF_S_MAX,
        unit="s",
        holds="How far a sensor's or the centre's clock may be from this node's.",
        low=5,
        high=86400,
    )
    disk_free_mb_min: int = setting(
        NODE_DISK_FREE_MB_MIN,
        unit="MB",
        holds="Room that must be left where the node keeps its folder.",
        low=0,
        high=1_048_576,
    )
    detect_s_max: int = setting(900, unit="s", holds="How long one run of the detectors may take.", low=1, high=86400)
    certificate_days_min: int = setting(
        CERTIFICATE_DAYS_MIN,
        unit="days",
        holds="The node renews its certificates 30 days before their end; fewer left is an alarm.",
        low=1,
        high=29,
    )
    progress_s_max: int = setting(
        300, unit="s", holds="How long a source may take nothing in while bytes wait; 0: for ever.", low=0, high=86400
    )
    loss_said_hours: int = setting(
        24,
        unit="h",
        holds="How long what was lost stays said, unless a person acknowledges it before (node health --acknowledge).",
        low=1,
        high=720,
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
    queue_s_max: int = setting(
        1800, unit="s", holds="How long what waits for the centre may not grow less.", low=60, high=86400
    )
    metrics_file: str = setting(
        "",
        unit="",
        holds="The figures are written here for Prometheus (node_exporter's textfile collector); empty: nowhere.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesTable:
    """``[rules]``: where `bavn node rules update` fetches Suricata rules, and how they are tuned (docs/sources.md)."""

    sources: tuple[str, ...] = setting(
        (),
        unit="",
        holds="Rule files, folders of them, .tar.gz or .zip archives, https addresses of archives or files.",
    )
    enable_file: str = setting("", unit="", holds="suricata-update's enable.conf: rules to switch on.")
    disable_file: str = setting("", unit="", holds="suricata-update's disable.conf: rules to switch off.")
    modify_file: str = setting("", unit="", holds="suricata-update's modify.conf: rules to change.")
    drop_file: str = setting("", unit="", holds="suricata-update's drop.conf: rules to turn into drop.")
    tuning_file: str = setting("tuning.toml", unit="", holds="What to suppress, limit or leave out, and until when.")
