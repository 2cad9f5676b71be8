"""An exercise in a browser: planned only after its words were seen, followed, judged; plainly marked at an actor."""

import re

import pytest

from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated
from tests.app.web.pages.test_every_page import too_wide

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


def clean(page) -> list[str]:
    return [*csp_reports(page), *axe_clean(page), *untranslated(page), *too_wide(page)]


@pytest.mark.parametrize(("lang", "size"), [("en", "desk"), ("da", "phone")])
def test_a_plan_is_kept_only_after_what_will_happen_was_seen(sac_page, lang, size) -> None:
    page = sac_page(lang=lang, size=size)
    page.goto("/exercises")
    settled(page)
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    ahead = dialog.locator("button[type=submit]")
    assert ahead.is_disabled()
    for at, box in enumerate(dialog.locator("input[type=text], input:not([type])").all()):
        box.fill(f"Winter {at}")
    for name in ("region-nord", "region-syd"):
        dialog.get_by_label(name, exact=True).check()
    seen = {"en": "Nothing is blocked", "da": "Intet spærres"}[lang]
    assert dialog.get_by_text(seen).count() == 0
    ahead.click()
    dialog.get_by_text(seen).wait_for()
    shot(page, f"sac-exercise-planning-{lang}-{size}")
    assert clean(page) == []
    dialog.locator("input[type=number]").last.fill("3")
    assert dialog.get_by_text(seen).count() == 0
    ahead.click()
    dialog.get_by_text({"en": "There can be no lead", "da": "Der kan ikke komme et spor"}[lang]).wait_for()
    assert re.search(r"\(2\)", ahead.inner_text())


def test_each_view_has_an_address_and_a_judgement_is_in_the_files(sac_page) -> None:
    page = sac_page(lang="da")
    page.goto("/exercises?state=ended")
    settled(page)
    page.locator("main a[href^='/exercises/exercise-']").first.click()
    settled(page)
    for tab in ("plan", "report"):
        page.goto(page.url.partition("?")[0] + f"?tab={tab}")
        settled(page)
        shot(page, f"sac-exercise-{tab}-da")
        assert clean(page) == []
    page.get_by_label("Et menneske ser på det inden 30 minutter.").select_option("met")
    page.locator("#objectives td", has_text=re.compile("^nået$")).wait_for()
    assert "judged=1%3Amet" in page.url
    links = [one.get_attribute("href") for one in page.locator("a[download]").all()]
    assert len(links) == 5
    assert all("judged=1%3Amet" in link for link in links)


def test_at_an_actor_it_is_plainly_an_exercise(soc_page) -> None:
    for lang, mark, what in (("en", "EXERCISE", "It is no attack"), ("da", "ØVELSE", "Det er intet angreb")):
        page = soc_page(lang=lang, size={"en": "desk", "da": "phone"}[lang])
        page.goto("/nodes/north/today")
        settled(page)
        banner = page.locator("article", has_text=what)
        banner.wait_for()
        assert mark in banner.inner_text()
        page.locator("summary", has_text={"en": "Past exercises", "da": "Tidligere øvelser"}[lang]).click()
        shot(page, f"soc-exercise-{lang}")
        assert clean(page) == []
        banner.locator("button.main").click()
        page.get_by_role("dialog").wait_for()
        assert mark in page.get_by_role("dialog").inner_text()
        assert clean(page) == []
