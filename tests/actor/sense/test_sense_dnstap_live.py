"""dnstap from a resolver that runs: Frame Streams over a socket, a real unbound, and what no resolver sends."""

import socket
import stat
import subprocess
from itertools import pairwise

import dns.message
import dns.query
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_sense_dnstap import START, STOP, frame, story

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.dnstap.frames import CONTENT
from bavn.actor.sense.dnstap.receiver import ACCEPTED, FINISHED, DnstapReceiver, dnstap_messages
from bavn.actor.sense.flows.spool import SLOT_US
from bavn.model.record import address_text
from bavn.model.settings import SettingsError
from tests.waiting import until

DEADLINE_S = 30
READY = START[:11] + b"\4" + START[12:]


class Clock:
    def __init__(self):
        self.us = 1_795_608_000_000_000

    def now_us(self):
        return self.us


class Made:
    """A receiver whose slots end when the test says so."""

    def __init__(self, folder, listen, mark=None):
        self.clock = Clock()
        self.source = DnstapReceiver(
            name="dnstap",
            sensor="s",
            listen=listen,
            senders=("127.0.0.0/8",),
            folder=folder / "spool",
            clock=self.clock,
            mark=mark,
        )
        self.batches = list(self.source.poll())

    def heard(self, count):
        until(lambda: self.source.counts()["received_messages"] >= count)

        def more():
            self.clock.us += SLOT_US
            self.batches += self.source.poll()
            return sum(batch.lines for batch in self.batches) >= count

        until(more)
        return [row for batch in self.batches if "dns" in batch.tables for row in batch.tables["dns"].to_pylist()]


@pytest.fixture
def made(tmp_path):
    one = Made(tmp_path, str(tmp_path / "tap.sock"))
    yield one
    one.source.close()


@pytest.mark.slow
def test_a_resolver_is_accepted_heard_and_let_go(made, tmp_path) -> None:
    asked, told = story()
    path = tmp_path / "tap.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with socket.socket(socket.AF_UNIX) as resolver:
        resolver.settimeout(DEADLINE_S)
        resolver.connect(str(path))
        resolver.sendall(READY)
        assert resolver.recv(len(ACCEPTED)) == ACCEPTED
        resolver.sendall(START + frame(5, asked) + frame(6, told) + frame(3, asked) + frame(5, b"junk") + STOP)
        assert resolver.recv(len(FINISHED)) == FINISHED
        assert resolver.recv(1) == b""
    rows = made.heard(4)
    assert [(row["rrname"], row["answered"], row["answers"]) for row in rows] == [
        ("www.x.dk", False, None),
        ("www.x.dk", True, ["192.0.2.1"]),
    ]
    assert (sum(b.passed for b in made.batches), sum(b.refused for b in made.batches)) == (1, 1)
    made.source.close()
    assert not path.exists()


@pytest.mark.slow
def test_what_was_not_kept_is_read_again_at_the_next_start(made, tmp_path) -> None:
    asked, _ = story()
    with socket.socket(socket.AF_UNIX) as resolver:
        resolver.connect(str(tmp_path / "tap.sock"))
        resolver.sendall(START + frame(5, asked))
        until(lambda: made.source.counts()["received_messages"] == 1)
    made.source.close()
    again = Made(tmp_path, str(tmp_path / "tap.sock"))
    again.clock.us += SLOT_US
    until(lambda: [again.batches.extend(again.source.poll()), again.batches][1])
    assert again.batches[0].rows == 1
    again.source.acknowledge(again.batches[-1].mark)
    again.source.close()


def test_a_place_that_cannot_be_and_another_content_are_refused(tmp_path) -> None:
    with pytest.raises(SettingsError, match="dnstap_listen must"):
        Made(tmp_path, "resolver")
    with pytest.raises(SourceBroken, match="dnstap cannot be received at"):
        Made(tmp_path, str(tmp_path / ("long" * 40)))
    with pytest.raises(SourceBroken, match="no place in it"):
        Made(tmp_path, str(tmp_path / "s"), mark="x")
    other = READY.replace(CONTENT, b"x" * len(CONTENT))
    assert dnstap_messages(bytearray(other)) == ([], b"", True)


@given(st.binary(max_size=400))
def test_any_bytes_are_cut_within_bounds(data) -> None:
    part = bytearray(data)
    made, reply, over = dnstap_messages(part)
    assert sum(map(len, made)) <= len(data) + 1
    assert len(reply) <= len(ACCEPTED) * (len(data) // 12 + 1)
    assert over or len(part) <= len(data)


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=5), st.lists(st.integers(0, 500), max_size=8))
def test_frames_are_the_same_however_they_come(bodies, at) -> None:
    stream = READY + START + b"".join(len(body).to_bytes(4) + body for body in bodies) + STOP
    cuts = sorted({0, len(stream), *(point % len(stream) for point in at)})
    part, made, replies, over = bytearray(), [], b"", False
    for begin, end in pairwise(cuts):
        part += stream[begin:end]
        some, reply, over = dnstap_messages(part)
        made += some
        replies += reply
    assert (made, replies, over) == (bodies, ACCEPTED + FINISHED, True)


@pytest.mark.slow
@pytest.mark.unbound
def test_a_real_unbound_is_heard(tmp_path) -> None:
    built = subprocess.run(["unbound", "-V"], capture_output=True, text=True, check=False).stdout
    if "dnstap" not in built:
        pytest.skip("this unbound is built without dnstap")
    made = Made(tmp_path, str(tmp_path / "tap.sock"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "unbound.conf").write_text(f"""server:
 directory: "{tmp_path}"
 chroot: ""
 username: ""
 pidfile: "{tmp_path}/pid"
 interface: 127.0.0.1@{port}
 use-syslog: no
 local-zone: "x.lan." static
 local-data: "www.x.lan. A 192.0.2.1"
dnstap:
 dnstap-enable: yes
 dnstap-socket-path: "{tmp_path}/tap.sock"
 dnstap-log-client-query-messages: yes
 dnstap-log-client-response-messages: yes
remote-control:
 control-enable: no
""")
    resolver = subprocess.Popen(["unbound", "-d", "-c", str(tmp_path / "unbound.conf")], stderr=subprocess.DEVNULL)
    try:
        until(lambda: made.source.counts()["connections"])

        def answered():
            asked = dns.message.make_query("www.x.lan", "A")
            try:
                return dns.query.udp(asked, "127.0.0.1", port=port, timeout=1)
            except (OSError, dns.exception.Timeout):
                return None

        until(answered)
        until(lambda: made.source.counts()["received_messages"] >= 2)
    finally:
        resolver.terminate()
        resolver.wait(DEADLINE_S)
    rows = made.heard(2)
    made.source.close()
    assert {("www.x.lan", False), ("www.x.lan", True)} <= {(row["rrname"], row["answered"]) for row in rows}
    assert {address_text(row["src"]) for row in rows} == {"127.0.0.1"}
    assert {tuple(row["answers"]) for row in rows if row["answered"]} == {("192.0.2.1",)}
