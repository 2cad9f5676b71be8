"""Cases end to end with real doors: each actor sees its own part, answers, and hears what the case came to."""

import io
import json
import re
import zipfile

import pytest
from sqlalchemy import delete

from bavn.actor.door.conversations.case_book import ATTACH
from bavn.actor.door.sector_verdicts import SECTOR_LEFT_SQL
from bavn.centre.cases.case import notices
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.nis2.clocks import Nis2Book
from bavn.centre.share.post import GATE
from bavn.centre.share.tables import DELIVERY, writing
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, CaseState
from bavn.model.sector.nis2 import Nis2Act
from bavn.model.sector.work import TaskState
from bavn.wire.codec import encode
from bavn.wire.messages.catalogue import IndicatorReleased, Observation
from bavn.wire.partners.stix_indicator import indicator_of
from tests import people_say

SIX = {"clinic": "clinic", "east": "east", "north": "north", "south": "south", "vendor": "vendor", "west": "west"}


def a_zip():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("rows.csv", "ts,src\n")
    return made.getvalue()


@pytest.fixture
def world(make_sector, suspicion):
    """Six actors, of which ``holders`` report the same thing and make a case."""

    def make(holders=("east", "north", "south"), **more):
        made = make_sector(SIX)
        for name in holders:
            made.nodes[name].suspicions = [suspicion(**more.get(name, {}))]
        made.run()
        (case,) = made.desk.cases.every()
        return made, case.id

    return make


def part_of(sector, name, case_id):
    kept = sector.nodes[name].door.cases.book.get(case_id)
    return None if kept is None else kept.part


def bodies(sector, name):
    """What the centre told an actor of cases, byte for byte, in order."""
    lines = sector.centre._share.post.ledger.lines(gate=GATE, verdict="passed", limit=10_000)
    return [line.summary for line in lines if line.peer == name and line.kind in ("CasePart", "VerdictGiven")]


def leave(sector, name, case_id, task_id, act, words="", content=None, sha256=""):
    node = sector.nodes[name]
    return people_say.in_case(
        node.door.cases, case_id, task_id, act, words, "soc", node.clock.now_us(), content=content, sha256=sha256
    )


def talk(sector):
    for node in sector.nodes.values():
        node.door.cases.tell()
    sector.run()


def worked(sector, case_id):
    """People at the centre work a case in every way that an actor hears of."""
    desk = sector.desk
    desk.cases.act(case_id, CaseAct.TAKE, account("anna"))
    desk.files.mark(
        case_id, account("anna"), Marking(rsit="malicious-code/c2-server", techniques=("T1071.001", "T1573"))
    )
    actors = sorted(desk.work.involved.actors(case_id))
    desk.work.ask(case_id, actors, "task", "Isolate the machine", account("anna"))
    desk.work.ask(case_id, ["east"], "question", "Is it a supplier's?", account("anna"))
    desk.work.say(case_id, account("anna"), "We think it began at a supplier")
    desk.work.say(case_id, account("anna"), "Thank you", "east")
    sector.run()
    for name in actors:
        for task in part_of(sector, name, case_id)["tasks"]:
            leave(sector, name, case_id, task["task_id"], "acknowledge", "on it")
    leave(sector, "east", case_id, None, "words", "It is ours")
    talk(sector)
    Nis2Book(sector.engine, sector.clock, desk_zone()).note(
        case_id, "east", Nis2Act.AWARE, sector.clock.now_us() - HOUR_US, account("anna")
    )
    sector.run()
    desk.cases.act(case_id, CaseAct.CONFIRM, account("anna"), "three of them")
    sector.run()


def desk_zone():
    from zoneinfo import ZoneInfo

    return ZoneInfo("Europe/Copenhagen")


