"""suricata-update at work: fetches sources of rules into one file, in a folder of ours and within bounds.

It is given the configuration that the node's Suricata runs with. A line that it cannot read, which ends it, is left out
and it runs again. Refuses to judge what it made.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bavn.actor.formats.refused import of_file
from bavn.actor.sense.rules.copies import ENDED, readable_copies
from bavn.actor.sense.rules.source import (
    FILE_BYTES_MAX,
    RulesRefused,
    examine_fetched,
    examine_local,
    not_done,
    readable,
    source_option,
)
from bavn.actor.sense.rules.text import LeftOut
from bavn.actor.sense.suricata.config import SuricataConfig, offline_yaml
from bavn.actor.sense.suricata.process import program
from bavn.model.text import Text
from bavn.model.tied import tied

UPDATE_S_MAX: Final = 900.0
MEMORY_BYTES_MAX: Final = 4 << 30
"""Of addresses for suricata-update, which unpacks archives in its memory: a bomb ends it, not the machine."""

RULE_SHOWN_MAX: Final = 160
_UNREAD: Final = "Failed to parse rule: "
_WHY_UNREAD: Final = {"Sid cannot be of type null": Text("it has no number (sid)")}
_NO_LIST: Final = re.compile(r"file(?:md5|sha1|sha256) file .* was not found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """suricata-update's own files, each None for none: rules to switch on or off, to change, to turn into drop."""

    enable: Path | None = None
    disable: Path | None = None
    modify: Path | None = None
    drop: Path | None = None


def fetch(
    sources: Sequence[str], filters: Filters, config: SuricataConfig, work: Path, staged: Path
) -> tuple[list[str], list[LeftOut]]:
    """Puts all rules of the sources into one file of ``staged``. What suricata-update says, and what it could not read:
    that is left out, and the rest is taken. ``config`` is what Suricata runs with: a variable that it does not define
    costs every rule that names it. Raises RulesRefused, SourceBroken for a missing program, OSError."""
    command = [*_command(config, work, staged), *_filter_options(filters)]
    options = []
    for source in sources:
        options += source_option(source)
        examine_local(source)
    done = _run([*command, *options])
    cache = work / "update" / "cache"
    for source in sources:
        examine_fetched(source, cache)
    left_out: list[LeftOut] = []
    if done.returncode and any(text in done.stderr[-1000:] for text in ENDED):
        copies = work / "copies"
        shutil.rmtree(copies, ignore_errors=True)
        copies.mkdir()
        options, left_out = readable_copies(sources, cache, copies)
        done = _run([*command, *options])
        shutil.rmtree(copies, ignore_errors=True)
    lines = done.stderr.splitlines() + done.stdout.splitlines()
    told = (line.partition("<Error> -- ")[2] for line in lines)
    errors, unread = parted(line for line in dict.fromkeys(told) if line)
    if done.returncode or errors or not any(staged.iterdir()):
        said = errors[:1] or done.stderr.strip().splitlines()[-1:]
        why = Text.plain(said[0][:300]) if said else Text("it did not say why")
        raise RulesRefused(of_file("suricata-update", why, ": "))
    return lines, [*left_out, *unread]


def _command(config: SuricataConfig, work: Path, staged: Path) -> list[str]:
    (work / "none").mkdir(parents=True, exist_ok=True)
    nothing = work / "nothing.rules"
    nothing.write_text("# So that suricata-update takes no set of its own choice.\n")
    (work / "update.yaml").write_text(f"%YAML 1.1\n---\ndist-rule-directory: {work / 'none'}\n")
    bare = replace(config, rule_files=(), class_file=None)
    (work / "suricata.yaml").write_text(offline_yaml(bare), encoding="utf-8")
    bounds = [program("prlimit"), f"--as={MEMORY_BYTES_MAX}", f"--fsize={FILE_BYTES_MAX}"]
    quiet = ["--no-test", "--no-reload", "--fail", "--force"]
    places = ["-D", str(work), "-o", str(staged), "-c", str(work / "update.yaml")]
    given = ["--suricata-conf", str(work / "suricata.yaml"), "--url", nothing.as_uri()]
    return [*bounds, program("suricata-update"), "update", *quiet, *places, *given]


def _filter_options(filters: Filters) -> list[str]:
    options = []
    for name in ("enable", "disable", "modify", "drop"):
        file: Path | None = getattr(filters, name)
        if file is not None:
            options += [f"--{name}-conf", str(readable(file))]
    return options


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            tied(command),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=UPDATE_S_MAX,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise RulesRefused(not_done("suricata-update", UPDATE_S_MAX)) from error


def parted(errors: Iterable[str]) -> tuple[list[str], list[LeftOut]]:
    """What went wrong with a whole source, and what with one rule alone: that rule and why it is left out."""
    whole, single = [], []
    for line in errors:
        if _NO_LIST.fullmatch(line):
            continue  # Suricata names the rule
        rule = line.removeprefix(_UNREAD)
        if rule == line:
            whole.append(line)
            continue
        text, _, why = rule.rpartition(": ")
        shown = "".join(letter if letter.isprintable() else "?" for letter in text[:RULE_SHOWN_MAX])
        single.append(LeftOut(shown, _WHY_UNREAD.get(why) or Text.plain(why[:RULE_SHOWN_MAX] or "-")))
    return whole, single
