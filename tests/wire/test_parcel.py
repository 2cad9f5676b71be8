"""Parcels: what comes out is what went in, and no byte of a stranger's, or changed by one, is taken."""

import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.members.authority import Authority, new_key
from bavn.model.outcome import Refused
from bavn.model.sector.member import member_peer
from bavn.traffic.dice import SeededDice
from bavn.wire.parcel import (
    Asking,
    ParcelResponse,
    Question,
    SignedQuestion,
    private_x25519,
    sealed_answer,
    to_x25519,
    understand,
)

NOW_US = time.time_ns() // 1000
CENTRE = Ed25519PrivateKey.from_private_bytes(SeededDice(1, "centre").bytes(32))
AUTHORITY = Authority.make("parcels", NOW_US, SeededDice(1, "ca"))
KEY = new_key(SeededDice(1, "a"))
DER = AUTHORITY.certify(member_peer("region-a"), KEY.public_key(), NOW_US, SeededDice(2)).public_bytes(Encoding.DER)
questions = st.builds(
    Question,
    what=st.sampled_from(["post", "pull"]),
    after=st.integers(0, 2**53 - 1),
    wait_ms=st.integers(0, 60_000),
    body=st.binary(max_size=300),
)
answers = st.builds(
    ParcelResponse,
    status=st.sampled_from([200, 403, 500]),
    at_s=st.integers(0, 2**40),
    detail=st.text("abc ", max_size=50),
    taken=st.lists(st.integers(1, 2**53 - 1), max_size=5).map(tuple),
    body=st.binary(max_size=300),
)


def asking(question, seed=1, key=KEY):
    return Asking("region-a", key, DER, CENTRE.public_key(), question, SeededDice(seed, "once"))


@given(questions, answers, st.integers(0, 2**32))
def test_question_and_answer_come_as_they_were(question, answer, seed) -> None:
    made = asking(question, seed)
    asked = understand(made.raw, CENTRE, "region-a")
    assert isinstance(asked, SignedQuestion)
    assert (asked.sender, asked.certificate_der, asked.question) == ("region-a", DER, question)
    assert made.open(sealed_answer(asked, answer)) == answer


@given(questions, st.data())
def test_a_byte_that_was_changed_is_noticed(question, data) -> None:
    made = asking(question)
    asked = understand(made.raw, CENTRE, "region-a")
    answer = sealed_answer(asked, ParcelResponse(status=200, body=b"x"))
    at, bit = data.draw(st.integers(0, len(made.raw) - 1)), 1 << data.draw(st.integers(0, 7))
    changed = bytearray(made.raw)
    changed[at] ^= bit
    assert isinstance(understand(bytes(changed), CENTRE, "region-a"), Refused)
    at = data.draw(st.integers(0, len(answer) - 1))
    other = bytearray(answer)
    other[at] ^= bit
    assert isinstance(made.open(bytes(other)), Refused)


def test_a_signature_in_capitals_is_another_text() -> None:
    raw = asking(Question(what="pull")).raw
    head, mark, sealed = raw.partition(b"\n")
    before, named, after = head.partition(b'"sig":"')
    signature, quote, rest = after.partition(b'"')
    assert signature.upper() != signature
    changed = before + named + signature.upper() + quote + rest + mark + sealed
    assert isinstance(understand(raw, CENTRE, "region-a"), SignedQuestion)
    assert isinstance(understand(changed, CENTRE, "region-a"), Refused)


@given(st.binary(max_size=400))
def test_no_bytes_of_a_stranger_raise(raw) -> None:
    assert isinstance(understand(raw, CENTRE, "region-a"), Refused)
    assert isinstance(
        understand(asking(Question(what="pull")).raw.split(b"\n")[0] + b"\n" + raw, CENTRE, "region-a"), Refused
    )
    assert isinstance(asking(Question(what="pull")).open(raw), Refused)


def test_an_answer_fits_its_own_question_only() -> None:
    one, two = asking(Question(what="pull", after=1), 1), asking(Question(what="pull", after=1), 2)
    answer = sealed_answer(understand(one.raw, CENTRE, "region-a"), ParcelResponse(status=200, taken=(1,)))
    assert one.open(answer).taken == (1,)
    assert two.open(answer).rule == "bad_seal"


@pytest.mark.parametrize(
    ("made", "subject", "rule"),
    [
        (asking(Question(what="pull")), "region-b", "wrong_sender"),
        (asking(Question(what="pull"), key=new_key(SeededDice(9, "other"))), "region-a", "bad_signature"),
    ],
)
def test_who_it_is_not_is_refused(made, subject, rule) -> None:
    assert understand(made.raw, CENTRE, subject).rule == rule


def test_another_centre_cannot_read_it() -> None:
    other = Ed25519PrivateKey.from_private_bytes(SeededDice(2, "centre").bytes(32))
    assert understand(asking(Question(what="pull")).raw, other, "region-a").rule == "bad_seal"


@given(st.binary(min_size=32, max_size=32))
def test_the_two_forms_of_a_key_belong_together(seed) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    assert private_x25519(key).public_key() == to_x25519(key.public_key())
