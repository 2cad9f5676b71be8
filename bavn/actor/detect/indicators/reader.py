"""Reads a list of indicators from lines of text: one observable a line, or CSV with a header.

Every line has one outcome. Refuses to open files (the caller does) and to guess: what could be two things is refused
with what to write instead.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bavn.actor.detect.indicators.indicators import IndicatorSet, Network
from bavn.actor.detect.indicators.packed import Packing
from bavn.model.intel.spelled import MD5_OR_JA3, SPELLED_CHARS_MAX, spelled
from bavn.model.observable import Observable
from bavn.model.outcome import Refused

CONFIDENCE_DEFAULT: Final = 75
ENTRIES_MAX: Final = 2_000_000
LINE_CHARS_MAX: Final = SPELLED_CHARS_MAX
REFUSALS_KEPT_MAX: Final = 100

_VALUE_COLUMNS = ("value", "indicator", "ioc", "ioc_value", "observable", "ip", "dst_ip", "domain", "host", "url")
_TYPE_COLUMNS = ("type", "ioc_type", "indicator_type", "kind")
_CONFIDENCE_COLUMNS = ("confidence", "confidence_level")


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a list: lines read = in the set (or there already) + ``refused`` + ``passed`` (blank, comment,
    header). ``refusals``: the first REFUSALS_KEPT_MAX, with their line numbers. ``unclear``: how many of all
    were refused by MD5_OR_JA3."""

    indicators: IndicatorSet
    lines: int
    passed: int
    refused: int
    refusals: tuple[tuple[int, Refused], ...]
    unclear: int = 0


def read(lines: Iterable[str], confidence: int = CONFIDENCE_DEFAULT) -> Reading:
    """A list of indicators: one observable a line (``#`` begins a comment), or CSV whose header names its columns.

    A type may stand before the value (``ja3:...``). Defanged spellings (``hxxp``, ``[.]``) are understood; of a URL the
    host counts. Confidence 0..100 holds where no column gives one.
    """
    observables = Packing()
    networks: dict[Network, int] = {}
    refusals: list[tuple[int, Refused]] = []
    count = passed = refused = unclear = 0
    for count, (kind, value, sure) in enumerate(_entries(lines, confidence), 1):
        if not value:
            passed += 1
            continue
        observable = (
            _spelled(kind, value)
            if len(observables) + len(networks) < ENTRIES_MAX
            else Refused("entries_max", "a list holds at most {most} indicators", most=ENTRIES_MAX)
        )
        if isinstance(observable, Refused):
            refused += 1
            unclear += observable.rule == MD5_OR_JA3
            if len(refusals) < REFUSALS_KEPT_MAX:
                refusals.append((count, observable))
        elif isinstance(observable, Network):
            networks[observable] = max(sure, networks.get(observable, 0))
        else:
            observables.add(observable, sure)
    return Reading(IndicatorSet(observables.packed(), networks), count, passed, refused, tuple(refusals), unclear)


def _entries(lines: Iterable[str], confidence: int) -> Iterator[tuple[str, str, int]]:
    """(type word or "", value or "" for nothing, confidence) of each line."""
    columns: dict[str, int] | None = None
    begun = False
    for raw in lines:
        line = raw.strip().lstrip("\ufeff")
        if not line or line.startswith(("#", "//", ";")) or len(line) > LINE_CHARS_MAX:
            yield "", line if len(line) > LINE_CHARS_MAX else "", confidence
            continue
        if not begun:
            begun = True
            columns = _header(line)
            if columns is not None:
                yield "", "", confidence
                continue
        if columns is None:
            words = line.split("#", 1)[0].split(",", 1)[0].split()
            yield "", words[0] if words else "", confidence
        else:
            yield _row(line, columns, confidence)


def _header(line: str) -> dict[str, int] | None:
    names = [name.strip().strip('"').lower() for name in line.split(",")]
    found = {name: index for index, name in enumerate(names)}
    return found if any(name in found for name in _VALUE_COLUMNS) else None


def _row(line: str, columns: dict[str, int], confidence: int) -> tuple[str, str, int]:
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True))]
    except csv.Error:
        return "", line, confidence

    def cell(names: tuple[str, ...]) -> str:
        return next((cells[columns[name]] for name in names if name in columns and columns[name] < len(cells)), "")

    sure = cell(_CONFIDENCE_COLUMNS)
    return (
        cell(_TYPE_COLUMNS).lower(),
        cell(_VALUE_COLUMNS),
        min(100, int(sure)) if sure.isascii() and sure.isdigit() and len(sure) < 10 else confidence,
    )


def _spelled(kind: str, value: str) -> Observable | Network | Refused:
    made = spelled(kind, value)
    return made if isinstance(made, Observable | Refused) else Network(str(made))
