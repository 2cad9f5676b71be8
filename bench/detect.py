"""How well the detectors find, how rarely they cry wolf, how fast they are; each beside a baseline in the same run.

    .venv/bin/python bench/detect.py [--only captures|streams|speed] [--json]

captures (BAVN_DATA): for each detector and family, in how many captures it is found and how soon; alarms on benign
captures; baselines over the same windows (bench/captures). Families are split by the hash of their name: p-values of
one half's captures come from a reference measured on the other half's benign captures only. streams: made beacons,
tunnels and scans beside RITA v5's beacon score (>= 0.75), a rule of entropy for each query, and a plain count of
failures. speed: events a second of the four detectors over a store that holds one day, CPU time of all threads.
"""

import argparse
import sys
from pathlib import Path
from time import process_time

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from baselines import entropy_bits, rita_score
from captures import measure
from figures import tell
from labelled import NONE, data_folder
from made import DAY_S, Made, beacon, speed_store

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.detectors.beacon import REGULAR_NATS_MIN
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.queries.walk import ALARM_NATS, FAIL_UNITS, SUCCESS_UNITS, UNIT_NATS
from bavn.actor.detect.run import DETECTORS
from bavn.actor.detect.statistics.information import busiest, information_bytes
from bavn.actor.detect.statistics.timing import timings
from bavn.actor.detect.terms import Terms

STANDING = ("ioc", "beacon", "dns_tunnel", "scan")
"""Who is measured here, whoever else runs."""
MEASURED = tuple(detector for detector in DETECTORS if detector.name in STANDING)
SIZE_BYTES = 1000


def beacons(trials: int = 200) -> dict[str, object]:
    """Share found of each kind of made beacon, and of calls at random, by the timing test and by RITA's score."""
    dice = np.random.default_rng(1)
    rows: dict[str, object] = {}
    for period_s in (60, 300, 1800, 3600):
        for jitter in (0.0, 0.5, 0.9):
            for name, days, more in (("one day", 1, {}), ("five office days", 5, {"office": True})):
                streams = [beacon(dice, period_s, jitter, days=days, lost=0.1, **more) for _ in range(trials)]
                rows[f"{period_s} s, jitter {jitter:.0%}, 10 % lost, {name}"] = shares(streams, days)
    for calls in (8, 20, 100, 1000):
        streams = [np.sort(dice.random(calls)) * DAY_S for _ in range(10 * trials if calls < 1000 else trials)]
        rows[f"at random (false): {calls} calls in a day"] = shares(streams, 1)
    return rows


def shares(streams, days: int) -> dict[str, float]:
    kept = [np.sort((stream[-4096:] * 1e6).astype(np.int64)) for stream in streams if len(stream) >= 2]
    ours = timings(np.concatenate(kept), np.array([len(stream) for stream in kept])).nats >= REGULAR_NATS_MIN
    last_days = [stream[stream >= (days - 1) * DAY_S] for stream in streams if len(stream) >= 2]  # what RITA looks at
    rita = [rita_score(at, np.full(len(at), SIZE_BYTES), (days - 1) * DAY_S, days * DAY_S) >= 0.75 for at in last_days]
    return {"bavn": round(float(ours.mean()), 3), "rita": round(float(np.mean(rita)), 3)}


