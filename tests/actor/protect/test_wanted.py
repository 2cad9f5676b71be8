"""The wanted set that is kept between steps is always what the book says, whatever changes; so are the counts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.protect import wanted as wanted_module
from bavn.actor.protect.state import Item, State
from bavn.model.observable import Observable
from bavn.wire.book import Book

from .conftest import indicator, released

NAMES = [Observable.of("domain", f"evil-{n}.com") for n in range(4)] + [Observable.of("ip4", "45.9.148.20")]
CHANGE = st.tuples(
    st.integers(0, 5),
    st.sampled_from(NAMES),
    st.sampled_from(["block", "watch"]),
    st.sampled_from(["wanted", "waiting", "refused", "lifted"]),
    st.integers(1, 5),
)


def item(n, observable, act, standing, until_us):
    return Item(
        indicator_id=f"indicator--{n}",
        version=1,
        bundle="",
        type=observable.type.value,
        value=observable.value,
        act=act,
        standing=standing,
        rule="",
        reason="",
        until_us=until_us,
        decided_us=0,
    )


def counts_by_hand(book):
    rows = book.rows("SELECT standing, act, count(*) FROM protect_item GROUP BY standing, act")
    return {(standing, act): n for standing, act, n in rows}


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.lists(CHANGE, max_size=5), max_size=12), now_us=st.integers(0, 4), most=st.sampled_from([2, 9])
)
def test_after_any_changes_it_is_what_a_new_look_says(steps, now_us, most) -> None:
    before, wanted_module.CHANGES_MAX = wanted_module.CHANGES_MAX, most
    try:
        with Book() as book:
            state = State(book)
            for changes in steps:
                for change in changes:
                    state.keep(item(*change))
                for act in ("block", "watch"):
                    kept = state.blocks(act, now_us)
                    assert kept == State(book).blocks(act, now_us) == sorted(kept)
                    assert len({block.observable for block in kept}) == len(kept)
                counted = book.rows("SELECT standing, act, n FROM protect_count WHERE n > 0")
                assert {(standing, act): n for standing, act, n in counted} == counts_by_hand(book)
                spent = state.spent(now_us)
                assert spent.items == sum(counts_by_hand(book).values())
                assert spent.in_force == counts_by_hand(book).get(("wanted", "block"), 0)
            state.forget(10)
            assert state.spent(now_us).items == sum(counts_by_hand(book).values())
    finally:
        wanted_module.CHANGES_MAX = before


def test_a_start_over_the_same_lists_weighs_nothing_again_also_from_an_older_book(make_actor) -> None:
    with Book() as book:
        state = State(book)
        for n in range(3):
            state.keep(item(n, NAMES[n], "block", "wanted", 9))
        with book.transaction() as tx:
            for name in ("protect_more", "protect_less", "protect_other"):
                tx.execute(f"DROP TRIGGER {name}")
            tx.execute("DROP TABLE protect_count")
            tx.execute("DELETE FROM book_part WHERE name = 'protect_count'")
        assert State(book).spent(0).in_force == 3
    from bavn.actor.protect.never import NeverBlock

    actor = make_actor()
    actor.protect.receive([released(indicator("evil-a.com"))])
    actor.told()
    actor.again()
    assert actor.told() == []
    actor.again(never=NeverBlock.of("", "other", own_domains=("evil-a.com",)))
    assert actor.states() == [("lifted", (), "never_block")]
    assert actor.enforcer.holds == set()
