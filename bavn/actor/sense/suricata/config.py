"""Suricata's configuration, generated: what it must log for our records, and bounds on what it may take.

Written as JSON, which is YAML. Refuses to know where Suricata's files lie beyond what it is told, and to start it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from bavn.model.text import Text

HOMES_DEFAULT: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")
EVE_NAME: Final = "eve.json"
LOG_NAME: Final = "suricata.log"
SOCKET_NAME: Final = "command.socket"
SOCKET_PATH_LENGTH_MAX: Final = 100
_NEVER_S: Final = 100_000_000
_RING_PACKETS_MIN: Final = 256
_FRAME_HEAD_BYTES: Final = 128
RING_FILE: Final = "live.pcap"
RING_FILE_BYTES_MIN: Final = 4 << 20
"""Suricata writes no smaller ones."""

_RING_FILE_BYTES_MAX: Final = 256 << 20
_RING_FILES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SuricataConfig:
    """``homes``: the actor's networks (CIDR). ``rule_files``: absolute, may be none. ``dataset_dir``: where datasets
    named in rules lie and are saved (Suricata's --data-dir); None: in the run's folder. ``memory_mb``: shared out to
    Suricata's tables; rules, datasets and the program itself come on top (about 100 MB, more with many rules).
    ``stream_depth_mb``: how much of a connection is put together; files longer than it get no hash. ``threads``: 0 is
    one per processor. ``ring_packets``: that wait for one thread; 0 is an eighth of the memory. ``ring_folder``: where
    a live Suricata keeps the last ``ring_bytes_max`` bytes of packets, in files one after the other; None: it keeps
    none.
    ``threshold_file``, ``class_file``: Suricata's own files of that name. ValueError for what Suricata would misread.
    """

    homes: tuple[str, ...] = HOMES_DEFAULT
    rule_files: tuple[Path, ...] = ()
    dataset_dir: Path | None = None
    memory_mb: int = 1024
    stream_depth_mb: int = 4
    threads: int = 0
    stats_interval_s: int = 10
    ring_packets: int = 0
    dataset_entries_max: int = 1_000_000
    threshold_file: Path | None = None
    class_file: Path | None = None
    ring_folder: Path | None = None
    ring_bytes_max: int = 2 * RING_FILE_BYTES_MIN

    def __post_init__(self) -> None:
        for home in self.homes:
            ip_network(home)
        if not self.homes:
            raise ValueError(Text("a node without home networks sees nothing as its own: give at least one"))
        if not all(path.is_absolute() for path in self.rule_files):
            raise ValueError(Text("rule files need absolute paths"))
        if self.ring_packets < 0 or self.memory_mb < 64 or self.threads < 0:
            raise ValueError(Text("memory_mb >= 64, ring_packets >= 0, threads >= 0"))
        if self.ring_bytes_max < 2 * RING_FILE_BYTES_MIN:
            raise ValueError(Text("a ring of packets takes at least {least} bytes", least=2 * RING_FILE_BYTES_MIN))


def offline_yaml(config: SuricataConfig) -> str:
    """For a run over a capture: no stats (their time is now, not the capture's) and no command socket.

    No flow is given up before the capture ends: a thread of Suricata's with its own clock does that, and which of two
    bursts become one flow would be chance (8549 to 8690 flows in runs over one capture). A UDP or ICMP flow is thus
    all that its two ends said in the capture. Where flows outgrow their memory, Suricata's emergency rules give up
    the oldest, by chance again.
    """
    return _text({**_offline(config), "unix-command": {"enabled": "no"}})


def served_yaml(config: SuricataConfig, folder: Path) -> str:
    """For a run that is handed one capture after the other by its command socket in ``folder``: each is read as by
    a run of its own, and rules are loaded once. ValueError where a socket cannot lie."""
    return _text({**_offline(config), "runmode": "single", "unix-command": _socket(folder)})


def _socket(folder: Path) -> dict[str, str]:
    socket = folder / SOCKET_NAME
    if len(str(socket)) > SOCKET_PATH_LENGTH_MAX:
        raise ValueError(
            Text("{folder} is too long a name for a socket: choose a folder with a shorter path", folder=folder)
        )
    return {"enabled": "yes", "filename": str(socket)}


def _offline(config: SuricataConfig) -> dict[str, Any]:
    shared = _shared(config, stats=False)
    flow = {**shared["flow"], "memcap": f"{config.memory_mb // 4}mb", "hash-size": 1 << 18}
    kept = {"new": _NEVER_S, "established": _NEVER_S, "closed": _NEVER_S, "bypassed": _NEVER_S}
    timeouts = dict.fromkeys(("default", "tcp", "udp", "icmp"), kept)
    return {**shared, "flow": flow, "flow-timeouts": timeouts}


def live_yaml(config: SuricataConfig, interface: str, folder: Path, *, mtu: int = 1500, processors: int = 1) -> str:
    """For a run on an interface with packets up to ``mtu`` bytes, with its command socket in ``folder``. ValueError
    where a socket cannot lie."""
    socket = _socket(folder)
    capture = {
        "interface": interface,
        "threads": config.threads or "auto",
        "cluster-id": 99,
        "cluster-type": "cluster_flow",
        "defrag": "yes",
        "use-mmap": "yes",
        "tpacket-v3": "yes",
        "block-size": 1 << 20,
        "ring-size": _ring(config, mtu, processors),
    }
    shared = _shared(config, stats=True)
    return _text(
        {
            **shared,
            "outputs": [*shared["outputs"], *_packet_ring(config)],
            "af-packet": [capture],
            "unix-command": socket,
        }
    )


def _ring(config: SuricataConfig, mtu: int, processors: int) -> int:
    """Packets that wait for one thread: an eighth of the memory, shared by all threads."""
    if config.ring_packets:
        return config.ring_packets
    share = (config.memory_mb << 20) // 8 // (config.threads or processors)
    return max(_RING_PACKETS_MIN, share // (mtu + _FRAME_HEAD_BYTES))


def _packet_ring(config: SuricataConfig) -> list[dict[str, Any]]:
    """Suricata's own pcap-log, which keeps its bound over restarts; the oldest file goes before a new one is begun."""
    if config.ring_folder is None:
        return []
    limit = min(_RING_FILE_BYTES_MAX, max(RING_FILE_BYTES_MIN, config.ring_bytes_max // _RING_FILES))
    return [
        {
            "pcap-log": {
                "enabled": "yes",
                "dir": str(config.ring_folder),
                "filename": RING_FILE,
                "ts-format": "usec",
                "mode": "normal",
                "limit": str(limit),
                "max-files": config.ring_bytes_max // limit,
                "compression": "none",
                "use-stream-depth": "no",
                "honor-pass-rules": "no",
            }
        }
    ]


def _text(tree: Mapping[str, Any]) -> str:
    return "%YAML 1.1\n---\n" + json.dumps(tree, indent=1) + "\n"


def _shared(config: SuricataConfig, *, stats: bool) -> dict[str, Any]:
    everything = any(ip_network(home).prefixlen == 0 for home in config.homes)
    return {
        "suricata-version": "7.0",
        "vars": {"address-groups": _groups(config, everything=everything), "port-groups": _PORT_GROUPS},
        "default-rule-path": "/",
        "rule-files": [str(path) for path in config.rule_files],
        **({"threshold-file": str(config.threshold_file)} if config.threshold_file else {}),
        **({"classification-file": str(config.class_file)} if config.class_file else {}),
        "stats": {"enabled": "yes" if stats else "no", "interval": config.stats_interval_s},
        "outputs": [{"eve-log": _eve(stats=stats)}],
        "logging": {
            "default-log-level": "notice",
            "outputs": [
                {"console": {"enabled": "no"}},
                {"file": {"enabled": "yes", "level": "info", "type": "json", "filename": LOG_NAME}},
            ],
        },
        "app-layer": {"protocols": _protocols(config)},
        "datasets": {
            "defaults": {"memcap": f"{config.memory_mb // 4}mb", "hashsize": 65536},
            "limits": {"total-hashsizes": 1 << 26, "single-hashsize": config.dataset_entries_max},
            "rules": {"allow-write": "yes", "allow-absolute-filenames": "yes"},
        },
        **_memory(config),
    }


# Names that rule sets ask for; a missing one makes every rule that uses it fail.
_SERVERS: Final = (
    "HTTP_SERVERS",
    "SMTP_SERVERS",
    "SQL_SERVERS",
    "DNS_SERVERS",
    "TELNET_SERVERS",
    "DC_SERVERS",
    "DNP3_SERVER",
    "DNP3_CLIENT",
    "MODBUS_CLIENT",
    "MODBUS_SERVER",
    "ENIP_CLIENT",
    "ENIP_SERVER",
)
_PORT_GROUPS: Final = {
    "HTTP_PORTS": "80",
    "SHELLCODE_PORTS": "!80",
    "ORACLE_PORTS": 1521,
    "SSH_PORTS": 22,
    "DNP3_PORTS": 20000,
    "MODBUS_PORTS": 502,
    "FILE_DATA_PORTS": "[$HTTP_PORTS,110,143]",
    "FTP_PORTS": 21,
    "GENEVE_PORTS": 6081,
    "VXLAN_PORTS": 4789,
    "TEREDO_PORTS": 3544,
    "SIP_PORTS": "[5060, 5061]",
}


def _groups(config: SuricataConfig, *, everything: bool) -> dict[str, str]:
    outside = "any" if everything else "!$HOME_NET"
    return {
        "HOME_NET": "[" + ",".join(config.homes) + "]",
        "EXTERNAL_NET": outside,
        "AIM_SERVERS": "$EXTERNAL_NET",
        **dict.fromkeys(_SERVERS, "$HOME_NET"),
    }


def _eve(*, stats: bool) -> dict[str, Any]:
    bare = {"app-layer": "no", "flow": "yes", "rule": {"metadata": "no", "raw": "no"}}
    types: list[Any] = [
        {"alert": {"metadata": bare}},
        {"http": {"extended": "yes", "custom": ["server", "content_length"]}},
        {"dns": {"version": 2, "formats": ["detailed"]}},
        {"tls": {"extended": "yes", "ja4": "on", "session-resumption": "yes"}},
        {"files": {"force-magic": "no", "force-hash": ["md5", "sha1", "sha256"]}},
        {"dhcp": {"enabled": "yes", "extended": "yes"}},
        "rdp",
        "smb",
        "dcerpc",
        "krb5",
        "ssh",
        "http2",
        "quic",
        "flow",
    ]
    if stats:
        types.append({"stats": {"totals": "yes", "threads": "no", "deltas": "no"}})
    return {
        "enabled": "yes",
        "filetype": "regular",
        "filename": EVE_NAME,
        "community-id": "yes",
        "community-id-seed": 0,
        "types": types,
    }


def _protocols(config: SuricataConfig) -> dict[str, Any]:
    named = (
        "http2",
        "dcerpc",
        "rdp",
        "krb5",
        "dhcp",
        "quic",
        "smtp",
        "ftp",
        "ntp",
        "snmp",
        "sip",
        "mqtt",
        "nfs",
        "tftp",
        "ike",
        "rfb",
        "telnet",
    )
    return {
        **{name: {"enabled": "yes"} for name in named},
        "tls": {
            "enabled": "yes",
            "detection-ports": {"dp": 443},
            "ja3-fingerprints": "yes",
            "ja4-fingerprints": "yes",
        },
        "dns": {
            "tcp": {"enabled": "yes", "detection-ports": {"dp": 53}},
            "udp": {"enabled": "yes", "detection-ports": {"dp": 53}},
        },
        "http": {"enabled": "yes", "memcap": f"{config.memory_mb // 8}mb"},
        "smb": {"enabled": "yes", "detection-ports": {"dp": "139, 445"}},
        "ssh": {"enabled": "yes", "hassh": "yes"},
        # Off in Suricata unless it is told so, and then each rule over them fails.
        "modbus": {"enabled": "yes", "detection-ports": {"dp": 502}, "stream-depth": 0},
        "dnp3": {"enabled": "yes", "detection-ports": {"dp": 20000}},
        "enip": {"enabled": "yes", "detection-ports": {"dp": 44818, "sp": 44818}},
    }


def _memory(config: SuricataConfig) -> dict[str, Any]:
    """Shares of memory_mb: 3/8 to what streams hold, 1/8 each to their heads and to flows, the rest small."""
    part = config.memory_mb // 32
    return {
        "stream": {
            "memcap": f"{4 * part}mb",
            "midstream": "true",
            "midstream-policy": "ignore",
            "checksum-validation": "no",
            "inline": "no",
            "reassembly": {"memcap": f"{12 * part}mb", "depth": f"{config.stream_depth_mb}mb"},
        },
        "flow": {"memcap": f"{4 * part}mb", "hash-size": 65536, "prealloc": 1000, "emergency-recovery": 30},
        "defrag": {"memcap": f"{part}mb", "hash-size": 4096, "trackers": 4096, "max-frags": 16384},
        "host": {"memcap": f"{part}mb", "hash-size": 1024, "prealloc": 0},
        "exception-policy": "ignore",
    }
