"""What was published, as an Atom feed (RFC 4287): the same documents are the same text.

Refuses to list what is not published, and to link to anything but documents below one address.
"""

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bavn.centre.publish.document import Document, Sentence
from bavn.model.moment import iso
from bavn.model.text import Language, Text

ATOM: Final = "http://www.w3.org/2005/Atom"
ENTRIES_MAX: Final = 100
_SPACE: Final = uuid.UUID("0d6c3f8e-3d0f-5b36-9f3e-5f5cf3b5a9c1")
_TITLE: Final = Text("Sector picture, forecasts and briefs")


@dataclass(frozen=True, slots=True)
class Entry:
    """A published document with its id and version."""

    id: str
    version: int
    published_us: int
    document: Document


def feed(entries: Sequence[Entry], language: Language, *, sector: str, url: str, now_us: int) -> str:
    """The newest ENTRIES_MAX, newest first. ``url``: under which ``ID.LANGUAGE.html`` and ``.pdf`` lie, or empty;
    ``now_us`` counts only where nothing was published yet."""
    shown = sorted(entries, key=lambda entry: (-entry.published_us, entry.id))[:ENTRIES_MAX]
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": language})
    add(root, "id", urn(f"{sector}/{language}"))
    add(root, "title", f"{sector}: {_TITLE.say(language)}")
    add(root, "updated", iso(max((entry.published_us for entry in shown), default=now_us)))
    add(add(root, "author"), "name", sector)
    if url:
        add(root, "link", rel="self", type="application/atom+xml", href=f"{url.rstrip('/')}/feed.{language}.xml")
    for entry in shown:
        _entry(root, entry, language, url)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _entry(root: ET.Element, entry: Entry, language: Language, url: str) -> None:
    element = add(root, "entry")
    add(element, "id", urn(f"{entry.document.sector}/{entry.id}"))
    add(element, "title", f"{entry.document.title.say(language)} ({entry.document.tlp.value})")
    add(element, "updated", iso(entry.published_us))
    add(element, "published", iso(entry.published_us))
    add(element, "category", term=entry.document.kind.value)
    add(element, "summary", "\n".join(first_words(entry.document, language)))
    if url:
        for form, kind in (("html", "text/html"), ("pdf", "application/pdf")):
            rel = "alternate" if form == "html" else "enclosure"
            add(
                element,
                "link",
                rel=rel,
                type=kind,
                hreflang=language,
                href=f"{url.rstrip('/')}/{entry.id}.{language}.{form}",
            )


def first_words(document: Document, language: Language, most: int = 6) -> list[str]:
    """The overview's sentences, for a feed and a mail."""
    wanted = [section for section in document.sections if section.id == "overview"] or list(document.sections[:1])
    said = [one.text.say(language) for section in wanted for one in section.blocks if isinstance(one, Sentence)]
    return said[:most] or [document.title.say(language)]


def add(parent: ET.Element, name: str, text: str | None = None, **given: str) -> ET.Element:
    """A child with a text and attributes."""
    made = ET.SubElement(parent, name, given)
    made.text = text
    return made


def urn(name: str) -> str:
    """An id that is the same for the same name, whenever it is made."""
    return f"urn:uuid:{uuid.uuid5(_SPACE, name)}"
