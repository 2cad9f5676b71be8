"""Which elements are one story, and which lead that story has been so far. Pure.

A suspicion names its peer in several ways (a domain and its address), and each of them is an element of its own in the
join. Two elements become one lead when reports of at least two independent groups on the one match their reports on
the other in everything that leaves an actor: detector, technique, hosts, first hour, period, regularity, walk; last
hour and p-bucket may differ by one, since reports are made at different moments. A coincidence of that at two
independent actors at once is rare; if it happens, a person splits the case. Refuses to join by value: that
two names look alike says nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from bavn.centre.correlate.score import Weighed
from bavn.model.lead import Sign
from bavn.model.observable import Observable

GROUPS_ALIKE_MIN: Final = 2
ALIKE_SHARE_MIN: Final = 0.5
_ID_HEX: Final = 16

Key = tuple[str, str, str, int, int, int | None, int | None, int | None]


def cluster(found: Sequence[Weighed]) -> list[list[Weighed]]:
    """The elements in groups, each sorted best first, the groups by their best."""
    root = list(range(len(found)))

    def top(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    for one, other in sorted(_candidates(found)):
        if top(one) != top(other) and _one_story(found[one], found[other]):
            root[max(top(one), top(other))] = min(top(one), top(other))
    clusters: dict[int, list[Weighed]] = {}
    for at, weighed in enumerate(found):
        clusters.setdefault(top(at), []).append(weighed)
    ordered = [sorted(members, key=_best_first) for members in clusters.values()]
    return sorted(ordered, key=lambda members: _best_first(members[0]))


def _best_first(weighed: Weighed) -> tuple[float, int, Observable]:
    return (-weighed.score, -weighed.groups, weighed.observable)


def _candidates(found: Sequence[Weighed]) -> set[tuple[int, int]]:
    """Pairs of elements that have a matching report at some actor."""
    holders: dict[Key, list[int]] = {}
    for at, weighed in enumerate(found):
        for sign in weighed.signs:
            holders.setdefault(_key(sign), []).append(at)
    pairs: set[tuple[int, int]] = set()
    for elements in holders.values():
        pairs.update((one, other) for index, one in enumerate(elements) for other in elements[index + 1 :])
    return pairs


def _key(sign: Sign) -> Key:
    return (
        sign.actor, sign.detector, sign.technique, sign.hosts_bucket, sign.first_hour, sign.period_bucket,
        sign.regularity_bucket, sign.walk_bucket,
    )  # fmt: skip


def _one_story(one: Weighed, other: Weighed) -> bool:
    mine = {_key(sign): sign for sign in one.signs}
    pairs = [(mine[_key(sign)], sign) for sign in other.signs if _key(sign) in mine]
    alike = {
        sign.group
        for match, sign in pairs
        if abs(match.last_hour - sign.last_hour) <= 1 and abs(match.p_bucket - sign.p_bucket) <= 1
    }
    return len(alike) >= max(GROUPS_ALIKE_MIN, ALIKE_SHARE_MIN * min(one.groups, other.groups))


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
    heard_us = min(sign.received_us for sign in first.signs)
    for attempt in range(len(taken) + 1):
        digest = hashlib.sha256(f"{first.observable}\n{heard_us}\n{attempt}".encode()).hexdigest()
        if f"lead-{digest[:_ID_HEX]}" not in taken:
            return f"lead-{digest[:_ID_HEX]}"
    raise AssertionError("more ids are taken than there are")
