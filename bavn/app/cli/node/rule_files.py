"""What the commands of rules read at a node: configuration, entries of tuning, filters, the rules in place; and a trial
of these with Suricata. Refuses to show anything: that is rules.py's.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.actor.sense.rules.rule_set import RuleFolder, Tried
    from bavn.actor.sense.rules.tuning import Tuning
    from bavn.actor.sense.rules.update import Filters
    from bavn.app.config.load import NodeConfig


def read(config: Path) -> "tuple[NodeConfig, RuleFolder]":
    """The node's configuration, and where its rules lie."""
    from bavn.app.config.load import read_node
    from bavn.app.node.sources import rule_folder

    given = read_node(config)
    return given, rule_folder(given)


def entries_of(given: "NodeConfig") -> "Sequence[Tuning]":
    """What tuning.toml holds."""
    from bavn.actor.sense.rules.tuning import TuningWrong
    from bavn.app.node.rule_keeper import read_tuning

    try:
        return read_tuning(given.path(given.rules.tuning_file))
    except TuningWrong as error:
        raise Stop(Exit.CONFIGURATION, Text.of_error(error)) from error


def filters_of(given: "NodeConfig") -> "Filters":
    """Which rules of the sources are taken, and how."""
    from bavn.actor.sense.rules.source import RulesRefused, readable
    from bavn.actor.sense.rules.update import Filters

    def file(text: str) -> Path | None:
        if not text:
            return None
        try:
            return readable(given.path(text))
        except RulesRefused as error:
            raise Stop(Exit.CONFIGURATION, Text("[rules]: {error}", error=Text.of_error(error))) from error

    table = given.rules
    return Filters(
        enable=file(table.enable_file),
        disable=file(table.disable_file),
        modify=file(table.modify_file),
        drop=file(table.drop_file),
    )


def known_rules(given: "NodeConfig", folder: "RuleFolder") -> list[tuple[Path, Any]]:
    """Every rule in place, with its file; files that cannot be read are left out."""
    from bavn.actor.sense.rules.text import rules_in
    from bavn.app.node.sources import own_rule_files

    known = []
    for file in (folder.rules, *own_rule_files(given)):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        known += [(file, rule) for rule in rules_in(text.splitlines())]
    return known


def files_to_try(given: "NodeConfig", folder: "RuleFolder", also: Sequence[Path]) -> list[Path]:
    """Own rule files, what was fetched, and those to try too. Stop where one cannot be read, or a source is none."""
    from bavn.actor.sense.rules.source import RulesRefused, readable, source_option
    from bavn.app.node.sources import own_rule_files

    fetched = (folder.rules,) if folder.rules.exists() else ()
    try:
        for source in given.rules.sources:
            source_option(source if "://" in source else str(given.path(source)))
        filters_of(given)
        return [readable(file) for file in (*own_rule_files(given), *fetched, *(file.absolute() for file in also))]
    except RulesRefused as error:
        raise Stop(Exit.CONFIGURATION, Text.of_error(error)) from error


def tried_rules(given: "NodeConfig", folder: "RuleFolder", files: list[Path], entries: "Sequence[Tuning]") -> "Tried":
    """What Suricata says of these files with these entries of tuning.toml."""
    from bavn.actor.sense.base import SourceBroken
    from bavn.actor.sense.rules.rule_set import try_rules
    from bavn.actor.sense.rules.tuning import threshold_text
    from bavn.actor.sense.suricata.config import SuricataConfig

    work = given.folder / "rules" / "trial-by-hand"
    try:
        work.mkdir(parents=True, exist_ok=True)
        threshold = work.with_suffix(".config")
        threshold.write_text(threshold_text(entries, day_now()), encoding="utf-8")
        tried = try_rules(
            SuricataConfig(
                homes=given.node.homes,
                rule_files=tuple(files),
                threshold_file=threshold,
                class_file=folder.classes if folder.classes.exists() else None,
            ),
            work,
        )
        threshold.unlink()
    except SourceBroken as error:
        raise Stop(Exit.MISSING, Text.of_error(error)) from error
    except OSError as error:
        raise cannot_write(work.parent, error) from error
    return tried


def day_now() -> date:
    """As tuning counts days."""
    from bavn.app.node.rule_keeper import today_of
    from bavn.app.process.real import SystemClock

    return today_of(SystemClock().now_us())
