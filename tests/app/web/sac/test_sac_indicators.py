"""The console's indicators: acts that a state offers, two people, lists by the page, exports; policies; the switch."""

import csv
import io
import json

import pytest

from bavn.app.access.rights import Role
from tests.app.web.drawn_more import REVIEWED
from tests.app.web.drawn_sector import ANNA, BO, CAMPAIGN, draw
from tests.app.web.sac.conftest import asker_of

pytestmark = pytest.mark.slow
WHY = {"why": "for a reason"}


@pytest.fixture(scope="module")
def sac(tmp_path_factory):
    """Over a sector that goes on: what is released here reaches its nodes."""
    folder = tmp_path_factory.mktemp("sac")
    with draw(folder) as sector, asker_of(sector.file, folder) as asker:
        asker.sector = sector
        yield asker


def one(sac, value):
    return next(row for row in sac.body("/indicators?limit=500")["items"] if row["value"] == value)


def test_the_acts_offered_are_those_of_the_state_and_say_who_else_must(sac) -> None:
    row = one(sac, REVIEWED.value)
    assert (row["state"], row["waits"]["da"]) == ("review", "Det venter på en anden person.")
    acts = {act["act"]: act for act in row["acts"]}
    assert set(acts) == {"approve", "release", "withdraw"}
    assert (acts["approve"]["may"], acts["withdraw"]["may"]) == (False, True)
    assert acts["approve"]["why_not"]["da"].startswith("En anden skal gøre dette")
    own = sac.body("/indicators/" + row["id"], name=BO)["row"]["acts"]
    assert {act["act"]: act["may"] for act in own} == {"approve": True, "release": True, "withdraw": True}
    read_only = sac.body("/indicators/" + row["id"], name=BO, roles={Role.AUDITOR})["row"]["acts"]
    assert [act["may"] for act in read_only] == [False, False, False]


def test_two_people_release_and_a_stale_look_is_a_conflict(sac) -> None:
    made = sac.body(
        "/indicators",
        "POST",
        201,
        json={
            "observables": ["two-people-here[.]com"],
            "technique": "T1071.001",
            "days": 10,
            **WHY,
        },
    )["items"][0]
    path = "/indicators/" + made["id"]
    seen = sac.body(f"{path}/acts", "POST", json={"act": "review", "rev": made["rev"], **WHY})["row"]
    stale = sac(f"{path}/acts", "POST", json={"act": "withdraw", "rev": made["rev"], **WHY})
    assert (stale.status_code, stale.json()["type"]) == (409, "changed-meanwhile")
    early = sac(f"{path}/radius", "POST", json=WHY)
    assert (early.status_code, early.json()["type"]) == (409, "not-now")
    refused = sac(f"{path}/approvals", "POST", json={"act": "release", **WHY})
    assert (refused.status_code, refused.json()["act"]) == (403, "colleague")
    assert "godkende eller frigive" in refused.json()["title"]["da"]
    sac.body(f"{path}/approvals", "POST", name=BO, json={"act": "approve", "rev": seen["rev"], **WHY})
    assert (sac.body(path)["may_ask_radius"], sac.body(path)["radius"]) == (True, None)
    reach = sac.body(f"{path}/radius", "POST", json=WHY)
    assert (reach["may_ask_radius"], reach["radius"]["answered"], reach["radius"]["known"]) == (False, 0, False)
    assert reach["radius"]["says"]["da"].startswith("Svar: 0 af ")
    assert sac(f"{path}/radius", "POST", json=WHY).json()["type"] == "asked-already"
    out = sac.body(f"{path}/approvals", "POST", json={"act": "release", **WHY})
    assert (out["row"]["state"], out["row"]["people"]) == ("released", [ANNA, BO])
    assert [(line["who"], line["act"]) for line in out["history"]] == [
        (ANNA, "indicator-draft"),
        (ANNA, "indicator-review"),
        (BO, "indicator-approve"),
        (ANNA, "indicator-release"),
    ]
    assert sac(f"{path}/approvals", "POST", json={"act": "approve", **WHY}).status_code == 409
    sac.sector.run()
    there = sac.body(path)["actors"]
    assert {actor["stand"] for actor in there} >= {"enforced"}
    assert "data-agency" not in {actor["actor"] for actor in there}


def test_one_whole_has_its_clock_actors_and_sightings(sac) -> None:
    found = sac.body("/indicators/" + one(sac, CAMPAIGN[0].value)["id"])
    assert [step["step"] for step in found["clock"]["steps"]][-1] == "last_block"
    assert found["clock"]["slowest"] in {step["step"] for step in found["clock"]["steps"]}
    assert found["clock"]["missing"] == ["clinic-west"]
    assert {actor["actor"]: actor["stand"] for actor in found["actors"]}["clinic-west"] == "queued"
    both = [sac.body("/indicators/" + one(sac, named.value)["id"]) for named in CAMPAIGN]
    assert [seen["actor"] for each in both for seen in each["sightings"]] == ["clinic-west"]
    assert sorted(each["true_groups"] for each in both) == [[], ["clinic-west"]]


