"""The real server over TLS and the OASIS client: ways of proving who one is, pages while more is added; and the five
minutes of docs/partners.md with the command itself."""

import contextlib
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import httpx
import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import CertificateSigningRequestBuilder, Name
from taxii2client.v21 import Collection, Server, as_pages

from bavn.app.centre.exchange.taxii_answers import ROOT
from bavn.app.centre.exchange.taxii_service import TaxiiLimits, make_taxii
from bavn.app.centre.server import Beside, CentreServer, ServerSettings
from bavn.centre.members.authority import key_pem, new_key
from bavn.model.principal import account
from bavn.model.sector.member import member_peer
from bavn.traffic.dice import SeededDice
from bavn.wire.partners.taxii import TAXII, collection_id

pytestmark = pytest.mark.slow
OBJECTS, ADDED = 2_000, 100


class RealClock:
    def now_us(self):
        return time.time_ns() // 1000


class Nodes:
    """The centre's other face; nobody calls it here."""

    def __init__(self, world):
        self.world = world

    def step(self):
        pass

    def on_queued(self, call):
        pass


class Served:
    def __init__(self, world, folder):
        self.world, self.folder = world, folder
        key = new_key(SeededDice(1, "server"))
        made = world.authority.certify_server(
            ("localhost", "127.0.0.1"), key.public_key(), world.clock.now_us(), SeededDice(2, "server")
        )
        self.ca = str(folder / "ca.pem")
        (folder / "ca.pem").write_text(world.authority.pem)
        (folder / "server.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (folder / "server.key").write_bytes(key_pem(key))
        settings = ServerSettings(
            authority_pem=world.authority.pem, certificate=folder / "server.pem", key=folder / "server.key"
        )
        limits = TaxiiLimits(requests_per_minute=1_000_000, failures_per_minute=1_000_000)
        beside = Beside(
            make=lambda broken: make_taxii(world.answers, world.credentials, limits, broken),
            certificate=folder / "server.pem",
            key=folder / "server.key",
            host="127.0.0.1",
            port=0,
        )
        self.server = CentreServer(Nodes(world), settings, beside)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        self.url = f"https://localhost:{self.server.ports['exchange_port']}"

    def credentials(self, name="cert-nord"):
        return {
            "user": name,
            "password": self.world.credentials.password(name, account("Anna Berg")),
            "verify": self.ca,
        }

    def collection(self, alias="released", **credentials):
        place = collection_id("test", alias)  # the client holds on to ids
        return Collection(f"{self.url}{ROOT}collections/{place}/", **(credentials or self.credentials()))

    def client_certificate(self, name="cert-nord"):
        key = ec.generate_private_key(ec.SECP256R1())
        csr = CertificateSigningRequestBuilder().subject_name(Name([])).sign(key, hashes.SHA256())
        pem = self.world.credentials.certificate(
            name, account("Anna Berg"), csr.public_bytes(serialization.Encoding.PEM).decode()
        )
        (self.folder / "client.pem").write_text(pem)
        (self.folder / "client.key").write_bytes(key_pem(key))
        return str(self.folder / "client.pem"), str(self.folder / "client.key")

    def close(self):
        self.server.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def served(make_world, tmp_path, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they outvote what a session is told to trust
        monkeypatch.delenv(name, raising=False)
    world = make_world(folder=tmp_path, clock=RealClock())
    world.partner()
    made = Served(world, tmp_path)
    yield made
    made.close()


def test_the_oasis_client_finds_reads_adds_and_polls(served, indicator) -> None:
    served.world.release("evil.example.com")
    server = Server(f"{served.url}/taxii2/", **served.credentials())
    assert server.contact == "soc@example.org"
    (root,) = server.api_roots
    assert root.collections[0].title == "All released indicators"
    released = next(one for one in root.collections if one.alias == "released")
    (found,) = released.get_objects(type="indicator")["objects"]
    assert found["name"] == "domain evil.example.com"
    assert released.get_object(found["id"])["objects"] == [found]
    assert released.object_versions(found["id"])["versions"] == [found["modified"]]
    assert released.get_manifest(id=found["id"])["objects"][0]["version"] == found["modified"]
    own = next(one for one in root.collections if one.alias == "proposals")
    now_us = served.world.clock.now_us()
    status = own.add_objects({"objects": [indicator(1, version_us=now_us)]})
    assert (status.status, status.success_count) == ("complete", 1)
    assert root.get_status(status.id).success_count == 1
    assert len(own.get_objects()["objects"]) == 1
    own.delete_object(indicator(1)["id"])
    assert own.get_objects() == {}


def test_the_oasis_client_pages_without_loss_or_repeat_while_more_is_added(served) -> None:
    page_through(served, OBJECTS, ADDED, 250)


def test_each_credential_opens_the_same_door_a_stranger_none_and_a_slow_or_endless_body_is_cut_off(served) -> None:
    url, accept = f"{served.url}/taxii2/", {"accept": TAXII}
    assert requests.get(url, headers=accept, verify=served.ca, timeout=10).status_code == 401
    token = {"authorization": f"Bearer {served.world.tokens['cert-nord']}"}
    assert requests.get(url, headers=accept | token, verify=served.ca, timeout=10).status_code == 200
    certificate = served.client_certificate()
    assert requests.get(url, headers=accept, cert=certificate, verify=served.ca, timeout=10).status_code == 200
    assert len(Server(url, cert=certificate, verify=served.ca).api_roots) == 1
    key = new_key(SeededDice(9, "actor"))
    made = served.world.authority.certify(
        member_peer("north"), key.public_key(), served.world.clock.now_us(), SeededDice(9)
    )
    (served.folder / "actor.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (served.folder / "actor.key").write_bytes(key_pem(key))
    actor = (str(served.folder / "actor.pem"), str(served.folder / "actor.key"))
    assert requests.get(url, headers=accept, cert=actor, verify=served.ca, timeout=10).status_code == 401
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, headers=accept, timeout=10)
    tls = ssl.create_default_context(cafile=served.ca)
    head = (
        f"POST {ROOT}collections/proposals/objects/ HTTP/1.1\r\nhost: localhost\r\naccept: {TAXII}\r\n"
        f"authorization: Bearer {served.world.tokens['cert-nord']}\r\ncontent-type: {TAXII}\r\n"
    )
    for more, status in (
        ("content-length: 999999999\r\n\r\n", b"413"),
        ("transfer-encoding: chunked\r\n\r\n", b"411"),
        ("content-length: -5\r\n\r\n", b"400"),
    ):
        raw = socket.create_connection(("127.0.0.1", served.server.ports["exchange_port"]), timeout=10)
        with tls.wrap_socket(raw, server_hostname="localhost") as wrapped:
            wrapped.sendall((head + more).encode())
            assert wrapped.recv(4096).split(b" ")[1] == status


def page_through(served, objects, added, per_page):
    world = served.world
    for start in range(0, objects, 1000):
        world.release(*(f"a{n}.example.com" for n in range(start, min(start + 1000, objects))))
    begun = threading.Event()

    def add():
        begun.wait(30)
        for n in range(added):
            world.release(f"b{n}.example.com")

    adding = threading.Thread(target=add)
    adding.start()
    collection, seen, sizes = served.collection(), [], []
    for page in as_pages(collection.get_objects, per_request=per_page, type="indicator"):
        begun.set()
        seen += [one["name"] for one in page["objects"]]
        sizes.append(len(page["objects"]))
    adding.join()
    assert len(seen) == len(set(seen)), "an object came twice"
    assert {f"domain a{n}.example.com" for n in range(objects)} <= set(seen), "an object was lost"
    assert sizes[:-1] == [per_page] * (len(sizes) - 1)
    last = collection.get_manifest(limit=1000)
    assert last["more"]
    rest = [
        one["name"]
        for page in as_pages(collection.get_objects, per_request=1000, type="indicator")
        for one in page["objects"]
    ]
    assert len(rest) == len(set(rest)) == objects + added
    return len(seen)


def test_schemathesis_finds_no_5xx(served, indicator) -> None:
    import schemathesis

    served.world.release("evil.example.com")
    schema = schemathesis.openapi.from_dict(openapi())
    headers = {"accept": TAXII, "authorization": f"Bearer {served.world.tokens['cert-nord']}"}
    seen = []
    with httpx.Client(base_url=served.url, verify=ssl.create_default_context(cafile=served.ca)) as client:

        def asked(case) -> None:
            given = case.as_transport_kwargs(base_url=served.url)
            with contextlib.suppress(httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError, ValueError):
                said = client.request(
                    given["method"],
                    given["url"],
                    params=given.get("params"),
                    json=given.get("json"),
                    content=given.get("data"),
                    headers=headers | dict(given.get("headers") or {}) | headers,
                )
                seen.append(said.status_code)
                assert said.status_code < 500, (case.operation.label, given, said.text)
                assert said.headers["content-type"] == TAXII

        for operation in schema.get_all_operations():
            run_operation(operation.ok(), asked)
    assert len(seen) > 300
    assert {200, 404} <= set(seen)


def run_operation(operation, check):
    from hypothesis import HealthCheck, given, settings

    @given(case=operation.as_strategy())
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def run(case) -> None:
        check(case)

    run()


def openapi():
    """The interface as a document: for this test alone."""
    known = "indicator--00000001-0000-4000-8000-000000000000"
    text = {"type": "string"}
    filters = [
        {"in": "query", "name": name, "schema": schema}
        for name, schema in (
            ("limit", {"oneOf": [{"type": "integer"}, text]}),
            ("next", {"oneOf": [{"type": "integer"}, text]}),
            ("added_after", {"oneOf": [{"type": "string", "format": "date-time"}, text]}),
            ("match[id]", {"oneOf": [{"const": known}, text]}),
            ("match[type]", {"oneOf": [{"const": "indicator"}, text]}),
            ("match[version]", {"oneOf": [{"enum": ["first", "last", "all"]}, text]}),
            ("match[spec_version]", {"oneOf": [{"enum": ["2.0", "2.1"]}, text]}),
        )
    ]
    place = {
        "in": "path",
        "name": "c",
        "required": True,
        "schema": {"oneOf": [{"enum": ["released", "network", "proposals"]}, {**text, "minLength": 1}]},
    }
    one = {
        "in": "path",
        "name": "o",
        "required": True,
        "schema": {"oneOf": [{"const": known}, {**text, "minLength": 1}]},
    }
    anything = {"200": {"description": "whatever it is"}}
    envelope = {
        "type": "object",
        "properties": {
            "objects": {
                "type": "array",
                "items": {
                    "oneOf": [
                        {"type": "object"},
                        {
                            "type": "object",
                            "required": ["type", "id", "pattern"],
                            "properties": {
                                "type": {"const": "indicator"},
                                "id": {"const": known},
                                "spec_version": {"const": "2.1"},
                                "created": {"type": "string", "format": "date-time"},
                                "pattern": text,
                                "confidence": {"type": "number"},
                                "object_marking_refs": {"type": "array", "items": text},
                                "revoked": {"type": "boolean"},
                            },
                        },
                        {},
                    ]
                },
            }
        },
    }
    posted = {"content": {TAXII: {"schema": {"oneOf": [envelope, {}]}}}, "required": True}

    def get(*parameters):
        return {"get": {"parameters": list(parameters), "responses": anything}}

    collection = ROOT + "collections/{c}/"
    paths = {
        "/taxii2/": get(),
        ROOT: get(),
        ROOT + "collections/": get(),
        collection: get(place),
        ROOT + "status/{o}/": get(one),
        collection + "manifest/": get(place, *filters),
        collection + "objects/": get(place, *filters)
        | {"post": {"parameters": [place], "requestBody": posted, "responses": anything}},
        collection + "objects/{o}/": get(place, one, *filters)
        | {"delete": {"parameters": [place, one, *filters], "responses": anything}},
        collection + "objects/{o}/versions/": get(place, one, *filters),
    }
    return json.loads(json.dumps({"openapi": "3.1.0", "info": {"title": "TAXII", "version": "2.1"}, "paths": paths}))


BAVN = (sys.executable, "-c", "from bavn.app.cli.main import main; main()", "centre")


def bavn(folder, *words, code=0):
    done = subprocess.run([*BAVN, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.fixture
def running(tmp_path):
    """A centre that runs, its folder and the port of the exchange."""
    (tmp_path / "centre.toml").write_text(
        '[place]\nport = 0\n[centre]\nsector = "test"\n'
        '[exchange]\nlisten = "127.0.0.1:0"\ncontact = "soc@example.org"\n'
    )
    bavn(tmp_path, "init")
    process = subprocess.Popen([*BAVN, "run"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    ports = json.loads(process.stdout.readline())
    yield tmp_path, ports["exchange_port"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()


def test_a_partner_is_added_while_the_centre_runs_and_both_sides_talk(running) -> None:
    folder, port = running
    words = ("--out-collections", "released", "--in-trust", "50", "--by", "Anna Berg")
    bavn(folder, "partner", "add", "cert-nord", "--kind", "national", *words)
    secret = json.loads(bavn(folder, "partner", "key", "cert-nord", "basic", "--by", "Anna Berg", "--json"))["secret"]
    tls = ssl.create_default_context(cafile=folder / "data" / "keys" / "authority.pem")
    client = httpx.Client(
        base_url=f"https://127.0.0.1:{port}", verify=tls, auth=("cert-nord", secret), headers={"accept": TAXII}
    )
    with client:
        found = client.get("/taxii2/").json()
        assert (found["title"], found["contact"]) == ("Bavn, test", "soc@example.org")
        root = found["default"]
        markings = client.get(f"{root}collections/released/objects/").json()["objects"]
        assert {one["type"] for one in markings} == {"identity", "marking-definition"}
        posted = {
            "type": "indicator",
            "spec_version": "2.1",
            "id": "indicator--00000001-0000-4000-8000-000000000000",
            "created": "2026-01-01T00:00:00Z",
            "modified": "2026-01-01T00:00:00Z",
            "valid_from": "2026-01-01T00:00:00Z",
            "pattern_type": "stix",
            "pattern": "[domain-name:value = 'evil.example.com']",
        }
        said = client.post(
            f"{root}collections/proposals/objects/", json={"objects": [posted]}, headers={"content-type": TAXII}
        )
        assert said.json()["success_count"] == 1, said.text
        (offer,) = map(json.loads, bavn(folder, "offers", "--json").splitlines())
        assert (offer["partner"], offer["observable"], offer["confidence"]) == (
            "cert-nord",
            "domain:evil.example.com",
            25,
        )
        bavn(folder, "partner", "end", "cert-nord", "--why", "the five minutes are over", "--by", "Bo Lund")
        assert client.get("/taxii2/").status_code == 401
    assert "the chain holds" in bavn(folder, "ledger", "--verify")
    assert "the chain holds" in bavn(folder, "audit", "--verify")


def test_a_certificate_that_is_none_and_a_port_that_is_none_are_one_clear_error(tmp_path) -> None:
    (tmp_path / "centre.toml").write_text('[exchange]\nlisten = "8445"\n')
    bavn(tmp_path, "init")
    bavn(tmp_path, "run", code=4)
    (tmp_path / "centre.toml").write_text('[exchange]\nlisten = "127.0.0.1:0"\ncertificate_file = "none.pem"\n')
    bavn(tmp_path, "run", code=4)
