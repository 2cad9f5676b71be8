"""Runs a node: one thread looks, one pulls, one talks, so that a long look never delays a block.

Ends within seconds of SIGTERM or SIGINT. Whatever a thread's turn raises is told and costs that turn (docs/decisions/
0020-contained.md); only a book of its own that is no longer to be relied on ends the process.
"""

import logging
import queue
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bavn.actor.evidence.keep import Keeper
from bavn.actor.sense.base import SourceBroken
from bavn.actor.store.faults import StoreBroken, StoreDamaged
from bavn.app.config.load import CENTRE_KEYS, NodeConfig
from bavn.app.node.health.recorder import STEP_S
from bavn.app.node.parts import NODE_ENDS, NodeParts, build
from bavn.app.node.protect import resolver_settled
from bavn.app.process.chain_walk import TURN_S
from bavn.app.process.exits import Exit, Stop, cannot_listen
from bavn.app.process.late import begun, made_of
from bavn.app.process.manager.heart import Heart
from bavn.app.siem.handover import EVERY_S as SIEM_EVERY_S
from bavn.model.contained import contained
from bavn.model.ports import LinkDown, LinkRefused, QueryRefused
from bavn.model.text import Text
from bavn.wire.enrol import renewal_due
from bavn.wire.links.enrolment import renew
from bavn.wire.safe import Safe

if TYPE_CHECKING:
    import uvicorn

    from bavn.actor.node.monitor import Monitor
    from bavn.actor.store.columns import ColumnStore

_LOG = logging.getLogger(__name__)
PULL_WAIT_S = 20.0
IDLE_S = 0.5
SIGNAL_S = 0.2
KEEP_S = 5.0
KEEP_REST = 3.0
"""Keeping packets takes a quarter of a core at most: after each turn it rests so many times as long as that took."""
COMPLAIN_S = 60.0
RETRY_S = 2.0
SERVES_S = 10.0
"""What has served so long since it failed works again."""
END_S = 4.0
"""From the signal on: so long has Suricata to write out what it knows."""
FINISH_S = 7.0
"""Until then what it wrote is read; the rest is read at the next start."""
STOP_S = 8.0
"""Threads that have not ended by themselves so long after a stop are left: all that counts is on the disk by then."""
CLOSE_S = 1.5
RENEW_LOOK_S = 3600.0


class NodeBroken(Exception):
    """A thread of the node failed in a way that must not happen. The process ends; the operator reads why."""


