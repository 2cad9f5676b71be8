"""A hostile centre: whatever it answers, and however slowly, the node gets LinkDown or LinkRefused and goes on."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown, LinkRefused
from bavn.traffic.dice import SeededDice
from bavn.wire import frames, seal
from bavn.wire.codec import DOWN_KINDS
from bavn.wire.links.https import PULL_BYTES_MAX, Caller, HttpsLink, LinkLimits, context
from bavn.wire.links.memory import MemoryLink
from bavn.wire.messages.catalogue import RoundClosed

IMPATIENT = LinkLimits(request_s=1.0, pull_s=0.5, connect_s=1.0)
NOW_US = time.time_ns() // 1000
AUTHORITY = Authority.make("hostile", NOW_US - DAY_US, SeededDice(1, "ca"))


@pytest.fixture(scope="session")
def server_tls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    key = new_key(SeededDice(1, "server"))
    made = AUTHORITY.certify_server(["127.0.0.1"], key.public_key(), NOW_US - DAY_US, SeededDice(2))
    (folder / "key.pem").write_bytes(key_pem(key))
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return tls


def whole_request(secure):
    """Head and body: closing with a part of it unread would reset the connection under the answer."""
    raw = secure.recv(65536)
    while raw and b"\r\n\r\n" not in raw:
        raw += (more := secure.recv(65536))
        if not more:
            return raw
    head, _, body = raw.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0)
    while len(body) < length and (more := secure.recv(65536)):
        raw, body = raw + more, body + more
    return raw


class Hostile:
    """Answers each request with whatever ``act(connection)`` does; counts connections."""

    def __init__(self, tls):
        self.tls = tls
        self.act = lambda _: None
        self.connections = 0
        self.asked = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.socket.getsockname()[1]}"

    def serve(self):
        self.socket.settimeout(0.1)
        while not self.ended.is_set():
            with suppress(TimeoutError, OSError):
                plain, _ = self.socket.accept()
                self.connections += 1
                plain.settimeout(5)
                with plain, self.tls.wrap_socket(plain, server_side=True) as secure:
                    self.asked.append(whole_request(secure))
                    self.act(secure)

    def close(self):
        self.ended.set()
        self.thread.join(20)
        self.socket.close()

    def answers(self, body=b"", status=200, kind=frames.CONTENT_TYPE, more="", length=None):
        shown = len(body) if length is None else length
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {shown}\r\n{more}\r\n"
        self.act = lambda connection: connection.sendall(head.encode() + body)


@pytest.fixture(scope="session")
def hostile(server_tls):
    made = Hostile(server_tls)
    yield made
    made.close()


@contextmanager
def link_to(url, limits=IMPATIENT):
    link = HttpsLink(url, context(AUTHORITY.pem), limits)
    try:
        yield link
    finally:
        link.close()


def both_fail(hostile, kind=LinkDown):
    """Post and pull each end in ``kind``, within their deadlines."""
    start = time.monotonic()
    with link_to(hostile.url) as link, pytest.raises(kind):
        link.pull(0, 0)
    with link_to(hostile.url) as link, pytest.raises(kind):
        link.post([b"x"])
    assert time.monotonic() - start < 6


@pytest.mark.parametrize(
    "answer",
    [
        {"body": b"garbage"},
        {"body": b"\xff" * 100},
        {"body": b"{}", "kind": "application/json"},
        {"body": b"[" * 5000, "kind": "application/json"},
        {"body": b'{"taken":["x"]}', "kind": "application/json"},
        {"body": b'{"taken":[1,2,3]}', "kind": "application/json"},
        {"body": b'{"taken":[true]}'},
        {"body": b'{"taken":[1],"taken":[1]}'},
        {"status": 500},
        {"status": 503},
        {"status": 429},
        {"status": 204},
        {"status": 206},
        {"body": b"abc", "length": 9},
        {"more": "content-encoding: gzip\r\n"},
        {"body": b"x" * 100, "more": "transfer-encoding: chunked\r\n"},
        {"more": "x: " + "y" * 300_000 + "\r\n"},
    ],
)
def test_answers_without_sense_are_a_link_that_is_down(hostile, answer) -> None:
    hostile.answers(**answer)
    both_fail(hostile)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 415])
def test_a_no_is_the_operators_business(hostile, code) -> None:
    hostile.answers(b'{"detail":"a certificate is missing"}', status=code, kind="application/problem+json")
    both_fail(hostile, LinkRefused)


def test_redirects_lead_nowhere_and_a_reason_is_shown_if_short_and_plain(hostile) -> None:
    for body, shown in (
        (b'{"detail":"too late"}', True),
        (b'{"detail":"\x1b[31mred"}', False),
        (b'{"detail":"' + b"a" * 500 + b'"}', False),
        (b'{"detail":["a"]}', False),
    ):
        hostile.answers(body, status=403)
        with link_to(hostile.url) as link, pytest.raises(LinkRefused) as caught:
            link.pull(0, 0)
        assert (":" in str(caught.value)) == shown
    hostile.asked.clear()
    before = hostile.connections
    hostile.answers(status=302, more=f"location: {hostile.url}/v1/messages\r\n")
    both_fail(hostile)
    hostile.answers(status=307, more="location: https://203.0.113.7/steal\r\n")
    both_fail(hostile)
    assert hostile.connections - before == 4, "one connection for each call and none for a redirect"


def test_an_endless_answer_is_cut(hostile) -> None:
    def flood(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        with suppress(OSError):
            for _ in range(3 * PULL_BYTES_MAX // 65536):
                connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")

    hostile.act = flood
    with (
        link_to(hostile.url, LinkLimits(request_s=20, pull_s=20)) as link,
        pytest.raises(LinkDown, match="longer than"),
    ):
        link.pull(0, 0)
    with link_to(hostile.url, LinkLimits(request_s=20)) as link, pytest.raises(LinkDown, match="longer than"):
        link.post([b"x"])


def drip(before):
    def act(connection):
        with suppress(OSError):
            connection.sendall(before)
            for _ in range(40):
                connection.sendall(b"x")
                time.sleep(0.1)

    return act


@pytest.mark.slow
@pytest.mark.parametrize(
    "before",
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n", b"HTTP/1.1 20"],
)
def test_an_answer_that_drips_ends_at_the_deadline(hostile, before) -> None:
    """Each single read succeeds, so no time-out of a read would ever end this."""
    hostile.act = drip(before)
    start = time.monotonic()
    with link_to(hostile.url) as link, pytest.raises(LinkDown):
        link.post([b"x"])
    assert time.monotonic() - start < 2.5


@pytest.mark.slow
def test_silence_ends_at_the_deadline() -> None:
    """Neither a handshake that never comes nor a port that takes no bytes holds the node."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        start = time.monotonic()
        with link_to(f"https://127.0.0.1:{mute.getsockname()[1]}") as link, pytest.raises(LinkDown):
            link.pull(0, 0)
        assert time.monotonic() - start < 3


