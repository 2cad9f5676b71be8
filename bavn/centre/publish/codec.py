"""A document as canonical JSON, and back. What is read is checked as if a stranger wrote it: ValueError, never a half
document."""

import hashlib
import json
from dataclasses import asdict
from typing import Any, Final

from bavn.centre.publish.document import (
    Block,
    Document,
    Drawn,
    Figure,
    Kind,
    Row,
    Section,
    Sentence,
    Source,
    SourceKind,
)
from bavn.model.intel.indicator import Tlp
from bavn.model.text import Text

BODY_CHARS_MAX: Final = 8_000_000
_DOMAIN: Final = b"bavn/document/1\x00"


def document_text(document: Document) -> str:
    """The same document is the same text."""
    return json.dumps(asdict(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_both)


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "da": text.da}


def digest(document: Document) -> str:
    """64 hex digits over all that it says and rests on."""
    return hashlib.sha256(_DOMAIN + document_text(document).encode()).hexdigest()


def document_of(text: str) -> Document:
    """What document_text wrote. ValueError for anything else; Unsourced where a source is missing."""
    if len(text) > BODY_CHARS_MAX:
        raise ValueError(f"a document has at most {BODY_CHARS_MAX} characters")
    try:
        body = json.loads(text)
        return Document(
            kind=Kind(body["kind"]),
            sector=_str(body["sector"]),
            period=_str(body["period"]),
            first_day=_int(body["first_day"]),
            last_day=_int(body["last_day"]),
            made_us=_int(body["made_us"]),
            tlp=Tlp(body["tlp"]),
            title=_text(body["title"]),
            sections=tuple(_section(one) for one in body["sections"]),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no document of Bavn's ({type(error).__name__})") from error


def _section(body: dict[str, Any]) -> Section:
    blocks = tuple(_block(one) for one in body["blocks"])
    return Section(id=_str(body["id"]), title=_text(body["title"]), blocks=blocks)


def _block(body: dict[str, Any]) -> Block:
    if "rows" not in body:
        return _sentence(body)
    return Figure(
        id=_str(body["id"]),
        title=_text(body["title"]),
        said=_sentence(body["said"]),
        drawn=Drawn(body["drawn"]),
        columns=_texts(body["columns"]),
        rows=tuple(_row(one) for one in body["rows"]),
        names=_texts(body["names"]),
        unit=_text(body["unit"]),
    )


def _row(body: dict[str, Any]) -> Row:
    values = tuple(None if one is None else _number(one) for one in body["values"])
    return Row(_text(body["label"]), _texts(body["cells"]), values, _sources(body["sources"]))


def _sentence(body: dict[str, Any]) -> Sentence:
    return Sentence(_text(body["text"]), _sources(body["sources"]))


def _sources(body: list[dict[str, Any]]) -> tuple[Source, ...]:
    return tuple(Source(SourceKind(one["kind"]), _str(one["ref"])) for one in body)


def _texts(body: list[dict[str, Any]]) -> tuple[Text, ...]:
    return tuple(_text(one) for one in body)


def _text(body: dict[str, Any]) -> Text:
    return Text.written(_str(body["en"]), da=_str(body["da"]))


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _int(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a whole number is expected")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError("a number is expected")
    return float(value)
