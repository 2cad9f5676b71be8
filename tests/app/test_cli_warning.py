"""Warnings from the command line at the centre and at a node, in both languages; by mail."""

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.app.centre import warning_mail
from bavn.app.centre.parts import open_desk, open_registry
from bavn.app.centre.warning_parts import opened_warnings
from bavn.app.cli.centre.main import app as centre_app
from bavn.app.cli.node.main import app as node_app
from bavn.app.config.load import read_centre
from bavn.app.net.mailer import MailServer, NotSent
from bavn.app.process.exits import Exit
from bavn.app.process.real import SystemClock
from bavn.centre.books.leads import SqlLeadBook
from bavn.centre.cases.warnings.rows import KeptWarning, Origin
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.run import correlate
from bavn.centre.node.warning_post import addressees
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.received import WarningAnswer
from bavn.model.sector.sector_warning import Address, Content, Urgency, WarningState
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import AskedObservable, WarningGiven

from .test_cli_casework import rows, run
from .test_cli_evidence import node  # noqa: F401  a node with a book
from .test_cli_leads import EVIL, NOW_US, report

BY = ("--by", "Anna Berg")
WHY = ("--why", "it is urgent", *BY)
WORDS = (
    "--title-en",
    "Patch it",
    "--title-da",
    "Opdater det",
    "--text-en",
    "It is attacked.",
    "--text-da",
    "Det angribes.",
)
SERVER = MailServer(host="x", port=25, tls="tls", ca_file=None, user="", password="", sender="a@example.org")


@pytest.fixture
def centre(tmp_path):
    """A centre with two members, one of them with a mailbox."""
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "test"\n[remind]\nmail_actors = ["north=soc@north.example"]\n')
    run(centre_app, "init", "-c", file)
    registry = open_registry(read_centre(file))
    for name in ("north", "south"):
        registry.add(name, "region" if name == "north" else "clinic")
        with registry.engine.begin() as tx:
            registry.activate(tx, name, Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex())
    registry.engine.dispose()
    for name, region in (("north", "nord"), ("south", "syd")):
        run(centre_app, "rollout", "set", name, "--region", region, "-c", file, *WHY)

    def call(*words, code=0):
        return run(centre_app, "warning", *words, "-c", file, code=code)

    call.file, call.folder = file, tmp_path
    return call


def told(centre):
    """As the running centre would."""
    with opened_warnings(read_centre(centre.file)) as (warnings, _, registry):
        who = addressees(registry, SystemClock())
        warnings.step(who)
        for one in warnings.owed(who):
            warnings.done(one, "", None)


def test_a_drill_says_so_in_its_title_in_both_languages_until_it_is_none(centre) -> None:
    warning = centre("draft", *WORDS, "--drill", *BY).split(":")[0]
    (shown,) = rows(centre("show", warning, "--json", "--language", "da"))
    assert (shown["title"], shown["drill"]) == ("ØVELSE: Opdater det", True)
    assert "DRILL: Patch it" in centre("show")
    with opened_warnings(read_centre(centre.file)) as (warnings, _, _):
        kept = warnings.send(warning, "anna", "we practise")
    for tlp_max in (Tlp.RED, Tlp.CLEAR):
        assert " ØVELSE: " in warning_mail.words(kept, "da", tlp_max)[0], (
            "also where a mail may not say what it is about"
        )
    centre("edit", warning, "--title-en", "Patch them", *WHY)
    assert "DRILL: Patch them" in centre("show"), "an edit changes what is given alone"
    centre("edit", warning, "--no-drill", *WHY)
    assert "DRILL" not in centre("show")


