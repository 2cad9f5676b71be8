"""One minute of a hostile centre with the real key: numbers that leap as far as they can. Honest words count after it.

The honest centre is the real outbox: it goes on numbering where the node has heard to.
"""

from typing import get_args

import pytest

from bavn.actor.door import versions
from bavn.actor.door.rounds.labels import CENTRE
from bavn.centre.share.outgoing_rules import ShareLimits
from bavn.centre.share.post import Post
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import encode
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from bavn.wire.messages.catalogue import DOWN
from bavn.wire.outbox import RENUMBER_MAX
from bavn.wire.privacy import Message
from bavn.wire.seal import SEQ_MAX
from tests.sector.hostile_centre import NOW_US, bundle, every_kind, release

FAR = 2**53 - 1


def switch(number, state, at_us):
    return messages.SectorSwitched(number=number, state=state, at_us=at_us, by="Anna Berg", why="because")


def opened(node, version, number):
    [message] = [said for said in every_kind("x") if type(said).__name__ == "RoundOpened"]
    now = {"round_id": f"{number:032x}", "registry_version": version, "deadline_us": node.clock.now_us() + HOUR_US}
    return message.model_copy(update=now | {"epoch": node.clock.now_us() // DAY_US})


def bad_minute(node):
    """Every number that the centre counts, as large as it may be written."""
    known = bundle(Observable.of("domain", "known.com"))
    node.says(messages.IndicatorReleased(bundle=known))
    said = [
        switch(2**31 - 1, "on", FAR),
        switch(2**31 - 1, "on", node.clock.now_us()),
        release("known.com", version=FAR),
        release("other.com", version=FAR),
        messages.IndicatorWithdrawn(indicator_id=_id("honest.com"), version=FAR),
        *(messages.IndicatorWithdrawn(indicator_id=_id(f"n{n}.com"), version=1) for n in range(1200)),
        opened(node, FAR, 1),
        opened(node, 2**40, 2),
    ]
    node.says(*said)
    for seq in (SEQ_MAX, 2**52, node.seq + 2**33, node.seq + 2**34, SEQ_MAX - 1):
        node.seq = seq - 1
        node.says(release("deaf.com"))


def _id(name):
    from bavn.model.intel.indicator import indicator_id

    return indicator_id(Observable.of("domain", name))


@pytest.mark.slow
def test_after_a_bad_minute_honest_words_take_effect(make_node) -> None:
    node = make_node(sensor=False)
    bad_minute(node)
    assert node.door.heard <= 2**33 + 2000, "one leap, and not far"
    assert node.protect.killed_by, "what it turned on in its minute is on"
    node.clock.advance(10 * MINUTE_US)
    now_us, node.seq = node.clock.now_us(), node.door.heard
    node.says(switch(2, "off", now_us))
    assert not node.protect.killed_by
    node.says(*(release(name, version=now_us) for name in ("known.com", "other.com", "honest.com", "n1100.com")))
    assert {"known.com", "other.com", "honest.com", "n1100.com"} <= node.blocked()
    node.says(opened(node, 7, 3))
    lines = [line for line in node.door.ledger.lines(limit=10_000) if line.kind == "RoundOpened"]
    assert lines[-1].rule != "round_registry", "an enormous registry version is no floor"
    assert Ledger(node.book).verify() is None


@pytest.mark.slow
def test_withdrawals_of_what_never_came_are_few_and_end_after_thirty_days(make_node) -> None:
    node = make_node(sensor=False)
    node.says(*(messages.IndicatorWithdrawn(indicator_id=_id(f"n{n}.com"), version=1) for n in range(1200)))
    assert node.protect.state.never_seen() == 1000
    node.clock.advance(31 * DAY_US)
    node.talker.talk()
    node.talker.talk()
    assert node.protect.state.never_seen() == 0


@pytest.mark.slow
def test_the_real_centre_goes_on_where_a_node_has_heard_to_and_loses_nothing(make_node, tmp_path) -> None:
    node = make_node(sensor=False)
    bad_minute(node)
    with Book() as book:
        post = Post(
            book=book,
            key=node.centre,
            clock=node.clock,
            limits=ShareLimits(score_block_min=7.0, days_max=90),
            created_by="x",
            is_member=lambda _: True,
        )
        for name in ("first.com", "second.com"):
            post.outbox.put("north", encode(release(name, version=node.clock.now_us())), "C")
        node.wire.pull = lambda after, _: post.pull("north", after)
        node.clock.advance(10 * MINUTE_US)
        node.talker.talk()
        post.outbox.put("north", encode(switch(2, "off", node.clock.now_us())), "C")
        node.talker.talk()
        assert {"first.com", "second.com"} <= node.blocked()
        node.talker.talk()
        assert post.outbox.state().messages == 0, "and it is acknowledged"
        before = post.outbox.last_seq("north")
        assert post.pull("north", SEQ_MAX) == [], "a node that has heard everything there is hears no more"
        assert post.outbox.last_seq("north") == before
        with pytest.raises(ValueError, match="anew"):
            post.outbox.renumber("north", RENUMBER_MAX + 1)


@pytest.mark.slow
@pytest.mark.parametrize("keep", [False, True])
def test_a_person_starts_anew_with_a_centre_that_was_replaced(make_node, keep) -> None:
    node = make_node(sensor=False)
    bad_minute(node)
    node.seq = node.door.heard
    node.says(release("mine.com", version=NOW_US))
    lines = node.door.ledger.head()[0]
    lifted = node.protect.state.centre_replaced(node.clock.now_us(), keep_blocks=keep)
    node.door.state.centre_replaced(CENTRE)
    node.protect.enforce()
    assert (lifted > 0) is not keep
    assert node.door.ledger.head()[0] == lines, "the ledger stays"
    assert node.door.heard == 0
    node.seq = 0
    now_us = node.clock.now_us()
    node.says(switch(1, "off", now_us), release("known.com", version=now_us), opened(node, 1, 9))
    assert "known.com" in node.blocked()
    assert not node.protect.killed_by
    assert ("mine.com" in node.blocked()) is keep


def test_a_restored_centre_may_leap_once_an_hour(make_node) -> None:
    node = make_node(sensor=False)
    node.says(release("a.com"))
    node.seq += 2**32
    node.says(release("b.com"))
    assert node.blocked() == {"a.com", "b.com"}
    node.seq += 2**32
    node.says(release("c.com"))
    assert "c.com" not in node.blocked()
    node.clock.advance(HOUR_US)
    node.says(release("d.com"))
    assert "d.com" in node.blocked()
    unread = seal.seal_encoded(node.centre, CENTRE, "north", node.seq + 2**50, encode(release("e.com")))
    assert node.door.take_in(unread, node.protect.take_in).rule == "seq_leap"


# --- versions of what people read -----------------------------------------------------------------------------------


def told(kind, node, version):
    """An honest message of that kind, as of now."""
    [*_, message] = [said for said in every_kind("evil.com") if type(said).__name__ == kind]
    now_us = node.clock.now_us()
    times = {
        "CasePart": {},
        "VerdictGiven": {"until_us": now_us + DAY_US},
        "WarningGiven": {},
    }
    return message.model_copy(update={"version": version} | times[kind])


def rule_of(node, message):
    node.says(message)
    line = [line for line in node.door.ledger.lines(limit=10_000) if line.kind == type(message).__name__][-1]
    return line.verdict, line.rule


KINDS = ("CasePart", "VerdictGiven", "WarningGiven")


@pytest.mark.parametrize("kind", KINDS)
def test_a_version_that_leaps_is_one_refusal_and_a_lower_one_counts_a_day_later(make_node, kind) -> None:
    node = make_node(sensor=False)
    largest = 2**31 - 1 if kind == "WarningGiven" else FAR
    assert rule_of(node, told(kind, node, largest)) == ("refused", _new(kind)), "nothing was heard of it yet"
    assert rule_of(node, told(kind, node, 1))[0] == "passed"
    assert rule_of(node, told(kind, node, largest)) == ("refused", _new(kind))
    assert rule_of(node, told(kind, node, 1 + versions.AHEAD_MAX))[0] == "passed", "so far it is believed"
    assert rule_of(node, told(kind, node, 2)) == ("refused", _new(kind))
    node.clock.advance(DAY_US + HOUR_US)
    assert rule_of(node, told(kind, node, 1 + versions.AHEAD_MAX)) == ("refused", _new(kind)), "the same is no news"
    assert rule_of(node, told(kind, node, 2))[0] == "passed"


def _new(kind):
    return {"CasePart": "part_new", "VerdictGiven": "verdict_new", "WarningGiven": "warning_new"}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_centre_that_was_replaced_counts_its_versions_anew(make_node, kind) -> None:
    node = make_node(sensor=False)
    assert rule_of(node, told(kind, node, 900))[0] == "passed"
    versions.forget(node.book)
    assert rule_of(node, told(kind, node, 1))[0] == "passed"


BOUNDED = {
    "bounded by the node's clock": {
        "RoundOpened.deadline_us",
        "RoundOpened.epoch",
        "IndicatorWithdrawn.version",
        "SectorSwitched.number",
        "SectorSwitched.at_us",
        "QuestionAsked.asked_us",
        "QuestionAsked.until_us",
        "RadiusAsked.asked_us",
        "RadiusAsked.until_us",
        "VerdictGiven.until_us",
    },
    "leaps are bounded": {
        "RoundOpened.registry_version",
        "CasePart.version",
        "VerdictGiven.version",
        "WarningGiven.version",
    },
    "shown or counted, and keeps nothing out": {
        "RoundClosed.other_keys",
        "CommonsAnswered.groups",
        "CommonsAnswered.other_keys",
        "PartTask.acknowledge_us",
        "PartTask.applies_us",
        "PartTask.done_us",
        "PartWords.at_us",
        "PartClock.due_us",
        "PartClock.sent_us",
        "WarningGiven.sent_us",
        "WarningGiven.acknowledge_us",
        "WarningGiven.until_us",
    },
    "believed with a proof alone": {
        "LogProof.index",
        "LogShown.since",
        "RoundsFixed.size",
        "FixedRound.uploads_index",
        "FixedRound.hits_index",
    },
    "a place in a round, bounded by its parameters": {"Member.x", "AskedCell.bin", "Reveal.bin"},
}


def test_every_large_number_that_comes_down_is_known_to_be_bounded() -> None:
    """A new field of a message that can be enormous says here what keeps it from lasting."""
    named = [name for names in BOUNDED.values() for name in names]
    assert len(named) == len(set(named))
    assert set(named) == set(_large(DOWN))


def _large(kinds):
    for kind in kinds:
        for name, field in kind.model_fields.items():
            inner = [
                each for each in get_args(field.annotation) if isinstance(each, type) and issubclass(each, Message)
            ]
            yield from _large(inner)
            most = [bound for each in _bounds(field) if (bound := getattr(each, "lt", getattr(each, "le", 0)))]
            if any(bound >= 2**31 - 1 for bound in most):
                yield f"{kind.__name__}.{name}"


def _bounds(field):
    """What pydantic keeps of a field's bounds, also where it may be None."""
    yield from field.metadata
    for each in get_args(field.annotation):
        yield from getattr(each, "__metadata__", ())
        for deeper in getattr(each, "__metadata__", ()):
            yield from getattr(deeper, "metadata", ())
