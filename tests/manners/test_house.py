"""What no folder, file or import of the house may be; its figures are printed by bench/house.py."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_folder_holds_more_modules_than_a_person_looks_over(bench, house) -> None:
    assert {name: n for name, n in house.folders().items() if n > bench.FOLDER_MODULES_MAX} == {}


def test_no_two_files_import_each_other_however_far_round(house) -> None:
    assert house.cycles() == []


def test_the_formatter_has_the_last_word_and_no_file_is_longer_than_it_reads(bench, house) -> None:
    places = [
        f"{path.relative_to(ROOT)}"
        for folder in ("bavn", "bavn_lab", "bench", "fuzz", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if path != Path(__file__).resolve()
        and path.name != "house.py"
        and "# fmt: " in path.read_text(encoding="utf-8")
    ]
    assert places == []
    assert {name: n for name, n in house.lines().items() if n > bench.FILE_LINES_MAX} == {}


def test_a_circle_and_a_full_folder_are_seen(bench, tmp_path) -> None:
    room = tmp_path / "bavn" / "room"
    room.mkdir(parents=True)
    for name, text in {
        "a": "from bavn.room import b",
        "b": "import bavn.room.c",
        "c": "from bavn.room.a import x",
    }.items():
        (room / f"{name}.py").write_text(f"{text}\n")
    read = bench.House.read(tmp_path)
    assert read.cycles() == [["bavn.room.a", "bavn.room.b", "bavn.room.c"]]
    assert read.folders() == {"bavn/room": 3}
