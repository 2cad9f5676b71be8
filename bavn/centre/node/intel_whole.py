"""Now and then a source that tells only what is new is read whole: what it deleted without a word is not there.

Pure. Refuses to take back nearly everything at once: a listing that lost most of what it had is more likely broken, and
what is really gone ages. Refuses to read anything itself.
"""

from dataclasses import dataclass
from typing import Final

from bavn.centre.cases.intelligence.sources import SourceState
from bavn.centre.inbox.intel_gate import NO_SCOPE, SourceMemory
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.sector.intel import TELLS_NEWS, Piece

GONE_SMALL: Final = 20
"""Up to so many missing objects are taken back whatever share they are."""
COMPARED_US: Final = "whole_us"
"""In a source's cursor: when it was last read whole and compared."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a whole listing showed: of ``known`` objects (or events) the ``missing`` are not there any more."""

    known: int
    missing: tuple[Piece, ...]


def due(state: SourceState, now_us: int) -> bool:
    """Whether it is to be read whole now; the first reading is whole anyway."""
    source = state.source
    if (
        source.kind not in TELLS_NEWS
        or not source.whole_days
        or not state.read_us
        or {"next", "page"} & set(state.cursor)
    ):
        return False
    return now_us - max(state.read_us, int(state.cursor.get(COMPARED_US, 0))) >= source.whole_days * DAY_US


def compare(known: SourceMemory, seen: frozenset[str]) -> Compared | Refused:
    """``seen``: the scopes that the listing named. Refused where so much is missing that it must be looked at."""
    scopes = [scope for scope in known.scopes if scope not in ("", NO_SCOPE) and known.scopes[scope]]
    missing = tuple(Piece(scope, ()) for scope in scopes if scope not in seen)
    if len(missing) > GONE_SMALL and 2 * len(missing) > len(scopes):
        return Refused(
            "most_gone",
            "{missing} of {all} objects are not there any more: nothing was taken back, they age",
            missing=len(missing),
            all=len(scopes),
        )
    return Compared(len(scopes), missing)
