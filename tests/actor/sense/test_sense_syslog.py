"""Syslog as it is sent, framed either way over three transports; hostile senders cost themselves; losses are loud."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.sense.base import Accounted, SourceBroken
from bavn.actor.sense.spool import sender_bytes
from bavn.actor.sense.syslog.admission import NOT_LISTED, TOO_FAST, TOO_MANY, Admission, SyslogSettings
from bavn.actor.sense.syslog.frames import CUT_OFF, TOO_LARGE_COUNT, TOO_LONG, Framer
from bavn.actor.sense.syslog.receiver import SyslogAddresses, SyslogReceiver, SyslogTiming
from bavn.actor.sense.syslog.sockets import HALF, IDLE, TCP, TLS, UDP, address_of
from tests.waiting import until

NOW_US = 1_795_566_859_000_000
LINE = b"<30>Nov 25 00:34:19 dns1 dnsmasq[1]: query[A] host%d.example.com from 10.0.0.%d"
WAIT_S = 20


def line(n):
    return LINE % (n, n % 250)


@pytest.fixture
def listening(tmp_path, engine):
    """Starts receivers on loopback ports of their own."""
    made = []

    def start(*channels, mark=None, tick=time.monotonic, certificate=None, folder="spool", **more):
        settings = SyslogSettings(**{"senders": (), **more})
        source = SyslogReceiver(
            name="syslog",
            sensor="s1",
            folder=tmp_path / folder,
            settings=settings,
            timing=SyslogTiming(now_us=lambda: NOW_US, tick=tick, gather_s=0.0),
            at=SyslogAddresses(listen=dict.fromkeys(channels or (UDP, TCP), "127.0.0.1:0"), certificate=certificate),
            mark=mark,
            engine=engine,
        )
        made.append(source)
        return source

    yield start
    for source in made:
        source.close()


def gathered(source, wanted, look=lambda batches: sum(b.lines for b in batches)):
    """Batches until they hold so many lines."""
    batches, end = [], time.monotonic() + WAIT_S
    while look(batches) < wanted:
        assert time.monotonic() < end, f"{look(batches)} of {wanted}: {source.counts()}"
        batches += source.poll()
        time.sleep(0.02)
    return batches


def names(batches):
    return [name for batch in batches if "dns" in batch.tables for name in batch.tables["dns"]["rrname"].to_pylist()]


def connected(source, channel=TCP):
    return socket.create_connection(("127.0.0.1", source.ports[channel]), timeout=WAIT_S)


def test_datagrams_and_both_framings_become_records(listening) -> None:
    source = listening(UDP, TCP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(line(1), ("127.0.0.1", source.ports[UDP]))
        udp.sendto(line(2) + b"\n\0", ("127.0.0.1", source.ports[UDP]))
    with connected(source) as lined, connected(source) as counted:
        lined.sendall(line(3) + b"\n" + line(4) + b"\r\n" + line(5))
        counted.sendall(b"%d %s%d %s" % (len(line(6)), line(6), len(line(7)), line(7)))
    batches = gathered(source, 7)
    assert sorted(names(batches)) == [f"host{n}.example.com" for n in range(1, 8)]
    assert isinstance(source, Accounted)
    assert source.counts()["received_messages"] == 7
    assert {loss.what: loss.count for loss in source.losses()} == {
        "kernel_drops": 0,
        "queue_full": 0,
        "spool_damaged": 0,
        "spool_deleted": 0,
    }


def test_what_was_received_outlives_the_node_and_is_read_once(listening) -> None:
    source = listening(TCP)
    with connected(source) as sender:
        sender.sendall(b"".join(line(n) + b"\n" for n in range(100)))
    first = gathered(source, 100)
    with connected(source) as sender:
        sender.sendall(b"".join(line(n) + b"\n" for n in range(100, 150)))
    until(lambda: source.counts()["received_messages"] == 150, "all received")
    source.close()
    again = listening(TCP, mark=first[-1].mark)
    assert names(gathered(again, 50)) == [f"host{n}.example.com" for n in range(100, 150)]


def test_kill_9_loses_nothing_that_was_counted(tmp_path, engine) -> None:
    code = (
        "import sys, time, pathlib\nfrom bavn.actor.sense.syslog.receiver import *\n"
        "s = SyslogReceiver(name='syslog', sensor='s', folder=pathlib.Path(sys.argv[1]),"
        " at=SyslogAddresses(listen={TCP: '127.0.0.1:0'}),"
        " settings=SyslogSettings(senders=()), timing=SyslogTiming(now_us=lambda: 1))\n"
        "print(s.ports[TCP], flush=True)\n"
        "while True:\n print(s.counts()['received_messages'], flush=True)\n time.sleep(0.001)\n"
    )
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", code, str(tmp_path / "spool")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as node:
        port, counted = int(node.stdout.readline()), 0
        with socket.create_connection(("127.0.0.1", port)) as sender:
            while counted < 500:
                sender.sendall(b"".join(line(n) + b"\n" for n in range(100)))
                counted = int(node.stdout.readline())
            node.send_signal(signal.SIGKILL)
            rest = node.stdout.read().split("\n")
    counted = max([counted, *(int(one) for one in rest[:-1] if one)])
    source = SyslogReceiver(
        name="syslog",
        sensor="s",
        folder=tmp_path / "spool",
        at=SyslogAddresses(listen={}),
        settings=SyslogSettings(senders=()),
        timing=SyslogTiming(now_us=lambda: NOW_US, gather_s=0.0),
        engine=engine,
    )
    assert sum(batch.lines for batch in source.poll()) >= counted
    source.close()


def test_a_hostile_sender_costs_one_refusal_and_others_go_on(listening) -> None:
    source = listening(TCP, line_bytes_max=1000)
    good = connected(source)
    good.sendall(line(0) + b"\n")
    with connected(source) as endless:
        endless.sendall(b"<13>" + b"A" * 5000)
        endless.sendall(b"B" * 3000 + b"\n" + line(1) + b"\n")
    with connected(source) as huge:
        huge.sendall(b"9999999 <13>x")
        assert huge.recv(1) == b""
    with connected(source) as flood:
        try:
            for _ in range(1000):
                flood.sendall(b"C" * 4096)
        except OSError:
            pass
        else:
            pytest.fail("a line without an end was read for ever")
    with connected(source) as binary:
        binary.sendall(bytes(range(256)) * 2 + b"\n\xff\xfe<\0>\n")
    with connected(source) as half:
        half.sendall(b"500 <13>only half")
    good.sendall(line(2) + b"\n")
    until(lambda: source.counts()["connections"] == 1, "the good")
    batches = gathered(source, 3, lambda found: len(names(found)))
    good.close()
    assert sorted(names(batches)) == [f"host{n}.example.com" for n in range(3)]
    reasons = [refusal.why.en for batch in batches for refusal in batch.refusals if refusal.line == 0]
    assert sorted(reasons) == sorted(one.en for one in (TOO_LONG, TOO_LONG, TOO_LARGE_COUNT, CUT_OFF))
    named = [refusal.file for batch in batches for refusal in batch.refusals if refusal.line]
    assert named
    assert set(named) == {"syslog 127.0.0.1 tcp"}


def test_who_is_not_listed_who_is_too_fast_and_who_is_too_many_is_refused(listening) -> None:
    source = listening(UDP, TCP, lines_per_s_max=1, connections_max=2, tick=lambda: 0.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for n in range(5):
            udp.sendto(line(n), ("127.0.0.1", source.ports[UDP]))
    until(lambda: source.counts().get(f"refused: {TOO_FAST}") == 3, "refusals")
    with connected(source), connected(source) as second:
        assert second.recv(1) == b""
    assert source.counts()[f"refused: {TOO_MANY}"] == 1
    admission = Admission(SyslogSettings(senders=("10.0.0.0/8",)), lambda: 0.0)
    assert admission.may_send("10.1.2.3")
    assert admission.may_send("::ffff:10.1.2.3")
    assert admission.may_send("::1")
    assert not admission.may_send("192.0.2.1")
    assert not admission.may_send("junk")
    assert NOT_LISTED


@pytest.mark.slow
def test_a_slow_sender_is_let_go_and_a_silent_one(listening) -> None:
    now = [0.0]
    source = listening(TCP, tick=lambda: now[0], idle_s=100.0, half_s=10.0)
    slow, silent = connected(source), connected(source)
    slow.sendall(b"<13>x")
    until(lambda: source.counts()["connections"] == 2, "both")
    time.sleep(0.2)
    now[0] = 11.0
    assert slow.recv(1) == b""
    now[0] = 111.0
    assert silent.recv(1) == b""
    assert source.counts()[f"refused: {HALF}"] == source.counts()[f"refused: {IDLE}"] == 1
    slow.close(), silent.close()


@pytest.mark.slow
def test_a_full_spool_makes_connections_wait_and_datagrams_lost_loudly(listening) -> None:
    source = listening(UDP, TCP, spool_bytes_max=20_000)
    with connected(source) as sender:
        sender.sendall(b"".join(line(n) + b"\n" for n in range(400)))
        until(lambda: source.lag_bytes() > 19_000, "full")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(line(1) * 100, ("127.0.0.1", source.ports[UDP]))
        until(lambda: source.losses()[1].count == 1, "the loss")
        found = []
        until(lambda: found.extend(source.poll()) or len(names(found)) == 400, "all of it")
    assert names(found) == [f"host{n}.example.com" for n in range(400)]


def authority(tmp_path, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


def test_tls_takes_who_shows_the_right_certificate_and_nobody_else(listening, tmp_path) -> None:
    server, client = authority(tmp_path, "server"), authority(tmp_path, "client")
    source = listening(TLS, certificate=(*server, client[0]))
    context = ssl.create_default_context(cafile=server[0])
    plain = connected(source, TLS)
    plain.sendall(b"<13>not TLS at all\n" * 10)
    # TLS 1.3 lets the client believe that it is in until it hears otherwise: by an error, or by the end.
    with (
        contextlib.suppress(OSError),
        connected(source, TLS) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as nobody,
    ):
        nobody.sendall(line(9) + b"\n")
        assert nobody.recv(1) == b""
    context.load_cert_chain(*client)
    with connected(source, TLS) as raw, context.wrap_socket(raw, server_hostname="localhost") as sender:
        sender.sendall(b"%d %s" % (len(line(1)), line(1)))
        assert names(gathered(source, 1)) == ["host1.example.com"]
    assert source.counts()["received_messages"] == 1
    plain.close()


def test_who_is_in_the_middle_of_a_handshake_is_hung_up_on_when_it_closes(listening, tmp_path) -> None:
    source = listening(TLS, certificate=(*authority(tmp_path, "server"), None))
    with connected(source, TLS) as mute:
        time.sleep(0.2)
        source.close()
        mute.settimeout(WAIT_S)
        with contextlib.suppress(ConnectionError):
            assert mute.recv(1) == b""


def test_where_it_cannot_listen_it_says_what_to_do(listening, tmp_path, engine) -> None:
    source = listening(TCP)
    for listen, channel, said in (
        (f"127.0.0.1:{source.ports[TCP]}", TCP, "in use"),
        ("nonsense", UDP, "not address:port"),
        ("127.0.0.1:0", TLS, "syslog_certificate_file"),
    ):
        with pytest.raises(SourceBroken, match=said):
            SyslogReceiver(
                name="syslog",
                sensor="s",
                folder=tmp_path / "x",
                at=SyslogAddresses(listen={channel: listen}),
                engine=engine,
                settings=SyslogSettings(senders=()),
                timing=SyslogTiming(now_us=lambda: NOW_US),
            )
    assert address_of("[::1]:514") == ("::1", 514)
    assert sender_bytes("::1")


def test_the_kernel_s_drops_are_counted(listening) -> None:
    source = listening(UDP)
    made = source._ears._sockets[0][1]
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    os.sched_yield()
    end = time.monotonic() + WAIT_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        while source.losses()[0].count == 0:
            assert time.monotonic() < end
            for n in range(2000):
                udp.sendto(line(n) * 20, ("127.0.0.1", source.ports[UDP]))


@given(
    st.lists(st.binary(min_size=1, max_size=50).map(lambda b: b"<" + b.translate(None, b"\r\n\0"))),
    st.lists(st.booleans(), min_size=1),
    st.integers(1, 30),
    st.booleans(),
)
@settings(max_examples=100)
def test_messages_come_out_as_they_went_in_however_they_are_cut(messages, counted, size, last) -> None:
    ways = [counted[n % len(counted)] for n in range(len(messages))]
    sent = b"".join(b"%d %s" % (len(m), m) if way else m + b"\n" for m, way in zip(messages, ways, strict=True))
    if last and messages and not ways[-1]:
        sent = sent[:-1]
    framer = Framer(100)
    came = [m for at in range(0, len(sent), size) for m in framer.feed(sent[at : at + size])] + framer.end()
    assert (came, framer.refused, framer.broken) == (messages, [], False)


@given(st.lists(st.binary(max_size=200)))
@settings(max_examples=100)
def test_any_bytes_are_bounded(parts) -> None:
    framer = Framer(64)
    for part in parts:
        assert all(len(message) <= 64 for message in framer.feed(part))
        assert len(framer._held) <= 64 + 200
    framer.end()
