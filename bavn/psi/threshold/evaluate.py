"""The oblivious PRF by k of n holders: a node's batch, each holder's part of the answer, the parts put together.

A holder multiplies by its share times its weight, so that the parts add up to what one holder of the whole key would
have answered (mode M2): ids are RFC 9497's, whoever was asked. A wrong part is seen and its holder named.

Of each batch the last point is the **tie**: the sum of all hashed elements under a blind of its own. The holder proves
by RFC 9497's DLEQ that it multiplied the tie by its share. Then the node takes all blinds off and looks whether the
elements' evaluations add up to the tie's. Blinds are secret and used once, so they weigh each answer as the RFC's own
random weights would, and cost nothing: an error that the sum does not show needs a product of a blind and an element
that the holder has not seen. docs/decisions/0035-key-holders-by-threshold.md has the argument and its limits. It fails
where one element stands twice in a batch, so that is refused. Do not expect a node to be able to show a liar to others
by it: :func:`prove_all` is the RFC's proof over every point, for whoever asks a holder to justify itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from hashlib import blake2b
from typing import Self

from bavn.model.ports import Dice
from bavn.psi import group, keys, oprf
from bavn.psi.round import RoundParams
from bavn.psi.threshold import proof, shamir
from bavn.psi.threshold.shares import KeyShare, PublicKey, panel_of


@dataclass(frozen=True)
class Batch:
    """Elements, no two alike, under blinds of their own. Only ``points`` travels."""

    elements: tuple[bytes, ...]
    blinds: tuple[oprf.Blinded, ...] = field(repr=False)
    tie: oprf.Blinded = field(repr=False)

    @classmethod
    def of(cls, elements: Sequence[bytes], dice: Dice) -> Self:
        """ValueError for no elements, or one that stands twice."""
        if not elements or len(set(elements)) != len(elements):
            raise ValueError("a batch has elements, none twice: else a wrong answer could hide")
        hashed = [oprf.hashed(element) for element in elements]
        blinds = tuple(_under(point, dice) for point in hashed)
        return cls(tuple(elements), blinds, _under(group.plus_all(hashed), dice))

    @cached_property
    def points(self) -> list[bytes]:
        """What each of the k holders is sent: a point for each element, and the tie."""
        return [*(blinded.point for blinded in self.blinds), self.tie.point]

    @cached_property
    def unblinding(self) -> list[bytes]:
        """What takes the blinds off, in the order of ``points``."""
        return group.inverses([blinded.scalar for blinded in (*self.blinds, self.tie)])


@dataclass(frozen=True, slots=True)
class Part:
    """Holder ``number``'s part of an answer, weighed for the ``panel``: the k holders that are asked together. The
    proof is of the last point, or of all where all were to be proven."""

    number: int
    panel: tuple[int, ...]
    points: tuple[bytes, ...]
    proof: proof.Proof


@dataclass(frozen=True, slots=True)
class Liars:
    """Holders whose part is wrong. Ask others in their place; what the rest answered can still be used."""

    numbers: tuple[int, ...]


def evaluate(share: KeyShare, panel: Sequence[int], points: Sequence[bytes], dice: Dice) -> Part:
    """A holder's part for a node's batch. ValueError for ``panel`` that are not k of n with this holder; BadPoint for
    what is no element: then nothing is evaluated."""
    among = panel_of(share.public, panel)
    key = share.weighted(among)
    evaluated = oprf.evaluate(key, points)
    tied = proof.prove(key, group.times_base(key), points[-1:], evaluated[-1:], dice)
    return Part(share.number, among, tuple(evaluated), tied)


def combine(public: PublicKey, batch: Batch, parts: Sequence[Part]) -> list[bytes] | Liars:
    """The PRF's outputs, 64 bytes each in the order of the elements; or whose part is wrong. ValueError where the parts
    are not of k different holders of n."""
    among = panel_of(public, [part.number for part in parts])
    wrong = [part.number for part in parts if not _tied(public, batch, part)]
    if wrong:
        return Liars(tuple(sorted(wrong)))
    weighed = [_weighed(part, among) for part in parts]
    try:
        *points, tie = (reduce(group.plus, column) for column in zip(*weighed, strict=True))
        *unblinding, untie = batch.unblinding
        evaluated = [group.times(scalar, point) for scalar, point in zip(unblinding, points, strict=True)]
        fits = group.plus_all(evaluated) == group.times(untie, tie)
    except group.BadPoint:
        fits = False
    if not fits:
        return Liars(tuple(sorted(part.number for part in parts if not _adds_up(batch, part))))
    return [oprf.hash_output(element, point) for element, point in zip(batch.elements, evaluated, strict=True)]


def prove_all(share: KeyShare, panel: Sequence[int], points: Sequence[bytes], dice: Dice) -> Part:
    """As :func:`evaluate`, with RFC 9497's proof over every point (BlindEvaluate of 3.3.2): twice the work. ValueError
    for more than 65,535."""
    among = panel_of(share.public, panel)
    key = share.weighted(among)
    evaluated = oprf.evaluate(key, points)
    proven = proof.prove(key, group.times_base(key), points, evaluated, dice)
    return Part(share.number, among, tuple(evaluated), proven)


def verify_all(public: PublicKey, points: Sequence[bytes], part: Part) -> bool:
    """True if the part's proof is of every point, for whoever sees the points: it needs no blind."""
    return len(part.points) == len(points) and proof.verify(_expected(public, part), points, part.points, part.proof)


