"""What others answer when Bavn asks: a centre over HTTPS, an identity provider, Suricata on its sockets, a browser's
passkey; and questions to the small services: lists, certificates shown, an analyst's SQL."""

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import threading

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bavn.actor.protect.enforcers import suricata_socket
from bavn.actor.protect.enforcers.textlist import TextList
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.suricata.command_socket import CommandSocket, SuricataRefused
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.query.query import QueryRefused
from bavn.app.access.book import open_book
from bavn.app.access.oidc import OidcAway, OidcRefused, Provider
from bavn.app.access.passkeys import Passkeys
from bavn.app.access.proving import private_key, public_key
from bavn.app.access.rights import ROLES
from bavn.app.config import load as config
from bavn.app.config.oidc import OidcTable
from bavn.app.net.connections import name_of
from bavn.app.node.list_service import list_app
from bavn.app.policy import explain as policy_explain
from bavn.app.process.real import SystemClock, SystemDice
from bavn.app.web.access.account import CannotAccount
from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.model.ports import EnforcerDown, LinkDown, LinkRefused, QueryExceeded
from bavn.model.settings import SettingsError
from bavn.traffic.dice import SeededDice
from bavn.wire.links.https import Caller, HttpsLink, LinkLimits, context
from fuzz.mutate import BYTES
from fuzz.mutate_binary import CBOR, DER
from fuzz.mutate_json import JSON
from fuzz.mutate_text import HTTP, LINES, TOML
from fuzz.process import request, with_length
from fuzz.seed import put, scratch
from fuzz.target import Broken, Run, Target, fine
from fuzz.targets.packets import certificates
from fuzz.targets.wire import message


class _Server:
    """Answers every connection with the same bytes."""

    def __init__(self, line: socket.socket, tls: ssl.SSLContext | None = None, rounds: int = 1) -> None:
        self._line, self._tls, self._rounds, self.answer = line, tls, rounds, b""
        line.listen(16)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError, ssl.SSLError):
                plain, _ = self._line.accept()
                with plain:
                    plain.settimeout(5)
                    with self._tls.wrap_socket(plain, server_side=True) if self._tls else plain as line:
                        for _ in range(self._rounds):
                            line.recv(65_536)
                            line.sendall(self.answer)


def _link() -> Run:
    now_us = SystemClock().now_us()
    authority = Authority.make("test", now_us - 10 * 86_400_000_000, SeededDice(1, "ca"))
    key = new_key(SeededDice(1, "server"))
    made = authority.certify_server(["127.0.0.1"], key.public_key(), now_us - 86_400_000_000, SeededDice(1, "s"))
    pem = put("link/server.pem", made.public_bytes(Encoding.PEM) + key_pem(key))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    line = socket.create_server(("127.0.0.1", 0))
    server = _Server(line, tls)
    limits = LinkLimits(request_s=2.0, pull_s=2.0, connect_s=2.0)
    url = f"https://127.0.0.1:{line.getsockname()[1]}"
    trusting = context(authority.pem)

    def run(data: bytes) -> None:
        """As the whole answer of a centre to a pull, a post, and a question of another kind."""
        server.answer = with_length(data)
        for ask in ("pull", "post", "call"):
            with contextlib.suppress(LinkDown, LinkRefused):
                if ask == "call":
                    caller = Caller(url, trusting, limits, clock=SystemClock())
                    try:
                        caller.call("GET", "/healthz")
                    finally:
                        caller.close()
                    continue
                link = HttpsLink(url, trusting, limits)
                try:
                    link.pull(0, 0.0) if ask == "pull" else link.post([message("Health")])
                finally:
                    link.close()

    return run


def _answer(status: str, body: bytes, kind: str, **headers: str) -> bytes:
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nDate: Sat, 28 Nov 2026 10:00:00 GMT\r\nContent-Length: @\r\n{more}\r\n".encode()
        + body
    )