def test_pages_meet_and_filters_and_exports_show_the_same(sac) -> None:
    whole = [row["id"] for row in sac.body("/indicators?limit=500")["items"]]
    paged, after = [], ""
    while after is not None:
        page = sac.body("/indicators?limit=2" + (f"&after={after}" if after else ""))
        paged, after = paged + [row["id"] for row in page["items"]], page["next"]
    assert paged == whole
    assert len(whole) > 4
    rows = list(csv.DictReader(io.StringIO(sac("/indicators/export.csv").text.removeprefix("\ufeff"))))
    assert [row["id"] for row in rows] == whole
    found = sac.body("/indicators/export.json")
    assert ([row["id"] for row in found["items"]], found["truncated"]) == (whole, False)
    wanted = sac.body("/indicators?state=released&type=domain&q=CDN[.]".replace("[.]", "-"))["items"]
    assert [row["value"] for row in wanted] == [CAMPAIGN[0].value]
    wrong = sac.body("/indicators?wrong=true")["items"]
    assert [row["value"] for row in wrong] == ["shop-front-news.com"]


def test_a_stix_export_holds_what_was_released_and_names_no_actor_and_no_case(sac) -> None:
    answer = sac("/indicators/export.stix")
    assert "attachment" in answer.headers["content-disposition"]
    bundle = json.loads(answer.text)
    kinds = [found["type"] for found in bundle["objects"]]
    assert kinds[0] == "identity"
    assert kinds.count("indicator") >= 2
    patterns = " ".join(found["pattern"] for found in bundle["objects"] if found["type"] == "indicator")
    assert CAMPAIGN[0].value in patterns
    assert REVIEWED.value not in patterns
    assert "region-nord" not in answer.text
    assert "case-" not in answer.text


def test_what_is_released_is_a_rule_for_ones_own_tool_and_a_draft_is_none(sac) -> None:
    released, draft = one(sac, CAMPAIGN[0].value)["id"], one(sac, REVIEWED.value)["id"]
    rules = {each["form"]: each["text"] for each in sac.body(f"/indicators/{released}")["rules"]}
    assert all(CAMPAIGN[0].value in text.replace("\\", "") for text in rules.values())
    assert not any("case-" in text or "region-nord" in text for text in rules.values())
    reasons = {each["refused"]["en"] for each in sac.body(f"/indicators/{draft}")["rules"]}
    assert reasons == {"only what is released becomes a rule"}
    assert sac(f"/indicators/{released}", roles=set()).status_code == 403
    assert sac(f"/indicators/indicator--{'0' * 36}").status_code == 404


def test_what_an_actor_was_given_says_where_each_stands(sac) -> None:
    rows = {row["value"]: row for row in sac.body("/indicators/at/region-nord")["items"]}
    assert rows[CAMPAIGN[0].value]["said"] == "enforced"
    assert rows[CAMPAIGN[0].value]["enforced_by"] == ["rpz"]
    first = sac.body("/indicators/at/region-nord?limit=1")
    then = sac.body(f"/indicators/at/region-nord?limit=1&after={first['next']}")
    assert first["items"][0]["id"] < then["items"][0]["id"]
    assert sac("/indicators/at/nobody-here").status_code == 404


def test_a_policy_is_proposed_by_one_and_approved_by_another(sac) -> None:
    listed = {row["name"]: row for row in sac.body("/protection/policies")["items"]}
    assert (listed["Clear command channels"]["stand"], listed["Names at many"]["stand"]) == ("in_force", "proposed")
    path = "/protection/policies/" + listed["Names at many"]["id"]
    assert listed["Names at many"]["may_approve"]
    assert sac(f"{path}/approve", "POST", name=BO).status_code == 403
    assert sac(f"{path}/approve", "POST", roles={Role.ANALYST}).status_code == 403
    assert sac.body(f"{path}/approve", "POST")["stand"] == "in_force"
    assert sac.body(f"{path}/end", "POST", json=WHY)["stand"] == "ended"
    bad = sac("/protection/policies", "POST", json={"name": "x", "score_min": 9, "types": ["domain"], "until_us": 1})
    assert (bad.status_code, bad.json()["title"]["da"]) == (422, "En stående politik slutter inden for et år")


def test_producers_are_counted_retired_and_restored(sac) -> None:
    body = {"producer": "source:c2-list", **WHY}
    counted = {row["name"]: row for row in sac.body("/protection/producers")["items"]}
    assert (counted["source:c2-list"]["false"], counted["detector:rarity"]["true"]) == (1, 1)
    retired = sac.body("/protection/producers", "POST", json=body | {"act": "retire"})
    assert {row["name"]: row["retired"] for row in retired["items"]}["source:c2-list"] == "for a reason"
    restored = sac.body("/protection/producers", "POST", json=body | {"act": "restore"})
    assert {row["name"]: row["retired"] for row in restored["items"]}["source:c2-list"] == ""


def test_an_analyst_turns_the_switch_on_and_an_approver_off(sac) -> None:
    assert not sac.body("/protection/switch")["on"]
    on = sac.body("/protection/switch/on", "POST", roles={Role.ANALYST}, json=WHY)
    assert on["on"]
    assert (on["turns"][0]["by"], on["turns"][0]["why"]) == (ANNA, "for a reason")
    assert sac("/protection/switch/off", "POST", roles={Role.ANALYST}, json=WHY).status_code == 403
    assert sac("/protection/switch/on", "POST", json=WHY).status_code == 403
    assert sac.body("/protection/switch/off", "POST", json=WHY)["on"]  # one asks, another turns it
    assert not sac.body("/protection/switch/off", "POST", name=BO, json=WHY)["on"]
