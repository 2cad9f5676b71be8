"""How far a block would reach, before it is released: own machines that use a name, in all and by critical function.

Each actor answers with one vector of fixed length, noise in every number: the machines in all, then those of each of
``ENTRIES``. A machine counts once in all and in at most one function, so one machine more or less moves each of the two
lists by one. Refuses to add noise (the actor's door does) and to take it away.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from bavn.model.sector.functions import FUNCTIONS

ENTRIES: Final = tuple(FUNCTIONS)
"""In their order; it may only grow at its end."""
PARTS: Final = 2
"""All machines, and those by function: each is told for half of an answer's epsilon."""
SENSITIVITY: Final = 1
CELL_MAX: Final = 1000
"""No actor counts more machines than this, in any number."""
DAYS_BACK: Final = 30
"""So far back each actor looks, whatever is asked."""
KEPT_DAYS: Final = 30
"""So long an actor repeats the answer that it gave on a name, noise and all: asking again tells nothing more."""
ACTORS_MIN: Final = 3
"""Of fewer answers nothing is shown."""

Networks = Mapping[str, Sequence[IPv4Network | IPv6Network]]


def functions_of(texts: Sequence[str]) -> Networks:
    """Own networks by critical function, of texts such as ``imaging=10.20.0.0/16``. ValueError for anything else."""
    networks: dict[str, list[IPv4Network | IPv6Network]] = {}
    for text in texts:
        name, _, network = text.partition("=")
        if name not in FUNCTIONS:
            raise ValueError(f"{text!r} names none of {', '.join(ENTRIES)}")
        networks.setdefault(name, []).append(ip_network(network))
    return networks


def by_function(hosts: Sequence[str], networks: Networks) -> tuple[int, ...]:
    """How many of these machines belong to each of ENTRIES: each to the first whose networks hold it."""
    counts = dict.fromkeys(ENTRIES, 0)
    for host in hosts:
        address = ip_address(host)
        for name in ENTRIES:
            if any(address.version == one.version and address in one for one in networks.get(name, ())):
                counts[name] += 1
                break
    return tuple(min(CELL_MAX, count) for count in counts.values())
