"""The planted faults can be planted: the file is read, and each row still fits the code, once."""

import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAULTS = tomllib.loads((ROOT / "tests" / "planted.toml").read_text(encoding="utf-8"))["fault"]


def test_every_row_is_whole_and_has_a_name_of_its_own() -> None:
    assert all(set(fault) == {"name", "file", "find", "plant", "test"} for fault in FAULTS)
    assert [name for name, count in Counter(fault["name"] for fault in FAULTS).items() if count > 1] == []


def test_what_is_to_be_replaced_stands_in_its_file_once() -> None:
    """script/plant finds this out too, but runs every test to do so."""
    counts = {f["name"]: (ROOT / f["file"]).read_text(encoding="utf-8").count(f["find"]) for f in FAULTS}
    assert {name: count for name, count in counts.items() if count != 1} == {}
