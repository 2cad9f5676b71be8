"""Keeps the sources of intelligence up to date while the centre runs: each is asked when it is due, one at a time.

In a thread of its own, so that no source holds up a step. A failure of one source is that source's failure, also one
that nobody foresaw; a book that does not hold ends the centre. Refuses to know what a source says.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.app.centre.exchange.fetch import SourceFetch
from bavn.app.centre.exchange.misp_api import Misp
from bavn.app.config.misp import MispTable
from bavn.centre.cases.intelligence.sources import UnknownSource
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.inbox.intel_pull import Unreadable
from bavn.centre.members.partners import UnknownPartner
from bavn.centre.node.intelligence import Intelligence, Synced, due, unforeseen
from bavn.centre.node.misp_exchange import MispExchange
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock, LinkDown, LinkRefused
from bavn.model.settings import SettingsError
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
LOOK_EVERY_S: Final = 5.0
TIDY_EVERY_US: Final = 5 * MINUTE_US


@dataclass(frozen=True, slots=True)
class MispTurn:
    """A MISP that is pushed to and asked by itself; both are opened when it is its turn."""

    name: str
    table: MispTable
    exchange: Callable[[], MispExchange]
    port: Callable[[], Misp]

    def take(self) -> None:
        """Push what changed, take in what was sighted. Raises LinkDown, LinkRefused, SettingsError, UnknownPartner."""
        exchange, port = self.exchange(), self.port()
        try:
            exchange.push(
                self.name, self.table.partner, port, publish=self.table.publish, distribution=self.table.distribution
            )
        finally:  # what it does not take says nothing of what it has seen
            exchange.pull_sightings(self.name, self.table.partner, port)


class IntelKeeper:
    """``broken`` hears of what must end the process. ``misps``: partners' MISPs."""

    def __init__(
        self,
        intelligence: Intelligence,
        base: Path,
        clock: Clock,
        broken: Callable[[BaseException], None],
        misps: Sequence[MispTurn] = (),
    ) -> None:
        self._intelligence, self._base, self._clock = intelligence, base, clock
        self._broken = broken
        self._ended = threading.Event()
        self._tidied_us = 0
        self._misps, self._misps_us = misps, dict[str, int]()
        self._thread = threading.Thread(target=self._run, name="centre-intelligence", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self, wait_s: float = 5.0) -> None:
        """Asks no further source; returns when the present one has answered, or after ``wait_s``: what was not kept is
        asked for again."""
        self._ended.set()
        self._thread.join(wait_s)

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                self.turn()
                self._ended.wait(LOOK_EVERY_S)
        except BaseException as error:  # noqa: BLE001  whatever it is, it must not go unnoticed
            if not self._ended.is_set():  # at the end the book is closed under it: each chunk is whole or was never
                self._broken(error)

    def turn(self) -> None:
        """Ask one source that is due, and put things in order now and then. What fails unforeseen stops no other."""
        contained = self._intelligence.contained
        contained.part("intelligence sources", self._ask_one)
        contained.part("intelligence partners", self._turn_to_misp)
        if self._clock.now_us() - self._tidied_us >= TIDY_EVERY_US:
            self._tidied_us = self._clock.now_us()
            contained.part("intelligence order", self._intelligence.tidy)

    def _ask_one(self) -> None:
        states = self._intelligence.sources.every()
        for name in due(states, self._clock.now_us())[:1]:
            try:
                synced = sync_one(self._intelligence, name, self._base, self._ended.is_set)
            except (UnknownSource, NotAllowed):
                continue  # ended or suspended a moment ago
            except Exception as error:  # noqa: BLE001  it costs this one and no more
                self._intelligence.contained.note(f"source {name}", error)
                self._intelligence.sources.tried(name, unforeseen(error))
                continue
            if synced.failure:
                _LOG.warning("source %s: %s", name, Text.of_row(synced.failure))

    def _turn_to_misp(self) -> None:
        now_us = self._clock.now_us()
        for misp in self._misps:
            if now_us - self._misps_us.get(misp.name, 0) < misp.table.every_minutes * MINUTE_US:
                continue
            self._misps_us[misp.name] = now_us
            try:
                misp.take()
            except (LinkDown, LinkRefused, Unreadable, SettingsError, UnknownPartner) as error:
                _LOG.warning("MISP %s: %s", misp.name, error)
            except Exception as error:  # noqa: BLE001  it costs this one and no more
                self._intelligence.contained.note(f"misp {misp.name}", error)
            else:
                self._intelligence.contained.failures.works(f"misp {misp.name}")
            return


def sync_one(intelligence: Intelligence, name: str, base: Path, ending: Callable[[], bool] = lambda: False) -> Synced:
    """One source, with a way of its own to it. Raises as Intelligence.sync."""
    fetch = SourceFetch(intelligence.sources.get(name).source, base)
    try:
        return intelligence.sync(name, fetch, ending)
    finally:
        fetch.close()
