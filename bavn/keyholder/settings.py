"""What an operator may set of a key holder. Apart from it, so that reading a configuration loads no cryptography."""

from dataclasses import dataclass

from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderSettings:
    """``[limits]`` of the key holder: what one actor may ask for in one day."""

    points_per_epoch_max: int = setting(
        200_000,
        unit="elements",
        holds="Evaluations for one actor in one calendar day (UTC), all tiers and epochs together, padding included.",
        low=100,
        high=1e8,
    )
    rounds_per_epoch_max: int = setting(
        1000, unit="rounds", holds="Requests of one actor in one day and tier.", low=1, high=1e6
    )
    first_batches_max: int = setting(
        4,
        unit="requests",
        holds="Whole sets of one actor in one day and tier: one, and some for a node that lost what it knew.",
        low=1,
        high=1000,
    )
    m_max: int = setting(100_000, unit="elements", holds="The largest set of a round that is served.", low=1, high=1e6)
