"""The whole story on both consoles in a browser, by clicks alone: from a lead that three actors made together to a
block at a clinic that saw nothing, its sighting, and the end of the case.

What is clicked is the product's; what the test does beside it is what happens in the world: a machine at the clinic
asks its resolver for the name. Each step keeps a picture under build/screenshots (story-NN-*), and is looked at for
accessibility, policy reports and words of the other language.
"""

import re
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bavn.app.config.load import read_node
from bavn.app.web.sac.context import open_context as open_sac
from bavn.app.web.sides import areas_of, watch_centre, watch_nodes
from bavn.app.web.soc.context import open_context as open_soc
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated
from tests.app.web.pages.served import Served, serving
from tests.app.web.story_sector import ASKS, CLINIC, CLINICAL, EVIL, EVIL_ADDRESS, StorySector, running, until

pytestmark = [pytest.mark.slow, pytest.mark.chromium, pytest.mark.unbound]
COMES_MS = 240_000
"""Until what other processes do is seen, on a busy machine; nothing is measured here."""
QUESTION = "Which machine calls it, and what is it for?"
ANSWER = "A blood gas analyser; its supplier was here on Monday"


@pytest.fixture
def told(pages_built):
    """The sector and its two consoles, made anew where the test runs once more: it starts from a lead nobody took."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="bavn-story-", dir="/tmp")))
        sector = undo.enter_context(running(folder))
        centre = undo.enter_context(open_sac(sector.file))
        watch = watch_centre(centre.registry.engine)
        sac = undo.enter_context(serving("sac", _made(folder / "sac"), centre, areas_of("sac"), watch))
        nodes = list(sector.nodes.values())
        house = undo.enter_context(open_soc(nodes))
        seen = watch_nodes([read_node(file) for file in nodes])
        soc = undo.enter_context(serving("soc", _made(folder / "soc"), house, areas_of("soc"), seen))
        until(sector.has_a_case, "the sector has a lead that is worth a case")
        yield sector, sac, soc


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


class Reader:
    """Somebody in front of a console, who only clicks and types."""

    def __init__(self, page: Page, number: list[int]) -> None:
        self.page, self._number = page, number
        page.set_default_timeout(COMES_MS)
        page.goto("/")
        settled(page)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def menu(self, title: str) -> None:
        link = re.compile(rf"^{re.escape(title)}\b")  # how much waits there stands behind its name
        self.page.locator("nav#pages").get_by_role("link", name=link).click()
        settled(self.page)

    def at(self, actor: str, title: str) -> None:
        """That page of this actor's."""
        self.page.locator("nav#pages select").select_option(actor)
        self.menu(title)
        expect(self.page).to_have_url(re.compile(f"/nodes/{actor}/"))

    def row(self, text: str) -> None:
        self.page.get_by_role("row").filter(has_text=text).first.click()

    def tab(self, title: str) -> None:
        self.page.locator("main nav").get_by_role("link", name=re.compile(f"^{title}")).click()
        settled(self.page)

    def button(self, name: str, within: Locator | None = None) -> None:
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def sees(self, text: str | re.Pattern[str], within: str = "main") -> None:
        """Without a reload: what comes, comes by itself."""
        try:
            expect(self.page.locator(within).get_by_text(text).first).to_be_visible(timeout=COMES_MS)
        except AssertionError as error:
            raise AssertionError(f"{text!r} does not stand there: {self.page.locator('body').inner_text()}") from error

    def stands(self, state: str) -> None:
        """By the badge beside the page's heading."""
        expect(self.page.locator("main header .badge").first).to_have_text(state, timeout=COMES_MS)

    def kept(self, name: str) -> None:
        """A picture of where the story stands, looked at for what must be on no page."""
        self._number[0] += 1
        shot(self.page, f"story-{self._number[0]:02d}-{name}")
        assert [*axe_clean(self.page), *untranslated(self.page), *csp_reports(self.page)] == []


def test_the_whole_story_is_clicked_through_on_both_consoles(told: tuple[StorySector, Served, Served], opened) -> None:
    sector, sac, soc = told
    number = [0]
    anna = Reader(opened(sac, "analyst.approver"), number)
    operator = Reader(opened(soc, "soc.operator"), number)
    a_lead_becomes_a_case(anna)
    actors_are_asked_and_answer(anna, operator)
    a_person_lets_it_be_named(anna, operator)
    it_is_confirmed_and_tried(anna, operator)
    bo = Reader(opened(sac, "approver"), number)
    a_second_person_releases(bo)
    it_is_blocked(sector, operator)
    it_comes_back_and_ends(anna, operator)
    assert {read.page.url.split("/")[2] for read in (anna, bo)} == {sac.address.split("/")[2]}


def a_lead_becomes_a_case(anna: Reader) -> None:
    anna.kept("overview")
    anna.menu("Leads")
    anna.sees(EVIL)
    anna.kept("leads")
    anna.row(EVIL)
    anna.sees("What speaks against it")
    anna.page.get_by_text("How it is scored", exact=True).click()
    anna.sees("How the priority adds up")
    settled(anna.page)
    anna.kept("lead")
    anna.page.get_by_role("link", name="Go to the case").click()
    anna.button("Take")
    anna.stands("in triage")


