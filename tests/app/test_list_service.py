"""The lists over real HTTP and HTTPS: content, 304, token, and no other file."""

import base64
import contextlib
import gzip
import hashlib
import shutil
import socket
import ssl
import subprocess
import threading
import time

import httpx
import pytest

from bavn.actor.protect.enforcers.textlist import TextList
from bavn.app.node import list_service
from bavn.app.node.list_service import list_app, list_server
from bavn.app.process.failure_folder import FailureFolder
from bavn.app.process.real import SystemClock
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable
from tests.app.tls_pair import write_pair


def enforce(folder, *values) -> None:
    made = [Observable.address(v) if v[0].isdigit() else Observable.of("domain", v) for v in values]
    TextList(folder).enforce([Block(one, "indicator--x", 1) for one in made])


@contextlib.contextmanager
def running(server):
    """The server's own thread, until it listens; its port."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def client(app):
    with running(list_server(app)) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
        yield http


def test_a_list_never_written_is_empty_fetched_once_asked_for_changes_and_of_each_kind_of_address(tmp_path) -> None:
    with client(list_app(tmp_path)) as http:
        reply = http.get("/ip.txt")
    assert (reply.status_code, reply.content) == (200, b"")
    enforce(tmp_path, "evil.com", "203.0.114.9", "203.0.114.10")
    with client(list_app(tmp_path)) as http:
        first = http.get("/ip.txt")
        assert (first.status_code, first.text) == (200, "203.0.114.10\n203.0.114.9\n")
        assert http.get("/domain.txt").text == "evil.com\n"
        again = http.get("/ip.txt", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = http.head("/ip.txt")
        assert (head.status_code, head.headers["etag"], head.content) == (200, first.headers["etag"], b"")
        enforce(tmp_path, "203.0.114.9")
        changed = http.get("/ip.txt", headers={"If-None-Match": first.headers["etag"]})
        assert (changed.status_code, changed.text) == (200, "203.0.114.9\n")
        assert http.get("/domain.txt").text == ""
        assert "server" not in changed.headers
    enforce(tmp_path, "203.0.114.9", "2a00:1::7", "evil.com")
    with client(list_app(tmp_path)) as http:
        found = {name: http.get(f"/{name}").text.split() for name in ("ip.txt", "ip4.txt", "ip6.txt", "domain.txt")}
    assert found == {
        "ip.txt": ["203.0.114.9", "2a00:1::7"],
        "ip4.txt": ["203.0.114.9"],
        "ip6.txt": ["2a00:1::7"],
        "domain.txt": ["evil.com"],
    }


def test_no_other_file_is_served(tmp_path) -> None:
    (tmp_path / "lists").mkdir()
    for folder in (tmp_path, tmp_path / "lists"):
        (folder / "secret.txt").write_text("hidden")
    paths = [
        "/",
        "/secret.txt",
        "/ip.txt.new",
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/docs",
        "/openapi.json",
        "/lists/ip.txt",
    ]
    with client(list_app(tmp_path / "lists")) as http:
        replies = [http.get(path) for path in paths]
        assert http.post("/ip.txt").status_code == 405
    assert {reply.status_code for reply in replies} == {404}
    assert not [reply for reply in replies if "hidden" in reply.text]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


SAID = {
    "Bearer tøken:x": 200,
    "bearer tøken:x": 200,
    basic("fw", "tøken:x"): 200,
    "Bearer t": 401,
    "": 401,
    basic("tøken:x", ""): 401,
    "Basic !!!": 401,
    "Basic /w==": 401,
    "Basic \xe6\x8d": 401,
    "Bearer \xff": 401,
    "Digest tøken:x": 401,
    "Bearer " + "x" * 5000: 401,
}


def test_with_a_token_nobody_reads_without_it(tmp_path) -> None:
    enforce(tmp_path, "evil.com")
    with client(list_app(tmp_path, token="tøken:x")) as http:
        replies = {
            said: http.get("/domain.txt", headers={"Authorization": said.encode("latin-1")} if said else {})
            for said in SAID
        }
        assert http.get("/nothing").status_code == 401
    assert {said: reply.status_code for said, reply in replies.items()} == SAID
    assert all(("evil.com" in reply.text) == (reply.status_code == 200) for reply in replies.values())


@pytest.fixture
def own_pair(tmp_path):
    return write_pair(tmp_path)


def test_over_tls(tmp_path, own_pair) -> None:
    certificate, key = own_pair
    enforce(tmp_path / "lists", "evil.com")
    server = list_server(list_app(tmp_path / "lists"), certificate=certificate, key=key)
    trusted = ssl.create_default_context(cafile=certificate)
    with running(server) as port, httpx.Client(verify=trusted) as http:
        assert http.get(f"https://localhost:{port}/domain.txt").text == "evil.com\n"
    with pytest.raises(ValueError, match="both"):
        list_server(list_app(tmp_path), certificate=certificate)


def raw(port, lines):
    """What comes for a request as a firewall would write it: status, headers, body."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall("".join(f"{part}\r\n" for part in (*lines, "Connection: close", "")).encode())
        said = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), {k.lower(): v for k, v in (part.split(": ", 1) for part in rest)}, body


