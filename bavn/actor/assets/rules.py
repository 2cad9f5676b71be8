"""The rules by which traffic tells what a host is. Data only: a new rule is a line here and its two cases
(tests/actor/assets/cases.toml).

Sources: IANA's service names and port numbers; DICOM PS3.8 and PS3.15; HL7 MLLP; vendors' own documentation.
"""

from dataclasses import dataclass
from typing import Final

from bavn.actor.assets.asset import Kind
from bavn.model.text import Text


@dataclass(frozen=True, slots=True)
class PortRule:
    """A host that answers on one of these ports has the role. ``apps``: protocols that a sensor may have recognised
    there (none is needed); any other one contradicts it. ``sure`` if one was recognised, ``likely`` by port alone."""

    role: str
    proto: str
    ports: tuple[int, ...]
    apps: tuple[str, ...]
    likely: float
    sure: float


@dataclass(frozen=True, slots=True)
class TextRule:
    """``pattern`` (a regular expression, any case) in a ``field`` says so."""

    name: str
    field: str
    pattern: str
    kind: Kind
    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class NameRule:
    """A host that asks for one of these domains, or a name under one."""

    name: str
    domains: tuple[str, ...]
    kind: Kind
    value: str
    confidence: float


SAID: Final[dict[str, Text]] = {
    "domain controller": Text("domain controller"),
    "dns resolver": Text("DNS resolver"),
    "dhcp server": Text("DHCP server"),
    "file server": Text("file server"),
    "print server": Text("printer or print server"),
    "web server": Text("web server"),
    "mail server": Text("mail server"),
    "database": Text("database"),
    "jump host": Text("jump host"),
    "remote access": Text("open to remote administration"),
    "proxy": Text("proxy"),
    "ntp server": Text("NTP server"),
    "directory server": Text("directory server (LDAP)"),
    "workstation": Text("workstation"),
    "mobile device": Text("mobile device"),
    "server": Text("server"),
    "phone": Text("telephone or VoIP"),
    "camera": Text("camera"),
    "iot device": Text("IoT device"),
    "building automation": Text("building automation"),
    "industrial control": Text("industrial control"),
    "hypervisor": Text("hypervisor or its management"),
    "management controller": Text("out-of-band management"),
    "network device": Text("network device"),
    "dicom server": Text("PACS or other DICOM receiver"),
    "dicom client": Text("modality or other DICOM sender"),
    "hl7 server": Text("HL7 receiver (HIS, integration engine)"),
    "hl7 client": Text("HL7 sender"),
    "medical device": Text("medical device"),
}
"""Role -> how it is said."""

CLINICAL: Final = frozenset({"dicom server", "dicom client", "hl7 server", "hl7 client", "medical device"})
"""Roles at the bedside, or of what carries pictures and answers there."""
CARRYING: Final = frozenset(
    {
        *("domain controller", "directory server", "dns resolver", "dhcp server", "database", "hypervisor"),
        *("industrial control", "building automation"),
    }
)
"""Roles that many others at the actor depend on."""

