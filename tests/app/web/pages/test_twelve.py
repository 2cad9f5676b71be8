"""Twelve questions with which people come to a console, each played from its first page by mouse, by keys alone and on
a phone: within three clicks or one search the answer stands on the page, which is looked at for accessibility.

Over the three ways each is seen in both languages, light and dark. What is done for good (a block, a lift, a shift) is
done once, and at a copy of the drawn nodes.
"""

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.app.web.drawn_more import REVIEWED
from tests.app.web.drawn_node import C2, own
from tests.app.web.drawn_sector import CAMPAIGN
from tests.app.web.pages.conftest import SAC_ROLES, SOC_ROLES
from tests.app.web.pages.looking import SHOTS, axe_clean, csp_reports, settled, untranslated
from tests.app.web.pages.served import soc_over

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
CLICKS_MAX = 3
WAITS = "waits.example.com"
COLLEAGUE = "Anna Berg soc"
COUNTED = """(() => {
  window.counted = { clicks: 0, keys: 0 };
  addEventListener("pointerdown", (event) => event.isTrusted && (counted.clicks += 1), true);
  addEventListener("keydown", (event) => event.isTrusted && !event.target.closest("[role=combobox], textarea") &&
    (counted.keys += 1), true);
})()"""
SPOKEN = """([lang, theme]) => localStorage.setItem("bavn", JSON.stringify({ lang, theme }))"""


class Player:
    """Somebody before the first page of a console, who counts what they press. ``how``: mouse, keys or phone."""

    def __init__(self, page: Page, how: str) -> None:
        self.page, self.how, self.lang = page, how, "en"
        self._chosen = self._searches = 0
        page.add_init_script(COUNTED)
        page.goto("/")

    def begin(self, lang: str) -> None:
        """At the first page, in this language; English is read in the light and Danish in the dark."""
        self.lang, self._chosen, self._searches = lang, 0, 0
        self.page.evaluate(SPOKEN, [lang, {"en": "light", "da": "dark"}[lang]])
        self.page.goto("/")
        settled(self.page)

    def says(self, english: str, danish: str) -> str:
        return english if self.lang == "en" else danish

    def cost(self) -> tuple[int, int]:
        """Clicks and keys beside what was typed into the search, and searches."""
        counted = self.page.evaluate("() => counted")
        opened = self._searches  # the key that opens the search is of the search
        return counted["clicks"] + counted["keys"] + self._chosen - opened, self._searches

    def search(self, words: str, found: str = "") -> None:
        """One search: what stands first, or the option of that name, by arrows."""
        self._searches += 1
        self.page.keyboard.press("/")
        self.page.get_by_role("combobox").last.fill(words)
        options = self.page.locator("#hits [role=option]")
        expect((options.filter(has_text=found) if found else options).first).to_be_visible()
        wanted = next(at for at, text in enumerate(options.all_inner_texts()) if found in text)
        for _ in range(wanted):
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")
        settled(self.page)

    def click(self, what: Locator) -> None:
        what.click()
        settled(self.page)

    def link(self, name: str) -> None:
        self.click(self.page.locator("main").get_by_role("link", name=re.compile(re.escape(name))).first)

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True).last)

    def sure(self, name: str) -> None:
        """Says yes to what an act asks once more; that is no step on the way to it."""
        self._chosen -= 1
        self.click(self.dialog.get_by_role("button", name=re.compile(f"^{name}")))

    def menu(self, name: str) -> None:
        if self.how == "phone":
            self.button(self.says("Open the list of pages", "Åbn listen over sider"))
        self.click(self.page.locator("nav#pages").get_by_role("link", name=re.compile(rf"^{name}\b")))

    def choose(self, label: str, title: str) -> None:
        self._chosen += 1
        self.page.get_by_label(label, exact=True).select_option(label=title)
        settled(self.page)

    def sees(self, *texts: str, within: str = "main") -> None:
        """The answer: each stands there to be read without another click."""
        for text in texts:
            expect(self.page.locator(within).get_by_text(text).first).to_be_visible()

    def at_hand(self, what: Locator) -> None:
        """It is in view without scrolling."""
        expect(what).to_be_in_viewport()

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog").last


def what_hit_us(player: Player) -> None:
    if player.how == "keys":
        player.search(player.says("attack", "angreb"))
    else:
        player.link(player.says("A confirmed attack was here", "Et bekræftet angreb har været her"))
    said = player.says("met here 3 times from 2 machines", "mødt her 3 gange fra 2 maskiner")
    player.at_hand(player.page.get_by_role("alert").get_by_text(said))
    player.sees(own(21), own(22), within="[role=alert]")


