"""Text lists for firewalls (external dynamic lists): one for addresses, one for names, one value a line, sorted.

Written whole into a folder; bavn/app/node/list_service.py serves it. Only canonical values stand there: digits,
letters, dots, colons, hyphens and underscores; no comment, no mask, no blank line, each line with its LF. Refuses to
know who fetches the lists, and to write more than they read: a firewall leaves out silently what is beyond its bound.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from bavn.actor.protect.enforcers.atomic import read_if_there, write_whole
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import EnforcerDown
from bavn.model.text import Text

ADDRESS_LIST: Final = "ip.txt"
IP4_LIST: Final = "ip4.txt"
IP6_LIST: Final = "ip6.txt"
NAME_LIST: Final = "domain.txt"
_KINDS: Final = {
    ADDRESS_LIST: frozenset({ObservableType.IP4, ObservableType.IP6}),
    IP4_LIST: frozenset({ObservableType.IP4}),
    IP6_LIST: frozenset({ObservableType.IP6}),
    NAME_LIST: frozenset({ObservableType.DOMAIN}),
}
LISTS: Final = frozenset(_KINDS)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many lines the firewall reads: of addresses, and of names."""

    addresses: int = 2_000_000
    names: int = 5_000_000


class TextList:
    """``children``: also write ``*.name`` below each name, for firewalls that do not take a name for its children."""

    def __init__(self, folder: Path, *, children: bool = False, bounds: Bounds | None = None) -> None:
        self._folder = folder
        self._children = children
        self._bounds = bounds or Bounds()

    name = "textlist"
    carries = frozenset({ObservableType.IP4, ObservableType.IP6, ObservableType.DOMAIN})

    def enforce(self, blocks: Sequence[Block]) -> None:
        """See the Enforcer port. A list that is true already is left alone. Where the wanted list is longer than the
        firewall reads, what is lifted goes out, nothing new comes in, and the enforcer says that it is down."""
        too_long = []
        for file, kinds in _KINDS.items():
            lines = self.lines([block.observable for block in blocks if block.observable.type in kinds])
            there = read_if_there(self._folder / file)
            most = self._bounds.names if file == NAME_LIST else self._bounds.addresses
            if len(lines) > most:
                too_long.append(
                    Text.counted(
                        "{file} would have {count:,} line, and the firewall reads {most:,}",
                        "{file} would have {count:,} lines, and the firewall reads {most:,}",
                        len(lines),
                        file=file,
                        most=most,
                    )
                )
                known = set((there or b"").decode("ascii", "replace").splitlines())
                lines = [line for line in lines if line in known]
            text = as_text(lines)
            if there != text:
                write_whole(self._folder / file, text)
        if too_long:
            raise EnforcerDown(
                Text("{lists}: nothing new is listed ([enforce] list_..._max)", lists=Text.joined("; ", too_long))
            )

    def lines(self, observables: Sequence[Observable]) -> list[str]:
        """The lines for these observables of one list, sorted, each once. The wanted set comes sorted, and sorting a
        million lines that nearly are is quick."""
        values = [observable.value for observable in observables]
        if self._children:
            values += [f"*.{item.value}" for item in observables if item.type is ObservableType.DOMAIN]
        return [value for value, _ in groupby(sorted(values))]


def as_text(lines: Iterable[str]) -> bytes:
    """The list's bytes: sorted, each line with its LF."""
    return "".join(f"{line}\n" for line in sorted(lines)).encode("ascii")


def is_whole(text: bytes) -> bool:
    """False for a list that ends within a line: it was cut off."""
    return not text or text.endswith(b"\n")
