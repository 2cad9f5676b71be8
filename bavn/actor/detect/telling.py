"""What a suspicion says first: parts of a sentence that a colleague would say, and what speaks against it.

No figure of the detectors' own stands here (p, nats, bits): those come after. Refuses to know any one detector.
"""

from typing import TYPE_CHECKING, Final

from bavn.actor.detect.queries.peers import as_address
from bavn.actor.detect.wording import number
from bavn.model.intel.grades import Grade
from bavn.model.moment import DAY_US
from bavn.model.spans import day, lasting
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.actor.detect.terms import PeerProfile, Terms

GRADES: Final = {
    Grade.KNOWN: Text("it is among the million best-known names of the world"),
    Grade.POPULAR: Text("it is on a list of popular or harmless names and addresses"),
    Grade.SERVICE: Text("it is on a list of services that nearly everybody uses"),
}

_KNOWN_ADDRESS: Final = Text("it goes by one of the million best-known names of the world")
_CLOCK_SET_US: Final = 20 * 365 * DAY_US
"""A moment of before 1990 is that of a clock that nobody set."""
_SOME_TIME: Final = Text("at a time that nobody knows (the clock of the capture was not set)")
OWN_DOMAIN: Final = Text("it is a domain of your own")


def place(peer: str) -> Text:
    """A peer as a sentence names it: a bare address and a network are called so."""
    if "/" in peer:
        return Text("the network {peer}", peer=peer)
    return Text("the address {peer}", peer=peer) if as_address(peer) else Text.plain(peer)


def alone(peer: str, known_hosts: int, terms: "Terms") -> Text:
    """The same with that nobody else uses it, where there is somebody else and nobody does. It ends with a comma."""
    return unshared(place(peer), known_hosts, terms)


def unshared(named: Text, known_hosts: int, terms: "Terms") -> Text:
    """The same of a peer that a sentence names already."""
    if terms.hosts > 1 and known_hosts <= 1:
        return Text("{peer}, which nobody else here uses,", peer=named)
    return named


def dated(at_us: int) -> bool:
    """Whether the clock was set, so that a day can be named."""
    return at_us >= _CLOCK_SET_US


def ongoing(first_us: int, last_us: int, until_us: int) -> bool:
    """Whether what began so long ago that a day says it was still so within a day of ``until_us``."""
    return dated(first_us) and last_us - first_us >= DAY_US and until_us - last_us < DAY_US


def when(first_us: int, last_us: int) -> Text:
    """When something was that is over: ``on 25 November`` and how long, or from which day to which."""
    if not dated(first_us):
        return _SOME_TIME
    began, ended = day(first_us), day(last_us)
    if began != ended and last_us - first_us >= DAY_US:
        return Text("from {began} to {ended}", began=began, ended=ended)
    return Text("on {day}", day=began)


def in_time(first_us: int, last_us: int) -> Text:
    """``within 20 minutes on 25 November``; from which day to which where it took more than a day."""
    if last_us - first_us >= DAY_US:
        return when(first_us, last_us)
    if not dated(first_us):
        return Text("within {lasted} {when}", lasted=lasting(last_us - first_us), when=_SOME_TIME)
    return Text("within {lasted} on {day}", lasted=lasting(last_us - first_us), day=day(first_us))


def since(first_us: int, last_us: int, until_us: int) -> Text:
    """``from 25 November on`` of what goes on, else when it was."""
    if ongoing(first_us, last_us, until_us):
        return Text("from {day} on", day=day(first_us))
    return when(first_us, last_us)


def times(count: int) -> Text:
    """``once``, ``twice``, ``12 times``."""
    if count <= 2:
        return Text("once") if count == 1 else Text("twice")
    return Text("{count} times", count=number(count))


def fame(peer: str, grade: Grade) -> list[Text]:
    """That the world knows a peer, where it does. An address is no name: it goes by one."""
    if grade is Grade.KNOWN and ("/" in peer or as_address(peer)):
        return [_KNOWN_ADDRESS]
    return [GRADES[grade]] if grade in GRADES else []


def known_against(peer: str, known: "PeerProfile", terms: "Terms", first_us: int) -> list[Text]:
    """What speaks for a peer: fame, company and age. ``first_us``: when the suspicion begins; only a use that is older
    by a day speaks for the peer, else it is what is suspected."""
    from bavn.actor.detect.terms import SHARE_FREE  # columns: who only shows what was told needs none

    parts = fame(peer, known.grade)
    if known.hosts > max(1.0, SHARE_FREE * terms.hosts):
        hosts, total = number(known.hosts), number(max(terms.hosts, known.hosts))
        parts.append(Text("{hosts} of the {total} machines here use it", hosts=hosts, total=total))
    if known.new is False and first_us - known.first_us >= DAY_US:
        since_day = Text("it has been used here since {day}", day=day(known.first_us))
        long = Text("it had been used here for {lasted} before", lasted=lasting(first_us - known.first_us))
        parts.append(since_day if dated(known.first_us) else long)
    return parts
