"""The elements of a flow record (IANA's IPFIX registry; v9's numbers are the same) -> halves, in columns.

Refuses to know templates beyond their places, and exporters beyond their clocks.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.actor.sense.flows.halves import HALF, SAMPLING_MAX, Bytes, Halves, Numbers, address, number, turned
from bavn.actor.sense.flows.netflow_template import REVERSE, Element, Template

OCTETS, PACKETS, PROTOCOL, TCP_FLAGS, SRC_PORT, SRC4, DST_PORT, DST4 = 1, 2, 4, 6, 7, 8, 11, 12
LAST_UP, FIRST_UP, SRC6, DST6, ICMP4, ICMP6 = 21, 22, 27, 28, 32, 139
SAMPLING_INTERVAL, SAMPLER_ID, SAMPLER_INTERVAL, DIRECTION = 34, 48, 50, 61
OCTETS_TOTAL, PACKETS_TOTAL, END_REASON = 85, 86, 136
START, END, DELTA = {150: 10**6, 152: 1000}, {151: 10**6, 153: 1000}, (158, 159)
"""Seconds and milliseconds since 1970, as microseconds; microseconds before the message."""
NTP_START, NTP_END, BOOT_MS, DURATION_MS, DURATION_US, EVENT_MS = (154, 156), (155, 157), 160, 161, 162, 323
ICMP_TYPES, ICMP_CODES = (176, 178), (177, 179)
INITIATOR_OCTETS, RESPONDER_OCTETS, FIREWALL_EVENT, BIFLOW = 231, 232, 233, 239
INITIATOR_PACKETS, RESPONDER_PACKETS = 298, 299
SELECTOR_ID, PACKET_INTERVAL, PACKET_SPACE, SAMPLING_SIZE, SAMPLING_POPULATION = 302, 305, 306, 309, 310
SAMPLERS: Final = (SAMPLER_ID, SELECTOR_ID)

_CREATED, _DENIED = 1, 3
"""firewallEvent (Cisco ASA's): a flow's beginning tells nothing that its end does not tell again."""
_NTP_1970_S: Final = 2_208_988_800
_MANY: Final = np.uint64(1 << 57)
Micros = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Context:
    """Of each record: when its message was sent, and when the exporter's clock of uptime was 0 (both microseconds),
    the record's number and the slot in which it came."""

    sent_us: Micros
    boot_us: Micros
    n: Numbers
    slot: Micros


class Columns:
    """The records of one template: its elements as arrays of uint64, None for those it lacks."""

    def __init__(self, rows: Bytes, template: Template) -> None:
        self.rows, self._places = rows, template.places

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, *elements: int, enterprise: int = 0) -> Numbers | None:
        """The first of these elements that there is."""
        for element in elements:
            if place := self._places.get((enterprise, element)):
                return number(self.rows, *place)
        return None

    def place(self, element: Element) -> tuple[int, int] | None:
        return self._places.get(element)


def sampling_told(columns: Columns) -> Numbers | None:
    """One packet in so many, as a record tells (data or options); 0 where it tells nothing."""
    rate = columns.get(SAMPLING_INTERVAL, SAMPLER_INTERVAL)
    if rate is None:
        interval, space = columns.get(PACKET_INTERVAL), columns.get(PACKET_SPACE)
        some, of = columns.get(SAMPLING_SIZE), columns.get(SAMPLING_POPULATION)
        if interval is not None and space is not None:
            rate = _ratio(np.minimum(interval, _MANY) + np.minimum(space, _MANY), interval)
        elif some is not None and of is not None:
            rate = _ratio(of, some)
    return None if rate is None else np.where(rate > SAMPLING_MAX, 0, rate)


