"""The survey of one node's own hosts: made in its own process when somebody looks, kept in a file until a newer one.

The file lies in a folder of the console's own that goes with it. Refuses to survey more than one at a time.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from bavn.app.analyst.asset_book import STALE_US, opened
from bavn.app.node.book_queries import Asks
from bavn.app.web.frame import TextShape, Trouble
from bavn.app.web.soc.asking import Asking, Askings
from bavn.app.web.soc.errors import trouble_of
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock

NOBODY: Final = "\0survey"
"""Who asks for a survey: no person, so that nobody reads its answer as their own."""
AGAIN_US_MIN: Final = MINUTE_US
"""One that failed is tried again after this, and no sooner than after as long as it had run: a history that is too
large to survey must not keep the machine busy with trying."""


class Survey:
    """Of one node. Every method may be called from any thread."""

    def __init__(self, file: Path, node: str, folder: Path, askings: Askings, clock: Clock) -> None:
        self._file, self._node, self._folder, self._askings, self._clock = file, node, folder, askings, clock
        self._lock = threading.Lock()
        self._asking: Asking | None = None
        self._ready: Path | None = None
        self._next: Path | None = None
        self._number = 0
        self._due_us = 0
        self.at_us: int | None = None
        self.refused: TextShape | None = None

    @property
    def making(self) -> bool:
        asking = self._asking
        return asking is not None and asking.state == "running"

    def look(self, wait_s: float) -> None:
        """Takes over a survey that is ready, and begins a new one where the last is too old. ``wait_s``: how long the
        first one is waited for."""
        with self._lock:
            self._take()
            now_us = self._clock.now_us()
            if self._asking is None and self._due_us <= now_us:
                self._begin(now_us)
            asking = self._asking
        if asking is not None and self._ready is None:
            asking.over.wait(wait_s)
            with self._lock:
                self._take()

    @contextmanager
    def rows(self) -> Iterator[Asks]:
        """Questions to the last survey; no rows where there is none yet."""
        ready = self._ready
        if ready is None:
            yield lambda _sql, _parameters=(): []
            return
        with closing(opened(ready)) as connection:

            def rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
                return connection.execute(sql, parameters).fetchall()

            yield rows

    def _begin(self, now_us: int) -> None:
        self._number += 1
        self._next = self._folder / f"{self._node}-{self._number}.db"
        self._due_us = now_us + STALE_US
        try:
            self._asking = self._askings.start(self._file, self._node, NOBODY, "assets", {"into": str(self._next)})
        except Trouble as trouble:
            self.refused, self._due_us = TextShape.of(trouble.text), now_us

    def _take(self) -> None:
        asking = self._asking
        if asking is None or asking.state == "running":
            return
        self._asking = None
        if asking.state == "done" and self._next is not None:
            before, self._ready = self._ready, self._next
            self.at_us, self.refused = asking.began_us, None
            if before is not None:
                before.unlink(missing_ok=True)
        else:
            self.refused = TextShape.of(trouble_of(asking.code, asking.reason).text)
            now_us = self._clock.now_us()
            self._due_us = now_us + max(AGAIN_US_MIN, now_us - asking.began_us)
            if self._next is not None:
                self._next.unlink(missing_ok=True)
