"""What a page says when it is refused something or gets no answer: what the reader can do, never what is not known."""

import re

import pytest
from playwright.sync_api import expect

from tests.app.web.pages.looking import axe_clean

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


def test_a_lead_that_is_not_there_leads_back_to_the_list(sac_page) -> None:
    page = sac_page()
    page.goto("/leads/nosuch")
    expect(page.get_by_role("alert")).to_contain_text("may be mistyped")
    page.get_by_role("link", name="To the list: Leads").click()
    expect(page).to_have_url(re.compile("/leads$"))


def test_a_link_that_is_refused_says_what_to_do(sac_served, opened) -> None:
    page = opened(sac_served, None)
    page.goto(f"/link#{'x' * 43}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This link is used, too old, or not a link of this console")
    assert axe_clean(page) == []


@pytest.mark.parametrize(("path", "empty"), [("/leads", "No lead fits"), ("/rounds", "No round is kept")])
def test_what_could_not_be_asked_for_is_never_called_empty(sac_page, path, empty) -> None:
    page = sac_page()
    page.route(re.compile(f"/api/v1{path}(\\?|$)"), lambda route: route.abort())
    page.goto(path)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.get_by_role("alert")).to_contain_text("tried again by itself")
    expect(page.get_by_text("Not known: it could not be asked for")).to_be_visible()
    expect(page.get_by_text(empty)).to_have_count(0)
    page.unroute_all()
    expect(page.get_by_role("alert")).to_have_count(0, timeout=15_000)  # asked for again by itself


def test_a_change_without_an_answer_was_not_made(sac_served, opened) -> None:
    page = opened(sac_served, None)
    page.goto(f"/link#{'x' * 43}")
    page.route(re.compile("/api/v1/logon/link"), lambda route: route.abort())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was done: try again in a moment.")
    expect(page.get_by_role("alert")).not_to_contain_text("by itself")
