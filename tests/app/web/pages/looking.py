"""What tests ask of a page that a browser shows: is it accessible, within the policy, in one language.

``Watched`` goes with a page from its start and collects what should never be there.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request

from bavn.model.catalogue import LOCALE
from build_words import catalogue

ROOT = Path(__file__).resolve().parents[4]
CONSOLE = ROOT / "console" / "src"
SHOTS = ROOT / "build" / "screenshots"
AA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
COLLECT = """addEventListener("securitypolicyviolation", (event) =>
  console.error("POLICY " + event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile));"""
SAME = {"bytes", "time"}
"""Words of both languages; a Danish time is an hour."""
RECORDS = {"closed"}
"""A flow's state in a record, which stands there as it is."""
TALL_MAX = 6000
SETTLE_MS = 60_000
"""On a busy machine; nothing is measured here."""
SHOWN = """() => {
  const said = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    const foreign = at?.closest("[lang]")?.lang !== document.documentElement.lang || at?.closest("[translate=no]");
    if (at && !foreign && !["SCRIPT", "STYLE"].includes(at.tagName)) said.push(walk.currentNode.data.trim());
  }
  for (const name of ["aria-label", "title", "placeholder", "alt"])
    for (const at of document.querySelectorAll(`body [${name}]:not([translate=no])`))
      said.push(at.getAttribute(name).trim());
  return [...new Set(said)].filter(Boolean);
}"""


class Watched:
    """Collects a page's console errors, policy reports, failed scripts, and requests to anywhere else."""

    def __init__(self, page: Page, address: str) -> None:
        self._own = urlsplit(address).netloc
        self.wrong: list[str] = []
        page.add_init_script(COLLECT)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._own:
            self.wrong.append(f"elsewhere: {request.url}")


def csp_reports(page: Page) -> list[str]:
    """What went wrong in this page so far: must be empty. For pages of ``sac_page`` and ``soc_page``."""
    watched: Watched = page.watched  # type: ignore[attr-defined]  # put there by the fixture
    return watched.wrong


OF_THE_HOUSE = re.compile(r"status of 404 .*/api/v1/(overview|threats|waiting)$")


def beside_a_house(page: Page) -> list[str]:
    """The same of a console that has none behind it: what its pages ask of a house is not there."""
    return [one for one in csp_reports(page) if not OF_THE_HOUSE.search(one)]


CUT = """() => [...document.querySelectorAll("main .badge")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"""


def cut_off(page: Page) -> list[str]:
    """Badges whose end nobody can read: must be empty."""
    return [f"cut off: {text}" for text in page.evaluate(CUT)]


TRANSITIONS_OVER = """() => Promise.allSettled(document.getAnimations()
    .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime)).map((one) => one.finished))"""
"""A colour on its way to another is no colour to judge."""


def axe_clean(page: Page) -> list[str]:
    """Violations of WCAG 2.2 A and AA, one line each with where: must be empty."""
    page.evaluate(
        "() => Promise.allSettled(document.getAnimations().map((one) => one.finished))"
    )  # colours on their way
    found = Axe().run(page, options=AA).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {' '.join(node['target'][0] for node in one['nodes'][:4])}"
        f" {one['nodes'][0].get('failureSummary', '')[:300]}"
        for one in found
    ]


@cache
def literals(language: str) -> frozenset[str]:
    """Every word of the pages in one language, as written; templates without what they are filled with."""
    known = catalogue(LOCALE / ("da" if language == "en" else language) / "LC_MESSAGES/console.po")
    said = [one.id if language == "en" else one.string for one in known if one.id]
    return frozenset(form for one in said for form in ([one] if isinstance(one, str) else one))


def untranslated(page: Page) -> list[str]:
    """Texts of a page in one language that only the other language's catalogue has: must be empty."""
    language = page.evaluate("() => document.documentElement.lang")
    other = literals("da" if language == "en" else "en") - literals(language) - RECORDS
    return [text for text in page.evaluate(SHOWN) if text in other or _filled(text, other)]


def _filled(text: str, templates: Iterable[str]) -> bool:
    return any(pattern.fullmatch(text) for pattern in _patterns(frozenset(templates)))


@cache
def _patterns(templates: frozenset[str]) -> tuple[re.Pattern[str], ...]:
    made = []
    for one in templates:
        parts = re.split(r"\{\w+\}", one)
        own = {word for part in parts for word in re.findall(r"[^\W\d_]{3,}", part)} - SAME
        if len(parts) > 1 and own:
            made.append(re.compile(".{1,80}".join(map(re.escape, parts))))
    return tuple(made)


def settled(page: Page) -> None:
    """Waits until what the page asks for has come."""
    page.locator("main h1").first.wait_for(timeout=SETTLE_MS)
    page.wait_for_load_state("load")
    page.locator(".loading").first.wait_for(state="detached", timeout=SETTLE_MS)
    page.locator("main [aria-busy=true]").first.wait_for(state="detached", timeout=SETTLE_MS)
    page.wait_for_timeout(250)


def shot(page: Page, name: str) -> Path:
    """A picture of the whole page under build/screenshots, kept for those who look. The window is made as tall as the
    page for it: Chromium paints what sticks to a window wrongly where a picture is taller than that."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    path, size = SHOTS / f"{name}.png", page.viewport_size
    assert size is not None
    tall = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(tall, TALL_MAX))})
    page.screenshot(path=path, full_page=True)
    page.set_viewport_size(size)
    return path
