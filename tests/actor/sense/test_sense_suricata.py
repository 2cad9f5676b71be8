"""The real Suricata under the node's hand: over captures, and on an interface."""

import gzip
import json
import os
import signal
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.suricata.captures import CaptureFolder
from bavn.actor.sense.suricata.config import SuricataConfig
from bavn.actor.sense.suricata.live import SuricataLive
from bavn.actor.sense.suricata.release import SUPPORTED_UNTIL
from bavn.actor.sense.suricata.run import run_over
from bavn.model.record import address_text
from tests.conftest import on_each_suricata

pytestmark = pytest.mark.suricata
HOMES = ("10.0.0.0/8",)


@pytest.fixture(scope="module")
def packets(tmp_path_factory):
    """A capture: 40 DNS look-ups with answers, 5 calls to closed ports, a page over HTTP, a probe without answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from scapy.all import DNS, DNSQR, DNSRR, IP, TCP, UDP, Ether, Raw, wrpcap

    made = []

    def send(packet):
        packet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet
        packet.time = 1_700_000_000 + len(made) / 100
        made.append(packet)

    def there(**ports):
        return IP(src="10.0.0.1", dst="192.0.2.7") / TCP(**ports)

    def back(**ports):
        return IP(src="192.0.2.7", dst="10.0.0.1") / TCP(**ports)

    for n in range(40):
        name = f"host{n}.example.dk"
        send(IP(src="10.0.0.1", dst="10.0.0.53") / UDP(sport=30000 + n, dport=53) / DNS(id=n, qd=DNSQR(qname=name)))
        answer = DNSRR(rrname=name, rdata=f"192.0.2.{n}", ttl=60)
        reply = DNS(id=n, qr=1, rd=1, ra=1, qd=DNSQR(qname=name), an=answer)
        send(IP(src="10.0.0.53", dst="10.0.0.1") / UDP(sport=53, dport=30000 + n) / reply)
    for n in range(5):
        send(there(sport=31000 + n, dport=81 + n, flags="S"))
        send(back(sport=81 + n, dport=31000 + n, flags="RA"))
    asked = b"GET /x HTTP/1.1\r\nHost: Example.DK\r\nUser-Agent: test\r\n\r\n"
    page = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 5\r\n\r\nhello"
    send(there(sport=32000, dport=80, flags="S", seq=1))
    send(back(sport=80, dport=32000, flags="SA", seq=1, ack=2))
    send(there(sport=32000, dport=80, flags="A", seq=2, ack=2))
    send(there(sport=32000, dport=80, flags="PA", seq=2, ack=2) / Raw(asked))
    send(back(sport=80, dport=32000, flags="PA", seq=2, ack=2 + len(asked)) / Raw(page))
    send(there(sport=32000, dport=80, flags="FA", seq=2 + len(asked), ack=2 + len(page)))
    send(back(sport=80, dport=32000, flags="FA", seq=2 + len(page), ack=3 + len(asked)))
    send(IP(src="10.0.0.1", dst="192.0.2.9") / UDP(sport=33000, dport=161) / Raw(b"x"))
    path = tmp_path_factory.mktemp("capture") / "made.pcap"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrpcap(str(path), made)
    return path


def rows_of(batches):
    rows: dict[str, list[dict]] = {}
    for batch in batches:
        for record, table in batch.tables.items():
            rows.setdefault(record, []).extend(table.to_pylist())
    return rows


@pytest.fixture
def opened(tmp_path, engine):
    def run(path):
        return list(open_path(path, sensor="a", work=tmp_path / "work", homes=HOMES, engine=engine))

    return run


@on_each_suricata
def test_a_capture_becomes_records(packets, opened):
    batches = opened(packets)
    rows = rows_of(batches)
    assert sum(batch.refused for batch in batches) == 0
    assert len(rows["dns"]) == 80
    assert {row["rrname"] for row in rows["dns"]} == {f"host{n}.example.dk" for n in range(40)}
    assert sorted(row["answers"] for row in rows["dns"] if row["answered"]) == sorted(
        [f"192.0.2.{n}"] for n in range(40)
    )
    assert len(rows["flow"]) == 40 + 5 + 1 + 1
    failed = {(address_text(row["dst"]), row["dst_port"]) for row in rows["flow"] if row["failed"]}
    assert failed == {("192.0.2.7", 81 + n) for n in range(5)} | {("192.0.2.9", 161)}
    (http,) = rows["http"]
    assert (http["host"], http["url"], http["status"], http["server"]) == ("example.dk", "/x", 200, "nginx")
    assert all(row["community_id"].startswith("1:") for row in rows["flow"])
    (flow,) = [row for row in rows["flow"] if row["dst_port"] == 80]
    assert flow["flow_id"] == http["flow_id"]


def test_every_run_gives_the_same_and_a_capture_of_nothing_nothing(packets, opened, tmp_path):
    first, second = opened(packets), opened(packets)
    assert [batch.tables for batch in first] == [batch.tables for batch in second]
    (tmp_path / "empty.pcap").write_bytes(packets.read_bytes()[:24])
    assert rows_of(opened(tmp_path / "empty.pcap")) == {}


@pytest.mark.slow
@pytest.mark.parametrize("pack", [False, True])
def test_a_damaged_capture_is_used_up_to_the_damage(packets, opened, tmp_path, pack):
    raw = packets.read_bytes()
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(gzip.compress(raw[:4000]) if pack else raw[:4000])
    batches = opened(cut)
    rows = rows_of(batches)
    assert 20 < len(rows["dns"]) < 80
    (refusal,) = [refusal for batch in batches for refusal in batch.refusals]
    assert (refusal.file, refusal.line) == ("cut.pcap", 0)
    assert "bytes could not be read" in refusal.why.en


@on_each_suricata
def test_rules_that_do_not_load_do_not_stop_it_and_others_alert(packets, tmp_path, engine):
    rules = tmp_path / "own.rules"
    rules.write_text(
        'alert dns any any -> any any (msg:"seven"; dns.query; content:"host7.example.dk"; sid:1000001; rev:1;)\n'
        "alert nonsense;\n"
    )
    batches = open_path(packets, sensor="a", work=tmp_path / "w", homes=HOMES, rule_files=(rules,), engine=engine)
    (alert,) = rows_of(batches)["alert"]
    assert (alert["signature"], address_text(alert["src"]), alert["dst_port"]) == ("seven", "10.0.0.1", 53)


def test_a_run_has_its_time_and_its_rule_file_must_be_readable(packets, tmp_path, monkeypatch):
    with pytest.raises(SourceBroken, match=r"none\.rules cannot be read"):
        run_over(packets, tmp_path / "run", SuricataConfig(rule_files=(tmp_path / "none.rules",)))
    monkeypatch.setattr("bavn.actor.sense.suricata.run._LOOK_S", 0.001)
    with pytest.raises(SourceBroken, match="smaller capture"):
        run_over(packets, tmp_path / "run", SuricataConfig(), run_s_max=0.0)
    assert not running_in(tmp_path)


class Folder:
    def __init__(self, root, engine):
        self.folder, self.work, self.engine = root / "in", root / "work", engine
        self.folder.mkdir()
        self.mark = None
        self.kept = []
        self.start()

    def start(self):
        self.source = CaptureFolder(
            name="c",
            sensor="a",
            folder=self.folder,
            work=self.work,
            config=SuricataConfig(homes=HOMES),
            mark=self.mark,
            engine=self.engine,
        )

    def poll(self, *, batches=None):
        """``batches``: stop asking after so many."""
        for at, batch in enumerate(self.source.poll(), 1):
            self.kept.append(batch)
            self.mark = batch.mark
            self.source.acknowledge(batch.mark)
            if at == batches:
                return


@pytest.fixture
def folder(tmp_path, engine):
    return Folder(tmp_path, engine)


@pytest.mark.slow
def test_a_folder_of_captures_is_read_once_over_restarts(folder, packets):
    (folder.folder / "b.cap").write_bytes(packets.read_bytes())
    (folder.folder / "note.txt").write_text("no capture")
    folder.poll()
    assert folder.kept == []
    folder.poll()
    assert len(rows_of(folder.kept)["dns"]) == 80
    folder.start()
    (folder.folder / "a.cap").write_bytes(packets.read_bytes()[:4000])
    (folder.folder / "c.pcap").write_bytes(b"\xd4\xc3\xb2\xa1 no header")
    folder.poll()
    folder.poll()
    assert 100 < len(rows_of(folder.kept)["dns"]) < 160
    assert [r.file for batch in folder.kept for r in batch.refusals] == ["a.cap", "c.pcap"]
    assert folder.source.lag_bytes() == 0
    folder.start()
    folder.poll()
    folder.poll()
    assert 100 < len(rows_of(folder.kept)["dns"]) < 160
    (folder.work / "done.json").unlink()
    folder.source.close()


@pytest.mark.slow
@pytest.mark.parametrize("restarts", [False, True])
def test_a_run_that_was_begun_is_read_to_its_end(folder, packets, monkeypatch, restarts):
    from bavn.actor.sense import reading

    monkeypatch.setattr(reading, "SEGMENT_BYTES_MAX", 6000)
    (folder.folder / "a.pcap").write_bytes(packets.read_bytes())
    folder.poll()
    folder.poll(batches=3)
    before = len(rows_of(folder.kept)["dns"])
    assert 0 < before < 80
    if restarts:
        folder.start()
        folder.poll()
    folder.poll(batches=2)
    folder.poll()
    rows = rows_of(folder.kept)
    assert (len(rows["dns"]), len(rows["flow"])) == (80, 47)
    assert sum(batch.refused for batch in folder.kept) == 0


@pytest.mark.slow
def test_a_run_whose_output_is_gone_is_said_and_not_doubled(folder, packets, monkeypatch):
    from bavn.actor.sense import reading

    monkeypatch.setattr(reading, "SEGMENT_BYTES_MAX", 6000)
    (folder.folder / "a.pcap").write_bytes(packets.read_bytes())
    folder.poll()
    folder.poll(batches=3)
    before = len(rows_of(folder.kept)["dns"])
    (folder.work / "run" / "run.json").unlink()
    folder.start()
    folder.poll()
    folder.poll()
    assert len(rows_of(folder.kept)["dns"]) == before
    assert ["removed" in r.why.en for batch in folder.kept for r in batch.refusals] == [True]


def running_in(folder: Path):
    """Processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in os.readlink(entry / "cwd"):  # noqa: PTH115
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_suricata_ends_when_the_node_is_killed(packets, tmp_path):
    """A parent starts Suricata, says so and is killed; then Suricata's own end is waited for."""
    script = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from bavn.actor.sense.suricata.config import SuricataConfig, live_yaml
        from bavn.actor.sense.suricata.process import SuricataProcess
        folder = Path({str(tmp_path)!r})
        process = SuricataProcess(live_yaml(SuricataConfig(threads=1), "lo", folder, mtu=65536), folder,
                                  ["--af-packet=lo", "-S", "/dev/null", "--data-dir", str(folder)])
        while not process.started():
            if process.ended(0.1) is not None:
                print(process.errors(), flush=True)
                raise SystemExit(1)
        print(process.pid, flush=True)
        sys.stdin.read()
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = parent.stdout.readline().strip()
    if not said.isdigit():
        parent.communicate()
        pytest.skip(f"no right to capture on the loopback interface: {said}")
    watched = os.pidfd_open(int(said))
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    import select

    ready, _, _ = select.select([watched], [], [], 30)
    os.close(watched)
    assert ready, "Suricata outlived the node"
    assert not running_in(tmp_path)


