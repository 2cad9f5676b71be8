"""Scans: a source that tries doors, most of which are shut.

Sees: first contacts that fail, by the threshold random walk: many destinations on one port (horizontal), many ports
of one destination (vertical), many destinations on whatever port, by TCP, UDP and ping; from own hosts, and from
outside. Alarm at the fourth failed target; three are a weak sign that the centre adds up over actors.

Misses: a scan whose targets mostly answer; one by datagrams, or of one destination, that tries only ports above
32767; one that tries a target less often than the window is long; names instead of addresses (an attacker who
resolves each target first); what only a sampled or one-way source of flows saw.

Innocent: vulnerability scanners and monitoring (list them under allowed_scanners), peer-to-peer programs, a network
that was down; internet-wide research scanners; whoever looks for printers by SNMP. An outage of one destination is
one failure, not many; answers that come too late, to ports that programs call from, are none; a ping that the outside
does not answer is half of one. A clock, a resolver, a log or traps whose few servers are dead are no scan.

Do first: outward, ask who works at the host and stop it if nobody ordered it; inward, see whether any door opened.
"""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.queries.peers import observable_of
from bavn.actor.detect.queries.walk import (
    ALARM_NATS,
    FAIL_UNITS,
    FAILED_MIN,
    MODES,
    UNIT_NATS,
    WALKS_SQL,
    highest,
    steps_sql,
)
from bavn.actor.detect.telling import in_time
from bavn.actor.detect.wording import joined, number, span
from bavn.model.record import address_text, address_uuid
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

WALK_UNITS_MIN: Final = FAILED_MIN * FAIL_UNITS
WALKS_MAX: Final = 100_000
NAMED_TRIED_MAX: Final = 64
"""Groups of up to so many targets are walked again without those that have a name here: a program that was told a name
calls, a scan tries addresses."""
INWARD_P_TIMES: Final = 10.0
"""Whoever is on the internet is scanned all day long: worth a tenth of a host of one's own that scans."""
RESEARCH_NATS: Final = -3.0


ADVICE: Final = {
    True: Advice(
        Text("vulnerability scanners, monitoring, peer-to-peer programs and a network that was down look like this"),
        Text("ask who works at the machine, and stop it if nobody ordered it"),
    ),
    False: Advice(
        Text("whoever can be reached from the internet is scanned all day long"),
        Text("see whether any door opened, and what came through it then"),
    ),
}
"""Of own hosts, and from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One group of first contacts. ``key``: the port of a horizontal scan, the destination of a vertical one."""

    source: str
    mode: str
    proto: str
    key: str
    outward: bool
    walk: int
    total: int
    tried: int
    failed: int
    first_us: int
    last_us: int


class Scan:
    """See the module's text."""

    name = "scan"
    technique = "T1046"
    innocent = ADVICE[True].innocent
    tables = ("flow", "pair_hour")

    def candidates(self, context: DetectorContext) -> Found:
        walks, calm = _walks(context)
        best: dict[str, Walk] = {}
        for walk in sorted(walks, key=lambda w: (-w.walk, -w.failed, list(MODES).index(w.mode), w.proto, w.key)):
            best.setdefault(walk.source, walk)
        chosen = [walk for _, walk in sorted(best.items()) if walk.walk >= WALK_UNITS_MIN]
        targets = _first_targets(chosen, context)
        found = [_candidate(walk, targets.get(walk.source, walk.source), context) for walk in chosen]
        found.sort(key=lambda candidate: (-candidate.statistic, candidate.story))
        return Found(tuple(found[: context.settings.candidates_max]), _populations(walks, calm, context))


def _inside(source: str, network: Any) -> bool:
    address = ip_address(source)
    return bool(address.version == network.version and address in network)


Calm = list[tuple[bool, int, int]]
"""Outward, units failed, and how many groups."""


