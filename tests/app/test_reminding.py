"""Reminders by a real mail server over TLS and a real webhook: once for each stage, signed, tried again, saying no more
than the case's marking allows."""

import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import insert, update
from typer.testing import CliRunner

from bavn.app.centre.parts import open_desk
from bavn.app.centre.reminding import Reminding, running, ways_of
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.net import mailer
from bavn.app.net.mailer import Mail, message_of
from bavn.app.net.webhook import signature
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.failure_folder import FailureFolder
from bavn.centre.cases.case.case import ElementFacts, LeadFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.case.work_tables import TASK
from bavn.centre.cases.reminders import TRIES_MAX, Recipient, Reminders, of_hits, of_tasks
from bavn.centre.share.tables import INDICATOR, writing
from bavn.centre.store.engine import open_engine
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import HOUR_US, MINUTE_US, as_us
from bavn.model.observable import Observable
from bavn.model.received import Observed
from bavn.model.sector.met_before import MetBefore
from bavn.model.sector.nis2 import Nis2Act
from bavn.model.sector.work import Deadlines, Task, TaskState
from bavn.rehearsal.clock import SimClock
from tests.app.tls_pair import write_pair
from tests.app.waiting import free_port, until

SECRET = b"a secret of at least sixteen bytes"
TEXT = "Isolate evil.example.com now"
NOW_US = 1_800_000_000_000_000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A folder with ca.pem and key.pem of localhost."""
    folder = tmp_path_factory.mktemp("tls")
    write_pair(folder, certificate="ca.pem")
    return folder


class Inbox:
    """What a mail server has taken."""

    def __init__(self):
        self.mails, self.tls, self.down, self.unknown = [], [], False, set()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  aiosmtpd calls it so
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 well"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  aiosmtpd calls it so
        if self.down:
            return "451 later"
        self.tls.append(session.ssl is not None)
        self.mails.append((tuple(envelope.rcpt_tos), message_from_bytes(envelope.content, policy=policy.default)))
        return "250 taken"


@pytest.fixture
def mail(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "ca.pem", certificate / "key.pem")
    inbox = Inbox()
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=lambda *asked: AuthResult(success=(asked[-1].login, asked[-1].password) == (b"bavn", b"secret")),
    )
    controller.start()
    inbox.port = controller.port
    yield inbox
    controller.stop()


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def centre(tmp_path):
    """A centre whose clock a test may set, with a case, a task that is due soon, and NIS2's clocks running."""
    file = tmp_path / "centre.toml"
    for name, content in (("password", b"secret"), ("hook.key", SECRET)):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)

    def make(remind):
        file.write_text("[remind]\n" + remind)
        assert CliRunner().invoke(app, ["init", "--config", str(file)]).exit_code in (0, 1)
        given = read_centre(file)
        desk = open_desk(given)
        clock = SimClock(time.time_ns() // 1000)
        for part in (desk, desk.work, desk.files, desk.reminders, desk.cases):
            part._clock = clock
        facts = LeadFacts(
            lead_id="lead-00000000000000aa",
            score=9.0,
            technique="T1071",
            actors=3,
            first_hour=1,
            first_report_us=1,
            lead_us=1,
            elements=(ElementFacts(Observable.of("domain", "evil.example.com"), 9.0, 3, False),),
        )
        case = Cases(desk.engine, clock).open(facts)
        hours = Deadlines(acknowledge=24, applies=72, done=168)
        desk.work.ask(case.id, ["north"], "task", TEXT, "anna", hours)
        return given, desk, clock, case.id

    return make


def settings(mail=None, hook=None, certificate=None, more=""):
    made = more
    if mail is not None:
        made += (
            f'smtp_host = "localhost"\nsmtp_port = {mail.port}\nsmtp_ca_file = "{certificate / "ca.pem"}"\n'
            'smtp_user = "bavn"\nsmtp_password_file = "password"\nmail_from = "bavn@sac.example"\n'
            'mail_to = ["desk@sac.example"]\nmail_actors = ["north=soc@north.example", "south=soc@south.example"]\n'
        )
    if hook is not None:
        made += f'webhook_url = "http://127.0.0.1:{hook.server_port}/bavn"\nwebhook_secret_file = "hook.key"\n'
    return made


def test_due_soon_and_overdue_are_mailed_once_over_tls_to_whom_it_concerns(centre, mail, certificate) -> None:
    given, desk, clock, case_id = centre(settings(mail, certificate=certificate))
    reminding = Reminding(given, desk, ways_of(given))
    assert reminding.once() == (0, 0)
    clock.advance(21 * HOUR_US)
    assert reminding.once() == (2, 0)
    assert reminding.once() == (0, 0)
    assert sorted(to for (to,), _ in mail.mails) == ["desk@sac.example", "soc@north.example"]
    assert mail.tls == [True, True]
    for (to,), message in mail.mails:
        text = message.get_content()
        assert message["Subject"] == f"Bavn: {case_id}: due soon"
        assert case_id in text
        assert "acknowledge a task" in text
        assert ("Actor: north" in text) == (to == "desk@sac.example")
        assert "evil" not in text + message["Subject"]  # the case is TLP:AMBER, mail_to may read TLP:GREEN
    clock.advance(4 * HOUR_US)
    assert reminding.once() == (2, 0)
    assert {message["Subject"] for _, message in mail.mails[2:]} == {f"Bavn: {case_id}: OVERDUE"}
    assert len({message["Message-ID"] for _, message in mail.mails}) == 4
    assert [line.act for line in desk.cases.audit_lines(case_id)].count("reminded") == 4
    assert desk.audit_verify() is None
    desk.engine.dispose()


def test_a_laxer_marking_lets_the_words_be_read_and_nis2_is_reminded_of_too(centre, mail, certificate) -> None:
    given, desk, clock, case_id = centre(settings(mail, certificate=certificate, more='language = "da"\n'))
    desk.files.mark(case_id, "anna", Marking(tlp=Tlp.GREEN))
    from zoneinfo import ZoneInfo

    desk.nis2(ZoneInfo("Europe/Copenhagen")).note(case_id, "south", Nis2Act.AWARE, clock.now_us(), "anna")
    clock.advance(21 * HOUR_US)
    assert Reminding(given, desk, ways_of(given)).once() == (4, 0)
    texts = {
        to: [m.get_content() for (t,), m in mail.mails if t == to] for to in ("soc@north.example", "soc@south.example")
    }
    assert f"Spurgt: {TEXT}" in texts["soc@north.example"][0]
    assert "NIS2: tidlig varsling" in texts["soc@south.example"][0]
    assert "north" not in texts["soc@south.example"][0].replace("soc@north", "")
    desk.engine.dispose()


@pytest.mark.slow
def test_the_webhook_gets_signed_json_and_is_tried_again(centre, hook) -> None:
    given, desk, clock, case_id = centre(settings(hook=hook))
    reminding = Reminding(given, desk, ways_of(given))
    hook.answers = [500, 302]
    clock.advance(21 * HOUR_US)
    assert reminding.once() == (0, 1)
    assert reminding.once() == (0, 0)  # a minute must pass
    clock.advance(MINUTE_US)
    assert reminding.once() == (0, 1)
    clock.advance(2 * MINUTE_US)
    assert reminding.once() == (1, 0)
    clock.advance(HOUR_US)
    assert reminding.once() == (0, 0)
    headers, body = hook.got[-1]
    said = json.loads(body)
    assert (said["case"], said["actor"], said["stage"], said["tlp"]) == (case_id, "north", "due-soon", "TLP:AMBER")
    assert "asked" not in said
    stamp, _, digest = headers["Bavn-Signature"].partition(",v1=")
    at_s = int(stamp.removeprefix("t="))
    wanted = hmac.new(SECRET, f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(wanted, digest)
    assert signature(b"another key of sixteen bytes", at_s, body) != headers["Bavn-Signature"]
    assert {entry[0]["Bavn-Delivery"] for entry in hook.got} == {said["id"]}
    assert len(hook.got) == 3
    (kept,) = desk.reminders.every()
    assert (kept.state, kept.tries) == ("sent", 3)
    desk.engine.dispose()


@pytest.mark.slow
def test_what_is_never_delivered_is_given_up_with_a_line(centre, mail, certificate) -> None:
    given, desk, clock, case_id = centre(
        settings(mail, certificate=certificate).replace(
            'mail_actors = ["north=soc@north.example", "south=soc@south.example"]\n', ""
        )
    )
    mail.down = True
    reminding = Reminding(given, desk, ways_of(given))
    clock.advance(21 * HOUR_US)
    tried = 0
    for _ in range(TRIES_MAX + 5):
        sent, failed = reminding.once()
        assert sent == 0
        tried += failed
        clock.advance(5 * HOUR_US // 20)
        for task in desk.work.tasks():
            assert task.state is TaskState.OPEN
    assert tried >= 6
    for _ in range(60):
        reminding.once()
        clock.advance(4 * HOUR_US)
    failures = [line for line in desk.cases.audit_lines(case_id) if line.act == "reminder-failed"]
    assert failures
    assert "answered 451" in failures[0].detail
    assert all(one.tries <= TRIES_MAX for one in desk.reminders.every())
    desk.engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["ca", "password", "plain"])
def test_no_word_goes_to_a_server_that_cannot_prove_itself_or_in_the_clear(
    centre, mail, certificate, wrong, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(mailer, "TIMEOUT_S", 2.0)  # the server here keeps silent after a wrong password
    text = settings(mail, certificate=certificate)
    plain = None
    if wrong == "ca":
        text = text.replace(f'smtp_ca_file = "{certificate / "ca.pem"}"\n', "")
    elif wrong == "plain":
        seen = Inbox()
        plain = Controller(seen, hostname="127.0.0.1", port=free_port())
        plain.start()
        text = text.replace(f"smtp_port = {mail.port}", f"smtp_port = {plain.port}")
    given, desk, clock, _ = centre(text)
    if wrong == "password":
        (tmp_path / "password").write_text("guess")
    clock.advance(21 * HOUR_US)
    assert Reminding(given, desk, ways_of(given)).once() == (0, 2)
    assert mail.mails == []
    if plain is not None:
        plain.stop()
        assert seen.mails == []
    assert "secret" not in "".join(one.reason for one in desk.reminders.every())
    desk.engine.dispose()


@pytest.mark.slow
def test_secrets_that_others_can_read_are_one_clear_error(centre, hook, tmp_path) -> None:
    given, desk, _, _ = centre(settings(hook=hook))
    desk.engine.dispose()
    (tmp_path / "hook.key").chmod(0o644)
    with pytest.raises(Stop, match="chmod 600"):
        ways_of(given)
    (tmp_path / "hook.key").chmod(0o600)
    (tmp_path / "hook.key").write_bytes(b"short")
    with pytest.raises(Stop, match="fewer than 16"):
        ways_of(given)


@pytest.mark.parametrize(
    "text",
    [
        'webhook_url = "http://example.org/x"\nwebhook_secret_file = "k"',
        'webhook_url = "https://a@b/x"',
        'smtp_tls = "none"',
        'smtp_host = "mail"',
        'mail_to = ["a@b.dk>\\r\\nBcc: x@y.dk"]',
        'mail_actors = ["north"]',
        'tlp_max = "GREEN"',
        'language = "xx"',
        'webhook_url = "https://b/x"',
        'mail_to = ["nobody"]',
    ],
)
def test_a_wrong_setting_is_one_clear_error(tmp_path, text) -> None:
    from bavn.model.settings import SettingsError

    (tmp_path / "centre.toml").write_text(f"[remind]\n{text}\n")
    with pytest.raises(SettingsError, match="remind"):
        read_centre(tmp_path / "centre.toml")


def test_a_header_cannot_be_broken_into() -> None:
    with pytest.raises(ValueError, match=r"."):
        message_of(Mail(to="a@b.dk\r\nBcc: x@y.dk", subject="x", text="", key="a", at_us=NOW_US), "bavn@sac.example")


@pytest.mark.slow
def test_a_reminder_that_fails_in_a_way_nobody_foresaw_stops_no_other_and_not_the_reminding(
    centre, hook, monkeypatch, tmp_path
) -> None:
    given, desk, clock, case_id = centre(settings(hook=hook))
    desk.work.ask(case_id, ["south"], "task", TEXT, "anna", Deadlines(acknowledge=24, applies=72, done=168))
    clock.advance(23 * HOUR_US)
    failures = FailureFolder(tmp_path / "failures", clock)
    reminding = Reminding(given, desk, ways_of(given), failures)
    kept = Reminding.body

    def body(self, reminder):
        if reminder.actor == "north":
            raise RuntimeError("nobody thought of this")
        return kept(self, reminder)

    with monkeypatch.context() as broken:
        broken.setattr(Reminding, "body", body)
        assert reminding.once() == (1, 1)
        rounds = iter([False, False, True])
        broken.setattr(reminding._ended, "wait", lambda _: next(rounds))
        broken.setattr(reminding, "found", lambda: 1 // 0)
        reminding.run()
        assert "reminders" in [one.part for one in failures.failing()]
    clock.advance(HOUR_US)
    assert reminding.once()[0] >= 1, "it is tried again"
    desk.engine.dispose()


def asked_before(desk, hours):
    """Its tasks were given so long ago; nobody uses the desk any more."""
    with desk.engine.begin() as connection:
        connection.execute(update(TASK).values(given_us=time.time_ns() // 1000 - hours * HOUR_US))
    desk.engine.dispose()


@pytest.mark.slow
def test_the_command_line_shows_what_would_go_and_sends_it(centre, hook, tmp_path) -> None:
    _given, desk, _, case_id = centre(settings(hook=hook))
    desk.work._clock = SimClock(NOW_US)
    asked_before(desk, 23)
    config = ["--config", str(tmp_path / "centre.toml")]
    shown = CliRunner().invoke(app, ["remind", "--dry-run", *config])
    assert f"Bavn: {case_id}: due soon" in shown.output
    assert hook.got == []
    sent = CliRunner().invoke(app, ["remind", *config])
    assert sent.output == "1 sent, 0 wait to be tried again\n"
    listed = CliRunner().invoke(app, ["remind", "--sent", "--json", *config])
    assert json.loads(listed.output)["state"] == "sent"
    (tmp_path / "centre.toml").write_text("")
    nobody = CliRunner().invoke(app, ["remind", *config]).exception
    assert isinstance(nobody, Stop)
    assert nobody.code is Exit.CONFIGURATION


@pytest.mark.slow
def test_a_running_centre_reminds_by_itself_and_ends_at_once(centre, hook, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bavn.app.centre.reminding.EVERY_S", 5)
    given, desk, _, _ = centre(settings(hook=hook))
    asked_before(desk, 23)
    with running(given):
        until(lambda: hook.got, 20)
    assert len(hook.got) == 1
    began = time.monotonic()
    with running(given):
        pass
    assert time.monotonic() - began < 3


def test_two_recipients_of_one_reminder_are_told_apart_and_only_of_their_own() -> None:
    engine, clock = open_engine("sqlite://"), SimClock(NOW_US)
    book = Reminders(engine, clock)
    task = Task(
        id="a" * 32,
        case_id="case-00000000000000aa",
        actor="north",
        kind="question",
        text="?",
        by="anna",
        given_us=NOW_US - 3 * HOUR_US,
        hours=Deadlines(acknowledge=1, applies=2, done=9),
        state=TaskState.OPEN,
    )
    found = of_tasks([task], {}, NOW_US, 7 * HOUR_US)
    assert [(one.stage, one.about.da) for one in found] == [
        ("overdue", "kvittere for et spørgsmål"),
        ("overdue", "sige, om det er relevant et spørgsmål"),
        ("due-soon", "være færdig med et spørgsmål"),
    ]
    recipients = (
        Recipient("mail", "a@b.dk"),
        Recipient("mail", "n@b.dk", "north"),
        Recipient("mail", "s@b.dk", "south"),
    )
    assert len(book.to_send(found, recipients)) == 6
    book.done(found[0], recipients[0])
    assert len(book.to_send(found, recipients)) == 5
    engine.dispose()


ID = "indicator--00000000-0000-5000-8000-000000000001"


def released(desk, case_id, now_us):
    plain = {
        "version": 1,
        "pap": 2,
        "confidence": 90,
        "technique": "T1071",
        "order_no": 1,
        "grounds": "{}",
        "live": True,
    }
    times = dict.fromkeys(("valid_from_us", "created_us", "released_us"), now_us)
    where = {"type": "domain", "value": "evil.example.com", "tlp": "TLP:AMBER", "valid_until_us": now_us + 9 * HOUR_US}
    with writing(desk.engine) as connection:
        connection.execute(insert(INDICATOR).values(id=ID, case_id=case_id, **plain, **times, **where))


def observed(desk, actor, kind, bucket, now_us):
    hour = (now_us - 200 * HOUR_US) // HOUR_US
    first = {"first_hour": hour, "last_hour": hour} if bucket else {"first_hour": None, "last_hour": None}
    desk.deliveries.observed(
        Observed(item_id="", actor=actor, indicator_id=ID, kind=kind, count_bucket=bucket, received_us=now_us, **first)
    )


def test_the_hit_actor_and_the_centre_are_mailed_once_and_nobody_else(centre, mail, certificate) -> None:
    given, desk, clock, case_id = centre(settings(mail, certificate=certificate, more='language = "da"\n'))
    now_us = clock.now_us()
    released(desk, case_id, now_us)
    observed(desk, "north", "retro", 2, now_us)
    observed(desk, "south", "retro", 0, now_us)
    observed(desk, "south", "blocked", 2, now_us)
    reminding = Reminding(given, desk, ways_of(given))
    assert reminding.once() == (2, 0)
    assert reminding.once() == (0, 0)
    assert sorted(to for (to,), _ in mail.mails) == ["desk@sac.example", "soc@north.example"]
    for (to,), message in mail.mails:
        text = message.get_content()
        assert message["Subject"] == f"Bavn: {case_id}: BEKRÆFTET ANGREB"
        assert "et bekræftet angreb var hos north, før det var kendt, første gang den " in text
        assert ("`bavn node hits`" in text) == (to == "soc@north.example")
        assert "evil" not in text + message["Subject"]
    desk.engine.dispose()


def test_the_day_is_the_one_that_people_had() -> None:
    late_us = as_us(datetime(2026, 11, 21, 23, 0, tzinfo=UTC))
    hit = MetBefore(indicator_id=ID, case_id="case-1", actor="north", first_us=late_us, told_us=late_us)
    (said,) = of_hits([hit], ZoneInfo("Europe/Copenhagen"))
    assert said.about.en.endswith("first on 22 November 2026")
    (said,) = of_hits([hit], ZoneInfo("UTC"))
    assert said.about.en.endswith("first on 21 November 2026")
