"""What a SOC sees: all detectors at once over the labelled captures, and whether a p-value is what it says.

    .venv/bin/python bench/detect_all.py [--only families|calibration|soon] [--json]

families (BAVN_DATA): for each family, in how many captures anything is told at p <= 0.05 and 0.01 about a machine that
the label names, by which detectors, whether a labelled peer is named, and the suspicions on benign captures for 1,000
host-days. Beside them over the same captures: Suricata with the rules of BAVN_DATA (any alert; alerts of grave
categories), and RITA v5's beacon score and DNS rule with plain counts for scans. calibration: for each detector the
share of benign candidates, and of benign host-days, at p <= .05, .01, .005 and .001, with Wilson's intervals of 95 %.
soon: for each detector, over the captures in which it finds something, seconds from the first record of what is found
to the first moment at which what could be seen by then is told at p <= 0.05 (a capture is cut there, eight halvings).

Families are split by the hash of their name; p-values of one half's captures come from a reference measured on the
other half's benign captures (lateral's also on made networks, which belong to neither).
"""

import argparse
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))

from baselines import plain_scans, rita_beacons, rita_dns
from bench_b import networks
from captures import Question, about, detected_us, host_days, names, peers_of
from detect_more_b import INNOCENT_SEEDS, table_of
from figures import tell
from labelled import BENIGN, Labelled, data_needed, labelled, window, window_of
from ruled import ruled

from bavn.actor.detect import calibrate
from bavn.actor.detect.base import Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.detectors.signature import Signature
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.indicators.indicators import IndicatorSet
from bavn.actor.detect.run import DETECTORS, SurveyBackground, survey
from bavn.actor.detect.terms import Terms
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text

LEVELS = (0.05, 0.01, 0.005, 0.001)
SHOWN, STRONG = 0.05, 0.01
KINDS = (*BENIGN, "hard-benign", "malicious", "technique", "background")
Z = 1.96
NOTHING_SAID = Text.plain("-")


@dataclass(frozen=True)
class Kept:
    """A detector that answers what it answered before."""

    name: str
    technique: str
    found: Found
    tables: tuple[str, ...] = ()
    innocent: Text = NOTHING_SAID

    def candidates(self, _: DetectorContext) -> Found:
        return self.found


@dataclass
class Capture:
    """One capture looked at once. ``days``: host-days. ``alarms``: of the baselines, by name."""

    one: Labelled
    kept: list[Kept]
    days: int
    alarms: dict[str, tuple[int, bool]] = field(default_factory=dict)
    seen: tuple[Suspicion, ...] = ()


def look_at(one: Labelled, alerts: dict[str, object]) -> Capture | None:
    """All detectors over a capture, alerts of the rules added where it was run with rules."""
    with window(one) as made:
        if made is None:
            return None
        look = DetectorContext(window=made, terms=Terms(made, lists.shipped))
        kept = [Kept(d.name, d.technique, d.candidates(look)) for d in DETECTORS if d.name != Signature.name]
        rita = {*rita_beacons(made), *rita_dns(made), *plain_scans(made)}
        hit = any(not one.hosts or alarm.host in one.hosts or alarm.peer in one.hosts for alarm in rita)
        capture = Capture(one, kept, host_days(made), {"RITA and counts": (len(rita), hit)})
    if one.name in alerts:
        with window_of(alerts[one.name]) as made:
            if made is not None:
                look = DetectorContext(window=made, terms=Terms(made, lists.shipped))
                capture.kept.append(Kept(Signature.name, Signature.technique, Signature().candidates(look)))
                for name, sql in RULES.items():
                    count = int(made.rows(sql)[0][0])
                    capture.alarms[name] = (count, count > 0)
    return capture


_ALERTED = "SELECT count(*) FROM (SELECT DISTINCT src, dst, signature_id FROM alert WHERE {})"
RULES = {
    "any alert": _ALERTED.format("TRUE"),
    "grave alert": _ALERTED.format(
        "severity = 1 AND regexp_matches(lower(category), 'trojan|malware|command and control|exploit|credential')"
    ),
}
"""Pairs and rules; severity 1 of a category that says malware."""


