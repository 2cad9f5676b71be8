"""The centre's side of the fan-out: a nats-server of its own, and an ear that answers what nodes ask through it.

A question is judged as a request over HTTPS is: the certificate inside must be a member's that counts now, and gate 2
and gate 3 do the rest; what goes into the link is what they gave. Nothing else of the centre is reached this way.
"""

import asyncio
import importlib.util
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from bavn.app.config.fanout import FanoutTable, HubFile, host_port
from bavn.app.fit.roles import lacks
from bavn.app.hub.server import HubPlan, HubServer, Pair, User, users_of
from bavn.app.net.party_clock import BesideClock
from bavn.app.net.throttle import Throttle
from bavn.app.net.wakes import Wakes
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.model.failure import Failures
from bavn.model.moment import SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.member import CENTRE_NAME, Actor, ActorState, Peer, PeerRole
from bavn.model.text import Text
from bavn.wire import frames
from bavn.wire.book import is_environment
from bavn.wire.gate import GateBroken
from bavn.wire.links.https import context
from bavn.wire.links.nats import TOO_LARGE, Line, inbox_of
from bavn.wire.parcel import PARCEL_BYTES_MAX, ParcelResponse, SignedQuestion, sealed_answer, understand
from bavn.wire.pieces import Pieces
from bavn.wire.safe import Safe

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from bavn.app.centre.server import CentreServer
    from bavn.app.centre.service import Centre
    from bavn.app.config.load import CentreFile
    from bavn.centre.node.centre import Centre as RealCentre

_LOG = logging.getLogger(__name__)
OWN: Final = Peer(PeerRole.CENTRE, CENTRE_NAME)
"""As which the ear connects to the hub beside it."""
PART: Final = "request through a hub"
LOOK_S: Final = 2.0
"""So often the list of members and the own connection are looked at."""
REQUESTS_PER_MINUTE_MAX: Final = 1200
BYTES_PER_MINUTE_MAX: Final = 1_000_000_000
ASKED_EACH_MAX: Final = 8
_NOT_GATHERED: Final = {"pieces_full": 429, "piece_order": 409}
"""After these a node tries again."""


