"""Suricata rules of an actor: fetched by suricata-update, tried by ``suricata -T``, put in place whole or not at all.

A rule that cannot be read, one without a number say, or that Suricata does not take, is left out and named; a set of
which too little is left is not put in place, and the last good one stays. Nothing is fetched but what the sources name:
without any, suricata-update would take a set of its own choice. Refuses to decide when, and to tell a running Suricata.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.rules.counts import (
    RuleYield,
    counted,
    loaded_before,
    read_yield,
    unset_variables,
    waiting_rules,
    without_dataset,
    write_yield,
)
from bavn.actor.sense.rules.source import FILE_BYTES_MAX, RulesRefused, not_done
from bavn.actor.sense.rules.text import LeftOut, rules_in, without
from bavn.actor.sense.rules.update import Filters, fetch
from bavn.actor.sense.suricata.config import SuricataConfig, offline_yaml
from bavn.actor.sense.suricata.process import SuricataProcess
from bavn.model.counted import rules
from bavn.model.text import Text

TEST_S_MAX: Final = 300.0
TRIALS_MAX: Final = 8
"""Suricata's log holds some thousands of bad rules; a set with more is tried again without those."""

FAILED_SHARE_MAX: Final = 0.5
"""A set of which more than this fails is no set for this Suricata."""

SETS_KEPT: Final = 3
RULES_FILE: Final = "suricata.rules"
CLASSES_FILE: Final = "classification.config"
THRESHOLD_FILE: Final = "threshold.config"
_REFUSED: Final = "refused"
_WORKED: Final = "worked"
_FAILED: Final = "failed"
"""Marks in a set: a Suricata ran with it; why none started."""

