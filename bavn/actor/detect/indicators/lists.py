"""How well known a name or an address is to the world: popularity lists and the MISP warning lists, loaded once.

A list weighs down, it never drops: attackers live on popular storage and dynamic-DNS domains too. A name is looked up
itself and by its parents down to its registered domain, never above it: ``customer.duckdns.org`` is not popular because
``duckdns.org`` is. Refuses to fetch anything: the lists are those in the package pymispwarninglists.
"""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Protocol, Self

import pyarrow as pa
import pyarrow.compute as pc

from bavn.model.intel.grades import (
    ADDRESS_LISTS,
    EDGE_LISTS,
    LENT_LISTS,
    NAME_LISTS,
    RESEARCH_LISTS,
    TELLER_LISTS,
    Grade,
    Ranges,
    entries,
    spellings,
)
from bavn.model.observable import parents


class Fame(Protocol):
    """What is looked up about a peer's fame, wherever it is kept."""

    @property
    def address_tellers(self) -> tuple[str, ...]:
        """Names that tell whoever asks the address he comes from."""
        ...

    def name_grade(self, name: str) -> Grade:
        """The highest grade of the name or of a parent down to its registered domain."""
        ...

    def address_grade(self, address: int) -> Grade:
        """The grade of an address in its stored 128-bit form."""
        ...

    def is_edge(self, address: int) -> bool:
        """True in the ranges of clouds and content networks: many customers behind one address."""
        ...

    def is_lent(self, name: str) -> bool:
        """True for a name under a domain of dynamic DNS: anybody takes one within a minute, for nothing."""
        ...

    def is_research_scanner(self, address: int) -> bool:
        """True in the ranges of those who scan the whole internet and say so."""
        ...


class Names:
    """A sorted, compact set of names: a million of them take 20 MB, a look-up twenty comparisons."""

    def __init__(self, names: Iterable[str]) -> None:
        given = pc.utf8_lower(
            pc.utf8_ltrim(pc.utf8_trim_whitespace(pa.array(list(names), pa.string())), characters=".")
        )
        self._sorted = pc.take(given, pc.sort_indices(given))

    def __contains__(self, name: str) -> bool:
        at = bisect_left(self._sorted, name, key=lambda item: item.as_py())
        return at < len(self._sorted) and self._sorted[at].as_py() == name


class Lists:
    """Fame in memory. Build from the shipped lists or, in tests, from a few names."""

    def __init__(
        self,
        names: dict[Grade, Names],
        addresses: dict[Grade, Ranges] | None = None,
        edges: Ranges | None = None,
        research: Ranges | None = None,
        lent: Names | None = None,
        address_tellers: Iterable[str] = (),
    ) -> None:
        self._names = sorted(names.items(), reverse=True)
        self._addresses = sorted((addresses or {}).items(), reverse=True)
        self._edges = edges or Ranges(())
        self._research = research or Ranges(())
        self._lent = lent or Names(())
        self._address_tellers = tuple(sorted(set(address_tellers)))

    @classmethod
    def of(cls, **names: Iterable[str]) -> Self:
        """Small lists by grade: ``Lists.of(popular=["example.com"])``."""
        return cls({Grade[grade.upper()]: Names(given) for grade, given in names.items()})

    @property
    def address_tellers(self) -> tuple[str, ...]:
        """Names that tell whoever asks the address he comes from."""
        return self._address_tellers

    def name_grade(self, name: str) -> Grade:
        """The highest grade of the name or of a parent down to its registered domain."""
        written = spellings(name)
        for grade, names in self._names:
            if any(spelling in names for spelling in written):
                return grade
        return Grade.UNKNOWN

    def address_grade(self, address: int) -> Grade:
        """The grade of an address in its stored 128-bit form."""
        return next((grade for grade, ranges in self._addresses if address in ranges), Grade.UNKNOWN)

    def is_edge(self, address: int) -> bool:
        """True in the ranges of clouds and content networks: many customers behind one address."""
        return address in self._edges

    def is_lent(self, name: str) -> bool:
        """True for a name under a domain of dynamic DNS: anybody takes one within a minute, for nothing."""
        return any(each in self._lent for each in [name, *parents(name)][:-1])

    def is_research_scanner(self, address: int) -> bool:
        """True in the ranges of those who scan the whole internet and say so."""
        return address in self._research


NO_LISTS: Final = Lists({})


def _all(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield from entries(name)


@lru_cache(maxsize=1)
def shipped() -> Lists:
    """The lists of the installed package: about one second of CPU and 30 MB, once."""
    return Lists(
        {grade: Names(_all(names)) for grade, names in NAME_LISTS.items()},
        {grade: Ranges(_all(names)) for grade, names in ADDRESS_LISTS.items()},
        Ranges(_all(EDGE_LISTS)),
        Ranges(_all(RESEARCH_LISTS)),
        Names(_all(LENT_LISTS)),
        _all(TELLER_LISTS),
    )
