"""Sigma rules from files -> rules over the store's rows. Every rule of every file has exactly one outcome: it runs, it
is part of a correlation, it is not supported and why, or it cannot be read and why.

pySigma reads and checks the rules; what they ask for is turned into SQL here, once. Refuses to open files and to run
anything.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Literal

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from bavn.actor.hunt.rule_text import NotReadable, RuleFile, documents
from bavn.actor.hunt.sigma_correlation import Base, correlated_sql
from bavn.actor.hunt.sigma_fields import Target
from bavn.actor.hunt.sigma_match import NotRunnable
from bavn.actor.hunt.sigma_sources import target_of
from bavn.actor.hunt.sigma_sql import DuckdbBackend
from bavn.model.intel.rule import LEVELS, Level, RowRule

SigmaState = Literal["runs", "part", "unsupported", "unreadable"]
RULES_MAX: Final = 20_000
SQL_CHARS_MAX: Final = 150_000
CONDITION_CHARS_MAX: Final = 4000
REASON_CHARS_MAX: Final = 300
TITLE_CHARS_MAX: Final = 200
_TECHNIQUE: Final = re.compile(r"t[0-9]{4}(\.[0-9]{3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one rule (or, with an empty title, of a whole file). ``reason`` is empty only if it runs."""

    file: str
    title: str
    id: str
    standing: SigmaState
    reason: str
    rule: RowRule | None = None


@dataclass(slots=True)
class _Read:
    """A rule that was read, on its way to an outcome."""

    file: str
    rule: SigmaRule | SigmaCorrelationRule
    reason: str = ""
    counted: bool = False


def rules_of(outcomes: Iterable[Outcome]) -> tuple[RowRule, ...]:
    """Those that run."""
    return tuple(outcome.rule for outcome in outcomes if outcome.rule is not None)


def read_rules(files: Sequence[RuleFile]) -> list[Outcome]:
    """One outcome a rule, in the order of the files. Filters of the files hold for all of their rules."""
    refused: list[tuple[int, Outcome]] = []
    read: list[tuple[int, _Read]] = []
    filters: list[SigmaFilter] = []
    for at, file in enumerate(files):
        for rule in _of_file(file):
            if isinstance(rule, Outcome):
                refused.append((at, rule))
            elif isinstance(rule, SigmaFilter):
                filters.append(rule)
            elif len(read) < RULES_MAX:
                read.append((at, _Read(file.name, rule)))
            else:
                refused.append((at, _cannot(file.name, f"more than {RULES_MAX:,} rules are given")))
    for _, entry in read:
        _filtered(entry, filters)
    _refer([entry for _, entry in read])
    bases: dict[int, Base] = {}
    simple = {id(entry): _simple(entry, bases) for _, entry in read if isinstance(entry.rule, SigmaRule)}
    made = refused + [(at, simple.get(id(entry)) or _correlation(entry, bases)) for at, entry in read]
    return [outcome for _, outcome in sorted(made, key=lambda pair: pair[0])]


def _of_file(file: RuleFile) -> list[SigmaRule | SigmaCorrelationRule | SigmaFilter | Outcome]:
    try:
        given = documents(file.raw)
    except NotReadable as error:
        return [_cannot(file.name, str(error))]
    if not given:
        return [_cannot(file.name, "the file holds no rule")]
    whole = any(isinstance(document, dict) and "action" in document for document in given)
    rules: list[SigmaRule | SigmaCorrelationRule | SigmaFilter | Outcome] = []
    for part in [given] if whole else [[document] for document in given]:
        rules.extend(_of_documents(file.name, part))
    return rules


