"""Ctrl-C, or SIGTERM, in a command whose parts contain what they raise: it ends the command, whoever swallowed it.

An engine turns it into an error of its own, and a part that contains errors takes that for a fault over its input: a
result without that part would look whole. So it is remembered that it came. Refuses to know what the command does.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ENDS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ctrl_c() -> Iterator[Callable[[], None]]:
    """Gives a check that raises KeyboardInterrupt once Ctrl-C was pressed, or the process was told to end (ENDS); so do
    any error and the end, within."""
    pressed = threading.Event()

    def press(_number: int, _frame: FrameType | None) -> None:
        pressed.set()
        raise KeyboardInterrupt

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    printed = sys.unraisablehook

    def untold(raised: "sys.UnraisableHookArgs") -> None:
        """Where it cannot be raised (a destructor, a weak reference's end) Python would print it as a fault."""
        if not issubclass(raised.exc_type, KeyboardInterrupt):
            printed(raised)

    before = {number: signal.signal(number, press) for number in ENDS}
    sys.unraisablehook = untold
    try:
        yield check
    except Exception:
        check()
        raise
    finally:
        sys.unraisablehook = printed
        for number, handler in before.items():
            signal.signal(number, handler)
    check()
