"""The joint scan walk over actors: what it finds of a source that tries little at each, and how often it cries wolf.

    python bench/joint_scan.py [--sources 1000000] [--seed 1] [--json FILE]

Tries are drawn, not captured. An actor reports a source only where three tries or more failed and its walk went up
(bavn/actor/detect/detectors/scan.py), so what the centre adds up is chosen by its outcome. Harmless sources: every
actor of the sector is tried 3, 5, 10 or 30 times, and one try in five fails (Jung et al. 2004). Baselines in the same
run: the plain sum of reported walks against ln(.99/1e-5), and each actor alone against ln(.99/.01).
"""

import argparse
import json
from math import log
from pathlib import Path

import numpy as np

from bavn.centre.correlate.joint_scan import FALSE_MAX, HARMLESS_FAILS, TRIES_MAX, tail, tries
from bavn.model.evidence import walk_half_nats

CHUNK = 50_000
FAILED_MIN = 3
ALONE_NATS = log(0.99 / 0.01)
ALARM_NATS = log(0.99 / 1e-5)


def reported(rng, sources, actors, made, fails):
    """[source, actor] -> tries by which failures outweigh successes, 0 where the node reports nothing."""
    failed = rng.binomial(made, fails, size=(sources, actors))
    net = 2 * failed - made
    return np.where((failed >= FAILED_MIN) & (net > 0), net, 0)


def joint(net, of):
    """Whether the walks of each source, as reports tell them, are together beyond chance (joint_scan.beyond_chance, for
    many sources)."""
    net = np.array([tries(walk_half_nats(failed * log(4))) for failed in range(net.max() + 1)])[net]
    found = np.zeros(len(net), dtype=bool)
    for least in range(1, TRIES_MAX + 1):
        k = (net >= least).sum(axis=1)
        alarm = next(n for n in range(2, of + 2) if tail(of, HARMLESS_FAILS**least, n) <= FALSE_MAX / TRIES_MAX)
        found |= k >= alarm
    return found


def rates(rng, sources, tried, of, made, fails):
    """Shares of sources that the joint walk, the plain sum and any actor alone call a scan."""
    found = np.zeros(3)
    for start in range(0, sources, CHUNK):
        net = reported(rng, min(CHUNK, sources - start), tried, made, fails)
        found += [
            joint(net, of).sum(),
            (net.sum(axis=1) * log(4) >= ALARM_NATS).sum(),
            (net * log(4) >= ALONE_NATS).any(axis=1).sum(),
        ]
    return found / sources


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--sources", type=int, default=1_000_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", type=Path)
    given = asked.parse_args()
    rng = np.random.default_rng(given.seed)
    told = {"bench": "joint_scan", "seed": given.seed, "sources": given.sources, "found": [], "false": []}
    for made in (3, 4):
        print(f"a source that tries {made} doors at each of 10 actors; share found: joint, plain sum, an actor alone")
        for of in (15, 50, 100):
            for fails in (1.0, 0.95, 0.9, 0.8):
                joint_, summed, alone = rates(rng, 20_000, 10, of, made, fails)
                told["found"].append(
                    {"N": of, "tries": made, "fails": fails, "joint": joint_, "sum": summed, "alone": alone}
                )
                print(f"  N={of:3d}, a try fails with {fails:.2f}: {joint_:.4f} {summed:.4f} {alone:.4f}", flush=True)
    print(
        f"harmless, every actor is tried; false alarms of {given.sources:,} sources: joint, plain sum, an actor alone"
    )
    for of in (15, 100):
        for made in (3, 5, 10, 30):
            got = rates(rng, given.sources, of, of, made, 0.2)
            told["false"].append({"N": of, "tries": made, "joint": got[0], "sum": got[1], "alone": got[2]})
            print(f"  N={of:3d}, {made:2d} tries at each: {got[0]:.2e} {got[1]:.2e} {got[2]:.2e}", flush=True)
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
