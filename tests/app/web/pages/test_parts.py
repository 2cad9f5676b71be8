"""The parts that all pages are made of, on a page that shows each: policy, accessibility, keys, addresses, exports."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app.web.pages.conftest import SIZES
from tests.app.web.pages.looking import axe_clean, beside_a_house, csp_reports, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


def saved(page, press) -> tuple[str, bytes]:
    """The name and content of what a press hands out."""
    with page.expect_download() as waiting:
        press()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


@pytest.mark.parametrize(("lang", "theme"), [("en", "light"), ("da", "dark")])
def test_every_part_is_clean(parts_page, lang, theme) -> None:
    page = parts_page(lang=lang, theme=theme)
    for size in ("desk", "phone"):
        page.set_viewport_size(SIZES[size])
        page.wait_for_timeout(300)
        shot(page, f"parts-{lang}-{theme}-{size}")
        assert axe_clean(page) == []
        assert untranslated(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("?")
    assert axe_clean(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert axe_clean(page) == []
    assert beside_a_house(page) == []


def test_what_is_wrong_is_seen(parts_page) -> None:
    page = parts_page()
    page.evaluate(
        """() => {
          const main = document.querySelector("main");
          const wrong = "<img src='/mark.svg'><p style='color:red'>Genvejstaster</p><p>7 vist, flere når du ruller</p>";
          main.insertAdjacentHTML("beforeend", wrong);
          const elsewhere = new Image();
          elsewhere.src = "http://192.0.2.1/x.png";
        }"""
    )
    page.wait_for_timeout(200)
    assert any(one.startswith("image-alt") for one in axe_clean(page))
    assert set(untranslated(page)) == {"Genvejstaster", "7 vist, flere når du ruller"}
    said = "\n".join(csp_reports(page))
    assert "POLICY style-src-attr" in said
    assert "192.0.2.1" in said


def test_a_long_table_goes_by_keys_and_keeps_few_rows(parts_page) -> None:
    page = parts_page()
    grid = page.get_by_role("grid")
    assert page.locator("[data-index]").count() < 60
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[aria-selected=true]")).to_have_attribute("data-id", "row-0")
    page.keyboard.press("G")
    expect(page.locator("[aria-selected=true]")).to_have_attribute("data-id", "row-99999")
    assert grid.get_attribute("aria-activedescendant") == page.locator("[aria-selected=true]").get_attribute("id")
    assert page.locator("[data-index]").count() < 60
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/account/row-99999$"))
    page.go_back()
    expect(grid).to_be_visible()


def test_a_table_sorts_hides_and_exports(parts_page) -> None:
    page = parts_page()
    first = page.locator("[data-index='0']")
    page.get_by_role("button", name="γ").click()
    expect(page.get_by_role("columnheader", name="γ")).to_have_attribute("aria-sort", "descending")
    expect(first).to_contain_text("10,006")
    page.get_by_role("button", name="γ").click()
    expect(first).to_contain_text("host-0.example.com")
    page.locator("summary[aria-label='Columns']").click()
    page.get_by_label("β", exact=True).uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="β")).to_have_count(0)
    page.reload()
    settled(page)
    expect(page.get_by_role("columnheader", name="β")).to_have_count(0)
    page.locator("summary[aria-label='Export']").click()
    name, body = saved(page, page.get_by_role("button", name="As CSV").click)
    lines = body.decode("utf-8-sig").splitlines()
    assert (name, len(lines), lines[0]) == ("parts.csv", 100_001, "name,level,score,seen")
    assert lines[1].startswith("host-0.example.com,critical,0,")


def test_filters_stand_in_the_address(parts_page) -> None:
    page = parts_page("/account?q=host-9999&level=info")
    rows = page.locator("[data-index]")
    expect(rows.first).to_contain_text("host-9999.example.com")
    assert rows.count() == 3  # of 9999, 99990..99999: every fifth, from 4
    page.get_by_role("searchbox").fill("host-12345")
    expect(page).to_have_url(re.compile(r"q=host-12345&level=info$"))
    expect(page.get_by_text("0", exact=True)).to_be_visible()
    page.get_by_role("link", name="B 12").click()
    expect(page).to_have_url(re.compile("tab=b"))
    page.go_back()
    expect(page).not_to_have_url(re.compile("tab=b"))


def test_the_palette_and_the_keys_lead_everywhere(parts_page) -> None:
    page = parts_page("/account/row-5")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("acc")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/account$"))
    page.goto("/account/row-5")
    settled(page)
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile("/account$"))
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("Next row")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


def test_a_refusal_stands_where_it_was_asked(parts_page) -> None:
    page = parts_page()
    page.get_by_role("button", name="✕").click()
    page.get_by_role("button", name="Go ahead").click()
    alert = page.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text("409")
    expect(alert).to_contain_text("Reload the page to see how it stands")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_language_zone_and_theme_change_at_once(parts_page) -> None:
    page = parts_page()
    page.get_by_role("button", name="Dansk").click()
    expect(page.locator("html")).to_have_attribute("lang", "da")
    expect(page.get_by_text("100.000 vist")).to_be_visible()
    assert untranslated(page) == []
    expect(page.get_by_text("26. nov. 2026, 11.46.40")).to_be_visible()
    page.locator("summary[aria-label^=Tidszone]").click()
    page.get_by_role("button", name="UTC").click()
    expect(page.get_by_text("26. nov. 2026, 10.46.40")).to_be_visible()
    page.locator("summary[aria-label=Udseende]").click()
    page.get_by_role("button", name="Mørkt").click()
    assert page.evaluate("() => getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.reload()
    settled(page)
    assert page.evaluate("() => getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_what_has_been_is_never_ahead(parts_page) -> None:
    """A server's clock may be ahead of the browser's: the page's one moment, seen from before and after it."""
    page = parts_page()
    for before_s, says in ((90, "just now|lige nu"), (0, "just now|lige nu"), (300, "(in|om) 5 min"), (-125, "2 min")):
        page.clock.set_fixed_time(1_795_690_000 - before_s)
        page.reload()
        settled(page)
        expect(page.locator("time.both")).to_contain_text(re.compile(says))


def test_one_signs_out_by_the_palette_and_every_menu_has_a_name(parts_page) -> None:
    page = parts_page()
    assert page.locator("header details:not([aria-label])").count() == 0
    assert page.locator("header details[aria-label]").count() == 3
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name=re.compile("Search|Søg")).fill("g")
    expect(page.get_by_role("option", name=re.compile("Sign out|Log ud"))).to_be_visible()
