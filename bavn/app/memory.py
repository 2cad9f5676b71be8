"""What the C library keeps of memory that was let go (glibc; elsewhere nothing happens).

Each thread that allocates gets an arena of its own, and what is free in one serves no other: a service that answers on
forty threads keeps the largest answer of each. Two arenas are enough where Python lets one thread run at a time
(mallopt(3), M_ARENA_MAX; malloc_trim(3)).
"""

import ctypes
import gc
from contextlib import suppress
from typing import Final

ARENAS_MAX: Final = 2
_M_ARENA_MAX: Final = -8


def few_arenas() -> bool:
    """Whether the C library took it. Before any thread is started."""
    with suppress(AttributeError, OSError, TypeError):
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS_MAX))
    return False


def give_back() -> None:
    """Objects that refer to each other in rings go, and free memory goes to the machine."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