class NodeService:
    """One node. ``run`` blocks until a signal or ``stop``; raises NodeBroken. ``stuck``: threads that had not ended
    when it returned (a call to a centre that does not answer); the process must be left without waiting for them."""

    def __init__(self, config: NodeConfig, heart: Heart | None = None) -> None:
        self._config, self._heart = config, heart or Heart()
        self._listening = _listening(config.enforce.list_listen)
        try:
            self.parts: NodeParts = build(config)
        except BaseException:
            if self._listening is not None:
                self._listening.close()
            raise
        self._ended, self._told_to_end = threading.Event(), False
        self._arrived: queue.Queue[Sequence[bytes]] = queue.Queue(maxsize=1)
        self._failure: BaseException | None = None
        self._renew_in_s = 0.0
        self.stuck: tuple[str, ...] = ()
        self._complaints, self._waiting = Complaints(), Complaints()
        self._lists: uvicorn.Server | None = None
        if self._listening is not None:
            self._lists = begun(self.parts.failures, "list service", self._list_server)
            if self._lists is None:
                self._listening.close()

    def _list_server(self) -> "uvicorn.Server":
        from bavn.app.node.list_service import list_app, list_server

        given = self._config.enforce
        folder = self._config.path(given.list_folder)
        return list_server(list_app(folder, given.list_token or None, self.parts.failures))

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Until SIGTERM or SIGINT. ``ready`` is called once, when all of it runs."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._signalled)
        threads = [threading.Thread(target=self._guarded, args=(self._talk,), name="talk")]
        threads.append(threading.Thread(target=self._guarded, args=(self._watch,), name="watch"))
        if self.parts.monitor is not None:
            threads.append(threading.Thread(target=self._guarded, args=(self._look,), name="look"))
        if self.parts.keeper is not None:
            threads.append(threading.Thread(target=self._guarded, args=(self._keep,), name="keep"))
        if self._lists is not None and self._listening is not None:
            serve = partial(self._lists.run, [self._listening])
            served = partial(self._served, "step lists", serve)
            threads.append(threading.Thread(target=self._guarded, args=(served,), name="lists"))
        if self.parts.siem is not None:
            threading.Thread(target=self._guarded, args=(self._tell_siem,), name="siem", daemon=True).start()
        if self.parts.zone is not None:
            served = partial(self._served, "step zone", self.parts.zone.run)
            threads.append(threading.Thread(target=self._guarded, args=(served,), name="zone"))
        threading.Thread(target=self._guarded, args=(self._check,), name="check", daemon=True).start()
        if self._config.node.centre_url:
            self.parts.door.commons.aside = self.parts.door.shares.aside = True
            threading.Thread(target=self._guarded, args=(self._share_commons,), name="commons", daemon=True).start()
            threading.Thread(target=self._guarded, args=(self._make_shares,), name="shares", daemon=True).start()
            threading.Thread(target=self._guarded, args=(self._pull,), name="pull", daemon=True).start()
        for thread in threads:
            thread.start()
        ready()
        # A signal that comes just before a wait without end would wake nobody, and an Event set by the handler could
        # wait for the lock that this very thread holds.
        while not self._told_to_end and not self._ended.wait(SIGNAL_S):
            pass
        self.stop()
        if self._lists is not None:
            self._lists.should_exit = True
        for part in (self.parts.monitor, self.parts.zone, self.parts.store):
            if part is not None:
                contained(self.parts.failures, f"stop {type(part).__name__}", part.stop, during="stop")
        self._end(threads)
        if self._failure is not None:
            raise NodeBroken(f"{type(self._failure).__name__}: {self._failure}") from self._failure

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        """Waits for the threads and lets go of everything, within STOP_S + CLOSE_S; ``stuck``: what did not end."""
        end = time.monotonic() + STOP_S
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._kill_sensors()
        last = [threading.Thread(target=self._close, name="close", daemon=True)]
        last.append(threading.Thread(target=self._end_resolver, name="resolver", daemon=True))
        for thread in last:
            thread.start()
        end = time.monotonic() + CLOSE_S
        for thread in last:
            thread.join(max(0.0, end - time.monotonic()))
        self.stuck = tuple(thread.name for thread in (*threads, *last) if thread.is_alive())

    def _kill_sensors(self) -> None:
        """Whoever ends them hangs or is late: a sensor that hangs too would outlive the node and hold its interface."""
        for account in self.parts.monitor.accounts if self.parts.monitor else ():
            kill = getattr(made_of(account.source), "kill", None)
            if kill is not None:
                contained(self.parts.failures, f"source {account.source.name}", kill, during="stop")

    def _close(self) -> None:
        for part, step in (
            ("step health", partial(self.parts.recorder.step, stopped=True)),
            ("step close", self.parts.close),
            ("close lists", self._listening.close if self._listening is not None else lambda: None),
        ):
            contained(self.parts.failures, part, step, during="stop")

    def _end_resolver(self) -> None:
        """A node that failed leaves its resolver: the next start takes it over. Waits for no disk (``_close`` does)."""
        if self._config.enforce.resolver_listen and self._failure is None:
            resolver = resolver_settled(self._config)
            contained(self.parts.failures, "close resolver", resolver.end, during="stop")

    def _signalled(self, *_: object) -> None:
        self._told_to_end = True

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

    def _step(self, part: str, step: Callable[[], object], rest_s: float = RETRY_S) -> bool:
        """A turn of one thread. What it raises is told and costs this turn, and a pause; what ends the node goes on."""
        try:
            step()
        except Exception as error:
            if self._ended.is_set():
                _LOG.warning("%s was broken off: %s", part, error)
                return False
            if ends_the_node(error):
                raise
            self.parts.failures.note(part, error)
            self._ended.wait(rest_s)
            return False
        self.parts.failures.works(part)
        return True

    def _served(self, part: str, serve: Callable[[], None]) -> None:
        """What serves until it is stopped; where it fails, or ends by itself, again after a pause."""

        def turn() -> None:
            serve()
            if not self._ended.is_set():
                raise RuntimeError(f"{part} ended by itself")

        while not self._ended.is_set():
            well = threading.Timer(SERVES_S, self.parts.failures.works, (part,))
            well.daemon = True
            well.start()
            self._step(part, turn)
            well.cancel()

    def _look(self) -> None:
        monitor, store = self.parts.monitor, self.parts.store
        if monitor is None or store is None:
            return
        while not self._ended.is_set():
            self._heart.beat("look")
            more = False

            def turn(out: "Monitor" = monitor, kept: "ColumnStore" = store) -> None:
                nonlocal more
                more = self._looked(out, kept)

            if not self._step("step look", turn) or not more:
                self._ended.wait(IDLE_S)
        self._heart.rest("look")
        self._finish(monitor)

    def _looked(self, monitor: "Monitor", store: "ColumnStore") -> bool:
        """One look and what follows it; True if there is more at once."""
        recorder = self.parts.recorder
        more, failed, full = False, None, None
        try:
            try:
                more = monitor.look()
            except SourceBroken as error:  # the others were read: what they gave is tidied all the same
                self._complaints.say(f"a source cannot be read: {error}")
                failed = recorder.detect_failed
            store.tidy(merges_max=4)
        except QueryRefused as error:
            if self._ended.is_set():
                return False
            failed = f"the detectors were stopped at a bound: {error}"
            _LOG.error("%s", failed)
        except StoreDamaged as error:
            _LOG.error("%s", error)
        except (OSError, StoreBroken) as error:
            full = f"the disk refuses what the node must keep: {error}"
            self._complaints.say(full)
            self._ended.wait(RETRY_S)
        recorder.detect_failed, recorder.disk_failed = failed, full
        return more

    def _keep(self) -> None:
        """Keeps the packets of what has become suspicious, beside the looking: it reads whole captures."""
        keeper = self.parts.keeper
        if keeper is None:
            return
        keeper.stop = self._ended.is_set
        complaints = Complaints()
        rest_s = KEEP_S
        while not self._ended.wait(rest_s):
            began = time.monotonic()

            def turn(keeping: Keeper = keeper) -> None:
                try:
                    keeping.turn(self.parts.known.all())
                except (OSError, QueryRefused, StoreDamaged) as error:
                    complaints.say(f"packets of a suspicion cannot be kept: {error}")

            self._step("step keep", turn)
            rest_s = max(KEEP_S, KEEP_REST * (time.monotonic() - began))

    def _finish(self, monitor: "Monitor") -> None:
        """The sensor is ended, and what it wrote until then is kept."""
        begun_us = self.parts.clock.now_us()
        for account in monitor.accounts:
            end = getattr(account.source, "end", None)
            if end is not None:
                contained(self.parts.failures, f"source {account.source.name}", partial(end, END_S), during="stop")
        try:
            if not monitor.finish(begun_us + int(FINISH_S * 1_000_000)):
                _LOG.warning("not all that was logged could be read in time: the rest is read at the next start")
        except Exception as error:  # noqa: BLE001  the node ends; what was not kept lies where it was
            _LOG.error("what was logged last is read at the next start: %s", error)

    def _watch(self) -> None:
        while not self._ended.wait(STEP_S):
            self._heart.beat("watch")
            self._step("step rules", self._keep_rules, 0.0)
            self._step("step health", self.parts.recorder.step, 0.0)

    def _keep_rules(self) -> None:
        if self.parts.rule_keeper is None:
            return
        from bavn.actor.sense.suricata.live import SuricataLive  # only who runs a Suricata keeps its rules

        sources = self.parts.monitor.sources if self.parts.monitor else ()
        self.parts.rule_keeper.step(
            next((source for source in map(made_of, sources) if isinstance(source, SuricataLive)), None)
        )

    def _tell_siem(self) -> None:
        siem, more = self.parts.siem, False
        if siem is None:
            return

        def turn() -> None:
            nonlocal more
            more = siem.turn()

        while not self._ended.wait(0.0 if more else SIEM_EVERY_S):
            more = False
            self._step("step siem", turn)

    def _check(self) -> None:
        while not self._ended.wait(TURN_S):
            self._step("step check", self.parts.check, 0.0)

    def _share_commons(self) -> None:
        """Own history and ids of a day's commons round take their time, which no block waits for."""
        while not self._ended.wait(TURN_S):
            self._step("step commons", self.parts.door.commons.prepare, 0.0)

    def _make_shares(self) -> None:
        """A key holder that is slow, or stands still, costs a round its time, and no block."""
        shares = self.parts.door.shares
        while not self._ended.is_set():
            shares.awaited(TURN_S)
            self._step("step shares", shares.prepare)

    def _pull(self) -> None:
        while not self._ended.is_set():
            self._step("step pull", self._pulled)

    def _pulled(self) -> None:
        try:
            raws = self.parts.link.pull(self.parts.door.heard, PULL_WAIT_S)
        except (LinkDown, LinkRefused) as error:
            _LOG.warning("the centre cannot be asked: %s", error)
            self._ended.wait(RETRY_S)
            return
        if raws:
            self._arrived.put(raws)
            self._arrived.join()

    def _talk(self) -> None:
        self._heart.beat("talk")
        self.parts.talker.start()
        while not self._ended.is_set():
            self._heart.beat("talk")
            self._step("step hear", self._take)
            self._step("step talk", self._serve)

    def _take(self) -> None:
        try:
            raws = self._arrived.get(timeout=IDLE_S)
        except queue.Empty:
            self._renew_in_s -= IDLE_S
            return
        try:
            self.parts.talker.take(raws)
        finally:
            self._arrived.task_done()

    def _serve(self) -> None:
        talker = self.parts.talker
        try:
            talker.serve()
            if talker.waits_for is not None:
                self._waiting.say(talker.waits_for)
            talker.send()
            if self._renew_in_s <= 0:
                self._renew()
                self._renew_in_s = RENEW_LOOK_S
        except LinkRefused as error:
            _LOG.error("the centre refuses us: %s", error)
            self._ended.wait(RETRY_S)
        except LinkDown as error:
            _LOG.warning("the certificate waits to be renewed: %s", error)
            self._renew_in_s = RENEW_LOOK_S

    def _renew(self) -> None:
        """Fetches the next certificates when it is time. The connections that stand go on with the present ones."""
        given, folder = self._config.node, self._config.folder
        for url, keys in ((given.centre_url, CENTRE_KEYS), *given.key_holders.values()):
            safe = Safe(folder / keys)
            if url and safe.enrolled and renewal_due(safe.certificate.read_text(), self.parts.clock.now_us()):
                renew(url, safe)
                _LOG.info("the certificate in %s was renewed", safe.folder)


