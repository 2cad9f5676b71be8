"""Anything that lies on a disk -> batches: one file or a folder of them, read once and to the end.

For looking into what somebody has: nothing is followed, kept or deleted. Refuses to guess: what it does not know is
said to be unknown.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.actor.sense import eve_capture
from bavn.actor.sense.base import Batch, SourceBroken
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.eve import EveParser
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.reader import NOTHING
from bavn.actor.sense.reading import whole
from bavn.actor.sense.recognise import Recognised, recognise
from bavn.actor.sense.suricata_config import SuricataConfig
from bavn.actor.sense.suricata_run import run_over
from bavn.actor.sense.zeek import ZeekParser
from bavn.actor.sense.zeek_fields import FIELDS
from bavn.actor.sense.zeek_header import Header

FILES_MAX: Final = 100_000
BESIDE_LOGS: Final = frozenset({"stdout.log", "stderr.log"})
"""What Zeek's supervisor writes of Zeek itself into the folder of its logs: no records."""
_UNKNOWN: Final = "neither a packet capture, nor EVE, nor a log of Zeek's"


def open_path(
    path: Path,
    *,
    sensor: str,
    work: Path,
    homes: Sequence[str],
    rule_files: Sequence[Path] = (),
    engine: Engine | None = None,
) -> Iterator[Batch]:
    """All batches of a file, or of every file under a folder in the order of their names (Zeek's certificates first).

    ``sensor`` is the rows' sensor; each batch's source is the file's path. ``work`` is made for Suricata and left
    empty. A file in a folder that is nothing we know, or that cannot be read, is one refusal; a path that is itself
    such a file raises SourceBroken. Logs of Zeek's that hold no record give no batch.
    """
    opening = _Opening(
        engine or prepared(), sensor, work, SuricataConfig(homes=tuple(homes), rule_files=tuple(rule_files))
    )
    if not path.is_dir():
        found = recognise(path)
        if found.kind == "unknown":
            raise SourceBroken(f"{path} is {_UNKNOWN}")
        yield from opening.file(path, found)
        return
    for file, known, reason in _in_order(path):
        if known is None or known.kind == "unknown":
            yield NOTHING.without(file.name, reason or _UNKNOWN).batch(str(file), "")
            continue
        try:
            yield from opening.file(file, known)
        except SourceBroken as error:
            yield NOTHING.without(file.name, str(error)).batch(str(file), "")


def _in_order(folder: Path) -> list[tuple[Path, Recognised | None, str]]:
    """Files under a folder, what each is, or why that is not known."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.name not in BESIDE_LOGS
    )
    if len(files) > FILES_MAX:
        raise SourceBroken(f"{folder} holds more than {FILES_MAX} files: name a smaller folder")
    listed: list[tuple[Path, Recognised | None, str]] = []
    for file in files:
        try:
            listed.append((file, recognise(file), ""))
        except SourceBroken as error:
            listed.append((file, None, str(error)))
    order = {log: number for number, log in enumerate(FIELDS)}
    return sorted(listed, key=lambda entry: (entry[0].parent, order.get(entry[1].log if entry[1] else "", 0), entry[0]))


@dataclass(frozen=True, slots=True)
class _Opening:
    engine: Engine
    sensor: str
    work: Path
    config: SuricataConfig

    def file(self, path: Path, found: Recognised) -> Iterator[Batch]:
        match found.kind:
            case "pcap" | "pcapng":
                yield from self._capture(path)
            case "eve":
                yield from self._eve(path)
            case "zeek":
                yield from self._zeek(path, found.log)
            case _:
                return

    def _capture(self, path: Path) -> Iterator[Batch]:
        folder = self.work / "suricata"
        run = run_over(path, folder, self.config)
        try:
            eve_capture.gather(self.engine, self.sensor, run.eve)
            for chunk, parsed in eve_capture.parsed(self.engine, self.sensor, run.eve):
                yield parsed.batch(str(path), chunk.place.text())
            if run.damage:
                yield NOTHING.without(path.name, run.damage).batch(str(path), "")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _eve(self, path: Path) -> Iterator[Batch]:
        parser = EveParser(self.engine, self.sensor)
        for chunk in whole(path):
            parsed = parser.parse(chunk.segment).without(path.name, chunk.lost)
            yield parsed.batch(str(path), chunk.place.text())

    def _zeek(self, path: Path, log: str) -> Iterator[Batch]:
        parser, header = ZeekParser(self.engine, self.sensor), Header()
        for chunk in whole(path):
            parsed, header = parser.parse(chunk.segment, log, header)
            yield parsed.without(path.name, chunk.lost).batch(str(path), chunk.place.text())
