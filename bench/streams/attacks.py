"""What attackers do, a stream each; all end on the last day. Knows no detector's inside."""

from bench_b.networks import host

from streams import ABC, DAYS, DC, HEX, WORDS, Office, Stream

LAST = DAYS - 1
PEER = "185.220.7."
HALF_DAY_S = 43_200


def _beacon(last: int, period_s: float, jitter: float, days: float, name: str | None = None, office: bool = False):
    def play(made: Office, src: str) -> None:
        for at in made.times(DAYS - days, days, period_s, jitter):
            if not office or 8 <= at % 86400 / 3600 < 16:
                made.secure(at, src, f"{PEER}{last}", name)

    return play


def _dns(every_s: float, count: int, length: int, domain: str, rrtypes=("A",), letters: str = HEX, answer: int = 0):
    def play(made: Office, src: str) -> None:
        for turn in range(count):
            told = [made.label(answer, letters)] if answer else ["203.0.113.9"]
            name = f"{made.label(length, letters)}.{domain}"
            made.ask(LAST * 86400 + 20_000 + turn * every_s, src, name, told, rrtypes[turn % len(rrtypes)])

    return play


def _scan(targets: int, every_s: float, days: float, ports=(445,), **more):
    def play(made: Office, src: str) -> None:
        for turn in range(targets):
            for place, port in enumerate(ports):
                at = (DAYS - days) * 86400 + 3000 + (turn * len(ports) + place) * every_s
                made.call(at, src, f"10.8.{turn // 200}.{turn % 200 + 1}", port, failed=True, **more)

    return play


def _many_sources(made: Office, _: str) -> None:
    for source in range(40):
        for port in (22, 3389, 8443):
            made.call(
                LAST * 86400 + source * 900 + port / 100, f"198.51.100.{source + 1}", "10.9.0.80", port, failed=True
            )


def _refused_datagrams(made: Office, src: str) -> None:
    for turn in range(20):
        at, target = LAST * 86400 + 30_000 + turn, f"10.8.5.{turn + 1}"
        made.call(at, src, target, 161, proto="udp", failed=True)
        made.call(at + 0.1, target, src, 0, proto="icmp", icmp_type=3, icmp_code=3)


def _log_ons(service: str, count: int, every_s: float):
    def play(made: Office, src: str) -> None:
        for turn in range(count):
            at, who = LAST * 86400 + 30_000 + turn * every_s, f"user{turn}"
            if service == "smb":
                made.call(at, src, DC, 445)
                made.beside("smb", command="SMB2_COMMAND_SESSION_SETUP", status="STATUS_LOGON_FAILURE", ntlm_user=who)
            elif service == "krb5":
                made.call(at, src, DC, 88)
                made.beside("krb5", msg_type="KRB_ERROR", cname=who, error_code="KDC_ERR_PREAUTH_FAILED", success=False)
            elif service == "http":
                made.call(at, src, "10.9.0.81", 80, app_proto="http")
                made.beside("http", host="intra.local", url="/login", method="POST", status=401)
            elif service == "ldap":
                made.call(at, src, DC, 389, bytes_toclient=300, pkts_toserver=5)
            else:
                port = {"rdp": 3389, "ssh": 22}[service]
                made.call(at, src, "10.9.0.82", port, app_proto=service, bytes_toclient=1800, pkts_toserver=12)

    return play


def _psexec(made: Office, src: str) -> None:
    target, at = host(110), LAST * 86400 + 40_000
    made.call(at, src, target, 445)
    made.beside("smb", command="SMB2_COMMAND_TREE_CONNECT", status="STATUS_SUCCESS", share=rf"\\{target}\ADMIN$")
    made.call(at + 2, src, target, 445)
    made.beside("dcerpc", endpoint="svcctl", opnum=12)


def _ports(number: int, *ports: int):
    def play(made: Office, src: str) -> None:
        for place, port in enumerate(ports):
            made.call(LAST * 86400 + 40_000 + place, src, host(number), port, lasts_s=600)

    return play


def _sends(mb: float, parts: int, every_s: float, days: float, name: str, last: int):
    def play(made: Office, src: str) -> None:
        for turn in range(parts):
            at = (DAYS - days) * 86400 + 20_000 + turn * every_s
            size = {"bytes_toserver": int(mb * 1e6 / parts), "bytes_toclient": 40_000}
            made.secure(at, src, f"{PEER}{last}", name, lasts_s=min(300.0, every_s), **size)

    return play


def _words(made: Office, src: str) -> None:
    for turn in range(12):
        name = f"{WORDS[turn % 16]}{WORDS[(turn * 5 + 3) % 16]}.net"
        made.ask(LAST * 86400 + 30_000 + 20 * turn, src, name, ["203.0.113.77"] if turn == 4 else [])


