"""Hostile bodies at every route of the services: none fails, none ends anything, and the next honest one is taken."""

import asyncio
import json
from types import SimpleNamespace

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.routing import APIRoute

from bavn.app.centre.exchange.taxii_answers import ROOT
from bavn.app.centre.exchange.taxii_service import TaxiiLimits, make_taxii
from bavn.app.centre.service import make_app
from bavn.app.keyholder.server import make_keyholder
from bavn.app.net.connections import CERTIFICATE_KEY
from bavn.app.net.member_service import ServiceLimits
from bavn.keyholder.settings import HolderSettings
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.sector.member import Actor, ActorState, Quota
from bavn.psi import oprf
from bavn.psi.round import RoundParams
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire import frames, seal
from bavn.wire.codec import Encoded, encode
from bavn.wire.keyholder import JOIN_BYTES_MAX, KeysAnswered, batch_points
from bavn.wire.messages.catalogue import Health
from bavn.wire.partners.taxii import TAXII
from bavn.wire.reading import UNREADABLE
from tests.app.conftest import StandInCentre
from tests.app.exchange.conftest import World, an_indicator
from tests.app.hostile_bodies import HOSTILE, deep
from tests.keyholder.conftest import Place

KEY = Ed25519PrivateKey.from_private_bytes(SeededDice(1, "region-a").bytes(32))
ACTOR = Actor(name="region-a", kind="region", group="region-a", x=1, state=ActorState.ACTIVE)
ROUND = RoundParams(version=1, epoch=20_000, round_id=bytes(16), registry_version=1, tier="A", t=2, m=70, r=2)
HEALTH = Health(version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0)
MANY = {"requests_per_minute_max": 10**6, "enrolments_per_minute_max_of_all": 10**6, "bytes_per_minute_max": 10**12}
QUERIES = ("after=%00", "after=%ff", "after=%D9%A1", "wait_s=1e999", "limit=" + "9" * 5000, "next=%ED%A0%80", "a=%zz&=")
JSON = "application/json"


def send(app, asked, head=None):
    """The answers to (method, path, content type, body); what an application raises is its 500."""

    async def called(scope, receive, send_):
        scope["extensions"] = {CERTIFICATE_KEY: b"region-a"}
        await app(scope, receive, send_)

    async def all_of_them():
        transport = httpx.ASGITransport(app=called, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="https://party", headers=head) as client:
            return [
                await client.request(method, path, content=body, headers={"content-type": kind})
                for method, path, kind, body in asked
            ]

    return asyncio.run(all_of_them())


def everywhere(app, kinds, bodies, fill=str):
    """Each body of each type at each route that reads one, and each query at each route."""
    asked = []
    for route in app.routes:
        for method in route.methods if isinstance(route, APIRoute) else ():
            if method != "GET":
                asked += [(method, fill(route.path), kind, body) for kind in kinds for body in bodies]
            asked += [(method, f"{fill(route.path)}?{query}", kinds[0], b"") for query in QUERIES]
    assert len(asked) > 100
    return asked


def failed(asked, answers):
    return [what for what, answer in zip(asked, answers, strict=True) if answer.status_code >= 500]


def sealed(seq, body):
    return seal.seal_encoded(KEY, "region-a", "centre", seq, Encoded("Health", body))


def envelopes():
    """Hostile bytes as a whole envelope, as its header, and as a body that the sender signed."""
    raws = [*HOSTILE.values(), *deep(b'{"a":@}').values(), *deep(b'{"from":"region-a","kind":@}').values()]
    signed = [sealed(n, raw) for n, raw in enumerate(raws, 1) if b"\n" not in raw]
    return [*filter(None, raws), *(raw + b"\n{}" for raw in raws), *signed]


@pytest.fixture
def centre(tmp_path):
    made = StandInCentre(tmp_path)
    made.who = lambda _: ACTOR
    quota = Quota(messages_per_hour_max=1000, bytes_per_hour_max=10**9)
    made.inbox._roster = SimpleNamespace(actor=lambda _: ACTOR, key=lambda _: KEY.public_key(), quota=lambda *_: quota)
    yield made
    made.close()


