"""Noise for differential privacy from OpenDP: exact samplers over integers, fed by the operating system.

``python -m bavn.app.process.noise`` draws once and ends. OpenDP's library is larger than a guard and a node needs it
once a day, so there it is drawn apart: the memory is given back.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

from bavn.model.ports import NoiseDown
from bavn.model.tied import tied

SLACK: Final = 1e-9
"""OpenDP rounds the epsilon that it vouches for upwards, in its last digits."""

DRAWN_S_MAX: Final = 60.0


class NoiseTooWeak(Exception):
    """The library vouches for less privacy than was asked for. A broken invariant: nothing leaves."""


def discrete_laplace(counts: Sequence[int], sensitivity: int, epsilon: float, /) -> list[int]:
    """Implements Noise (bavn.model.ports). Raises NoiseTooWeak where OpenDP does not vouch for ``epsilon``."""
    mechanism = _mechanism(sensitivity / epsilon)
    vouched = float(mechanism.map(sensitivity))
    if not vouched <= epsilon * (1 + SLACK):
        raise NoiseTooWeak(f"epsilon {vouched} where {epsilon} was asked for")
    return [int(count) for count in mechanism([int(count) for count in counts])]


def drawn_apart(counts: Sequence[int], sensitivity: int, epsilon: float, /) -> list[int]:
    """``discrete_laplace`` in a process of its own. Implements Noise; raises NoiseDown where that process fails."""
    question = json.dumps([[int(count) for count in counts], sensitivity, epsilon])
    try:
        done = subprocess.run(
            tied([sys.executable, "-P", "-m", "bavn.app.process.noise"]),
            input=question,
            capture_output=True,
            text=True,
            check=True,
            timeout=DRAWN_S_MAX,
        )
        drawn = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        raise NoiseDown(f"drawing noise failed: {(error.stderr.strip().splitlines() or ['killed'])[-1]}") from error
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise NoiseDown(f"drawing noise failed: {error}") from error
    if not (isinstance(drawn, list) and len(drawn) == len(counts) and all(type(one) is int for one in drawn)):
        raise NoiseDown("drawing noise failed: another answer than was asked for")
    return drawn


def _mechanism(scale: float) -> Any:
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp.m.make_laplace(dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int), scale=scale)


if __name__ == "__main__":
    _counts, _sensitivity, _epsilon = json.load(sys.stdin)
    json.dump(discrete_laplace(_counts, _sensitivity, _epsilon), sys.stdout)
