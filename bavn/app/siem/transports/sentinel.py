"""Microsoft Sentinel: the Logs Ingestion API of Azure Monitor, with a token by client credentials.

A row has ``TimeGenerated``, ``EventId``, ``Kind``, ``Action``, ``Severity`` and ``Event``, the whole event as a dynamic
column: the table and the data collection rule need no other, whatever a later Bavn tells.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from bavn.app.siem.transports.base import Handed, Message, NotTaken, TooMuch
from bavn.app.siem.transports.https import Poster, Response, not_taken
from bavn.model.moment import SECOND_US, iso
from bavn.model.ports import Clock
from bavn.model.text import Text

API: Final = "2023-01-01"
SCOPE: Final = "https://monitor.azure.com/.default"
BODY_BYTES_MAX: Final = 1_000_000
"""The API takes 1 MB a call."""
EARLY_S: Final = 300
COLUMNS: Final = ("TimeGenerated", "EventId", "Kind", "Action", "Severity", "Event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Who asks for tokens, and where."""

    token_url: str
    client_id: str
    client_secret: str


class SentinelTransport:
    """``url``: the data collection endpoint; ``rule``: the immutable id of the rule; ``stream``: its stream."""

    def __init__(
        self, url: str, rule: str, stream: str, application: Application, poster: Poster, clock: Clock
    ) -> None:
        self._url = f"{url.rstrip('/')}/dataCollectionRules/{rule}/streams/{stream}?api-version={API}"
        self._application, self._poster, self._clock = application, poster, clock
        self._token, self._until_us = "", 0

    @property
    def receiver(self) -> str:
        return self._url

    def hand(self, messages: Sequence[Message]) -> Handed:
        body = json.dumps([row_of(message) for message in messages], ensure_ascii=False).encode("utf-8", "replace")
        if len(body) > BODY_BYTES_MAX:
            raise TooMuch(Text("more than {bytes_max} bytes at once", bytes_max=BODY_BYTES_MAX))
        response = self._post(body)
        if response.status == 401:  # a token that was taken back before its time
            self._token = ""
            response = self._post(body)
        if not 200 <= response.status < 300:
            raise not_taken(response)
        return Handed()

    def close(self) -> None:
        self._poster.close()

    def _post(self, body: bytes) -> Response:
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._bearer()}"}
        return self._poster.post(self._url, body, headers)

    def _bearer(self) -> str:
        if self._token and self._clock.now_us() < self._until_us:
            return self._token
        form = {
            "grant_type": "client_credentials",
            "client_id": self._application.client_id,
            "client_secret": self._application.client_secret,
            "scope": SCOPE,
        }
        response = self._poster.post(
            self._application.token_url,
            urlencode(form).encode(),
            {"content-type": "application/x-www-form-urlencoded"},
        )
        if response.status != 200:
            raise NotTaken(Text("no token: {why}", why=not_taken(response).text), response.retry_after_s)
        try:
            said = json.loads(response.body)
            self._token, lasts_s = str(said["access_token"]), int(said["expires_in"])
        except (ValueError, TypeError, KeyError) as error:
            raise NotTaken(Text("no token: the answer holds none")) from error
        self._until_us = self._clock.now_us() + max(0, lasts_s - EARLY_S) * SECOND_US
        return self._token


def row_of(message: Message) -> dict[str, Any]:
    """The row of the table."""
    return {
        "TimeGenerated": iso(message.at_us),
        "EventId": message.id,
        "Kind": message.kind,
        "Action": message.action,
        "Severity": message.severity,
        "Event": message.content,
    }
