"""A generated day dressed for readers: names that say nothing, and different detectors.

SectorBench's days have one detector, and names that begin as their kind does; both would do the reader's work, or leave
nothing to read. What is drawn here is drawn alike for attacks and for harmless things. Refuses to change who met what,
when first (but for the hour of what is long known, which a campaign has at midnight), how odd, at how many machines and
at what pace.
"""

from math import log
from typing import Final

import numpy as np

from bavn.centre.correlate.joint_scan import HARMLESS_FAILS
from bavn.centre.correlate.lists import Grade
from bavn.model.evidence import walk_half_nats
from bavn.model.observable import Observable, ObservableType
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.day import NO_PERIOD, WEEK_HOURS, Day

PACED: Final = (("beacon", "T1071.001"), ("beacon", "T1071"), ("tunnel", "T1572"), ("signature", "T1071"))
UNPACED: Final = (
    ("rarity", "T1071"),
    ("rarity", "T1571"),
    ("long", "T1571"),
    ("exfil", "T1048"),
    ("signature", "T1071"),
)
INBOUND: Final = ("scan", "T1595")
DOORS: Final = (2, 4)
"""So many doors a scanner tries in vain at one actor."""
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


def dressed(day: Day, dice: SeededDice) -> Day:
    """The same day with new names, detectors and last hours; what scans becomes an address that tries doors."""
    whose = np.arange(len(day.observables), dtype=np.int64)
    for campaign in day.campaigns:
        whose[list(campaign.elements)] = min(campaign.elements, default=0)
    scanners = set(day.negatives.get("scanner", ()))
    day.observables, day.listed, day.register = _renamed(day, scanners, dice.fork("names"))
    rows = day.rows
    paced = np.zeros(len(day.observables), dtype=bool)
    paced[whose[rows.element[rows.period != NO_PERIOD]]] = True
    first_unpaced = len(PACED)
    drawn = np.where(
        paced,
        dice.fork("paced").whole(len(paced), len(PACED)),
        first_unpaced + dice.fork("unpaced").whole(len(paced), len(UNPACED)),
    )
    inbound = np.isin(rows.element, sorted(scanners))
    day.sorts = [*PACED, *UNPACED, INBOUND]
    sort = np.where(inbound, len(day.sorts) - 1, drawn[whose[rows.element]])
    low, high = DOORS
    walks = np.array([walk_half_nats(-doors * log(HARMLESS_FAILS)) for doors in range(high + 1)])
    walk = np.where(inbound, walks[low + dice.fork("walk").whole(len(rows), high - low + 1)], rows.walk)
    known = rows.first < -WEEK_HOURS
    owner = whose[rows.element] * len(day.actors) + rows.actor
    blur = dice.fork("first").whole(len(day.observables) * len(day.actors), 24)
    first = np.where(known & np.isin(rows.element, sorted(day.campaigns_of)), rows.first + blur[owner], rows.first)
    units = dice.fork("last").units(len(day.observables) * len(day.actors))
    low_hour = np.maximum(first, 0)
    share = units[owner]
    last = (low_hour + share * (24 - low_hour)).astype(np.int64)
    columns = {name: getattr(rows, name) for name in rows.__slots__} | {
        "sort": sort,
        "walk": walk,
        "first": first,
        "last": last,
    }
    day.rows = type(rows)(**columns)
    return day


def _renamed(
    day: Day, scanners: set[int], dice: SeededDice
) -> tuple[list[Observable], dict[Observable, Grade], frozenset[Observable]]:
    names: dict[Observable, Observable] = {}
    used: set[Observable] = set()
    renamed = []
    for number, observable in enumerate(day.observables):
        kind = ObservableType.IP4 if number in scanners else observable.type
        new = _new(kind, dice)
        while new in used:
            new = _new(kind, dice)
        used.add(new)
        names[observable] = new
        renamed.append(new)
    return renamed, {names[o]: grade for o, grade in day.listed.items()}, frozenset(names[o] for o in day.register)


def _new(kind: ObservableType, dice: SeededDice) -> Observable:
    if kind is ObservableType.DOMAIN:
        return Observable.of("domain", f"{_word(dice)}-{_word(dice)}.example.net")
    if kind is ObservableType.CERT:
        return Observable.of("cert", dice.bytes(32).hex())
    return Observable.of("ip4", f"28.{dice.below(256)}.{dice.below(256)}.{dice.below(256)}")


def _word(dice: SeededDice) -> str:
    return "".join(
        _CONSONANTS[dice.below(len(_CONSONANTS))] + _VOWELS[dice.below(len(_VOWELS))] for _ in range(2 + dice.below(2))
    )
