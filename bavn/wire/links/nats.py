"""The link through NATS hubs: the same port, envelopes and numbers, with sealed questions instead of HTTPS requests.

A hub is a nats-server that answers for nobody: what it loses is asked again, what it plays twice is taken once, and
what it makes up opens under no key (parcel.py). So nothing is kept in a hub, and one that is killed costs a moment.
What is too large for a parcel goes over HTTPS. Refuses to trust a hub with more than passing bytes on.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bavn.model.moment import SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice, Link, LinkDown, LinkRefused
from bavn.wire import frames, pieces
from bavn.wire.links.https import WAIT_S_MAX, link_context
from bavn.wire.parcel import PARCEL_BYTES_MAX, Asking, ParcelResponse, Question
from bavn.wire.safe import Safe

if TYPE_CHECKING:
    from nats.aio.client import Client

CONNECT_S: Final = 5.0
ANSWER_S: Final = 20.0
CLOSE_S: Final = 2.0
PENDING_BYTES_MAX: Final = 4 * PARCEL_BYTES_MAX
_REFUSALS: Final = frozenset({400, 401, 403, 413, 426})
TOO_LARGE: Final = 413


def subject_of(actor: str) -> str:
    """Where an actor asks. A hub lets nobody else in here."""
    return f"bavn.up.{actor}"


def inbox_of(actor: str) -> str:
    """Below this an actor is answered, and nobody else."""
    return f"bavn.in.{actor}"


def hub_addresses(urls: Sequence[str]) -> tuple[str, ...]:
    """The hubs of a configuration. ValueError for one that is not ``tls://host:port``."""
    for url in urls:
        at = urlsplit(url)
        if at.scheme != "tls" or not at.hostname or at.port is None or at.username or at.path.strip("/") or at.query:
            raise ValueError(f"a hub is tls://HOST:PORT, not {url!r}")
    return tuple(urls)


