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


AGAIN = {
    "en": ("Play", "First met, at clinic-west.", "Copy for my management", "It was first met on ", "Print", "Edit"),
    "da": (
        "Afspil",
        "Først mødt hos clinic-west.",
        "Kopiér til min ledelse",
        "Det blev først mødt den ",
        "Udskriv",
        "Redigér",
    ),
}


def is_told_again(page, lang, size):
    """By keys to the first sighting, played on; edited and copied in the other language; printed on one page."""
    play, first, copy, _, print_, edit = AGAIN[lang]
    slider = page.get_by_role("slider")
    slider.press("Home")
    expect(page.locator(".moment")).to_contain_text(first)
    expect(page.locator("li.is-alone")).to_contain_text("clinic-west")
    shot(page, f"sac-lead-replay-{lang}-{size}")
    page.get_by_role("button", name=play, exact=True).click()
    expect(slider).not_to_have_value("0")
    slider.press("End")
    other = "da" if lang == "en" else "en"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("main select").first.select_option(other)
    page.get_by_role("button", name=edit, exact=True).click()
    page.locator("main textarea").press("Control+End")
    page.keyboard.type(" OK?")
    page.get_by_role("button", name=copy, exact=True).click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert AGAIN[other][3] in copied
    assert copied.endswith(" OK?")
    assert axe_clean(page) == []
    page.evaluate("window.print = () => {}")
    page.get_by_role("button", name=print_, exact=True).click()
    page.locator("article.sheet").wait_for(state="attached")
    foot, strip = {  # in the story's language, whatever the page is in
        "en": ("Drafted by Bavn, edited by hand: ", "When it was met: "),
        "da": ("Udkast af Bavn, rettet i hånden: ", "Hvornår det blev mødt: "),
    }[other]
    assert page.locator("article.sheet .foot").text_content().startswith(foot)
    assert page.locator("article.sheet svg").get_attribute("aria-label").startswith(strip)
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") == 1
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator("article.sheet")).to_have_count(0)
    page.locator("main select").first.select_option(lang)


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
    is_told_again(page, lang, size)
    page.get_by_text(HEADINGS[lang][-1], exact=True).click()
    for name in FOLDED[lang]:
        page.get_by_role("heading", name=name, exact=True).wait_for()
    settled(page)
    shot(page, f"sac-lead-scored-{lang}-{theme}-{size}")
    wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
    found = [*axe_clean(page), *untranslated(page), *csp_reports(page), *(["too wide"] if wide else [])]
    assert found == []
    page.get_by_text(HEADINGS[lang][-1], exact=True).click()
    a_picture_grows_by_keys_alone(page, lang, size)


GRAPH = {"en": "How it fits together", "da": "Sådan hænger det sammen"}
EXPAND = {"en": "Expand", "da": "Fold ud"}
CARD = {
    "en": ("What is known of it", "In the sector", "What a block would hit"),
    "da": ("Det vides om det", "I sektoren"),
}


def a_picture_grows_by_keys_alone(page, lang, size) -> None:
    """Each thing is a button that says what it is; the plus adds its neighbours; a value opens its card and closes."""
    picture = page.get_by_role("group", name=GRAPH[lang])
    before = picture.locator("[data-id]").count()
    more = picture.locator(f"[data-id='domain:{CAMPAIGN[0].value}'] button.more")  # its indicator bears the same name
    assert more.get_attribute("aria-label") == f"{EXPAND[lang]}: {CAMPAIGN[0].value}"
    more.focus()
    page.keyboard.press("Enter")
    picture.locator("[data-id^='technique:']").first.wait_for()
    assert picture.locator("[data-id]").count() > before
    assert more.count() == 0
    technique = picture.locator("[data-id^='technique:']").first
    named = technique.get_attribute("data-id")
    technique.locator("button.more").click()
    expect(picture.locator(f"[data-id='{named}'] button.more")).to_have_count(0)
    assert picture.locator("[data-id^='case:']").count() >= 1
    assert picture.locator("line").count() >= picture.locator("[data-id]").count() - 1
    small = page.evaluate(
        """() => [...document.querySelectorAll("main .graph button")].map((one) => one.getBoundingClientRect())
        .filter((place) => place.width < 24 || place.height < 24).length"""
    )
    assert small == 0
    shot(page, f"sac-lead-picture-{lang}-{size}")
    assert [*axe_clean(page), *untranslated(page)] == []
    picture.locator(f"[data-id='domain:{CAMPAIGN[0].value}'] .pick").focus()
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
def test_a_release_is_played_again_member_by_member(sac_page, sac_served, lang, theme, size) -> None:
    life = next(one for one in sac_served.drawn.desk.indicators() if one.kept.indicator.observable == CAMPAIGN[0])
    page = sac_page("analyst", lang=lang, theme=theme, size=size)
    page.goto(f"/indicators/{life.kept.indicator.id}")
    settled(page)
    ring = page.get_by_role("slider", name={"en": "Moment", "da": "Tidspunkt"}[lang])
    last = int(ring.get_attribute("max"))
    assert last >= 1
    assert page.locator("svg g.on").count() == 6, "at rest it shows how it stands"
    ring.focus()
    page.keyboard.press("Home")
    assert page.locator("svg g.on").count() == 0
    assert page.get_by_text({"en": "Before the order", "da": "Før ordren"}[lang], exact=True).is_visible()
    page.get_by_role("button", name={"en": "Play", "da": "Afspil"}[lang]).first.click()  # the ring stands on top
    expect(page.locator("svg g.on")).to_have_count(6)
    assert ring.get_attribute("aria-valuetext").startswith(page.locator(".moment").first.inner_text()[:5])
    shot(page, f"sac-lit-{lang}-{theme}-{size}")
    assert [*axe_clean(page), *untranslated(page), *csp_reports(page)] == []
    page.get_by_text({"en": "As a rule for your own tool", "da": "Som regel til dit eget værktøj"}[lang]).click()
    page.get_by_label({"en": "Tool", "da": "Værktøj"}[lang], exact=True).select_option("kql")
    expect(page.get_by_text("union isfuzzy=true")).to_be_visible()
    shot(page, f"sac-indicator-as-rule-{lang}-{theme}-{size}")
    assert [*axe_clean(page), *untranslated(page), *csp_reports(page)] == []
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name={"en": "Copy the rule", "da": "Kopiér reglen"}[lang]).click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("// Bavn, shared indicator: domain:")
