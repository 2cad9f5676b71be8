"""What the score knows besides the reports: the time, the lists, the sector's memory, and the numbers it weighs by.

Handed in whole, so that a score is a function of its reports and this. Refuses to fetch any of it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from bavn.centre.correlate.congruent import Congruent
from bavn.centre.correlate.dependence import Dependence
from bavn.centre.correlate.laws.fitted import Weights, shipped
from bavn.centre.correlate.laws.novelty import Novelty
from bavn.centre.correlate.lists import Lists, NoLists
from bavn.centre.correlate.settings import ScoreSettings
from bavn.centre.correlate.sharing import MALICIOUS_MEAN, Fit, start
from bavn.centre.correlate.tier import TIERS
from bavn.model.observable import Observable
from bavn.model.sector.functions import Role

T_MIN: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """``first_hours``: element -> group -> hour in which that group first saw it, from all the sector remembers.
    ``cleared``: elements a case found harmless. ``register``: the sector's own services. ``sharing``: fitted laws by
    stratum. ``malicious_mean``: actors that a campaign reaches on average. ``dependence``: how far reports on one
    element repeat each other. ``congruent``: how often harmless things are called alike. ``novelty``: how often they
    are new. ``crowds``: how many others each element is told of alike with. ``weights``: what reports are worth, and
    which terms count. ``groups``: independent groups of actors in the sector. ``roles``: what actors do and who
    supplies them, for priority. ``later``: actors that met an element after its release, which is no evidence
    (echo.py). ``thresholds``: how many must hold an element of each tier before anybody names it."""

    now_us: int
    settings: ScoreSettings = field(default_factory=ScoreSettings)
    lists: Lists = field(default_factory=NoLists)
    first_hours: Mapping[Observable, Mapping[str, int]] = field(default_factory=dict)
    cleared: frozenset[Observable] = frozenset()
    register: frozenset[Observable] = frozenset()
    sharing: Mapping[str, Fit] = field(default_factory=dict)
    malicious_mean: float = MALICIOUS_MEAN
    dependence: Dependence = field(default_factory=Dependence)
    congruent: Congruent = field(default_factory=Congruent)
    novelty: Novelty = field(default_factory=Novelty)
    crowds: Mapping[Observable, int] = field(default_factory=dict)
    weights: Weights = field(default_factory=shipped)
    groups: int = 0
    roles: Mapping[str, Role] = field(default_factory=dict)
    later: Mapping[Observable, frozenset[str]] = field(default_factory=dict)
    thresholds: Mapping[str, int] = field(default_factory=lambda: {tier.name: tier.t for tier in TIERS})

    def shows(self, holders: Mapping[str, Collection[str]], spare: int = 0) -> bool:
        """Whether rounds would name an element that these actors hold, by tier, and ``spare`` fewer, too; who holds it
        strongly holds it weakly, too."""
        for t in sorted({self.thresholds.get(tier, T_MIN) for tier in holders}):
            held = {
                actor for tier, actors in holders.items() if self.thresholds.get(tier, T_MIN) <= t for actor in actors
            }
            if len(held) >= t + spare:
                return True
        return False

    def law(self, stratum: str) -> Fit:
        """The law of benign sharing in a stratum."""
        return self.sharing.get(stratum) or start(stratum)
