"""What all detectors say of made streams: attacks that no capture here holds, and what merely looks like them.

    .venv/bin/python bench/stream_table.py [--seeds N] [--without failed] [--json]

Ten days of an office of 120 hosts, every stream at a host of its own on top (bench/streams), all detectors at once over
the ten days, p-values as a node would give them. For each stream: in how many of N seeds a detector that should tell of
it does at p <= 0.01 and 0.05, the least p, and who else speaks. Innocents: in how many seeds anybody speaks, and in how
many it is on the alert line. --without failed: flows that do not say whether they failed (NetFlow); --without all: as
far as flows without ends, packets, states and protocols.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from bench_b.networks import HOMES, host
from figures import tell
from labelled import window_of
from streams import Office, Stream, background
from streams.attacks import ATTACKS
from streams.innocents import INNOCENTS

from bavn.actor.detect.rank import ranked
from bavn.actor.detect.run import survey
from bavn.model.suspicion import Suspicion

LEVELS = (0.05, 0.01)
FIRST_HOST = 1000
BLIND = {
    "nothing": (),
    "failed": ("failed",),
    "all": ("failed", "state", "app_proto", "pkts_toserver", "pkts_toclient", "reason", "icmp_type", "icmp_code"),
}


def seen(seed: int, without: str) -> tuple[dict[str, list[Suspicion]], set[str]]:
    """For each stream what is told of its host, and the ids on the alert line."""
    office = Office(np.random.default_rng(seed))
    background(office)
    hosts: dict[str, str] = {}
    for place, stream in enumerate((*ATTACKS, *INNOCENTS)):
        src = host(FIRST_HOST + place)
        hosts[stream.name] = stream.other or src
        stream.play(office, src)
    for row in office.by_table["flow"]:
        row.update(dict.fromkeys(BLIND[without]))
    with window_of(office.tables(), HOMES) as made:
        found = survey(made)
    by_host: dict[str, list[Suspicion]] = defaultdict(list)
    for one in found.suspicions:
        by_host[one.host].append(one)
    line = {one.suspicion.id for one in ranked(list(found.suspicions), found.hosts) if one.above}
    named = {name: by_host[src] for name, src in hosts.items()}
    told = set(hosts.values())
    named["hosts that only work"] = [one for src, some in by_host.items() if src not in told for one in some]
    return named, line


def facts(stream: Stream, runs: list[list[Suspicion]], lines: list[set[str]]) -> dict[str, object]:
    mine = [[s for s in run if not stream.who or s.detector in stream.who] for run in runs]
    row: dict[str, object] = {
        f"p <= {level}": f"{sum(any(s.p <= level for s in run) for run in mine)}/{len(runs)}" for level in LEVELS
    }
    row["least p"] = min((round(s.p, 4) for run in mine for s in run), default=None)
    if not stream.who:
        row["alert line"] = (
            f"{sum(any(s.id in line for s in run) for run, line in zip(runs, lines, strict=True))}/{len(runs)}"
        )
    others = {s.detector for run in runs for s in run if s.detector not in stream.who and s.p <= LEVELS[0]}
    return row | {"also" if stream.who else "by": ", ".join(sorted(others)) or "-"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--without", choices=tuple(BLIND), default="nothing")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    runs = [seen(seed, asked.without) for seed in range(1, asked.seeds + 1)]
    lines = [line for _, line in runs]
    tables = {
        title: {stream.name: facts(stream, [named[stream.name] for named, _ in runs], lines) for stream in streams}
        for title, streams in (
            ("attacks", ATTACKS),
            ("innocents", (*INNOCENTS, Stream("hosts that only work", (), lambda *_: None))),
        )
    }
    tell(tables, as_json=asked.json)


if __name__ == "__main__":
    main()
