"""Today in a browser: what the internet tried is a line a day, and each of it where somebody asks for it."""

import pytest

from bavn.actor.door.suspicions import NodeSuspicions
from bavn.app.process.real import SystemClock
from bavn.wire.book import Book
from tests.app.web.drawn_node import own, suspicion
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated
from tests.app.web.pages.served import soc

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


@pytest.fixture
def knocked(pages_built, tmp_path):
    """A SOC's console of its own, at whose first node the internet tried a door and guessed a password."""
    with soc(tmp_path) as served:
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
            known.replace([*known.all(), *knocks], now_us)
        yield served


@pytest.mark.parametrize(("lang", "size"), [("en", "desk"), ("da", "phone")])
def test_what_the_internet_tried_is_a_line_until_each_is_asked_for(opened, knocked, lang, size) -> None:
    page = opened(knocked, "soc.operator", lang=lang, size=size)
    page.goto("/nodes/north/today")
    settled(page)
    text = page.locator("main").inner_text()
    doors, guesses = {
        "en": ("The internet knocks: 2 addresses", "The internet guesses: 1 address"),
        "da": ("Internettet banker på: 2 adresser", "Internettet gætter: 1 adresse"),
    }[lang]
    assert doors in text
    assert guesses in text
    assert own(29) not in text
    shot(page, f"soc-today-knocks-{lang}-{size}")
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    page.get_by_label({"en": "Each address that tried", "da": "Hver adresse, der prøvede"}[lang]).check()
    page.get_by_text(own(29)).first.wait_for()
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
