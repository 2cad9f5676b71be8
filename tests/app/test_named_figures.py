"""Nothing that a person reads in Danish is left in English: every figure of health, heading of a table and guide of a
detector, with the same figures and names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bavn
from bavn.actor.detect.base import HEADINGS
from bavn.actor.detect.run import DETECTORS
from bavn.app.analyst.detector_guide import HEADS, guide_of
from bavn.app.cli import words
from bavn.app.node.health.words import COUNTS, LOSSES

ROOT = Path(bavn.__file__).parent


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name == getattr(node.func, "attr", getattr(node.func, "id", "")):
                yield file, node


def columns_of(file: Path, call: ast.Call) -> list[str]:
    """The names that a table is shown with, also where a tuple of them was named before."""
    tuples = [call.args[0]]
    if isinstance(call.args[0], ast.Name):
        tuples = [
            node.value
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == call.args[0].id
        ]
    return [
        one.value
        for given in tuples
        for one in ast.walk(given)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


@pytest.mark.slow
def test_every_loss_that_a_source_counts_has_a_name() -> None:
    named = {
        given.value.value
        for _, call in calls("Loss")
        for given in call.keywords
        if given.arg == "what" and isinstance(given.value, ast.Constant)
    }
    gaps = set()
    for module in ("netflow", "sflow"):
        text = (ROOT / "actor" / "sense" / "flows" / f"{module}.py").read_text(encoding="utf-8")
        gaps |= set(re.findall(r'"([a-z_0-9]+)": "(?:flows|datagrams|records|packets)"', text))
    assert gaps
    assert named | gaps <= set(LOSSES)


def test_every_count_of_a_source_has_a_name() -> None:
    named = set()
    for file in sorted((ROOT / "actor" / "sense").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "counts":
                named |= {
                    key.value
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Dict)
                    for key in inner.keys
                    if isinstance(key, ast.Constant)
                }
    assert named
    assert named <= set(COUNTS)


@pytest.mark.slow
def test_every_table_of_ours_has_headings_in_both_languages() -> None:
    seen = 0
    for name in ("show_table", "show"):
        for file, call in calls(name):
            if "cli" not in file.parts or not call.args:
                continue
            columns = columns_of(file, call) if name == "show_table" or isinstance(call.args[0], ast.Tuple) else []
            if not columns or columns[0] in ("table", "function"):  # tables of names, which are SQL's
                continue
            seen += 1
            assert set(columns) <= set(words.HEADINGS), file
    assert seen >= 17


def test_figures_are_written_as_each_language_does() -> None:
    assert (words.number(1234.5, "en", 1), words.number(1234.5, "da", 1)) == ("1,234.5", "1.234,5")
    assert (words.small(0.0038, "en"), words.small(0.0038, "da")) == ("0.0038", "0,0038")
    assert words.cell("10.0.0.5", "da") == "10.0.0.5"


_FIGURE = re.compile(r"\d+(?:[.,]\d+)?")
_NAMED = re.compile(r"\b(?:[A-Z][A-Z0-9]{2,}|[a-z]+_[a-z]+)\b")


def test_every_detector_and_no_other_has_a_guide_under_every_heading() -> None:
    guides = {one.name: [head for head, _ in guide_of(one.name)] for one in DETECTORS}
    assert [name for name, heads in guides.items() if heads != [HEADS[head] for head in HEADINGS]] == []
    assert guide_of("nobody's") == ()


@pytest.mark.parametrize("name", sorted(one.name for one in DETECTORS))
def test_both_languages_have_the_same_figures_and_names(name) -> None:
    for _, said in guide_of(name):
        assert sorted(_FIGURE.findall(said.en)) == sorted(one.replace(",", ".") for one in _FIGURE.findall(said.da))
        assert set(_NAMED.findall(said.en)) == set(_NAMED.findall(said.da))
        assert said.en != said.da
