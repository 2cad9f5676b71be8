"""A test's protocol: outcomes follow from figures and bars; a file that was changed, in whatever place, is refused."""

import json
from dataclasses import replace

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.model.sector.acceptance_protocol import (
    BadProtocol,
    Bound,
    Figure,
    Measure,
    Outcome,
    Part,
    TestKind,
    TestProtocol,
    shortfalls,
)
from bavn.model.sector.protocol_file import FILE_BYTES_MAX, read, signed
from bavn.model.text import Text

NAME = Text.written("offset", da="afvigelse")
KEY = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
MINE = KEY.public_key().public_bytes_raw().hex()
MOST = Measure(name=NAME, bound=Bound.AT_MOST, bar=5, unit="s")
WHY = Text.written("no such thing", da="ingen sådan")


def figure(value=3, measure=MOST, key="offset", **more):
    return Figure(key=key, measure=measure, value=value, **more)


def missing(outcome, measure=MOST, key="offset"):
    return Figure(key=key, measure=measure, missing=outcome, reason=WHY)


def protocol(*figures, fault="", **more):
    part = Part(name="clock", title=Text.written("Clock", da="Ur"), figures=figures or (figure(),), fault=fault)
    given = {"id": "ab" * 16, "actor": "clinic-a", "kind": TestKind.ACCEPTANCE, "version": "1", "began_us": 1}
    return TestProtocol(**given | {"ended_us": 2, "parts": (part,)} | more)


@pytest.mark.parametrize(
    ("bound", "bar", "good", "bad"),
    [
        (Bound.AT_MOST, 5, 5, 6),
        (Bound.AT_LEAST, 5, 5, 4.9),
        (Bound.EXACTLY, 0, 0, 1),
        (Bound.EXACTLY, "yes", "yes", "no"),
        (Bound.AT_MOST, 5, 0, "yes"),
        (Bound.EXACTLY, "yes", "yes", 1),
    ],
)
def test_a_value_is_held_against_its_bar(bound, bar, good, bad) -> None:
    measure = Measure(name=NAME, bound=bound, bar=bar)
    assert figure(good, measure).outcome is Outcome.PASSED
    assert figure(bad, measure).outcome is Outcome.FAILED


def test_parts_and_outcomes_are_as_their_worst_required_figure() -> None:
    shown = figure(99, Measure(name=NAME, bound=Bound.SHOWN, required=False), key="shown")
    skipped = missing(Outcome.NOT_TESTED, replace(MOST, required=False), key="skipped")
    for figures, outcome in (
        ((figure(), shown, skipped), Outcome.PASSED),
        ((figure(6), figure(key="b")), Outcome.FAILED),
        ((missing(Outcome.NOT_TESTED), figure(key="b")), Outcome.NOT_TESTED),
        ((missing(Outcome.NOT_APPLICABLE), shown), Outcome.NOT_APPLICABLE),
        ((shown,), Outcome.NOT_TESTED),
    ):
        assert protocol(*figures).parts[0].outcome is outcome
    assert protocol(fault="it broke").parts[0].outcome is Outcome.FAILED
    assert protocol().outcome(["clock"]) is Outcome.PASSED
    assert protocol().outcome(["clock", "door"]) is Outcome.NOT_TESTED
    assert protocol(missing(Outcome.NOT_APPLICABLE)).outcome(["clock"]) is Outcome.PASSED
    assert protocol(figure(6)).outcome([]) is Outcome.FAILED


def test_a_signed_protocol_comes_back_by_the_readers_own_bars() -> None:
    made = signed(protocol(figure(2.5), missing(Outcome.NOT_APPLICABLE, key="b")), KEY)
    for raw in (made.file(), json.dumps(json.loads(made.file()), indent=3).encode()):
        again = read(raw)
        assert (again.protocol, again.digest, again.holds(MINE)) == (made.protocol, made.digest, True)
    assert not made.holds(Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex())
    lax = figure(60, replace(MOST, bar=100))
    assert protocol(lax).outcome(["clock"]) is Outcome.PASSED
    assert [one.en for one in shortfalls(protocol(lax), {"clock": {"offset": MOST}})] == [
        "clock: offset is 60, asked is at-most 5"
    ]
    assert [one.en for one in shortfalls(protocol(), {"clock": {"offset": MOST}})] == []
    assert [one.en for one in shortfalls(protocol(), {"clock": {"drift": MOST}})] == ["clock: drift is missing"]
    assert [one.en for one in shortfalls(protocol(), {"door": {"differences": MOST}})] == ["door: not tested"]
    excused = protocol(missing(Outcome.NOT_APPLICABLE))
    assert [one.en for one in shortfalls(excused, {"clock": {"offset": MOST}})] == []
    assert [one.en for one in shortfalls(excused, {"clock": {"offset": replace(MOST, always=True)}})] == [
        "clock: offset was not tested"
    ]
    unsure = protocol(missing(Outcome.NOT_TESTED, replace(MOST, required=False)), figure(key="b"))
    assert [one.en for one in shortfalls(unsure, {"clock": {"offset": MOST}})] == ["clock: offset was not tested"]


def places(value, at=()):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*at, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from places(each, (*at, number))
    else:
        yield at, value


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return "x" if value is None else value + "x" if not value.endswith("0") else value[:-1] + "1"


WHOLE = json.loads(signed(protocol(figure(), missing(Outcome.NOT_APPLICABLE, key="b")), KEY).file())


@pytest.mark.parametrize("at", [at for at, _ in places(WHOLE)], ids=str)
def test_no_place_in_a_protocol_can_be_changed(at) -> None:
    tampered = json.loads(json.dumps(WHOLE))
    inner = tampered
    for step in at[:-1]:
        inner = inner[step]
    inner[at[-1]] = changed(inner[at[-1]])
    try:
        again = read(rfc8785.dumps(tampered))
    except BadProtocol as error:
        assert str(error)
    else:
        assert not again.holds(MINE)


@settings(max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(str.encode),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["protocol", "parts", "figures", "key", "name", "format", "signature", "body"]),
                    inner,
                    max_size=4,
                )
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_bytes_are_a_protocol_or_one_error(raw) -> None:
    with pytest.raises(BadProtocol) as refused:
        read(raw)
    assert str(refused.value)


def test_what_is_odd_is_refused_in_one_line() -> None:
    good = signed(protocol(), KEY).file()
    for raw in (
        b" " * (FILE_BYTES_MAX + 1),
        b"[" * 100_000,
        good.replace(b'"value":3', b'"value":NaN'),
        good.replace(b'"value":3', b'"value":1e400'),
        good.replace(b'"unit":"s"', b'"unit":"s","unit":"s"'),
        good.replace(b'"outcome":"passed"', b'"outcome":"failed"'),
        good.replace(b"clinic-a", b"Clinic A"),
        good.replace(b'"value":3', b'"value":' + b"9" * 5000),
        good.replace(b'"ended_us":2', b'"ended_us":0'),
    ):
        with pytest.raises(BadProtocol) as refused:
            read(raw)
        assert "\n" not in str(refused.value)
