"""Entries of the never-block list made by hand: in force at once, without a centre, over restarts; what they touch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.never_own import OWN_MAX, Own, add_own, own_entries, own_mark, own_of, remove_own, touched
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.wire.book import Book

from .conftest import indicator, released

T0 = 1_795_000_000_000_000
LABELS = st.lists(st.sampled_from(["a", "b", "a_b", "axb"]), min_size=2, max_size=4).map(".".join)
ADDRESSES = st.one_of(st.ip_addresses(v=4).map(str), st.sampled_from(["203.0.114.7", "203.0.115.7", "2a01:4f8::7"]))
NETWORKS = st.sampled_from(["203.0.114.0/24", "203.0.114.7/32", "203.0.112.0/21", "2a01:4f8::/32", "128.0.0.0/8"])
ENTRIES = st.one_of(
    st.builds(lambda value, covers: Own(covers=covers, value=value), LABELS, st.sampled_from(["tree", "name"])),
    NETWORKS.map(lambda value: Own(covers="network", value=value)),
)


def listed(*entries: Own) -> NeverBlock:
    return NeverBlock.of("", "none").with_own(entries)


def test_an_entry_lifts_what_it_forbids_also_when_made_while_down_and_once_struck_frees_it(make_actor) -> None:
    actor = make_actor()
    kept = indicator("other-c2.org", n=2)
    actor.protect.receive([released(indicator("evil-c2.com")), released(kept)])
    actor.told()
    assert add_own(actor.book, [Own(covers="name", value="www.evil-c2.com")], "a pump", "anna", T0) is None
    actor.protect.step()
    assert actor.enforcer.holds == {"other-c2.org"}
    assert actor.states() == [("lifted", (), "never_block")]
    actor.again()
    assert actor.enforcer.holds == {"other-c2.org"}
    newer = indicator("evil-c2.com", version=T0 + 1)
    (outcome,) = actor.protect.receive([released(newer)])
    assert outcome.rule == "never_block"
    assert actor.protect.approve(newer.id, "bo").rule == "never_block"
    actor = make_actor()
    actor.protect.receive([released(indicator("evil-c2.com"))])
    add_own(actor.book, [Own(covers="tree", value="evil-c2.com")], "a pump", "anna", T0)
    actor.again()
    assert actor.enforcer.holds == set()
    actor = make_actor()
    made, entry = indicator("evil-c2.com"), Own(covers="tree", value="evil-c2.com")
    actor.protect.receive([released(made)])
    add_own(actor.book, [entry], "a pump", "anna", T0)
    actor.protect.step()
    assert remove_own(actor.book, [entry]) is None
    actor.protect.step()
    assert actor.enforcer.holds == set()
    actor.protect.approve(made.id, "bo")
    assert actor.enforcer.holds == {"evil-c2.com"}


def test_all_of_it_or_nothing_and_bounded() -> None:
    with Book() as book:
        first = Own(covers="tree", value="maker.example")
        assert add_own(book, [first], "why", "anna", T0) is None
        mark = own_mark(book.rows)
        assert add_own(book, [Own(covers="tree", value="b.example"), first], "why", "anna", T0).rule == "there_already"
        assert remove_own(book, [first, Own(covers="name", value="b.example")]).rule == "not_own"
        many = [Own(covers="name", value=f"n{at}.example") for at in range(OWN_MAX)]
        assert add_own(book, many, "why", "anna", T0).rule == "list_full"
        assert [(one.value, one.why, one.by, one.at_us) for one in own_entries(book.rows)] == [
            ("maker.example", "why", "anna", T0)
        ]
        assert own_mark(book.rows) == mark
        remove_own(book, [first])
        assert own_mark(book.rows) == (0, mark[1])


@pytest.mark.parametrize(
    ("covers", "text", "made"),
    [
        ("tree", " Maker.EXAMPLE. ", "maker.example"),
        ("name", "co.uk", "too_wide"),
        ("tree", "a b", "no_name"),
        ("name", "example", "no_name"),
        ("network", "203.0.114.7", "203.0.114.7/32"),
        ("network", "10.0.0.0/7", "too_wide"),
        ("network", "::/0", "too_wide"),
        ("network", "203.0.114.7/24", "no_network"),
        ("network", "", "no_network"),
    ],
)
def test_what_is_written_becomes_one_form_or_is_refused(covers, text, made) -> None:
    one = own_of(covers, text)
    assert (one.rule if isinstance(one, Refused) else one.value) == made


@given(st.sampled_from(["tree", "name", "network"]), st.text(max_size=60))
def test_no_text_breaks_the_reader(covers, text) -> None:
    one = own_of(covers, text)
    if isinstance(one, Own):
        assert own_of(covers, one.value) == one
        assert listed(one)


@given(ENTRIES, st.lists(st.one_of(LABELS, ADDRESSES), max_size=8, unique=True))
def test_what_an_entry_touches_is_what_the_list_then_forbids(entry, values) -> None:
    from bavn.actor.protect.state import Item, State

    with Book() as book:
        state, never = State(book), listed(entry)
        expected = set()
        for at, value in enumerate(values):
            address = value.replace(".", "").isdigit() or ":" in value
            observable = Observable.address(value) if address else Observable.of("domain", value)
            state.keep(
                Item(
                    indicator_id=f"i{at}",
                    version=1,
                    bundle="",
                    type=observable.type.value,
                    value=observable.value,
                    act="block",
                    standing="wanted",
                    rule="",
                    reason="",
                    until_us=T0,
                    decided_us=T0,
                )
            )
            if never.hit(observable) is not None:
                expected.add(f"i{at}")
        assert set(touched(book.rows, [entry], ("wanted",))) == expected
        assert set(touched(book.rows, [entry], ("lifted",))) == set()
