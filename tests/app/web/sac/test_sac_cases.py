"""Cases at the console: the board, a case, every act by a named person, and what two people are for."""

import hashlib
import io
import zipfile

import pytest

from bavn.app.access.rights import Right
from bavn.app.web.sac.cases.view import RIGHT_OF
from bavn.model.principal import account
from bavn.model.sector.case import LIFE_CYCLE, CaseAct, CaseState
from tests.app.web.drawn_sector import ACTORS, CAMPAIGN, FOURTH, SECOND, THIRD
from tests.app.web.sac.drawn_console import AN_AUDITOR, ANNA_ANALYST, BO_APPROVER, copied_console, drawn_console

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with drawn_console(tmp_path_factory.mktemp("sac")) as made:
        yield made


@pytest.fixture
def fresh(console, tmp_path):
    """A copy that a test may change."""
    with copied_console(console, tmp_path) as made:
        yield made


def test_cases_are_exported_as_one_bundle_that_is_whole(console) -> None:
    objects = console.get("/cases/export.stix")["objects"]
    names = {one["id"] for one in objects}
    groups = [one for one in objects if one["type"] == "grouping"]
    assert len(groups) == console.get("/cases")["total"] == 4
    assert all(group["object_refs"] and names.issuperset(group["object_refs"]) for group in groups)


def test_the_board_has_a_column_for_each_state_of_the_life_cycle(console) -> None:
    board = console.get("/cases/board")
    assert [one["state"] for one in board["columns"]] == [state.value for state in CaseState]
    found = {one["state"]: one for one in board["columns"]}
    released = found["released"]["cards"][0]
    assert (released["id"], released["actors"], released["owed"]) == (console.of(CAMPAIGN), 5, 2)
    assert found["dismissed"]["total"] == 1
    assert sum(one["total"] for one in board["columns"]) == console.get("/cases")["total"] == 4
    assert board["owners"] == [account("Anna Berg"), account("Bo Lund")]
    assert (
        console.get("/cases/board?state=closed&state=triage&owner=Anna Berg&q=update-mir")["columns"][1]["total"] == 1
    )
    assert console.get("/cases?q=cdn-sync")["total"] == 1
    assert console.get("/cases?actor=data-agency")["total"] == 2


def test_a_case_shows_what_was_said_told_asked_and_met(console) -> None:
    case = console.get(f"/cases/{console.of(CAMPAIGN)}")
    assert case["two_people"] == {
        "behind": [account("Anna Berg"), account("Bo Lund")],
        "waits": False,
        "waiting": [],
        "you_would_be_alone": False,
    }
    assert {one["actor"]: one["status"] for one in case["actors"]} == dict.fromkeys(
        ("clinic-west", "it-supplier", "kommune-oest", "region-nord", "region-syd"),
        "queued",  # the clinic met it later
    )
    clinic = next(one for one in case["actors"] if one["actor"] == "clinic-west")
    assert (clinic["reported"], clinic["met_before"]) == (False, True), "it met it before the release and told nothing"
    assert clinic["met_us"] is not None
    nord = next(one for one in case["actors"] if one["actor"] == "region-nord")
    assert (nord["reported"], nord["met_us"]) == (True, None)
    assert (nord["heard_tasks"], nord["heard_state"]) == (1, "released")
    assert "We think it began on Monday" in nord["heard_words"]
    answers = {one["actor"]: (one["state"], one["answer"]) for one in case["tasks"]}
    assert answers["region-nord"] == ("done", "Two machines were isolated")
    (clock,) = case["nis2"]
    assert (clock["actor"], clock["touched"], clock["reports"][0]["report"]) == (
        "region-nord",
        ["surgery"],
        "early-warning",
    )
    assert {one["id"] for one in case["indicators"]}
    assert case["indicators"][0]["missing"] == ["clinic-west"]
    assert {"take", "confirm", "release", "evidence", "enforced"} <= {one["what"] for one in case["timeline"]}
    assert [one["at_us"] for one in case["timeline"]] == sorted(one["at_us"] for one in case["timeline"])


