"""What cannot be true is refused at the door of the centre, and the ledger says by which rule."""

from dataclasses import replace

import pytest

from bavn.model.intel.radius import ENTRIES
from bavn.model.moment import HOUR_US, hour_of
from bavn.model.observable import Observable
from bavn.model.sector.question import Question
from bavn.wire.messages import catalogue as messages

ROUND = "0a" * 16
NOW_HOUR = hour_of(1_795_000_000_000_000)
INDICATOR = "indicator--00000000-0000-4000-8000-000000000000"


@pytest.fixture
def judged(inbox, sealed):
    """Offers a message and returns the rule of its line."""

    def offer(message, sender="region-a"):
        inbox.receive(sender, [sealed(message, len(inbox.ledger.lines()) + 1, sender=sender)])
        return inbox.ledger.lines()[-1].rule or "passed"

    return offer


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        ("ip4", "10.1.2.3", "internal"),
        ("ip4", "192.168.0.1", "internal"),
        ("ip4", "172.20.1.1", "internal"),
        ("ip4", "127.0.0.1", "internal"),
        ("ip4", "169.254.9.9", "internal"),
        ("ip4", "100.64.3.3", "internal"),
        ("ip4", "224.0.0.5", "internal"),
        ("ip4", "0.0.0.0", "internal"),
        ("ip4", "198.51.100.7", "internal"),
        ("ip6", "fe80::1", "internal"),
        ("ip6", "fd00::17", "internal"),
        ("ip6", "::1", "internal"),
        ("ip6", "2001:db8::1", "internal"),
        ("domain", "printer.local", "internal"),
        ("domain", "dc01.hospital.lan", "internal"),
        ("domain", "ehr.corp", "internal"),
        ("domain", "4.3.2.1.in-addr.arpa", "internal"),
        ("domain", "com", "not_canonical"),
        ("domain", "co.uk", "internal"),
        ("domain", "www.evil-beacon.com", "full_name"),
        ("domain", "a.b.evil.duckdns.org", "full_name"),
        ("domain", "Evil-Beacon.com", "not_canonical"),
        ("domain", "evil-beacon.com.", "not_canonical"),
        ("domain", "evil beacon.com", "not_canonical"),
        ("ip4", "008.008.008.008", "not_canonical"),
        ("ip4", "8.8.8.8 ", "not_canonical"),
        ("ip6", "::ffff:8.8.8.8", "not_canonical"),
        ("ip6", "2A00:1450::1", "not_canonical"),
        ("ip4", "2a00:1450::1", "not_canonical"),
        ("ja3", "z" * 32, "not_canonical"),
        ("sha256", "AB" * 32, "not_canonical"),
        ("ja4", "\u0000", "unreadable"),
        ("ip4", "8.8.8.8", "passed"),
        ("ip6", "2a00:1450::1", "passed"),
        ("domain", "evil.duckdns.org", "passed"),
        ("domain", "evil-beacon.com", "passed"),
        ("ja3", "ab" * 16, "passed"),
        ("cert", "ab" * 20, "passed"),
    ],
)
def test_a_report_names_something_outside_in_one_spelling(judged, report, kind, value, rule) -> None:
    assert judged(report(type=kind, value=value)) == rule


CHAIN, PAIR = "T1046-T1071@20", "1" * 32 + "+" + "2" * 32


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"type": "fp-pair", "value": PAIR}, "passed"),
        ({"type": "fp-pair", "value": PAIR[:-1]}, "not_canonical"),
        ({"type": "chain", "value": CHAIN, "technique": "T1071", "period_bucket": 3}, "passed"),
        ({"type": "chain", "value": CHAIN, "technique": "T1046", "period_bucket": None}, "passed"),
        ({"type": "chain", "value": CHAIN.lower(), "technique": "T1071"}, "not_canonical"),
        ({"type": "chain", "value": CHAIN, "technique": "T1048", "period_bucket": 3}, "behaviour"),
        ({"type": "chain", "value": CHAIN, "technique": "T1071", "period_bucket": 0}, "behaviour"),
        ({"type": "chain", "value": "T1046-T1071-T1048", "technique": "T1071", "period_bucket": 0}, "passed"),
    ],
)
def test_a_report_on_behaviour_fits_itself(judged, report, said, rule) -> None:
    assert judged(report(**said)) == rule