PORTS: Final[tuple[PortRule, ...]] = (
    PortRule("dns resolver", "udp", (53,), ("dns",), 0.6, 0.9),
    PortRule("dhcp server", "udp", (67, 547), ("dhcp",), 0.6, 0.9),
    PortRule("ntp server", "udp", (123,), ("ntp",), 0.7, 0.9),
    PortRule("file server", "tcp", (445, 139, 2049), ("smb", "nfs"), 0.4, 0.6),
    PortRule("print server", "tcp", (515, 631, 9100), ("ipp", "http", "tls", "lpd"), 0.7, 0.6),
    PortRule("web server", "tcp", (80, 443), ("http", "http2", "tls"), 0.5, 0.7),
    PortRule("mail server", "tcp", (25, 465, 587, 110, 143, 993, 995), ("smtp", "imap", "pop3", "tls"), 0.7, 0.9),
    PortRule(
        "database",
        "tcp",
        (1433, 1521, 3306, 5432, 27017, 6379, 50000, 9042),
        ("mysql", "pgsql", "postgresql", "tds", "redis", "mongodb", "tls"),
        0.7,
        0.9,
    ),
    PortRule("remote access", "tcp", (22, 3389, 5900, 5985, 5986), ("ssh", "rdp", "rfb", "http", "tls"), 0.5, 0.7),
    PortRule("proxy", "tcp", (3128, 8080, 1080), ("http",), 0.2, 0.4),
    PortRule("directory server", "tcp", (389, 636, 3268, 3269), ("ldap", "tls", "ldap_tcp"), 0.7, 0.8),
    PortRule("phone", "udp", (5060,), ("sip",), 0.5, 0.7),
    PortRule("phone", "tcp", (5060, 5061), ("sip", "tls"), 0.5, 0.7),
    PortRule("camera", "tcp", (554, 37777), ("rtsp",), 0.6, 0.7),
    PortRule("iot device", "tcp", (1883, 8883), ("mqtt", "tls"), 0.4, 0.5),
    PortRule("building automation", "udp", (47808, 3671), ("bacnet", "knx"), 0.8, 0.9),
    PortRule(
        "industrial control",
        "tcp",
        (502, 102, 20000, 44818, 4840),
        ("modbus", "s7comm", "dnp3", "enip", "iso_tsap"),
        0.6,
        0.9,
    ),
    PortRule("hypervisor", "tcp", (902, 8006, 2179, 16509), ("tls", "http", "vmware"), 0.6, 0.6),
    PortRule("management controller", "udp", (623,), ("ipmi",), 0.7, 0.9),
    PortRule("network device", "udp", (161,), ("snmp",), 0.3, 0.4),
    PortRule("network device", "tcp", (179,), ("bgp",), 0.7, 0.9),
    PortRule("dicom server", "tcp", (104, 11112, 2762), ("dicom", "tls"), 0.7, 0.95),
    PortRule("hl7 server", "tcp", (2575,), ("hl7", "mllp", "tls"), 0.7, 0.95),
    PortRule("hl7 server", "tcp", (6661,), ("hl7", "mllp"), 0.4, 0.95),
)

CLIENT_PORTS: Final[tuple[PortRule, ...]] = (
    PortRule("dicom client", "tcp", (104, 11112, 2762), ("dicom", "tls"), 0.6, 0.9),
    PortRule("hl7 client", "tcp", (2575,), ("hl7", "mllp", "tls"), 0.6, 0.9),
    PortRule("hl7 client", "tcp", (6661,), ("hl7", "mllp"), 0.3, 0.9),
)
"""The same for a host that is answered there."""

