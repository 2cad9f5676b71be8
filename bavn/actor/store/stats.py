"""How the store is, in numbers, for node health and the command line. Refuses to judge them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bavn.actor.store.manifest import Manifest
from bavn.model.record import TABLES


@dataclass(frozen=True, slots=True)
class Mended:
    """What a start put aside and kept: manifests that were made again, and segment files that cannot be read."""

    manifests: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStats:
    """Rows and bytes by table (roll-ups have bytes too), over the whole history.

    ``hours``: hours with rows. ``oldest_us``/``newest_us``: the smallest and largest ts, None while empty.
    ``refused``: rows by reason since the store was made. ``forgotten_rows``/``_bytes``: by retention.
    ``waiting_bytes``: out of use, deleted when no reader holds them. ``damaged``: the names of files taken out,
    ``damaged_rows``: how many rows were in them. ``network_us``: oldest and newest of what was seen on the network: a
    sensor's statistics of itself bear the moment at which it read, which for a capture may be years later.
    """

    rows: Mapping[str, int]
    bytes: Mapping[str, int]
    segments: int
    micro_segments: int
    hours: int
    oldest_us: int | None
    newest_us: int | None
    known_from_us: int | None
    refused: Mapping[str, int]
    forgotten_rows: int
    forgotten_bytes: int
    waiting_bytes: int
    damaged: tuple[str, ...]
    damaged_rows: int = 0
    network_us: tuple[int, int] | None = None

    @property
    def rows_total(self) -> int:
        return sum(self.rows.values())

    @property
    def bytes_total(self) -> int:
        return sum(self.bytes.values())


def stats_of(manifest: Manifest) -> StoreStats:
    """Read from the manifest alone."""
    segments = manifest.segments()
    rows: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for segment in segments:
        size[segment.table] += segment.bytes
        if segment.table in TABLES:
            rows[segment.table] += segment.rows
    raw = [segment for segment in segments if segment.table in TABLES]
    seen = [segment for segment in raw if segment.table != "stats"]
    refused: Counter[str] = Counter()
    for _, _, reason, count in manifest.counts("refused"):
        refused[str(reason)] += int(str(count))
    forgotten, damaged = manifest.counts("forgotten"), manifest.counts("damaged")
    return StoreStats(
        rows=dict(sorted(rows.items())),
        bytes=dict(sorted(size.items())),
        segments=len(segments),
        micro_segments=sum(segment.hour is None for segment in segments),
        hours=len({hour for segment in raw for hour in segment.held}),
        oldest_us=min((s.first_us for s in raw), default=None),
        newest_us=max((s.last_us for s in raw), default=None),
        known_from_us=manifest.known_from_us,
        refused=dict(sorted(refused.items())),
        forgotten_rows=sum(int(str(row[1])) for row in forgotten),
        forgotten_bytes=sum(int(str(row[2])) for row in forgotten),
        waiting_bytes=sum(size for _, _, size in manifest.dropped()),
        damaged=tuple(str(row[1]) for row in damaged),
        damaged_rows=sum(int(str(row[3])) for row in damaged),
        network_us=(min(s.first_us for s in seen), max(s.last_us for s in seen)) if seen else None,
    )
