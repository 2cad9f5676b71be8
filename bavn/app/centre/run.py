"""Runs a centre until it is told to end, and through an outage of its database.

Everything that was acknowledged is in the database and the book, so a centre that stops and one that is killed start
the same way: when PostgreSQL goes away, all is let go of, and built again as soon as it answers. Meanwhile nodes keep
what they have and try again. Anything else that breaks ends the process.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import Final

from bavn.app.centre.database import AWAY, away
from bavn.app.centre.exchange.parts import keeping_intelligence
from bavn.app.centre.health import say_away, watched_centre
from bavn.app.centre.parts import CentreParts, build
from bavn.app.centre.server import CentreBroken, CentreServer
from bavn.app.config.load import CentreFile
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.failure_folder import FailureFolder, failures_in
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock
from bavn.app.process.service_health import PromiseFinding, ServiceHealth
from bavn.centre.inbox.aside import is_book_broken
from bavn.centre.store.lease import LeaseLost
from bavn.model.contained import contained
from bavn.model.failure import Failures
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
WAIT_S_FIRST: Final = 0.5
WAIT_S_MAX: Final = 15.0


def run(file: CentreFile, listens: Callable[[CentreServer], None], failures: FailureFolder | None = None) -> None:
    """``listens`` is told the server, each time the centre begins to listen; ``failures``: of this process. Stop, where
    it cannot run; CentreBroken for a broken invariant."""
    failures = failures_in(file.folder) if failures is None else failures
    parts = _build_at_first(file, failures)
    while True:
        try:
            _run_once(file, parts, listens)
            return
        except CentreBroken as error:
            _go_on(parts, error)
        except AWAY as error:  # while it began, or what runs beside it
            broken = CentreBroken("the database is away")
            broken.__cause__ = error
            _go_on(parts, broken)
        except Stop as stop:
            if stop.code != Exit.UNREACHABLE:
                raise
            _LOG.warning("%s", stop)
        parts = _build_when_it_answers(file, failures)


def _run_once(file: CentreFile, parts: CentreParts, listens: Callable[[CentreServer], None]) -> None:
    """One centre from its first word to its end; all of it is let go of, however it ended."""
    with (
        parts,
        beside(parts.failures, "siem", partial(_siem, file, parts)) as siem,
        beside(parts.failures, "health", partial(watched_centre, file, parts, parts.steps, siem)) as health,
        beside(parts.failures, "metrics", partial(_metrics, file, parts, health)),
        _ended_before_it_runs(parts.server),
    ):
        told = parts.centre.contained.failures
        with beside(told, "intelligence", partial(keeping_intelligence, file, parts.server.fail, told)):
            listens(parts.server)
            parts.server.run()


@contextmanager
def beside[Opened](
    failures: Failures, name: str, opened: Callable[[], AbstractContextManager[Opened]]
) -> Iterator[Opened | None]:
    """What a centre can run without: where beginning or ending it fails in a way that nobody foresaw, that is told and
    the centre goes on; None then. Raises Stop and AWAY: the operator must act, or all waits for the database; and what
    breaks the book."""
    begun: Opened | None = None
    with ExitStack() as stack:
        try:
            begun = stack.enter_context(opened())
            failures.works(name)
        except (Stop, *AWAY):
            raise
        except Exception as error:
            if is_book_broken(error):
                raise
            failures.note(name, error, during="start")
        ends = stack.pop_all().close
        try:
            yield begun
        finally:
            contained(failures, f"end of {name}", ends, during="stop", passing=AWAY)


@contextmanager
def _ended_before_it_runs(server: CentreServer) -> Iterator[None]:
    """A SIGTERM between the first word and the server's own handlers ends it as quietly as a later one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: server.stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _siem(file: CentreFile, parts: CentreParts) -> AbstractContextManager[Callable[[], PromiseFinding] | None]:
    """What tells the SIEM of the centre's own people."""
    if not file.siem.to:
        return nullcontext()
    from bavn.app.siem.centre import telling

    return telling(file, parts.centre.desk, parts.book, SystemClock(), parts.failures)


def _metrics(file: CentreFile, parts: CentreParts, health: ServiceHealth | None) -> AbstractContextManager[object]:
    """The sector's clock for Prometheus, where a port is configured."""
    if not file.place.metrics_port:
        return nullcontext()
    from bavn.app.centre.member_metrics import MemberCollector
    from bavn.app.centre.metrics import MetricsService
    from bavn.centre.desk.alarms import ALARMS_MAX

    place = file.place
    desk = parts.centre.desk
    house = MemberCollector(
        desk.members,
        PartyKeys(file.folder, "centre").ends_us,
        file.folder,
        SystemClock(),
        alarms=lambda: desk.alarms.every(standing=True, limit=ALARMS_MAX),
        chains=desk.chains,
        promises=list if health is None else health.promises_as_json,
        disk_free_mb_min=place.disk_free_mb_min,
    )
    return MetricsService(desk.times, place.metrics_host, place.metrics_port, house)


def _go_on(parts: CentreParts, error: CentreBroken) -> None:
    cause = _root(error)
    if isinstance(cause, LeaseLost):
        raise Stop(Exit.NOT_NOW, Text.of_error(cause)) from error
    lost = isinstance(cause, AWAY)
    if not lost or parts.engine.dialect.name != "postgresql":
        raise error
    _LOG.error("%s; the centre waits for it", away(parts.engine, cause))


def _root(error: BaseException) -> BaseException | None:
    """The outage or the lost lease behind what broke, also where it broke a gate that was asking the database: nothing
    was let through, and the gate is built again with all else. Otherwise what is next behind it."""
    cause = error.__cause__
    while cause is not None and not isinstance(cause, (*AWAY, LeaseLost)):
        cause = cause.__cause__
    return cause or error.__cause__


def _build(file: CentreFile, failures: FailureFolder) -> CentreParts:
    """As build. Stop also where the database goes away in the middle of it."""
    try:
        return build(file, failures)
    except AWAY as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise Stop(Exit.UNREACHABLE, Text("the database does not answer: {what}", what=" ".join(said)[:300])) from error


def _build_at_first(file: CentreFile, failures: FailureFolder) -> CentreParts:
    """A database that died and comes up again beside the centre is waited for, as long as a change would wait; one that
    does not answer at all is the operator's to look at. Stop."""
    until = time.monotonic() + file.place.database_wait_s
    while True:
        try:
            return _build(file, failures)
        except Stop as stop:
            if stop.code != Exit.UNREACHABLE or time.monotonic() >= until:
                raise
            _LOG.warning("%s; it is tried again", stop)
        time.sleep(WAIT_S_FIRST)


def _build_when_it_answers(file: CentreFile, failures: FailureFolder) -> CentreParts:
    wait_s = WAIT_S_FIRST
    while True:
        try:
            parts = _build(file, failures)
        except Stop as stop:
            if stop.code not in (Exit.UNREACHABLE, Exit.NOT_NOW):
                raise
            _LOG.warning("%s", stop)
            say_away(file, str(stop))
        else:
            _LOG.warning("the database answers again")
            return parts
        time.sleep(wait_s)
        wait_s = min(WAIT_S_MAX, 2 * wait_s)
