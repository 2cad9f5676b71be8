"""Medical devices and systems that do what they never did: ask an archive after many patients, send images elsewhere.

Sees: in DICOM and HL7 (record clinical), day by day and device by device: a station that asks an archive for far more
than it or any other did in an hour (C-FIND, C-GET, C-MOVE), or after everybody; images moved (C-MOVE) to a title that
nothing here was moved to before; HL7 messages from a machine that never sent that receiver any; DICOM in clear that
leaves the site or comes into it; and a device of the ward, silent to the outside for a week or more, that calls
outside.

Misses: the first week, of all but large sweeps and what leaves the site; what is encrypted (DICOM over TLS, a VPN); a
sweep as slow as people ask, or no larger than the machine's neighbours ask each day; images that go, in ordinary
numbers, to a machine among those that get them anyway; a query in an association whose beginning was not seen; an HL7
connection that stays open and changes what it sends; devices that speak neither.

Innocent: a new archive, work station or device, a migration of images, teleradiology agreed lately, a supplier's remote
service. A pair that did the same on four days before is a habit. What machines of the same network did as much of on
four days before is told, and counts next to nothing: a new work station among work stations is one.

Do first: ask who works at the device and what was ordered; ask the department's system administrator (RIS/PACS) whether
the title or the sender is known; see whether the device called anybody else that day.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import log2
from typing import Final

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import OWN_MIN, P_MIN
from bavn.actor.detect.queries.clinical import ASKS, HABIT_DAYS_MIN, Hour, Neighbours, hours_of, network_of
from bavn.actor.detect.queries.peers import observable_of
from bavn.actor.detect.telling import known_against, when
from bavn.actor.detect.terms import PeerProfile
from bavn.actor.detect.wording import joined, number
from bavn.model.intel.grades import Grade
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.record import address_text
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

SWEEP_REQUESTS_MIN: Final = 20
"""In an hour. A person who works through a list asks a few times a minute at most, for minutes."""
SWEEP_TIMES_MIN: Final = 4
"""So many times what the station itself, and three quarters of the others, asked in their busiest hour before."""
OTHERS_SHARE: Final = 0.75
WIDE_MIN: Final = 3
"""Questions after everybody in an hour, by a station that asked none before."""
LEARNED_DAYS: Final = 7
"""Before that nothing is new but what has no innocent beginning."""
COMPANY_MIN: Final = 1
"""So many neighbours that do the same explain what a machine begins to do."""
EXPLAINED_TIMES: Final = 2
"""Up to so many times what the busiest of them did in an hour on HABIT_DAYS_MIN days."""
EXPLAINED_P: Final = 0.2
"""The p of what is so explained, at least: a line with next to no evidence."""
SIGNS_EXPECTED: Final = 1e-3
"""Assumed share of device-days with any sign where nothing is wrong, until OWN_MIN device-days of the actor's own
say otherwise: there is no public traffic of hospitals to measure it on (docs/detectors.md)."""

_OUTSIDE: Final = """
    SELECT src, min(epoch_us(first_ts)) AS first_us, arg_min(dst, (first_ts, dst)) FROM pair_hour
    WHERE is_home(src) AND NOT is_home(dst) AND answered > 0 GROUP BY src ORDER BY src"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """That a device did something strange on a day. ``kind`` names the sort of it: its frequency is counted.
    ``everybody``: what was asked was after everybody, and not much of it. ``against``: what explains it, if
    anything."""

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
    devices: int = 1
    against: tuple[Text, ...] = ()


@dataclass(slots=True)
class _Devices:
    """The hours of the past by what a sign needs, and every (device, day) that was there."""

    hours: list[Hour]
    known_from_us: int
    days: set[tuple[str, int]] = field(default_factory=set)
    neighbours: Neighbours = field(default_factory=Neighbours)

    def __post_init__(self) -> None:
        for hour in self.hours:
            self.days |= {(end, hour.day) for end, home in zip((hour.src, hour.dst), hour.home, strict=True) if home}
        self.neighbours = Neighbours.of(self.hours)

    def learned(self, day: int) -> bool:
        """Whether a day has LEARNED_DAYS before it."""
        return day * DAY_US - self.known_from_us >= LEARNED_DAYS * DAY_US

    def usual(self, act: str, machine: str, day: int, amount: int) -> bool:
        """Whether neighbours had long done an act about as much."""
        habits = self.neighbours.habits(act, machine, day)
        return len(habits) >= COMPANY_MIN and amount <= EXPLAINED_TIMES * habits[0]


class Ward:
    """See the module's text."""

    name = "ward"
    technique = "T1213"
    innocent = Text("a new archive, device or work station, or a migration of images, does so too")
    tables = ("clinical", "pair_hour")

    def candidates(self, context: DetectorContext) -> Found:
        devices = _Devices(hours_of(context), context.terms.known_from_us)
        if not devices.hours:
            return Found()
        signs = [*_sweeps(devices), *_moves(devices), *_senders(devices), *_crossings(devices)]
        signs += _callers(devices, context)
        often = Counter(
            kind for kind, _, _ in {(sign.kind, sign.device, sign.day) for sign in signs if not sign.against}
        )
        first_us, last_us = context.window.first_us, context.window.last_us
        seen = [sign for sign in signs if sign.last_us >= first_us and sign.first_us < last_us]
        found = [_candidate(sign, _p(sign, often, len(devices.days)), context) for sign in _latest(seen)]
        found.sort(key=lambda candidate: (-candidate.statistic, candidate.story))
        return Found(tuple(found[: context.settings.candidates_max]))


