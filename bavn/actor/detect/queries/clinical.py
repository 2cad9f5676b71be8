"""What machines asked each other in DICOM and HL7, hour by hour, and what their neighbours had long done before.

Neighbours are machines of one network (/24, /64): suppliers and departments get their devices' addresses together, so
that a new work station stands among work stations. Refuses to judge what is strange.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

from bavn.actor.detect.base import DetectorContext
from bavn.model.moment import HOUR_US
from bavn.model.record import address_text

HOURS_MAX: Final = 500_000
HABIT_DAYS_MIN: Final = 4
"""What was done on so many days before is a habit."""
ASKS: Final = ("C-FIND", "C-GET", "C-MOVE")

_HOURS: Final = f"""
    SELECT src, dst, is_home(src), is_home(dst), service, operation,
        CASE operation WHEN 'C-MOVE' THEN destination WHEN 'C-STORE' THEN called END AS title,
        epoch_us(ts) // {HOUR_US} AS hour,
        sum(requests)::BIGINT, sum(wide)::BIGINT, min(epoch_us(ts)), max(epoch_us(ts)),
        bool_or(coalesce(accepted, TRUE))
    FROM clinical GROUP BY ALL ORDER BY hour, src, dst, service, operation, title LIMIT {HOURS_MAX}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What one machine asked another of one kind in an hour (since 1970). ``title``: where images were to go (C-MOVE),
    or who got them (C-STORE)."""

    src: str
    dst: str
    home: tuple[bool, bool]
    service: str
    operation: str | None
    title: str | None
    hour: int
    requests: int
    wide: int
    first_us: int
    last_us: int
    accepted: bool

    @property
    def day(self) -> int:
        return self.hour // 24

    @property
    def outside(self) -> str | None:
        """The end of it that is not the actor's, where the other is."""
        if self.home[0] == self.home[1]:
            return None
        return self.dst if self.home[0] else self.src


def hours_of(context: DetectorContext) -> list[Hour]:
    """All of the past, in order of time. Raises QueryRefused."""
    return [
        Hour(
            src=address_text(src),
            dst=address_text(dst),
            home=(src_home, dst_home),
            service=service,
            operation=operation,
            title=title,
            hour=hour,
            requests=requests or 0,
            wide=wide or 0,
            first_us=first_us,
            last_us=last_us,
            accepted=accepted,
        )
        for src, dst, src_home, dst_home, service, operation, title, hour, requests, wide, first_us, last_us, (
            accepted
        ) in context.terms.past.rows(_HOURS)
    ]


@lru_cache(maxsize=65_536)
def network_of(address: str) -> str:
    """The network of an address text that its neighbours share."""
    return str(ip_network(f"{address}/{24 if ip_address(address).version == 4 else 64}", strict=False))


_Days = dict[int, int]
"""Day -> how much in its busiest hour."""


@dataclass(slots=True)
class Neighbours:
    """How much each machine did of each act on each day, by network. An act: ``asks`` (an archive), ``wide`` (after
    everybody), ``gets`` (images), ``hl7`` (sends messages), ``crosses`` (speaks DICOM with the inside)."""

    _did: dict[tuple[str, str], dict[str, _Days]] = field(default_factory=dict)

    @classmethod
    def of(cls, hours: Iterable[Hour]) -> "Neighbours":
        """Everything that was accepted."""
        amounts: dict[tuple[str, str, int], int] = defaultdict(int)
        for hour in hours:
            if hour.accepted:
                for act, machine, amount in _acts(hour):
                    amounts[act, machine, hour.hour] += amount
        did: dict[tuple[str, str], dict[str, _Days]] = defaultdict(lambda: defaultdict(dict))
        for (act, machine, hour_at), amount in amounts.items():
            days = did[act, network_of(machine)][machine]
            days[hour_at // 24] = max(days.get(hour_at // 24, 0), amount)
        return cls({key: dict(machines) for key, machines in did.items()})

    def amount(self, act: str, machine: str, day: int) -> int:
        """What a machine did in the busiest hour of a day."""
        return self._did.get((act, network_of(machine)), {}).get(machine, {}).get(day, 0)

    def habits(self, act: str, machine: str, day: int, *, itself: bool = False) -> list[int]:
        """What each of its neighbours reached on HABIT_DAYS_MIN days before ``day`` in an hour, largest first; none for
        those that did it on fewer days. ``itself``: of the machine itself too."""
        levels = []
        for other, days in self._did.get((act, network_of(machine)), {}).items():
            before = sorted((amount for at, amount in days.items() if at < day), reverse=True)
            if len(before) >= HABIT_DAYS_MIN and (itself or other != machine):
                levels.append(before[HABIT_DAYS_MIN - 1])
        return sorted(levels, reverse=True)


def _acts(hour: Hour) -> Iterable[tuple[str, str, int]]:
    if hour.operation in ASKS:
        yield "asks", hour.src, hour.requests
        if hour.wide:
            yield "wide", hour.src, hour.wide
    elif hour.operation == "C-STORE":
        yield "gets", hour.dst, hour.requests
    elif hour.service == "hl7":
        yield "hl7", hour.src, hour.requests
    if hour.service == "dicom" and hour.outside is not None:
        yield "crosses", hour.outside, hour.requests
