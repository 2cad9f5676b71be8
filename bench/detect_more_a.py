"""Rarity, exfil, dga and long: what they find, how often they are wrong, how soon, beside a baseline.

    .venv/bin/python bench/detect_more_a.py [--only captures|streams] [--write] [--json]

captures (BAVN_DATA): per family, in how many captures each finds something with p <= 0.05, p-values from a reference
measured on the benign captures of the other half of the families; on benign captures suspicions for 1,000 host-days;
beside them plain rules (any address without a name; any flow over an hour; 10 names that do not exist). streams: made
names, transfers and a browser release (bench/bench_a). --write puts the reference tables of these detectors but
rarity (ruler.py --write) into bavn/actor/detect/reference.json, other tables as they are.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_a import names, release, transfers
from figures import tell
from labelled import BENIGN, ROOT, data_folder, labelled, window

from bavn.actor.detect import calibrate
from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.detectors.dga import Dga
from bavn.actor.detect.detectors.exfil import OUT_SQL, Exfil
from bavn.actor.detect.detectors.long import Long
from bavn.actor.detect.detectors.rarity import Rarity
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.actor.detect.terms import Terms

OWN = (Rarity(), Exfil(), Dga(), Long())
NAMES = ("rarity", "exfil", "dga", "long")
FILE = ROOT / "bavn" / "actor" / "detect" / "reference.json"
SHOWN_P, STRONG_P = 0.05, 0.005
SENT = f"WITH {OUT_SQL} SELECT ln(1 + sum(up)) FROM out GROUP BY src, dst, hour // 24"
PLAIN = {
    "an address without a name": """
        SELECT count(*) FROM (SELECT DISTINCT dst FROM pair_hour WHERE is_home(src) AND NOT is_home(dst)
            AND flows > failed AND dst NOT IN (SELECT DISTINCT dst FROM tls WHERE sni IS NOT NULL)
            AND dst NOT IN (SELECT DISTINCT dst FROM http WHERE host IS NOT NULL))""",
    "a flow over an hour": """
        SELECT count(*) FROM flow WHERE is_home(src) <> is_home(dst) AND ts_end - ts >= INTERVAL 1 HOUR""",
    "ten names that do not exist": """
        SELECT count(*) FROM (SELECT src FROM dns WHERE answered AND rcode = 'NXDOMAIN' GROUP BY src
            HAVING count(DISTINCT rrname) >= 10)""",
}


def populations(folder: Path, wanted) -> dict[str, calibrate.Tally]:
    """The statistics of these detectors over the benign captures for which ``wanted`` is true."""
    found: dict[str, calibrate.Tally] = defaultdict(calibrate.Tally)
    for one in labelled(folder):
        if one.kind not in BENIGN or not wanted(one):
            continue
        with window(one) as made:
            if made is None:
                continue
            look = DetectorContext(window=made, terms=Terms(made, lists.shipped))
            for detector in OWN:
                for population, tally in detector.candidates(look).populations.items():
                    if population in NAMES:
                        found[population] += tally
    return dict(found)


def of(tallies: dict[str, calibrate.Tally]) -> calibrate.Reference:
    return calibrate.Reference({name: calibrate.survival(tally) for name, tally in tallies.items() if tally.total})


def captures(folder: Path) -> dict[str, object]:
    """Families found and false alarms, with the reference of the other half, and what plain rules say."""
    references = {
        half: of(populations(folder, lambda one, half=half: one.tuning is not half)) for half in (True, False)
    }
    families: dict[str, Counter[str]] = defaultdict(Counter)
    benign: Counter[str] = Counter()
    sent: list[float] = []
    for one in labelled(folder):
        with window(one) as made:
            if made is None:
                continue
            seen = survey(made, OWN, against=SurveyBackground(reference=references[one.tuning]))
            plain = {name: int(made.rows(sql)[0][0]) for name, sql in PLAIN.items()}
            if one.kind in BENIGN:
                sql = "SELECT count(*) FROM (SELECT DISTINCT src, hour // 24 FROM pair_hour WHERE is_home(src))"
                benign["host-days"] += int(made.rows(sql)[0][0])
                for s in seen.suspicions:
                    benign[f"{s.detector}"] += 1
                    benign[f"{s.detector}, p <= {SHOWN_P}"] += s.p <= SHOWN_P
                    benign[f"{s.detector}, p <= {STRONG_P}"] += s.p <= STRONG_P
                benign.update(plain)
                sent += [amount for (amount,) in made.rows(SENT)]
                continue
            half = "tuning" if one.tuning else "test"
            family = families[f"{one.kind}: {one.family} ({half})"]
            family["captures"] += 1
            for name in {s.detector for s in seen.suspicions if s.p <= SHOWN_P}:
                family[name] += 1
            for name, count in plain.items():
                family[name] += count > 0
    per = 1000 / max(1, benign["host-days"])
    rates = {name: round(per * n, 1) for name, n in sorted(benign.items()) if name != "host-days"}
    return {
        "families": {name: dict(found) for name, found in sorted(families.items())},
        "benign": {"host-days": benign["host-days"]},
        "for 1,000 host-days on benign captures": rates,
        "ln(1 + bytes out) to one address in a day, benign": usual(sent),
    }


def usual(sent: list[float]) -> dict[str, float]:
    """What exfil takes for usual where nobody has a habit of his own."""
    middle = float(np.median(sent))
    mad = float(np.median(np.abs(np.array(sent) - middle)))
    return {"units": len(sent), "median": round(middle, 2), "MAD": round(mad, 2)}


def merged(text: str, made: calibrate.Reference) -> str:
    """The reference file with these tables put in place of their elders."""
    note = json.loads(text)["note"]
    return calibrate.to_json(calibrate.Reference({**calibrate.from_json(text).tables, **made.tables}), note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("captures", "streams"))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folder = data_folder()
    facts: dict[str, dict[str, object]] = {}
    if asked.write and folder is not None:
        made = of({name: tally for name, tally in populations(folder, lambda _: True).items() if name != Rarity.name})
        FILE.write_text(merged(FILE.read_text(encoding="utf-8"), made), encoding="utf-8")
        facts["written"] = {name: table.count for name, table in made.tables.items()}
    elif asked.only != "captures":
        facts |= {"names": names(), "transfers": transfers(), "browser release": release()}
    if not asked.write and asked.only != "streams" and folder is not None:
        facts |= captures(folder)  # type: ignore[arg-type]
    tell(facts, as_json=asked.json)


if __name__ == "__main__":
    main()