@pytest.mark.slow
def test_each_actor_in_a_case_sees_its_own_part_and_nobody_else_does(world, bad):
    sector, case_id = world()
    assert [part_of(sector, name, case_id) for name in SIX] == [None] * 6  # nobody has taken it yet
    worked(sector, case_id)
    for name in ("east", "north", "south"):
        part = part_of(sector, name, case_id)
        assert (part["state"], part["rsit"], part["techniques"]) == (
            "confirmed",
            "malicious-code/c2-server",
            ["T1071.001", "T1573"],
        )
        assert {(one["type"], one["value"]) for one in part["own"]} == {(o.type.value, o.value) for o in bad}
        assert {task["state"] for task in part["tasks"]} == {"acknowledged"}
    assert [part_of(sector, name, case_id) for name in ("clinic", "vendor", "west")] == [None] * 3
    east, north = part_of(sector, "east", case_id), part_of(sector, "north", case_id)
    assert [clock["report"] for clock in east["clocks"]] == ["early-warning", "notification", "final"]
    assert north["clocks"] == []
    assert "Thank you" in {said["text"] for said in east["words"]}
    assert {said["text"] for said in north["words"]} == {"We think it began at a supplier", "on it"}


@pytest.mark.slow
def test_a_part_and_a_verdict_say_nothing_of_who_else_is_in_the_case(world):
    """Twins: two sectors where other actors saw the same, were asked and answered the same tell this one the same."""
    said = []
    for holders, others in ((("east", "north", "south"), {}), (("clinic", "east", "vendor"), {"clinic": {"p": 0.03}})):
        sector, case_id = world(holders, **others)
        worked(sector, case_id)
        said.append(bodies(sector, "east"))
    assert len(said[0]) >= 5
    assert said[0] == said[1]
    assert not any(name in "".join(said[0]) for name in SIX)


@pytest.mark.slow
def test_what_another_actor_answers_makes_no_word_to_this_one(world):
    sector, case_id = world()
    worked(sector, case_id)
    before = bodies(sector, "east")
    leave(sector, "north", case_id, None, "words", "It is ours too")
    leave(sector, "south", case_id, part_of(sector, "south", case_id)["tasks"][0]["task_id"], "done")
    talk(sector)
    assert [said.text for said in sector.desk.work.words(case_id)][-1] == "It is ours too"
    assert bodies(sector, "east") == before


@pytest.mark.slow
def test_answers_and_evidence_come_back_once_and_stand_in_the_timeline(world):
    sector, case_id = world()
    worked(sector, case_id)
    content = a_zip()
    leave(sector, "north", case_id, None, ATTACH, "the rows", content, "0" * 64)
    for act in ("applies", "done"):
        leave(sector, "south", case_id, part_of(sector, "south", case_id)["tasks"][0]["task_id"], act, act)
    talk(sector)
    (kept,) = sector.desk.work.evidence(case_id)
    assert (kept.actor, kept.words, kept.bytes) == ("north", "the rows", len(content))
    assert sector.desk.work.content(kept.id, account("anna")) == content
    (task,) = [task for task in sector.desk.work.tasks(case_id) if task.actor == "south"]
    assert (task.state, task.answer) == (TaskState.DONE, "done")
    assert sector.nodes["north"].book.rows("SELECT content FROM door_case_said WHERE act = 'attach'") == [(None,)]
    moments = sector.desk.timeline(case_id)
    assert [one.at_us for one in moments] == sorted(one.at_us for one in moments)
    whats = {one.what for one in moments}
    (marked,) = [one.text for one in moments if one.what == "mark"]
    assert re.fullmatch(r"marked TLP:[A-Z+]+, PAP:[A-Z]+(, T[0-9.]+)*(, [a-z ]+: [a-z ]+)?(: .*)?", marked.en)
    assert whats >= {
        "lead",
        "take",
        "mark",
        "task-given",
        "question-given",
        "say",
        "words",
        "task-done",
        "evidence",
        "confirm",
        "evidence-taken-out",
        "nis2-aware",
        "involved",
    }
    assert all(one.text.en and one.text.da for one in moments)
    assert sector.desk.audit_verify() is None


