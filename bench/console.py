"""Both consoles in a real Chromium: first view, every other view, the search, and how soon a change is seen.

    PYTHONPATH=. .venv/bin/python bench/console.py [sac] [soc] [--actors 100] [--leads 10000] [--indicators 1000000]
        [--flows 66000000] [--folder /tmp/bavn-bench] [--again 5] [--only /leads ...] [--explain] [--small]

The SAC's console stands over a drawn sector on SQLite, grown to so many actors, leads and indicators; the SOC's over a
drawn node whose history is a made day of so many flows and half as many dns and tls rows (66,000,000 make 1e8 rows).
That store is made once, in a quarter of an hour and 4.5 GB, and kept in the folder; 600000 flows do for a look. The
consoles serve on loopback. A view is there when its heading and the rows or panels that it asks for are; the first one
is measured in a browser that has nothing kept. Baseline: the entry page asked for by a plain HTTP client in the same
run. A change is one line in the database or book by another connection. ``--explain`` adds what each view asked for and
how long it took. Of each question without parameters the SAC's figures say what it costs whatever else the machine
does: statements, milliseconds of processor, bytes. ``--small`` is a try of a minute or two: 500 leads, 20,000
indicators, 600,000 flows. Prints one JSON object; ends with 1 above the bars: 700 ms first, 200 ms each other, 1000 ms
live. Fifty people at once: bench/console_load.py.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from big import big_store
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import text

from bavn.actor.protect.state import Item, State
from bavn.app.node.parts import BOOK_FILE
from bavn.app.process.real import SystemClock
from bavn.app.web.console import routes_of
from bavn.app.web.sides import bare_app
from bavn.model.moment import DAY_US
from bavn.wire.book import Book
from tests.app.web.counting import counted
from tests.app.web.drawn_sector import DrawnSector, many_leads
from tests.app.web.pages import served
from tests.app.web.pages.conftest import SAC_ROLES, SIZES, SOC_ROLES
from tests.app.web.pages.registered import deep_link, registered
from tests.conftest import BROWSER, CHROMIUM

FIRST_MS, OTHER_MS, LIVE_MS = 700, 200, 1000
SMALL = {"leads": 500, "indicators": 20_000, "flows": 600_000, "again": 2}
WAIT_S = 60
NODE = "north"
THERE = """([path, wait, counted]) => new Promise((say) => {
  const until = performance.now() + wait;
  const look = () => {
    const loading = counted ? ".loading" : ".loading:not([aria-busy=true] .loading)";
    const there = location.pathname === path && !document.querySelector(loading)
      && (!counted || !document.querySelector("[aria-busy=true]")) && !!document.querySelector("main h1");
    if (there || performance.now() > until) say(there);
    else setTimeout(look, 4);
  };
  look();
})"""
"""Looks in the browser: asking from here every few milliseconds would take the time of the server beside it."""
ASKED = """() => performance.getEntriesByType("resource").filter((one) => one.name.includes("/api/"))
  .map((one) => [one.name.replace(location.origin, ""), Math.round(one.duration)])"""
MULTIPLY = """
INSERT INTO case_indicator
(id, type, value, state, rev, case_id, case_order, wanted, order_no, done_no, drafted_us, body)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count),
one AS (SELECT * FROM case_indicator WHERE state = 'released' LIMIT 1)
SELECT printf('indicator--%08x-0000-5000-8000-000000000000', i), 'domain', 'b' || i || '.example.com', 'released', rev,
printf('case-%016x', i / 20), case_order, wanted, order_no, done_no, drafted_us - i, body FROM n, one
"""


@dataclass(frozen=True)
class Tried:
    """A console that is served. ``change``: makes a change under this name, which ``where`` shows then;
    ``survey_s``: what the first survey of own hosts took."""

    side: str
    console: served.Served
    roles: str
    where: str
    change: Callable[[str], None]
    survey_s: float | None = None


@contextmanager
def sac(folder: Path, said: argparse.Namespace) -> Iterator[Tried]:
    """The SAC's console over the drawn sector, grown."""
    with served.sac(folder) as console:
        sector: DrawnSector = console.drawn
        for number in range(said.actors - len(sector.nodes)):
            sector.registry.add(f"municipality-{number:03d}", "municipality")
        many_leads(sector.engine, said.leads, sector.clock.now_us())
        with sector.engine.begin() as connection:
            connection.execute(text(MULTIPLY), {"count": said.indicators})
            connection.execute(text("ANALYZE"))
        yield Tried("sac", console, SAC_ROLES, "/members", lambda name: sector.registry.add(name, "clinic"))


