"""Who made a network card: the IEEE's assignments as the package aiooui ships them, offline.

A locally administered address says nothing (telephones make up a new one for each network), nor does a block that the
IEEE gave out in smaller parts.
"""

import asyncio
from functools import cache

from aiooui import OUIManager

SHARED = "IEEE Registration Authority"
"""Whose name stands with a block of which many makers have a part."""


@cache
def _makers() -> OUIManager:
    manager = OUIManager()
    asyncio.run(manager.async_load())
    return manager


def maker(mac: str) -> str | None:
    """The maker's name; None for an address that is not listed or not global."""
    bare = mac.replace(":", "").lower()
    try:
        if len(bare) != 12 or int(bare, 16) >> 40 & 3:
            return None
    except ValueError:
        return None
    name = _makers().get_vendor(bare)
    return None if name == SHARED else name
