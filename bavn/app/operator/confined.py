"""``python -m bavn.app.operator.confined FENCE``: one actor's node, fenced in before anything of it is read.

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

from bavn.app.operator.capabilities import CapabilitiesStay, drop
from bavn.app.operator.landlock import Fence, FenceFailed, shut
from bavn.app.process.exits import Exit

_PR_SET_PDEATHSIG: Final = 1
_OOM_SCORE: Final = "500"


def plan(fence: Fence | None, parent: int) -> str:
    """What ``main`` is given: the fence, and whose child it is."""
    paths = None if fence is None else {
        name: [str(path) for path in getattr(fence, name)] for name in ("hidden", "reads", "writes")
    }  # fmt: skip
    return json.dumps({"fence": paths, "parent": parent})


def prepare(given: str) -> None:
    """Everything that is done before the node begins. Raises FenceFailed, CapabilitiesStay."""
    said = json.loads(given)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != said["parent"]:  # the operator died before it could be told
        sys.exit(Exit.INTERRUPTED)
    Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
    if said["fence"] is not None:
        drop()
        shut(Fence(**{name: tuple(map(Path, paths)) for name, paths in said["fence"].items()}))


def main() -> None:
    """Never returns."""
    try:
        prepare(sys.argv[1])
    except (FenceFailed, CapabilitiesStay) as error:
        print(f"bavn: the node is not started unfenced: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(Exit.MISSING)
    from bavn.app.cli.main import main as run

    sys.argv = ["bavn", "node", "run", "--config", "node.toml"]
    run()


if __name__ == "__main__":
    main()
