"""The configuration of a Suricata that the node manages, generated whole: nothing of the machine's own is used.

EVE goes to a regular file (a socket loses events, docs/sources.md); JA3 and JA4 have all three switches on; a stream
that is met in its middle is still read; memory is bounded. Refuses to know whether it runs offline or live.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

EVE_FILE = "eve.json"
SOCKET_FILE = "command.socket"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuricataLimits:
    """Memory caps in MB, each Suricata's own."""

    stream_mb: int = 128
    reassembly_mb: int = 256
    flow_mb: int = 128
    defrag_mb: int = 32


_TYPES = (
    "alert: {tagged-packets: no}", "dns: {requests: yes, responses: yes}", "tls: {extended: yes, ja4: on}",
    "http: {extended: yes}", "flow", "smb", "dcerpc", "krb5", "ssh", "rdp",
    "files: {force-magic: no, force-hash: [md5, sha1, sha256]}",
    "dhcp: {extended: yes}", "stats: {totals: yes, threads: no, deltas: no}",
)  # fmt: skip
_PROTOCOLS = ("dns", "http", "smb", "dcerpc", "krb5", "rdp", "dhcp", "smtp", "ntp", "ftp", "snmp", "ikev2")


def suricata_yaml(
    folder: Path, homes: Sequence[str], rule_files: Sequence[Path] = (), limits: SuricataLimits | None = None
) -> str:
    """The YAML text. ``folder`` takes EVE, socket and datasets. ValueError for a home that is no network."""
    held = limits or SuricataLimits()
    nets = ",".join(str(ip_network(home)) for home in homes) or "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
    rules = "".join(f"  - {json.dumps(str(path))}\n" for path in rule_files)
    protocols = "".join(f"    {name}: {{enabled: yes}}\n" for name in _PROTOCOLS if name != "dns")
    types = "".join(f"        - {name}\n" for name in _TYPES)
    return f"""%YAML 1.1
---
vars:
  address-groups: {{HOME_NET: "[{nets}]", EXTERNAL_NET: "any", HTTP_SERVERS: "$HOME_NET", SMTP_SERVERS: "$HOME_NET",
    SQL_SERVERS: "$HOME_NET", DNS_SERVERS: "$HOME_NET", TELNET_SERVERS: "$HOME_NET", DC_SERVERS: "$HOME_NET"}}
  port-groups: {{HTTP_PORTS: "80", SHELLCODE_PORTS: "!80", ORACLE_PORTS: 1521, SSH_PORTS: 22, FTP_PORTS: 21,
    FILE_DATA_PORTS: "[$HTTP_PORTS,110,143]"}}
default-log-dir: {json.dumps(str(folder))}
default-rule-path: {json.dumps(str(folder))}
rule-files:{" []" if not rules else ""}
{rules}
stats: {{enabled: yes, interval: 30}}
logging: {{default-log-level: notice, outputs: [{{console: {{enabled: yes}}}}]}}
unix-command: {{enabled: yes, filename: {json.dumps(str(folder / SOCKET_FILE))}}}
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: {EVE_FILE}
      community-id: true
      pcap-file: false
      types:
{types}
app-layer:
  protocols:
    tls: {{enabled: yes, detection-ports: {{dp: 443}}, ja3-fingerprints: yes, ja4-fingerprints: yes}}
    dns: {{tcp: {{enabled: yes, detection-ports: {{dp: 53}}}}, udp: {{enabled: yes, detection-ports: {{dp: 53}}}}}}
    ssh: {{enabled: yes, hassh: yes}}
{protocols}
stream:
  memcap: {held.stream_mb}mb
  midstream: true
  checksum-validation: no
  reassembly: {{memcap: {held.reassembly_mb}mb, depth: 1mb}}
flow: {{memcap: {held.flow_mb}mb, hash-size: 65536, prealloc: 10000}}
defrag: {{memcap: {held.defrag_mb}mb}}
datasets: {{rules: {{allow-write: true}}, limits: {{single-hashsize: 2097152}}}}
"""