@pytest.mark.parametrize("state", list(CaseState))
def test_the_acts_offered_are_the_life_cycles_and_each_says_what_it_will_do(console, state) -> None:
    from bavn.app.web.sac.cases.view import acts_of

    case = console.sector.case_of(CAMPAIGN[0])
    offered = acts_of(
        type(case)(**{name: getattr(case, name) for name in case.__slots__} | {"state": state}), ANNA_ANALYST
    )
    assert {one.act: one.leads_to for one in offered} == {
        act: there for (here, act), there in LIFE_CYCLE.items() if here is state
    }
    assert all(one.will.en and one.will.da != one.will.en for one in offered)
    assert all(one.may is (RIGHT_OF[one.act] is Right.TRIAGE) for one in offered)
    assert RIGHT_OF[CaseAct.RELEASE] is Right.APPROVE


def test_a_case_is_worked_from_new_to_released_and_one_person_alone_waits_for_a_second(console) -> None:
    case_id = console.of(FOURTH)
    before = console.get(f"/cases/{case_id}")
    taken = console.post(f"/cases/{case_id}/acts", {"act": "take", "seen": before["standing"]})
    late = console.post(
        f"/cases/{case_id}/acts", {"act": "confirm", "why": "x", "seen": before["standing"]}, status=409
    )
    assert (late["type"], late["act"]) == ("changed-meanwhile", "you")
    console.post(f"/cases/{case_id}/acts", {"act": "close", "why": "x"}, status=409)
    console.post(f"/cases/{case_id}/acts", {"act": "confirm", "why": ""}, status=422)
    console.post(f"/cases/{case_id}/acts", {"act": "release", "why": "x"}, status=422, by=BO_APPROVER)
    console.post(f"/cases/{case_id}/acts", {"act": "confirm", "why": "two", "seen": taken["standing"]}, by=BO_APPROVER)
    look = console.get(f"/cases/{case_id}/release", by=BO_APPROVER)
    assert (look["behind"], look["recipients"]) == ([account("Bo Lund")], len(ACTORS))
    assert [one["how"] for one in look["would"]] == ["block"]
    assert look["waits_for_second"] is True
    assert console.get(f"/cases/{case_id}/release")["waits_for_second"] is False
    console.post(f"/cases/{case_id}/release", {"why": "go"}, status=403)
    done = console.post(f"/cases/{case_id}/release", {"why": "go", "days": 7}, by=BO_APPROVER)
    assert "second person" in done["said"]["en"]
    console.sector.now()
    shown = console.get(f"/cases/{case_id}")
    assert shown["two_people"]["waits"] is True
    assert len(shown["two_people"]["waiting"]) == 1
    assert shown["indicators"][0]["state"] == "review"
    console.post(f"/cases/{case_id}/acts", {"act": "withdraw", "why": "not yet"}, by=BO_APPROVER)
    assert console.get(f"/cases/{case_id}")["state"] == "confirmed"


def test_tasks_words_marking_owner_and_actors_are_by_the_person_who_asks(fresh) -> None:
    case_id = fresh.of(SECOND)
    made = fresh.post(f"/cases/{case_id}/tasks", {"kind": "task", "text": "Look at the proxy", "done_hours": 8})
    assert {one["actor"] for one in made} == {"kommune-oest", "kommune-vest"}
    assert made[0]["dues"][2]["due_us"] - made[0]["given_us"] == 8 * 3_600_000_000
    fresh.post(f"/cases/{case_id}/tasks", {"actors": ["nobody"], "text": "x"}, status=404)
    gone = fresh.post(f"/cases/{case_id}/tasks/{made[0]['id']}", {"act": "cancel", "why": "twice"})
    assert (gone["state"], gone["acts"]) == ("cancelled", ["reopen"])
    fresh.post(f"/cases/{fresh.of(CAMPAIGN)}/tasks/{made[0]['id']}", {"act": "reopen", "why": "x"}, status=404)
    fresh.post(f"/cases/{case_id}/words", {"text": "Thank you", "to": "kommune-oest"})
    fresh.post(f"/cases/{case_id}/words", {"text": "x", "to": "data-agency"}, status=422)
    fresh.post(f"/cases/{case_id}/actors", {"actor": "data-agency", "why": "they run the mail"})
    fresh.post(f"/cases/{case_id}/comments", {"text": "a note"})
    marked = {"tlp": "TLP:AMBER+STRICT", "pap": "AMBER", "rsit": "malicious-code/c2-server", "techniques": ["T1105"]}
    fresh.post(f"/cases/{case_id}/marking", marked, method="PUT")
    fresh.post(f"/cases/{case_id}/marking", marked | {"rsit": "no/such"}, method="PUT", status=422)
    fresh.post(f"/cases/{case_id}/owner", {"to": account("Bo Lund"), "why": "shift ends"}, method="PUT")
    shown = fresh.get(f"/cases/{case_id}")
    assert (shown["owner"], shown["marking"]["pap"], shown["marking"]["rsit_said"]["da"]) == (
        account("Bo Lund"),
        "AMBER",
        "skadelig kode: styreserver",
    )
    assert shown["words"][-1]["who"] == account("Anna Berg")
    assert {one["actor"]: one["by_hand"] for one in shown["actors"]}["data-agency"] is True
    whos = {
        line.who for line in fresh.house.desk.cases.audit_lines(case_id) if line.act in ("mark", "hand-over", "say")
    }
    assert whos == {account("Anna Berg")}


