"""Lines -> tables of records, in bulk: the frame that the parsers of EVE and of Zeek fill with their SQL.

A parser gives a *stage*, SQL that turns the view ``lines`` (n, line) into one row per line with its outcome, and for
each record type the columns over that stage. The frame does the counting and the naming of refused lines, so that
every line has exactly one outcome. Refuses to know any log's fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from bavn.actor.formats.lines import LineColumn
from bavn.actor.formats.refused import REASON_LENGTH_MAX, REFUSALS_KEPT_MAX, RefusedLine
from bavn.actor.sense.engine import Engine, Malformed
from bavn.actor.sense.parsed import Parsed
from bavn.actor.sense.unread import each_or_refused
from bavn.model.record import TABLES
from bavn.model.text import Text

_COMMUNITY: Final = "community_of(src, dst, transport, src_port, dst_port, icmp_type, icmp_code)"

CARE: Final = ("/* with care: */ (", ") /* so far */")
"""A stage has these around what may fail on a line that is no JSON. _CARES are put there in turn: nearly always every
line is JSON, a few that are none cost little, and what fails nevertheless is tried line by line."""
_CARES: Final = (("(", ")"), ("CASE WHEN json_valid(line) THEN ", " END"), ("TRY(", ")"))

PASSED: Final = ""
"""The outcome of a line that is well-formed and holds no record of ours."""
FAULTS: Final = {
    "address": Text.in_context("reason", "address"),
    "port": Text.in_context("reason", "port"),
    "proto": Text.in_context("reason", "proto"),
    "timestamp": Text.in_context("reason", "timestamp"),
    "ts": Text.in_context("reason", "ts"),
    "no JSON": Text("no JSON"),
    "no event_type": Text("no event_type"),
    "no time": Text("no time"),
    "not understood": Text("not understood"),
    "of no known program": Text("of no known program"),
    "no line of squid's access.log": Text("no line of squid's access.log"),
    "no line of a common or combined log": Text("no line of a common or combined log"),
}
"""What the SQL of the readers says of a line."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one kind of log is read.

    ``stage``: a SELECT over ``lines`` that gives, for each n, ``outcome`` (a record type, PASSED, or NULL for refused),
    ``reason`` (why refused), ``community_id`` (NULL where the log has none) and whatever the columns need.
    ``columns``: per record type an SQL expression over the stage for each column that the log knows; the others are
    NULL. ``sources``: per record type what to select from, where it is more than the stage's own rows (it keeps n).
    ``keeps``: statements that finish the stage or remember something of it for later lines. ``computes_community``:
    whether a missing Community ID can be computed. ``order``: of the rows; by n as their lines stand. ``also``: a
    second record type of some lines, and a condition on the stage that says of which.
    """

    stage: str
    columns: Mapping[str, Mapping[str, str]]
    sources: Mapping[str, str]
    keeps: tuple[str, ...] = ()
    computes_community: bool = True
    order: str = "n"
    also: Mapping[str, str] = field(default_factory=dict)

    def select(self, record: str, *, community: bool) -> str:
        """SQL for all rows of one record type, in order, columns exactly as record.TABLES.

        ``community``: some rows need their Community ID computed. Else that large expression stays out: planning it
        costs more than parsing some thousand lines.
        """
        known = dict(self.columns[record])
        if community and self.computes_community and "community_id" in known:
            known["community_id"] = f"coalesce(community_id, {_COMMUNITY})"
        listed = ", ".join(f'CAST({known.get(c.name, "NULL")} AS {c.type}) AS "{c.name}"' for c in TABLES[record])
        source = self.sources.get(record, "stage")
        return f"SELECT {listed} FROM {source} WHERE {self.holds(record)} ORDER BY {self.order}"

    def holds(self, record: str) -> str:
        """SQL over the stage: the line is a row of this type."""
        return f"(outcome = '{record}'" + (f" OR ({self.also[record]}))" if record in self.also else ")")


def read(engine: Engine, grammar: Grammar, column: LineColumn) -> Parsed:
    """Parse a column of lines. What does not fit in memory at once is halved until it does, and so is what fails in any
    other way; a single line that does is refused."""
    inner = each_or_refused(column, column.table, lambda lines: _read(engine, grammar, column, lines))
    refusals = sorted((*column.refused, *inner.refusals))
    return Parsed(
        tables=inner.tables,
        lines=column.count,
        passed=inner.passed,
        refused=inner.refused + len(column.refused),
        refusals=tuple(refusals[:REFUSALS_KEPT_MAX]),
        extra=inner.extra,
    )


def _read(engine: Engine, grammar: Grammar, column: LineColumn, lines: pa.Table) -> Parsed:
    engine.lend("lines", lines)
    try:
        _stage(engine, grammar)
        with engine.whole_or_not():
            for statement in grammar.keeps:
                engine.run(statement)
            return collect(engine, grammar, column, lines.num_rows)
    finally:
        engine.let_go(tables=("stage",), lent="lines")


def _stage(engine: Engine, grammar: Grammar) -> None:
    for number, (before, behind) in enumerate(_CARES):
        try:
            stage = grammar.stage.replace(CARE[0], before).replace(CARE[1], behind)
            engine.run(f"CREATE OR REPLACE TEMP TABLE stage AS {stage}")
            break
        except Malformed:
            if number == len(_CARES) - 1:
                raise


def fault(text: str) -> tuple[Text, str]:
    """What SQL said of a line, ``address: 10.0.0.300``, as a reason and the value that had it. A column that no message
    names is said by its own name."""
    kind, colon, detail = text.partition(": ")
    count, _, width = kind.partition(" fields where the header has ")
    if width:
        return Text("{count} fields where the header has {width}", count=count, width=width), ""
    return FAULTS.get(kind) or Text.plain(kind or "-"), detail or '""' if colon else ""


def collect(engine: Engine, grammar: Grammar, column: LineColumn, count: int) -> Parsed:
    """What a stage of ``count`` lines holds."""
    tally = engine.rows("SELECT outcome, count(*), count(community_id) FROM stage GROUP BY outcome")
    outcomes = {outcome: count for outcome, count, _ in tally}
    bare = {outcome for outcome, count, ready in tally if ready < count}
    present = {r for r in TABLES if r in outcomes} | set(grammar.also)
    tables = {
        r: engine.arrow(grammar.select(r, community=r in bare or (r in grammar.also and bool(bare))))
        for r in TABLES
        if r in present
    }
    tables = {r: table for r, table in tables.items() if table.num_rows}
    extra = sum(table.num_rows for table in tables.values()) - sum(outcomes.get(r, 0) for r in TABLES)
    refused = outcomes.get(None, 0)
    refusals: tuple[RefusedLine, ...] = ()
    if refused:
        named = engine.rows(
            f"""SELECT n, left(coalesce(reason, 'not understood'), {REASON_LENGTH_MAX})
            FROM stage WHERE outcome IS NULL ORDER BY n LIMIT {REFUSALS_KEPT_MAX}"""
        )
        refusals = tuple(RefusedLine(column.file, column.first_line + n, *fault(said)) for n, said in named)
    passed = outcomes.get(PASSED, 0)
    return Parsed(tables=tables, lines=count, passed=passed, refused=refused, refusals=refusals, extra=extra)
