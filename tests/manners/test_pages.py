"""Pages made from code say what the code says; every setting has a sentence; every page stands in the list of pages."""

import re
from pathlib import Path

import pytest

from bavn.app.config.load import NODE_TABLES, POLICY_TABLES
from bavn.app.docs.pages import CENTRE_TABLES, pages
from bavn.app.docs.refusals import part_of, refusal_page, refusals
from bavn.model.settings import settings_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_made_page_is_what_the_code_says(name) -> None:
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == pages()[name], "run script/docs"


@pytest.mark.parametrize("kind", [*NODE_TABLES.values(), *POLICY_TABLES.values(), *CENTRE_TABLES.values()])
def test_every_setting_has_a_sentence_and_a_default_within_its_bounds(kind) -> None:
    for entry in settings_of(kind).values():
        about = entry.metadata["about"]
        assert about.holds.endswith((".", "?")), entry.name
        if about.low is not None:
            assert about.low <= entry.default <= about.high, entry.name


def test_nothing_but_what_is_made_lies_with_what_is_made() -> None:
    assert sorted(path.name for path in (ROOT / "docs" / "reference").iterdir()) == sorted(pages())


def test_every_page_stands_in_the_list_of_pages() -> None:
    listed = re.findall(r"\]\(([^)#:]+\.md)\)", (ROOT / "docs" / "README.md").read_text(encoding="utf-8"))
    docs = ROOT / "docs"
    there = [
        *docs.glob("*.md"),
        *(page for room in ("reference", "assurance", "advisories", "roads") for page in (docs / room).glob("*.md")),
    ]
    names = {str(page.relative_to(docs)) for page in there} - {"README.md"}
    assert {name for name in listed if not name.startswith(("../", "decisions/"))} == names


def test_each_invariant_names_what_holds_it_and_that_is_there() -> None:
    text = (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| (.+) \|$", text, re.MULTILINE)[1:]
    assert len(rows) > 80
    assert [says for says, held in rows if "`" not in held] == []
    named = re.findall(r"`(tests/[^`*]+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
    by_name = re.findall(r"`(test_\w+)`", text)
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert by_name
    assert [name for name in by_name if f"def {name}(" not in tests] == []


def test_every_refusal_that_the_code_writes_out_is_on_the_page_in_its_part() -> None:
    found = list(refusals())
    assert len(found) > 400
    assert [file for file, *_ in found if not part_of(file)] == []
    page = refusal_page()
    assert [rule for _, rule, _ in found if f"| `{rule}` |" not in page] == []


def test_where_it_is_decided_names_what_stands_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = page.partition("## Where is it decided")[2].partition("\n## ")[0]
    places = re.findall(r"`(bavn/[\w/]+\.py)` \((.*?)\)", table)
    assert len(places) > 10
    for file, names in places:
        code = (ROOT / file).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"\b{name}\b", code), (file, name)


@pytest.mark.parametrize(("name", "lines_max"), [("ARCHITECTURE.md", 150), ("README.md", 60)])
def test_the_first_pages_can_be_read_in_one_sitting(name, lines_max) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= lines_max


def test_there_are_no_more_pages_than_one_finds_through_and_none_is_a_book() -> None:
    pages = {path.name: path.read_text(encoding="utf-8").split() for path in (ROOT / "docs").glob("*.md")}
    pages.pop("benchmarks.md")
    assert len(pages.keys() - {"proof.md"}) <= 36  # both are figures, to be looked at and not to be found through
    assert {name: len(words) for name, words in pages.items() if len(words) > 3_400} == {}


def test_every_page_begins_with_a_sentence_in_words_alone() -> None:
    for path in (ROOT / "docs").glob("*.md"):
        first = path.read_text(encoding="utf-8").split("\n\n")[1].replace("\n", " ")
        sentence = re.split(r"(?<=[.?*])\s", first)[0]
        assert not re.search(r"[`|\[]", sentence), f"{path.name}: {sentence}"
        assert len(sentence) <= 220, f"{path.name}: {sentence}"
