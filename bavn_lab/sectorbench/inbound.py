"""Scans from outside, a few tries at each of many actors: the joint walk beside blacklists that predict (HPB).

Drawn, two days: sources that try three doors at each of ten actors, five a day; sources that knock everywhere; ordinary
clients, most of whose calls are answered. The joint walk adds up what each actor reports of a source (its unfloored
walk, in half nats, read back as the steps it went) over both days. The blacklists look at the first day and are judged
on the second: a later victim is warned if the source stands among its 1,000. Highly predictive blacklisting: relevance
spread over the graph of actors that are hit by the same sources (Zhang, Porras, Ullrich, USENIX Security 2008, alpha
0.5); beside it the global and the local list of worst offenders. Refuses to know values and names.
"""

from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np

from bavn.actor.detect.queries.walk import FAIL_UNITS, SUCCESS_UNITS, UNIT_NATS
from bavn.model.evidence import walk_half_nats, walk_steps
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.day import Floats, Ints

THRESHOLD_NATS: Final = log(0.99 / 1e-5)
SCANS, TRIES, VICTIMS, FIRST_DAY = 200, 3, 10, 5
EVERYWHERE, EVERYWHERE_SHARE = 900, (0.3, 0.8)
LOCAL: Final = 100
"""Sources that knock at one actor only, at each."""
FAIL_SCAN, FAIL_CLIENT = 0.8, 0.2
CLIENTS: Final = 200_000
LENGTH: Final = 1000
ALPHA: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """``walk``: for each scan whether the joint walk found it, by what reports tell; ``exact``: by walks that are not
    rounded. ``alarms`` of ``clients``: wrongly alarmed. The others: for each victim of the second day whether its own
    blacklist of LENGTH had the source."""

    walk: tuple[bool, ...]
    exact: tuple[bool, ...]
    alarms: int
    clients: int
    predictive: tuple[bool, ...]
    global_worst: tuple[bool, ...]
    local_worst: tuple[bool, ...]


def inbound(actors: int, seed: int) -> Inbound:
    """One drawn pair of days."""
    dice = SeededDice(seed, f"inbound {actors}")
    victims = np.array([_some(actors, min(VICTIMS, actors), dice) for _ in range(SCANS)])
    walks = _walks(SCANS * victims.shape[1], FAIL_SCAN, dice).reshape(victims.shape)
    first = victims[:, :FIRST_DAY]
    log_ = _first_day(actors, first, dice)
    predictive, worst, local = _predictive(log_), log_.sum(axis=0).astype(np.float64), log_.astype(np.float64)
    later = [(scan, int(victim)) for scan in range(SCANS) for victim in victims[scan, FIRST_DAY:]]
    return Inbound(
        walk=tuple((_reported(walks).sum(axis=1) >= THRESHOLD_NATS).tolist()),
        exact=tuple((walks.sum(axis=1) >= THRESHOLD_NATS).tolist()),
        clients=CLIENTS,
        alarms=_alarms(dice),
        predictive=tuple(_on_list(predictive[victim], scan) for scan, victim in later),
        global_worst=tuple(_on_list(worst, scan) for scan, victim in later),
        local_worst=tuple(_on_list(local[victim], scan) for scan, victim in later),
    )


def _some(actors: int, count: int, dice: SeededDice) -> Ints:
    return np.argsort(dice.units(actors), kind="stable")[:count].astype(np.int64)


def _walks(meetings: int, fail: float, dice: SeededDice) -> Floats:
    """The walk of one source at one actor after TRIES tries, in nats."""
    failed = (dice.units(meetings * TRIES) < fail).reshape(meetings, TRIES).sum(axis=1)
    nats = (failed * FAIL_UNITS + (TRIES - failed) * SUCCESS_UNITS) * UNIT_NATS
    return np.asarray(nats, dtype=np.float64)


def _reported(walks: Floats) -> Floats:
    """What the centre reads from reports of them, in nats."""
    told, at = np.unique(walks, return_inverse=True)
    read = np.array([walk_steps(walk_half_nats(float(walk))) * UNIT_NATS for walk in told])
    return read[at].reshape(walks.shape)


def _alarms(dice: SeededDice) -> int:
    """Ordinary clients of VICTIMS actors each that the joint walk takes for scanners."""
    sums = _reported(_walks(CLIENTS * VICTIMS, FAIL_CLIENT, dice)).reshape(CLIENTS, VICTIMS).sum(axis=1)
    return int((sums >= THRESHOLD_NATS).sum())


def _first_day(actors: int, first: Ints, dice: SeededDice) -> Ints:
    """int [actors, sources], 1 where a source was seen knocking; the scans come first."""
    log_ = np.zeros((actors, SCANS + EVERYWHERE + LOCAL * actors), np.int64)
    for scan, victims in enumerate(first):
        log_[victims, scan] = 1
    low, high = EVERYWHERE_SHARE
    for source in range(SCANS, SCANS + EVERYWHERE):
        log_[:, source] = dice.units(actors) < low + (high - low) * dice.unit()
    for actor in range(actors):
        start = SCANS + EVERYWHERE + LOCAL * actor
        log_[actor, start : start + LOCAL] = 1
    return log_


def _predictive(log_: Ints) -> Floats:
    """Relevance of each source to each actor: (sum over k of (alpha W)^k) b, W the share of common sources."""
    common = (log_ @ log_.T).astype(np.float64)
    np.fill_diagonal(common, 0.0)
    weights = common / np.maximum(1.0, log_.sum(axis=1, keepdims=True))
    weights /= max(1e-9, float(np.abs(np.linalg.eigvals(weights)).max()))
    relevance: Floats = np.linalg.solve(np.eye(len(log_)) - ALPHA * weights, log_.astype(np.float64))
    return relevance


def _on_list(worth: Floats, source: int) -> bool:
    """Whether a source stands among the LENGTH of most worth; ties are broken against it."""
    return bool(worth[source] > 0 and int((worth >= worth[source]).sum()) <= LENGTH)