def _sockets() -> Run:
    path = scratch() / "s.sock"
    line = socket.socket(socket.AF_UNIX)
    line.bind(str(path))
    server = _Server(line, rounds=2)

    def run(data: bytes) -> None:
        server.answer = data.partition(b"\n")[0] + b"\n"
        with contextlib.suppress(EnforcerDown), suricata_socket.SuricataSocket(path, timeout_s=2.0) as asked:
            asked.ask("dataset-add", setname="x")
        asking = CommandSocket(path, timeout_s=2.0)
        with contextlib.suppress(SourceBroken, SuricataRefused), contextlib.closing(asking):
            asking.ask("uptime")

    return run


def _oidc() -> Run:
    from joserfc import jwk, jwt

    key = jwk.ECKey.generate_key("P-256", {"kid": "1", "use": "sig", "alg": "ES256"})
    jwks = {"keys": [key.as_dict(private=False)]}
    now = SystemClock().now_us() // 1_000_000
    issuer = "https://idp.test"
    state: dict[str, bytes] = {}
    endpoints = {
        name: f"{issuer}/{name}"
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    }

    def serve(asked: httpx.Request) -> httpx.Response:
        where = asked.url.path.rpartition("/")[2]
        if where == state["where"].decode():
            return httpx.Response(200, content=state["body"])
        if where == "openid-configuration":
            return httpx.Response(200, json={"issuer": issuer, **endpoints})
        if where == "jwks_uri":
            return httpx.Response(200, json=jwks)
        if where == "token_endpoint":
            try:
                claims = json.loads(state["body"]) if state["where"] == b"claims" else {}
            except (ValueError, RecursionError):
                claims = {}
            given = {
                "iss": issuer,
                "aud": "bavn",
                "sub": "1",
                "exp": now + 600,
                "iat": now,
                "nonce": "n",
                "name": "Anna",
                "groups": ["soc"],
            }
            try:
                token = jwt.encode(
                    {"alg": "ES256", "kid": "1"}, given | (claims if isinstance(claims, dict) else {}), key
                )
            except Exception:  # noqa: BLE001 - claims that nobody can sign
                token = "x.y.z"
            if state["where"] == b"token":
                token = state["body"].decode("latin-1")
            return httpx.Response(200, json={"id_token": token, "access_token": "t", "token_type": "Bearer"})
        return httpx.Response(200, json={"sub": "1", "name": "Anna", "groups": ["soc"]})

    places = (b"openid-configuration", b"jwks_uri", b"token_endpoint", b"userinfo_endpoint", b"claims", b"token")
    table = OidcTable(issuer=issuer, client_id="bavn", roles=("soc=admin",), name_claim="name")

    def run(data: bytes) -> None:
        """The first byte: which of the provider's words is bent."""
        state["where"], state["body"] = places[data[0] % len(places)] if data else b"claims", data[1:]
        provider = Provider(
            table, scratch(), "https://console.test", frozenset(ROLES["sac"]), httpx.MockTransport(serve)
        )
        with contextlib.closing(provider), contextlib.suppress(OidcAway, OidcRefused):
            provider.ask({"state": "s", "nonce": "n", "verifier": "v" * 43})
            provider.answered({"state": "s", "code": "c"}, {"state": "s", "nonce": "n", "verifier": "v" * 43})

    return run


def _oidc_seeds() -> list[bytes]:
    config_ = b'{"issuer":"https://idp.test","authorization_endpoint":"https://idp.test/a","token_endpoint":"https://idp.test/token_endpoint","jwks_uri":"https://idp.test/jwks_uri","token_endpoint_auth_methods_supported":["client_secret_post"]}'
    keys = b'{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"1","use":"sig","alg":"ES256"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}'
    return [
        b"\0" + config_,
        b"\1" + keys,
        b'\2{"id_token":"a.b.c","access_token":"t"}',
        b'\3{"sub":"1","name":"x","groups":["soc"]}',
        b'\4{"sub":"1","name":"x","groups":["soc"],"exp":1,"iat":2,"nbf":3,"azp":"x","at_hash":"y"}',
        b"\5eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.e30.AAAA",
        b"\4{}",
    ]