_MEDICAL: Final = (
    ("Siemens Healthineers", r"siemens[-_. ]?health|healthineers|\bsyngo|teamplay"),
    ("GE HealthCare", r"ge[-_. ]?health ?care|gehealth|\bgems\b|centricity"),
    ("Philips Healthcare", r"philips[-_. ]?(health|medical)|intellispace|intellivue"),
    ("Dräger", r"dr(ä|ae|a)ger(werk)?\b"),
    ("Mindray", r"mindray"),
    ("Canon Medical", r"canon[-_. ]?med|\btoshiba[-_. ]?med|vitalimages"),
    ("Fujifilm Healthcare", r"fujifilm[-_. ]?(med|health)|synapse ?pacs"),
    ("Agfa HealthCare", r"agfa[-_. ]?(health)?|\bimpax\b"),
    ("Carestream", r"carestream"),
    ("Sectra", r"\bsectra\b"),
    ("Hologic", r"hologic"),
    ("B. Braun", r"\bb\.? ?braun\b|bbraun"),
    ("Baxter", r"\bbaxter\b|hill-?rom"),
    ("Becton Dickinson", r"\bbd\.com$|carefusion|\balaris\b|\bpyxis\b"),
    ("Medtronic", r"medtronic"),
    ("Roche Diagnostics", r"roche[-_. ]?diag|\bcobas\b"),
    ("Abbott", r"\babbott\b"),
    ("Sysmex", r"sysmex"),
    ("Orthanc", r"\borthanc\b"),
    ("dcm4chee", r"dcm4che"),
    ("DCMTK", r"\bdcmtk\b|offis[-_. ]?dicom"),
)
_VENDORS: Final = (
    ("Cisco", r"\bcisco\b"),
    ("HP", r"\bhewlett|\bhp\b|jetdirect|laserjet|hpe?ilo"),
    ("Dell", r"\bdell\b|idrac"),
    ("VMware", r"vmware"),
    ("Axis", r"\baxis\b"),
    ("Hikvision", r"hikvision"),
    ("Dahua", r"dahua"),
    ("Synology", r"synology"),
    ("QNAP", r"\bqnap\b"),
    ("Fortinet", r"fortinet|fortigate|fortissl"),
    ("Palo Alto Networks", r"palo ?alto|pan-os"),
    ("Ubiquiti", r"ubiquiti|\bubnt\b|unifi"),
    ("MikroTik", r"mikrotik|routeros"),
    ("Canon", r"\bcanon\b(?![-_. ]?med)"),
    ("Ricoh", r"\bricoh\b"),
    ("Xerox", r"\bxerox\b"),
    ("Konica Minolta", r"konica"),
    ("Brother", r"\bbrother\b"),
    ("Lexmark", r"lexmark"),
    ("Polycom", r"polycom"),
    ("Yealink", r"yealink"),
    ("Snom", r"\bsnom\b"),
    ("Aruba", r"\baruba\b"),
    ("Apple", r"\bapple\b"),
    ("Samsung", r"samsung"),
    ("Raspberry Pi", r"raspberry"),
    ("Espressif", r"espressif"),
    ("Siemens", r"\bsiemens\b(?![-_. ]?health)"),
    ("Schneider Electric", r"schneider"),
    ("Sonos", r"sonos"),
)
_TELLING: Final = ("user agent", "http server", "dhcp vendor", "certificate", "mac vendor", "client name")
_SURE: Final = {
    "dhcp vendor": 0.8,
    "certificate": 0.7,
    "user agent": 0.6,
    "http server": 0.7,
    "mac vendor": 0.7,
    "client name": 0.4,
}

