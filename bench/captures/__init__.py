"""The table of each detector over the labelled captures: found per family, false alarms, how soon, beside a baseline.

A detector is asked about the families that do what it looks for. Found: a suspicion about a machine that the label
names (any, where it names none). Named: one of its peers is one of the label's, itself a hint made by machine. P-values
come from a reference measured on the benign captures of the other half of the families.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from baselines import Alarm, entropy_dns, plain_scans, rita_beacons, rita_dns
from labelled import BENIGN, Labelled, converted, known_us, labelled, until, window
from reference import populations

from bavn.actor.detect import calibrate
from bavn.actor.detect.base import Detector
from bavn.actor.detect.indicators.indicators import IndicatorSet
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.actor.store.query.window import StoreWindow
from bavn.model.observable import NotCanonical, Observable, ObservableType, registered_domain
from bavn.model.record import address_uuid
from bavn.model.suspicion import Suspicion

LEVELS = {"evidence > 0": 0.25, "p <= 0.05": 0.05, "p <= 0.005": 0.005}
SHOWN = "p <= 0.05"
TUNNELS = frozenset({"dnscat2", "iodine", "dns-txt-c2"})
SCANS = frozenset({"portscan", "icmp-scan", "iot-botnet-scan", "mirai", "cerber"})
NO_IMPLANT = frozenset({"eternalblue", "log4shell", "printnightmare", "zerologon", "rig-ek", "antsword-webshell"})
"""Exploits and a web shell: one visit, nothing that calls home in the capture."""
STEPS_MAX = 8


@dataclass(frozen=True)
class Question:
    """What one detector is asked, and what stands beside it."""

    detector: Detector
    asks: Callable[[Labelled], bool]
    baselines: dict[str, Callable[[StoreWindow], set[Alarm]]]


def questions(detectors: Iterable[Detector]) -> list[Question]:
    """For the detectors that the captures' labels can tell something of."""
    asked: dict[str, tuple[Callable[[Labelled], bool], dict[str, Callable[[StoreWindow], set[Alarm]]]]] = {
        "beacon": (
            lambda one: one.kind == "malicious" and one.family not in NO_IMPLANT | TUNNELS | SCANS,
            {"RITA v5 >= 0.75": rita_beacons, "RITA v5 >= 0.90": lambda made: rita_beacons(made, 0.90)},
        ),
        "dns_tunnel": (
            lambda one: one.family in TUNNELS,
            {"RITA v5, 100 names": rita_dns, "entropy of a query >= 4.0": entropy_dns},
        ),
        "scan": (lambda one: one.family in SCANS, {"25 hosts or 15 ports failed": plain_scans}),
        "ioc": (lambda one: one.kind == "malicious" and bool(one.peers), {}),
    }
    return [Question(d, *asked[d.name]) for d in detectors if d.name in asked]


@dataclass
class Row:
    """One family, or all benign captures, under one question."""

    captures: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        made: dict[str, Any] = {"captures": self.captures, **dict(self.counts)}
        if self.seconds:
            made["median seconds to detection"] = round(median(self.seconds), 1)
        return made | ({"missed": self.missed} if self.missed else {})


def measure(folder: Path, detectors: tuple[Detector, ...]) -> dict[str, Any]:
    """For each detector: rows by half and family, both halves together, and benign alarms for 1,000 host-days."""
    everything = [one for one in labelled(folder) if one.kind in (*BENIGN, "malicious", "technique", "hard-benign")]
    references = {half: other_half(folder, half) for half in (True, False)}
    asked = questions(detectors)
    rows: dict[str, defaultdict[str, Row]] = {one.detector.name: defaultdict(Row) for one in asked}
    shares: dict[str, list[float]] = defaultdict(list)
    days: Counter[str] = Counter()
    for one in everything:
        with window(one) as made:
            if made is None:
                continue
            if one.kind in BENIGN:
                days["benign"] += host_days(made)
                share_of_benign(made, [q.detector for q in asked], references[one.tuning], shares)
            for question in asked:
                take(rows[question.detector.name], question, one, made, references[one.tuning])
    per = {"host-days": days["benign"]}
    return {
        name: {label: row.facts() | (per if label == "benign" else {}) for label, row in sorted(found.items())}
        for name, found in rows.items()
    } | {
        "share of benign candidates with p at most (other half's reference)": {
            name: {str(level): round(float(np.mean(np.array(ps) <= level)), 4) for level in (0.25, 0.05, 0.01, 0.005)}
            for name, ps in sorted(shares.items())
        }
    }


def other_half(folder: Path, half: bool) -> calibrate.Reference:
    """Measured on the benign captures of the families that are not in this half, and on the background of the internet,
    which is in neither: nothing of it is judged."""
    parts = populations(folder, lambda one: one.kind == "background" or (one.kind in BENIGN and one.tuning is not half))
    return calibrate.Reference({name: calibrate.survival(tally) for name, tally in parts.items() if tally.total})


def host_days(made: StoreWindow) -> int:
    """Own hosts times days on which each called somebody."""
    sql = "SELECT count(*) FROM (SELECT DISTINCT src, hour // 24 FROM pair_hour WHERE is_home(src))"
    return int(made.rows(sql)[0][0])


