"""The labelled captures of both folders in three disjoint sets: fit, choose and test, each by the hash of a name.

A family (a site, for what is benign) is in one set with all its captures. Families that the first folder holds keep
its halves: what was its test half is test. A capture's window is kept outside the repository (BAVN_BENCH_CACHE), so
that to ask the detectors again costs their own time only. Knows no detector.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
from labelled import BENIGN, LIMITS, Labelled, cache, code_digest, converted, labelled, read
from ruled import Rules

from bavn.actor.detect.queries.homes import inferred
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History
from bavn.actor.store.query.window import StoreWindow
from bavn.model.moment import DAY_US
from bavn_lab.sectorbench.manifest import set_of, site_of

FOLDERS = ("captures", "captures2")
INNOCENT = frozenset({*BENIGN, "hard-benign"})
GUILTY = frozenset({"malicious", "technique"})
BACK_US = 28 * DAY_US
"""How far each look of an archive that is played forward reaches back."""


def everything(data: Path) -> list[tuple[Labelled, str]]:
    """All captures of both folders that sense reads, with their set; ``background`` is in none and judged nowhere."""
    folders = [labelled(data / name) for name in FOLDERS if (data / name / "MANIFEST.csv").is_file()]
    halved = {one.family for one in folders[0] if one.kind in GUILTY}
    made = []
    for some in folders:
        for one in some:
            if one.kind in GUILTY:
                made.append((one, set_of(one.family, halved=one.family in halved)))
            elif one.kind in INNOCENT:
                made.append((one, set_of("site" + site(one), halved=False)))
            elif one.kind == "background":
                made.append((one, "background"))
    return made


def site(one: Labelled) -> str:
    """Whose traffic a benign capture is."""
    return site_of(one.label, one.family, one.path)


def is_office_log(one: Labelled) -> bool:
    """Logs of a site, not packets."""
    return one.kind in INNOCENT and not one.name.startswith("pcap/")


@contextmanager
def kept_window(one: Labelled, rules: Rules | None = None) -> Iterator[StoreWindow | None]:
    """The capture as a window of a store that is kept for the next run; None without records. ``rules``: read by a
    Suricata with these, where it is packets."""
    with _kept(one, rules) as (history, span):
        if history is None:
            yield None
            return
        with history.window(*span) as made:
            yield made


@contextmanager
def kept_looks(one: Labelled, rules: Rules | None = None) -> Iterator[list[StoreWindow]]:
    """A window for each day of the capture that has records, from 28 days before to the day's end, as ``bavn analyse``
    plays an archive forward (but that a flow is known at its beginning); none without records."""
    with _kept(one, rules) as (history, span), ExitStack() as stack:
        if history is None:
            yield []
            return
        first, last = span
        with history.window(first, last) as whole:
            days = sorted({int((row[0] - first) // DAY_US) for row in whole.rows(_MOMENTS) if row[0] >= first})
        ends = [min(first + (day + 1) * DAY_US, last) for day in days] or [last]
        yield [stack.enter_context(history.window(max(first, end - BACK_US), end)) for end in ends]


_MOMENTS = """SELECT DISTINCT epoch_us(last_ts) FROM pair_hour
    UNION SELECT DISTINCT epoch_us(last_ts) FROM name_hour"""


@contextmanager
def _kept(one: Labelled, rules: Rules | None) -> Iterator[tuple[History | None, tuple[int, int]]]:
    """The store of a capture, and its first moment and the one behind its last."""
    ruled = rules if one.name.startswith("pcap/") else None
    key = one.digest + code_digest() + (ruled.digest if ruled else "")
    root = cache() / ("store-" + hashlib.sha256(key.encode()).hexdigest()[:24])
    about = root / "about.json"
    if not about.is_file():
        shutil.rmtree(root, ignore_errors=True)
        _build(one.name, read(one, ruled.suricata) if ruled else converted(one), root)
    first, last, homes = json.loads(about.read_text(encoding="utf-8"))
    if first is None:
        yield None, (0, 0)
        return
    with History.read(root / "store", LIMITS, homes=tuple(homes)) as history:
        yield history, (first, last)


def _build(name: str, tables: dict[str, pa.Table], root: Path) -> None:
    root.mkdir(parents=True)
    with ColumnStore.open(root / "store", LIMITS) as store:
        store.append(name, "all", tables)
        store.tidy()
        stats = store.stats()
    homes: tuple[str, ...] = ()
    first, last = stats.oldest_us, stats.newest_us
    if first is not None and last is not None:
        last += 1
        with History.read(root / "store", LIMITS) as plain:
            homes = inferred(plain.window(first, last)).networks
    (root / "about.json").write_text(json.dumps([first, last, homes]), encoding="utf-8")