def test_no_body_ends_the_centre_and_the_next_honest_message_is_taken(centre) -> None:
    broken = []
    app = make_app(centre, ServiceLimits(**MANY), broken=broken.append)
    enrol = b'{"actor":@,"csr":"x","message_key":"%s","proof":"%s","token":"%s"}' % (b"a" * 64, b"b" * 128, b"c" * 43)
    bodies = [*HOSTILE.values(), *deep(enrol).values(), *deep(b'{"csr":@}').values()]
    asked = everywhere(app, (frames.CONTENT_TYPE, JSON, "text/plain"), bodies)
    asked += [("POST", "/v1/messages", frames.CONTENT_TYPE, frames.join([raw])) for raw in envelopes()]
    assert failed(asked, send(app, asked)) == []
    assert broken == []
    lines = centre.inbox.ledger.lines(limit=10_000)
    assert centre.inbox.ledger.verify() is None
    assert {line.verdict for line in lines} == {"refused"}
    assert [line for line in lines if line.rule == UNREADABLE], "what is signed and cannot be read is one line"
    honest = frames.join([seal.seal(KEY, "region-a", "centre", 999, HEALTH)])
    [answer] = send(app, [("POST", "/v1/messages", frames.CONTENT_TYPE, honest)])
    assert answer.json() == {"taken": [999]}
    assert centre.inbox.rows() == (1, 1)


def test_no_body_ends_the_key_holder_and_the_next_honest_request_is_answered(tmp_path) -> None:
    limits, broken = HolderSettings(first_batches_max=1000, points_per_epoch_max=10**8), []
    place = Place(tmp_path, limits, clock=SimClock(20_000 * DAY_US))
    party = SimpleNamespace(
        who=lambda _: ACTOR,
        part=place.holder.part,
        keys=lambda _: KeysAnswered.of(*place.shares.public(20_000, "A"), place.key),
        posts=place.making.posts,
        authority_pem=lambda: "pem",
        message_key=lambda: "ab",
        enrol=lambda _: Refused("bad_token", "no"),
        renew=lambda *_: Refused("bad_csr", "no"),
    )
    app = make_keyholder(party, broken.append, ServiceLimits(body_bytes_max=JOIN_BYTES_MAX, **MANY))
    points = [oprf.random_point(SeededDice(1, "points"))] * batch_points(70, first=True)
    good = encode(place.asked(ROUND, points)).body
    forms = [good.replace(b'"A"', b"@"), good.replace(b"20000", b"@"), good.replace(b":70", b":@")]
    bodies = [*HOSTILE.values(), *(body for form in forms for body in deep(form).values())]
    asked = everywhere(app, (JSON, "text/plain"), bodies)
    assert failed(asked, send(app, asked)) == []
    assert broken == []
    [answer] = send(app, [("POST", "/v1/part", JSON, good)])
    assert answer.status_code == 200, answer.text
    place.close()


@pytest.mark.slow
def test_no_body_ends_the_exchange_and_the_next_honest_offer_is_taken() -> None:
    world, broken = World(), []
    world.partner()
    limits = TaxiiLimits(requests_per_minute=10**6, failures_per_minute=10**6)
    app = make_taxii(world.answers, world.credentials, limits, broken.append)
    head = {"authorization": f"Bearer {world.tokens['cert-nord']}", "accept": TAXII}
    good = json.dumps({"objects": [an_indicator()]}).encode()
    forms = [good.replace(json.dumps(value).encode(), b"@") for value in an_indicator().values()]
    bodies = [*HOSTILE.values(), *deep(b'{"objects":[@]}').values(), *deep(b'{"objects":@}').values()]
    bodies += [body for form in forms for body in deep(form).values()]
    collections = send(app, [("GET", f"{ROOT}collections/", TAXII, b"")], head)[0].json()["collections"]
    own = next(entry["id"] for entry in collections if entry["can_write"])

    def fill(path):
        return path.replace("{collection}", own).replace("{object_id}", "x%00y").replace("{status_id}", "%00")

    asked = everywhere(app, (TAXII, JSON), bodies, fill)
    asked += [
        ("GET", f"{ROOT}collections/{own}/objects/?match[id]={hostile}", TAXII, b"") for hostile in ("%00", "a" * 999)
    ]
    assert failed(asked, send(app, asked, head)) == []
    basics = [("Basic AAAA", 401), ("Basic " + "=" * 99, 401), ("Bearer \x7f", 401), ("Basic 7aCAOg==", 401)]
    for given, status in basics:
        [answer] = send(app, [("GET", "/taxii2/", TAXII, b"")], {"authorization": given})
        assert answer.status_code == status, given
    assert broken == []
    [answer] = send(app, [("POST", f"{ROOT}collections/{own}/objects/", TAXII, good.replace(b"bad1.", b"bad9."))], head)
    assert answer.status_code == 202, answer.text
    assert answer.json()["success_count"] + answer.json()["failure_count"] == 1
    world.close()
