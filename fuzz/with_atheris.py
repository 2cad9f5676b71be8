"""`script/fuzz --engine atheris`: libFuzzer over the same targets, where atheris is installed (pip install atheris).

It guides by edges of the product's bytecode, with this harness's own mutators half of the time. For pure parsers: a target
that starts services is left out. Refuses to minimise: replay what it writes, or give it to the own engine as a seed.
"""

import multiprocessing
import sys
from collections.abc import Sequence
from random import Random
from typing import Any

from fuzz import kept
from fuzz.mutate import mutated
from fuzz.target import Target
from fuzz.watch import place_of


def _run(target: Target, seconds: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["bavn"]):
        run = target.make()
    for name, module in list(sys.modules.items()):
        if name.startswith(("bavn.wire", "bavn.actor.sense", "bavn.centre.inbox", "bavn.model")):
            for function in vars(module).values():
                if getattr(function, "__module__", "") == name and hasattr(function, "__code__"):
                    try:
                        atheris.instrument_func(function)
                    except Exception:  # noqa: BLE001 - some functions cannot be rewritten
                        continue
    seeds, places = list(target.seeds()), set()

    def one_input(data: bytes) -> None:
        try:
            run(data)
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            place = place_of(error)
            if place not in places:
                places.add(place)
                print(f"** {target.name}: {place} {kept.keep_found(target.name, data)}", flush=True)

    def mutator(data: bytes, size_max: int, seed: int) -> bytes:
        dice = Random(seed)
        if dice.random() < 0.5:
            return bytes(atheris.Mutate(data, size_max))
        return mutated(dice, data or dice.choice(seeds), target.forms, seeds)[:size_max]

    folder = kept.CACHE / "atheris" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    for data in seeds:
        (folder / kept.digest_of(data)).write_bytes(data)
    arguments = [
        "fuzz",
        f"-max_total_time={seconds}",
        "-max_len=65536",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
        str(folder),
    ]
    atheris.Setup(arguments, one_input, custom_mutator=mutator)
    atheris.Fuzz()


def fuzz(targets: Sequence[Target], minutes: float) -> int:
    """The time is shared among them. 2 where atheris is not installed."""
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("atheris is not installed: .venv/bin/pip install atheris", file=sys.stderr)
        return 2
    chosen = [target for target in targets if not target.slow]
    seconds = max(2, round(minutes * 60 / max(1, len(chosen))))
    fork: Any = multiprocessing.get_context("fork")
    bad = 0
    for target in chosen:
        process = fork.Process(target=_run, args=(target, seconds))
        process.start()
        process.join()
        bad += process.exitcode not in (0, None)
    return 1 if bad else 0