def references(captures: Iterable[Capture]) -> dict[bool, calibrate.Reference]:
    """For each half, what the other half's benign captures say; of scans and guesses from outside also the background
    of the internet, which is in neither half: nothing of it is judged."""
    found: dict[bool, dict[str, Tally]] = {half: defaultdict(Tally) for half in (True, False)}
    for capture in captures:
        benign = capture.one.kind in BENIGN
        if not benign and capture.one.kind != "background":
            continue
        for kept in capture.kept:
            for name, tally in kept.found.populations.items():
                for half in (not capture.one.tuning,) if benign else (True, False):
                    if benign or name.startswith(("scan.", "bruteforce.")):
                        found[half][name] += tally
    made = {}
    for half, tallies in found.items():
        for seed in INNOCENT_SEEDS:
            tallies["lateral"] += innocent(seed)
        made[half] = table_of(tallies)
    return made


@lru_cache(maxsize=8)
def innocent(seed: int) -> Tally:
    return networks.innocent(seed)


class Empty:
    """A window that nobody asks anything but how many hosts there are; what is asked about candidates finds nothing."""

    first_us = last_us = known_from_us = 0
    homes: tuple[str, ...] = ()

    def rows(self, *_: object, tables: object = None, **__: object) -> list[tuple[int]]:
        return [] if tables else [(1,)]


def judge(capture: Capture, reference: calibrate.Reference) -> None:
    capture.seen = survey(Empty(), capture.kept, against=SurveyBackground(reference=reference)).suspicions  # type: ignore[arg-type]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The interval of 95 % for a share."""
    if not of:
        return 0.0, 1.0
    p, square = hits / of, Z * Z
    middle, half = p + square / (2 * of), Z * math.sqrt(p * (1 - p) / of + square / (4 * of * of))
    return max(0.0, (middle - half) / (1 + square / of)), min(1.0, (middle + half) / (1 + square / of))


def share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{hits}/{of} = {hits / max(1, of):.4f} ({low:.4f} to {high:.4f})"


def calibration(captures: list[Capture], given: dict[bool, calibrate.Reference]) -> dict[str, dict[str, str]]:
    """Benign candidates, each judged alone by the other half's table, and benign host-days with a suspicion. The inward
    ones carry the weight that every one of them has. Candidates of one capture are no independent draws, so that the
    true intervals are wider."""
    hits: dict[str, Counter[float]] = defaultdict(Counter)
    of: Counter[str] = Counter()
    loud: dict[str, Counter[float]] = defaultdict(Counter)
    days = 0
    for capture in captures:
        if capture.one.kind not in BENIGN:
            continue
        days += capture.days
        reference = given[capture.one.tuning]
        for kept in capture.kept:
            times = weights_outside(kept.found.candidates)
            for name, tally in kept.found.populations.items():
                weight = times.get(name, 1.0)
                for step, count in tally.counts.items():
                    p = min(1.0, weight * reference.at_least(name, calibrate.least_of(step + 1)))
                    of[name] += count
                    for level in LEVELS:
                        hits[name][level] += count * (p <= level)
        for level in LEVELS:
            for name in {*(s.detector for s in capture.seen), "any"}:
                hosts = {s.host for s in capture.seen if s.p <= level and name in ("any", s.detector)}
                loud[name][level] += len(hosts)
    return {
        "candidates": {f"{n}, p <= {level}": share(hits[n][level], of[n]) for n in sorted(of) for level in LEVELS},
        "host-days": {f"{n}, p <= {level}": share(loud[n][level], days) for n in sorted(loud) for level in LEVELS},
    }


def weights_outside(candidates: Iterable[Candidate]) -> dict[str, float]:
    """By population, the weight that all of it carries: of what comes from outside. What a detector takes for weak
    carries one of its own (beacon), of which the table knows nothing."""
    some = [each for each in candidates if each.exact_p is None and each.population.endswith(".in")]
    return {each.population: each.p_times for each in some}


