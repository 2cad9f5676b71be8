"""The store as the node holds it: append, mark, window, tidy, stats. Refuses to know what a detector looks for."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pyarrow as pa

from bavn.actor.store.limits import StoreLimits
from bavn.model.ports import Clock, Window


class ColumnStore:
    """Implements the Store port over a directory. One writer at a time; any number of readers (History)."""

    @classmethod
    def open(
        cls,
        path: Path,
        limits: StoreLimits | None = None,
        *,
        homes: Sequence[str] = (),
        clock: Clock | None = None,
    ) -> Self:
        """Open or make the store in ``path`` to write. Without a clock no row is too old or too new."""
        raise NotImplementedError

    @classmethod
    @contextmanager
    def temporary(cls, limits: StoreLimits | None = None, *, homes: Sequence[str] = ()) -> Iterator[Self]:
        """A store in a directory of its own that is gone afterwards: for one analysis, and for tests."""
        raise NotImplementedError

    def append(self, source: str, mark: str, tables: Mapping[str, pa.Table]) -> int:
        """See the Store port."""
        raise NotImplementedError

    def mark(self, source: str) -> str | None:
        """See the Store port."""
        raise NotImplementedError

    def window(self, first_us: int, last_us: int) -> Window:
        """See the Store port."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the files; nothing is lost by not calling it."""
        raise NotImplementedError
