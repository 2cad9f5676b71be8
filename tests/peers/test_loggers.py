"""Other people's loggers: rsyslog and syslog-ng hand on what a resolver logs, in both formats over UDP, TCP and TLS;
every line is a record once, and a node that was away gets what they kept."""

import socket
import time
from datetime import UTC, datetime

import pytest

from bavn.actor.sense.syslog.admission import SyslogSettings
from bavn.actor.sense.syslog.receiver import SyslogAddresses, SyslogReceiver, SyslogTiming
from bavn.actor.sense.syslog.sockets import TCP, TLS, UDP
from bavn.model.record import address_text
from tests.conftest import ROOT
from tests.peers.program import running

pytestmark = pytest.mark.slow
WAIT_S = 60
LINES = 40
CHANNELS = {"udp": UDP, "tcp": TCP, "tls": TLS}
UNPACKED = ROOT / ".venv-peers/syslog-ng"


class Node:
    """A node's syslog receiver, and what became of the lines."""

    def __init__(self, folder, engine, certificate, mark=None, listen=None):
        self.batches = []
        self.source = SyslogReceiver(
            name="syslog",
            sensor="s1",
            folder=folder / "spool",
            settings=SyslogSettings(senders=()),
            timing=SyslogTiming(now_us=lambda: time.time_ns() // 1000, gather_s=0.0),
            at=SyslogAddresses(
                listen=listen or dict.fromkeys((UDP, TCP, TLS), "127.0.0.1:0"),
                certificate=(certificate / "ca.pem", certificate / "key.pem", None),
            ),
            engine=engine,
            mark=mark,
        )

    def rows(self, wanted):
        end = time.monotonic() + WAIT_S
        while len(rows := self.dns()) < wanted:
            assert time.monotonic() < end, (len(rows), self.source.counts(), self.batches[-3:])
            self.batches += self.source.poll()
            time.sleep(0.05)
        time.sleep(0.3)
        self.batches += self.source.poll()  # a line that came twice would be here
        assert sum(batch.refused for batch in self.batches) == 0, [batch.refusals for batch in self.batches]
        return self.dns()

    def dns(self):
        return [row for batch in self.batches if "dns" in batch.tables for row in batch.tables["dns"].to_pylist()]


@pytest.fixture
def node(tmp_path, engine, certificate):
    made = Node(tmp_path, engine, certificate)
    yield made
    made.source.close()


def log(path, numbers):
    """What dnsmasq writes to /dev/log."""
    until = time.monotonic() + WAIT_S
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(str(path))
        for n in numbers:
            stamp = datetime.now(UTC).strftime("%b %e %H:%M:%S")
            line.send(f"<30>{stamp} dnsmasq[7]: query[A] host{n}.example.com from 10.0.0.{n}".encode())


RSYSLOG = """
global(workDirectory="{folder}" net.enableDNS="off")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{folder}/log" CreatePath="on" useSysTimeStamp="off" rateLimit.Interval="0")
$DefaultNetstreamDriverCAFile {ca}
action(type="omfwd" Target="{target}" Port="{port}" Protocol="{protocol}" Template="{template}" {more})
"""
RSYSLOG_TLS = (
    'StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="{name}"'
)
FORMATS = {"3164": "RSYSLOG_TraditionalForwardFormat", "5424": "RSYSLOG_SyslogProtocol23Format"}


def rsyslog(folder, certificate, node, way, form, more=""):
    file = folder / "rsyslog.conf"
    if way == "tls":
        more += RSYSLOG_TLS.format(name="localhost")
    if form == "5424" and way != "udp":
        more += ' TCP_Framing="octet-counted"'
    file.write_text(
        RSYSLOG.format(
            folder=folder,
            ca=certificate / "ca.pem",
            target="127.0.0.1",
            port=node.source.ports[CHANNELS[way]],
            protocol="udp" if way == "udp" else "tcp",
            template=FORMATS[form],
            more=more,
        )
    )
    return running("rsyslogd", "-n", "-f", file, "-i", folder / "pid")


SYSLOG_NG = """@version: 4.8
@module afsocket
options {{ use-dns(no); dns-cache(no); keep-hostname(yes); stats(freq(0)); }};
source s {{ unix-dgram("{folder}/log"); }};
destination d {{ {destination} }};
log {{ source(s); destination(d); }};
"""


def syslog_ng(folder, certificate, node, way, form):
    file = folder / "syslog-ng.conf"
    tls = f' tls(ca-file("{certificate}/ca.pem") peer-verify(required-trusted))' if way == "tls" else ""
    kind = "syslog" if form == "5424" else "network"
    where = f'{kind}("localhost" port({node.source.ports[CHANNELS[way]]}) transport("{way}"){tls});'
    file.write_text(SYSLOG_NG.format(folder=folder, destination=where))
    own = [f"--{name}={folder}/{name}" for name in ("persist-file", "pidfile", "control")]
    libraries = f"{UNPACKED}/usr/lib/syslog-ng"
    paths = {"LD_LIBRARY_PATH": libraries}
    modules = f"--module-path={libraries}/4.8" if UNPACKED.exists() else "--no-caps"
    return running("syslog-ng", "-F", "--no-caps", "-f", file, modules, *own, env=paths)


WAYS = [(way, form) for way in CHANNELS for form in FORMATS]


@pytest.mark.rsyslogd
@pytest.mark.parametrize(("way", "form"), WAYS)
def test_rsyslog_hands_on_every_line(tmp_path, node, certificate, way, form) -> None:
    with rsyslog(tmp_path, certificate, node, way, form):
        handed_on(tmp_path, node)


@pytest.mark.syslog_ng
@pytest.mark.parametrize(("way", "form"), WAYS)
def test_syslog_ng_hands_on_every_line(tmp_path, node, certificate, way, form) -> None:
    with syslog_ng(tmp_path, certificate, node, way, form):
        handed_on(tmp_path, node)


def handed_on(folder, node):
    log(folder / "log", range(LINES))
    rows = node.rows(LINES)
    assert sorted(row["rrname"] for row in rows) == sorted(f"host{n}.example.com" for n in range(LINES))
    assert {(row["rrname"], address_text(row["src"])) for row in rows} == {
        (f"host{n}.example.com", f"10.0.0.{n}") for n in range(LINES)
    }
    assert all(abs(row["ts"].timestamp() - time.time()) < 60 for row in rows), rows[0]["ts"]


@pytest.mark.rsyslogd
def test_rsyslog_sends_nothing_to_a_node_whose_certificate_is_anothers(tmp_path, node, certificate) -> None:
    file = tmp_path / "rsyslog.conf"
    file.write_text(
        RSYSLOG.format(
            folder=tmp_path,
            ca=certificate / "ca.pem",
            target="127.0.0.1",
            port=node.source.ports[TLS],
            protocol="tcp",
            template=FORMATS["5424"],
            more=RSYSLOG_TLS.format(name="other.example"),
        )
    )
    with running("rsyslogd", "-n", "-f", file, "-i", tmp_path / "pid") as program:
        log(tmp_path / "log", range(3))
        until = time.monotonic() + WAIT_S
        while "peer name not authorized" not in program.said():
            assert time.monotonic() < until, program.said()
            time.sleep(0.1)
    assert list(node.source.poll()) == []
    assert node.source.counts()["received_messages"] == 0


@pytest.mark.rsyslogd
def test_a_node_that_was_away_gets_what_rsyslog_kept(tmp_path, node, engine, certificate) -> None:
    kept = ' queue.type="LinkedList" action.resumeRetryCount="-1" action.resumeInterval="1" '
    with rsyslog(tmp_path, certificate, node, "tcp", "5424", kept):
        log(tmp_path / "log", range(5))
        first = node.rows(5)
        mark, port = node.batches[-1].mark, node.source.ports[TCP]
        node.source.close()
        time.sleep(0.5)
        log(tmp_path / "log", range(5, 30))
        time.sleep(0.5)
        again = Node(tmp_path, engine, certificate, mark, {TCP: f"127.0.0.1:{port}"})
        try:
            names = {row["rrname"] for row in first + again.rows(24)}
        finally:
            again.source.close()
    lost = {f"host{n}.example.com" for n in range(30)} - names
    assert lost <= {"host5.example.com"}, "syslog knows no acknowledgement: what was under way is lost, no more"
