"""How many of the sector know a thing, as people say it: never more than the commons told, and nothing of what they
did not tell. What most of the sector gets day after day is proposed as noise, and nothing is changed."""

import json
import sqlite3

import pytest

from bavn.actor.door.rounds.commons_days import CommonsDay, CommonsDays, DayState
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.app.analyst.next_door import NextDoor, how_many
from bavn.app.cli.node.rules import app
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.intel.own_rules import OWN_RULES
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.suspicion import RowsRef
from bavn.psi.element import element_bytes
from bavn.psi.ordinary import alert_kind
from bavn.wire.book import Book
from tests.builders import suspicion
from tests.people import Runner as CliRunner

AUGUST_3 = 20_668
TODAY = AUGUST_3 + 20
NAME, ADDRESS = Observable.of("domain", "lager.dk"), Observable.of("ip4", "185.32.20.6")


@pytest.fixture
def book():
    with Book() as book:
        yield book


def listed(book, thing, days: dict[int, int]) -> None:
    for day, bucket in sorted(days.items()):
        CommonsTable(book).keep(day, {element_bytes(thing): bucket})


def groups(book, count: int) -> None:
    """A round that was answered, with so many groups."""
    CommonsDays(book).keep(
        CommonsDay(
            day=TODAY, round_id="0" * 32, m=10_000, state=DayState.ANSWERED.value, at_us=TODAY * DAY_US, groups=count
        )
    )


def asked(book, *, joins=True) -> NextDoor:
    def rows(sql, parameters=()):
        try:
            return book.rows(sql, parameters)
        except sqlite3.OperationalError:
            return []

    return NextDoor(rows, TODAY * DAY_US + 7, joins=joins)


def said(book, thing=NAME, language="en") -> str | None:
    known = asked(book).of(thing)
    return None if known is None else known.says.say(language)


def test_it_is_said_how_many_know_it_and_since_when(book) -> None:
    groups(book, 41)
    listed(book, NAME, {AUGUST_3 - 1: 0, AUGUST_3: 1, TODAY: 3})
    assert (
        said(book) == "9 to 16 of 41 organisations of the sector know lager.dk; 3 or more have done so since 3 August."
    )
    assert said(book, language="da") == (
        "9 til 16 af 41 organisationer i sektoren kender lager.dk; mindst 3 har gjort det siden 3. august."
    )
    assert asked(book).of(NAME).short.en == "9 to 16 of 41 organisations"


@pytest.mark.parametrize(
    ("days", "ends"),
    [
        ({TODAY - 1: 0, TODAY: 1}, "3 to 4 of 41 organisations of the sector know lager.dk, since 23 August."),
        ({TODAY: 1}, "3 to 4 of 41 organisations of the sector know lager.dk, since 23 August or earlier."),
        ({TODAY - 9: 1, TODAY - 5: 0, TODAY - 4: 1, TODAY: 1}, "know lager.dk, since 19 August."),
        ({AUGUST_3 - 40: 0, TODAY: 1}, "know lager.dk, since 23 August or earlier."),
        ({TODAY - 1: 2, TODAY: 0}, "Fewer than 3 of 41 organisations of the sector know lager.dk."),
        ({TODAY - 5: 5}, "know lager.dk; 3 or more have done so since 18 August or earlier (as of 18 August)."),
        ({TODAY - 1: 4}, "17 to 32 of 41 organisations of the sector know lager.dk; 3 or more"),
    ],
)
def test_no_more_is_said_than_the_days_tell(book, days, ends) -> None:
    groups(book, 41)
    listed(book, NAME, days)
    assert ends in said(book)


def test_nothing_is_said_of_what_nobody_told(book) -> None:
    """Never listed, no round yet, forgotten, or a policy that takes no part."""
    assert said(book) is None
    listed(book, ADDRESS, {TODAY: 3})
    assert said(book) is None
    listed(book, NAME, {TODAY: 3})
    assert said(book) is not None
    off = asked(book, joins=False)
    assert off.of(NAME) is None
    assert off.of_values(["lager.dk"]) == {}
    assert off.of_suspicions([suspicion(observables=(NAME,))]) == {}


def test_without_a_count_of_the_round_no_whole_is_named(book) -> None:
    listed(book, NAME, {TODAY: 3})
    assert asked(book).of(NAME).short.en == "9 to 16 organisations"


@pytest.mark.parametrize(
    ("bucket", "of", "words"),
    [
        (1, 3, "3 of 3 organisations"),
        (2, 6, "5 to 6 of 6 organisations"),
        (5, 41, "33 to 41 of 41 organisations"),
        (5, None, "33 or more organisations"),
        (4, 9, "17 to 32 organisations"),  # of a day on which more took part
        (0, None, "fewer than 3 organisations"),
    ],
)
def test_a_bucket_never_reaches_beyond_those_who_took_part(bucket, of, words) -> None:
    assert how_many(bucket, of).en == words


