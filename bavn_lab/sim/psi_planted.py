"""What a hundred thousand planted elements show: how many that exactly t hold are missed, and what is found wrongly.

Many rounds of t+1 actors: in each some elements that exactly t hold, some that t-1 hold, the rest of each set its own.
Refuses to judge: it counts.
"""

from dataclasses import dataclass
from typing import Final

from bavn.psi.field import P, Plane
from bavn.psi.keys import ID_BYTES, KEY_BYTES
from bavn.psi.reconstruct import reconstruct
from bavn.psi.round import PROTOCOL_VERSION, RoundParams
from bavn.psi.share import generate
from bavn.psi.slots import SlotMap
from bavn.traffic.dice import SeededDice

SET: Final = 2000
AT_MAX: Final = 1500
BELOW: Final = 400
R: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """``wrong_holders``: found, but not with exactly its holders; ``below``: elements of t-1 actors that were found."""

    t: int
    R: int
    rounds: int
    planted: int
    missed: int
    wrong_holders: int
    false_groups: int
    below_planted: int
    below: int

    @property
    def in_words(self) -> str:
        return (
            f"t={self.t} R={self.R}: {self.planted:,} planted in {self.rounds} rounds, {self.missed} missed,"
            f" {self.wrong_holders} with wrong holders, {self.false_groups} false groups,"
            f" {self.below} of {self.below_planted:,} below the threshold found"
        )


def plant(t: int, count: int, seed: int) -> Planted:
    """At least ``count`` elements that exactly t of t+1 actors hold."""
    rounds = planted = missed = wrong = false_groups = below_planted = below = 0
    while planted < count:
        many = min(AT_MAX, count - planted)
        dice = SeededDice(seed, f"planted {t} {rounds}")
        sets = _sets(t, many, dice)
        found_groups, false = _groups(_params(t, rounds), sets, dice)
        truth = {id_: frozenset(x for x, held in sets.items() if id_ in held) for held in sets.values() for id_ in held}
        at = {id_: xs for id_, xs in truth.items() if len(xs) == t}
        planted += len(at)
        missed += sum(id_ not in found_groups for id_ in at)
        wrong += sum(id_ in found_groups and found_groups[id_] != xs for id_, xs in at.items())
        below_planted += sum(len(xs) == t - 1 for xs in truth.values())
        below += sum(len(truth[id_]) < t for id_ in found_groups)
        false_groups += false
        rounds += 1
    return Planted(
        t=t,
        R=R,
        rounds=rounds,
        planted=planted,
        missed=missed,
        wrong_holders=wrong,
        false_groups=false_groups,
        below_planted=below_planted,
        below=below,
    )


def _params(t: int, number: int) -> RoundParams:
    return RoundParams(
        version=PROTOCOL_VERSION, epoch=1, round_id=number.to_bytes(16), registry_version=1, tier="A", t=t, m=SET, r=R
    )


def _sets(t: int, many: int, dice: SeededDice) -> dict[int, list[bytes]]:
    xs = sorted({1 + int.from_bytes(dice.bytes(4)) % (P - 1) for _ in range(4 * t + 4)})[: t + 1]
    sets: dict[int, list[bytes]] = {x: [] for x in xs}
    for number in range(many + BELOW):
        id_, without = dice.bytes(ID_BYTES), dice.below(t + 1)
        holders = [x for at, x in enumerate(xs) if at != without]
        for x in holders[: t if number < many else t - 1]:
            sets[x].append(id_)
    for held in sets.values():
        held.extend(dice.bytes(ID_BYTES) for _ in range(SET - len(held)))
    return sets


def _groups(
    params: RoundParams, sets: dict[int, list[bytes]], dice: SeededDice
) -> tuple[dict[bytes, frozenset[int]], int]:
    """Element -> holders found over all tables; and how many groups hold more than one element."""
    kr = dice.bytes(KEY_BYTES)
    planes: dict[int, Plane] = {}
    slots: dict[int, SlotMap] = {}
    for x, held in sets.items():
        made = generate(params, kr, [(id_, 1.0) for id_ in held], x, dice)
        planes[x], slots[x] = made.planes, made.slots
    groups: dict[bytes, set[int]] = {}
    false_groups = 0
    for hit in reconstruct(params, planes, "numba"):
        at = {x: slots[x].find(hit.cell) for x in hit.holders}
        named = {None if slot is None else sets[x][slot.element] for x, slot in at.items()}
        only = named.pop()
        if named or only is None:
            false_groups += 1
        else:
            groups.setdefault(only, set()).update(hit.holders)
    return {id_: frozenset(xs) for id_, xs in groups.items()}, false_groups
