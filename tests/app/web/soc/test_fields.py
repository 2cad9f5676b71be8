"""What leaves is read field by field, with its class and in words; every field of every message has a name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.app.web.soc.field_words import CLASSES, NAMES, fields_of, fields_of_text, meaning
from bavn.wire.messages.catalogue import UP
from bavn.wire.privacy import Privacy

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_every_field_that_may_leave_has_a_name_in_both_languages() -> None:
    needed = {name for kind in UP for name in kind.privacy()}
    assert needed == set(NAMES)
    same = {name for name, text in NAMES.items() if text.en == text.da}
    assert same <= {"sensor", "type"}
    assert set(CLASSES) == set(Privacy)


@pytest.mark.parametrize(
    ("name", "value", "en", "da"),
    [
        ("p_bucket", 11, "at most one in 2,048 by chance", "højst én ud af 2.048 ved et tilfælde"),
        ("hosts_bucket", 2, "4–10", "4–10"),
        ("count_bucket", 5, "> 100", "> 100"),
        ("first_hour", 498_000, "2026-10-24 00:00 UTC", "2026-10-24 00:00 UTC"),
        ("period_bucket", 0, "0 – one minute", "0 – ét minut"),
        ("period_bucket", 7, "> 4 hours", "> 4 timer"),
        ("regularity_bucket", 1, "0.1–0.3", "0,1–0,3"),
        ("technique", "T1071.001", None, None),
        ("state", "lifted", "lifted here", "ophævet her"),
        ("last_round", None, "not known", "ukendt"),
    ],
)
def test_a_value_is_said_in_words(name, value, en, da) -> None:
    said = meaning(name, value)
    assert said is not None
    if en is not None:
        assert (said.en, said.da) == (en, da)


def test_fields_come_in_the_messages_order_with_their_class_and_none_is_left_out() -> None:
    body = {"value": "example.com", "p_bucket": 3, "type": "domain", "smuggled": [1]}
    shown = fields_of("Report", body)
    assert [(one.name, one.privacy) for one in shown] == [
        ("type", "S1"),
        ("value", "S1"),
        ("p_bucket", "S1"),
        ("smuggled", ""),
    ]
    assert shown[-1].value == "[1]"


@given(st.sampled_from(sorted(NAMES)), ANYTHING)
def test_no_value_breaks_the_reader(name, value) -> None:
    (shown,) = fields_of("Nothing", {name: value})
    assert len(shown.value) <= 300
    assert fields_of_text("Report", json.dumps([value])) == []


@given(st.text(max_size=40))
def test_no_body_breaks_the_reader(text) -> None:
    assert isinstance(fields_of_text("Report", text), list)


def test_a_line_of_the_ledger_is_read_and_one_that_is_not_there_is_refused(looking) -> None:
    line = looking.get("/door/ledger?left=true&kind=Report&limit=500")["items"]
    seq = next(one["seq"] for one in line if one["summary"].startswith("{"))
    fields = looking.get(f"/door/ledger/lines/{seq}")["fields"]
    assert {one["privacy"] for one in fields} == {"S1"}
    looking.get("/door/ledger/lines/99999999", code=404)
    looking.get("/door/ledger/lines/0", code=422)
