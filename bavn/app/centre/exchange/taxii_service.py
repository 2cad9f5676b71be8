"""The TAXII 2.1 server for partners, on FastAPI: who calls, what they accept, bodies within bounds; answers are theirs.

A partner proves who it is by its client certificate, a bearer token or HTTP Basic, on every request. Refuses to think:
taxii_answers puts the resources together, gates 2 and 3 decide what crosses.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from bavn.app.centre.exchange.taxii_answers import ROOT, Answers, Problem, TaxiiResponse
from bavn.app.net.connections import CERTIFICATE_KEY
from bavn.app.net.member_service import answer_of_party, body_length, read_body
from bavn.app.net.throttle import Throttle
from bavn.centre.members.partner_credentials import PartnerCredentials
from bavn.model.failure import Failures, NoContainment
from bavn.model.outcome import Refused
from bavn.model.sector.partner import Partner
from bavn.wire.partners import taxii

_LOG = logging.getLogger(__name__)
BODY_S: Final = 20.0
SLOWEST_LINE_BYTES_PER_S: Final = 32_768
POSTS_AT_ONCE_MAX: Final = 4
ASKING_AT_ONCE_MAX: Final = 16
_TITLES: Final = {
    400: "Bad request",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "No such method here",
    406: "Not acceptable",
    408: "Too slow",
    411: "Length required",
    413: "Too long",
    415: "Unsupported media type",
    422: "Unprocessable",
    429: "Too much at once",
    500: "This failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxiiLimits:
    """Requests a minute: of one partner; and without a valid credential, from one address."""

    requests_per_minute: int = 600
    failures_per_minute: int = 30


def make_taxii(
    answers: Answers,
    credentials: PartnerCredentials,
    limits: TaxiiLimits | None = None,
    broken: Callable[[BaseException], None] = lambda _: None,
    failures: Failures | None = None,
) -> FastAPI:
    """The application. ``broken`` hears of a book that does not hold, after which the process must stop; ``failures``
    of a request that failed in a way that nobody foresaw, which is answered by 500."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    service = _Service(answers, credentials, limits or TaxiiLimits(), broken, failures or NoContainment())
    collection = ROOT + "collections/{collection}/"
    object_path = collection + "objects/{object_id}/"
    for method, path, handler in (
        ("GET", "/taxii2/", service.discovery),
        ("GET", ROOT, service.root),
        ("GET", ROOT + "status/{status_id}/", service.status),
        ("GET", ROOT + "collections/", service.collections),
        ("GET", collection, service.collection),
        ("GET", collection + "manifest/", service.manifest),
        ("GET", collection + "objects/", service.objects),
        ("POST", collection + "objects/", service.post),
        ("GET", object_path, service.object),
        ("DELETE", object_path, service.delete),
        ("GET", object_path + "versions/", service.versions),
    ):
        app.add_api_route(path, handler, methods=[method], response_class=Response, response_model=None)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(StarletteHTTPException, _problem)
    app.add_exception_handler(Exception, _fault)
    return app


