"""A console with accounts of its own, and browsers that use it. For tests of access."""

import asyncio
import re

import httpx
import pyotp
from argon2 import PasswordHasher

from bavn.app.access.book import open_book
from bavn.app.access.factors import Factors
from bavn.app.access.rights import ROLES
from bavn.app.process.real import SystemDice
from bavn.app.web.access.keeper import Keeper, KeeperSettings
from bavn.app.web.console import ConsoleSettings, console_app
from bavn.app.web.sides import bare_app, people_routes

ORIGIN = "https://console.example.org"
PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Hand:
    """A clock that the test moves."""

    def __init__(self, us=1_800_000_000_000_000):
        self.us = us

    def now_us(self):
        return self.us

    def on(self, *, minutes=0, seconds=0):
        self.us += (minutes * 60 + seconds) * 1_000_000


class Place:
    """One console. ``areas`` as console_app takes them."""

    def __init__(self, folder, side="sac", areas=(), origin=ORIGIN, clock=None, **rates):
        self.clock = clock or Hand()
        self.settings = ConsoleSettings(origins=(origin,), **rates)
        self.origin = origin
        book = open_book(folder, self.clock, SystemDice())
        made = KeeperSettings(
            origins=(origin,),
            secure=origin.startswith("https"),
            cookie="__Host-bavn" if "https" in origin else "bavn",
            proxies=(),
            idle_us=60 * 60_000_000,
            whole_us=12 * 3_600_000_000,
            logons_per_minute=1000,
            roles=ROLES[side],
        )
        self.keeper = Keeper(book, made, Factors(book, QUICK))
        self.app = console_app(side, None, areas, self.keeper, self.settings, beside=people_routes(self.keeper))

    @staticmethod
    def bare():
        """The routes of such a console, with nothing behind them."""
        return bare_app("sac")

    def browser(self, **headers):
        return Browser(self.app, self.origin, headers)

    def person(self, name, *roles, actors=None):
        """An account that is set up with password and app, and its browser, signed in."""
        link = self.keeper.accounts.add(name, frozenset(roles), actors, "tests")
        browser = self.browser()
        browser.setup(link, PASSWORD, self.clock)
        return browser

    def close(self):
        self.keeper.close()


class Browser:
    """Keeps cookies and sends what a page of this console would."""

    def __init__(self, app, origin, headers):
        self.app, self.origin, self.headers = app, origin, headers
        self.cookies = httpx.Cookies()
        self.csrf = None
        self.totp = None
        self.codes = []

    def ask(self, path, method="GET", **more):
        headers = {"origin": self.origin} | self.headers | more.pop("headers", {})
        if self.csrf and "x-bavn-csrf" not in headers:
            headers["x-bavn-csrf"] = self.csrf
        headers = {name: value for name, value in headers.items() if value is not None}

        async def once():
            transport = httpx.ASGITransport(app=self.app, client=(more.pop("address", "192.0.2.1"), 999))
            async with httpx.AsyncClient(transport=transport, base_url=self.origin, cookies=self.cookies) as client:
                answer = await client.request(method, "/api/v1" + path, headers=headers, **more)
                self.cookies = client.cookies
                return answer

        return asyncio.run(once())

    def post(self, path, **said):
        return self.ask(path, "POST", json=said)

    def me(self):
        answer = self.ask("/me")
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer

    def setup(self, link, password, clock):
        app = self.post("/setup/app", link=link)
        assert app.status_code == 200, app.text
        self.totp = pyotp.TOTP(app.json()["secret"])
        done = self.post("/setup/password", link=link, password=password, code=self.code(clock))
        assert done.status_code == 200, done.text
        self.codes = done.json()["codes"]
        assert self.me().status_code == 200

    def code(self, clock):
        """The app's code of the next thirty seconds: one that was not used before."""
        clock.on(seconds=30)
        return self.totp.at(clock.us // 1_000_000)

    def sign_in(self, name, clock, password=PASSWORD, **more):
        answer = self.ask(
            "/logon/password", "POST", json={"name": name, "password": password, "code": self.code(clock)}, **more
        )
        if answer.status_code == 204:
            self.me()
        return answer


def cookie_of(answer):
    """Name and attributes of the cookie that an answer sets."""
    found = re.match(r"([^=]+)=([^;]*); (.*)", answer.headers["set-cookie"])
    return found[1], found[2], {part.split("=")[0].lower(): part for part in found[3].split("; ")}
