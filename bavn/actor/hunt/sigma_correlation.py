"""Sigma's correlation rules as SQL: counts, values and orders of events within a sliding time, by DuckDB's windows.

The rows it gives are the events at which a correlation came true. Refuses a correlation of correlations and one whose
condition is an expression over rules: NotRunnable, with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule, SigmaRuleReference
from sigma.rule import SigmaRule

from bavn.actor.hunt.sigma_fields import Field, Target
from bavn.actor.hunt.sigma_match import NotRunnable

_OPERATORS: Final = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=", "EQ": "=", "NEQ": "<>"}
SPAN_S_MAX: Final = 31 * 86400
REFERENCES_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Base:
    """A rule that a correlation counts: its rows and which of them it names."""

    target: Target
    condition: str


def correlated_sql(rule: SigmaCorrelationRule, bases: Mapping[int, Base]) -> str:
    """The relation of the events at which it came true: ts, sensor, src, dst, flow_id. ``bases`` by id() of a rule."""
    condition = rule.condition
    if not isinstance(condition, SigmaCorrelationCondition):
        raise NotRunnable("a correlation whose condition is an expression over rules")
    span_s = int(rule.timespan.seconds)
    if not 0 < span_s <= SPAN_S_MAX:
        raise NotRunnable(f"the timespan must be between one second and {SPAN_S_MAX // 86400} days")
    if not 0 < len(rule.referenced_rules) <= REFERENCES_MAX:
        raise NotRunnable(f"a correlation counts at most {REFERENCES_MAX} rules")
    if isinstance(condition.fieldref, list):
        raise NotRunnable("a value made of several fields")
    events = " UNION ALL ".join(
        _events(rule, reference, slot, bases, condition.fieldref)
        for slot, reference in enumerate(rule.referenced_rules)
    )
    groups = [f"g{at}" for at in range(len(rule.group_by or ()))]
    by = f"PARTITION BY {', '.join(groups)} " if groups else ""
    frame = f"({by}ORDER BY ts RANGE BETWEEN INTERVAL {span_s} SECOND PRECEDING AND CURRENT ROW)"
    known = f"SELECT * FROM ({events})" + (
        " WHERE " + " AND ".join(f"{group} IS NOT NULL" for group in groups) if groups else ""
    )
    kind, slots = rule.type.name, len(rule.referenced_rules)
    if kind == "TEMPORAL_ORDERED":
        if condition.op.name not in ("GTE", "EQ") or condition.count not in (1, slots):
            raise NotRunnable("an order of only some of the rules")
        measured, order = _in_order(known, by, span_s, slots), "came"
    else:
        measured = f"SELECT *, {_metric(kind, condition)} OVER {frame} AS metric FROM ({known})"
        count = slots if kind == "TEMPORAL" and condition.op.name == "GTE" and condition.count == 1 else condition.count
        order = f"metric {_OPERATORS[condition.op.name]} {count}"
    return f"(SELECT ts, sensor, src, dst, flow_id FROM ({measured}) WHERE {order})"


def _metric(kind: str, condition: SigmaCorrelationCondition) -> str:
    match kind:
        case "EVENT_COUNT":
            return "count(*)"
        case "VALUE_COUNT":
            return "count(DISTINCT lower(CAST(v AS VARCHAR)))"
        case "TEMPORAL":
            return "count(DISTINCT slot)"
        case "VALUE_SUM":
            return "sum(TRY_CAST(v AS DOUBLE))"
        case "VALUE_AVG":
            return "avg(TRY_CAST(v AS DOUBLE))"
        case "VALUE_MEDIAN":
            return "quantile_cont(TRY_CAST(v AS DOUBLE), 0.5)"
        case "VALUE_PERCENTILE" if condition.percentile is not None and 0 <= condition.percentile <= 100:
            return f"quantile_cont(TRY_CAST(v AS DOUBLE), {condition.percentile / 100})"
    raise NotRunnable(f"a correlation of the type {kind.lower()}")


def _in_order(known: str, by: str, span_s: int, slots: int) -> str:
    """For each event of the last rule whether the others came before it, in their order, the first of them within the
    span: each step keeps the latest moment at which an order that reaches it can have begun."""
    before = f"({by}ORDER BY ts RANGE BETWEEN INTERVAL {span_s} SECOND PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING)"
    relation = f"SELECT *, CASE WHEN slot = 0 THEN ts END AS begun0 FROM ({known})"
    for slot in range(1, slots):
        relation = f"""SELECT *, CASE WHEN slot = {slot} THEN max(begun{slot - 1}) OVER {before} END AS begun{slot}
            FROM ({relation})"""
    return f"SELECT *, coalesce(ts - begun{slots - 1} <= INTERVAL {span_s} SECOND, FALSE) AS came FROM ({relation})"


def _events(
    rule: SigmaCorrelationRule, reference: SigmaRuleReference, slot: int, bases: Mapping[int, Base], value: str | None
) -> str:
    counted = reference.rule
    if not isinstance(counted, SigmaRule):
        raise NotRunnable("a correlation of correlations")
    base = bases.get(id(counted))
    if base is None:
        raise NotRunnable(f"the rule {reference.reference} that it counts does not run")
    names = {reference.reference, str(counted.name), str(counted.id)}
    aliases = {
        alias.alias: field
        for alias in rule.aliases
        for target, field in alias.mapping.items()
        if target.reference in names
    }
    groups = [_key(base.target, aliases.get(name, name)) for name in rule.group_by or ()]
    columns = "".join(f", {sql} AS g{at}" for at, sql in enumerate(groups))
    seen = _key(base.target, aliases.get(value, value)) if value else "NULL"
    return f"""SELECT ts, sensor, src, dst, flow_id, {slot} AS slot{columns}, {seen} AS v
        FROM {base.target.relation} WHERE {base.condition}"""


def _key(target: Target, name: str) -> str:
    """A field as what events are grouped or counted by: a text, compared without case."""
    field: Field | None = target.fields.get(name.lower())
    if field is None:
        raise NotRunnable(f"the field {name} is not kept")
    if field.kind in ("list", "truth"):
        raise NotRunnable(f"events cannot be grouped or counted by {name}")
    return f"lower(CAST({field.sqls[0]} AS VARCHAR))"
