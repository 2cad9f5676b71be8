"""The interface behind the key holder carries k of n: a double with Shamir's shares gives the same ids as one key.

Each trustee multiplies by its own share; any k answers combine (Lagrange at 0, in the exponent). No trustee, and no k-1
of them, has the key, and nodes notice nothing of it. A double: the shares are dealt here, not made together.
"""

import hashlib
from dataclasses import dataclass, field
from itertools import combinations

import pytest
import rbcl

from bavn.keyholder.holder import KeyHolder
from bavn.keyholder.settings import HolderSettings
from bavn.model.ports import LinkDown, LinkRefused
from bavn.psi import keys, oprf
from bavn.psi.element import element_bytes
from bavn.wire.ledger import Ledger
from tests.keyholder.conftest import ELEMENTS, TODAY, params

ORDER = 2**252 + 27742317777372353535851937790883648493
ONE = (1).to_bytes(32, "little")
K, N = 3, 5


def scalar(number):
    return (number % ORDER).to_bytes(32, "little")


def secret(label):
    return int.from_bytes(hashlib.sha512(label.encode()).digest()) % ORDER


@dataclass
class Trustee:
    """Holder ``number`` of n: a share of each day's and tier's key, and nothing else."""

    number: int
    away: bool = False
    asked: list = field(default_factory=list)

    def share(self, epoch, tier):
        return sum(secret(f"{epoch} {tier} {power}") * self.number**power for power in range(K))

    def answer(self, epoch, tier, points):
        if self.away:
            raise LinkDown(f"trustee {self.number} does not answer")
        self.asked.append((epoch, tier))
        return oprf.evaluate(scalar(self.share(epoch, tier)), points)


@dataclass
class Threshold:
    """Implements Evaluator over k of n trustees."""

    trustees: list
    order: tuple = tuple(range(N))

    def near(self, epoch):
        return abs(epoch - TODAY) <= 1

    def destroy_past(self):
        return []

    def evaluate(self, epoch, tier, points):
        parts = {}
        for at in self.order:
            if len(parts) < K:
                try:
                    parts[self.trustees[at].number] = self.trustees[at].answer(epoch, tier, points)
                except LinkDown:
                    continue
        if len(parts) < K:
            raise LinkDown(f"{len(parts)} of {K}")
        return [combined({number: made[at] for number, made in parts.items()}) for at in range(len(points))]

    def round_key(self, asked):
        """A PRF of the parameters under a key that is shared likewise."""
        (made,) = self.evaluate(asked.epoch, f"K{asked.tier}", [oprf.blind(asked.canonical(), ONE).point])
        return hashlib.blake2b(made, digest_size=keys.KEY_BYTES, person=b"bavn-round").digest()


def combined(parts):
    total = None
    for i, point in parts.items():
        weight = 1
        for j in parts:
            if j != i:
                weight = weight * j * pow(j - i, -1, ORDER) % ORDER
        made = bytes(rbcl.crypto_scalarmult_ristretto255_allow_scalar_zero(scalar(weight), point))
        total = made if total is None else bytes(rbcl.crypto_core_ristretto255_add(total, made))
    return total


@pytest.fixture
def threshold(place):
    made = Threshold([Trustee(number) for number in range(1, N + 1)])
    place.holder = KeyHolder(made, Ledger(place.book), place.clock, HolderSettings())
    return made


def test_nodes_join_by_k_of_n_as_by_one_key(place, threshold) -> None:
    north = place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:5])
    threshold.order = (4, 2, 0, 1, 3)
    south = place.node("south").of(TODAY, "A").join(params(), ELEMENTS[2:7])
    assert north.ids[2:] == south.ids[:3]
    assert north.kr == south.kr
    assert keys.key_check(north.kr, north.canary_id) == keys.key_check(south.kr, south.canary_id)
    whole = scalar(secret(f"{TODAY} A 0"))
    assert north.ids[0] == oprf.element_id(oprf.output(whole, element_bytes(ELEMENTS[0])))


def test_any_k_give_the_same_and_fewer_give_nothing(threshold) -> None:
    point = oprf.blind(b"element", scalar(7)).point
    told = set()
    for some in combinations(range(N), K):
        threshold.order = some
        told |= {*threshold.evaluate(TODAY, "A", [point])}
    assert told == {*oprf.evaluate(scalar(secret(f"{TODAY} A 0")), [point])}
    assert len({trustee.share(TODAY, "A") % ORDER for trustee in threshold.trustees}) == N


def test_two_away_are_missed_by_nobody_and_with_three_away_the_round_waits(place, threshold) -> None:
    for trustee in threshold.trustees[:2]:
        trustee.away = True
    first = place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:3])
    threshold.trustees[4].away = True
    with pytest.raises(LinkRefused, match="evaluators"):
        place.node("south").of(TODAY, "A").join(params(), ELEMENTS[:3])
    threshold.trustees[0].away = False
    assert place.node("south").of(TODAY, "A").join(params(), ELEMENTS[:3]) == first
