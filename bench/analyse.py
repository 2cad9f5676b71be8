"""How long `bavn analyse` takes over many captures at once, and whether it says the same as over each by itself.

    .venv/bin/python bench/analyse.py [--captures 142] [--json]

The first so many captures of BAVN_DATA by name, in one run: as many processes as processors, a Suricata in each. The
baseline in the same run: one command after the other, a capture and a Suricata each. Wall seconds are also the others'
on a busy machine; CPU seconds are of all processes, Suricata's too. What both wrote must be the same, byte for byte.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ended import in_order, tied
from figures import run_and_tell
from labelled import data_needed

BAR_S = 75


def told(captures: Sequence[Path]) -> bytes:
    """What one run says of them."""
    command = [sys.executable, "-m", "bavn.app.cli", "analyse", "--json", "--all", *map(str, captures)]
    return subprocess.run(tied(*command), check=False, stdout=subprocess.PIPE).stdout


def spent() -> tuple[float, float]:
    """Seconds of the wall, and of the processors by all that ran and ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic(), used.ru_utime + used.ru_stime


def measure(count: int) -> Mapping[str, float]:
    found = (path for path in (data_needed() / "pcap").rglob("*") if path.is_file())
    captures = sorted(found)[:count]
    start = spent()
    together = told(captures)
    middle = spent()
    alone = b"".join(told([capture]) for capture in captures)
    end = spent()
    if together != alone:
        raise SystemExit("together they say something else than one by one")
    wall, cpu = (after - before for before, after in zip(start, middle, strict=True))
    wall_alone, cpu_alone = (after - before for before, after in zip(middle, end, strict=True))
    return {
        "captures": len(captures),
        "lines_told": together.count(b"\n"),
        "wall_s": wall,
        "cpu_s": cpu,
        "cpu_s_a_processor": cpu / min(len(captures), os.process_cpu_count() or 1),
        "bar_s": BAR_S,
        "one_by_one_wall_s": wall_alone,
        "one_by_one_cpu_s": cpu_alone,
        "ratio_wall": wall_alone / wall,
        "ratio_cpu": cpu_alone / cpu,
        "load_average": os.getloadavg()[0],
    }


if __name__ == "__main__":
    in_order()
    run_and_tell(__doc__, measure, "captures", 142)
