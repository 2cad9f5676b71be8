"""The outbox: in order, as often as needed, bounded, and nothing vanishes without a trace."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.model.outcome import Refused
from bavn.rehearsal.clock import SimClock
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import UP_KINDS, encode
from bavn.wire.messages.catalogue import Declined, Health, ShareUpload
from bavn.wire.outbox import Outbox, OutboxFull, OutboxLimits


def declined(n):
    return encode(Declined(round_id="c" * 32, table=0, bin=n))


@pytest.fixture
def make(key, clock):
    books = []

    def made(**given):
        books.append(given.pop("book", None) or Book())
        return Outbox(books[-1], "region-a", key, clock, **given)

    yield made
    for book in books:
        book.close()


def test_numbers_count_up_for_each_recipient_and_survive_acknowledgement(make, key) -> None:
    outbox = make()
    for n in range(3):
        outbox.put("centre", declined(n), "S0")
    outbox.put("keyholder", declined(9), "S0")
    assert [one.seq for one in outbox.waiting("centre")] == [1, 2, 3]
    assert [one.seq for one in outbox.waiting("keyholder")] == [1]
    outbox.acknowledge("centre", [1, 3, 77])
    assert [one.seq for one in outbox.waiting("centre")] == [2]
    outbox.acknowledge_up_to("centre", 2)
    outbox.put("centre", declined(4), "S0")
    assert [one.seq for one in outbox.waiting("centre")] == [4]
    opened = seal.open({"region-a": key.public_key()}, "centre", outbox.waiting("centre")[0].raw, UP_KINDS)
    assert isinstance(opened, seal.Opened)
    assert opened.encoded == declined(4)


def test_asking_again_gives_the_same_bytes(make) -> None:
    outbox = make()
    sent = outbox.put("centre", declined(1), "S1")
    assert [one.raw for one in outbox.waiting("centre")] == [sent]
    assert [one.raw for one in outbox.waiting("centre")] == [sent]


def test_a_piece_is_bounded_by_count_and_bytes_but_never_empty(make) -> None:
    outbox = make()
    for n in range(10):
        outbox.put("centre", declined(n), "S0")
    size = len(outbox.waiting("centre")[0].raw)
    assert len(outbox.waiting("centre", messages_max=4)) == 4
    assert len(outbox.waiting("centre", bytes_max=size * 3)) == 3
    assert len(outbox.waiting("centre", bytes_max=1)) == 1
    assert [one.seq for one in outbox.waiting("centre", after=7)] == [8, 9, 10]


def test_when_it_fills_what_can_wait_stays_outside_first_and_loudly(make, caplog) -> None:
    outbox = make(limits=OutboxLimits(messages_max=10))
    for n in range(8):
        assert outbox.room("centre", "S0", 10) is None
        outbox.put("centre", declined(n), "S0")
    with caplog.at_level(logging.ERROR):
        for privacy in ("S0", "S4", "S0+S4"):
            refused = outbox.room("centre", privacy, 10)
            assert isinstance(refused, Refused)
            assert refused.rule == "outbox_full"
    assert len(caplog.records) == 1
    for n in (8, 9):
        assert outbox.room("centre", "S1", 10) is None
        outbox.put("centre", declined(n), "S1")
    assert isinstance(outbox.room("centre", "S1", 10), Refused)
    assert outbox.state().full
    assert outbox.room("keyholder", "S1", 10) is None
    with pytest.raises(OutboxFull):
        outbox.put("centre", declined(10), "S1")
    outbox.acknowledge_up_to("centre", 5)
    assert outbox.room("centre", "S4", 10) is None
    assert not outbox.state().full


def test_bytes_bound_it_too(make) -> None:
    outbox = make(limits=OutboxLimits(bytes_max=10_000))
    assert isinstance(outbox.room("centre", "S1", 10_000), Refused)
    assert outbox.room("centre", "S1", 9_000) is None
    assert isinstance(outbox.room("centre", "S0", 9_000), Refused)


def test_a_week_without_network(make, clock, key, tmp_path) -> None:
    """Health every five minutes and a report an hour for seven days: every one is still there, in order."""
    with Book(tmp_path / "node.db") as book:
        outbox = make(book=book)
        with book.transaction():
            for n in range(7 * 24 * 12):
                health = Health(version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=n)
                outbox.put("centre", encode(health), "S4")
                clock.advance(300_000_000)
        assert outbox.state().messages == 2016
        assert outbox.state().oldest_us == clock.now_us() - 7 * 86_400_000_000
        seqs, after = [], 0
        while piece := outbox.waiting("centre", after):
            seqs += [one.seq for one in piece]
            after = seqs[-1]
        assert seqs == list(range(1, 2017))


def fate(outbox, item_id):
    """What became of an item, as far as the book still says."""
    if outbox.book.rows("SELECT 1 FROM outbox WHERE item_id = ?", (item_id,)):
        return "waiting"
    gone = outbox.book.rows("SELECT how FROM outbox_gone WHERE item_id = ? ORDER BY number DESC LIMIT 1", (item_id,))
    return gone[0][0] if gone else None


def test_the_fate_of_an_item_is_known(make, clock) -> None:
    outbox = make()
    items = [declined(n) for n in range(4)]
    for n, item in enumerate(items):
        outbox.put("centre", item, "S0", until_us=clock.now_us() + 100 if n == 3 else None)
    outbox.acknowledge("centre", [1])
    assert outbox.withdraw(items[1].id)
    assert not outbox.withdraw(items[1].id)
    clock.advance(100)
    assert [one.seq for one in outbox.waiting("centre")] == [3]
    assert outbox.expire() == 1
    assert [fate(outbox, item.id) for item in items] == ["acknowledged", "withdrawn", "waiting", "expired"]
    assert fate(outbox, "0" * 64) is None


def test_digests_are_bounded_and_somebody_is_woken(make) -> None:
    outbox = make(limits=OutboxLimits(gone_rows_max=3))
    items = [declined(n) for n in range(6)]
    for item in items:
        outbox.put("centre", item, "S0")
    outbox.acknowledge("centre", [1, 2, 3, 4, 5, 6])
    assert [fate(outbox, item.id) for item in items] == [None, None, None, *["acknowledged"] * 3]
    heard = []
    outbox = make(on_put=heard.append)
    outbox.put("region-b", declined(1), "C")
    assert heard == ["region-b"]
    outbox = make()
    share = encode(ShareUpload(round_id="c" * 32, registry_version=1, key_check="0" * 32, planes=bytes(3_000_000)))
    outbox.put("centre", share, "S0")
    outbox.put("centre", declined(1), "S1")
    assert [one.seq for one in outbox.waiting("centre", bytes_max=1_000_000)] == [1]
    assert outbox.state().bytes > 3_000_000


@settings(max_examples=40)
@given(steps=st.lists(st.tuples(st.sampled_from("pau"), st.integers(1, 12)), max_size=40))
def test_counts_hold_whatever_happens(key, steps) -> None:
    with Book() as book:
        outbox = Outbox(book, "region-a", key, SimClock(1))
        waiting, last = set(), 0
        for act, n in steps:
            if act == "p":
                last += 1
                outbox.put("centre", declined(last), "S0")
                waiting.add(last)
            elif act == "a":
                outbox.acknowledge("centre", [n])
                waiting.discard(n)
            else:
                outbox.acknowledge_up_to("centre", n)
                waiting = {seq for seq in waiting if seq > n}
        assert {one.seq for one in outbox.waiting("centre")} == waiting
        assert outbox.state().messages == len(waiting)
        assert outbox.state().bytes == sum(len(one.raw) for one in outbox.waiting("centre"))
