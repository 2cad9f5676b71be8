"""kill -9 of centre, PostgreSQL, nodes and resolvers at random moments, a hundred runs.

    .venv/bin/python bench/kill9.py [--runs 100] [--seed 0] [--nodes 2] [--sqlite] [--json]

Real processes over HTTPS on loopback: `bavn centre run` on a PostgreSQL of its own (or SQLite), `bavn node run` with a
text list and an unbound each. In a run people release and withdraw three to six names while one to three processes are
killed and started again; then all must come to what the people left. The story stands in tests/sector/killed_sector.py.
Ends with 1 where anything was wrong; the seed of that run is printed.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import ended

from tests.conftest import Cluster
from tests.sector.killed_sector import KilledSector


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("runs", 100), ("seed", 0), ("nodes", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    ended.in_order()
    folder = Path(tempfile.mkdtemp(prefix="bk9-", dir="/tmp"))  # a socket's path is short
    cluster = None if given.sqlite else Cluster(durable=True)
    sector, runs = None, []
    try:
        sector = KilledSector(folder, cluster, given.nodes)
        for seed in range(given.seed, given.seed + given.runs):
            runs.append(sector.run(seed))
            if not given.json or runs[-1].wrong:
                told = runs[-1]
                line = f"{seed:4}  {' '.join(told.killed):40}  {told.acts} acts  {told.settled_s:5.1f} s  "
                print(line + ("; ".join(told.wrong) or "whole"), file=sys.stderr, flush=True)
    finally:
        if sector is not None:
            sector.close()
        if cluster is not None:
            cluster.end()
    bad = [told.seed for told in runs if told.wrong]
    killed = Counter(kind for told in runs for kind in told.killed)
    settled = sorted(told.settled_s for told in runs)
    found = {
        "runs": len(runs),
        "kills": dict(sorted(killed.items())),
        "acts": sum(told.acts for told in runs),
        "settled_median_s": statistics.median(settled),
        "settled_max_s": settled[-1],
        "wrong_runs": bad,
        "load": os.getloadavg()[0],
    }
    print(json.dumps(found, indent=None if given.json else 2))
    if bad:
        print(f"logs are kept in {folder}", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
