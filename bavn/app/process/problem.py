"""A thing that is wrong with a running service, for people and machines. Refuses to know what can be wrong."""

from dataclasses import dataclass

from bavn.model.health import Act
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong now. ``code`` is for machines and stays the same while it lasts; so does ``source``.
    ``act``: who must act, where it is another than the promise that it breaks says."""

    code: str
    source: str
    text: Text
    act: Act | None = None
