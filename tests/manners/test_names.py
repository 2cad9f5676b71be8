"""What a class may be called (a noun with what it belongs to) and a local (what it holds): docs/glossary.md."""

import ast
import re
from pathlib import Path

import pytest

GLOSSARY = Path(__file__).resolve().parents[2] / "docs/glossary.md"


def test_no_class_has_a_name_that_needs_a_noun(bench, house) -> None:
    assert {"Answer", "Asked", "Facts", "Known", "Said", "Standing", "Story", "Told"} <= set(bench.BANNED_CLASSES)
    assert house.banned() == []


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


def test_each_code_word_of_the_glossary_is_in_the_code(house) -> None:
    names = {
        name
        for tree in house.trees.values()
        for node in ast.walk(tree)
        if (name := getattr(node, "name", None) or getattr(getattr(node, "target", None), "id", None))
    }
    table = GLOSSARY.read_text(encoding="utf-8").partition("## What a name says")[2].partition("\n## ")[0]
    words = [word for row in table.splitlines() for word in re.findall(r"`([\w.]+)`", row.rpartition(" | ")[2])]
    assert len(words) > 40
    assert [word for word in words if word not in house.modules and not set(word.split(".")) <= names] == []
