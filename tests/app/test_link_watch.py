"""A link whose other side stands still: it has not answered since it was asked, however long the asking takes."""

from contextlib import suppress

import pytest

from bavn.app.net.link_watch import LinkWatch
from bavn.model.moment import SECOND_US
from bavn.model.ports import LinkDown
from bavn.model.text import Text
from bavn.rehearsal.clock import SimClock

WHO = Text.written("the centre", da="analysecentret")
SILENT_S_MAX = 120
CALL_S = 100
"""As long as a pull waits for an answer that does not come."""


def asked(watch: LinkWatch, clock: SimClock, takes_s: int, *, answers: bool) -> None:
    def call() -> None:
        clock.advance(takes_s * SECOND_US)
        if not answers:
            raise LinkDown("no answer in time")

    with suppress(LinkDown), watch.asking("pull"):
        call()


@pytest.mark.parametrize(
    ("waits_s", "told"), [(SILENT_S_MAX - CALL_S, []), (SILENT_S_MAX - CALL_S + 1, ["centre_silent"])]
)
def test_one_that_stands_still_is_silent_since_it_was_asked(waits_s, told) -> None:
    clock = SimClock(0)
    watch = LinkWatch(clock)
    asked(watch, clock, 1, answers=True)
    asked(watch, clock, CALL_S, answers=False)
    clock.advance(waits_s * SECOND_US)
    assert [problem.code for problem in watch.problems("centre", WHO, SILENT_S_MAX)] == told
    asked(watch, clock, 1, answers=True)
    assert watch.problems("centre", WHO, SILENT_S_MAX) == []


def test_two_questions_of_a_kind_may_be_under_way_and_one_that_stands_still_is_seen() -> None:
    clock = SimClock(0)
    watch = LinkWatch(clock)
    with watch.asking("ask"):
        asked(watch, clock, 1, answers=True)
        with watch.asking("ask"):
            clock.advance(SECOND_US)
        clock.advance(SILENT_S_MAX * SECOND_US)
        assert [problem.code for problem in watch.problems("centre", WHO, SILENT_S_MAX)] == ["centre_silent"]
    assert watch.problems("centre", WHO, SILENT_S_MAX) == []
