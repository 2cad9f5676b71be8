"""Exercises from the command line at the centre and at a node, in both languages, and the after-action report."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.app.centre.parts import open_registry
from bavn.app.cli.centre.main import app as centre_app
from bavn.app.cli.node.main import app as node_app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit
from bavn.app.process.real import SystemClock
from bavn.app.reports.exercise_report import measures, report
from bavn.app.reports.page import DocumentStatus, page
from bavn.centre.cases.exercises.exercises import AtActor, Exercise, Exercises, Stood
from bavn.model.moment import HOUR_US
from bavn.model.received import ExerciseStatement
from bavn.model.sector.exercise import ActorStep, Campaign, ExerciseState, Plan, Role, element_of
from bavn.model.text import Text
from bavn.wire.book import Book

from .test_cli_casework import run

ANNA, BO = ("--by", "Anna Berg"), ("--by", "Bo Dam")
PLAN = (
    "plan",
    "--title-en",
    "Autumn",
    "--title-da",
    "Efterår",
    "--objective",
    "Answer in time.|Svar i tide.",
    "--actor",
    "north",
    "--actor",
    "south:dns-tunnel:5",
    *ANNA,
)


@pytest.fixture
def centre(tmp_path):
    """A centre with two members."""
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "test"\n')
    run(centre_app, "init", "-c", file)
    registry = open_registry(read_centre(file))
    for name in ("north", "south"):
        registry.add(name, name)
        with registry.engine.begin() as tx:
            registry.activate(tx, name, Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex())
    registry.engine.dispose()

    def call(*words, code=0):
        return run(centre_app, "exercise", *words, "-c", file, code=code)

    call.file, call.folder = file, tmp_path
    return call


def played(centre, made, *, names=("north", "south")):
    """As the running centre would hear it."""
    registry = open_registry(read_centre(centre.file))
    exercises = Exercises(registry.engine, SystemClock())
    for one in exercises.owed(list(names)):
        exercises.done(one, "", None)
    now_us = SystemClock().now_us()
    for name in names:
        for serial, step in enumerate(
            (ActorStep.ALLOWED, ActorStep.INJECTED, ActorStep.SUSPECTED, ActorStep.LET_OUT), 1
        ):
            exercises.take_in(
                ExerciseStatement(
                    item_id="",
                    actor=name,
                    exercise_id=made,
                    serial=serial,
                    step=step,
                    second=serial * 10,
                    detector="beacon" if step is ActorStep.SUSPECTED else None,
                    p_bucket=9 if step is ActorStep.SUSPECTED else None,
                    received_us=now_us,
                )
            )
    exercises.step()
    registry.engine.dispose()


def test_from_plan_to_report(centre) -> None:
    made = centre(*PLAN).split()[1].rstrip(":")
    centre("confirm", made, *ANNA, code=Exit.NOT_NOW)
    assert "EXERCISE" in centre("start", made, *ANNA)
    played(centre, made)
    centre("confirm", made, *ANNA)
    centre("release", made, *ANNA, code=Exit.NOT_NOW)
    centre("release", made, *BO)
    centre("end", made, "--why", "all was played", *BO)
    shown = centre("show", made, "--language", "da")
    assert "ØVELSE" in shown
    assert "mistænkt af en detektor" in shown
    assert json.loads(centre("list", "--json"))["state"] == "ended"
    html, file = centre.folder / "r.html", centre.folder / "r.json"
    centre("report", made, "--html", html, "--json-file", file, "--judged", "1:partly", "--language", "da", *ANNA)
    assert "ØVELSE" in html.read_text()
    assert "delvist nået" in html.read_text()
    said = json.loads(file.read_text())
    assert said["objectives"][0]["judged"] == "partly"
    assert said["measures_s"]["injection_to_suspicion"] == 10
    assert [len(one["steps"]) for one in said["actors"]] == [4, 4]
    assert "nobody said that they saw" in centre("report", made)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--actor", "nobody"), Exit.NOT_FOUND),
        (("--actor", "north:ddos"), Exit.USAGE),
        (("--actor", "south:beacon:999999"), Exit.USAGE),
        (("--objective", "only one language"), Exit.USAGE),
        (("--actor", "north"), Exit.USAGE),
    ],
)
def test_a_wrong_plan_is_one_line_and_an_exit_code(centre, words, code) -> None:
    centre(*PLAN, *words, code=code)
    assert "nothing yet" in centre("list")


def test_unknown_ones_and_wrong_judgements(centre) -> None:
    centre("show", "exercise-" + "0" * 16, code=Exit.NOT_FOUND)
    made = centre(*PLAN).split()[1].rstrip(":")
    centre("report", made, "--judged", "2:met", code=Exit.USAGE)
    centre("stop", made, "--why", " ", *ANNA, code=Exit.USAGE)
    assert "stopped" in centre("stop", made, "--why", "not now", *ANNA)


@pytest.fixture
def node(tmp_path):
    """A node that has run."""
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    (tmp_path / "data").mkdir()
    Book(tmp_path / "data/node.db").close()
    return file


def test_a_node_allows_declines_and_sees(node) -> None:
    one = "exercise-" + "a" * 16
    assert "no exercise" in run(node_app, "exercise", "list", "--config", node)
    now_us = SystemClock().now_us()
    said = {
        "title_en": "Autumn",
        "title_da": "Efterår",
        "objectives": [{"en": "Answer.", "da": "Svar."}],
        "campaign": "beacon",
        "element": element_of(one).value,
        "after_minutes": 0,
        "begins_us": now_us,
        "ends_us": now_us + HOUR_US,
    }
    from bavn.app.node.case_parts import opened_cases

    with opened_cases(node):
        pass
    with Book(node.parent / "data/node.db") as book, book.transaction() as tx:
        tx.execute("INSERT INTO door_exercise VALUES (?, 1, 'running', ?, ?, NULL)", (one, json.dumps(said), now_us))
    assert "allow or decline" in run(node_app, "exercise", "list", "--config", node)
    run(node_app, "exercise", "seen", one, "--config", node, code=Exit.NOT_NOW)
    run(node_app, "exercise", "allow", "exercise-b", "--config", node, code=Exit.NOT_FOUND)
    told = run(node_app, "exercise", "allow", one[:12], "--config", node, "--by", "anna", "--language", "da")
    assert "ØVELSE" in told
    assert "ÖVNING" in run(node_app, "exercise", "list", "--config", node, "--language", "sv")
    (row,) = [json.loads(line) for line in run(node_app, "exercise", "list", "--json", "--config", node).splitlines()]
    assert [(step["step"], step["by"], step["told"]) for step in row["steps"]] == [("allowed", "anna", False)]
    assert row["mark"] == "EXERCISE"
    assert "stopped" in run(node_app, "exercise", "quit", one, "--config", node)
    run(node_app, "exercise", "quit", one, "--config", node, code=Exit.NOT_NOW)


def test_the_report_says_what_was_missed_with_its_source() -> None:
    roles = tuple(Role(actor=name, campaign=Campaign.BEACON) for name in ("north", "south", "west"))
    plan = Plan(
        title=Text.written("A", da="B"),
        objectives=(Text.written("C", da="D"),),
        roles=roles,
        begins_us=0,
        ends_us=HOUR_US,
    )

    def stood(*steps):
        return tuple(
            Stood(step=step, second=n * 60, detector=None, p_bucket=None, received_us=0) for n, step in enumerate(steps)
        )

    steps = (
        stood(ActorStep.ALLOWED, ActorStep.INJECTED, ActorStep.MISSED, ActorStep.WAITS),
        stood(ActorStep.DECLINED),
        (),
    )
    made = Exercise(
        id="exercise-" + "0" * 16,
        state=ExerciseState.STOPPED,
        version=4,
        plan=plan,
        planned_us=0,
        started_us=1,
        lead_us=None,
        confirmed_us=None,
        released_us=5,
        over_us=9,
        over_why="x\ny",
        by={"planned": "Anna"},
        actors=tuple(
            AtActor(role=role, status="queued", rule="", told_us=1, steps=some)
            for role, some in zip(roles, steps, strict=True)
        ),
    )
    document = report(made, "test", HOUR_US)
    said = " ".join(text for text, _ in document.sourced())
    for words in (
        "north: no detector",
        "north: not blocked",
        "north: has not said",
        "south declined",
        "west gave no",
        "No lead",
    ):
        assert words in said
    assert all(sources for _, sources in document.sourced())
    assert set(measures(made).values()) == {None}
    for language in ("en", "da"):
        assert "<table" in page(document, language, DocumentStatus())
