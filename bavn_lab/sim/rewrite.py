"""Real captures put into the sector: time moved so that each ends at one moment, inside addresses made an actor's own.

Nothing else changes and no packet is dropped. A capture that cannot be read is reported and skipped. Refuses to look
into payloads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.traffic.capture import CaptureFile, write
from bavn.traffic.dice import Ints
from bavn.traffic.packets import Frames
from bavn.traffic.sector import Actor
from bavn_lab.sim.readdress import AddressBook, readdressed
from bavn_lab.sim.reading import CaptureBroken, CutShort, frames, looks_like_capture

SPLICE_DAYS_MIN: Final = 2
"""A longer silence is two captures laid end to end, or a clock that began in 1970."""

BACKWARDS_S_MAX: Final = 5
"""Packets may be this much out of order; a longer step back is a splice too."""

SPLICE_GAP_US: Final = 60 * SECOND_US
FILES_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class CaptureReport:
    """What there is to say of one capture: ``kept`` packets, and why it is not whole (or "")."""

    file: str
    kept: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """One actor's captures as a chronological row of files, and a line for each capture that was given."""

    written: tuple[CaptureFile, ...]
    said: tuple[CaptureReport, ...]
    inside_addresses: int


def assign(folder: Path, actors: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """Which actor gets which captures. If every capture lies below a folder named after an actor, that actor's; else
    the sorted list is dealt round, so that neighbours (members of one family) land at different actors. Files that are
    no captures are left out. ValueError without actors or with more than FILES_MAX files."""
    if not actors:
        raise ValueError("captures need at least one actor")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if len(files) > FILES_MAX:
        raise ValueError(f"more than {FILES_MAX} files under {folder}")
    captures = [path for path in files if looks_like_capture(path)]
    tops = [path.relative_to(folder).parts[0] for path in captures]
    dealt: dict[str, list[Path]] = {name: [] for name in actors}
    laid_out = bool(captures) and all(
        top in dealt and folder / top != path for top, path in zip(tops, captures, strict=True)
    )
    for number, (top, path) in enumerate(zip(tops, captures, strict=True)):
        dealt[top if laid_out else actors[number % len(actors)]].append(path)
    return {name: tuple(paths) for name, paths in dealt.items()}


def rewrite(
    captures: Sequence[Path], actor: Actor, end_us: int, out_dir: Path, *, stretch_hours: int = 24
) -> Rewritten:
    """Write ``<actor>/<number>.pcap`` under ``out_dir``: all captures merged in time order. Raises NoRoom, and OSError
    where the folder cannot be written. Memory: one capture's frames, 24 bytes a packet of all."""
    book = AddressBook(actor.base, actor.v6_prefix)
    reports, moments, sizes = [], [], []
    with TemporaryDirectory(prefix="bavn-rewrite-") as scratch:
        spool = Path(scratch) / "frames"
        with spool.open("wb") as file:
            for path in captures:
                times, bodies, reason = _read(path)
                reports.append(CaptureReport(str(path), len(bodies), reason))
                shifted = moved(times, end_us)
                for moment, body in zip(shifted.tolist(), bodies, strict=True):
                    new = readdressed(body, book, str(path))
                    length = len(new).to_bytes(4, "little")
                    seconds, rest = divmod(moment, SECOND_US)
                    file.write(seconds.to_bytes(4, "little") + rest.to_bytes(4, "little") + length * 2 + new)
                moments.append(shifted)
                sizes.append(np.array([16 + len(body) for body in bodies], dtype=np.int64))
        written = tuple(_sorted_files(spool, moments, sizes, actor.name, out_dir, stretch_hours))
    return Rewritten(written, tuple(reports), len(book))


def _read(path: Path) -> tuple[Ints, list[bytes], str]:
    times: list[int] = []
    bodies: list[bytes] = []
    reason = ""
    try:
        for moment, body in frames(path):
            times.append(moment)
            bodies.append(body)
    except CutShort as error:
        reason = f"cut short: {error}"
    except CaptureBroken as error:
        reason = f"skipped: {error}" if not bodies else f"cut short: {error}"
    return np.array(times, dtype=np.int64), bodies, reason


def moved(times: Ints, end_us: int) -> Ints:
    """The moments moved so that the last is ``end_us``; silences of SPLICE_DAYS_MIN and steps back of more than
    BACKWARDS_S_MAX become a minute. None before 1970."""
    if not len(times):
        return times
    steps = np.diff(times, prepend=times[0])
    splice = (steps > SPLICE_DAYS_MIN * DAY_US) | (steps < -BACKWARDS_S_MAX * SECOND_US)
    steps[splice] = SPLICE_GAP_US
    since = np.cumsum(steps)
    made: Ints = np.maximum(since - since.max() + end_us, 0)
    return made


def _sorted_files(
    spool: Path, moments: list[Ints], sizes: list[Ints], name: str, out_dir: Path, stretch_hours: int
) -> Iterator[CaptureFile]:
    if not sum(len(part) for part in moments):
        return
    ts_us, size = np.concatenate(moments), np.concatenate(sizes)
    at = np.cumsum(size) - size
    data = np.memmap(spool, dtype=np.uint8, mode="r")
    order = np.argsort(ts_us, kind="stable")
    stretch = ts_us[order] // (stretch_hours * HOUR_US)
    edges = [*np.flatnonzero(np.diff(stretch, prepend=stretch[0] - 1)).tolist(), len(order)]
    for number, (first, last) in enumerate(pairwise(edges)):
        part = order[first:last]
        called = f"{name}/{number:04d}.pcap"
        yield write(out_dir / called, called, Frames(ts_us[part], at[part], size[part], data))