def test_a_refused_value_is_not_repeated_in_the_ledger(judged, report, inbox) -> None:
    assert judged(report(type="ip4", value="10.77.88.99")) == "internal"
    (line,) = inbox.ledger.lines()
    assert "10.77.88.99" not in "".join(map(str, (line.reason, line.summary, line.kind, line.rule)))


@pytest.mark.parametrize(
    ("first", "last", "rule"),
    [
        (NOW_HOUR, NOW_HOUR, "passed"),
        (NOW_HOUR - 28 * 24, NOW_HOUR, "passed"),  # as far as a node looks back
        (NOW_HOUR - 35 * 24, NOW_HOUR, "passed"),
        (NOW_HOUR, NOW_HOUR + 1, "passed"),
        (NOW_HOUR - 35 * 24 - 1, NOW_HOUR, "hours"),
        (NOW_HOUR, NOW_HOUR - 1, "hours"),
        (NOW_HOUR, NOW_HOUR + 2, "hours"),
        (0, 0, "hours"),
        (1_790_000, 1_790_000, "hours"),
    ],
)
def test_hours_are_hours_and_near(judged, report, first, last, rule) -> None:
    assert judged(report(first_hour=first, last_hour=last)) == rule


QUESTION = Question(
    id="0c" * 16,
    observables=(Observable.of("domain", "evil-beacon.com"),),
    since_hour=NOW_HOUR - 24,
    to=("region-a",),
    why="x",
    asked_by="anne",
    asked_us=0,
    until_us=2**52,
    approved_by="bo",
    approved_us=1,
)


@pytest.mark.parametrize(
    ("said", "sender", "rule"),
    [
        ({"state": "not_met"}, "region-a", "passed"),
        ({"state": "met", "count_bucket": 2, "first_hour": NOW_HOUR - 9, "last_hour": NOW_HOUR}, "region-a", "passed"),
        ({"state": "not_met"}, "region-b", "unknown_question"),
        ({"state": "not_met", "question_id": "0d" * 16}, "region-a", "unknown_question"),
        ({"state": "not_met", "number": 1}, "region-a", "unknown_question"),
        ({"state": "met", "count_bucket": 2}, "region-a", "hours"),
        ({"state": "met", "first_hour": NOW_HOUR, "last_hour": NOW_HOUR}, "region-a", "hours"),
        ({"state": "not_met", "count_bucket": 1}, "region-a", "hours"),
        ({"state": "not_met", "first_hour": NOW_HOUR, "last_hour": NOW_HOUR}, "region-a", "hours"),
        ({"state": "met", "count_bucket": 1, "first_hour": NOW_HOUR, "last_hour": NOW_HOUR - 1}, "region-a", "hours"),
        ({"state": "met", "count_bucket": 1, "first_hour": NOW_HOUR, "last_hour": NOW_HOUR + 9}, "region-a", "hours"),
    ],
)
def test_an_answer_is_to_a_question_that_this_actor_was_asked(judged, world, said, sender, rule) -> None:
    world.questions[QUESTION.id] = QUESTION
    plain = {"question_id": QUESTION.id, "number": 0, "count_bucket": 0, "first_hour": None, "last_hour": None}
    assert judged(messages.QuestionAnswered(**{**plain, "days": 3, **said}), sender) == rule


def test_a_decline_after_the_end_and_a_refused_block_without_its_rule_are_refused(judged, world) -> None:
    decline = messages.QuestionDeclined(question_id=QUESTION.id, number=0)
    world.questions[QUESTION.id] = replace(QUESTION, ended_us=2)
    assert judged(decline) == "unknown_question"
    world.questions[QUESTION.id] = replace(QUESTION, approved_us=None)
    assert judged(decline) == "unknown_question"
    world.questions[QUESTION.id] = QUESTION
    assert judged(decline) == "passed"
    said = messages.Receipt(indicator_id=INDICATOR, version=1, state="refused", enforcers=(), rule=None)
    assert judged(said) == "no_rule"
    assert judged(said.model_copy(update={"rule": "never_block"})) == "passed"