def test_packed_and_plain_are_the_same_list_under_two_tags(tmp_path) -> None:
    enforce(tmp_path, *(f"203.0.{n // 200}.{n % 200 + 1}" for n in range(1000)))
    with running(list_server(list_app(tmp_path))) as port:
        status, plain, body = raw(port, ["GET /ip.txt HTTP/1.1", "Host: x"])
        assert (status, int(plain["content-length"])) == (200, len(body))
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert plain["repr-digest"] == f"sha-256=:{digest}:"
        status, packed, short = raw(port, ["GET /ip.txt HTTP/1.1", "Host: x", "Accept-Encoding: br, gzip;q=0.5"])
        assert (status, packed["content-encoding"], int(packed["content-length"])) == (200, "gzip", len(short))
        assert gzip.decompress(short) == body
        assert len(short) < len(body) / 2
        assert packed["etag"] != plain["etag"]
        assert packed["vary"] == plain["vary"] == "Accept-Encoding"
        for headers, extra in ((plain, []), (packed, ["Accept-Encoding: gzip"])):
            asked = [f"If-None-Match: {headers['etag']}", *extra]
            status, again, nothing = raw(port, ["GET /ip.txt HTTP/1.1", "Host: x", *asked])
            assert (status, again["etag"], nothing) == (304, headers["etag"], b"")
            status, head, nothing = raw(port, ["HEAD /ip.txt HTTP/1.1", "Host: x", *extra])
            assert (status, head["content-length"], nothing) == (200, headers["content-length"], b"")
        for said in ("gzip;q=0", "identity", "x-gzip2", ""):
            assert (
                "content-encoding" not in raw(port, ["GET /ip.txt HTTP/1.1", "Host: x", f"Accept-Encoding: {said}"])[1]
            )


def test_a_list_that_was_cut_off_is_not_served(tmp_path) -> None:
    enforce(tmp_path, "203.0.114.9", "203.0.114.10")
    whole = (tmp_path / "ip.txt").read_bytes()
    (tmp_path / "ip.txt").write_bytes(whole[:-3])
    with client(list_app(tmp_path)) as http:
        assert http.get("/ip.txt").status_code == 503
        (tmp_path / "ip.txt").write_bytes(whole)
        assert http.get("/ip.txt").text == whole.decode()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_that_asks_as_a_firewall_does_keeps_its_list_where_nothing_changed(tmp_path) -> None:
    enforce(tmp_path / "lists", "203.0.114.9")
    words = ["curl", "-sS", "--compressed", "--etag-save", tmp_path / "tag", "--etag-compare", tmp_path / "tag"]
    with running(list_server(list_app(tmp_path / "lists"))) as port:
        url = ["-o", tmp_path / "got", "-w", "%{http_code}", f"http://127.0.0.1:{port}/ip.txt"]
        codes = [subprocess.run([*words, *url], capture_output=True, text=True, check=True).stdout for _ in range(2)]
        enforce(tmp_path / "lists", "203.0.114.10")
        codes.append(subprocess.run([*words, *url], capture_output=True, text=True, check=True).stdout)
    assert codes == ["200", "304", "200"]
    assert (tmp_path / "got").read_text() == "203.0.114.10\n"


def test_a_request_that_nobody_foresaw_costs_itself_and_the_firewall_keeps_its_list(tmp_path, monkeypatch) -> None:
    failures = FailureFolder(None, SystemClock())
    enforce(tmp_path, "evil.example.com")
    with client(list_app(tmp_path, None, failures)) as http:
        with monkeypatch.context() as broken:
            broken.setattr(list_service, "is_whole", lambda _: {}["nobody foresaw this"])
            assert http.get("/domain.txt").status_code == 503
        assert [part.part for part in failures.failing()] == [list_service.PART]
        assert "evil.example.com" in http.get("/domain.txt").text
        assert failures.failing() == ()


@pytest.mark.slow
def test_a_firewall_that_keeps_its_connection_open_keeps_no_node_from_ending(tmp_path, own_pair) -> None:
    """It reads nothing any more, so TLS's goodbye is never answered."""
    certificate, key = own_pair
    trusted = ssl.create_default_context(cafile=certificate)
    server = list_server(list_app(tmp_path), certificate=certificate, key=key)
    with contextlib.ExitStack() as firewall:
        with running(server) as port:
            plain = firewall.enter_context(socket.create_connection(("127.0.0.1", port)))
            mute = firewall.enter_context(trusted.wrap_socket(plain, server_hostname="localhost"))
            mute.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert mute.recv(1) == b"H"
            told_to_end = time.monotonic()
        assert time.monotonic() - told_to_end < 20, "TLS alone would wait for half a minute"
