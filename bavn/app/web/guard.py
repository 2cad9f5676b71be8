"""What stands before every route of a console: whose name it is asked by, how much comes, how long it may take to come,
and what every answer says to the browser about itself.

Bodies are read whole and within bounds before a route hears of them. Whatever breaks becomes one problem without a word
of what is inside. Refuses to know who asks and what is asked.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from math import isfinite
from typing import Any, Final
from urllib.parse import unquote_plus, urlsplit

from bavn.app.acts.act import WhoActs
from bavn.app.web.frame import API, tell
from bavn.model.failure import Failures
from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.wire.reading import read, sound

_LOG = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
    " font-src 'self'; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'self'"
)
HEADERS: Final = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    "x-robots-tag": "noindex, nofollow",
}
HSTS: Final = "max-age=31536000"
TARGET_CHARS_MAX: Final = 8192
HEADERS_MAX: Final = 64
HEADER_BYTES_MAX: Final = 12_288
LARGE_BYTES: Final = 64 * 1024
LARGE_AT_ONCE_MAX: Final = 16
BODY_S: Final = 20.0
SLOWEST_BYTES_PER_S: Final = 32_768
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
INTEGER_CHARS_MAX: Final = 20
_LENGTH: Final = re.compile(r"[0-9]{1,12}")
_JSON: Final = re.compile(rb"application/(?:[-+.a-z0-9]+\+)?json")
_ENDLESS: Final = re.compile(r"(?:^|[/=&])[-+]?(?![0-9]{32}(?:[/&]|$))[0-9_]{19,}(?:$|[/&.])")
"""A number that no database keeps. An id of 32 hexadecimal digits may happen to have no letter."""


class Unfit(Exception):
    """A request that goes no further. Whoever sent it must act."""

    def __init__(self, status: int, code: str, text: Text, act: WhoActs = "you") -> None:
        super().__init__(code)
        self.status, self.code, self.text, self.act = status, code, text, act


class Guard:
    """ASGI, around everything. ``origins``: what stands before the path in every address under which this console may
    be asked (``https://console.example.org``); the host of a request must be of one of them. A handler that fails in a
    way that nobody foresaw costs its request; ``failures`` hears of it by the route's own path."""

    def __init__(
        self, app: App, *, origins: frozenset[str], body_bytes_max: int, secure: bool, failures: Failures | None = None
    ) -> None:
        self._app, self._failures = app, failures
        self._hosts = frozenset(urlsplit(origin).netloc.lower() for origin in origins)
        self._body_bytes_max = body_bytes_max
        self._large = asyncio.Semaphore(LARGE_AT_ONCE_MAX)
        said = HEADERS | ({"strict-transport-security": HSTS} if secure else {})
        self._headers = [(name.encode(), value.encode()) for name, value in said.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = self._with(scope, message.get("headers", []))
            await send(message)

        try:
            headers = self._fit(scope)
            if scope["method"] in READS:
                await self._app(scope, receive, sending)
            else:
                await self._with_body(scope, headers, receive, sending)
            if self._failures is not None:
                self._failures.works(_part(scope))
        except Unfit as unfit:
            await tell(unfit.status, unfit.code, unfit.text, unfit.act)(scope, receive, sending)
        except Exception as error:
            _LOG.exception("%s %s failed", scope["method"], scope["path"])
            if self._failures is not None:
                self._failures.note(_part(scope), error)
            if begun:
                raise
            await tell(500, "failed", _FAILED, "operator")(scope, receive, sending)

    def _with(self, scope: Scope, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The answer's headers with ours; where nothing is said of keeping it, nobody keeps it."""
        ours = {name for name, _ in self._headers}
        kept = [(name, value) for name, value in given if name.lower() not in ours]
        if not any(name.lower() == b"cache-control" for name, _ in kept):
            kept.append((b"cache-control", b"no-store"))
        if scope["path"].startswith(API):
            kept.append((b"vary", b"Cookie, Authorization"))
        return [*kept, *self._headers]

    def _fit(self, scope: Scope) -> Mapping[bytes, bytes]:
        """The headers by name. Raises Unfit."""
        raw = scope["headers"]
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > TARGET_CHARS_MAX:
            raise Unfit(414, "too-long", Text("This address is too long."))
        if len(raw) > HEADERS_MAX or sum(len(name) + len(value) for name, value in raw) > HEADER_BYTES_MAX:
            raise Unfit(
                431,
                "too-many-headers",
                Text("The request's headers are too large."),
            )
        _plain(scope)
        hosts = [value for name, value in raw if name == b"host"]
        if len(hosts) != 1 or hosts[0].decode("latin-1").lower() not in self._hosts:
            raise Unfit(
                421,
                "other-name",
                Text("This console is not known by that name: whoever runs it sets [console] address."),
                "operator",
            )
        return dict(raw)

    async def _with_body(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        length = self._length(headers)
        if length <= LARGE_BYTES:
            body = await _read(receive, length)
        else:
            async with self._large:
                body = await _read(receive, length)
        is_json = _JSON.fullmatch(headers.get(b"content-type", b"").partition(b";")[0].strip().lower())
        if body and is_json and isinstance(await asyncio.to_thread(read, _read_json, body), Refused):
            raise Unfit(400, "not-understood", _UNREADABLE)
        given = False

        async def again() -> MutableMapping[str, Any]:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)

    def _length(self, headers: Mapping[bytes, bytes]) -> int:
        if b"transfer-encoding" in headers:
            raise Unfit(411, "no-length", Text("A body needs its length."))
        length = headers.get(b"content-length", b"0").decode("latin-1")
        if not _LENGTH.fullmatch(length) or int(length) > self._body_bytes_max:
            most = f"{self._body_bytes_max // 1024} kB"
            raise Unfit(413, "too-large", Text("This is too large: at most {most}.", most=most))
        return int(length)


def _plain(scope: Scope) -> None:
    """Raises Unfit where path or query hold what no database keeps: U+0000, or a number beyond 64 bits."""
    query = unquote_plus(scope["query_string"].decode("latin-1"))
    if not (sound(scope["path"]) and sound(query)) or _ENDLESS.search(scope["path"]) or _ENDLESS.search(query):
        raise Unfit(400, "not-understood", _UNREADABLE)


def _read_json(body: bytes) -> None:
    """Raises ValueError or RecursionError for JSON that no route reads: texts that are not sound, numbers that are not
    finite or beyond 64 bits, one key twice."""
    _checked(json.loads(body, parse_constant=_no_number, parse_int=_integer, object_pairs_hook=_once))


def _checked(data: Any) -> None:
    if (isinstance(data, str) and not sound(data)) or (isinstance(data, float) and not isfinite(data)):
        raise ValueError("not sound")
    if isinstance(data, dict):
        for key, value in data.items():
            _checked(key)
            _checked(value)
    elif isinstance(data, list):
        for value in data:
            _checked(value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("one key twice")
    return data


def _no_number(_: str) -> None:
    raise ValueError("no number")


def _integer(text: str) -> int:
    if len(text) > INTEGER_CHARS_MAX or not -(2**63) <= int(text) < 2**63:
        raise ValueError("beyond 64 bits")
    return int(text)


def _part(scope: Scope) -> str:
    """A page by its route, which is ours, not by what was asked for."""
    path = getattr(scope.get("route"), "path", "")
    return f"page {scope['method']} {path}" if path else "page of another path"


async def _read(receive: Receive, length: int) -> bytes:
    """The whole body, within the time that the slowest line needs for it. Raises Unfit."""
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_S + length / SLOWEST_BYTES_PER_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Unfit(400, "gone", Text("The request broke off."))
                read += message.get("body", b"")
                if len(read) > length:
                    raise Unfit(413, "too-large", Text("More came than was announced."))
                if not message.get("more_body", False):
                    return bytes(read)
    except TimeoutError:
        raise Unfit(
            408,
            "too-slow",
            Text("The request came too slowly: try again."),
            "wait",
        ) from None


_UNREADABLE: Final = Text("This cannot be read: a character or a number in it is none that can be kept.")
_FAILED: Final = Text("This failed. Try again; if it happens again, tell whoever runs this console.")
