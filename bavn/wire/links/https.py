"""The real link: HTTPS with mutual TLS 1.3 to the one pinned authority, over connections that the node opens.

Trusts nothing that comes back: no proxy, no environment, no redirect, bounded answers, one deadline for each request.
What fails is LinkDown (wait and retry) or LinkRefused (the operator must act). Refuses to open envelopes: whoever pulls
checks signatures.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx

from bavn.model.moment import SECOND_US, iso
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, LinkDown, LinkNonsense, LinkRefused
from bavn.wire import frames
from bavn.wire.enrol import answers, ends_us
from bavn.wire.links.deadline import DeadlineTransport
from bavn.wire.safe import Safe
from bavn.wire.strict_json import parse

ANSWER_BYTES_MAX: Final = 64 * 1024
PULL_BYTES_MAX: Final = 32 * 1024 * 1024
WAIT_S_MAX: Final = 60.0
SOON_US: Final = 5 * SECOND_US
_TLS_REFUSALS: Final = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "VERSION", "UNSUPPORTED_PROTOCOL")
_REFUSALS: Final = frozenset({400, 401, 403, 404, 405, 413, 415, 426})


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """How long a request may take: a base, the time that its bytes need at the slowest line we serve, and for a pull
    the time that its answer may need once there is one."""

    request_s: float = 20.0
    pull_s: float = 60.0
    connect_s: float = 10.0
    slowest_line_bytes_per_s: int = 32_768


@dataclass(frozen=True, slots=True)
class HttpsResponse:
    """Type and body of an answer 200."""

    content_type: str
    body: bytes


def context(authority_pem: str, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """TLS 1.3, trusting this authority alone; with a client certificate if one is given. The machine's own trust store
    and SSLKEYLOGFILE have no say. ssl.SSLError or OSError for files that do not fit."""
    tls_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls_context.minimum_version = ssl.TLSVersion.TLSv1_3
    tls_context.verify_flags |= ssl.VERIFY_X509_STRICT
    tls_context.load_verify_locations(cadata=authority_pem)
    if certificate is not None:
        tls_context.load_cert_chain(certificate, key)
    return tls_context


def untrusting_context() -> ssl.SSLContext:
    """TLS 1.3 with whoever answers: for fetching what is then compared with a pin, and for nothing else."""
    tls_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls_context.minimum_version = ssl.TLSVersion.TLSv1_3
    tls_context.check_hostname = False
    tls_context.verify_mode = ssl.CERT_NONE
    return tls_context


class Caller:
    """Requests to one base URL (https only) of ``who``. May be used from several threads."""

    def __init__(
        self,
        url: str,
        tls: ssl.SSLContext,
        limits: LinkLimits | None = None,
        *,
        who: str = "the centre",
        clock: Clock | None = None,
    ) -> None:
        if not url.startswith("https://"):
            raise ValueError(f"{who} is reached by https only: {url!r}")
        self._who, self._clock = who, clock
        self.skew_s: int | None = None
        """Our clock minus theirs, by the Date of the last answer that came at once; a second of it is rounding. None:
        nothing was heard."""
        self._url = url.rstrip("/")
        self._limits = limits or LinkLimits()
        self._transport = DeadlineTransport(tls)
        self._client = httpx.Client(
            transport=self._transport,
            trust_env=False,
            follow_redirects=False,
            headers={"user-agent": "bavn"},
            timeout=httpx.Timeout(None, connect=self._limits.connect_s),
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = "",
        wait_s: float = 0.0,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
    ) -> HttpsResponse:
        """One request and its whole answer 200. Raises LinkDown, LinkRefused."""
        line = self._limits.slowest_line_bytes_per_s
        seconds = self._limits.request_s + wait_s + len(body) / line
        headers = {"content-type": content_type} if content_type else {}
        asked_us = 0 if self._clock is None else self._clock.now_us()
        try:
            with (
                self._transport.deadline.within(seconds),
                self._client.stream(method, self._url + path, content=body or None, headers=headers) as answer,
            ):
                self._compare(answer.headers.get("date", ""), asked_us)
                read = _read(answer, answer_bytes_max, self._who)
                _judge(answer, read, self._who)
                return HttpsResponse(answer.headers.get("content-type", ""), read)
        except httpx.HTTPError as error:
            if (cause := _tls_refusal(error)) is not None:
                raise LinkRefused(f"the secure connection was refused: {cause}") from error
            raise LinkDown(f"{type(error).__name__}: {str(error)[:200]}") from error
        except httpx.InvalidURL as error:
            raise LinkRefused(f"the address of {self._who} is not one: {error}") from error

    def _compare(self, date: str, asked_us: int) -> None:
        """A server may write the Date when it is asked or when it answers: an answer that was waited for tells nothing,
        and of one that came soon the least offset that explains it is taken."""
        try:
            theirs = parsedate_to_datetime(date)
        except (ValueError, OverflowError):  # a year that no machine counts to
            return
        if self._clock is None or theirs.tzinfo is None:
            return
        now_us, theirs_us = self._clock.now_us(), round(theirs.timestamp() * SECOND_US)
        if 0 <= now_us - asked_us <= SOON_US:
            least_us, most_us = asked_us - theirs_us - SECOND_US // 2, now_us - theirs_us
            self.skew_s = round(min(max(0, least_us), most_us) / SECOND_US)

    def close(self) -> None:
        self._client.close()


class HttpsLink:
    """Implements Link for the node whose certificate is in the TLS context."""

    def __init__(
        self, url: str, tls: ssl.SSLContext, limits: LinkLimits | None = None, clock: Clock | None = None
    ) -> None:
        self._limits = limits or LinkLimits()
        self._caller = Caller(url, tls, self._limits, clock=clock)

    @property
    def skew_s(self) -> int | None:
        """This node's clock minus the centre's."""
        return self._caller.skew_s

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        answer = self._caller.call(
            "POST", "/v1/messages", body=frames.join(envelopes), content_type=frames.CONTENT_TYPE
        )
        taken = _taken(answer.body)
        if taken is None or len(taken) > len(envelopes):
            raise LinkDown("the centre's answer to a post makes no sense")
        return taken

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:
        wait_s = min(max(wait_s, 0.0), WAIT_S_MAX)
        answer = self._caller.call(
            "GET",
            f"/v1/messages?after={int(after)}&wait_s={wait_s:g}",
            answer_bytes_max=PULL_BYTES_MAX,
            wait_s=wait_s + self._limits.pull_s,
        )
        envelopes = frames.split(answer.body)
        if answer.content_type != frames.CONTENT_TYPE or isinstance(envelopes, Refused):
            raise LinkDown("the centre's answer to a pull makes no sense")
        return envelopes

    def close(self) -> None:
        self._caller.close()


def link_of(url: str, safe: Safe, clock: Clock, limits: LinkLimits | None = None) -> HttpsLink:
    """The link of an enrolled node. Raises LinkRefused as :func:`link_context` does."""
    return HttpsLink(url, link_context(safe, clock), limits, clock)


def link_context(safe: Safe, clock: Clock) -> ssl.SSLContext:
    """TLS as the enrolled node of this folder. Raises LinkRefused for a certificate that has ended or is not of the
    pinned authority: the other side may drop such a connection without a word."""
    authority_pem, certificate_pem = safe.authority.read_text(), safe.certificate.read_text()
    if not answers(safe.keys(), certificate_pem, authority_pem):
        raise LinkRefused(f"the certificate in {safe.folder} does not fit its keys and authority: enrol anew")
    if ends_us(certificate_pem) <= clock.now_us():
        raise LinkRefused(f"the certificate in {safe.folder} ended at {iso(ends_us(certificate_pem))}: enrol anew")
    return context(authority_pem, safe.certificate, safe.tls_key)


def _judge(answer: httpx.Response, body: bytes, who: str) -> None:
    status = answer.status_code
    if status != 200:
        said = f"{who} answered {status} to {answer.request.method} {answer.request.url.path}{_reason(body)}"
        raise LinkRefused(said) if status in _REFUSALS else LinkDown(said)
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise LinkDown(f"{who}'s answer is compressed, which was not asked for")


def _read(answer: httpx.Response, bytes_max: int, who: str) -> bytes:
    read = bytearray()
    for piece in answer.iter_raw():
        read += piece
        if len(read) > bytes_max:
            raise LinkNonsense(f"{who}'s answer is longer than {bytes_max} bytes")
    return bytes(read)


def _taken(body: bytes) -> list[int] | None:
    data = parse(body, ANSWER_BYTES_MAX)
    numbers = data.get("taken") if isinstance(data, dict) else None
    sound = isinstance(numbers, tuple) and all(type(number) is int for number in numbers)
    return list(numbers) if sound and numbers is not None else None


def _reason(body: bytes) -> str:
    """What the centre says about it, as far as it is a short plain sentence."""
    data = parse(body, ANSWER_BYTES_MAX)
    detail = data.get("detail") if isinstance(data, dict) else None
    sound = isinstance(detail, str) and len(detail) <= 200 and detail.isascii() and detail.isprintable()
    return f": {detail}" if sound else ""


def _tls_refusal(error: BaseException) -> str | None:
    """The reason if either side refused the other's certificate or protocol: no retry will help."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, ssl.SSLCertVerificationError):
            return link.verify_message
        if isinstance(link, ssl.SSLError) and link.reason and any(word in link.reason for word in _TLS_REFUSALS):
            return link.reason.lower().replace("_", " ")
        link = link.__cause__ or link.__context__
    return None
