"""Prints which of MISP's warning lists a role reads, one a line (script/deb)."""

import sys

from bavn.actor.detect.indicators import lists
from bavn.centre.correlate.lists import ADDRESSES, HASHES, NAMES
from bavn.model.intel.grades import ADDRESS_LISTS, NAME_LISTS


def named(role: str) -> set[str]:
    """A guard looks up what it is to block; detectors and the centre ask for more."""
    names = {name for some in (NAME_LISTS, ADDRESS_LISTS) for group in some.values() for name in group}
    if role != "guard":
        names |= {*lists.EDGE_LISTS, *lists.RESEARCH_LISTS, *lists.LENT_LISTS, *lists.TELLER_LISTS}
        names |= {*NAMES, *ADDRESSES, *HASHES}
    return names


if __name__ == "__main__":
    print("\n".join(sorted(named(sys.argv[1]))))
