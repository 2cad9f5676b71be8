"""What hunting says: tables, saved hunts, where a question stands, what rules and lists came to. Refuses to ask."""

from typing import Any, Literal

from bavn.app.web.frame import Rows, TextShape
from bavn.app.web.soc.shapes import Column, Frozen


class TableColumn(Frozen):
    """A column that may be asked for."""

    name: str
    type: str
    holds: str


class TableShown(Frozen):
    """A table that may be asked."""

    name: str
    columns: list[TableColumn]


class Helper(Frozen):
    """A function of a query."""

    name: str
    gives: str


class HuntTables(Frozen):
    """What a query may ask."""

    tables: list[TableShown]
    functions: list[Helper]


class HuntShown(Frozen):
    """A saved hunt. ``own``: this node's, not Bavn's. ``parameters``: what must be given to run it, with words."""

    name: str
    own: bool
    says: TextShape
    sql: str
    technique: str
    span: str
    parameters: dict[str, str]


class Hunts(Frozen):
    """Saved hunts, and a line for each file that is none."""

    items: list[HuntShown]
    faults: list[str]


class ListRefusal(Frozen):
    """A line of a list that names no indicator."""

    line: int
    says: TextShape


class RuleOutcome(Frozen):
    """What became of a Sigma rule. ``sql``: what it runs as."""

    file: str
    title: str
    standing: Literal["runs", "part", "unsupported", "unreadable"]
    reason: str
    sql: str


class RuleMatch(Frozen):
    """A rule that matched. ``samples``: a few of its rows."""

    title: str
    level: str
    technique: str
    rows: int
    hosts: int
    named: list[str]
    first_us: int
    last_us: int
    samples: list[dict[str, Any]]


class HuntStatus(Frozen):
    """Where a question stands. ``rows``: how many the answer has; they are read apart. ``looked``: of a list, how many
    indicators were looked for."""

    id: str
    kind: str
    state: Literal["running", "done", "failed", "cancelled"]
    began_us: int
    ended_us: int | None
    refused: TextShape | None
    columns: list[Column]
    rows: int
    more: bool
    looked: int | None
    refused_lines: int
    refusals: list[ListRefusal]
    outcomes: list[RuleOutcome]
    matches: list[RuleMatch]


class ValueKnown(Frozen):
    """How many of the sector know a name or an address that stands in an answer; ``value``: its whole cell."""

    value: str
    short: TextShape
    says: TextShape


class AnswerRows(Rows[list[Any]]):
    """Rows of an answer, and what is known of their names: those of which nothing is known are left out.
    ``why_nothing``: why of none of them anything is."""

    known: list[ValueKnown]
    why_nothing: TextShape | None
