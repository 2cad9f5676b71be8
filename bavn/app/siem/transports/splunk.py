"""Splunk's HTTP Event Collector: events one after the other, each with its moment and its id as an indexed field."""

import json
from collections.abc import Sequence
from typing import Final

from bavn.app.siem.transports.base import Handed, Message
from bavn.app.siem.transports.https import Poster, Response, not_taken

PATH: Final = "/services/collector/event"
_THIS_ONE: Final = frozenset({6, 12, 13})
"""HEC's codes that are about one event: invalid data format, event field missing, event field blank."""


class SplunkTransport:
    """``authorization``: ``Splunk TOKEN``. ``index`` empty: what the token has."""

    def __init__(self, url: str, index: str, form: str, teller: str, authorization: str, poster: Poster) -> None:
        self._url, self._poster = url.rstrip("/") + PATH, poster
        self._headers = {"content-type": "application/json", "authorization": authorization}
        self._fixed = {"host": teller, "source": "bavn", "sourcetype": f"bavn:{form}"}
        if index:
            self._fixed["index"] = index

    @property
    def receiver(self) -> str:
        return self._url

    def hand(self, messages: Sequence[Message]) -> Handed:
        events = [
            {
                "time": f"{message.at_us // 1_000_000}.{message.at_us % 1_000_000:06}",
                **self._fixed,
                "fields": {"bavn_id": message.id},
                "event": message.content,
            }
            for message in messages
        ]
        body = "".join(json.dumps(event, ensure_ascii=False) for event in events).encode("utf-8", "replace")
        response = self._poster.post(self._url, body, self._headers)
        if response.status == 200:
            return Handed()
        at = _bad_one(response)
        if at is None or not 0 <= at < len(messages):
            raise not_taken(response)
        bad = messages[at]
        said = not_taken(response).text.en
        return Handed(
            refused={bad.id: said}, waits=frozenset(message.id for message in messages if message.id != bad.id)
        )

    def close(self) -> None:
        self._poster.close()


def _bad_one(response: Response) -> int | None:
    """Which event the collector cannot read; None where it is about all of them."""
    try:
        said = json.loads(response.body)
        code, number = said["code"], said["invalid-event-number"]
    except (ValueError, TypeError, KeyError):
        return None
    return number if code in _THIS_ONE and isinstance(number, int) else None
