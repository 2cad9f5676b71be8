"""Key holder: evaluations a second, beside one bare scalar multiplication of libsodium; blind and finish at a node.

python bench/keyholder.py [--points N]
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import rbcl

from bavn.app.process.real import SystemClock, SystemDice
from bavn.keyholder.settings import HolderSettings
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.psi import oprf
from bavn.psi.round import RoundParams
from bavn.wire.keyholder import batch_points
from tests.keyholder.conftest import Place


def cpu_s(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--points", type=int, default=10_000)
    count = asked.parse_args().points
    clock, dice = SystemClock(), SystemDice()
    points = [oprf.random_point(dice) for _ in range(batch_points(count, first=True))]
    scalar = oprf.random_scalar(dice)
    bare = cpu_s(lambda: [rbcl.crypto_scalarmult_ristretto255_allow_scalar_zero(scalar, point) for point in points])
    with TemporaryDirectory() as folder:
        place = Place(Path(folder), HolderSettings(points_per_epoch_max=10**8), clock=clock)
        params = RoundParams(
            version=1,
            epoch=clock.now_us() // DAY_US,
            round_id=bytes(16),
            registry_version=1,
            tier="A",
            t=2,
            m=count,
            r=2,
        )
        request = place.asked(params, points)
        answers = []
        whole = cpu_s(lambda: answers.append(place.holder.part("bench", request)))
        assert not isinstance(answers[0], Refused), answers[0]
        place.close()
    elements = [b"\x03\x00\x10%016d" % n for n in range(count)]
    scalars = [oprf.random_scalar(dice) for _ in elements]
    blinds: list[oprf.Blinded] = []
    blinding = cpu_s(lambda: blinds.extend(oprf.blind(e, s) for e, s in zip(elements, scalars, strict=True)))
    finishing = cpu_s(lambda: oprf.finalize_all(elements, blinds, points[: len(blinds)]))
    rate = f"{count / whole:,.0f} a second and core"
    print(f"one request of {count:,} elements at the key holder: {whole:.2f} CPU s, {rate}")
    ratio = f"{count / bare:,.0f} a second; ratio {whole / bare:.2f}"
    print(f"baseline, the bare scalar multiplications: {bare:.2f} CPU s, {ratio}")
    print(f"at the node: blind {1e6 * blinding / count:.0f} us, finish {1e6 * finishing / count:.0f} us an element")


if __name__ == "__main__":
    main()