def _of_documents(file: str, given: list[Any]) -> list[SigmaRule | SigmaCorrelationRule | SigmaFilter | Outcome]:
    title = next((str(one.get("title", "")) for one in given if isinstance(one, dict)), "")
    if not all(isinstance(document, dict) for document in given):
        return [_cannot(file, "a rule must be a mapping of names and values")]
    if any(_long_condition(document) for document in given):
        return [_cannot(file, f"a condition has more than {CONDITION_CHARS_MAX} characters", title)]
    try:
        collection = SigmaCollection.from_dicts(
            given, collect_errors=True, collect_filters=True, resolve_references=False
        )
        bad = [error for rule in (*collection.rules, *collection.filters) for error in rule.errors] + list(
            collection.errors
        )
    except RecursionError:
        return [_cannot(file, "it is nested too deeply", title)]
    except Exception as error:  # noqa: BLE001 - whatever pySigma stumbles over, the rule is at fault
        return [_cannot(file, _reason(error), title)]
    if bad:
        return [_cannot(file, _reason(bad[0]), title)]
    return [*collection.rules, *collection.filters]


def _long_condition(document: dict[Any, Any]) -> bool:
    for holder in (document.get("detection"), document.get("correlation")):
        conditions = holder.get("condition") if isinstance(holder, dict) else None
        for condition in conditions if isinstance(conditions, list) else [conditions]:
            if isinstance(condition, str) and len(condition) > CONDITION_CHARS_MAX:
                return True
    return False


def _filtered(entry: _Read, filters: Sequence[SigmaFilter]) -> None:
    for sigma_filter in filters:
        if isinstance(entry.rule, SigmaRule):
            try:
                filtered = sigma_filter.apply_on_rule(entry.rule)
            except Exception as error:  # noqa: BLE001 - a filter that does not fit must not go unseen
                entry.reason = f"the filter {_line(str(sigma_filter.title))} does not fit: {_reason(error)}"
                return
            if isinstance(filtered, SigmaRule):
                entry.rule = filtered


def _refer(entries: Sequence[_Read]) -> None:
    """Finds the rules that correlations count, by name or id; the first of a name counts."""
    known: dict[str, _Read] = {}
    for entry in entries:
        for key in {str(entry.rule.id or ""), str(entry.rule.name or "")} - {""}:
            known.setdefault(key, entry)
        if entry.rule.id and known[str(entry.rule.id)] is not entry:
            entry.reason = f"the id {entry.rule.id} is taken by a rule in {known[str(entry.rule.id)].file}"
    for entry in entries:
        if not isinstance(entry.rule, SigmaCorrelationRule):
            continue
        entry.rule.referenced_rules = list(entry.rule.rules or ())
        for reference in entry.rule.referenced_rules:
            rule = known.get(str(reference.reference))
            if rule is None:
                entry.reason = f"the rule {_line(str(reference.reference))} that it counts is not among those given"
                break
            reference.rule = rule.rule
            rule.counted |= not entry.rule.generate


def _simple(entry: _Read, bases: dict[int, Base]) -> Outcome:
    rule = entry.rule
    if not isinstance(rule, SigmaRule):
        raise TypeError(type(rule))
    if entry.reason:
        return _outcome(entry, "unsupported", entry.reason)
    source = rule.logsource
    target = target_of(source.product, source.category, source.service)
    if isinstance(target, str):
        return _outcome(entry, "unsupported", target)
    backend = DuckdbBackend()
    backend.target = target
    try:
        condition = _condition(backend, rule)
    except NotRunnable as error:
        return _outcome(entry, "unsupported", _all_unknown(rule, target) or _reason(error))
    except RecursionError:
        return _outcome(entry, "unsupported", "it is nested too deeply")
    except Exception as error:  # noqa: BLE001 - whatever pySigma cannot turn into a query
        return _outcome(entry, "unsupported", _reason(error))
    bases[id(rule)] = Base(target, condition)
    row_rule = _row_rule(entry, target, target.relation, condition, backend.notes)
    if entry.counted:
        return _outcome(entry, "part", "it is counted by a correlation and tells nothing by itself")
    return _outcome(entry, "runs", "", row_rule)


