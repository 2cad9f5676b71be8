"""The benchmark from the command line: with the real noise, as files and on the screen, the same each time."""

import json

import pytest
from sqlalchemy import delete, update
from typer.testing import CliRunner

from bavn.app.centre.parts import open_desk, open_registry
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit
from bavn.centre.members.tables import ACTOR
from bavn.centre.publish.build import period_of
from bavn.centre.publish.document import Kind
from bavn.centre.publish.tables import BENCHMARK
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.ports import NoiseDown
from tests.app.test_cli_publish import run
from tests.centre.node.test_benchmarking import enrol, give

ACTORS = [f"klinik-{at}" for at in range(12)]


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "Sundhedssektoren"\n')
    assert CliRunner().invoke(app, ["init", "--config", str(file)]).exit_code == 0
    registry, desk = open_registry(read_centre(file)), open_desk(read_centre(file))
    for name in ACTORS:
        registry.add(name, "clinic")
    month = period_of(Kind.BRIEF, "", desk.now_us())
    with desk.engine.begin() as tx:
        tx.execute(update(ACTOR).values(state="active"))
        for at, name in enumerate(ACTORS):
            enrol(tx, name, month.first_us - DAY_US)
            give(tx, "i-1", name, month.first_us, state="enforced", after_us=(at + 1) * MINUTE_US)
    desk.engine.dispose()
    registry.engine.dispose()
    return file


def change(config, what):
    desk = open_desk(read_centre(config))
    with desk.engine.begin() as tx:
        tx.execute(what)
    desk.engine.dispose()


@pytest.mark.slow
def test_the_same_each_time_for_everybody_on_screen_and_in_files(config, tmp_path) -> None:
    names = {form: tmp_path / f"made.{form}" for form in ("html", "pdf", "json")}
    words = ["--html", str(names["html"]), "--pdf", str(names["pdf"]), "--json-file", str(names["json"])]
    assert run(config, "benchmark", ACTORS[3], *words).split() == [str(one) for one in names.values()]
    first = json.loads(names["json"].read_text())
    assert (first["actor"], first["groups"], first["epsilon"]) == (ACTORS[3], 12, 6.0)
    assert first["figures"]["block"]["own"] == 4.0
    assert names["pdf"].read_bytes().startswith(b"%PDF")
    assert 'lang="en"' in names["html"].read_text()
    run(config, "benchmark", ACTORS[5], "--json-file", str(names["json"]), "--month", first["month"])
    other = json.loads(names["json"].read_text())
    run(config, "benchmark", "--json-file", str(names["json"]))
    sector = json.loads(names["json"].read_text())
    for figure, told in first["figures"].items():
        assert told["quartiles"] == other["figures"][figure]["quartiles"] == sector["figures"][figure]["quartiles"]
    assert sector["actor"] is None
    assert {told["own"] for told in sector["figures"].values()} == {None}
    danish = run(config, "benchmark", ACTORS[3], "--language", "da", "--sources")
    assert "Måling af klinik-3" in danish
    assert "4 min." in danish
    assert "12 grupper" in run(config, "picture", "--language", "da")
    assert len([line for line in run(config, "audit").splitlines() if "benchmark-release" in line]) == 1


def test_one_clear_word_where_it_cannot_be(config, monkeypatch) -> None:
    assert "no actor" in run(config, "benchmark", "nobody-here", code=Exit.NOT_FOUND)
    assert "is named" in run(config, "benchmark", "--month", "last", code=Exit.USAGE)
    assert "no benchmark" in run(config, "benchmark", "--month", "2020-01", code=Exit.NOT_NOW)

    def down(*_):
        raise NoiseDown("drawing noise failed: killed")

    with monkeypatch.context() as patch:
        patch.setattr("bavn.app.process.noise.discrete_laplace", down)
        assert "nothing was released" in run(config, "benchmark", ACTORS[0], code=Exit.NOT_NOW)
    change(config, update(ACTOR).where(ACTOR.c.name.in_(ACTORS[:6])).values(group="one-operator"))
    assert "7 groups" in run(config, "benchmark", ACTORS[0], code=Exit.NOT_NOW)
    change(config, update(ACTOR).values(group=ACTOR.c.name))
    run(config, "benchmark", ACTORS[0])
    change(config, delete(BENCHMARK))
    assert "backup" in run(config, "benchmark", ACTORS[0], code=Exit.BROKEN)