TEXTS: Final[tuple[TextRule, ...]] = (
    TextRule(
        "ua windows",
        "user agent",
        r"windows nt|microsoft-cryptoapi|windows-update-agent|winhttp|microsoft bits",
        "os",
        "Windows",
        0.8,
    ),
    TextRule("ua macos", "user agent", r"mac ?os ?x(?!.*like mac)|\bdarwin/", "os", "macOS or iOS", 0.7),
    TextRule("ua ios", "user agent", r"iphone|ipad|\bios/", "os", "iOS", 0.8),
    TextRule("ua android", "user agent", r"android", "os", "Android", 0.8),
    TextRule("ua linux", "user agent", r"linux(?!.*android)|debian apt|ubuntu apt|\byum/|\bdnf/", "os", "Linux", 0.7),
    TextRule("ua debian", "user agent", r"debian apt", "os", "Debian or Ubuntu", 0.8),
    TextRule("ua mobile", "user agent", r"iphone|ipad|android", "role", "mobile device", 0.7),
    TextRule(
        "ua browser",
        "user agent",
        r"mozilla/5\.0 .*(windows nt|macintosh|x11).*(chrome|firefox|safari|trident)",
        "role",
        "workstation",
        0.6,
    ),
    TextRule("ua office", "user agent", r"microsoft office|outlook|\bteams/|skype", "role", "workstation", 0.6),
    TextRule("ua phone", "user agent", r"yealink|polycom|snom|grandstream|cisco-cp|sip phone", "role", "phone", 0.7),
    TextRule("http iis", "http server", r"microsoft-iis|microsoft-httpapi", "os", "Windows", 0.8),
    TextRule("http debian", "http server", r"\((debian|ubuntu)\)", "os", "Debian or Ubuntu", 0.8),
    TextRule("http red hat", "http server", r"\((red hat|centos|fedora|rocky|almalinux)", "os", "Red Hat family", 0.8),
    TextRule("http proxy", "http server", r"squid|bluecoat|zscaler|mcafee web gateway", "role", "proxy", 0.7),
    TextRule("http esxi", "http server", r"vmware|esxi|proxmox|pve-api", "role", "hypervisor", 0.7),
    TextRule("http bmc", "http server", r"hp-?ilo|idrac|\bbmc\b|megarac", "role", "management controller", 0.8),
    TextRule(
        "http printer",
        "http server",
        r"jetdirect|laserjet|hp http server|lexmark|ricoh|epson|kyocera",
        "role",
        "print server",
        0.7,
    ),
    TextRule("http camera", "http server", r"hikvision|dahua|ipcam|netcam|app-webs|axis", "role", "camera", 0.7),
    TextRule(
        "http embedded", "http server", r"goahead|boa/|thttpd|mini_httpd|rompager|embedthis", "role", "iot device", 0.5
    ),
    TextRule("http dicom", "http server", r"orthanc|dcm4che", "role", "dicom server", 0.7),
    TextRule("ssh ubuntu", "ssh server", r"ubuntu", "os", "Ubuntu", 0.9),
    TextRule("ssh debian", "ssh server", r"debian|\+deb\d+", "os", "Debian", 0.9),
    TextRule("ssh windows", "ssh server", r"openssh_for_windows", "os", "Windows", 0.9),
    TextRule("ssh raspbian", "ssh server", r"raspbian", "os", "Raspberry Pi OS", 0.9),
    TextRule("ssh freebsd", "ssh server", r"freebsd", "os", "FreeBSD", 0.9),
    TextRule("ssh dropbear", "ssh server", r"dropbear", "os", "embedded Linux", 0.7),
    TextRule("ssh cisco", "ssh server", r"^cisco", "role", "network device", 0.8),
    TextRule("ssh mikrotik", "ssh server", r"rosssh", "role", "network device", 0.9),
    TextRule("ssh windows client", "ssh client", r"openssh_for_windows|putty", "os", "Windows", 0.6),
    TextRule("ssh ubuntu client", "ssh client", r"ubuntu", "os", "Ubuntu", 0.9),
    TextRule("ssh debian client", "ssh client", r"debian|\+deb\d+", "os", "Debian", 0.9),
    TextRule("dhcp windows", "dhcp vendor", r"^msft 5", "os", "Windows", 0.9),
    TextRule("dhcp android", "dhcp vendor", r"^android-dhcp", "os", "Android", 0.9),
    TextRule("dhcp linux", "dhcp vendor", r"^(dhcpcd|udhcp|systemd|isc)", "os", "Linux", 0.7),
    TextRule(
        "dhcp phone", "dhcp vendor", r"yealink|polycom|snom|cisco systems.*phone|ip.?phone|aastra", "role", "phone", 0.8
    ),
    TextRule(
        "dhcp printer",
        "dhcp vendor",
        r"jetdirect|printer|brother|lexmark|canon|ricoh|xerox",
        "role",
        "print server",
        0.7,
    ),
    TextRule("dhcp camera", "dhcp vendor", r"axis.*camera|camera|hikvision|dahua", "role", "camera", 0.7),
    TextRule(
        "dhcp access point", "dhcp vendor", r"arubaap|ubnt|cisco ap|\bap\d+\b.*cisco", "role", "network device", 0.8
    ),
    TextRule("cert esxi", "certificate", r"vmware|esxi|proxmox", "role", "hypervisor", 0.7),
    TextRule("cert bmc", "certificate", r"idrac|\bilo\b|supermicro|\bbmc\b", "role", "management controller", 0.7),
    TextRule("cert camera", "certificate", r"hikvision|dahua|axis communications", "role", "camera", 0.6),
    TextRule(
        "cert printer", "certificate", r"laserjet|officejet|lexmark|kyocera|ricoh|xerox", "role", "print server", 0.7
    ),
    TextRule(
        "mac vmware",
        "mac vendor",
        r"vmware|xensource|qemu|parallels|microsoft hyper-v",
        "vendor",
        "virtual machine",
        0.8,
    ),
    *(
        TextRule(f"{field} {vendor}", field, pattern, "vendor", vendor, _SURE[field])
        for field in _TELLING
        for vendor, pattern in (*_MEDICAL, *_VENDORS)
    ),
    *(
        TextRule(f"{field} {vendor} device", field, pattern, "role", "medical device", _SURE[field] - 0.1)
        for field in _TELLING
        for vendor, pattern in _MEDICAL
    ),
)

