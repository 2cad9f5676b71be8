"""Our rules and sets in a real Suricata: offline over a capture, and live in a namespace."""

import hashlib
import json
import shutil
import ssl
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset, as_written, lay_out
from bavn.actor.protect.enforcers.suricata_rules import DATASETS
from bavn.actor.protect.enforcers.suricata_socket import SuricataSocket
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown
from tests.conftest import on_each_suricata

CONFIG = """%YAML 1.1
---
vars:
  address-groups: {{HOME_NET: "any", EXTERNAL_NET: "any"}}
  port-groups: {{HTTP_PORTS: "80"}}
default-log-dir: {folder}
outputs:
  - eve-log:
      {{enabled: yes, filetype: regular, filename: eve.json, types: [alert: {{}}, tls: {{extended: yes, ja4: on}}]}}
unix-command: {{enabled: yes, filename: {folder}/command}}
datasets: {{rules: {{allow-write: true}}}}
app-layer:
  protocols:
    dns: {{udp: {{enabled: yes, detection-ports: {{dp: 53}}}}, tcp: {{enabled: yes, detection-ports: {{dp: 53}}}}}}
    tls: {{enabled: yes, detection-ports: {{dp: 443}}, ja3-fingerprints: yes, ja4-fingerprints: yes}}
    http: {{enabled: yes}}
    quic: {{enabled: yes}}
stream: {{midstream: true}}
af-packet: [{{interface: default, tpacket-v3: yes}}]
default-rule-path: {folder}/data
rule-files: [bavn.rules]
"""


def blocks(*observables) -> list[Block]:
    return [Block(made, "indicator--x", 1) for made in observables]


def handshake(sni: str, certificate) -> tuple[list[tuple[bool, bytes]], str]:
    """A TLS 1.2 handshake between two ends in memory: flights (from the client?), and the SHA-1 of the certificate."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode, client.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
    ends = []
    for context, side in ((client, {"server_hostname": sni}), (server, {"server_side": True})):
        read, write = ssl.MemoryBIO(), ssl.MemoryBIO()
        ends.append((context.wrap_bio(read, write, **side), read, write))
    flights, done = [], set()
    while len(done) < 2:
        for n, (end, _, write) in enumerate(ends):
            try:
                end.do_handshake()
                done.add(n)
            except ssl.SSLWantReadError:
                pass
            if flight := write.read():
                flights.append((n == 0, flight))
                ends[1 - n][1].write(flight)
    return flights, hashlib.sha1(ends[0][0].getpeercert(binary_form=True)).hexdigest()


def certificate(folder):
    """A key and its own certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "c2")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    made = made.not_valid_after(datetime(2030, 1, 1, tzinfo=UTC)).sign(key, hashes.SHA256())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "c2.pem"
    file.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return file


class Traffic:
    """Packets of made-up conversations, each with its own client port."""

    def __init__(self) -> None:
        self.packets, self.port = [], 30000

    def udp_dns(self, name: str, client: str = "10.0.0.5") -> None:
        from scapy.layers.dns import DNS, DNSQR
        from scapy.layers.inet import IP, UDP
        from scapy.layers.l2 import Ether

        self.port += 1
        query = DNS(rd=1, id=self.port, qd=DNSQR(qname=name))
        frame = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01")
        self.packets.append(frame / IP(src=client, dst="198.18.0.53") / UDP(sport=self.port, dport=53) / query)

    def tcp(self, server: str, port: int, flights: list[tuple[bool, bytes]]) -> None:
        from scapy.layers.inet import IP, TCP
        from scapy.layers.inet6 import IPv6
        from scapy.layers.l2 import Ether

        self.port += 1
        sides = {True: ("10.0.0.5", server), False: (server, "10.0.0.5")}
        if ":" in server:
            sides = {True: ("fd00::5", server), False: (server, "fd00::5")}
        ip = IPv6 if ":" in server else IP
        ports = {True: (self.port, port), False: (port, self.port)}
        seq = {True: 1000, False: 5000}

        def put(mine: bool, flags: str, data: bytes = b"") -> None:
            frame = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01") / ip(src=sides[mine][0], dst=sides[mine][1])
            segment = TCP(sport=ports[mine][0], dport=ports[mine][1], flags=flags, seq=seq[mine], ack=seq[not mine])
            self.packets.append(frame / segment / data if data else frame / segment)
            seq[mine] += len(data) + ("S" in flags or "F" in flags)

        put(True, "S")
        put(False, "SA")
        put(True, "A")
        for mine, flight in flights:
            for start in range(0, len(flight), 1300):
                put(mine, "PA", flight[start : start + 1300])
                put(not mine, "A")
        put(True, "FA")
        put(False, "FA")
        put(True, "A")

    def write(self, file) -> None:
        from scapy.utils import wrpcap

        wrpcap(str(file), self.packets)


