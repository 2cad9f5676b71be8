"""Rules over a window: for each the rows that it names, how many, whose, since when, and a few of them to look at.

Rules over the same rows are asked together; a rule that the store refuses is set aside with its reason and the others
go on. Refuses to judge what it finds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from bavn.model.intel.rule import RowRule, named_rows_sql, together
from bavn.model.moment import as_us
from bavn.model.ports import QueryRefused, Window
from bavn.model.record import address_text

HOSTS_NAMED_MAX: Final = 20
SAMPLES_MAX: Final = 3
_HOST: Final = "CASE WHEN is_home(src) OR NOT is_home(dst) THEN src ELSE dst END"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule that names rows of a window. ``named``: the first of the hosts, in order of address; ``samples``: the
    first rows, each as (column, value)."""

    rule: RowRule
    rows: int
    hosts: int
    named: tuple[str, ...]
    first_us: int
    last_us: int
    samples: tuple[tuple[tuple[str, Any], ...], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that the store did not answer, and why."""

    rule: RowRule
    reason: str


def run_rules(
    window: Window, rules: Sequence[RowRule], *, samples: int = SAMPLES_MAX
) -> tuple[list[Match], list[Refusal]]:
    """Matches in the order of the rules; a rule without one named nothing."""
    place = {id(rule): at for at, rule in enumerate(rules)}
    met: list[Match] = []
    refused: list[Refusal] = []
    for group in together(rules):
        try:
            met += _matches(window, group, samples)
        except QueryRefused as error:
            if len(group) == 1:
                refused.append(Refusal(group[0], str(error)))
                continue
            for rule in group:
                try:
                    met += _matches(window, [rule], samples)
                except QueryRefused as alone:
                    refused.append(Refusal(rule, str(alone)))
    return sorted(met, key=lambda match: place[id(match.rule)]), sorted(refused, key=lambda one: place[id(one.rule)])


def refused_by(window: Window, rules: Sequence[RowRule]) -> list[Refusal]:
    """The rules that a store would refuse, whatever it holds. ``window``: an empty one."""
    return run_rules(window, rules, samples=0)[1]


def _matches(window: Window, group: Sequence[RowRule], samples: int) -> list[Match]:
    rows = window.rows(
        f"""SELECT rule, count(*), count(DISTINCT host), list(DISTINCT host ORDER BY host)[1:{HOSTS_NAMED_MAX}],
          min(ts), max(ts)
        FROM (SELECT rule, ts, {_HOST} AS host FROM ({named_rows_sql(group)})) GROUP BY rule ORDER BY rule"""
    )
    return [
        Match(
            rule=group[at],
            rows=int(count),
            hosts=int(hosts),
            named=tuple(map(address_text, named)),
            first_us=_us(first),
            last_us=_us(last),
            samples=_samples(window, group[at], samples),
        )
        for at, count, hosts, named, first, last in rows
    ]


def _samples(window: Window, rule: RowRule, count: int) -> tuple[tuple[tuple[str, Any], ...], ...]:
    if not count:
        return ()
    columns = ("ts", "src", "dst", *rule.shown)
    rows = window.rows(
        f"""SELECT {", ".join(columns)} FROM {rule.relation} WHERE {rule.condition}
        ORDER BY ts, {", ".join(map(str, range(2, len(columns) + 1)))} LIMIT {count}"""
    )
    names = [column.lstrip("_") for column in columns]
    return tuple(tuple(zip(names, map(_plain, row), strict=True)) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return address_text(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _us(moment: datetime) -> int:
    return as_us(moment.replace(tzinfo=UTC))
