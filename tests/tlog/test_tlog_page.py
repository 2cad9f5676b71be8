"""docs/centre.md says of each kind of entry what it tells of, and what a reader learns."""

from pathlib import Path

import pytest

from bavn.tlog.entries import KINDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "centre.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_entry_stands_on_the_page_with_its_sentences(name) -> None:
    kind = KINDS[name]
    assert f"| `{name}` | {kind.says.say('en')} | {kind.leaks.say('en')} |" in PAGE