def test_somebody_elses_centre_is_refused(server_tls, hostile) -> None:
    other = Authority.make("other", NOW_US - DAY_US, SeededDice(3, "ca"))
    link = HttpsLink(hostile.url, context(other.pem), IMPATIENT)
    with pytest.raises(LinkRefused, match="secure connection"):
        link.pull(0, 0)
    link.close()
    named = HttpsLink(hostile.url.replace("127.0.0.1", "localhost"), context(AUTHORITY.pem), IMPATIENT)
    with pytest.raises(LinkRefused, match="secure connection"):
        named.pull(0, 0)
    named.close()


def test_only_https_and_no_proxy_of_the_environment(monkeypatch, hostile) -> None:
    with pytest.raises(ValueError, match="https only"):
        Caller("http://127.0.0.1", context(AUTHORITY.pem))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    hostile.answers(b"")
    with link_to(hostile.url) as link:
        assert link.pull(0, 0) == []


def test_forged_replayed_and_misdirected_envelopes_do_not_open(hostile, key) -> None:
    """The link hands over what came; nothing of it opens but the centre's own words to this node."""
    closed = RoundClosed(round_id="0" * 32)
    sent = [
        seal.seal(key, "centre", "region-a", 1, closed),
        seal.seal(key, "centre", "region-b", 2, closed),
        seal.seal(key, "region-b", "region-a", 3, closed),
        b"garbage",
        seal.seal(key, "centre", "region-a", 4, closed)[:-1] + b"x",
    ]
    hostile.answers(frames.join(sent))
    with link_to(hostile.url) as link:
        came = link.pull(0, 0)
    assert came == sent
    opened = [seal.open({"centre": key.public_key()}, "region-a", raw, DOWN_KINDS) for raw in came]
    assert [one.rule if isinstance(one, Refused) else "opened" for one in opened] == [
        "opened",
        "wrong_recipient",
        "unknown_sender",
        "malformed_header",
        "bad_signature",
    ]


@settings(max_examples=25)
@given(answer=st.binary(max_size=300), head=st.booleans())
def test_any_bytes_are_an_answer_or_a_link_that_is_down(hostile, answer, head) -> None:
    prefix = b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n" if head else b""
    hostile.act = lambda connection: connection.sendall(prefix + answer)
    with link_to(hostile.url) as link, suppress(LinkDown, LinkRefused):
        link.pull(0, 0)


def test_the_memory_link_is_the_receivers_word() -> None:
    class Receiver:
        def receive(self, actor, envelopes):
            return [len(raw) for raw in envelopes]

        def pull(self, actor, after):
            return (f"{actor} after {after}".encode(),)

    link = MemoryLink("region-a", Receiver())
    assert link.post([b"1", b"22"]) == [1, 2]
    assert link.pull(7, 99.0) == [b"region-a after 7"]
