"""Runs a node: one thread looks, one pulls, one talks, so that a long look never delays a block.

Ends within seconds of SIGTERM or SIGINT. A broken invariant in any thread ends the process with its reason; a link that
is down, an enforcer that is down or a source that is broken does not: they are waited out and shown in node health.
"""

import logging
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

import uvicorn

from bavn.actor.sense.base import SourceBroken
from bavn.actor.store.faults import StoreDamaged
from bavn.app.config import NodeConfig
from bavn.app.exits import Exit, Stop
from bavn.app.list_service import list_app, list_server
from bavn.app.node_parts import NodeParts, build
from bavn.model.ports import LinkDown, LinkRefused, QueryRefused
from bavn.wire.enrol import renewal_due
from bavn.wire.links.enrolment import renew
from bavn.wire.safe import Safe

_LOG = logging.getLogger(__name__)
PULL_WAIT_S = 20.0
IDLE_S = 0.5
COMPLAIN_S = 60.0
RETRY_S = 2.0
JOIN_S = 8.0
RENEW_LOOK_S = 3600.0


class NodeBroken(Exception):
    """A thread of the node failed in a way that must not happen. The process ends; the operator reads why."""


class NodeService:
    """One node. ``run`` blocks until a signal or ``stop``; raises NodeBroken."""

    def __init__(self, config: NodeConfig) -> None:
        self._config = config
        self._listening = _listening(config.enforce.list_listen)
        try:
            self.parts: NodeParts = build(config)
        except BaseException:
            if self._listening is not None:
                self._listening.close()
            raise
        self._ended = threading.Event()
        self._arrived: queue.Queue[Sequence[bytes]] = queue.Queue(maxsize=1)
        self._failure: BaseException | None = None
        self._complaints = Complaints()
        self._lists: uvicorn.Server | None = None
        if self._listening is not None:
            folder = config.path(config.enforce.list_folder)
            self._lists = list_server(list_app(folder, config.enforce.list_token or None))

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())
        threads = [threading.Thread(target=self._guarded, args=(self._talk,), name="talk")]
        if self.parts.lookout is not None:
            threads.append(threading.Thread(target=self._guarded, args=(self._look,), name="look"))
        if self._lists is not None and self._listening is not None:
            serve = partial(self._lists.run, [self._listening])
            threads.append(threading.Thread(target=self._guarded, args=(serve,), name="lists"))
        if self._config.node.centre_url:
            threading.Thread(target=self._guarded, args=(self._pull,), name="pull", daemon=True).start()
        for thread in threads:
            thread.start()
        self._ended.wait()
        if self._lists is not None:
            self._lists.should_exit = True
        for thread in threads:
            thread.join(JOIN_S)
        self.parts.close()
        if self._failure is not None:
            raise NodeBroken(f"{type(self._failure).__name__}: {self._failure}") from self._failure

    def stop(self) -> None:
        """Ends ``run`` within seconds. From any thread."""
        self._ended.set()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  whatever it is, the node must not go on with a part missing
            if not self._ended.is_set():
                _LOG.critical("the node stops: %s", error, exc_info=error)
                self._failure = error
            self.stop()

    def _look(self) -> None:
        lookout, store = self.parts.lookout, self.parts.store
        if lookout is None or store is None:
            return
        while not self._ended.is_set():
            more = False
            try:
                more = lookout.look()
                store.tidy(merges_max=4)
            except SourceBroken as error:
                self._complaints.say(f"a source cannot be read: {error}")
            except QueryRefused as error:
                _LOG.error("the detectors were stopped at a bound: %s", error)
            except StoreDamaged as error:
                _LOG.error("%s", error)
            if not more:
                self._ended.wait(IDLE_S)

    def _pull(self) -> None:
        link, door = self.parts.link, self.parts.door
        while not self._ended.is_set():
            try:
                raws = link.pull(door.heard, PULL_WAIT_S)
            except (LinkDown, LinkRefused) as error:
                _LOG.warning("the centre cannot be asked: %s", error)
                self._ended.wait(RETRY_S)
                continue
            if raws:
                self._arrived.put(raws)
                self._arrived.join()

    def _talk(self) -> None:
        talker = self.parts.talker
        talker.start()
        renew_in_s = 0.0
        while not self._ended.is_set():
            try:
                talker.take(self._arrived.get(timeout=IDLE_S))
                self._arrived.task_done()
            except queue.Empty:
                renew_in_s -= IDLE_S
            talker.serve()
            try:
                talker.send()
                if renew_in_s <= 0:
                    self._renew()
                    renew_in_s = RENEW_LOOK_S
            except LinkRefused as error:
                _LOG.error("the centre refuses us: %s", error)
                self._ended.wait(RETRY_S)
            except LinkDown as error:
                _LOG.warning("the certificate waits to be renewed: %s", error)
                renew_in_s = RENEW_LOOK_S

    def _renew(self) -> None:
        """Fetches the next certificate when it is time. The connections that stand go on with the present one."""
        safe = Safe(self._config.folder / "keys")
        url = self._config.node.centre_url
        if url and renewal_due(safe.certificate.read_text(), self.parts.clock.now_us()):
            renew(url, safe)
            _LOG.info("the certificate was renewed")


class Complaints:
    """Says a line once, and again each minute that it is still so: what is broken is tried more often than that."""

    def __init__(self, tick: Callable[[], float] = time.monotonic) -> None:
        self._tick = tick
        self._said, self._again_s = "", 0.0

    def say(self, line: str) -> None:
        if line != self._said or self._tick() >= self._again_s:
            self._said, self._again_s = line, self._tick() + COMPLAIN_S
            _LOG.error("%s", line)


def _listening(given: str) -> socket.socket | None:
    """A socket that listens at ``address:port``; None for no address. Stop where that cannot be."""
    if not given:
        return None
    try:
        at = urlsplit(f"//{given}")
        host = at.hostname or "127.0.0.1"
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, at.port or 0), family=family)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Stop(Exit.CONFIGURATION, f"[enforce] list_listen: cannot listen on {given!r} ({why})") from error
