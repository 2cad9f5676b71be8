"""Elasticsearch and OpenSearch: the bulk API, ``create`` with the event's own id, so that what comes twice is one.

The answer tells of each document by itself: one that is there already is taken, one that the index cannot hold is
refused by name, and what the cluster has no room for now waits.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from bavn.app.siem.transports.base import Handed, Message, NotTaken
from bavn.app.siem.transports.https import SAID_MAX, Poster, not_taken
from bavn.model.text import Text

_THERE_ALREADY: Final = 409
_REFUSED: Final = 400
"""The document itself is wrong. Whatever else an item says is about rights, index or load: that waits."""


class ElasticTransport:
    """``url`` without a path of an index; ``authorization``: the header's value, empty for none."""

    def __init__(self, url: str, index: str, authorization: str, poster: Poster) -> None:
        self._url, self._poster = f"{url.rstrip('/')}/{index}/_bulk", poster
        self._headers = {"content-type": "application/x-ndjson"}
        if authorization:
            self._headers["authorization"] = authorization

    @property
    def receiver(self) -> str:
        return self._url

    def hand(self, messages: Sequence[Message]) -> Handed:
        lines: list[str] = []
        for message in messages:
            lines.append(json.dumps({"create": {"_id": message.id}}))
            lines.append(json.dumps(message.content, ensure_ascii=False))
        body = "\n".join([*lines, ""]).encode("utf-8", "replace")
        response = self._poster.post(self._url, body, self._headers)
        if response.status != 200:
            raise not_taken(response)
        return _handed(messages, response.body)

    def close(self) -> None:
        self._poster.close()


def _handed(messages: Sequence[Message], body: bytes) -> Handed:
    try:
        items = [next(iter(item.values())) for item in json.loads(body)["items"]]
        answers = [(int(item["status"]), item.get("error")) for item in items]
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration) as error:
        raise NotTaken(Text("its answer is none of the bulk API")) from error
    if len(answers) != len(messages):
        raise NotTaken(Text("its answer is none of the bulk API"))
    refused, waits, why = {}, [], ""
    for message, (status, cause) in zip(messages, answers, strict=True):
        if 200 <= status < 300 or status == _THERE_ALREADY:
            continue
        if status == _REFUSED:
            refused[message.id] = _said(cause)
        else:
            waits.append(message.id)
            why = why or f"{status} {_said(cause)}"
    if waits and len(waits) + len(refused) == len(messages) and not refused:
        raise NotTaken(Text.plain(why))
    return Handed(refused=refused, waits=frozenset(waits))


def _said(error: Any) -> str:
    if isinstance(error, dict):
        return " ".join(f"{error.get('type', '')}: {error.get('reason', '')}".split())[:SAID_MAX]
    return str(error)[:SAID_MAX]
