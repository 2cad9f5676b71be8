"""Which elements are one campaign, and which lead that campaign has been so far. Pure.

Two elements become one lead by one of three rules, each over independent groups:

- **one story**: reports of two groups or more, and of half of the narrower element's, are in one story (kin.py);
- **a rare node**: one is a certificate or a pair of fingerprints that few groups report, and a group reports both in
  one story word for word, with a regular period;
- **a chain**: one is a chain of techniques, and at two groups or more, and at half of the wider element's, the other
  was reported within 48 hours of it, by a technique of the chain, with a period that its band can hold.

A coincidence of that is rare; if it happens, a person splits the case. Refuses to join by value: that two names look
alike says nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.kin import RARE_GROUPS_MAX, ByElement, Links, alike, is_rare_print, key
from bavn.centre.correlate.score import Weighed, rhythm
from bavn.model.intel.behaviour import band_of, period_buckets_of, steps_of
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.lead import Sign

GROUPS_ALIKE_MIN: Final = 2
ALIKE_SHARE_MIN: Final = 0.5
CHAIN_HOURS_MAX: Final = 48
_ID_HEX: Final = 16


def cluster(all_weighed: Sequence[Weighed], elements: ByElement, links: Links, context: Context) -> list[list[Weighed]]:
    """The elements in groups, each sorted best first, the groups by their best."""
    root = list(range(len(all_weighed)))

    def top(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    place = {weighed.observable: at for at, weighed in enumerate(all_weighed)}
    rare = {item.observable for item in all_weighed if is_rare_print(item.observable, elements, context)}
    for candidate, other in sorted(_candidates(all_weighed, place, links)):
        if top(candidate) != top(other) and _one_campaign(all_weighed[candidate], all_weighed[other], rare):
            root[max(top(candidate), top(other))] = min(top(candidate), top(other))
    clusters: dict[int, list[Weighed]] = {}
    for at, weighed in enumerate(all_weighed):
        clusters.setdefault(top(at), []).append(weighed)
    ordered = [sorted(members, key=_best_first) for members in clusters.values()]
    return sorted(ordered, key=lambda members: _best_first(members[0]))


def _best_first(weighed: Weighed) -> tuple[float, int, Observable]:
    return (-weighed.score, -weighed.groups, weighed.observable)


def _candidates(all_weighed: Sequence[Weighed], place: Mapping[Observable, int], links: Links) -> set[tuple[int, int]]:
    """Pairs that share a story at some actor, and each chain with what its actors report."""
    pairs = {
        (min(at, place[other]), max(at, place[other]))
        for at, weighed in enumerate(all_weighed)
        for other in links.together.get(weighed.observable, {})
        if other in place
    }
    chains = [at for at, weighed in enumerate(all_weighed) if weighed.observable.type is ObservableType.CHAIN]
    held: dict[str, list[int]] = {}
    for at, weighed in enumerate(all_weighed):
        for sign in weighed.signs if chains and weighed.groups <= RARE_GROUPS_MAX else ():
            held.setdefault(sign.actor, []).append(at)
    for chain in chains:
        near = {at for sign in all_weighed[chain].signs for at in held.get(sign.actor, ()) if at != chain}
        pairs |= {(min(chain, at), max(chain, at)) for at in near}
    return pairs


def _one_campaign(element: Weighed, other: Weighed, rare: set[Observable]) -> bool:
    mine = {sign.actor: sign for sign in element.signs}
    pairs = [(mine[sign.actor], sign) for sign in other.signs if sign.actor in mine]
    story = {sign.group for match, sign in pairs if key(match) == key(sign) and alike(match, sign)}
    if len(story) >= max(GROUPS_ALIKE_MIN, ALIKE_SHARE_MIN * min(element.groups, other.groups)):
        return True
    if (element.observable in rare) != (other.observable in rare) and max(
        element.groups, other.groups
    ) <= RARE_GROUPS_MAX:
        return any(_word_for_word(match, sign) for match, sign in pairs)
    for chain, it in ((element, other), (other, element)):
        if chain.observable.type is ObservableType.CHAIN and it.observable.type is not ObservableType.CHAIN:
            links = {sign.group for match, sign in pairs if _in_chain(chain.observable, match, sign)}
            return len(links) >= max(GROUPS_ALIKE_MIN, ALIKE_SHARE_MIN * max(element.groups, other.groups))
    return False


def _word_for_word(one: Sign, other: Sign) -> bool:
    same = key(one) == key(other) and one.last_hour == other.last_hour and one.p_bucket == other.p_bucket
    return same and rhythm(one) is not None


def _in_chain(chain: Observable, sign: Sign, other: Sign) -> bool:
    """One report is on the chain, the other on an element; both by the same actor."""
    it = other if sign.observable == chain else sign
    band, seen = band_of(chain), rhythm(it)
    congruent = band is not None and seen is not None and seen in period_buckets_of(band)
    near = abs(sign.first_hour - other.first_hour) <= CHAIN_HOURS_MAX
    return near and congruent and it.technique in steps_of(chain)


def lead_ids(clusters: Sequence[Sequence[Weighed]], before: Mapping[Observable, str]) -> list[str]:
    """The id of each cluster, in order. A lead keeps its id while any element of it lives: of the ids that a cluster's
    elements had before it takes the one that most of them had (then the smallest); an id that two clusters claim
    goes to the one where more claim it (then the better one). Others get a new id from their first-heard element."""
    claims = []
    for at, members in enumerate(clusters):
        votes: dict[str, int] = {}
        for weighed in members:
            known = before.get(weighed.observable)
            if known is not None:
                votes[known] = votes.get(known, 0) + 1
        claims += [(-count, at, lead_id) for lead_id, count in votes.items()]
    ids: dict[int, str] = {}
    for _, at, lead_id in sorted(claims):
        if at not in ids and lead_id not in ids.values():
            ids[at] = lead_id
    taken = set(ids.values()) | set(before.values())
    for at, members in enumerate(clusters):
        if at not in ids:
            ids[at] = _new_id(members, taken)
            taken.add(ids[at])
    return [ids[at] for at in range(len(clusters))]


def _new_id(members: Sequence[Weighed], taken: set[str]) -> str:
    first = min(members, key=lambda weighed: (min(s.received_us for s in weighed.signs), weighed.observable))
    first_us = min(sign.received_us for sign in first.signs)
    for attempt in range(len(taken) + 1):
        digest = hashlib.sha256(f"{first.observable}\n{first_us}\n{attempt}".encode()).hexdigest()
        if f"lead-{digest[:_ID_HEX]}" not in taken:
            return f"lead-{digest[:_ID_HEX]}"
    raise AssertionError("more ids are taken than there are")