def why_it_is_believed(player: Player) -> None:
    if player.how == "keys":
        player.search(CAMPAIGN[0].value, player.says("lead:", "spor:"))
    else:
        player.link(player.says("All leads", "Alle spor"))
        player.link(CAMPAIGN[0].value)
    player.at_hand(player.page.locator("main p.opening"))
    player.sees(player.says("What speaks for it", "Det taler for"))
    player.sees(player.says("4 of 6 independent actors share it", "4 af 6 uafhængige aktører"))


def stop_it(player: Player) -> None:
    """By mouse the second person at the centre, for the whole sector; else at one actor."""
    if player.how == "mouse":
        line = player.page.locator("[data-thing]").filter(has_text=REVIEWED.value)
        player.click(line.get_by_role("button", name=player.says("Approve", "Godkend")))
        player.sees(player.says("Anna Berg asked", "Anna Berg bad om det"), within="dialog")
        said = player.says("It may then be released. Nothing goes out yet.", "Så kan det frigives. Intet går ud endnu.")
    elif player.how == "keys":
        player.search(WAITS)
        player.page.keyboard.press("y")
        said = player.says("It is blocked here until its end", "Den spærres her, til den udløber")
    else:
        line = player.page.locator("[data-thing]").filter(has_text=WAITS).first
        player.click(line.get_by_role("button", name=player.says("Block it", "Spær det")))
        said = player.says("It is blocked here until its end", "Det spærres her, til det udløber")
    player.at_hand(player.dialog.get_by_text(said))
    if player.how == "phone":
        player.sure(player.says("Block it", "Spær det"))
        player.sees(player.says(f"Block {WAITS}: Done", f"Spær {WAITS}: "), within="body")


def undo_it(player: Player) -> None:
    if player.how == "keys":
        player.search(C2, player.says("block", "spærring"))
        player.page.keyboard.press("w")
    else:
        player.link(player.says("A confirmed attack was here", "Et bekræftet angreb har været her"))
        player.link(player.says("The block", "Spærringen"))
        player.button(player.says("Lift", "Ophæv"))
    said = player.says("It goes out of force now", "Den sættes ud af kraft nu")
    player.at_hand(player.dialog.get_by_text(said))
    player.at_hand(player.dialog.get_by_text(player.says("let through again", "slippes den igennem igen")))
    if player.how == "phone":
        player.sure(player.says("Lift", "Ophæv"))
        player.sees(player.says("a lift, asked by Anna Berg", "en ophævelse, ønsket af Anna Berg"))  # the node runs


def who_must_know_by_when(player: Player) -> None:
    if player.how == "keys":
        player.search("nis2")
    else:
        player.link(player.says("Deadlines passed", "Overskredne frister"))
    owed = player.page.locator("#deadlines li").filter(has_text="region-nord")
    player.at_hand(owed.get_by_text(player.says("NIS2: early warning", "NIS2: tidlig varsling")))
    expect(owed.locator("time").first).to_be_visible()


def what_left_us_last_week(player: Player) -> None:
    if player.how == "keys":
        player.search(player.says("left", "forlod"))
    else:
        player.menu(player.says("The door", "Døren"))
        player.choose(player.says("So many days", "Så mange dage"), player.says("A week", "En uge"))
    player.at_hand(player.page.get_by_text(player.says("49 things left this actor", "49 ting gik ud fra denne aktør")))


def which_supplier(player: Player) -> None:
    if player.how == "keys":
        player.search(player.says("supplier", "leverandør"))
        row = player.page.get_by_role("row").filter(has_text="region-syd")
        player.at_hand(row.get_by_text("kmd"))
    else:
        player.link(player.says("All leads", "Alle spor"))
        player.link(CAMPAIGN[0].value)
        player.sees(player.says("They share the supplier kmd", "De har leverandøren kmd til fælles"))


def what_a_block_would_hurt(player: Player) -> None:
    if player.how == "keys":
        player.search(WAITS)
    else:
        player.link(player.says(f"Block {WAITS}", f"Spær {WAITS}"))
    player.at_hand(player.dialog.get_by_text(player.says("clinical hosts: 1", "kliniske maskiner: 1")))


def tell_the_board(player: Player) -> None:
    if player.how == "keys":
        player.search(player.says("board", "bestyrelse"))
    else:
        player.menu(player.says("Publications", "Udgivelser"))
        player.click(
            player.page.locator("main nav").get_by_role("link", name=player.says("Sector picture", "Sektorbillede"))
        )
    player.sees(player.says("1 case confirmed in the period", "1 sag bekræftet i perioden"))


def find_the_machine(player: Player) -> None:
    if player.how == "keys":
        player.search(own(21), player.says("host", "maskine"))
    else:
        player.link(player.says("A confirmed attack was here", "Et bekræftet angreb har været her"))
        player.click(player.page.get_by_role("alert").get_by_role("link", name=own(21), exact=True))
    player.at_hand(player.page.get_by_role("heading", name=own(21)))
    player.sees(player.says("Confirmed attack, blocked since", "Bekræftet angreb, spærret siden"))


