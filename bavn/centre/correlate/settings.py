"""The numbers that the score weighs by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSettings:
    """Of this version of the score: weights are versions, no knobs."""

    novelty_days: int = 7
    """An element first seen by two groups less long ago is new."""
    influence_nats_max: float = 4.0
    """No actor's reports lift any score by more than this."""
    congruence_nats: float = 1.5
    """What each pair of groups with the same period adds."""
    congruence_nats_max: float = 4.0
    """What all such pairs of an element add at most."""
    graph_nats_max: float = 2.0
    """What linked elements that other actors report add at most; never more than influence_nats_max."""
    graph_floor_nats: float = 3.0
    """Only what a linked element scores above this counts."""
    known_nats: float = 1.0
    """What it costs to be among the world's first million names."""
    popular_nats: float = 3.0
    """What it costs to be among the first ten or twenty thousand, or in a content network's range."""
    service_nats: float = 4.0
    """What it costs to be a well-known service of the world."""
    cleared_nats: float = 8.0
    """What it costs to be in the sector's register of services or to have been found harmless in a case."""
    sharing_elements_min: int = 200
    """Fewer revealed elements than this do not change how benign sharing is weighed."""
    functions_points_max: float = 3.0
    """What critical functions add to a lead's priority at most."""
    supplier_points: float = 1.0
    """What a supplier that two of a lead's actors share adds to its priority."""
    suppliers_points_max: float = 2.0
    """What all such suppliers add at most."""
    leads_max: int = 1000
    """How many leads are ranked and kept."""
