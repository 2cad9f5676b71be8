"""Today in a browser: it is short, each key takes something off it until it is empty, and the rest is folded below."""

import pytest
from playwright.sync_api import expect

from bavn.actor.door.suspicions import NodeSuspicions
from bavn.app.process.real import SystemClock
from bavn.wire.book import Book
from tests.app.web.drawn_node import own, suspicion
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


@pytest.fixture
def knocked(new_soc, tmp_path):
    """A SOC's console of its own, at whose first node the internet tried a door and guessed a password."""
    with new_soc(tmp_path) as served:
        now_us = SystemClock().now_us()
        tried = {"detector": "scan", "technique": "T1595.001", "knock": "tcp/22", "host": own(29), "observables": ()}
        guessed = {
            "detector": "bruteforce",
            "technique": "T1110.001",
            "knock": "guess:SSH",
            "host": own(29),
            "observables": (),
        }
        with Book(served.drawn["north"].parent / "data" / "node.db") as book:
            known = NodeSuspicions(book)
            knocks = [suspicion(now_us, id=n * 16, peer=f"45.9.150.{n}", **tried) for n in ("80", "81")]
            knocks.append(suspicion(now_us, id="82" * 16, peer="45.9.150.82", **guessed))
            plain = {"p": 0.9, "detector": "rarity", "observables": ()}
            weak = [suspicion(now_us, id=f"{n:032x}", host=own(30 + n), peer=f"w{n}.net", **plain) for n in range(30)]
            known.replace([*known.all(), *knocks, *weak], now_us, now_us, 35)
        yield served


@pytest.mark.parametrize(("lang", "size"), [("en", "desk"), ("da", "phone")])
def test_what_the_internet_tried_is_a_line_until_each_is_asked_for(opened, knocked, lang, size) -> None:
    page = opened(knocked, "soc.operator", lang=lang, size=size)
    page.goto("/nodes/north/today")
    settled(page)
    folded = page.locator("main details.below")
    count = {"en": "33 weaker suspicions, none over the line", "da": "33 svagere mistanker, ingen over linjen"}[lang]
    assert folded.inner_text().strip() == count
    assert page.evaluate("() => document.documentElement.scrollHeight") < {"desk": 2300, "phone": 4000}[size]
    shot(page, f"soc-today-{lang}-{size}")
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    folded.locator("summary").first.click()
    settled(page)
    text = page.locator("main").inner_text()
    doors, guesses = {
        "en": ("The internet knocks: 2 addresses", "The internet guesses: 1 address"),
        "da": ("Internettet banker på: 2 adresser", "Internettet gætter: 1 adresse"),
    }[lang]
    assert doors in text
    assert guesses in text
    assert own(29) not in text
    page.evaluate("() => scrollTo(0, 0)")
    shot(page, f"soc-today-knocks-{lang}-{size}")
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    page.get_by_label({"en": "Each address that tried", "da": "Hver adresse, der prøvede"}[lang]).check()
    settled(page)
    page.get_by_role("grid").evaluate("node => node.scrollTo(0, node.scrollHeight)")
    page.get_by_text(own(29)).first.wait_for()
    page.evaluate("() => scrollTo(0, 0)")
    settled(page)
    assert doors not in page.locator("main").inner_text()
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    page.get_by_role("button", name="45.9.150.80", exact=True).first.click()
    card = page.get_by_role("dialog")
    card.get_by_text({"en": "No indicator of the sector names it here.", "da": "Ingen af sektorens"}[lang]).wait_for()
    card.get_by_role("button", name={"en": "Try it on our own", "da": "Prøv det på vores egen"}[lang]).click()
    card.get_by_text("ip4:45.9.150.80").first.wait_for(timeout=60_000)
    settled(page)
    shot(page, f"soc-value-card-{lang}-{size}")
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []


def test_each_key_takes_one_off_the_page_until_it_says_what_was_looked_at(opened, knocked) -> None:
    page = opened(knocked, "soc.operator")
    page.goto("/nodes/north/today")
    settled(page)
    stories = page.locator("ol.above > li")
    left = stories.count()
    assert left == 5
    dialog = page.get_by_role("dialog")
    for turn, key in enumerate("tbih" + "b" * (left - 4)):
        page.keyboard.press(key)
        if key == "h":
            dialog.get_by_label("Colleague").fill("Bo Lund")
        assert axe_clean(page) == [] or turn, "the first dialog stands for all"
        dialog.locator("button.main").click()
        expect(stories).to_have_count(left - turn - 1)
    expect(page.get_by_role("heading", name="Nothing else asks for your eyes")).to_be_focused()
    text = page.locator("main").inner_text()
    assert "What 1 sensor saw was looked through until" in text
    assert "all well" not in text.lower()
    assert "Bo Lund has 1" in page.locator("main details.below > summary").inner_text()
    shot(page, "soc-today-empty-en-desk")
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
