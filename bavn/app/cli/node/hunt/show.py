"""Answers of a hunt as a table, as CSV or as one JSON object a line. What came over the network is shown, never obeyed:
control characters and markup in a cell are written out. Refuses to know where an answer came from.
"""

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text as Shown

from bavn.app.analyst.plain import columns_of
from bavn.app.cli.words import heading
from bavn.app.process.exits import Exit, Stop, why_of
from bavn.model.text import Language, Number, Text

Form = Literal["table", "csv", "json"]
WIDTH_PLAIN: Final = 180
CELL_CHARS_MAX: Final = 300
SENTENCES_MAX: Final = 20
SQL_BYTES_MAX: Final = 1 << 20


def form(*, as_json: bool = False, as_csv: bool = False) -> Form:
    """How an answer is shown. Stop for two ways at once."""
    if as_json and as_csv:
        raise Stop(Exit.USAGE, Text("give --json or --csv, not both"))
    return "json" if as_json else "csv" if as_csv else "table"


def show(names: Sequence[str], rows: Iterable[Sequence[Any]], form: Form, language: Language | None = None) -> None:
    """Rows of plain values on standard output. ``language``: of the headings of our own; None: they are an answer's."""
    if form == "json":
        for row in rows:
            print(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_csv(value) for value in row] for row in rows)
    else:
        table = Table(box=None, pad_edge=False)
        for name in names:
            table.add_column(Shown(visible(heading(name, language) if language else name)), overflow="fold")
        for row in rows:
            table.add_row(*(Shown(visible(cell(value))) for value in row))
        screen().print(table)


def screen() -> Console:
    """Standard output: as wide as the terminal, or of a fixed width where it is none."""
    return Console() if sys.stdout.isatty() else Console(width=WIDTH_PLAIN)


def cell(value: Any) -> str:
    """A value in a table."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(cell, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {cell(inner)}" for name, inner in value.items())
    return str(value)


def visible(text: str) -> str:
    """Without anything that a terminal would act on, and not endless."""
    shown = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text[:CELL_CHARS_MAX])
    return shown if len(text) <= CELL_CHARS_MAX else shown + "…"


def _csv(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def answer(config: Path, table: Any, more: bool, how: Form, language: Language = "en") -> None:
    """The rows of an answer; on standard error whether there are more, and how many of the sector know its names."""
    names, columns = columns_of(table)
    rows = list(zip(*columns, strict=True)) if columns else []
    show(names, rows, how)
    next_door(config, names, rows, language)
    if how == "table" and not table.num_rows:
        print(Text("no rows").say(language), file=sys.stderr)
    if more:
        said = Text("these are the first {rows} rows; there are more (--rows)", rows=Number(table.num_rows))
        print(f"bavn: {said.say(language)}", file=sys.stderr)


def next_door(config: Path, names: Sequence[str], rows: Iterable[Sequence[Any]], language: Language) -> None:
    """On standard error, how many of the sector know the names of an answer, or why that is not known. Nothing where
    this node has not run yet."""
    from bavn.app.analyst.next_door import next_door_of
    from bavn.app.config.load import read_node
    from bavn.app.node.book_queries import asks

    if not (read_node(config).folder / "node.db").exists():
        return
    with asks(config) as asked:
        told, why = next_door_of(config, asked).of_answer(names, rows)
    sentences = dict.fromkeys(visible(known.says.say(language)) for known in told.values())
    for sentence in list(sentences)[:SENTENCES_MAX]:
        print(sentence, file=sys.stderr)
    if more := max(0, len(sentences) - SENTENCES_MAX):
        print(Text.counted("and {count:,} name more", "and {count:,} names more", more).say(language), file=sys.stderr)
    if why is not None:
        print(why.say(language), file=sys.stderr)


def query_of(query: str, file: Path | None) -> str:
    """The text of a query from an argument, a file or standard input. Stop for none, two, or one too large."""
    if bool(query) == (file is not None):
        raise Stop(Exit.USAGE, Text("give one query: as an argument, as - for standard input, or with --file"))
    if file is not None:
        try:
            with file.open("rb") as opened:
                raw = opened.read(SQL_BYTES_MAX + 1)
        except OSError as error:
            raise Stop(Exit.USAGE, Text("--file {file}: {why}", file=file, why=why_of(error))) from error
    elif query == "-":
        raw = sys.stdin.buffer.read(SQL_BYTES_MAX + 1)
    else:
        raw = query.encode(errors="replace")
    if len(raw) > SQL_BYTES_MAX:
        raise Stop(Exit.USAGE, Text("the query is larger than {sql_bytes_max:,} bytes", sql_bytes_max=SQL_BYTES_MAX))
    text = raw.decode(errors="replace").strip().rstrip(";").strip()
    if not text:
        raise Stop(Exit.USAGE, Text("the query is empty"))
    return text
