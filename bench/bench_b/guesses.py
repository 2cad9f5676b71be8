"""Made guessing: fifty sources of one try a day over an ordinary number of strangers; beside ten failures of one
source in ten minutes, which finds none of it."""

import numpy as np

from bavn.actor.detect import calibrate
from bavn.actor.detect.detectors.bruteforce import Day, weighed
from bavn.actor.detect.queries.crowds import COUNTS, MET_DAYS, crowd_nats, crowd_p
from bavn.actor.detect.terms import KNOWN_DAYS_MIN

DAYS = 14
SHOWN_P = 0.05


def found(trials: int = 200) -> dict[str, object]:
    """Share found within the day, how many sources that took, and how often an ordinary day is called one: strangers
    at random, strangers who come in waves (variance three times the mean), and all or half of them new that day."""
    dice, table = np.random.default_rng(4), calibrate.shipped()
    rows: dict[str, object] = {}
    for strangers in (0.0, 2.0, 20.0, 100.0, 200.0, 400.0):
        for waves in (1, 3):
            for new in (1.0, 0.5):
                if strangers:
                    name = f"{strangers:.0f} strangers a day, variance {waves} x mean, {new:.0%} of them new"
                elif waves == 1 and new == 1.0:
                    name = "no strangers"
                else:
                    continue
                hits, needed, false = 0, [], 0
                for _ in range(trials):
                    every = came(dice, strangers, waves, DAYS + 1)
                    fresh = dice.binomial(every, new)
                    false += p_of(every, fresh, 0) <= SHOWN_P
                    hits += p_of(every, fresh, 50) <= SHOWN_P
                    needed += [n for n in range(5, 51, 5) if p_of(every, fresh, n) <= SHOWN_P][:1]
                rows[f"50 sources x 1 try over {name}"] = {
                    "found within the day": hits / trials,
                    "sources needed": float(np.median(needed)) if needed else None,
                    "ordinary day called one": false / trials,
                    "ten failures of one source": 0.0,
                }
    for name, sure, failed in (("Kerberos, all fail", True, 1.0), ("SSH flows, all brief", False, 1.0)):
        for tries in (3, 5, 10, 20, 50):
            day = Day(
                service="x",
                source="10.0.0.1",
                outward=True,
                day=20,
                sure=sure,
                tries=tries,
                failed=round(failed * tries),
                targets=1,
                names=1,
                busiest=tries,
                target="10.0.0.2",
                first_us=0,
                last_us=1,
            )
            (seen,) = weighed([day])
            rows[f"{name}: {tries} tries within ten minutes"] = {
                "nats": round(seen.nats, 2),
                "p": round(table.at_least("bruteforce.out", seen.nats), 4),
            }
    return rows


def came(dice: np.random.Generator, mean: float, waves: int, days: int) -> np.ndarray:
    """Strangers a day, variance ``waves`` times the mean."""
    if waves == 1 or not mean:
        return dice.poisson(mean, days)
    return dice.negative_binomial(mean / (waves - 1), 1 / waves, days)


def p_of(every: np.ndarray, fresh: np.ndarray, more: int) -> float:
    """Of the last day with ``more`` new ones, at an actor with one such service, as the strangest of all days that
    could be told."""
    nats = 0.0
    for counts, begin in ((every, 0), (fresh, MET_DAYS)):
        known = {day: int(count) for day, count in enumerate(counts) if count}
        known[DAYS] = int(counts[DAYS]) + more
        nats = max(nats, crowd_nats(known, DAYS, begin))
    return crowd_p(nats, COUNTS * (DAYS + 1 - KNOWN_DAYS_MIN))