NAMES: Final[tuple[NameRule, ...]] = (
    NameRule(
        "asks windows update",
        (
            "windowsupdate.com",
            "update.microsoft.com",
            "delivery.mp.microsoft.com",
            "msftconnecttest.com",
            "msftncsi.com",
            "settings-win.data.microsoft.com",
            "ctldl.windowsupdate.com",
        ),
        "os",
        "Windows",
        0.6,
    ),
    NameRule(
        "asks ubuntu",
        (
            "archive.ubuntu.com",
            "security.ubuntu.com",
            "ntp.ubuntu.com",
            "api.snapcraft.io",
            "connectivity-check.ubuntu.com",
            "motd.ubuntu.com",
        ),
        "os",
        "Ubuntu",
        0.7,
    ),
    NameRule("asks debian", ("debian.org", "debian.pool.ntp.org"), "os", "Debian", 0.7),
    NameRule(
        "asks red hat",
        (
            "cdn.redhat.com",
            "subscription.rhsm.redhat.com",
            "mirrors.fedoraproject.org",
            "mirrorlist.centos.org",
            "mirrors.rockylinux.org",
            "centos.pool.ntp.org",
        ),
        "os",
        "Red Hat family",
        0.7,
    ),
    NameRule(
        "asks apple",
        (
            "swscan.apple.com",
            "mesu.apple.com",
            "gdmf.apple.com",
            "captive.apple.com",
            "time.apple.com",
            "swcdn.apple.com",
            "push.apple.com",
        ),
        "os",
        "macOS or iOS",
        0.6,
    ),
    NameRule(
        "asks android",
        (
            "connectivitycheck.gstatic.com",
            "connectivitycheck.android.com",
            "android.clients.google.com",
            "time.android.com",
            "play.googleapis.com",
        ),
        "os",
        "Android",
        0.5,
    ),
    NameRule(
        "asks vmware",
        ("vcsa.vmware.com", "hostupdate.vmware.com", "vapp-updates.vmware.com"),
        "role",
        "hypervisor",
        0.6,
    ),
    NameRule("asks axis", ("axis.com", "o3c.stage.axis.com"), "vendor", "Axis", 0.4),
    NameRule("asks hikvision", ("hik-connect.com", "hikvision.com", "ezvizlife.com"), "vendor", "Hikvision", 0.6),
    NameRule("asks hp", ("hpeprint.com", "hpsmart.com", "xmpp.hpconnected.com"), "role", "print server", 0.6),
    NameRule(
        "asks siemens healthineers",
        ("teamplay.siemens.com", "siemens-healthineers.com", "srs.healthineers.com"),
        "vendor",
        "Siemens Healthineers",
        0.5,
    ),
    NameRule("asks ge", ("gehealthcare.com", "insite.gehealthcare.com"), "vendor", "GE HealthCare", 0.5),
    NameRule(
        "asks philips", ("prs.healthcare.philips.com", "philipsremoteservices.com"), "vendor", "Philips Healthcare", 0.6
    ),
    NameRule(
        "asks iot cloud",
        ("tuyaeu.com", "tuyaus.com", "meethue.com", "ewelink.cc", "smartthings.com"),
        "role",
        "iot device",
        0.6,
    ),
)
