"""The webhook against a real server that fails, hangs, drips and repeats: each command once, signed, in order."""

import base64
import functools
import hashlib
import hmac
import http.server
import json
import socket
import ssl
import threading
import time
import uuid
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.protect.enforcers import webhook as module
from bavn.actor.protect.enforcers.playbook import Command, Sender, body
from bavn.actor.protect.enforcers.webhook import Webhook
from bavn.actor.protect.enforcers.webhook_post import Poster, PostFailed, WebhookResponse, allowed, secret_of
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.intel.indicator import Block
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown
from bavn.wire.book import Book

WAIT_S = 30
KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
UNTIL = 1_900_000_000_000_000


def block(value, until_us=UNTIL):
    kind = "sha256" if len(value) == 64 else "ip6" if ":" in value else "ip4" if value[0].isdigit() else "domain"
    return Block(Observable.of(kind, value), f"indicator--{uuid.uuid5(uuid.NAMESPACE_DNS, value)}", until_us)


class Receiver:
    """A server that keeps what it was told, and answers as ``script`` says: a status, "hang", "drip" or "drop"."""

    def __init__(self, context=None):
        self.got, self.script = [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                said = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers.items()), said))
                what = outer.script.pop(0) if outer.script else 200
                if what == "hang":
                    outer.woken.wait(WAIT_S)
                if what == "drip":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                    while not outer.woken.wait(0.05):
                        self.wfile.write(b"X: y\r\n")
                if what in ("hang", "drip", "drop"):
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                if what == "flood":
                    self.send_response(200)
                    self.send_header("Content-Length", str(10**9))
                    self.end_headers()
                    for _ in range(1000):
                        self.wfile.write(b"x" * 65536)
                    return
                self.send_response(what[0] if isinstance(what, tuple) else what)
                if isinstance(what, tuple):
                    self.send_header("Retry-After", what[1])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.woken = threading.Event()
        self.server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http{'s' if context else ''}://localhost:{self.server.server_address[1]}/bavn"

    def close(self):
        self.woken.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(WAIT_S)

    def requests(self):
        return [json.loads(said)["openc2"]["body"]["openc2"]["request"] for _, said in self.got]

    def once(self):
        """Commands as a receiver that heeds ids sees them, in order."""
        found = {}
        for request in self.requests():
            found.setdefault(request["command_id"], request)
        return list(found.values())


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def make(receiver, tmp_path, monkeypatch):
    monkeypatch.setattr("bavn.actor.protect.enforcers.webhook_post.POST_S_MAX", 1.0)
    opened = []

    def made(form="both"):
        poster = Poster(receiver.url, secret_of(SECRET), SystemClock())
        book = Book(tmp_path / "webhook.db")
        hook = Webhook(book, poster, Sender("north", receiver.url, "/bavn"), SystemClock(), SystemDice(), form=form)
        opened.append((hook, poster, book))
        return hook

    yield made
    for hook, poster, book in opened:
        hook.close()
        poster.close()
        book.close()


def settle(hook, *blocks):
    end = time.monotonic() + WAIT_S
    while True:
        try:
            return hook.enforce(list(blocks))
        except EnforcerDown as error:
            assert time.monotonic() < end, error
            time.sleep(0.1)


@pytest.mark.slow
def test_a_block_and_its_lift_are_two_signed_commands_of_one_receiver(make, receiver) -> None:
    hook = make()
    hook.enforce([block("evil.example.com"), block("203.0.114.9")])
    hook.enforce([block("203.0.114.9")])
    hook.enforce([block("203.0.114.9")])
    first, second, third = receiver.requests()
    assert (first["action"], first["target"]) == ("deny", {"domain_name": "evil.example.com"})
    assert (second["action"], second["target"]) == ("deny", {"ipv4_net": "203.0.114.9/32"})
    assert first["args"]["stop_time"] == UNTIL // 1000
    assert (third["action"], third["target"]) == ("cancel", {"command": first["command_id"]})
    for headers, said in receiver.got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + said
        mac = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{mac}"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        assert headers["idempotency-key"] == headers["webhook-id"]
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [r["command_id"] for r in receiver.requests()]


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["hang", "drip", "drop", "flood", 500, 503, 429, 302, (503, "1")])
def test_whatever_fails_is_tried_again_under_the_same_id_and_nothing_is_lost(make, receiver, trouble) -> None:
    hook = make()
    receiver.script = [trouble]
    began = time.monotonic()
    with pytest.raises(EnforcerDown, match="2 commands wait"):
        hook.enforce([block("a.example.com"), block("b.example.com")])
    assert time.monotonic() - began < 5
    settle(hook, block("a.example.com"), block("b.example.com"))
    requests = receiver.requests()
    assert requests[0] == requests[1]
    assert [request["target"]["domain_name"] for request in receiver.once()] == ["a.example.com", "b.example.com"]