_AT: Final = re.compile(r'error parsing signature ".*" from file (?P<file>.*) at line (?P<line>\d+)$', re.DOTALL)
_LOADED: Final = re.compile(r"(\d+) rules successfully loaded, (\d+) rules failed")
_DEBIAN_CLASSES: Final = Path("/etc/suricata/classification.config")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What Suricata said of rules: how many it took, and those it did not, each with its reason. ``waiting``: taken,
    but they wait for a flowbit that no rule sets."""

    loaded: int
    failed: int
    bad: Mapping[tuple[Path, int], str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A set that was put in place: its name, what it came to, and each rule that was left out."""

    name: str
    figures: RuleYield
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class RuleFolder:
    """``folder``: sets of rules below ``sets/``, ``current`` is the one in force, beside them the threshold file."""

    folder: Path

    @property
    def rules(self) -> Path:
        return self.folder / "current" / RULES_FILE

    @property
    def classes(self) -> Path:
        return self.folder / "current" / CLASSES_FILE

    @property
    def threshold(self) -> Path:
        return self.folder / THRESHOLD_FILE

    @property
    def name(self) -> str:
        """The set in force; empty for none."""
        try:
            return (self.folder / "current").readlink().name
        except OSError:
            return ""

    def works(self) -> None:
        """A Suricata runs with the set in force: that is remembered, for the day on which a newer one does not."""
        with suppress(OSError):
            (self.folder / "current" / _WORKED).touch()

    def fall_back(self, why: Text) -> str | None:
        """Where the set in force never ran and an earlier one did, that one is in force again. Its name, else None."""
        bad = self.name
        if not bad.isdigit() or (self.folder / "current" / _WORKED).exists():
            return None
        earlier = [path for path in (self.folder / "sets").glob("[0-9]*") if path.name < bad]
        good = max((path for path in earlier if (path / _WORKED).exists()), default=None)
        if good is None:
            return None
        (self.folder / "current" / _FAILED).write_text(why.row(), encoding="utf-8")
        self._point(good)
        return good.name

    def fell_back(self) -> tuple[str, Text] | None:
        """The newest set and why Suricata did not start with it, where an earlier one is in force for that."""
        newest = max((path for path in (self.folder / "sets").glob("[0-9]*")), default=None)
        if newest is None or newest.name == self.name:
            return None
        try:
            return newest.name, Text.of_row((newest / _FAILED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def prepare(self) -> None:
        """So that a Suricata can be started: an empty set where there is none. Raises OSError."""
        (self.folder / "sets").mkdir(parents=True, exist_ok=True)
        if not self.threshold.exists():
            self.threshold.write_text("")
        if not self.rules.exists():
            empty = self.folder / "sets" / "000000"
            empty.mkdir(exist_ok=True)
            with suppress(OSError):
                shutil.copyfile(_DEBIAN_CLASSES, empty / CLASSES_FILE)
            (empty / RULES_FILE).write_text("# No set was fetched yet: bavn node rules update.\n")
            self._point(empty)

    def update(
        self,
        sources: Sequence[str],
        filters: Filters,
        config: SuricataConfig,
        own_sids: Sequence[range],
        *,
        shrink_by: str = "",
    ) -> Fetched:
        """Fetches, tries, puts in place. ``shrink_by``: who takes a set that is much smaller than the one in force.
        Raises RulesRefused, SourceBroken for a missing program, OSError."""
        self.prepare()
        try:
            fetched = self._update(sources, filters, config, own_sids, shrink_by)
        except RulesRefused as error:
            shutil.rmtree(self.folder / "staged", ignore_errors=True)
            (self.folder / _REFUSED).write_text(Text.of_error(error).row(), encoding="utf-8")
            raise
        (self.folder / _REFUSED).unlink(missing_ok=True)
        return fetched

    def refused(self) -> Text | None:
        """Why the last fetch was not put in place; None where it was."""
        try:
            return Text.of_row((self.folder / _REFUSED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def kept(self) -> RuleYield | None:
        """What the set in force came to when it was fetched."""
        return read_yield(self.folder / "current")

    def _update(
        self, sources: Sequence[str], filters: Filters, config: SuricataConfig, own_sids: Sequence[range], by: str
    ) -> Fetched:
        staged = self.folder / "staged"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        rules, classes = staged / RULES_FILE, staged / CLASSES_FILE
        trial = replace(
            config,
            rule_files=(rules,),
            threshold_file=None,
            class_file=classes,
            dataset_dir=None,
        )
        lines, left_out = fetch(sources, filters, trial, self.folder / "fetch", staged)
        unset, unset_rules = unset_variables(lines)
        no_dataset = without_dataset(lines)
        off = sum(not rule.enabled for rule in rules_in(_lines(rules))) - unset_rules - len(no_dataset)
        left_out += no_dataset
        if not classes.exists():
            trial = replace(trial, class_file=None)
        left_out += self._clean(rules, {}, own_sids)
        tried = try_rules(trial, self.folder / "trial")
        for _ in range(TRIALS_MAX):
            bad = {line: Text.plain(reason) for (file, line), reason in tried.bad.items() if file == rules}
            if not bad:
                break
            left_out += self._clean(rules, bad, ())
            tried = try_rules(trial, self.folder / "trial")
        if tried.failed or tried.errors:
            raise RulesRefused(Text("Suricata does not take the set: {why}", why=_first(tried)))
        it = RuleYield(
            wanted=tried.loaded + len(left_out) + unset_rules,
            loaded=tried.loaded,
            off=max(0, off),
            unset=unset,
            left_out=counted(left_out),
            waiting=tried.waiting,
            before=loaded_before(self.folder / "current", RULES_FILE),
        )
        _judge(it, by)
        if it.shrunk:
            it = replace(it, shrink_by=by)
        write_yield(staged, it)
        return Fetched(name=self._put(staged), figures=it, left_out=tuple(left_out))

    def _put(self, staged: Path) -> str:
        """The staged set is in force; old ones that nobody needs are deleted. Its name."""
        numbers = [int(path.name) for path in (self.folder / "sets").iterdir() if path.name.isdigit()]
        put = self.folder / "sets" / f"{max(numbers, default=0) + 1:06}"
        staged.rename(put)
        self._point(put)
        worked = max((n for n in numbers if (self.folder / "sets" / f"{n:06}" / _WORKED).exists()), default=None)
        for old in sorted(set(numbers) - {worked})[: -SETS_KEPT + 1]:
            shutil.rmtree(self.folder / "sets" / f"{old:06}", ignore_errors=True)
        return put.name

    def _clean(self, rules: Path, bad: Mapping[int, Text], own_sids: Sequence[range]) -> list[LeftOut]:
        lines = _lines(rules)
        kept, left_out = without(lines, bad, own_sids)
        if kept != lines:
            rules.write_text("".join(kept), encoding="utf-8")
        return left_out

    def _point(self, target: Path) -> None:
        """``current`` becomes this set, in one step."""
        fresh = self.folder / "current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target.relative_to(self.folder))
        fresh.replace(self.folder / "current")


def _lines(rules: Path) -> list[str]:
    """As Suricata parts them: by line feeds alone. Raises OSError, RulesRefused for a file that is too large."""
    if rules.stat().st_size > FILE_BYTES_MAX:
        raise RulesRefused(Text("the set is larger than {most} MiB", most=FILE_BYTES_MAX >> 20))
    with rules.open(encoding="utf-8", errors="replace", newline="\n") as file:
        return file.readlines()


def _judge(it: RuleYield, by: str) -> None:
    """Raises RulesRefused for a set that is no set for this Suricata, or one that nobody can mean."""
    costs = [Text.shaped("{why} ({count})", why=why, count=count) for why, count in it.reasons()]
    named = Text.joined("; ", costs) if costs else Text("it did not say why")
    if not it.loaded:
        raise RulesRefused(
            Text("there is not one rule in it: {why}", why=named) if costs else Text("there is not one rule in it")
        )
    if it.loaded < it.wanted * (1 - FAILED_SHARE_MAX):
        raise RulesRefused(
            Text("{left:,} of {rules} fail: {why}", left=it.wanted - it.loaded, rules=rules(it.wanted), why=named)
        )
    if it.shrunk and not by:
        raise RulesRefused(
            Text(
                "{rules} left of {all:,}, more than a third less: {why}; if that is meant, say --accept-shrink",
                rules=rules(it.loaded),
                all=it.before,
                why=named,
            )
            if costs
            else Text(
                "{rules} left of {all:,}, more than a third less; if that is meant, say --accept-shrink",
                rules=rules(it.loaded),
                all=it.before,
            )
        )


def try_rules(config: SuricataConfig, folder: Path) -> Tried:
    """``suricata -T`` with this configuration, in a scratch folder. Raises SourceBroken, OSError."""
    shutil.rmtree(folder, ignore_errors=True)
    data = config.dataset_dir or folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    process = SuricataProcess(offline_yaml(config), folder, ["-T", "--data-dir", str(data)])
    try:
        status = process.ended(TEST_S_MAX)
        if status is None:
            raise SourceBroken(not_done("suricata -T", TEST_S_MAX))
        return tried_of(status, process.log_lines())
    finally:
        process.stop(1.0)
        shutil.rmtree(folder, ignore_errors=True)


def tried_of(status: int, lines: Sequence[tuple[str, str]]) -> Tried:
    """What ``suricata -T`` said in its log: level and message of each line."""
    bad: dict[tuple[Path, int], str] = {}
    errors: list[str] = []
    loaded = failed = 0
    before = ""
    for level, message in lines:
        if counted := _LOADED.search(message):
            loaded, failed = int(counted[1]), int(counted[2])
        if level != "Error":
            continue
        at = _AT.match(message)
        if at:
            bad[Path(at["file"]), int(at["line"])] = before or "Suricata does not understand it"
            before = ""
        elif message != "Loading signatures failed.":
            before = message if len(message) <= 200 else message[:200] + "..."
            errors.append(before)
    reasons = set(bad.values())
    left = tuple(error for error in errors if error not in reasons)
    if status and not failed and not left:
        left = (f"it ended with status {status}",)
    return Tried(loaded=loaded, failed=failed, bad=bad, errors=left, waiting=waiting_rules(lines))


def refused_of(tried: Tried, rules: Path) -> tuple[int, LeftOut] | None:
    """How many rules of a file Suricata did not take, and the first of them; None for none. Raises OSError."""
    bad = {line: Text.plain(reason) for (file, line), reason in tried.bad.items() if file == rules}
    _, named = without(_lines(rules), bad, ()) if bad else ([], [])
    return (max(tried.failed, len(named)), named[0]) if named else None


def _first(tried: Tried) -> Text:
    said = next(iter([*tried.errors, *tried.bad.values()]), "")
    return Text.plain(said) if said else Text("it did not say why")
