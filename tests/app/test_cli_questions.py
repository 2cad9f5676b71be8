"""Asking the sector and seeing what one was asked, from the command line in both languages."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.conversation import DoorContext
from bavn.actor.door.conversations.questions import Finding, Questions
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.labels import received_note
from bavn.actor.door.state import State
from bavn.actor.door.terms import no_noise
from bavn.app.centre.parts import open_registry
from bavn.app.cli.centre.main import app as centre_app
from bavn.app.cli.node.main import app as node_app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.model.intel.spelled import observable_of
from bavn.model.moment import DAY_US, HOUR_US, hour_of
from bavn.model.observable import NotCanonical
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from bavn.wire.codec import encode
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from bavn.wire.outbox import Outbox
from tests.people import Runner as CliRunner

NOW_US = 1_790_000_000_000_000


def run(app, *words, code=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    got = done.exception.code if isinstance(done.exception, Stop) else done.exit_code
    assert got == code, (done.output, done.exception)
    return done.stdout


@pytest.fixture
def sector(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "test"\n')
    run(centre_app, "init", "-c", file)
    registry = open_registry(read_centre(file))
    for name in ("north", "south"):
        registry.add(name, "region")
        with registry.engine.begin() as tx:
            registry.activate(tx, name, Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex())
    registry.engine.dispose()
    return file


def test_a_question_is_asked_approved_and_shown_with_who_is_silent(sector) -> None:
    said = run(
        centre_app, "ask", "evil-c2[.]com", "185.1.2.3", "-c", sector, "--why", "a partner saw it", "--by", "anne"
    )
    assert "approve-question" in said
    (row,) = [json.loads(line) for line in run(centre_app, "questions", "-c", sector, "--json").splitlines()]
    assert row["indicators"] == ["domain:evil-c2.com", "ip4:185.1.2.3"]
    assert row["state"] == "waits for a second person"
    short = row["question"][:12]
    run(centre_app, "approve-question", short, "-c", sector, "--by", "anne", code=Exit.NOT_NOW)
    run(centre_app, "approve-question", short, "-c", sector, "--by", "bo")
    (row,) = [json.loads(line) for line in run(centre_app, "questions", "-c", sector, "--json").splitlines()]
    assert row["state"] == "open"
    assert set(row["unanswered"]) == {"north", "south"}
    assert all(since.startswith("since 20") for since in row["unanswered"].values())
    assert "unanswered since 20" in run(centre_app, "questions", short, "-c", sector)
    assert "ubesvaret siden 20" in run(centre_app, "questions", short, "-c", sector, "--language", "da")
    run(centre_app, "end-question", short, "-c", sector, "--why", "not needed", "--by", "bo")
    assert "taken back" in run(centre_app, "questions", "-c", sector)
    acts = [json.loads(line)["act"] for line in run(centre_app, "audit", "-c", sector).splitlines()]
    assert acts == ["question-asked", "question-approved", "question-ended"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("10.1.2.3",), Exit.USAGE),
        (("epj.region.local",), Exit.USAGE),
        (("no indicator at all",), Exit.USAGE),
        (("evil-c2.com", "--to", "west"), Exit.NOT_FOUND),
        (("evil-c2.com", "--since", "yesterday"), Exit.USAGE),
        (("evil-c2.com", "--since", "900d"), Exit.USAGE),
    ],
)
def test_what_cannot_be_asked_is_one_line(sector, words, code) -> None:
    run(centre_app, "ask", *words, "-c", sector, "--why", "x", "--by", "anne", code=code)
    run(centre_app, "questions", "0123", "-c", sector, code=Exit.NOT_FOUND)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("8.8.8[.]8", "ip4:8.8.8.8"),
        ("2a00:1450::1", "ip6:2a00:1450::1"),
        ("Evil.COM.", "domain:evil.com"),
        ("ja3:" + "a" * 32, "ja3:" + "a" * 32),
        ("A" * 32, "ja3:" + "a" * 32),
        ("b" * 40, "cert:" + "b" * 40),
        ("c" * 64, "sha256:" + "c" * 64),
        ("a" * 32 + "+" + "b" * 32, "fp-pair:" + "a" * 32 + "+" + "b" * 32),
        ("t13d1516h2_8daaf6152771_e5627efa2ab1", "ja4:t13d1516h2_8daaf6152771_e5627efa2ab1"),
    ],
)
def test_an_indicator_is_understood_as_people_write_it(text, named) -> None:
    assert str(observable_of(text)) == named
    with pytest.raises(NotCanonical):
        observable_of("nothing to go by")


@pytest.fixture
def node(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    (tmp_path / "data").mkdir()
    Book(tmp_path / "data/node.db").close()
    return file


def test_an_actor_sees_who_asked_and_what_was_answered(node) -> None:
    assert "nothing yet" in run(node_app, "questions", "-c", node)
    assert "endnu ikke" in run(node_app, "questions", "-c", node, "--language", "da")
    with Book(node.parent / "data/node.db") as book:
        clock = SimClock(NOW_US)
        at = DoorContext(
            ledger=Ledger(book),
            outbox=Outbox(book, "north", Ed25519PrivateKey.generate(), clock),
            clock=clock,
            policy=DoorPolicy(questions_per_day_max=2),
            homes=(),
            centre="centre",
        )
        kept = Questions(at, State(book, bytes(32)), no_noise)
        for number, names in enumerate((("evil-c2.com", "other-c2.com"), ("third-c2.com",))):
            asked = messages.QuestionAsked(
                question_id=f"{number:032x}",
                since_hour=hour_of(NOW_US) - 48,
                asked_us=NOW_US,
                until_us=NOW_US + DAY_US,
                asked_by="anne",
                approved_by="bo",
                why="a partner saw it",
                observables=tuple(messages.AskedObservable(type="domain", value=name) for name in names),
            )
            kept.take_in(asked, received_note(encode(asked)))
        kept.answer(Finding(kept.due()[0], 2, 3, NOW_US - HOUR_US, NOW_US))
    rows = {
        row["indicator"]: row for row in map(json.loads, run(node_app, "questions", "-c", node, "--json").splitlines())
    }
    assert {name: row["state"] for name, row in rows.items()} == {
        "domain:evil-c2.com": "met",
        "domain:other-c2.com": "open",
        "domain:third-c2.com": "declined",
    }
    assert {row["asked_by"] for row in rows.values()} == {"anne"}
    assert rows["domain:third-c2.com"]["rule"] == "question_budget"
    english, danish = run(node_app, "questions", "-c", node), run(node_app, "questions", "-c", node, "--language", "da")
    assert "a partner saw it" in " ".join(english.split())
    assert "budget" in " ".join(english.split())
    assert "mødt" in danish
    assert "dagens" in danish


def test_how_far_a_block_would_reach_is_asked_before_its_release(sector) -> None:
    def on(*words, code=0):
        return run(centre_app, "indicator", *words, "-c", sector, code=code)

    why = ("--why", "seen at a partner")
    (made,) = on("draft", "evil-c2[.]com", "--technique", "T1071", "--by", "anna", *why, "--json").splitlines()
    wanted = json.loads(made)["indicator"]
    on("review", wanted, "--by", "anna", *why)
    on("radius", wanted, "--by", "anna", *why, code=Exit.NOT_NOW)
    on("approve", wanted, "--by", "bo", *why)
    assert "within a minute" in on("radius", wanted, "--by", "carl", *why)
    shown = json.loads(on("show", wanted, "--json"))["radius"]
    assert (shown["members"], shown["answered"], shown["known"], shown["hosts"]) == (2, 0, False, None)
    assert "Svar: 0 af 2. Intet vises" in on("show", wanted, "--language", "da")
    on("radius", wanted, "--by", "carl", *why, code=Exit.NOT_NOW)
    assert run(centre_app, "questions", "-c", sector, "--json") == ""
