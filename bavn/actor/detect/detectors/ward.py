"""Medical devices and systems that do what they never did: ask an archive after many patients, send images elsewhere.

Sees: in DICOM and HL7 (record clinical), day by day and device by device: a station that asks an archive for far more
than it or any other did in an hour (C-FIND, C-GET), or after everybody; images moved (C-MOVE) to a title that nothing
here was moved to before; HL7 messages from a machine that never sent that receiver any; DICOM in clear that leaves the
site or comes into it; and a device of the ward, silent to the outside for a week or more, that calls outside.

Misses: the first week, of all but large sweeps and what leaves the site; what is encrypted (DICOM over TLS, a VPN); a
sweep as slow as people ask; a query in an association whose beginning was not seen; an HL7 connection that stays open
and changes what it sends; devices that speak neither.

Innocent: a new archive, work station or device, a migration of images, teleradiology agreed lately, a supplier's remote
service. A pair that did the same on four days before is a habit.

Do first: ask who works at the device and what was ordered; ask the department's system administrator (RIS/PACS) whether
the title or the sender is known; see whether the device called anybody else that day.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import log2
from typing import Any, Final

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import OWN_MIN, P_MIN
from bavn.actor.detect.queries.peers import observable_of
from bavn.actor.detect.telling import when
from bavn.actor.detect.wording import joined, number
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.record import address_text
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

SWEEP_REQUESTS_MIN: Final = 20
"""In an hour. A person who works through a list asks a few times a minute at most, for minutes."""
SWEEP_TIMES_MIN: Final = 4
"""So many times what the station itself, and the middle one of the others, asked in their busiest hour before."""
WIDE_MIN: Final = 3
"""Questions after everybody in an hour, by a station that asked none before."""
LEARNED_DAYS: Final = 7
"""Before that nothing is new but what has no innocent beginning."""
HABIT_DAYS_MIN: Final = 4
SIGNS_EXPECTED: Final = 1e-3
"""Assumed share of device-days with any sign where nothing is wrong, until OWN_MIN device-days of the actor's own
say otherwise: there is no public traffic of hospitals to measure it on (docs/detectors.md)."""
HOURS_MAX: Final = 500_000

_HOURS: Final = f"""
    SELECT src, dst, is_home(src), is_home(dst), service, operation, destination, epoch_us(ts) // {HOUR_US} AS hour,
        sum(requests)::BIGINT, sum(wide)::BIGINT, min(epoch_us(ts)), max(epoch_us(ts)),
        bool_or(coalesce(accepted, TRUE))
    FROM clinical GROUP BY ALL ORDER BY hour, src, dst, service, operation, destination LIMIT {HOURS_MAX}"""
_OUTSIDE: Final = """
    SELECT src, min(epoch_us(first_ts)) AS first_us, arg_min(dst, (first_ts, dst)) FROM pair_hour
    WHERE is_home(src) AND NOT is_home(dst) AND answered > 0 GROUP BY src ORDER BY src"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What one machine asked another of one kind in an hour (since 1970)."""

    src: str
    dst: str
    home: tuple[bool, bool]
    service: str
    operation: str | None
    destination: str | None
    hour: int
    requests: int
    wide: int
    first_us: int
    last_us: int
    accepted: bool

    @property
    def day(self) -> int:
        return self.hour // 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """That a device did something strange on a day. ``kind`` names the sort of it: its frequency is counted.
    ``everybody``: what was asked was after everybody, and not much of it."""

    kind: str
    device: str
    peer: str
    day: int
    first_us: int
    last_us: int
    technique: str
    why: Text
    outside: str | None = None
    inward: bool = False
    everybody: bool = False


@dataclass(slots=True)
class _Devices:
    """The hours of the past by what a sign needs, and every (device, day) that was there."""

    hours: list[Hour]
    known_from_us: int
    days: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for hour in self.hours:
            self.days |= {(end, hour.day) for end, home in zip((hour.src, hour.dst), hour.home, strict=True) if home}

    def learned(self, day: int) -> bool:
        """Whether a day has LEARNED_DAYS before it."""
        return day * DAY_US - self.known_from_us >= LEARNED_DAYS * DAY_US


class Ward:
    """See the module's text."""

    name = "ward"
    technique = "T1213"
    innocent = Text("a new archive, device or work station, or a migration of images, does so too")
    tables = ("clinical", "pair_hour")

    def candidates(self, context: DetectorContext) -> Found:
        devices = _Devices(_hours(context.terms.past.rows(_HOURS)), context.terms.known_from_us)
        if not devices.hours:
            return Found()
        signs = [*_sweeps(devices), *_moves(devices), *_senders(devices), *_crossings(devices)]
        signs += _callers(devices, context.terms.past.rows(_OUTSIDE))
        often = Counter(kind for kind, _, _ in {(sign.kind, sign.device, sign.day) for sign in signs})
        first_us, last_us = context.window.first_us, context.window.last_us
        seen = [sign for sign in signs if sign.last_us >= first_us and sign.first_us < last_us]
        found = [_candidate(sign, _p(sign.kind, often, len(devices.days)), context) for sign in _latest(seen)]
        found.sort(key=lambda candidate: (-candidate.statistic, candidate.story))
        return Found(tuple(found[: context.settings.candidates_max]))


