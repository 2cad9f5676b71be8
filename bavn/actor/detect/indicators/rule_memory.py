"""What Sigma rules named, folded by hour and kept between looks: a look asks only for hours whose rows have changed.

An answer holds as long as the store has the same rows of that hour, so kept answers and new ones together are what a
look over all of the window gives. A rule that needs several rows at once (a correlation) is asked over the whole window
each time. With a bound on what a look may ask, the newest hours come first and the rest waits; what waits, what the
store refused and what was too much to keep is told. Refuses to know Sigma, the clock and what a match is worth.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bavn.model.intel.rule import RowRule, named_rows_sql, together
from bavn.model.moment import HOUR_US
from bavn.model.ports import HourStamps, QueryRefused, Window

GROUPS_TOTAL_MAX: Final = 600_000
GROUPS_RULE_MIN, GROUPS_RULE_MAX = 2_000, 100_000
"""Groups (host, peer and hour) that are kept of a rule: its share of the total. Some 170 bytes each."""
ASKED_CHECKS_MAX: Final = 50_000_000
"""Rows times rules of one query: some 6 CPU s."""
REST_LOOKS: Final = 30
"""A rule that the store refused is asked again after so many looks: it may have cost the whole time of a query."""

Key = tuple[Any, Any, str | None, bool]
"""Host, peer, what names the peer, whether the host called."""
Group = tuple[Key, int, int, int]
"""Rows, first and last moment of them (us)."""


@dataclass(slots=True)
class RuleMatches:
    """What a rule named in an hour: the first ``groups`` of ``size``, for the rows that ``stamp`` stands for between
    two moments."""

    stamp: object
    first_us: int
    last_us: int
    groups: Sequence[Group]
    size: int

    def holds(self, stamp: object, first_us: int, last_us: int, groups_max: int) -> bool:
        """Still the first groups that the rule names between these moments: nothing was added, and nothing that it
        names falls out."""
        if stamp != self.stamp or first_us < self.first_us or last_us > self.last_us:
            return False
        if len(self.groups) < min(self.size, groups_max):
            return False
        if (first_us, last_us) == (self.first_us, self.last_us):
            return True
        whole = len(self.groups) == self.size
        return whole and all(first_us <= first and last < last_us for _, _, first, last in self.groups)


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule that the store did not answer, and why."""

    rule: RowRule
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesStatus:
    """How the rules stand after a look. ``waiting``: of these rules some rows are not asked yet, the oldest.
    ``cut``: these name so much that only the newest is kept. ``checks``: rows times rules that were asked anew."""

    rules: int = 0
    refused: tuple[Refused, ...] = ()
    waiting: tuple[RowRule, ...] = ()
    cut: tuple[RowRule, ...] = ()
    checks: int = 0


@dataclass(frozen=True, slots=True)
class Folded:
    """All that a rule named about one host and peer. ``days``: calendar days (UTC) with rows."""

    rule: RowRule
    key: Key
    count: int
    first_us: int
    last_us: int
    days: int


@dataclass(slots=True)
class _Plan:
    """What is to be asked: for a set of rules of one group the hours, with what stamps them."""

    rules: tuple[RowRule, ...]
    hours: list[int]


