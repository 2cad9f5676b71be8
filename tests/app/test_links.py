"""The link by memory and HTTPS: one contract. One whose other side stands still has not answered since it was asked."""

from contextlib import contextmanager, suppress

import pytest

from bavn.app.net.link_watch import LinkWatch
from bavn.model.moment import SECOND_US
from bavn.model.ports import LinkDown
from bavn.model.text import Text
from bavn.rehearsal.clock import SimClock
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS
from bavn.wire.links.memory import MemoryLink
from bavn.wire.messages.catalogue import Health, RoundClosed

HEALTH = Health(version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0)


def health(safe, seq):
    keys = safe.keys()
    return seal.seal(keys.message, keys.actor, "centre", seq, HEALTH)


@contextmanager
def link_by(kind, stand, safe):
    if kind == "memory":
        yield MemoryLink(safe.keys().actor, stand.centre)
        return
    with stand.link(safe) as link:
        yield link


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["memory", "https"])
def test_every_link_keeps_the_same_contract(kind, stand) -> None:
    """Numbers that are the other side's; order; asking again repeats; asking for more acknowledges; nobody else's."""
    safe = stand.enrol("region-a")
    assert safe.x() == stand.centre.registry.actor("region-a").x
    assert seal.key_id(safe.centre_key()) == seal.key_id(stand.centre.key.public_key())
    with link_by(kind, stand, safe) as link:
        assert link.pull(0, 0) == []
        assert link.post([]) == []
        assert link.post([health(safe, 1), health(safe, 2)]) == [1, 2]
        assert link.post([health(safe, 2), b"garbage", health(safe, 3)]) == [2, 3], "repeated: taken once"
        for n in range(3):
            stand.centre.say("region-a", RoundClosed(round_id=f"{n:032x}"))
            stand.centre.say("region-b", RoundClosed(round_id=f"{n:032x}"))
        first = link.pull(0, 1)
        assert [seal.address(raw).seq for raw in first] == [1, 2, 3]
        assert link.pull(0, 1) == first
        opened = seal.open({"centre": safe.centre_key()}, "region-a", first[0], DOWN_KINDS)
        assert isinstance(opened, seal.Opened)
        assert [seal.address(raw).seq for raw in link.pull(2, 1)] == [3]
        assert link.pull(3, 0) == []
    assert stand.centre.outbox.state().messages == 3, "what region-b was told waits for region-b"
    assert [taken.heard.actor for taken in stand.centre.inbox.take()] == ["region-a"] * 3
    rules = [line.rule for line in stand.centre.inbox.ledger.lines()]
    assert rules == ["", "", "repeated", "malformed_header", ""]


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
