"""Text lists for firewalls (external dynamic lists): one for addresses, one for names, one value a line, sorted.

Written whole into a folder; bavn/app/list_service.py serves it. Only canonical values stand there: digits, letters,
dots, colons, hyphens and underscores. Refuses to know who fetches the lists.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bavn.actor.protect.atomic import read_if_there, write_whole
from bavn.model.indicator import Block
from bavn.model.observable import Observable, ObservableType

ADDRESS_LIST: Final = "ip.txt"
NAME_LIST: Final = "domain.txt"
_KINDS: Final = {
    ADDRESS_LIST: frozenset({ObservableType.IP4, ObservableType.IP6}),
    NAME_LIST: frozenset({ObservableType.DOMAIN}),
}


class TextList:
    """``children``: also write ``*.name`` below each name, for firewalls that do not take a name for its children."""

    def __init__(self, folder: Path, *, children: bool = False) -> None:
        self._folder = folder
        self._children = children

    name = "textlist"
    carries = frozenset({ObservableType.IP4, ObservableType.IP6, ObservableType.DOMAIN})

    def enforce(self, blocks: Sequence[Block]) -> None:
        """See the Enforcer port. A list that is true already is left alone."""
        for file, kinds in _KINDS.items():
            text = self.text([block.observable for block in blocks if block.observable.type in kinds])
            if read_if_there(self._folder / file) != text:
                write_whole(self._folder / file, text)

    def text(self, observables: Sequence[Observable]) -> bytes:
        """The list's bytes for these observables of one list."""
        values = {observable.value for observable in observables}
        if self._children:
            values |= {f"*.{item.value}" for item in observables if item.type is ObservableType.DOMAIN}
        return "".join(f"{value}\n" for value in sorted(values)).encode("ascii")
