"""Whom servers let in, by role and name in the certificate; who sends slowly, or much at once, keeps nobody from their
keys."""

import asyncio
import json
import threading
from types import SimpleNamespace

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import HTTPException
from sqlalchemy import insert, update

from bavn.app.config.load import read_keyholder
from bavn.app.keyholder.parts import build
from bavn.app.keyholder.server import AT_ONCE_MAX, _Service
from bavn.app.net.connections import CERTIFICATE_KEY
from bavn.app.net.member_service import ServiceLimits
from bavn.app.process.exits import Exit
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.members.authority import key_pem, new_key
from bavn.centre.members.tables import ACTOR, CERTIFICATE
from bavn.centre.store.engine import writing
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.sector.member import MEMBERS, Actor, ActorState
from bavn.psi import oprf
from bavn.psi.round import RoundParams
from bavn.traffic.dice import SeededDice
from bavn.wire.codec import encode
from bavn.wire.keyholder import JOIN_BYTES_MAX, Batch, PartAnswered, PartAsked, batch_points
from bavn.wire.links.https import context
from tests.app.test_cli_keyholder import command
from tests.psi.threshold.conftest import dealt

PARAMS = RoundParams(version=1, epoch=20_000, round_id=bytes(16), registry_version=1, tier="A", t=2, m=70, r=2)
KEYS = [dealt(1, 1)[0]] * 2
POINTS = (oprf.random_point(SeededDice(1, "points")),) * batch_points(70, first=True)
ASKED = PartAsked.to(Batch(PARAMS, POINTS), (1,), *KEYS)
BODY = encode(ASKED).body


