"""docs/privacy.md says nothing that no test holds: each claim names its test, and each named test is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
JOIN = (ROOT / "docs" / "private-join.md").read_text(encoding="utf-8")
POISONING = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
POINTERS = {
    "It has every upload and every answer, says what it likes to each actor, and has no key.",
    "What a hostile actor can try against the score is in [threat-model.md](threat-model.md#poisoning).",
    "What it is, and what it is for, is in [canaries.md](canaries.md).",
}
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
UNHELD = {
    "Who learns what",
    "Words",
    "What is not protected",
    "Kort på dansk",
}
"""Sections without claims of protection: what words mean, what is not protected, and where to find the rest."""


def sections(page: str) -> dict[str, str]:
    parts = re.split(r"^#{1,2} (.+)$", page, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(text: str) -> list[str]:
    """Paragraphs, list items and rows of tables, heads of tables left out."""
    found: list[str] = []
    lines = text.splitlines()
    for at, line in enumerate(lines):
        after = lines[at + 1] if at + 1 < len(lines) else ""
        if not line.strip() or re.match(r"^\|[\s|-]+\|$", line) or re.match(r"^\|[\s|-]+\|$", after):
            continue
        fresh = line.startswith(("|", "- ")) or at == 0 or not lines[at - 1].strip()
        if fresh or not found:
            found.append(line)
        else:
            found[-1] += " " + line.strip()
    return found


def unheld(page: str, free: set[str] = UNHELD) -> list[str]:
    """Claims that name no test. A row of a table is one claim; elsewhere each sentence is."""
    missing = []
    for name, text in sections(page).items():
        if name in free:
            continue
        for block in blocks(text):
            marked = NAMED.sub("\0", block)
            claims = [marked] if block.startswith("|") else re.split(r"(?<=[.!?])\s+", marked.removeprefix("- "))
            missing += [f"{name}: {claim}" for claim in claims if "\0" not in claim and not is_pointer(claim)]
    return missing


def is_pointer(claim: str) -> bool:
    """A sentence that only says where something stands, or what a section is about: these, word for word."""
    return claim in POINTERS


def missing_tests(page: str) -> list[str]:
    gone = []
    for file, name in NAMED.findall(page):
        path = ROOT / file
        if not path.exists() or not re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            gone.append(f"{file}::{name}")
    return gone


def test_every_claim_names_the_test_that_holds_it() -> None:
    assert unheld(PAGE) == []


def test_every_named_test_is_there() -> None:
    assert len(NAMED.findall(PAGE)) > 80
    assert missing_tests(PAGE) == []
    assert "`tests/" not in NAMED.sub("", PAGE)


def test_what_the_join_page_says_of_the_commons_names_tests_that_are_there() -> None:
    part = JOIN.partition("### Who learns what of the commons\n")[2].partition("\nNot protected")[0]
    assert len(NAMED.findall(part)) > 8
    assert unheld(f"# The commons\n{part}") == []
    assert missing_tests(JOIN) == []


def test_every_test_that_the_poisoning_page_names_is_there() -> None:
    names = set(re.findall(r"`(test_\w+)`", POISONING))
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(names) >= 8
    assert {name for name in names if f"def {name}(" not in text} == set()


def test_what_is_not_protected_is_said() -> None:
    said = sections(PAGE)["What is not protected"]
    assert len(blocks(said)) > 10
    for word in ("Collusion", "t-1 lying actors", "Counts hide a machine"):
        assert word in said


@pytest.mark.parametrize(
    "planted",
    [
        "\n## A new part\n\nThe centre learns nothing at all.\n",
        "\n## A new part\n\n- It is (`tests/psi/test_psi_twins.py::test_there_are_no_twins`). And more than that.\n",
        "\n## A new part\n\n| claim | held by |\n|---|---|\n| It is safe. | we are sure |\n",
    ],
)
def test_a_claim_without_a_test_is_noticed(planted) -> None:
    assert len(unheld(PAGE + planted)) == 1
    assert unheld(PAGE + planted.replace("we are sure", "`tests/psi/test_psi_twins.py::test_there_are_no_twins`")) == (
        [] if "we are sure" in planted else unheld(PAGE + planted)
    )


@pytest.mark.parametrize("name", ["tests/psi/test_psi_twins.py::test_not_there", "tests/psi/test_gone.py::test_x"])
def test_a_test_that_is_gone_is_noticed(name) -> None:
    assert missing_tests(PAGE + f"\n`{name}`\n") == [name]
