"""A node whose book was restored from an older copy spends no budget twice and plays no round twice."""

from bavn.actor.door.policy import DoorPolicy
from bavn.app.process.kept_book import shut_if_lost
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from tests.older_copy import copy_of_an_hour_ago, put_back

from .conftest import NOW_US, Actor
from .test_counts import Teller, days
from .test_questions import asking, rows

POLICY = DoorPolicy(counts_epsilon=1.0, counts_epsilon_30_days=5.0)


def started(file, now_us):
    """What a node does first with its book."""
    with Book(file) as book:
        shut_if_lost(Ledger(book), now_us, ())


def north(centre, file, now_us=NOW_US, **other):
    started(file, now_us)
    return Actor("north", centre.key, file=file, now_us=now_us, **other)


def restored(centre, copy, actor, now_us, **other):
    """The same node over the copy, of messages that go on being numbered."""
    actor.book.close()
    put_back(copy, copy.with_suffix(""))
    return north(centre, copy.with_suffix(""), now_us, **other)


def rules(actor, kind):
    return [line.rule for line in actor.ledger.lines(kind=kind)]


def shares(actor):
    return [one for one in actor.said() if isinstance(one, messages.ShareUpload)]


def test_a_round_that_was_played_after_the_copy_was_made_is_not_played_again(centre, actors, tmp_path) -> None:
    file, opening = tmp_path / "node.db", centre.opening(actors)
    first = north(centre, file, suspicions=actors[0].suspicions)
    first.book.close()
    copy = copy_of_an_hour_ago(file)
    played = north(centre, file, suspicions=actors[0].suspicions)
    centre.to(played, opening)
    assert len(shares(played)) == 1
    again = restored(centre, copy, played, NOW_US + MINUTE_US, suspicions=actors[0].suspicions)
    centre.to(again, opening)
    assert (shares(again), rules(again, "RoundOpened")) == ([], ["round_new"])
    again.clock.advance(DAY_US)
    later = NOW_US + DAY_US
    tomorrow = {"epoch": later // DAY_US, "deadline_us": later + HOUR_US, "round_id": "cd" * 16}
    centre.to(again, centre.opening(actors, **tomorrow))
    assert (len(shares(again)), rules(again, "RoundOpened")[1:]) == (1, [""])


def test_a_round_that_was_open_in_the_copy_is_answered_no_more(centre, actors, tmp_path) -> None:
    file, opening = tmp_path / "node.db", centre.opening(actors)
    first = north(centre, file, suspicions=actors[0].suspicions)
    centre.to(first, opening)
    first.book.close()
    copy = copy_of_an_hour_ago(file)
    again = restored(centre, copy, first, NOW_US + MINUTE_US)
    assert again.door.state.round(opening.round_id) is None
    asked = messages.ReceiptsAsked(round_id=opening.round_id, cells=(messages.AskedCell(table=0, bin=0),))
    centre.to(again, asked)
    assert rules(again, "ReceiptsAsked") == ["round_known"]


def test_a_day_that_may_have_been_told_is_not_told_again_and_counts_as_spent(tmp_path) -> None:
    file = tmp_path / "node.db"
    started(file, NOW_US)
    teller = Teller(file=file, policy=POLICY)
    assert days(teller, 2) == ["told", "told"]
    teller.book.close()
    copy = copy_of_an_hour_ago(file)
    teller = Teller(file=file, policy=POLICY, now_us=NOW_US + 2 * DAY_US)
    assert days(teller, 2) == ["told", "told"]
    teller.book.close()
    put_back(copy, file)
    now_us = NOW_US + 3 * DAY_US + HOUR_US
    started(file, now_us)
    teller = Teller(file=file, policy=POLICY, now_us=now_us)
    assert teller.told() is None
    teller.clock.advance(DAY_US)
    assert days(teller, 2) == ["told", "counts_budget"], "five of five are spent, and each once"


def test_the_days_budgets_of_questions_count_as_spent(centre, actors, tmp_path) -> None:
    file = tmp_path / "node.db"
    first = north(centre, file)
    first.book.close()
    again = restored(centre, copy_of_an_hour_ago(file), first, NOW_US)
    evil = Observable.of("domain", "kvist-maler.net")
    centre.to(again, asking(evil, number=1))
    assert rows(again) == [(str(evil), "declined", "question_budget")]
    again.clock.advance(DAY_US)
    centre.to(again, asking(evil, number=2, asked_us=NOW_US + DAY_US))
    assert rows(again)[0][1] == "open"


def test_the_days_budget_of_reports_counts_as_spent(centre, actors, tmp_path) -> None:
    file, mine = tmp_path / "node.db", actors[0].suspicions
    first = north(centre, file, suspicions=mine)
    first.book.close()
    actors[0] = restored(centre, copy_of_an_hour_ago(file), first, NOW_US, suspicions=mine)
    later = NOW_US + 15 * HOUR_US
    for actor in actors:
        actor.clock.advance(15 * HOUR_US)
    centre.round(actors, epoch=later // DAY_US, deadline_us=later + HOUR_US)
    assert set(rules(actors[0], "Report")) == {"budget"}
    assert set(rules(actors[1], "Report")) == {""}


def test_a_restart_alone_costs_nothing(centre, actors, tmp_path) -> None:
    file = tmp_path / "node.db"
    first = north(centre, file, suspicions=actors[0].suspicions)
    first.book.close()
    again = north(centre, file, suspicions=actors[0].suspicions)
    centre.to(again, centre.opening(actors))
    assert len(shares(again)) == 1
