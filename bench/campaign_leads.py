"""Whether a campaign that shows in several elements becomes one lead, and whether a lead holds one campaign only.

    python bench/campaign_leads.py [--actors 15 100] [--seeds 11 12 13] [--json FILE]

Days of SectorBench (docs/simulator.md) with six wider campaigns in each: five victims; a domain at the first three,
another at the last three, an address and a certificate at all five. Drawn, not captured. Baseline: one element, one
lead. Counted among all elements that were revealed: the largest share of a campaign's in one lead, and, of the first
twenty leads and of all, the share that holds elements of a campaign and of something else.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from bavn.model.observable import Observable
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.background import P_MAX, address
from bavn_lab.sectorbench.campaigns import P_MIN, Draft
from bavn_lab.sectorbench.day import NO_WALK, Rows, drawn_hosts
from bavn_lab.sectorbench.run import CAMPAIGNS_A_DAY
from bavn_lab.sectorbench.ways import BUDGET, scored
from bavn_lab.sectorbench.worlds import Generated

WIDE = 6


def with_wide(day, dice):
    """The day with six wider campaigns; element -> campaign, over these and the day's own."""
    draft = Draft(day, dice)
    of = {element: min(owners) for element, owners in day.campaigns_of.items()}
    for number in range(WIDE):
        victims = draft.some(5)
        named = [Observable.of("domain", f"w{number}-{n}-{dice.below(1 << 20):05x}.example.org") for n in (0, 1)]
        first, last, host, cert = (
            draft.new(named[0]),
            draft.new(named[1]),
            draft.new(address(1 << 22 | number)),
            draft.new(Observable.of("cert", dice.bytes(32).hex())),
        )
        of |= dict.fromkeys((first, last, host, cert), f"wide {number}")
        period, hour = dice.below(8), -dice.below(24)
        for at, victim in enumerate(victims):
            p, regular = draft.log_uniform(P_MIN, P_MAX), 2 + dice.below(4)
            bucket = int(drawn_hosts(np.full(1, 2), dice)[0])
            hour += dice.below(8)
            shown = [host, cert] + [first] * (at < 3) + [last] * (at >= 2)
            draft.rows += [(victim, one, p, bucket, min(23, hour), 23, period, regular, 0, NO_WALK) for one in shown]
    day.rows = day.rows.and_(Rows.of(draft.rows))
    return of


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--actors", type=int, nargs="+", default=[15, 100])
    asked.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    asked.add_argument("--json", type=Path)
    given = asked.parse_args()
    told = {"bench": "campaign_leads", "seeds": given.seeds, "cases": []}
    for actors in given.actors:
        whole, alone, mixed, mixed_first, several = [], [], [], [], 0
        for seed in given.seeds:
            day = Generated().day(actors, seed, CAMPAIGNS_A_DAY)
            of = with_wide(day, SeededDice(seed, f"wide {actors}"))
            made = scored(day, day.rows, kept_max=60)
            leads = made.leads()
            shown: dict = {}
            for element in made.revealed:
                if element in of:
                    shown.setdefault(of[element], set()).add(element)
            for mine in shown.values():
                if len(mine) > 1 and any(mine & lead for lead in leads):
                    whole.append(max(len(mine & lead) / len(mine) for lead in leads))
                    alone.append(1 / len(mine))
            kinds = [{of.get(element, "harmless") for element in lead} for lead in leads]
            mixed += [len(kind) > 1 for kind in kinds]
            mixed_first += [len(kind) > 1 for kind in kinds[:BUDGET]]
            several += sum(len(lead) > 1 for lead in leads)
        case = {
            "N": actors,
            "campaigns": len(whole),
            "in_one_lead": float(np.mean(whole)),
            "in_one_lead_by_element": float(np.mean(alone)),
            "campaigns_90": float(np.mean([w >= 0.9 for w in whole])),
            "mixed_first_20": float(np.mean(mixed_first)),
            "mixed_all": float(np.mean(mixed)),
            "leads": len(mixed),
            "leads_of_several": several,
        }
        told["cases"].append(case)
        print(json.dumps(case), flush=True)
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
