"""Does adding up a host's suspicions rank better than its strongest one? Precision among the first 20 hosts.

DETECTION.md, 12: per host the largest evidence of each detector, decayed by half in seven days, families discounted.
The pool is calm hosts, drawn from those of the benign captures and the background, and those of a few attack captures.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from labelled import BENIGN, labelled, window

from bavn.actor.detect.run import survey
from bavn.model.moment import DAY_US

HALF_LIFE_US = 7 * DAY_US
DISCOUNT = 0.5
FIRST, DRAWN, TRIALS = 20, 12, 500
CALM_HOSTS = 200
"""Calm hosts with suspicions in the pool, drawn again from those there are: attacks are few among many."""
FAMILIES = {"beacon": "calls", "long": "calls", "rarity": "calls", "dns_tunnel": "names", "dga": "names"}
Score = tuple[float, float, float, float]


def scores(found, last_us: int) -> dict[str, Score]:
    """For each host: strongest, its tie-break, sum of families, and the sum with a bonus for three techniques."""
    by_host: dict[str, dict[str, float]] = defaultdict(dict)
    strangest: dict[str, float] = defaultdict(float)
    techniques: dict[str, set[str]] = defaultdict(set)
    for s in found:
        family = FAMILIES.get(s.detector, s.detector)
        worth = max(0.0, s.evidence_nats) * 0.5 ** ((last_us - s.last_us) / HALF_LIFE_US)
        by_host[s.host][family] = max(by_host[s.host].get(family, 0.0), worth)
        strangest[s.host] = max(strangest[s.host], s.statistic)
        if worth:
            techniques[s.host].add(s.technique.split(".")[0])
    made: dict[str, Score] = {}
    for host, families in by_host.items():
        ordered = sorted(families.values(), reverse=True)
        total = sum(worth * DISCOUNT**place for place, worth in enumerate(ordered))
        bonus = 1.0 if len(techniques[host]) >= 3 else 0.0
        made[host] = (ordered[0], strangest[host], total, total + bonus)
    return made


def risk(folder: Path) -> dict[str, object]:
    """Mean precision among the first 20 of each way to rank."""
    calm: list[Score] = []
    attacks: list[list[Score]] = []
    for one in labelled(folder):
        if one.kind in ("mixed", "protocol-mix"):
            continue
        with window(one) as made:
            if made is None:
                continue
            values = list(scores(survey(made).suspicions, made.last_us).values())
        if one.kind in BENIGN or one.kind in ("background", "hard-benign"):
            calm += values
        elif values:
            attacks.append([max(values)])
    dice = np.random.default_rng(5)
    hits: dict[str, list[float]] = defaultdict(list)
    for _ in range(TRIALS):
        drawn = dice.choice(len(attacks), DRAWN, replace=False)
        pool = [(score, True) for place in drawn for score in attacks[place]]
        pool += [(calm[place], False) for place in dice.choice(len(calm), CALM_HOSTS)]
        order = [pool[place] for place in dice.permutation(len(pool))]
        for name, key in (("strongest", 0), ("families added up", 2), ("added up, three techniques", 3)):
            ranked = sorted(order, key=lambda item: -item[0][key])[:FIRST]
            hits[name].append(sum(attacked for _, attacked in ranked) / FIRST)
    return {
        "hosts with suspicions": {"calm": len(calm), "attacked captures": len(attacks)},
        "best possible": DRAWN / FIRST,
        **{f"precision@20, {name}": round(float(np.mean(values)), 4) for name, values in hits.items()},
    }
