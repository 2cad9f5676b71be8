"""Documents -> records: each is unwrapped, and what it holds is read as a line of EVE or of one of Zeek's logs.

A document that is no JSON is one refusal; one that holds nothing of the network passes. Where it holds a line of
another program's log, that is read as such. Refuses to know where the documents lay.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from bavn.actor.formats.gzipped import LogFile
from bavn.actor.formats.lines import LineColumn
from bavn.actor.formats.refused import RefusedLine, of_file
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.documents.declared import EVE, FLOW
from bavn.actor.sense.documents.flows import flow_of, moment_of, paired
from bavn.actor.sense.documents.flows import grammar as flow_grammar
from bavn.actor.sense.documents.moments import moment_us
from bavn.actor.sense.documents.splitting import Document, Splitter
from bavn.actor.sense.documents.unwrapping import TEXT, Line, lines_of
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.logs.records import LogParser, Texts
from bavn.actor.sense.parsed import NOTHING, Parsed, joined
from bavn.actor.sense.reader import read
from bavn.actor.sense.suricata.eve import grammar as eve_grammar
from bavn.actor.sense.unread import unreadable
from bavn.actor.sense.zeek.fields import FIELDS
from bavn.actor.sense.zeek.records import grammar as zeek_grammar
from bavn.model.text import Text

AT_ONCE: Final = 10_000
PIECE_BYTES: Final = 1 << 20
HEAD_DOCUMENTS: Final = 200
_SHOWN_MAX: Final = 60


@dataclass(slots=True)
class DocumentParser:
    """Reads documents of one sensor with a prepared engine (prepare.prepared). ``logs``: what reads lines of other
    programs' logs in them; ``about_us``: when the documents came, for those that say no moment. ``zone``: of flows'
    moments that name none."""

    engine: Engine
    sensor: str
    logs: LogParser | None = None
    about_us: int = 0
    zone: str = "UTC"

    def parse(self, file: str, numbered: list[tuple[int, Document]]) -> Parsed:
        """Every document's outcome. ``numbered``: in order, each with its number in the file."""
        waiting: dict[str, list[tuple[int, str]]] = {}
        parts: list[Parsed] = []
        texts: list[tuple[int, Line]] = []
        flows: list[tuple[int, dict[str, Any] | None]] = []
        for number, document in numbered:
            lines, fault = _opened(document)
            if fault:
                parts.append(_refused(file, number, fault))
            for line in lines:
                if line.log == FLOW:
                    flow = flow_of(line.fields, self.zone)
                    moment = "" if flow else moment_of(line.fields)
                    if moment:
                        parts.append(_refused(file, number, Text("moment not understood"), moment[:_SHOWN_MAX]))
                    else:
                        flows.append((number, flow))
                elif line.log == TEXT:
                    texts.append((number, line))
                elif line.log:
                    waiting.setdefault(line.log, []).append((number, json.dumps(line.fields, ensure_ascii=False)))
                else:
                    parts.append(Parsed(tables={}, lines=1, passed=1, refused=0, refusals=()))
        for log in (EVE, *FIELDS):
            if log in waiting:
                form = eve_grammar(self.sensor) if log == EVE else zeek_grammar(self.sensor, log, None, respelled=True)
                parts.append(read(self.engine, form, column_of(file, waiting[log])))
        parts += self._of_flows(file, flows)
        dated = [(number, line, moment_us(line.moment)) for number, line in texts]
        for live in (True, False):
            parts += self._of_logs(file, [text for text in dated if (text[2] is not None) == live], live=live)
        return joined(parts) if parts else NOTHING

    def parse_texts(self, file: str, texts: Texts, about_us: int) -> Parsed:
        """The same of documents that are lines of a log. ``about_us``: when they came."""
        documents = [(number, _document(text)) for number, text in texts]
        return replace(self, about_us=about_us).parse(file, documents)

    def _of_flows(self, file: str, flows: list[tuple[int, dict[str, Any] | None]]) -> Iterator[Parsed]:
        """Two halves of one flow are a row; the second of them passes."""
        known = [(number, flow) for number, flow in flows if flow]
        whole = list(paired([flow for _, flow in known]))
        kept = [(known[at][0], json.dumps(flow)) for at, flow in whole if flow]
        if passed := len(flows) - len(kept):
            yield Parsed(tables={}, lines=passed, passed=passed, refused=0, refusals=())
        if kept:
            yield read(self.engine, flow_grammar(self.sensor), column_of(file, kept))

    def _of_logs(self, file: str, lines: list[tuple[int, Line, int | None]], *, live: bool) -> Iterator[Parsed]:
        """A document that says when it was is the stamp of a line without one."""
        if not lines:
            return
        if self.logs is None:
            yield Parsed(tables={}, lines=len(lines), passed=len(lines), refused=0, refusals=())
            return
        column = column_of(
            file, [(number, str(line.fields[TEXT]).replace("\n", " ") + "\n") for number, line, _ in lines]
        )
        moments = pa.array([self.about_us if us is None else us for _, _, us in lines], pa.int64())
        table = column.table.append_column("received_us", moments).append_column(
            "sender", pa.nulls(len(lines), pa.string())
        )
        yield replace(self.logs, live=live or self.logs.live).parse(replace(column, table=table))


