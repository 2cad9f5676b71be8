"""A value's card at the centre, and the picture of a lead that grows by what stands next to a thing."""

from dataclasses import replace

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from bavn.app.cli.centre.main import app as centre_app
from bavn.app.config.load import read_centre
from bavn.app.web.sac.context import open_context
from bavn.centre.books import codec
from bavn.centre.books import tables as t
from bavn.centre.desk.neighbours import EACH_MAX
from bavn.model.observable import Observable
from tests.app.web.drawn_sector import many_leads
from tests.app.web.sac.drawn_console import AN_AUDITOR, Console


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sac")
    file = folder / "centre.toml"
    file.write_text('[centre]\nsector = "test"\n')
    assert CliRunner().invoke(centre_app, ["init", "-c", str(file)]).exit_code == 0
    with open_context(read_centre(file)) as house:
        many_leads(house.registry.engine, 30, house.clock.now_us())
        yield Console(house)


def test_a_value_tells_its_lead_and_that_nobody_blocks_it(console) -> None:
    (named, *_) = console.get(f"/leads/lead-{1:016x}")["observables"]
    shown = console.get(f"/values?what={named['type']}:{named['value']}")
    assert shown["lead"]["id"] == f"lead-{1:016x}"
    assert shown["lead"]["opening"] == console.get(f"/leads/lead-{1:016x}")["opening"]
    assert shown["blocks"]["en"] == "The sector has no indicator of it: nobody blocks it on the centre's word."
    assert shown["indicator"] == ""
    nothing = console.get("/values?what=nobody.example.net")
    assert (nothing["lead"], nothing["cases"]) == (None, [])
    assert nothing["sector"]["en"].startswith("No actor has reported it")
    assert "It names something inside" in console.get("/values?what=10.1.2.3")["against"][0]["en"]
    assert console.get("/values?what=nobody.example.net", by=AN_AUDITOR) == nothing


def test_what_stands_next_to_a_thing_is_bounded_and_names_no_machine(console) -> None:
    lead = console.get(f"/leads/lead-{1:016x}")
    element = next(node for node in lead["nodes"] if node["kind"] == "element")
    found = console.get(f"/neighbours?of={element['id']}")
    assert {one["kind"] for one in found["things"]} <= {"actor", "technique", "case", "indicator"}
    (case,) = [one["id"] for one in found["things"] if one["kind"] == "case"] or [None]
    if case is not None:
        assert element["id"] in {one["id"] for one in console.get(f"/neighbours?of={case}")["things"]}
    for actor in lead["actors"]:
        near = console.get(f"/neighbours?of=actor:{actor}")
        assert len(near["things"]) <= EACH_MAX
        assert {one["kind"] for one in near["things"]} <= {"element"}


def test_what_one_actor_reports_is_bounded_too(console) -> None:
    """Twice as many as are shown; the newest come first, and the answer says that there are others."""
    now_us, lead = console.house.clock.now_us(), console.house.desk.lead(f"lead-{1:016x}").lead
    with t.writing(console.house.registry.engine) as connection:
        for at in range(2 * EACH_MAX):
            named = Observable.of("domain", f"n{at}.example.org")
            sign = replace(lead.signs[0], actor="busy", observable=named, received_us=now_us + at)
            values = {name: getattr(sign, name) for name in ("actor", "tier", "round_id", "received_us")}
            values |= {"report_id": f"busy-{at}", "type": "domain", "value": named.value}
            connection.execute(insert(t.SIGNS).values(**values, body=codec.write_sign(sign)))
    found = console.get("/neighbours?of=actor:busy")
    assert found["more"]
    assert [one["label"] for one in found["things"]] == [
        f"n{at}.example.org" for at in range(2 * EACH_MAX - 1, EACH_MAX - 1, -1)
    ]
    one = console.get("/neighbours?of=domain:n3.example.org")
    assert [(thing["kind"], thing["label"]) for thing in one["things"]] == [
        ("actor", "busy"),
        ("technique", lead.signs[0].technique),
    ]
    assert one["things"][1]["says"]["en"] == "command channel in web, DNS or mail"


def test_a_technique_has_next_to_it_the_cases_what_was_reported_as_it_and_their_indicators(console) -> None:
    desk = console.house.desk
    assert console.get("/neighbours?of=technique:T1071.001") == {"things": [], "more": False}, "no case carries it yet"
    opened = []
    for at in range(2, 4 + EACH_MAX):
        lead_id = f"lead-{at:016x}"
        opened.append(console.post(f"/leads/{lead_id}/case", {"take": True})["case_id"])
        named = desk.lead(lead_id).lead.observables[0]
        technique = "T1071.001" if at > 2 else "T1105"
        desk.work.involved.reported(lead_id, [("north", named, technique), ("south", named, technique)])
    other, case_id = desk.cases.case(opened[0]), opened[-1]
    case = desk.cases.case(case_id)
    life = desk.indicator_book.draft_of_case(case, case.facts.elements[0], "Anna Berg", "seen at two")
    near = console.get("/neighbours?of=technique:T1071.001")
    kinds = {kind: [one for one in near["things"] if one["kind"] == kind] for kind in ("case", "element", "indicator")}
    assert (len(kinds["case"]), len(kinds["element"]), near["more"]) == (EACH_MAX, EACH_MAX, True)
    assert other.id not in {one["label"] for one in kinds["case"]}, "it was reported as something else"
    assert [(one["id"], one["label"]) for one in kinds["indicator"]] == [
        (f"indicator:{life.id}", life.observable.value)
    ]
    (one, *_) = console.get("/neighbours?of=technique:T1105")["things"]
    assert one["id"] == f"case:{other.id}"


@pytest.mark.parametrize(
    ("of", "status"),
    [("case:case-0000000000000000", 404), ("song:x", 404), ("domain:%00", 404), ("actor:nobody", 200)],
)
def test_what_nobody_knows_is_said(console, of, status) -> None:
    console.get(f"/neighbours?of={of}", status=status)


@pytest.mark.parametrize("hostile", ["%20", "domain:", "' OR 1=1 --", "ja4:%3Cimg%3E", "a/../b", "a" * 321])
def test_what_is_no_value_is_refused(console, hostile) -> None:
    console.get(f"/values?what={hostile}", status=422)
