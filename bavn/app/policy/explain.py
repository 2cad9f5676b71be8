"""A policy explained: what each line means, what would leave and what never could, what differs from the one in force,
and what it would have let out of what this node really suspects.

The rules that try it on are gate 1's own. Refuses to put a policy into force, and to change anything.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bavn.actor.door.draft import Draft
from bavn.actor.door.live import Element, is_strong, live_elements
from bavn.actor.door.ordinary import established_by, none_established
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.report_rules import WAITS, ElementRequest, Offered, Rules
from bavn.actor.door.round_elements import element_of
from bavn.actor.door.rounds.reveals import Revealed
from bavn.actor.door.state import State
from bavn.app.config.load import POLICY_TABLES, NodeConfig
from bavn.app.node.protect import never_block
from bavn.app.policy.file import BYTES_MAX, Change, Field, fields_of
from bavn.app.policy.means import Way, means, ways
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Neighbours
from bavn.model.sector.verdict import Verdicts
from bavn.model.settings import SettingsError, faults
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text
from bavn.model.toml import BadToml, table_of
from bavn.psi.round import Cell

FILE_NAME: Final = "policy.toml"
TIERS: Final = ("A", "B")
LEAVES, ASKS, STAYS = "leaves", "asks", "stays"
_TABLE: Final = re.compile(r"\s*\[\s*[\"']?([^\]\"'=]*)[\"']?\s*\]\s*(?:#.*)?$")
_AT_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as the node would read it. ``text``: the file; empty for all defaults."""

    text: str
    tables: Mapping[str, Any]

    @property
    def door(self) -> DoorPolicy:
        found: DoorPolicy = self.tables["door"]
        return found

    def fields(self) -> list[Field]:
        """Every field, in the order of the docs."""
        return fields_of(self.tables, self.text)


@dataclass(frozen=True, slots=True)
class Line:
    """A field that the file sets, and where."""

    line: int
    field: Field
    says: Text


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows of one change."""

    change: Change
    ways: tuple[Way, ...]
    says: Text


@dataclass(frozen=True, slots=True)
class Tried:
    """An element under a policy: leaves if enough others hold it, waits for a person (asks), or stays; and the rule
    that keeps it."""

    outcome: str
    rule: str


@dataclass(frozen=True, slots=True)
class Differs:
    """An element that fares otherwise under the new policy."""

    observable: Observable
    suspicion: str
    before: Tried
    after: Tried


def policy_in(given: Path, config: NodeConfig) -> Policy:
    """The policy in a file, or in a folder's ``policy.toml``, as this node would read it. SettingsError: one error,
    with its line where it is a line's."""
    file = given / FILE_NAME if given.is_dir() else given
    if not file.exists():
        raise SettingsError(Text("{file} is not there", file=file))
    try:
        if file.stat().st_size > BYTES_MAX:
            raise SettingsError(Text("{file} has more than {bytes_max} bytes", file=file, bytes_max=BYTES_MAX))
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(Text("{file} cannot be read: {error}", file=file, error=Text.of_error(error))) from error
    return policy_of(text, config, str(file))


def policy_of(text: str, config: NodeConfig, name: str) -> Policy:
    """The same of a text; ``name`` as the error calls it."""
    try:
        given = table_of(text)
    except BadToml as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise SettingsError(
            Text(
                "{name}, line {line}: no TOML: {what}", name=name, line=line, what=_AT_LINE.sub("", str(error)).strip()
            )
        ) from error
    tables = {}
    for table, fields in given.items():
        if table not in POLICY_TABLES:
            known = ", ".join(f"[{table_name}]" for table_name in POLICY_TABLES)
            raise SettingsError(
                Text(
                    "{name}, line {what}: no table is called [{table}]; known: {known}",
                    name=name,
                    what=line_of(text, table, ""),
                    table=table,
                    known=known,
                )
            )
        if not isinstance(fields, dict):
            raise SettingsError(
                Text(
                    "{name}, line {what}: {table} must be a table: [{table}]",
                    name=name,
                    what=line_of(text, "", table),
                    table=table,
                )
            )
    for table, kind in POLICY_TABLES.items():
        fields = given.get(table, {})
        wrong = faults(kind, fields, table)
        if wrong:
            first, said = min(wrong.items(), key=lambda item: (line_of(text, table, item[0]), item[0]))
            raise SettingsError(
                Text("{name}, line {what}: {said}", name=name, what=line_of(text, table, first), said=said)
            )
        tables[table] = _built(kind, table, fields, text, name)
    try:
        never_block(replace(config, door=tables["door"], protect=tables["protect"]))
    except (SettingsError, OSError) as error:
        at_line = line_of(text, "protect", "never_block_file")
        raise SettingsError(
            Text(
                "{name}, line {at_line}: never_block_file: {error}",
                name=name,
                at_line=at_line,
                error=Text.of_error(error),
            )
        ) from error
    return Policy(text, tables)


def _built(kind: type[Any], table: str, fields: Mapping[str, Any], text: str, name: str) -> Any:
    """Each field is right by itself; what they say together may not be."""
    try:
        return kind(**{one: tuple(value) if isinstance(value, list) else value for one, value in fields.items()})
    except SettingsError as error:
        named = re.search(rf"{table}\.(\w+)", str(error))
        raise SettingsError(
            Text(
                "{name}, line {what}: {error}",
                name=name,
                what=line_of(text, table, named[1] if named else ""),
                error=Text.of_error(error),
            )
        ) from error