def evaluate_round(share: KeyShare, panel: Sequence[int], params: RoundParams, dice: Dice) -> Part:
    """A holder's part of the key of a round: of its description as it is bound, in the clear, so that a holder gives
    none of a round that it does not know. ``share`` is of a key for rounds alone, never of one that evaluates blinded
    elements: a blinded description would give the key away."""
    return prove_all(share, panel, [oprf.hashed(params.canonical())], dice)


def combine_round(public: PublicKey, params: RoundParams, parts: Sequence[Part]) -> bytes | Liars:
    """kr of PSI.md, 32 bytes; or whose part is wrong. ValueError where the parts are not of k different holders."""
    among = panel_of(public, [part.number for part in parts])
    points = [oprf.hashed(params.canonical())]
    wrong = [part.number for part in parts if not verify_all(public, points, part)]
    if wrong:
        return Liars(tuple(sorted(wrong)))
    evaluated = reduce(group.plus, (_weighed(part, among)[0] for part in parts))
    output = oprf.hash_output(params.canonical(), evaluated)
    return blake2b(output, digest_size=keys.KEY_BYTES, person=b"bavn-round").digest()


def _under(point: bytes, dice: Dice) -> oprf.Blinded:
    scalar = group.random_scalar(dice)
    return oprf.Blinded(group.times(scalar, point), scalar)


def _expected(public: PublicKey, part: Part) -> bytes:
    """The public share of a holder, weighed as it says."""
    return group.times(shamir.weight(part.number, part.panel), public.holders[part.number])


def _tied(public: PublicKey, batch: Batch, part: Part) -> bool:
    """True if the part has the batch's length, was weighed for k of n, and its tie is proven."""
    try:
        panel_of(public, part.panel)
        fits = len(part.points) == len(batch.points) and part.number in part.panel
        return fits and proof.verify(_expected(public, part), [batch.tie.point], part.points[-1:], part.proof)
    except ValueError:
        return False


def _weighed(part: Part, among: tuple[int, ...]) -> Sequence[bytes]:
    """The part's points weighed for the holders that did answer: as they are where all that were asked did."""
    if part.panel == among:
        return part.points
    unweighed = group.inverse(shamir.weight(part.number, part.panel))
    factor = group.product(shamir.weight(part.number, among), unweighed)
    return [group.times(factor, point) for point in part.points]


def _adds_up(batch: Batch, part: Part) -> bool:
    """The check of one part alone: dear, so only where the sum of all did not fit."""
    try:
        *evaluated, tie = (
            group.times(scalar, point) for scalar, point in zip(batch.unblinding, part.points, strict=True)
        )
        return group.plus_all(evaluated) == tie
    except group.BadPoint:
        return False
