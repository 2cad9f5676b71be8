"""Memory that is no longer used goes back to the machine, in services that live for months.

Three things keep it. Python's collector of rings looks at all old objects only when a quarter more have become old: a
hundred TLS connections that have ended are few objects and 26 MB (asyncio keeps a buffer of 256 KB for each). The C
library (glibc) gives each thread that allocates an arena of its own, of which free memory serves no other thread; two
are enough where Python lets one thread run at a time (mallopt(3), M_ARENA_MAX; malloc_trim(3)). And libraries bring
parts that nobody here uses: ``leave_out``.
"""

import ctypes
import gc
import os
import sys
import threading
from contextlib import suppress
from typing import Any, Final

ARENAS_MAX: Final = 2
EVERY_S: Final = 60.0
_M_ARENA_MAX: Final = -8
NEVER_USED: Final = (
    "httpx._main",
    "pyarrow._s3fs",
    "pyarrow._gcsfs",
    "pyarrow._azurefs",
    "pyarrow._hdfs",
)
"""A command line and file systems far away, which their libraries load by themselves and can do without: each asks in
a ``try``."""


def few_arenas() -> bool:
    """Whether the C library took it. Before any thread is started."""
    with suppress(AttributeError, OSError, TypeError):
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS_MAX))
    return False


def leave_out() -> None:
    """Before any library is loaded. Arrow takes the C library's memory, of which what is free goes back; its own pool
    keeps some."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    modules: dict[str, Any] = sys.modules
    for name in NEVER_USED:
        modules.setdefault(name, None)  # an import of it is ModuleNotFoundError


def give_back() -> None:
    """Objects that refer to each other in rings go, and free memory goes to the machine."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_small(every_s: float = EVERY_S, ended: threading.Event | None = None) -> threading.Thread:
    """Gives back again and again until ``ended`` (None: as long as the process lives); what was there at the first time
    is not looked at any more, so that each later time costs milliseconds. A command that is over sooner never hears of
    it."""
    over = ended or threading.Event()

    def run() -> None:
        first = True
        while not over.wait(every_s):
            give_back()
            if first:
                gc.freeze()
                first = False

    thread = threading.Thread(target=run, name="memory", daemon=True)
    thread.start()
    return thread
