"""The numbers that the score weighs by. Apart from it, so that reading a configuration loads no mathematics."""

from dataclasses import dataclass

from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSettings:
    """``[score]`` of the centre's configuration."""

    novelty_days: int = setting(
        7, unit="days", holds="An element first seen by two groups less long ago is new.", low=1, high=90
    )
    influence_nats_max: float = setting(
        4.0, unit="nats", holds="No actor's reports lift any score by more than this.", low=0.5, high=20.0
    )
    congruence_nats: float = setting(
        1.5, unit="nats", holds="What each pair of groups with the same period adds.", low=0.0, high=5.0
    )
    congruence_nats_max: float = setting(
        4.0, unit="nats", holds="What all such pairs of an element add at most.", low=0.0, high=20.0
    )
    graph_nats_max: float = setting(
        2.0,
        unit="nats",
        holds="What linked elements that other actors report add at most; never more than influence_nats_max.",
        low=0.0,
        high=10.0,
    )
    graph_floor_nats: float = setting(
        3.0, unit="nats", holds="Only what a linked element scores above this counts.", low=-10.0, high=50.0
    )
    known_nats: float = setting(
        1.0, unit="nats", holds="What it costs to be among the world's first million names.", low=0.0, high=20.0
    )
    popular_nats: float = setting(
        3.0,
        unit="nats",
        holds="What it costs to be among the first ten or twenty thousand, or in a content network's range.",
        low=0.0,
        high=20.0,
    )
    service_nats: float = setting(
        4.0, unit="nats", holds="What it costs to be a well-known service of the world.", low=0.0, high=20.0
    )
    cleared_nats: float = setting(
        8.0,
        unit="nats",
        holds="What it costs to be in the sector's register of services or to have been found harmless in a case.",
        low=0.0,
        high=50.0,
    )
    sharing_elements_min: int = setting(
        200,
        unit="elements",
        holds="Fewer revealed elements than this do not change how benign sharing is weighed.",
        low=20,
        high=1_000_000,
    )
    functions_points_max: float = setting(
        3.0, unit="nats", holds="What critical functions add to a lead's priority at most.", low=0.0, high=20.0
    )
    supplier_points: float = setting(
        1.0,
        unit="nats",
        holds="What a supplier that two of a lead's actors share adds to its priority.",
        low=0.0,
        high=20.0,
    )
    suppliers_points_max: float = setting(
        2.0, unit="nats", holds="What all such suppliers add at most.", low=0.0, high=20.0
    )
    leads_max: int = setting(1000, unit="leads", holds="How many leads are ranked and kept.", low=20, high=100_000)
