"""Which indicators at a node a person means: by id, value, address of a page, network, or pattern.

One word may name several, and whoever says it is told which. Refuses to guess: what names nothing, or too much, is
said.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

from bavn.actor.protect.queries import Rows, by_id, by_pattern, by_value, of_addresses
from bavn.app.process.exits import Exit, Stop
from bavn.model.observable import NotCanonical, Observable, ObservableType, parents
from bavn.model.text import Text

NAMED_MAX: Final = 100
_PATTERN: Final = re.compile(r"[a-z0-9._*?-]{1,253}")


@dataclass(frozen=True, slots=True)
class NamedItem:
    """An indicator as it stands here; ``stands``: wanted, waiting, uncarried, refused or lifted."""

    id: str
    type: str
    value: str
    stands: str

    def __str__(self) -> str:
        return f"{self.id} ({self.type}:{self.value})" if self.value else self.id


def named_items(rows: Rows, text: str) -> list[NamedItem]:
    """What ``text`` names of what is remembered here, in order of value: ``indicator--...``, a domain or an address,
    ``type:value``, ``https://host/...`` (its host, or what covers it), ``203.0.113.0/24``, ``*.example.com`` (that name
    and all below it) or another pattern with * and ?. Stop for what names nothing, too much, or is none of these."""
    items = sorted({NamedItem(*row) for row in _rows(rows, text.strip())}, key=lambda one: (one.value, one.id))
    if not items:
        raise Stop(
            Exit.NOT_FOUND, Text("no indicator {text} is remembered here (bavn node blocks)", text=repr(text[:80]))
        )
    if len(items) > NAMED_MAX:
        raise Stop(
            Exit.USAGE,
            Text(
                "{text} names more than {named_max} indicators: be narrower", text=repr(text[:80]), named_max=NAMED_MAX
            ),
        )
    return items


def _rows(rows: Rows, text: str) -> Iterator[tuple[Any, ...]]:
    if text.startswith("indicator--"):
        yield from by_id(rows, text)
    elif "://" in text:
        yield from _of_page(rows, text)
    elif "/" in text:
        yield from _of_network(rows, text)
    elif "*" in text or "?" in text:
        yield from _of_pattern(rows, text.lower())
    else:
        one = _observable(text)
        yield from by_value(rows, one.type.value, one.value)


def _of_page(rows: Rows, text: str) -> Iterator[tuple[Any, ...]]:
    """The host of an address of a page, and every name above it: a block of one covers the page."""
    try:
        host = urlsplit(text).hostname or ""
    except ValueError as error:
        raise Stop(
            Exit.USAGE,
            Text("{text} is no address of a page ({error})", text=repr(text[:80]), error=Text.of_error(error)),
        ) from error
    if "*" in host or "?" in host:
        yield from _of_pattern(rows, host)
        return
    observable = _observable(host)
    above = parents(observable.value) if observable.type is ObservableType.DOMAIN else []
    for value in (observable.value, *above):
        yield from by_value(rows, observable.type.value, value)


def _of_network(rows: Rows, text: str) -> Iterator[tuple[Any, ...]]:
    try:
        network = ip_network(text.rpartition(":")[2] if text.startswith("ip4:") else text, strict=False)
    except ValueError as error:
        raise Stop(
            Exit.USAGE, Text("{text} is no network ({error})", text=repr(text[:80]), error=Text.of_error(error))
        ) from error
    for row in of_addresses(rows):
        if ip_address(row[2]) in network:
            yield row


def _of_pattern(rows: Rows, text: str) -> Iterator[tuple[Any, ...]]:
    if not _PATTERN.fullmatch(text) or not re.search("[a-z0-9]", text):
        raise Stop(
            Exit.USAGE,
            Text("{text} is no pattern: letters, figures, points, * and ? of a name or address", text=repr(text[:80])),
        )
    yield from by_pattern(rows, text, NAMED_MAX + 1)
    if text.startswith("*.") and "*" not in text[2:]:
        yield from by_pattern(rows, text[2:], NAMED_MAX + 1)


def _observable(text: str) -> Observable:
    kind, colon, value = text.partition(":")
    try:
        if colon and kind in set(ObservableType):
            return Observable.of(kind, value)
        try:
            return Observable.address(text)
        except NotCanonical:
            return Observable.of(ObservableType.DOMAIN, text)
    except (NotCanonical, ValueError) as error:
        raise Stop(
            Exit.USAGE,
            Text(
                "{text} names no indicator: write a domain, an address, a network, a pattern, https://host, type:value"
                " or indicator--... ({error})",
                text=repr(text[:80]),
                error=Text.of_error(error),
            ),
        ) from error
