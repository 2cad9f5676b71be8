"""The key holder's service among bad callers: who sends slowly, or much at once, keeps nobody else from their keys."""

import asyncio

import pytest
from fastapi import HTTPException

from bavn.app.keyholder.server import AT_ONCE_MAX, _Service
from bavn.app.net.connections import CERTIFICATE_KEY
from bavn.app.net.member_service import ServiceLimits
from bavn.model.outcome import Refused
from bavn.model.sector.member import Actor, ActorState
from bavn.psi import oprf
from bavn.psi.round import RoundParams
from bavn.traffic.dice import SeededDice
from bavn.wire.codec import encode
from bavn.wire.keyholder import JOIN_BYTES_MAX, JoinAnswered, JoinAsked, batch_points

PARAMS = RoundParams(version=1, epoch=20_000, round_id=bytes(16), registry_version=1, tier="A", t=2, m=70, r=2)
ASKED = JoinAsked.of(PARAMS, [oprf.random_point(SeededDice(1, "points"))] * batch_points(70, first=True))
BODY = encode(ASKED).body


class Holder:
    """Answers whoever it knows by the certificate, which is the name."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def who(self, der: bytes) -> Actor | Refused:
        return Actor(name=der.decode(), kind="region", group="", x=1, state=ActorState.ACTIVE)

    def join(self, actor: str, asked: JoinAsked) -> JoinAnswered | Refused:
        self.asked.append(actor)
        return JoinAnswered(round_id=asked.round_id, points=asked.points, key="ab" * 32)

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
        slow = [asyncio.create_task(made.join(Request(f"slow-{n}", never))) for n in range(2 * AT_ONCE_MAX)]
        await asyncio.sleep(0.2)
        answer = await asyncio.wait_for(made.join(Request("north", now)), 10)
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
        first = asyncio.create_task(made.join(Request("north", later)))
        await asyncio.sleep(0.2)
        with pytest.raises(HTTPException) as refused:
            await made.join(Request("north", now))
        assert refused.value.status_code == 429
        later.set()
        assert (await first).status_code == 200
        assert (await made.join(Request("north", now))).status_code == 200
        first = asyncio.create_task(made.join(Request("north", asyncio.Event())))
        await asyncio.sleep(0.2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await made.join(Request("north", now))).status_code == 200

    asyncio.run(play())
