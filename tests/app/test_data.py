"""Where the real captures are: one rule for the command line, the benches and the tests."""

from pathlib import Path

import pytest

from bavn.app.process.exits import Exit, Stop
from bavn_lab import data, sector_world


def captures(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "MANIFEST.csv").write_text("file,kind,label\n")
    return folder


@pytest.fixture
def beside(tmp_path, monkeypatch) -> Path:
    """What lies beside the project here."""
    monkeypatch.delenv("BAVN_DATA", raising=False)
    monkeypatch.setattr(data, "BESIDE", tmp_path / "shared" / "data")
    return tmp_path / "shared" / "data"


def test_beside_the_project_where_nothing_is_named(beside) -> None:
    assert data.real_data() is None
    captures(beside / "captures")
    found = data.real_data()
    assert (found.folder, found.captures) == (beside, beside / "captures")
    assert "beside the project" in found.in_words
    assert str(beside) in found.in_words


@pytest.mark.parametrize("below", ["captures", "."])
def test_what_is_named_goes_first(beside, tmp_path, monkeypatch, below) -> None:
    captures(beside / "captures")
    mine = captures(tmp_path / "mine" / below) if below != "." else captures(tmp_path / "mine")
    monkeypatch.setenv("BAVN_DATA", str(tmp_path / "mine"))
    assert data.real_data().captures == mine
    assert "BAVN_DATA" in data.real_data().in_words


def test_a_wrong_name_is_an_error_and_nothing_else_is_taken_for_it(beside, tmp_path, monkeypatch) -> None:
    captures(beside / "captures")
    monkeypatch.setenv("BAVN_DATA", str(tmp_path / "gone"))
    with pytest.raises(data.NoData, match="gone"):
        data.real_data()
    with pytest.raises(Stop) as stopped:
        sector_world.chosen(None, generated=False, part="test", work=tmp_path, jobs=1, say=print)
    assert stopped.value.code == Exit.CONFIGURATION
