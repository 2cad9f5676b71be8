"""Casework from the command line, at the centre and at a node, in both languages."""

import hashlib
import io
import json
import re
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.conversations.case_book import SAID, CaseBook
from bavn.actor.door.sector_verdicts import SectorVerdicts
from bavn.app.acts.centre.cases import MarkRequest, mark
from bavn.app.centre.parts import open_desk, open_registry
from bavn.app.cli.centre.main import app as centre_app
from bavn.app.cli.node.main import app as node_app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.centre.cases.case.case import ElementFacts, LeadFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.work import Work
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.received import Attached
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import AskedObservable, CasePart, PartClock, PartTask, PartWords, VerdictGiven
from tests.people import Runner as CliRunner

from ..actor.evidence.conftest import HOST, PEER  # noqa: TID252  the same packets
from .test_cli_evidence import NUMBER, node  # noqa: F401  a node that suspects something

NAMES = [Observable.of("domain", f"evil-{n}.example.com") for n in range(4)]
CASE = "case-00000000000000aa"
TASK = "ab" * 16


def run(app, *words, code=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    got = done.exception.code if isinstance(done.exception, Stop) else done.exit_code
    assert got == code, (done.output, done.exception)
    return done.output if code == 0 else str(done.exception)


@pytest.fixture
def sector(tmp_path):
    """A centre with two members and two cases."""
    folder = tmp_path / "centre"
    folder.mkdir()
    file = folder / "centre.toml"
    file.write_text('[centre]\nsector = "test"\n')
    run(centre_app, "init", "-c", file)
    registry = open_registry(read_centre(file))
    for name in ("north", "south"):
        registry.add(name, "region")
        with registry.engine.begin() as tx:
            registry.activate(tx, name, Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex())
    cases, work = Cases(registry.engine, SystemClock()), Work(registry.engine, SystemClock())
    for number, (first, second) in enumerate(((0, 1), (2, 3))):
        facts = LeadFacts(
            lead_id=f"lead-{0xAA + number:016x}",
            score=9.0,
            technique="T1071.001",
            actors=2,
            first_hour=490_000,
            first_report_us=1,
            lead_us=2,
            elements=tuple(ElementFacts(NAMES[n], 9.0, 2, False) for n in (first, second)),
        )
        case = cases.open(facts)
        work.involved.reported(facts.lead_id, [(name, NAMES[first], "T1071") for name in ("north", "south")])
        work.attached(
            Attached(
                item_id=f"{number}" * 64,
                actor="north",
                case_id=case.id,
                words="rows",
                content=b"PK\x03\x04zip",
                received_us=3,
            )
        )
    registry.engine.dispose()
    return file


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_case_is_shown_with_its_marks_and_who_is_in_it(sector) -> None:
    run(centre_app, "case", CASE, "take", "-c", sector, "--by", "Anna Berg")
    desk = open_desk(read_centre(sector))
    body = MarkRequest(tlp=Tlp.GREEN, pap="AMBER", rsit="malicious-code/c2-server", techniques=["T1071.001"])
    mark(desk.files, "Anna Berg", CASE, body)
    desk.engine.dispose()
    (shown,) = rows(run(centre_app, "case", CASE, "-c", sector, "--json"))
    assert (shown["tlp"], shown["pap"], shown["techniques"]) == ("TLP:GREEN", "PAP:AMBER", ["T1071.001"])
    assert shown["rsit"].startswith("malicious-code/c2-server (malicious code")
    assert shown["actors"] == ["north", "south"]
    told = run(centre_app, "case", CASE, "-c", sector, "--language", "da")
    assert "styreserver" in told
    assert re.search(r"Anna Berg +mark ", told)
    run(centre_app, "case", CASE, "merge", "-c", sector, "--why", "x", "--by", "Anna Berg", code=Exit.NOT_NOW)
    run(centre_app, "audit", "--verify", "-c", sector)


def test_of_two_who_decide_on_one_picture_the_second_is_told_to_look_again(sector) -> None:
    (seen,) = rows(run(centre_app, "case", CASE, "-c", sector, "--json"))
    run(
        centre_app,
        "case",
        CASE,
        "dismiss",
        "-c",
        sector,
        "--seen",
        seen["standing"],
        "--why",
        "a test",
        "--by",
        "Anna Berg",
    )
    late = ("case", CASE, "reopen", "-c", sector, "--seen", seen["standing"], "--why", "y", "--by", "Bo Lund")
    said = run(centre_app, *late, code=Exit.NOT_NOW)
    assert "look again" in said


# --- the node ------------------------------------------------------------------------------------------------------


def a_part(**other):
    now_us = SystemClock().now_us()
    task = PartTask(
        task_id=TASK,
        kind="question",
        text="Do you run it?",
        state="open",
        acknowledge_us=now_us - HOUR_US,
        applies_us=now_us + HOUR_US,
        done_us=now_us + 99 * HOUR_US,
    )
    plain = {
        "case_id": CASE,
        "version": 1,
        "state": "confirmed",
        "rsit": "malicious-code/c2-server",
        "techniques": ("T1071",),
        "tlp": "TLP:AMBER",
        "pap": 2,
        "tasks": (task,),
        "own": (AskedObservable(type="domain", value="c2.example"),),
        "words": (PartWords(at_us=now_us - HOUR_US, by="centre", text="We look at it"),),
        "clocks": (PartClock(report="early-warning", due_us=now_us + HOUR_US, sent_us=None),),
    }
    return CasePart(**plain | other)


@pytest.fixture
def heard(node):  # noqa: F811  the fixture of another file
    """A node that has heard of a case."""
    with Book(node.parent / "data" / "node.db") as book:
        CaseBook(book).keep(a_part(), SystemClock().now_us())
    return node


def test_a_node_shows_its_part_and_takes_answers(heard) -> None:
    table = run(node_app, "cases", "-c", heard, "--language", "da")
    assert "bekræftet" in table
    assert "OVERSKREDET" in table
    one = run(node_app, "cases", CASE[:9], "-c", heard, "--language", "da")
    assert "spørgsmål abababab  åben" in one
    assert "kvittér senest" in one
    assert "NIS2 tidlig varsling" in one
    assert "analysecenter: We look at it" in one
    run(node_app, "cases", "--check", "-c", heard, code=Exit.UNHEALTHY)
    run(node_app, "case-answer", CASE, "abab", "applies", "-c", heard, "--words", "Yes, two of them", "--by", "Bo Lund")
    run(node_app, "case-say", CASE, "Thanks", "-c", heard, "--by", "Bo Lund")
    for words, code in (
        (("case-answer", CASE, "abab", "cancel"), Exit.USAGE),
        (("case-answer", CASE, "ff", "done"), Exit.NOT_FOUND),
        (("case-say", "case-9", "x"), Exit.NOT_FOUND),
        (("case-say", CASE, f"Patient {NUMBER}"), Exit.NOT_NOW),
        (("case-say", CASE, "Host 10.1.1.1"), Exit.NOT_NOW),
        (("case-say", CASE, " "), Exit.USAGE),
    ):
        run(node_app, *words, "-c", heard, code=code)
    (shown,) = rows(run(node_app, "cases", "-c", heard, "--json"))
    assert [(said["act"], said["words"], said["by"]) for said in shown["said"]] == [
        ("applies", "Yes, two of them", "Bo Lund"),
        ("words", "Thanks", "Bo Lund"),
    ]
    assert "waits for the running node" in run(node_app, "cases", CASE, "-c", heard)


def test_a_node_notes_its_own_steps_of_nis2(heard) -> None:
    """The part's clocks run already: the centre knows of awareness."""
    said = run(node_app, "case-nis2", CASE, "early-warning", "-c", heard, "--by", "Bo Lund", "--language", "da")
    assert "tidlig varsling" in said
    assert "skal sendes. Noden kører ikke: dette venter" in said
    for words, code in (
        (("early-warning", "--at", "yesterday"), Exit.USAGE),
        (("handled", "--at", "2099-01-01T00:00"), Exit.NOT_NOW),
        (("final",), Exit.NOT_NOW),
        (("not-significant",), Exit.NOT_NOW),
        (("not-significant", "--why", f"Patient {NUMBER}"), Exit.NOT_NOW),
    ):
        run(node_app, "case-nis2", CASE, *words, "-c", heard, code=code)
    (shown,) = rows(run(node_app, "cases", "-c", heard, "--json"))
    assert [(step["act"], step["by"], step["told"]) for step in shown["nis2"]] == [("early-warning", "Bo Lund", None)]
    assert "NIS2 tidlig varsling [venter på den kørende node]" in run(
        node_app, "cases", CASE, "-c", heard, "--language", "da"
    )


def test_a_node_in_no_case_says_so(node) -> None:  # noqa: F811  the fixture of another file
    assert "in no case yet" in run(node_app, "cases", "-c", node)
    assert "ikke med i nogen sag" in run(node_app, "cases", "-c", node, "--language", "da")
    run(node_app, "cases", "case-9", "-c", node, code=Exit.NOT_FOUND)


def test_what_is_previewed_is_what_is_sent_and_nothing_unseen_is(heard) -> None:
    given = ("attach", "abab", "--case", CASE, "-c", heard, "--words", "What we saw")
    preview = run(node_app, *given)
    digest = re.search(r"--sha256 ([0-9a-f]{64})", preview)[1]
    assert run(node_app, *given, "--language", "da").count(digest) == 2
    assert "nobody has looked" in run(node_app, *given, "--send", code=Exit.NOT_NOW)
    assert "not what was previewed" in run(node_app, *given, "--send", "--sha256", "0" * 64, code=Exit.NOT_NOW)
    run(node_app, *given, "--rows", "1", "--send", "--sha256", digest, code=Exit.NOT_NOW)
    run(node_app, *given, "--send", "--sha256", digest, "--by", "Bo Lund")
    with Book(heard.parent / "data" / "node.db") as book:
        (said,) = SAID.find(book, "told_us IS NULL", whole=True)
    assert (said.sha256, said.words, said.by) == (digest, "What we saw", "Bo Lund")
    assert hashlib.sha256(said.content).hexdigest() == digest
    with zipfile.ZipFile(io.BytesIO(said.content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, text in texts.items():
        assert f"===== {name}\n{text.rstrip()}" in preview, "the preview is not exactly what leaves"
    whole = "".join(texts.values())
    assert "own-1" in whole
    assert PEER in whole
    assert HOST not in whole
    assert "community_id" not in texts["rows/flow.csv"]
    assert NUMBER not in whole
    assert "packets.pcap" not in texts


def test_the_same_evidence_at_two_moments_is_the_same_bytes(heard) -> None:
    first, second = (run(node_app, "attach", "abab", "--case", CASE, "-c", heard) for _ in range(2))
    assert first == second


def test_evidence_for_no_case_of_no_suspicion_or_by_no_policy_is_one_clear_error(heard) -> None:
    run(node_app, "attach", "abab", "--case", "case-9", "-c", heard, code=Exit.NOT_FOUND)
    run(node_app, "attach", "ffff", "--case", CASE, "-c", heard, code=Exit.NOT_FOUND)
    (heard.parent / "policy.toml").write_text("[door]\nattach_evidence = false\n")
    assert "policy attaches no evidence" in run(
        node_app, "attach", "abab", "--case", CASE, "-c", heard, code=Exit.NOT_NOW
    )


def test_the_sectors_verdicts_are_shown_as_its_own_and_ended_here(heard) -> None:
    now_us = SystemClock().now_us()
    peer = Observable.of("ip4", PEER)
    message = VerdictGiven(
        case_id=CASE,
        version=1,
        judged="benign",
        observables=(AskedObservable(type="ip4", value=PEER),),
        until_us=now_us + DAY_US,
    )
    with Book(heard.parent / "data" / "node.db") as book:
        SectorVerdicts(book).keep(message, (peer,), now_us)
    assert "uskyldig (sektoren)" in run(node_app, "suspicions", "-c", heard, "--language", "da")
    (shown,) = rows(run(node_app, "verdicts", "-c", heard, "--json"))
    assert (shown["number"], shown["origin"], shown["by"], shown["comment"]) == ("s1", "sector", "the sector", CASE)
    run(node_app, "verdict-end", "x", "-c", heard, code=Exit.USAGE)
    run(node_app, "verdict-end", "s9", "-c", heard, code=Exit.NOT_FOUND)
    run(node_app, "verdict-end", "s1", "-c", heard, "--by", "Bo Lund", "--comment", "we know better")
    assert "(the sector)" not in run(node_app, "suspicions", "-c", heard)
    assert "no verdict holds here" in run(node_app, "verdicts", "-c", heard)


def test_what_a_message_had_no_room_for_is_said_to_the_person(heard) -> None:
    now_us, peer = SystemClock().now_us(), Observable.of("ip4", PEER)
    with Book(heard.parent / "data" / "node.db") as book:
        message = VerdictGiven(
            case_id=CASE,
            version=1,
            judged="malicious",
            observables=(AskedObservable(type="ip4", value=PEER),),
            until_us=now_us + DAY_US,
            left=37,
        )
        SectorVerdicts(book).keep(message, (peer,), now_us)
        CaseBook(book).keep(a_part(version=2, own_left=12), now_us)
    assert f"{CASE}: the sector judged 37 more than its message had room for" in run(node_app, "verdicts", "-c", heard)
    assert "sektoren bedømte 37 flere" in run(node_app, "verdicts", "-c", heard, "--language", "da")
    assert "and 12 more than the message had room for" in run(node_app, "cases", CASE, "-c", heard)
    with Book(heard.parent / "data" / "node.db") as book:
        SectorVerdicts(book).keep(message.model_copy(update={"version": 2, "left": 0}), (peer,), now_us)
    assert "room for" not in run(node_app, "verdicts", "-c", heard)
