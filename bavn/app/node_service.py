"""Runs a node: one thread looks, one pulls, one talks, so that a long look never delays a block.

Ends within seconds of SIGTERM or SIGINT. A broken invariant in any thread ends the process with its reason; a link that
is down, an enforcer that is down or a source that is broken does not: they are waited out and shown in node health.
"""

import logging
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import uvicorn

from bavn.actor.sense.base import SourceBroken
from bavn.actor.store.faults import StoreDamaged
from bavn.app.config import NodeConfig
from bavn.app.list_service import list_app, list_server
from bavn.app.node_parts import NodeParts, build
from bavn.model.ports import LinkDown, LinkRefused, QueryRefused
from bavn.wire.enrol import renewal_due
from bavn.wire.links.enrolment import renew
from bavn.wire.safe import Safe

_LOG = logging.getLogger(__name__)
PULL_WAIT_S = 20.0
IDLE_S = 0.5
RETRY_S = 2.0
JOIN_S = 8.0
RENEW_LOOK_S = 3600.0


class NodeBroken(Exception):
    """A thread of the node failed in a way that must not happen. The process ends; the operator reads why."""


class NodeService:
    """One node. ``run`` blocks until a signal or ``stop``; raises NodeBroken."""

    def __init__(self, config: NodeConfig) -> None:
        self._config = config
        self.parts: NodeParts = build(config)
        self._ended = threading.Event()
        self._arrived: queue.Queue[Sequence[bytes]] = queue.Queue(maxsize=1)
        self._failure: BaseException | None = None
        self._lists: uvicorn.Server | None = None

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())
        threads = [threading.Thread(target=self._guarded, args=(self._talk,), name="talk")]
        if self.parts.lookout is not None:
            threads.append(threading.Thread(target=self._guarded, args=(self._look,), name="look"))
        if self._config.node.centre_url:
            threading.Thread(target=self._guarded, args=(self._pull,), name="pull", daemon=True).start()
        if self._config.enforce.list_listen:
            self._lists = self._list_server()
            threads.append(threading.Thread(target=self._guarded, args=(self._lists.run,), name="lists"))
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
                _LOG.error("a source cannot be read: %s", error)
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

    def _list_server(self) -> uvicorn.Server:
        at = urlsplit(f"//{self._config.enforce.list_listen}")
        folder = self._config.path(self._config.enforce.list_folder)
        app = list_app(folder, self._config.enforce.list_token or None)
        return list_server(app, host=at.hostname or "127.0.0.1", port=at.port or 0)