def _p(sign: Sign, often: Mapping[str, int], device_days: int) -> float:
    """How often a device-day has a sign of this kind or of one as seldom: among the actor's own, SIGNS_EXPECTED
    standing in for those that a small or new actor lacks. EXPLAINED_P at least for what is explained."""
    as_seldom = sum(days for days in often.values() if days <= often.get(sign.kind, 0))
    missing = max(0, OWN_MIN - device_days)
    least = EXPLAINED_P if sign.against else P_MIN
    return min(1.0, max(least, (as_seldom + missing * SIGNS_EXPECTED) / max(OWN_MIN, device_days)))


def _latest(signs: list[Sign]) -> list[Sign]:
    """One for each story: its latest day, of those that nothing explains where there are any."""
    by_day = sorted(signs, key=lambda sign: (not sign.against, sign.day))
    latest = {(sign.kind, sign.device, sign.peer): sign for sign in by_day}
    return [latest[key] for key in sorted(latest)]


def _sweeps(devices: _Devices) -> list[Sign]:
    """Stations that ask for far more than anybody before."""
    by_station: dict[str, dict[int, list[Hour]]] = defaultdict(lambda: defaultdict(list))
    for hour in devices.hours:
        if hour.operation in ASKS:
            by_station[hour.src][hour.hour].append(hour)
    busiest = {station: max(_requests(some) for some in hours.values()) for station, hours in by_station.items()}
    return [
        sign
        for station, hours in by_station.items()
        for sign in _sweeps_of(station, hours, _others(busiest, station), devices)
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
            asks = not many or devices.usual("asks", station, at // 24, requests)
            alike = asks and (not wide or bool(devices.neighbours.habits("wide", station, at // 24)))
            signs.append(replace(sign, everybody=not many, against=ASKED_SO if alike else ()))
        most, wide_before = max(most, requests), wide_before + wide
    return signs


def _requests(some: list[Hour]) -> int:
    return sum(hour.requests for hour in some)


def _others(busiest: Mapping[str, int], station: str) -> int:
    """What OTHERS_SHARE of the other stations stay below in their busiest hour; 0 where there is none."""
    others = sorted(requests for other, requests in busiest.items() if other != station)
    return others[int(len(others) * OTHERS_SHARE)] if others else 0


def _moves(devices: _Devices) -> list[Sign]:
    """Images moved to a title that nothing was moved to before."""
    known: set[str] = set()
    got: dict[tuple[str, str | None, int], set[str]] = defaultdict(set)
    for hour in devices.hours:
        if hour.operation == "C-STORE":
            got[hour.src, hour.title, hour.day].add(hour.dst)
    signs = []
    for hour in devices.hours:
        if hour.operation != "C-MOVE" or not hour.title:
            continue
        if hour.title not in known and devices.learned(hour.day):
            text = Text(
                "{station} had images of {archive} sent to {title}, where nothing was sent before",
                station=hour.src,
                archive=hour.dst,
                title=hour.title,
            )
            went = got[hour.dst, hour.title, hour.day]
            alike = bool(went) and all(
                devices.usual("gets", to, hour.day, devices.neighbours.amount("gets", to, hour.day)) for to in went
            )
            signs.append(replace(_sign("move", [hour], text, "T1213"), against=GOT_SO if alike else ()))
        known.add(hour.title)
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
            amount = devices.neighbours.amount("hl7", hour.src, hour.day)
            alike = devices.usual("hl7", hour.src, hour.day, amount)
            signs.append(replace(_sign("sender", [hour], text, "T1565"), against=SENT_SO if alike else ()))
        known.add((hour.src, hour.dst))
    return signs


def _crossings(devices: _Devices) -> list[Sign]:
    """DICOM in clear between inside and outside that is no habit."""
    days: dict[tuple[str, str], set[int]] = defaultdict(set)
    signs = []
    for hour in devices.hours:
        if hour.service != "dicom" or not hour.accepted or hour.outside is None:
            continue
        before = days[hour.src, hour.dst]
        if len(before - {hour.day}) < HABIT_DAYS_MIN:
            out = hour.home[0]
            text = (
                Text("{device} spoke DICOM in clear to {peer} outside", device=hour.src, peer=hour.dst)
                if out
                else Text("{peer} outside spoke DICOM in clear to {device}", device=hour.dst, peer=hour.src)
            )
            alike = devices.usual("crosses", hour.outside or "", hour.day, hour.requests)
            signs.append(replace(_sign("crossing", [hour], text, "T1048"), against=CROSSED_SO if alike else ()))
        before.add(hour.day)
    return signs


def _callers(devices: _Devices, context: DetectorContext) -> list[Sign]:
    """Devices of the ward that call outside for the first time, after a week or more of not doing so: one sign, of the
    first of them, for all that so begin to call one network (a supplier's remote service comes to many). Fame of whom
    it calls, or others here that had long called them too, explain it."""
    since: dict[str, int] = {}
    for hour in devices.hours:
        for end, home in zip((hour.src, hour.dst), hour.home, strict=True):
            if home:
                since.setdefault(end, hour.first_us)
    destinations = {hour.dst for hour in devices.hours if hour.home == (True, False)}
    callers: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for src, first_us, dst in context.terms.past.rows(_OUTSIDE):
        device, peer = address_text(src), address_text(dst)
        begun_us = since.get(device)
        if peer in destinations or begun_us is None:
            continue
        if first_us - max(begun_us, devices.known_from_us) >= LEARNED_DAYS * DAY_US:
            callers[network_of(peer)].append((first_us, device, peer))
    signs = [_caller(sorted(alike)) for alike in callers.values()]
    known = context.terms.addresses(sign.peer for sign in signs)
    return [replace(sign, against=_called_so(sign, known[sign.peer], context)) for sign in signs]


def _caller(alike: list[tuple[int, str, str]]) -> Sign:
    (first_us, device, peer), more = alike[0], len(alike) - 1
    why = Text(
        "{device} speaks DICOM or HL7 and called outside for the first time: {peer}",
        device=device,
        peer=peer,
    )
    if more:
        also = Text.counted("{count:,} more device did so later", "{count:,} more devices did so later", more)
        why = Text.joined("; ", [why, also])
    return Sign(
        kind="caller",
        device=device,
        peer=peer,
        day=first_us // DAY_US,
        first_us=first_us,
        last_us=alike[-1][0],
        technique="T1071",
        why=why,
        outside=peer,
        devices=more + 1,
    )


def _called_so(sign: Sign, known: PeerProfile, context: DetectorContext) -> tuple[Text, ...]:
    long_called = bool(known.first_us) and sign.first_us - known.first_us >= HABIT_DAYS_MIN * DAY_US
    if long_called and known.hosts > COMPANY_MIN:
        return (Text("other machines here have long called the same address"),)
    return tuple(known_against(sign.peer, known, context.terms, sign.first_us)) if known.grade >= Grade.POPULAR else ()


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


ASKED_SO: Final = (Text("others in its part of the network have long asked so much"),)
GOT_SO: Final = (Text("the images went to a machine beside others that have long been sent images"),)
SENT_SO: Final = (Text("others in its part of the network have long sent as many such messages"),)
CROSSED_SO: Final = (Text("images have long gone to or come from the same network outside"),)
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
        hosts=sign.devices,
        listed=False,
        what=_what(sign),
        advice=ADVICE.get(sign.kind),
        why=joined([sign.why]),
        rows=RowsRef("flow" if sign.kind == "caller" else "clinical", ends, sign.first_us, sign.last_us + 1),
        technique=sign.technique,
        exact_p=p,
        against=sign.against,
    )