def share_of_benign(
    made: StoreWindow, detectors: list[Detector], reference: calibrate.Reference, shares: dict[str, list[float]]
) -> None:
    """The p-values of all that was weighed, were each judged alone: as often small as they say?"""
    for population, tally in survey(made, detectors, against=SurveyBackground(reference=reference)).tallies.items():
        for step, n in tally.counts.items():
            shares[population] += [reference.at_least(population, calibrate.least_of(step + 1))] * n


def take(
    rows: defaultdict[str, Row], question: Question, one: Labelled, made: StoreWindow, reference: calibrate.Reference
) -> None:
    """One capture under one question, into its rows."""
    benign = one.kind in BENIGN
    if one.kind != "hard-benign" and not benign and not question.asks(one):
        return
    indicators = indicators_of(one) if not benign else IndicatorSet()
    seen = survey(
        made, (question.detector,), against=SurveyBackground(reference=reference), indicators=indicators
    ).suspicions
    half = "tuning" if one.tuning else "test"
    labels = (
        ["benign", f"benign, {half}"]
        if benign
        else [f"hard-benign: {one.family}"]
        if one.kind == "hard-benign"
        else [f"{half}: {one.family}", f"all of {half}", "all"]
    )
    counts: Counter[str] = Counter()
    for name, p in LEVELS.items():
        mine = [s for s in seen if s.p <= p]
        counts[name] = len(mine) if benign else int(any(about(one, s) for s in mine))
    counts["named"] = 0 if benign else int(any(s.p <= LEVELS[SHOWN] and names(one, peers_of(s)) for s in seen))
    for name, baseline in question.baselines.items():
        alarms = baseline(made)
        hit = any(not one.hosts or alarm.host in one.hosts or alarm.peer in one.hosts for alarm in alarms)
        counts[name] = len(alarms) if benign else int(hit)
        if not benign:
            counts[f"{name}, named"] = int(any(names(one, {alarm.peer}) for alarm in alarms))
    for label in labels:
        rows[label].captures += 1
        rows[label].counts.update(counts)
    if benign or one.kind == "hard-benign":
        return
    if counts[SHOWN]:
        first = min(s.first_us for s in seen if s.p <= LEVELS[SHOWN] and about(one, s))
        took = (detected_us(question, one, reference, indicators) - first) / 1e6
        for label in labels:
            rows[label].seconds.append(max(0.0, took))
    else:
        best = min((s for s in seen if about(one, s)), key=lambda s: s.p, default=None)
        rows[labels[0]].missed.append(f"{one.name.rsplit('/', 1)[-1]}: {why_missed(question, one, made, best)}")


def about(one: Labelled, found: Suspicion) -> bool:
    return not one.hosts or found.host in one.hosts or found.peer in one.hosts


def peers_of(found: Suspicion) -> set[str]:
    return {found.peer, *(o.value for o in found.observables)}


def names(one: Labelled, peers: set[str]) -> bool:
    return bool(one.peers & {spelling for peer in peers for spelling in (peer, registered_domain(peer) or peer)})


def indicators_of(one: Labelled) -> IndicatorSet:
    """The label's own peers as a list that is sure of them: what an exact match must find."""
    made = {}
    for peer in sorted(one.peers):
        try:
            made[Observable.address(peer) if peer[-1].isdigit() else Observable.of(ObservableType.DOMAIN, peer)] = 100
        except NotCanonical:
            continue
    return IndicatorSet(made)


def detected_us(question: Question, one: Labelled, reference: calibrate.Reference, indicators: IndicatorSet) -> int:
    """The earliest moment, by halving, at which what could be seen by then gives the suspicion."""
    tables = converted(one)
    moments = known_us(tables)

    def seen(at: int) -> bool:
        with window(one, until(tables, moments[at])) as part:
            if part is None:
                return False
            given = survey(
                part, (question.detector,), against=SurveyBackground(reference=reference), indicators=indicators
            )
            return any(s.p <= LEVELS[SHOWN] and about(one, s) for s in given.suspicions)

    low, high = 0, len(moments) - 1
    for _ in range(STEPS_MAX):
        if high - low <= 1:
            break
        middle = (low + high) // 2
        low, high = (low, middle) if seen(middle) else (middle, high)
    return moments[high]


_CALLS = """
    SELECT max(n) FROM (SELECT count(*) AS n FROM flow WHERE list_contains($peers, dst::VARCHAR) GROUP BY dst, dst_port
        UNION ALL SELECT count(*) FROM http WHERE list_contains($peers, dst::VARCHAR) GROUP BY dst, dst_port)"""


def why_missed(question: Question, one: Labelled, made: StoreWindow, best: Suspicion | None) -> str:
    """What the rows say of it."""
    if best is not None:
        return f"weak: p = {best.p:.2g}, {best.peer}"
    if question.detector.name != "beacon":
        return "no candidate"
    peers = [str(address_uuid(peer)) for peer in sorted(one.peers) if peer[-1].isdigit()]
    rows = made.rows(_CALLS, {"peers": peers}) if peers else []
    return f"at most {int(rows[0][0] or 0) if rows else 0} calls to one labelled address"