@pytest.mark.slow
def test_a_verdict_reaches_all_weighs_in_their_lists_and_goes_when_the_case_is_reopened(world, bad, suspicion):
    sector, case_id = world()
    sector.desk.cases.act(case_id, CaseAct.CONFIRM, account("anna"), "three of them")
    sector.run()
    for node in sector.nodes.values():
        kept = node.door.cases.advice.verdicts.every()
        assert {(one.peer, one.judgement, one.by, one.origin) for one in kept} == {
            (observable.value, "true", "the sector", "sector") for observable in bad
        }
    sector.clock.advance(HOUR_US)
    sector.desk.cases.act(case_id, CaseAct.DISMISS, account("anna"), "it was a test")
    sector.run()
    west = sector.nodes["west"].door.cases.advice.verdicts
    assert {one.judgement for one in west.every()} == {"benign"}
    sector.desk.cases.act(case_id, CaseAct.REOPEN, account("anna"), "it was not")
    sector.run()
    assert [node.door.cases.advice.verdicts.every() for node in sector.nodes.values()] == [[]] * 6


@pytest.mark.slow
def test_what_a_part_and_a_verdict_have_no_room_for_is_counted_in_them(world, bad, monkeypatch):
    monkeypatch.setattr(notices, "OWN_MAX", 1)
    sector, case_id = world()
    sector.desk.cases.act(case_id, CaseAct.CONFIRM, account("anna"), "three of them")
    sector.run()
    for name in sector.desk.work.involved.actors(case_id):
        part = part_of(sector, name, case_id)
        assert (len(part["own"]), part["own_left"]) == (1, len(bad) - 1)
    for node in sector.nodes.values():
        assert len(node.door.cases.advice.verdicts.every()) == 1
        rows = node.door.ledger.book.rows(SECTOR_LEFT_SQL)
        assert [(case, left) for case, left, _ in rows] == [(case_id, len(bad) - 1)]
    assert len(bad) > 1


def test_a_newcomer_hears_the_verdicts_that_stand(world, suspicion):
    sector, case_id = world()
    sector.desk.cases.act(case_id, CaseAct.DISMISS, account("anna"), "a test")
    sector.run()
    sector.join("zulu", "zulu", 7)
    sector.run()
    assert {one.judgement for one in sector.nodes["zulu"].door.cases.advice.verdicts.every()} == {"benign"}


def test_two_actors_of_one_group_make_no_verdict_for_others(make_sector, suspicion):
    sector = make_sector(SIX | {"east": "one", "north": "one", "south": "one"})
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion()]
    sector.run()
    view = sector.desk.lead_book.leads()[0]
    case = sector.desk.open_case(view.lead.id, account("anna"))
    sector.desk.cases.act(case.id, CaseAct.CONFIRM, account("anna"), "sure")
    sector.run()
    assert all(node.door.cases.advice.verdicts.every() == [] for node in sector.nodes.values())
    assert part_of(sector, "east", case.id)["state"] == "confirmed"


@pytest.mark.slow
def test_tlp_red_goes_to_named_actors_alone(world):
    sector, case_id = world()
    desk = sector.desk
    desk.files.mark(case_id, account("anna"), Marking(tlp=Tlp.RED))
    desk.cases.act(case_id, CaseAct.CONFIRM, account("anna"), "sure")
    desk.cases.act(case_id, CaseAct.RELEASE, account("bo"), "block")
    sector.run()
    assert [part_of(sector, name, case_id) for name in SIX] == [None] * 6
    assert all(not any(isinstance(m, IndicatorReleased) for m in node.told) for node in sector.nodes.values())
    assert desk.cases.case(case_id).state is CaseState.CONFIRMED
    assert all(node.door.cases.advice.verdicts.every() == [] for node in sector.nodes.values())
    desk.work.involved.add(case_id, "west", account("anna"), "its people may know")
    sector.run()
    assert part_of(sector, "west", case_id)["tlp"] == "TLP:RED"
    assert part_of(sector, "east", case_id) is None
    desk.files.mark(case_id, account("anna"), Marking(tlp=Tlp.AMBER))
    sector.run()
    assert part_of(sector, "east", case_id)["tlp"] == "TLP:AMBER"
    assert all(node.door.cases.advice.verdicts.every() for node in sector.nodes.values())


