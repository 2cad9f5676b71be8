"""A value's card at the centre."""

import pytest
from typer.testing import CliRunner

from bavn.app.cli.centre.main import app as centre_app
from bavn.app.config.load import read_centre
from bavn.app.web.sac.context import open_context
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


@pytest.mark.parametrize("hostile", ["%20", "domain:", "' OR 1=1 --", "ja4:%3Cimg%3E", "a/../b", "a" * 321])
def test_what_is_no_value_is_refused(console, hostile) -> None:
    console.get(f"/values?what={hostile}", status=422)
