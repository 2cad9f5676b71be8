"""Any k of n give what one holder of the whole key gives, and k-1 shares say nothing of it."""

from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest

from bavn.psi import group, keys, oprf
from bavn.psi.threshold import evaluate as by_holders
from bavn.psi.threshold import shamir
from bavn.psi.threshold.shares import KeyShare, PublicKey
from tests.psi.conftest import SeededDice, make_params
from tests.psi.threshold.conftest import KEY, PURPOSE, Batch, combined, dealt, opened, other

ELEMENTS = [b"one", b"two", b"three"]
WHOLE = [oprf.output(KEY, element) for element in ELEMENTS]
EVERY = [(k, n) for n in range(1, 10) for k in range(1, n + 1)]


def asked(public, shares, numbers, batch):
    dice = SeededDice("holder")
    return [by_holders.evaluate(shares[i - 1], numbers, batch.points, dice) for i in numbers]


@pytest.mark.parametrize(("k", "n"), EVERY)
def test_any_k_of_n_give_the_bytes_of_the_whole_key(k, n) -> None:
    public, shares = dealt(k, n)
    batch = Batch.of(ELEMENTS, SeededDice(k))
    some = list(combinations(range(1, n + 1), k))
    for numbers in {some[0], some[len(some) // 2], some[-1]}:
        assert combined(public, batch, asked(public, shares, numbers, batch)) == WHOLE


def test_any_three_of_five_and_one_of_one_answer_as_the_whole_key() -> None:
    public, shares = dealt(3, 5)
    batch = Batch.of(ELEMENTS[:1], SeededDice(1))
    answers = {combined(public, batch, asked(public, shares, c, batch))[0] for c in combinations(range(1, 6), 3)}
    assert answers == {WHOLE[0]}
    public, (share,) = dealt(1, 1)
    batch = Batch.of(ELEMENTS, SeededDice(2))
    part = by_holders.evaluate(share, [1], batch.points, SeededDice(3))
    assert list(part.points) == oprf.evaluate(KEY, batch.points)
    assert combined(public, batch, [part]) == oprf.finalize_all(ELEMENTS, batch.blinds, list(part.points))


@pytest.mark.parametrize("k", [2, 3, 5])
def test_fewer_than_k_shares_fit_every_key(k) -> None:
    """Perfect secrecy, by algebra: for any k-1 shares and any key there is exactly one polynomial through both."""
    _, shares = dealt(k, 9)
    for held in (shares[: k - 1], shares[9 - (k - 1) :]):
        for tried in range(5):
            key = group.random_scalar(SeededDice(("guess", tried)))
            points = {0: key} | {share.number: share.scalar for share in held}
            coefficients = through(points)
            assert len(coefficients) == k
            assert coefficients[0] == key
            assert all(shamir.value(coefficients, share.number) == share.scalar for share in held)


def through(points):
    """Coefficients of the polynomial through these, by Newton: the tests' own way."""
    order = 2**252 + 27742317777372353535851937790883648493
    xs, ys = list(points), [int.from_bytes(y, "little") for y in points.values()]
    divided = list(ys)
    for level in range(1, len(xs)):
        for at in range(len(xs) - 1, level - 1, -1):
            divided[at] = (divided[at] - divided[at - 1]) * pow(xs[at] - xs[at - level], -1, order) % order
    total = [0] * len(xs)
    basis = [1] + [0] * (len(xs) - 1)
    for at, factor in enumerate(divided):
        total = [(t + factor * b) % order for t, b in zip(total, basis, strict=True)]
        basis = [((basis[i - 1] if i else 0) - xs[at] * basis[i]) % order for i in range(len(xs))]
    return [value.to_bytes(32, "little") for value in total]


def test_fewer_than_k_open_none_of_a_dictionary_and_one_that_drops_out_is_replaced() -> None:
    """The same statistically: bytes of a share of two keys far apart, over many sharings, in a chi-square. They try
    every name with what they hold: nothing they can compute is an id, and with one share more all are."""
    counts = []
    for key in (group.ONE, KEY):
        drawn = Counter()
        for seed in range(2000):
            polynomial = shamir.polynomial(2, SeededDice(("view", key, seed)), key)
            drawn[shamir.value(polynomial, 3)[0] >> 4] += 1
        counts.append(drawn)
    squares = sum((counts[0][b] - counts[1][b]) ** 2 / (counts[0][b] + counts[1][b]) for b in range(16))
    assert squares < 37.7  # 15 degrees of freedom, p = .001; the seeds are fixed
    public, shares = dealt(3, 5)
    names = [f"host{n}.example".encode() for n in range(40)]
    ids = {oprf.output(KEY, name) for name in names}
    held = shares[:2]
    guesses = [KEYS for numbers in ((1, 2), (1, 2, 3)) for KEYS in summed(held, numbers)]
    assert not ids & {oprf.output(key, name) for key in guesses for name in names}
    assert {oprf.output(opened(shares[:3]), name) for name in names} == ids
    assert public.point == group.times_base(opened(shares[2:]))
    public, shares = dealt(3, 5)
    batch = Batch.of(ELEMENTS, SeededDice(4))
    first = asked(public, shares, (1, 2, 3), batch)
    later = by_holders.evaluate(shares[4], (1, 2, 5), batch.points, SeededDice(5))
    assert combined(public, batch, [first[0], first[1], later]) == WHOLE


def summed(held, numbers):
    """Keys that holders might try: their shares alone, and weighed together as if those were all."""
    weighed = [group.product(shamir.weight(share.number, numbers), share.scalar) for share in held]
    return [*(share.scalar for share in held), group.total(*weighed)]


@pytest.mark.parametrize("numbers", [(1, 2), (1, 1, 2), (1, 2, 6), (0, 1, 2), (2, 3, 4), (1, 2, 3, 4), ()])
def test_a_holder_answers_only_for_k_of_n_and_itself_among_them(numbers) -> None:
    _, shares = dealt(3, 5)
    with pytest.raises(ValueError, match="holders"):
        by_holders.evaluate(shares[0], numbers, [group.random_point(SeededDice(1))], SeededDice(2))


def test_a_batch_shows_nothing_and_too_few_parts_are_nobodys_lie() -> None:
    public, shares = dealt(2, 3)
    batch = Batch.of(ELEMENTS, SeededDice(6))
    one, two = asked(public, shares, (1, 2), batch)
    for parts in ([], [one], [one, one], [one, two, two]):
        with pytest.raises(ValueError, match="holders are asked"):
            combined(public, batch, parts)
    one, two = (Batch.of(ELEMENTS, SeededDice(seed)) for seed in (7, 8))
    assert len({*one.points, *two.points}) == 6
    assert repr(one.blinds[0].scalar) not in repr(one.blinds)
    _, shares = dealt(2, 3)
    with pytest.raises(ValueError, match="has elements"):
        by_holders.evaluate(shares[0], (1, 2), [], SeededDice(1))
    public, _ = dealt(3, 5)
    raw = public.to_bytes()
    assert PublicKey.of_bytes(raw) == public
    assert (public.purpose, public.k, public.n) == (PURPOSE, 3, 5)
    for bad in (b"", raw[:-1], raw + b"\x00", raw[1:], raw[:-32] + b"\xff" * 32, raw.replace(b"\x05\x03", b"\x02\x03")):
        with pytest.raises(ValueError):
            PublicKey.of_bytes(bad)


@pytest.mark.parametrize("bad", [b"", bytes(32), b"\xff" * 32])
def test_a_holder_evaluates_nothing_where_one_point_is_none(bad) -> None:
    _, shares = dealt(2, 3)
    with pytest.raises(group.BadPoint):
        by_holders.evaluate(shares[0], (1, 2), [group.random_point(SeededDice(1)), bad], SeededDice(2))


def test_a_batch_longer_than_a_proof_covers_is_proven_in_pieces(monkeypatch) -> None:
    monkeypatch.setattr("bavn.psi.threshold.proof.PAIRS_MAX", 2)
    public, shares = dealt(2, 3)
    batch = Batch.of(ELEMENTS, SeededDice(7))
    parts = asked(public, shares, (1, 2), batch)
    assert [len(part.proofs) for part in parts] == [2, 2]
    assert combined(public, batch, parts) == WHOLE
    for lie in (
        replace(parts[1], proofs=parts[1].proofs[:1]),
        replace(parts[1], proofs=parts[1].proofs[::-1]),
        replace(parts[1], points=(*parts[1].points[:2], parts[0].points[2])),
    ):
        assert by_holders.combine(public, batch.points, [parts[0], lie]) == by_holders.Liars((2,))


def test_the_rounds_key_is_the_same_of_any_k_and_binds_the_whole_description() -> None:
    public, shares = dealt(2, 4)

    def key(params, numbers):
        points = by_holders.round_points(params)
        parts = [by_holders.evaluate(shares[i - 1], numbers, points, SeededDice(i)) for i in numbers]
        return by_holders.round_key(params, *by_holders.combine(public, points, parts))

    params = make_params(3, 100, 10)
    assert {key(params, numbers) for numbers in combinations(range(1, 5), 2)} == {key(params, (1, 2))}
    others = (
        make_params(3, 100, 10, 1),
        make_params(2, 100, 10),
        make_params(3, 101, 10),
        make_params(3, 100, 12),
        replace(params, epoch=params.epoch + 1),
        replace(params, tier="B"),
        replace(params, registry_version=2),
    )
    assert len({key(one, (1, 2)) for one in (params, *others)}) == len(others) + 1
    assert len(key(params, (1, 2))) == keys.KEY_BYTES


def test_a_share_is_of_its_key_and_is_shown_nowhere_and_can_be_forgotten() -> None:
    public, shares = dealt(2, 3)
    stranger, _ = dealt(2, 3, seed="another")
    share = shares[0]
    for bad in (other(share.scalar), bytes(32), b"\xff" * 32, b""):
        with pytest.raises(ValueError, match="not holder 1's share"):
            KeyShare.of(1, public, bad)
    with pytest.raises(ValueError, match="not holder 1's share"):
        KeyShare.of(1, stranger, share.scalar)
    assert share.scalar.hex() not in repr(share)
    assert repr(share.scalar)[2:-1] not in repr(share)
    share.forget()
    with pytest.raises(ValueError, match="forgotten"):
        by_holders.evaluate(share, (1, 2), [group.random_point(SeededDice(1))], SeededDice(2))
    assert not any(share._scalar)
