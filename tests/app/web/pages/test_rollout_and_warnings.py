"""Steps, drafts and answers in a browser: each is accessible, shows a refusal in words, and changes nothing."""

import pytest

from tests.app.web.pages.looking import axe_clean, csp_reports, settled, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
EXPECTED = ("409", "422")
"""The browser itself notes an answer that refuses."""


def clean(page) -> list[str]:
    reports = [one for one in csp_reports(page) if not any(code in one for code in EXPECTED)]
    return [*reports, *axe_clean(page), *untranslated(page)]


def test_a_state_that_is_refused_says_what_it_waits_for(sac_page) -> None:
    page = sac_page(lang="da")
    page.goto("/rollout")
    settled(page)
    row = page.get_by_role("row").filter(has_text="clinic-north")
    row.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Tilstand", exact=True).select_option("testing")
    dialog.get_by_label("Begrundelse").fill("aftalen er her")
    dialog.get_by_role("button", name="Sæt", exact=True).click()
    said = dialog.get_by_role("alert")
    said.wait_for()
    assert "venter på" in said.inner_text()
    assert clean(page) == []
    dialog.get_by_role("button", name="Fortryd").click()
    page.goto("/rollout")
    settled(page)
    assert "planlagt" in page.get_by_role("row").filter(has_text="clinic-north").inner_text()


def test_a_draft_that_names_something_inside_is_refused_and_kept_nowhere(sac_page) -> None:
    page = sac_page()
    page.goto("/warnings")
    settled(page)
    before = page.locator("[data-id]").count()
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    for field in ("Title in English", "Title in Danish", "Text in English", "Text in Danish"):
        dialog.get_by_label(field).fill("Look")
    dialog.get_by_label("Names in it").fill("10.1.2.3")
    dialog.get_by_label("Regions").select_option("north")
    assert clean(page) == []
    dialog.get_by_role("button", name="Keep as a draft").click()
    said = dialog.get_by_role("alert")
    said.wait_for()
    assert "10.1.2.3" in said.inner_text()
    assert clean(page) == []
    page.goto("/warnings")
    settled(page)
    assert page.locator("[data-id]").count() == before > 0


def test_an_answer_is_shown_whole_before_it_can_leave(soc_page) -> None:
    page = soc_page()
    page.goto(f"/nodes/north/warnings/warning-{1:016x}")
    settled(page)
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    leave = dialog.get_by_role("button", name="Let it out")
    assert leave.is_disabled()
    dialog.get_by_label("Words for the centre").fill("we look into it")
    dialog.get_by_role("button", name="See what leaves").click()
    dialog.get_by_text("This is all that leaves").wait_for()
    assert dialog.locator("dd.words").inner_text() == "we look into it"
    assert leave.is_enabled()
    assert clean(page) == []
    dialog.get_by_label("Words for the centre").fill("something else")
    assert leave.is_disabled()
