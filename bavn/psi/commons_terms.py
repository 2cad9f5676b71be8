"""The numbers of the commons round. Apart from it, so that reading a configuration loads no mathematics."""

from typing import Final

from bavn.model.sector.known_days import EDGES

TIER: Final = "Commons"
T: Final = EDGES[0]
R: Final = 10
SIZES: Final = (10_000, 100_000)
"""Size classes of M; one for the whole sector."""
