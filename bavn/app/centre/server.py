"""Runs the centre: its HTTPS interface, a thread that steps, and an end within seconds.

A broken invariant in a step or a gate stops the process. Refuses to know what the centre does.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from bavn.app.centre.service import Centre, make_app
from bavn.app.net.member_service import ServiceLimits
from bavn.app.net.tls_server import CONNECTIONS_EACH_MAX, TlsServer, listening, tls_server
from bavn.app.net.wakes import Wakes
from bavn.app.process.late import begun
from bavn.app.process.manager.heart import Heart
from bavn.model.failure import Failures, NoContainment

_LOG = logging.getLogger(__name__)
STEP_GAP_S: Final = 0.05
LOOK_S: Final = 0.2
"""A database that others use too may always have moved: so many steps at most are made for nothing."""


class CentreBroken(Exception):
    """A step or a gate failed in a way that must not happen. The process ends; the operator reads why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where to listen and with which files. ``step_every_s``: at the latest; a post that was taken in hastens it."""

    authority_pem: str
    certificate: Path
    key: Path
    host: str = "127.0.0.1"
    port: int = 0
    step_every_s: float = 1.0
    connections_each_max: int = CONNECTIONS_EACH_MAX
    limits: ServiceLimits = field(default_factory=ServiceLimits)


class _Stepper:
    """Steps at least every ``every_s``, sooner when nudged or when somebody wrote (``moved`` is another one then: an
    order that was given in another process); the first failure ends it."""

    def __init__(
        self,
        step: Callable[[], None],
        every_s: float,
        broken: Callable[[BaseException], None],
        moved: Callable[[], object],
    ) -> None:
        self._step = step
        self._every_s = every_s
        self._broken = broken
        self._moved = moved
        self.heart = Heart()
        self._nudged = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="centre-step")

    def start(self) -> None:
        self._thread.start()

    def nudge(self) -> None:
        self._nudged.set()

    def end(self) -> None:
        """Returns when the present step is done."""
        self._ended.set()
        self._nudged.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                self._nudged.clear()
                self.heart.beat("step")
                before = self._moved()
                self._step()
                self._ended.wait(STEP_GAP_S)
                self._rest(before)
        except BaseException as error:  # noqa: BLE001  whatever it is, the process must not go on without steps
            self._broken(error)
        finally:
            self.heart.rest("step")

    def _rest(self, before: object) -> None:
        """What a step wrote itself brings one more, which writes nothing."""
        end = time.monotonic() + self._every_s - STEP_GAP_S
        while (left_s := end - time.monotonic()) > 0 and not self._nudged.wait(min(left_s, LOOK_S)):
            if self._moved() != before:
                return


def _unknown() -> None:
    """Nobody can say whether the database moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Another interface of the same centre on a port of its own. ``make`` gets whom to tell of a broken invariant."""

    make: Callable[[Callable[[BaseException], None]], FastAPI]
    certificate: Path
    key: Path
    host: str
    port: int


class CentreServer:
    """One centre behind its ports. ``run`` blocks until SIGTERM, SIGINT or ``stop``; raises CentreBroken. ``moved``:
    another answer whenever somebody wrote to its database; it must not raise."""

    def __init__(
        self,
        centre: Centre,
        settings: ServerSettings,
        beside: Beside | None = None,
        watched: Callable[[Callable[[], None]], Callable[[], None]] = lambda step: step,
        failures: Failures | None = None,
        moved: Callable[[], object] | None = None,
    ) -> None:
        self._settings = settings
        step = centre.step if moved is None else partial(centre.step, again=False)
        self._stepper = _Stepper(watched(step), settings.step_every_s, self._fail, moved or _unknown)
        self._app = make_app(
            centre, settings.limits, received=self._stepper.nudge, broken=self._fail, failures=failures
        )
        self._socket = listening(settings.host, settings.port)
        self._failure: BaseException | None = None
        self._served = [(self._tls(self._app, settings.certificate, settings.key), self._socket)]
        if beside is not None:
            try:
                taken = listening(beside.host, beside.port)
            except OSError:
                self._socket.close()
                raise
            other = begun(failures or NoContainment(), "exchange", partial(self._beside, beside))
            if other is None:
                taken.close()
            else:
                self._served.append((other, taken))

    def _beside(self, beside: Beside) -> TlsServer:
        return self._tls(beside.make(self._fail), beside.certificate, beside.key)

    def _tls(self, app: FastAPI, certificate: Path, key: Path) -> TlsServer:
        given = self._settings
        return tls_server(app, given.authority_pem, certificate, key, given.connections_each_max)

    @property
    def wakes(self) -> Wakes:
        """Wakes pulls that wait, by whatever link they came."""
        made: Wakes = self._app.state.wakes
        return made

    def tells(self, heart: Heart) -> None:
        """Before ``run``: the service manager is told of its progress."""
        self._stepper.heart = heart

    def renews(self, renew: Callable[[], object]) -> None:
        """How its own server certificate is renewed while it runs."""
        self._served[0][0].renew = renew

    def nudge(self) -> None:
        """Something was taken in by another link: the next step comes sooner. From any thread."""
        self._stepper.nudge()

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return int(self._socket.getsockname()[1])

    @property
    def ports(self) -> dict[str, int]:
        """``port``, and ``exchange_port`` where partners are served."""
        return {
            name: int(taken.getsockname()[1])
            for name, (_, taken) in zip(("port", "exchange_port"), self._served, strict=False)
        }

    def run(self) -> None:
        self._stepper.start()
        try:
            asyncio.run(self._serve())
        finally:
            self._stepper.end()
            self.close()
        if self._failure is not None:
            raise CentreBroken(f"{type(self._failure).__name__}: {self._failure}") from self._failure

    def close(self) -> None:
        """Listens no more, also where it never ran: whoever is built next finds the ports free. Harmless when
        repeated."""
        for _, taken in self._served:
            taken.close()

    def stop(self) -> None:
        """Ends ``run`` within seconds. From any thread."""
        for server, _ in self._served:
            server.should_exit = True
        self._app.state.wakes.stop()

    async def _serve(self) -> None:
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
        with self._stepper.heart.loop("server"):
            await asyncio.gather(*(server.serve(sockets=[taken]) for server, taken in self._served))

    def fail(self, error: BaseException) -> None:
        """Something beside the steps broke: the process must end. From any thread."""
        self._fail(error)

    def _fail(self, error: BaseException) -> None:
        _LOG.critical("the centre stops: %s", error, exc_info=error)
        self._failure = self._failure or error
        self.stop()