def tunnels(trials: int = 50) -> dict[str, object]:
    """Queries and seconds until 300 bytes in ten minutes; beside a rule that looks at each query's entropy alone."""
    made = Made(np.random.default_rng(2))
    rows: dict[str, object] = {}
    for name, length, every_s, alphabet in (
        ("upload, 50 letters, 2 a second", 50, 0.5, 36),
        ("hex, 60 letters, 1 a second", 60, 1.0, 16),
        ("half a byte a second, 36 letters each 36 s", 36, 36.0, 36),
    ):
        took = [until_alarm(made.labels(200, length, alphabet), every_s) for _ in range(trials)]
        entropy = np.mean([max(map(entropy_bits, made.labels(200, length, alphabet))) >= 4.0 for _ in range(trials)])
        found = [one for one in took if one is not None]
        rows[name] = {
            "bavn": len(found) / trials,
            "queries": round(float(np.median(found)), 1) if found else None,
            "seconds": round(float(np.median(found)) * every_s, 1) if found else None,
            "entropy of a query >= 4.0": float(entropy),
        }
    look_alikes = {
        "block list, 3,000 senders": made.reversed_addresses(3000),
        "hash names of a content network, 40 in ten minutes": made.labels(40, 16, 16),
        "ordinary names, 200 in ten minutes": made.words(200),
    }
    for name, given in look_alikes.items():
        labels = list(dict.fromkeys(given))
        most, _ = busiest(np.arange(len(labels)) * 200_000, information_bytes(labels), 600_000_000)
        rows[f"innocent: {name}"] = {
            "bytes in ten minutes, before fame": round(most),
            "entropy of a query >= 4.0": bool(max(map(entropy_bits, labels)) >= 4.0),
        }
    return rows


def until_alarm(labels: list[str], every_s: float) -> int | None:
    total, amounts = 0.0, information_bytes(labels)
    inside = max(1, int(600 / every_s))
    for count in range(1, len(labels) + 1):
        total = float(amounts[max(0, count - inside) : count].sum())
        if total >= 300:
            return count
    return None


def scans(trials: int = 4000) -> dict[str, object]:
    """The walk beside a count of ten failures an hour: targets until the alarm, and hosts wrongly alarmed."""
    dice = np.random.default_rng(3)

    def tried(success: float, targets: int) -> tuple[int | None, int | None]:
        walk, failed = 0.0, 0
        first: list[int | None] = [None, None]
        for count in range(1, targets + 1):
            good = dice.random() < success
            walk = max(0.0, walk + (SUCCESS_UNITS if good else FAIL_UNITS) * UNIT_NATS)
            failed += not good
            first[0] = first[0] or (count if walk >= ALARM_NATS else None)
            first[1] = first[1] or (count if failed >= 10 else None)
        return first[0], first[1]

    rows: dict[str, object] = {}
    for name, success, targets in (
        ("scanner, 20 % answer", 0.2, 60),
        ("host, 95 % answer, 100 new targets", 0.95, 100),
    ):
        took = [tried(success, targets) for _ in range(trials // 4)]
        for at, rule in enumerate(("walk", "ten failures")):
            found = [one[at] for one in took if one[at] is not None]
            rows[f"{name}: {rule}"] = {
                "alarmed": round(len(found) / len(took), 3),
                "targets": float(np.median(found)) if found else None,
            }
    return rows


def speed(events: int = 1_000_000) -> dict[str, object]:
    """CPU of each detector over one day of made traffic in a real store."""
    lists.shipped()
    rows: dict[str, object] = {}
    with speed_store(events) as (made, store_s):
        look = DetectorContext(window=made, terms=Terms(made, lists.shipped))
        total = 0.0
        for detector in MEASURED:
            began = process_time()
            detector.candidates(look)
            took = process_time() - began
            total += took
            rows[detector.name] = {"cpu_s": round(took, 2)}
        flows = int(made.rows("SELECT count(*) FROM flow")[0][0])
    rows["scan"] = {**rows["scan"], "us_a_flow": round(rows["scan"]["cpu_s"] * 1e6 / flows, 2), "bar_us": 15}
    rows["all"] = {
        "events_s": round(events / total),
        "with the store": round(events / (total + store_s)),
        "bar_events_s": 30_000,
    }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("captures", "streams", "speed"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    facts: dict[str, object] = {}
    if asked.only in (None, "streams"):
        facts |= {"beacons": beacons(), "tunnels": tunnels(), "scans": scans()}
    if asked.only in (None, "speed"):
        facts["speed"] = speed()
    folder = data_folder()
    if asked.only in (None, "captures"):
        facts |= measure(folder, MEASURED) if folder else {"captures": NONE}
    tell(facts, as_json=asked.json)


if __name__ == "__main__":
    main()
