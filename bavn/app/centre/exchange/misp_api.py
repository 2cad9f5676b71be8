"""A MISP of a partner's, through PyMISP: its events, our events, what was sighted of ours.

Bounded and without proxies or redirects, over HTTPS (plain HTTP on this machine only). Refuses to know what an event
means, and names no key in an error.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter

from bavn.app.centre.exchange.secrets import secret_of
from bavn.centre.inbox.intel_pull import PAGE_BYTES_MAX, Unreadable
from bavn.model.intel.web_address import is_protected
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.intel import Access
from bavn.model.settings import SettingsError
from bavn.model.text import Text

if TYPE_CHECKING:
    from pymisp import PyMISP

CONNECT_S, READ_S = 10.0, 120.0
SIGHTINGS_MAX: Final = 100_000
SIGHTED_WITHIN: Final = "400d"
"""As gate 2 takes them (inbox/misp_sightings.py)."""
_NOT_FOUND: Final = 404
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class _Bounded(HTTPAdapter):
    """Reads no more of an answer than the bound, and follows nothing elsewhere."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if args:
            raise TypeError("requests names what it hands to an adapter")
        answer = super().send(request, **kwargs | {"stream": True})
        if answer.status_code in _REDIRECTS:
            raise requests.exceptions.TooManyRedirects(f"the server points elsewhere ({answer.status_code})")
        parts, size = [], 0
        for part in answer.iter_content(65_536):
            size += len(part)
            if size > PAGE_BYTES_MAX:
                answer.close()
                raise Unreadable(f"an answer of more than {PAGE_BYTES_MAX} bytes")
            parts.append(part)
        answer._content = b"".join(parts)  # noqa: SLF001  how requests keeps a body that was read
        return answer


class Misp:
    """One MISP. Makes no connection before it is asked. Raises SettingsError for a place or key that cannot be used."""

    def __init__(self, url: str, access: Access, base: Path) -> None:
        if not is_protected(url):
            raise SettingsError(Text("{url}: a MISP is asked over https (http on this machine only)", url=url[:200]))
        if not access.token_file:
            raise SettingsError(Text("a MISP needs --token-file with its authorization key"))
        self._url, self._access, self._base = url, access, base
        self._client: PyMISP | None = None
        self._numbers: dict[str, int] = {}

    def events(self, since_s: int, page: int, limit: int) -> list[Any]:
        """Whole events that changed at or after ``since_s``."""
        with self._asking() as misp:
            found = misp.search(controller="events", timestamp=since_s or None, page=page, limit=limit, pythonify=False)
        return list(_listed(found))

    def push(self, event: dict[str, Any], *, publish: bool) -> str:
        """Make the event there what it is here: ``added`` or ``updated``."""
        from pymisp import MISPEvent

        misp_event = MISPEvent()
        misp_event.from_dict(**event)
        with self._asking() as misp:
            there = misp.event_exists(misp_event)
            _fine(
                misp.update_event(misp_event, pythonify=False) if there else misp.add_event(misp_event, pythonify=False)
            )
            if publish:
                _fine(misp.publish(misp_event))
        return "updated" if there else "added"

    def sightings(self, event_uuids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """What was sighted of attributes of these events, as MISP says it. MISP knows its events by number in this
        search, tells of a month unless it is asked for more, and names an attribute's uuid only when it is asked to.
        LinkRefused at the end where events are not there any more."""
        count, missing = 0, 0
        for event_uuid in event_uuids:
            number = self._number(event_uuid)
            if number is None:
                missing += 1
                continue
            with self._asking() as misp:
                answer = misp.search_sightings(
                    context="event",
                    context_id=number,
                    publish_timestamp=SIGHTED_WITHIN,
                    include_attribute=True,
                    pythonify=False,
                )
            for entry in _listed(answer):
                count += 1
                if count > SIGHTINGS_MAX:
                    raise Unreadable(f"more than {SIGHTINGS_MAX} sightings")
                if isinstance(entry, dict) and isinstance(entry.get("Sighting", entry), dict):
                    yield entry.get("Sighting", entry)
        if missing:
            raise LinkRefused(f"{missing} of the {len(event_uuids)} events that it was given are not there any more")

    def _number(self, event_uuid: str) -> int | None:
        """The number of an event at this MISP; None for one that is not there."""
        if event_uuid not in self._numbers:
            with self._asking() as misp:
                answer = misp.get_event(event_uuid, no_sightings=True, pythonify=False)
            if isinstance(answer, dict) and _status(answer) == _NOT_FOUND:
                return None
            _fine(answer)
            event = answer.get("Event") if isinstance(answer, dict) else None
            number = str(event.get("id")) if isinstance(event, dict) else ""
            if not number.isascii() or not number.isdigit():
                raise Unreadable("the MISP names an event without its number")
            self._numbers[event_uuid] = int(number)
        return self._numbers[event_uuid]

    @contextmanager
    def _asking(self) -> Iterator["PyMISP"]:
        """Its failures under our names."""
        from pymisp import PyMISP
        from pymisp.exceptions import PyMISPError

        try:
            if self._client is None:
                self._client = _open(PyMISP, self._url, self._access, self._base)
            yield self._client
        except requests.exceptions.TooManyRedirects as error:
            raise LinkRefused(str(error)) from error
        except requests.exceptions.SSLError as error:
            raise LinkRefused(f"its certificate is not trusted: {_short(error)}") from error
        except requests.exceptions.RequestException as error:
            raise LinkDown(_short(error)) from error
        except PyMISPError as error:
            raise LinkRefused(_short(error)) from error


def _open(kind: type["PyMISP"], url: str, access: Access, base: Path) -> "PyMISP":
    logging.getLogger("pymisp").setLevel(logging.CRITICAL + 1)  # what it would say comes as an error
    cert: Any = None
    if access.cert_file:
        own = str(base / access.cert_file)
        cert = (own, str(base / access.key_file)) if access.key_file else own
    return kind(
        url,
        secret_of(base / access.token_file),
        ssl=str(base / access.ca_file) if access.ca_file else True,
        cert=cert,
        proxies={"http": "", "https": ""},
        timeout=(CONNECT_S, READ_S),
        tool="bavn",
        https_adapter=_Bounded(),
    )


def _listed(answer: Any) -> list[Any]:
    _fine(answer)
    if isinstance(answer, dict) and isinstance(answer.get("response"), list):
        answer = answer["response"]
    if not isinstance(answer, list):
        raise Unreadable("the MISP answers with something that is no list")
    return answer


def _fine(answer: Any) -> None:
    if isinstance(answer, dict) and answer.get("errors"):
        code, *words = answer["errors"] if isinstance(answer["errors"], tuple | list) else (0, answer["errors"])
        raise LinkRefused(f"the MISP refuses ({code}): {str(words)[:200]}")


def _status(answer: dict[str, Any]) -> int:
    """The HTTP status of a refusal as PyMISP hands it on; 0 for anything else."""
    errors = answer.get("errors")
    return errors[0] if isinstance(errors, tuple | list) and errors and isinstance(errors[0], int) else 0


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"
