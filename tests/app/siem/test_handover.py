"""At least once and in order, whatever is killed, gone or full; what is refused is named; nothing is queued twice."""

import pytest

from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.event import SiemEvent, event_id
from bavn.app.siem.forms import FORMS
from bavn.app.siem.handover import BACK_OFF_S_MAX, Handover, InBook
from bavn.app.siem.transports.base import Handed, NotTaken, TooMuch
from bavn.model.moment import SECOND_US
from bavn.model.text import Text
from bavn.wire.book import Book
from tests.app.siem.made import NODE, NOW_US


class Clock:
    def __init__(self):
        self.at_us = NOW_US

    def now_us(self):
        return self.at_us


class Lines(InBook):
    """A stream with a mark, as the ledger's."""

    kind = "ledger"

    def __init__(self, mark, count):
        self.mark, self.count = mark, count
        mark.begun(self.kind, 0)

    def events(self, limit):
        first = self.mark.mark(self.kind) + 1
        return [
            SiemEvent(
                id=event_id(n),
                at_us=NOW_US + n,
                kind="ledger",
                action="passed",
                severity=0,
                message=Text.plain(str(n)),
                facts={"line": n},
            )
            for n in range(first, min(self.count, first + limit - 1) + 1)
        ]

    def settle(self, events):
        self.mark.set_mark(self.kind, events[-1].facts["line"])


class Receiver:
    """``does``: what becomes of each batch, the last for ever."""

    receiver = "siem.example"

    def __init__(self, *does):
        self.does, self.got, self.sizes = list(does), [], []

    def hand(self, messages):
        self.sizes.append(len(messages))
        do = self.does.pop(0) if len(self.does) > 1 else self.does[0]
        if isinstance(do, Exception):
            raise do
        answer = do(messages) if do else Handed()
        self.got += [one.id for one in messages if one.id not in answer.refused and one.id not in answer.waits]
        return answer

    def close(self):
        pass


@pytest.fixture
def book(tmp_path):
    with Book(tmp_path / "book.db") as opened:
        yield opened


def handover(book, receiver, count=10, batch=4, clock=None):
    mark = Bookmark(book)
    return Handover([Lines(mark, count)], FORMS["ecs"], receiver, NODE, mark, clock or Clock(), batch)


def ids(*numbers):
    return [event_id(n) for n in numbers]


def test_all_of_it_goes_in_order_and_once(book) -> None:
    receiver = Receiver(None)
    over = handover(book, receiver)
    assert [over.turn() for _ in range(4)] == [True, True, False, False]
    assert receiver.got == ids(*range(1, 11))
    assert receiver.sizes == [4, 4, 2]
    assert over.problems() == []


class Killed(BaseException):
    """Between what the receiver took and the note of it."""


def test_a_kill_after_the_receiver_took_it_repeats_the_same_ids_and_loses_none(book, monkeypatch) -> None:
    receiver = Receiver(None)
    over = handover(book, receiver)
    over.turn()

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Handover, "_note", killed)
        with pytest.raises(Killed):
            over.turn()
    again = handover(book, receiver)
    while again.turn():
        pass
    assert receiver.got == ids(1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7, 8, 9, 10)


def test_an_outage_costs_nothing_and_is_one_problem_until_it_is_over(book) -> None:
    gone = NotTaken(Text.plain("ConnectError: refused"))
    receiver, clock = Receiver(gone, gone, gone, None), Clock()
    over = handover(book, receiver, clock=clock)
    assert over.turn() is False
    assert over.problems() == []  # one failure may be a restart
    assert over.turn() is False
    assert receiver.sizes == [4]  # it is left alone meanwhile
    for _ in range(2):
        clock.at_us += BACK_OFF_S_MAX * SECOND_US
        over.turn()
    (problem,) = over.problems()
    assert problem.code == "siem_takes_nothing"
    assert "siem.example takes nothing: ConnectError: refused" in problem.text.en
    clock.at_us += BACK_OFF_S_MAX * SECOND_US
    while over.turn():
        pass
    assert over.problems() == []
    assert receiver.got == ids(*range(1, 11))
    assert book.rows("SELECT count(*) FROM siem_told")[0][0] == 0  # nothing was copied meanwhile


def test_what_the_receiver_refuses_is_named_and_holds_up_nothing(book) -> None:
    bad = event_id(2)
    receiver = Receiver(lambda batch: Handed(refused={one.id: "mapper: no" for one in batch if one.id == bad}))
    over = handover(book, receiver)
    while over.turn():
        pass
    assert receiver.got == ids(1, *range(3, 11))
    (problem,) = over.problems()
    assert problem.code == "siem_refuses"
    assert bad in problem.text.en
    assert "mapper: no" in problem.text.en


def test_a_refusal_that_costs_the_whole_batch_is_not_sent_again(book) -> None:
    """As Splunk's collector: one is named, and of the others nobody knows."""
    bad = event_id(2)

    def once(batch):
        if bad in (names := {one.id for one in batch}):
            return Handed(refused={bad: "code 6"}, waits=frozenset(names - {bad}))
        return Handed()

    receiver = Receiver(once)
    over = handover(book, receiver)
    for _ in range(6):
        over.turn()
    assert receiver.got == ids(1, *range(3, 11))
    assert len(over._bookmark.refused(0)) == 1
    assert book.rows("SELECT count(*) FROM siem_told")[0][0] == 0


def test_what_waits_behind_others_is_handed_over_again_in_its_turn(book) -> None:
    full = lambda batch: Handed(waits=frozenset([batch[1].id]))  # noqa: E731
    receiver, clock = Receiver(full, None), Clock()
    over = handover(book, receiver, count=4, clock=clock)
    over.turn()
    clock.at_us += BACK_OFF_S_MAX * SECOND_US
    over.turn()
    assert receiver.got == ids(1, 3, 4, 2, 3, 4)


def test_a_batch_that_is_too_much_is_halved_and_one_alone_refused_by_name(book) -> None:
    big = event_id(3)

    def takes(batch):
        if len(batch) > 1:
            raise TooMuch(Text.plain("HTTP 413"))
        if batch[0].id == big:
            raise TooMuch(Text.plain("HTTP 413"))
        return Handed()

    receiver = Receiver(takes)
    over = handover(book, receiver, count=5)
    for _ in range(40):
        over.turn()
    assert receiver.got == ids(1, 2, 4, 5)
    assert [id_ for id_, _, _ in over._bookmark.refused(0)] == [big]
