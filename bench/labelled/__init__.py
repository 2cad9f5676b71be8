"""The labelled captures (BAVN_DATA) as windows to ask: each converted once by the real sense and store.

What a capture became is kept outside the repository (BAVN_BENCH_CACHE, else a folder of the system's temporary files)
under the hash of the capture and of the code that read it. Families are split into two halves by the hash of their
name, so that what was tuned on one may be measured on the other. Run by itself it does nothing.
"""

import csv
import hashlib
import os
import pickle
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from bavn.actor.detect.queries.homes import inferred
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.config import HOMES_DEFAULT
from bavn.actor.sense.suricata.run import ReadCapture
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query.window import StoreWindow
from bavn_lab.data import NONE, NoData, real_data
from bavn_lab.sectorbench.manifest import peers_of

ROOT = Path(__file__).resolve().parents[2]
LIMITS = StoreLimits(age_days_max=None)
BENIGN = frozenset({"benign", "benign-probable"})
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


@dataclass(frozen=True)
class Labelled:
    """One capture, or one folder of Zeek logs. ``hosts``: the machines it is about; ``peers``: addresses and registered
    domains that its label names, a hint made by machine; either may be empty."""

    name: str
    path: Path
    kind: str
    label: str
    technique: str
    digest: str
    hosts: frozenset[str] = frozenset()
    peers: frozenset[str] = frozenset()

    @property
    def family(self) -> str:
        return self.label.split(":")[0].split("(")[0].strip()

    @property
    def tuning(self) -> bool:
        """Half of the families, by the hash of the name."""
        return hashlib.sha256(self.family.encode()).digest()[0] % 2 == 0


def data_folder() -> Path | None:
    """The folder of the real captures, said aloud; None where there is none. A wrong BAVN_DATA ends the bench."""
    try:
        data = real_data()
    except NoData as error:
        sys.exit(str(error))
    if data is not None:
        print(data.in_words, file=sys.stderr)
    return None if data is None else data.captures


def data_needed() -> Path:
    """The same; ends the bench where there is none."""
    return data_folder() or sys.exit(NONE)


def labelled(folder: Path) -> list[Labelled]:
    """All captures and Zeek folders of the manifest that sense can read, in its order."""
    made: dict[str, Labelled] = {}
    with (folder / "MANIFEST.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            file = row["file"]
            if file.split("/")[0] not in ("pcap", "zeek", "eve"):
                continue
            alone = not file.startswith("zeek/") or "portscans" in file
            name = file if alone else "/".join(file.split("/")[:2])
            earlier = made.get(name)
            digest = hashlib.sha256(((earlier.digest if earlier else "") + row["sha256"]).encode()).hexdigest()
            about = row["infected_hosts"], row["c2_or_attacker"]
            made[name] = Labelled(
                name,
                folder / name,
                row["kind"],
                row["label"],
                row["technique"],
                digest,
                frozenset(_ADDRESS.findall(about[0])),
                peers_of(about[1]),
            )
    return list(made.values())


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Of the code that reads captures."""
    wing = ROOT / "bavn" / "actor"
    files = sorted((*(wing / "sense").rglob("*.py"), *(wing / "formats").rglob("*.py")))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def cache() -> Path:
    """Where what was made of captures is kept, outside the repository."""
    named = os.environ.get("BAVN_BENCH_CACHE")
    folder = Path(named) if named else Path(tempfile.gettempdir()) / "bavn-bench-cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def converted(one: Labelled) -> dict[str, pa.Table]:
    """The records of a capture, by table."""
    kept = cache() / hashlib.sha256((one.digest + code_digest()).encode()).hexdigest()
    if kept.is_file():
        return pickle.loads(kept.read_bytes())
    made = read(one)
    kept.write_bytes(pickle.dumps(made))
    return made


def read(one: Labelled, suricata: ReadCapture | None = None) -> dict[str, pa.Table]:
    """The same, not kept. ``suricata``: one that runs already, with rules."""
    parts: dict[str, list[pa.Table]] = {}
    with tempfile.TemporaryDirectory() as work:
        opened = open_path(
            one.path, sensor="bench", work=Path(work), homes=HOMES_DEFAULT, engine=prepared(), suricata=suricata
        )
        try:
            for batch in opened:
                for table, rows in batch.tables.items():
                    parts.setdefault(table, []).append(rows)
        except SourceBroken as error:
            print(f"   {one.name}: {error}")
    return {table: pa.concat_tables(rows) for table, rows in parts.items()}


def known_us(tables: dict[str, pa.Table]) -> list[int]:
    """When each record was there to be seen, ascending: a flow at its last packet, anything else at once."""
    moments = [_known_at(name, rows).cast(pa.int64()).to_pylist() for name, rows in tables.items()]
    return sorted(us for some in moments for us in some)


def _known_at(name: str, rows: pa.Table) -> pa.ChunkedArray:
    at = rows["ts"].cast(pa.timestamp("us"))
    return pc.coalesce(rows["ts_end"].cast(pa.timestamp("us")), at) if name == "flow" else at


def until(tables: dict[str, pa.Table], last_us: int) -> dict[str, pa.Table]:
    """What could be seen by then."""
    last = pa.scalar(last_us, pa.timestamp("us"))
    return {name: rows.filter(pc.less_equal(_known_at(name, rows), last)) for name, rows in tables.items()}


@contextmanager
def window_of(
    tables: dict[str, pa.Table], homes: tuple[str, ...] | None = None, source: str = "bench"
) -> Iterator[StoreWindow | None]:
    """Rows as a window of a store of their own, homes inferred unless given; None if there are none."""
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as scratch:
        root = Path(scratch) / "store"
        with ColumnStore.open(root, LIMITS) as store:
            store.append(source, "all", tables)
            store.tidy()
            stats = store.stats()
        if stats.network_us is None:
            yield None
            return
        first, last = stats.network_us[0], stats.network_us[1] + 1
        if homes is None:
            with History.read(root, LIMITS) as plain:
                homes = inferred(plain.window(first, last)).networks
        with History.read(root, LIMITS, homes=homes) as history, history.window(first, last) as made:
            yield made


@contextmanager
def window(one: Labelled, tables: dict[str, pa.Table] | None = None) -> Iterator[StoreWindow | None]:
    """The capture, or these records of it, as a window of a store of its own, homes inferred; None without records."""
    with window_of(converted(one) if tables is None else tables, source=one.name) as made:
        yield made
