"""The queue of leads pages in the database, one lead tells all that stands behind it, and triage is one key."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from bavn.app.cli.centre.main import app as centre_app
from bavn.app.config.load import read_centre
from bavn.app.web.sac.context import open_context
from tests.app.web.counting import planned
from tests.app.web.drawn_sector import many_leads
from tests.app.web.sac.drawn_console import AN_AUDITOR, Console

LEADS = 120


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sac")
    file = folder / "centre.toml"
    file.write_text('[centre]\nsector = "test"\n')
    assert CliRunner().invoke(centre_app, ["init", "-c", str(file)]).exit_code == 0
    with open_context(read_centre(file)) as house:
        many_leads(house.registry.engine, LEADS, house.clock.now_us())
        yield Console(house)


def test_pages_of_the_queue_meet_and_say_how_many_there_are(console) -> None:
    seen, after = [], ""
    while True:
        page = console.get(f"/leads?limit=50{after}")
        assert page["total"] == LEADS
        seen += [one["rank"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == list(range(1, LEADS + 1))
    console.get("/leads?after=bm9uZQ", status=400)


def test_how_many_wait_is_counted_by_the_few_that_do_not(console) -> None:
    with console.house.registry.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    with planned(console.house.registry.engine, "UNION") as plans:
        console.get("/leads?stands=waiting")
    assert [plan for plan in plans if "leads USING" in plan] == [
        "SEARCH leads USING INDEX sqlite_autoindex_leads_1 (id=?)"
    ]


def test_the_queue_is_narrowed_by_words_type_actor_and_where_cases_stand(console) -> None:
    assert [one["id"] for one in console.get("/leads?q=HOST-7.EX")["items"]] == [f"lead-{7:016x}"]
    assert console.get("/leads?q=host%25")["total"] == 0
    assert console.get("/leads?type=ja3")["total"] == 0
    standing = [console.get(f"/leads?type=domain&stands={one}")["total"] for one in ("waiting", "worked", "over")]
    assert sum(standing) == LEADS
    assert standing[0] > standing[1] + standing[2]
    assert console.get("/leads?actor=nobody")["total"] == 0
    assert console("/leads?type=song").status_code == 422


def test_one_lead_tells_its_terms_reasons_and_counterfactuals(console) -> None:
    lead = console.get(f"/leads/lead-{1:016x}")
    assert sum(one["amount"] for one in lead["terms"]) == pytest.approx(lead["score"])
    assert lead["priority"] == pytest.approx(lead["score"] + lead["reasons"][0]["amount"])
    assert {one["actor"] for one in lead["without"]} == set(lead["actors"])
    assert [one["first_us"] for one in lead["reports"]] == sorted(one["first_us"] for one in lead["reports"])
    missing = console.get("/leads/lead-none", status=404)
    assert (missing["type"], missing["title"]["da"]) == ("unknown-lead", "Intet spor hedder 'lead-none'")


def test_one_lead_is_told_in_words_in_each_language(console) -> None:
    found = console.get(f"/leads/lead-{1:016x}")["review"]
    assert set(found) == {"claim", "evidence", "against", "todo", "rhythm", "known", "changes", "matters"}
    assert all(found[part] for part in ("claim", "against", "changes"))
    first = found["claim"][0]
    assert first["en"].startswith("At ")
    assert first["da"].startswith("Hos ")
    touched = [one["en"] for one in found["matters"]]
    assert any("supplier" in one for one in touched), touched


def test_a_lead_is_taken_or_found_harmless_by_a_named_person(console) -> None:
    opened = console.post(f"/leads/lead-{2:016x}/case", {"take": True})
    case = console.house.desk.cases.case(opened["case_id"])
    assert (case.state.value, case.owner) == ("triage", "Anna Berg")
    assert console.post(f"/leads/lead-{2:016x}/case", {"take": True})["case_id"] == opened["case_id"]
    console.post(f"/leads/lead-{3:016x}/benign", {"why": ""}, status=422)
    done = console.post(f"/leads/lead-{3:016x}/benign", {"why": "a supplier's website"})
    line = console.house.desk.cases.audit_lines(done["case_id"])[-1]
    assert (line.who, line.act) == ("Anna Berg", "dismiss")
    assert json.loads(line.detail)["why"] == "a supplier's website"
    again = console.post(f"/leads/lead-{3:016x}/benign", {"why": "again"}, status=409)
    assert again["type"] == "not-now"
    assert console.get("/leads?stands=worked")["items"][0]["case"]["owner"] == "Anna Berg"
    assert console.get("/leads?stands=over")["total"] == 1
    assert console.get("/leads?stands=waiting")["total"] == LEADS - 2


def test_a_threat_level_is_what_the_data_says_or_unknown_never_made_up(console) -> None:
    levels = console.get("/threats")["levels"]
    assert levels
    assert all((one["level"] is None) == (one["level_said"]["en"] == "not known") for one in levels)
    assert all(one["set_by"] is None and one["why"]["da"] for one in levels)


def test_who_only_reads_changes_nothing(console) -> None:
    console.get("/leads", by=AN_AUDITOR)
    console.post(f"/leads/lead-{9:016x}/benign", {"why": "x"}, by=AN_AUDITOR, status=403)
    console.post(f"/leads/lead-{9:016x}/case", {}, by=AN_AUDITOR, status=403)


@pytest.mark.slow
def test_the_queue_is_exported_whole_in_three_forms(console) -> None:
    answer = console("/leads/export.csv?type=domain")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert len(rows) == LEADS
    assert rows[0]["observables"].startswith("domain:host-1.example.com")
    assert len(console("/leads/export.json").json()["items"]) == LEADS
    answer = console("/leads/export.stix?q=host-5.example")
    assert answer.headers["content-disposition"].endswith('.stix.json"')  # not the name of the plain file
    bundle = answer.json()
    kinds = sorted(one["type"] for one in bundle["objects"])
    assert kinds == ["domain-name", "grouping", "identity", "ipv4-addr"]
    assert "region-nord" not in json.dumps(bundle)
    names = {one["id"] for one in bundle["objects"]}
    (group,) = [one for one in bundle["objects"] if one["type"] == "grouping"]
    assert set(group["object_refs"]) <= names


@pytest.mark.slow
def test_ten_thousand_leads_are_read_a_page_at_a_time(tmp_path) -> None:
    """How long that takes bench/console.py says."""
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "test"\n')
    assert CliRunner().invoke(centre_app, ["init", "-c", str(file)]).exit_code == 0
    with open_context(read_centre(file)) as house:
        many_leads(house.registry.engine, 10_000, house.clock.now_us())
        console = Console(house)
        assert len(console.get("/leads?limit=50")["items"]) == 50
        assert 0 < len(console.get("/leads?limit=50&q=host-99")["items"]) <= 50
        assert console.get(f"/leads/lead-{5000:016x}")["id"] == f"lead-{5000:016x}"
        assert console.get("/overview")["now"]["leads_waiting"] > 9_000
