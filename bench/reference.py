"""Measures the reference distributions that come with Bavn: statistics of benign candidates, and of chance.

    .venv/bin/python bench/reference.py [--write] [--null] [--json]

bavn/actor/detect/reference.json: for each population the share of benign candidates with at least a level, over the
benign captures of BAVN_DATA (for scans also the background of the internet). bavn/actor/detect/beacon_null.json
(--null, two minutes): how regular calls at random look, by the number of gaps. Without --write the tables are made and
held against those in the package: the largest ratio between the two at any level is printed.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from labelled import BENIGN, ROOT, data_needed, labelled, window

from bavn.actor.detect import calibrate
from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.run import DETECTORS
from bavn.actor.detect.statistics.timing import CALLS_MIN, spread_of
from bavn.actor.detect.terms import Terms

NOTE = "Shares of benign candidates with at least each level; measured by bench/reference.py on benign captures."
WRITTEN = ("scan.in",)
"""The others' tables are made under conditions of their own by detect_more_a.py and detect_more_b.py; those of beacon,
rarity, dns_tunnel, scan.out, exfil and long by ruler.py --forward --write, on the benign sites of fit and choose, and
signature's likewise with --baselines."""
DETECT = ROOT / "bavn" / "actor" / "detect"
NULL_P = (1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)
NULL_GAPS = (*range(CALLS_MIN - 1, 41), 45, 50, 60, 70, 80, 100, 120, 150, 200, 300)
NULL_ROWS, NULL_CHUNK, NULL_SEED = 200_000, 20_000, 20261124


def populations(folder: Path, wanted) -> dict[str, calibrate.Tally]:
    """The statistics of every candidate of every capture for which ``wanted`` is true, by population."""
    found: dict[str, calibrate.Tally] = {}
    for one in labelled(folder):
        if not wanted(one):
            continue
        with window(one) as made:
            if made is None:
                continue
            look = DetectorContext(window=made, terms=Terms(made, lists.shipped))
            for detector in DETECTORS:
                for population, tally in detector.candidates(look).populations.items():
                    if one.kind in BENIGN or population.startswith("scan."):
                        found[population] = found.get(population, calibrate.Tally()) + tally
    return found


def reference(folder: Path, wanted=lambda _: True) -> calibrate.Reference:
    """Over the benign captures for which ``wanted`` is true; the background of the internet counts for scans."""
    some = populations(folder, lambda one: one.kind in (*BENIGN, "background") and wanted(one))
    return calibrate.Reference({name: calibrate.survival(tally) for name, tally in some.items() if tally.total})


def null_table() -> dict[str, object]:
    """How small the spread of n gaps at random is, once in so many."""
    dice = np.random.default_rng(NULL_SEED)
    spreads = []
    for gaps in NULL_GAPS:
        rows = NULL_ROWS if gaps <= 100 else NULL_ROWS // 2
        sample = np.concatenate(
            [spread_of(dice.exponential(size=(NULL_CHUNK, gaps))) for _ in range(rows // NULL_CHUNK)]
        )
        spreads.append([99.0] + [round(float(np.quantile(sample, p)), 4) for p in NULL_P[1:]])
    return {"gaps": NULL_GAPS, "p": NULL_P, "spread": spreads}


def ratio(one: calibrate.Reference, other: calibrate.Reference) -> float:
    """The largest ratio of the two at any level of either, where both are at least one in a hundred."""
    worst = 1.0
    for name in one.tables.keys() & other.tables.keys():
        for level in (*one.tables[name].levels, *other.tables[name].levels):
            a, b = one.at_least(name, level), other.at_least(name, level)
            if min(a, b) >= 0.01:
                worst = max(worst, a / b, b / a)
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--null", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folder = data_needed()
    if asked.null:
        text = json.dumps(null_table(), separators=(",", ":"))
        same = text == (DETECT / "beacon_null.json").read_text(encoding="utf-8").strip()
        print(f"beacon_null.json: {'the same' if same else 'other'} numbers")
        if asked.write:
            (DETECT / "beacon_null.json").write_text(text + "\n", encoding="utf-8")
    made = reference(folder)
    facts = {
        name: {"candidates": table.count, "levels": len(table.levels)} for name, table in sorted(made.tables.items())
    }
    facts["ratio_to_shipped"] = round(ratio(made, calibrate.shipped()), 3)
    if asked.write:
        kept = calibrate.shipped().tables | {name: made.tables[name] for name in WRITTEN}
        text = calibrate.to_json(calibrate.Reference(kept), NOTE)
        (DETECT / "reference.json").write_text(text, encoding="utf-8")
    print(json.dumps(facts) if asked.json else "\n".join(f"{name}: {fact}" for name, fact in facts.items()))


if __name__ == "__main__":
    main()
