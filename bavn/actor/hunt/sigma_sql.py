"""Sigma conditions as DuckDB's SQL over the store: pySigma's SQLite backend with DuckDB's own words and typed columns.

A field that the store does not keep, or that cannot be compared as the rule asks, raises NotRunnable with the reason.
Refuses to know rules as a whole.
"""

from typing import Any, ClassVar, Final, cast

from sigma.backends.sqlite.sqlite import sqliteBackend
from sigma.conditions import ConditionFieldEqualsValueExpression as Equals
from sigma.conditions import ConditionValueExpression as Keyword
from sigma.conversion.state import ConversionState
from sigma.types import (
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
)

from bavn.actor.hunt.sigma_fields import Field, Kind, Target
from bavn.actor.hunt.sigma_match import NOT_LOWERED, NotRunnable, as_text, cidr_sql, regex_sql, value_sql

_PARTS: Final = {"minute": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month", "year": "year"}
_OPERATORS: Final = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=", "NEQ": "<>"}


class DuckdbBackend(sqliteBackend):
    """Give it the target of the next rule, then convert that rule. ``notes``: what its fields differ in."""

    null_safe_expression: ClassVar[str] = "COALESCE({expr}, FALSE)"
    empty_or_expression: ClassVar[str | None] = "FALSE"
    empty_and_expression: ClassVar[str | None] = "TRUE"

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.target: Target | None = None
        self.notes: set[str] = set()

    def field_of(self, name: str | None) -> Field:
        """Raises NotRunnable for a field that is not kept."""
        column = self.target.fields.get((name or "").lower()) if self.target else None
        if column is None:
            raise NotRunnable(f"the field {name} is not kept")
        if column.note:
            self.notes.add(f"{name}: {column.note}")
        return column

    def escape_and_quote_field(self, field: str) -> str:
        return self.field_of(field).sqls[0]

    def finish_query(self, rule: Any, query: Any, state: ConversionState) -> Any:
        del rule, state
        return query

    def finalize_query(self, rule: Any, query: Any, index: int, state: ConversionState, output_format: str) -> Any:
        del rule, index, state, output_format
        return query

    def convert_condition_field_eq_val_str(self, cond: Equals, state: ConversionState) -> str:
        del state
        field = self.field_of(cond.field)
        return _any(self._value(sql, field.kind, cast("SigmaString", cond.value)) for sql in field.sqls)

    def convert_condition_field_eq_val_str_case_sensitive(self, cond: Equals, state: ConversionState) -> str:
        del state
        field = self.field_of(cond.field)
        return _any(self._value(sql, field.kind, cast("SigmaString", cond.value), cased=True) for sql in field.sqls)

    def convert_condition_field_eq_val_num(self, cond: Equals, state: ConversionState) -> str:
        del state
        field = self.field_of(cond.field)
        if field.kind == "number":
            return _any(f"{sql} = {cond.value}" for sql in field.sqls)
        if field.kind == "moment":
            return _any(f"epoch({sql}) = {cond.value}" for sql in field.sqls)
        return _any(self._value(sql, field.kind, SigmaString(str(cond.value))) for sql in field.sqls)

    def convert_condition_field_eq_val_bool(self, cond: Equals, state: ConversionState) -> str:
        del state
        field = self.field_of(cond.field)
        return _any(self._value(sql, field.kind, SigmaString(str(cond.value).lower())) for sql in field.sqls)

    def convert_condition_field_eq_val_timestamp_part(self, cond: Equals, state: ConversionState) -> str:
        del state
        field, value = self.field_of(cond.field), cond.value
        if field.kind != "moment" or not isinstance(value, SigmaTimestampPart):
            raise NotRunnable(f"the field {cond.field} is no time")
        part = _PARTS[value.timestamp_part.name.lower()]
        return _any(f"date_part('{part}', {sql}) = {value.number}" for sql in field.sqls)

    def convert_condition_field_eq_val_re(self, cond: Equals, state: ConversionState) -> str:
        del state
        field = self.field_of(cond.field)
        return _any(regex_sql(sql, field.kind, cast("SigmaRegularExpression", cond.value)) for sql in field.sqls)

    def convert_condition_field_eq_val_cidr(self, cond: Equals, state: ConversionState) -> str:
        del state
        field = self.field_of(cond.field)
        return _any(cidr_sql(sql, field.kind, cast("SigmaCIDRExpression", cond.value).cidr) for sql in field.sqls)

    def convert_condition_field_compare_op_val(self, cond: Equals, state: ConversionState) -> str:
        del state
        field, value = self.field_of(cond.field), cond.value
        if field.kind not in ("number", "moment") or not isinstance(value, SigmaCompareExpression):
            raise NotRunnable(f"the field {cond.field} is no number to compare with")
        shape = "epoch({})" if field.kind == "moment" else "{}"
        return _any(f"{shape.format(sql)} {_OPERATORS[value.op.name]} {value.number}" for sql in field.sqls)

    def convert_condition_field_eq_field(self, cond: Equals, state: ConversionState) -> str:
        del state
        reference = cast("SigmaFieldReference", cond.value)
        field, other = self.field_of(cond.field), self.field_of(reference.field)
        texts = {"text", "name", "address"}
        if "list" in (field.kind, other.kind) or (field.kind != other.kind and not {field.kind, other.kind} <= texts):
            raise NotRunnable(f"the fields {cond.field} and {reference.field} cannot be compared")
        left, right = (
            f"lower({as_text(field.sqls[0], field.kind)})" if field.kind in texts else field.sqls[0]
            for field in (field, other)
        )
        if reference.starts_with and reference.ends_with:
            return f"contains({left}, {right})"
        if reference.starts_with:
            return f"starts_with({left}, {right})"
        return f"ends_with({left}, {right})" if reference.ends_with else f"{left} = {right}"

    def convert_condition_field_eq_val_null(self, cond: Equals, state: ConversionState) -> str:
        del state
        field = self.field_of(cond.field)
        empty = "coalesce(len({0}), 0) = 0" if field.kind == "list" else "{0} IS NULL"
        return "(" + " AND ".join(empty.format(sql) for sql in field.sqls) + ")"

    def convert_condition_field_exists(self, cond: Equals, state: ConversionState) -> str:
        return f"NOT {self.convert_condition_field_eq_val_null(cond, state)}"

    def convert_condition_field_not_exists(self, cond: Equals, state: ConversionState) -> str:
        return self.convert_condition_field_eq_val_null(cond, state)

    def convert_condition_field_eq_query_expr(self, cond: Equals, state: ConversionState) -> str:
        del cond, state
        raise NotRunnable("a query of another language stands in the rule")

    def convert_condition_field_eq_expansion(self, cond: Equals, state: ConversionState) -> str:
        values = cast("SigmaExpansion", cond.value).values
        return _any(self.convert_condition_field_eq_val(Equals(cond.field, value), state) for value in values)

    def convert_condition_val_str(self, cond: Keyword, state: ConversionState) -> str:
        del state
        value = cast("SigmaString", cond.value)
        around = SigmaString("*") + value + SigmaString("*")
        cased = type(value) is not SigmaString
        return _any(self._value(word, "text", around, cased=cased) for word in self._words())

    def convert_condition_val_num(self, cond: Keyword, state: ConversionState) -> str:
        del state
        number = cast("SigmaNumber", cond.value)
        return _any(self._value(word, "text", SigmaString(f"*{number}*")) for word in self._words())

    def convert_condition_val_re(self, cond: Keyword, state: ConversionState) -> str:
        del state
        regex = cast("SigmaRegularExpression", cond.value)
        return _any(regex_sql(word, "text", regex) for word in self._words())

    def _words(self) -> tuple[str, ...]:
        if self.target is None:
            raise NotRunnable("keywords need a log source")
        self.notes.add(f"keywords are looked for in {', '.join(self.target.shown)}")
        words = self.target.words
        return words if len(words) == 1 else (f"concat_ws(' ', {', '.join(words)})",)

    def _value(self, sql: str, kind: Kind, value: SigmaString, *, cased: bool = False) -> str:
        lowered = self.target.lowered if self.target else NOT_LOWERED
        return value_sql(sql, kind, value, cased=cased, lowered=lowered)


def _any(conditions: Any) -> str:
    """One condition, true where any of these is."""
    found = list(conditions)
    return found[0] if len(found) == 1 else "(" + " OR ".join(f"({one})" for one in found) + ")"
