"""What failed unforeseen is kept, bounded, and shown: the folder, its bounds, the commands."""

import json
import stat

import pytest
from typer.testing import CliRunner

from bavn.app.cli.main import app
from bavn.app.process import failure_folder
from bavn.app.process.failure_folder import FailureFolder, forget_failures, kept_failures
from bavn.model.failure import ITEM_BYTES_MAX, NoContainment, place_of


class _Clock:
    def __init__(self):
        self.at_us = 1_700_000_000_000_000

    def now_us(self):
        self.at_us += 1
        return self.at_us


def _raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def _from_bavn():
    from bavn.actor.sense.base import Batch

    try:
        Batch(source="x", mark="", tables={}, lines=1)
    except ValueError as error:
        return error
    raise AssertionError("a line without an outcome")


def test_a_failure_is_kept_with_its_item_and_shown(tmp_path):
    folder = FailureFolder(tmp_path / "failures", _Clock())
    folder.note("detector beacon", _raised(ValueError("odd")), item=b"\x00\xff")
    (kept,) = kept_failures(tmp_path / "failures")
    assert kept.failure.part == "detector beacon"
    assert kept.failure.error == "ValueError: odd"
    assert kept.item.read_bytes() == b"\x00\xff"
    assert stat.S_IMODE(kept.item.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.item.parent.stat().st_mode) == 0o700
    (failing,) = folder.failing()
    assert (failing.part, failing.count) == ("detector beacon", 1)


def test_what_works_again_fails_no_more(tmp_path):
    folder = FailureFolder(tmp_path, _Clock())
    folder.note("source eve", _raised(ValueError("a")))
    folder.note("source eve", _raised(ValueError("b")))
    assert folder.failing()[0].count == 2
    folder.works("source eve")
    assert folder.failing() == ()


def test_one_cause_fills_nothing(tmp_path):
    folder = FailureFolder(tmp_path, _Clock())
    for number in range(50):
        folder.note("source eve", _raised(ValueError(str(number))), item=bytes(10))
    assert len(kept_failures(tmp_path)) == failure_folder.KEPT_OF_A_KIND_MAX
    assert folder.failing()[0].count == 50


def test_number_and_size_are_bounded_and_the_newest_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(failure_folder, "KEPT_MAX", 4)
    folder = FailureFolder(tmp_path, _Clock())
    for number in range(9):
        folder.note(f"part {number}", _raised(ValueError("x")), item=b"y" * 10)
    assert [kept.failure.part for kept in kept_failures(tmp_path)] == ["part 8", "part 7", "part 6", "part 5"]
    assert len(list(tmp_path.iterdir())) == 8
    monkeypatch.setattr(failure_folder, "BYTES_MAX", 2 * ITEM_BYTES_MAX)
    for number in range(3):
        folder.note(f"large {number}", _raised(ValueError("x")), item=b"y" * (3 * ITEM_BYTES_MAX))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2 * ITEM_BYTES_MAX


@pytest.mark.parametrize("error", [ValueError("\ud800"), ValueError("x" * 100_000), UnicodeError("\x00")])
def test_whatever_an_error_says_can_be_written(tmp_path, caplog, error):
    FailureFolder(tmp_path, _Clock()).note("rule inbox opens", _raised(error))
    (kept,) = kept_failures(tmp_path)
    assert len(kept.failure.error) < 2000
    kept.failure.error.encode()
    assert len(caplog.text.encode()) < 30_000


def test_a_disk_that_takes_nothing_raises_nothing(tmp_path):
    (tmp_path / "failures").write_text("a file where the folder should be")
    folder = FailureFolder(tmp_path / "failures", _Clock())
    folder.note("source eve", _raised(ValueError("x")), item=b"y")
    assert folder.failing()[0].part == "source eve"


def test_the_place_is_the_innermost_line_of_our_own_code():
    place = place_of(_from_bavn())
    assert place.startswith("bavn/actor/sense/base.py:")


def test_no_containment_raises_what_it_is_told():
    with pytest.raises(ValueError, match="x"):
        NoContainment().note("part", ValueError("x"))


@pytest.mark.parametrize("name", ["../secret", "nothing"])
def test_only_what_is_kept_is_forgotten(tmp_path, name):
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "kept").mkdir()
    assert forget_failures(tmp_path / "kept", [name]) == 0
    assert (tmp_path / "secret.json").exists()


@pytest.mark.parametrize(
    ("words", "toml"),
    [
        (["node"], '[node]\nactor = "klinik"\nhomes = ["10.0.0.0/8"]\n'),
        (["centre"], ""),
        (["keyholder"], ""),
    ],
)
def test_the_commands_show_and_forget(tmp_path, words, toml):
    file = tmp_path / "conf.toml"
    file.write_text(toml)
    command = [*words, "failures", "--config", str(file)]
    runner = CliRunner()
    empty = runner.invoke(app, command)
    assert "Nothing has failed" in empty.output, empty.output
    FailureFolder(tmp_path / "data" / "failures", _Clock()).note("source eve", _raised(ValueError("odd")), item=b"x")
    assert "source eve" in runner.invoke(app, command).output
    (line,) = runner.invoke(app, [*command, "--json"]).output.splitlines()
    facts = json.loads(line)
    assert facts["error"] == "ValueError: odd"
    assert runner.invoke(app, [*command, "--forget", "nobody"]).exit_code != 0
    assert runner.invoke(app, [*command, "--forget", facts["name"]]).output.strip() == "1"
    assert "Nothing has failed" in runner.invoke(app, command).output
