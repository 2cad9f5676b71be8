"""The Access of a real console: a cookie or a token in, a person out; and what the routes of log-on and account share.

A change by cookie needs the page's own origin and the session's CSRF token. Refuses to tell why a log-on failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final, NoReturn

from fastapi import Request, Response

from bavn.app.access.accounts import Account, Accounts, CannotAccount
from bavn.app.access.book import CONSOLE, Book
from bavn.app.access.passkeys import Passkeys
from bavn.app.access.proving import of_session, of_token
from bavn.app.access.rights import ROLES, Role
from bavn.app.access.sessions import RECENT_US, TOKEN_PREFIX, Session, Sessions, Tokens, csrf_of
from bavn.app.access.tries import TRY_US, Tries
from bavn.app.acts.accounts import CANNOT
from bavn.app.net.throttle import Throttle
from bavn.app.web.console import BYTES_PER_MINUTE_MAX, ConsoleSettings, client_address, neighbourhood
from bavn.app.web.frame import Person, SessionContext, Trouble
from bavn.app.web.guard import READS
from bavn.app.web.problems import WORDS
from bavn.model.catalogue import languages
from bavn.model.settings import SettingsError
from bavn.model.text import Language, Text

CSRF_HEADER: Final = "x-bavn-csrf"
SECRET_CHARS_MAX: Final = 100
REFUSALS_NOTED_PER_MINUTE_MAX: Final = 12
"""The last of a minute stands for all further ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A person in a browser, as their account and session."""

    account: Account
    session: Session
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperSettings:
    """``cookie``: its name, apart for each console of a machine. Lengths in microseconds."""

    origins: tuple[str, ...]
    secure: bool
    cookie: str
    proxies: Sequence[IPv4Network | IPv6Network]
    idle_us: int
    whole_us: int
    logons_per_minute: int
    roles: frozenset[Role]

    @classmethod
    def of(
        cls, console: ConsoleSettings, side: str, port: int, *, idle_minutes: int, hours: int, logons: int
    ) -> "KeeperSettings":
        """Of a console that listens on ``port``."""
        name = f"bavn-{side}-{port}"
        return cls(
            origins=console.origins,
            secure=console.secure,
            cookie=f"__Host-{name}" if console.secure else name,
            proxies=console.proxies,
            idle_us=idle_minutes * 60_000_000,
            whole_us=hours * 3_600_000_000,
            logons_per_minute=logons,
            roles=ROLES[side],
        )


class Keeper:
    """Everything about people of one console. From any thread."""

    def __init__(self, book: Book, settings: KeeperSettings) -> None:
        if not settings.origins:
            raise SettingsError(Text("a console has an address"))
        self.book, self.settings = book, settings
        self.accounts = Accounts(book, settings.roles)
        self.passkeys = Passkeys(book, settings.origins)
        self.sessions = Sessions(book, idle_us=settings.idle_us, whole_us=settings.whole_us)
        self.tokens = Tokens(book)
        self.tries = Tries(book)
        self._logons = Throttle(settings.logons_per_minute, BYTES_PER_MINUTE_MAX)
        self._noted = Throttle(REFUSALS_NOTED_PER_MINUTE_MAX, BYTES_PER_MINUTE_MAX)

    def person(self, request: Request) -> Person:
        """Raises Trouble(401) for nobody, Trouble(403) for a change that this console's own page did not ask for."""
        said = request.headers.get("authorization", "")
        if said:
            return self._by_token(said, changes=request.method not in READS)
        signed = self.signed(request)
        account = signed.account
        name = of_session(self.book, account, signed.session, changes=request.method not in READS)
        return Person(name=name, roles=account.roles, actors=account.actors)

    def facts(self, request: Request) -> SessionContext:
        if request.headers.get("authorization"):
            return SessionContext()
        signed = self._look(request)
        if signed is None:
            return SessionContext()
        account = signed.account
        return SessionContext(
            csrf=csrf_of(signed.secret),
            language=_language(account.language),
            zone=account.zone,
            until_us=signed.session.until_us,
        )

    def signed(self, request: Request) -> Signed:
        """The person in a browser; a token is none. Raises Trouble(401, 403)."""
        signed_in = self._look(request)
        if signed_in is None:
            code, text, act = WORDS[401]
            raise Trouble(401, code, text, act)
        if request.method not in READS:
            self.own_page(request)
            given = request.headers.get(CSRF_HEADER, "")
            if not same(given, csrf_of(signed_in.secret)):
                raise Trouble(
                    403,
                    "no-csrf",
                    Text("This did not come from the console's page: load it anew."),
                )
        return signed_in

    def recent(self, request: Request) -> Signed:
        """The same, of somebody who proved who they are within ten minutes. Raises Trouble(403) otherwise."""
        signed_in = self.signed(request)
        if self.book.now_us() - signed_in.session.proved_us > RECENT_US:
            raise Trouble(
                403,
                "prove-again",
                Text("Sign in again first: this needs a fresh log-on."),
            )
        return signed_in

    def _look(self, request: Request) -> Signed | None:
        secret = request.cookies.get(self.settings.cookie, "")
        if not secret or len(secret) > SECRET_CHARS_MAX:
            return None
        found = self.sessions.find(secret)
        return None if found is None else Signed(session=found[0], account=found[1], secret=secret)

    def _by_token(self, said: str, *, changes: bool) -> Person:
        scheme, _, secret = said.partition(" ")
        known = None
        if scheme.lower() == "bearer" and secret.startswith(TOKEN_PREFIX) and len(secret) <= SECRET_CHARS_MAX:
            known = self.tokens.find(secret)
        if known is None:
            raise Trouble(
                401,
                "bad-token",
                Text("This token is not good, or not any more."),
            )
        token, account = known
        name = of_token(self.book, account, token, changes=changes)
        return Person(name=name, roles=account.roles, scopes=token.scopes, actors=account.actors)

    def own_page(self, request: Request) -> None:
        """Raises Trouble(403) for a request that another site's page made a browser send."""
        origin = request.headers.get("origin")
        if origin is not None:
            fits = origin in self.settings.origins
        else:
            fits = request.headers.get("sec-fetch-site", "") == "same-origin"
        if not fits:
            raise Trouble(
                403,
                "other-site",
                Text("This was asked by another site's page."),
            )

    def pay(self, request: Request) -> str:
        """Counts an attempt to log on; the address that it comes from. Raises Trouble(403, 429)."""
        self.own_page(request)
        return self.count(request)

    def count(self, request: Request) -> str:
        """The same for what a browser is sent to, which has no page behind it. Raises Trouble(429)."""
        address = self.address(request)
        if self._logons.too_much(neighbourhood(address), 0):
            wait()
        return address

    def address(self, request: Request) -> str:
        return client_address(request, self.settings.proxies)

    def note_refused(self, subject: str, **detail: str) -> None:
        """One line of the log; beyond so many a minute one line for all of them, so that nobody fills the disk."""
        full = self._noted.over("")
        if self._noted.too_much("", 0) and full:
            return
        with self.book.writing() as tx:
            last = self._noted.over("")
            self.book.note(tx, CONSOLE, "log-ons-refused" if last else "log-on-refused", subject, **detail)

    def sign_in(self, request: Request, response: Response, name: str, how: str, made_by: str = "") -> None:
        """A new session in the person's browser; what was there before ends. ``made_by``: who made the sign-in link,
        where it was one."""
        before = request.cookies.get(self.settings.cookie, "")[:SECRET_CHARS_MAX] or None
        agent = request.headers.get("user-agent", "")
        self.hand(response, self.sessions.begin(name, how, self.address(request), agent, before, made_by))

    def rotate(self, response: Response, signed: Signed) -> str:
        """After a change of how somebody proves who they are: a new secret here, and the end of every other session.
        Returns the new CSRF token."""
        secret = self.sessions.rotate(signed.secret)
        self.hand(response, secret)
        return csrf_of(secret)

    def hand(self, response: Response, secret: str) -> None:
        response.set_cookie(
            self.settings.cookie,
            secret,
            max_age=self.settings.whole_us // 1_000_000,
            path="/",
            secure=self.settings.secure,
            httponly=True,
            samesite="strict",
        )

    def take_back(self, response: Response) -> None:
        response.delete_cookie(
            self.settings.cookie, path="/", secure=self.settings.secure, httponly=True, samesite="strict"
        )

    def begin(self, response: Response, kind: str, **fields: Any) -> None:
        """The first half of something; only this browser can end it. Lax, since an identity provider's answer comes
        from another site."""
        response.set_cookie(
            self._try,
            self.tries.begin(kind, **fields),
            max_age=TRY_US // 1_000_000,
            path="/",
            secure=self.settings.secure,
            httponly=True,
            samesite="lax",
        )

    def ended(self, request: Request, kind: str) -> dict[str, Any] | None:
        """What was said at the beginning, once."""
        secret = request.cookies.get(self._try, "")
        return self.tries.end(secret, kind) if 0 < len(secret) <= SECRET_CHARS_MAX else None

    @property
    def _try(self) -> str:
        return f"{self.settings.cookie}-try"

    def close(self) -> None:
        self.book.close()


def _language(kept: str | None) -> Language | None:
    return kept if kept in languages() else None


def same(given: str, wanted: str) -> bool:
    """Compares in constant time, whatever the given text is."""
    import hmac

    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def wait() -> NoReturn:
    """Raises Trouble(429)."""
    code, text, act = WORDS[429]
    raise Trouble(429, code, text, act)


def trouble_of(error: CannotAccount) -> Trouble:
    """What a page says of it."""
    status, text, act = CANNOT[error.code]
    return Trouble(status, error.code, text, act)
