"""Every page of both consoles, by its deep link, in both languages and themes, on a desk and on a phone.

Each page is seen in English, light, and in Danish, dark: one of them on a desk, the other on a phone, in turn from page
to page. With BAVN_EVERY_LOOK=1 each is seen in all four.
"""

import os
import re

import pytest
from playwright.sync_api import expect

from tests.app.web.pages.conftest import SIZES
from tests.app.web.pages.looking import CONSOLE, axe_clean, csp_reports, literals, settled, shot, untranslated
from tests.app.web.pages.registered import deep_link, registered

LOOKS = (("en", "light"), ("da", "dark"))
WIDTHS = ("desk", "phone")
EVERY = [pytest.param(one, id=f"{one.side}{one.path}") for side in ("sac", "soc") for one in registered(side)]
MARKUP = re.compile(r"<!--.*?-->|<script.*?</script>|<style.*?</style>", re.DOTALL)
WORD = re.compile(r"[^\W\d_]{2,}")
NAMES = {"TLP", "PAP", "RSIT", "Bavn", "Suricata"}


@pytest.mark.slow
@pytest.mark.chromium
@pytest.mark.parametrize("one", EVERY)
def test_a_page_is_clean_in_every_look(one, request) -> None:
    at = [param.values[0] for param in EVERY].index(one)
    open_page = request.getfixturevalue(f"{one.side}_page")
    address = deep_link(open_page(), one)
    stem, wrong = f"{one.side}{one.path.replace('/nodes/:node', '').replace('/:', '-').replace('/', '-')}", []
    for (lang, theme), sizes in looks(at):
        page = open_page(lang=lang, theme=theme)
        for size in sizes:
            page.set_viewport_size(SIZES[size])
            page.goto(address)
            settled(page)
            shot(page, f"{stem}-{lang}-{theme}-{size}")
            found = [*csp_reports(page), *axe_clean(page), *untranslated(page), *too_wide(page)]
            wrong += [f"{lang} {theme} {size}: {each}" for each in found]
        page.context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.chromium
def test_a_console_offers_the_languages_that_it_is_whole_in_and_keeps_the_choice(soc_page, sac_page) -> None:
    page = soc_page()
    page.goto("/nodes/north/today")
    settled(page)
    page.get_by_role("button", name="Dansk").click()
    expect(page.get_by_role("heading", name="I dag")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="I dag")).to_be_visible()
    other = sac_page()
    other.goto("/overview")
    settled(other)
    assert other.evaluate("() => document.documentElement.lang") == "en"
    expect(other.get_by_role("button", name="Dansk")).to_be_visible()


def looks(at):
    """((language, theme), sizes) of the page at this place."""
    if os.environ.get("BAVN_EVERY_LOOK"):
        return [(look, WIDTHS) for look in LOOKS]
    return [(look, (WIDTHS[(at + nth) % 2],)) for nth, look in enumerate(LOOKS)]


def test_every_look_and_width_is_seen_over_the_pages(monkeypatch) -> None:
    monkeypatch.delenv("BAVN_EVERY_LOOK", raising=False)
    seen = [(look, size) for at in range(2) for look, sizes in looks(at) for size in sizes]
    assert sorted(seen) == sorted((look, size) for look in LOOKS for size in WIDTHS)
    monkeypatch.setenv("BAVN_EVERY_LOOK", "1")
    assert looks(0) == looks(1) == [(look, WIDTHS) for look in LOOKS]


def too_wide(page) -> list[str]:
    """The page itself never scrolls sideways; a table in it may."""
    width, seen = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    return [f"the page is {width} pixels wide in a window of {seen}"] if width > seen else []


def literal_text(source: str) -> list[str]:
    """Words that stand in a component's markup itself, outside of braces and tags."""
    text = re.sub(r"&#?\w+;", "", MARKUP.sub("", source))
    while (emptied := re.sub(r"\{[^{}]*\}", "", text)) != text:
        text = emptied
    said = re.sub(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", " ", text)
    attributes = re.findall(r"\s(?:aria-label|title|placeholder|alt)=\"([^\"]+)\"", text)
    return [word for word in WORD.findall(" ".join([said, *attributes])) if word not in NAMES]


def test_no_component_says_anything_in_one_language_alone() -> None:
    assert literal_text('<p title={w().a}>{w().b}: {#if x}<b class="c">{y}</b>{/if}</p>') == []
    assert literal_text('<p title="Close it">Hello {name}</p>') == ["Hello", "Close", "it"]
    found = {
        str(file.relative_to(CONSOLE)): literal_text(file.read_text("utf-8")) for file in CONSOLE.rglob("*.svelte")
    }
    found = {name: words for name, words in found.items() if not name.startswith("parts/")}  # for tests alone
    assert len(found) > 20
    assert {name: words for name, words in found.items() if words} == {}


def test_no_component_has_an_inline_style() -> None:
    found = [
        str(f.relative_to(CONSOLE))
        for f in CONSOLE.rglob("*.svelte")
        if re.search(r"\sstyle=[\"{]", f.read_text("utf-8"))
    ]
    assert found == []


def test_words_of_each_language_are_told_apart() -> None:
    assert "Keyboard shortcuts" in literals("en")
    assert "Genvejstaster" in literals("da")
