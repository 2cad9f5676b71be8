"""How soon each family is told of, and whether what was told gets weaker: labelled captures played forward.

    .venv/bin/python bench/timely.py [--test] [--json]

Each capture of sets fit and choose (--test: test, looked at once for each published table) is cut at 10 minutes, an
hour, 6 hours, a day and a week after its first record and at its end; at each moment all detectors see what could be
seen by then and nothing later (a flow at its end). p by the package's own tables. Printed by family: in how many
captures it was told (p <= 0.05) at each age, of how many that lasted so long, and the first age at which any was.
Weaker: told at one age, and at a later one not, or by a p three times as high.

The baseline, in the same run: what one look at the end tells of the same captures.
"""

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from captures import about
from labelled import Labelled, converted, data_needed, known_us, until, window
from ruler import JUDGED, SHOWN
from sets import GUILTY, everything

from bavn.actor.detect.run import SurveyBackground, survey
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US

AGES = {"10 min": 10 * MINUTE_US, "1 h": HOUR_US, "6 h": 6 * HOUR_US, "1 day": DAY_US, "7 days": 7 * DAY_US}
END = "end"
WEAKER = 3.0


@dataclass(frozen=True)
class Lived:
    """One capture. ``p``: the best true one at each age that it lasted to and at its end; 1 where there was none."""

    one: Labelled
    p: dict[str, float]

    @property
    def weaker(self) -> bool:
        told = [p for p in self.p.values() if p <= SHOWN]
        after = list(self.p.values())
        return any(later > SHOWN or later > WEAKER * p for p in told for later in after[after.index(p) + 1 :])


def live(one: Labelled) -> Lived | None:
    tables = converted(one)
    known = known_us(tables)
    if not known:
        return None
    first, last = known[0], known[-1]
    moments = {name: first + age for name, age in AGES.items() if first + age < last} | {END: last}
    return Lived(one, {name: best_p(one, until(tables, at)) for name, at in moments.items()})


def best_p(one: Labelled, tables: dict) -> float:
    with window(one, tables) as made:
        if made is None:
            return 1.0
        against = SurveyBackground()
        found = survey(made, JUDGED, against=against).suspicions
        return min((s.p for s in found if about(one, s)), default=1.0)


def by_family(lived: list[Lived]) -> dict[str, dict[str, str]]:
    families: dict[str, list[Lived]] = defaultdict(list)
    for each in lived:
        families[each.one.family].append(each)
    facts = {}
    for family, some in sorted(families.items()):
        ages = {}
        for name in (*AGES, END):
            so_long = [each for each in some if name in each.p]
            if so_long:
                ages[name] = f"{sum(each.p[name] <= SHOWN for each in so_long)}/{len(so_long)}"
        first = next((name for name in ages if not ages[name].startswith("0/")), "never")
        facts[family] = {"first": first} | ages
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    wanted = ("test",) if asked.test else ("fit", "choose")
    chosen = [one for one, part in everything(data_needed().parent) if part in wanted and one.kind in GUILTY]
    lived = [each for one in chosen if (each := live(one)) is not None]
    facts: dict[str, object] = {}
    for kind in sorted(GUILTY):
        mine = [each for each in lived if each.one.kind == kind]
        facts[kind] = by_family(mine)
        told = [each for each in mine if min(each.p.values()) <= SHOWN]
        facts[f"{kind}: captures told at some age"] = f"{len(told)}/{len(mine)}"
        facts[f"{kind}: told by one look at the end (baseline)"] = sum(each.p[END] <= SHOWN for each in mine)
        facts[f"{kind}: weaker at a later age"] = [each.one.path.name for each in mine if each.weaker]
        for name in AGES:
            so_long = [each for each in mine if name in each.p]
            hit = sum(each.p[name] <= SHOWN for each in so_long)
            facts[f"{kind}: told at {name}, of those that last so long"] = f"{hit}/{len(so_long)}"
    if asked.json:
        print(json.dumps(facts))
        return
    for name, fact in facts.items():
        if isinstance(fact, dict):
            print(name)
            for family, ages in fact.items():
                print(f"   {family:32} {ages}")
        else:
            print(f"{name}: {fact}")


if __name__ == "__main__":
    main()
