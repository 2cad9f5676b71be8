"""What is let go of when a node ends: each by itself, so that one that fails keeps none of the others open.

Refuses to raise: what failed is told to ``failures``.
"""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from bavn.model.contained import contained
from bavn.model.failure import Failures


class LettingGo(contextlib.ExitStack):
    """An ExitStack whose callbacks fail by themselves. ``failures`` is set as soon as there is one."""

    failures: Failures | None = None

    def enter_context[Opened](self, cm: AbstractContextManager[Opened, Any]) -> Opened:
        opened = cm.__enter__()
        self.callback(cm.__exit__, None, None, None)
        return opened

    def callback[**Given, Back](
        self, callback: Callable[Given, Back], /, *args: Given.args, **kwds: Given.kwargs
    ) -> Callable[Given, Back]:
        super().callback(self._let_go, callback, partial(callback, *args, **kwds))
        return callback

    def _let_go(self, callback: Callable[..., object], step: Callable[[], object]) -> None:
        if self.failures is None:
            step()
        else:
            contained(self.failures, f"close {name_of(callback)}", step, during="stop")


def name_of(callback: Callable[..., object]) -> str:
    """The class whose method it is, else its own name."""
    owner = getattr(callback, "__self__", None)
    return getattr(callback, "__qualname__", "?") if owner is None else type(owner).__name__
