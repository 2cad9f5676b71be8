"""`bavn node watch-centre`: what a node says of the centre's log, to people, to its health and to whoever checks it."""

import json

import pytest
from typer.testing import CliRunner

from bavn.actor.door.conversations.witness_book import LogWatch, ReleaseGaps, WitnessBook
from bavn.app.cli.main import app as audit
from bavn.app.cli.node.main import app
from bavn.app.config.load import read_node
from bavn.app.node.by_hand import centre_replaced
from bavn.app.node.health.checks import NodeChecks
from bavn.app.node.health.log import RULES, log_problems
from bavn.app.node.health.promises import promise_of
from bavn.app.process.exits import Exit
from bavn.model.moment import DAY_US
from bavn.tlog.checkpoint import Checkpoint, signed, witness_of
from bavn.tlog.merkle import leaf_hash, root
from bavn.tlog.note import key_from
from bavn.tlog.tiles import CHECKPOINT, Edge
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from tests.actor.door.test_witness import LOG, TestLog

NOW_US = 1_800_000_000_000_000
NAME = "bavn/test"
KEY = key_from(NAME, LOG).text()


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    (tmp_path / "data").mkdir()
    Book(tmp_path / "data/node.db").close()
    return file


def run(config, *words, code=0):
    done = CliRunner().invoke(app, ["watch-centre", *map(str, words), "--config", str(config)])
    assert getattr(done.exception, "code", done.exit_code) == code, (done.output, done.exception)
    return done.output


def a_log(folder, texts):
    """A log on the disk, and its newest checkpoint."""
    edge = Edge()
    for path, body in edge.grow(texts).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    checkpoint = Checkpoint(NAME, edge.size, edge.root())
    (folder / CHECKPOINT).write_text(signed(checkpoint, LOG).text())
    return checkpoint


def entries(count, first="0.1.0"):
    versions = [first, *(f"0.1.{n}" for n in range(1, count))]
    return [f'{{"at":1,"kind":"software","v":1,"version":"{version}"}}'.encode() for version in versions]


def seen(config, checkpoint, at_us=NOW_US):
    with Book(config.parent / "data/node.db") as book:
        note = signed(checkpoint, LOG).text()
        WitnessBook(book).keep(KEY, note, checkpoint, witness_of(b"w" * 32).text(), at_us)


def caught(config, message, rule="log_other_past"):
    with Book(config.parent / "data/node.db") as book:
        kept = WitnessBook(book)
        kept.keep_evidence(kept.standing(), message, rule, NOW_US)


def test_before_the_first_checkpoint_it_says_so(config) -> None:
    assert "shown this node no log yet" in run(config)
    assert json.loads(run(config, "--json")) == {"standing": None, "evidence": []}
    run(config, "--log", config.parent, code=Exit.NOT_FOUND)
    run(config, "--evidence", config.parent / "none", code=Exit.NOT_FOUND)


def test_a_person_compares_the_log_that_is_handed_out_and_keeps_a_proof(config, tmp_path) -> None:
    seen(config, a_log(tmp_path / "log", entries(5)))
    a_log(tmp_path / "log", entries(9))
    proof = tmp_path / "drawer.tlog-proof"
    shown = run(config, "--log", tmp_path / "log", "--proof", proof)
    assert "1 checkpoints checked" in shown
    assert "is the one that this node was shown" in shown
    assert "No evidence against the centre" in shown
    checked = CliRunner().invoke(audit, ["audit", str(proof), "--key", KEY])
    assert (checked.exit_code, "0.1.4" in checked.output) == (0, True), checked.output
    a_log(tmp_path / "other", entries(9, first="6.6.6"))
    shown = run(config, "--log", tmp_path / "other", code=Exit.DISPROVED)
    assert "is NOT the one" in shown
    assert "No evidence against the centre" not in shown
    assert "DOES NOT HOLD: The 5 entries" in shown
    assert "IKKE den" in run(config, "--log", tmp_path / "other", "--language", "da", code=Exit.DISPROVED)


@pytest.mark.parametrize(
    ("message", "rule", "says"),
    [
        (TestLog(parts=10).shown(50, 50), "log_other_past", "Two histories are proven"),
        (TestLog(parts=10).shown(60, 50), "log_other_past", "was not shown to go on"),
        (TestLog().shown(49, 0), "log_shorter", "later with 49"),
        (TestLog(name="bavn/other").shown(60, 0), "log_origin", "two logs"),
    ],
)
def test_evidence_is_written_and_anybody_can_check_it(config, tmp_path, message, rule, says) -> None:
    seen(config, Checkpoint(NAME, 50, root([leaf_hash(f"{n}".encode()) for n in range(50)])))
    caught(config, message, rule)
    file = tmp_path / "it.log-evidence"
    assert RULES[rule].en in run(config, "--evidence", file)
    keys = ["--key", KEY, "--witness", message.key]
    checked = CliRunner().invoke(audit, ["audit", str(file), *keys])
    assert (checked.exit_code, says in checked.output) == (Exit.DISPROVED, True), checked.output


