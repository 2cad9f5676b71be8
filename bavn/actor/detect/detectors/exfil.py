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
from bavn.actor.detect.indicators.lists import Grade
from bavn.actor.detect.queries.peers import observable_of, one_peer
from bavn.actor.detect.terms import PeerProfile
from bavn.actor.detect.wording import joined, number, span
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
    WITH {OUT_SQL}, days AS (SELECT src, ln(1 + sum(up)) AS amount FROM out GROUP BY src, dst, hour // 24),
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
    tables = ("pair_hour", "dns", "tls", "http")

    def candidates(self, look: DetectorContext) -> Found:
        habits = _habits(look)
        sent = _sent(look)
        facts = _facts(sent, look)
        values = [habits[one.host].height(one.up) + look.terms.nats(facts[i]) for i, one in enumerate(sent)]
        found = [
            i
            for i, one in enumerate(sent)
            if values[i] >= HEIGHT_MIN and _strange(one, habits[one.host], facts[i], look)
        ]
        found.sort(key=lambda i: (-values[i], sent[i].host, sent[i].place))
        made = [_candidate(sent[i], habits[sent[i].host], facts[i], values[i], look) for i in found]
        calm = [(habits[host].height(np.expm1(amount)), n) for host, amount, n in look.window.rows(_CALM)]
        weighed = np.array([*((value, 1) for value in values), *calm], float).reshape(-1, 2)
        tally = Tally.of(weighed[:, 0], weighed[:, 1])
        return Found(tuple(made[: look.settings.candidates_max]), {self.name: tally})


def _habits(look: DetectorContext) -> dict[str, Habit]:
    """Each host's own where it has DAYS_MIN units, else the middle of those that have one, else the usual one."""
    rows = [(host, Habit(middle, mad), n) for host, middle, mad, n in look.window.rows(_HABITS)]
    own = [habit for _, habit, n in rows if n >= DAYS_MIN]
    usual = Habit(USUAL_LN, USUAL_MAD)
    if own:
        usual = Habit(float(np.median([h.middle for h in own])), float(np.median([h.mad for h in own])))
    return {host: habit if n >= DAYS_MIN else usual for host, habit, n in rows}


def _sent(look: DetectorContext) -> list[Sent]:
    """The busiest SPAN_HOURS of each host and place, in order of both."""
    rows = [(host, address_text(dst), *more) for host, dst, *more in look.window.rows(_LARGE)]
    places = _places({address for _, address, *_ in rows}, look)
    together: dict[tuple[str, str], list[tuple[int, int, int, int, int, str]]] = {}
    for host, address, hour, up, down, first, last in rows:
        together.setdefault((host, places[address]), []).append((hour, up, down, first, last, address))
    sent = [_busiest(host, place, sorted(hours)) for (host, place), hours in sorted(together.items())]
    errors = _errors(sent, look)
    return [replace(one, error=errors.get(at, 0.0)) for at, one in enumerate(sent)]


def _errors(sent: list[Sent], look: DetectorContext) -> dict[int, float]:
    """The standard error of what was sent, where packets were sampled."""
    if not sent or not look.window.rows("SELECT 1 FROM flow WHERE sampling > 1 LIMIT 1"):
        return {}
    pairs = [(at, one, address) for at, one in enumerate(sent) for address in one.addresses]
    asked = pa.table(
        {
            "place": [at for at, _, _ in pairs],
            "src": [one.host for _, one, _ in pairs],
            "dst": [str(address_uuid(address)) for _, _, address in pairs],
            "first_us": [one.first_us for _, one, _ in pairs],
            "last_us": [one.last_us for _, one, _ in pairs],
        }
    )
    return {int(place): float(error) for place, error in look.window.rows(_DOUBTS, tables={"asked": asked})}


def _places(addresses: Iterable[str], look: DetectorContext) -> dict[str, str]:
    """The registered domain of an address that has exactly one here, else its network (/24 or /48)."""
    made = {}
    for address, known in look.terms.addresses(addresses).items():
        domains = {registered_domain(name) or name for name in known.names}
        network = ip_network(f"{address}/{48 if ':' in address else 24}", strict=False)
        made[address] = domains.pop() if len(domains) == 1 else str(network)
    return made


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


def _facts(sent: list[Sent], look: DetectorContext) -> list[PeerProfile]:
    domains = look.terms.domains(one.place for one in sent if one.named)
    addresses = look.terms.addresses(address for one in sent for address in one.every)
    facts = []
    for one in sent:
        known = domains[one.place] if one.named and domains[one.place].hosts else addresses[one.addresses[0]]
        facts.append(look.terms.oldest(known, [addresses[address] for address in one.every]))
    return facts


def _strange(one: Sent, habit: Habit, known: PeerProfile, look: DetectorContext) -> bool:
    history_us = look.window.last_us - look.terms.known_from_us
    new = history_us > NEW_DAYS_MAX * DAY_US and look.window.last_us - known.first_us <= NEW_DAYS_MAX * DAY_US
    rare = known.hosts <= max(1.0, SHARE_MAX * look.terms.hosts)
    much = one.up - DOUBTS * one.error >= OUT_BYTES_MIN and one.up >= RATIO_MIN * one.down
    old = look.window.last_us - known.first_us > NEW_DAYS_MAX * DAY_US and one.like_it >= HABIT_DAYS_MIN
    return much and habit.z(one.up) >= Z_MIN and (new or rare) and not old


def _candidate(one: Sent, habit: Habit, known: PeerProfile, value: float, look: DetectorContext) -> Candidate:
    host, homes = address_text(UUID(one.host)), look.window.homes
    facts = look.terms.addresses(one.addresses)
    singles = [address for address in one.addresses if not (one.named and facts[address].edge)]
    named = [observable_of(None, text, homes) for text in ([one.place] if one.named else []) + singles]
    return Candidate(
        population=Exfil.name,
        host=host,
        peer=one.place if one.named else one.addresses[0],
        story=f"{host} {one.place}",
        statistic=value,
        observables=tuple(dict.fromkeys(found for found in named if found is not None)),
        first_us=min(one.first_us, known.first_us or one.first_us),
        last_us=one.last_us,
        hosts=max(1, known.hosts),
        listed=known.grade >= Grade.POPULAR,
        why=_why(one, habit, known, look),
        rows=RowsRef("flow", (("src", host), ("dst", one.addresses[0])), one.first_us, one.last_us + HOUR_US),
    )


def _why(one: Sent, habit: Habit, known: PeerProfile, look: DetectorContext) -> Text:
    up, down, z = number(one.up / 1e6), number(one.down / 1e6, 1), number(habit.z(one.up), 1)
    lasted, usual = span(max(1_000_000, one.last_us - one.first_us)), number(np.expm1(habit.middle) / 1e3, 1)
    parts = [
        Text(
            "{up} MB sent to {place} by calls over {lasted}, {down} MB came back",
            up=up,
            place=one.place,
            lasted=lasted,
            down=down,
        ),
        Text("{z} robust deviations above {usual} kB a place and day", z=z, usual=usual),
    ]
    if one.error > 0:
        doubt = number(100 * DOUBTS * one.error / one.up)
        parts.append(Text("estimated from sampled packets (±{doubt} %)", doubt=doubt))
    return joined(parts + look.terms.said(known))
