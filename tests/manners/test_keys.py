"""Each key means one thing in the whole product, and stands in one place: console/src/lib/deeds.svelte.ts."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "console" / "src"
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


def pages() -> dict[str, dict[str, str]]:
    """Console -> key -> the page's title and its path's last word."""
    titles = dict(re.findall(r'(\w+): t\("([^"]+)"\)', (SOURCE / "words/both/titles.ts").read_text("utf-8")))
    row = re.compile(r'path: "[^"]*/(\w+)", title: "(\w+)".*?key: "(\w)"')
    return {
        side: {
            key: f"{titles[title]} /{path}"
            for path, title, key in row.findall((SOURCE / side / "pages.ts").read_text())
        }
        for side in ("sac", "soc")
    }


def test_the_guide_of_the_demonstration_names_keys_that_go_where_it_says() -> None:
    guide = (ROOT / "bavn_lab/demo/by_hand.py").read_text("utf-8")
    named = re.findall(r"([A-Z][\w ]*?) ?\(g (\w)\)(.*)", guide)
    assert len(named) > 6
    soc = guide.rindex("{consoles.soc}")
    at_soc = {match[1] for match in re.finditer(r"\(g (\w)\)", guide) if match.start() > soc - 1}
    for title, key, _ in named:
        sides = [side for side, keys in pages().items() if keys.get(key, "? /").partition(" /")[0] in title]
        assert sides, f"{title} is not at g {key}"
    assert at_soc <= set(pages()["soc"])


def test_the_docs_name_keys_that_there_are() -> None:
    known = {key for keys in pages().values() for key in keys}
    sac = {text.partition(" /")[2]: key for key, text in pages()["sac"].items()}
    console = (ROOT / "docs/console.md").read_text("utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert set(re.findall(r"`g (\w)`", page.read_text("utf-8"))) <= known, page.name
    rows = re.findall(r"^\| `/(\w+)` \| `g (\w)` \|", console, re.MULTILINE)
    assert len(rows) >= 3
    assert [(path, key) for path, key in rows if sac.get(path) != key] == []
    table = console.partition("## By keyboard")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\S+)`", table)) - MOVES == set(deeds().values())
