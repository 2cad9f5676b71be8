"""Where the real captures are: one rule for the command line, the benches and the tests."""

import re
from pathlib import Path

import pytest

from bavn.app.process.exits import Exit, Stop
from bavn_lab import data, sector_world

ROOT = Path(__file__).resolve().parents[2]


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


def test_beside_the_project_is_beside_this_checkout() -> None:
    assert ROOT.parent / "shared" / "data" == data.BESIDE


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


def test_a_generated_sector_asks_for_no_captures(beside, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BAVN_DATA", str(tmp_path / "gone"))
    made = sector_world.chosen(None, generated=True, part="test", work=tmp_path, jobs=1, say=print)
    assert made.account is None


def test_it_is_said_which_folder_is_used(beside, tmp_path) -> None:
    captures(beside / "captures")
    said: list[str] = []
    with pytest.raises(Stop):  # it lists nothing
        sector_world.chosen(None, generated=False, part="test", work=tmp_path, jobs=1, say=said.append)
    assert str(beside / "captures") in said[0]


def test_nobody_else_decides_where_captures_are() -> None:
    asks = re.compile(r"environ\S*[(\[]\s*[\"']BAVN_DATA|shared[\"']?\s*/\s*[\"']?data")
    mine = {ROOT / "bavn_lab/data.py", Path(__file__).resolve()}
    files = {file for room in ("bavn", "bench", "tests", "script") for file in (ROOT / room).rglob("*.py")} - mine
    assert len(files) > 100
    said = re.compile(r"\.\./shared/data")
    assert [str(f) for f in sorted(files) if asks.search(said.sub("", f.read_text(encoding="utf-8")))] == []
