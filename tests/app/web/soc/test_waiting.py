"""What waits at nodes: for whoever sees them, where most is to do first, and nothing of a node that is not theirs."""

import json
import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from bavn.actor.door.conversations.case_book import CaseBook
from bavn.actor.door.conversations.nis2_steps import SAID, Nis2Statement
from bavn.app.access.rights import Role
from bavn.app.acts.node.waiting import waiting_at_node
from bavn.app.cli.node.main import app
from bavn.app.web.access import waiting
from bavn.app.web.console import console_app
from bavn.app.web.frame import Person
from bavn.app.web.soc import AREAS
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import PartClock
from tests.app.web.asking import As, ask
from tests.app.web.drawn_node import CASE, part
from tests.app.web.people import Place
from tests.app.web.soc.conftest import ANNA


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
    assert {"hit", "nis2", "case", "block", "reveal", "warning"} <= {one["thing"].split("/")[1] for one in rows}
    assert all(one["may"] and one["why_not"] is None for one in rows)
    plain = CliRunner().invoke(app, ["waiting", "--config", str(drawn[0])]).output
    assert "A confirmed attack was here: " in plain
    assert "NIS2: early warning about example.com is due " in plain
    today = CliRunner().invoke(app, ["today", "--config", str(drawn[0])]).output.splitlines()
    assert any(line.startswith("! NIS2: early warning about example.com is due ") for line in today)
    refused = CliRunner().invoke(app, ["waiting", rows[0]["thing"], "--to", "Nobody Known", "--config", str(drawn[0])])
    assert "Nobody Known cannot do this" in str(refused.exception)
    alone = CliRunner().invoke(app, ["waiting", rows[0]["thing"], "--config", str(drawn[0])])
    assert "--to whom" in str(alone.exception)


def test_a_report_under_nis2_is_owed_on_the_first_page_until_it_is_noted_here(console) -> None:
    (here,) = console.house.seen_by(ANNA)
    now_us = console.house.clock.now_us()

    def owed():
        lines = [line for line in waiting_at_node(here, "north") if line.kind == "nis2"]
        return [(line.by_when(now_us).say("en"), line.due_us, line.weight, line.page) for line in lines]

    def kept(**other):
        with Book(here.file.parent / "data" / "node.db") as book:
            CaseBook(book).keep(part(now_us, version=kept.version, **other), now_us)
        kept.version += 1

    kept.version = 2
    ((says, due_us, weight, page),) = owed()
    assert says.startswith("NIS2: early warning about example.com is due ")
    assert re.search(r": (one hour|[0-9]+ minutes) left$", says)  # of one hour, and the drawing took some of it
    assert (weight, page) == (3, f"/nodes/north/cases/{CASE}")
    late = PartClock(report="early-warning", due_us=now_us - 2 * HOUR_US, sent_us=None)
    later = PartClock(report="notification", due_us=now_us + 2 * DAY_US, sent_us=None)
    kept(clocks=(late, later))
    ((says, due_us, weight, _),) = owed()
    assert (due_us, weight) == (late.due_us, 3), "of a case the report that was missed first"
    assert "early warning about example.com was due " in says
    assert says.endswith(": 2 hours ago")
    noted = {"number": 0, "noted_us": now_us, "case_id": CASE, "act": "early-warning", "at_us": now_us - MINUTE_US}
    plain = Nis2Statement(**noted, correct=False, why="", by="Anna Berg")
    with Book(here.file.parent / "data" / "node.db") as book:
        SAID.add(book, replace(plain, told_us=now_us, rule="nis2_order"))
    assert owed()[0][1] == late.due_us, "what the gate refused counts for nothing"
    with Book(here.file.parent / "data" / "node.db") as book:
        SAID.add(book, plain)
    assert [(due_us, weight) for _, due_us, weight, _ in owed()] == [(later.due_us, 1)]
    clock = next(one for one in console.get(f"/cases/{CASE}")["clocks"] if one["report"] == "early-warning")
    assert clock["state"] == "sent-late", "its case says the same"
    kept(clocks=(late, later), state="merged")
    assert owed() == [], "it runs on in the case that this was merged into"
    kept(clocks=(late, later), state="closed")
    assert len(owed()) == 1, "an authority waits also where the sector is done"
    with Book(here.file.parent / "data" / "node.db") as book:
        SAID.add(book, replace(plain, act="not-significant", why="a test of ours"))
    assert owed() == []
