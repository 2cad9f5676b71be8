"""The never-block list changed in a browser: what it would free is shown before the reason is asked for."""

import pytest
from playwright.sync_api import expect

from tests.app.web.drawn_node import BLOCKED
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated

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
