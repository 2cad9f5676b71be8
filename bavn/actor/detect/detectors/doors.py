"""New listening services: own hosts that answer on a port first seen, which hardly any other host offers.

Only where the past reaches back far enough to say so. Refuses to know who knocked.
"""

from math import log2
from typing import Final

from bavn.actor.detect.base import Advice, Candidate, DetectorContext
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.telling import dated
from bavn.actor.detect.terms import KNOWN_DAYS_MIN, NEW_DAYS_MAX
from bavn.actor.detect.wording import joined, number
from bavn.model.moment import DAY_US
from bavn.model.record import address_text
from bavn.model.spans import day
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

POPULATION: Final = "rarity.door"
PORT_MAX: Final = 32767
"""Above are ports that systems hand out by chance."""
BITS_MIN: Final = 3.0
OUTSIDE_BITS: Final = 2.0
"""Callers from outside make a door stranger."""
DOORS_MAX: Final = 100_000

ADVICE: Final = Advice(
    Text("somebody here has set up a service, or a program opened a port of its own"),
    Text("ask who opened it; where it is called from outside, close it until somebody answers"),
)

_DOORS: Final = f"""
    WITH doors AS (SELECT dst, dst_port, proto, min(epoch_us(first_ts)) AS first_us, max(epoch_us(last_ts)) AS last_us,
            count(DISTINCT src) AS callers, bool_or(NOT is_home(src)) AS outside FROM pair_hour
        WHERE is_home(dst) AND src <> dst AND answered > 0 AND proto = 'tcp' AND dst_port BETWEEN 1 AND {PORT_MAX}
        GROUP BY dst, dst_port, proto),
    seen AS (SELECT host, min(first_us) AS since_us FROM (SELECT dst AS host, epoch_us(first_ts) AS first_us
        FROM pair_hour WHERE is_home(dst) AND answered > 0 UNION ALL SELECT src, epoch_us(first_ts) FROM pair_hour
        WHERE is_home(src)) GROUP BY host),
    offered AS (SELECT dst_port, proto, count(*) AS hosts FROM doors GROUP BY dst_port, proto)
    SELECT dst, dst_port, proto, first_us, last_us, callers, outside, hosts, since_us FROM doors
    JOIN offered USING (dst_port, proto) JOIN seen ON host = dst
    ORDER BY first_us DESC, dst, dst_port LIMIT {DOORS_MAX}"""


def doors(context: DetectorContext) -> tuple[list[Candidate], Tally]:
    """The new doors, strangest first, and the rarity of all doors."""
    last_us = context.window.last_us
    if last_us - context.terms.known_from_us < (KNOWN_DAYS_MIN + NEW_DAYS_MAX) * DAY_US:
        return [], Tally()
    candidates, values = [], []
    for dst, port, proto, first, last, callers, outside, hosts, since in context.window.rows(_DOORS):
        bits = -log2((hosts + 0.5) / (max(context.terms.hosts, hosts) + 1)) + (OUTSIDE_BITS if outside else 0.0)
        values.append(bits)
        new = last_us - first <= NEW_DAYS_MAX * DAY_US and last_us - since >= KNOWN_DAYS_MIN * DAY_US
        if new and bits >= BITS_MIN:
            candidates.append(
                _candidate(address_text(dst), port, proto, bits, (first, last), (callers, outside, hosts))
            )
    candidates.sort(key=lambda candidate: (-candidate.statistic, candidate.story))
    return candidates, Tally.of(values)


def _candidate(
    host: str, port: int, proto: str, bits: float, span_us: tuple[int, int], met: tuple[int, bool, int]
) -> Candidate:
    callers, outside, hosts = met
    parts = [
        Text("{host} answers on {proto}/{port}, never before", host=host, proto=proto, port=port),
        Text.shaped(
            "{asked}; {offer}",
            asked=Text.counted("{count:,} host called it", "{count:,} hosts called it", callers),
            offer=Text.counted(
                "{count:,} of the hosts here offers that port", "{count:,} of the hosts here offer that port", hosts
            ),
        ),
    ]
    if outside:
        parts.append(Text("callers from outside among them"))
    what = Text(
        "one machine answers on port {port} since {day}, where it never did before", port=port, day=day(span_us[0])
    )
    if not dated(span_us[0]):
        what = Text("one machine answers on port {port}, where it never did before", port=port)
    if outside:
        what = Text("{sentence}; it is called from outside too", sentence=what)
    return Candidate(
        population=POPULATION,
        host=host,
        peer=f"{proto}/{port}",
        story=f"door {host} {proto}/{port}",
        statistic=bits,
        observables=(),
        first_us=span_us[0],
        last_us=span_us[1],
        hosts=1,
        listed=False,
        what=joined([what]),
        against=(Text("{offer} machines here answer there", offer=number(hosts)),) if hosts > 1 else (),
        advice=ADVICE,
        why=joined(parts),
        rows=RowsRef("flow", (("dst", host), ("dst_port", port)), *span_us),
        technique="T1133" if outside else "T1571",
    )
