"""How many real events a second one core takes for ten minutes as a node runs: kept, merged, looked at again.

    .venv/bin/python bench/sustained.py [--seconds 600] [--rate 30000] [--json]

Events of the real captures (BAVN_DATA), written by Suricata, come again and again: each time from other hosts of the
actor (16 of each), with other flow ids, at the time that it then is. The clock is the node's own CPU time, so that the
load of the machine has no part in it: so many events a second of that clock come, the node takes what there is, tidies,
and runs all detectors when they are due (detect_s = 60) over the whole window. It keeps up if what waits stays small.
Bars: 30,000 a second, peak 2 GB. Beside it DuckDB's bare parse of the same lines.
"""

import argparse
import os
import re
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from figures import tell
from ingest import bare_read, stamp
from labelled import BENIGN, data_needed, labelled

from bavn.actor.detect.indicators import lists
from bavn.actor.detect.run import Survey, survey
from bavn.actor.node.monitor import Monitor
from bavn.actor.node.settings import NodeSettings
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.config import SuricataConfig
from bavn.actor.sense.suricata.eve_file import EveFile
from bavn.actor.sense.suricata.run import run_over
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.model.moment import MINUTE_US, SECOND_US, as_us

START_US = 494_000 * 3600 * SECOND_US
HOMES = ("10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12")
EVENTS_MAX = 60_000
TIME = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})[+-]\d{4}"')
FLOW = re.compile(rb'"flow_id":(\d+)')
HOME = re.compile(rb'"(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.(\d+\.)?(\d+)\.(\d+)"')
SPACE = re.compile(rb"\0([tfh])([^\0]*)\0")


class CpuClock:
    """Runs while the node works, stands while the bench makes events."""

    def __init__(self) -> None:
        self.us = START_US
        self._began: float | None = None

    def now_us(self) -> int:
        ran = 0.0 if self._began is None else time.process_time() - self._began
        return self.us + int(ran * SECOND_US)

    def __enter__(self) -> None:
        self._began = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.us, self._began = self.now_us(), None


def moment(text: bytes) -> int:
    return as_us(datetime.fromisoformat(text.decode() + "+00:00"))


def template(line: bytes) -> list[tuple[str, bytes | int]]:
    """A line in pieces: bytes as they are, times as distances from the event's, the flow's number, own hosts."""
    first = TIME.search(line)
    assert first is not None
    at = moment(first[1])
    marked = TIME.sub(lambda m: b'"\0t%d\0"' % max(-MINUTE_US, min(0, moment(m[1]) - at)), line)
    marked = FLOW.sub(lambda m: b'"flow_id":\0f%s\0' % m[1][-12:].lstrip(b"0").rjust(1, b"0"), marked)
    marked = HOME.sub(lambda m: b'"\0h%d\0"' % (int(m[2]) << 8 | int(m[3])), marked)
    pieces: list[tuple[str, bytes | int]] = []
    end = 0
    for found in SPACE.finditer(marked):
        pieces += [("", marked[end : found.start()]), (found[1].decode(), int(found[2]))]
        end = found.end()
    return [*pieces, ("", marked[end:])]


def real_events(work: Path) -> list[list[tuple[str, bytes | int]]]:
    """Templates of what Suricata says of benign and of malicious captures, in turn."""
    made = []
    chosen = [one for one in labelled(data_needed()) if one.path.suffix in (".pcap", ".pcapng")]
    for one in sorted(chosen, key=lambda one: (one.kind not in BENIGN, one.digest)):
        try:
            run = run_over(one.path, work / "run", SuricataConfig(homes=HOMES))
        except SourceBroken:
            continue
        lines = [line for line in run.eve.read_bytes().splitlines() if b'"event_type":"stats"' not in line]
        made += [template(line) for line in lines[:4000] if TIME.search(line)]
        if len(made) >= EVENTS_MAX:
            break
    return made


def events(templates: list[list[tuple[str, bytes | int]]]) -> Iterator[tuple[list[tuple[str, bytes | int]], int]]:
    number = 0
    while True:
        for one in templates:
            yield one, number
        number += 1


@lru_cache(maxsize=1000)
def whole_second(second: int) -> bytes:
    return stamp(second * SECOND_US)[:19].encode()


