"""docs/threat-model.md: each crossing is gone through by all six letters; each threat names a test that is there."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| ([STRIDE]) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def crossings():
    parts = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return {name: text for name, text in zip(parts[::2], parts[1::2], strict=True) if "| threat |" in text}


def test_every_gate_and_every_other_crossing_is_gone_through_by_all_six_letters() -> None:
    assert [name.split(":")[0] for name in crossings()][:4] == ["Gate 1", "Gate 2", "Gate 3", "Gate 4"]
    assert len(crossings()) >= 8
    for name, text in crossings().items():
        rows = [line for line in text.splitlines() if line.startswith("| ") and "| threat |" not in line]
        assert len(ROW.findall(text)) == len(rows), f"{name}: a row is not a letter, a threat, what stops it, a test"
        assert {letter for letter, *_ in ROW.findall(text)} == set("STRIDE"), name


@pytest.mark.parametrize(("threat", "cell"), [(row[1], row[3]) for row in ROW.findall(PAGE)])
def test_each_threat_names_tests_and_they_are_there(threat, cell) -> None:
    named = NAMED.findall(cell)
    assert named, threat
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{test}"


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/threat-model.md", "docs/operations.md"])
def test_links_of_these_pages_lead_somewhere(page) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8"))
    assert links
    assert [
        link for link in links if not link.startswith("http") and not (ROOT / page).parent.joinpath(link).exists()
    ] == []


HELD = tomllib.loads((Path(__file__).parent / "operations.toml").read_text(encoding="utf-8"))
"""By page: the first cell of a row (of store.md also the second), and the tests that hold it."""


@pytest.mark.parametrize("page", sorted(HELD))
def test_each_behaviour_in_operation_stands_on_its_page(page) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:1] == "|"]
    there = {row[0] for row in rows} | {" / ".join(row[:2]) for row in rows}
    assert HELD[page].keys() - there == set()


def test_each_behaviour_in_operation_names_a_test_that_is_there() -> None:
    named = [name for page in HELD.values() for names in page.values() for name in names]
    assert len(named) > 40
    for file, _, test in (name.partition("::") for name in named):
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