@contextmanager
def soc(folder: Path, said: argparse.Namespace) -> Iterator[Tried]:
    """The SOC's console over the drawn nodes; the first one's history is the big day."""
    big = big_store(said.folder, said.flows)
    with served.soc(folder) as console:
        data = console.drawn[NODE].parent / "data"
        shutil.rmtree(data / "store")
        (data / "store").symlink_to(big)

        def change(name: str) -> None:
            now_us = SystemClock().now_us()
            item = Item(
                indicator_id=f"indicator--{now_us:032x}",
                version=1,
                bundle="{}",
                type="domain",
                value=name,
                act="block",
                standing="refused",
                rule="never_block",
                reason="",
                until_us=now_us + DAY_US,
                decided_us=now_us,
            )
            with Book(data / BOOK_FILE) as book:
                State(book).keep(item)

        yield Tried("soc", console, SOC_ROLES, f"/nodes/{NODE}/protection", change, survey_s(console, said.survey))


def survey_s(console: served.Served, limit_s: float) -> float | None:
    """Seconds until the own hosts were surveyed for the first time: a long question, that later views do not wait for.
    None where that took longer, or was refused."""
    cookie, began = console.cookie(SOC_ROLES), time.perf_counter()
    with httpx.Client(base_url=console.address, cookies={cookie["name"]: cookie["value"]}, trust_env=False) as client:
        while True:
            said = client.get(f"/api/v1/nodes/{NODE}/hosts", timeout=WAIT_S).raise_for_status().json()
            if said["at_us"] is not None:
                return time.perf_counter() - began
            if not said["making"] or time.perf_counter() > began + limit_s:
                print(f"the hosts are not surveyed: {said['refused'] or 'it takes longer'}", file=sys.stderr)
                return None
            time.sleep(0.5)


def shown(page: Page, path: str, act: Callable[[], object], *, counted: bool = True) -> float:
    """Milliseconds from ``act`` until the view at ``path`` is there; without ``counted`` what it says to be
    busy with may go on."""
    began = time.perf_counter()
    act()
    if not page.evaluate(THERE, [path, WAIT_S * 1000, counted]):
        raise SystemExit(f"{page.url}, wanted as {path}, was not there in {WAIT_S} s")
    return (time.perf_counter() - began) * 1000


def opened(browser: Browser, tried: Tried) -> Page:
    """A page in a browser that has nothing kept."""
    context = browser.new_context(viewport=SIZES["desk"], locale="en-GB", base_url=tried.console.address)
    context.add_cookies([tried.console.cookie(tried.roles)])
    return context.new_page()


def first_ms(browser: Browser, tried: Tried, again: int) -> float:
    """The median of a first view, from nothing."""
    home = registered(tried.side)[0].path.replace(":node", NODE)
    took = []
    for _ in range(again):
        page = opened(browser, tried)
        took.append(shown(page, home, partial(page.goto, "/", wait_until="commit")))
        page.context.close()
    return statistics.median(took)


