"""The labelled captures (BAVN_DATA) as windows to ask: each converted once by the real sense and store.

What a capture became is kept outside the repository (BAVN_BENCH_CACHE, else a folder of the system's temporary files)
under the hash of the capture and of the code that read it. Families are split into two halves by the hash of their
name, so that what was tuned on one may be measured on the other. Run by itself it does nothing.
"""

import csv
import hashlib
import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from bavn.actor.detect.homes import inferred
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata_config import HOMES_DEFAULT
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.window import StoreWindow

ROOT = Path(__file__).resolve().parents[2]
LIMITS = StoreLimits(age_days_max=None)
BENIGN = frozenset({"benign", "benign-probable"})
FORMATS = (".pcap", ".pcapng", ".cap", ".gz", ".json")


@dataclass(frozen=True)
class Labelled:
    """One capture, or one folder of Zeek logs."""

    name: str
    path: Path
    kind: str
    label: str
    technique: str
    digest: str

    @property
    def family(self) -> str:
        return self.label.split(":")[0].split("(")[0].strip()

    @property
    def tuning(self) -> bool:
        """Half of the families, by the hash of the name."""
        return hashlib.sha256(self.family.encode()).digest()[0] % 2 == 0


def data_folder() -> Path | None:
    named = os.environ.get("BAVN_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder / "captures" if (folder / "captures" / "MANIFEST.csv").is_file() else None


def labelled(folder: Path) -> list[Labelled]:
    """All captures and Zeek folders of the manifest that sense can read, in its order."""
    made: dict[str, Labelled] = {}
    with (folder / "MANIFEST.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            file = row["file"]
            if file.split("/")[0] not in ("pcap", "zeek", "eve") or "portscans" in file:
                continue
            name = "/".join(file.split("/")[:2]) if file.startswith("zeek/") else file
            earlier = made.get(name)
            digest = hashlib.sha256(((earlier.digest if earlier else "") + row["sha256"]).encode()).hexdigest()
            made[name] = Labelled(name, folder / name, row["kind"], row["label"], row["technique"], digest)
    return list(made.values())


def _code_digest() -> str:
    files = sorted((ROOT / "bavn" / "actor" / "sense").glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _cache() -> Path:
    named = os.environ.get("BAVN_BENCH_CACHE")
    folder = Path(named) if named else Path(tempfile.gettempdir()) / "bavn-bench-cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def converted(one: Labelled) -> dict[str, pa.Table]:
    """The records of a capture, by table."""
    kept = _cache() / hashlib.sha256((one.digest + _code_digest()).encode()).hexdigest()
    if kept.is_file():
        return pickle.loads(kept.read_bytes())
    parts: dict[str, list[pa.Table]] = {}
    with tempfile.TemporaryDirectory() as work:
        try:
            for batch in open_path(one.path, sensor="bench", work=Path(work), homes=HOMES_DEFAULT, engine=prepared()):
                for table, rows in batch.tables.items():
                    parts.setdefault(table, []).append(rows)
        except SourceBroken as error:
            print(f"   {one.name}: {error}")
    made = {table: pa.concat_tables(rows) for table, rows in parts.items()}
    kept.write_bytes(pickle.dumps(made))
    return made


@contextmanager
def window(one: Labelled) -> Iterator[StoreWindow | None]:
    """The capture as a window of a store of its own, homes inferred; None if it holds no records."""
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as scratch:
        root = Path(scratch) / "store"
        with ColumnStore.open(root, LIMITS) as store:
            store.append(one.name, "all", converted(one))
            store.tidy()
            stats = store.stats()
        if stats.oldest_us is None or stats.newest_us is None:
            yield None
            return
        first, last = stats.oldest_us, stats.newest_us + 1
        with History.read(root, LIMITS) as plain:
            homes = inferred(plain.window(first, last)).networks
        with History.read(root, LIMITS, homes=homes) as history, history.window(first, last) as made:
            yield made
