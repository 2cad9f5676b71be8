"""What can feed a node, and which detectors each source feeds: the tables of docs/logs.md and docs/sources.md as data.

`tests/app/fit` holds this table against those pages, and those pages are held against the detectors themselves.
"""

from dataclasses import dataclass
from typing import Final

from bavn.model.text import Text

EVERY: Final = frozenset(
    {
        "ioc",
        "beacon",
        "dns_tunnel",
        "scan",
        "rarity",
        "exfil",
        "dga",
        "long",
        "lateral",
        "bruteforce",
        "signature",
        "ward",
        "tunnel",
    }
)


@dataclass(frozen=True, slots=True)
class Source:
    """``setting``: what opens it in `[sense]`; ``sensor``: packets are read, by Bavn's or by the actor's own."""

    name: str
    title: Text
    feeds: frozenset[str]
    setting: str
    sensor: bool = False


def _logs(name: str, words: Text, *feeds: str) -> Source:
    return Source(name, words, frozenset(feeds), "syslog_udp_listen or log_files")


SOURCES: Final[tuple[Source, ...]] = (
    Source(
        "mirror",
        Text("a mirror port (SPAN) or tap"),
        EVERY,
        "suricata_interface",
        sensor=True,
    ),
    Source(
        "suricata",
        Text("a Suricata of one's own (eve.json)"),
        EVERY - {"ward"},
        "eve_file",
        sensor=True,
    ),
    Source("zeek", Text("a Zeek of one's own"), EVERY - {"signature", "ward"}, "zeek_folder", sensor=True),
    Source(
        "netflow",
        Text("NetFlow or IPFIX of a router or firewall"),
        EVERY - {"dns_tunnel", "dga", "signature", "ward"},
        "netflow_listen",
    ),
    Source(
        "sflow",
        Text("sFlow or sampled NetFlow of switches"),
        frozenset({"ioc", "rarity", "exfil", "long", "lateral", "tunnel"}),
        "sflow_listen",
    ),
    Source(
        "dnstap",
        Text("dnstap of the resolver"),
        frozenset({"ioc", "dns_tunnel", "dga"}),
        "dnstap_listen",
    ),
    _logs("unbound", Text("the query log of unbound"), "ioc", "dns_tunnel", "dga"),
    _logs("bind", Text("the query log of BIND"), "ioc", "dns_tunnel"),
    _logs("dnsmasq", Text("the query log of dnsmasq"), "ioc", "dns_tunnel", "dga"),
    _logs("windns", Text("the debug log of Windows' DNS server"), "ioc", "dns_tunnel", "dga"),
    _logs("squid", Text("the access log of squid"), "ioc", "beacon", "exfil"),
    _logs("combined", Text("a proxy's common or combined log"), "ioc", "beacon"),
    _logs("netfilter", Text("the log of a Linux firewall"), "ioc", "scan", "beacon"),
    _logs("filterlog", Text("the log of pfSense or OPNsense"), "ioc", "scan", "beacon"),
    _logs("asa", Text("the log of a Cisco ASA or FTD"), "ioc", "scan", "beacon", "long"),
    _logs(
        "fortigate",
        Text("the traffic log of a FortiGate"),
        "ioc",
        "scan",
        "beacon",
        "exfil",
        "long",
    ),
    _logs(
        "paloalto",
        Text("the traffic log of a Palo Alto"),
        "ioc",
        "scan",
        "beacon",
        "exfil",
        "long",
    ),
    _logs("cef", Text("firewall events as CEF"), "ioc", "scan", "beacon"),
    _logs("dhcp", Text("the log of the DHCP server")),
)

SEES: Final[dict[str, Text]] = {
    "ioc": Text("calls to addresses and names that are known to be bad"),
    "beacon": Text("implants that call home in a rhythm"),
    "dns_tunnel": Text("data carried out in DNS names"),
    "scan": Text("scans, inside and from outside"),
    "rarity": Text("services and peers that are new or rare here"),
    "exfil": Text("large or lasting uploads"),
    "dga": Text("made-up names by which malware looks for whoever controls it"),
    "long": Text("connections that stay open for hours"),
    "lateral": Text("movement from machine to machine"),
    "bruteforce": Text("guessing of passwords"),
    "signature": Text("what Suricata's rules know"),
    "ward": Text("medical devices and systems that do what they never did"),
    "tunnel": Text("conversations that carry others: echoes, VPNs, proxies, log-ons outwards"),
}


def named(names: tuple[str, ...]) -> tuple[Source, ...]:
    """These sources, in the order of `SOURCES`."""
    return tuple(source for source in SOURCES if source.name in names)