@pytest.mark.slow
def test_a_warning_is_drafted_sent_followed_up_and_ended_by_commands(centre) -> None:
    assert "missing: --text-da" in centre("draft", *WORDS[:-2], *BY, code=Exit.USAGE)
    said = centre(
        "draft", *WORDS, "--region", "nord", "--observable", "evil[.]example.com", "--urgency", "critical", *BY
    )
    assert "it would go to 1: north" in said
    warning = said.split(":")[0]
    centre("edit", warning, "--kind", "kingdom", *WHY, code=Exit.USAGE)
    centre("edit", warning, "--region", "", "--kind", "region", "--kind", "clinic", *WHY)
    centre("send", warning, *WHY)
    told(centre)
    with opened_warnings(read_centre(centre.file)) as (warnings, _, _):
        warnings.take_in(
            WarningAnswer(
                item_id="0" * 64,
                actor="north",
                warning_id=warning,
                version=1,
                serial=1,
                act="affected",
                words="one gateway",
                received_us=SystemClock().now_us(),
            )
        )
    (shown,) = rows(centre("show", warning, "--json"))
    assert (shown["told"], shown["acknowledged"], shown["affected"], shown["overdue"]) == (2, 1, 1, 0)
    assert shown["observables"] == ["domain:evil.example.com"]
    assert {one["actor"]: one["answer"] for one in shown["actors"]} == {"north": "affected", "south": "told"}
    danish = centre("show", warning, "--language", "da", "--check")
    assert "berørt" in danish
    assert "one gateway" in danish
    assert "varslet, intet svar" in danish
    centre("end", warning, *WHY)
    assert "afsluttet" in centre("show", "--language", "da")
    centre("send", warning, *WHY, code=Exit.NOT_NOW)
    centre("show", "warning-0000000000000000", code=Exit.NOT_FOUND)
    assert rows(centre("show", "--state", "draft", "--json")) == []
    centre("draft", "--from-lead", "lead-x", *BY, code=Exit.NOT_FOUND)
    centre("draft", "--from-partner", "evil.example.com", *BY, code=Exit.NOT_FOUND)


@pytest.mark.slow
def test_a_mail_goes_once_for_each_version_and_says_no_more_than_the_marking_allows(centre, monkeypatch) -> None:
    for tlp in ("TLP:GREEN", "TLP:AMBER"):
        warning = centre("draft", *WORDS, "--tlp", tlp, "--observable", "evil.example.com", *BY).split(":")[0]
        centre("send", warning, *WHY)
    told(centre)
    sent, down = [], [True]

    def send(_, mail):
        if down:
            raise NotSent("the server does not answer")
        sent.append(mail)

    monkeypatch.setattr(warning_mail, "send", send)
    file = read_centre(centre.file)
    file = replace(file, remind=replace(file.remind, tlp_max="TLP:GREEN"))
    with opened_warnings(file) as (warnings, mails, _):
        assert warning_mail.once(file, mails, SERVER) == (0, 2)
        down.clear()
        assert warning_mail.once(file, mails, SERVER) == (0, 0)  # tried again in a minute, not at once
        (view, *_) = warnings.every()
        assert mails.stands(view.warning) == {"north": "the server does not answer"}
        monkeypatch.setattr(mails, "_clock", Later())
        assert warning_mail.once(file, mails, SERVER) == (2, 0)
        assert warning_mail.once(file, mails, SERVER) == (0, 0)
    assert [mail.to for mail in sent] == ["soc@north.example"] * 2
    green, amber = sorted(sent, key=lambda mail: "AMBER" in mail.subject)
    assert "Patch it" in green.subject
    assert "evil[.]example[.]com" in green.text
    assert "Patch" not in amber.subject + amber.text
    assert "evil" not in amber.text
    assert "bavn node warnings warning-" in amber.text


class Later:
    """A clock some minutes ahead."""

    def now_us(self):
        return SystemClock().now_us() + HOUR_US


def kept(**more):
    plain = KeptWarning(
        id="warning-" + "a" * 16,
        state=WarningState.SENT,
        version=1,
        origin=Origin(),
        address=Address(),
        by="x",
        content=Content(
            title=Text.written("A & B", da="A og B"),
            text=Text.written("<b>", da="<b>"),
            urgency=Urgency.CRITICAL,
            tlp=Tlp.GREEN,
            pap=Pap.GREEN,
            observables=(Observable.of("domain", "evil.example.com"),),
        ),
        sent_us=HOUR_US,
        acknowledge_us=2 * HOUR_US,
        until_us=3 * HOUR_US,
        changed_us=HOUR_US,
    )
    return replace(plain, **more)