def _walks(context: DetectorContext) -> tuple[list[Walk], Calm]:
    allowed = [ip_network(text, strict=False) for text in context.settings.allowed_scanners]
    calm: Calm = []
    walks: dict[str, list[Walk]] = {mode: [] for mode in MODES}
    rows = context.window.rows(WALKS_SQL, {"limit": WALKS_MAX})
    for mode, source, proto, key, outward, walk, total, tried, failed, first, last in rows:
        if mode == "calm":
            calm.append((outward, walk, tried))
            continue
        walk_seen = Walk(
            source=address_text(source),
            mode=mode,
            proto=proto,
            key=address_text(UUID(key)) if mode == "vertical" else key,
            outward=outward,
            walk=walk,
            total=total,
            tried=tried,
            failed=failed,
            first_us=first,
            last_us=last,
        )
        if not any(_inside(walk_seen.source, network) for network in allowed):
            walks[mode].append(walk_seen)
    return [walk for mode in MODES for walk in _without_named(mode, walks[mode], context)], calm


def _without_named(mode: str, walks: list[Walk], context: DetectorContext) -> list[Walk]:
    """The outward walks of few targets once more, the failures that have a name here left out."""
    few = [walk for walk in walks if walk.outward and walk.tried <= NAMED_TRIED_MAX and mode != "vertical"]
    if not few:
        return walks
    columns: dict[str, list[str]] = {
        "place": [str(place) for place in range(len(few))],
        "src": [str(address_uuid(walk.source)) for walk in few],
        "proto": [walk.proto for walk in few],
    }
    if mode == "horizontal":
        columns["dst_port"] = [walk.key for walk in few]
    steps: dict[int, list[tuple[str, int]]] = {}
    for place, target, units in context.window.rows(steps_sql(mode), tables={"asked": pa.table(columns)}):
        steps.setdefault(int(place), []).append((address_text(target), int(units)))
    known = context.terms.addresses({target for taken in steps.values() for target, units in taken if units > 0})
    again = []
    for place, walk in enumerate(few):
        taken = [units for target, units in steps.get(place, []) if units < 0 or not known[target].names]
        values = {slot: getattr(walk, slot) for slot in Walk.__slots__}
        failed = sum(1 for units in taken if units > 0)
        again.append(Walk(**values | {"walk": highest(taken), "total": sum(taken), "failed": failed}))
    others = [walk for walk in walks if not (walk.outward and walk.tried <= NAMED_TRIED_MAX and mode != "vertical")]
    return others + again


def _populations(walks: list[Walk], calm: Calm, context: DetectorContext) -> dict[str, Tally]:
    """The walks of all groups on one port or of one destination, the calm ones by their few failures."""
    tallies: dict[str, Tally] = {}
    for outward in (True, False):
        few = [(units * UNIT_NATS, count) for out, units, count in calm if out is outward]
        many = [(_statistic(walk, context), 1) for walk in walks if walk.outward is outward and walk.mode != "mixed"]
        if few or many:
            values, counts = zip(*(few + many), strict=True)
            tallies[_population(outward)] = Tally.of(values, counts)
    return tallies


def _population(outward: bool) -> str:
    return "scan.out" if outward else "scan.in"


def _research(walk: Walk, context: DetectorContext) -> bool:
    return not walk.outward and context.terms.lists.is_research_scanner(address_uuid(walk.source).int)


def _statistic(walk: Walk, context: DetectorContext) -> float:
    return max(0.0, walk.walk * UNIT_NATS + (RESEARCH_NATS if _research(walk, context) else 0.0))


