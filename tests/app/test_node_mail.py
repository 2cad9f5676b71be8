"""A node mails the people of its own actor by a real mail server over TLS: each thing once, little of it, never more
than so many an hour, and says where it cannot."""

import json
import shutil
import socket
import time
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from bavn.actor.door.conversations.case_book import CASES_SQL, CaseBook, cases_of
from bavn.actor.door.conversations.nis2_steps import SAID, Nis2Statement
from bavn.actor.protect.confirmed import hits
from bavn.actor.protect.hit_book import take
from bavn.app.analyst.confirmed.here import HitHere
from bavn.app.analyst.mail import mailing as mail_module
from bavn.app.analyst.mail.book import AGAIN_US_MAX, sent, unreached
from bavn.app.analyst.mail.mailing import HANGS_US, Mailing, MailState, batches, mailing, owing
from bavn.app.analyst.mail.owed import _hit_lines
from bavn.app.analyst.mail.words import mail_of
from bavn.app.cli.node.main import app
from bavn.app.config.load import node_tables, read_node
from bavn.app.net import mailer
from bavn.app.net.mail_server import server_of
from bavn.app.node.parts import build
from bavn.app.process.exits import Exit
from bavn.app.process.failure_folder import FailureFolder
from bavn.model.failure import NoContainment
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.settings import SettingsError
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import PartClock
from tests.app.test_reminding import certificate, mail  # noqa: F401  fixtures: a real mail server over TLS
from tests.app.web.drawn_node import BLOCKED, C2, C2_ADDRESS, CASE, TASK, draw, own, part

SOC, BOSS = "soc@north.example", "boss@north.example"
HIT = "A CONFIRMED ATTACK WAS HERE"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn") / "north").parent


class Place:
    """A node's folder, whose clock a test sets."""

    def __init__(self, file, clock, book):
        self.file, self.clock, self.book = file, clock, book
        self.config = read_node(file)
        self.state = MailState(clock, len(self.config.remind.mail_to))

    def mailing(self):
        """As after a start of the node."""
        return Mailing(self.config, server_of(self.config.remind, self.config.base), self.book, self.state)

    def owed(self, *kinds):
        things = owing(self.config, self.book.rows, self.clock.now_us(), NoContainment())
        return [thing for thing in things if thing.kind in kinds]


