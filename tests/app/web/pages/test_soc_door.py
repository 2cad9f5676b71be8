"""A line of the ledger in a browser: a table in words first, the raw text on request."""

import pytest
from playwright.sync_api import expect

from tests.app.web.pages.conftest import SIZES
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


def test_what_left_is_read_as_a_table_and_raw_on_request(soc_page) -> None:
    page = soc_page(lang="da")
    page.goto("/nodes/north/door?tab=ledger&left=yes")
    settled(page)
    page.get_by_role("row").filter(has=page.get_by_text("melding", exact=True)).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("rowheader", name="værdi").wait_for()
    assert "et navn udefra" in dialog.get_by_role("table").inner_text()
    assert not dialog.locator("pre").is_visible()
    for size in ("desk", "phone"):
        page.set_viewport_size(SIZES[size])
        assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
        shot(page, f"soc-door-line-da-{size}")
    dialog.get_by_text("Som det går ud (JSON)").click()
    assert '"value": "evil-' in dialog.locator("pre").inner_text()


def test_what_left_comes_first_in_words_and_a_strict_policy_is_shown_before_it_is_written(soc_page) -> None:
    page = soc_page()
    page.goto("/nodes/north/door?days=7")
    settled(page)
    expect(page.get_by_text("49 things left this actor, of 2 kinds: 48 reports and")).to_be_visible()
    reports = page.locator("section.panel", has=page.get_by_role("heading", name="48 reports"))
    reports.get_by_role("link", name="The lines").click()
    expect(page.get_by_role("grid", name="Ledger")).to_be_visible()
    expect(page.get_by_text("Only the lines of the days and the class that were chosen.")).to_be_visible()
    page.goto("/nodes/north/policy")
    settled(page)
    page.get_by_role("button", name="Fill in a strict policy").click()
    page.get_by_role("button", name="See what would change").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("door.tell_counts")).to_be_visible()
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_label("The most different observables that are reported in 24 hours").fill("-4")
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_label("The most different observables that are reported in 24 hours")).to_have_attribute(
        "aria-invalid", "true"
    )


def test_the_search_finds_blocks_actors_and_hosts(soc_page) -> None:
    page = soc_page()
    page.goto("/nodes/north/door")
    settled(page)
    page.keyboard.press("/")
    box = page.get_by_role("dialog").get_by_role("combobox")
    for word, found in (("exam", "waits.example.com"), ("sou", "south"), ("10.0.0.21", "10.0.0.21")):
        box.fill(word)
        expect(page.locator("#hits").get_by_role("option", name=found).first).to_be_visible()
    box.fill("nis2")
    expect(page.locator("#hits").get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")
    owed = page.locator("[data-thing]").filter(has_text="NIS2: early warning about example.com is due")
    expect(owed.locator("time").first).to_be_visible()
    owed.get_by_role("link").first.click()
    page.wait_for_url("**/cases/case-*")
