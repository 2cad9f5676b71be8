"""Live events: which topics changed, so that a page asks anew for what it shows. Server-sent events, never the data.

One thread asks a Watch a few times a second; each listener hears the topics that moved since it last heard. A listener
that is slow hears less often, never more at once: there are only so many topics. Refuses to say what changed to what:
each page asks its own routes, with the rights of whoever reads it.
"""

import asyncio
import json
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from bavn.app.web.frame import Person, Trouble, signed_in
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
POLL_S: Final = 0.3
BEAT_S: Final = 15.0
GAP_S: Final = 0.2
OF_ONE_MAX: Final = 20
FAILS_S_MAX: Final = 30.0


class Watch(Protocol):
    """What may have changed; asked by one thread alone."""

    def moved(self) -> frozenset[str]:
        """Topics that changed since the last time. Cheap where nothing did."""
        ...

    def close(self) -> None: ...


class _Listener:
    def __init__(self, loop: asyncio.AbstractEventLoop, actors: frozenset[str] | None) -> None:
        self._loop = loop
        self._actors = actors
        self._topics: set[str] = set()
        self._heard = asyncio.Event()
        self.ended = False

    def tell(self, topics: frozenset[str]) -> None:
        """From any thread. Of a topic ``NODE/what`` only those hear that may see the node."""
        heard = {one for one in topics if self._actors is None or one.partition("/")[0] in self._actors}
        if heard:
            self._loop.call_soon_threadsafe(self._take, heard)

    def end(self) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._end)

    def _take(self, topics: set[str]) -> None:
        self._topics |= topics
        self._heard.set()

    def _end(self) -> None:
        self.ended = True
        self._heard.set()

    async def within(self, wait_s: float) -> list[str]:
        """Topics that changed, sorted; none when nothing did for so long, or it is over."""
        try:
            async with asyncio.timeout(wait_s):
                await self._heard.wait()
        except TimeoutError:
            return []
        self._heard.clear()
        topics, self._topics = sorted(self._topics), set()
        return topics


class Live:
    """All listeners of one console. ``start`` and ``stop`` are its server's; without ``start`` nothing is heard."""

    def __init__(self, watch: Watch, *, listeners_max: int, beat_s: float = BEAT_S) -> None:
        self._watch = watch
        self._listeners_max = listeners_max
        self._beat_s = beat_s
        self._listeners: dict[_Listener, str] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="console-live", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Lets every listener go. From any thread; may be called again."""
        self._over.set()
        with self._lock:
            for listener in self._listeners:
                listener.end()

    def close(self) -> None:
        """After ``stop``: returns when the thread has ended."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join()

    def tell(self, topics: frozenset[str]) -> None:
        """Something changed that no watch sees. From any thread."""
        if not topics:
            return
        with self._lock:
            for listener in self._listeners:
                listener.tell(topics)

    def _run(self) -> None:
        fails_s = 0.0
        try:
            while not self._over.wait(POLL_S + fails_s):
                try:
                    self.tell(self._watch.moved())
                    fails_s = 0.0
                except Exception as error:  # noqa: BLE001  a database that is away comes back; pages say so meanwhile
                    _LOG.warning("what changed cannot be seen: %s", type(error).__name__)
                    fails_s = min(FAILS_S_MAX, 2 * fails_s + 1)
        finally:
            self._watch.close()

    def _enter(self, person: Person) -> _Listener:
        name, listener = person.name, _Listener(asyncio.get_running_loop(), person.actors)
        with self._lock:
            if self._over.is_set():
                raise Trouble(503, "not-now", Text("The console is ending."), "wait")
            if len(self._listeners) >= self._listeners_max or Counter(self._listeners.values())[name] >= OF_ONE_MAX:
                raise Trouble(
                    429,
                    "too-many-pages",
                    Text("Too many pages are open: close some."),
                )
            self._listeners[listener] = name
        return listener

    async def stream(self, person: Person, still: Callable[[], None]) -> AsyncIterator[bytes]:
        """Events for one page; ``still`` raises Trouble once the person behind it is not signed in any more. The
        first event says that listening has begun. Raises Trouble where there is no room."""
        listener = self._enter(person)
        return self._events(listener, still)

    async def _events(self, listener: _Listener, still: Callable[[], None]) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        try:
            yield _event("ready", {})
            asked_at = loop.time()
            while not listener.ended:
                topics = await listener.within(self._beat_s)
                if loop.time() - asked_at >= self._beat_s:
                    try:
                        await asyncio.to_thread(still)
                    except Trouble:
                        yield _event("over", {})
                        return
                    asked_at = loop.time()
                yield _event("changed", {"topics": topics}) if topics else b": beat\n\n"
                await asyncio.sleep(GAP_S)
        finally:
            with self._lock:
                self._listeners.pop(listener, None)


def _event(kind: str, said: dict[str, list[str]]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(said, separators=(',', ':'))}\n\n".encode()


def routes(live: Live) -> APIRouter:
    """``GET /live``."""
    router = APIRouter(tags=["live"])

    @router.get(
        "/live",
        operation_id="live",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    )
    async def hear(request: Request, person: Annotated[Person, signed_in()]) -> StreamingResponse:
        """Server-sent events: ``ready`` at once, ``changed`` with ``{"topics": [...]}`` whenever something did, and
        ``over`` when the log-on has ended. A comment comes every 15 seconds."""
        events = await live.stream(person, lambda: _still(request))
        return StreamingResponse(
            events, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )

    return router


def _still(request: Request) -> None:
    request.app.state.access.person(request)
