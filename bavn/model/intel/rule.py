"""A rule over the store's rows: which rows it names, as SQL. Made once (actor/hunt makes them of Sigma rules) and run
by whoever is handed it. Refuses to know where a rule came from and what a match is worth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["informational", "low", "medium", "high", "critical"]
LEVELS: Final[tuple[Level, ...]] = ("informational", "low", "medium", "high", "critical")
TOGETHER_CHARS_MAX: Final = 60_000
"""Rules over the same rows are asked in one query up to this size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """``relation``: SQL of the rows that it looks at, with ts, sensor, src, dst and flow_id; ``condition``: which of
    them it names. ``table``: the record table where these lie; ``name_column``: what names the peer there, "" for the
    address. ``technique``: MITRE ATT&CK id or None. ``shown``: columns worth showing of a row. ``notes``: where the
    store's fields differ from what the rule's author had. ``by_row``: a row is named for what stands in it, whatever
    other rows there are."""

    id: str
    title: str
    level: Level
    technique: str | None
    table: str
    relation: str
    condition: str
    name_column: str = ""
    shown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    by_row: bool = True


def together(rules: Sequence[RowRule]) -> Iterator[list[RowRule]]:
    """The rules in groups that one query can answer: the same relation, not too long. Every rule is in one group."""
    groups: dict[tuple[str, str, str], list[RowRule]] = {}
    for rule in rules:
        groups.setdefault((rule.relation, rule.table, rule.name_column), []).append(rule)
    for group in groups.values():
        part: list[RowRule] = []
        size = 0
        for rule in group:
            if part and size + len(rule.condition) > TOGETHER_CHARS_MAX:
                yield part
                part, size = [], 0
            part.append(rule)
            size += len(rule.condition)
        if part:
            yield part


def named_rows_sql(group: Sequence[RowRule], where: str = "") -> str:
    """SQL of the rows that any rule of a group names: the relation's columns and ``rule``, the rule's place in the
    group. A row is there once for each rule that names it. Each condition is worked out once a row.
    ``where``: which rows of the relation are looked at."""
    flags = ", ".join(f"CASE WHEN {rule.condition} THEN {at} END" for at, rule in enumerate(group))
    return f"""SELECT * EXCLUDE (_met), unnest(_met) AS rule
        FROM (SELECT *, list_filter([{flags}], lambda met: met IS NOT NULL) AS _met FROM {group[0].relation}{where})
        WHERE len(_met) > 0"""
