"""A confirmed attack that was met here is what Today says first, by mouse and on a phone, until somebody has it."""

import pytest

from tests.app.web.drawn_node import BEACON, C2, own
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
WORDS = {
    "en": ("Confirmed attack, blocked since", "met here 3 times from 2 machines", "What to do now", "We have it"),
    "da": (
        "Bekræftet angreb, spærret siden",
        "mødt her 3 gange fra 2 maskiner",
        "Hvad der skal gøres nu",
        "Vi tager os af det",
    ),
}


@pytest.fixture
def served(new_soc, tmp_path):
    with new_soc(tmp_path) as console:
        yield console


@pytest.mark.parametrize(("lang", "size"), [("en", "desk"), ("da", "phone")])
def test_it_stands_on_top_of_today_until_somebody_has_it(opened, served, lang, size) -> None:
    page = opened(served, "soc.operator", lang=lang, size=size)
    page.goto("/nodes/north/today")
    settled(page)
    banner = page.get_by_role("alert")
    stands, met, to_do, take = WORDS[lang]
    text = banner.inner_text()
    assert C2 in text
    for said in (stands, met, to_do, own(21)):
        assert said in text
    box = banner.bounding_box()
    assert box is not None
    assert box["y"] < page.viewport_size["height"] / 2
    assert box["width"] <= page.viewport_size["width"], "nothing sticks out"
    shot(page, f"soc-hit-{lang}-{size}")
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    banner.get_by_role("button", name=take).click()
    page.get_by_role("dialog").get_by_role("button", name=take).click()
    banner.wait_for(state="detached")
    settled(page)
    assert C2 in page.locator("main details.taken > summary").inner_text()


def test_the_machine_its_suspicion_and_its_host_say_confirmed_and_never_low(opened, served) -> None:
    page = opened(served, "soc.operator")
    for path in (f"/nodes/north/suspicions/{BEACON}", f"/nodes/north/hosts/{own(21)}"):
        page.goto(path)
        settled(page)
        head = page.locator("main").inner_text()
        assert "Confirmed attack, blocked since" in head, path
        assert "Confirmed attack" in page.locator("header.head").inner_text()
        assert "Low" not in page.locator("header.head").inner_text()
    shot(page, "soc-hit-host-en-desk")
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    page.goto("/nodes/north/cases")
    settled(page)
    shot(page, "soc-hit-cases-en-desk")
