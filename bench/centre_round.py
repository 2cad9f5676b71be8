"""What a round costs the centre: from the uploads to ranked leads, beside the bare reconstruction of the same planes.

Run: .venv/bin/python bench/centre_round.py [--actors N] [--elements E] [--m M] [--json]
Actors share E elements, each held by 2 to 4 of them; every actor answers honestly and at once. CPU seconds of the
centre alone (its database in memory), of reconstruction alone, and the ratio; and how often an element was asked about.
"""

import argparse
import json
import sys
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from importlib.util import module_from_spec, spec_from_file_location

from bavn.centre.books.leads import SqlLeadBook
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.run import correlate
from bavn.centre.correlate.tier import Tier
from bavn.model.observable import Observable
from bavn.model.statement import RevealWanted
from bavn.psi.reconstruct import reconstruct

_spec = spec_from_file_location("fakes", Path(__file__).resolve().parent.parent / "tests" / "centre" / "conftest.py")
fakes = module_from_spec(_spec)
sys.modules["fakes"] = fakes
_spec.loader.exec_module(fakes)


def sector(actors, elements, m):
    """Actors 0..n-1; element e is held by 2 + e % 3 of them."""
    held = [{} for _ in range(actors)]
    for at in range(elements):
        observable = Observable.of("domain", f"e{at}.example.com")
        for share in range(2 + at % 3):
            held[(at * 5 + share * (1 + at % 7)) % actors][observable] = {"p_bucket": 4 + at % 9}
    made = [fakes.FakeActor(f"actor-{at}", at + 1, mine) for at, mine in enumerate(held)]
    tier = Tier(name="A", m=m, r=10, every_s=300, upload_s=60, wave_s=10, reveal_s=600)
    return fakes.FakeSector(made, (tier,))


def measure(actors, elements, m):
    """All figures of one round."""
    made = sector(actors, elements, m)
    clock = {"centre": 0.0, "bare": 0.0}

    def centre(work):
        start = process_time()
        result = work()
        clock["centre"] += process_time() - start
        return result

    def bare(params, planes):
        start = process_time()
        hits = reconstruct(params, planes)
        clock["bare"] += process_time() - start
        return hits

    made.join._reconstruct = bare
    centre(made.step)
    while said := made.outgoing():
        heard = [one for each in said for one in made.actors[each.to].answer(each, made.now_us, made.actor_dice)]
        for one in heard:
            centre(lambda one=one: made.take_in(one))
        centre(made.step)
    signs = centre(lambda: SqlLeadBook(made.engine).signs({"A": 7}, made.now_us))
    leads = centre(lambda: correlate(signs, Context(now_us=made.now_us), {}))
    asked = sum(len(one.items) for one in made.said if isinstance(one, RevealWanted))
    held = sum(len(actor.elements) for actor in made.actors.values())
    return {
        "actors": actors,
        "elements": elements,
        "m": m,
        "leads": len(leads),
        "revealed": len(made.revealed()),
        "centre_cpu_s": round(clock["centre"], 3),
        "reconstruct_cpu_s": round(clock["bare"], 3),
        "ratio": round(clock["centre"] / clock["bare"], 2),
        "asked_per_holder_and_element": round(asked / held, 2),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actors", type=int, default=15)
    parser.add_argument("--elements", type=int, default=40)
    parser.add_argument("--m", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    measure(4, 4, 50)  # loads what is loaded once
    found = measure(given.actors, given.elements, given.m)
    print(json.dumps(found) if given.json else "\n".join(f"{name:30} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