def test_one_that_never_could_be_started_ends_quietly(tmp_path, engine):
    live = SuricataLive(name="live", sensor="s", interface="nosuch0", folder=tmp_path / "run", engine=engine)
    with pytest.raises(SourceBroken, match="no interface"):
        list(live.poll())
    live.end(1.0)
    assert list(live.poll()) == []
    live.close()


def test_what_is_no_capture_is_counted(folder):
    (folder.folder / "notes.pcap").write_bytes(b"no capture")
    (folder.folder / "empty.pcap").touch()
    (folder.folder / ".hidden").write_bytes(b"x")
    folder.poll()
    assert folder.kept == []
    assert folder.source.counts() == {"no_captures": 2}
    (folder.folder / "notes.pcap").unlink()
    (folder.folder / "empty.pcap").unlink()
    folder.poll()
    assert folder.source.counts() == {}


@pytest.mark.slow
def test_a_folder_says_which_suricata_read_its_last_capture(folder, packets):
    (folder.folder / "a.pcap").write_bytes(packets.read_bytes())
    folder.poll()
    folder.poll()
    assert folder.source.counts()["suricata_release"] in SUPPORTED_UNTIL


@on_each_suricata
def test_the_configuration_gives_no_warnings(packets, tmp_path):
    run_over(packets, tmp_path / "run", SuricataConfig())
    log = [json.loads(line) for line in (tmp_path / "run" / "suricata.log").read_text().splitlines()]
    assert [entry for entry in log if entry["log_level"] in ("Warning", "Error")] == []


@pytest.mark.data
@pytest.mark.parametrize("reads", [True, False])
def test_key_exchanges_come_with_a_capture_s_last_batch(folder, data, reads):
    capture = data / "captures/pcap/benign/pq-tls/tls_chrome-1250-tls-x25519-kyber.pcap"
    (folder.folder / "c.pcap").write_bytes(capture.read_bytes())
    folder.source = CaptureFolder(
        name="c",
        sensor="a",
        folder=folder.folder,
        work=folder.work,
        config=SuricataConfig(homes=HOMES),
        engine=folder.engine,
        key_exchanges=reads,
    )
    folder.poll()
    folder.poll()
    got = folder.kept[-1].tables.get("kex")
    assert (None if got is None else got["negotiated_group"].to_pylist()) == (
        ["X25519Kyber768Draft00"] if reads else None
    )
