"""Suricata rules of an actor: fetched by suricata-update, tried by ``suricata -T``, put in place whole or not at all.

A rule that cannot be read, one without a number say, or that Suricata does not take, is left out and named; a set of
which too little is left is not put in place, and the last good one stays. Nothing is fetched but what the sources name:
without any, suricata-update would take a set of its own choice. Refuses to decide when, and to tell a running Suricata.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.rule_text import without
from bavn.actor.sense.suricata_config import SuricataConfig, offline_yaml
from bavn.actor.sense.suricata_process import SuricataProcess, program

UPDATE_S_MAX: Final = 900.0
TEST_S_MAX: Final = 300.0
FAILED_SHARE_MAX: Final = 0.5
"""A set of which more than this fails is no set for this Suricata."""

FAILED_NAMED_MAX: Final = 100
SETS_KEPT: Final = 3
RULES_FILE: Final = "suricata.rules"
CLASSES_FILE: Final = "classification.config"
THRESHOLD_FILE: Final = "threshold.config"
RULE_SHOWN_MAX: Final = 160
_UNREAD: Final = "Failed to parse rule: "
_WHY_UNREAD: Final = {"Sid cannot be of type null": "it has no number (sid)"}
_WORKED: Final = "worked"
_FAILED: Final = "failed"
"""Marks in a set: a Suricata ran with it; why none started."""

_AT: Final = re.compile(r'error parsing signature ".*" from file (?P<file>.*) at line (?P<line>\d+)$', re.DOTALL)
_LOADED: Final = re.compile(r"(\d+) rules successfully loaded, (\d+) rules failed")
_DEBIAN_CLASSES: Final = Path("/etc/suricata/classification.config")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_ARCHIVES: Final = (".tar.gz", ".tgz", ".zip")


class RulesRefused(Exception):
    """No set was put in place; the last good one stays. The operator must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What Suricata said of rules: how many it took, and those it did not, each with its reason."""

    loaded: int
    failed: int
    bad: Mapping[tuple[Path, int], str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """suricata-update's own files, each None for none: rules to switch on or off, to change, to turn into drop."""

    enable: Path | None = None
    disable: Path | None = None
    modify: Path | None = None
    drop: Path | None = None


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

    def fall_back(self, why: str) -> str | None:
        """Where the set in force never ran and an earlier one did, that one is in force again. Its name, else None."""
        bad = self.name
        if not bad.isdigit() or (self.folder / "current" / _WORKED).exists():
            return None
        earlier = [path for path in (self.folder / "sets").glob("[0-9]*") if path.name < bad]
        good = max((path for path in earlier if (path / _WORKED).exists()), default=None)
        if good is None:
            return None
        (self.folder / "current" / _FAILED).write_text(why, encoding="utf-8")
        self._point(good)
        return good.name

    def fell_back(self) -> tuple[str, str] | None:
        """The newest set and why Suricata did not start with it, where an earlier one is in force for that."""
        newest = max((path for path in (self.folder / "sets").glob("[0-9]*")), default=None)
        if newest is None or newest.name == self.name:
            return None
        try:
            return newest.name, (newest / _FAILED).read_text(encoding="utf-8")
        except OSError:
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
        self, sources: Sequence[str], filters: Filters, config: SuricataConfig, own_sids: Sequence[range]
    ) -> tuple[str, Tried, list[str]]:
        """Fetches, tries, puts in place. Returns the name of the new set, what Suricata said of it, and a line for each
        rule that was left out. Raises RulesRefused, SourceBroken for a missing program, OSError."""
        self.prepare()
        staged = self.folder / "staged"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        unread = self._fetch(sources, filters, staged)
        rules, classes = staged / RULES_FILE, staged / CLASSES_FILE
        trial = replace(
            config, rule_files=(rules,), threshold_file=None, class_file=classes if classes.exists() else None,
            dataset_dir=None,
        )  # fmt: skip
        said = [*unread, *self._clean(rules, {}, own_sids)]
        tried = try_rules(trial, self.folder / "trial")
        if tried.failed:
            bad = {line: reason for (file, line), reason in tried.bad.items() if file == rules}
            said += self._clean(rules, bad, ())
            again = try_rules(trial, self.folder / "trial")
            if again.failed or again.errors:
                raise RulesRefused(f"Suricata does not take the set: {_first(again)}")
            if tried.failed > FAILED_SHARE_MAX * (tried.failed + again.loaded):
                raise RulesRefused(f"{tried.failed} of {tried.failed + again.loaded} rules fail: {said[0]}")
            tried = replace(again, failed=tried.failed)
        elif tried.errors:
            raise RulesRefused(f"Suricata does not take the set: {_first(tried)}")
        if not tried.loaded:
            raise RulesRefused("there is not one rule in it")
        if len(unread) > FAILED_SHARE_MAX * (len(unread) + tried.loaded):
            raise RulesRefused(f"{len(unread)} of {len(unread) + tried.loaded} rules cannot be read: {unread[0]}")
        tried = replace(tried, failed=tried.failed + len(unread))
        numbers = [int(path.name) for path in (self.folder / "sets").iterdir() if path.name.isdigit()]
        made = self.folder / "sets" / f"{max(numbers, default=0) + 1:06}"
        staged.rename(made)
        self._point(made)
        worked = max((n for n in numbers if (self.folder / "sets" / f"{n:06}" / _WORKED).exists()), default=None)
        for old in sorted(set(numbers) - {worked})[: -SETS_KEPT + 1]:
            shutil.rmtree(self.folder / "sets" / f"{old:06}", ignore_errors=True)
        return made.name, tried, said

    def _fetch(self, sources: Sequence[str], filters: Filters, staged: Path) -> list[str]:
        """A line for each rule that suricata-update could not read: they are left out, and the rest is taken."""
        work = self.folder / "fetch"
        (work / "none").mkdir(parents=True, exist_ok=True)
        nothing = work / "nothing.rules"
        nothing.write_text("# So that suricata-update takes no set of its own choice.\n")
        (work / "update.yaml").write_text(f"%YAML 1.1\n---\ndist-rule-directory: {work / 'none'}\n")
        (work / "suricata.yaml").write_text("%YAML 1.1\n---\nvars: {}\n")
        command = [
            program("suricata-update"), "update", "--no-test", "--no-reload", "--fail", "--force", "-D", str(work),
            "-o", str(staged), "-c", str(work / "update.yaml"), "--suricata-conf", str(work / "suricata.yaml"),
            "--url", nothing.as_uri(),
        ]  # fmt: skip
        for source in sources:
            command += source_option(source)
        for name in ("enable", "disable", "modify", "drop"):
            file: Path | None = getattr(filters, name)
            if file is not None:
                command += [f"--{name}-conf", str(readable(file))]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=UPDATE_S_MAX, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired as error:
            raise RulesRefused(f"suricata-update was not done after {UPDATE_S_MAX:.0f} s") from error
        told = (line.partition("<Error> -- ")[2] for line in done.stderr.splitlines() + done.stdout.splitlines())
        errors, unread = parted(line for line in dict.fromkeys(told) if line)
        if done.returncode or errors or not (staged / RULES_FILE).exists():
            said = errors[0] if errors else (done.stderr.strip().splitlines() or ["it did not say why"])[-1]
            raise RulesRefused(f"suricata-update: {said[:300]}")
        return unread

    def _clean(self, rules: Path, bad: Mapping[int, str], own_sids: Sequence[range]) -> list[str]:
        lines = rules.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        kept, said = without(lines, bad, own_sids)
        if said:
            rules.write_text("".join(kept), encoding="utf-8")
        return said

    def _point(self, made: Path) -> None:
        """``current`` becomes this set, in one step."""
        fresh = self.folder / "current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(made.relative_to(self.folder))
        fresh.replace(self.folder / "current")