def _ratio(whole: Numbers, part: Numbers) -> Numbers:
    return np.where(part > 0, (whole + part // 2) // np.maximum(part, 1), 0).astype(np.uint64)


def halves_of(columns: Columns, context: Context, exporter: int, sampling: Numbers) -> tuple[Halves, int]:
    """The halves, and how many records were passed over: not of IP, or only a flow's beginning. ``sampling``: of each
    record, as far as it is known."""
    ends = _ends(columns)
    protocol = columns.get(PROTOCOL)
    if ends is None or protocol is None:
        return np.empty(0, HALF), len(columns)
    halves = np.zeros(len(columns), HALF)
    halves["a"], halves["b"] = ends
    halves["n"], halves["slot"], halves["exporter"], halves["counts"] = context.n, context.slot, exporter, 1
    halves["proto"] = protocol & 0xFF
    first, last = _times(columns, context)
    halves["first_us"], halves["last_us"] = first, np.maximum(first, last)
    _counters(halves, columns)
    halves["sampling"] = sampling
    _ports(halves, columns)
    flags = columns.get(TCP_FLAGS)
    halves["flags"] = -1 if flags is None else (flags & 0xFF).astype(np.int16)
    if (reason := columns.get(END_REASON)) is not None:
        halves["ended"] = np.minimum(reason, 255)
    if (egress := columns.get(DIRECTION)) is not None:
        halves["egress"] = egress == 1
    return _events(_both_ways(halves, columns), columns)


def _ends(columns: Columns) -> tuple[Bytes, Bytes] | None:
    """Sender and receiver; of a record with both families the one that is not 0."""
    ends = []
    for sender, receiver, length in ((SRC4, DST4, 4), (SRC6, DST6, 16)):
        places = columns.place((0, sender)), columns.place((0, receiver))
        if places[0] and places[1] and places[0][1] == places[1][1] == length:
            ends.append(tuple(address(columns.rows, *place) for place in places if place))
    if not ends:
        return None
    if len(ends) == 1:
        return ends[0][0], ends[0][1]
    nowhere = (ends[0][0][:, 12:] == 0).all(axis=1, keepdims=True)
    return np.where(nowhere, ends[1][0], ends[0][0]), np.where(nowhere, ends[1][1], ends[0][1])


def _ms(values: Numbers, times: int = 1000) -> Micros:
    return np.minimum(values, _MANY // np.uint64(times)).astype(np.int64) * times


def _ntp(values: Numbers) -> Micros:
    """64-bit NTP: seconds since 1900 and a fraction."""
    seconds = (values >> np.uint64(32)).astype(np.int64) - _NTP_1970_S
    fraction = ((values & np.uint64(0xFFFFFFFF)) * np.uint64(10**6) >> np.uint64(32)).astype(np.int64)
    return np.maximum(0, seconds) * 10**6 + fraction


def _moment(
    columns: Columns, context: Context, plain: dict[int, int], ntp: tuple[int, int], delta: int, up: int
) -> Micros | None:
    for element in sorted(plain, reverse=True):
        if (values := columns.get(element)) is not None:
            return _ms(values, plain[element])
    if (values := columns.get(*ntp)) is not None:
        return _ntp(values)
    if (values := columns.get(delta)) is not None:
        return context.sent_us - np.minimum(values, np.uint64(1 << 40)).astype(np.int64)
    if (values := columns.get(up)) is not None:
        boot = columns.get(BOOT_MS)
        if boot is not None:
            return _ms(boot) + _ms(values)
        # The difference to the message's uptime, over a wrap of its 32 bits in between.
        uptime = (context.sent_us - context.boot_us) // 1000
        since = ((values.astype(np.int64) - uptime + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
        return context.sent_us + since * 1000
    return None


def _times(columns: Columns, context: Context) -> tuple[Micros, Micros]:
    first = _moment(columns, context, START, NTP_START, DELTA[0], FIRST_UP)
    last = _moment(columns, context, END, NTP_END, DELTA[1], LAST_UP)
    if (event := columns.get(EVENT_MS)) is not None and last is None:
        last = _ms(event)
    duration = columns.get(DURATION_MS, DURATION_US)
    lasted: Micros | int = 0
    if duration is not None:
        lasted = _ms(duration, 1000 if columns.place((0, DURATION_MS)) else 1)
    if first is None and last is None:
        last = context.sent_us
    if last is None and first is not None:
        last = first + lasted
    if first is None and last is not None:
        first = last - lasted
    assert first is not None  # noqa: S101 - one of them was made of the other
    assert last is not None  # noqa: S101
    return np.clip(first, 0, 1 << 58), np.clip(last, 0, 1 << 58)


def _counters(halves: Halves, columns: Columns) -> None:
    for name, elements in (
        ("bytes", (OCTETS, INITIATOR_OCTETS, OCTETS_TOTAL)),
        ("pkts", (PACKETS, INITIATOR_PACKETS, PACKETS_TOTAL)),
    ):
        values = columns.get(*elements)
        halves[name] = 0 if values is None else values
    halves["pkts"] = np.where((halves["pkts"] == 0) & (halves["bytes"] > 0), 1, halves["pkts"])


def _ports(halves: Halves, columns: Columns) -> None:
    """Ports where the protocol has them; ICMP's type and code, which older exporters put in the port."""
    src, dst = columns.get(SRC_PORT), columns.get(DST_PORT)
    has = np.isin(halves["proto"], (6, 17, 132))
    halves["a_port"] = 0 if src is None else np.where(has, src & 0xFFFF, 0)
    halves["b_port"] = 0 if dst is None else np.where(has, dst & 0xFFFF, 0)
    halves["kind"], halves["code"] = -1, -1
    pings = np.isin(halves["proto"], (1, 58))
    kinds, codes = columns.get(*ICMP_TYPES), columns.get(*ICMP_CODES)
    both = columns.get(ICMP4, ICMP6)
    both = dst if both is None else both
    ports = None
    if kinds is not None:
        ports = kinds, np.zeros_like(kinds) if codes is None else codes
    elif both is not None:
        ports = both >> np.uint64(8), both
    if ports is not None:
        for name, values in zip(("kind", "code"), ports, strict=True):
            halves[name] = np.where(pings, (values & 0xFF).astype(np.int16), -1)


def _both_ways(halves: Halves, columns: Columns) -> Halves:
    """A record that tells what went back, too (RFC 5103, or a firewall's), as two halves that need no other."""
    size = columns.get(OCTETS, enterprise=REVERSE)
    size = columns.get(RESPONDER_OCTETS) if size is None else size
    if size is None:
        return halves
    packets = columns.get(PACKETS, enterprise=REVERSE)
    packets = columns.get(RESPONDER_PACKETS) if packets is None else packets
    back = turned(halves)
    back["bytes"] = size
    back["pkts"] = (size > 0) if packets is None else packets
    flags = columns.get(TCP_FLAGS, enterprise=REVERSE)
    back["flags"] = -1 if flags is None else (flags & 0xFF).astype(np.int16)
    for name in (150, 152):
        if (values := columns.get(name, enterprise=REVERSE)) is not None:
            begun = _ms(values, START[name])
            back["first_us"] = np.where(
                (begun >= halves["first_us"]) & (begun <= halves["last_us"]), begun, back["first_us"]
            )
    halves["whole"] = back["whole"] = 1
    if (way := columns.get(BIFLOW)) is not None:
        # 2: the record's sender is not who opened. Who is first, opened.
        late = way == 2
        back["first_us"] = np.where(late, back["first_us"], np.maximum(back["first_us"], halves["first_us"] + 1))
        halves["first_us"] = np.where(late, halves["first_us"] + 1, halves["first_us"])
    for one in (halves, back):
        one["last_us"] = np.maximum(one["last_us"], one["first_us"])
    return np.concatenate([halves, back[back["pkts"] > 0]])


def _events(halves: Halves, columns: Columns) -> tuple[Halves, int]:
    event = columns.get(FIREWALL_EVENT)
    if event is None:
        return halves, 0
    passed = int((event == _CREATED).sum())
    repeated = np.zeros(len(halves), np.uint64)
    repeated[: len(event)] = event
    if len(halves) > len(event):
        order = np.searchsorted(halves["n"][: len(event)], halves["n"][len(event) :])
        repeated[len(event) :] = event[order]
    halves["denied"] = repeated == _DENIED
    return halves[repeated != _CREATED], passed
