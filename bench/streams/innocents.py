"""What looks like an attack and is none, a stream each. Old habits go on for all days; new ones begin on the last."""

from bench_b.networks import host

from streams import ABC, DAYS, DC, HEX, HOSTS, Office, Stream

LAST = DAYS - 1


def _every(
    period_s: float, dst: str, port: int, name: str | None = None, days: float = DAYS, jitter: float = 0.02, **more
):
    def play(made: Office, src: str) -> None:
        for at in made.times(DAYS - days, days, period_s, jitter):
            if name:
                made.secure(at, src, dst, name, port, **dict(more))
            else:
                made.call(at, src, dst, port, **dict(more))

    return play


def _by_many(share: float, period_s: float, dst: str, name: str, days: float):
    def play(made: Office, _: str) -> None:
        for number in range(int(share * HOSTS)):
            for at in made.times(DAYS - days, days, period_s, 0.05):
                made.secure(at + number, host(number), dst, name)

    return play


def _backup(made: Office, src: str) -> None:
    for day in range(DAYS):
        for part in range(10):
            made.secure(
                day * 86400 + 7200 + 300 * part,
                src,
                "194.5.3.9",
                "vault.backup-huset.dk",
                lasts_s=290,
                bytes_toserver=200_000_000,
                bytes_toclient=400_000,
            )


def _reputation(made: Office, _: str) -> None:
    for number in range(0, HOSTS, 2):
        for turn in range(60):
            at = LAST * 86400 + 30_000 + 9 * turn + number
            made.ask(at, host(number), f"{made.label(32, HEX)}.rep.virus-firma.com", ["127.0.0.2"])


def _monitoring(made: Office, src: str) -> None:
    for at in made.times(0, DAYS, 21_600):
        for number in range(HOSTS):
            made.call(at + number, src, host(number), 161, proto="udp")
            made.call(at + number, src, host(number), 22, bytes_toclient=80, failed=number % 20 == 0)


def _vulnerability_scanner(made: Office, src: str) -> None:
    for day in (2, 5, LAST):
        for number in range(HOSTS):
            for port in (21, 22, 80, 445):
                made.call(day * 86400 + 80_000 + number, src, host(number), port, failed=port != 445)


def _printer(made: Office, src: str) -> None:
    for number in range(40):
        for day in range(DAYS):
            made.call(day * 86400 + 30_000 + 300 * number, host(number), src, 9100, bytes_toserver=900_000)
    for at in made.times(0, DAYS, 60):
        made.call(at, src, "224.0.0.251", 5353, proto="udp", failed=True)


def _dicom(made: Office, src: str) -> None:
    for at in made.times(0, DAYS, 1200, 0.6):
        made.call(at, src, "10.9.0.104", 11112, bytes_toserver=200_000_000, lasts_s=60)


def _roll_out(made: Office, src: str) -> None:
    for day in (1, 5, LAST):
        for number in range(50):
            at = day * 86400 + 70_000 + 20 * number
            made.call(at, src, host(number), 445)
            made.beside(
                "smb", command="SMB2_COMMAND_TREE_CONNECT", status="STATUS_SUCCESS", share=rf"\\{host(number)}\ADMIN$"
            )
            made.call(at + 2, src, host(number), 445)
            made.beside("dcerpc", endpoint="svcctl", opnum=12)


def _content_network(made: Office, src: str) -> None:
    for at in sorted(made.dice.random(120) * 28_000):
        made.ask(LAST * 86400 + 30_000 + float(at), src, f"{made.label(12)}.edge-net.io", ["203.0.113.5"])


def _video(made: Office, src: str) -> None:
    for part in range(4):
        made.call(
            LAST * 86400 + 33_000 + 5400 * part,
            src,
            f"195.8.2.{part + 1}",
            10_000,
            proto="udp",
            lasts_s=5000,
            bytes_toserver=700_000_000,
            bytes_toclient=900_000_000,
        )


def _old_password(made: Office, src: str) -> None:
    for at in made.times(0, DAYS, 600):
        made.call(at, src, DC, 88)
        made.beside("krb5", msg_type="KRB_ERROR", cname="svc", error_code="KDC_ERR_PREAUTH_FAILED", success=False)


def _mistyped(made: Office, src: str) -> None:
    for turn in range(4):
        made.call(LAST * 86400 + 29_000 + 20 * turn, src, DC, 88)
        made.beside("krb5", msg_type="KRB_ERROR", cname="eva", error_code="KDC_ERR_PREAUTH_FAILED", success=False)


def _dead_links(made: Office, src: str) -> None:
    for turn in range(40):
        name = f"{made.label(4, ABC[:20])}{('hus', 'klub', 'vin')[turn % 3]}{turn}.dk"
        made.ask(LAST * 86400 + 30_000 + 500 * turn, src, name, [] if turn % 10 == 3 else ["203.0.113.6"])


def _portal(made: Office, src: str) -> None:
    made.secure(LAST * 86400 + 32_000, src, "91.99.4.4", "upload.ny-kunde.dk", lasts_s=200, bytes_toserver=30_000_000)


INNOCENTS = (
    Stream("NTP to an address without a name", (), _every(1024, "195.8.1.1", 123, proto="udp")),
    Stream("telemetry of half the hosts, 15 min", (), _by_many(0.5, 900, "195.8.1.2", "t.maskinfabrik.com", 3)),
    Stream("telemetry of one device, 15 min, old", (), _every(900, "195.8.1.3", 443, "api.pumpe-drift.com")),
    Stream("telemetry of one device, 15 min, new today", (), _every(900, "195.8.1.4", 443, "iot.ny-sensor.com", 1)),
    Stream("new chat service, 60 s, a third of the hosts", (), _by_many(0.3, 60, "195.8.1.5", "ws.ny-chat.com", 0.2)),
    Stream("update check, hourly, known vendor", (), _every(3600, "195.8.1.6", 443, "update.microsoft.com")),
    Stream("mail polling, 5 min", (), _every(300, "195.8.1.7", 993, "imap.lille-post.dk")),
    Stream("nightly backup, 2 GB, old", (), _backup),
    Stream("reputation look-ups of a virus scanner", (), _reputation),
    Stream("monitoring of everybody, 6 h", (), _monitoring),
    Stream("vulnerability scanner, not listed", (), _vulnerability_scanner),
    Stream("printer", (), _printer),
    Stream("DICOM to the archive, 200 MB each", (), _dicom),
    Stream("software distribution to fifty", (), _roll_out),
    Stream("hash names of a content network", (), _content_network),
    Stream("video meetings, 3 GB", (), _video),
    Stream("a service with an old password, 10 min", (), _old_password),
    Stream("a password mistyped four times", (), _mistyped),
    Stream("forty small sites, a tenth gone", (), _dead_links),
    Stream("30 MB to a new customer's portal", (), _portal),
)
