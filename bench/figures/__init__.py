"""How a bench is asked and how it answers: the same words and the same columns in each. Knows no figure."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path


def resident(field: str) -> int:
    """VmRSS (resident now) or VmHWM (at the most) of this process, bytes."""
    said = Path("/proc/self/status").read_text().partition(field + ":")[2]
    return int(said.split()[0]) * 1024


def run_and_tell(said: str, measure: Callable[[int], Mapping[str, float]], count: str, default: int) -> None:
    """The command line of a bench that measures over so many things (``--count``): one figure a line, or one JSON
    object with ``--json``."""
    parser = argparse.ArgumentParser(description=said, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(f"--{count}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = measure(getattr(chosen, count))
    if chosen.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:34} {value:>12,.2f}" if value < 100 else f"{name:34} {value:>12,.0f}")


def tell(facts: Mapping[str, object], *, as_json: bool) -> None:
    """Groups of figures, one a line under the group's name, or one JSON object."""
    if as_json:
        print(json.dumps(facts))
        return
    for name, rows in facts.items():
        print(name)
        for row, value in rows.items() if isinstance(rows, Mapping) else [("", rows)]:
            print(f"   {row:60} {value}")
