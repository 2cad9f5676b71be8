"""liboprf by its Python binding, as Debian packs it: another's OPRF, threshold and sharing over the same group.

It runs in Debian's own Python, since the binding is no wheel: one call with a list of questions, and its answers.
"""

import json
import subprocess
from functools import reduce

import pytest

from bavn.psi import group, oprf
from bavn.psi.threshold import evaluate as by_holders
from bavn.psi.threshold import messages, shamir
from bavn.psi.threshold.shares import KeyShare, PublicKey
from bavn.psi.threshold.terms import Terms
from tests.conftest import DEBIANS_PYTHON
from tests.psi.conftest import SeededDice
from tests.psi.threshold.conftest import KEY, PURPOSE, Batch, Play, combined, dealt, made, opened

pytestmark = pytest.mark.pyoprf
K, N = 3, 5
NAMES = [b"", b"name.example", b"\x01\x04\xc0\x00\x02\x01"]
PEER = """
import json, sys, pyoprf

def bare(value):
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return [bare(part) for part in value] if isinstance(value, list) else value

def told(value):
    if isinstance(value, (bytes, bytearray)):
        return {"hex": bytes(value).hex()}
    return [told(part) for part in value] if isinstance(value, (list, tuple)) else value

def answer(name, given):
    try:
        return told(getattr(pyoprf, name)(*bare(given)))
    except ValueError as error:
        return f"refused: {error}"

json.dump([answer(name, given) for name, given in json.load(sys.stdin)], sys.stdout)
"""


def packed(value):
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return [packed(part) for part in value] if isinstance(value, list | tuple) else value


def bare(value):
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return [bare(part) for part in value] if isinstance(value, list) else value


def peer(*asked):
    """The answers of pyoprf to (function, arguments...)."""
    given = json.dumps([(name, packed(arguments)) for name, *arguments in asked])
    done = subprocess.run([DEBIANS_PYTHON, "-c", PEER], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [bare(answer) for answer in json.loads(done.stdout)]


def numbered(share):
    return bytes([share.number]) + share.scalar


def test_one_key_gives_the_same_outputs_by_either_whoever_blinds_evaluates_and_unblinds() -> None:
    blinds = [oprf.blind(name, group.random_scalar(SeededDice(name))) for name in NAMES]
    evaluated = peer(*(("evaluate", KEY, made.point) for made in blinds))
    assert evaluated == oprf.evaluate(KEY, [made.point for made in blinds])
    theirs = peer(*(("unblind_finalize", b.scalar, e, n) for b, e, n in zip(blinds, evaluated, NAMES, strict=True)))
    assert theirs == oprf.finalize_all(NAMES, blinds, evaluated) == [oprf.output(KEY, name) for name in NAMES]
    (their_blind,) = peer(("blind", NAMES[1]))
    scalar, point = their_blind
    assert oprf.finalize(NAMES[1], oprf.Blinded(point, scalar), oprf.evaluate(KEY, [point])[0]) == theirs[1]


def test_shares_that_it_dealt_evaluate_here_point_by_point_as_there() -> None:
    (raw,) = peer(("create_shares", KEY, N, K))
    scalars = {share[0]: share[1:] for share in raw}
    numbers = (1, 3, 5)
    blinded = oprf.blind(NAMES[1], group.random_scalar(SeededDice(1)))
    theirs = peer(*(("threshold_evaluate", raw[i - 1], blinded.point, i, list(numbers)) for i in numbers))
    ours = [oprf.evaluate(group.product(shamir.weight(i, numbers), scalars[i]), [blinded.point])[0] for i in numbers]
    assert [part[1:] for part in theirs] == ours
    (combined,) = peer(("threshold_combine", theirs))
    assert combined == reduce(group.plus, ours)
    assert oprf.finalize(NAMES[1], blinded, combined) == oprf.output(KEY, NAMES[1])


def test_parts_of_holders_here_combine_there() -> None:
    public, shares = dealt(K, N)
    batch = Batch.of(NAMES, SeededDice(2))
    numbers = (2, 3, 4)
    parts = [by_holders.evaluate(shares[i - 1], numbers, batch.points, SeededDice(i)) for i in numbers]
    asked = [("threshold_combine", [bytes([p.number]) + p.points[at] for p in parts]) for at in range(len(NAMES))]
    outputs = oprf.finalize_all(NAMES, batch.blinds, peer(*asked))
    assert outputs == combined(public, batch, parts)


def test_ceremonies_and_deals_here_are_sharings_there() -> None:
    """Feldman's commitments and sub-shares, both ways: its deals hold here, and ours hold there for each receiver."""
    shares = made(Terms(purpose=PURPOSE, k=K, n=N))
    key, point = opened(shares[:K]), group.random_point(SeededDice(3))
    parts = [bytes([share.number]) + group.times(share.scalar, point) for share in shares]
    told = peer(
        ("thresholdmult", parts[:K]),
        ("thresholdmult", parts[-K:]),
        ("dkg_reconstruct", [numbered(share) for share in shares[1 : 1 + K]]),
    )
    assert told[:2] == [group.times(key, point)] * 2
    assert told[2] == key
    for commitments, shares in peer(*[("dkg_start", N, K)] * 2):
        points = [commitments[at : at + 32] for at in range(0, len(commitments), 32)]
        public = PublicKey(purpose=PURPOSE, n=N, commitments=tuple(points))
        assert [KeyShare.of(share[0], public, share[1:]).number for share in shares] == [1, 2, 3, 4, 5]
    _, posts, boxes = Play(Terms(purpose=PURPOSE, k=K, n=N)).begin()
    whole = b"".join(b"".join(messages.read(posts[dealer]).commitments) for dealer in range(1, N + 1))
    own = bytes([1]) + shamir.value(shamir.polynomial(K, SeededDice((0, 1))), 1)
    given = [own, *(bytes([1]) + messages.read(boxes[1][dealer]).scalar for dealer in range(2, N + 1))]
    spoilt = [*given[:2], bytes([1]) + group.ONE, *given[3:]]
    asked = [("dkg_verify_commitments", N, K, 1, whole, shares) for shares in (given, spoilt)]
    assert peer(*asked) == [b"", "refused: error: 1"]
