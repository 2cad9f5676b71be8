"""A node's detectors and hunts on two workers of a Ray of its own; prints what they found. Run by test_scale_engine.py.

In a process of its own: Ray leaves threads and handles behind. Some detectors here are killed or hang, once.
"""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa

from bavn.actor.detect.base import DetectorContext, Found
from bavn.actor.detect.queries import series
from bavn.actor.detect.run import DETECTORS, survey
from bavn.actor.detect.tasks import weigh_by
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.intake import ARROW
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query.hunt import hunt
from bavn.app.config.scale import ScaleTable
from bavn.app.node.scale_engine import ray_hunt, ray_tasks, scaled
from bavn.app.process.ray_cluster import Farm
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.ports import QueryRefused
from bavn.model.record import TABLES, address_uuid
from bavn.model.text import Text

HOMES = ("10.0.0.0/8",)
HOUR0 = 497_000
HOURS = 30
HOSTS = 40
NOBODY = Text.plain("nobody")


def made(store: ColumnStore) -> None:
    """Hosts that call at random, five that call home every ten minutes, two that scan, one that sends much."""
    rows: list[tuple[int, str, str, int, bool, int]] = []
    for host in range(HOSTS):
        for call in range(120):
            at = (host * 7919 + call * call * 104_729) % (HOURS * 3600)
            rows.append((at, f"10.0.1.{host}", f"198.51.100.{(host * 31 + call) % 90}", 443, False, 900))
        if host < 5:
            rows += [(at, f"10.0.1.{host}", "203.0.113.9", 443, False, 600) for at in range(60, HOURS * 3600, 600)]
        if host in (7, 8):
            rows += [(5000 + 3 * to, f"10.0.1.{host}", f"10.0.2.{to}", 445, True, 60) for to in range(60)]
    rows += [(40_000 + 60 * at, "10.0.1.9", "203.0.113.77", 443, False, 9_000_000) for at in range(20)]
    rows.sort()
    begin = HOUR0 * HOUR_US
    times = pa.array([begin + at * 1_000_000 for at, *_ in rows], pa.int64()).cast(pa.timestamp("us"))
    sizes = [0 if failed else size // 3 for *_, failed, size in rows]
    given = {
        "ts": times,
        "ts_end": times,
        "sensor": ["made"] * len(rows),
        "src_port": [50_000] * len(rows),
        "src": pa.array([address_uuid(src).bytes for _, src, *_ in rows], pa.uuid()),
        "dst": pa.array([address_uuid(dst).bytes for _, _, dst, *_ in rows], pa.uuid()),
        "dst_port": [port for *_, port, _, _ in rows],
        "proto": ["tcp"] * len(rows),
        "flow_id": list(range(len(rows))),
        "bytes_toserver": [size for *_, size in rows],
        "bytes_toclient": sizes,
        "pkts_toserver": [4] * len(rows),
        "pkts_toclient": [5] * len(rows),
        "state": ["new" if failed else "closed" for *_, failed, _ in rows],
        "failed": [row[4] for row in rows],
    }
    nothing = [None] * len(rows)
    columns = {column.name: (given.get(column.name, nothing), ARROW[column.type]) for column in TABLES["flow"]}
    table = pa.table(
        {
            name: values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)
            for name, (values, kind) in columns.items()
        }
    )
    half = len(rows) // 2
    store.append("made", "1", {"flow": table.slice(0, half)})
    store.tidy()
    store.append("made", "2", {"flow": table.slice(half)})


@dataclass(frozen=True)
class Struck:
    """A detector that writes down which process it is in, and waits there until ``flag`` is gone: for kill -9, or for
    ever. Another process finds the flag gone, or is the driver, and goes on."""

    flag: str
    driver: int
    name: str = "struck"
    technique: str = "T1046"
    tables: tuple[str, ...] = ("flow",)
    innocent: Text = NOBODY

    def candidates(self, look: DetectorContext) -> Found:
        scan = next(one for one in DETECTORS if one.name == "scan")
        mine = Path(f"{self.flag}.{os.getpid()}")
        if os.getpid() != self.driver and Path(self.flag).exists():
            mine.touch()
            while Path(self.flag).exists():
                time.sleep(0.05)
        return scan.candidates(look)


def killed_when_begun(flag: Path) -> threading.Thread:
    """Kills the worker that has begun, and lets the next one through."""

    def run() -> None:
        while not (begun := list(flag.parent.glob(flag.name + ".*"))):
            time.sleep(0.02)
        os.kill(int(begun[0].suffix[1:]), signal.SIGKILL)
        flag.unlink()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def canonical(found: object) -> str:
    """Suspicions as canonical JSON."""
    return json.dumps([asdict(one) for one in found.suspicions], sort_keys=True, default=str)


def main() -> None:
    folder = Path(sys.argv[1])
    series.SLICED_ROWS_MIN = 1
    told: dict[str, object] = {}
    with ColumnStore.open(folder / "store", StoreLimits(), homes=HOMES) as store:
        made(store)
        window = store.window(HOUR0 * HOUR_US, (HOUR0 + HOURS) * HOUR_US)
        workers = scaled(ScaleTable(ray="local", workers=2))
        here = survey(window)
        told["names"] = sorted({one.detector for one in here.suspicions})
        told["same"] = canonical(survey(window, weigh=workers.weigh)) == canonical(here)

        import ray

        told["cpus"] = ray.cluster_resources()["CPU"]
        pid = ray.remote(lambda: (time.sleep(0.2), os.getpid())[1])
        told["workers"] = len(set(ray.get([pid.remote() for _ in range(8)])) - {os.getpid()})
        farm = Farm(ray, 2, 60.0)
        flag = folder / "kill"
        flag.touch()
        struck = (*DETECTORS, Struck(str(flag), os.getpid()))
        killer = killed_when_begun(flag)
        after = survey(window, struck, weigh=weigh_by(ray_tasks(farm), 2))
        killer.join()
        told["killed"] = canonical(after) == canonical(survey(window, struck))

        flag = folder / "hang"
        flag.touch()
        struck = (Struck(str(flag), os.getpid()), *DETECTORS[:4])
        begun = time.monotonic()
        after = survey(window, struck, weigh=weigh_by(ray_tasks(replace(farm, patience_s=4.0)), 2))
        told["hung_s"] = time.monotonic() - begun
        told["hung"] = canonical(after) == canonical(survey(window, struck))
        told["began"] = len(list(folder.glob("hang.*")))

        wanted = [Observable.address(f"203.0.113.{n}") for n in range(200)]
        wanted += [Observable.address(f"198.51.{n // 250}.{n % 250}") for n in range(25_250)]
        told["hunted"] = repr(ray_hunt(farm, part_rows_min=1)(window, wanted)) == repr(hunt(window, wanted))
        told["met"] = len(hunt(window, wanted))
        other = ray_hunt(farm, str(folder / "nowhere"), part_rows_min=1)
        told["hunted without files"] = repr(other(window, wanted)) == repr(hunt(window, wanted))
        window.interrupt()
        try:
            survey(window, weigh=workers.weigh)
        except QueryRefused as error:
            told["interrupted"] = str(error)
        workers.close()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
