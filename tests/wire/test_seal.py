"""Envelopes: only the named sender's signature over exactly this content, to exactly this recipient, opens."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.model.outcome import Refused
from bavn.traffic.dice import SeededDice
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS, UP_KINDS, encode
from bavn.wire.messages.catalogue import Declined, Health, RoundClosed, ShareUpload

ALL = {**UP_KINDS, **DOWN_KINDS}
DECLINED = Declined(round_id="b" * 32, table=1, bin=2)
OTHER = Ed25519PrivateKey.from_private_bytes(SeededDice(8, "other").bytes(32))


@pytest.fixture(scope="session")
def keys(key):
    return {"region-a": key.public_key(), "region-b": OTHER.public_key()}


@settings(max_examples=80)
@given(data=st.data(), seq=st.integers(1, seal.SEQ_MAX))
def test_what_is_sealed_opens(any_message, keys, key, data, seq) -> None:
    message = data.draw(any_message)
    raw = seal.seal(key, "region-a", "centre", seq, message)
    opened = seal.open(keys, "centre", raw, ALL)
    assert isinstance(opened, seal.Opened)
    assert (opened.message, opened.seq, opened.sender) == (message, seq, "region-a")
    assert opened.id == encode(message).id == seal.item_id(raw)
    assert seal.address(raw) == seal.Address("region-a", "centre", seq, type(message).__name__)


@settings(max_examples=200)
@given(data=st.data())
def test_no_changed_envelope_opens(keys, key, data) -> None:
    share = ShareUpload(round_id="b" * 32, registry_version=1, key_check="0" * 32, planes=bytes(24))
    raw = bytearray(seal.seal(key, "region-a", "centre", 5, data.draw(st.sampled_from([DECLINED, share]))))
    at = data.draw(st.integers(0, len(raw) - 1))
    change = data.draw(st.integers(1, 255))
    raw[at] ^= change
    assert isinstance(seal.open(keys, "centre", bytes(raw), ALL), Refused)


@settings(max_examples=300)
@given(raw=st.binary(max_size=600))
def test_any_bytes_are_a_refusal(keys, raw) -> None:
    assert isinstance(seal.open(keys, "centre", raw, ALL), Refused)
    assert isinstance(seal.address(raw), Refused)
    assert len(seal.item_id(raw)) == 64


def opened_by(raw, keys, recipient="centre", kinds=ALL):
    outcome = seal.open(keys, recipient, raw, kinds)
    assert isinstance(outcome, Refused), outcome
    return outcome.rule


def test_each_lie_on_an_envelope_has_its_rule(keys, key) -> None:
    raw = seal.seal(key, "region-a", "centre", 5, DECLINED)
    assert opened_by(raw, keys, recipient="region-b") == "wrong_recipient"
    assert opened_by(raw, {}) == "unknown_sender"
    assert opened_by(seal.seal(OTHER, "region-a", "centre", 5, DECLINED), keys) == "bad_signature"
    assert opened_by(raw, keys, kinds=DOWN_KINDS) == "unknown_kind"
    assert opened_by(raw.replace(b'"v":1', b'"v":2'), keys) == "version"
    assert opened_by(raw.replace(b'"v":1', b'"v":true'), keys) == "version"
    assert opened_by(raw.replace(b'"seq":5', b'"seq":6'), keys) == "bad_signature"
    assert opened_by(raw.replace(b'"kind":"Declined"', b'"kind":"Report"'), keys) == "bad_signature"
    assert opened_by(raw.replace(b'"table":1', b'"table":2'), keys) == "bad_signature"
    assert opened_by(raw.replace(b'"seq":5', b'"seq": 5'), keys) == "malformed_header"
    assert opened_by(raw.replace(b'"seq":5', b'"seq":5,"seq":5'), keys) == "malformed_header"
    assert opened_by(raw + b"\n", keys) == "malformed_body"
    assert opened_by(raw + b"\nmore", keys) == "attachment"
    assert opened_by(bytes(seal.ENVELOPE_BYTES_MAX + 1), keys) == "oversize"


def test_a_signature_counts_for_its_spelling_sequence_and_name_alone(keys, key) -> None:
    """The signature is sound; the body is not the one spelling: signing garbage does not make it a message."""
    encoded = encode(DECLINED)
    spelt = type(encoded)(encoded.kind, encoded.body.replace(b":", b": "))
    raw = seal.seal_encoded(key, "region-a", "centre", 5, spelt)
    assert opened_by(raw, keys) == "not_canonical"
    for sender, recipient, seq in (("region-b", "centre", 5), ("region-a", "region-b", 5), ("region-a", "centre", 50)):
        real = seal.seal(key, "region-a", "centre", 5, DECLINED)
        sig = real.split(b'"sig":"')[1][:128]
        forged = seal.seal(OTHER, sender, recipient, seq, DECLINED)
        forged = forged.replace(forged.split(b'"sig":"')[1][:128], sig)
        assert opened_by(forged, keys, recipient=recipient) == "bad_signature"
    raw = seal.seal(key, "region-a", "centre", 5, RoundClosed(round_id="b" * 32))
    assert opened_by(raw, keys, kinds=UP_KINDS) == "unknown_kind"


def test_what_cannot_stand_on_an_envelope_is_the_makers_error_and_health_has_one_length(key) -> None:
    for sender, recipient, seq in (
        ("A B", "centre", 1),
        ("region-a", "", 1),
        ("region-a", "centre", 0),
        ("region-a", "centre", 2**53),
    ):
        with pytest.raises(ValueError):
            seal.seal(key, sender, recipient, seq, DECLINED)
    assert seal.key_id(key.public_key()) != seal.key_id(OTHER.public_key())
    assert len(seal.key_id(key.public_key())) == 32
    health = Health(version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0)
    lengths = {len(seal.seal(key, "region-a", "centre", seq, health)) for seq in range(100, 120)}
    assert len(lengths) == 1
