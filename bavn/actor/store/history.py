"""The store as a reader has it: windows, marks, stats, from any process and without ever holding up the writer.

Refuses to change anything; what it finds damaged it names, and the writer takes it out.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bavn.actor.store.faults import StoreBroken, StoreDamaged
from bavn.actor.store.lease import Lease
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.manifest import FILE, Manifest, Snapshot
from bavn.actor.store.query.window import StoreWindow, WindowFiles, whole_hours
from bavn.actor.store.segments.damage import damaged_among, words
from bavn.actor.store.segments.segment import Segment
from bavn.actor.store.stats import StoreStats, stats_of
from bavn.actor.store.watchdog import Watchdog
from bavn.model.moment import HOUR_US
from bavn.model.record import range_uuids

_TURNS_MAX: Final = 1000


def checked_homes(homes: Sequence[str]) -> None:
    """ValueError if one is no network."""
    for home in homes:
        range_uuids(home)


class History:
    """Reads a store that a ColumnStore writes, maybe at this moment."""

    def __init__(self, root: Path, limits: StoreLimits, homes: Sequence[str], manifest: Manifest) -> None:
        self._root, self._limits, self._homes, self._manifest = root, limits, tuple(homes), manifest
        self._watchdog = Watchdog()

    @classmethod
    def read(cls, path: Path, limits: StoreLimits | None = None, *, homes: Sequence[str] = ()) -> "History":
        """Open the store in ``path`` to ask. Raises StoreBroken; ValueError for a home that is no network."""
        checked_homes(homes)
        if not (path / FILE).is_file():
            raise StoreBroken(f"there is no store in {path}: no node has written here, or its manifest is lost")
        return History(path, limits or StoreLimits(), homes, Manifest(path, read_only=True))

    def window(self, first_us: int, last_us: int) -> StoreWindow:
        """See the Store port. The window sees what was kept when it was made, for as long as it lives."""
        first_hour, last_hour = whole_hours(first_us, last_us)
        lease, snapshot = self._held(first_hour * HOUR_US, last_hour * HOUR_US)
        sight = WindowFiles(
            first_us=first_us, last_us=last_us, homes=self._homes, limits=self._limits, snapshot=snapshot
        )
        return StoreWindow(
            sight=sight,
            root=self._root,
            lease=lease,
            damage=self._damage,
            watchdog=self._watchdog,
        )

    def mark(self, source: str) -> str | None:
        """See the Store port."""
        return self._manifest.mark(source)

    def stats(self) -> StoreStats:
        """Rows, bytes, hours, refusals and what was forgotten."""
        return stats_of(self._manifest)

    def stop(self) -> None:
        """Break off what runs, in every window too, and refuse what comes (QueryRefused); close it after that. From
        any thread, at once."""
        self._watchdog.stop()

    def close(self) -> None:
        """Let go of the files. Windows live on until they are closed."""
        self._manifest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _held(self, first_us: int, last_us: int) -> tuple[Lease, Snapshot]:
        """A snapshot whose files will not be deleted while the lease is held."""
        for _ in range(_TURNS_MAX):
            lease = Lease(self._root, self._manifest.era)
            try:
                snapshot = self._manifest.snapshot(first_us, last_us)
            except BaseException:
                lease.release()
                raise
            if snapshot.era == lease.era:
                return lease, snapshot
            lease.release()
        raise StoreBroken(f"{self._root}: the era turned {_TURNS_MAX} times in a row; two writers are at work")

    def _damage(self, segments: Sequence[Segment]) -> StoreDamaged | None:
        found = damaged_among(segments, self._root / "segments", deep=True)
        return words(found, taken_out=False) if found else None
