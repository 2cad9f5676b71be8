"""How one actor's node is fenced in before anything of it is read (bavn/app/cli/confined_node.py).

It ends with the operator that started it, and is the first to go when the machine runs out of memory. Refuses to run
unfenced where a fence was asked for.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Final

from bavn.app.operator.capabilities import drop
from bavn.app.operator.landlock import Fence, shut
from bavn.app.process.exits import Exit

_PR_SET_PDEATHSIG: Final = 1
_OOM_SCORE: Final = "500"


def plan(fence: Fence | None, parent: int) -> str:
    """What ``prepare`` is given: the fence, and whose child it is."""
    paths = (
        None
        if fence is None
        else {name: [str(path) for path in getattr(fence, name)] for name in ("hidden", "reads", "writes")}
    )
    return json.dumps({"fence": paths, "parent": parent})


def prepare(given: str) -> None:
    """Everything that is done before the node begins. Raises FenceFailed, CapabilitiesStay."""
    summary = json.loads(given)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != summary["parent"]:  # the operator died before it could be told
        sys.exit(Exit.INTERRUPTED)
    Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
    if summary["fence"] is not None:
        drop()
        shut(Fence(**{name: tuple(map(Path, paths)) for name, paths in summary["fence"].items()}))
