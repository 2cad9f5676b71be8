"""Anything that lies on a disk -> batches: one file or a folder of them, read once and to the end.

For looking into what somebody has: nothing is followed, kept or deleted. Refuses to guess: what it does not know is
said to be unknown.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bavn.actor.formats.archive import unpack
from bavn.actor.formats.gzipped import head_of
from bavn.actor.formats.lines import line_column
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import Batch, SourceBroken
from bavn.actor.sense.dnstap.file import dnstap_batches
from bavn.actor.sense.documents.lines import EveLines, line_parser, parsed_documents
from bavn.actor.sense.documents.splitting import is_line
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.flows import argus
from bavn.actor.sense.handshakes.capture import read_capture
from bavn.actor.sense.logs.records import received
from bavn.actor.sense.parsed import NOTHING
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.reading import whole
from bavn.actor.sense.recognise import HEAD_BYTES, Recognised, recognise
from bavn.actor.sense.strangers import ADVICE
from bavn.actor.sense.suricata import eve_capture
from bavn.actor.sense.suricata.config import SuricataConfig
from bavn.actor.sense.suricata.run import ReadCapture, run_over
from bavn.actor.sense.unread import unreadable
from bavn.actor.sense.zeek.fields import FIELDS
from bavn.actor.sense.zeek.header import Header
from bavn.actor.sense.zeek.records import ZeekParser
from bavn.model.text import Text

FILES_MAX: Final = 100_000
BESIDE_LOGS: Final = frozenset({"stdout.log", "stderr.log"})
"""What Zeek's supervisor writes of Zeek itself into the folder of its logs: no records."""
UNREAD: Final[dict[str, Text]] = {
    "unknown": Text(
        "is neither a packet capture, nor EVE, nor a log of Zeek's or of another known program, nor are there documents"
        " of the network in it (docs/sources.md says what is read)"
    ),
    "argus binary": Text("is Argus' own form: write it as text with its head (ra -n -u -c , -r FILE)"),
    "packed": Text("is packed in a way that nothing here unpacks: unpack it first"),
    "damaged": Text("is a damaged archive, of which nothing can be read"),
    "headless zeek": Text(
        "is a Zeek log without its head (#fields): the columns cannot be known; keep the lines that begin with #"
    ),
    **ADVICE,
}
"""Why what a file is cannot be read, by its kind."""


EMPTY: Final = Text("the file is empty")
Member = Callable[[Path, str, Recognised], None]
"""Hears of each file in an archive, before what it holds: where it lies for now, its name there, what it is."""


def open_path(
    path: Path,
    *,
    sensor: str,
    work: Path,
    homes: Sequence[str],
    rule_files: Sequence[Path] = (),
    engine: Engine | None = None,
    zone: str = "UTC",
    suricata: ReadCapture | None = None,
    member: Member = lambda _, __, ___: None,
) -> Iterator[Batch]:
    """All batches of a file, or of every file under a folder in the order of their names (Zeek's certificates first).

    ``sensor`` is the rows' sensor; each batch's source is the file's path. ``work`` is made for Suricata and left
    empty; ``suricata``: one that runs already, with its own configuration. ``zone``: IANA name for log times that name
    none. A file in a folder that is nothing we know, or that cannot
    be read, is one refusal; a path that is itself such a file raises SourceBroken. Logs of Zeek's that hold no record
    give no batch.
    """
    opening = _Opening(
        engine or prepared(),
        sensor,
        work,
        SuricataConfig(homes=tuple(homes), rule_files=tuple(rule_files)),
        zone,
        suricata,
        member,
    )
    if not path.is_dir():
        kind = recognise(path)
        if kind.kind in UNREAD:
            raise SourceBroken(of_file(path, UNREAD[kind.kind]))
        yield from _contained(opening, path, kind)
        return
    yield from _of_folder(opening, path)


def _of_folder(
    opening: "_Opening", folder: Path, *, inside: bool = False, broken: AbstractSet[str] = frozenset()
) -> Iterator[Batch]:
    """``inside``: what was taken out of an archive; ``broken``: the names of those there of which no more than a part
    could be, which is said already."""
    for file, known, reason in _in_order(folder):
        unread = known is None or known.kind in UNREAD or (inside and known.kind == "archive")
        if unread and file.name in broken:
            continue
        if inside:
            opening.member(file, str(file.relative_to(folder)), known or Recognised("unknown"))
        if known is None or unread:
            empty = EMPTY if not file.stat().st_size else None
            why = reason or empty or UNREAD.get(known.kind if known else "unknown") or UNREAD["packed"]
            yield NOTHING.without(file.name, why).batch(str(file), "")
            continue
        try:
            yield from _contained(opening, file, known)
        except SourceBroken as error:
            yield NOTHING.without(file.name, Text.of_error(error)).batch(str(file), "")


