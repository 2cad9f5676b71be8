"""The centre among bad callers: bounded in bytes and time, silent about its insides, and it ends when it must."""

import asyncio
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi import HTTPException

from bavn.app.centre.server import CentreBroken
from bavn.app.net import tls_server
from bavn.app.net.member_service import MemberService, ServiceLimits
from bavn.app.net.throttle import Throttle
from bavn.model.ports import LinkDown
from bavn.traffic.dice import SeededDice
from bavn.wire import frames
from bavn.wire.gate import GateBroken
from bavn.wire.links.enrolment import enrol
from bavn.wire.links.https import LinkLimits, context, link_of
from bavn.wire.safe import Safe
from tests.app.waiting import until

LEAST = LinkLimits(request_s=5.0, pull_s=5.0)


@pytest.fixture
def raw(stand):
    """Sends raw bytes over TLS as an enrolled node and returns all that comes back until the end or ``wait_s``."""
    safe = stand.enrol("region-a")
    tls = context(safe.authority.read_text(), safe.certificate, safe.tls_key)

    def send(data, wait_s=5.0):
        with (
            socket.create_connection(("127.0.0.1", stand.server.port), timeout=wait_s) as plain,
            tls.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            with suppress(ConnectionError):  # it may answer and hang up before all is sent
                secure.sendall(data)
            answer = b""
            try:
                while piece := secure.recv(65536):
                    answer += piece
                    head, _, body = answer.partition(b"\r\n\r\n")
                    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                    if length and len(body) >= int(length[0].split(b":")[1]):
                        break
            except (TimeoutError, ssl.SSLError, ConnectionError):
                pass
            return answer

    send.tls, send.safe = tls, safe
    return send


def request(method="POST", path="/v1/messages", body=b"", **headers):
    given = {"host": "x", "content-type": frames.CONTENT_TYPE, "content-length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items() if value is not None)
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else 0


BAD_REQUESTS = [
    (request(**{"content-length": "999999999"}), 413),
    (request(**{"content-length": "9" * 15}), 413),
    (request(**{"content-length": "9" * 60}), 400),
    (request(**{"content-length": None}), 411),
    (request(**{"content-type": "text/plain"}), 415),
    (request(**{"content-type": None}), 415),
    (request(body=b"\x00\x00\x00\x09abc"), 400),
    (request(body=b"\xff" * 40), 400),
    (request(body=b""), 200),
    (request(method="PUT"), 405),
    (request(path="/v1/nothing"), 404),
    (request(path="/openapi.json", method="GET"), 404),
    (request(path="/docs", method="GET"), 404),
    (request(method="GET", path="/v1/messages?after=-1"), 400),
    (request(method="GET", path="/v1/messages?after=1e3"), 400),
    (request(method="GET", path="/v1/messages?after=99999999999999999"), 400),
    (request(method="GET", path="/v1/messages?wait_s=nan"), 400),
    (request(method="GET", path="/v1/messages?wait_s=1e9"), 400),
    (request(path="/v1/renew", body=b"{}", **{"content-type": "application/json"}), 400),
    (request(path="/v1/renew", body=b"[" * 30_000, **{"content-type": "application/json"}), 400),
    (request(path="/v1/enrol", **{"content-type": "application/json", "content-length": "40000"}), 413),
    (b"\x00\x01\x02garbage\r\n\r\n", 400),
]


@pytest.mark.slow
def test_each_bad_request_has_its_answer_and_none_speaks_of_the_inside(raw, stand) -> None:
    for sent, code in BAD_REQUESTS:
        answer = raw(sent)
        assert status(answer) == code, sent[:100]
        head, _, body = answer.partition(b"\r\n\r\n")
        for word in (b"Traceback", b"bavn.", b"python", b"uvicorn", b"File "):
            assert word not in body.replace(b"vnd.bavn.", b""), sent[:100]
        assert b"server:" not in head.lower()
        if b"problem+json" in head:
            assert json.loads(body)["status"] == code
    assert stand.centre.inbox.ledger.lines() == []


@pytest.mark.parametrize(("path", "kind"), [("/v1/messages", frames.CONTENT_TYPE), ("/v1/enrol", "application/json")])
def test_a_body_in_pieces_is_not_read_whatever_length_it_announces(raw, path, kind) -> None:
    """Pieces go before the length, so that ten announced bytes could be followed by any number."""
    headers = {"content-type": kind, "content-length": "10", "transfer-encoding": "chunked"}
    piece = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    assert status(raw(request(path=path, **headers) + 8 * piece + b"0\r\n\r\n")) in (411, 0)
    assert status(raw(request(path=path, **headers) + b"1\r\nx\r\n0\r\n\r\n")) == 411


def test_a_header_too_long_is_refused_or_cut_off(raw, stand) -> None:
    """The answer may be lost where the connection is cut while the header is still being sent."""
    assert status(raw(request(long="y" * 1_000_000))) in (400, 0)
    assert stand.centre.inbox.ledger.lines() == []


@pytest.mark.slow
@pytest.mark.parametrize("begun", [b"", b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx"])
def test_a_header_that_never_ends_is_ended(raw, monkeypatch, begun) -> None:
    monkeypatch.setattr(tls_server, "HEADER_S", 0.3)
    start = time.monotonic()
    assert raw(begun, wait_s=8) == b""
    assert time.monotonic() - start < 4


@pytest.mark.slow
def test_a_body_that_drips_is_ended_and_one_longer_than_announced_cut_off(stand_up) -> None:
    stand = stand_up(body_s=0.3)
    safe = stand.enrol("region-a")
    tls = context(safe.authority.read_text(), safe.certificate, safe.tls_key)
    with (
        socket.create_connection(("127.0.0.1", stand.server.port), timeout=8) as plain,
        tls.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        secure.sendall(request(**{"content-length": "500"}) + b"\x00")
        assert status(secure.recv(65536)) == 408
    given = [bytes(600), bytes(600), bytes(600)]
    read = []

    class Asking:
        async def stream(self):
            for piece in given:
                read.append(piece)
                yield piece

    service = MemberService(None, ServiceLimits(), lambda _: None)
    with pytest.raises(HTTPException) as refused:
        asyncio.run(service.body(Asking(), 1000))
    assert refused.value.status_code == 413
    assert len(read) == 2
    assert len(asyncio.run(service.body(Asking(), 1800))) == 1800


@pytest.mark.slow
def test_a_body_that_its_sender_leaves_in_the_middle_is_no_fault_of_the_centres(raw, stand, caplog) -> None:
    """A node that is ended, or a network that breaks, leaves bodies half sent: they are not counted as failures, nor
    written into the log, which somebody else could fill."""
    for _ in range(3):
        with (
            socket.create_connection(("127.0.0.1", stand.server.port), timeout=5) as plain,
            raw.tls.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            secure.sendall(request(body=b"x" * 5000)[:-4900])
            time.sleep(0.3)
    time.sleep(0.5)
    assert status(raw(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")) == 200
    assert [line.getMessage() for line in caplog.records if line.levelname in ("ERROR", "CRITICAL")] == []


def test_too_much_at_once_is_a_link_that_is_down_and_a_throttle_counts_by_the_minute(stand_up) -> None:
    stand = stand_up(requests_per_minute_max=3)
    safe, other = stand.enrol("region-a"), stand.enrol("region-b")
    with stand.link(safe, LEAST) as link:
        for _ in range(2):
            link.post([b"x"])
        link.pull(0, 0)
        with pytest.raises(LinkDown, match="429"):
            link.pull(0, 0)
    with stand.link(other, LEAST) as link:
        assert link.pull(0, 0) == []
    assert len(stand.centre.inbox.ledger.lines()) == 2, "what is throttled is not offered"
    now = [0.0]
    throttle = Throttle(2, 100, lambda: now[0])
    assert [throttle.too_much("a", 10) for _ in range(3)] == [False, False, True]
    assert not throttle.too_much("b", 100)
    assert throttle.too_much("b", 1)
    now[0] = 60.0
    assert not throttle.too_much("a", 100)


def test_the_oldest_of_many_waiting_pulls_is_let_go(stand) -> None:
    safe = stand.enrol("region-a")
    ended = []

    def wait(n):
        with stand.link(safe, LEAST) as link:
            link.pull(0, 20)
            ended.append(n)

    threads = [threading.Thread(target=wait, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    threads[0].join(0.1)
    until(lambda: len(ended) == 3, 15, lambda: "two may wait at one time")
    stand.server.stop()
    for thread in threads:
        thread.join(10)
    assert len(ended) == 5


def test_a_broken_gate_stops_the_process(stand) -> None:
    safe = stand.enrol("region-a")

    def breaks(actor, envelopes):
        raise GateBroken("a rule slipped")

    stand.centre.receive = breaks
    with stand.link(safe, LEAST) as link, pytest.raises(LinkDown, match="500"):
        link.post([b"x"])
    assert stand.ended.wait(10)
    assert isinstance(stand.broken, CentreBroken)
    assert "a rule slipped" in str(stand.broken)


def test_a_step_that_fails_stops_the_process(stand) -> None:
    stand.centre.stepping = lambda: 1 / 0
    assert stand.ended.wait(10)
    assert "ZeroDivisionError" in str(stand.broken)


def test_an_accepted_post_hastens_the_next_step(stand_up) -> None:
    stand = stand_up(step_every_s=60.0)
    safe = stand.enrol("region-a")
    stepped = threading.Event()
    stand.centre.stepping = stepped.set
    with stand.link(safe, LEAST) as link:
        link.post([b"x"])
    assert stepped.wait(10)


@pytest.mark.slow
def test_sigterm_ends_it_within_seconds_while_a_node_waits(tmp_path) -> None:
    script = Path(__file__).with_name("serve_centre.py")
    with subprocess.Popen([sys.executable, script, tmp_path], stdout=subprocess.PIPE, text=True) as served:
        port, pin, token = served.stdout.readline().split()
        url, safe = f"https://127.0.0.1:{port}", Safe(tmp_path / "node")
        enrol(url, pin, "region-a", token, safe, SeededDice(1, "a"), LEAST)

        class Now:
            def now_us(self):
                return time.time_ns() // 1000

        link = link_of(url, safe, Now(), LEAST)
        waiting = threading.Thread(target=lambda: outcome.append(link.pull(0, 25)))
        outcome = []
        waiting.start()
        waiting.join(0.5)
        start = time.monotonic()
        served.send_signal(signal.SIGTERM)
        assert served.wait(10) == 0
        assert time.monotonic() - start < 6
        assert "ended in order" in served.stdout.read()
        waiting.join(10)
        link.close()
        assert outcome == [[]]


def sockets_of_this_process() -> set[str]:
    links = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # one was for the listing itself
            links.add(str(descriptor.readlink()))
    return {link for link in links if link.startswith("socket:")}


@pytest.mark.slow
def test_who_reads_nothing_any_more_leaves_no_connection_behind_when_the_centre_ends(stand) -> None:
    safe = stand.enrol("region-a")
    tls = context(safe.authority.read_text(), safe.certificate, safe.tls_key)
    before = sockets_of_this_process()
    with (
        socket.create_connection(("127.0.0.1", stand.server.port)) as plain,
        tls.wrap_socket(plain, server_hostname="127.0.0.1") as mute,
    ):
        mute.sendall(b"GET /v1/nothing HTTP/1.1\r\nHost: a\r\n\r\n")
        assert mute.recv(1) == b"H"
        stand.server.stop()
        assert stand.ended.wait(20)
        assert len(sockets_of_this_process() - before) == 1, "the one end that this test holds"
