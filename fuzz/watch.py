"""Which lines of the product an input reached first, and where an exception came from.

Each line is told of once (sys.monitoring switches it off after that), so that watching costs nothing in the long run.
"""

import sys
import traceback
from pathlib import Path
from types import CodeType
from typing import Any, Final

import bavn

_TOOL: Final = 4
_PRODUCT: Final = f"{Path(bavn.__file__).parent}/"


class Lines:
    """``fresh`` is how many lines of the product were reached first since it was asked last."""

    def __init__(self) -> None:
        self.total = 0
        self._told = 0
        events = sys.monitoring
        if events.get_tool(_TOOL) is None:
            events.use_tool_id(_TOOL, "bavn-fuzz")
        events.register_callback(_TOOL, events.events.LINE, self._line)
        events.set_events(_TOOL, events.events.LINE)
        events.restart_events()

    def _line(self, code: CodeType, _: int) -> Any:
        if code.co_filename.startswith(_PRODUCT):
            self.total += 1
        return sys.monitoring.DISABLE

    def fresh(self) -> int:
        new, self._told = self.total - self._told, self.total
        return new

    def close(self) -> None:
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.free_tool_id(_TOOL)


def place_of(error: BaseException) -> str:
    """``bavn/wire/strict_json.py:parse UnicodeEncodeError``: the innermost frame of the product, without a line number,
    so that it stays the same when code above it moves. For Broken: its first words too."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_PRODUCT)]
    words = ""
    if type(error).__name__ == "Broken":
        words = " " + str(error).partition("\n")[0][:80]
    elif not ours and frames:
        words = f" {frames[-1].name}"
    if not ours:
        return f"{type(error).__name__}{words}"
    last = ours[-1]
    return f"bavn/{last.filename.removeprefix(_PRODUCT)}:{last.name} {type(error).__name__}{words}"