class Line:
    """One connection of ``name`` to any of these hubs, on a thread and loop of its own. ``made`` is called with each
    new connection, on that loop, before it is used. From any thread."""

    def __init__(
        self,
        urls: Sequence[str],
        tls: Callable[[], ssl.SSLContext],
        name: str,
        inbox: str,
        made: Callable[["Client"], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        self._urls, self._tls, self._name, self._inbox, self._made = list(urls), tls, name, inbox, made
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"nats {name}", daemon=True)
        self._thread.start()
        self._client: Client | None = None
        self._lost = asyncio.Event()
        self._one = asyncio.Lock()

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def do[Made](self, work: Coroutine[Any, Any, Made], within_s: float) -> Made:
        """What a coroutine gives, on the line's loop. Raises LinkDown."""
        if self._loop.is_closed():
            work.close()
            raise LinkDown("the link was closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(within_s)
        except (TooLate, CancelledError) as error:
            future.cancel()
            raise LinkDown("no hub answered in time") from error

    async def client(self) -> "Client":
        """A connection that stands; a new one to the next hub where there is none. Raises LinkDown, LinkRefused."""
        async with self._one:
            if self._client is not None and self._client.is_connected:
                return self._client
            failures: list[str] = []
            refused: LinkRefused | None = None
            for url in list(self._urls):
                try:
                    self._client = await self._connect(url)
                except LinkRefused as error:
                    failures.append(str(error))
                    refused = error
                except Exception as error:  # noqa: BLE001  a hub that is away says so in many ways
                    failures.append(f"{url}: {type(error).__name__} {str(error)[:120]}")
                else:
                    return self._client
                self._urls.append(self._urls.pop(0))  # the next time begins with the next
            if refused is not None and all("does not let" in words for words in failures):
                raise refused
            raise LinkDown("; ".join(failures))

    async def _connect(self, url: str) -> "Client":
        import nats

        lost = self._lost = asyncio.Event()

        async def gone() -> None:
            lost.set()

        async def said(_: Exception) -> None:
            """What fails shows as a question without an answer."""

        try:
            client = await nats.connect(
                url,
                tls=self._tls(),
                tls_hostname=urlsplit(url).hostname,
                name=self._name,
                inbox_prefix=self._inbox,
                allow_reconnect=False,
                connect_timeout=CONNECT_S,
                ping_interval=10,
                max_outstanding_pings=2,
                closed_cb=gone,
                disconnected_cb=gone,
                error_cb=said,
                pending_size=PENDING_BYTES_MAX,
            )
        except nats.errors.Error as error:
            if "Authorization" in str(error):
                raise LinkRefused(f"the hub {url} does not let {self._name} in") from error
            raise
        if self._made is not None:
            await self._made(client)
            await client.flush(timeout=int(CONNECT_S))
        return client

    async def ask(self, subject: str, raw: bytes, within_s: float) -> bytes:
        """The answer to a question, and LinkDown at once when the connection ends before it comes."""
        import nats

        client = await self.client()
        lost = self._lost
        pending = asyncio.ensure_future(client.request(subject, raw, timeout=within_s))
        ended = asyncio.ensure_future(lost.wait())
        try:
            await asyncio.wait({pending, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not pending.done():
                raise LinkDown("the connection to the hub ended")
            return bytes((await pending).data)
        except nats.errors.NoRespondersError as error:
            raise LinkDown("the hub does not reach the centre") from error
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise LinkDown(f"no answer through the hub: {type(error).__name__}") from error
        finally:
            for one in (pending, ended):
                one.cancel()

    def close(self) -> None:
        """Lets go of the connection. Harmless when repeated."""
        if self._loop.is_closed():
            return
        with contextlib.suppress(Exception):  # a connection that is gone cannot be closed, and need not be
            asyncio.run_coroutine_threadsafe(self._let_go(), self._loop).result(CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_S)
        if not self._thread.is_alive():
            self._loop.close()

    async def _let_go(self) -> None:
        if self._client is not None:
            await self._client.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """Who an enrolled node is when it asks: read anew for each connection and parcel; certificates are renewed."""

    safe: Safe
    dice: Dice
    clock: Clock

    def tls(self) -> ssl.SSLContext:
        """Raises LinkRefused."""
        return link_context(self.safe, self.clock)

    def asking(self, question: Question) -> Asking:
        """The question as this node."""
        keys = self.safe.keys()
        der = x509.load_pem_x509_certificate(self.safe.certificate.read_bytes()).public_bytes(Encoding.DER)
        return Asking(keys.actor, keys.tls, der, self.safe.centre_key(), question, self.dice)


class NatsLink:
    """Implements Link for an enrolled node. ``large``: the link for an answer that no parcel holds (HTTPS). Raises
    ValueError for what is no hub's address."""

    def __init__(self, urls: Sequence[str], standing: NodeIdentity, large: Link) -> None:
        actor = standing.safe.keys().actor
        self._actor, self._standing, self._large = actor, standing, large
        self._line = Line(hub_addresses(urls), standing.tls, actor, inbox_of(actor))
        self.skew_s: int | None = None
        """This node's clock minus the centre's, by the last answer; None: nothing was heard."""

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        some = _fitting(envelopes)
        if not envelopes:
            return []
        if some:
            answer = self._ask(Question(what="post", body=frames.join(some)), 0.0)
        else:
            some = envelopes[:1]
            for at, piece in pieces.cut(some[0]):
                answer = self._ask(Question(what="piece", after=at, body=piece), 0.0)
        if len(answer.taken) > len(some):
            raise LinkDown("the centre's answer to a post makes no sense")
        return list(answer.taken)

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:
        wait_s = min(max(wait_s, 0.0), WAIT_S_MAX)
        answer = self._ask(Question(what="pull", after=after, wait_ms=int(1000 * wait_s)), wait_s)
        if answer.status == TOO_LARGE:
            return self._large.pull(after, 0.0)
        envelopes = frames.split(answer.body)
        if isinstance(envelopes, Refused):
            raise LinkDown("the centre's answer to a pull makes no sense")
        return envelopes

    def _ask(self, question: Question, wait_s: float) -> ParcelResponse:
        asking = self._standing.asking(question)
        within_s = wait_s + ANSWER_S
        raw = self._line.do(self._line.ask(subject_of(self._actor), asking.raw, within_s), within_s + 2 * CONNECT_S)
        answer = asking.open(raw)
        if isinstance(answer, Refused):
            raise LinkDown(f"what came through the hub is not the centre's answer ({answer.rule})")
        self.skew_s = self._standing.clock.now_us() // SECOND_US - answer.at_s
        if answer.status == 200 or (answer.status == TOO_LARGE and question.what == "pull"):
            return answer
        said = f"the centre answered {answer.status}: {_plain(answer.detail)}"
        raise LinkRefused(said) if answer.status in _REFUSALS else LinkDown(said)

    def close(self) -> None:
        self._line.close()


def _fitting(envelopes: Sequence[bytes]) -> Sequence[bytes]:
    """The first of them, as many as one parcel holds."""
    size = 0
    for at, raw in enumerate(envelopes[: frames.ENVELOPES_MAX]):
        size += len(raw) + 4
        if size > PARCEL_BYTES_MAX:
            return envelopes[:at]
    return envelopes[: frames.ENVELOPES_MAX]


def _plain(detail: str) -> str:
    return detail if detail.isascii() and detail.isprintable() else "(no plain sentence)"