def test_indicators_leave_under_no_laxer_marking_than_their_case(world):
    sector, case_id = world()
    sector.desk.files.mark(case_id, account("anna"), Marking(tlp=Tlp.AMBER_STRICT, pap=Pap.AMBER))
    sector.desk.cases.act(case_id, CaseAct.CONFIRM, account("anna"), "sure")
    sector.desk.cases.act(case_id, CaseAct.RELEASE, account("anna"), "watch")
    sector.run()
    made = [indicator_of(m.bundle) for m in sector.nodes["west"].told if isinstance(m, IndicatorReleased)]
    assert {(one.tlp, one.pap) for one in made} == {(Tlp.AMBER_STRICT, Pap.AMBER)}


@pytest.mark.slow
@pytest.mark.parametrize("text", ["north saw it too", "Ask NORTH.", "the vendor/north incident", "north"])
def test_a_text_that_names_another_actor_goes_to_nobody_it_would_tell(world, text):
    sector, case_id = world()
    sector.desk.cases.act(case_id, CaseAct.TAKE, account("anna"))
    sector.desk.work.ask(case_id, ["east", "north"], "task", text, account("anna"))
    sector.run()
    assert part_of(sector, "east", case_id) is None
    told = sector.desk.part_states(case_id)
    assert told["east"][1:] == ("refused", "nobody_named")
    assert any(line.act == "not-told" for line in sector.desk.cases.audit_lines(case_id))
    lines = len(sector.centre._share.post.ledger.lines(gate=GATE, verdict="refused", limit=10_000))
    sector.run()
    assert len(sector.centre._share.post.ledger.lines(gate=GATE, verdict="refused", limit=10_000)) == lines


@pytest.mark.slow
def test_a_merged_case_says_so_and_its_answers_go_on(make_sector, suspicion):
    sector = make_sector(SIX)
    other = suspicion(observables=(Observable.of("domain", "second-evil.net"),), peer="second-evil.net", id="1" * 32)
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion()]
    for name in ("clinic", "vendor", "west"):
        sector.nodes[name].suspicions = [other]
    sector.run()
    first, second = sorted(case.id for case in sector.desk.cases.every())
    for case_id in (first, second):
        sector.desk.cases.act(case_id, CaseAct.TAKE, account("anna"))
    sector.run()
    before = {name: part_of(sector, name, first) for name in SIX}
    sector.desk.files.merge(first, second, account("anna"), "one campaign")
    sector.run()
    for name, part in before.items():
        if part is None:
            assert part_of(sector, name, second)["own"] == [{"type": "domain", "value": "second-evil.net"}]
            continue
        assert part_of(sector, name, first)["merged_into"] == second
        assert part_of(sector, name, second)["own"] == part["own"]


def test_restarting_after_every_step_tells_everything_once(make_sector, suspicion):
    sector = make_sector(SIX)
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion()]
    sector.run(restart_each=True)
    (case,) = sector.desk.cases.every()
    sector.desk.cases.act(case.id, CaseAct.CONFIRM, account("anna"), "sure")
    sector.desk.work.ask(case.id, ["east"], "task", "Look", account("anna"))
    sector.run(restart_each=True)
    said = [json.loads(body) for body in bodies(sector, "east")]
    assert [(one["case_id"], one["version"], "judged" in one) for one in said] == [
        (case.id, 1, False),
        (case.id, 1, True),
    ]


