"""What left, in words, and another policy tried on it: by the gate's own rules, with nothing written."""

import json
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from bavn.actor.door.policy import DoorPolicy
from bavn.app.cli.node.main import app
from bavn.app.config.load import POLICY_TABLES
from bavn.app.policy.by_question import QUESTIONS
from bavn.app.policy.left import left_in
from bavn.app.policy.past import LINES_MAX, tried_on_past
from bavn.app.policy.trial import STRICT
from bavn.app.process.real import SystemClock
from bavn.model.forms import forms
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note, look_on

NOW_US = 20_000 * DAY_US + 12 * HOUR_US
ROUND = "ab" * 16
WHO = ("north", ("10.0.0.0/8",))


def note(kind: str, privacy: str, body: dict, item: int = 0) -> Note:
    return Note(kind=kind, item_id=f"{item:064x}", peer="centre", privacy=privacy, bytes=100, summary=json.dumps(body))


def report(value: str = "evil-c2.com", kind: str = "domain", **other) -> dict:
    plain = {
        "round_id": ROUND,
        "table": 0,
        "bin": 1,
        "type": kind,
        "value": value,
        "detector": "beacon",
        "technique": "T1071",
        "p_bucket": 12,
        "hosts_bucket": 0,
        "first_hour": NOW_US // HOUR_US - 30,
        "last_hour": NOW_US // HOUR_US - 2,
    }
    return plain | other


def opened(tier: str = "A", t: int = 2) -> dict:
    return {
        "round_id": ROUND,
        "version": 1,
        "epoch": NOW_US // DAY_US,
        "registry_version": 1,
        "tier": tier,
        "t": t,
        "m": 64,
        "r": 20,
        "forms": forms(),
        "deadline_us": NOW_US + HOUR_US,
        "members": [{"actor": name, "x": x} for x, name in enumerate(("north", "south", "west", "east", "mid"), 1)],
    }


@pytest.fixture
def ledger():
    with Book(None) as book:
        yield Ledger(book)


def tried(ledger, **after):
    lines = list(ledger.back_to(0))
    found = tried_on_past(lines, (DoorPolicy(), DoorPolicy(**after)), WHO, lambda _: None, {})
    return [(one.line.kind, one.why.rule) for one in found.stays], found


def test_each_field_stands_below_one_question() -> None:
    named = [(one.table, field) for one in QUESTIONS for field in one.fields]
    every = {(table, field) for table, kind in POLICY_TABLES.items() for field in asdict(kind())}
    assert sorted(named) == sorted(every)
    for table, given in STRICT.items():
        POLICY_TABLES[table](**given)  # the node would start with it


def test_what_left_is_told_by_class_with_its_words_and_what_stayed_is_counted(ledger) -> None:
    ledger.append(NOW_US - DAY_US, "door", "out", note("Report", "S1", report("yesterday.com")))
    ledger.append(NOW_US, "asked", "in", note("RoundOpened", "C", opened()))
    for item in range(3):
        ledger.append(NOW_US, "door", "out", note("ShareUpload", "S0", {"round_id": ROUND}, item))
    ledger.append(NOW_US, "door", "out", note("Report", "S1", report()))
    ledger.append(NOW_US, "door", "out", note("CaseAnswered", "S5", {"act": "words", "words": "It was our scanner."}))
    ledger.append(NOW_US, "door", "out", note("Report", "", {}), Refused("not_vetoed", "a person here has vetoed it"))
    day_us = NOW_US // DAY_US * DAY_US
    told = left_in(ledger.back_to(day_us), day_us, day_us + DAY_US)
    assert told.says.en == (
        "5 things left this actor, of 3 kinds: 3 random parts of rounds, 1 report and 1 answer of people here."
    )
    assert [(one.privacy, one.count, one.named) for one in told.classes] == [
        ("S0", 3, ()),
        ("S1", 1, ("domain:evil-c2.com",)),
        ("S5", 1, ("It was our scanner.",)),
    ]
    assert [(one.rule, one.count) for one in told.refused] == [("not_vetoed", 1)]
    assert (told.count, told.refused_count, told.whole) == (5, 1, True)
    two = left_in(ledger.back_to(day_us - DAY_US), day_us - DAY_US, day_us + DAY_US)
    assert two.count == 6
    assert left_in([], day_us, day_us + DAY_US).says.en == "Nothing left this actor on this day."


