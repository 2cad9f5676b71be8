"""What the internet tried here, as one line a day: beside what own hosts do, nobody reads it address by address.

Refuses to leave anything out for good: each address is named by whoever asks for everything.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bavn.actor.detect.rank import knocked_on
from bavn.model.moment import DAY_US, iso
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text

SERVICES_NAMED_MAX: Final = 3
FOLDED_MIN: Final = 2
"""A single address is as short by itself."""


@dataclass(frozen=True, slots=True)
class KnockDay:
    """The tries of one day (since 1970), the strongest first."""

    day: int
    suspicions: tuple[Suspicion, ...]

    def line(self) -> Text:
        sources = len({found.peer for found in self.suspicions})
        often = Counter(found.knock for found in self.suspicions)
        services = sorted(often, key=lambda name: (-often[name], name))
        named = Text.joined(", ", [Text.plain(name) for name in services[:SERVICES_NAMED_MAX]])
        more = len(services) - SERVICES_NAMED_MAX
        if more > 0:
            named = Text("{some} and {more} more", some=named, more=Text.number(more))
        return Text(
            "The internet knocks: {sources} addresses tried doors here on {day} ({services}), most of all {first}",
            sources=Text.number(sources),
            day=iso(self.day * DAY_US)[:10],
            services=named,
            first=self.suspicions[0].peer,
        )


def knocks(suspicions: Iterable[Suspicion]) -> Mapping[str, KnockDay]:
    """By a suspicion's id the line that it is folded into, days in their order; what stands for itself is in none."""
    by_day: dict[int, list[Suspicion]] = {}
    for suspicion in suspicions:
        if suspicion.knock:
            by_day.setdefault(knocked_on(suspicion), []).append(suspicion)
    days = [KnockDay(day, tuple(some)) for day, some in sorted(by_day.items()) if len(some) >= FOLDED_MIN]
    return {suspicion.id: day for day in days for suspicion in day.suspicions}
