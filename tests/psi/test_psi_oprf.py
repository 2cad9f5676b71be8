"""The OPRF against the vectors of RFC 9497, appendix A.1.1, and against itself."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.psi import oprf
from tests.psi.conftest import SeededDice

SEED = bytes.fromhex("a3" * 32)
KEY = "5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e"
BLIND = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706"
VECTORS = (
    (
        "00",
        "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c",
        "7ec6578ae5120958eb2db1745758ff379e77cb64fe77b0b2d8cc917ea0869c7e",
        (
            "527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3"
            "ab9135e3bd69955851de4b1f9fe8a0973396719b7912ba9ee8aa7d0b5e24bcf6"
        ),
    ),
    (
        "5a" * 17,
        "da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418",
        "b4cbf5a4f1eeda5a63ce7b77c7d23f461db3fcab0dd28e4e17cecb5c90d02c25",
        (
            "f4a74c9c592497375e796aa837e907b1a045d34306a749db9f34221f7e750cb4"
            "f2a6413a6bf6fa5e19ba6348eb673934a722a7ede2e7621306d18951e7cf2c73"
        ),
    ),
)


def test_a_key_is_the_rfc_s_differs_by_tier_and_day_and_shows_no_scalar() -> None:
    assert oprf.derive_key(SEED, b"test key").hex() == KEY
    made = oprf.blind(b"x", oprf.random_scalar(SeededDice(2)))
    assert made.scalar.hex() not in repr(made)
    assert repr(made.scalar) not in repr(made)
    keys = {oprf.derive_key(bytes([day]) * 32, tier) for day in range(3) for tier in (b"A", b"B")}
    assert len(keys) == 6
    with pytest.raises(ValueError, match="32 bytes"):
        oprf.derive_key(b"short", b"A")
    scalar = oprf.random_scalar(SeededDice(1))
    assert oprf.blind(bytes(65_535), scalar).point
    with pytest.raises(ValueError, match="65535 bytes"):
        oprf.blind(bytes(65_536), scalar)


@pytest.mark.parametrize(("element", "blinded", "evaluated", "output"), VECTORS)
def test_the_rfcs_vectors(element: str, blinded: str, evaluated: str, output: str) -> None:
    key, given_element = bytes.fromhex(KEY), bytes.fromhex(element)
    made = oprf.blind(given_element, bytes.fromhex(BLIND))
    answered = oprf.evaluate(key, [made.point])
    assert made.point.hex() == blinded
    assert answered[0].hex() == evaluated
    assert oprf.finalize(given_element, made, answered[0]).hex() == output
    assert oprf.output(key, given_element).hex() == output


@given(st.binary(max_size=300), st.integers(0, 2**32))
def test_blinds_do_not_change_the_output_and_show_nothing_of_the_element(element: bytes, seed: int) -> None:
    key = oprf.derive_key(SEED, b"A")
    dice = SeededDice(seed)
    one, two = (oprf.blind(element, oprf.random_scalar(dice)) for _ in range(2))
    answers = oprf.evaluate(key, [one.point, two.point])
    assert one.point != two.point
    assert {oprf.finalize(element, b, a) for b, a in zip((one, two), answers, strict=True)} == {
        oprf.output(key, element)
    }


def test_a_batch_follows_the_rfc_and_no_library_is_left_lying_about(tmp_path) -> None:
    key, dice = bytes.fromhex(KEY), SeededDice(8)
    elements = [bytes.fromhex(vector[0]) for vector in VECTORS] * 3
    blinds = [oprf.blind(element, oprf.random_scalar(dice)) for element in elements]
    outputs = oprf.finalize_all(elements, blinds, oprf.evaluate(key, [made.point for made in blinds]))
    assert [output.hex() for output in outputs] == [vector[3] for vector in VECTORS] * 3
    assert oprf.finalize_all([], [], []) == []
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    code = "import bavn.psi.oprf as o; o.derive_key(bytes(32), b'')"
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_costs_one_inversion(monkeypatch) -> None:
    counted = []
    invert = oprf._group().crypto_core_ristretto255_scalar_invert
    monkeypatch.setattr(
        oprf._group(), "crypto_core_ristretto255_scalar_invert", lambda scalar: counted.append(1) or invert(scalar)
    )
    dice = SeededDice(9)
    blinds = [oprf.blind(b"x", oprf.random_scalar(dice)) for _ in range(50)]
    assert len({*oprf.finalize_all([b"x"] * 50, blinds, [made.point for made in blinds])}) == 1
    assert len(counted) == 1


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("bad", [b"", bytes(32), b"\xff" * 32, bytes(31), bytes(33)])
def test_one_bad_answer_spoils_its_batch(bad: bytes, at: int) -> None:
    dice = SeededDice(10)
    blinds = [oprf.blind(b"x", oprf.random_scalar(dice)) for _ in range(3)]
    points = [made.point for made in blinds]
    points[at] = bad
    with pytest.raises(oprf.BadPoint):
        oprf.finalize_all([b"x"] * 3, blinds, points)


@given(st.binary(max_size=40))
def test_what_is_no_point_is_refused_whole(given_bytes: bytes) -> None:
    key = oprf.derive_key(SEED, b"A")
    good = oprf.random_point(SeededDice(1))
    try:
        assert len(oprf.evaluate(key, [good, given_bytes])) == 2
    except oprf.BadPoint:
        return
    assert len(given_bytes) == oprf.POINT_BYTES


@pytest.mark.parametrize("bad", [b"", bytes(32), b"\xff" * 32, bytes(31), bytes(33)])
def test_the_identity_and_other_bytes_are_no_points(bad: bytes) -> None:
    with pytest.raises(oprf.BadPoint):
        oprf.evaluate(oprf.derive_key(SEED, b"A"), [bad])
    with pytest.raises(oprf.BadPoint):
        oprf.finalize(b"x", oprf.blind(b"x", oprf.random_scalar(SeededDice(3))), bad)


def test_the_group_is_loaded_when_it_is_needed_and_a_full_disk_is_named_then() -> None:
    run = """
import errno, sys, tempfile
import bavn.app.cli.main
from bavn.psi import oprf
assert "rbcl" not in sys.modules

def full(*args, **named):
    raise OSError(errno.ENOSPC, "No space left on device")

whole, tempfile.NamedTemporaryFile = tempfile.NamedTemporaryFile, full
try:
    oprf.ready()
except OSError as error:
    print(error.strerror)
tempfile.NamedTemporaryFile = whole
oprf.ready()
print(oprf.are_points([oprf.blind(b"x", bytes([7] + [0] * 31)).point]))
"""
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)
    assert done.stdout == "No space left on device\nTrue\n", done.stderr
