"""What the tests of key holders share: shares dealt by hand, and ceremonies played out with holders that misbehave."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from bavn.psi import group, oprf
from bavn.psi.threshold import ceremony, evaluate, messages, shamir
from bavn.psi.threshold.ceremony import Dealing, Failed, Made
from bavn.psi.threshold.shares import KeyShare, PublicKey
from bavn.psi.threshold.terms import IDS, Terms, purpose
from tests.psi.conftest import SeededDice

PURPOSE = purpose(20_782, "A", IDS)
KEY = group.random_scalar(SeededDice("the key"))


def dealt(k: int, n: int, key: bytes = KEY, seed: object = 0) -> tuple[PublicKey, list[KeyShare]]:
    """A key shared by hand, as no ceremony ever does it: the tests know it whole."""
    polynomial = shamir.polynomial(k, SeededDice(("polynomial", k, n, seed)), key)
    public = PublicKey(purpose=PURPOSE, n=n, commitments=shamir.commitments(polynomial))
    return public, [KeyShare.of(i, public, shamir.value(polynomial, i)) for i in range(1, n + 1)]


@dataclass(frozen=True)
class Batch:
    """Elements under blinds of their own, as a node sends them. Only ``points`` travels."""

    elements: list[bytes]
    blinds: list[oprf.Blinded] = field(repr=False)

    @classmethod
    def of(cls, elements, dice) -> "Batch":
        return cls(list(elements), [oprf.blind(element, group.random_scalar(dice)) for element in elements])

    @property
    def points(self) -> list[bytes]:
        return [blinded.point for blinded in self.blinds]

    def outputs(self, evaluated) -> list[bytes]:
        return oprf.finalize_all(self.elements, self.blinds, evaluated)


def combined(public: PublicKey, batch: Batch, parts) -> "list[bytes] | evaluate.Liars":
    """The PRF's outputs, or who lied."""
    points = evaluate.combine(public, batch.points, parts)
    return points if isinstance(points, evaluate.Liars) else batch.outputs(points)


def opened(shares: list[KeyShare]) -> bytes:
    """The key that k shares make together: nobody does this outside the tests."""
    numbers = tuple(sorted(share.number for share in shares))
    parts = (group.product(shamir.weight(share.number, numbers), share.scalar) for share in shares)
    return reduce(group.total, parts)


def other(scalar: bytes) -> bytes:
    """Another scalar than this one."""
    return group.total(scalar, group.ONE)


Bend = Callable[[int, bytes], bytes]
"""What a liar makes of what it would have posted: given its number and the honest post. b"" is silence."""


@dataclass
class Behaviour:
    """How one holder misbehaves; as it is, it is honest. ``dies``: the round from which it says nothing (0 deals, 1
    complains, 2 answers, 3 confirms). ``spoils``: receivers whose sub-share it makes wrong. ``deaf``: dealers whose
    sub-shares it pretends not to have got. ``bends``: the post of a round, bent."""

    dies: int = 9
    spoils: frozenset[int] = frozenset()
    deaf: frozenset[int] = frozenset()
    bends: dict[int, Bend] = field(default_factory=dict)

    @property
    def lies(self) -> bool:
        return bool(self.spoils or self.deaf or self.bends)


HONEST = Behaviour()


@dataclass
class Play:
    """One ceremony over a board that all read alike."""

    terms: Terms
    behaviours: Mapping[int, Behaviour] = field(default_factory=dict)
    held: Mapping[int, KeyShare] = field(default_factory=dict)
    seed: object = 0
    posts: list[dict[int, bytes]] = field(default_factory=list)

    def of(self, number: int) -> Behaviour:
        return self.behaviours.get(number, HONEST)

    def _post(self, round_: int, made: Mapping[int, bytes]) -> dict[int, bytes]:
        said = {}
        for number, post in made.items():
            if self.of(number).dies > round_:
                bent = self.of(number).bends.get(round_, lambda _, honest: honest)(number, post)
                if bent:
                    said[number] = bent
        self.posts.append(said)
        return said

    def begin(self) -> tuple[dict[int, Dealing], dict[int, bytes], dict[int, dict[int, bytes]]]:
        states, posts, boxes = {}, {}, {to: {} for to in range(1, 10)}
        for number in sorted({*self.terms.dealers, *self.terms.holders}):
            if self.terms.old is not None and number not in self.held:
                states[number] = ceremony.join(self.terms, number)
                continue
            dice = SeededDice((self.seed, number))
            states[number], posts[number], private = ceremony.deal(self.terms, number, dice, self.held.get(number))
            for to, raw in private.items():
                boxes[to][number] = raw if to not in self.of(number).spoils else self._spoilt(raw)
        return states, posts, boxes

    def _spoilt(self, raw: bytes) -> bytes:
        made = messages.read(raw)
        return replace(made, scalar=other(made.scalar)).to_bytes()

    def run(self) -> dict[int, Made | Failed]:
        """What every holder comes to that was there to the end, liars as well."""
        dealing, posts, boxes = self.begin()
        deals = self._post(0, posts)
        complaining, posts = {}, {}
        for number, state in dealing.items():
            deaf = self.of(number).deaf
            box = {dealer: raw for dealer, raw in boxes[number].items() if dealer not in deaf and self.of(dealer).dies}
            complaining[number], posts[number] = state.hear(deals, box)
        complaints = self._post(1, posts)
        answering = {number: state.hear(complaints) for number, state in complaining.items()}
        answers = self._post(2, {number: post for number, (_, post) in answering.items()})
        ended: dict[int, Made | Failed] = {}
        confirming, posts = {}, {}
        for number, (state, _) in answering.items():
            told = state.hear(answers)
            if isinstance(told, Failed):
                ended[number] = told
            else:
                confirming[number], posts[number] = told
        confirmations = self._post(3, posts)
        ended |= {number: state.hear(confirmations) for number, state in confirming.items()}
        return {number: outcome for number, outcome in ended.items() if self.of(number).dies > 3}


def made(terms: Terms, seed: object = 0) -> list[KeyShare]:
    """A key that honest holders made among themselves."""
    return [outcome.share for _, outcome in sorted(Play(terms, seed=seed).run().items())]
