"""How the centre gets to a source outside the sector: HTTP(S) with a deadline and bounds, files, a MISP's API.

Refuses redirects, proxies from the environment and bodies above the bound; names no secret in an error.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from bavn.app.centre.exchange.misp_api import Misp
from bavn.app.centre.exchange.secrets import context_of, secret_of
from bavn.centre.inbox.intel_pull import FetchResponse, Unreadable
from bavn.model.intel.web_address import is_protected
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.intel import Access, Source
from bavn.wire.links.deadline import DeadlineTransport

REQUEST_S: Final = 120.0
_OK, _NOT_MODIFIED = 200, 304
_WAIT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class SourceFetch:
    """Implements inbox.intel_pull.Fetch for one source. ``base``: the folder that relative paths count from."""

    def __init__(self, source: Source, base: Path) -> None:
        self._source, self._base = source, base
        self._transport: DeadlineTransport | None = None
        self._client: httpx.Client | None = None
        self._misp: Misp | None = None

    def get(
        self, place: str, headers: Mapping[str, str], parameters: Mapping[str, str], bytes_max: int
    ) -> FetchResponse:
        """See inbox.intel_pull.Fetch."""
        if not place.startswith(("https://", "http://")):
            return _file(self._base / place, headers, bytes_max)
        if not is_protected(place):
            raise LinkRefused(f"{place[:200]} is neither https nor on this machine")
        if self._client is None or self._transport is None:
            self._transport = DeadlineTransport(context_of(self._source.access, self._base))
            self._client = httpx.Client(
                transport=self._transport,
                trust_env=False,
                follow_redirects=False,
                timeout=REQUEST_S,
                headers=_identity(self._source.access, self._base) | {"User-Agent": "bavn"},
            )
        try:
            with (
                self._transport.deadline.within(REQUEST_S),
                self._client.stream("GET", place, headers=dict(headers), params=dict(parameters) or None) as answer,
            ):
                return _answer(answer, bytes_max)
        except httpx.InvalidURL as error:
            raise LinkRefused(f"{place[:200]} is no URL: {error}") from error
        except httpx.HTTPError as error:
            raise LinkDown(f"{httpx.URL(place).host}: {error}") from error

    def events(self, since_s: int, page: int, limit: int) -> list[Any]:
        """See inbox.intel_pull.Fetch."""
        if self._misp is None:
            self._misp = Misp(self._source.place, self._source.access, self._base)
        return self._misp.events(since_s, page, limit)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()


def _identity(access: Access, base: Path) -> dict[str, str]:
    if access.user:
        auth = httpx.BasicAuth(access.user, secret_of(base / access.password_file))
        request = next(auth.auth_flow(httpx.Request("GET", "https://localhost")))
        return {"Authorization": request.headers["Authorization"]}
    return {"Authorization": f"Bearer {secret_of(base / access.token_file)}"} if access.token_file else {}


def _answer(answer: httpx.Response, bytes_max: int) -> FetchResponse:
    status = answer.status_code
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if status == _NOT_MODIFIED:
        return FetchResponse(status, headers)
    if status in _WAIT:
        raise LinkDown(f"{answer.url.host} answers {status}")
    if status != _OK:
        raise LinkRefused(f"{answer.url.host} answers {status} to {answer.url.path[:200]}")
    parts, size = [], 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > bytes_max:
            raise Unreadable(f"more than {bytes_max} bytes")
        parts.append(part)
    return FetchResponse(status, headers, b"".join(parts))


def _file(path: Path, headers: Mapping[str, str], bytes_max: int) -> FetchResponse:
    try:
        stat = path.stat()
        tag = f'"{stat.st_mtime_ns}-{stat.st_size}-{stat.st_ino}"'
        if headers.get("If-None-Match") == tag:
            return FetchResponse(_NOT_MODIFIED)
        if stat.st_size > bytes_max:
            raise Unreadable(f"{path.name}: more than {bytes_max} bytes")
        with path.open("rb") as opened:
            body = opened.read(bytes_max + 1)
    except OSError as error:
        raise LinkRefused(f"{path} cannot be read: {error.strerror}") from error
    if len(body) > bytes_max:
        raise Unreadable(f"{path.name}: more than {bytes_max} bytes")
    return FetchResponse(_OK, {"etag": tag}, body)
