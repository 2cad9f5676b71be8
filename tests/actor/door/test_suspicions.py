from dataclasses import replace

from bavn.actor.door.suspicions import NodeSuspicions
from bavn.wire.book import Book

from .conftest import suspicion


def test_suspicions_come_back_as_they_were_and_in_reading_order() -> None:
    with Book() as book:
        known = NodeSuspicions(book)
        weak, strong = suspicion(), replace(suspicion(), id="1" * 32, p=0.001, evidence_nats=2.7)
        assert known.replace([weak, strong], 5) == 2
        assert known.all() == [strong, weak]
        assert [(r.rank, r.known_us) for r in known.ranked()] == [(1, 5), (2, 5)]
        known.replace([replace(weak, p=0.03)], 9)
        (only,) = known.ranked()
        assert (only.known_us, only.suspicion.p) == (5, 0.03)