def ends_the_node(error: BaseException) -> bool:
    """Whether the node's own book is no longer to be relied on: nothing less ends the process."""
    if isinstance(error, NODE_ENDS):
        return True
    return isinstance(error, sqlite3.DatabaseError) and any(word in str(error) for word in ("malformed", "not a data"))


class Complaints:
    """Says a line once, and again each minute that it is still so: what is broken is tried more often than that."""

    def __init__(self, tick: Callable[[], float] = time.monotonic) -> None:
        self._tick = tick
        self._last_line, self._again_s = "", 0.0

    def say(self, line: str) -> None:
        if line != self._last_line or self._tick() >= self._again_s:
            self._last_line, self._again_s = line, self._tick() + COMPLAIN_S
            _LOG.error("%s", line)


def _listening(given: str) -> socket.socket | None:
    """A socket that listens at ``address:port``; None for no address. Stop where that cannot be."""
    if not given:
        return None
    from bavn.app.net.tls_server import listening

    try:
        at = urlsplit(f"//{given}")
        host = at.hostname or "127.0.0.1"
        return listening(host, at.port or 0)
    except OSError as error:
        raise cannot_listen("[enforce] list_listen", repr(given), error) from error
    except ValueError as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[enforce] list_listen: cannot listen on {given} ({error})",
                given=repr(given),
                error=Text.of_error(error),
            ),
        ) from error