def families(captures: list[Capture]) -> dict[str, object]:
    """Told of, by family and half, and what benign captures cost."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    benign: Counter[str] = Counter()
    missed: dict[str, str] = {}
    for capture in captures:
        one, half = capture.one, "tuning" if capture.one.tuning else "test"
        if one.kind == "background":
            continue
        if one.kind in BENIGN:
            for label in ("", f", {half}"):
                benign[f"host-days{label}"] += capture.days
                for level in (SHOWN, STRONG):
                    benign[f"any, p <= {level}{label}"] += sum(s.p <= level for s in capture.seen)
            for level in (SHOWN, STRONG):
                benign.update(f"{s.detector}, p <= {level}" for s in capture.seen if s.p <= level)
            benign.update({name: count for name, (count, _) in capture.alarms.items()})
            continue
        mine = [s for s in capture.seen if s.detector != "ioc" and about(one, s)]
        plain = [s for s in mine if s.detector != Signature.name]
        for label in (f"{one.kind}: {one.family} ({half})", f"{one.kind}: all of {half}", f"{one.kind}: all"):
            row = rows[label]
            row["captures"] += 1
            row["rules"] += any(kept.name == Signature.name for kept in capture.kept)
            for level in (SHOWN, STRONG):
                row[f"p <= {level}"] += any(s.p <= level for s in plain)
                row[f"with rules, p <= {level}"] += any(s.p <= level for s in mine)
            row["named"] += any(s.p <= SHOWN and names(one, peers_of(s)) for s in plain)
            row.update({s.detector for s in mine if s.p <= SHOWN})
            row.update(name for name, (_, hit) in capture.alarms.items() if hit)
        if not any(s.p <= SHOWN for s in plain):
            best = min(plain, key=lambda s: s.p, default=None)
            missed[one.name] = f"{best.detector} p={best.p:.3g} {best.peer}" if best else "no candidate"
    per = 1000 / max(1, benign["host-days"])
    return {
        "families": {name: dict(row) for name, row in sorted(rows.items())},
        "benign host-days": {name: days for name, days in benign.items() if name.startswith("host-days")},
        "benign, for 1,000 host-days": {
            name: round(1000 * n / max(1, benign[f"host-days, {name.rpartition(', ')[2]}"]), 1)
            if name.endswith((", tuning", ", test"))
            else round(per * n, 1)
            for name, n in sorted(benign.items())
            if not name.startswith("host-days")
        },
        "missed at p <= .05": missed,
    }


def soon(captures: list[Capture], given: dict[bool, calibrate.Reference]) -> dict[str, str]:
    """How long each detector takes. What shows only when a connection ends takes at least as long as that."""
    took: dict[str, list[float]] = defaultdict(list)
    for capture in captures:
        one, reference = capture.one, given[capture.one.tuning]
        if one.kind in BENIGN or one.kind == "background":
            continue
        for detector in DETECTORS:
            mine = [s for s in capture.seen if s.detector == detector.name and s.p <= SHOWN and about(one, s)]
            if mine and detector.name not in (Signature.name, "ioc"):
                asked = Question(detector, lambda _: True, {})
                told = detected_us(asked, one, reference, IndicatorSet())
                took[detector.name].append(max(0.0, (told - min(s.first_us for s in mine)) / 1e6))
    return {
        name: f"{len(some)} captures: median {median(some):.1f} s, 90 % within {nine_tenths(some):.0f} s"
        for name, some in sorted(took.items())
    }


def nine_tenths(some: list[float]) -> float:
    return sorted(some)[(9 * len(some) - 1) // 10]


def looked(folder: Path) -> list[Capture]:
    alerts: dict[str, object] = dict(ruled(folder))
    every = (look_at(one, alerts) for one in labelled(folder) if one.kind in KINDS)
    return [capture for capture in every if capture is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("families", "calibration", "soon"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folder = data_needed()
    captures = looked(folder)
    given = references(captures)
    for capture in captures:
        judge(capture, given[capture.one.tuning])
    facts: dict[str, object] = {}
    if asked.only in (None, "families"):
        facts |= families(captures)
    if asked.only in (None, "calibration"):
        facts |= calibration(captures, given)
    if asked.only in (None, "soon"):
        facts["seconds to detection"] = soon(captures, given)
    tell(facts, as_json=asked.json)


if __name__ == "__main__":
    main()
