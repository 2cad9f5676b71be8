"""Lateral movement, brute force and signatures: what they find, how often they are wrong, how soon, beside a baseline.

    .venv/bin/python bench/detect_more_b.py [--only captures|alerts|streams|risk] [--write] [--json]

captures (BAVN_DATA): recall per technique, suspicions for 1,000 host-days on the benign captures, seconds between the
first and last record of what was found; beside plain MITRE BZAR pairs and a count of ten failures in ten minutes.
alerts: Suricata's alerts over the captures of fit and choose, with the rules of BAVN_DATA, folded. streams: made
networks with administrators, worms and spread guessing. risk: precision among the first 20 hosts with and without
adding up a host's suspicions.
--write puts the reference tables of these detectors into bavn/actor/detect/reference.json, other tables as they are.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sigma_rules
from bench_b import guesses, networks
from bench_b.risk import risk
from figures import tell
from labelled import BENIGN, NONE, ROOT, Labelled, data_folder, labelled, window
from ruled import Rules
from sets import INNOCENT, everything, kept_window

from bavn.actor.detect import calibrate
from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.detectors.bruteforce import BruteForce
from bavn.actor.detect.detectors.lateral import Lateral
from bavn.actor.detect.detectors.signature import SIGMA, Signature
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.queries import acts
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.actor.detect.terms import Terms
from bavn.actor.store.query.window import StoreWindow

RATIOS = ("lateral", "bruteforce.", "signature")
OWN = (Lateral(), BruteForce())
NAMES = ("lateral", "bruteforce")
SHOWN_P = 0.05
LEVELS = (0.05, 0.02, 0.01, 0.005, 0.001)
INNOCENT_SEEDS = (101, 102, 103)
"""Of made networks whose ordinary days are in the table; those measured have other seeds."""
ALERT_P = 0.01
"""Where the bars of lateral are both held against it."""
MOVEMENT = ("lateral-psexec", "lateral-schtasks", "lateral-winrm", "lateral-wmi")
MOVEMENT_NAMES = ("lateral_movement_network", "_LM_", "Zerologon", "zerologon")
GUESSING_NAMES = ("bruteforce", "passwordspray")


def moves(one: Labelled) -> bool:
    """Does the manifest call it lateral movement?"""
    return one.family in MOVEMENT or any(name in one.name for name in MOVEMENT_NAMES)


def guesses_at(one: Labelled) -> bool:
    return any(name in one.name for name in GUESSING_NAMES)


def reference(folder: Path, detectors=(), wanted=lambda _: True) -> calibrate.Reference:
    """Benign captures for which ``wanted`` is true; for what comes in from outside the background of the internet too.
    Since hardly any benign capture shows one own host calling another, lateral's table is mostly of made networks.
    ``detectors``: OWN alone, else the table of Sigma rules as well; the ruler makes that of alerts."""
    found: dict[str, calibrate.Tally] = defaultdict(calibrate.Tally)
    for one in labelled(folder):
        if one.kind != "background" and (one.kind not in BENIGN or not wanted(one)):
            continue
        with window(one) as made:
            if made is not None:
                look = DetectorContext(window=made, terms=Terms(made, lists.shipped))
                for detector in OWN:
                    for name, tally in detector.candidates(look).populations.items():
                        if one.kind in BENIGN or name != "lateral":
                            found[name] += tally
    if not detectors:
        for name, tally in sigma_tallies(folder).items():
            found[name] += tally
    for seed in INNOCENT_SEEDS:
        found["lateral"] += networks.innocent(seed)
    return table_of(found)


def table_of(found: Mapping[str, calibrate.Tally]) -> calibrate.Reference:
    """A table for each population; these detectors' statistics are likelihood ratios."""
    full = {name: tally for name, tally in found.items() if tally.total}
    return calibrate.Reference(
        {name: calibrate.survival(tally, ratio=name.startswith(RATIOS)) for name, tally in full.items()}
    )


def sigma_tallies(folder: Path, wanted=lambda _: True) -> dict[str, calibrate.Tally]:
    """What all Sigma rules of BAVN_DATA say of the benign captures for which ``wanted`` is true."""
    rules = sigma_rules.read()
    tally = calibrate.Tally()
    for one in labelled(folder):
        if one.kind in BENIGN and wanted(one):
            with window(one) as made:
                if made is not None:
                    look = DetectorContext(window=made, terms=Terms(made, lists.shipped), rules=tuple(rules))
                    tally += Signature().candidates(look).populations.get(SIGMA, calibrate.Tally())
    return {SIGMA: tally}


def write(made: calibrate.Reference) -> None:
    """Puts these tables among those that are there."""
    file = ROOT / "bavn" / "actor" / "detect" / "reference.json"
    text = file.read_text(encoding="utf-8")
    there = dict(calibrate.from_json(text).tables)
    note = json.loads(text)["note"]
    file.write_text(calibrate.to_json(calibrate.Reference(there | dict(made.tables)), note), encoding="utf-8")


def bzar(made) -> bool:
    """The baseline: a file laid down and something started at one target within ten minutes, and nothing else."""
    return bool(made.rows(acts.PAIRS_SQL, {"limit": 10}, {"operations": acts.operations()}))