def test_a_second_is_no_hour_and_receipts_are_for_distinct_cells(judged) -> None:
    """Seconds since 1970 do not fit where hours go: the field itself refuses the slip."""
    with pytest.raises(ValueError, match="first_hour"):
        messages.Observation(indicator_id=INDICATOR, kind="seen", count_bucket=1, first_hour=1_795_000_000, last_hour=1)

    def receipts(*cells):
        return messages.Receipts(
            round_id=ROUND, tags=tuple(messages.CellTag(table=t, bin=b, tag="00" * 32) for t, b in cells)
        )

    assert judged(receipts((0, 0), (0, 0))) == "cells"
    assert judged(receipts((0, 8))) == "cells"
    assert judged(receipts((2, 0))) == "cells"
    assert judged(receipts((0, 0), (0, 1), (0, 2), (0, 3), (0, 4))) == "cells"
    assert judged(receipts((0, 0), (1, 0), (0, 2), (0, 3))) == "passed"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"round_id": "ff" * 16}, "unknown_round"),
        ({"table": 2}, "cells"),
        ({"bin": 8}, "cells"),
        ({}, "passed"),
    ],
)
def test_a_report_answers_for_a_cell_of_an_open_round(judged, report, change, rule) -> None:
    assert judged(report(**change)) == rule


def test_a_closed_round_takes_no_more_answers(judged, report, world) -> None:
    world.rounds.clear()
    assert judged(report()) == "unknown_round"
    assert judged(messages.Declined(round_id=ROUND, table=0, bin=0)) == "unknown_round"
    assert (
        judged(messages.ShareUpload(round_id=ROUND, registry_version=7, key_check="0" * 32, planes=bytes(128)))
        == "unknown_round"
    )


def test_who_is_not_in_the_round_has_no_say_in_it(judged, report, world) -> None:
    world.keys["clinic-c"] = world.keys["region-a"]
    assert judged(report(), sender="clinic-c") == "not_in_round"


@pytest.mark.parametrize(
    ("planes", "version", "rule"),
    [
        (bytes(128), 7, "passed"),
        (bytes(127), 7, "planes_length"),
        (bytes(136), 7, "planes_length"),
        (bytes(124) + b"\xff\xff\xff\x7f", 7, "planes_value"),
        (bytes(124) + b"\xff\xff\xff\xff", 7, "planes_value"),
        (bytes(124) + b"\xfe\xff\xff\x7f", 7, "passed"),
        (bytes(128), 6, "registry_version"),
    ],
)
def test_planes_are_of_the_rounds_length_and_field(judged, planes, version, rule) -> None:
    assert (
        judged(messages.ShareUpload(round_id=ROUND, registry_version=version, key_check="0" * 32, planes=planes))
        == rule
    )


def test_a_late_upload_is_refused(judged, clock) -> None:
    clock.advance(HOUR_US)
    assert (
        judged(messages.ShareUpload(round_id=ROUND, registry_version=7, key_check="0" * 32, planes=bytes(128)))
        == "too_late"
    )


@pytest.mark.parametrize(
    ("bucket", "first", "last", "rule"),
    [
        (0, None, None, "passed"),
        (2, NOW_HOUR - 9000, NOW_HOUR, "passed"),
        (2, None, None, "hours"),
        (0, NOW_HOUR, NOW_HOUR, "hours"),
        (2, NOW_HOUR, None, "hours"),
        (2, NOW_HOUR - 9601, NOW_HOUR, "hours"),
        (2, NOW_HOUR, NOW_HOUR + 2, "hours"),
    ],
)
def test_a_sighting_has_hours_if_there_was_one(judged, bucket, first, last, rule) -> None:
    said = messages.Observation(
        indicator_id=INDICATOR, kind="retro", count_bucket=bucket, first_hour=first, last_hour=last
    )
    assert judged(said) == rule


@pytest.mark.parametrize(
    ("question", "said", "sender", "rule"),
    [
        ({"about": "indicator--x"}, {}, "region-a", "passed"),
        ({"about": "indicator--x"}, {}, "region-b", "unknown_question"),
        ({"about": "indicator--x"}, {"number": 1}, "region-a", "unknown_question"),
        ({"about": "indicator--x"}, {"functions": (0,) * 3}, "region-a", "vocabulary"),
        ({}, {}, "region-a", "unknown_question"),
    ],
)
def test_a_radius_is_told_to_the_question_that_asks_for_it_alone(judged, world, question, said, sender, rule) -> None:
    world.questions[QUESTION.id] = replace(QUESTION, **question)
    plain = {
        "question_id": QUESTION.id,
        "number": 0,
        "epsilon_milli": 100,
        "in_all": 5,
        "functions": (0,) * len(ENTRIES),
    }
    assert judged(messages.QuestionCounted(**plain | said), sender) == rule
    answered = {"state": "not_met", "count_bucket": 0, "days": 3}
    if question:
        given = messages.QuestionAnswered(question_id=QUESTION.id, number=0, **answered)
        assert judged(given, "region-a") == "unknown_question"