def links(page: Page, side: str) -> dict[str, tuple[str, str]]:
    """Each view's name -> the view that leads to it, and its address: the navigation's, and one of each kind that a
    list leads to."""
    menu = [one.path.replace(":node", NODE) for one in registered(side) if ":" not in one.path.replace(":node", "")]
    menu = [path for path in menu if page.locator(f"nav#pages a[href='{path}']").count()]
    found = {path: (next(one for one in menu if one != path), path) for path in menu}
    for one in registered(side):
        if ":" in one.path.replace(":node", ""):
            address = deep_link(page, one)
            at = page.url.removeprefix(page.evaluate("() => location.origin")).split("?")[0]
            found[one.path.replace(":node", NODE)] = (at, address)
    return found


def views(page: Page, tried: Tried, said: argparse.Namespace, counted_ms: dict[str, float]) -> dict[str, Any]:
    """The median of each view, reached by a link, in milliseconds; its code was fetched once before.
    ``counted_ms`` gets when the values under a hunt's picture were counted too, in a process of their own."""
    found: dict[str, Any] = {}
    for name, (at, address) in links(page, tried.side).items():
        if said.only and name not in said.only:
            continue
        took, whole = [], []
        hunt = name.endswith("/hunt")
        for _ in range(said.again + 1):
            to = page.locator(f"nav#pages a[href='{at}']")
            shown(page, at, to.click if to.count() else partial(page.goto, at))
            page.evaluate("() => performance.clearResourceTimings()")
            link = page.locator(f"#pages a[href='{address}'], main a[href^='{address}']").first
            took.append(shown(page, address, link.click, counted=not hunt))
            whole.append(took[-1] + shown(page, address, lambda: None))
        found[name] = round(statistics.median(took[1:]), 1)
        if hunt:
            counted_ms[name] = round(statistics.median(whole[1:]), 1)
        if said.explain:
            print(
                f"{name}: {found[name]} ms of {[round(one) for one in took]}; {page.evaluate(ASKED)}", file=sys.stderr
            )
    return found


def live_ms(page: Page, tried: Tried, number: int) -> float:
    """Milliseconds from a change until the open page shows it."""
    name = f"live-{number}-{tried.side}" if tried.side == "sac" else f"live-{number}.example.com"
    shown(page, tried.where, lambda: page.goto(f"{tried.where}?q={name}"))
    page.wait_for_timeout(1000)
    began = time.perf_counter()
    tried.change(name)
    page.get_by_text(name).first.wait_for(timeout=WAIT_S * 1000)
    return (time.perf_counter() - began) * 1000


def search_ms(page: Page, tried: Tried, again: int, leads: int) -> float:
    """The median from the last letter that is typed until what it names can be chosen; the first is not counted."""
    known = f"host-{min(9876, leads - 1)}"
    word, found = (f"{known}.ex", f"{known}.example.com") if tried.side == "sac" else ("10.0.0.5", "10.0.0.5")
    took = []
    for _ in range(again + 1):
        page.keyboard.press("Control+k")
        box = page.locator("dialog").get_by_role("combobox")
        box.fill(word[:-1])
        page.wait_for_timeout(800)
        began = time.perf_counter()
        box.press_sequentially(word[-1])
        page.get_by_role("option", name=found).first.wait_for(timeout=WAIT_S * 1000)
        took.append((time.perf_counter() - began) * 1000)
        page.keyboard.press("Escape")
    return statistics.median(took[1:])


def plain_ms(address: str, again: int) -> float:
    """The median of asking for the entry page with a client that shows nothing."""
    took = []
    with httpx.Client(base_url=address, trust_env=False) as client:
        for _ in range(again + 1):
            began = time.perf_counter()
            client.get("/").raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[1:])