class _Service:
    def __init__(
        self,
        answers: Answers,
        credentials: PartnerCredentials,
        limits: TaxiiLimits,
        broken: Callable[[BaseException], None],
        failures: Failures,
    ) -> None:
        self._answers, self._credentials, self._broken = answers, credentials, broken
        self._containment = failures
        self._requests = Throttle(limits.requests_per_minute, 1)
        self._failures = Throttle(limits.failures_per_minute, 1)
        self._posts = asyncio.Semaphore(POSTS_AT_ONCE_MAX)
        self._asking = asyncio.Semaphore(ASKING_AT_ONCE_MAX)

    async def discovery(self, request: Request) -> Response:
        await self._caller(request)
        return _response(self._answers.discovery())

    async def root(self, request: Request) -> Response:
        await self._caller(request)
        return _response(self._answers.root())

    async def status(self, request: Request, status_id: str) -> Response:
        partner = await self._caller(request)
        return _response(await self._ask(self._answers.status, partner, status_id))

    async def collections(self, request: Request) -> Response:
        return _response(self._answers.collections(await self._caller(request)))

    async def collection(self, request: Request, collection: str) -> Response:
        return _response(self._answers.collection(await self._caller(request), collection))

    async def manifest(self, request: Request, collection: str) -> Response:
        partner = await self._caller(request)
        return _response(await self._ask(self._answers.manifest, partner, collection, _query(request)))

    async def objects(self, request: Request, collection: str) -> Response:
        partner = await self._caller(request)
        return _response(await self._ask(self._answers.objects, partner, collection, _query(request)))

    async def object(self, request: Request, collection: str, object_id: str) -> Response:
        partner = await self._caller(request)
        return _response(await self._ask(self._answers.object, partner, collection, object_id, _query(request)))

    async def versions(self, request: Request, collection: str, object_id: str) -> Response:
        partner = await self._caller(request)
        return _response(await self._ask(self._answers.versions, partner, collection, object_id, _query(request)))

    async def delete(self, request: Request, collection: str, object_id: str) -> Response:
        partner = await self._caller(request)
        return _response(await self._ask(self._answers.delete, partner, collection, object_id, _query(request)))

    async def post(self, request: Request, collection: str) -> Response:
        partner = await self._caller(request)
        if not _is_taxii(request.headers.get("content-type", "")):
            raise HTTPException(415, f"the content type is {taxii.TAXII}")
        length = body_length(request, self._answers.body_bytes_max)
        async with self._posts:
            raw = await read_body(request, length, BODY_S + length / SLOWEST_LINE_BYTES_PER_S)
            return _response(await self._ask(self._answers.post, partner, collection, raw))

    # --- who calls ---------------------------------------------------------------------------------------------

    async def _caller(self, request: Request) -> Partner:
        """The partner behind a request that accepts TAXII 2.1. 401, 406, 429."""
        address = request.client.host if request.client else ""
        if self._failures.over(address):
            raise HTTPException(429, "too many requests without a valid credential; try again in a minute")
        partner = await self._proved(request)
        if partner is None:
            self._failures.too_much(address, 0)
            raise HTTPException(401, "this needs a client certificate, a token or HTTP Basic that is in force")
        if self._requests.too_much(partner.name, 0):
            raise HTTPException(429, "too much at once; try again in a minute")
        if not _accepted(request.headers.getlist("accept")):
            raise HTTPException(406, f"this server speaks {taxii.TAXII}")
        return partner

    async def _proved(self, request: Request) -> Partner | None:
        """By header where there is one, else by certificate; None for nobody."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        partner: Partner | Refused | None = None
        if scheme.lower() == "bearer":
            partner = await self._ask(self._credentials.by_token, given.strip())
        elif scheme.lower() == "basic":
            name, secret = _basic(given.strip())
            partner = await self._ask(self._credentials.by_password, name, secret)
        elif not scheme:
            der = request.scope.get("extensions", {}).get(CERTIFICATE_KEY)
            if isinstance(der, bytes):
                partner = await self._ask(self._credentials.by_certificate, der)
        return partner if isinstance(partner, Partner) else None

    async def _ask[*Given, Said](self, question: Callable[[*Given], Said], *given: *Given) -> Said:
        """In a thread of its own, so that nobody else waits; a bounded number at a time."""
        async with self._asking:
            part = f"request {getattr(question, '__name__', '')} of a partner"
            answer = await asyncio.to_thread(
                lambda: answer_of_party(self._containment, self._broken, part, lambda: _answer(question, *given))
            )
        if isinstance(answer, Problem):
            raise answer
        return answer


def _answer[*Given, Said](question: Callable[[*Given], Said], *given: *Given) -> Said | Problem:
    """A Problem is an answer like any other."""
    try:
        return question(*given)
    except Problem as problem:
        return problem


def _query(request: Request) -> list[tuple[str, str]]:
    return list(request.query_params.multi_items())


def _basic(given: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        return "", ""
    return name, secret


def _accepted(headers: list[str]) -> bool:
    """Whether one of the media ranges takes TAXII 2.1; a client that says nothing takes all."""
    ranges = [one.strip() for one in ",".join(headers).split(",") if one.strip()]
    return not ranges or any(_is_taxii(one, wide=True) for one in ranges)


def _is_taxii(text: str, *, wide: bool = False) -> bool:
    """Whether a media type (``wide``: or range) is TAXII in a version that is spoken here."""
    kind, *given = [part.strip() for part in text.split(";")]
    parameters = {
        name.strip().lower(): value.strip().strip('"') for name, _, value in (p.partition("=") for p in given)
    }
    if wide and _weight(parameters.get("q", "1")) == 0:
        return False
    if wide and kind.lower() in ("*/*", "application/*"):
        return True
    return kind.lower() == "application/taxii+json" and parameters.get("version", "2.1") == taxii.SPEC_VERSION


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _response(answer: TaxiiResponse) -> Response:
    return _bytes_response(answer.body, answer.status, answer.headers)


def _bytes_response(body: bytes, status: int, headers: dict[str, str] | None = None) -> Response:
    kept = {"cache-control": "no-store", "x-content-type-options": "nosniff", **(headers or {})}
    made = Response(body, status_code=status, headers=kept)
    made.headers["content-type"] = taxii.TAXII  # as the standard writes it, and no charset
    return made


async def _problem(_: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return _bytes_response(taxii.error(error.status, error.title, error.description), error.status)
    if not isinstance(error, StarletteHTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == 401:
        headers["www-authenticate"] = 'Basic realm="Bavn exchange", charset="UTF-8", Bearer'
    if error.status_code in (408, 411, 413):
        headers["connection"] = "close"
    title = _TITLES.get(error.status_code, "This cannot be done")
    return _bytes_response(taxii.error(error.status_code, title, str(error.detail)), error.status_code, headers)


async def _fault(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return _bytes_response(taxii.error(500, _TITLES[500], "try again later"), 500)
