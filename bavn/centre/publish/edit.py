"""A person's changes to a document: a sentence in other words, one added, one taken out; each is a new document.

What a person wrote carries that person as a source beside those that the sentence has. Figures are data's: they are
taken out whole or stay. Refuses to keep anything.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from bavn.centre.publish.document import SOURCES_MAX, Document, Figure, Section, Sentence, Source, SourceKind
from bavn.model.text import Text

PLACE: Final = re.compile(r"([a-z][a-z0-9-]{0,39})/([1-9][0-9]{0,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``place``: section/number, from 1. ``text`` None takes the block out. ``after``: a new sentence behind that
    place, else it is replaced. ``sources``: what it rests on beside the person."""

    place: str
    text: Text | None
    after: bool = False
    sources: tuple[Source, ...] = ()


def changed(document: Document, change: Change, by: str) -> Document:
    """The document with the change. ValueError for a place that is not there, and for words put into a figure."""
    section, at = find(document, change.place)
    block, person = section.blocks[at], Source(SourceKind.PERSON, by)
    blocks = list(section.blocks)
    if change.text is None:
        del blocks[at]
    elif change.after:
        blocks.insert(at + 1, Sentence(change.text, (person, *change.sources)))
    elif isinstance(block, Figure):
        raise ValueError(
            Text(
                "{place} is a figure: its data is not for editing; take it out, or add words after it",
                place=change.place,
            )
        )
    else:
        kept = tuple(dict.fromkeys((person, *change.sources, *block.sources)))[:SOURCES_MAX]
        blocks[at] = Sentence(change.text, kept)
    made = replace(section, blocks=tuple(blocks))
    return replace(document, sections=tuple(made if one is section else one for one in document.sections))


def find(document: Document, place: str) -> tuple[Section, int]:
    """The section and the index of a place. ValueError where there is none."""
    met = PLACE.fullmatch(place)
    for section in document.sections if met else ():
        if met and section.id == met[1] and int(met[2]) <= len(section.blocks):
            return section, int(met[2]) - 1
    raise ValueError(Text("there is no {place}; a place is section/number, as `show` names it", place=repr(place[:50])))