def _hours(rows: Iterable[tuple[Any, ...]]) -> list[Hour]:
    return [
        Hour(
            src=address_text(src),
            dst=address_text(dst),
            home=(src_home, dst_home),
            service=service,
            operation=operation,
            destination=destination,
            hour=hour,
            requests=requests or 0,
            wide=wide or 0,
            first_us=first_us,
            last_us=last_us,
            accepted=accepted,
        )
        for src, dst, src_home, dst_home, service, operation, destination, hour, requests, wide, first_us, last_us, (
            accepted
        ) in rows
    ]


def _p(kind: str, often: Mapping[str, int], device_days: int) -> float:
    """How often a device-day has a sign of this kind or of one as seldom: among the actor's own, SIGNS_EXPECTED
    standing in for those that a small or new actor lacks."""
    as_seldom = sum(days for days in often.values() if days <= often[kind])
    missing = max(0, OWN_MIN - device_days)
    return min(1.0, max(P_MIN, (as_seldom + missing * SIGNS_EXPECTED) / max(OWN_MIN, device_days)))


def _latest(signs: list[Sign]) -> list[Sign]:
    """One for each story: its latest day."""
    latest = {(sign.kind, sign.device, sign.peer): sign for sign in sorted(signs, key=lambda sign: sign.day)}
    return [latest[key] for key in sorted(latest)]


def _sweeps(devices: _Devices) -> list[Sign]:
    """Stations that ask for far more than anybody before."""
    by_station: dict[str, dict[int, list[Hour]]] = defaultdict(lambda: defaultdict(list))
    for hour in devices.hours:
        if hour.operation in ("C-FIND", "C-GET"):
            by_station[hour.src][hour.hour].append(hour)
    busiest = {station: max(_requests(some) for some in hours.values()) for station, hours in by_station.items()}
    return [
        sign
        for station, hours in by_station.items()
        for sign in _sweeps_of(station, hours, _middle(busiest, station), devices)
    ]