def test_a_stricter_policy_keeps_by_the_rules_of_the_gate(ledger) -> None:
    ledger.append(NOW_US, "asked", "in", note("RoundOpened", "C", opened()))
    ledger.append(NOW_US + 1, "door", "out", note("ShareUpload", "S0", {"round_id": ROUND}, 1))
    ledger.append(NOW_US + 2, "door", "out", note("Report", "S1", report()))
    ledger.append(NOW_US + 3, "door", "out", note("Report", "S1", report("185.1.2.3", "ip4")))
    ledger.append(NOW_US + 4, "door", "out", note("Observation", "S2", {}))
    ledger.append(NOW_US + 5, "door", "out", note("Health", "S4", {}))
    assert tried(ledger)[0] == []
    assert tried(ledger, reveal_domain="ask")[0] == [("Report", "reveal_mode")]
    assert tried(ledger, leave_out=("ip4:185.1.2.3",))[0] == [("Report", "not_left_out")]
    assert tried(ledger, reports_per_day_max=1)[0] == [("Report", "budget")]
    assert tried(ledger, strong_p_max=0.0001)[0] == [("Report", "strong_enough")] * 2
    assert tried(ledger, join_strong=False)[0] == [("Report", "tier_joined")] * 2
    assert tried(ledger, tell_sightings=False)[0] == [("Observation", "tell_sightings")]
    assert tried(ledger, tell_health=False)[0] == [("Health", "tell_health")]
    kept, found = tried(ledger, strong_t_min=3)
    assert kept == [("ShareUpload", "round_threshold"), *[("Report", "round_threshold")] * 2]
    assert (found.left, found.already, found.whole) == (5, 0, True)
    assert found.stays[1].observable == Observable.of("domain", "evil-c2.com")


def test_what_the_policy_of_today_keeps_too_is_no_difference(ledger) -> None:
    ledger.append(NOW_US, "door", "out", note("Report", "S1", report()))
    strict = DoorPolicy(reveal_domain="never")
    found = tried_on_past(list(ledger.back_to(0)), (strict, strict), WHO, lambda _: None, {})
    assert (found.stays, found.already) == ((), 1)


def test_a_question_is_answered_by_the_stricter_of_two(ledger) -> None:
    ledger.append(NOW_US, "door", "out", note("QuestionAnswered", "S2", {"question_id": "q", "number": 0}))
    about = {("q", 0): Observable.of("domain", "evil-c2.com")}
    lines = list(ledger.back_to(0))
    for after, wish, kept in (
        (DoorPolicy(answer_questions="ask"), None, ["answer_mode"]),
        (DoorPolicy(answer_questions="ask"), "allow", []),
        (DoorPolicy(reveal_domain="never"), "allow", ["answer_mode"]),
    ):
        found = tried_on_past(lines, (DoorPolicy(), after), WHO, lambda _, wish=wish: wish, about)
        assert [one.why.rule for one in found.stays] == kept


def test_the_ledger_is_read_back_to_a_moment_over_closed_parts(tmp_path) -> None:
    with Book(tmp_path / "node.db") as book:
        ledger = Ledger(book)
        for hour in range(30):
            ledger.append(hour * HOUR_US, "door", "out", note("Health", "S4", {}, hour))
        found = [line.at_us // HOUR_US for line in ledger.back_to(25 * HOUR_US)]
    assert found == [29, 28, 27, 26, 25]
    assert LINES_MAX > 28 * 24 * 500


def test_the_command_tells_a_day_and_tries_the_strict_policy_without_writing(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\nhomes = ["10.0.0.0/8"]\n')
    (tmp_path / "data").mkdir()
    now_us = SystemClock().now_us() - MINUTE_US
    hours = {"first_hour": now_us // HOUR_US - 3, "last_hour": now_us // HOUR_US - 1}
    with Book(tmp_path / "data/node.db") as book:
        ledger = Ledger(book)
        ledger.append(now_us, "door", "out", note("Report", "S1", report(**hours)))
        ledger.append(now_us, "door", "out", note("Counts", "S3", {}))
    before = (tmp_path / "data/node.db").read_bytes()
    for language, said in (("en", "2 things left this actor, of 2 kinds"), ("da", "2 ting gik ud fra denne aktør")):
        done = CliRunner().invoke(app, ["left", "--days", "2", "--config", str(file), "--language", language])
        assert done.exit_code == 0, done.output
        assert said in done.output
    made = json.loads(CliRunner().invoke(app, ["left", "--days", "2", "--config", str(file), "--json"]).output)
    assert made["count"] == 2
    wrong = CliRunner().invoke(app, ["left", "--day", "monday", "--config", str(file)])
    assert wrong.exit_code != 0
    assert (tmp_path / "data/node.db").read_bytes() == before
    done = CliRunner().invoke(app, ["policy", "explain", "--strict", "--config", str(file)])
    assert "With this policy 2 of the 2 things that left in the last 28 days would have stayed at home." in done.output
    assert "It would not have heard from here of: domain:evil-c2.com." in done.output
    with look_on(tmp_path / "data/node.db") as reader:
        assert reader.head()[0] == 2