def _contained(opening: "_Opening", path: Path, kind: Recognised) -> Iterator[Batch]:
    """What a file holds; where reading it fails in a way that nobody foresaw, what was read until then and a refusal of
    the rest."""
    try:
        yield from opening.file(path, kind)
    except (SourceBroken, OSError):
        raise
    except Exception as error:  # noqa: BLE001  a stranger's file, and whatever it raises
        yield NOTHING.without(path.name, unreadable(error, head_of(path, 1 << 20))).batch(str(path), "")


def _in_order(folder: Path) -> list[tuple[Path, Recognised | None, Text | None]]:
    """Files under a folder, what each is, or why that is not known."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.name not in BESIDE_LOGS
    )
    if len(files) > FILES_MAX:
        raise SourceBroken(of_file(folder, Text("holds more than {most} files: name a smaller folder", most=FILES_MAX)))
    listed: list[tuple[Path, Recognised | None, Text | None]] = []
    for file in files:
        try:
            listed.append((file, recognise(file), None))
        except (SourceBroken, OSError, ValueError) as error:
            listed.append((file, None, Text.of_error(error)))
    order = {log: number for number, log in enumerate(FIELDS)}
    return sorted(listed, key=lambda entry: (entry[0].parent, order.get(entry[1].log if entry[1] else "", 0), entry[0]))


@dataclass(frozen=True, slots=True)
class _Opening:
    engine: Engine
    sensor: str
    work: Path
    config: SuricataConfig
    zone: str
    suricata: ReadCapture | None = None
    member: Member = lambda _, __, ___: None

    def file(self, path: Path, kind: Recognised) -> Iterator[Batch]:
        match kind.kind:
            case "pcap" | "pcapng":
                yield from self._capture(path)
            case "eve":
                yield from self._eve(path)
            case "zeek":
                yield from self._zeek(path, kind.log)
            case "dnstap":
                yield from dnstap_batches(path, self.sensor)
            case "log":
                yield from self._log(path)
            case "argus":
                yield from self._argus(path)
            case "documents":
                yield from self._documents(path)
            case "archive":
                yield from self._archive(path)
            case _:
                return

    def _capture(self, path: Path) -> Iterator[Batch]:
        folder = self.work / "suricata"
        run = run_over(path, folder, self.config, by=self.suricata)
        try:
            eve_capture.gather(self.engine, self.sensor, run.eve)
            for chunk, parsed in eve_capture.parsed(self.engine, self.sensor, run.eve):
                yield parsed.batch(str(path), chunk.place.text())
            yield read_capture(path, self.sensor).batch(str(path), "key exchanges")
            if run.damage:
                yield NOTHING.without(path.name, run.damage).batch(str(path), "")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _eve(self, path: Path) -> Iterator[Batch]:
        parser = EveLines(self.engine, self.sensor)
        for chunk in whole(path):
            parsed = parser.parse(chunk.segment).without(path.name, chunk.lost)
            yield parsed.batch(str(path), chunk.place.text())

    def _log(self, path: Path) -> Iterator[Batch]:
        """Stamps without a year are of the year before the file was last written to."""
        parser = line_parser(self.engine, self.sensor, str(path), zone=self.zone)
        written_us = path.stat().st_mtime_ns // 1000
        for chunk in whole(path):
            parsed = parser.parse(received(line_column(chunk.segment), written_us))
            yield parsed.without(path.name, chunk.lost).batch(str(path), chunk.place.text())

    def _argus(self, path: Path) -> Iterator[Batch]:
        head: argus.Head | None = None
        written_us = path.stat().st_mtime_ns // 1000
        for chunk in whole(path):
            head = argus.head_of(chunk.segment.raw) or head
            if head is None:
                raise SourceBroken(of_file(path, Text("has lost its first line, which names Argus' columns")))
            parsed = argus.parsed(self.engine, self.sensor, head, self.zone, line_column(chunk.segment), written_us)
            yield parsed.without(path.name, chunk.lost).batch(str(path), chunk.place.text())

    def _documents(self, path: Path) -> Iterator[Batch]:
        if is_line(head_of(path, HEAD_BYTES)):
            yield from self._log(path)
            return
        written_us = path.stat().st_mtime_ns // 1000
        for parsed, mark in parsed_documents(self.engine, self.sensor, path, self.zone, written_us):
            yield parsed.batch(str(path), mark)

    def _archive(self, path: Path) -> Iterator[Batch]:
        """An archive in an archive is not looked into."""
        self.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="archive-", dir=self.work) as folder:
            left = unpack(path, Path(folder))
            for name, why in left:
                yield NOTHING.without(name, why).batch(str(path), "")
            broken = {name.rpartition("/")[2] for name, _ in left}
            for number, batch in enumerate(_of_folder(self, Path(folder), inside=True, broken=broken)):
                yield replace(batch, source=str(path), mark=f"{number} {batch.mark}")

    def _zeek(self, path: Path, log: str) -> Iterator[Batch]:
        parser, header = ZeekParser(self.engine, self.sensor), Header()
        for chunk in whole(path):
            parsed, header = parser.parse(chunk.segment, log, header)
            yield parsed.without(path.name, chunk.lost).batch(str(path), chunk.place.text())
