"""What an analyst asks without a sector: here are captures and logs; what is suspicious in them, and why?

Each capture, EVE file or folder of Zeek logs is looked at by itself, in a store of its own that is gone afterwards.
Nothing is configured, kept or sent.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bavn.actor.detect.homes import inferred
from bavn.actor.detect.indicators import NO_INDICATORS, IndicatorSet
from bavn.actor.detect.rank import Ranked, ranked
from bavn.actor.detect.run import survey
from bavn.actor.sense.base import RefusedLine, SourceBroken
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.recognise import recognise
from bavn.actor.sense.suricata_config import HOMES_DEFAULT
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.model.text import Text

SENSOR = "analyse"
FILES_MAX = 100_000
LIMITS = StoreLimits(age_days_max=None, threads=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """One source's suspicions in reading order. ``homes_said``: how the own networks were chosen, if they were."""

    source: str
    suspicions: tuple[Ranked, ...]
    rows: int
    refused: int
    refusals: tuple[RefusedLine, ...]
    hosts: int
    homes_said: Text | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A path that gave nothing, and what to do about it."""

    source: str
    reason: str


def units(paths: Sequence[Path]) -> Iterator[tuple[Path, ...] | Unread]:
    """What is looked at together: each capture and each EVE file by itself, the Zeek logs of a folder as one."""
    for path in paths:
        if not path.is_dir():
            yield (path,)
            continue
        files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        if not files or len(files) > FILES_MAX:
            yield Unread(str(path), "the folder is empty" if not files else f"more than {FILES_MAX} files")
            continue
        logs: dict[Path, list[Path]] = {}
        for file in files:
            try:
                kind = recognise(file).kind
            except SourceBroken as error:
                yield Unread(str(file), str(error))
                continue
            if kind == "zeek":
                logs.setdefault(file.parent, []).append(file)
            elif kind != "other zeek":
                yield (file,)
        for folder in sorted(logs):
            yield tuple(logs[folder])


def analyse(
    files: tuple[Path, ...],
    *,
    homes: Sequence[str] = (),
    indicators: IndicatorSet = NO_INDICATORS,
    progress: Callable[[int], None] = lambda _: None,
) -> Findings | Unread:
    """Reads the files into one store, runs every detector over all of it. ``progress`` hears the rows so far."""
    source = str(files[0] if len(files) == 1 else files[0].parent)
    rows = refused = 0
    refusals: list[RefusedLine] = []
    broken = ""
    with tempfile.TemporaryDirectory(prefix="bavn-analyse-") as scratch:
        root = Path(scratch) / "store"
        engine, work, sniffing = prepared(), Path(scratch) / "work", tuple(homes) or HOMES_DEFAULT
        with ColumnStore.open(root, LIMITS) as store:
            for file in files:
                try:
                    for batch in open_path(file, sensor=SENSOR, work=work, homes=sniffing, engine=engine):
                        rows += store.append(batch.source, batch.mark, batch.tables)
                        refused += batch.refused
                        refusals = [*refusals, *batch.refusals][:100]
                        progress(rows)
                except SourceBroken as error:
                    broken = str(error)
            store.tidy()
            span = store.stats()
        if span.oldest_us is None or span.newest_us is None:
            return Unread(source, broken or _why_empty(refusals))
        first, last = span.oldest_us, span.newest_us + 1
        said = None
        if not homes:
            with History.read(root, LIMITS) as history:
                found = inferred(history.window(first, last))
            homes, said = found.networks, found.said
        with History.read(root, LIMITS, homes=homes) as history:
            seen = survey(history.window(first, last), indicators=indicators)
    if broken:
        refusals, refused = [RefusedLine(source, 0, broken[:200]), *refusals], refused + 1
    return Findings(
        source=source, suspicions=tuple(ranked(list(seen.suspicions), seen.hosts)), rows=rows, refused=refused,
        refusals=tuple(refusals), hosts=seen.hosts, homes_said=said,
    )  # fmt: skip


def _why_empty(refusals: Sequence[RefusedLine]) -> str:
    return refusals[0].reason if refusals else "it holds no record that Bavn knows"
