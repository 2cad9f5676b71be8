"""Noise for differential privacy from OpenDP: exact samplers over integers, fed by the operating system.

OpenDP is loaded when the first noise is drawn: it takes a second, and most commands need none.
"""

from collections.abc import Sequence
from typing import Any, Final

SLACK: Final = 1e-9
"""OpenDP rounds the epsilon that it vouches for upwards, in its last digits."""


class NoiseTooWeak(Exception):
    """The library vouches for less privacy than was asked for. A broken invariant: nothing leaves."""


def discrete_laplace(counts: Sequence[int], sensitivity: int, epsilon: float, /) -> list[int]:
    """Implements Noise (bavn.model.ports). Raises NoiseTooWeak where OpenDP does not vouch for ``epsilon``."""
    made = _mechanism(sensitivity / epsilon)
    vouched = float(made.map(sensitivity))
    if not vouched <= epsilon * (1 + SLACK):
        raise NoiseTooWeak(f"epsilon {vouched} where {epsilon} was asked for")
    return [int(count) for count in made([int(count) for count in counts])]


def _mechanism(scale: float) -> Any:
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp.m.make_laplace(dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int), scale=scale)
