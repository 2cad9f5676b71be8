"""Made guessing: fifty sources of one try a day over an ordinary number of strangers; beside ten failures of one
source in ten minutes, which finds none of it."""

import numpy as np

from bavn.actor.detect import calibrate
from bavn.actor.detect.bruteforce import Day, weighed
from bavn.actor.detect.crowds import crowd_nats, crowd_p

DAYS = 14


def found(trials: int = 100) -> dict[str, object]:
    """Share found within the day, how many sources that took, and how often an ordinary day is called one."""
    dice, table = np.random.default_rng(4), calibrate.shipped()
    rows: dict[str, object] = {}
    for strangers in (0.0, 2.0, 20.0, 200.0):
        hits, needed, false = 0, [], 0
        for _ in range(trials):
            past = {day: int(count) for day, count in enumerate(dice.poisson(strangers, DAYS)) if count}
            ordinary = int(dice.poisson(strangers))
            false += p_of(past | {DAYS: ordinary}) <= 0.05 if ordinary else 0
            hits += p_of(past | {DAYS: ordinary + 50}) <= 0.05
            steps = [n for n in range(1, 51) if p_of(past | {DAYS: ordinary + n}) <= 0.05]
            needed += steps[:1]
        rows[f"50 sources x 1 try over {strangers:.0f} strangers a day"] = {
            "found within the day": hits / trials,
            "sources needed": float(np.median(needed)) if needed else None,
            "ordinary day called one": false / trials,
            "ten failures of one source": 0.0,
        }
    for name, sure, failed in (("Kerberos, all fail", True, 1.0), ("SSH flows, all brief", False, 1.0)):
        for tries in (3, 5, 10, 20, 50):
            day = Day(service="x", source="10.0.0.1", outward=True, day=20, sure=sure, tries=tries,
                      failed=round(failed * tries), targets=1, names=1, busiest=tries, target="10.0.0.2", first_us=0,
                      last_us=1)  # fmt: skip
            (seen,) = weighed([day])
            rows[f"{name}: {tries} tries within ten minutes"] = {
                "nats": round(seen.nats, 2), "p": round(table.at_least("bruteforce.out", seen.nats), 4),
            }  # fmt: skip
    return rows


def p_of(counts: dict[int, int]) -> float:
    """Of the last day, at an actor with one such service."""
    return crowd_p(crowd_nats(counts, DAYS, 0), DAYS + 1)
