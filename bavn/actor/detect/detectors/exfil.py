"""Data on its way out: a host that sends far more to one place than its own habit.

Sees: 50 MB or more within 24 hours to one registered domain (or one network, where it has no name), at least twice what
came back, four robust deviations above what the host sends a place in a day, where the place is new to the actor (first
seen within seven days) or used by at most 2 % of its hosts. A transfer counts from the record of its flow, at its end.

Misses: less than 50 MB in 24 hours; data left in a service that many hosts use; data fetched from outside; what goes
out in DNS names (dns_tunnel) or through a proxy that everybody uses; a host that always sends that much; sampled flows
whose estimate less two standard errors is below 50 MB.

Innocent: backups and file shares set up lately, video meetings, software builds, a new supplier's portal. Popular
places weigh less.

Do first: ask what left and who owns the place; see what the host fetched from inside before, and whether it still
sends.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_network
from math import log, log1p
from typing import Final
from uuid import UUID

import numpy as np
import pyarrow as pa

from bavn.actor.detect.base import Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.queries.peers import observable_of, one_peer
from bavn.actor.detect.telling import alone, in_time, known_against
from bavn.actor.detect.terms import PeerProfile
from bavn.actor.detect.wording import joined, number, span
from bavn.model.intel.grades import Grade
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import registered_domain
from bavn.model.record import address_text, address_uuid
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

OUT_BYTES_MIN: Final = 50_000_000
PART_BYTES_MIN: Final = 1_000_000
"""Smaller hours cannot add up to OUT_BYTES_MIN in SPAN_HOURS."""
SPAN_HOURS: Final = 24
RATIO_MIN: Final = 2.0
Z_MIN: Final = 4.0
HEIGHT_MIN: Final = 2.0
"""With fame: what a popular service takes must be larger by the more."""
NEW_DAYS_MAX: Final = 7
SHARE_MAX: Final = 0.02
DAYS_MIN: Final = 30
"""With fewer (place, day) units a host has no habit of its own: the actor's, or the reference's, stands in."""
USUAL_LN: Final = 7.5
USUAL_MAD: Final = 1.2
"""Median and MAD of ln(1 + bytes out to one address in a day) in benign captures (bench/detect_more_a.py)."""
MAD_MIN: Final = 0.8
MAD_TO_SD: Final = 1.4826
HOURS_MAX: Final = 200_000
DOUBTS: Final = 2.0
"""Of a sampled estimate so many standard errors are taken off before it is called much."""
ADDRESSES_MAX: Final = 4
HABIT_DAYS_MIN: Final = 4
HABIT_SHARE: Final = 0.3
"""What a host sends one place on so many other days is its habit, if that began more than NEW_DAYS_MAX ago: a backup.
Its first days were told of."""

OUT_SQL: Final = f"""
    out AS (SELECT src, dst, hour, sum(bytes_toserver)::BIGINT AS up, sum(bytes_toclient)::BIGINT AS down,
        max(epoch_us(last_ts)) AS last_us, min(epoch_us(first_ts)) AS first_us FROM pair_hour
        WHERE is_home(src) AND NOT is_home(dst) AND {one_peer("dst")} GROUP BY src, dst, hour)"""
_HABITS: Final = f"""
    WITH {OUT_SQL}, days AS (
        SELECT src, ln(1 + sum(up)) AS amount FROM out WHERE up IS NOT NULL GROUP BY src, dst, hour // 24),
    middle AS (SELECT src, median(amount) AS middle, count(*) AS n FROM days GROUP BY src)
    SELECT src::VARCHAR AS host, any_value(middle), median(abs(amount - middle)) AS mad, any_value(n)
    FROM days JOIN middle USING (src) GROUP BY src ORDER BY host"""
_LARGE: Final = f"""
    WITH {OUT_SQL} SELECT src::VARCHAR AS host, dst, hour, up, down, first_us, last_us FROM out
    WHERE up >= {PART_BYTES_MIN} ORDER BY up DESC, host, dst, hour LIMIT {HOURS_MAX}"""
# The variance of a sum that was scaled up from one packet in n: each sampled packet of b bytes adds n(n-1)b^2
# (Duffield, Lund & Thorup, IEEE Trans. Inf. Theory 2005); packets of one flow are taken as of equal size.
_DOUBTS: Final = """
    SELECT asked.place, sqrt(sum((sampling - 1) * bytes_toserver::DOUBLE * bytes_toserver
        / greatest(pkts_toserver, 1)))::DOUBLE AS error
    FROM flow JOIN asked ON flow.src = asked.src::UUID AND flow.dst = asked.dst::UUID
    WHERE sampling > 1 AND epoch_us(ts) BETWEEN asked.first_us AND asked.last_us
    GROUP BY asked.place ORDER BY asked.place"""
_CALM: Final = f"""
    WITH {OUT_SQL}, days AS (SELECT src, dst, sum(up) AS up FROM out GROUP BY src, dst, hour // 24)
    SELECT src::VARCHAR AS host, round(ln(1 + max(up)), 1) AS amount, count(*) AS n
    FROM (SELECT src, dst, max(up) AS up FROM days GROUP BY src, dst) WHERE up < {PART_BYTES_MIN}
    GROUP BY host, up ORDER BY host, amount"""


@dataclass(frozen=True, slots=True)
class Habit:
    """Median and MAD of ln(1 + bytes) that a host sends one place in a day."""

    middle: float
    mad: float

    def z(self, up: float) -> float:
        return (log1p(up) - self.middle) / (MAD_TO_SD * max(self.mad, MAD_MIN))

    def height(self, up: float) -> float:
        """What a transfer is ranked by: its z, but no more than its size gives it: Z_MIN at OUT_BYTES_MIN, one more for
        each e times as much. A quiet host's hundred kilobytes are no hundred megabytes."""
        return min(self.z(up), Z_MIN + log(max(1.0, up) / OUT_BYTES_MIN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one host sent one place in its busiest SPAN_HOURS. ``addresses``: the place's, most bytes first.
    ``every``: all of the place's to which the host sent at any time. ``error``: the standard error of ``up``, 0 where
    every packet was counted. ``like_it``: on how many other days it sent there HABIT_SHARE of that or more.
    """

    host: str
    place: str
    named: bool
    addresses: tuple[str, ...]
    up: int
    down: int
    first_us: int
    last_us: int
    like_it: int
    every: tuple[str, ...] = ()
    error: float = 0.0


class Exfil:
    """See the module's text."""

    name = "exfil"
    technique = "T1048"
    innocent = Text("a new backup, a file share or a video meeting sends as much")
    tables = ("pair_hour", "dns", "tls", "http")

    def candidates(self, context: DetectorContext) -> Found:
        habits = _habits(context)
        sent = _sent(context)
        facts = _facts(sent, context)
        values = [habits[item.host].height(item.up) + context.terms.nats(facts[i]) for i, item in enumerate(sent)]
        chosen = [
            i
            for i, item in enumerate(sent)
            if values[i] >= HEIGHT_MIN and _strange(item, habits[item.host], facts[i], context)
        ]
        chosen.sort(key=lambda i: (-values[i], sent[i].host, sent[i].place))
        candidates = [_candidate(sent[i], habits[sent[i].host], facts[i], values[i], context) for i in chosen]
        calm = [(habits[host].height(np.expm1(amount)), n) for host, amount, n in context.window.rows(_CALM)]
        weighed = np.array([*((value, 1) for value in values), *calm], float).reshape(-1, 2)
        tally = Tally.of(weighed[:, 0], weighed[:, 1])
        return Found(tuple(candidates[: context.settings.candidates_max]), {self.name: tally})


def _habits(context: DetectorContext) -> dict[str, Habit]:
    """Each host's own where it has DAYS_MIN units, else the middle of those that have one, else the usual one."""
    rows = [(host, Habit(middle, mad), n) for host, middle, mad, n in context.window.rows(_HABITS)]
    own = [habit for _, habit, n in rows if n >= DAYS_MIN]
    usual = Habit(USUAL_LN, USUAL_MAD)
    if own:
        usual = Habit(float(np.median([h.middle for h in own])), float(np.median([h.mad for h in own])))
    return {host: habit if n >= DAYS_MIN else usual for host, habit, n in rows}


def _sent(context: DetectorContext) -> list[Sent]:
    """The busiest SPAN_HOURS of each host and place, in order of both."""
    rows = [(host, address_text(dst), *more) for host, dst, *more in context.window.rows(_LARGE)]
    places = _places({address for _, address, *_ in rows}, context)
    together: dict[tuple[str, str], list[tuple[int, int, int, int, int, str]]] = {}
    for host, address, hour, up, down, first, last in rows:
        together.setdefault((host, places[address]), []).append((hour, up, down, first, last, address))
    sent = [_busiest(host, place, sorted(hours)) for (host, place), hours in sorted(together.items())]
    errors = _errors(sent, context)
    return [replace(one, error=errors.get(at, 0.0)) for at, one in enumerate(sent)]


def _errors(sent: list[Sent], context: DetectorContext) -> dict[int, float]:
    """The standard error of what was sent, where packets were sampled."""
    if not sent or not context.window.rows("SELECT 1 FROM flow WHERE sampling > 1 LIMIT 1"):
        return {}
    pairs = [(at, each, address) for at, each in enumerate(sent) for address in each.addresses]
    wanted = pa.table(
        {
            "place": [at for at, _, _ in pairs],
            "src": [each.host for _, each, _ in pairs],
            "dst": [str(address_uuid(address)) for _, _, address in pairs],
            "first_us": [each.first_us for _, each, _ in pairs],
            "last_us": [each.last_us for _, each, _ in pairs],
        }
    )
    return {int(place): float(error) for place, error in context.window.rows(_DOUBTS, tables={"asked": wanted})}


def _places(addresses: Iterable[str], context: DetectorContext) -> dict[str, str]:
    """The registered domain of an address that has exactly one here, else its network (/24 or /48)."""
    places = {}
    for address, known in context.terms.addresses(addresses).items():
        domains = {registered_domain(name) or name for name in known.names}
        network = ip_network(f"{address}/{48 if ':' in address else 24}", strict=False)
        places[address] = domains.pop() if len(domains) == 1 else str(network)
    return places


def _like_it(hours: list[tuple[int, int, int, int, int, str]], best: tuple[int, int], most: int) -> int:
    by_day: dict[int, int] = {}
    for hour, up, *_ in hours[: best[0]] + hours[best[1] :]:
        by_day[hour // 24] = by_day.get(hour // 24, 0) + up
    return sum(up >= HABIT_SHARE * most for up in by_day.values())


def _busiest(host: str, place: str, hours: list[tuple[int, int, int, int, int, str]]) -> Sent:
    begin, best, most = 0, (0, 0), 0
    for end in range(len(hours)):
        while hours[end][0] - hours[begin][0] >= SPAN_HOURS:
            begin += 1
        up = sum(hour[1] for hour in hours[begin : end + 1])
        if up > most:
            best, most = (begin, end + 1), up
    some = hours[slice(*best)]
    by_address: dict[str, int] = {}
    for _, up, _, _, _, address in some:
        by_address[address] = by_address.get(address, 0) + up
    return Sent(
        host=host,
        place=place,
        named="/" not in place,
        addresses=tuple(sorted(by_address, key=lambda a: (-by_address[a], a))[:ADDRESSES_MAX]),
        up=most,
        down=sum(hour[2] for hour in some),
        like_it=_like_it(hours, best, most),
        first_us=min(hour[3] for hour in some),
        last_us=max(hour[4] for hour in some),
        every=tuple(sorted({address for *_, address in hours})),
    )


def _facts(sent: list[Sent], context: DetectorContext) -> list[PeerProfile]:
    domains = context.terms.domains(item.place for item in sent if item.named)
    addresses = context.terms.addresses(address for item in sent for address in item.every)
    facts = []
    for item in sent:
        known = domains[item.place] if item.named and domains[item.place].hosts else addresses[item.addresses[0]]
        facts.append(context.terms.oldest(known, [addresses[address] for address in item.every]))
    return facts


def _strange(item: Sent, habit: Habit, known: PeerProfile, context: DetectorContext) -> bool:
    history_us = context.window.last_us - context.terms.known_from_us
    new = history_us > NEW_DAYS_MAX * DAY_US and context.window.last_us - known.first_us <= NEW_DAYS_MAX * DAY_US
    rare = known.hosts <= max(1.0, SHARE_MAX * context.terms.hosts)
    much = item.up - DOUBTS * item.error >= OUT_BYTES_MIN and item.up >= RATIO_MIN * item.down
    old = context.window.last_us - known.first_us > NEW_DAYS_MAX * DAY_US and item.like_it >= HABIT_DAYS_MIN
    return much and habit.z(item.up) >= Z_MIN and (new or rare) and not old


def _candidate(item: Sent, habit: Habit, known: PeerProfile, value: float, context: DetectorContext) -> Candidate:
    host, homes = address_text(UUID(item.host)), context.window.homes
    facts = context.terms.addresses(item.addresses)
    singles = [address for address in item.addresses if not (item.named and facts[address].edge)]
    named = [observable_of(None, text, homes) for text in ([item.place] if item.named else []) + singles]
    return Candidate(
        population=Exfil.name,
        host=host,
        peer=item.place if item.named else item.addresses[0],
        story=f"{host} {item.place}",
        statistic=value,
        observables=tuple(dict.fromkeys(found for found in named if found is not None)),
        first_us=min(item.first_us, known.first_us or item.first_us),
        last_us=item.last_us,
        hosts=max(1, known.hosts),
        listed=known.grade >= Grade.POPULAR,
        what=_what(item, known, context),
        against=_against(item, known, context),
        why=_why(item, habit, known, context),
        rows=RowsRef("flow", (("src", host), ("dst", item.addresses[0])), item.first_us, item.last_us + HOUR_US),
    )


def _what(item: Sent, known: PeerProfile, context: DetectorContext) -> Text:
    up, time = number(item.up / 1e6), in_time(item.first_us, item.last_us)
    to = alone(item.place, known.hosts, context.terms)
    return joined(
        [Text("one machine sent {up} MB to {to} {time}, far more than it usually sends", up=up, to=to, time=time)]
    )


def _against(item: Sent, known: PeerProfile, context: DetectorContext) -> tuple[Text, ...]:
    parts = []
    if item.like_it:
        days = number(item.like_it)
        parts.append(Text("days on which it sent there nearly as much before: {days}", days=days))
    if item.error > 0:
        parts.append(Text("the size is an estimate from sampled packets"))
    return (*parts, *known_against(item.place, known, context.terms, item.first_us))


def _why(item: Sent, habit: Habit, known: PeerProfile, context: DetectorContext) -> Text:
    up, down, z = number(item.up / 1e6), number(item.down / 1e6, 1), number(habit.z(item.up), 1)
    lasted, usual = span(max(1_000_000, item.last_us - item.first_us)), number(np.expm1(habit.middle) / 1e3, 1)
    parts = [
        Text(
            "{up} MB sent to {place} by calls over {lasted}, {down} MB came back",
            up=up,
            place=item.place,
            lasted=lasted,
            down=down,
        ),
        Text("usual to one place in a day: {usual} kB; this is {z} times the usual spread above it", z=z, usual=usual),
    ]
    if item.error > 0:
        doubt = number(100 * DOUBTS * item.error / item.up)
        parts.append(Text("estimated from sampled packets (±{doubt} %)", doubt=doubt))
    return joined(parts + context.terms.said(known))