def parted(errors: Iterable[str]) -> tuple[list[str], list[str]]:
    """What went wrong with a whole source, and what with one rule alone: that rule and why it is left out."""
    whole, single = [], []
    for line in errors:
        rule = line.removeprefix(_UNREAD)
        if rule == line:
            whole.append(line)
            continue
        text, _, why = rule.rpartition(": ")
        shown = "".join(letter if letter.isprintable() else "?" for letter in text[:RULE_SHOWN_MAX])
        single.append(f"{shown}: {_WHY_UNREAD.get(why, why[:RULE_SHOWN_MAX])}")
    return whole, single


def source_option(source: str) -> list[str]:
    """How suricata-update is told of a source: an address, an archive, a file or folder of rules. Raises
    RulesRefused for what is neither, cannot be read, or would come unprotected over the network."""
    if "://" in source:
        address = urlsplit(source)
        if address.scheme == "https" or (address.scheme == "http" and address.hostname in _LOOPBACK):
            return ["--url", source]
        raise RulesRefused(f"{source}: rules are fetched by https only: anybody could change them on the way")
    path = readable(Path(source))
    if path.is_file() and path.name.endswith(_ARCHIVES):
        return ["--url", path.absolute().as_uri()]
    return ["--local", str(path)]


def readable(path: Path) -> Path:
    """RulesRefused where it cannot be read: suricata-update would go on without it."""
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            with path.open("rb"):
                pass
    except OSError as error:
        raise RulesRefused(f"{path} cannot be read ({error.strerror})") from error
    return path


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
            raise SourceBroken(f"suricata -T was not done after {TEST_S_MAX:.0f} s")
        return tried_of(status, process.said())
    finally:
        process.stop(1.0)
        shutil.rmtree(folder, ignore_errors=True)


def tried_of(status: int, said: Sequence[tuple[str, str]]) -> Tried:
    """What ``suricata -T`` said in its log: level and message of each line."""
    bad: dict[tuple[Path, int], str] = {}
    errors: list[str] = []
    loaded = failed = 0
    before = ""
    for level, message in said:
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
    return Tried(loaded=loaded, failed=failed, bad=bad, errors=left)


def _first(tried: Tried) -> str:
    return next(iter([*tried.errors, *tried.bad.values()]), "it did not say why")
