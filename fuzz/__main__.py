"""`script/fuzz [--minutes M] [--seed S] [--only NAME] [--jobs N] [--engine own|atheris] [--replay] [--list]`."""

import argparse
import logging
import os
import secrets
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from fuzz import kept
from fuzz.registry import targets
from fuzz.run import Runner
from fuzz.seed import real_root

OWNERS = (
    ("bavn/actor/sense", "sense"),
    ("bavn/wire/taxii", "intel"),
    ("bavn/wire/stix", "intel"),
    ("bavn/centre/inbox/read_", "intel"),
    ("bavn/wire", "wire"),
    ("bavn/app/misp", "intel"),
    ("bavn/app", "wire"),
)


def main() -> int:
    """0: nothing broke that was not known; 1: something did; 2: not what was meant."""
    ask = argparse.ArgumentParser(
        prog="script/fuzz", description="Feeds every parser and every route what nobody meant to send."
    )
    ask.add_argument("--minutes", type=float, default=5.0, help="wall time in all (5)")
    ask.add_argument("--seed", default="", help="any word; the same word makes the same mutants of the same corpus")
    ask.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="targets whose name begins so; may come again"
    )
    ask.add_argument("--quick", action="store_true", help="only targets in this process, none that starts a service")
    ask.add_argument("--jobs", type=int, default=1, help="processes at once (1)")
    ask.add_argument("--engine", choices=("own", "atheris"), default="own")
    ask.add_argument("--own", action="store_true", help="without the real data, so that what breaks may be kept in git")
    ask.add_argument("--note", action="store_true", help="write what breaks into fuzz/known.toml")
    ask.add_argument("--replay", action="store_true", help="only what once broke something")
    ask.add_argument("--list", action="store_true")
    given = ask.parse_args()
    if given.own:
        os.environ["BAVN_FUZZ_OWN"] = "1"
    chosen = [
        one
        for one in targets()
        if (not given.only or one.name.startswith(tuple(given.only))) and not (given.quick and one.slow)
    ]
    if given.list:
        for one in chosen:
            print(f"{one.name:28} {'process' if one.slow else 'in process':11} {', '.join(one.covers)[:120]}")
        return 0
    if not chosen:
        print("no target is called so; --list shows them", file=sys.stderr)
        return 2
    logging.disable(logging.CRITICAL)
    if given.replay:
        from fuzz.replay import replay

        return replay(frozenset(one.name for one in chosen))
    if given.engine == "atheris":
        from fuzz.with_atheris import fuzz

        return fuzz(chosen, given.minutes)
    seed = given.seed or secrets.token_hex(6)
    print(
        f"seed {seed}, {given.minutes:g} minutes, {len(chosen)} targets, {given.jobs} at once; real data: {real_root() or 'none'}",
        flush=True,
    )
    runner = Runner(chosen, seed, given.minutes * 60, max(1, given.jobs), log=lambda text: print(text, flush=True))
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started ends with us
    try:
        runner.run()
    except KeyboardInterrupt:
        print("broken off")
    return _report(runner, time.monotonic() - begun, seed, note=given.note)


def _report(runner: Runner, took_s: float, seed: str, *, note: bool) -> int:
    known = {(row.target, row.place) for row in kept.known()}
    print(f"\n{'target':28} {'inputs':>9} {'seconds':>8} {'lines':>6} {'kept':>5}  broke")
    for name, total in runner.sums.items():
        faults = [fault for fault in runner.faults if fault.target == name]
        print(
            f"{name:28} {total.inputs:9} {total.seconds:8.1f} {total.lines:6} {total.kept:5}  {len(faults) or ''} {total.troubles[0][-160:] if total.troubles else ''}"
        )
    contained = sum((total.contained for total in runner.sums.values()), Counter())
    for parser, count in contained.most_common(20):
        print(f"contained {parser}: {count} times what nobody expected, each one refusal")
    new = [fault for fault in runner.faults if (fault.target, fault.place) not in known]
    for fault in runner.faults:
        print(f"{'new  ' if fault in new else 'known'} {fault.target}: {fault.place} ({kept.digest_of(fault.data)})")
        if note and fault in new:
            owner = next((who for path, who in OWNERS if path in fault.place), "fuzz")
            kept.note_known(kept.Open(fault.target, kept.digest_of(fault.data), fault.place, owner))
    failed = [name for name, total in runner.sums.items() if total.troubles and not total.inputs]
    inputs = sum(total.inputs for total in runner.sums.values())
    print(f"{inputs} inputs in {took_s:.0f} s; {len(runner.faults)} places broke, {len(new)} of them new; seed {seed}")
    if failed:
        print(f"targets that did not start: {', '.join(failed)}")
    return 1 if new or failed else 0


if __name__ == "__main__":
    status = main()
    for folder in Path("/dev/shm").glob("bavn-fuzz-*"):
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    os._exit(status)