def ten_failures(made) -> bool:
    """The baseline: ten refused connections or log-ons of one pair within ten minutes."""
    sql = (
        "SELECT count(*) FROM (SELECT src, dst, epoch_us(ts) // 600000000 AS span FROM krb5 WHERE NOT success"
        " UNION ALL SELECT src, dst, epoch_us(ts) // 600000000 FROM flow"
        " WHERE failed AND dst_port IN (21, 22, 23, 3389)"
        ") GROUP BY src, dst, span HAVING count(*) >= 10 LIMIT 1"
    )
    return bool(made.rows(sql))


def captures(folder: Path) -> dict[str, object]:
    """Recall at each level of p, false alarms and baselines on the labelled captures; p-values of one half's captures
    come from a reference measured on the other half."""
    references = {half: reference(folder, OWN, lambda one, half=half: one.tuning is not half) for half in (True, False)}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    false: Counter[str] = Counter()
    missed: list[str] = []
    took: dict[str, list[float]] = defaultdict(list)
    for one in labelled(folder):
        with window(one) as made:
            if made is None:
                continue
            seen = survey(made, OWN, against=SurveyBackground(reference=references[one.tuning])).suspicions
            best = {name: min((s.p for s in seen if s.detector == name), default=1.0) for name in NAMES}
            half = "tuning" if one.tuning else "test"
            if one.kind in BENIGN:
                sql = "SELECT count(*) FROM (SELECT DISTINCT src, hour // 24 FROM pair_hour WHERE is_home(src))"
                days = int(made.rows(sql)[0][0])
                for label in ("host_days", f"host_days, {half}"):
                    false[label] += days
                for name in NAMES:
                    for level in LEVELS:
                        count = sum(s.detector == name and s.p <= level for s in seen)
                        false[f"{name}, p <= {level}"] += count
                        false[f"{name}, p <= {level}, {half}"] += count
                false["BZAR pairs"] += bzar(made)
                false["ten failures"] += ten_failures(made)
                continue
            for name, wanted, baseline in (("lateral", moves, bzar), ("bruteforce", guesses_at, ten_failures)):
                if wanted(one):
                    for label in (f"{name}: {one.family} ({half})", f"{name}: all of {half}", f"{name}: all"):
                        row = found[label]
                        row["captures"] += 1
                        for level in LEVELS:
                            row[f"p <= {level}"] += best[name] <= level
                        row[baseline.__name__] += baseline(made)
                    if best[name] > ALERT_P:
                        missed.append(f"{one.name.rpartition('/')[2]}: p = {best[name]:.2g}")
                    else:
                        first = min(s.first_us for s in seen if s.detector == name)
                        took[name].append((min(s.last_us for s in seen if s.detector == name) - first) / 1e6)
                elif one.kind in ("malicious", "technique") and best[name] <= ALERT_P:
                    found[f"{name} in other captures: {one.family} ({half})"]["found"] += 1
    per = {label: 1000 / max(1, days) for label, days in false.items() if label.startswith("host_days")}
    return {
        "recall": {name: dict(row) for name, row in sorted(found.items())},
        f"missed at p <= {ALERT_P}": missed,
        "false for 1,000 host-days": {
            name: round(count * per.get(f"host_days, {name.rpartition(', ')[2]}", per["host_days"]), 1)
            for name, count in false.items()
            if not name.startswith("host_days")
        },
        "host-days": {name: days for name, days in false.items() if name.startswith("host_days")},
        "seconds from first to last record of what was found (median)": {
            name: round(median(values), 1) for name, values in took.items()
        },
    }


def alerts(folder: Path) -> dict[str, object]:
    """How many alerts became how many suspicions, and in which captures with alerts nothing was told."""
    total: Counter[str] = Counter()
    lost: list[str] = []
    weak: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bavn-ruled-") as work, Rules(folder.parent, Path(work)) as rules:
        for one, part in everything(folder.parent):
            if part in ("fit", "choose") and one.name.startswith(("pcap/", "eve/")):
                with kept_window(one, rules) as made:
                    if made is not None:
                        _count(one, made, total, lost, weak)
    every = total["attack alerts"] + total["benign alerts"]
    told = total["attack suspicions"] + total["benign suspicions"]
    return {
        **total,
        "folded away": round(1 - told / max(1, every), 4),
        "bar": 0.86,
        "attack captures with alerts and nothing told": lost,
        "attack captures told only with p > 0.05": weak,
    }


def _count(one: Labelled, made: StoreWindow, total: Counter[str], lost: list[str], weak: list[str]) -> None:
    count = int(made.rows("SELECT count(*) FROM alert")[0][0])
    side = "benign" if one.kind in INNOCENT else "attack"
    total[f"{side} captures"] += 1
    if not count:
        return
    seen = survey(made, (Signature(),)).suspicions
    shown = [s for s in seen if s.p <= SHOWN_P]
    total[f"{side} captures with alerts"] += 1
    total[f"{side} alerts"] += count
    total[f"{side} suspicions"] += len(seen)
    total[f"{side} suspicions p<=0.05"] += len(shown)
    if side == "attack" and not seen:
        lost.append(one.path.name)
    elif side == "attack" and not shown:
        weak.append(one.path.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("captures", "alerts", "streams", "risk"))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folder = data_folder()
    if folder is not None and asked.write:
        write(reference(folder))
        return
    facts: dict[str, object] = {}
    if asked.only in (None, "streams"):
        facts |= {"networks": networks.found(), "guesses": guesses.found()}
    for name, part in (("captures", captures), ("alerts", alerts), ("risk", risk)):
        if asked.only in (None, name):
            facts[name] = part(folder) if folder else NONE
    tell(facts, as_json=asked.json)


if __name__ == "__main__":
    main()
