"""The console's exercises: previewed, planned, played and reported through the room, open to whom each act is for."""

import io
import json

import pytest

from bavn.app.access.rights import Role
from bavn.app.acts.act import ActRefused, refusing
from bavn.app.acts.centre.exercises import REFUSES
from bavn.app.web.problems import answer
from bavn.centre.cases.exercises.exercises import Exercises
from bavn.model.sector.exercise import CYCLE, ExerciseAct, ExerciseState, after
from tests.app.web import drawn_plans
from tests.app.web.drawn_sector import ANNA, BO
from tests.app.web.sac.test_refusals import ROOT, raised

BODY = {
    "title_en": "Winter",
    "title_da": "Vinter",
    "hours": 2,
    "actors_min": 2,
    "objectives": [{"en": "A person looks.", "da": "Et menneske ser på det."}],
    "roles": [{"actor": "region-nord"}, {"actor": "region-syd", "campaign": "dns-tunnel", "after_minutes": 1}],
}
WHY = {"why": "a real case"}
NONE = "exercise-0000000000000000"
slow = pytest.mark.slow


ROOMS = (
    *("centre/cases/exercises/exercises", "model/sector/exercise"),
    *("app/reports/exercise_plan", "app/reports/exercise_report"),
)
KINDS = {"BadExercise", "NoSuchStep", "NotAllowed", "UnknownExercise", "NoSuchActor", "ValueError"}


def test_every_refusal_of_an_exercise_is_a_message_and_its_facts() -> None:
    assert [one for room in ROOMS for one in raised(ROOT / f"{room}.py", KINDS)[1]] == []


@pytest.mark.parametrize("state", list(ExerciseState))
def test_no_state_of_an_exercise_stays_english_in_a_danish_refusal(state) -> None:
    for act in ExerciseAct:
        if (state, act) not in CYCLE:
            with pytest.raises(ActRefused) as refused, refusing(*REFUSES):
                after(state, act)
            assert refused.value.status == 409
            words = set(answer(refused.value).da.lower().replace(",", " ").replace(";", " ").split())
            assert not words & {"planned", "running", "confirmed", "released", "ended", "stopped", "start", "nothing"}


@slow
def test_a_plan_is_seen_in_words_and_then_kept_and_stopped(sac) -> None:
    before = sac.body("/exercises")["items"]
    seen = sac.body("/exercises/preview", "POST", json=BODY)
    will = " ".join(one["en"] for one in seen["will"])
    assert "region-syd: a tunnel in DNS questions, 1 minute after the beginning." in will
    assert "When 2 of 2 have let it out" in will
    assert "Nothing is blocked" in seen["never"][0]["en"]
    assert "Intet spærres" in seen["never"][0]["da"]
    few = sac.body("/exercises/preview", "POST", json=BODY | {"actors_min": 3})
    assert "There can be no lead" in few["will"][-1]["en"]
    assert sac.body("/exercises")["items"] == before
    made = sac.body("/exercises", "POST", 201, json=BODY)
    one = made["row"]["id"]
    assert (made["row"]["state"], made["row"]["may"], made["row"]["mark"]) == ("planned", ["start", "stop"], "EXERCISE")
    assert made["element"] == f"bavn-{one}.example"
    assert made["preview"]["never"] == seen["never"]
    assert [each["missing"] for each in made["actors"]] == [[], []]
    started = sac.body(f"/exercises/{one}/start", "POST")
    assert started["row"]["may"] == ["end", "stop"]
    assert started["actors"][0]["missing"][0]["en"] == "region-nord has not been told yet."
    early = sac(f"/exercises/{one}/confirm", "POST")
    assert (early.status_code, early.json()["type"]) == (409, "not-now")
    assert early.json()["title"]["da"].startswith("Færre end 2 aktører")
    over = sac.body(f"/exercises/{one}/over/stop", "POST", json=WHY)
    assert (over["row"]["state"], over["row"]["may"], over["over_why"]) == ("stopped", [], "a real case")
    assert sac(f"/exercises/{one}/start", "POST").status_code == 409


@slow
def test_what_cannot_be_is_one_refusal_with_its_reason(sac) -> None:
    for wrong in (
        {"roles": [{"actor": "nobody-x"}]},
        {"roles": [{"actor": "region-nord"}] * 2},
        {"title_en": " "},
        {"roles": [{"actor": "region-nord", "after_minutes": 500}]},
        {"title_en": "a\u202eb"},
        {"begins_us": 1},
    ):
        answer = sac("/exercises", "POST", json=BODY | wrong)
        assert answer.status_code == 422, (wrong, answer.text)
        title = answer.json()["title"]
        assert title["da"] != title["en"]
    for wrong in (
        {"roles": [{"actor": "region-nord", "campaign": "ddos"}]},
        {"secret": 1},
        {"hours": 0},
        {"roles": []},
    ):
        assert sac("/exercises", "POST", json=BODY | wrong).status_code == 422
    for path in ("", "/actors", "/report", "/report/file"):
        assert sac(f"/exercises/{NONE}{path}").status_code == 404
    assert sac("/exercises/exercise-1").status_code == 422
    assert sac("/exercises?after=nonsense").status_code == 400


