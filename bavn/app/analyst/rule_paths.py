"""Suricata's rules as somebody hands them to `bavn analyse`: files, folders, archives, or a node's own folder.

They become one file in a scratch folder. What a rule of a stranger's may not do (run a script, read or write files
outside its set) is left out and counted, as a node leaves it out. Refuses to fetch anything.
"""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.actor.formats.refused import of_file
from bavn.actor.sense.rules.rule_set import CLASSES_FILE, RULES_FILE, THRESHOLD_FILE, RuleFolder
from bavn.actor.sense.rules.source import BROKEN, FILE_BYTES_MAX, RulesRefused, is_archive, members
from bavn.actor.sense.rules.text import LeftOut, rules_in, without
from bavn.app.process.exits import why_of
from bavn.model.text import Text

_KINDS: Final = (".rules", ".rules.gz")


@dataclass(frozen=True, slots=True)
class GivenRules:
    """``file``: all of them; ``classes``, ``threshold``: Suricata's files of that name, where one lay beside.
    ``count``: rules that are switched on; ``left_out``: those that may not stand there."""

    file: Path
    classes: Path | None
    threshold: Path | None
    count: int
    left_out: tuple[LeftOut, ...]


def given_rules(paths: Sequence[Path], scratch: Path) -> GivenRules:
    """Raises RulesRefused for a path that holds no rule, or cannot be read."""
    lines: list[str] = []
    left_out: list[LeftOut] = []
    beside: dict[str, bytes] = {}
    for path in paths:
        own = 0
        try:
            for name, raw in _files(path):
                if name in (CLASSES_FILE, THRESHOLD_FILE):
                    beside.setdefault(name, raw)
                    continue
                text = raw.decode("utf-8", "replace").splitlines(keepends=True)
                kept, out = without([line if line.endswith("\n") else line + "\n" for line in text], {}, ())
                lines += kept
                left_out += out
                own += sum(rule.enabled for rule in rules_in(kept))
        except BROKEN as error:
            why = why_of(error) if isinstance(error, OSError) else Text.of_error(error)
            raise RulesRefused(of_file(path, why, ": ")) from error
        if not own:
            raise RulesRefused(of_file(path, Text("there is not one rule in it"), ": "))
    scratch.mkdir(parents=True, exist_ok=True)
    file = scratch / RULES_FILE
    file.write_text("".join(lines), encoding="utf-8")
    for name, raw in beside.items():
        (scratch / name).write_bytes(raw)
    classes, threshold = (scratch / name if name in beside else None for name in (CLASSES_FILE, THRESHOLD_FILE))
    count = sum(rule.enabled for rule in rules_in(lines))
    return GivenRules(file, classes, threshold, count, tuple(left_out))


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Rules, and Suricata's files of classes and thresholds, by their bare names."""
    kept = RuleFolder(path)
    if path.is_dir() and kept.rules.is_file():
        for file in (kept.rules, kept.classes, kept.threshold):
            if file.is_file():
                yield file.name, _bytes(file)
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and (file.name.endswith(_KINDS) or file.name in (CLASSES_FILE, THRESHOLD_FILE)):
                yield file.name, _bytes(file)
    elif is_archive(path.name):
        for name, size, member in members(path, path):
            bare = name.rpartition("/")[2]
            if bare.endswith(".rules") or bare == CLASSES_FILE:
                yield bare, member.read(size)
    else:
        yield path.name, _bytes(path)


def _bytes(file: Path) -> bytes:
    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as opened:
        raw = opened.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        most = FILE_BYTES_MAX >> 20
        raise RulesRefused(of_file(file, Text("it holds more than {most} MiB", most=most), ": "))
    return raw