def test_what_goes_together_is_evidence_of_nothing_and_bytes_that_are_none_are_refused(config, tmp_path) -> None:
    log = TestLog()
    seen(config, Checkpoint(NAME, 50, root(log.leaves[:50])))
    caught(config, log.shown(60, 50))
    file = tmp_path / "it.log-evidence"
    run(config, "--evidence", file)
    checked = CliRunner().invoke(audit, ["audit", str(file), "--key", KEY])
    assert (checked.exit_code, "evidence of nothing" in checked.output) == (0, True), checked.output
    whole = file.read_bytes()
    for wrong in (whole[:40], whole.replace(b"since 50", b"since x"), whole + b"\n--\n", whole.replace(b"\n--", b"")):
        file.write_bytes(wrong)
        checked = CliRunner().invoke(audit, ["audit", str(file), "--key", KEY])
        assert getattr(checked.exception, "code", 0) == Exit.INPUT, checked.output


def test_a_person_begins_anew_with_a_line_of_who_and_why_and_centre_replaced_does_too(config) -> None:
    log = TestLog()
    seen(config, Checkpoint(NAME, 50, root(log.leaves[:50])))
    caught(config, TestLog(name="bavn/other").shown(20, 0), "log_origin")
    assert "if they put a backup back: bavn node watch-centre --begin-anew WHY" in run(config)
    assert "settled: 1" in run(config, "--begin-anew", "a backup was put back", "--by", "anna")
    assert "dealt with by " in run(config)
    assert "put a backup back" not in run(config)
    with Book(config.parent / "data/node.db") as book:
        (line,) = [line for line in Ledger(book).every() if line.kind == "LogBegunAnew"]
        assert json.loads(line.summary) == {"evidence": 1, "why": "a backup was put back"}
        assert WitnessBook(book).standing() is None
    seen(config, Checkpoint(NAME, 50, root(TestLog().leaves[:50])))
    caught(config, TestLog(name="bavn/other").shown(21, 0), "log_origin")
    centre_replaced(read_node(config), config.parent / "data/node.db", "bo", keep_blocks=True)
    with Book(config.parent / "data/node.db") as book:
        assert WitnessBook(book).standing() is None
        assert "bo" in {settled.done_by for settled in WitnessBook(book).evidence()}


def test_the_health_of_a_node_says_what_is_wrong_with_the_log(config) -> None:
    seen(config, Checkpoint(NAME, 50, root(TestLog().leaves[:50])))

    def codes(now_us, began_us=NOW_US):
        with Book(config.parent / "data/node.db") as book:
            kept = WitnessBook(book)
            watch = LogWatch(standing=kept.standing(), evidence=kept.evidence(), began_us=began_us)
            return [problem.code for problem in log_problems(watch, now_us)]

    assert codes(NOW_US + DAY_US) == []
    assert codes(NOW_US + DAY_US + 1) == ["log_behind"]
    assert codes(NOW_US + DAY_US + 1, began_us=NOW_US + DAY_US) == [], "a node that was off has missed it by itself"
    caught(config, TestLog(parts=10).shown(50, 50))
    assert codes(NOW_US) == ["log_faces"]
    codes_of_log = ("log_faces", "log_behind", "log_release_kept_back", "log_release_unproven", "log_proofs_late")
    assert {promise_of(code) for code in codes_of_log} == {"centre_log"}


@pytest.mark.parametrize(
    ("gaps", "code", "words"),
    [
        ({"kept_back": 2}, "log_release_kept_back", "never came here: 2. Ask the centre"),
        ({"passed_over": 1, "waiting": 3}, "log_release_unproven", "does not hold, though later ones were proven: 1."),
        ({"waiting": 3, "since_us": NOW_US - 2 * DAY_US}, "log_proofs_late", "no release for 2 days: fewer than half"),
    ],
)
def test_what_the_log_and_the_releases_here_do_not_agree_on_is_told_once(config, gaps, code, words) -> None:
    seen(config, Checkpoint(NAME, 50, root(TestLog().leaves[:50])))
    with Book(config.parent / "data/node.db") as book:
        standing = WitnessBook(book).standing()
    watch = LogWatch(
        standing=standing,
        evidence=[],
        began_us=NOW_US,
        releases=ReleaseGaps(**{"kept_back": 0, "passed_over": 0, "waiting": 0, "since_us": 0} | gaps),
    )
    (problem,) = log_problems(watch, NOW_US)
    assert problem.code == code
    assert words in problem.text.say("en")
    assert "centre" in problem.text.say("da")


def test_a_centre_without_a_log_is_no_problem() -> None:
    none = LogWatch(standing=None, evidence=[], began_us=0)
    assert log_problems(none, 10 * DAY_US) == []
    checks = NodeChecks(log=lambda: none)
    assert checks.given(watches=True, rules=False)["centre_log"] is False
