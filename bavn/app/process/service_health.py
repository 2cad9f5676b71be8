"""How a centre or a key holder is: its promises, checked while it runs and written beside it.

One thread looks; whatever a look fails with, that promise is not known to be kept, and the others are looked at all
the same. Refuses to mend anything, and to end the service.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bavn import __version__
from bavn.app.process.chain_walk import TURN_S, ChainWalk
from bavn.app.process.reserved_file import ReservedFile
from bavn.model.health import Breach, Promise, PromiseState, State, judged, well
from bavn.model.malformed import UNREADABLE
from bavn.model.moment import SECOND_US, iso
from bavn.model.ports import Clock
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
LOOK_EVERY_US: Final = 5 * SECOND_US
END_S: Final = 5.0
NOT_YET: Final = Text("it was not looked at yet")


@dataclass(frozen=True, slots=True)
class PromiseFinding:
    """What one promise was found to be. ``wrong``: what breaks it; ``unknown``: why nobody knows, if nobody does."""

    wrong: Sequence[Text] = ()
    unknown: Text | None = None


def whole(walk: ChainWalk) -> Callable[[], PromiseFinding]:
    """Whether a chain holds."""

    def look() -> PromiseFinding:
        if walk.broken:
            return PromiseFinding((Text.plain(walk.broken),))
        return PromiseFinding(unknown=None if walk.known() else Text("it is being read"))

    return look


class ServiceHealth:
    """A context manager: it looks as long as that lasts. ``looks``: of each promise, how it is checked; ``walks``: by
    the promise that they check."""

    def __init__(
        self,
        file: Path,
        promises: Sequence[Promise],
        clock: Clock,
        looks: Mapping[str, Callable[[], PromiseFinding]],
        walks: Mapping[str, ChainWalk],
    ) -> None:
        self._promises, self._clock, self._looks, self._walks = promises, clock, looks, walks
        self._file, self._name = ReservedFile(file, mode=0o600), file
        self._began_us = clock.now_us()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._due_us, self._unwritten = 0, ""
        before = _before(file)
        self._stood: dict[str, tuple[State, int | None]] = {
            str(promise["code"]): (promise["state"], promise["since_us"])
            for promise in before
            if promise["state"] != "unknown"
        }
        self.stands: Sequence[PromiseState] = judged(
            promises, (), {promise.code: NOT_YET for promise in promises}, {}, 0
        )
        for code, walk in walks.items():
            walk.walked_us = next((promise.get("walked_us") for promise in before if promise["code"] == code), None)

    def promises_as_json(self) -> list[dict[str, Any]]:
        """Its promises as of the last look. From any thread."""
        return [one.as_json() for one in self.stands]

    def broken(self) -> list[PromiseState]:
        """Those that are broken. From any thread."""
        return [one for one in self.stands if one.state == "broken"]

    def step(self, *, stopped: bool = False) -> None:
        """Looks, says what has changed, writes it down."""
        breaches: list[Breach] = []
        unchecked: dict[str, Text] = {}
        for promise in self._promises:
            looked = self._looked(promise.code)
            breaches += [Breach(code=promise.code, text=text) for text in looked.wrong]
            if looked.unknown is not None:
                unchecked[promise.code] = looked.unknown
        stands = judged(self._promises, breaches, unchecked, self._stood, self._clock.now_us())
        for stand in stands:
            was = self._stood.get(stand.promise.code, ("kept", None))[0]
            if stand.state != "unknown" and stand.state != was:
                say = _LOG.error if stand.state == "broken" else _LOG.warning
                say(
                    "%s: %s%s",
                    "unhealthy" if stand.state == "broken" else "over",
                    stand.promise.says.en,
                    f": {stand.affected.en}" if stand.affected else "",
                )
        self._stood |= {
            stand.promise.code: (stand.state, stand.since_us) for stand in stands if stand.state != "unknown"
        }
        self.stands = stands
        self._write(stopped=stopped)

    def _looked(self, code: str) -> PromiseFinding:
        survey = self._looks.get(code)
        if survey is None:
            return PromiseFinding(unknown=NOT_YET)
        try:
            return survey()
        except Exception as error:  # noqa: BLE001  one that cannot be checked says so, and keeps no other from it
            why = f"{type(error).__name__}: {error}"[:200]
            return PromiseFinding(unknown=Text("it could not be checked ({why})", why=why))

    def _write(self, *, stopped: bool) -> None:
        now_us = self._clock.now_us()
        promises = [
            stand.as_json() | ({"walked_us": walk.walked_us} if (walk := self._walks.get(stand.promise.code)) else {})
            for stand in self.stands
        ]
        broken = [promise for promise in promises if promise["state"] == "broken"]
        health = {
            "version": __version__,
            "at": iso(now_us),
            "at_us": now_us,
            "pid": os.getpid(),
            "stopped": stopped,
            "up_s": (now_us - self._began_us) // SECOND_US,
            "healthy": well(self.stands) and not stopped,
            "promises": promises,
            "problems": [{"code": promise["code"], **(promise["affected"] or promise["says"])} for promise in broken],
        }
        try:
            self._file.write(json.dumps(health, ensure_ascii=False, sort_keys=True))
            self._unwritten = ""
        except OSError as error:
            if not self._unwritten:
                _LOG.error("unhealthy: %s cannot be written (%s)", self._name, error.strerror)
            self._unwritten = str(error)

    def _run(self) -> None:
        while not self._ended.wait(TURN_S):
            try:
                for walk in self._walks.values():
                    self._turn(walk)
                if not 0 < self._due_us - self._clock.now_us() <= LOOK_EVERY_US:
                    self._due_us = self._clock.now_us() + LOOK_EVERY_US
                    self.step()
            except Exception as error:  # noqa: BLE001  to look at it must never be what ends it
                if not self._ended.is_set():
                    _LOG.error("unhealthy: its health cannot be looked at: %s", error)

    def _turn(self, walk: ChainWalk) -> None:
        try:
            walk.turn()
        except Exception as error:  # noqa: BLE001  a database that is away says so by another promise
            _LOG.debug("a chain cannot be read now: %s", error)
            walk.begin_again()

    def __enter__(self) -> Self:
        self.step()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(END_S)
        self._write(stopped=True)


def _before(file: Path) -> list[dict[str, Any]]:
    """The promises as they were written last; none where nobody knows."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return [one for one in told["promises"] if {"code", "state", "since_us"} <= one.keys()]
    except UNREADABLE:
        return []
