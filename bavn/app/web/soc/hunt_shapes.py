"""What hunting says: tables, saved hunts, where a question stands, what rules and lists came to. Refuses to ask."""

from typing import Any, Literal

from bavn.app.web.frame import TextShape
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


class PictureCount(Frozen):
    """A value as it is shown (None: the row has none), and its rows."""

    value: str | None
    rows: int


class PictureSeries(Frozen):
    """Rows in each step. ``rest``: of all values without a series of their own."""

    value: str | None
    rest: bool
    rows: list[int]


class PictureField(Frozen):
    """The most frequent values of a column, and how many rows have another."""

    name: str
    top: list[PictureCount]
    rest: int


class PictureShown(Frozen):
    """Rows over time, and the values of columns. ``notes``: what it does not show; ``sql``: the same rows."""

    table: str
    by: str
    first_us: int
    step_us: int
    rows: int
    series: list[PictureSeries]
    fields: list[PictureField]
    notes: list[TextShape]
    sql: str


class PictureKept(Frozen):
    """How many rows are kept in each step of time, as the store's own list says."""

    first_us: int
    step_us: int
    rows: list[int]


class PictureTable(Frozen):
    """A table that can be drawn, and the columns that are counted by value, those first that tell most. ``kept``: None
    where all its rows are counted at once."""

    name: str
    fields: list[str]
    kept: PictureKept | None


class ValueKnown(Frozen):
    """How many of the sector know a name or an address that stands in an answer; ``value``: its whole cell."""

    value: str
    short: TextShape
    says: TextShape


class AnswerKnown(Frozen):
    """What is known of an answer's names; ``why_nothing``: why of none of them anything is."""

    known: list[ValueKnown]
    why_nothing: TextShape | None
