"""One source's turn: what it has now goes to the store, and whatever fails on the way costs no other source its turn.

A batch that the store could not keep is held and handed over again before the source is asked on: so no mark passes
over what was not kept. A source that fails in a way that nobody foresaw is told, left alone for a while and asked
again; where it fails at the same place it passes over the smallest piece that it can, and that is counted as lost.
Refuses to know what a source reads.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from bavn.actor.sense.account import Account
from bavn.actor.sense.base import Batch, GoesBack, Loss, PassesOver, SourceBroken
from bavn.model.failure import Failures
from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock, Store
from bavn.model.text import Text

AGAIN_S: Final = 2
AGAIN_S_MAX: Final = 60
"""So long a source that failed is left alone, each time twice as long, up to this."""
TRIES_MAX: Final = 3
"""So often it may fail at one place before it passes over that, and a batch be refused by the store's own rules."""
_MISFITS: Final = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, pa.ArrowException)
"""What a batch raises that can never be kept, whatever the disk; all else is the store's, and the batch waits."""


@dataclass(slots=True)
class SourceTurn:
    """Of one source. ``read`` and ``stop`` by the thread that reads."""

    account: Account
    store: Store
    clock: Clock
    failures: Failures
    _held: Batch | None = None
    _stored: bool = False
    _refusals: int = 0
    _place: str | None = None
    _tries: int = 0
    _not_before_us: int = 0
    _wait_s: int = AGAIN_S

    @property
    def part(self) -> str:
        return f"source {self.account.source.name}"

    def read(self, batches_max: int, stopping: Callable[[], bool]) -> int:
        """Hands the store what the source has, up to a bound; how many batches that was. Raises SourceBroken, and
        whatever the store raises that can keep nothing now: the batch is held then."""
        began_us, batches, polling = self.clock.now_us(), 0, self._polling()
        try:
            if self._held is not None:
                self._keep(self._held)
                batches = 1
            if began_us < self._not_before_us:
                return batches
            while batches < batches_max and not stopping():
                batch = next(polling, None)
                if batch is None:
                    self.account.read_up_to(began_us)
                    break
                self._held, self._stored, self._refusals = batch, False, 0
                self._keep(batch)
                batches += 1
        except SourceBroken:
            self._works()
            raise
        except _Failed as failed:
            self._fails(failed.error)
            return batches
        finally:
            polling.close()
        self._works()
        return batches

    def stop(self, close: Callable[[], None]) -> None:
        """Lets go of the source by ``close``, whatever it does then."""
        try:
            close()
        except Exception as error:  # noqa: BLE001  it costs nobody else the end
            self.failures.note(self.part, error, during="stop")

    def _polling(self) -> Generator[Batch]:
        """The source's batches. Raises SourceBroken; _Failed for all else."""
        try:
            yield from self.account.source.poll()
        except SourceBroken:
            raise
        except Exception as error:
            raise _Failed(error) from error

    def _keep(self, batch: Batch) -> None:
        if not self._stored:
            try:
                self.store.append(batch.source, batch.mark, batch.tables)
            except _MISFITS as error:
                self._refusals += 1
                if isinstance(error, OSError) or self._refusals < TRIES_MAX:
                    raise
                self._without(batch, error)
            self._stored = True
            self.account.took(batch, self.clock.now_us())
        try:
            self.account.source.acknowledge(batch.mark)
        except SourceBroken:
            raise
        except Exception as error:
            raise _Failed(error) from error
        self._held, self._place, self._tries = None, batch.mark, 0

    def _without(self, batch: Batch, error: Exception) -> None:
        """What of a batch no store can take is left out, by table: the mark goes on, and the rows are told as lost."""
        good = dict(batch.tables)
        for name in batch.tables:
            rest = {other: table for other, table in good.items() if other != name}
            try:
                self.store.append(batch.source, batch.mark, rest)
            except _MISFITS:
                continue
            good = rest
            break
        else:
            good = {}
            self.store.append(batch.source, batch.mark, good)
        lost = batch.rows - sum(table.num_rows for table in good.values())
        self.account.lost(Loss(what="never_kept", count=lost, unit="records"))
        self.failures.note(self.part, error, item=batch.mark.encode())

    def _fails(self, error: Exception) -> None:
        item = b""
        self._go_back()
        self._tries += 1
        if self._tries >= TRIES_MAX:
            item = self._pass_over()
            self._tries = 0
        self.failures.note(self.part, error, item=item or (self._place or "").encode())
        self.account.broken = Text("fails: {kind}: {error}", kind=type(error).__name__, error=str(error)[:300])
        self._not_before_us = self.clock.now_us() + self._wait_s * SECOND_US
        self._wait_s = min(AGAIN_S_MAX, 2 * self._wait_s)

    def _go_back(self) -> None:
        """What it read and did not give is read again."""
        source = self.account.source
        if self._held is None and isinstance(source, GoesBack):
            try:
                source.go_back(self.store.mark(source.name))
            except Exception as error:  # noqa: BLE001  it stays where it is
                self.failures.note(self.part, error)

    def _pass_over(self) -> bytes:
        source = self.account.source
        if self._held is not None or not isinstance(source, PassesOver):
            return b""
        try:
            passed = source.pass_over()
        except Exception as error:  # noqa: BLE001  it stays where it is
            self.failures.note(self.part, error)
            return b""
        if passed is None:
            return b""
        self.account.lost(passed.loss)
        # The store's mark goes on first: told as lost is not read again.
        self._held = Batch(source=source.name, mark=passed.mark, tables={}, lines=0)
        self._stored, self._refusals = False, 0
        return passed.item

    def _works(self) -> None:
        self._not_before_us, self._wait_s, self._tries = 0, AGAIN_S, 0
        self.account.broken = None
        self.failures.works(self.part)


class _Failed(Exception):
    """The source raised what nobody foresaw. ``error``: what."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
