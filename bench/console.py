"""The SAC's console in a real Chromium: first view, every other view, and how soon a change is seen.

    python bench/console.py [--actors 100] [--leads 10000] [--indicators 1000000] [--again 5]

A drawn sector on SQLite, grown to so many actors, leads and indicators; the console serves on loopback. A view is there
when its heading and the rows or panels that it asks for are; the first one is measured in a browser that has nothing
kept. Baseline of each view: the page's entry file asked for by a plain HTTP client in the same run. A change is a
member added in the centre's database by another connection. Prints one JSON object; ends with 1 above the bars: 1000 ms
first, 300 ms each other, 1000 ms live.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright
from sqlalchemy import text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.app.web.drawn_sector import many_leads  # noqa: E402
from tests.app.web.pages import served  # noqa: E402
from tests.app.web.pages.conftest import SAC_ROLES, SIZES, WORDS  # noqa: E402
from tests.app.web.pages.registered import registered  # noqa: E402

FIRST_MS, OTHER_MS, LIVE_MS = 1000, 300, 1000
THERE = """() => !document.querySelector(".loading") && !document.querySelector("[aria-busy=true]")
  && !!document.querySelector("main h1")"""
MULTIPLY = """
INSERT INTO case_indicator
(id, type, value, state, rev, case_id, case_order, wanted, order_no, done_no, drafted_us, body)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count),
one AS (SELECT * FROM case_indicator LIMIT 1)
SELECT printf('indicator--%08x-0000-5000-8000-000000000000', i), 'domain', 'b' || i || '.example.com', state, rev,
case_id, case_order, wanted, order_no, done_no, drafted_us - i, body FROM n, one
"""


def grown(sector, actors: int, leads: int, indicators: int) -> None:
    """The drawn sector with so many of each."""
    for number in range(actors - len(sector.nodes)):
        sector.registry.add(f"municipality-{number:03d}", "municipality")
    many_leads(sector.engine, leads, sector.clock.now_us())
    with sector.engine.begin() as connection:
        connection.execute(text(MULTIPLY), {"count": indicators})
        connection.execute(text("ANALYZE"))


def shown(page, act) -> float:
    """Milliseconds from ``act`` until the view is there."""
    began = time.perf_counter()
    act()
    deadline = began + 30
    while not page.evaluate(THERE):
        assert time.perf_counter() < deadline, f"{page.url} was not there in 30 s"
        page.wait_for_timeout(5)
    return (time.perf_counter() - began) * 1000


def views(page, again: int) -> dict[str, float]:
    """The median of each view of the navigation, in milliseconds; its code was fetched once before."""
    found = {}
    paths = [one.path for one in registered("sac") if ":" not in one.path]
    for path in paths:
        other = next(one for one in paths if one != path)
        took = []
        for _ in range(again + 1):
            shown(page, page.locator(f"nav#pages a[href='{other}']").click)
            took.append(shown(page, page.locator(f"nav#pages a[href='{path}']").click))
        found[path] = round(statistics.median(took[1:]), 1)
    return found


def live_ms(page, sector, number: int) -> float:
    """Milliseconds from a change in the database until the open page shows it."""
    name = f"clinic-live-{number}"
    shown(page, lambda: page.goto(f"/members?q={name}"))
    page.wait_for_timeout(1000)
    began = time.perf_counter()
    sector.registry.add(name, "clinic")
    page.get_by_text(name).first.wait_for(timeout=20_000)
    return (time.perf_counter() - began) * 1000


def plain_ms(address: str, again: int) -> float:
    """The median of asking for the entry page with a client that shows nothing."""
    took = []
    with httpx.Client(base_url=address) as client:
        for _ in range(again + 1):
            began = time.perf_counter()
            client.get("/").raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(took[1:]), 2)


def main() -> None:
    asked = argparse.ArgumentParser()
    for name, default in (("actors", 100), ("leads", 10_000), ("indicators", 1_000_000), ("again", 5)):
        asked.add_argument(f"--{name}", type=int, default=default)
    said = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, served.sac(Path(folder)) as console, sync_playwright() as playwright:
        grown(console.drawn, said.actors, said.leads, said.indicators)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=WORDS)

        def opened():
            context = browser.new_context(viewport=SIZES["desk"], locale="en-GB", base_url=console.address)
            context.add_cookies([console.cookie(SAC_ROLES)])
            return context.new_page()

        first = []
        for _ in range(said.again):
            page = opened()
            first.append(shown(page, lambda page=page: page.goto("/", wait_until="commit")))
            page.context.close()
        page = opened()
        shown(page, lambda: page.goto("/"))
        found = views(page, said.again)
        live = statistics.median(live_ms(page, console.drawn, number) for number in range(said.again))
        plain = plain_ms(console.address, said.again)
        browser.close()
    slowest = max(found, key=lambda path: found[path])
    print(json.dumps({
        "actors": said.actors, "leads": said.leads, "indicators": said.indicators,
        "first_view_ms": round(statistics.median(first), 1), "views_ms": found, "slowest": slowest,
        "live_ms": round(live, 1), "baseline_plain_page_ms": plain,
        "ratio_first_to_plain": round(statistics.median(first) / plain, 1),
        "ratio_slowest_to_plain": round(found[slowest] / plain, 1),
    }, indent=2))  # fmt: skip
    sys.exit(statistics.median(first) > FIRST_MS or found[slowest] > OTHER_MS or live > LIVE_MS)


if __name__ == "__main__":
    main()
