"""A list of indicators as an analyst gives it: read line by line, and asked of a window. Refuses to open files."""

import re
from typing import TYPE_CHECKING, Any, Final

from bavn.actor.detect.indicators.indicators import IndicatorSet
from bavn.actor.store.query.hunt import OBSERVABLES_MAX, hunt
from bavn.actor.store.query.hunt_more import hunt_hashes, hunt_networks
from bavn.model.moment import hour_of, iso_hour

if TYPE_CHECKING:
    from bavn.actor.store.query.window import StoreWindow

MET_COLUMNS: Final = ("type", "indicator", "met", "rows", "hosts", "named", "first", "last", "tables")

_HASH: Final = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40})(?![0-9a-fA-F])")

LINE_CHARS_MAX: Final = 4096


def noted(lines: Any, hashes: set[str]) -> Any:
    """The lines, their MD5 and SHA-1 noted on the way."""
    for line in lines:
        if len(line) <= LINE_CHARS_MAX and not line.lstrip().startswith(("#", ";")):
            hashes.update(found.lower() for found in _HASH.findall(line))
        yield line


def met_rows(window: "StoreWindow", wanted: IndicatorSet, hashes: set[str]) -> list[list[Any]]:
    """What of a list was met, a row of MET_COLUMNS each. Raises QueryRefused."""
    observables = list(wanted.observables)
    parts = range(0, len(observables), OBSERVABLES_MAX)
    rows = [
        _row(match.observable.type, match.observable.value, "", match, ", ".join(match.tables))
        for at in parts
        for match in hunt(window, observables[at : at + OBSERVABLES_MAX])
    ]
    rows += [
        _row("net", network, match.observable.value, match, ", ".join(match.tables))
        for network, match in hunt_networks(window, [network.value for network in wanted.networks])
    ]
    return rows + [_row(met.column, met.value, "", met, met.table) for met in hunt_hashes(window, hashes)]


def _row(kind: str, value: str, met: str, match: Any, tables: str) -> list[Any]:
    return [
        str(kind),
        value,
        met,
        match.count,
        match.hosts,
        list(match.named),
        iso_hour(hour_of(match.first_us)),
        iso_hour(hour_of(match.last_us)),
        tables,
    ]