@pytest.mark.slow
def test_what_is_said_twice_or_to_nobody_is_refused_and_the_same_words_twice_are_two(world):
    sector, case_id = world()
    worked(sector, case_id)
    node = sector.nodes["west"]
    node.door.cases.book.keep(_foreign(sector, case_id), node.clock.now_us())
    leave(sector, "west", case_id, None, "words", "let me in")
    talk(sector)
    refused = list(sector.centre._inbox.ledger.lines(verdict="refused", limit=100))
    assert [(line.peer, line.kind, line.rule) for line in refused if line.kind == "CaseAnswered"] == [
        ("west", "CaseAnswered", "unknown_case")
    ]
    sector, case_id = world()
    worked(sector, case_id)
    for _ in range(2):
        leave(sector, "east", case_id, None, "words", "again")
    talk(sector)
    assert [said.text for said in sector.desk.work.words(case_id)].count("again") == 2


def _foreign(sector, case_id):
    from bavn.wire.messages.catalogue import CasePart

    body = json.loads(bodies(sector, "east")[-2])
    return CasePart.model_validate(
        {**body, "own": (), "tasks": (), "words": (), "clocks": (), "techniques": ()}, strict=False
    )


@pytest.mark.slow
def test_who_meets_an_indicator_is_in_its_case_from_then_on_and_counts_for_no_evidence(world):
    sector, case_id = world()
    desk = sector.desk
    desk.cases.act(case_id, CaseAct.TAKE, account("anna"))
    desk.work.say(case_id, account("anna"), "For the three of you")
    desk.cases.act(case_id, CaseAct.CONFIRM, account("anna"), "three of them")
    desk.cases.act(case_id, CaseAct.RELEASE, account("bo"), "block it")
    sector.run()
    desk.files.mark(case_id, account("anna"), Marking(tlp=Tlp.AMBER))
    life = desk.indicator_book.of_case(case_id)[0]
    hour = sector.clock.now_us() // HOUR_US
    report = desk.cases.case(case_id).clocks.first_sighting_us

    def met(name, bucket, first):
        said = Observation(
            indicator_id=life.id, kind="retro", count_bucket=bucket, first_hour=first, last_hour=first and hour
        )
        sector.nodes[name].door.outbox.put("centre", encode(said), "S2")
        sector.run()

    sector.clock.advance(HOUR_US)
    met("west", 0, None)  # it looked, and there was nothing
    assert "west" not in desk.work.involved.actors(case_id)
    with writing(sector.engine) as connection:  # one that was never given it makes the id up from the name
        connection.execute(delete(DELIVERY).where(DELIVERY.c.actor == "vendor"))
    met("vendor", 2, hour - 60)
    assert "vendor" not in desk.work.involved.actors(case_id)
    assert part_of(sector, "vendor", case_id) is None
    before = desk.cases.case(case_id).facts.actors
    for _ in range(2):
        met("clinic", 2, hour - 70)
    assert desk.work.involved.actors(case_id)["clinic"] is False
    desk.work.say(case_id, account("anna"), "Now for all four")
    sector.run()
    part = part_of(sector, "clinic", case_id)
    assert [said["text"] for said in part["words"]] == ["Now for all four"]
    assert {(one["type"], one["value"]) for one in part["own"]} == {(life.observable.type.value, life.observable.value)}
    assert {said["text"] for said in part_of(sector, "east", case_id)["words"]} == {
        "For the three of you",
        "Now for all four",
    }
    assert desk.cases.case(case_id).facts.actors == before
    came = [moment.text.en for moment in desk.timeline(case_id) if moment.text.en.startswith("met: ")]
    assert came == [f"met: {life.observable} (clinic)"]
    steps = dict(desk.times.clock(life.id).steps)
    assert steps["first_sighting"] == (hour - 70) * HOUR_US < report
