"""Sigma rules from files and folders, ready to run: read, turned into SQL, and tried on an empty store once.

Refuses to follow links out of a folder and to read what is no regular file.
"""

import logging
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from bavn.actor.hunt.rule_text import BYTES_MAX, RuleFile
from bavn.actor.hunt.run import refused_by
from bavn.actor.hunt.sigma import Outcome, read_rules, rules_of
from bavn.actor.store.columns import ColumnStore
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.one_line import one_line
from bavn.model.intel.rule import RowRule
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
FILES_MAX: Final = 20_000
SUFFIXES: Final = (".yml", ".yaml")


def sigma_outcomes(paths: Sequence[Path]) -> list[Outcome]:
    """One outcome a rule. A file that cannot be opened is one outcome too. OSError only for what none of them is."""
    files: list[RuleFile] = []
    unread: list[Outcome] = []
    for path in paths:
        for file in _files(path):
            rule = _read(file)
            if isinstance(rule, Outcome):
                unread.append(rule)
            else:
                files.append(rule)
    return unread + tried_rules(files)


def tried_rules(files: Sequence[RuleFile]) -> list[Outcome]:
    """One outcome a rule of these texts, tried on an empty store."""
    outcomes = read_rules(files)
    rules = [outcome.rule for outcome in outcomes if outcome.rule is not None]
    if not rules:
        return outcomes
    with ColumnStore.temporary() as store, store.window(0, 1) as window:
        reasons = {id(refusal.rule): refusal.reason for refusal in refused_by(window, rules)}
    return [
        replace(outcome, standing="unsupported", reason=one_line(reasons[id(outcome.rule)]), rule=None)
        if id(outcome.rule) in reasons
        else outcome
        for outcome in outcomes
    ]


def sigma_rules(paths: Sequence[Path]) -> tuple[RowRule, ...]:
    """The rules that run, for the node's detectors; every other is one line of the log. Stop for a path that is not
    there: who named it must act."""
    for path in paths:
        if not path.exists():
            raise Stop(Exit.CONFIGURATION, Text("[hunt] sigma_files: {path} is not there", path=path))
    outcomes = sigma_outcomes(paths) if paths else []
    for outcome in outcomes:
        if outcome.standing in ("unsupported", "unreadable"):
            _LOG.warning("Sigma rule %s %s: %s", outcome.file, outcome.title, outcome.reason)
    return rules_of(outcomes)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    paths: list[Path] = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        paths += [Path(folder) / name for name in sorted(names) if name.lower().endswith(SUFFIXES)]
        if len(paths) >= FILES_MAX:
            break
    return paths[:FILES_MAX]


def _read(file: Path) -> RuleFile | Outcome:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                return _cannot(file, "it is no regular file")
            return RuleFile(str(file), opened.read(BYTES_MAX + 1))
    except OSError as error:
        return _cannot(file, error.strerror or str(error))


def _cannot(file: Path, reason: str) -> Outcome:
    return Outcome(file=str(file), title="", id="", standing="unreadable", reason=reason)
