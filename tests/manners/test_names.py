"""What a class may be called: a noun with what it belongs to. docs/glossary.md has the words."""

import pytest


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
