"""A holder that lies is named, whatever it does to its answers; the honest are not, and what they said still counts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.psi import group, oprf
from bavn.psi.threshold import evaluate as by_holders
from bavn.psi.threshold import proof, shamir
from bavn.psi.threshold.evaluate import Liars
from tests.psi.conftest import SeededDice, make_params
from tests.psi.threshold.conftest import KEY, Batch, combined, dealt

NAMES = [f"host{n}.example".encode() for n in range(6)]
WHOLE = [oprf.output(KEY, name) for name in NAMES]
ASKED = (1, 2, 3)
ERROR = group.random_point(SeededDice("error"))


def minus(point):
    return group.times(group.number(-1), point)


@pytest.fixture(scope="module")
def played():
    public, shares = dealt(3, 5)
    batch = Batch.of(NAMES, SeededDice("node"))
    parts = [by_holders.evaluate(shares[i - 1], ASKED, batch.points, SeededDice(i)) for i in ASKED]
    return public, shares, batch, parts


def with_points(part, **changed):
    points = list(part.points)
    for at, point in changed.items():
        points[int(at[1:])] = point
    return replace(part, points=tuple(points))


def one_wrong(part, batch, share):
    return with_points(part, _0=ERROR)


def opposite_errors(part, batch, share):
    return with_points(part, _0=group.plus(part.points[0], ERROR), _1=group.plus(part.points[1], minus(ERROR)))


def errors_that_are_multiples_of_what_was_sent(part, batch, share):
    """The best that a holder can do without the blinds: errors whose own blinds come off again."""
    sent = batch.points
    return with_points(part, _0=group.plus(part.points[0], sent[0]), _1=group.plus(part.points[1], minus(sent[1])))


def swapped(part, batch, share):
    return with_points(part, _0=part.points[1], _1=part.points[0])


def no_point(part, batch, share):
    return with_points(part, _3=b"\xff" * 32)


def identity(part, batch, share):
    return with_points(part, _3=bytes(32))


def short(part, batch, share):
    return with_points(part, _3=b"\x01")


def all_but_the_last_by_another_key(part, batch, share):
    key = group.random_scalar(SeededDice("another"))
    return replace(part, points=(*oprf.evaluate(key, batch.points[:-1]), part.points[-1]))


def all_by_another_key(part, batch, share):
    key = group.random_scalar(SeededDice("another"))
    points = oprf.evaluate(key, batch.points)
    made = proof.prove(key, group.times_base(key), batch.points, points, SeededDice(1))
    return replace(part, points=tuple(points), proofs=(made,))


def last_wrong(part, batch, share):
    return with_points(part, _5=ERROR)


def the_last_alone_proven(part, batch, share):
    """As one that a sum was enough for."""
    key = share.weighted(ASKED)
    made = proof.prove(key, group.times_base(key), batch.points[-1:], part.points[-1:], SeededDice(1))
    return replace(one_wrong(part, batch, share), proofs=(made,))


def no_proof(part, batch, share):
    return replace(part, proofs=())


def a_proof_too_many(part, batch, share):
    return replace(part, proofs=part.proofs * 2)


def one_too_few(part, batch, share):
    return replace(part, points=part.points[1:])


def proof_of_another_batch(part, batch, share):
    points = Batch.of(NAMES, SeededDice("earlier")).points
    return by_holders.evaluate(share, ASKED, points, SeededDice(9))


def weighed_for_others(part, batch, share):
    return replace(part, panel=(2, 3, 4))


def weighed_for_strangers(part, batch, share):
    return replace(part, panel=(2, 3, 77))


def silent_about_itself(part, batch, share):
    return replace(part, panel=(1, 3, 4))


LIES = [
    one_wrong,
    opposite_errors,
    errors_that_are_multiples_of_what_was_sent,
    swapped,
    no_point,
    identity,
    short,
    all_but_the_last_by_another_key,
    all_by_another_key,
    last_wrong,
    the_last_alone_proven,
    no_proof,
    a_proof_too_many,
    one_too_few,
    proof_of_another_batch,
    weighed_for_others,
    weighed_for_strangers,
    silent_about_itself,
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_liar_is_named_and_another_asked_in_its_place(played, lie) -> None:
    public, shares, batch, (one, two, three) = played
    bent = lie(two, batch, shares[1])
    assert bent != two
    assert combined(public, batch, [one, bent, three]) == Liars((2,))
    fourth = by_holders.evaluate(shares[3], (1, 3, 4), batch.points, SeededDice(4))
    assert combined(public, batch, [one, fourth, three]) == WHOLE


def test_all_who_lie_are_named_together_also_where_errors_cancel_out(played) -> None:
    """What they say together is the truth, and neither can prove its part of it. Each answer is proven by itself: no
    batch is weaker for what stands in it."""
    public, shares, batch, (one, two, three) = played
    bent = [swapped(one, batch, shares[0]), two, opposite_errors(three, batch, shares[2])]
    assert combined(public, batch, bent) == Liars((1, 3))
    proofless = [last_wrong(one, batch, shares[0]), two, last_wrong(three, batch, shares[2])]
    assert combined(public, batch, proofless) == Liars((1, 3))
    public, _, batch, (one, two, three) = played
    bent = [
        with_points(one, _0=group.plus(one.points[0], ERROR)),
        with_points(two, _0=group.plus(two.points[0], minus(ERROR))),
    ]
    assert combined(public, batch, [*bent, three]) == Liars((1, 2))
    (
        public,
        shares,
    ) = dealt(3, 5)
    batch = Batch.of([NAMES[0]] * 2, SeededDice("twice"))
    parts = [by_holders.evaluate(shares[i - 1], ASKED, batch.points, SeededDice(i)) for i in ASKED]
    assert combined(public, batch, parts) == [WHOLE[0]] * 2
    parts[1] = errors_that_are_multiples_of_what_was_sent(parts[1], batch, shares[1])
    assert combined(public, batch, parts) == Liars((2,))


COEFFICIENTS = st.lists(st.integers(-1, 1), min_size=9, max_size=9)
SMALL = NAMES[:3]
TWO, (FIRST, SECOND) = dealt(2, 2)
BATCH = Batch.of(SMALL, SeededDice("small"))
HONEST = [by_holders.evaluate(share, (1, 2), BATCH.points, SeededDice(share.number)) for share in (FIRST, SECOND)]
KNOWN = [*BATCH.points, *(oprf.hashed(name) for name in SMALL), *HONEST[1].points[:2], TWO.holders[2]]


@settings(max_examples=60)
@given(st.lists(COEFFICIENTS, min_size=3, max_size=3))
def test_no_error_made_of_what_a_holder_knows_passes(errors) -> None:
    """Sums of the points that it was sent, of the elements (that it guessed all of them), of its own honest answers:
    the node takes all blinds off, and only the honest answer adds up."""
    points = list(HONEST[1].points)
    for at, coefficients in enumerate(errors):
        for coefficient, point in zip(coefficients, KNOWN, strict=True):
            if coefficient:
                points[at] = group.add(points[at], group.times(group.number(coefficient), point))
    bent = replace(HONEST[1], points=tuple(points))
    outputs = combined(TWO, BATCH, [HONEST[0], bent])
    assert outputs == (WHOLE[:3] if points == list(HONEST[1].points) else Liars((2,)))


def test_a_lie_is_told_without_a_blind_by_lagranges_weights(played) -> None:
    public, shares, batch, parts = played
    assert by_holders.proven(public, batch.points, parts[1])
    for lie in LIES:
        assert not by_holders.proven(public, batch.points, lie(parts[1], batch, shares[1]))
    assert shamir.weight(1, (1, 2)) == group.number(2)
    assert shamir.weight(2, (1, 2)) == group.number(-1)
    assert shamir.weight(3, (1, 2, 3)) == group.ONE
    for wrong in ((), (1, 1), (0, 1), (1, 10)):
        with pytest.raises(ValueError, match="no such holders"):
            shamir.weight(1, wrong)


def test_who_lies_about_a_rounds_key_is_named() -> None:
    public, shares = dealt(2, 3)
    points, earlier = (by_holders.round_points(make_params(3, 100, 10, *more)) for more in ((), (1,)))
    one, two = (by_holders.evaluate(shares[i - 1], (1, 2), points, SeededDice(i)) for i in (1, 2))
    for lie in (
        by_holders.evaluate(shares[1], (1, 2), earlier, SeededDice(2)),
        replace(two, points=(ERROR,)),
        replace(two, points=(bytes(32),)),
        replace(two, points=()),
        replace(two, proofs=one.proofs),
    ):
        assert by_holders.combine(public, points, [one, lie]) == Liars((2,))
    assert isinstance(by_holders.combine(public, points, [one, two]), list)