@dataclass(slots=True)
class RuleMemory:
    """Kept by whoever looks again and again; a new one is a look over everything. ``checks_max``: rows times rules
    that a look may ask; None: no bound. ``waits``: another look over the same rows would know more. One thread looks;
    ``standing`` may be read from any."""

    checks_max: int | None = None
    standing: RulesStatus = field(default_factory=RulesStatus)
    waits: bool = False
    _kept: dict[RowRule, dict[int, RuleMatches]] = field(default_factory=dict)
    _whole: dict[RowRule, tuple[int, list[Group], int]] = field(default_factory=dict)
    _refused: dict[RowRule, tuple[str, int]] = field(default_factory=dict)
    _looks: int = 0

    def look(self, window: Window, rules: Sequence[RowRule]) -> list[Folded]:
        """All that the rules name in the window, as far as it was asked, in the order of the rules. Raises
        QueryRefused where the window answers nothing at all."""
        self._looks += 1
        for kept in (self._kept, self._whole, self._refused):
            for gone in kept.keys() - set(rules):
                del kept[gone]
        stamped = window if isinstance(window, HourStamps) else None
        stamps: dict[str, Mapping[int, object]] = {}
        if stamped is not None:
            stamps = {rule.table: {} for rule in rules}
            stamps = {table: stamped.hour_stamps(table) for table in stamps}
        rows = {table: sum(_rows(stamp) for stamp in hours.values()) for table, hours in stamps.items()}
        by_row = [rule for rule in rules if rule.by_row and stamped is not None]
        whole = [rule for rule in rules if not (rule.by_row and stamped is not None)]
        most = max(GROUPS_RULE_MIN, min(GROUPS_RULE_MAX, GROUPS_TOTAL_MAX // max(1, len(rules))))
        spent, late = self._ask_whole(window, whole, rows, most)
        more, waiting = self._ask_hours(window, by_row, stamps, most, spent)
        self.waits = bool(waiting or late - self._whole.keys())
        late |= waiting
        rules_folded: list[Folded] = []
        cut: list[RowRule] = []
        for rule in rules:
            folded, over = self._folded(rule, most, min(stamps.get(rule.table, ()), default=0))
            rules_folded += folded
            cut += [rule] if over else []
        self.standing = RulesStatus(
            rules=len(rules),
            checks=spent + more,
            cut=tuple(cut),
            refused=tuple(Refused(rule, self._refused[rule][0]) for rule in rules if rule in self._refused),
            waiting=tuple(rule for rule in rules if rule in late),
        )
        return rules_folded

    def _rests(self, rule: RowRule) -> bool:
        return rule in self._refused and self._looks < self._refused[rule][1]

    def _ask_whole(
        self, window: Window, rules: Sequence[RowRule], rows: Mapping[str, int], most: int
    ) -> tuple[int, set[RowRule]]:
        """Rules that need all rows at once: those asked longest ago first, and half of the bound at most, but always
        one. Others keep their last answer. Returns what was spent and who waits."""
        spent, now, late = 0, list[RowRule](), set[RowRule]()
        for rule in sorted(rules, key=lambda rule: self._whole.get(rule, (0,))[0]):
            cost = rows.get(rule.table, 0)
            if self._rests(rule):
                continue
            if now and self.checks_max is not None and spent + cost > self.checks_max // 2:
                late.add(rule)
                continue
            now.append(rule)
            spent += cost
        asked = set(now)
        for group in together([rule for rule in rules if rule in asked]):
            for rule, answers in self._answers(window, tuple(group), "", most):
                groups = [one for hour in sorted(answers, reverse=True) for one in answers[hour][0]]
                self._whole[rule] = self._looks, groups[:most], sum(size for _, size in answers.values())
        return spent, late

    def _ask_hours(
        self,
        window: Window,
        rules: Sequence[RowRule],
        stamps: Mapping[str, Mapping[int, object]],
        most: int,
        spent: int,
    ) -> tuple[int, set[RowRule]]:
        """Hours whose answer does not hold, the newest first, within the bound but always one."""
        stale: list[tuple[int, int, tuple[RowRule, ...], int]] = []
        for at, group in enumerate(together(rules)):
            hours = stamps[group[0].table]
            lacking: dict[int, list[RowRule]] = {}
            for rule in group:
                for hour in self._stale(window, rule, hours, most):
                    lacking.setdefault(hour, []).append(rule)
            stale += [(-hour, at, tuple(those), _rows(hours[hour]) * len(those)) for hour, those in lacking.items()]
        more, late, plans = 0, set[RowRule](), list[_Plan]()
        latest: dict[int, _Plan] = {}
        size: dict[int, int] = {}
        for minus, at, those, cost in sorted(stale, key=lambda one: one[:2]):
            if late or (more and self.checks_max is not None and spent + more + cost > self.checks_max):
                late.update(those)
                continue
            more += cost
            plan = latest.get(at)
            joins = plan is not None and plan.rules == those and plan.hours[-1] == -minus + 1
            if plan is None or not joins or size[at] + cost > ASKED_CHECKS_MAX:
                plan = latest[at] = _Plan(those, [])
                plans.append(plan)
                size[at] = 0
            plan.hours.append(-minus)
            size[at] += cost
        for plan in plans:
            self._ask(window, plan, stamps[plan.rules[0].table], most)
        return more, late

    def _stale(self, window: Window, rule: RowRule, hours: Mapping[int, object], most: int) -> Iterator[int]:
        """The hours to ask, the newest first, up to where the rule has named more than is kept."""
        kept = self._kept.setdefault(rule, {})
        for gone in kept.keys() - hours.keys():
            del kept[gone]
        if self._rests(rule):
            return
        room = most
        for hour in sorted(hours, reverse=True):
            if room <= 0:
                return
            answer = kept.get(hour)
            if answer is not None and answer.holds(hours[hour], *_clip(window, hour), room):
                room -= answer.size
            else:
                yield hour

    def _ask(self, window: Window, plan: _Plan, stamps: Mapping[int, object], most: int) -> None:
        rules = tuple(rule for rule in plan.rules if not self._rests(rule))
        if not rules:
            return
        first, last = plan.hours[-1] * HOUR_US, (plan.hours[0] + 1) * HOUR_US
        span = f" WHERE ts >= make_timestamp({first}) AND ts < make_timestamp({last})"
        for rule, answers in self._answers(window, rules, span, most):
            for hour in plan.hours:
                groups, size = answers.get(hour, ([], 0))
                self._kept[rule][hour] = RuleMatches(stamps[hour], *_clip(window, hour), groups, size)

    def _answers(
        self, window: Window, rules: tuple[RowRule, ...], span: str, most: int
    ) -> list[tuple[RowRule, dict[int, tuple[list[Group], int]]]]:
        """What each of the rules names, by hour; one that is refused is noted and left out."""
        try:
            answers = _groups_by_hour(window, rules, span, most)
        except QueryRefused as error:
            if len(rules) > 1:
                return [one for rule in rules for one in self._answers(window, (rule,), span, most)]
            window.rows("SELECT 1")  # a window that answers nothing is no rule's fault
            self._refused[rules[0]] = str(error), self._looks + REST_LOOKS
            return []
        for rule in rules:
            self._refused.pop(rule, None)
        return list(zip(rules, answers, strict=True))

    def _folded(self, rule: RowRule, most: int, oldest: int) -> tuple[list[Folded], bool]:
        """The newest ``most`` groups, and whether older rows (``oldest``: the first hour with any) are left out.
        What is not told any more is not kept."""
        if rule in self._whole:
            _, groups, size = self._whole[rule]
            return _fold(rule, groups), size > len(groups)
        kept = self._kept.get(rule, {})
        room, kept_groups, cut = most, list[Group](), False
        for hour in sorted(kept, reverse=True):
            answer = kept[hour]
            answer.groups = answer.groups[:room]
            kept_groups += answer.groups
            room -= len(answer.groups)
            cut |= len(answer.groups) < answer.size or (room == 0 and hour > oldest)
        return _fold(rule, kept_groups), cut


def _rows(stamp: object) -> int:
    """How many rows a stamp stands for."""
    return stamp[0] if isinstance(stamp, tuple) else 1


def _clip(window: Window, hour: int) -> tuple[int, int]:
    """What of an hour lies in the window."""
    return max(window.first_us, hour * HOUR_US), min(window.last_us, (hour + 1) * HOUR_US)


def _groups_by_hour(
    window: Window, rules: Sequence[RowRule], span: str, most: int
) -> list[dict[int, tuple[list[Group], int]]]:
    """For each rule by hour: the first groups in the order of host and peer, and how many there are."""
    name = rules[0].name_column or "CAST(NULL AS VARCHAR)"
    rows = window.rows(
        f"""SELECT *, count(*) OVER (PARTITION BY rule, hour) FROM (
        SELECT rule, hour, host, other, "name", outward, count(*) AS n, min(us) AS first_us, max(us) AS last_us
        FROM (SELECT rule, epoch_us(ts) AS us, epoch_us(ts) // {HOUR_US} AS hour,
            CASE WHEN is_home(src) THEN src ELSE dst END AS host,
            CASE WHEN is_home(src) THEN dst ELSE src END AS other, is_home(src) AS outward, {name} AS "name"
            FROM ({named_rows_sql(rules, span)}) WHERE is_home(src) OR is_home(dst))
        GROUP BY rule, hour, host, other, "name", outward)
        QUALIFY row_number() OVER (PARTITION BY rule, hour ORDER BY host, other, "name", outward) <= $limit
        ORDER BY rule, hour, host, other, "name", outward""",
        {"limit": most},
    )
    answers: list[dict[int, tuple[list[Group], int]]] = [{} for _ in rules]
    same: dict[Key, Key] = {}
    for rule, hour, host, other, called, outward, count, first_us, last_us, size in rows:
        key = (host, other, called, bool(outward))
        groups, _ = answers[rule].setdefault(int(hour), ([], int(size)))
        groups.append((same.setdefault(key, key), int(count), int(first_us), int(last_us)))
    return answers


def _fold(rule: RowRule, groups: Iterable[Group]) -> list[Folded]:
    """By host and peer, in their order."""
    by_key: dict[Key, tuple[int, int, int, set[int]]] = {}
    for key, count, first_us, last_us in groups:
        before = by_key.get(key)
        if before is None:
            by_key[key] = count, first_us, last_us, {first_us // (24 * HOUR_US)}
        else:
            days = before[3] | {first_us // (24 * HOUR_US)}
            by_key[key] = before[0] + count, min(before[1], first_us), max(before[2], last_us), days
    ordered = sorted(by_key.items(), key=lambda item: (item[0][0], item[0][1], item[0][2] or "", item[0][3]))
    return [Folded(rule, key, count, first_us, last_us, len(days)) for key, (count, first_us, last_us, days) in ordered]