@slow
def test_a_played_one_is_followed_released_by_another_person_and_reported(sac) -> None:
    drawn_plans.exercises(sac.house)
    running, ended = (sac.body(f"/exercises?state={state}")["items"][0] for state in ("running", "ended"))
    one = running["id"]
    assert (running["actors"], running["joined"], running["suspected"], running["seen"]) == (6, 4, 3, 1)
    whole = sac.body(f"/exercises/{one}")
    assert "There is a lead" in whole["next"]["en"]
    missing = {each["actor"]: " ".join(said["en"] for said in each["missing"]) for each in whole["actors"]}
    assert missing["it-supplier"] == "it-supplier declined."
    assert missing["data-agency"] == "data-agency has not answered yet."
    assert "no detector saw it" in missing["kommune-oest"]
    assert "the policy kept it at home" in missing["clinic-west"]
    assert missing["region-nord"] == ""
    steps = next(each["steps"] for each in whole["actors"] if each["actor"] == "region-syd")
    assert [each["step"] for each in steps] == ["allowed", "injected", "suspected", "let-out"]
    assert steps[2]["detector"] == "beacon"
    sac.body(f"/exercises/{one}/confirm", "POST")
    assert "release" not in sac.body(f"/exercises/{one}")["row"]["may"]
    mine = sac(f"/exercises/{one}/release", "POST")
    assert (mine.status_code, mine.json()["type"]) == (403, "not-this-person")
    assert "release" in sac.body(f"/exercises/{one}", name=BO)["row"]["may"]
    assert sac(f"/exercises/{one}/release", "POST", name=BO, roles={Role.ANALYST}).status_code == 403
    assert sac.body(f"/exercises/{one}/release", "POST", name=BO)["row"]["state"] == "released"
    assert sac(f"/exercises/{one}/over/end", "POST", json={}).status_code == 422
    assert sac.body(f"/exercises/{one}/over/end", "POST", json=WHY)["row"]["state"] == "ended"

    old = ended["id"]
    report = sac.body(f"/exercises/{old}/report?judged=1:met&judged=2:partly")
    figures = [block["figure"] for section in report["sections"] for block in section["blocks"] if block["figure"]]
    assert [row["cells"][0]["da"] for row in figures[0]["rows"]] == ["nået", "delvist nået"]
    assert any(source["ref"] == ANNA for source in report["sources"])
    assert "region-syd: not blocked." in json.dumps(report)
    plain = sac(f"/exercises/{old}/report/file?form=json&judged=1:met")
    assert plain.headers["content-disposition"] == f'attachment; filename="bavn-{old}-report.json"'
    assert plain.json()["objectives"][0] | {"en": "", "da": ""} == {
        "number": 1,
        "en": "",
        "da": "",
        "judged": "met",
        "by": ANNA,
    }
    html = sac(f"/exercises/{old}/report/file?form=html&language=da")
    assert "ØVELSE: Sommer" in html.text
    assert sac(f"/exercises/{old}/report/file").content.startswith(b"%PDF-")
    assert sac(f"/exercises/{old}/report?judged=3:met").status_code == 422
    table = sac(f"/exercises/{old}/actors/export.csv?language=da")
    assert "ikke spærret" in table.text
    assert len(io.StringIO(table.text).readlines()) == 3


@slow
def test_who_only_reads_sees_all_of_it_and_changes_nothing(sac) -> None:
    kept = Exercises(sac.house.registry.engine, sac.house.clock)
    found = [one.id for one in kept.every()]
    paged, at = [], ""
    while at is not None:
        page = sac.body("/exercises?limit=1" + (f"&after={at}" if at else ""), roles={Role.AUDITOR})
        paged, at = paged + page["items"], page["next"]
    assert [one["id"] for one in paged] == found
    assert all(one["may"] == [] for one in paged)
    for path, body in (("", BODY), ("/preview", BODY), (f"/{NONE}/start", {}), (f"/{NONE}/over/stop", WHY)):
        assert sac(f"/exercises{path}", "POST", json=body, roles={Role.AUDITOR}).status_code == 403
