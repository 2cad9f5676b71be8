"""What a class may be called: a noun with what it belongs to. docs/glossary.md has the words."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_house_names", ROOT / "bench/house.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_house_names"] = module
    spec.loader.exec_module(module)
    return module


def test_no_class_has_a_name_that_needs_a_noun(bench) -> None:
    assert {"Answer", "Asked", "Facts", "Known", "Said", "Standing", "Story", "Told"} <= set(bench.BANNED_CLASSES)
    assert bench.House.read(ROOT).banned() == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("class Told:\n    pass\n", ["bavn.room.a.Told"]),
        ("class Case:\n    class Known:\n        pass\n", ["bavn.room.a.Known"]),
        ("def make():\n    class Facts:\n        pass\n", ["bavn.room.a.Facts"]),
        ("class CaseAnswer:\n    pass\n", []),
    ],
)
def test_a_class_without_a_noun_is_seen_wherever_it_stands(bench, tmp_path, text, seen) -> None:
    room = tmp_path / "bavn" / "room"
    room.mkdir(parents=True)
    (room / "a.py").write_text(text)
    assert bench.House.read(tmp_path).banned() == seen