def test_a_suspicion_is_told_of_its_name_and_its_alert_and_a_record_of_its_own_value(book) -> None:
    groups(book, 41)
    listed(book, NAME, {TODAY: 2})
    listed(book, alert_kind(None, 2_024_897), {TODAY: 5})
    rows = RowsRef("alert", (("src", "10.1.2.3"), ("signature_id", 2_024_897)), 0, 1)
    one = suspicion(observables=(Observable.of("domain", "www.lager.dk"), ADDRESS), rows=rows)
    told = [known.says.en for known in asked(book).of_suspicions([one])[one.id]]
    assert told[0].startswith("5 to 8 of 41 organisations of the sector know lager.dk")
    assert told[1].startswith("33 to 41 of 41 organisations of the sector get alerts of rule 2024897")
    assert set(asked(book).of_values(["www.lager.dk", "10.1.2.3", "185.32.20.6", "a b", ""])) == {"www.lager.dk"}


def test_an_answer_is_told_by_its_cells_also_where_a_name_stands_among_other_words(book) -> None:
    groups(book, 41)
    listed(book, NAME, {TODAY: 3})
    columns = ("ts", "dst", "what", "note")
    rows = [
        ("lager.dk", "10.1.2.3", "www.lager.dk TLS 1.3", "lager.dk"),
        (None, "185.32.20.6", "GET www.andet.dk /", None),
        (None, None, "IPC$ srvsvc", 7),
    ]
    told, why = asked(book).of_answer(columns, rows)
    assert set(told) == {"www.lager.dk TLS 1.3"}
    assert told["www.lager.dk TLS 1.3"].says.en.startswith("9 to 16 of 41 organisations of the sector know lager.dk;")
    assert why is None


@pytest.mark.parametrize(
    ("joins", "answered", "says"),
    [
        (False, True, "the policy takes no part in the commons round"),
        (True, False, "no commons round has been answered yet"),
        (True, True, "none of them is among what this node listed in the commons round"),
    ],
)
def test_where_nothing_is_known_of_an_answer_it_is_said_why(book, joins, answered, says) -> None:
    if answered:
        groups(book, 41)
    next_door = asked(book, joins=joins)
    told, why = next_door.of_answer(("sni",), [("www.lager.dk",)])
    assert (told, why.en) == ({}, f"How many of the sector know these names is not known: {says}.")
    assert next_door.of_answer(("sni", "dst"), [("", "10.1.2.3")]) == ({}, None), "of nobody outside"


EVERYWHERE, RARE, SELDOM, OWN = 2_013_028, 2_024_897, 2_027_865, OWN_RULES.start


@pytest.fixture
def node(tmp_path):
    """A node whose sector has one rule's alerts at 17 or more on ten days, and others less."""
    file = tmp_path / "node.toml"
    (tmp_path / "own.rules").write_text(f'alert dns any any -> any any (msg:"a curl"; sid:{EVERYWHERE}; rev:1;)\n')
    file.write_text('[node]\nactor = "north"\n[sense]\nrule_files = ["own.rules"]\n')
    (tmp_path / "data").mkdir()
    today = SystemClock().now_us() // DAY_US
    with Book(tmp_path / "data" / "node.db") as book:
        table = CommonsTable(book)
        for back in reversed(range(10)):
            buckets = {EVERYWHERE: 4, RARE: 1, OWN: 5} | ({SELDOM: 5} if back < 3 else {})
            table.keep(today - back, {element_bytes(alert_kind(None, sid)): b for sid, b in buckets.items()})
            table.keep(today - back, {element_bytes(Observable.of("domain", "a.dk")): 5})
    return file


def noisy(node, *words):
    done = CliRunner().invoke(app, ["noisy", *words, "--json", "--config", str(node)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return [json.loads(line) for line in done.output.splitlines()]


def test_what_most_of_the_sector_gets_day_after_day_is_proposed_with_its_message(node) -> None:
    (one,) = noisy(node)
    assert one == {"sid": EVERYWHERE, "gid": 1, "days": 10, "sector": "17 to 32 organisations", "says": "a curl"}
    assert [row["sid"] for row in noisy(node, "--groups", "3")] == [EVERYWHERE, RARE]
    assert [row["sid"] for row in noisy(node, "--groups", "17", "--days", "3")] == [EVERYWHERE, SELDOM]
    assert noisy(node, "--days", "11") == []
    shown = CliRunner().invoke(app, ["noisy", "--config", str(node)], catch_exceptions=False).output
    assert "read the rule, then: bavn node rules threshold" in shown
    assert not (node.parent / "tuning.toml").exists(), "it changes nothing"


def test_what_is_tuned_already_is_not_proposed_and_nothing_is_where_the_policy_takes_no_part(node) -> None:
    (node.parent / "tuning.toml").write_text(
        f'[[disable]]\nsid = {EVERYWHERE}\ncomment = "printers"\nwho = "soc"\nuntil = 2099-01-01\n'
    )
    assert noisy(node) == []
    (node.parent / "tuning.toml").unlink()
    (node.parent / "policy.toml").write_text("[door]\njoin_commons = false\n")
    assert noisy(node) == []
    said = CliRunner().invoke(app, ["noisy", "--config", str(node)]).output
    assert "no rule is known to be noise at 9 organisations or more" in said


def test_a_number_that_the_commons_do_not_tell_is_a_mistake_of_the_command_line(node) -> None:
    with pytest.raises(Stop) as stopped:
        noisy(node, "--groups", "7")
    assert stopped.value.code is Exit.USAGE
