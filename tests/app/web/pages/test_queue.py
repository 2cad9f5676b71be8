"""What waits for a person, in a browser: asked by one, found on top by another and done with keys alone; handed over;
and every act of a page within five Tabs of its heading."""

import pytest

from tests.app.web.pages.conftest import SAC_ROLES, SOC_ROLES
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
SAC_PAGES = (
    *("/overview", "/leads", "/cases", "/indicators", "/protection", "/protection?tab=policies", "/proposals"),
    *("/questions", "/warnings", "/rounds", "/coverage", "/members", "/rollout", "/partners", "/sources"),
    *("/publications", "/accounts", "/account"),
)
SOC_PAGES = (
    *("/waiting", "/nodes/north/today", "/nodes/north/cases", "/nodes/north/warnings", "/nodes/north/hunt"),
    *("/nodes/north/hosts", "/nodes/north/door", "/nodes/north/protection", "/nodes/north/policy"),
    *("/nodes/north/health", "/account"),
)
TABS_MAX = 5
ACTS = """() => [...document.querySelectorAll("#content .button")].filter((one) => one.checkVisibility()
    && !one.matches(":disabled, [aria-disabled=true]") && !one.closest(".acts-here")
    && (one.ariaLabel || one.textContent.trim()))"""
AT = "() => document.activeElement.closest('.acts-here') !== null"
COUNTS = "(many) => document.querySelector('nav .count').textContent === String(many)"
ON_HEADING = "() => document.activeElement.id === 'page-title'"  # a function: an expression would need unsafe-eval


@pytest.fixture(scope="module")
def served(new_sac, tmp_path_factory):
    """A drawn sector of this module's own, which its tests change."""
    with new_sac(tmp_path_factory.mktemp("queue")) as console:
        yield console


def test_one_asks_and_another_finds_it_on_top_and_confirms_with_keys_alone(opened, served) -> None:
    asking = served.drawn.desk.questions.every
    why = f"Seen at a supplier, {len(asking())}"  # a second try finds the first one's question
    other = opened(served, SAC_ROLES)
    other.goto("/overview")
    settled(other)
    count = other.get_by_role("navigation").locator(".count")
    before = int(count.inner_text())
    asker = opened(served, "approver")
    asker.goto("/questions")
    settled(asker)
    asker.keyboard.press("q")
    asker.get_by_role("dialog").wait_for()
    assert asker.evaluate("() => document.activeElement.matches('dialog textarea, dialog input')"), "in its first field"
    asker.keyboard.type("asked-later.example.com q y h .")  # no key of these does anything while one types
    asker.keyboard.press("Control+a")
    asker.keyboard.type("asked-later.example.com")
    asker.get_by_role("dialog").get_by_label("Reason").fill(why)
    asker.get_by_role("dialog").get_by_role("button", name="Ask", exact=True).click()
    asker.get_by_text("waits for a second person").first.wait_for()
    other.wait_for_function(COUNTS, arg=before + 1)

    line = other.locator("[data-thing^='/question/']", has_text=why)
    assert "Bo" in line.inner_text() or "approver" in line.inner_text()
    assert line.get_by_role("button", name="Approve").get_attribute("aria-keyshortcuts") == "y"
    other.keyboard.press("Tab")
    while not line.evaluate("(one) => one.contains(document.activeElement)"):
        other.keyboard.press("Tab")
    other.keyboard.press("y")
    other.get_by_role("dialog").get_by_text("each says whether it met them").wait_for()
    shot(other, "sac-queue-asking")
    assert axe_clean(other) == []
    other.keyboard.press("Enter")
    line.wait_for(state="detached")
    assert not other.evaluate("() => document.activeElement === document.body"), "focus is somewhere"
    other.wait_for_function(COUNTS, arg=before)
    asked = [one.question for one in asking() if one.question.why == why]
    assert [one.approved_by for one in asked] == ["Anna Berg"]
    assert csp_reports(asker) == csp_reports(other) == []


def test_whoever_lacks_the_right_sees_who_has_it_and_hands_over_with_one_click(opened, served) -> None:
    opened(served, SAC_ROLES)  # Anna is known here
    page = opened(served, "analyst")
    page.goto("/overview")
    settled(page)
    page.get_by_text("wait for others").click()
    line = page.locator("[data-thing^='/policy/']")
    line.get_by_text("Your role does not do this").wait_for()
    shot(page, "sac-queue-handing")
    asked = line.get_by_text("Anna Berg was asked to look")
    if not asked.is_visible():  # a second try finds the first one's
        line.get_by_role("button", name="Ask Anna Berg to look").click()
    asked.wait_for()
    other = opened(served, SAC_ROLES)
    other.goto("/overview")
    settled(other)
    first = other.locator("[data-thing]").first
    assert "asks you to look at this" in first.inner_text()
    assert first.get_attribute("data-thing").startswith("/policy/")
    page.goto("/protection?tab=policies")
    settled(page)
    page.get_by_text("Anna Berg was asked to look").wait_for()
    other.keyboard.press("g")
    other.keyboard.press("l")
    other.wait_for_function(ON_HEADING)
    assert csp_reports(page) == csp_reports(other) == []


FAR = f"""async () => {{
  const acts = ({ACTS})();
  document.querySelector("#page-title").focus();
  return acts.length;
}}"""


@pytest.mark.parametrize(("side", "paths"), [("sac", SAC_PAGES), ("soc", SOC_PAGES)])
def test_no_act_is_more_than_five_tabs_from_the_heading_of_its_page(sac_page, soc_page, side, paths) -> None:
    page = sac_page() if side == "sac" else soc_page()
    far, counted = [], 0
    for path in paths:
        page.goto(path)
        settled(page)
        wanted = page.evaluate(FAR)
        reached: set[str] = set()
        menu_at = None
        for tabs in range(1, TABS_MAX + 1):
            page.keyboard.press("Tab")
            if page.evaluate(AT):
                menu_at = menu_at or tabs
            else:
                at = page.evaluate(f"() => ({ACTS})().indexOf(document.activeElement)")
                reached.add(str(at))
        page.evaluate("() => document.querySelector('#page-title').focus()")
        page.keyboard.press(".")
        page.locator(".acts-here ul").wait_for()
        listed = page.locator(".acts-here ul button").count()
        direct = len(reached - {"-1"})
        counted += wanted
        if menu_at is None or listed < wanted:
            far.append(f"{path}: {wanted} acts, {direct} reached, {listed} in the list at Tab {menu_at}")
        elif wanted:
            page.keyboard.press("Enter")
            assert page.evaluate(f"() => ({ACTS})().indexOf(document.activeElement)") == 0, path
        else:
            page.keyboard.press("Escape")
    assert far == []
    assert counted > len(paths) / 2


@pytest.mark.parametrize(("lang", "theme", "size"), [("en", "light", "desk"), ("da", "dark", "phone")])
def test_an_operator_of_many_begins_where_most_is_to_do(soc_page, lang, theme, size) -> None:
    page = soc_page(SOC_ROLES, lang=lang, theme=theme, size=size)
    page.goto("/")
    page.wait_for_url("**/waiting")
    settled(page)
    first = page.locator("[data-thing]").first
    assert "/hit/" in first.get_attribute("data-thing")
    shot(page, f"soc-waiting-{lang}-{theme}-{size}")
    assert axe_clean(page) == []
    assert untranslated(page) == []
    assert csp_reports(page) == []