def written(pieces: list[tuple[str, bytes | int]], number: int, us: int) -> bytes:
    made = []
    for kind, value in pieces:
        if kind == "":
            made.append(value)
        elif kind == "t":
            made.append(whole_second((us + int(value)) // SECOND_US) + b".%06d+0000" % ((us + int(value)) % SECOND_US))
        elif kind == "f":
            made.append(b"%d" % (int(value) + number * 10**12))
        else:
            host = int(value)
            made.append(b"10.%d.%d.%d" % (number % 16, host >> 8, host & 255))
    return b"".join(made) + b"\n"


def run(seconds: float, rate: int) -> dict[str, object]:
    facts: dict[str, object] = {"load average at the start": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as directory:
        work = Path(directory)
        templates = real_events(work)
        source_of = events(templates)
        sample = work / "sample.json"
        sample.write_bytes(b"".join(written(*next(source_of), START_US + n) for n in range(300_000)))
        facts["real events"], facts["bytes an event"] = len(templates), sample.stat().st_size // 300_000
        bare = 300_000 / bare_read(sample, kept_in=None)
        bare_kept = 300_000 / bare_read(sample, kept_in=work / "bare.parquet")
        facts["bare read_json events/s"], facts["the same, kept as Parquet"] = int(bare), int(bare_kept)
        sample.unlink()
        lists.shipped()
        facts |= sustained(work, source_of, seconds, rate)
        taken = float(str(facts["events a CPU second of work"]))
        facts["ratio to bare read_json"] = round(taken / bare, 3)
        facts["ratio to the same, kept"] = round(taken / bare_kept, 3)
    return facts | {"load average at the end": round(os.getloadavg()[0], 1)}


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def sustained(work: Path, source_of: Iterator, seconds: float, rate: int) -> dict[str, object]:
    clock, eve, runs, waiting = CpuClock(), work / "eve.json", [], [0.0]
    eve.touch()
    limits = StoreLimits(threads=1)
    source = EveFile(name="eve", sensor="s", path=eve, engine=prepared(threads=1))
    made = 0
    wall = time.monotonic()

    def detect(window) -> Survey:
        began = time.process_time()
        found = survey(window)
        runs.append(
            (round((clock.now_us() - START_US) / SECOND_US), monitor.rows, round(time.process_time() - began, 1))
        )
        print(
            f"  at {runs[-1][0]} s: {monitor.rows:,} rows, detectors {runs[-1][2]} s, {len(found.suspicions)} found; "
            f"{time.monotonic() - wall:.0f} s of the wall, {peak_mb()} MB",
            flush=True,
        )
        return found

    with ColumnStore.open(work / "store", limits, homes=HOMES, clock=clock) as store:
        monitor = Monitor(
            clock=clock,
            store=store,
            sources=[source],
            detect=detect,
            keep=lambda *_: None,
            horizon_us=lambda: min(store.stats().newest_us or 0, clock.now_us()),
            settings=NodeSettings(version="bench"),
        )
        idle_s = worked = 0.0
        while clock.us < START_US + seconds * SECOND_US:
            due = -(-(clock.us - START_US) // SECOND_US) * rate
            with eve.open("ab") as out:
                while made < due:
                    out.write(written(*next(source_of), START_US + made * SECOND_US // rate))
                    made += 1
            taken = sum(a.rows + a.passed + a.refused for a in monitor.accounts)
            waiting.append((due - taken) / rate)
            before = clock.us
            with clock:
                more = monitor.look()
                store.tidy(merges_max=4)
            worked += (clock.us - before) / SECOND_US
            if not more:
                clock.us += SECOND_US // 2
                idle_s += 0.5
            if eve.stat().st_size > 2 << 30 and not more:
                eve.rename(eve.with_name("eve.json.1"))
                eve.touch()
        stats = store.stats()
    source.close()
    ran = (clock.us - START_US) / SECOND_US
    return {
        "seconds of the clock": round(ran),
        "events": taken,
        "rows": monitor.rows,
        "refused": monitor.refused,
        "events a second": int(taken / ran),
        "events a CPU second of work": int(taken / worked),
        "idle s": idle_s,
        "waiting at the end s": round(waiting[-1], 1),
        "waiting at most s": round(max(waiting), 1),
        "runs of the detectors (at s, rows, CPU s)": runs,
        "stored bytes a row": round(stats.bytes_total / stats.rows_total, 1),
        "peak memory MB": peak_mb(),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=int, default=30_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    tell(run(chosen.seconds, chosen.rate), as_json=chosen.json)
