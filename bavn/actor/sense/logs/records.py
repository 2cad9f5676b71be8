"""Lines of logs of many programs, mixed or of one -> records: each line is told apart, then read by its own format.

A line of a program that is known and holds no record of ours passes; one of no known program is refused and says so.
What is a document (JSON) is handed on. Refuses to know where the lines came from, and what a document holds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import pyarrow as pa

from bavn.actor.formats.lines import LineColumn
from bavn.actor.formats.refused import REFUSALS_KEPT_MAX
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.logs.asa import ASA
from bavn.actor.sense.logs.bind import BIND
from bavn.actor.sense.logs.cef import CEF
from bavn.actor.sense.logs.common import COMMON_LOG
from bavn.actor.sense.logs.dhcp import DHCP
from bavn.actor.sense.logs.dnsmasq import DNSMASQ
from bavn.actor.sense.logs.filterlog import FILTERLOG
from bavn.actor.sense.logs.format import LogFormat
from bavn.actor.sense.logs.fortigate import FORTIGATE
from bavn.actor.sense.logs.head import MACROS, opened
from bavn.actor.sense.logs.netfilter import NETFILTER
from bavn.actor.sense.logs.paloalto import PALOALTO
from bavn.actor.sense.logs.squid import SQUID
from bavn.actor.sense.logs.unbound import UNBOUND
from bavn.actor.sense.logs.windns import WINDNS
from bavn.actor.sense.parsed import Parsed, joined
from bavn.actor.sense.reader import Grammar, collect
from bavn.actor.sense.unread import each_or_refused
from bavn.actor.sense.zeek.stage import quoted

Texts = list[tuple[int, str]]
"""Lines with their numbers in a file."""

AUTO: Final = "auto"
DOCUMENT: Final = "document"
FORMATS: Final[dict[str, LogFormat]] = {
    made.name: made
    for made in (
        UNBOUND,
        BIND,
        DNSMASQ,
        SQUID,
        COMMON_LOG,
        NETFILTER,
        FILTERLOG,
        ASA,
        FORTIGATE,
        PALOALTO,
        CEF,
        DHCP,
        WINDNS,
    )
}
"""In the order in which a line is tried."""

DEFINITIONS: Final = MACROS + "".join(made.definitions for made in FORMATS.values())

_UNKNOWN: Final = """SELECT n, NULL AS outcome, 'of no known program' || CASE
  WHEN program IS NULL THEN '' ELSE ': ' || shown(program) END
  AS reason,
  CAST(NULL AS VARCHAR) AS community_id FROM mine"""
_TELLS_DOCUMENT: Final = "(starts_with(message, '{') OR starts_with(message, '@cee:'))"
_ENDS_IN_DOCUMENT: Final = """contains(line, '{"') AND ends_with(message, '}')"""
"""What runs containers and forwards logs puts a stamp and names before the line."""
_DOCUMENTS: Final = f"""SELECT n, CASE WHEN starts_with(message, '{{') THEN message
  WHEN starts_with(message, '@cee:') THEN message[6:] ELSE line[strpos(line, '{{"'):] END
  FROM opened WHERE kind = '{DOCUMENT}' ORDER BY n"""
_BLANK: Final = "SELECT n, '' AS outcome, NULL AS reason, CAST(NULL AS VARCHAR) AS community_id FROM mine"


@lru_cache(maxsize=256)
def grammar(name: str, sensor: str, source: str, zone: str) -> Grammar:
    """How lines of one format are read. Columns that are not there are NULL."""
    log_format = FORMATS[name]

    def fitted(sql: str) -> str:
        return sql.replace("$source", quoted(source)).replace("$zone", quoted(zone))

    columns = {record: {**listed, "sensor": quoted(sensor)} for record, listed in log_format.columns.items()}
    return Grammar(
        stage=fitted(log_format.stage),
        columns=columns,
        sources={},
        keeps=tuple(map(fitted, log_format.keeps)),
        also=log_format.also,
        computes_community=log_format.computes_community,
    )


@dataclass(frozen=True, slots=True)
class LogParser:
    """Reads lines of one source with a prepared engine. ``form``: a name of FORMATS, or AUTO. ``zone``: IANA name for
    stamps that name none. ``live``: lines without a stamp were written when they came in. ``strangers_pass``: a line of
    no known program is no refusal. ``documents``: what reads lines that are JSON, with or without syslog's head."""

    engine: Engine
    sensor: str
    source: str
    form: str = AUTO
    zone: str = "UTC"
    live: bool = False
    strangers_pass: bool = False
    documents: Callable[[str, Texts, int], Parsed] | None = None
    _kinds: str = field(init=False)

    def __post_init__(self) -> None:
        cases = " ".join(f"WHEN {made.tells} THEN '{made.name}'" for made in FORMATS.values())
        if self.documents:
            cases = f"WHEN {_TELLS_DOCUMENT} THEN '{DOCUMENT}' {cases} WHEN {_ENDS_IN_DOCUMENT} THEN '{DOCUMENT}'"
        kind = quoted(self.form) if self.form != AUTO else f"CASE {cases} ELSE '' END"
        blank = "CASE WHEN message = '' THEN 'blank'"
        sql = f"SELECT *, {blank} ELSE {kind} END AS kind FROM ({opened(self.zone, live=self.live)})"
        object.__setattr__(self, "_kinds", sql)

    def parse(self, column: LineColumn) -> Parsed:
        """Every line's outcome. ``column.table`` has, beside n and line, received_us (int64) and sender (uuid or
        null), see :func:`received`. Pure apart from the engine's scratch tables and what formats remember."""
        inner = each_or_refused(column, column.table, lambda lines: self._read(column, lines))
        refusals = tuple(sorted((*column.refused, *inner.refusals))[:REFUSALS_KEPT_MAX])
        return Parsed(
            tables=inner.tables,
            lines=inner.lines + len(column.refused),  # a document may hold several
            passed=inner.passed,
            refused=inner.refused + len(column.refused),
            refusals=refusals,
            extra=inner.extra,
        )

    def _read(self, column: LineColumn, lines: pa.Table) -> Parsed:
        logs, texts = self._read_logs(column, lines)
        if not texts or self.documents is None:
            return logs
        about_us = lines["received_us"][0].as_py()
        return _sorted(joined([logs, self.documents(column.file, texts, about_us)]))

    def _read_logs(self, column: LineColumn, lines: pa.Table) -> tuple[Parsed, Texts]:
        """What is in logs' own formats, and the documents, which nobody has looked into yet."""
        self.engine.lend("lines", lines)
        try:
            self.engine.run(f"CREATE OR REPLACE TEMP TABLE opened AS {self._kinds}")
            kinds = dict(self.engine.rows("SELECT kind, count(*) FROM opened GROUP BY kind"))
            order = [kind for kind in (*FORMATS, "", "blank") if kind in kinds]
            found = self.engine.rows(_DOCUMENTS) if DOCUMENT in kinds else []
            texts = [(column.first_line + n, message) for n, message in found]
            with self.engine.whole_or_not():
                return _sorted(joined([self._part(column, kind, kinds[kind]) for kind in order])), texts
        finally:
            self.engine.let_go(tables=("stage", "opened"), lent="lines")

    def _part(self, column: LineColumn, kind: str, count: int) -> Parsed:
        mine = f"(SELECT * FROM opened WHERE kind = {quoted(kind)}) AS mine"
        if kind in FORMATS:
            form = grammar(kind, self.sensor, self.source, self.zone)
        else:
            passes = kind or self.strangers_pass
            form = Grammar(stage=_BLANK if passes else _UNKNOWN, columns={}, sources={})
        self.engine.run(f"CREATE OR REPLACE TEMP TABLE stage AS {form.stage.replace('FROM mine', f'FROM {mine}')}")
        for statement in form.keeps:
            self.engine.run(statement)
        return collect(self.engine, form, column, count)


def _sorted(parsed: Parsed) -> Parsed:
    """Refusals in the order of their lines."""
    return Parsed(
        tables=parsed.tables,
        lines=parsed.lines,
        passed=parsed.passed,
        refused=parsed.refused,
        refusals=tuple(sorted(parsed.refusals)),
        extra=parsed.extra,
    )


def received(column: LineColumn, us: int) -> LineColumn:
    """A column of a file's lines as a parser takes it: ``us`` is the moment that its stamps are near, for those without
    a year."""
    count = column.table.num_rows
    table = column.table.append_column(
        "received_us", pa.array([us], pa.int64()).take(pa.nulls(count, pa.int32()).fill_null(0))
    )
    table = table.append_column("sender", pa.nulls(count, pa.string()))
    return LineColumn(column.file, column.first_line, column.count, table, column.refused)
