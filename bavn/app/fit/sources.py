"""What can feed a node, and which detectors each source feeds: the tables of docs/logs.md and docs/sources.md as data.

`tests/app/fit` holds this table against those pages, and those pages are held against the detectors themselves.
"""

from dataclasses import dataclass
from typing import Final

from bavn.model.text import Text

EVERY: Final = frozenset(
    {"ioc", "beacon", "dns_tunnel", "scan", "rarity", "exfil", "dga", "long", "lateral", "bruteforce", "signature"}
)


@dataclass(frozen=True, slots=True)
class Source:
    """``setting``: what opens it in `[sense]`; ``sensor``: packets are read, by Bavn's or by the actor's own."""

    name: str
    title: Text
    feeds: frozenset[str]
    setting: str
    sensor: bool = False


def _logs(name: str, en: str, da: str, *feeds: str) -> Source:
    return Source(name, Text(en, da), frozenset(feeds), "syslog_udp_listen or log_files")


SOURCES: Final[tuple[Source, ...]] = (
    Source(
        "mirror",
        Text("a mirror port (SPAN) or tap", "en spejlport (SPAN) eller tap"),
        EVERY,
        "suricata_interface",
        sensor=True,
    ),
    Source(
        "suricata",
        Text("a Suricata of one's own (eve.json)", "egen Suricata (eve.json)"),
        EVERY,
        "eve_file",
        sensor=True,
    ),
    Source("zeek", Text("a Zeek of one's own", "egen Zeek"), EVERY - {"signature"}, "zeek_folder", sensor=True),
    Source(
        "netflow",
        Text("NetFlow or IPFIX of a router or firewall", "NetFlow eller IPFIX fra router eller firewall"),
        EVERY - {"dns_tunnel", "dga", "signature"},
        "netflow_listen",
    ),
    Source(
        "sflow",
        Text("sFlow or sampled NetFlow of switches", "sFlow eller samplet NetFlow fra switche"),
        frozenset({"ioc", "rarity", "exfil", "long", "lateral"}),
        "sflow_listen",
    ),
    Source(
        "dnstap",
        Text("dnstap of the resolver", "dnstap fra resolveren"),
        frozenset({"ioc", "dns_tunnel", "dga"}),
        "dnstap_listen",
    ),
    _logs("unbound", "the query log of unbound", "forespørgselsloggen fra unbound", "ioc", "dns_tunnel", "dga"),
    _logs("bind", "the query log of BIND", "forespørgselsloggen fra BIND", "ioc", "dns_tunnel"),
    _logs("dnsmasq", "the query log of dnsmasq", "forespørgselsloggen fra dnsmasq", "ioc", "dns_tunnel", "dga"),
    _logs("squid", "the access log of squid", "adgangsloggen fra squid", "ioc", "beacon", "exfil"),
    _logs("combined", "a proxy's common or combined log", "en proxys common- eller combined-log", "ioc", "beacon"),
    _logs("netfilter", "the log of a Linux firewall", "loggen fra en Linux-firewall", "ioc", "scan", "beacon"),
    _logs("filterlog", "the log of pfSense or OPNsense", "loggen fra pfSense eller OPNsense", "ioc", "scan", "beacon"),
    _logs("asa", "the log of a Cisco ASA or FTD", "loggen fra en Cisco ASA eller FTD", "ioc", "scan", "beacon", "long"),
    _logs(
        "fortigate",
        "the traffic log of a FortiGate",
        "trafikloggen fra en FortiGate",
        "ioc",
        "scan",
        "beacon",
        "exfil",
        "long",
    ),
    _logs(
        "paloalto",
        "the traffic log of a Palo Alto",
        "trafikloggen fra en Palo Alto",
        "ioc",
        "scan",
        "beacon",
        "exfil",
        "long",
    ),
    _logs("cef", "firewall events as CEF", "firewallhændelser som CEF", "ioc", "scan", "beacon"),
    _logs("dhcp", "the log of the DHCP server", "loggen fra DHCP-serveren"),
)

SEES: Final[dict[str, Text]] = {
    "ioc": Text("calls to addresses and names that are known to be bad", "kald til kendte onde adresser og navne"),
    "beacon": Text("implants that call home in a rhythm", "implantater, der kalder hjem i en rytme"),
    "dns_tunnel": Text("data carried out in DNS names", "data, der smugles ud i DNS-navne"),
    "scan": Text("scans, inside and from outside", "skanninger, inde og udefra"),
    "rarity": Text(
        "services and peers that are new or rare here", "tjenester og modparter, der er nye eller sjældne her"
    ),
    "exfil": Text("large or lasting uploads", "store eller vedvarende uploads"),
    "dga": Text(
        "made-up names of malware that looks for its master", "opdigtede navne fra malware, der søger sin herre"
    ),
    "long": Text("connections that stay open for hours", "forbindelser, der står åbne i timer"),
    "lateral": Text("movement from machine to machine", "bevægelse fra maskine til maskine"),
    "bruteforce": Text("guessing of passwords", "gæt på adgangskoder"),
    "signature": Text("what Suricata's rules know", "det, Suricatas regler kender"),
}


def named(names: tuple[str, ...]) -> tuple[Source, ...]:
    """These sources, in the order of `SOURCES`."""
    return tuple(source for source in SOURCES if source.name in names)
