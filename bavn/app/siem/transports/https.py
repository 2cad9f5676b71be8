"""One POST to a receiver: https only, or http on loopback; bounded in time and size; no proxy, no redirect."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from bavn.app.siem.transports.base import NotTaken, TooMuch
from bavn.model.text import Text
from bavn.wire.links.deadline import DeadlineTransport

POST_S_MAX: Final = 30.0
ANSWER_BYTES_MAX: Final = 4 << 20
RETRY_AFTER_S_MAX: Final = 3600
SAID_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Response:
    """``retry_after_s``: how long the receiver asks to be left alone, 0 for nothing said."""

    status: int
    body: bytes
    retry_after_s: int


class Poster:
    """Posts to any address that its caller chose; one connection is kept open."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._transport = DeadlineTransport(context)
        self._client = httpx.Client(
            transport=self._transport, trust_env=False, follow_redirects=False, headers={"user-agent": "bavn"}
        )

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Raises NotTaken where no whole answer came."""
        try:
            with (
                self._transport.deadline.within(POST_S_MAX),
                self._client.stream("POST", url, content=body, headers=dict(headers)) as answer,
            ):
                whole = b""
                for piece in answer.iter_bytes():
                    whole += piece
                    if len(whole) > ANSWER_BYTES_MAX:
                        raise NotTaken(Text("its answer is longer than {bytes_max} bytes", bytes_max=ANSWER_BYTES_MAX))
                return Response(answer.status_code, whole, _seconds(answer.headers.get("retry-after", "")))
        except (httpx.HTTPError, OSError) as error:
            raise NotTaken(Text.shaped("{kind}: {error}", kind=type(error).__name__, error=str(error)[:160])) from error

    def close(self) -> None:
        self._client.close()


def not_taken(response: Response) -> NotTaken:
    """What to raise for an answer that takes none of it."""
    said = " ".join(response.body[: 4 * SAID_MAX].decode("utf-8", "replace").split())[:SAID_MAX]
    text = Text.plain(f"HTTP {response.status} {said}".strip())
    return (TooMuch if response.status == 413 else NotTaken)(text, response.retry_after_s)


def _seconds(said: str) -> int:
    return min(int(said), RETRY_AFTER_S_MAX) if said.isdecimal() and said.isascii() and len(said) < 10 else 0
