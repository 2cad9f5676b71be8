"""How the SAC's console bears many analysts at once: every list and overview asked by each of them, live events heard.

``bench/console_load.py [--people 50] [--seconds 30] [--leads 10000] [--indicators 0]``. The console is a process of its
own over a drawn sector; the analysts are this process. Prints answers, errors, times, and how soon all listeners heard
of a change.
"""

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

import ended
import httpx
from sqlalchemy import text

from bavn.app.access.accounts import Accounts
from bavn.app.access.book import open_book
from bavn.app.access.rights import ROLES
from bavn.app.access.sessions import Sessions
from bavn.app.process.real import SystemClock
from bavn.app.web.console import routes_of
from bavn.app.web.sides import bare_app
from bavn.centre.cases import audit
from bavn.centre.store.engine import writing
from console import MULTIPLY
from tests.app.web.drawn_sector import draw, many_leads

DAY_US = 86_400_000_000
THINK_S = (0.5, 1.5)


def paths():
    """Every question that needs no parameters, but exports, files and live events."""
    return sorted(
        one.path
        for one in routes_of(bare_app("sac"))
        if one.method == "GET"
        and "{" not in one.path
        and not one.open
        and not one.path.endswith(("/live", "/account", "/openapi.json", "/one", "/file", "/values"))
    )


def sign_in(folder, count):
    """Accounts with every role, and a session for each."""
    book = open_book(folder)
    accounts, sessions = Accounts(book), Sessions(book, idle_us=DAY_US, whole_us=DAY_US)
    made = []
    for number in range(count):
        name = f"Analyst {number:03d}"
        accounts.add(name, ROLES["sac"], None, "bench")
        made.append(sessions.begin(name, "bench", "127.0.0.1", "bench"))
    book.close()
    return made


class Analyst(threading.Thread):
    """Asks one thing after another, with a pause between, and hears live events."""

    def __init__(self, address, cookie, asked, until):
        super().__init__(daemon=True)
        self.client = httpx.Client(base_url=address, cookies=cookie, timeout=60, trust_env=False)
        self.asked, self.until = asked, until
        self.times, self.errors, self.heard = defaultdict(list), [], []
        self.listening = threading.Event()
        self.ear = threading.Thread(target=self.listen, daemon=True)

    def run(self):
        self.ear.start()
        while time.monotonic() < self.until:
            path = random.choice(self.asked)
            began = time.perf_counter()
            try:
                status = self.client.get(path).status_code
            except httpx.HTTPError as error:
                status = type(error).__name__
            self.times[path].append(time.perf_counter() - began)
            if status != 200:
                self.errors.append((path, status))
            time.sleep(random.uniform(*THINK_S))

    def listen(self):
        try:
            with self.client.stream("GET", "/api/v1/live", timeout=None) as answer:
                for line in answer.iter_lines():
                    if line == "event: ready":
                        self.listening.set()
                    elif line.startswith("data:") and "cases" in line:
                        self.heard.append(time.perf_counter())
        except httpx.HTTPError as error:
            if time.monotonic() < self.until:
                self.errors.append(("/live", type(error).__name__))


def main():
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--people", type=int, default=50)
    said.add_argument("--seconds", type=float, default=30)
    said.add_argument("--leads", type=int, default=10_000)
    said.add_argument("--indicators", type=int, default=0)
    given = said.parse_args()
    ended.in_order()
    with tempfile.TemporaryDirectory() as folder, draw(Path(folder)) as sector:
        many_leads(sector.engine, given.leads, SystemClock().now_us())
        with sector.engine.begin() as connection:
            connection.execute(text(MULTIPLY), {"count": given.indicators})
        toml = next(Path(folder).rglob("centre.toml"))
        toml.write_text(toml.read_text() + '\n[console]\nlisten = "127.0.0.1:0"\n')
        secrets = sign_in(sector.file.folder, given.people)
        words = [sys.executable, "-m", "bavn.app.cli", "centre", "console", "--config", str(toml)]
        console = subprocess.Popen(words, stdout=subprocess.PIPE)
        try:
            address = json.loads(console.stdout.readline())["console"].replace("localhost", "127.0.0.1")
            wait_up(address)
            measure(given, address, secrets, sector.engine)
        finally:
            console.send_signal(signal.SIGTERM)
            began = time.perf_counter()
            console.wait(30)
            print(f"ended {time.perf_counter() - began:.1f} s after SIGTERM")


def wait_up(address):
    for _ in range(600):
        try:
            httpx.get(f"{address}/api/v1/logon", trust_env=False)
            return
        except httpx.ConnectError:
            time.sleep(0.1)
    raise SystemExit("the console did not come up")


def measure(given, address, secrets, engine):
    name = f"bavn-sac-{address.rpartition(':')[2]}"
    asked, until = paths(), time.monotonic() + given.seconds
    people = [Analyst(address, {name: secret}, asked, until) for secret in secrets]
    for one in people:
        one.start()
    for one in people:
        one.listening.wait(60)
    delays = []
    while time.monotonic() < until - 4:
        time.sleep(2)
        began = time.perf_counter()
        with writing(engine) as tx:
            audit.note(tx, SystemClock().now_us(), "Anna Berg", "comment", "case-bench", {"text": "x"})
        time.sleep(2)
        heard = [next((at - began for at in one.heard if at > began), None) for one in people]
        delays.append(max(99.0 if one is None else one for one in heard))
    for one in people:
        one.join()
    times = defaultdict(list)
    for one in people:
        for path, spent in one.times.items():
            times[path] += spent
    every = sorted(spent for spent_s in times.values() for spent in spent_s)
    errors = [error for one in people for error in one.errors]
    print(
        f"{given.people} people, {given.leads} leads, {given.seconds:.0f} s: {len(every)} answers, {len(errors)} errors"
    )
    print(f"  all: p50 {statistics.median(every) * 1000:.0f} ms, p95 {every[int(len(every) * 0.95)] * 1000:.0f} ms")
    print(f"  heard by all listeners within {max(delays, default=99):.2f} s of a change ({len(delays)} tried)")
    for path, spent in sorted(times.items(), key=lambda pair: -statistics.median(pair[1])):
        shown = f"p50 {statistics.median(spent) * 1000:6.0f} ms, max {max(spent) * 1000:6.0f} ms"
        print(f"  {path:40} {len(spent):5} asked, {shown}")
    for error in sorted(set(errors), key=str)[:20]:
        print(f"  ERROR {error}")


if __name__ == "__main__":
    main()
