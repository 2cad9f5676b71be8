"""A lock that threads get in the order in which they asked for it; whoever holds it may take it again.

An ordinary lock goes to whoever is awake when it is let go: a thread that takes it over and over (a partner that reads
a hundred thousand objects) then keeps all others out. Here letting go hands it to the one that has waited longest.
Refuses to know what it guards.
"""

import threading
from collections import deque
from typing import Self


class FairLock:
    """A context manager. ``waiting`` is for tests and for those who want to see how long the queue is."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[tuple[int, threading.Lock]] = deque()
        self._owner: int | None = None
        self._depth = 0

    @property
    def waiting(self) -> int:
        """How many threads wait for it."""
        return len(self._queue)

    def __enter__(self) -> Self:
        me = threading.get_ident()
        if self._owner == me:  # nobody but this thread makes it so, or ends it
            self._depth += 1
            return self
        with self._guard:
            if self._owner is None:
                self._owner, self._depth = me, 1
                return self
            turn = (me, threading.Lock())
            turn[1].acquire()
            self._queue.append(turn)
        try:
            turn[1].acquire()
        except BaseException:  # Ctrl-C while waiting: the place in the queue is given up, or what was handed over
            with self._guard:
                handed = turn not in self._queue
                if not handed:
                    self._queue.remove(turn)
            if handed:
                self._let_go()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._owner != threading.get_ident():
            raise RuntimeError("let go of by a thread that does not hold it")
        self._depth -= 1
        if self._depth == 0:
            self._let_go()

    def _let_go(self) -> None:
        with self._guard:
            if not self._queue:
                self._owner, self._depth = None, 0
                return
            self._owner, turn = self._queue.popleft()
            self._depth = 1
        turn.release()