def alerts(folder) -> set[tuple[str, str]]:
    """(what the rule looked at, the value in the event)."""
    found = set()
    for line in (folder / "eve.json").read_text().splitlines():
        event = json.loads(line)
        if event["event_type"] != "alert":
            continue
        said = event["alert"]["signature"].removeprefix("BAVN shared indicator, ").split(",")[0]
        tls = event.get("tls", {})
        shown = {
            "dns.query": lambda e: (e["dns"].get("query") or e["dns"]["queries"])[0]["rrname"],
            "tls.sni": lambda _, t=tls: t["sni"],
            "http.host": lambda e: e["http"]["hostname"].lower(),
            "ja3": lambda _, t=tls: t["sni"],
            "ja4": lambda _, t=tls: t["sni"],
            "cert": lambda _, t=tls: t["sni"],
            "ip.dst": lambda e: e["dest_ip"],
            "ip.src": lambda e: e["src_ip"],
        }[said](event)
        found.add((said, shown))
    return found


@pytest.fixture
def suricata_folder(tmp_path):
    (tmp_path / "suricata.yaml").write_text(CONFIG.format(folder=tmp_path))
    lay_out(tmp_path / "data")
    return tmp_path


def offline(folder, pcap) -> str:
    run = subprocess.run(
        [
            "suricata",
            "-c",
            folder / "suricata.yaml",
            "-r",
            pcap,
            "-l",
            folder,
            "--data-dir",
            folder / "data",
            "--runmode",
            "single",
            "-k",
            "none",
            "--init-errors-fatal",
            "-v",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr + run.stdout
    return run.stderr + run.stdout


@pytest.mark.suricata
@on_each_suricata
def test_the_rules_load_and_match_names_children_addresses_and_fingerprints(suricata_folder) -> None:
    folder, pem = suricata_folder, certificate(suricata_folder)
    flights, sha1 = handshake("www.by-cert.com", pem)
    traffic = Traffic()
    for name in (
        "evil.com",
        "a.B.Evil.com",
        "notevil.com",
        "evil.com.org",
        "x.y.six.b.c.d.e.org",
        "b.c.d.e.org",
        "good.org",
    ):
        traffic.udp_dns(name)
    for host in ("evil.com", "WWW.evil.com:8080", "notevil.com"):
        traffic.tcp("198.18.1.1", 80, [(True, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())])
    traffic.tcp("198.18.1.2", 443, flights)
    shouted = [
        (mine, data.replace(b"sub.evil.com", b"SUB.Evil.com")) for mine, data in handshake("sub.evil.com", pem)[0]
    ]
    traffic.tcp("198.18.1.2", 443, shouted)
    traffic.tcp("203.0.113.9", 4444, [(True, b"x" * 3000), (False, b"y" * 3000)])
    traffic.tcp("2001:db8::9", 4444, [])
    traffic.write(folder / "t.pcap")
    wanted = [
        Observable.of("domain", "evil.com"),
        Observable.of("domain", "six.b.c.d.e.org"),
        Observable.of("cert", sha1),
        Observable.of("ip4", "203.0.113.9"),
        Observable.of("ip6", "2001:db8::9"),
    ]
    for item in wanted:
        with (folder / "data" / f"{DATASETS[item.type][0]}.lst").open("a") as file:
            file.write(as_written(item) + "\n")
    said = offline(folder, folder / "t.pcap")
    assert "25 rules successfully loaded, 0 rules failed" in said
    assert alerts(folder) == {
        ("dns.query", "evil.com"),
        ("dns.query", "a.B.Evil.com"),
        ("dns.query", "x.y.six.b.c.d.e.org"),
        ("http.host", "evil.com"),
        ("http.host", "www.evil.com"),
        ("tls.sni", "SUB.Evil.com"),
        ("cert", "www.by-cert.com"),
        ("cert", "SUB.Evil.com"),
        ("ip.dst", "203.0.113.9"),
        ("ip.src", "203.0.113.9"),
        ("ip.dst", "2001:0db8:0000:0000:0000:0000:0000:0009"),
        ("ip.src", "2001:0db8:0000:0000:0000:0000:0000:0009"),
    }
    events = [json.loads(line) for line in (folder / "eve.json").read_text().splitlines()]
    said_of_flows = Counter(
        (e["flow_id"], e["alert"]["signature"].split(",")[1])
        for e in events
        if e["event_type"] == "alert" and "ip." not in e["alert"]["signature"]
    )
    assert set(said_of_flows.values()) == {1}
    by_address = [e for e in events if e["event_type"] == "alert" and e["alert"]["signature"].endswith("ip.dst")]
    assert len(by_address) == 2


@pytest.mark.slow
@pytest.mark.suricata
@on_each_suricata
def test_client_fingerprints_match(suricata_folder) -> None:
    folder = suricata_folder
    traffic = Traffic()
    traffic.tcp("198.18.1.2", 443, handshake("any.org", certificate(folder))[0])
    traffic.write(folder / "t.pcap")
    offline(folder, folder / "t.pcap")
    assert alerts(folder) == set()
    [tls] = [e["tls"] for e in map(json.loads, (folder / "eve.json").read_text().splitlines()) if "tls" in e]
    (folder / "eve.json").unlink()
    for item in (Observable.of("ja3", tls["ja3"]["hash"]), Observable.of("ja4", tls["ja4"])):
        (folder / "data" / f"{DATASETS[item.type][0]}.lst").write_text(as_written(item) + "\n")
    offline(folder, folder / "t.pcap")
    assert alerts(folder) == {("ja3", "any.org"), ("ja4", "any.org")}


@pytest.fixture
def live(suricata_folder):
    """A Suricata on one end of a cable in a namespace of its own; ``replay`` sends a capture from the other end."""
    namespace = f"bavn-{suricata_folder.name[-8:].strip('_')}-{time.monotonic_ns() % 100000}"
    run = lambda *words: subprocess.run(words, check=True, capture_output=True)  # noqa: E731
    run("ip", "netns", "add", namespace)
    processes = []

    class Live:
        folder = suricata_folder

        def start(self):
            process = subprocess.Popen(
                [
                    "ip",
                    "netns",
                    "exec",
                    namespace,
                    "suricata",
                    "-c",
                    self.folder / "suricata.yaml",
                    "--af-packet=cable1",
                    "-l",
                    self.folder,
                    "--data-dir",
                    self.folder / "data",
                    "--runmode",
                    "workers",
                    "-k",
                    "none",
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            processes.append(process)
            self.until(lambda: self.answers(process))
            return process

        def answers(self, process) -> bool:
            """It captures: the command socket answers before the first packet is taken."""
            assert process.poll() is None, "Suricata ended"
            probe = Traffic()
            for n in range(20):
                probe.udp_dns(f"probe{n}.org")
            probe.write(self.folder / "probe.pcap")
            try:
                with SuricataSocket(self.folder / "command") as line:
                    before = line.ask("iface-stat", iface="cable1")[1]
                    self.replay(self.folder / "probe.pcap")
                    return line.ask("iface-stat", iface="cable1")[1]["pkts"] >= before["pkts"] + 20
            except (EnforcerDown, TypeError):
                return False

        def until(self, true, seconds: float = 30.0) -> None:
            ends = time.monotonic() + seconds
            while not true():
                assert time.monotonic() < ends, "waited too long"
                time.sleep(0.05)

        def replay(self, pcap) -> None:
            run("ip", "netns", "exec", namespace, "tcpreplay", "-q", "-t", "-i", "cable0", str(pcap))

    try:
        run("ip", "-n", namespace, "link", "add", "cable0", "type", "veth", "peer", "name", "cable1")
        for end in ("cable0", "cable1"):
            run("ip", "-n", namespace, "link", "set", end, "up")
        yield Live()
    finally:
        for process in processes:
            process.kill()
            process.wait()
        run("ip", "netns", "del", namespace)


@pytest.mark.slow
@pytest.mark.suricata
@pytest.mark.netns
@pytest.mark.skipif(not shutil.which("tcpreplay"), reason="tcpreplay is not installed (script/bootstrap --tests)")
@on_each_suricata
def test_a_running_suricata_sees_the_next_packet(live) -> None:
    names = Traffic()
    names.udp_dns("www.evil.com")
    names.write(live.folder / "names.pcap")
    address = Traffic()
    address.tcp("203.0.113.9", 4444, [])
    address.write(live.folder / "address.pcap")
    process = live.start()
    made = SuricataDataset(lambda: SuricataSocket(live.folder / "command"), live.folder / "data")
    live.replay(live.folder / "names.pcap")
    made.enforce(blocks(Observable.of("ip4", "203.0.113.9")))
    live.replay(live.folder / "address.pcap")
    live.until(lambda: ("ip.dst", "203.0.113.9") in alerts(live.folder))
    assert ("dns.query", "www.evil.com") not in alerts(live.folder)
    made.enforce(blocks(Observable.of("domain", "evil.com")))
    live.replay(live.folder / "names.pcap")
    live.until(lambda: ("dns.query", "www.evil.com") in alerts(live.folder))
    # Killed, it comes back with the set that was last wanted, before anybody enforces again.
    process.kill()
    process.wait()
    with pytest.raises(EnforcerDown):
        made.enforce([])
    (live.folder / "eve.json").unlink()
    (live.folder / "command").unlink(missing_ok=True)
    live.start()
    live.replay(live.folder / "names.pcap")
    live.replay(live.folder / "address.pcap")
    live.until(lambda: ("dns.query", "www.evil.com") in alerts(live.folder))
    assert not [said for said, _ in alerts(live.folder) if said.startswith("ip")]
    made.enforce([])
    assert (live.folder / "data" / "bavn-domain.lst").read_text() == ""
