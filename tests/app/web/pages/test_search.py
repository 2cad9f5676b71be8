"""Ctrl-K and `g` in a browser: own history is searched, and what was not looked through is named."""

import pytest

from tests.app.web.pages.conftest import SOC_ROLES
from tests.app.web.pages.looking import settled, shot

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


def searched(page, text):
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search and go to").fill(text)


def test_a_name_of_own_history_is_found_and_what_was_not_searched_is_no_nothing(opened, soc_served) -> None:
    page = opened(soc_served, SOC_ROLES)
    page.goto("/nodes/north/today")
    settled(page)
    searched(page, "2.example.co")
    page.get_by_role("option", name="In own history:").first.wait_for()
    shot(page, "search-own-history")
    page.get_by_role("combobox", name="Search and go to").fill("no-such-name-here")
    page.get_by_text("Nothing by that name. Looked through:").wait_for()
    assert "own history" in page.get_by_text("Looked through:").inner_text()
    page.route("**/values/history*", lambda route: route.abort())
    page.get_by_role("combobox", name="Search and go to").fill("no-such-name-there")
    page.get_by_text("Not looked through, or only in part: own history.").wait_for()
    shot(page, "search-not-looked")


def test_g_and_a_letter_that_goes_nowhere_does_nothing(opened, soc_served) -> None:
    page = opened(soc_served, SOC_ROLES)
    page.goto("/nodes/north/hunt")
    settled(page)
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").count() == 0
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
