"""The planted faults can be planted: the file is read, and each row still fits the code, once."""

import tomllib
from collections import Counter
from pathlib import Path

from tests.plant import touched

ROOT = Path(__file__).resolve().parents[2]
FAULTS = tomllib.loads((ROOT / "tests" / "planted.toml").read_text(encoding="utf-8"))["fault"]


def test_every_row_is_whole_and_has_a_name_of_its_own() -> None:
    assert all(set(fault) == {"name", "file", "find", "plant", "test"} for fault in FAULTS)
    assert [name for name, count in Counter(fault["name"] for fault in FAULTS).items() if count > 1] == []


def test_what_is_to_be_replaced_stands_in_its_file_once() -> None:
    """script/plant finds this out too, but runs every test to do so."""
    counts = {f["name"]: (ROOT / f["file"]).read_text(encoding="utf-8").count(f["find"]) for f in FAULTS}
    assert {name: count for name, count in counts.items() if count != 1} == {}


def test_of_what_changed_a_fault_is_tried_for_its_file_and_for_its_test() -> None:
    own = {"file": "bavn/a.py", "test": "pytest -q tests/test_a.py -k one"}
    other = {"file": "bavn/b.py", "test": "pytest -q tests/test_b.py"}
    assert touched([own, other], {"bavn/a.py"}) == touched([own, other], {"tests/test_a.py"}) == [own]
    assert touched([own, other], {"docs/a.md"}) == []
