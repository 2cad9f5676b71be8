"""Each key means one thing in the whole product, and stands in one place: console/src/lib/deeds.svelte.ts."""

import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "console" / "src"
MOVES = {"j", "k", "G", "Enter", "[", "]", "?", "/", ".", "Ctrl-k", "Ctrl-Enter", "Escape"}
"""What moves about, opens, runs and stops: no act."""


def deeds() -> dict[str, str]:
    table = re.search(r"export const DEEDS = \{(.*?)\}", (SOURCE / "lib/deeds.svelte.ts").read_text("utf-8"), re.DOTALL)
    assert table
    return dict(re.findall(r'(\w+): "([^"]+)"', table[1]))


def test_a_key_does_one_act() -> None:
    keys = list(deeds().values())
    assert len(keys) > 10
    assert len(set(keys)) == len(keys)
    assert not set(keys) & (MOVES | {"g"})


def test_no_page_gives_a_key_of_its_own() -> None:
    found = {
        f"{file.relative_to(SOURCE)}: {key}"
        for kind in ("*.svelte", "*.ts")
        for file in SOURCE.rglob(kind)
        for key in re.findall(r'\bkeys: "([^"]+)"', file.read_text("utf-8"))
        if key not in MOVES
    }
    assert found == set()


def test_the_same_letter_goes_to_the_same_page_in_both_consoles() -> None:
    pages = [
        (title, key)
        for side in ("sac", "soc")
        for title, key in re.findall(r'title: "(\w+)".*?key: "(\w)"', (SOURCE / side / "pages.ts").read_text("utf-8"))
    ]
    assert len(pages) > 25
    assert len({key for _, key in set(pages)}) == len(set(pages)), sorted(set(pages), key=lambda pair: pair[1])


def test_every_act_with_a_key_is_named_for_the_list_of_keys() -> None:
    words = (SOURCE / "words/both/kit.ts").read_text("utf-8")
    named = re.search(r"deeds: \{(.*?)\n  \}", words, re.DOTALL)
    assert named
    assert set(re.findall(r"(\w+): t\(", named[1])) == set(deeds())
