"""Who made a network card: the IEEE's list of large blocks of addresses, as the package aiooui carries it, offline.

A locally administered address says nothing (telephones make up a new one for each network), nor does a block that the
IEEE's registry gives out in parts.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

REGISTRY: Final = "IEEE Registration Authority"


@cache
def _lookup() -> Callable[[str], str | None]:
    """Its table is loaded once, by a loop of its own: here another may run."""
    import aiooui

    with ThreadPoolExecutor(1) as beside:
        beside.submit(lambda: asyncio.run(aiooui.async_load())).result()
    return aiooui.get_vendor


def maker(mac: str) -> str | None:
    """The maker's name; None for an address that is not listed or not global."""
    bare = mac.replace(":", "")
    try:
        if len(bare) != 12 or int(bare[:2], 16) & 3:
            return None
    except ValueError:
        return None
    name = _lookup()(bare)
    return None if name == REGISTRY else name