def _stays_open(made: Office, src: str) -> None:
    made.call(
        LAST * 86400 + 10_000, src, f"{PEER}60", 4443, lasts_s=10 * 3600, bytes_toserver=80_000, pkts_toserver=4000
    )


ATTACKS = (
    Stream("beacon, HTTPS, 300 s, 20 % jitter, 2 days", ("beacon",), _beacon(10, 300, 0.2, 2, "updates.quiet-fox.net")),
    Stream("beacon, no name, 3600 s, 50 % jitter, 2 days", ("beacon",), _beacon(11, 3600, 0.5, 2)),
    Stream("beacon, 4 h, 10 % jitter, 5 days", ("beacon",), _beacon(12, 14_400, 0.1, 5, "static.pale-owl.org")),
    Stream("beacon, 60 s, 90 % jitter, 1 day", ("beacon",), _beacon(13, 60, 0.9, 1, "cdn.grey-hare.com")),
    Stream(
        "beacon, office hours only, 1800 s, 30 %", ("beacon",), _beacon(14, 1800, 0.3, 5, "a.slow-elk.io", office=True)
    ),
    Stream("beacon behind a known CDN's name", ("beacon",), _beacon(15, 300, 0.2, 2, "ajax.googleapis.com")),
    Stream("DNS beacon, a new name a minute", ("beacon", "dns_tunnel"), _dns(60, 600, 8, "dim-lynx.net")),
    Stream(
        "tunnel like dnscat2: TXT, CNAME, MX in turn",
        ("dns_tunnel",),
        _dns(1, 300, 50, "t.odd-crow.com", ("TXT", "CNAME", "MX"), HEX, 40),
    ),
    Stream(
        "tunnel like iodine: NULL, 200 letters",
        ("dns_tunnel",),
        _dns(0.1, 400, 60, "i.tan-mole.org", ("NULL",), ABC, 200),
    ),
    Stream("tunnel, A only, 0.5 B/s", ("dns_tunnel",), _dns(36, 200, 36, "low-vole.net", letters=ABC)),
    Stream("tunnel, A only, 0.05 B/s", ("dns_tunnel", "beacon"), _dns(300, 120, 24, "shy-newt.net", letters=ABC)),
    Stream(
        "download by TXT, 100 letters each 10 s",
        ("dns_tunnel",),
        _dns(10, 120, 6, "d.old-wren.net", ("TXT",), HEX, 100),
    ),
    Stream("scan of 445, 60 targets, 1 s", ("scan",), _scan(60, 1, 1)),
    Stream("slow scan, a target each 20 min, 2 days", ("scan",), _scan(120, 1200, 2)),
    Stream("very slow scan, 3 h, 5 days", ("scan",), _scan(40, 10_800, 5, (3389,))),
    Stream("ports of one target, 200", ("scan",), _scan(1, 0.5, 1, tuple(range(1, 201)))),
    Stream("datagrams refused, SNMP", ("scan",), _refused_datagrams),
    Stream("forty sources, three ports each, from outside", ("scan",), _many_sources, other="10.9.0.80"),
    Stream("spraying over SMB, 30 names", ("bruteforce",), _log_ons("smb", 30, 60)),
    Stream("spraying over Kerberos, 40 names, 10 min apart", ("bruteforce",), _log_ons("krb5", 40, 600)),
    Stream("guesses over LDAP, 60 short connections", ("bruteforce",), _log_ons("ldap", 60, 5)),
    Stream("guesses at RDP, 60", ("bruteforce",), _log_ons("rdp", 60, 5)),
    Stream("guesses at SSH, one each 15 min", ("bruteforce",), _log_ons("ssh", 60, 900)),
    Stream("guesses at a web log-on (401), 50", ("bruteforce",), _log_ons("http", 50, 10)),
    Stream("psexec: share and service", ("lateral",), _psexec),
    Stream("WMI, encrypted: 135 and what it named", ("lateral",), _ports(111, 135, 49_800)),
    Stream("WinRM, encrypted: 5986 alone", ("lateral",), _ports(112, 5986)),
    Stream("SSH to one neighbour", ("lateral",), _ports(113, 22)),
    Stream(
        "2 GB to cloud storage that the world uses", ("exfil",), _sends(2000, 12, 300, 1, "content.dropboxapi.com", 40)
    ),
    Stream("200 MB to a new name in an hour", ("exfil",), _sends(200, 12, 300, 1, "files.red-stork.com", 41)),
    Stream("drip: 2 MB an hour, 5 days", ("exfil", "beacon"), _sends(240, 120, 3600, 5, "s.wet-toad.net", 42)),
    Stream("names of two words, one of twelve exists", ("dga",), _words),
    Stream("a connection open for 10 h", ("long",), _stays_open),
)