def _candidate(walk: Walk, first_target: str, context: DetectorContext) -> Candidate:
    """``first_target``: the own host that a source from outside tried first; the source itself where it is own."""
    source = observable_of(None, walk.source, context.window.homes) if not walk.outward else None
    service = walk.proto if walk.proto == "icmp" else f"{walk.proto}/{walk.key}" if walk.key else walk.proto
    target = walk.key if walk.mode == "vertical" else first_target
    return Candidate(
        population=_population(walk.outward),
        host=walk.source if walk.outward else target,
        peer=(walk.key if walk.mode == "vertical" else service) if walk.outward else walk.source,
        story=f"{'out' if walk.outward else 'in'} {walk.source}",
        statistic=_statistic(walk, context),
        observables=(source,) if source else (),
        first_us=walk.first_us,
        last_us=walk.last_us,
        hosts=1 if walk.outward or walk.mode == "vertical" else walk.tried,
        listed=_research(walk, context),
        what=_what(walk),
        against=_against(walk, _research(walk, context)),
        advice=ADVICE[walk.outward],
        why=_why(walk, service, _research(walk, context)),
        rows=RowsRef("pair_hour", (("src", walk.source),), walk.first_us, walk.last_us),
        technique=_technique(walk),
        p_times=1.0 if walk.outward else INWARD_P_TIMES,
        walk_nats=walk.total * UNIT_NATS,
        knock=""
        if walk.outward
        else f"{walk.proto}/*"
        if walk.mode != "horizontal" and walk.proto != "icmp"
        else service,
    )


def _technique(walk: Walk) -> str:
    if not walk.outward:
        return "T1595.001"
    return "T1018" if walk.proto == "icmp" else "T1046"


def _first_targets(walks: list[Walk], context: DetectorContext) -> dict[str, str]:
    """The own host that each source from outside tried first."""
    sources = sorted({str(address_uuid(walk.source)) for walk in walks if not walk.outward and walk.mode != "vertical"})
    if not sources:
        return {}
    sql = """SELECT src, first(dst ORDER BY first_ts, dst) FROM pair_hour JOIN asked ON src = asked.source::UUID
        WHERE is_home(dst) GROUP BY src ORDER BY src"""
    rows = context.window.rows(sql, tables={"asked": pa.table({"source": sources})})
    return {address_text(source): address_text(target) for source, target in rows}


def _what(walk: Walk) -> Text:
    tried, failed = number(walk.tried), number(walk.failed)
    who = Text("one machine") if walk.outward else Text("{source}, somebody outside,", source=walk.source)
    facts = {"who": who, "tried": tried, "failed": failed, "time": in_time(walk.first_us, walk.last_us)}
    text = Text("{who} tried to reach {tried} machines {time}; {failed} did not let it in").filled(**facts)
    if walk.mode == "vertical":
        text = Text("{who} tried {tried} ports of {key} {time}; {failed} were shut").filled(**facts, key=walk.key)
    elif walk.proto == "icmp":
        text = Text("{who} knocked at {tried} machines (ping) {time}; {failed} did not answer").filled(**facts)
    elif walk.mode == "horizontal":
        text = Text("{who} tried port {key} of {tried} machines {time}; {failed} did not let it in")
        text = text.filled(**facts, key=walk.key)
    return joined([text])


def _against(walk: Walk, research: bool) -> tuple[Text, ...]:
    parts = []
    if research:
        parts.append(Text("it is known to scan the whole internet for research"))
    if not walk.outward:
        parts.append(ADVICE[False].innocent)
    if walk.walk * UNIT_NATS < ALARM_NATS:
        parts.append(Text("it tried fewer than a scan does"))
    return tuple(parts)


def _why(walk: Walk, service: str, research: bool) -> Text:
    failed, tried, lasted = number(walk.failed), number(walk.tried), span(walk.last_us - walk.first_us)
    what = {
        "horizontal": Text("destinations on {service}", service=service),
        "vertical": Text("{proto} ports of {key}", proto=walk.proto, key=walk.key),
        "mixed": Text("destinations ({proto})", proto=walk.proto),
    }[walk.mode]
    alarm = walk.walk * UNIT_NATS >= ALARM_NATS
    height = number(walk.walk * UNIT_NATS, 1)
    parts = [
        Text(
            "{source} tried {tried} {what} in {lasted}; {failed} failed",
            source=walk.source,
            tried=tried,
            what=what,
            lasted=lasted,
            failed=failed,
        ),
        Text("added up they weigh {height}, and an alarm is raised at 4.6", height=height)
        if alarm
        else Text("added up they weigh {height}, too little for an alarm", height=height),
    ]
    if research:
        parts.append(Text("a scanner that is known to research"))
    return joined(parts)
