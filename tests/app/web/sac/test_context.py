"""The SAC's house is opened from a configuration file and stands on one database."""

import threading

import pytest
from typer.testing import CliRunner

from bavn.app.cli.centre.main import app as centre_app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Stop
from bavn.app.web.sac.context import open_context


def test_a_house_is_of_its_configuration_and_answers_in_any_thread(tmp_path) -> None:
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "test"\ntime_zone = "Europe/Copenhagen"\n')
    with pytest.raises(Stop), open_context(read_centre(file)):
        pass
    assert CliRunner().invoke(centre_app, ["init", "-c", str(file)]).exit_code == 0
    with open_context(read_centre(file)) as house:
        assert (house.sector, str(house.zone)) == ("test", "Europe/Copenhagen")
        house.registry.add("north", "region")
        house.roles.set("north", functions=["surgery"])
        found: list[object] = []
        asking = threading.Thread(
            target=lambda: found.extend(
                [
                    [(m.actor.name, m.role.functions) for m in house.desk.members()],
                    house.partners.every(),
                    house.intelligence.sources.every(),
                    house.desk.lead_book.leads(),
                ]
            )
        )
        asking.start()
        asking.join()
        assert found == [[("north", ("surgery",))], (), (), ()]