def costs(tried: Tried) -> dict[str, dict[str, float]]:
    """Of each question of the SAC's console without parameters: statements to the centre's database, milliseconds of
    processor (the asking client's too, and of live events that happen to come), bytes. The second time that it is
    asked; the dearest first."""
    if tried.side != "sac":
        return {}
    cookie, found = tried.console.cookie(tried.roles), {}
    engine = tried.console.app.state.house.registry.engine
    with httpx.Client(
        base_url=tried.console.address, cookies={cookie["name"]: cookie["value"]}, trust_env=False
    ) as client:
        for path in questions_of("sac"):
            client.get(path, timeout=WAIT_S)
            with counted(engine) as statements:
                began = time.process_time()
                said = client.get(path, timeout=WAIT_S)
                spent = time.process_time() - began
            if said.status_code == 200:
                found[path] = {
                    "statements": len(statements),
                    "cpu_ms": round(spent * 1000, 1),
                    "bytes": len(said.content),
                }
    return dict(sorted(found.items(), key=lambda pair: -pair[1]["cpu_ms"]))


def questions_of(side: str) -> list[str]:
    """Every question without parameters, but files, exports and live events."""
    drawn = (route.path for route in routes_of(bare_app(side)) if route.method == "GET" and not route.open)
    return sorted(path for path in drawn if "{" not in path and not path.endswith(("/live", "/openapi.json", "/file")))


def measured(browser: Browser, tried: Tried, said: argparse.Namespace) -> dict[str, Any]:
    """All figures of one console."""
    first = first_ms(browser, tried, said.again)
    page = opened(browser, tried)
    shown(page, registered(tried.side)[0].path.replace(":node", NODE), lambda: page.goto("/"))
    counted_ms: dict[str, float] = {}
    found = views(page, tried, said, counted_ms)
    live = statistics.median(live_ms(page, tried, number) for number in range(said.again))
    search = search_ms(page, tried, said.again, said.leads)
    questions = {} if said.only else costs(tried)
    plain = plain_ms(tried.console.address, said.again)
    slowest = max(found, key=lambda path: found[path])
    return {
        "first_view_ms": round(first, 1),
        "views_ms": found,
        "values_counted_ms": counted_ms,
        "slowest": slowest,
        "live_ms": round(live, 1),
        "search_ms": round(search, 1),
        "questions": questions,
        "baseline_plain_page_ms": round(plain, 2),
        "ratio_first_to_plain": round(first / plain, 1),
        "ratio_slowest_to_plain": round(found[slowest] / plain, 1),
        "survey_s": None if tried.survey_s is None else round(tried.survey_s, 1),
        "within": first <= FIRST_MS and found[slowest] <= OTHER_MS and live <= LIVE_MS,
    }


def asked(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sides", nargs="*", default=["sac", "soc"], metavar="sac|soc")
    for name, default in (
        ("actors", 100),
        ("leads", 10_000),
        ("indicators", 1_000_000),
        ("flows", 66_000_000),
        ("again", 5),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bavn-bench")
    parser.add_argument("--survey", type=float, default=900, help="so many seconds the survey of hosts is waited for")
    parser.add_argument("--only", nargs="*", default=[], help="these views alone")
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--small", action="store_true", help="a try: few leads, indicators and flows")
    if parser.parse_known_args(words)[0].small:
        parser.set_defaults(**SMALL)
    said = parser.parse_args(words)
    if not set(said.sides) <= {"sac", "soc"} or said.again < 1:
        parser.error("a side is sac or soc, and --again is 1 or more")
    return said


def main() -> None:
    said = asked()
    facts: dict[str, Any] = {
        "actors": said.actors,
        "leads": said.leads,
        "indicators": said.indicators,
        "flows": said.flows,
        "load_at_start": round(os.getloadavg()[0], 1),
    }
    program = shutil.which(BROWSER)
    if program is None:
        raise SystemExit(f"{BROWSER} is missing (apt-get install {BROWSER})")
    for side in said.sides:
        with (
            tempfile.TemporaryDirectory() as folder,
            {"sac": sac, "soc": soc}[side](Path(folder), said) as tried,
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=program, args=[*CHROMIUM]) as browser,
        ):
            facts[side] = measured(browser, tried, said)
    facts["load_at_end"] = round(os.getloadavg()[0], 1)
    print(json.dumps(facts, indent=2))
    sys.exit(not all(facts[side]["within"] for side in said.sides))


if __name__ == "__main__":
    main()
