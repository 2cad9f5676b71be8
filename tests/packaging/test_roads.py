"""Each road of docs/roads is walked by bench/roads.py, with its own bar, package and promises."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(page.stem for page in (ROOT / "docs/roads").glob("*.md"))
HOURS = {"thirty minutes": 0.5, "an hour": 1, "an afternoon": 4}


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    return importlib.import_module("roads")


def test_each_page_has_its_bar_and_blocks_are_filled(bench) -> None:
    for known in (bench.BARS_S, bench.ROLES, bench.PROMISED):
        assert sorted(known) == PAGES
    assert bench.filled("export NAME=...\ndig x\n", {"NAME": "x"}) == "dig x"
    with pytest.raises(SystemExit, match="NAME, which"):
        bench.filled("export NAME=...\ndig x\n", {})


@pytest.mark.parametrize("road", PAGES)
def test_a_road_installs_its_package_keeps_its_promises_to_headings_and_ends_with_leaving(bench, road) -> None:
    page = (ROOT / "docs/roads" / f"{road}.md").read_text(encoding="utf-8")
    title = page.splitlines()[0]
    assert bench.BARS_S[road] == next(hours for words, hours in HOURS.items() if title.endswith(words)) * 3600
    assert f"./bavn-{bench.ROLES[road]}_" in page
    headings = [heading for heading, _ in bench.steps_of(page)]
    assert headings[-1].endswith("Leave")
    assert [said for said in bench.PROMISED[road] if not any(heading.endswith(said) for heading in headings)] == []
    assert "Leave" in bench.PROMISED[road]


@pytest.mark.parametrize("road", PAGES)
def test_the_figures_of_each_road_stand_with_the_others(road) -> None:
    figures = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    assert len(re.findall(rf"^\| \[[^\]]+\]\(roads/{road}\.md\) \|", figures, re.MULTILINE)) == 1
