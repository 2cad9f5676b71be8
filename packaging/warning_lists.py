"""Prints which of MISP's warning lists a role reads, one a line (script/deb)."""

import sys

from bavn.centre.correlate.lists import ADDRESSES, HASHES, NAMES
from bavn.model.intel.grades import ADDRESS_LISTS, EDGE_LISTS, LENT_LISTS, NAME_LISTS, RESEARCH_LISTS, TELLER_LISTS


def named(role: str) -> set[str]:
    """A guard looks up what it is to block; detectors and the centre ask for more."""
    names = {name for some in (NAME_LISTS, ADDRESS_LISTS) for group in some.values() for name in group}
    if role != "guard":
        names |= {*EDGE_LISTS, *RESEARCH_LISTS, *LENT_LISTS, *TELLER_LISTS}
        names |= {*NAMES, *ADDRESSES, *HASHES}
    return names


if __name__ == "__main__":
    print("\n".join(sorted(named(sys.argv[1]))))
