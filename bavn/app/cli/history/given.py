"""What `bavn analyse` is given to look with: own networks, the zone of log times, indicators and rules, as options.

What cannot be meant is one Stop that names its option.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISCHR
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.cli.node.hunt.ioc import no_indicators
from bavn.app.cli.node.hunt.show import visible
from bavn.app.process.exits import Exit, Stop, why_of
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.detect.indicators.indicators import IndicatorSet
    from bavn.app.analyst.rule_paths import GivenRules
    from bavn.model.intel.rule import RowRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How what is given is read."""

    home: Annotated[list[str] | None, typer.Option(help="An own network (CIDR); may be repeated.")] = None
    ioc: Annotated[list[Path] | None, typer.Option(help="A list of indicators; may be repeated.")] = None
    time_zone: Annotated[str, typer.Option(help="Zone of log times that name none (Europe/Copenhagen).")] = "UTC"
    sigma: Annotated[list[Path] | None, typer.Option(help="Sigma rules: a file or folder; may be repeated.")] = None
    rules: Annotated[
        list[Path] | None,
        typer.Option(help="Suricata's rules for captures: a file, folder or archive, or a node's; may be repeated."),
    ] = None
    together: Annotated[bool, typer.Option("--together", help="Look at all of it as one network's.")] = False


def suricata_rules(paths: list[Path], scratch: Path, language: Language) -> "GivenRules | None":
    """Suricata's rules as one file; those that may not run are counted. Stop for a path without a rule."""
    if not paths:
        return None
    from bavn.actor.sense.rules.source import RulesRefused
    from bavn.app.analyst.rule_paths import given_rules

    try:
        rules = given_rules(paths, scratch)
    except RulesRefused as error:
        raise Stop(Exit.USAGE, Text.shaped("--rules {why}", why=Text.of_error(error))) from error
    if rules.left_out:
        first = rules.left_out[0]
        sentence = Text.counted(
            "one of Suricata's rules is left out: {first}",
            "{count:,} of Suricata's rules are left out, the first: {first}",
            len(rules.left_out),
            first=first.sentence,
        )
        print(f"bavn: {sentence.say(language)}", file=sys.stderr)
    return rules


def zone_of(text: str) -> str:
    """The zone's own name. Stop where there is none."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, KeyError) as error:
        raise Stop(Exit.USAGE, Text("--time-zone {text}: no such zone (as Europe/Copenhagen is)", text=text)) from error


def network_of(text: str) -> str:
    """The network as it is written elsewhere. Stop where it is none."""
    from ipaddress import ip_network

    try:
        return str(ip_network(text, strict=False))
    except ValueError as error:
        raise Stop(Exit.USAGE, Text("--home {text}: {error}", text=text, error=Text.of_error(error))) from error


def indicators_of(files: list[Path], language: Language) -> "tuple[IndicatorSet, int]":
    """The indicators of all lists, and how many lists hold not one: these are named."""
    from bavn.actor.detect.indicators.indicators import NO_INDICATORS
    from bavn.actor.detect.indicators.reader import read
    from bavn.app.analyst.analyse import NO_FILE

    indicators, without = NO_INDICATORS, 0
    for file in files:
        try:
            if S_ISCHR(file.stat().st_mode):  # one such as /dev/zero has no end
                raise Stop(Exit.USAGE, Text.shaped("--ioc {file}: {why}", file=file, why=NO_FILE))
            with file.open(encoding="utf-8", errors="replace") as lines:
                reading = read(lines)
        except OSError as error:
            raise Stop(Exit.USAGE, Text("--ioc {file}: {why}", file=file, why=why_of(error))) from error
        indicators |= reading.indicators
        no_indicators(visible(str(file)), list(reading.refusals), reading.refused, language)
        if not reading.indicators:
            without += 1
            said = Text("there is not one indicator in it").say(language)
            print(f"bavn: {visible(str(file))}: {said}", file=sys.stderr)
    return indicators, without


def sigma_rules(paths: list[Path], language: Language, *, verbose: bool) -> "tuple[tuple[RowRule, ...], int]":
    """The rules that run, and how many cannot be read: these are named, those that are not supported counted (or named
    too)."""
    from bavn.actor.hunt.sigma import rules_of
    from bavn.app.node.sigma_files import sigma_outcomes

    for path in paths:
        if not path.exists():
            raise Stop(Exit.USAGE, Text("--sigma {path}: there is no such file or folder", path=path))
    outcomes = sigma_outcomes(paths) if paths else []
    left = sum(outcome.standing == "unsupported" for outcome in outcomes)
    if left and not verbose:
        sentence = Text.counted(
            "{count:,} of {outcomes:,} Sigma rules is not supported and does not run (--verbose says why)",
            "{count:,} of {outcomes:,} Sigma rules are not supported and do not run (--verbose says why)",
            left,
            outcomes=len(outcomes),
        ).say(language)
        print(f"bavn: {sentence}", file=sys.stderr)
    for outcome in outcomes:
        if outcome.standing == "unreadable" or (verbose and outcome.standing == "unsupported"):
            named = f"{outcome.file}: {outcome.title}".removesuffix(": ")
            print(f"bavn: {named}: {outcome.reason}", file=sys.stderr)
    return rules_of(outcomes), sum(outcome.standing == "unreadable" for outcome in outcomes)