def test_nis2_is_noted_corrected_with_a_reason_and_drafted_in_both_languages(fresh) -> None:
    case_id = fresh.of(SECOND)
    now_us = fresh.house.clock.now_us()
    made = fresh.post(f"/cases/{case_id}/nis2/kommune-oest", {"act": "aware", "at_us": now_us - 3_600_000_000})
    assert made["running"] is True
    again = fresh.post(f"/cases/{case_id}/nis2/kommune-oest", {"act": "aware"}, status=409)
    assert again["title"]["da"].startswith("Bekendt med")
    fresh.post(f"/cases/{case_id}/nis2/kommune-oest", {"act": "aware", "correct": True}, status=422)
    later = {"act": "aware", "at_us": now_us - 60_000_000, "correct": True, "why": "looked again", "cross_border": "no"}
    assert fresh.post(f"/cases/{case_id}/nis2/kommune-oest", later)["cross_border"] == "no"
    draft = fresh.get(f"/cases/{case_id}/nis2/kommune-oest/drafts/early-warning")
    assert draft["text"]["en"].startswith("# Draft: early warning")
    assert draft["text"]["da"].startswith("# Udkast: tidlig varsling")
    assert "kommune-vest" not in draft["text"]["en"]
    fresh.get(f"/cases/{case_id}/nis2/kommune-oest/drafts/aware", status=422)


def test_evidence_comes_out_as_it_went_in_and_that_is_a_line(fresh) -> None:
    case_id = fresh.of(CAMPAIGN)
    (kept,) = fresh.get(f"/cases/{case_id}")["evidence"]
    answer = fresh(f"/cases/{case_id}/evidence/{kept['id']}")
    assert hashlib.sha256(answer.content).hexdigest() == kept["sha256"]
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["rows.csv"]
    assert fresh.house.desk.cases.audit_lines(case_id)[-1].act == "evidence-taken-out"
    fresh.get(f"/cases/{fresh.of(SECOND)}/evidence/{kept['id']}", status=404)
    fresh.get(f"/cases/{case_id}/evidence/{kept['id']}", status=403, by=AN_AUDITOR)


def test_cases_are_split_and_merged(fresh) -> None:
    case_id = fresh.of(SECOND)
    whole = fresh.get(f"/cases/{case_id}")["elements"]
    named = [one["element"] for one in whole]
    refused = fresh.post(f"/cases/{case_id}/split", {"observables": named, "why": "x"}, status=422)
    assert refused["title"]["da"].startswith("En deling nævner")
    other = fresh.of(THIRD)
    fresh.post(f"/cases/{other}/acts", {"act": "reopen", "why": "seen again"})
    fresh.post(f"/cases/{other}/merge", {"into": case_id, "why": "the same loader"})
    shown = fresh.get(f"/cases/{case_id}")
    assert (shown["merged_from"], len(shown["elements"])) == ([other], 2)
    done = fresh.post(f"/cases/{case_id}/split", {"observables": named, "why": "after all not"})
    assert [one["element"] for one in fresh.get(f"/cases/{done['case_id']}")["elements"]] == named
    assert fresh.get(f"/cases/{other}")["merged_into"] == case_id


