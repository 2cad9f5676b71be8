"""What a centre that lies is caught by: `python bench/lying_centre.py [RUNS] [--minutes N]`, of each lie 100 runs.

Each lie of tests/sector/lying_centre.py with other dice each time: how often the check that is there for it caught it
within its time, and after how long, as the sector's own clock counts. The baseline is the same sector with a centre
that does not lie, looked at by all checks for as long. Every run says its outcome on stderr as it ends.
``--minutes``: no further round of all lies is begun after so long.
"""

import sys
import time
from statistics import median

from tests.centre.conftest import SqliteDatabases
from tests.sector.lying_centre import LIES, honest, played


def spoken(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def main() -> None:
    words = sys.argv[1:]
    minutes = float(words[words.index("--minutes") + 1]) if "--minutes" in words else float("inf")
    runs = int(words[0]) if words and words[0].isdigit() else 100
    databases, began, until = SqliteDatabases(), time.process_time(), time.monotonic() + minutes * 60
    results, accused = {lie: [] for lie in LIES}, []
    for seed in range(runs):
        for lie in LIES:
            results[lie].append(played(lie, seed, databases.new()))
            print(f"{seed + 1}/{runs} {lie.name}: {results[lie][-1]}", file=sys.stderr, flush=True)
        accused.append(honest(seed, databases.new()))
        print(f"{seed + 1}/{runs} nobody lies: {accused[-1]}", file=sys.stderr, flush=True)
        if time.monotonic() > until:
            break
    print("| lie | caught | by | within | median | at most |\n|---|---|---|---|---|---|")
    for lie, found in results.items():
        times = sorted(each[1] for each, as_told in found if as_told)
        facts = (spoken(median(times)), spoken(times[-1])) if times else ("-", "-")
        row = (lie.name, f"{len(times)} of {len(found)}", lie.check, spoken(lie.within_s), *facts)
        print(f"| {' | '.join(row)} |")
        if len(times) < len(found):
            print(f"otherwise: {[each for each, as_told in found if not as_told][:5]}")
    wrongly = [each for each in accused if each]
    print(f"baseline, nobody lies: accused {len(wrongly)} of {len(accused)} {wrongly[:3] or ''}")
    print(f"{time.process_time() - began:.0f} CPU s")


if __name__ == "__main__":
    main()
