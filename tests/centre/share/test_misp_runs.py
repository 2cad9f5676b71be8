"""The last push to a MISP and the last look there are kept, one of each, whatever they came to."""

from bavn.centre.share.misp_runs import FAILURE_CHARS_MAX, NAMED_MAX, MispRuns
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book


def test_the_last_of_each_is_kept_and_bounded() -> None:
    with Book() as book:
        clock = SimClock(1_800_000_000_000_000)
        runs = MispRuns(book, clock)
        assert runs.last("nord", "push") is None
        runs.note("nord", "push", "anna", {"added": 2}, [f"domain:n{at}.example" for at in range(NAMED_MAX + 5)])
        one = runs.last("nord", "push")
        assert one is not None
        assert (one.by, one.failure, one.counts, len(one.lost)) == ("anna", "", {"added": 2}, NAMED_MAX)
        clock.advance(1)
        runs.note("nord", "push", "centre", failure="x" * 1000)
        again = MispRuns(book, clock).last("nord", "push")
        assert again is not None
        assert (again.by, len(again.failure), again.counts) == ("centre", FAILURE_CHARS_MAX, {})
        assert again.at_us == one.at_us + 1
        assert runs.last("nord", "pull") is None
        assert book.rows("SELECT count(*) FROM misp_run") == [(1,)]