def line_of(text: str, table: str, name: str) -> int:
    """Where a field of a table is set, from 1; the table's own line where that cannot be told; else 1."""
    inside = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
    dotted = re.compile(rf"\s*{re.escape(table)}\s*\.\s*{re.escape(name)}\s*=")
    here, table_line = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        opened = _TABLE.match(line)
        if opened is not None:
            here = opened[1].strip()
            table_line = number if here == table and not table_line else table_line
        elif (name and here == table and inside.match(line)) or (name and not here and dotted.match(line)):
            return number
    return table_line or 1


def lines_of(policy: Policy) -> list[Line]:
    """What the file sets, in its own order."""
    lines = [
        Line(line_of(policy.text, field.table, field.name), field, means(field.name, field.value, field.about))
        for field in policy.fields()
        if field.written
    ]
    return sorted(lines, key=lambda line: line.line)


def consequences(before: Policy, after: Policy) -> list[Consequence]:
    """What the new policy does that the old one does not, and the reverse."""
    was = {(field.table, field.name): field for field in before.fields()}
    consequences = []
    for field in after.fields():
        old = was[field.table, field.name]
        if old.value != field.value:
            follows = ways(field.table, field.name, old.value, field.value)
            consequences.append(
                Consequence(Change(old, field.value), follows, means(field.name, field.value, field.about))
            )
    return consequences


def recent(suspicions: Iterable[Suspicion], now_us: int, days: int) -> list[Suspicion]:
    """What was met in the last ``days`` days."""
    return [one for one in suspicions if one.last_us >= now_us - days * DAY_US]


def tried(
    policy: DoorPolicy,
    config: NodeConfig,
    state: State,
    clock: Clock,
    suspicions: Iterable[Suspicion],
    verdicts: Verdicts,
    commons: Neighbours | None = None,
) -> dict[Observable, tuple[str, Tried]]:
    """What would become of each element if the centre showed enough receipts for it now: its suspicion's id, and the
    outcome in the tier that lets most out. ``commons``: what the sector told of what is ordinary."""
    rules = Rules(policy, state, clock, config.node.homes)
    known = list(suspicions)
    established = established_by(commons, clock) if commons and policy.join_commons else none_established
    trials: dict[Observable, tuple[str, Tried]] = {}
    for tier in TIERS:
        for element, enough in live_elements(known, tier, clock.now_us(), policy, verdicts, established=established):
            outcome = _outcome(rules, tier, element, enough=enough)
            old = trials.get(element.observable)
            if old is None or _RANK[outcome.outcome] > _RANK[old[1].outcome]:
                trials[element.observable] = (element.suspicion.id, outcome)
    return trials


_RANK: Final = {STAYS: 0, ASKS: 1, LEAVES: 2}
TOO_OLD: Final = Tried(STAYS, "too_old")
"""No policy's window holds it any more."""


def _outcome(rules: Rules, tier: str, element: Element, *, enough: bool) -> Tried:
    draft: Draft = Draft()
    for offered in rules.element_row():
        out = offered.apply(Offered(element, tier, enough), draft)
        if isinstance(out, Refused):
            return Tried(STAYS, out.rule)
        draft = out
    asked, draft = ElementRequest("0" * 32, tier, Cell(0, 0), element_of(element), True, element.judged), Draft()
    for report in rules.report_row():
        out = report.apply(asked, draft)
        if isinstance(out, Refused):
            return Tried(ASKS if out == WAITS else STAYS, out.rule)
        draft = out
    return Tried(LEAVES, "strong" if is_strong(tier) else "weak")


def differences(
    before: Mapping[Observable, tuple[str, Tried]], after: Mapping[Observable, tuple[str, Tried]]
) -> list[Differs]:
    """Elements that fare otherwise, in order."""
    differs = []
    for observable in sorted({*before, *after}):
        old, new = before.get(observable), after.get(observable)
        was, is_now = old[1] if old else TOO_OLD, new[1] if new else TOO_OLD
        if was.outcome != is_now.outcome:
            differs.append(Differs(observable, (new or old or ("", TOO_OLD))[0], was, is_now))
    return differs


def requested_before(reveals: Iterable[Revealed], policy: DoorPolicy, since_us: int) -> list[Differs]:
    """What the centre really asked this node to name since then, and would have been answered otherwise: the latest
    question about each element, judged by its class and by what the policy leaves out."""
    latest: dict[Observable, Revealed] = {}
    for reveal in reveals:
        known = latest.get(reveal.observable)
        if reveal.at_us >= since_us and (
            known is None or (not reveal.rule, reveal.number) > (not known.rule, known.number)
        ):
            latest[reveal.observable] = reveal
    differs = []
    for observable, reveal in sorted(latest.items()):
        if reveal.rule not in ("", "reveal_mode", "not_left_out"):
            continue
        was = Tried(LEAVES, "") if not reveal.rule else Tried(STAYS, reveal.rule)
        mode = "never" if observable in policy.left_out else policy.reveal_mode(observable.type)
        rule = "not_left_out" if observable in policy.left_out else "reveal_mode"
        outcome = {"automatic": Tried(LEAVES, ""), "ask": Tried(ASKS, rule), "never": Tried(STAYS, rule)}[mode]
        if (outcome.outcome == LEAVES) != (was.outcome == LEAVES):
            differs.append(Differs(observable, "", was, outcome))
    return differs