def _passkey_seeds() -> list[bytes]:
    def b64(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    client = b64(
        json.dumps(
            {
                "type": "webauthn.create",
                "challenge": b64(b"c" * 32),
                "origin": "https://console.test",
                "crossOrigin": False,
            }
        ).encode()
    )
    auth = (
        bytes(32)
        + b"\x45"
        + bytes(4)
        + bytes(16)
        + b"\0\x04abcd"
        + b"\xa5\1\2\3\x26\x20\1\x21\x58\x20"
        + bytes(32)
        + b"\x22\x58\x20"
        + bytes(32)
    )
    attested = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58" + bytes([len(auth)]) + auth
    made = {
        "id": b64(b"abcd"),
        "rawId": b64(b"abcd"),
        "type": "public-key",
        "response": {"clientDataJSON": client, "attestationObject": b64(attested), "transports": ["usb"]},
    }
    used = made | {
        "response": {
            "clientDataJSON": client,
            "authenticatorData": b64(auth[:37]),
            "signature": b64(bytes(70)),
            "userHandle": b64(b"h"),
        }
    }
    return [json.dumps(made).encode(), json.dumps(used).encode(), b"\0" + attested]


def _passkeys() -> Run:
    (scratch() / "people").mkdir(exist_ok=True)
    book = open_book(scratch() / "people", SystemClock(), SystemDice())
    passkeys = Passkeys(book, ("https://console.test",))
    whole = json.loads(_passkey_seeds()[0])

    def run(data: bytes) -> None:
        """A zero first: CBOR inside an answer that is otherwise right. Else the answer as JSON."""
        if data[:1] == b"\0":
            given = json.loads(json.dumps(whole))
            given["response"]["attestationObject"] = base64.urlsafe_b64encode(data[1:]).decode().rstrip("=")
        else:
            try:
                given = json.loads(data)
            except (ValueError, RecursionError):
                return
        if not isinstance(given, dict):
            return
        with contextlib.suppress(CannotAccount):
            passkeys.keep("anna", "x", given, b"c" * 32)
        passkeys.prove(given, b"c" * 32)

    return run


def _lists() -> Run:
    folder = put("lists/x", b"").parent
    TextList(folder, children=True)
    app = list_app(folder, "secret-token")

    def run(data: bytes) -> None:
        line, _, rest = data.partition(b"\r\n")
        words = line.split(b" ")
        headers = [
            (name.strip().lower()[:200], value.strip())
            for row in rest.partition(b"\r\n\r\n")[0].split(b"\r\n")
            if b":" in row
            for name, _, value in [row.partition(b":")]
        ]
        path, _, query = (words[1] if len(words) > 1 else b"/").partition(b"?")
        scope = {
            "type": "http",
            "method": words[0].decode("latin-1") or "GET",
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": query,
            "headers": headers,
            "scheme": "http",
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 9),
            "http_version": "1.1",
            "root_path": "",
            "extensions": {},
        }
        said: list[int] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(part: dict[str, object]) -> None:
            if part["type"] == "http.response.start":
                said.append(int(part["status"]))  # type: ignore[call-overload]

        asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
        if not said or (said[0] >= 500 and said[0] != 503):
            raise Broken(f"the lists answer {said}")

    return run


def _sql() -> Run:
    store = ColumnStore.open(scratch() / "sqlstore", homes=("10.0.0.0/8",))

    def run(data: bytes) -> None:
        sql = data.decode("utf-8", "replace")[:5000]
        with store.window(0, 1) as window, contextlib.suppress(QueryRefused, QueryExceeded):
            window.rows(sql)

    return run


def _policy() -> Run:
    node = config.read_node(put("policy/node.toml", b'[node]\nactor = "north"\n'))

    def run(data: bytes) -> None:
        policy_explain.policy_of(data.decode("utf-8", "replace"), node, "x")

    return fine(run, SettingsError)