class Ear:
    """Answers the questions that come by one connection. ``received`` hears of each post that was taken in; ``broken``
    of a broken invariant."""

    def __init__(
        self,
        centre: "Centre",
        key: Ed25519PrivateKey,
        wakes: Wakes,
        *,
        questions_max: int,
        received: Callable[[], None] = lambda: None,
        broken: Callable[[BaseException], None] = lambda _: None,
        failures: Failures | None = None,
    ) -> None:
        self._centre, self._key, self._wakes = centre, key, wakes
        self._received, self._broken, self._max = received, broken, questions_max
        self.failures = failures
        self._throttle = Throttle(REQUESTS_PER_MINUTE_MAX, BYTES_PER_MINUTE_MAX)
        self._open_by_actor: dict[str, int] = {}
        self._pieces = Pieces()
        self._tasks: set[asyncio.Task[None]] = set()

    async def take_in(self, client: "Client") -> None:
        """Listens on a connection."""

        async def came(message: "Msg") -> None:
            actor = message.subject.rpartition(".")[2]
            inside = message.reply.startswith(f"{inbox_of(actor)}.")
            if not inside or len(self._tasks) >= self._max or self._open_by_actor.get(actor, 0) >= ASKED_EACH_MAX:
                return  # whoever asks too much asks again
            self._open_by_actor[actor] = self._open_by_actor.get(actor, 0) + 1
            task = asyncio.ensure_future(self._answer(client, actor, message.data, message.reply))
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._over(done, actor))

        await client.subscribe("bavn.up.*", cb=came, pending_msgs_limit=self._max)

    def _over(self, task: "asyncio.Task[None]", actor: str) -> None:
        self._tasks.discard(task)
        left = self._open_by_actor.get(actor, 1) - 1
        if left > 0:
            self._open_by_actor[actor] = left
        else:
            self._open_by_actor.pop(actor, None)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("a question through a hub failed: %s", type(task.exception()).__name__)

    async def _answer(self, client: "Client", actor: str, raw: bytes, reply: str) -> None:
        question = await asyncio.to_thread(understand, raw, self._key, actor)
        if isinstance(question, Refused):
            return  # nobody proved who asks: there is nobody to answer
        try:
            answer = await self._judged(actor, question)
            if self.failures is not None:
                self.failures.works(PART)
        except GateBroken as error:
            self._broken(error)
            return
        except Exception as error:  # noqa: BLE001  as over HTTPS: the node keeps what it has and asks again
            _LOG.error("a question of %s failed: %s", actor, type(error).__name__)
            if self.failures is not None and not is_environment(error):
                self.failures.note(PART, error, item=raw)
            answer = ParcelResponse(status=500, detail="this failed; try again later")
        if not client.is_connected:
            return
        timed = replace(answer, at_s=SystemClock().now_us() // SECOND_US)
        await client.publish(reply, await asyncio.to_thread(sealed_answer, question, timed))

    async def _judged(self, actor: str, question: SignedQuestion) -> ParcelResponse:
        member = await asyncio.to_thread(self._centre.who, question.certificate_der)
        if isinstance(member, Refused):
            return ParcelResponse(status=403, detail=member.reason.en)
        if not isinstance(member, Actor) or member.name != actor:
            return ParcelResponse(status=403, detail="the certificate names somebody else")
        if self._throttle.too_much(actor, len(question.question.body)):
            return ParcelResponse(status=429, detail="too much at once; try again in a minute")
        if question.question.what == "post":
            return await self._take(actor, question.question.body)
        if question.question.what == "piece":
            return await self._gather(actor, question.question.after, question.question.body)
        return await self._give(actor, question.question.after, question.question.wait_ms / 1000)

    async def _take(self, actor: str, body: bytes) -> ParcelResponse:
        envelopes = frames.split(body)
        if isinstance(envelopes, Refused):
            return ParcelResponse(status=400, detail=envelopes.reason.en)
        taken = await asyncio.to_thread(self._centre.receive, actor, envelopes)
        self._received()
        return ParcelResponse(status=200, taken=tuple(taken))

    async def _gather(self, actor: str, at: int, piece: bytes) -> ParcelResponse:
        whole = self._pieces.add(actor, at, piece, SystemClock().now_us())
        if isinstance(whole, Refused):
            return ParcelResponse(status=_NOT_GATHERED.get(whole.rule, 400), detail=whole.reason.en)
        return ParcelResponse(status=200) if whole is None else await self._take(actor, frames.join([whole]))

    async def _give(self, actor: str, after: int, wait_s: float) -> ParcelResponse:
        async with self._wakes.listening(actor) as queued:
            until = asyncio.get_running_loop().time() + min(wait_s, 30.0)
            while True:
                queued.clear()
                envelopes = await asyncio.to_thread(self._centre.pull, actor, after)
                left = until - asyncio.get_running_loop().time()
                if envelopes or left <= 0 or not await queued.within(left):
                    return _given(envelopes)


def _given(envelopes: Sequence[bytes]) -> ParcelResponse:
    """The first of them, as many as one parcel holds."""
    size, some = 0, list[bytes]()
    for raw in envelopes[: frames.ENVELOPES_MAX]:
        size += len(raw) + 4
        if size > PARCEL_BYTES_MAX:
            break
        some.append(raw)
    if envelopes and not some:
        return ParcelResponse(status=TOO_LARGE, detail="more than a parcel holds: ask over HTTPS")
    return ParcelResponse(status=200, body=frames.join(some))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the fan-out's files are. ``keys``: server certificate and key, authority."""

    folder: Path
    authority: Path
    certificate: Path
    key: Path


class Fanout:
    """The centre's own hub and ear. ``start`` returns when nodes can ask; Stop where it cannot."""

    def __init__(
        self, table: FanoutTable, place: Place, authority: Authority, ear: Ear, actors: Callable[[], Sequence[str]]
    ) -> None:
        self._table, self._place, self._actors = table, place, actors
        self._safe = Safe(place.folder / "client")
        self._certified(authority)
        self._server = HubServer(self._plan(), place.folder)
        host, port = host_port(table.listen, "fanout.listen")
        near = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104  where it listens, not where we do
        self._line = Line(
            [f"tls://{near}:{port}"],
            self._tls,
            "centre",
            "bavn.own",
            made=ear.take_in,
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="fanout", daemon=True)

    @property
    def server_pid(self) -> int | None:
        """The process of the centre's own hub."""
        return self._server.pid

    def start(self) -> None:
        self._server.start()
        try:
            self._line.do(self._line.client(), 15.0)
        except (LinkDown, LinkRefused) as error:
            self.close()
            raise Stop(
                Exit.CONFIGURATION,
                Text("[fanout] listen: the centre does not reach its own hub ({error})", error=Text.of_error(error)),
            ) from (error)
        self._thread.start()

    def close(self) -> None:
        """Harmless when repeated."""
        self._ended.set()
        self._line.close()
        self._server.stop()

    def _keep(self) -> None:
        while not self._ended.wait(LOOK_S):
            try:
                self._server.plan_is(self._plan())
                if not self._line.connected:
                    self._line.do(self._line.client(), 15.0)
            except (LinkDown, LinkRefused) as error:
                _LOG.warning("the fan-out waits for its hub: %s", error)
            except Exception as error:  # noqa: BLE001  a database that is away for a moment ends no fan-out
                _LOG.warning("the fan-out could not look at the members: %s", type(error).__name__)

    def _plan(self) -> HubPlan:
        users = [User.centre(OWN.urn), *(User.hub(Peer(PeerRole.HUB, name).urn) for name in self._table.hubs)]
        return HubPlan(
            name=OWN.name,
            listen=self._table.listen,
            authority=self._place.authority,
            server=Pair(certificate=self._place.certificate, key=self._place.key),
            users=(*users, *users_of(self._actors())),
            leafs=self._table.hubs_listen,
        )

    def _certified(self, authority: Authority) -> None:
        """A certificate for the ear, made anew at each start."""
        key, now_us, dice = new_key(SystemDice()), SystemClock().now_us(), SystemDice()
        made = authority.certify(OWN, key.public_key(), now_us, dice)
        self._safe.write("tls.key.pem", key_pem(key).decode())
        self._safe.write("certificate.pem", made.public_bytes(Encoding.PEM).decode())

    def _tls(self) -> Any:
        return context(self._place.authority.read_text(), self._safe.certificate, self._safe.tls_key)


def fanout_of(file: "CentreFile", centre: "RealCentre", server: "CentreServer") -> Fanout:
    """The fan-out of a centre that is configured to have one. Stop."""
    if importlib.util.find_spec("nats") is None:
        raise lacks("centre", "nats")
    keys = PartyKeys(file.folder, "centre")
    ear = Ear(
        centre,
        keys.message_key(),
        server.wakes,
        questions_max=file.fanout.questions_max,
        received=server.nudge,
        broken=server.fail,
        failures=centre.contained.failures,
    )
    place = Place(
        folder=file.folder / "fanout",
        authority=keys.folder / "authority.pem",
        certificate=keys.certificate,
        key=keys.key,
    )

    def actors() -> list[str]:
        return [one.actor.name for one in centre.desk.members() if one.actor.state is ActorState.ACTIVE]

    return Fanout(file.fanout, place, keys.authority(), ear, actors)


def make_hub(file: "CentreFile", name: str, hosts: tuple[str, ...], into: Path) -> Safe:
    """A folder with all that a hub needs: its key and two certificates, and the authority's. Stop where there is one
    already. The key of a hub opens nothing: it passes sealed parcels on."""
    safe = Safe(into)
    if (into / "server.pem").exists():
        raise Stop(
            Exit.CONFIGURATION, Text("{into} holds a hub's certificates already: take another folder", into=into)
        )
    authority, key = PartyKeys(file.folder, "centre").authority(), new_key(SystemDice())
    now_us = BesideClock(file.folder).now_us()
    server = authority.certify_server(hosts, key.public_key(), now_us, SystemDice())
    client = authority.certify(Peer(PeerRole.HUB, name), key.public_key(), now_us, SystemDice())
    safe.write("authority.pem", authority.pem)
    safe.write("hub.key.pem", key_pem(key).decode())
    safe.write("client.pem", client.public_bytes(Encoding.PEM).decode())
    safe.write("server.pem", server.public_bytes(Encoding.PEM).decode())
    return safe


def hub_plan(file: HubFile) -> HubPlan:
    """What a regional hub is told. Stop where its folder lacks something."""
    safe, given = Safe(file.folder), file.hub
    missing = [
        name
        for name in ("authority.pem", "hub.key.pem", "client.pem", "server.pem")
        if not (file.folder / name).is_file()
    ]
    if missing:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "{what} is missing: make the hub with `bavn centre hub` and bring its folder here",
                what=file.folder / missing[0],
            ),
        )
    if not given.centre or not given.actors:
        raise Stop(Exit.CONFIGURATION, Text("[hub] centre and actors: a hub stands between a centre and its actors"))
    key = file.folder / "hub.key.pem"
    return HubPlan(
        name=f"hub-{given.name or 'nameless'}",
        listen=given.listen,
        authority=safe.authority,
        server=Pair(certificate=file.folder / "server.pem", key=key),
        users=users_of(given.actors),
        upward=(given.centre, Pair(certificate=file.folder / "client.pem", key=key)),
    )