def write_the_rule_of_a_new_firewall(player: Player) -> None:
    if player.how == "keys":
        player.search("firewall")
    else:
        player.menu(player.says("Protection", "Beskyttelse"))
        player.click(
            player.page.get_by_text(player.says("For the rule of a new firewall", "Til reglen i en ny firewall"))
        )
    player.sees("lists/ip.txt", "lists/domain.txt", within="#lists")
    player.sees(player.says("They never grow beyond 50,000 addresses", "De bliver aldrig længere end 50.000 adresser"))


def hand_over_the_shift(player: Player) -> None:
    if player.how == "keys":
        player.search(player.says("handover", "vagtskifte"))
    else:
        player.button(player.says("Hand over the shift", "Aflever vagten"))
    hit = player.says(f"north: A confirmed attack was here: {C2}", f"north: Et bekræftet angreb har været her: {C2}")
    expect(player.dialog.get_by_role("listitem").filter(has_text=hit)).to_be_visible()
    player.choose(player.says("Colleague (required)", "Kollega (skal udfyldes)"), COLLEAGUE)
    verb = player.says("Ask to look at all", "Bed om at se på alle")
    ready = player.dialog.get_by_role("button", name=re.compile(verb))
    player.at_hand(ready)
    if player.how == "phone":
        player.sure(verb)
        says = player.says(f"{COLLEAGUE} finds it on top", f"{COLLEAGUE} finder det øverst")
        player.sees(says, within="body")


@dataclass(frozen=True)
class Task:
    """``where``: the console that it is played at."""

    where: str
    play: Callable[[Player], None]


TASKS = (
    Task("soc", what_hit_us),
    Task("sac", why_it_is_believed),
    Task("sac", who_must_know_by_when),
    Task("soc", what_left_us_last_week),
    Task("sac", which_supplier),
    Task("soc", what_a_block_would_hurt),
    Task("sac", tell_the_board),
    Task("soc", find_the_machine),
    Task("soc", write_the_rule_of_a_new_firewall),
    Task("second", stop_it),
    Task("own", hand_over_the_shift),
    Task("own", undo_it),
)
"""What changes something comes last, and at a console of its own."""
WAYS = ("mouse", "keys", "phone")


def copied_nodes(files: dict[str, Path], folder: Path) -> dict[str, Path]:
    """The same nodes as they stand now, on files of their own."""
    for name, file in files.items():
        shutil.copytree(file.parent, folder / name, ignore=shutil.ignore_patterns("*.db", "*.db-*"))
        for book in file.parent.rglob("*.db"):
            place = folder / name / book.relative_to(file.parent)
            with closing(sqlite3.connect(book)) as whole, closing(sqlite3.connect(place)) as part:
                whole.backup(part)
    return {name: folder / name / "node.toml" for name in files}


@pytest.fixture
def own_soc(soc_served, tmp_path):
    """The SOC's console over copies of its nodes: for what is done for good."""
    with soc_over(copied_nodes(soc_served.drawn, tmp_path), tmp_path) as console:
        console.cookie("soc")  # a colleague is known here
        yield console


@pytest.mark.parametrize("how", WAYS)
def test_twelve_questions_are_each_answered_within_three_clicks_or_one_search(
    opened, sac_served, soc_served, own_soc, how
) -> None:
    size = "phone" if how == "phone" else "desk"
    served = {"sac": (sac_served, SAC_ROLES), "soc": (soc_served, SOC_ROLES), "own": (own_soc, SOC_ROLES)}
    served["second"] = (sac_served, "approver") if how == "mouse" else served["own"]
    players: dict[str, Player] = {}
    wrong = []
    SHOTS.mkdir(parents=True, exist_ok=True)
    for at, task in enumerate(TASKS):
        if task.where not in players:
            console, roles = served[task.where]
            players[task.where] = Player(opened(console, roles, size=size), how)
        player, lang = players[task.where], "en" if (at + WAYS.index(how)) % 2 else "da"
        player.begin(lang)
        name = f"{task.play.__name__}-{how}-{lang}"
        try:
            task.play(player)
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
        (pressed, searches) = player.cost()
        if pressed > CLICKS_MAX or searches > 1:
            wrong.append(f"{name}: {pressed} clicks or keys, {searches} searches")
        page = player.page
        page.screenshot(path=SHOTS / f"twelve-{name}.png")  # what is seen without scrolling
        wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
        found = [*axe_clean(page), *untranslated(page), *csp_reports(page), *(["too wide"] if wide else [])]
        wrong += [f"{name}: {one}" for one in found]
    assert wrong == []