class Holder:
    """Answers whoever it knows by the certificate, which is the name."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def who(self, der: bytes) -> Actor | Refused:
        return Actor(name=der.decode(), kind="region", group="", x=1, state=ActorState.ACTIVE)

    def part(self, actor: str, asked: PartAsked) -> PartAnswered | Refused:
        self.asked.append(actor)
        return PartAnswered(
            round_id=asked.round_id,
            number=1,
            points=asked.points,
            proofs="ab" * 64,
            round_point="ab" * 32,
            round_proof="ab" * 64,
        )

    def tidy(self) -> list[int]:
        return []


class Request:
    """One request; its body comes when ``comes`` is set."""

    def __init__(self, actor: str, comes: asyncio.Event) -> None:
        self.scope = {"extensions": {CERTIFICATE_KEY: actor.encode()}}
        self.headers = {"content-type": "application/json", "content-length": str(len(BODY))}
        self.comes = comes

    async def stream(self):
        yield BODY[:1]
        await self.comes.wait()
        yield BODY[1:]


def service(holder) -> _Service:
    return _Service(holder, lambda _: None, ServiceLimits(body_bytes_max=JOIN_BYTES_MAX))


def test_actors_that_send_slowly_keep_nobody_from_their_keys() -> None:
    async def play() -> None:
        holder = Holder()
        made, never, now = service(holder), asyncio.Event(), asyncio.Event()
        now.set()
        slow = [asyncio.create_task(made.part(Request(f"slow-{n}", never))) for n in range(2 * AT_ONCE_MAX)]
        await asyncio.sleep(0.2)
        answer = await asyncio.wait_for(made.part(Request("north", now)), 10)
        assert answer.status_code == 200
        assert holder.asked == ["north"]
        never.set()
        assert {one.status_code for one in await asyncio.gather(*slow)} == {200}

    asyncio.run(play())


def test_one_request_of_an_actor_at_a_time_and_the_next_when_it_is_answered() -> None:
    async def play() -> None:
        holder = Holder()
        made, later, now = service(holder), asyncio.Event(), asyncio.Event()
        now.set()
        first = asyncio.create_task(made.part(Request("north", later)))
        await asyncio.sleep(0.2)
        with pytest.raises(HTTPException) as refused:
            await made.part(Request("north", now))
        assert refused.value.status_code == 429
        later.set()
        assert (await first).status_code == 200
        assert (await made.part(Request("north", now))).status_code == 200
        first = asyncio.create_task(made.part(Request("north", asyncio.Event())))
        await asyncio.sleep(0.2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await made.part(Request("north", now))).status_code == 200

    asyncio.run(play())


HOLDERS = json.dumps([f"https://keys-{number}.example" for number in (1, 2, 3)])
OF_ACTORS, OF_HOLDERS, OF_BOTH = ("/v1/part", "/v1/keys"), ("/v1/posts",), ("/v1/renew",)


def certified(folder, registry, authority, urn, member):
    """TLS as who has a certificate for this URI, which the registry knows as a certificate of this member."""
    role, _, name = urn.removeprefix("urn:bavn:").partition(":")
    key, now_us = new_key(SystemDice()), SystemClock().now_us()
    made = authority.certify(SimpleNamespace(role=role, name=name, urn=urn), key.public_key(), now_us, SystemDice())
    row = {"fingerprint": made.fingerprint(hashes.SHA256()).hex(), "actor": member, "issued_us": now_us}
    with writing(registry.engine) as tx:
        tx.execute(update(ACTOR).where(ACTOR.c.name == member).values(state="active"))
        tx.execute(insert(CERTIFICATE).values(**row, not_before_us=now_us - DAY_US, not_after_us=now_us + DAY_US))
    (folder / "peer.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "peer.key").write_bytes(key_pem(key))
    return context(authority.pem, folder / "peer.pem", folder / "peer.key")


def statuses(url, tls, paths):
    """What each answers to a message that is none: 400 to who is let in, 403 to others."""
    with httpx.Client(verify=tls, base_url=url, trust_env=False) as client:
        return [client.post(path, json={}).status_code for path in paths]


@pytest.fixture
def holder(tmp_path):
    """The first of three key holders behind its port, with an actor and the second holder as its members."""
    config = tmp_path / "keyholder.toml"
    config.write_text(f"[place]\nport = 0\n[threshold]\nnumber = 1\nk = 2\nholders = {HOLDERS}\n")
    command(config, "init")
    command(config, "invite", "north")
    command(config, "invite-holder", "2")
    server, book = build(read_keyholder(config))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield SimpleNamespace(party=server._holder, url=f"https://127.0.0.1:{server.port}", config=config)
    server.stop()
    thread.join()
    book.close()


@pytest.mark.parametrize(
    ("urn", "member", "open_to_it"),
    [
        ("urn:bavn:actor:north", "north", OF_ACTORS + OF_BOTH),
        ("urn:bavn:keyholder:holder-2", "holder-2", OF_HOLDERS + OF_BOTH),
        ("urn:bavn:actor:holder-2", "holder-2", ()),
        ("urn:bavn:keyholder:north", "north", ()),
        ("urn:bavn:keyholder:holder-3", "holder-2", ()),
        ("urn:bavn:partner:north", "north", ()),
    ],
)
def test_a_key_holder_lets_in_by_role_and_name(holder, tmp_path, urn, member, open_to_it) -> None:
    tls = certified(tmp_path, holder.party.registry, holder.party.enrolment.authority, urn, member)
    paths = OF_ACTORS + OF_HOLDERS + OF_BOTH
    assert statuses(holder.url, tls, paths) == [400 if path in open_to_it else 403 for path in paths]


@pytest.mark.parametrize("urn", ["urn:bavn:actor:region-a", "urn:bavn:partner:region-a"])
def test_the_centre_lets_in_actors_alone(stand, tmp_path, urn) -> None:
    tls = certified(tmp_path, stand.centre.registry, stand.centre.authority, urn, "region-a")
    with httpx.Client(verify=tls, base_url=stand.url, trust_env=False) as client:
        answers = [client.get("/v1/messages").status_code, client.post("/v1/renew", json={}).status_code]
    assert answers == ([200, 400] if ":actor:" in urn else [403, 403])


def test_a_name_of_a_role_is_invited_by_no_command_for_actors(holder) -> None:
    for name in ("holder-2", "holder-3", "keyholder-2", "centre", *MEMBERS):
        refused = command(holder.config, "invite", name, code=Exit.USAGE)
        assert "no actor can be called" in str(refused.exception)
    for number in ("1", "4", "0"):
        refused = command(holder.config, "invite-holder", number, code=Exit.USAGE)
        assert "[threshold] names no such other holder" in str(refused.exception)
