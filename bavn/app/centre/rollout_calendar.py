"""The plan as a calendar (iCalendar, RFC 5545): one all-day event for each day on which an actor is to come to a state.

The same plan is the same text, and an event keeps its UID when its day moves, so that a calendar that was read before
moves it too. Written here and not by a library: it is one kind of component with six properties. Refuses to name
people.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Final

from bavn.app.centre.rollout_csv import iso_day
from bavn.centre.desk.rollout_facts import Stand
from bavn.model.moment import as_datetime
from bavn.model.sector.rollout import STAGES
from bavn.model.text import Language, Text

OCTETS_MAX: Final = 75
_SPACE: Final = uuid.UUID("5bd0f4a2-6a6b-5f0e-8a39-3a0f1d3f6c77")
_TITLE: Final = Text("roll-out")
_REACHED: Final = Text("reached {day}, planned first {first}")
_AHEAD: Final = Text("planned first {first}")


def calendar(stands: Iterable[Stand], language: Language, *, sector: str, now_us: int) -> str:
    """Every planned day of every actor, by actor and day."""
    stamp = as_datetime(now_us).strftime("%Y%m%dT%H%M%SZ")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Bavn//roll-out//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(f'{sector}: {_TITLE.say(language)}')}",
    ]
    for stand in stands:
        for planned in stand.plan:
            reached, first = stand.reached_day(planned.stage), iso_day(planned.first_day)
            said = (_AHEAD if reached is None else _REACHED).say(language)
            text = said.format(first=first, day="" if reached is None else iso_day(reached))
            name = stand.party.title or stand.party.actor
            lines += [
                "BEGIN:VEVENT",
                f"UID:{uuid.uuid5(_SPACE, f'{sector}/{stand.party.actor}/{planned.stage.value}')}",
                f"DTSTAMP:{stamp}",
                f"DTSTART;VALUE=DATE:{_date(planned.day)}",
                f"DTEND;VALUE=DATE:{_date(planned.day + 1)}",
                f"SUMMARY:{escaped(f'{name}: {STAGES[planned.stage].say(language)}')}",
                f"DESCRIPTION:{escaped(text)}",
                "TRANSP:TRANSPARENT",
                "END:VEVENT",
            ]
    lines.append("END:VCALENDAR")
    return "".join(folded(line) + "\r\n" for line in lines)


def escaped(text: str) -> str:
    """A TEXT value (3.3.11); control characters, which it cannot hold, are spaces."""
    plain = "".join(one if one == "\n" or one.isprintable() else " " for one in text)
    for one, said in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(one, said)
    return plain


def folded(line: str) -> str:
    """A content line of at most 75 octets each (3.1), never cut inside a letter."""
    parts: list[str] = []
    here, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > OCTETS_MAX:
            parts.append(here)
            here, size = " ", 1
        here, size = here + character, size + octets
    return "\r\n".join([*parts, here])


def _date(day: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=day)).strftime("%Y%m%d")
