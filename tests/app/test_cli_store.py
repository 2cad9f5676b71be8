"""The node's own history from the command line: how much, whether it is whole, and made again when its list is lost."""

import json

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.intake import ARROW
from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import HOUR_US
from bavn.model.record import TABLES

HOUR = 494_000


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    return file


@pytest.fixture
def folder(config):
    path = config.parent / "data/store"
    given = {"ts": [HOUR * HOUR_US + n for n in range(3)]}
    columns = {c.name: pa.array(given.get(c.name, [None] * 3)).cast(ARROW[c.type]) for c in TABLES["flow"]}
    with ColumnStore.open(path) as store:
        store.append("a", "1", {"flow": pa.table(columns)})
        store.tidy()
    return path


def run(config, *words):
    return CliRunner().invoke(app, ["store", *words, "--config", str(config)])


def test_stats_say_what_there_is(config, folder) -> None:
    said = json.loads(run(config, "stats", "--json").stdout)
    assert said["rows"] == {"flow": 3}
    assert said["oldest"].startswith("2026-05-10T08:00:00")
    assert "flow 3" in run(config, "stats").stdout


def test_a_sound_history_is_said_to_be(config, folder) -> None:
    done = run(config, "check", "--json")
    assert (done.exit_code, json.loads(done.stdout)["damaged_now"]) == (0, [])


def test_damage_is_named_and_is_an_exit_code(config, folder) -> None:
    (file,) = (folder / "segments/flow").glob("*.parquet")
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 3] ^= 0xFF
    file.write_bytes(raw)
    done = run(config, "check", "--json")
    assert isinstance(done.exception, Stop)
    assert done.exception.code is Exit.BROKEN
    assert file.name in done.stdout
    assert list((folder / "damaged").iterdir())


def test_a_lost_manifest_is_made_again(config, folder) -> None:
    (folder / "manifest.sqlite").unlink()
    assert run(config, "stats").exception.code is Exit.BROKEN
    assert run(config, "check").exception.code is Exit.BROKEN
    assert json.loads(run(config, "rebuild", "--json").stdout)["rows"] == 3
    assert json.loads(run(config, "stats", "--json").stdout)["rows"] == {"flow": 3}


def test_while_the_node_writes_it_is_not_now(config, folder) -> None:
    with ColumnStore.open(folder):
        for act in ("check", "rebuild"):
            assert run(config, act).exception.code is Exit.NOT_NOW
        assert run(config, "stats").exit_code == 0


@pytest.mark.parametrize(
    ("act", "code"), [("stats", Exit.BROKEN), ("check", Exit.NOT_FOUND), ("rebuild", Exit.NOT_FOUND)]
)
def test_without_a_store_it_says_so(config, act, code) -> None:
    done = run(config, act)
    assert done.exception.code is code
    assert "there is no store" in str(done.exception)


def test_every_figure_of_the_store_has_a_danish_name() -> None:
    from dataclasses import fields

    from bavn.actor.store.stats import StoreStats
    from bavn.app.cli.node.store import FIGURES

    named = {one.name.removesuffix("_us") for one in fields(StoreStats)}
    assert named <= set(FIGURES)
