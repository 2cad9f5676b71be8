"""The lists over real HTTP and HTTPS: content, 304, token, and no other file."""

import base64
import contextlib
import ssl
import threading
from datetime import UTC, datetime

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bavn.actor.protect.textlist import TextList
from bavn.app.list_service import list_app, list_server
from bavn.model.indicator import Block
from bavn.model.observable import Observable


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


def test_a_firewall_fetches_once_and_then_asks_whether_it_changed(tmp_path) -> None:
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


def test_a_list_that_was_never_written_is_empty(tmp_path) -> None:
    with client(list_app(tmp_path)) as http:
        reply = http.get("/ip.txt")
    assert (reply.status_code, reply.content) == (200, b"")


def test_no_other_file_is_served(tmp_path) -> None:
    (tmp_path / "lists").mkdir()
    for folder in (tmp_path, tmp_path / "lists"):
        (folder / "secret.txt").write_text("hidden")
    paths = ["/", "/secret.txt", "/ip.txt.new", "/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/docs",
             "/openapi.json", "/lists/ip.txt"]  # fmt: skip
    with client(list_app(tmp_path / "lists")) as http:
        replies = [http.get(path) for path in paths]
        assert http.post("/ip.txt").status_code == 405
    assert {reply.status_code for reply in replies} == {404}
    assert not [reply for reply in replies if "hidden" in reply.text]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


SAID = {
    "Bearer tøken:x": 200, "bearer tøken:x": 200, basic("fw", "tøken:x"): 200, "Bearer t": 401, "": 401,
    basic("tøken:x", ""): 401, "Basic !!!": 401, "Basic /w==": 401, "Digest tøken:x": 401, "Bearer " + "x" * 5000: 401,
}  # fmt: skip


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


def test_over_tls(tmp_path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lists")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    (tmp_path / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*form))
    enforce(tmp_path / "lists", "evil.com")
    server = list_server(list_app(tmp_path / "lists"), certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem")
    trusted = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    with running(server) as port, httpx.Client(verify=trusted) as http:
        assert http.get(f"https://localhost:{port}/domain.txt").text == "evil.com\n"
    with pytest.raises(ValueError, match="both"):
        list_server(list_app(tmp_path), certificate=tmp_path / "cert.pem")
