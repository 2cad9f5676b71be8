"""Our own word that comes back from outside is no evidence: the rule `own_echo` of what takes in from partners.

Refuses to know what was released: it is handed who does.
"""

from typing import Final, Protocol

from bavn.model.observable import Observable
from bavn.model.outcome import Refused

RULE: Final = "own_echo"


class OwnWords(Protocol):
    """What this centre told others. May be asked from any thread."""

    def is_ours(self, observable: Observable, name: str, author: str, moments_us: tuple[int | None, ...]) -> bool:
        """Whether an item about ``observable`` is one that we made, or a copy of it. ``name``: its id or uuid where it
        stands; ``author``: id or uuid of whoever is named as its creator, empty for none; ``moments_us``: from when it
        holds and when it was changed, as far as it says."""
        ...


class NoOwnWords:
    """Of a centre that told nobody anything."""

    def is_ours(self, observable: Observable, name: str, author: str, moments_us: tuple[int | None, ...]) -> bool:  # noqa: ARG002
        return False


def echo(ours: OwnWords, observable: Observable, name: str, author: str, *moments_us: int | None) -> Refused | None:
    """The refusal of an echo; None for everything else."""
    if ours.is_ours(observable, name, author, moments_us):
        return Refused(RULE, "our own word comes back: it is no evidence of the partner's")
    return None
