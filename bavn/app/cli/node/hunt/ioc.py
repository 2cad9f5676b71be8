"""`bavn node hunt ioc`: the whole history asked about lists of indicators."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bavn.app.analyst.indicator_list import MET_COLUMNS, met_rows, noted
from bavn.app.cli.node.hunt.options import NODE_TOML, AsCsv, AsJson, Config, From, Last, Spoken, To
from bavn.app.cli.node.hunt.show import form, next_door, show, visible
from bavn.app.process.exits import Exit, Stop, why_of
from bavn.model.counted import indicators
from bavn.model.outcome import Refused
from bavn.model.text import Language, Text

NAMED_SHOWN_MAX: Final = 5
REFUSALS_SHOWN_MAX: Final = 5
SECONDS_TIMES: Final = 10.0


def ioc(
    files: Annotated[list[Path], typer.Argument(help="Lists: one indicator a line, or CSV with a header; - is stdin.")],
    config: Config = NODE_TOML,
    *,
    last: Last = "",
    from_: From = "",
    to: To = "",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    language: Spoken = "en",
) -> None:
    """Look for addresses, networks, domains with all below them, hosts of URLs, JA3, JA4, certificates and file hashes
    in all that is kept, or in a span of it: which were met, at which hosts, since when.

    Exit code 5: some lines name no indicator; the rest was looked for.
    """
    from bavn.app.analyst.hunting import hunting

    how = form(as_json=as_json, as_csv=as_csv)
    wanted, hashes, refused = _read(files, language)
    asking = hunting(config, last, from_, to)
    with asking.window(seconds_max=asking.config.hunt.seconds_max * SECONDS_TIMES) as window:
        rows = met_rows(window, wanted, hashes)
    if how == "table":
        for row in rows:
            more = ["…"] if len(row[5]) > NAMED_SHOWN_MAX else []
            row[5] = row[5][:NAMED_SHOWN_MAX] + more
    show(MET_COLUMNS, rows, how, language)
    next_door(config, MET_COLUMNS, rows, language)
    looked = len(wanted) + len(hashes)
    met = len({(r[0], r[1]) for r in rows})
    print(
        Text("{indicators} looked for, {met:,} met", indicators=indicators(looked), met=met).say(language),
        file=sys.stderr,
    )
    if refused:
        raise typer.Exit(Exit.INPUT)


def _read(files: list[Path], language: Language) -> tuple[Any, set[str], int]:
    """The indicators of all lists, hashes of files, and how many lines were refused. The first refusals are named."""
    from bavn.actor.detect.indicators.indicators import NO_INDICATORS
    from bavn.actor.detect.indicators.reader import read
    from bavn.model.intel.spelled import MD5_OR_JA3

    indicators, hashes, count = NO_INDICATORS, set[str](), 0
    for file in files:
        try:
            text = sys.stdin if str(file) == "-" else file.open(encoding="utf-8", errors="replace")
        except OSError as error:
            raise Stop(Exit.USAGE, Text.shaped("{what}: {why}", what=visible(str(file)), why=why_of(error))) from error
        try:
            with text as lines:
                reading = read(noted(lines, hashes))
        except OSError as error:
            raise Stop(Exit.USAGE, Text.shaped("{what}: {why}", what=visible(str(file)), why=why_of(error))) from error
        indicators |= reading.indicators
        told = [(line, refused) for line, refused in reading.refusals if refused.rule != MD5_OR_JA3]
        no_indicators(visible(str(file)), told, reading.refused - reading.unclear, language)
        count += reading.refused - reading.unclear
    return indicators, hashes, count


def no_indicators(file: str, named: list[tuple[int, Refused]], count: int, language: Language) -> None:
    """The first lines of a list that name no indicator, each with its reason, and how many more there are."""
    for line, refused in named[:REFUSALS_SHOWN_MAX]:
        print(f"bavn: {file}:{line}: {visible(refused.reason.say(language))}", file=sys.stderr)
    more = count - min(len(named), REFUSALS_SHOWN_MAX)
    if more:
        said = Text.counted("{count:,} more line names no indicator", "{count:,} more lines name no indicator", more)
        print(f"bavn: {file}: {said.say(language)}", file=sys.stderr)
