"""Looking for damaged segments, and taking them out of the history so that the rest stays usable.

A raw segment takes its roll-up with it, so that roll-ups never say more than the rows; a damaged roll-up is simply made
again. Refuses to repair a file: what was in it is read again only if the source still has it.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from bavn.actor.store.faults import StoreDamaged
from bavn.actor.store.manifest import Change, Damaged, Manifest
from bavn.actor.store.segments.disk import Disk
from bavn.actor.store.segments.segment import Segment, crc32_of
from bavn.model.moment import iso


def damaged_among(segments: Iterable[Segment], files: Path, *, deep: bool) -> list[Damaged]:
    """The segments whose file is missing or of another size; ``deep``: or of another checksum (reads all of it)."""
    damaged = []
    for segment in segments:
        why = _why(segment, files / segment.name, deep=deep)
        if why is not None:
            damaged.append(Damaged(segment=segment, why=why))
    return damaged


def _why(segment: Segment, file: Path, *, deep: bool) -> str | None:
    try:
        size = file.stat().st_size
        if size != segment.bytes:
            return f"has {size} bytes instead of {segment.bytes}"
        if deep and crc32_of(file) != segment.crc32:
            return "does not match its checksum"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None


def quarantine(all_damaged: Sequence[Damaged], manifest: Manifest, files: Path, aside: Path, disk: Disk) -> None:
    """Take damaged segments out of the history for good and move their files to ``aside``."""
    numbers = {damaged.segment.id for damaged in all_damaged}
    with_them = [s for s in manifest.segments("of IS NOT NULL") if s.of in numbers and s.id not in numbers]
    manifest.commit(Change(damaged=all_damaged, drop=with_them))
    for damaged in all_damaged:
        disk.move(files / damaged.segment.name, aside / damaged.segment.name.replace("/", "-"))


def words(damaged: Sequence[Damaged], *, taken_out: bool) -> StoreDamaged:
    """What to tell the operator."""
    named = "; ".join(
        f"{d.segment.name} {d.why} ({d.segment.rows} rows of {d.segment.table}, "
        f"{iso(d.segment.first_us)} to {iso(d.segment.last_us)})"
        for d in damaged[:10]
    )
    more = f" and {len(damaged) - 10} more" if len(damaged) > 10 else ""
    after = (
        "They lie in damaged/ now and the rest of the history goes on: ask again. Check the disk"
        if taken_out
        else "The node takes them out of the history at its next start or check; the rest stays usable. Check the disk"
    )
    return StoreDamaged(f"damaged in the store: {named}{more}. {after} (docs/store.md, When something is damaged).")