def test_people_at_a_node_read_and_answer(node) -> None:  # noqa: F811
    now_us = SystemClock().now_us()
    given = WarningGiven(
        warning_id="warning-" + "a" * 16,
        version=1,
        state="sent",
        urgency="important",
        title_en="Patch it",
        title_da="Opdater det",
        text_en="Now.",
        text_da="Nu.",
        tlp="TLP:AMBER",
        pap=1,
        observables=(AskedObservable(type="domain", value="evil.example.com"),),
        sent_us=now_us,
        acknowledge_us=now_us + HOUR_US,
        until_us=now_us + 2 * HOUR_US,
    )
    assert "har endnu ikke varslet" in run(node_app, "warnings", "-c", node, "--language", "da")
    from bavn.app.node.book_queries import book_of
    from bavn.app.node.case_parts import opened_cases
    from bavn.wire.ledger import Note

    with opened_cases(node) as there:
        assert there.warnings.take_in(given, Note(kind="WarningGiven", item_id="1" * 64, peer="centre")) is None
    assert "Opdater det" in run(node_app, "warnings", "-c", node, "--language", "da")
    assert "not answered: warning-" in run(node_app, "warnings", "--check", "-c", node, code=Exit.UNHEALTHY)
    run(node_app, "warning-answer", "warning-a", "done", "-c", node, code=Exit.NOT_NOW)
    refused = run(
        node_app,
        "warning-answer",
        "warning-a",
        "words",
        "--words",
        "mail bo@example.org",
        "-c",
        node,
        code=Exit.NOT_NOW,
    )
    assert "CPR" in refused
    run(node_app, "warning-answer", "warning-b", "acknowledge", "-c", node, code=Exit.NOT_FOUND)
    said = run(
        node_app, "warning-answer", "warning-a", "affected", "--words", "one gateway", "-c", node, "--language", "da"
    )
    assert "svar 1 skal sendes. Noden kører ikke: dette venter" in said
    (shown,) = rows(run(node_app, "warnings", "-c", node, "--json"))
    assert (shown["answer"], shown["answers"][0]["words"]) == ("affected", "one gateway")
    assert "venter på den kørende node" in run(node_app, "warnings", "warning-a", "-c", node, "--language", "da")
    with Book(book_of(node)) as book:
        assert len(book.rows("SELECT 1 FROM door_warning_answer")) == 1
    assert json.dumps(shown)


def test_a_draft_from_a_lead_names_what_two_groups_reported_and_never_who(centre) -> None:
    registry = open_registry(read_centre(centre.file))
    alone = Observable.of("domain", "alone.example.net")
    signs = [report("north"), report("south"), replace(report("north"), observable=alone, report_id="third")]
    book = SqlLeadBook(open_desk(read_centre(centre.file), registry).engine)
    book.keep(correlate(signs, Context(now_us=NOW_US), {}), {}, NOW_US)
    (view,) = [one for one in book.leads(5) if EVIL in one.lead.observables]
    registry.engine.dispose()
    warning = centre("draft", "--from-lead", view.lead.id, *BY).split(":")[0]
    (shown,) = rows(centre("show", warning, "--json"))
    assert (shown["source"], shown["ref"], shown["observables"]) == ("lead", view.lead.id, [str(EVIL)])
    assert "T1071.001" in shown["text"]
    assert not {"north", "south"} & set(shown["text"].lower().split())
    assert "TLP:AMBER" in centre("edit", warning, "--tlp", "TLP:CLEAR", *WHY, code=Exit.USAGE)
    centre("edit", warning, "--tlp", "TLP:RED", *WHY)


@pytest.mark.slow
def test_a_draft_from_a_partners_word_keeps_to_the_partners_terms(centre) -> None:
    for name, tlp in (("open-list", "TLP:GREEN"), ("strict-list", "TLP:AMBER+STRICT")):
        (centre.folder / f"{name}.txt").write_text(f"{name}.example.net\n")
        run(
            centre_app,
            "source",
            "add",
            name,
            "list",
            f"{name}.txt",
            "-c",
            centre.file,
            "--trust",
            80,
            "--tlp",
            tlp,
            "--pap",
            "AMBER",
            *BY,
        )
    run(centre_app, "source", "sync", "-c", centre.file)
    warning = centre("draft", "--from-partner", "open-list.example.net", *BY).split(":")[0]
    (shown,) = rows(centre("show", warning, "--json"))
    assert (shown["source"], shown["tlp"], shown["pap"]) == ("partner", "TLP:GREEN", "PAP:AMBER")
    assert shown["observables"] == ["domain:open-list.example.net"]
    assert "TLP:GREEN" in centre("edit", warning, "--tlp", "TLP:CLEAR", *WHY, code=Exit.USAGE)
    assert "PAP:AMBER" in centre("edit", warning, "--pap", "green", *WHY, code=Exit.USAGE)
    centre("draft", "--from-partner", "strict-list.example.net", *BY, code=Exit.NOT_NOW)
