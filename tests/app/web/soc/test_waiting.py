"""What waits at nodes: for whoever sees them, where most is to do first, and nothing of a node that is not theirs."""

import json

import pytest
from typer.testing import CliRunner

from bavn.app.access.rights import Role
from bavn.app.cli.node.main import app
from bavn.app.web.access import waiting
from bavn.app.web.console import console_app
from bavn.app.web.frame import Person
from bavn.app.web.soc import AREAS
from tests.app.web.asking import As, ask
from tests.app.web.people import Place


@pytest.fixture
def nodes(looking, tmp_path):
    keeper = Place(tmp_path, "soc").keeper
    keeper.accounts.known("north", "Nora North", frozenset({Role.SOC}), frozenset({"north"}))
    keeper.accounts.known("south", "Sune South", frozenset({Role.SOC}), frozenset({"south"}))

    def asked(name, role, actors, path="/api/v1/waiting", **more):
        person = Person(name=name, roles=frozenset({role}), actors=actors)
        console = console_app("soc", looking.house, AREAS, As(person), beside=[waiting.routes("soc", keeper)])
        return ask(console, path, **({"method": "POST", "json": more} if more else {}))

    return asked


def test_a_node_is_seen_by_its_own_people_and_handed_on_among_them_alone(nodes) -> None:
    found = nodes("Ada Auditor", Role.AUDITOR, None).json()
    assert {one["node"] for one in found["lines"]} == {"north", "south"}
    assert found["mine"] == 0, "an auditor sees all and does nothing"
    hit = next(one for one in found["lines"] if one["thing"].startswith("north/hit/"))
    assert hit["can"] == ["Nora North"]
    mine = nodes("Nora North", Role.SOC, frozenset({"north"})).json()
    assert {one["node"] for one in mine["lines"]} == {"north"}
    assert [one["node"] for one in mine["nodes"]] == ["north"]
    assert mine["nodes"][0]["pressing"] >= 1
    assert (mine["lines"][0]["kind"], mine["lines"][0]["may"]) == ("hit", True), "what presses most is on top"
    given = {"path": "/api/v1/waiting/hand-over", "thing": hit["thing"]}
    south = frozenset({"south"})
    assert nodes("Sune South", Role.SOC, south, to="Nora North", **given).status_code == 404
    assert nodes("Nora North", Role.SOC, frozenset({"north"}), to="Sune South", **given).status_code == 422


def test_the_shell_says_the_same(drawn) -> None:
    done = CliRunner().invoke(app, ["waiting", "--config", str(drawn[0]), "--json"])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.output.splitlines()]
    assert {"hit", "case", "block", "reveal", "warning"} <= {one["thing"].split("/")[1] for one in rows}
    assert all(one["may"] and one["why_not"] is None for one in rows)
    plain = CliRunner().invoke(app, ["waiting", "--config", str(drawn[0])]).output
    assert "A confirmed attack was here: " in plain
    refused = CliRunner().invoke(
        app, ["ask-to-look", rows[0]["thing"], "--to", "Nobody Known", "--config", str(drawn[0])]
    )
    assert "Nobody Known cannot do this" in str(refused.exception)