def _document(text: str) -> Document:
    """A line that should be one."""
    try:
        return Document(json.loads(text))
    except RecursionError:
        return Document(None, Text("no JSON: too deep"))
    except ValueError:
        return Document(None, Text("no JSON"))


def _opened(document: Document) -> tuple[list[Line], Text | None]:
    if document.fault:
        return [], document.fault
    try:
        lines = list(lines_of(document.value))
        json.dumps([line.fields for line in lines])
    except RecursionError:
        return [], Text("no JSON: too deep")
    except Exception as error:  # noqa: BLE001  a stranger's document, and whatever it raises
        return [], unreadable(error, repr(document.value).encode())
    return lines, None


def _refused(file: str, number: int, reason: Text, detail: str = "") -> Parsed:
    return Parsed(tables={}, lines=1, passed=0, refused=1, refusals=(RefusedLine(file, number, reason, detail),))


def column_of(file: str, numbered: Texts) -> LineColumn:
    """Lines with their numbers as readers take them."""
    texts = [text.encode("utf-8", "replace").decode() for _, text in numbered]
    table = pa.table(
        {
            "n": pa.array([number - 1 for number, _ in numbered], pa.int32()),
            "line": pa.array(texts, pa.string()),
        }
    )
    return LineColumn(file, 1, len(numbered), table, ())


def documents(path: Path) -> Iterator[list[tuple[int, Document]]]:
    """A file's documents with their numbers, so many at a time that they are read at once. SourceBroken where it cannot
    be opened; damage of an archive is a fault of number 0."""
    splitter = Splitter()
    number = 1
    some: list[tuple[int, Document]] = []
    with _opened_file(path) as file:
        while data := file.read(PIECE_BYTES):
            some += enumerate(splitter.feed(data), number + len(some))
            if len(some) >= AT_ONCE:
                yield some
                number, some = number + len(some), []
        left = list(splitter.end())
        if file.damage and left and left[-1].fault:
            left.pop()  # the damage is what cut it off
        some += enumerate(left, number + len(some))
        if file.damage:
            some.insert(0, (0, Document(None, file.damage)))
    if some:
        yield some


def _opened_file(path: Path) -> LogFile:
    try:
        return LogFile(path)
    except OSError as error:
        raise SourceBroken(
            of_file(path, Text("cannot be opened ({why}): let the node's user read it", why=error.strerror))
        ) from error


def holds_record(text: str) -> bool:
    """A document that holds a line of EVE or of one of Zeek's logs."""
    lines, _ = _opened(_document(text)) if text.lstrip().startswith("{") else ([], None)
    return any(line.log not in ("", TEXT, FLOW) for line in lines)


def holds_documents(head: bytes, of_log: Callable[[bytes], bool]) -> bool:
    """At least one of the first documents holds a line of EVE or Zeek, or one that ``of_log`` knows."""
    return _of_use(Splitter().feed(head), of_log)


def _of_use(found: Iterator[Document], of_log: Callable[[bytes], bool]) -> bool:
    texts: list[bytes] = []
    for count, document in enumerate(found):
        if count >= HEAD_DOCUMENTS:
            break
        for line in _opened(document)[0]:
            if line.log and line.log != TEXT:
                return True
            if line.log:
                texts.append(str(line.fields[TEXT]).replace("\n", " ").encode("utf-8", "replace"))
    return bool(texts) and of_log(b"\n".join(texts))