@pytest.fixture
def node(drawn, tmp_path, mail, certificate):  # noqa: F811
    """Makes a copy of the drawn node with a mail server in it."""
    folder = shutil.copytree(drawn, tmp_path / "north")
    (folder / "password").write_text("secret")
    (folder / "password").chmod(0o600)
    opened = []

    def make(more="", port=None):
        file = folder / "node.toml"
        drawn_text = (drawn / "node.toml").read_text()
        file.write_text(
            f'{drawn_text}[remind]\nsmtp_host = "localhost"\nsmtp_port = {port or mail.port}\n'
            f'smtp_ca_file = "{certificate / "ca.pem"}"\nsmtp_user = "bavn"\nsmtp_password_file = "password"\n'
            f'mail_from = "bavn@north.example"\nmail_to = ["{SOC}", "{BOSS}"]\n{more}'
        )
        book = Book(folder / "data" / "node.db")
        opened.append(book)
        return Place(file, SimClock(time.time_ns() // 1000), book)

    yield make
    for book in opened:
        book.close()


def said(mail, to=SOC):  # noqa: F811
    """(subject, text) of what an address got."""
    return [(message["Subject"], message.get_content()) for (address,), message in mail.mails if address == to]


def test_a_hit_is_mailed_at_once_over_tls_and_once_over_a_restart(node, mail) -> None:  # noqa: F811
    place = node('language = "da"\n[console]\naddress = "https://bavn.north.example"\n')
    went, failed = place.mailing().turn()
    assert (went, failed, len(mail.mails)) == (went, 0, went)
    assert all(mail.tls)
    subject, text = said(mail)[0]
    assert subject == "Bavn (north): DER VAR ET BEKRÆFTET ANGREB HER"
    assert "3 gange fra 2 maskiner" in text
    assert "Sidst mødt den " in text
    assert "https://bavn.north.example/nodes/north/today" in text
    assert "lad dem være tændt" in text
    assert {subject for subject, _ in said(mail)} == {subject for subject, _ in said(mail, BOSS)}
    assert place.mailing().turn() == (0, 0)
    assert len(mail.mails) == went
    assert [one.subject for one in sent(place.book.rows, 99)].count(subject) == 2


def test_no_mail_names_a_machine_a_value_or_anybodys_words(node, mail) -> None:  # noqa: F811
    place = node()
    place.mailing().turn()
    whole = "".join(subject + text for subject, text in said(mail))
    values = [value for (value,) in place.book.rows("SELECT value FROM protect_item")]
    words = [task["text"] for case in cases_of(place.book.rows(CASES_SQL)) for task in case.part["tasks"]]
    assert len(said(mail)) >= 4
    assert [one for one in (*values, *words, C2, C2_ADDRESS, *map(own, range(1, 99))) if one and one in whole] == []


def test_a_hit_on_other_machines_of_another_value_is_the_same_mail(node) -> None:
    (known,) = hits(node().book.rows)

    def lines(value, hosts):
        other = replace(known, observable=Observable.of("domain", value), named=hosts)
        hit = HitHere(confirmed=other, case=None, reported=True, suspicions=())
        return [line.en for line in _hit_lines(lambda: {other.indicator_id: hit}, other)]

    assert lines("evil.example.com", (own(1), own(2))) == lines("other.example.net", (own(8), own(9)))
    assert lines("evil.example.com", ()) == lines("other.example.net", ())


def test_an_address_that_is_refused_costs_nobody_else_and_is_said_until_it_is_mended(node, mail) -> None:  # noqa: F811
    place = node()
    mail.unknown.add(SOC)
    turns = place.mailing()
    turns.turn()
    assert place.state.problems() == [], "once may be a restart of the mail server"
    assert said(mail) == []
    mailed = len(said(mail, BOSS))
    assert mailed >= 4
    for _ in range(5):
        turns.turn()  # too soon: it is left alone
    assert [one.tries for one in unreached(place.book.rows)] == [1]
    place.clock.advance(AGAIN_US_MAX)
    turns.turn()
    (problem,) = place.state.problems()
    assert problem.code == "mail_waits"
    assert "1 of 2 addresses" in problem.text.en
    assert "(550)" in problem.text.en
    assert SOC not in problem.text.en
    place.state.refused = 0
    place.mailing()
    assert place.state.refused == 1, "also after a restart"
    mail.unknown.clear()
    place.clock.advance(AGAIN_US_MAX)
    turns.turn()
    assert place.state.problems() == []
    assert len(said(mail)) == len(said(mail, BOSS)) == mailed


def test_a_mail_server_that_is_away_makes_no_queue_and_a_hit_is_mailed_soon_after_it_is_back(node, mail) -> None:  # noqa: F811
    place = node()
    mail.down = True
    turns = place.mailing()
    for _ in range(50):
        turns.turn()
        place.clock.advance(AGAIN_US_MAX)
    rows = [
        place.book.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("mail_thing", "mail_sent", "mail_waits")
    ]
    assert rows == [0, 0, 2]
    mail.down = False
    turns.turn()
    assert HIT in said(mail)[0][0]
    assert place.state.problems() == []


def test_a_server_that_takes_the_line_and_says_nothing_is_given_up_and_said(node, monkeypatch) -> None:
    monkeypatch.setattr(mailer, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = node(port=silent.getsockname()[1])
        turns = place.mailing()
        turns.turn()
        place.clock.advance(AGAIN_US_MAX)
        assert turns.turn() == (0, 2)
    (problem,) = place.state.problems()
    assert "2 of 2" in problem.text.en
    place.state.refused, place.state.begun_us = 0, place.clock.now_us()
    place.clock.advance(HANGS_US + 1)
    (problem,) = place.state.problems()
    assert "has not taken a mail for minutes" in problem.text.en


def many_hits(place, count):
    with place.book.transaction() as tx:
        for table in ("protect_item", "protect_met"):
            (row,) = place.book.rows(f"SELECT * FROM {table} WHERE indicator_id = ? LIMIT 1", (BLOCKED,))
            ids = [f"indicator--00000000-0000-5000-8000-{n:012x}" for n in range(1000, 1000 + count)]
            marks = ", ".join("?" * len(row))
            tx.executemany(f"INSERT INTO {table} VALUES ({marks})", [(id_, *row[1:]) for id_ in ids])


def test_a_hundred_hits_are_six_mails_an_hour_and_each_is_told(node, mail) -> None:  # noqa: F811
    place = node()
    many_hits(place, 100)
    for _ in range(10):
        place.mailing().turn()
        place.clock.advance(MINUTE_US)
    subjects = [subject for subject, _ in said(mail) if HIT in subject]
    assert len(subjects) == 6
    assert subjects[-1] == f"Bavn (north): {HIT}: 96 things at once"
    assert f"96 x {HIT}" in next(text for subject, text in said(mail) if subject == subjects[-1])
    assert sorted(one.things for one in sent(place.book.rows, 99) if HIT in one.subject) == [*[1] * 10, 96, 96]
    many_hits_before = len(subjects)
    with place.book.transaction() as tx:
        tx.execute("UPDATE protect_hit_taken SET at_us = 0")
        tx.execute("DELETE FROM mail_thing")
    place.mailing().turn()
    assert len([1 for subject, _ in said(mail) if HIT in subject]) == many_hits_before, "the hour is full"
    place.clock.advance(HOUR_US)
    place.mailing().turn()
    assert len([1 for subject, _ in said(mail) if HIT in subject]) == many_hits_before + 6


def test_a_clock_that_is_set_back_keeps_no_mail_back(node, mail) -> None:  # noqa: F811
    place = node()
    many_hits(place, 100)
    now = place.clock
    place.clock = place.state.clock = SimClock(now.now_us() + 900 * DAY_US)
    place.mailing().turn()
    mail.down = True
    with place.book.transaction() as tx:
        tx.execute("DELETE FROM mail_thing")
    place.clock.advance(HOUR_US)
    place.mailing().turn()
    mail.down = False
    place.state.clock = now
    before = len(said(mail))
    place.mailing().turn()
    assert HIT in said(mail)[before][0]


def test_a_kind_that_fails_costs_no_hit(node, mail, tmp_path) -> None:  # noqa: F811
    place = node()
    with place.book.transaction() as tx:
        tx.execute("UPDATE door_case SET part = '{}'")
    failures = FailureFolder(tmp_path / "failures", place.clock)
    server = server_of(place.config.remind, place.config.base)
    Mailing(place.config, server, place.book, place.state, failures).turn()
    assert HIT in said(mail)[0][0]
    assert {part.part for part in failures.failing()} == {"mail of hits", "mail of cases"}


def test_the_last_mail_that_there_is_room_for_tells_of_all_the_rest() -> None:
    assert list(batches("abc", 0)) == []
    assert list(batches("", 3)) == []
    assert [list(one) for one in batches("abc", 1)] == [["a", "b", "c"]]
    assert [list(one) for one in batches("abc", 3)] == [["a"], ["b"], ["c"]]
    assert [list(one) for one in batches("abcd", 3)] == [["a"], ["b"], ["c", "d"]]


def test_what_a_kill_sends_twice_has_one_message_id_and_a_hit_that_somebody_has_comes_back_when_met_long_after(
    node,
) -> None:
    place = node()
    (thing,) = place.owed("hit")
    first, again, other = (mail_of(place.config, to, [thing], us) for to, us in ((SOC, 1), (SOC, 2), (BOSS, 1)))
    assert first.key == again.key != other.key
    now_us = place.clock.now_us()
    (first,) = place.owed("hit")
    take(place.book, BLOCKED, "anna", now_us)
    assert place.owed("hit") == []
    with place.book.transaction() as tx:
        tx.execute("UPDATE protect_met SET last_us = ?", (now_us + 2 * DAY_US,))
    (again,) = place.owed("hit")
    assert again.id != first.id


def test_a_warning_is_mailed_while_it_is_in_force_and_a_task_when_it_comes_is_due_soon_and_overdue(node) -> None:
    place = node()
    (task,) = [thing for thing in place.owed("task") if TASK in thing.id]
    (case,) = [case for case in cases_of(place.book.rows(CASES_SQL)) if case.case_id == CASE]
    stages = []
    place.clock = SimClock(case.part["tasks"][1]["applies_us"] - 9 * HOUR_US)
    for hours in (1, 7, 2, 1):
        place.clock.advance(hours * HOUR_US)
        (now,) = [thing for thing in place.owed("task") if TASK in thing.id]
        stages.append(now.id)
        assert f"Case: {CASE}" in [line.en for line in now.lines()]
    assert task.page == ("cases", CASE)
    assert len(set(stages)) == 3
    assert stages[2] == stages[3]
    place = node()
    (warning,) = place.owed("warning")
    assert warning.subject.en == "nobody has read a warning IN TIME"
    place.clock.advance(400 * DAY_US)
    assert place.owed("warning") == [], "it is no longer in force"


def test_a_nis2_deadline_is_mailed_half_a_day_before_and_when_it_has_passed(node) -> None:
    place = node()
    now_us = place.clock.now_us()
    clock = PartClock(report="early-warning", due_us=now_us + DAY_US, sent_us=None)
    CaseBook(place.book).keep(part(now_us, version=9, clocks=(clock,)), now_us)
    assert place.owed("nis2") == []
    place.clock.advance(13 * HOUR_US)
    (near,) = place.owed("nis2")
    assert near.subject.da == "NIS2: tidlig varsling skal sendes snart"
    place.clock.advance(12 * HOUR_US)
    (late,) = place.owed("nis2")
    assert "OVERDUE" in late.subject.en
    assert late.id != near.id
    sent = Nis2Statement(
        number=0,
        noted_us=place.clock.now_us(),
        case_id=CASE,
        act="early-warning",
        at_us=place.clock.now_us() - HOUR_US,
        correct=False,
        why="",
        by="anna",
    )
    SAID.add(place.book, replace(sent, told_us=sent.noted_us, rule="nis2_order"))
    assert [one.id for one in place.owed("nis2")] == [late.id], "what the gate refused is not noted"
    SAID.add(place.book, sent)
    assert place.owed("nis2") == [], "people here noted that it was sent; the centre's answer is not waited for"
    with place.book.transaction() as tx:
        tx.execute("DELETE FROM door_nis2")
    place.clock.advance(40 * DAY_US)
    assert place.owed("nis2") == []


def test_what_is_wrong_with_the_node_is_mailed_after_five_minutes_by_the_promises_words_alone(node) -> None:
    place = node()
    now_us = place.clock.now_us()

    def write(code="enforcers_up", state="broken", since_us=now_us, **more):
        stands = [{"code": code, "state": state, "since_us": since_us, "affected": {"en": "fw7.inside"}}]
        health = {"at_us": place.clock.now_us(), "stopped": False, "promises": stands}
        (place.config.folder / "health.json").write_text(json.dumps(health | more))

    write()
    assert place.owed("alarm") == []
    place.clock.advance(6 * MINUTE_US)
    assert place.owed("alarm") == [], "a file that is old says nothing of now"
    write()
    (alarm,) = place.owed("alarm")
    assert "each enforcer does what is wanted" in next(line.en for line in alarm.lines())
    assert "fw7" not in "".join(line.en for line in alarm.lines())
    for given in ({"state": "kept"}, {"code": "mail_goes"}, {"stopped": True}, {"promises": 7}):
        write(**given)
        assert place.owed("alarm") == []


def test_what_was_mailed_long_ago_and_is_owed_no_more_is_forgotten(node) -> None:
    place = node()
    place.mailing().turn()
    with place.book.transaction() as tx:
        tx.execute("INSERT INTO mail_thing SELECT 'task gone', recipient, at_us FROM mail_thing GROUP BY recipient")
    before = place.book.rows("SELECT count(*) FROM mail_thing")[0][0]
    place.clock.advance(31 * DAY_US)
    place.mailing().turn()
    assert place.book.rows("SELECT * FROM mail_thing WHERE id = 'task gone'") == []
    assert place.book.rows("SELECT count(*) FROM mail_thing WHERE id LIKE 'hit %'")[0][0] == 2
    assert before > 4


def test_beside_a_node_it_mails_ends_at_once_and_says_in_its_health_where_it_cannot(
    node,
    mail,  # noqa: F811
    monkeypatch,
) -> None:
    monkeypatch.setattr(mail_module, "EVERY_S", 0.05)
    config = node().config
    shutil.rmtree(config.folder / "keys")  # it has certificates alone
    parts = build(config)
    try:
        given = parts.recorder.checks.given(watches=True, rules=False)
        assert not given["mail_goes"]
        with mailing(config, server_of(config.remind, config.base), parts):
            end = time.monotonic() + 20
            while not said(mail, BOSS) and time.monotonic() < end:
                time.sleep(0.05)
            assert parts.recorder.checks.given(watches=True, rules=False)["mail_goes"]
            assert parts.recorder.checks.mail() == []
        assert HIT in said(mail, BOSS)[0][0]
    finally:
        parts.close()


def run(*words, code=Exit.OK):
    outcome = CliRunner().invoke(app, words)
    assert getattr(outcome.exception, "code", outcome.exit_code) == code, outcome.output
    return outcome.output + str(outcome.exception or "")


def test_the_commands_show_what_is_owed_try_the_server_and_list_what_went(node, mail) -> None:  # noqa: F811
    place = node()
    config = ("--config", str(place.file))
    assert run("remind", *config).count(HIT) == 2
    assert mail.mails == []
    run("remind", "--try", *config)
    assert [subject for subject, _ in said(mail)] == ["Bavn (north): a try"]
    place.mailing().turn()
    assert HIT not in run("remind", *config)
    assert HIT in run("remind", "--sent", *config)
    mail.unknown.add(BOSS)
    assert "(550)" in run("remind", "--try", *config, code=Exit.UNREACHABLE)
    place.mailing()._book.failed(BOSS, "the mail server answered 451", place.clock.now_us())
    shown = [json.loads(line) for line in run("remind", "--sent", "--json", *config).splitlines()]
    assert shown[-1]["to"] == BOSS
    assert shown[-1]["why"] == "the mail server answered 451"


WRONG = {
    'smtp_host = "mail"\nmail_from = "a@b.example"': "set both, or neither",
    'mail_to = ["a@b.example"]': "set both, or neither",
    'smtp_host = "mail"\nmail_to = ["a@b.example"]': "mail_from must be an e-mail address",
    'mail_to = ["soc"]': "is no e-mail address",
    'smtp_tls = "none"': "must be starttls or tls",
    "mails_per_hour_max = 1": "no setting is called",
}


@pytest.mark.parametrize("given", WRONG)
def test_what_cannot_be_meant_is_said(tmp_path, given) -> None:
    import tomllib

    tables = tomllib.loads(f'[node]\nactor = "north"\n[remind]\n{given}\n')
    with pytest.raises(SettingsError, match=WRONG[given]):
        node_tables(tables, tmp_path / "node.toml")


def test_a_node_without_a_mail_server_mails_nobody(tmp_path) -> None:
    (tmp_path / "node.toml").write_text('[node]\nactor = "north"\n')
    given = read_node(tmp_path / "node.toml")
    assert server_of(given.remind, given.base) is None
    run("remind", "--config", str(tmp_path / "node.toml"), code=Exit.CONFIGURATION)
