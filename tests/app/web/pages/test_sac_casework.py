"""A lead's way through the SAC's console in a browser: queue, case, two people, and what each part of a case shows."""

import pytest

from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.indicator_life import LifeAct
from tests.app.web.drawn_sector import CAMPAIGN, FOURTH, WEAK
from tests.app.web.pages.looking import axe_clean, csp_reports, cut_off, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
TABS = ("now", "tasks", "talk", "actors", "nis2", "evidence", "indicators", "timeline", "file")


@pytest.fixture(scope="module")
def changed(new_sac, tmp_path_factory):
    """A drawn sector of this module's own, which its tests change."""
    with new_sac(tmp_path_factory.mktemp("casework")) as served:
        yield served


def test_a_lead_is_triaged_by_key_and_a_case_walks_to_a_release_that_waits_for_a_second_person(opened, changed) -> None:
    sector = changed.drawn
    page = opened(changed, "analyst.approver")
    page.goto("/leads")
    settled(page)
    page.keyboard.press("j")
    page.keyboard.press("b")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("weighs less at every actor").wait_for()
    shot(page, "sac-lead-harmless")
    page.keyboard.press("Escape")
    page.goto(f"/leads?q={WEAK[0].value}")
    settled(page)
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.wait_for_url("**/cases/case-*")
    page.get_by_text("in triage", exact=True).first.wait_for()
    case_id = sector.case_of(WEAK[0]).id
    assert page.url.endswith(case_id)
    assert sector.desk.cases.case(case_id).owner == sector.desk.cases.audit_lines(case_id)[-1].who

    fourth = sector.case_of(FOURTH[0]).id
    page.goto(f"/cases/{fourth}")
    settled(page)
    page.keyboard.press("a")
    page.get_by_text("in triage", exact=True).first.wait_for()
    page.get_by_role("button", name="Confirm").click()
    dialog.get_by_role("textbox").fill("two actors, one rare peer")
    dialog.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Release", exact=True).click()
    dialog.get_by_text("may be blocked by nodes themselves").wait_for(timeout=120_000)  # reads the warning lists
    dialog.get_by_text("waits for a second person").wait_for()
    shot(page, "sac-case-release")
    assert axe_clean(page) == []
    dialog.get_by_role("textbox").fill("block it")
    dialog.get_by_role("button", name="Release").click()
    page.get_by_text("released", exact=True).first.wait_for()
    sector.now()
    page.get_by_text("Waits for a second person").first.wait_for()
    shot(page, "sac-case-waits")
    assert csp_reports(page) == []


@pytest.mark.parametrize(("lang", "theme", "size"), [("en", "light", "desk"), ("da", "dark", "phone")])
def test_each_part_of_a_case_has_an_address_and_is_clean(opened, changed, lang, theme, size) -> None:
    sector = changed.drawn
    case_id = sector.case_of(CAMPAIGN[0]).id
    page = opened(changed, "analyst", lang=lang, theme=theme, size=size)
    wrong = []
    for tab in TABS:
        page.goto(f"/cases/{case_id}?tab={tab}")
        settled(page)
        shot(page, f"sac-case-{tab}-{lang}-{theme}-{size}")
        wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
        found = [*axe_clean(page), *untranslated(page), *csp_reports(page), *(["too wide"] if wide else [])]
        found += cut_off(page)
        wrong += [f"{tab}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("lang", "theme", "size"), [("en", "light", "desk"), ("da", "dark", "phone")])
def test_nobody_approves_before_they_say_that_they_read_what_it_would_break(opened, changed, lang, theme, size) -> None:
    lives = changed.drawn.desk.indicator_book
    asks = Observable.of("domain", f"{size}.ipify.org")
    life = lives.draft(asks, account("bo berg"), "a feed names it", technique="T1071")
    lives.act(life.id, LifeAct.REVIEW, account("bo berg"), "ready")
    page = opened(changed, "analyst.approver", lang=lang, theme=theme, size=size)
    page.goto(f"/indicators/{life.id}")
    settled(page)
    words = "så et kald alene beviser intet" if lang == "da" else "so that a call alone proves nothing"
    page.get_by_text(words).first.wait_for()
    shot(page, f"sac-indicator-breaks-{lang}-{theme}-{size}")
    wrong = [*axe_clean(page), *untranslated(page)]
    page.get_by_role("button", name="Godkend" if lang == "da" else "Approve", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("the campaign asks only there")
    button = dialog.get_by_role("button", name="Godkend" if lang == "da" else "Approve", exact=True)
    assert button.is_disabled()
    dialog.get_by_role("checkbox").check()
    shot(page, f"sac-indicator-reads-{lang}-{theme}-{size}")
    wrong += [*axe_clean(page), *untranslated(page), *csp_reports(page)]
    button.click()
    page.get_by_text("Læst af" if lang == "da" else "Read by").first.wait_for()
    assert len(lives.get(life.id).read_by) == 1
    assert not wrong, "\n".join(wrong)


def test_a_draft_is_read_in_danish_and_evidence_comes_down(opened, changed) -> None:
    sector = changed.drawn
    case_id = sector.case_of(CAMPAIGN[0]).id
    page = opened(changed, "analyst")
    page.goto(f"/cases/{case_id}?tab=nis2")
    settled(page)
    page.get_by_role("button", name="Draft").first.click()
    page.get_by_label("Dansk").check()
    page.get_by_text("Udkast: tidlig varsling").wait_for()
    shot(page, "sac-case-draft")
    page.keyboard.press("Escape")
    page.goto(f"/cases/{case_id}?tab=evidence")
    settled(page)
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download").click()
    assert taken.value.suggested_filename.endswith(".zip")
    assert sector.desk.cases.audit_lines(case_id)[-1].act == "evidence-taken-out"


def test_two_people_on_one_case_see_each_other_and_the_note_at_once(opened, changed) -> None:
    case_id = changed.drawn.case_of(CAMPAIGN[0]).id
    anna, bo = opened(changed, "analyst.approver"), opened(changed, "approver", lang="da", theme="dark", size="phone")
    for page in (anna, bo):
        page.goto(f"/cases/{case_id}")
        settled(page)
    anna.get_by_label("What must the next one know?").fill("half a thought")
    bo.get_by_role("button", name="Jeg er på sagen").click()
    anna.get_by_text("Bo Lund approver").first.wait_for()
    bo.get_by_label("Hvad skal den næste vide?").fill("region-nord svarer klokken otte")
    bo.get_by_role("button", name="Gem noten").click()
    anna.get_by_text("region-nord svarer klokken otte").first.wait_for()
    assert anna.get_by_label("What must the next one know?").input_value() == "half a thought"
    for page, name in ((anna, "sac-case-room"), (bo, "sac-case-room-phone")):
        shot(page, name)
        wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
        assert [*axe_clean(page), *untranslated(page), *csp_reports(page), *(["too wide"] if wide else [])] == []
    with anna.expect_download() as taken:
        anna.locator("summary", has_text="Report").first.click()
        anna.get_by_role("link", name="HTML").last.click()
    assert taken.value.suggested_filename == f"bavn-{case_id}-report.en.html"
