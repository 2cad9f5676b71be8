"""Lines of logs as they come, of programs that Bavn knows or documents (JSON) that hold EVE, Zeek or such a line."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from bavn.actor.formats.lines import LineColumn, Segment, line_column
from bavn.actor.formats.refused import REFUSALS_KEPT_MAX
from bavn.actor.sense.documents.records import DocumentParser, documents, holds_record
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.logs.records import AUTO, LogParser, Texts
from bavn.actor.sense.parsed import Parsed, joined
from bavn.actor.sense.reader import read
from bavn.actor.sense.suricata.eve import grammar


def line_parser(
    engine: Engine, sensor: str, source: str, *, form: str = AUTO, zone: str = "UTC", live: bool = False
) -> LogParser:
    """Tells each line apart by what is in it. What it is given: see LogParser."""
    bare = DocumentParser(engine, sensor, zone=zone)
    inner = LogParser(engine, sensor, source, zone=zone, live=live, strangers_pass=True, documents=bare.parse_texts)
    documents = DocumentParser(engine, sensor, logs=inner, zone=zone)
    return LogParser(engine, sensor, source, form=form, zone=zone, live=live, documents=documents.parse_texts)


def parsed_documents(
    engine: Engine, sensor: str, path: Path, zone: str, written_us: int
) -> Iterator[tuple[Parsed, str]]:
    """What a file of documents holds that are no lines, and the place behind each part."""
    logs = LogParser(engine, sensor, str(path), zone=zone, strangers_pass=True)
    parser = DocumentParser(engine, sensor, logs, written_us, zone)
    for numbered in documents(path):
        yield parser.parse(path.name, numbered), str(numbered[-1][0])


@dataclass(frozen=True, slots=True)
class EveLines:
    """Reads lines of EVE of one sensor with a prepared engine, and documents among them that hold such lines. What is
    neither is refused as EVE's reader has it."""

    engine: Engine
    sensor: str

    def parse(self, segment: Segment) -> Parsed:
        """Every line's outcome. Pure apart from the engine's scratch tables."""
        column = line_column(segment)
        if _is_eve(segment.raw, column.count):
            return read(self.engine, grammar(self.sensor), column)
        eve, texts = _parted(column)
        native = read(self.engine, grammar(self.sensor), eve)
        if not texts:
            return native
        parsed = joined([native, DocumentParser(self.engine, self.sensor).parse_texts(segment.file, texts, 0)])
        return replace(parsed, refusals=tuple(sorted(parsed.refusals)[:REFUSALS_KEPT_MAX]))


def _is_eve(raw: bytes, count: int) -> bool:
    """Whether every line looks as Suricata writes it; cheap."""
    return raw.count(b'"event_type"') >= count <= raw.count(b'"timestamp"') and not any(
        sign in raw for sign in (b'"_source"', b'"suricata"')
    )


def _parted(column: LineColumn) -> tuple[LineColumn, Texts]:
    """EVE's own lines, and documents that hold such lines or others'."""
    lines = column.table["line"]
    own = pc.and_(pc.match_substring(lines, '"event_type"'), pc.match_substring(lines, '"timestamp"'))
    wrapped = pc.or_(pc.match_substring(lines, '"_source"'), pc.match_substring(lines, '"suricata"'))
    foreign = column.table.filter(pc.or_(pc.invert(own), wrapped))
    wrapped_lines = [
        (n, text)
        for n, text in zip(foreign["n"].to_pylist(), foreign["line"].to_pylist(), strict=True)
        if holds_record(text)
    ]
    kept = column.table.filter(
        pc.invert(pc.is_in(column.table["n"], pa.array([n for n, _ in wrapped_lines], pa.int32())))
    )
    texts = [(column.first_line + n, text) for n, text in wrapped_lines]
    return replace(column, count=column.count - len(wrapped_lines), table=kept), texts