@pytest.mark.slow
def test_a_receiver_that_hangs_holds_up_no_call_while_it_is_left_alone(make, receiver) -> None:
    hook = make()
    receiver.script = ["hang"] * 9
    for n in range(3):
        began = time.monotonic()
        with pytest.raises(EnforcerDown):
            hook.enforce([block(f"n{k}.example.com") for k in range(n + 1)])
        assert time.monotonic() - began < module.SETTLE_S + 1
    receiver.script = []
    receiver.woken.set()
    settle(hook, block("n0.example.com"))
    left = {}
    for request in receiver.once():
        if request["action"] == "deny":
            left[request["command_id"]] = request["target"]["domain_name"]
        else:
            del left[request["target"]["command"]]
    assert set(left.values()) == {"n0.example.com"}


@pytest.mark.slow
def test_what_was_not_said_at_a_crash_is_said_after_it_and_once(make, receiver) -> None:
    hook = make()
    receiver.script = ["drop"] * 2
    with pytest.raises(EnforcerDown):
        hook.enforce([block("a.example.com"), block("b.example.com")])
    hook._ended = True  # kill -9: nothing more is done, nothing is tidied
    hook._work.set()
    hook._thread.join(WAIT_S)
    settle(make(), block("a.example.com"), block("b.example.com"))
    assert [request["target"]["domain_name"] for request in receiver.once()] == ["a.example.com", "b.example.com"]


@pytest.mark.slow
def test_a_command_that_is_refused_holds_up_no_other_and_is_told(make, receiver) -> None:
    hook = make()
    receiver.script = [422]
    with pytest.raises(EnforcerDown, match="1 command was refused"):
        hook.enforce([block("a.example.com"), block("b.example.com")])
    assert [request["target"]["domain_name"] for request in receiver.requests()] == ["a.example.com", "b.example.com"]
    hook.enforce([block("b.example.com")])
    assert len(receiver.got) == 2  # what was refused needs no cancel


@pytest.mark.slow
def test_a_cancel_of_what_the_receiver_forgot_is_done(make, receiver) -> None:
    hook = make()
    hook.enforce([block("a.example.com")])
    receiver.script = [404]
    hook.enforce([])
    assert [request["action"] for request in receiver.requests()] == ["deny", "cancel"]


@pytest.mark.slow
def test_a_new_end_is_a_new_command_and_then_the_old_one_is_cancelled(make, receiver) -> None:
    hook = make()
    hook.enforce([block("a.example.com")])
    hook.enforce([block("a.example.com", UNTIL + DAY_US)])
    first, second, third = receiver.requests()
    assert second["args"]["stop_time"] == (UNTIL + DAY_US) // 1000
    assert third["target"] == {"command": first["command_id"]}


@pytest.mark.slow
def test_over_tls_only_who_is_trusted_is_told(tmp_path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    (tmp_path / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    receiver = Receiver(context)
    try:
        posters = [Poster(receiver.url, KEY, SystemClock(), authority=tmp_path / "cert.pem")]
        assert posters[0].post("id", b"{}", "application/json") == WebhookResponse(200, 0)
        posters.append(Poster(receiver.url, KEY, SystemClock()))
        with pytest.raises(PostFailed, match=r"(?i)certificate"):
            posters[1].post("id", b"{}", "application/json")
        assert len(receiver.got) == 1
        for poster in posters:
            poster.close()
    finally:
        receiver.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://soar.example/x",
        "ftp://127.0.0.1/",
        "https://u:p@soar.example/",
        "https:///x",
        "https://soar.example/#x",
        "http://127.0.0.1.example/",
        "https://sø.example/",
        "https://soar.example:99999/",
        "http://[::2]/",
        "",
    ],
)
def test_an_address_that_may_not_be_posted_to_is_refused(url) -> None:
    with pytest.raises(ValueError):
        allowed(url)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!!!", "whsec_" + "eA==", base64.b64encode(KEY).decode()])
def test_a_secret_that_is_none_is_refused(text) -> None:
    with pytest.raises(ValueError, match="secret"):
        secret_of(text)


UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
STAMP = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
MESSAGE = {  # OpenC2 Language Specification 1.0: message, command, the targets and arguments that are used
    "type": "object",
    "additionalProperties": False,
    "required": ["headers", "body"],
    "properties": {
        "headers": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "request_id": {"type": "string"},
                "created": {"type": "integer", "minimum": 0},
                "from": {"type": "string"},
            },
        },
        "body": {
            "type": "object",
            "additionalProperties": False,
            "required": ["openc2"],
            "properties": {
                "openc2": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["request"],
                    "properties": {
                        "request": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["action", "target"],
                            "properties": {
                                "action": {"enum": ["deny", "cancel"]},
                                "command_id": {"type": "string", "pattern": r"^\S{0,36}$"},
                                "args": {
                                    "type": "object",
                                    "additionalProperties": False,
                                    "properties": {
                                        "stop_time": {"type": "integer", "minimum": 0},
                                        "response_requested": {"enum": ["none", "ack", "status", "complete"]},
                                    },
                                },
                                "target": {
                                    "type": "object",
                                    "minProperties": 1,
                                    "maxProperties": 1,
                                    "additionalProperties": False,
                                    "properties": {
                                        "domain_name": {"type": "string", "format": "hostname"},
                                        "ipv4_net": {"type": "string", "pattern": r"^(\d{1,3}\.){3}\d{1,3}/32$"},
                                        "ipv6_net": {"type": "string", "pattern": r"^[0-9a-f:.]+/128$"},
                                        "file": {
                                            "type": "object",
                                            "required": ["hashes"],
                                            "properties": {
                                                "hashes": {
                                                    "type": "object",
                                                    "properties": {"sha256": {"pattern": "^[0-9a-f]{64}$"}},
                                                }
                                            },
                                        },
                                        "command": {"type": "string", "pattern": f"^{UUID}$"},
                                    },
                                },
                            },
                        }
                    },
                }
            },
        },
    },
}
PLAYBOOK = {  # CACAO Security Playbooks 2.0, sections 3, 4 and 5: what is required, and the vocabularies that are used
    "type": "object",
    "required": [
        "type",
        "spec_version",
        "id",
        "name",
        "created_by",
        "created",
        "modified",
        "workflow_start",
        "workflow",
    ],
    "properties": {
        "type": {"const": "playbook"},
        "spec_version": {"const": "cacao-2.0"},
        "id": {"pattern": f"^playbook--{UUID}$"},
        "created_by": {"pattern": f"^identity--{UUID}$"},
        "created": STAMP,
        "modified": STAMP,
        "valid_from": STAMP,
        "valid_until": STAMP,
        "playbook_types": {
            "items": {
                "enum": [
                    "attack",
                    "detection",
                    "engagement",
                    "investigation",
                    "mitigation",
                    "notification",
                    "prevention",
                    "remediation",
                ]
            },
            "minItems": 1,
        },
        "playbook_activities": {"type": "array", "minItems": 1},
        "labels": {"type": "array", "minItems": 1},
        "workflow_start": {"pattern": f"^start--{UUID}$"},
        "workflow": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 3,
            "patternProperties": {
                f"^start--{UUID}$": {"required": ["type", "on_completion"], "properties": {"type": {"const": "start"}}},
                f"^end--{UUID}$": {"required": ["type"], "properties": {"type": {"const": "end"}}},
                f"^action--{UUID}$": {
                    "required": ["type", "commands", "agent"],
                    "properties": {
                        "type": {"const": "action"},
                        "commands": {
                            "minItems": 1,
                            "items": {
                                "required": ["type", "command", "content_b64"],
                                "additionalProperties": False,
                                "properties": {
                                    "type": {"const": "openc2-http"},
                                    "command": {"pattern": r"^POST /\S* HTTP/1\.1$"},
                                    "headers": {"additionalProperties": {"type": "array", "items": {"type": "string"}}},
                                    "content_b64": {"type": "string"},
                                    "playbook_activity": {"type": "string"},
                                },
                            },
                        },
                    },
                },
            },
        },
        "agent_definitions": {
            "additionalProperties": False,
            "patternProperties": {
                f"^http-api--{UUID}$": {
                    "required": ["type", "name", "address"],
                    "properties": {"type": {"const": "http-api"}},
                }
            },
        },
    },
}


@functools.cache
def schema(name):
    """What is asked of a message or a playbook, checked and read once; its reader takes a second to load."""
    import jsonschema

    wanted = {"message": MESSAGE, "playbook": PLAYBOOK}[name]
    kind = jsonschema.validators.validator_for(wanted)
    kind.check_schema(wanted)
    return kind(wanted)


@given(
    value=st.sampled_from(["evil.example.com", "203.0.114.9", "2a00:1::7", "ab" * 32]),
    id_=st.uuids(version=4),
    cancels=st.none() | st.uuids(version=4),
    now_us=st.integers(0, UNTIL + DAY_US),
    form=st.sampled_from(["openc2", "cacao", "both"]),
)
def test_what_is_posted_has_the_form_that_both_standards_ask_for(value, id_, cancels, now_us, form) -> None:
    one = block(value)
    command = Command(
        id=str(id_),
        observable=one.observable,
        indicator_id=one.indicator_id,
        until_us=UNTIL,
        cancels=str(cancels) if cancels else "",
    )
    made = json.loads(body(command, Sender("north", "https://soar.example/bavn", "/bavn"), now_us, form))
    message = made["openc2"] if form == "both" else made if form == "openc2" else None
    playbook = made["cacao"] if form == "both" else made if form == "cacao" else None
    if message is not None:
        schema("message").validate(message)
    if playbook is None:
        return
    schema("playbook").validate(playbook)
    steps = playbook["workflow"]
    start = steps[playbook["workflow_start"]]
    action = steps[start["on_completion"]]
    assert steps[action["on_completion"]]["type"] == "end"
    assert action["agent"] in playbook["agent_definitions"]
    carried = json.loads(base64.b64decode(action["commands"][0]["content_b64"]))
    schema("message").validate(carried)
    assert message is None or carried == message
    if "valid_until" in playbook:
        assert playbook["valid_from"] < playbook["valid_until"]
