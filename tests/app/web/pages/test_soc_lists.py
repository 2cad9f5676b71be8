"""Protection in a browser: the never-block list, where what a change would free is shown before the reason is asked
for; and on a phone what a node that does not run leaves waiting."""

import pytest
from playwright.sync_api import expect

from tests.app.web.drawn_node import BLOCKED, C2
from tests.app.web.pages.looking import axe_clean, csp_reports, cut_off, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


def clean(page) -> list[str]:
    return [*csp_reports(page), *axe_clean(page), *untranslated(page)]


def test_an_entry_is_shown_written_with_a_name_and_struck(soc_page) -> None:
    page = soc_page(lang="da")
    page.goto("/nodes/south/protection?tab=never")
    settled(page)
    page.get_by_role("button", name="Føj til listen").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Navne, adresser eller net").fill("pumps-maker.com")
    dialog.get_by_role("button", name="Vis, hvad det ville frigive").click()
    dialog.get_by_text("Ingen indikator, der huskes her, er berørt.").wait_for()
    assert clean(page) == []
    shot(page, "soc-protection-never-add-da")
    dialog.get_by_label("Hvorfor").fill("infusionspumperne henter herfra")
    dialog.get_by_role("button", name="Føj til listen").click()
    dialog.wait_for(state="hidden")
    page.goto("/nodes/south/protection?tab=never&own=yes")
    settled(page)
    row = page.get_by_role("row").filter(has_text="pumps-maker.com")
    assert "infusionspumperne henter herfra" in row.inner_text()
    assert "Anna Berg" in row.inner_text()
    row.click()
    dialog.get_by_role("button", name="Stryg fra listen").click()
    dialog.get_by_role("button", name="Vis, hvad det ville frigive").click()
    dialog.get_by_label("Hvorfor").fill("pumperne er væk")
    assert clean(page) == []
    dialog.get_by_role("button", name="Stryg fra listen").click()
    page.get_by_text("Intet på listen passer").wait_for()
    assert clean(page) == []


def test_an_indicator_that_becomes_no_rule_says_why(soc_page) -> None:
    page = soc_page(lang="da", size="phone")
    page.goto(f"/nodes/north/protection?indicator={BLOCKED}")
    page.get_by_text("Som regel til dit eget værktøj").click()
    expect(page.get_by_role("dialog").get_by_text("teksten er ikke en STIX-pakke").last).to_be_visible()
    shot(page, "soc-indicator-as-rule-da")
    assert clean(page) == []


WAITS = {"en": "a lift asked by Bo Lund waits for the node", "da": "en ophævelse, ønsket af Bo Lund, venter på noden"}


@pytest.mark.parametrize(("lang", "theme"), [("en", "light"), ("da", "dark")])
def test_a_phone_shows_to_its_end_that_the_node_does_not_run_and_what_waits_for_it(soc_page, lang, theme) -> None:
    page = soc_page(lang=lang, theme=theme, size="phone")
    page.route("**/nodes/north/protection", lambda route: route.fulfill(json=route.fetch().json() | {"running": False}))
    page.route("**/protection/blocks?**", lambda route: route.fulfill(json=left(route.fetch().json())))
    page.route("**/protection/blocks/*", lambda route: route.fulfill(json=left_on(route.fetch().json())))
    page.goto("/nodes/north/protection?standing=wanted")
    settled(page)
    page.get_by_text({"en": "The node does not run", "da": "Noden kører ikke"}[lang], exact=True).wait_for()
    page.get_by_text({"en": "Lifts are done from here at once", "da": "Ophævelser gøres herfra"}[lang]).wait_for()
    row = page.get_by_role("row").filter(has_text=C2)
    row.get_by_text(WAITS[lang]).wait_for()
    shot(page, f"soc-protection-waits-{lang}-phone")
    assert [*clean(page), *cut_off(page)] == []
    row.click()
    card = page.get_by_role("dialog")
    card.get_by_text(WAITS[lang]).wait_for()
    assert card.get_by_role("button", name={"en": "Lift", "da": "Ophæv"}[lang], exact=True).count() == 0
    shot(page, f"soc-protection-card-{lang}-phone")
    assert clean(page) == []


def left_on(block):
    return block | {"left": WAITS, "acts": []}


def left(answer):
    return answer | {"items": [left_on(one) for one in answer["items"]]}
