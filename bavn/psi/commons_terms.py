"""The numbers of the commons round. Apart from it, so that reading a configuration loads no mathematics."""

from typing import Final

from bavn.model.sector.known_days import EDGES
from bavn.psi.round import PROTOCOL_VERSION, RoundParams

TIER: Final = "Commons"
T: Final = EDGES[0]
R: Final = 10
CANARY_CLASS, KNOWN_CLASS = 0, 1
"""Whose turn comes first: the element that everybody holds (keys.CANARY), then what t groups knew the day before."""
SIZES: Final = (10_000, 100_000)
"""Size classes of M; one for the whole sector."""


def commons_params(*, epoch: int, round_id: bytes, registry_version: int, m: int, forms: str = "") -> RoundParams:
    """A day's round. ValueError for an ``m`` that is no size class, and as RoundParams."""
    if m not in SIZES:
        raise ValueError(f"no size class of the commons: {m}")
    return RoundParams(
        version=PROTOCOL_VERSION,
        epoch=epoch,
        round_id=round_id,
        registry_version=registry_version,
        tier=TIER,
        t=T,
        m=m,
        r=R,
        forms=forms,
    )
