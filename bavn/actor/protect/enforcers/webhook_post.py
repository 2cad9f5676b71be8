"""One signed POST to the actor's own receiver: https only, or http on loopback; bounded in time and size.

Signed as Standard Webhooks has it (``webhook-id``, ``webhook-timestamp``, ``webhook-signature``: HMAC-SHA256), with the
id also as ``Idempotency-Key``. No proxy, no environment, no redirect. Refuses to know what is posted, and to retry.
"""

import base64
import binascii
import hashlib
import hmac
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from bavn.model.intel.web_address import is_protected
from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock
from bavn.model.text import Text
from bavn.wire.links.deadline import DeadlineTransport

MARK: Final = "whsec_"
SECRET_BYTES_MIN: Final = 24
POST_S_MAX: Final = 10.0
ANSWER_BYTES_MAX: Final = 64 * 1024
RETRY_AFTER_S_MAX: Final = 3600


class PostFailed(Exception):
    """No whole answer came. Nobody must act yet: wait and try again."""


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """``retry_after_s``: how long the receiver asks to be left alone, 0 for nothing said."""

    status: int
    retry_after_s: int


class Poster:
    """``secret`` as :func:`secret_of` gives it. ValueError for an address that may not be posted to, OSError or
    ssl.SSLError for an authority that cannot be read."""

    def __init__(self, url: str, secret: bytes, clock: Clock, *, authority: Path | None = None) -> None:
        self.url, self.path = url, allowed(url).path or "/"
        self._secret, self._clock = secret, clock
        self._transport = DeadlineTransport(_trusting(authority))
        self._client = httpx.Client(
            transport=self._transport, trust_env=False, follow_redirects=False, headers={"user-agent": "bavn"}
        )

    def post(self, id_: str, body: bytes, content_type: str) -> WebhookResponse:
        """Raises PostFailed."""
        seconds = self._clock.now_us() // SECOND_US
        headers = {
            "content-type": content_type,
            "idempotency-key": id_,
            "webhook-id": id_,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(self._secret, id_, seconds, body),
        }
        try:
            with (
                self._transport.deadline.within(POST_S_MAX),
                self._client.stream("POST", self.url, content=body, headers=headers) as answer,
            ):
                size = 0
                for piece in answer.iter_raw():
                    size += len(piece)
                    if size > ANSWER_BYTES_MAX:
                        raise PostFailed(
                            Text(
                                "the receiver's answer is longer than {answer_bytes_max} bytes",
                                answer_bytes_max=ANSWER_BYTES_MAX,
                            )
                        )
                return WebhookResponse(answer.status_code, _seconds(answer.headers.get("retry-after", "")))
        except (httpx.HTTPError, OSError) as error:
            raise PostFailed(
                Text.shaped("{kind}: {error}", kind=type(error).__name__, error=str(error)[:160])
            ) from error

    def close(self) -> None:
        self._client.close()


def signature(secret: bytes, id_: str, seconds: int, body: bytes) -> str:
    """``v1,`` and base64 of HMAC-SHA256 over id, moment and body."""
    mac = hmac.new(secret, f"{id_}.{seconds}.".encode("ascii") + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode("ascii")


def secret_of(text: str) -> bytes:
    """The shared key. ValueError for what is none, or is too short."""
    try:
        secret = base64.b64decode(text.removeprefix(MARK), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(Text('a secret is "{mark}" and base64', mark=MARK)) from error
    if not text.startswith(MARK) or len(secret) < SECRET_BYTES_MIN:
        raise ValueError(
            Text(
                'a secret is "{mark}" and base64 of at least {secret_bytes_min} bytes',
                mark=MARK,
                secret_bytes_min=SECRET_BYTES_MIN,
            )
        )
    return secret


def allowed(url: str) -> SplitResult:
    """The address in parts. ValueError unless it is https, or http on loopback, with nothing secret in it."""
    at = urlsplit(url)
    host = at.hostname or ""
    if not host or at.username or at.password or at.fragment or not url.isascii() or not url.isprintable():
        raise ValueError(Text("it must be an address such as https://soar.example/bavn, without a user name in it"))
    if is_protected(url):
        _ = at.port  # raises ValueError for what is none
        return at
    raise ValueError(Text("it must be https; plain http goes to this machine itself only"))


def _trusting(authority: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authority is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(authority)
    return context


def _seconds(said: str) -> int:
    return min(int(said), RETRY_AFTER_S_MAX) if said.isdecimal() and said.isascii() and len(said) < 10 else 0
