"""What the internet tried here, as one line a day: beside what own hosts do, nobody reads it address by address. Tries
at doors are one line, guesses at passwords of which none got in are another.

Refuses to leave anything out for good: each address is named by whoever asks for everything, and what a person judged
stands for itself.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bavn.actor.detect.rank import knocked_on
from bavn.model.moment import DAY_US, as_datetime
from bavn.model.spans import day, in_year
from bavn.model.suspicion import GUESSES, Suspicion
from bavn.model.text import Text

SERVICES_NAMED_MAX: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class KnockDay:
    """The tries of one day (since 1970), the strongest first; ``guesses``: at passwords."""

    day: int
    guesses: bool
    suspicions: tuple[Suspicion, ...]

    def line(self, now_us: int) -> Text:
        """What it comes to, as it is read now."""
        sources = len({found.peer for found in self.suspicions})
        often = Counter(found.knock for found in self.suspicions)
        services = sorted(often, key=lambda name: (-often[name], name))
        named = Text.joined(", ", [_service(name) for name in services[:SERVICES_NAMED_MAX]])
        more = len(services) - SERVICES_NAMED_MAX
        if more > 0:
            named = Text("{some} and {more} more", some=named, more=Text.number(more))
        on, first = day(self.day * DAY_US), self.suspicions[0].peer
        if self.guesses:
            text = Text.counted(
                "The internet guesses: {count:,} address tried passwords on {day} ({services}): {first}",
                "The internet guesses: {count:,} addresses tried passwords on {day} ({services}), most of all {first}",
                sources,
                day=on,
                services=named,
                first=first,
            )
        else:
            text = Text.counted(
                "The internet knocks: {count:,} address tried doors here on {day} ({services}): {first}",
                "The internet knocks: {count:,} addresses tried doors here on {day} ({services}), most of all {first}",
                sources,
                day=on,
                services=named,
                first=first,
            )
        return in_year(text, as_datetime(now_us).year)


def _service(knock: str) -> Text:
    """``tcp/22``; a group of many ports and a ping by their names."""
    proto, _, port = knock.removeprefix(GUESSES).partition("/")
    if port == "*":
        return Text("many {proto} ports", proto=proto.upper())
    return Text.plain("ping" if proto == "icmp" else knock.removeprefix(GUESSES))


def knocks(suspicions: Iterable[Suspicion]) -> Mapping[str, KnockDay]:
    """By a suspicion's id the line that it is folded into, days in their order; what stands for itself is in none."""
    by_day: dict[tuple[int, bool], list[Suspicion]] = {}
    for suspicion in suspicions:
        if suspicion.knock:
            by_day.setdefault(knocked_on(suspicion), []).append(suspicion)
    days = [KnockDay(number, guesses, tuple(some)) for (number, guesses), some in sorted(by_day.items())]
    return {suspicion.id: day for day in days for suspicion in day.suspicions}


def lines_of(folded: Mapping[str, KnockDay], now_us: int) -> list[Text]:
    """Each line once, in their order."""
    return [day.line(now_us) for day in dict.fromkeys(folded.values())]