def actors_are_asked_and_answer(anna: Reader, operator: Reader) -> None:
    anna.tab("Tasks")
    anna.page.get_by_label("Kind").select_option("question")
    anna.page.get_by_label("What they are to do or say").fill(QUESTION)
    anna.page.get_by_label(CLINICAL, exact=True).check()
    anna.button("Ask")
    anna.sees(QUESTION)
    anna.kept("asked")

    operator.at(CLINICAL, "Today")
    operator.sees(EVIL)
    operator.kept("soc-today")
    operator.menu("Cases")
    operator.row("case-")
    operator.sees(QUESTION)
    operator.button("It applies here")
    operator.dialog.get_by_label("Words for the centre").fill(ANSWER)
    operator.button("See what leaves", operator.dialog)
    operator.dialog.get_by_text("This is all that leaves").wait_for()
    operator.kept("soc-answer")
    operator.button("Let it out", operator.dialog)
    expect(operator.dialog).to_be_hidden()
    operator.button("Attach evidence")
    operator.dialog.get_by_label("Suspicion").select_option(index=0)
    operator.button("See what leaves", operator.dialog)
    operator.dialog.get_by_text("Every file that leaves").wait_for(timeout=COMES_MS)
    operator.kept("soc-evidence")
    operator.button("Let it out", operator.dialog)
    expect(operator.dialog).to_be_hidden()

    anna.sees(ANSWER)
    anna.kept("answered")
    anna.tab("Evidence")
    anna.page.get_by_role("link", name="Download").wait_for(timeout=COMES_MS)


def a_person_lets_it_be_named(anna: Reader, operator: Reader) -> None:
    operator.at(ASKS, "Today")
    operator.page.get_by_role("link", name="be named to the centre?").first.click()
    for element in (EVIL, EVIL_ADDRESS):
        panel = operator.page.locator("section").filter(has_text=element).last
        operator.button("Let it be named", panel)
        operator.kept(f"soc-reveal-{element.split('.')[0]}")
        operator.button("Let it be named", operator.dialog)
        expect(operator.dialog).to_be_hidden()
    anna.tab("Actors")
    anna.sees(ASKS)
    anna.kept("third-actor")


def it_is_confirmed_and_tried(anna: Reader, operator: Reader) -> None:
    anna.button("Confirm")
    anna.dialog.get_by_role("textbox").fill("three actors, one rare peer, regular calls")
    anna.button("Confirm", anna.dialog)
    anna.stands("confirmed")
    operator.at(CLINICAL, "Protection")
    operator.tab("Dry run")
    operator.page.get_by_label("Domain, address, type:value or indicator").fill(EVIL)
    operator.button("Try it")
    operator.sees("A block would have hit")
    operator.sees("clinical hosts")
    operator.kept("soc-dry-run")


def a_second_person_releases(bo: Reader) -> None:
    bo.menu("Cases")
    bo.page.get_by_role("link", name=re.compile(re.escape(EVIL))).first.click()
    bo.button("Release")
    bo.dialog.get_by_text("may be blocked by nodes themselves").first.wait_for(timeout=COMES_MS)
    expect(bo.dialog.get_by_text("waits for a second person")).to_be_hidden()
    bo.dialog.get_by_label("Reason").fill("block it in the whole sector")
    bo.kept("release")
    bo.button("Release", bo.dialog)
    bo.stands("released")
    bo.tab("Indicators")
    bo.sees(EVIL)
    bo.kept("released")


def it_is_blocked(sector: StorySector, operator: Reader) -> None:
    operator.at(CLINIC, "Protection")
    operator.row(EVIL)
    operator.dialog.get_by_text("in force").first.wait_for(timeout=COMES_MS)
    operator.kept("soc-clinic-blocked")
    operator.page.keyboard.press("Escape")
    assert not sector.resolves(EVIL)

    operator.at(CLINICAL, "Protection")
    operator.row(EVIL)
    operator.dialog.get_by_text("waits", exact=True).first.wait_for(timeout=COMES_MS)
    operator.kept("soc-waits")
    operator.button("Approve", operator.dialog.first)
    operator.dialog.get_by_text("It is blocked here until its end").wait_for()
    operator.button("Approve", operator.dialog.last)
    expect(operator.page.get_by_role("row").filter(has_text=EVIL)).to_contain_text("in force", timeout=COMES_MS)
    operator.kept("soc-approved")


def it_comes_back_and_ends(anna: Reader, operator: Reader) -> None:
    anna.menu("Indicators")
    anna.row(EVIL)
    anna.sees("blocked", '[aria-label="Where it was seen"]')
    anna.kept("sighted")
    anna.menu("Cases")
    anna.page.get_by_role("link", name=re.compile(re.escape(EVIL))).first.click()
    anna.button("Close")
    anna.dialog.get_by_role("textbox").fill("the supplier has cleaned its machines")
    anna.button("Close", anna.dialog)
    anna.stands("closed")
    anna.kept("closed")
    operator.menu("Cases")
    operator.sees("closed")
    operator.sees("nothing")
    operator.kept("soc-closed")
