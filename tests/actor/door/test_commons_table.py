"""The node's table of what is known next door: days add up, it forgets, and it stays bounded."""

import pytest

from bavn.actor.door.rounds import commons_table
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.model.sector.known_days import DAYS
from bavn.wire.book import Book

DAY = 20_800


@pytest.fixture
def book():
    with Book() as book:
        yield book


def test_days_add_up_by_element_and_what_is_shared_goes_ahead(book) -> None:
    table = CommonsTable(book)
    table.keep(DAY, {b"one": 0, b"two": 2})
    table.keep(DAY + 1, {b"one": 1, b"three": 0})
    known = CommonsTable(book).of([b"one", b"two", b"three", b"four"])
    assert {element: (days.day, days.bucket(DAY), days.bucket(DAY + 1)) for element, days in known.items()} == {
        b"one": (DAY + 1, 0, 1),
        b"two": (DAY, 2, None),
        b"three": (DAY + 1, None, 0),
    }
    assert known[b"one"].appearing(DAY + 1)
    assert table.shared([b"one", b"two", b"three", b"four"]) == {b"one", b"two"}


def test_an_answer_of_a_day_that_is_over_changes_nothing(book) -> None:
    table = CommonsTable(book)
    table.keep(DAY, {b"one": 1})
    table.keep(DAY - 1, {b"one": 5, b"two": 1})
    assert table.of([b"one"])[b"one"].bucket(DAY - 1) is None
    assert table.of([b"two"])[b"two"].day == DAY - 1


def test_what_was_not_listed_for_four_weeks_is_forgotten(book) -> None:
    table = CommonsTable(book)
    table.keep(DAY, {b"one": 1, b"two": 1})
    table.keep(DAY + DAYS - 1, {b"two": 1})
    assert set(table.of([b"one", b"two"])) == {b"one", b"two"}
    table.keep(DAY + DAYS, {})
    assert set(table.of([b"one", b"two"])) == {b"two"}


def test_it_keeps_no_more_than_its_bound_the_latest_of_all(book, monkeypatch) -> None:
    monkeypatch.setattr(commons_table, "ROWS_MAX", 6)
    table = CommonsTable(book)
    for day in range(5):
        table.keep(DAY + day, {b"%d-%d" % (day, n): 1 for n in range(3)})
    rows = [row[0] for row in book.rows("SELECT element FROM door_commons ORDER BY element")]
    assert rows == [b"3-0", b"3-1", b"3-2", b"4-0", b"4-1", b"4-2"]


def test_more_elements_than_a_question_holds_are_asked_in_parts(book) -> None:
    table = CommonsTable(book)
    table.keep(DAY, {b"%d" % n: n % 6 for n in range(2_001)})
    known = table.of(b"%d" % n for n in range(2_001))
    assert {element: days.buckets[0] for element, days in known.items()} == {b"%d" % n: n % 6 for n in range(2_001)}
