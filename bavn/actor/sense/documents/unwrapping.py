"""A document -> the lines of EVE, of a Zeek log, of flows or of a program's log that it holds.

The one place that takes off what a search, a shipper or a collector put around: what it knows is ``[unwrap]`` of
fields.toml. Values are judged by the readers of these lines.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.sense.documents.declared import NOTHING, filled, form_of, unwrap, value_of
from bavn.actor.sense.zeek.fields import FIELDS, TELLING, log_named

Doc = Mapping[str, Any]
ENVELOPES_MAX: Final = 6
LEVELS_MAX: Final = 12
TEXT: Final = "text"
_OF_ZEEK: Final = ("uid", "id", "_path", "fuid", "fingerprint")
_SAYS: Final = ("_path", "@stream")


@dataclass(frozen=True, slots=True)
class Line:
    """``log``: eve, one of zeek_fields.FIELDS, ``flow`` for what flows.flow_of reads, ``text`` for a line that is no
    JSON (under that name in ``fields``), or empty for a document that holds none of them. ``moment``: of a text, when
    the document says that it was."""

    log: str
    fields: Doc
    moment: Any = None


PASSES: Final = Line(NOTHING, {})


def lines_of(document: object, depth: int = 0) -> Iterator[Line]:
    """What a document holds; PASSES for one that is well-formed and holds no record of the network."""
    if isinstance(document, list) and depth < ENVELOPES_MAX:
        for one in document:
            yield from lines_of(one, depth + 1)
        return
    if not isinstance(document, dict):
        yield PASSES
        return
    if "ts" in document and any(name in document for name in _OF_ZEEK):
        log = _log_of(document)
        yield Line(log, document) if log in FIELDS else PASSES
        return
    inner = _envelope(document) if depth < ENVELOPES_MAX else None
    if inner is not None:
        yield from lines_of(inner, depth + 1)
        return
    flat = flattened(document)
    original = _original(flat) if depth < ENVELOPES_MAX else None
    if original is not None:
        yield from lines_of(original, ENVELOPES_MAX)
        return
    yield _line(flat)


def _envelope(doc: Doc) -> object | None:
    """What stands inside of what was put around it."""
    hits = doc.get("hits")
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        return hits["hits"]  # type: ignore[no-any-return]
    return next((doc[name] for name in unwrap().objects if isinstance(doc.get(name), dict)), None)


def _log_of(doc: Doc) -> str:
    """Which of Zeek's logs a line is of, as it says or as its fields tell; empty where nothing does."""
    said = next((doc[name] for name in _SAYS if isinstance(doc.get(name), str)), "")
    if said:
        return log_named(said)
    names = {name for flat in flattened(doc) for name in (flat, flat.replace(".", "_"))}
    return next(
        (log for log, telling in TELLING.items() if names >= {name.replace(".", "_") for name in telling}), NOTHING
    )


def _original(flat: Doc) -> dict[str, Any] | None:
    """The line itself, where a shipper kept it as a text."""
    for name in unwrap().texts:
        text = value_of(flat, (name,))
        if isinstance(text, str) and text.lstrip().startswith("{"):
            try:
                original = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(original, dict) and any(name in original for name in ("event_type", "ts")):
                return original
    return None


def _line(flat: Doc) -> Line:
    form = form_of(flat)
    if form is not None:
        log, fields = filled(form, flat)
        return Line(log, fields) if log else PASSES
    text = value_of(flat, unwrap().texts)
    if isinstance(text, str) and text.strip():
        return Line(TEXT, {TEXT: text}, value_of(flat, unwrap().moments))
    return PASSES


def flattened(doc: Doc) -> dict[str, Any]:
    """A document's fields under dotted names; arrays stay."""
    flat: dict[str, Any] = {}

    def go(inner: Doc, before: str, level: int) -> None:
        for name, value in inner.items():
            if isinstance(value, dict) and value and level < LEVELS_MAX:
                go(value, f"{before}{name}.", level + 1)
            else:
                flat.setdefault(before + name, value)

    go(doc, "", 0)
    return flat
