"""Coverage: which actors could have seen what, given their sources, their health and their canaries.

An actor counts as seeing only where all of it is known to be so: what nobody knows is a blind spot of its own name, not
a guess. Refuses to say what was there to be seen.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.centre.books.canaries import Chain, broken
from bavn.centre.desk.participation import TookPart
from bavn.centre.desk.views import MemberView
from bavn.model.counted import actors
from bavn.model.health import CANARY_DAYS_MAX
from bavn.model.moment import DAY_US
from bavn.model.node_health import condition_of
from bavn.model.sector.coverage import SIGHTS, detectors_of
from bavn.model.sector.member import ActorState
from bavn.model.text import Text

CAN: Final = "sees"
REASONS: Final[dict[str, Text]] = {
    CAN: Text("sees"),
    "no-node": Text("no node"),
    "never-heard": Text("never heard from"),
    "silent": Text("silent now"),
    "sensor-down": Text("a sensor or source is down"),
    "source-silent": Text("a source says nothing"),
    "loss": Text("too much is lost"),
    "no-sensor": Text("no sensor"),
    "no-records": Text("no such records"),
    "not-told": Text("its node does not say which records it has"),
    "no-rounds": Text("takes part in no rounds"),
    "chain": Text("its canary did not come through"),
}


@dataclass(frozen=True, slots=True)
class DetectorCoverage:
    """What stands against an actor's seeing anything, empty if nothing does; and which record types it has (None: not
    told)."""

    actor: str
    against: str
    records: tuple[str, ...] | None

    def by(self, detector: str) -> str:
        """CAN, or the reason why not."""
        if self.against:
            return self.against
        if self.records is None:
            return "not-told"
        sight = SIGHTS.get(detector)
        return CAN if sight is not None and set(sight.needs) & set(self.records) else "no-records"


def coverage_of_actors(
    members: Iterable[MemberView],
    took: Mapping[str, TookPart],
    chains: Mapping[str, Chain],
    now_us: int,
) -> tuple[DetectorCoverage, ...]:
    """Every actor that is not shut out, by name. ``took``: the rounds of the last day."""
    return tuple(
        _coverage(one, took.get(one.actor.name), chains.get(one.actor.name), now_us)
        for one in sorted(members, key=lambda one: one.actor.name)
        if one.actor.state is not ActorState.REVOKED
    )


def _coverage(member: MemberView, took: TookPart | None, chain: Chain | None, now_us: int) -> DetectorCoverage:
    name, health = member.actor.name, member.health
    if member.actor.state is not ActorState.ACTIVE:
        return DetectorCoverage(name, "no-node", None)
    if health is None:
        return DetectorCoverage(name, "never-heard", None)
    young = chain is not None and now_us // DAY_US - chain.day <= CANARY_DAYS_MAX
    inner = [at.link for at in chain.links if at.link.link != "block"] if chain is not None and young else []
    condition = condition_of(health, now_us)
    against = {
        "silent": condition.silent,
        "sensor-down": condition.sensor_down,
        "no-sensor": condition.no_sensor,
        "source-silent": condition.source_silent,
        "loss": condition.lossy,
        "no-rounds": took is not None and took.rounds > 0 and took.uploaded == 0,
        "chain": bool(broken(inner)),
    }
    return DetectorCoverage(name, next((reason for reason, found in against.items() if found), ""), health.records)


@dataclass(frozen=True, slots=True)
class Behind:
    """The coverage behind a claim: ``could`` of ``actors`` could have seen it; ``against``: how many by each reason."""

    actors: int
    could: int
    against: tuple[tuple[str, int], ...]

    @property
    def says(self) -> Text:
        """One sentence; none is no number where nobody is known to see now."""
        if self.could == 0:
            return Text("Of {actors}, none is known to have been able to see this.", actors=actors(self.actors))
        return Text("Of {actors}, {could} could have seen this.", actors=actors(self.actors), could=self.could)


def behind(seeing: Sequence[DetectorCoverage], detectors: Iterable[str], saw: Collection[str] = ()) -> Behind:
    """An actor could have seen it, if any of these detectors could there, or if it ``saw`` it."""
    wanted = sorted(set(detectors))
    could, against = 0, dict[str, int]()
    for eye in seeing:
        coverage_words = [eye.by(name) for name in wanted]
        if CAN in coverage_words or eye.actor in saw:
            could += 1
        elif coverage_words:
            against[coverage_words[0]] = against.get(coverage_words[0], 0) + 1
    return Behind(len(seeing), could, tuple(sorted(against.items(), key=lambda one: (-one[1], one[0]))))


def behind_technique(seeing: Sequence[DetectorCoverage], technique: str) -> Behind:
    """The same of whatever detector may name a technique."""
    return behind(seeing, detectors_of(technique))
