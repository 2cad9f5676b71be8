"""What a node says of the commons, to people and to its health, in every language."""

import json

import pytest

from bavn.actor.detect.next_door import ALERT_WORDS, PEER_WORDS
from bavn.actor.detect.wording import joined
from bavn.actor.door.draft import labelled
from bavn.actor.door.rounds.commons_days import CommonsDay, CommonsDays, DayState
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.actor.door.suspicions import NodeSuspicions
from bavn.app.cli.node.main import app
from bavn.app.node.health.checks import NodeChecks
from bavn.app.node.health.commons import commons_problems
from bavn.app.node.health.commons_words import bucket_text, left_text, state_text
from bavn.app.process.real import SystemClock
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.sector.known_days import DAYS, Familiarity
from bavn.model.text import Text
from bavn.psi.element import element_bytes
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from tests.builders import suspicion
from tests.people import Runner

DAY = 20_600
KNOWN = {"0": 60, "3": 20, "5": 10, "9": 6, "17": 3, "33": 1}


def day(at=0, state=DayState.ANSWERED, **more):
    given = {"elements": 100, "groups": 41, "known": KNOWN if state is DayState.ANSWERED else {}} | more
    return CommonsDay(day=DAY - at, round_id=f"{at:032x}", m=10_000, state=state.value, at_us=1, **given)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    (tmp_path / "data").mkdir()
    Book(tmp_path / "data/node.db").close()
    return file


def run(config, *words):
    done = Runner().invoke(app, ["commons", *words, "--config", str(config)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_it_shows_each_day_what_left_and_how_much_others_know_and_where_there_was_none_it_is_said(config) -> None:
    assert "no commons round has been opened yet" in run(config)
    assert "endnu ikke" in run(config, "--language", "da")
    assert run(config, "--json") == ""
    with Book(config.parent / "data/node.db") as book:
        days = CommonsDays(book)
        days.keep(day(2, DayState.UNANSWERED))
        days.keep(day(1, other_keys=2))
        days.keep(day(0, DayState.SENT))
    english = run(config)
    assert "of 100 elements 40 are known to 3 organisations or more; 41 took part" in english
    assert "a share of 300,000 cells, real and random alike; nobody learns a name" in english
    assert english.index("3 to 4") < english.index("17 to 32") < english.index("33 and more"), "the least known first"
    assert "2 uploads of that round were made with other keys" in english
    assert "af 100 elementer" in run(config, "--language", "da")
    rows = [json.loads(line) for line in run(config, "--json").splitlines()]
    assert [(row["state"], row["known"]) for row in rows] == [("sent", {}), ("answered", KNOWN), ("unanswered", {})]


@pytest.mark.parametrize("state", list(DayState))
def test_each_state_has_its_words(state) -> None:
    for words in (state_text(day(state=state, rule="answer_canary")), left_text(day(state=state))):
        assert len({words.say(language) for language in ("en", "da")}) == 2
    assert [bucket_text(least).en for least in KNOWN] == [
        "fewer than 3",
        "3 to 4",
        "5 to 8",
        "9 to 16",
        "17 to 32",
        "33 and more",
    ]


@pytest.mark.parametrize(
    ("states", "codes"),
    [
        ([], []),
        (["answered"], []),
        (["sent", "answered"], []),
        (["wrong", "answered"], ["commons_wrong"]),
        (["opened", "wrong", "answered"], ["commons_wrong"]),
        (["answered", "wrong"], []),
        (["unanswered", "answered"], []),
        (["late", "unanswered", "answered"], ["commons_missed"]),
        (["sent", "late", "late", "late"], ["commons_missed"]),
        (["sent", "late"], []),
    ],
)
def test_a_lying_centre_and_days_without_an_answer_are_problems(states, codes) -> None:
    days = [
        day(at, DayState(state), rule="answer_canary" if state == "wrong" else "") for at, state in enumerate(states)
    ]
    assert [one.code for one in commons_problems(days)] == codes
    checks = NodeChecks(commons=lambda: days)
    assert checks.given(watches=True, rules=False)["commons_answered"] is bool(days)


def test_days_are_kept_as_long_as_what_they_taught() -> None:
    with Book() as book:
        days = CommonsDays(book)
        for at in range(DAYS + 5, -1, -1):
            days.keep(day(at))
        assert len(days.newest(100)) == DAYS
        days.came_to(f"{1:032x}", DayState.WRONG, 7, rule="answer_value")
        assert (days.get(DAY - 1).state, days.get(DAY - 1).rule, days.get(DAY).state) == (
            "wrong",
            "answer_value",
            "answered",
        )


def test_the_ledger_says_of_such_a_share_that_nobody_learns_a_name_and_who_keeps_out_says_so(config) -> None:
    shown = CommonsDay(day=DAY, round_id="ab" * 16, m=10_000, state="answered", at_us=1)
    with Book(config.parent / "data/node.db") as book:
        CommonsDays(book).keep(shown)
        for round_id in (shown.round_id, "cd" * 16):
            body = {"planes": {"bytes": 2_400_000}, "round_id": round_id}
            note = labelled("ShareUpload", "centre", body)
            Ledger(book).append(1, "door", "out", note, None)
    done = Runner().invoke(app, ["ledger", "--config", str(config)])
    assert done.exit_code == 0, done.output
    assert " ".join(done.stdout.split()).count("nobody learns a name") == 1
    (config.parent / "policy.toml").write_text("[door]\njoin_commons = false\n")
    config.write_text('[node]\nactor = "north"\npolicy_file = "policy.toml"\n')
    assert "keeps this actor out of the commons" in run(config)


def test_it_says_since_when_things_are_known_and_what_that_was_good_for(config) -> None:
    today = SystemClock().now_us() // DAY_US
    usual, fresh, rare = (element_bytes(Observable.of("domain", f"{name}.dk")) for name in ("usual", "fresh", "rare"))
    with Book(config.parent / "data/node.db") as book:
        for back in reversed(range(9)):
            CommonsTable(book).keep(today - back, {usual: 3, rare: 0, fresh: int(back < 2)})
        less, more, other = (
            suspicion(id=f"{at:032x}", observables=(Observable.of("domain", f"{name}.dk"),), why=why)
            for at, (name, why) in enumerate(
                [
                    ("usual", joined([PEER_WORDS[Familiarity.ESTABLISHED]])),
                    ("fresh", Text.shaped("A b; {more}", more=joined([ALERT_WORDS[Familiarity.APPEARING]]))),
                    ("rare", Text("it is")),
                ]
            )
        )
        NodeSuspicions(book).replace([less, more, other], 1)
        CommonsDays(book).keep(day(0))
    said = run(config)
    assert "2 of the elements are known to 3 organisations or more, the longest at least since" in said
    assert "1 of them is ordinary elsewhere" in said
    assert "1 has appeared at others within three days" in said
    assert "1 suspicion weighs less" in said
    assert "1 suspicion weighs more" in said
    assert "1 element stays out of the rounds" in said
