"""Verdicts are kept, outlive restarts and new statistics, and keep an element at home without saying so."""

import sqlite3
from dataclasses import replace

import pytest

from bavn.actor.door.suspicions import NodeSuspicions
from bavn.actor.door.verdicts import NoSuchVerdict, VerdictBook
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.wire.book import Book
from bavn.wire.messages import catalogue as messages
from tests.builders import BAD, suspicion

from .conftest import NOW_US


def give(book, judgement="ignore", on=None, **other):
    plain = {"scope": "story", "until_us": NOW_US + DAY_US, "now_us": NOW_US, "by": "anna", "comment": "known"}
    return book.give(on or suspicion(), judgement, **plain | other)


def test_a_verdict_outlives_a_restart_and_history_is_only_added_to(tmp_path) -> None:
    with Book(tmp_path / "node.db") as book:
        given = give(VerdictBook(book))
    with Book(tmp_path / "node.db") as book:
        again = VerdictBook(book)
        assert again.every() == [given]
        NodeSuspicions(book).replace([suspicion(statistic=9.0, p=0.001)], NOW_US)
        (kept,) = NodeSuspicions(book).all()
        assert again.holding(NOW_US).of(kept) == given
        assert again.holding(NOW_US + DAY_US).of(kept) is None
    with Book() as book:
        verdicts = VerdictBook(book)
        give(verdicts)
        ended = verdicts.end(1, now_us=NOW_US + 1, by="bo", comment="wrong")
        assert verdicts.every() == [ended]
        assert (ended.ended_by, ended.ended_comment) == ("bo", "wrong")
        assert not verdicts.holding(NOW_US + 2)
        for change in (
            "UPDATE verdict SET comment = ''",
            "DELETE FROM verdict",
            "DELETE FROM verdict_end",
            "UPDATE verdict_end SET by_whom = ''",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"), book.transaction() as tx:
                tx.execute(change)
        for number in (1, 2):
            with pytest.raises(NoSuchVerdict):
                verdicts.end(number, now_us=NOW_US, by="bo")
    with Book() as book:
        verdicts = VerdictBook(book)
        first = give(verdicts)
        later = {"now_us": NOW_US + 5, "until_us": NOW_US + 5 + DAY_US}
        assert give(verdicts, **later) == give(verdicts) == first
        for other in ({"comment": "else"}, {"by": "bo"}, {"scope": "host"}, {"until_us": NOW_US + 2 * DAY_US}):
            assert give(verdicts, **other) != first
        assert len(verdicts.every()) == 5
        verdicts.end(first.number, now_us=NOW_US + 6, by="anna")
        assert give(verdicts, **later | {"now_us": NOW_US + 7, "until_us": NOW_US + DAY_US}).number == 6
        days = give(verdicts, "true", until_us=None)
        assert give(verdicts, "true", until_us=None, now_us=NOW_US + DAY_US) != days


@pytest.mark.parametrize(
    "other", [{"until_us": None}, {"until_us": NOW_US}, {"by": " "}, {"comment": "x" * 2001}], ids=str
)
def test_what_is_no_verdict_is_refused_and_not_kept(other) -> None:
    with Book() as book:
        verdicts = VerdictBook(book)
        with pytest.raises(ValueError):
            give(verdicts, **other)
        assert verdicts.every() == []
        assert give(verdicts, "true", until_us=None).until_us is None


@pytest.mark.parametrize("judgement", ["benign", "ignore"])
def test_what_is_put_aside_joins_no_round_and_the_ledger_says_why(actors, centre, judgement) -> None:
    north = actors[0]
    north.suspicions[1] = replace(north.suspicions[1], id="6" * 32)
    north.judge(judgement)
    _, cells, answers = centre.round(actors)
    assert cells == [], "below the threshold without north"
    assert answers == {}
    refused = [line for line in north.ledger.every() if line.rule == "not_judged"]
    assert {line.kind for line in refused} == {"Element"}
    assert str(BAD) in " ".join(line.summary for line in refused)
    offered = {str(item.element.observable): why and why.rule for item, why in north.door.rounds.preview("B")}
    assert offered[str(BAD)] == "not_judged"
    assert offered["domain:only-north.net"] is None


def test_true_changes_nothing_at_the_door(actors, centre) -> None:
    plain = actors[0].door.rounds.preview("B")
    for actor in actors:
        actor.judge("true")
    assert actors[0].door.rounds.preview("B") == plain != []
    answers = centre.round(actors)[2]
    assert [type(m) for m in answers["north"]] == [messages.Report] * len(answers["north"])
    assert answers["north"]


def test_after_its_end_it_is_offered_again(actors) -> None:
    north = actors[0]
    north.judge("ignore", days=1)
    north.clock.advance(DAY_US)
    north.suspicions = [suspicion(last_us=NOW_US + DAY_US)]
    assert [why for item, why in north.door.rounds.preview("B") if item.element.observable == BAD] == [None]


def test_what_is_judged_between_round_and_reveal_is_declined_as_anything_else(actors, centre) -> None:
    opening, cells, answers = centre.round(actors)
    assert any(isinstance(m, messages.Report) for m in answers["north"])
    actors[0].judge("benign")
    after = centre.reveal(actors, opening, cells)["north"]
    assert after
    assert {type(m) for m in after} == {messages.Declined}
    assert set(messages.Declined.model_fields) == {"round_id", "table", "bin"}
    assert "not_judged" in {line.rule for line in actors[0].ledger.every() if line.kind == "Report"}


def test_an_element_that_another_suspicion_names_is_still_offered(actors) -> None:
    """One host's beacon was explained; another's was not, and speaks for the element though its p is larger."""
    north = actors[0]
    other = suspicion(id="7" * 32, host="10.9.9.9", p=0.04)
    north.suspicions.append(other)
    north.judge("benign")
    offered = north.door.rounds.preview("B")
    speaking = {item.element.observable: item.element.suspicion.id for item, why in offered if not why}
    assert speaking[BAD] == other.id


def test_a_new_indicator_is_not_silenced_by_what_was_said_of_its_host_or_peer(actors) -> None:
    north = actors[0]
    for scope in ("host", "peer", "detector-peer"):
        north.judge("ignore", scope)
    north.suspicions.append(replace(suspicion(), id="8" * 32, detector="ioc", p=1e-4))
    offered = {item.element.observable: why for item, why in north.door.rounds.preview("A")}
    assert offered[BAD] is None
    assert Observable.of("domain", "only-north.net") in offered
