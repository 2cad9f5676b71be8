"""Repeats are known by number and by content, for one key; below the floor all is old."""

import pytest

from bavn.model.outcome import Refused
from bavn.traffic.dice import SeededDice
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import UP_KINDS
from bavn.wire.enrol import NodeKeys
from bavn.wire.messages.catalogue import Declined, Health
from bavn.wire.seen import Seen

HEALTH = Health(version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0)


@pytest.fixture
def seen():
    with Book() as book:
        yield Seen(book)


def opened(key, seq, message):
    found = seal.open(
        {"region-a": key.public_key()}, "centre", seal.seal(key, "region-a", "centre", seq, message), UP_KINDS
    )
    assert isinstance(found, seal.Opened)
    return found


def declined(n):
    return Declined(round_id="d" * 32, table=0, bin=n)


def rule(outcome):
    return outcome.rule if isinstance(outcome, Refused) else outcome


def test_a_retry_and_the_same_words_under_a_new_number_are_repeats(seen, key) -> None:
    first = opened(key, 1, declined(1))
    assert seen.check(first) is None
    seen.keep(first, 10)
    assert rule(seen.check(first)) == "repeated"
    assert rule(seen.check(opened(key, 2, declined(1)))) == "repeated"
    assert rule(seen.check(opened(key, 1, declined(2)))) == "number_reused"
    assert seen.check(opened(key, 2, declined(2))) is None


def test_a_state_told_again_is_news_and_its_retry_is_not(seen, key) -> None:
    seen.keep(opened(key, 1, HEALTH), 10)
    assert seen.check(opened(key, 2, HEALTH)) is None
    assert rule(seen.check(opened(key, 1, HEALTH))) == "repeated"


def test_keys_and_numbers_are_remembered_apart_from_content(seen, key) -> None:
    for seq in (5, 3, 9):
        seen.keep(opened(key, seq, declined(seq)), 10)
    assert seen.check(opened(key, 4, declined(4))) is None
    assert seen.last_seq("region-a", seal.key_id(key.public_key())) == 9
    other = NodeKeys.make("region-a", SeededDice(1, "again")).message
    seen.keep(opened(key, 1, declined(1)), 10)
    assert seen.check(opened(other, 1, declined(2))) is None
    assert rule(seen.check(opened(other, 1, declined(1)))) == "repeated"


def test_what_is_forgotten_is_too_old_and_never_new(seen, key) -> None:
    for seq, at_us in ((1, 10), (2, 10), (3, 50)):
        seen.keep(opened(key, seq, declined(seq)), at_us)
    assert seen.forget(40) == 2
    assert rule(seen.check(opened(key, 1, declined(1)))) == "too_old"
    assert rule(seen.check(opened(key, 2, declined(22)))) == "too_old"
    assert rule(seen.check(opened(key, 3, declined(3)))) == "repeated"
    assert seen.forget(60) == 1
    assert seen.last_seq("region-a", seal.key_id(key.public_key())) == 3
    assert seen.check(opened(key, 4, declined(4))) is None
