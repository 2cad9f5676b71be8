"""Whole rounds of a simulated sector, in one process: real nodes, key holder and centre on disks of their own.

Run: .venv/bin/python bench/rounds.py [--actors N] [--m M] [--rounds K] [--threads T] [--json FILE]
1. An hourly round end to end: opening, keys, shares, uploads, reconstruction, reveal, leads. The first round of a day
   asks the key holder for whole sets, later ones for a tenth. Wall and CPU seconds of everybody together, from the last
   upload to the lead, and the peak memory of the whole process: every node, the key holder and the centre.
   Baseline, in the same run: what the published way takes to reconstruct such a round (extrapolated).
2. On the simulated clock, tier A by its defaults, with one actor that is never there, so that every round waits for
   it: from the second victim's first strong sign to the lead.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bavn.app.centre.join_engine import threads_run
from bavn.centre.correlate.tier import Tier
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.psi.reconstruct import reconstruct_tables
from bavn.rehearsal.network import Faults
from bavn.rehearsal.script import START_US, Script, suspicion
from bavn.rehearsal.world import World
from bavn.traffic.dice import SeededDice
from bavn.traffic.names import invented_name
from bavn_lab.sim.psi_published import published_cpu_s

HELD_BY = 3
BASELINE_PART = 0.0005


def names(actors):
    return tuple(f"actor-{at:03d}" for at in range(actors))


def hourly(actors, m, rounds, own, shared, threads, folder):
    """One line for each round."""
    tier = Tier(name="B", t=3, m=m, every_s=3600, upload_s=300, wave_s=30, reveal_s=3000, sign_days=3)
    world = World(Script(seed=1, actors=names(actors), tiers=(tier,), releases=False), folder)
    world.centre.centre._join._reconstruct = timed = Timed(threads)
    dice = SeededDice(1, "bench")
    for place, name in enumerate(world.nodes):
        mine = [Observable.of("domain", invented_name(dice, "net")) for _ in range(own)]
        mine += [
            Observable.of("domain", f"shared-{at}.com") for at in range(shared) if (place - at * 7) % actors < HELD_BY
        ]
        told = [
            suspicion((one,), 0.006 + 0.04 * at / len(mine), f"10.{10 + place % 200}.1.{1 + at % 250}", START_US)
            for at, one in enumerate(mine)
        ]
        world.nodes[name].known.replace(told, START_US)
    told = []
    with ThreadPoolExecutor(threads) as pool:
        for number in range(rounds):
            world.clock.advance(3600 * SECOND_US)
            told.append({"round": number + 1} | one_round(world, pool, timed, shared))
            print(json.dumps(told[-1]), flush=True)
    world.close()
    return told


class Timed:
    """Reconstruction on so many threads, and what it took."""

    def __init__(self, threads):
        self.run, self.wall_s, self.cpu_s = threads_run(threads), 0.0, 0.0
        self.uploads_in, self.cpu_then = 0.0, 0.0

    def __call__(self, params, xs, table_of):
        self.uploads_in = begun = time.perf_counter()
        cpu = self.cpu_then = time.process_time()
        hits = reconstruct_tables(params, xs, table_of, self.run)
        self.wall_s, self.cpu_s = time.perf_counter() - begun, time.process_time() - cpu
        return hits


def one_round(world, pool, timed, shared):
    begun, cpu = time.perf_counter(), time.process_time()
    centre = world.centre.centre
    before = {view.lead.id: view.lead.last_hour for view in centre.desk.lead_book.leads(1000)}
    centre.step()
    first_lead_s = last_lead_s = None
    while True:
        list(pool.map(lambda node: node.talker.talk(), world.nodes.values()))
        centre.step()
        world.clock.advance(SECOND_US)
        leads = {view.lead.id: view.lead.last_hour for view in centre.desk.lead_book.leads(1000)}
        (summary,) = centre.desk.rounds(1)
        signs = sum(1 for cell in centre.desk.cells(summary.round.id) if cell.named)
        if leads and first_lead_s is None and (set(leads) - set(before) or signs):
            first_lead_s = time.perf_counter() - timed.uploads_in
        if summary.round.listening or summary.round.phase.value in ("closed", "void"):
            last_lead_s = time.perf_counter() - timed.uploads_in
            last_lead_cpu_s = time.process_time() - timed.cpu_then
            break
    elements = {str(one) for cell in centre.desk.cells(summary.round.id) for _, one in cell.named}
    return {
        "wall_s": round(time.perf_counter() - begun, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "reconstruct_wall_s": round(timed.wall_s, 2),
        "reconstruct_cpu_s": round(timed.cpu_s, 2),
        "upload_to_first_lead_s": round(first_lead_s, 2),
        "upload_to_all_revealed_s": round(last_lead_s, 2),
        "upload_to_all_revealed_cpu_s": round(last_lead_cpu_s, 2),
        "uploads": len(summary.uploaded),
        "planted": shared,
        "revealed": len(elements),
        "leads": len(leads),
        "peak_mb_all_parties": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def clock(hours, folder):
    """Seconds from each second victim's sign to its lead, on the simulated clock."""
    actors = names(8)
    tier = Tier(name="A", m=150)
    away = (actors[-1], Faults(partitions=((0, 2**62),)))
    world = World(Script(seed=2, actors=actors, tiers=(tier,), networks=(away,), releases=False), folder)
    dice = SeededDice(2, "clock")
    step_us = 5 * SECOND_US
    planted, held, waits, seen = [], {name: [] for name in actors}, [], set()
    at_us = START_US + 10 * MINUTE_US
    while at_us < START_US + (hours * 60 - 15) * MINUTE_US:
        at_us += int(SECOND_US * (60 + 400 * dice.unit()))
        planted.append((at_us, Observable.of("domain", invented_name(dice, "com")), len(planted) % 6))
    todo = sorted(
        [(at - 30 * MINUTE_US, one, actors[who], at) for at, one, who in planted]
        + [(at, one, actors[who + 1], at) for at, one, who in planted],
        key=lambda item: (item[0], str(item[1])),
    )
    when = {str(one): at for at, one, _ in planted}
    while world.clock.now_us() < START_US + hours * 60 * MINUTE_US:
        now_us = world.clock.advance(step_us)
        while todo and todo[0][0] <= now_us:
            _, one, name, _ = todo.pop(0)
            held[name].append(suspicion((one,), 0.001, "10.10.1.7", now_us))
            world.nodes[name].known.replace(held[name], now_us)
        for node in world.nodes.values():
            node.step()
        world.centre.step()
        for view in world.centre.centre.desk.lead_book.leads(1000):
            for observable in map(str, view.lead.observables):
                if observable in when and observable not in seen:
                    seen.add(observable)
                    waits.append((now_us - when[observable]) / SECOND_US)
    world.close()
    waits.sort()
    return {
        "planted": len(planted),
        "led": len(waits),
        "median_s": waits[len(waits) // 2],
        "p95_s": waits[min(len(waits) - 1, int(0.95 * len(waits)))],
        "max_s": waits[-1],
    }


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--actors", type=int, default=100)
    asked.add_argument("--m", type=int, default=10_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--own", type=int, default=300, help="elements that an actor alone holds")
    asked.add_argument("--shared", type=int, default=60, help="elements that three actors hold")
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--hours", type=int, default=6, help="simulated hours of tier A")
    asked.add_argument("--skip-clock", action="store_true")
    asked.add_argument("--skip-hourly", action="store_true")
    asked.add_argument("--json", type=Path)
    given = asked.parse_args()
    told = {}
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as folder:
        if not given.skip_hourly:
            told["hourly"] = hourly(
                given.actors, given.m, given.rounds, given.own, given.shared, given.threads, Path(folder) / "hourly"
            )
            baseline = published_cpu_s(given.actors, 3, 3 * given.m * 10, BASELINE_PART)
            told["published_reconstruct_cpu_s"] = round(baseline, 1)
            print(f"published way to reconstruct it, from {BASELINE_PART:.2%} of the bins: {baseline:.0f} CPU s")
        if not given.skip_clock:
            told["tier_a"] = clock(given.hours, Path(folder) / "clock")
            print(json.dumps(told["tier_a"]))
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
