"""False alarms of public indicator lists: what each list hits on benign captures, with and without warning lists.

    .venv/bin/python bench/ioc_lists.py [--json]

BAVN_DATA/intel: every list of text (Zeek's intel format, plain lines, tables with tabs) by itself and all together,
at confidence 75. A hit is a suspicion of ``ioc``, one for each host and indicator; "alarms" are those at p <= 0.05.
Without warning lists: the same survey that knows no list. "Blockable": hits that are on no popularity or warning list,
which are the only ones that a release may block. The captures are of other years than the lists, so that hits are
mostly addresses that changed hands and names that were listed by mistake; lists of this week hit otherwise.
"""

import argparse
import gzip
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from captures import host_days
from figures import tell
from labelled import BENIGN, NONE, data_folder, labelled, window

from bavn.actor.detect.detectors.ioc import Ioc
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.indicators.indicators import NO_INDICATORS, IndicatorSet
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.indicators.reader import read
from bavn.actor.detect.run import SurveyBackground, survey

SHOWN_P = 0.05
FOLDERS = ("ipsum", "maltrail", "threatfox", "c2-tracker", "zeek-intel")
IPSUM_LISTS_MIN = (1, 3, 5)


def texts(file: Path) -> list[str]:
    data = file.read_bytes()
    return (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8", "replace").splitlines()


def public(intel: Path) -> Iterator[tuple[str, IndicatorSet, int]]:
    """Each list: name, what of it could be read, how many lines were refused. Fields after the first are comments."""
    for folder in FOLDERS:
        for file in sorted((intel / folder).glob("*")):
            lines = texts(file)
            fields = [line.split("\t") for line in lines if line and not line.startswith("#")]
            if folder == "ipsum":
                for least in IPSUM_LISTS_MIN:
                    made = read([row[0] for row in fields if int(row[1]) >= least])
                    yield f"ipsum, on {least} lists or more", made.indicators, made.refused
                continue
            if file.name.startswith("all."):
                continue
            made = read([row[0] for row in fields])
            yield f"{folder}/{file.name.partition('.')[0]}", made.indicators, made.refused


def measure(folder: Path) -> dict[str, object]:
    """For each list with a hit: hits, alarms and blockable hits for 1,000 host-days."""
    given = list(public(folder.parent / "intel"))
    everything = NO_INDICATORS
    for name, indicators, _ in given:
        if not name.startswith("ipsum, on 3") and not name.startswith("ipsum, on 5"):
            everything = everything | indicators
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    hits: dict[str, set[str]] = defaultdict(set)
    days = 0
    for one in labelled(folder):
        if one.kind not in BENIGN:
            continue
        with window(one) as made:
            if made is None:
                continue
            days += host_days(made)
            if not survey(
                made, (Ioc(),), indicators=everything, against=SurveyBackground(known=lambda: NO_LISTS)
            ).suspicions:
                continue
            for name, indicators, _ in [*given, ("all lists together", everything, 0)]:
                plain = survey(
                    made, (Ioc(),), indicators=indicators, against=SurveyBackground(known=lambda: NO_LISTS)
                ).suspicions
                weighed = survey(
                    made, (Ioc(),), indicators=indicators, against=SurveyBackground(known=lists.shipped)
                ).suspicions
                row = counts[name]
                row["hits"] += len(plain)
                row["captures"] += bool(plain)
                row["alarms without warning lists"] += sum(s.p <= SHOWN_P for s in plain)
                row["alarms"] += sum(s.p <= SHOWN_P for s in weighed)
                row["blockable"] += sum(not s.listed for s in weighed)
                row["listed and blockable"] += sum(s.listed and s.p <= SHOWN_P for s in weighed)
                hits[name] |= {s.peer for s in weighed if s.p <= SHOWN_P}
    sizes = {name: (len(indicators), refused) for name, indicators, refused in given}
    rows = {
        name: {
            **({"indicators": sizes[name][0], "refused": sizes[name][1]} if name in sizes else {}),
            **dict(row),
            "alarms for 1,000 host-days": round(1000 * row["alarms"] / max(1, days), 1),
            "without warning lists": round(1000 * row["alarms without warning lists"] / max(1, days), 1),
            "such as": sorted(hits[name])[:6],
        }
        for name, row in sorted(counts.items())
        if row["hits"]
    }
    silent = sorted(name for name in sizes if not counts[name]["hits"])
    return {"lists": rows, "host-days": days, "lists without a hit": silent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folder = data_folder()
    tell(measure(folder) if folder else {"lists": NONE}, as_json=asked.json)


if __name__ == "__main__":
    main()