def _condition(backend: DuckdbBackend, rule: SigmaRule) -> str:
    conditions = [f"({query})" for query in backend.convert_rule(rule)]  # type: ignore[no-untyped-call]
    if not conditions:
        raise NotRunnable("the rule has no condition that can be asked")
    return _short(conditions[0] if len(conditions) == 1 else f"({' OR '.join(conditions)})")


def _short(sql: str) -> str:
    if len(sql) > SQL_CHARS_MAX:
        raise NotRunnable(f"as SQL it has {len(sql):,} characters; {SQL_CHARS_MAX:,} are allowed")
    return sql


def _correlation(entry: _Read, bases: dict[int, Base]) -> Outcome:
    rule = entry.rule
    if not isinstance(rule, SigmaCorrelationRule):
        raise TypeError(type(rule))
    if entry.reason:
        return _outcome(entry, "unsupported", entry.reason)
    try:
        relation = _short(correlated_sql(rule, bases))
    except Exception as error:  # noqa: BLE001 - NotRunnable with its reason, or what pySigma did not expect
        return _outcome(entry, "unsupported", _reason(error))
    target = bases[id(rule.referenced_rules[0].rule)].target
    return _outcome(entry, "runs", "", _row_rule(entry, target, relation, "TRUE", set(), correlated=True))


def _row_rule(
    entry: _Read, target: Target, relation: str, condition: str, notes: set[str], *, correlated: bool = False
) -> RowRule:
    rule = entry.rule
    level: Level = "medium"
    if rule.level is not None and rule.level.name.lower() in LEVELS:
        level = next(one for one in LEVELS if one == rule.level.name.lower())
    technique = next(
        (tag.name.upper() for tag in rule.tags if tag.namespace == "attack" and _TECHNIQUE.fullmatch(tag.name)), None
    )
    return RowRule(
        id=_id(entry),
        title=_line(rule.title or "")[:TITLE_CHARS_MAX] or _id(entry),
        level=level,
        technique=technique,
        table=target.table,
        relation=relation,
        condition=condition,
        name_column="" if correlated else target.name_column,
        shown=() if correlated else target.shown,
        notes=tuple(sorted(notes | ({target.note} if target.note else set()))),
        by_row=target.by_row and not correlated,
    )


def _id(entry: _Read) -> str:
    if entry.rule.id is not None:
        return str(entry.rule.id)
    return blake2b(f"{entry.file}\x1f{entry.rule.title}".encode(errors="replace"), digest_size=16).hexdigest()


def _all_unknown(rule: SigmaRule, target: Target) -> str:
    """All the fields of a rule that are not kept, not only the first: so its author knows at once."""
    unknown: list[str] = []
    waiting: list[Any] = [*rule.detection.detections.values()]
    while waiting:
        item = waiting.pop(0)
        name = getattr(item, "field", None)
        if name and str(name).lower() not in target.fields and str(name) not in unknown:
            unknown.append(str(name))
        waiting.extend(getattr(item, "detection_items", ()))
    if not unknown:
        return ""
    fields = "field" if len(unknown) == 1 else "fields"
    return f"{fields} {', '.join(_line(name)[:60] for name in unknown[:10])}: not kept in {target.table}"


def _outcome(entry: _Read, standing: SigmaState, reason: str, rule: RowRule | None = None) -> Outcome:
    title = _line(str(entry.rule.title or ""))[:TITLE_CHARS_MAX]
    return Outcome(
        file=entry.file,
        title=title,
        id=_id(entry),
        standing=standing,
        reason=_line(reason)[:REASON_CHARS_MAX],
        rule=rule,
    )


def _cannot(file: str, reason: str, title: str = "") -> Outcome:
    said = _line(title)[:TITLE_CHARS_MAX]
    return Outcome(file=file, title=said, id="", standing="unreadable", reason=_line(reason)[:REASON_CHARS_MAX])


def _reason(error: Exception) -> str:
    return _line(str(error))[:REASON_CHARS_MAX] or type(error).__name__


def _line(text: str) -> str:
    """One line without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
