"""The proofs against the vectors of RFC 9497, A.1.2 (VOPRF, ristretto255-SHA512), and against those who bend them."""

from dataclasses import replace
from itertools import combinations

import pytest

from bavn.psi import group, oprf
from bavn.psi.threshold import proof
from bavn.psi.threshold.proof import Proof
from tests.psi.conftest import SeededDice

SEED = bytes.fromhex("a3" * 32)
KEY = bytes.fromhex("e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909")
PUBLIC = bytes.fromhex("c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e")
R1 = "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e"
R3 = "419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c"
BLIND = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706"
OUTPUT_1 = (
    "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
    "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
)
OUTPUT_2 = (
    "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
    "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6"
)
VECTORS = (
    (
        ["00"],
        [BLIND],
        ["863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945"],
        ["aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e"],
        (
            "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
            "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d"
        ),
        R1,
        [OUTPUT_1],
    ),
    (
        ["5a" * 17],
        [BLIND],
        ["cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c"],
        ["60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468"],
        (
            "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a"
            "67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02"
        ),
        R1,
        [OUTPUT_2],
    ),
    (
        ["00", "5a" * 17],
        [BLIND, R1],
        [
            "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
            "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
        ],
        [
            "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
            "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
        ],
        (
            "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a"
            "5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08"
        ),
        R3,
        [OUTPUT_1, OUTPUT_2],
    ),
)


class StuckDice:
    """Dice that always give the same bytes."""

    def bytes(self, count):
        return b"\x5a" * count


def raw(texts):
    return [bytes.fromhex(text) for text in texts]


def test_the_verifiable_key_is_the_rfc_s_and_opposite_errors_do_not_cancel() -> None:
    assert oprf.derive_key(SEED, b"test key", oprf.VOPRF_CONTEXT) == KEY
    assert group.times_base(KEY) == PUBLIC
    points, answers, _ = batch(2)
    error = group.random_point(SeededDice("error"))
    minus = group.times(group.number(-1), error)
    bent = [group.plus(answers[0], error), group.plus(answers[1], minus)]
    made = proof.prove(KEY, PUBLIC, points, bent, SeededDice(1))
    assert not proof.verify(PUBLIC, points, bent, made)
    made = proof.prove_knowledge(KEY, b"here", SeededDice(1))
    assert proof.verify_knowledge(PUBLIC, b"here", made)
    assert not proof.verify_knowledge(PUBLIC, b"there", made)
    assert not proof.verify_knowledge(group.random_point(SeededDice(2)), b"here", made)
    assert not proof.verify_knowledge(PUBLIC, b"here", Proof(made.c, group.ONE))
    assert not proof.verify_knowledge(b"\xff" * 32, b"here", made)


@pytest.mark.parametrize(("elements", "blinds", "blinded", "evaluated", "shown", "scalar", "outputs"), VECTORS)
def test_the_rfcs_vectors(elements, blinds, blinded, evaluated, shown, scalar, outputs, monkeypatch) -> None:
    monkeypatch.setattr(proof, "nonce", lambda *_: bytes.fromhex(scalar))
    given = [oprf.blind(e, b, oprf.VOPRF_CONTEXT) for e, b in zip(raw(elements), raw(blinds), strict=True)]
    points = [made.point for made in given]
    answers = oprf.evaluate(KEY, points)
    made = proof.prove(KEY, PUBLIC, points, answers, SeededDice(1))
    assert points == raw(blinded)
    assert answers == raw(evaluated)
    assert made.to_bytes().hex() == shown
    assert proof.verify(PUBLIC, points, answers, Proof.of_bytes(bytes.fromhex(shown)))
    assert oprf.finalize_all(raw(elements), given, answers) == raw(outputs)


def batch(count):
    dice = SeededDice(count)
    points = [group.random_point(dice) for _ in range(count)]
    answers = oprf.evaluate(KEY, points)
    return points, answers, proof.prove(KEY, PUBLIC, points, answers, dice)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_change_of_points_answers_key_or_proof_is_no_proof(count) -> None:
    points, answers, made = batch(count)
    strange = group.random_point(SeededDice("strange"))
    assert proof.verify(PUBLIC, points, answers, made)
    assert not proof.verify(strange, points, answers, made)
    for at in range(count):
        assert not proof.verify(PUBLIC, [*points[:at], strange, *points[at + 1 :]], answers, made)
        for wrong in (strange, bytes(32), b"\xff" * 32, b""):
            assert not proof.verify(PUBLIC, points, [*answers[:at], wrong, *answers[at + 1 :]], made)
    for bent in (replace(made, c=made.s), replace(made, s=made.c), Proof(group.ONE, group.ONE)):
        assert not proof.verify(PUBLIC, points, answers, bent)
    if count > 1:
        assert not proof.verify(PUBLIC, points[::-1], answers, made)
        assert not proof.verify(PUBLIC, points[::-1], answers[::-1], made), "the order is bound"


@pytest.mark.parametrize("count", [0, 65_536])
def test_a_proof_has_one_pair_or_more_and_no_more_than_two_bytes_count(count) -> None:
    with pytest.raises(ValueError, match="65535"):
        proof.prove(KEY, PUBLIC, [PUBLIC] * count, [PUBLIC] * count, SeededDice(1))
    with pytest.raises(ValueError, match="65535"):
        proof.verify(PUBLIC, [PUBLIC] * count, [PUBLIC] * count, Proof(group.ONE, group.ONE))


ORDER = (2**252 + 27742317777372353535851937790883648493).to_bytes(32, "little")


@pytest.mark.parametrize("bad", [b"", bytes(32), ORDER, b"\xff" * 32, bytes(31), group.ONE + b"\x00"])
def test_a_proof_has_one_spelling(bad) -> None:
    for wrong in (bad + group.ONE, group.ONE + bad):
        with pytest.raises(ValueError, match="two scalars"):
            Proof.of_bytes(wrong)


def proven(count, dice):
    points = [group.random_point(SeededDice(at)) for at in range(count)]
    return proof.prove(KEY, PUBLIC, points, oprf.evaluate(KEY, points), dice)


def extracted(one, two):
    """The secret behind two proofs that shared their scalar r: s = r - c * secret in both."""
    inverse = group.inverse(group.difference(one.c, two.c))
    return group.product(group.difference(two.s, one.s), inverse)


def proofs_by_stuck_dice():
    dice = StuckDice()
    knowing = [proof.prove_knowledge(KEY, context, dice) for context in (b"here", b"there")]
    return [proven(1, dice), proven(2, dice), *knowing]


def test_no_stuck_dice_tell_the_secret(monkeypatch) -> None:
    made = proofs_by_stuck_dice()
    assert KEY not in {extracted(*pair) for pair in combinations(made, 2)}
    assert len({one.c for one in made}) == len(made)
    again = proofs_by_stuck_dice()
    assert made == again, "the same statement and the same scalar: the same proof, which tells nothing new"
    statement, dice = (b"equality", PUBLIC, PUBLIC, PUBLIC), SeededDice(1)
    scalars = [
        proof.nonce(KEY, statement, dice),
        proof.nonce(KEY, statement, dice),
        proof.nonce(KEY, statement, StuckDice()),
        proof.nonce(group.ONE, statement, StuckDice()),
        proof.nonce(KEY, (b"knowledge", *statement[1:]), StuckDice()),
    ]
    assert len(set(scalars)) == len(scalars)
    assert all(map(group.is_scalar, scalars))
    monkeypatch.setattr(proof, "nonce", lambda _, __, dice: group.random_scalar(dice))
    assert {extracted(*pair) for pair in combinations(proofs_by_stuck_dice(), 2)} == {KEY}
