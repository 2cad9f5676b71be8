"""What a running node checks in the background, a part at a time: ledger, store, and whether it is let in.

Refuses to hold anybody up: it has a thread of its own.
"""

import contextlib
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from bavn.actor.store.faults import StoreBroken
from bavn.app.net.link_watch import LinkWatch
from bavn.app.process.chain_walk import Chain, ChainWalk
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock, LinkDown, LinkRefused
from bavn.wire.ledger import LedgerReader

if TYPE_CHECKING:
    from bavn.actor.store.columns import ColumnStore

ASK_EVERY_US: Final = MINUTE_US
STORE_AGAIN_US: Final = 10 * MINUTE_US
PART_BYTES_MIN: Final = 1 << 20
TURNS: Final = 12 * 3600
"""Within so many turns, of about a second each, all of the store is read."""


def chain_of(ledger: LedgerReader) -> Chain:
    """A ledger as it is walked."""
    return Chain(every=ledger.every, newest=lambda count: ledger.before(None, count)[0][::-1], head=ledger.head)


class StoreWalk:
    """Reads the store's files a part at a time, all of them within half a day; a small store each ten minutes. Who
    takes out what is damaged, and counts it, is the store."""

    def __init__(self, store: "ColumnStore", clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._after, self._part_bytes, self._next_us = 0, PART_BYTES_MIN, 0

    def turn(self) -> None:
        """One part, each TURN_S."""
        now_us = self._clock.now_us()
        if not self._after:
            if 0 < self._next_us - now_us <= STORE_AGAIN_US:
                return
            self._next_us = now_us + STORE_AGAIN_US
            self._part_bytes = max(PART_BYTES_MIN, self._store.stats().bytes_total // TURNS)
        # Who closes the store at the end, or a disk that fails to read, is another's to tell.
        with contextlib.suppress(StoreBroken, OSError, sqlite3.ProgrammingError):
            self._after = self._store.check_part(self._after, self._part_bytes)


class Probed(Protocol):
    """A way to the key holder, or to all of them."""

    def probe(self) -> None:
        """Asks whether we are let in. Raises LinkDown, LinkRefused."""
        ...


def checking(
    chain: ChainWalk | None,
    store: StoreWalk | None,
    keyholder: "Probed | None",
    watch: LinkWatch | None,
    clock: Clock,
) -> Callable[[], None]:
    """The key holder (or each of them) is asked each ASK_EVERY_US whether it accepts us: rounds may be hours apart."""
    due_us = 0

    def check() -> None:
        nonlocal due_us
        if chain is not None:
            chain.turn()
        if store is not None:
            store.turn()
        if keyholder is not None and watch is not None and not 0 < due_us - clock.now_us() <= ASK_EVERY_US:
            due_us = clock.now_us() + ASK_EVERY_US
            with contextlib.suppress(LinkDown, LinkRefused), watch.asking("probe"):
                keyholder.probe()

    return check
