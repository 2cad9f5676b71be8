"""The planted faults can be planted: the file is read, and each row still fits the code, once."""

import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

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


@pytest.mark.slow
def test_each_row_names_a_test_that_is_there() -> None:
    asked = {fault["test"]: shlex.split(fault["test"]) for fault in FAULTS}
    files = {word for words in asked.values() for word in words if word.startswith("tests/")}
    told = _collected(*sorted(files))
    assert [test for test, words in asked.items() if words[0] == "pytest" and not _names_any(words, told)] == []


def test_a_row_whose_test_went_is_seen() -> None:
    told = ["tests/a.py::test_row_went[a]"]
    for words, named in (("-k went", 1), ("-k 'row and b'", 0), ("-k gone", 0), ("", 1)):
        assert _names_any(["tests/a.py", *shlex.split(words)], told) == named, words
    assert not _names_any(["tests/b.py"], told)


def _collected(*names: str) -> list[str]:
    """What pytest finds in these files and folders: ``file::test[case]``."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "--collect-only", *names]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-2000:]
    return [line for line in told.stdout.splitlines() if "::" in line]


def _names_any(words: list[str], told: list[str]) -> bool:
    places = tuple(word for word in words if word.startswith("tests/"))
    chosen = Expression.compile(words[words.index("-k") + 1]) if "-k" in words else None
    return any(one.startswith(places) and (chosen is None or chosen.evaluate(_within(one))) for one in told)


def _within(told: str) -> Callable[..., bool]:
    return lambda word, **_: word.lower() in told.lower()


def test_of_what_changed_a_fault_is_tried_for_its_file_and_for_its_test() -> None:
    own = {"file": "bavn/a.py", "test": "pytest -q tests/test_a.py -k one"}
    other = {"file": "bavn/b.py", "test": "pytest -q tests/test_b.py"}
    assert touched([own, other], {"bavn/a.py"}) == touched([own, other], {"tests/test_a.py"}) == [own]
    assert touched([own, other], {"docs/a.md"}) == []
