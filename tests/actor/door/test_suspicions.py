from dataclasses import replace

from bavn.actor.door.suspicions import RANKED_SQL, NodeSuspicions, ranked_of
from bavn.model.text import Text
from bavn.wire.book import Book
from tests.builders import suspicion


def test_suspicions_come_back_as_they_were_with_what_they_are() -> None:
    with Book() as book:
        known = NodeSuspicions(book)
        weak, strong = suspicion(), replace(suspicion(), id="1" * 32, p=0.001, evidence_nats=2.7)
        assert known.replace([weak, strong], 5) == 2
        assert known.all() == [strong, weak]
        assert [(r.rank, r.known_us) for r in known.ranked()] == [(1, 5), (2, 5)]
        known.replace([replace(weak, p=0.03)], 9)
        (only,) = known.ranked()
        assert (only.known_us, only.suspicion.p) == (5, 0.03)
    told = replace(
        suspicion(), what=Text("{count} minutes", count=28), against=Text("one minute"), look_first=Text("one hour")
    )
    with Book() as book:
        known = NodeSuspicions(book)
        known.replace([told], 5)
        (kept,) = known.all()
        assert (kept.what, kept.against, kept.headline) == (told.what, told.against, told.what)
        assert kept.look_first == told.look_first


def test_what_the_sector_confirmed_comes_first_however_weak_it_is() -> None:
    with Book() as book:
        strong = replace(suspicion(), id="1" * 32, p=0.001, evidence_nats=2.7)
        met = replace(suspicion(), peer="c2.example", observables=())
        NodeSuspicions(book).replace([strong, met], 5)
        rows = book.rows(RANKED_SQL)
    assert [one.suspicion for one in ranked_of(rows)] == [strong, met]
    assert [one.suspicion for one in ranked_of(rows, confirmed=("c2.example",))] == [met, strong]
