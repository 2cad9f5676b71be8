"""What the centre wants to say to an actor, as values that correlate and cases can make without knowing wire.

The counterpart of heard.py: share turns each of these into one message through gate 3. ``to`` is the actor's name,
``round_id`` 16 bytes in lower-case hex, cells are the asked actor's own.
"""

from dataclasses import dataclass

from bavn.model.indicator import Indicator


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A round everybody may take part in until ``deadline_us``. ``members``: (actor, x) of registry_version."""

    to: str
    round_id: str
    version: int
    epoch: int
    registry_version: int
    tier: str
    t: int
    m: int
    r: int
    deadline_us: int
    members: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsWanted:
    """Reveal, phase 1: the receipts of these cells (table, bin)."""

    to: str
    round_id: str
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RevealOf:
    """One cell with the receipts (x, 16 bytes) of at least t-1 others."""

    table: int
    bin: int
    others: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealWanted:
    """Reveal, phase 2: each item is answered by one report or one decline."""

    to: str
    round_id: str
    items: tuple[RevealOf, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Nothing more will be asked about this round."""

    to: str
    round_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Releasing:
    """An indicator for this actor. ``created_us``: when its first version was made; it stays through all versions."""

    to: str
    indicator: Indicator
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawing:
    """Lift every block of this indicator now. ``version`` is higher than every version released before."""

    to: str
    indicator_id: str
    version: int


Said = Opening | TagsWanted | RevealWanted | Closing | Releasing | Withdrawing