def _keys() -> Run:
    def run(data: bytes) -> None:
        """As it is, and as DER within each sort of PEM."""
        texts = [data]
        for sort in (b"PUBLIC KEY", b"PRIVATE KEY", b"OPENSSH PRIVATE KEY"):
            texts.append(
                b"-----BEGIN " + sort + b"-----\n" + base64.encodebytes(data) + b"-----END " + sort + b"-----\n"
            )
        for text in texts:
            public_key(text)
            private_key(text)

    return run


def _key_seeds() -> list[bytes]:
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    plain = NoEncryption()
    return [
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, plain),
        key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, plain),
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    ]


def _small() -> Run:
    def run(data: bytes) -> None:
        name_of(data)

    return run


_ENVELOPES = "application/vnd.bavn.envelopes"
TARGETS = (
    Target(
        name="link-answers",
        covers=(
            "module:bavn.wire.links.https",
            "module:bavn.wire.links.enrolment",
            "module:bavn.wire.links.keyholder",
        ),
        forms=(*HTTP, *BYTES),
        seeds=lambda: [
            _answer("200 OK", b'{"taken":[1]}', "application/json"),
            _answer("200 OK", len(message("Health")).to_bytes(4, "big") + message("Health"), _ENVELOPES),
            _answer(
                "429 Too Many",
                b'{"detail":"x","status":429,"type":"about:blank"}',
                "application/problem+json",
                **{"Retry-After": "9"},
            ),
            _answer("301 Moved", b"", "text/plain", Location="https://127.0.0.1:1/"),
        ],
        make=_link,
        input_s_max=5.0,
    ),
    Target(
        name="suricata-sockets",
        covers=(
            "module:bavn.actor.protect.enforcers.suricata_socket",
            "module:bavn.actor.sense.suricata.command_socket",
        ),
        forms=JSON,
        seeds=lambda: [b'{"return":"OK","message":"x"}', b'{"return":"NOK","message":["a",{"b":1}]}'],
        make=_sockets,
    ),
    Target(name="oidc", covers=("module:bavn.app.access.oidc",), forms=JSON, seeds=_oidc_seeds, make=_oidc),
    Target(
        name="passkeys",
        covers=("module:bavn.app.access.passkeys",),
        forms=(*JSON, *CBOR),
        seeds=_passkey_seeds,
        make=_passkeys,
    ),
    Target(
        name="lists",
        covers=("routes:lists", "module:bavn.app.node.list_service"),
        forms=HTTP,
        seeds=lambda: [
            request(
                method, f"/{name}", Authorization="Basic YTpi", If_None_Match='"x"', Accept_Encoding="gzip;q=1, *;q=0"
            )
            for method in ("GET", "HEAD")
            for name in ("domain.txt", "ip.txt", "x")
        ],
        make=_lists,
    ),
    Target(
        name="sql",
        covers=("module:bavn.actor.store.query.query",),
        forms=LINES,
        seeds=lambda: [
            b"SELECT count(*) FROM flow",
            b"WITH a AS (SELECT * FROM dns) SELECT name FROM a GROUP BY ALL ORDER BY 1 LIMIT 5",
            b"SELECT unnest([1,2]), struct_pack(a := 1) FROM tls USING SAMPLE 5",
        ],
        make=_sql,
        input_s_max=10.0,
    ),
    Target(
        name="policy",
        covers=("module:bavn.app.policy.explain",),
        forms=TOML,
        seeds=lambda: [b'[door]\nreveal_domain = "ask"\n[protect]\nblock_days_max = 30\n'],
        make=_policy,
    ),
    Target(
        name="proving-keys",
        covers=("module:bavn.app.access.proving",),
        forms=DER,
        seeds=_key_seeds,
        make=_keys,
    ),
    Target(
        name="small",
        covers=("module:bavn.app.net.connections",),
        forms=DER,
        seeds=certificates,
        make=_small,
    ),
)
