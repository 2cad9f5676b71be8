"""A lead's page in a browser: what it is in a sentence, for and against, what to do; the score folded away; its values
open their cards, and its picture grows."""

import pytest
from playwright.sync_api import expect

from tests.app.web.drawn_sector import CAMPAIGN
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
HEADINGS = {
    "en": (
        "What speaks for it",
        "What speaks against it",
        "What to do",
        "What is claimed",
        "Pace and client at each actor",
        "What is known of it",
        "What would change it",
        "How it is scored",
    ),
    "da": (
        "Det taler for",
        "Det taler imod",
        "Hvad kan gøres",
        "Påstanden",
        "Takt og klient hos hver aktør",
        "Hvad man ved om det",
        "Hvad der ville ændre det",
        "Hvordan det er vægtet",
    ),
}
FOLDED = {
    "en": ("How the priority adds up", "Without each actor", "Elements"),
    "da": ("Sådan lægges prioriteten sammen", "Uden hver aktør", "Elementer"),
}


@pytest.mark.parametrize(("lang", "size"), [("en", "desk"), ("da", "desk"), ("da", "phone")])
def test_the_queue_says_why_in_words(sac_page, lang, size) -> None:
    page = sac_page("analyst", lang=lang, size=size)
    page.goto("/leads?stands=all")
    settled(page)
    row = page.get_by_role("row").nth(1)
    row.wait_for()
    said = row.inner_text()
    opening = {"en": (" the name ", "; none of the other "), "da": (" navnet ", "; ingen af sektorens ")}[lang]
    assert all(words in said for words in opening)
    assert {"en": "; new in the sector", "da": "; nyt i sektoren"}[lang] in said
    if size == "desk":
        assert {"en": "But: ", "da": "Men: "}[lang] in said
    assert "+" not in said.replace("+ ", ""), "no addend"
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    shot(page, f"sac-leads-why-{lang}-{size}")


def said_of(desk, lead, lang):
    return desk.reviews([desk.lead(lead)])[0].opening.say(lang)


@pytest.mark.parametrize(("lang", "theme", "size"), [("en", "light", "desk"), ("da", "dark", "phone")])
def test_a_lead_is_read_in_words_and_its_score_unfolds(sac_page, sac_served, lang, theme, size) -> None:
    desk = sac_served.drawn.desk
    lead = next(view.lead.id for view in desk.lead_book.leads() if CAMPAIGN[0] in view.lead.observables)
    page = sac_page("analyst", lang=lang, theme=theme, size=size)
    page.goto(f"/leads/{lead}")
    settled(page)
    body = page.locator("main").inner_text()
    places = [body.index(heading) for heading in HEADINGS[lang]]
    assert places == sorted(places)
    assert "nats" not in body
    assert not any(page.get_by_role("heading", name=name, exact=True).count() for name in FOLDED[lang])
    assert page.locator("main p.opening").inner_text() == said_of(desk, lead, lang)
    shot(page, f"sac-lead-words-{lang}-{theme}-{size}")
    assert [*axe_clean(page), *untranslated(page), *csp_reports(page)] == []
    page.get_by_text(HEADINGS[lang][-1], exact=True).click()
    for name in FOLDED[lang]:
        page.get_by_role("heading", name=name, exact=True).wait_for()
    settled(page)
    shot(page, f"sac-lead-scored-{lang}-{theme}-{size}")
    wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
    found = [*axe_clean(page), *untranslated(page), *csp_reports(page), *(["too wide"] if wide else [])]
    assert found == []
    page.get_by_text(HEADINGS[lang][-1], exact=True).click()
    a_value_opens_its_card_by_keys_alone(page, lang, size)


CARD = {
    "en": ("What is known of it", "In the sector", "What a block would hit"),
    "da": ("Det vides om det", "I sektoren"),
}


def a_value_opens_its_card_by_keys_alone(page, lang, size) -> None:
    page.locator("main dd").get_by_role("button", name=CAMPAIGN[0].value, exact=True).first.focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog", name=CARD[lang][0])
    for words in CARD[lang][1:]:
        card.get_by_text(words).first.wait_for()
    settled(page)
    shot(page, f"sac-value-card-{lang}-{size}")
    assert [*axe_clean(page), *untranslated(page), *csp_reports(page)] == []
    page.keyboard.press("Escape")
    card.wait_for(state="hidden")


@pytest.mark.parametrize(("lang", "theme", "size"), [("en", "light", "desk"), ("da", "dark", "phone")])
def test_an_indicator_is_shown_as_a_rule_for_ones_own_tool(sac_page, sac_served, lang, theme, size) -> None:
    life = next(one for one in sac_served.drawn.desk.indicators() if one.kept.indicator.observable == CAMPAIGN[0])
    page = sac_page("analyst", lang=lang, theme=theme, size=size)
    page.goto(f"/indicators/{life.kept.indicator.id}")
    settled(page)
    page.get_by_text({"en": "As a rule for your own tool", "da": "Som regel til dit eget værktøj"}[lang]).click()
    page.get_by_label({"en": "Tool", "da": "Værktøj"}[lang], exact=True).select_option("sigma")
    expect(page.get_by_text("title: Bavn Shared Indicator")).to_be_visible()
    shot(page, f"sac-indicator-as-rule-{lang}-{theme}-{size}")
    assert [*axe_clean(page), *untranslated(page), *csp_reports(page)] == []
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name={"en": "Copy the rule", "da": "Kopiér reglen"}[lang]).click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("title: Bavn Shared Indicator")