def test_the_overview_shows_who_is_silent_and_what_nobody_knows(console) -> None:
    seen = console.get("/overview")
    tiles = {one["name"]: one for one in seen["actors"]}
    assert {name: tiles[name]["standing"] for name in tiles} == {
        "region-nord": "good",
        "region-syd": "watch",
        "kommune-oest": "good",
        "kommune-vest": "bad",
        "it-supplier": "good",
        "data-agency": "good",
        "clinic-west": "bad",
        "clinic-east": "absent",
    }
    assert [one["code"] for one in tiles["clinic-west"]["blind"]] == ["silent"]
    assert [one["code"] for one in tiles["kommune-vest"]["blind"]] == ["sensor-down"]
    assert tiles["region-nord"]["functions"][0] == {"en": "laboratory", "da": "laboratorium"}
    assert {one["code"] for one in seen["missing"]} == {"regions"}
    assert any(one["overdue"] for one in seen["deadlines"])
    assert [one["report"]["da"] for one in seen["deadlines"] if one["what"] == "nis2"] == ["tidlig varsling"]
    assert seen["now"]["kill_switch"] is False
    (nis2,) = [one for one in seen["deadlines"] if one["what"] == "nis2"]
    note = [one["en"] for one in seen["handover"]]
    begins = f"{nis2['actor']} has noted no early warning of NIS2 in {nis2['case_id']}: "
    (line,) = [one for one in note if one.startswith(begins)]
    assert ("it was due" in line) is nis2["overdue"]
    late = sum("it was due" in one for one in note)
    assert late == sum(one["overdue"] for one in seen["deadlines"]), note
    (unknown,) = [one for one in note if one.startswith(f"{nis2['case_id']}: not known here")]
    assert nis2["actor"] not in unknown, "its clock is known: it was noted"
    assert "region-nord" in unknown or "region-syd" in unknown


def test_leads_are_found_by_the_actor_that_reports_them(console) -> None:
    found = console.get("/leads?actor=data-agency")["items"]
    assert found
    assert all("data-agency" in one["actors"] for one in found)
    assert console.get("/leads")["total"] > len(found)


def test_a_case_is_one_room_of_people_notes_answers_decisions_and_the_next_clock(fresh) -> None:
    case_id = fresh.of(SECOND)
    at = f"/cases/{case_id}"
    assert [(one["name"], one["owner"]) for one in fresh.get(at)["room"]["people"]] == [(account("Anna Berg"), True)]
    fresh.post(f"{at}/acts", {"act": "confirm", "why": "two saw it"})
    fresh.post(f"{at}/people", {"on": True}, method="PUT", by=BO_APPROVER)
    fresh.post(f"{at}/notes", {"text": "call them at eight"}, by=BO_APPROVER)
    fresh.post(f"{at}/notes", {"text": "x\u202ex"}, status=422)
    fresh.post(f"{at}/people", {"on": False}, method="PUT", status=409)
    fresh.post(f"{at}/release", {"why": "stop it"}, by=BO_APPROVER)
    task, *_ = fresh.post(f"{at}/tasks", {"kind": "question", "text": "Whose machine?"})
    fresh.post(f"{at}/nis2/{task['actor']}", {"act": "aware"})
    room = fresh.get(at)["room"]
    assert [(one["name"], one["owner"]) for one in room["people"]] == [
        (account("Anna Berg"), True),
        (account("Bo Lund"), False),
    ]
    assert (room["on_it"], room["yours"], room["open"]) == (True, True, True)
    assert fresh.get(at, by=BO_APPROVER)["room"]["yours"] is False
    assert (room["notes"][0]["who"], room["notes"][0]["text"]) == (account("Bo Lund"), "call them at eight")
    assert task["id"] in room["waiting"]
    assert (room["next_due"]["actor"], room["next_due"]["report"]) == (task["actor"], "early-warning")
    first, second = room["decisions"]
    assert (first["who"], first["beside"], first["why"]) == (account("Bo Lund"), [account("Anna Berg")], "stop it")
    assert (second["who"], second["beside"], second["what"]["da"]) == (account("Anna Berg"), [], "Bekræftet som angreb")
    fresh.post(f"{at}/people", {"on": False}, method="PUT", by=BO_APPROVER)
    assert [one["name"] for one in fresh.get(at)["room"]["people"]] == [account("Anna Berg")]
