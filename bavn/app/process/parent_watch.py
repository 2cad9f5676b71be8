"""A process of ours that ends with the process that began it, whichever thread of that began it.

What bavn.model.tied does by the kernel hangs on one thread; this looks, and is for what a passing thread begins.
Refuses to tidy up: whoever is gone waits for nothing.
"""

import os
import threading
import time
from typing import Final

from bavn.app.process.exits import Exit

LOOK_S: Final = 0.5


def ends_with(parent: int) -> None:
    """From now on this process ends within a second of ``parent``, kill -9 included."""
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(Exit.INTERRUPTED)