def _sweeps_of(station: str, hours: Mapping[int, list[Hour]], others: int, devices: _Devices) -> list[Sign]:
    signs: list[Sign] = []
    most, wide_before = 0, 0
    for at in sorted(hours):
        some = hours[at]
        requests, wide = _requests(some), sum(hour.wide for hour in some)
        usual = max(most, others)
        new_to_it = devices.learned(at // 24) and not most
        many = requests >= SWEEP_REQUESTS_MIN and requests >= SWEEP_TIMES_MIN * usual
        if many or (wide >= WIDE_MIN and not wide_before and devices.learned(at // 24)):
            parts = [
                Text(
                    "{station} asked an archive {requests} times in an hour", station=station, requests=number(requests)
                )
            ]
            if wide:
                parts.append(Text("{wide} of them after everybody", wide=number(wide)))
            if new_to_it:
                parts.append(Text("it never asked before"))
            else:
                parts.append(Text("at most {usual} an hour was usual", usual=number(usual)))
            sign = _sign("sweep", some, Text.joined("; ", parts), "T1213")
            signs.append(replace(sign, everybody=not many))
        most, wide_before = max(most, requests), wide_before + wide
    return signs


def _requests(some: list[Hour]) -> int:
    return sum(hour.requests for hour in some)


def _middle(busiest: Mapping[str, int], station: str) -> int:
    """The busiest hour of the middle one of the other stations; 0 where there is none."""
    others = sorted(requests for other, requests in busiest.items() if other != station)
    return others[len(others) // 2] if others else 0


def _moves(devices: _Devices) -> list[Sign]:
    """Images moved to a title that nothing was moved to before."""
    known: set[str] = set()
    signs = []
    for hour in devices.hours:
        if hour.operation != "C-MOVE" or not hour.destination:
            continue
        if hour.destination not in known and devices.learned(hour.day):
            text = Text(
                "{station} had images of {archive} sent to {title}, where nothing was sent before",
                station=hour.src,
                archive=hour.dst,
                title=hour.destination,
            )
            signs.append(_sign("move", [hour], text, "T1213"))
        known.add(hour.destination)
    return signs


def _senders(devices: _Devices) -> list[Sign]:
    """Machines that send a receiver of HL7 messages for the first time."""
    since: dict[str, int] = {}
    known: set[tuple[str, str]] = set()
    signs = []
    for hour in devices.hours:
        if hour.service != "hl7":
            continue
        received_since = since.setdefault(hour.dst, hour.day)
        if (hour.src, hour.dst) not in known and hour.day - received_since >= LEARNED_DAYS:
            text = Text(
                "{sender} sent {receiver} {messages} HL7 messages, for the first time",
                sender=hour.src,
                receiver=hour.dst,
                messages=number(hour.requests),
            )
            signs.append(_sign("sender", [hour], text, "T1565"))
        known.add((hour.src, hour.dst))
    return signs


def _crossings(devices: _Devices) -> list[Sign]:
    """DICOM in clear between inside and outside that is no habit."""
    days: dict[tuple[str, str], set[int]] = defaultdict(set)
    signs = []
    for hour in devices.hours:
        if hour.service != "dicom" or not hour.accepted or hour.home[0] == hour.home[1]:
            continue
        before = days[hour.src, hour.dst]
        if len(before - {hour.day}) < HABIT_DAYS_MIN:
            out = hour.home[0]
            text = (
                Text("{device} spoke DICOM in clear to {peer} outside", device=hour.src, peer=hour.dst)
                if out
                else Text("{peer} outside spoke DICOM in clear to {device}", device=hour.dst, peer=hour.src)
            )
            signs.append(_sign("crossing", [hour], text, "T1048"))
        before.add(hour.day)
    return signs


def _callers(devices: _Devices, outside: Iterable[tuple[Any, Any, Any]]) -> list[Sign]:
    """Devices of the ward that call outside for the first time, after a week or more of not doing so."""
    since: dict[str, int] = {}
    for hour in devices.hours:
        for end, home in zip((hour.src, hour.dst), hour.home, strict=True):
            if home:
                since.setdefault(end, hour.first_us)
    destinations = {hour.dst for hour in devices.hours if hour.home == (True, False)}
    signs = []
    for src, first_us, dst in outside:
        device, peer = address_text(src), address_text(dst)
        begun_us = since.get(device)
        if (
            peer in destinations
            or begun_us is None
            or first_us - max(begun_us, devices.known_from_us) < LEARNED_DAYS * DAY_US
        ):
            continue
        signs.append(
            Sign(
                kind="caller",
                device=device,
                peer=peer,
                day=first_us // DAY_US,
                first_us=first_us,
                last_us=first_us,
                technique="T1071",
                why=Text(
                    "{device} speaks DICOM or HL7 and called outside for the first time: {peer}",
                    device=device,
                    peer=peer,
                ),
                outside=peer,
            )
        )
    return signs


def _sign(kind: str, some: list[Hour], why: Text, technique: str) -> Sign:
    """Of the own machine at it: the one that called where both are."""
    most = max(some, key=lambda hour: (hour.requests, hour.dst))
    inward = most.home == (False, True)
    device, peer = (most.dst, most.src) if inward else (most.src, most.dst)
    return Sign(
        kind=kind,
        device=device,
        peer=peer,
        day=most.day,
        first_us=min(hour.first_us for hour in some),
        last_us=max(hour.last_us for hour in some),
        technique=technique,
        why=why,
        outside=peer if most.home[0] != most.home[1] else None,
        inward=inward,
    )


SAID: Final = {
    "sweep": Text("one machine asked an archive of images for far more patients than usual {when}"),
    "everybody": Text("one machine asked an archive of images for all its patients at once {when}"),
    "move": Text("one machine had images of patients sent {when} to where nothing was sent before"),
    "sender": Text("one machine sent {peer} messages about patients (HL7) {when}, for the first time"),
    "crossing": Text(
        "images or questions about patients (DICOM) went unencrypted between here and {peer} outside {when}"
    ),
    "caller": Text("a medical device called outside for the first time {when}: {peer}"),
}


ADVICE: Final = {
    "sweep": Advice(
        Text("a new archive or work station, or a migration of images, asks as much"),
        Text("ask who works at the machine and what was ordered; ask the department's system administrator (RIS/PACS)"),
    ),
    "move": Advice(
        Text("a new work station or hospital that images are sent to begins like this"),
        Text("ask the department's system administrator (RIS/PACS) whether the receiver is known and who ordered it"),
    ),
    "sender": Advice(
        Text("a new system that sends to the same receiver begins like this"),
        Text("ask the system's administrator whether the sender is known; see what it sent, and where it came from"),
    ),
    "crossing": Advice(
        Text("teleradiology that was agreed lately looks like this"),
        Text("ask whose the other end is; agree on encryption (DICOM over TLS or a VPN), or close it"),
    ),
    "caller": Advice(
        Text("a supplier's remote service, or an update, begins like this"),
        Text("ask the supplier and the medical engineers; see whether the device called anybody else that day"),
    ),
}
"""By kind; the detector's own where a kind has none."""


def _what(sign: Sign) -> Text:
    said = SAID["everybody" if sign.everybody else sign.kind]
    return joined([said.filled(when=when(sign.first_us, sign.last_us), peer=sign.peer)])


def _candidate(sign: Sign, p: float, context: DetectorContext) -> Candidate:
    named: Observable | None = observable_of(None, sign.outside, context.window.homes) if sign.outside else None
    ends = (("src", sign.peer), ("dst", sign.device)) if sign.inward else (("src", sign.device), ("dst", sign.peer))
    return Candidate(
        population=Ward.name,
        host=sign.device,
        peer=sign.peer,
        story=f"{sign.kind} {sign.device} {sign.peer}",
        statistic=-log2(p),
        observables=(named,) if named else (),
        first_us=sign.first_us,
        last_us=sign.last_us,
        hosts=1,
        listed=False,
        what=_what(sign),
        advice=ADVICE.get(sign.kind),
        why=joined([sign.why]),
        rows=RowsRef("flow" if sign.kind == "caller" else "clinical", ends, sign.first_us, sign.last_us + 1),
        technique=sign.technique,
        exact_p=p,
    )
