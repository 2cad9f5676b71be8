"""A language as somebody outside names it: of those that have a catalogue, and English. Refuses to translate."""

from typing import TYPE_CHECKING, Literal

from bavn.model.catalogue import languages

if TYPE_CHECKING:
    Spoken = str
else:
    Spoken = Literal[languages()]
"""For an option of a command or of a request: what has no catalogue is refused there."""
