"""A console with accounts of its own, and browsers that use it. For tests of access."""

import asyncio
import re

import httpx

from bavn.app.access.book import open_book
from bavn.app.access.rights import ROLES
from bavn.app.process.real import SystemDice
from bavn.app.web.access.keeper import Keeper, KeeperSettings
from bavn.app.web.console import ConsoleSettings, console_app
from bavn.app.web.sides import bare_app, people_routes

ORIGIN = "https://console.example.org"
MADE_BY = "tests (local root)"


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
        self.keeper = Keeper(book, made)
        self.app = console_app(side, None, areas, self.keeper, self.settings, beside=people_routes(self.keeper))

    @staticmethod
    def bare():
        """The routes of such a console, with nothing behind them."""
        return bare_app("sac")

    def browser(self, **headers):
        return Browser(self, headers)

    def person(self, name, *roles, actors=None):
        """An account, and its browser, signed in by a link."""
        self.keeper.accounts.add(name, frozenset(roles), actors, MADE_BY)
        browser = self.browser()
        assert browser.sign_in(name).status_code == 204
        return browser

    def link(self, name, minutes=15):
        """The secret of a new sign-in link."""
        return self.keeper.accounts.link(name, MADE_BY, minutes)

    def close(self):
        self.keeper.close()


class Browser:
    """Keeps cookies and sends what a page of this console would."""

    def __init__(self, place, headers):
        self.place, self.app, self.origin, self.headers = place, place.app, place.origin, headers
        self.cookies = httpx.Cookies()
        self.csrf = None

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

    def sign_in(self, name, **more):
        """By a new link."""
        answer = self.ask("/logon/link", "POST", json={"link": self.place.link(name)}, **more)
        if answer.status_code == 204:
            assert self.me().status_code == 200
        return answer


def cookie_of(answer):
    """Name and attributes of the cookie that an answer sets."""
    found = re.match(r"([^=]+)=([^;]*); (.*)", answer.headers["set-cookie"])
    return found[1], found[2], {part.split("=")[0].lower(): part for part in found[3].split("; ")}
