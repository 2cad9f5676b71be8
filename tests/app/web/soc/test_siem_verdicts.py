"""Verdicts out of an actor's own SIEM, by the bodies that each sends: one verdict, however often it is said."""

import json
from dataclasses import replace

import pytest

from bavn.app.access.rights import Right
from bavn.app.acts.node.verdicts import SiemVerdict
from bavn.app.siem.event import event_id
from bavn.model.moment import DAY_US
from tests.app.web.drawn_node import BEACON
from tests.app.web.soc.conftest import ANNA
from tests.conftest import ROOT

SIEM = ROOT / "packaging/siem"
EVENT = event_id("suspicion", BEACON)
ELASTIC = {"event": EVENT, "verdict": "benign", "days": 30, "comment": "Bavn: own scanner", "analyst": "Elastic"}
ANALYSTS = {"event": EVENT, "verdict": "true", "days": 30, "comment": "seen on the host", "analyst": "Bo Lund"}


@pytest.mark.parametrize("body", [ELASTIC, ANALYSTS], ids=["elastic", "analyst"])
def test_the_same_verdict_of_a_siem_is_one_however_often_it_is_sent(console, body) -> None:
    first, again = (console.do("/verdicts", body)["verdict"] for _ in range(2))
    assert first == again
    assert (first["suspicion"], first["verdict"], first["by"]) == (BEACON, body["verdict"], "Anna Berg")
    assert first["until_us"] - first["given_us"] == 30 * DAY_US
    assert first["comment"] == f"{body['analyst']}: {body['comment']}"
    own = [one for one in console.get("/verdicts")["items"] if one["origin"] == "here"]
    assert [one["number"] for one in own] == [first["number"]]
    other = console.do("/verdicts", body | {"days": 7})["verdict"]
    assert other["number"] != first["number"], "a new end is a new verdict"


def test_a_machines_token_gives_verdicts_and_nothing_else_and_what_is_wrong_is_refused(console) -> None:
    machine = console.as_(replace(ANNA, scopes=frozenset({Right.SOC_TRIAGE})))
    assert machine.do("/verdicts", ANALYSTS | {"event": BEACON})["verdict"]["suspicion"] == BEACON
    machine.get("/suspicions", code=403)
    reader = console.as_(replace(ANNA, scopes=frozenset({Right.SOC_READ})))
    reader.do("/verdicts", ANALYSTS, code=403)
    for wrong, code in (
        ({"event": "0" * 32}, 404),
        ({"event": "x"}, 422),
        ({"verdict": "perhaps"}, 422),
        ({"verdict": "benign", "days": None}, 422),
        ({"days": 3651}, 422),
        ({"comment": "x" * 1501}, 422),
    ):
        console.do("/verdicts", ANALYSTS | wrong, code=code)


def test_what_is_shipped_for_elastic_has_the_fields_that_the_route_takes() -> None:
    body = json.loads(json.loads((SIEM / "elastic-webhook.json").read_text())["params"]["body"])
    assert set(body) <= set(SiemVerdict.model_fields)
    assert {"event", "verdict", "days"} <= set(body)
