"""One spelling of each message, and nothing else gets through."""

import json
import time

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.model.outcome import Refused
from bavn.wire import strict_json
from bavn.wire.codec import BODY_BYTES_MAX, DOWN_KINDS, UP_KINDS, Encoded, decode, encode, privacy_of, summary_of
from bavn.wire.messages.catalogue import CellTag, Declined, Health, IndicatorReleased, Receipt, Receipts, ShareUpload

ALL = {**UP_KINDS, **DOWN_KINDS}
HEALTH = Health(version="1.0", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=1)


def refused_by(encoded, kinds=ALL):
    outcome = decode(encoded, kinds)
    assert isinstance(outcome, Refused), outcome
    return outcome.rule


@settings(max_examples=150)
@given(data=st.data())
def test_what_is_encoded_comes_back_and_has_one_spelling(any_message, data) -> None:
    message = data.draw(any_message)
    encoded = encode(message)
    again = decode(encoded, ALL)
    assert again == message
    assert encode(again) == encoded
    assert rfc8785.dumps(json.loads(encoded.body)) == encoded.body


@settings(max_examples=100)
@given(data=st.data())
def test_a_changed_byte_is_refused_or_another_message(any_message, data) -> None:
    message = data.draw(any_message)
    encoded = encode(message)
    at = data.draw(st.integers(0, len(encoded.body) - 1))
    body = bytearray(encoded.body)
    body[at] = data.draw(st.integers(0, 255))
    outcome = decode(Encoded(encoded.kind, bytes(body), encoded.attachment), ALL)
    if not isinstance(outcome, Refused):
        assert encode(outcome).body == bytes(body)
        assert (outcome == message) == (bytes(body) == encoded.body)


@settings(max_examples=200)
@given(kind=st.sampled_from(sorted(ALL)), body=st.binary(max_size=200), attachment=st.binary(max_size=20))
def test_any_bytes_are_one_refusal_and_never_an_error(kind, body, attachment) -> None:
    assert isinstance(decode(Encoded(kind, body, attachment), ALL), Refused)


JSON_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(kind=st.sampled_from(sorted(ALL)), value=JSON_ANY)
def test_any_json_is_one_refusal_and_never_an_error(kind, value) -> None:
    assert isinstance(decode(Encoded(kind, json.dumps(value).encode()), ALL), Refused)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda b: b.replace(b'"sensor":"up"', b'"sensor":"up","sensor":"up"'), "duplicate_key"),
        (lambda b: b.replace(b":", b": ", 1), "not_canonical"),
        (lambda b: b.replace(b'"version":"1.0"', b'"version":"1\\u002e0"'), "not_canonical"),
        (lambda b: b.replace(b'"queue_messages":1', b'"queue_messages":1.0'), "not_integer"),
        (lambda b: b.replace(b'"queue_messages":1', b'"queue_messages":NaN'), "not_integer"),
        (lambda b: b.replace(b'"queue_messages":1', b'"queue_messages":' + b"9" * 400), "not_integer"),
        (lambda b: b.replace(b'"queue_messages":1', b'"queue_messages":"1"'), "wrong_shape"),
        (lambda b: b.replace(b'"queue_messages":1', b'"queue_messages":true'), "wrong_shape"),
        (lambda b: b.replace(b'"queue_messages":1', b'"queue_messages":-1'), "wrong_shape"),
        (lambda b: b.replace(b'"last_round":null,', b""), "wrong_shape"),
        (lambda b: b.replace(b'"version"', b'"host":"pc-17","version"'), "not_canonical"),
        (lambda b: b[:-1] + b',"zhost":"pc-17"}', "wrong_shape"),
        (lambda b: b[:-1], "not_json"),
        (lambda b: b + b" ", "not_canonical"),
        (lambda b: b"\xef\xbb\xbf" + b, "not_json"),
        (lambda _: b"[" * 50 + b"]" * 50, "too_deep"),
        (lambda _: b"[]", "wrong_shape"),
    ],
)
def test_each_other_spelling_is_refused_by_its_rule(change, rule) -> None:
    encoded = encode(HEALTH)
    assert refused_by(Encoded("Health", change(encoded.body))) == rule


def test_what_no_reader_knows_is_refused_unread_and_not_repeated() -> None:
    body = encode(HEALTH).body[:-1] + b',"zz-secret-host":"pc-17"}'
    outcome = decode(Encoded("Health", body), ALL)
    assert isinstance(outcome, Refused)
    assert "secret" not in str(outcome.reason.kept())
    assert "pc-17" not in str(outcome.reason.kept())
    assert refused_by(encode(HEALTH), DOWN_KINDS) == "unknown_kind"
    assert refused_by(Encoded("Suspicion", b"{}")) == "unknown_kind"
    assert refused_by(Encoded("IndicatorReleased", b'{"bundle":"' + b"a" * BODY_BYTES_MAX + b'"}')) == "oversize"


def test_planes_ids_and_privacy_classes_are_those_of_the_content() -> None:
    share = ShareUpload(round_id="0" * 32, registry_version=1, key_check="0" * 32, planes=b"\n{}" + bytes(range(100)))
    encoded = encode(share)
    assert encoded.attachment == share.planes
    assert b'"planes":{"bytes":103,"sha256":"' in encoded.body
    assert summary_of(encoded) == encoded.body.decode()
    assert refused_by(Encoded("ShareUpload", encoded.body, encoded.attachment + b"\x00")) == "attachment"
    assert refused_by(Encoded("ShareUpload", encoded.body, encoded.attachment[::-1])) == "attachment"
    assert refused_by(Encoded("ShareUpload", encoded.body)) == "attachment"
    assert refused_by(Encoded("Health", encode(HEALTH).body, b"x")) == "attachment"
    cell = Declined(round_id="a" * 32, table=1, bin=2)
    assert encode(cell).id == encode(Declined(round_id="a" * 32, table=1, bin=2)).id
    assert encode(cell).id != encode(Declined(round_id="a" * 32, table=1, bin=3)).id
    assert encode(cell).id != Encoded("Report", encode(cell).body).id
    assert privacy_of(HEALTH) == "S4"
    assert (
        privacy_of(
            Receipt(
                indicator_id="indicator--00000000-0000-4000-8000-000000000000",
                version=1,
                state="enforced",
                enforcers=("rpz",),
                rule=None,
            )
        )
        == "S2"
    )


def test_hostile_strings_and_brackets_cost_linear_time_and_no_depth() -> None:
    """Unterminated strings full of escapes: a backtracking tokeniser takes minutes for these."""
    start = time.process_time()
    for hostile in (b'"' + b'\\"' * 40_000, b'"' * 80_001, b'"' + b"\\" * 80_001, b'{"a":' * 80_000):
        assert isinstance(strict_json.parse(hostile, 1_000_000), Refused)
    assert time.process_time() - start < 2
    bundle = IndicatorReleased(bundle='[[[[[[[[[[[["\\"]{{{{{{{{{{')
    assert decode(encode(bundle), ALL) == bundle


def test_the_length_of_what_is_sent_every_round_tells_nothing() -> None:
    """S0: whatever the tags and planes hold, real or dummy, the bytes are as many."""

    def tags(digit):
        cells = tuple(CellTag(table=t, bin=17, tag=digit * 64) for t in range(10))
        return encode(Receipts(round_id="a" * 32, tags=cells)).bytes

    assert tags("0") == tags("f")
    shares = {
        encode(ShareUpload(round_id="a" * 32, registry_version=3, key_check="0" * 32, planes=p * 800)).bytes
        for p in (b"\0", b"\xff")
    }
    assert len(shares) == 1
