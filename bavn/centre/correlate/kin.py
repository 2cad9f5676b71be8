"""What revealed elements have to do with one another: named in one story by one actor, or in one network.

Only elements that have been revealed themselves are looked at, so nothing that a single actor holds rides along. Two
elements are in one story at an actor if its reports on both agree in everything that leaves it (as a suspicion that
names a domain, its address and its certificate is reported three times). For the
graph two actors must tell it so: at one it may be a coincidence of hours. Refuses to score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from bavn.centre.correlate.context import Context
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.lead import Sign

DEGREE_MAX: Final = 50
"""Elements with more neighbours than this link nothing: a shared host, a content network (SCORING.md)."""
STORY_ELEMENTS_MAX: Final = 10
"""A suspicion names its peer in a handful of ways; what more elements have in common is no story but an hour."""
RARE_GROUPS_MAX: Final = 10
STORY_WEIGHT, NETWORK_WEIGHT = 0.5, 0.25
"""How much of a neighbour's score counts. Assumed: a story is one suspicion, a network has many tenants."""
SCAN, INBOUND = "scan", "T1595"
PRINTS: Final = frozenset({ObservableType.FP_PAIR, ObservableType.CERT})
_PREFIX = {ObservableType.IP4: 8, ObservableType.IP6: 80}

Key = tuple[str, str, str, int, int, int | None, int | None, int | None]
ByElement = Mapping[Observable, Sequence[Sign]]


@dataclass(frozen=True, slots=True)
class Links:
    """``weights``: element -> neighbour -> weight in 0..1. ``together``: element -> neighbour -> the actors that report
    both in one story."""

    weights: Mapping[Observable, Mapping[Observable, float]]
    together: Mapping[Observable, Mapping[Observable, frozenset[str]]]

    def near(self, observable: Observable) -> dict[Observable, float]:
        """Neighbours within two steps, each by its best way; a way's weight is the product of its steps'."""
        first = self.weights.get(observable, {})
        nearness = dict(first)
        for middle, weight in first.items():
            for far, further in self.weights.get(middle, {}).items():
                if far != observable:
                    nearness[far] = max(nearness.get(far, 0.0), weight * further)
        return nearness

    def without(self, actor: str) -> "Links":
        """The links if this actor had reported nothing (elements that it made too common to link stay unlinked)."""
        together = {
            observable: {other: actors - {actor} for other, actors in others.items() if actors - {actor}}
            for observable, others in self.together.items()
        }
        weights = {
            observable: {
                other: weight
                for other, weight in others.items()
                if weight == NETWORK_WEIGHT or len(together.get(observable, {}).get(other, ())) > 1
            }
            for observable, others in self.weights.items()
        }
        return Links(weights, together)


def is_inbound(sign: Sign) -> bool:
    """Tries from outside: whoever is on the internet is tried by everybody, so such a source is no peer that is shared
    (joint_scan.py looks at them)."""
    return sign.detector == SCAN and sign.technique.startswith(INBOUND)


def key(sign: Sign) -> Key:
    """What must be the same in two reports of one story."""
    return (
        sign.actor,
        sign.detector,
        sign.technique,
        sign.hosts_bucket,
        sign.first_hour,
        sign.period_bucket,
        sign.regularity_bucket,
        sign.walk_half_nats,
    )


def alike(one: Sign, other: Sign) -> bool:
    """Two reports with the same key, made at about the same time: last hour and p-bucket may differ by one."""
    return abs(one.last_hour - other.last_hour) <= 1 and abs(one.p_bucket - other.p_bucket) <= 1


def links_of(elements: ByElement) -> Links:
    """All links between elements that two actors or more report."""
    together: dict[Observable, dict[Observable, set[str]]] = {}
    stories: dict[Key, list[tuple[Observable, Sign]]] = {}
    for observable in sorted(elements):
        for sign in elements[observable]:
            stories.setdefault(key(sign), []).append((observable, sign))
    for story in stories.values():
        if len({observable for observable, _ in story}) > STORY_ELEMENTS_MAX:
            continue
        for at, (element, mine) in enumerate(story):
            for other, theirs in story[at + 1 :]:
                if element != other and alike(mine, theirs):
                    together.setdefault(element, {}).setdefault(other, set()).add(mine.actor)
                    together.setdefault(other, {}).setdefault(element, set()).add(mine.actor)
    weights = {
        element: dict.fromkeys((other for other, actors in others.items() if len(actors) > 1), STORY_WEIGHT)
        for element, others in together.items()
    }
    for members in _networks(elements).values():
        for element in members if len(members) <= DEGREE_MAX + 1 else ():
            for other in members:
                if element != other:
                    weights.setdefault(element, {}).setdefault(other, NETWORK_WEIGHT)
    dropped = {element for element, others in weights.items() if len(others) > DEGREE_MAX}
    return Links(
        weights={
            element: {other: weight for other, weight in sorted(others.items()) if other not in dropped}
            for element, others in sorted(weights.items())
            if element not in dropped
        },
        together={
            element: {other: frozenset(actors) for other, actors in sorted(others.items())}
            for element, others in sorted(together.items())
        },
    )


def _networks(elements: ByElement) -> dict[tuple[str, int], list[Observable]]:
    """Addresses by their /24, IPv6 by their /48."""
    networks: dict[tuple[str, int], list[Observable]] = {}
    for observable in sorted(elements):
        if observable.type in _PREFIX:
            network = int(ip_address(observable.value)) >> _PREFIX[observable.type]
            networks.setdefault((observable.type.value, network), []).append(observable)
    return networks


def is_rare_print(observable: Observable, elements: ByElement, context: Context) -> bool:
    """A certificate or a pair of fingerprints that few groups report and no list knows."""
    if observable.type not in PRINTS or context.lists.of(observable):
        return False
    return len({sign.group for sign in elements.get(observable, ())}) <= RARE_GROUPS_MAX


def prints_of(observable: Observable, elements: ByElement, links: Links, context: Context) -> dict[str, Observable]:
    """group -> the rare certificate or pair of fingerprints that it reports with this element in one story; the first
    in order of value where there are several. Nothing for an element that is one itself: sharing it is counted."""
    if observable.type in PRINTS:
        return {}
    groups = {sign.actor: sign.group for sign in elements[observable]}
    prints: dict[str, Observable] = {}
    for other, actors in links.together.get(observable, {}).items():
        if is_rare_print(other, elements, context):
            for actor in actors & groups.keys():
                prints[groups[actor]] = min(prints.get(groups[actor], other), other)
    return prints


def company_of(observable: Observable, elements: ByElement, links: Links) -> tuple[Observable, ...]:
    """The domains that two groups or more report in one story with a pair of fingerprints: whose stack it is. A pair
    stands on no list itself. Nothing for other elements; more reports can only add to it."""
    if observable.type is not ObservableType.FP_PAIR:
        return ()
    groups = {sign.actor: sign.group for sign in elements[observable]}
    return tuple(
        other
        for other, actors in links.together.get(observable, {}).items()
        if other.type is ObservableType.DOMAIN and len({groups[actor] for actor in actors & groups.keys()}) > 1
    )
