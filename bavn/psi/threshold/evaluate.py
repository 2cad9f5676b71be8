"""The oblivious PRF by k of n holders: each holder's part of the answer to a batch, and the parts put together.

A holder multiplies by its share times its weight, so that the parts add up to what one holder of the whole key would
have answered: ids are RFC 9497's, whoever was asked. Each part is proven as the RFC's verifiable mode has it
(2.2): composites of all pairs against the holder's public share. So a wrong part is seen by whoever sees the points,
without any blind, and its holder is named. The RFC counts pairs in two bytes: a longer batch is proven in pieces.
Refuses to know what stands under the blinds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import blake2b

from bavn.model.ports import Dice
from bavn.psi import group, keys, oprf
from bavn.psi.round import RoundParams
from bavn.psi.threshold import proof, shamir
from bavn.psi.threshold.shares import KeyShare, PublicKey, panel_of


@dataclass(frozen=True, slots=True)
class Part:
    """Holder ``number``'s part of an answer, weighed for the ``panel``: the k holders that are asked together.
    ``proofs``: one for each :data:`proof.PAIRS_MAX` points or what is left of them."""

    number: int
    panel: tuple[int, ...]
    points: tuple[bytes, ...]
    proofs: tuple[proof.Proof, ...]


@dataclass(frozen=True, slots=True)
class Liars:
    """Holders whose part is wrong. Ask others in their place; what the rest answered can still be used."""

    numbers: tuple[int, ...]


def evaluate(share: KeyShare, panel: Sequence[int], points: Sequence[bytes], dice: Dice) -> Part:
    """A holder's part for a node's batch (BlindEvaluate of 3.3.2, under the weighed share). ValueError for ``panel``
    that are not k of n with this holder, or no points; BadPoint for what is no element: then nothing is evaluated."""
    among = panel_of(share.public, panel)
    key = share.weighted(among)
    public = group.times_base(key)
    evaluated = oprf.evaluate(key, points)
    proofs = [proof.prove(key, public, points[piece], evaluated[piece], dice) for piece in _pieces(len(points))]
    return Part(share.number, among, tuple(evaluated), tuple(proofs))


def proven(public: PublicKey, points: Sequence[bytes], part: Part) -> bool:
    """True if the part is of these points, and of the share of the holder that it names."""
    try:
        panel_of(public, part.panel)
        pieces = _pieces(len(points))
        if part.number not in part.panel or len(part.points) != len(points) or len(part.proofs) != len(pieces):
            return False
        weighed = group.times(shamir.weight(part.number, part.panel), public.holders[part.number])
        return all(
            proof.verify(weighed, points[piece], part.points[piece], one)
            for piece, one in zip(pieces, part.proofs, strict=True)
        )
    except ValueError:
        return False


def combine(public: PublicKey, points: Sequence[bytes], parts: Sequence[Part]) -> list[bytes] | Liars:
    """What one holder of the whole key would answer, in the order of the points; or whose part is wrong. ValueError
    where the parts are not of k different holders of n."""
    among = panel_of(public, [part.number for part in parts])
    wrong = [part.number for part in parts if not proven(public, points, part)]
    if wrong:
        return Liars(tuple(sorted(wrong)))
    return [reduce(group.plus, column) for column in zip(*(_weighed(part, among) for part in parts), strict=True)]


def round_points(params: RoundParams) -> list[bytes]:
    """What holders are asked about for the key of a round: its description as it is bound, in the clear, so that a
    holder gives none of a round that it does not know. The share is of a key for rounds alone, never of one that
    evaluates blinded elements: a blinded description would give the key away."""
    return [oprf.hashed(params.canonical())]


def round_key(params: RoundParams, evaluated: bytes) -> bytes:
    """kr of PSI.md, 32 bytes, of what the holders' parts add up to."""
    output = oprf.hash_output(params.canonical(), evaluated)
    return blake2b(output, digest_size=keys.KEY_BYTES, person=b"bavn-round").digest()


def _pieces(count: int) -> list[slice]:
    """ValueError for nothing to prove."""
    if not count:
        raise ValueError("a batch has elements")
    return [slice(at, min(at + proof.PAIRS_MAX, count)) for at in range(0, count, proof.PAIRS_MAX)]


def _weighed(part: Part, among: tuple[int, ...]) -> Sequence[bytes]:
    """The part's points weighed for the holders that did answer: as they are where all that were asked did."""
    if part.panel == among:
        return part.points
    unweighed = group.inverse(shamir.weight(part.number, part.panel))
    factor = group.product(shamir.weight(part.number, among), unweighed)
    return [group.times(factor, point) for point in part.points]
