"""Which of the three ways in fits, what it will see and what not, and what it costs: one table of ways, no opinions.

What a machine must hold is reckoned from figures of docs/benchmarks.md; each stands here with its name.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from bavn.app.fit.answers import Answers, Carer
from bavn.app.fit.sources import EVERY, SEES, Source, named
from bavn.app.fit.way_in import Way
from bavn.model.text import Text

ROWS_HOST_DAY: Final = 30_000
"""20,000 flows of a host and day (a region of 50,000 hosts and 1e9 flows a day), and half as many names and handshakes.
Most hosts make fewer."""
ROW_BYTES: Final = 52.5
"""46 bytes a flow and 6.5 of roll-ups (docs/store.md)."""
DAYS_KEPT: Final = 28
ROWS_CPU_S: Final = 38_000
"""Sense, store and all detectors, a CPU second of work (`bench/sustained.py`, ten minutes)."""
PEAK: Final = 5
"""The busiest hour against the mean."""
GUARD_MB: Final = 300
LISTEN_MB: Final = 1024
NODE_MB: Final = 4096
NODE_LINE_MBIT: Final = 200
"""Up to here two cores and 4 GB carry node and Suricata; above it the sensor is sized by the packets it loses."""
NODE_HOURS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """``way`` in; ``why``; what it ``sees`` and ``misses``, by detector; the machine for it: ``cores``, ``memory_mb``,
    ``disk_gb``; ``duties``: what people must do, once or again and again; ``more``: what would make it see more."""

    way: Way
    why: tuple[Text, ...]
    sees: tuple[tuple[str, Text], ...]
    misses: tuple[tuple[str, Text], ...]
    cores: int
    memory_mb: int
    disk_gb: int
    duties: tuple[Text, ...]
    more: tuple[Text, ...]
    sources: tuple[str, ...]


_SENSOR_TOO_SMALL = Text("There is a place to listen, but no machine of two cores and {mb} MB for a sensor.")
_NOBODY_LOOKS = Text("A sensor makes suspicions that somebody must look at; less than an hour a week is there for it.")
_CARERS: Final[dict[Carer, Text]] = {
    "own": Text("Own people run it: `bavn node console` is their screen."),
    "operator": Text("The shared IT centre runs it beside its others, as a unit of its own: docs/scaling.md."),
    "supplier": Text("A supplier runs it: agree in writing who approves blocks and who answers the centre."),
    "nobody": Text("Nobody runs the IT: somebody must still be named who answers the telephone when a block hurts."),
}

_RESOLVER = Text("Once: point name resolution at the protected resolver (docs/ways-in.md).")
_FIREWALL = Text("Once: let the firewall read the list (docs/enforcers.md), and name what is never blocked.")
_EACH_WEEK = Text("Each week: look at `bavn node suspicions`, answer the sector's questions and tasks.")
_ONE_LOG = Text("One log is enough to see something: the resolver's, the firewall's or the proxy's (docs/logs.md).")
_NAMES = Text("The resolver's query log would show tunnels in names and made-up names.")
_INNER = Text("NetFlow of the inner switches or routers would show movement from machine to machine.")
_SENSOR = Text("A mirror port and a machine of two cores and 4 GB would show everything that is listed as missed.")
_TOO_SMALL = Text(
    "The machine that was named is smaller than that: give it more, or expect lag and loss at busy hours."
)


def fit(answers: Answers) -> Fit:
    """The way in for this actor. The same answers give the same fit."""
    sources = named(answers.sources)
    way, why = _way(answers, sources)
    used = tuple(source for source in sources if way == "watch" or not source.sensor)
    feeds = frozenset[str]() if way == "guard" else frozenset().union(*(source.feeds for source in used))
    cores, memory_mb, disk_gb = _machine(answers, way, used)
    small = answers.cores < cores or answers.memory_mb < memory_mb
    return Fit(
        way=way,
        why=why,
        sees=_named(feeds),
        misses=_named(EVERY - feeds),
        cores=cores,
        memory_mb=memory_mb,
        disk_gb=disk_gb,
        duties=_duties(answers, way, small=small),
        more=_more(answers, way, feeds),
        sources=() if way == "guard" else tuple(source.name for source in used),
    )


def _way(answers: Answers, sources: tuple[Source, ...]) -> tuple[Way, tuple[Text, ...]]:
    sensors = [source for source in sources if source.sensor]
    logs = [source for source in sources if source.feeds and not source.sensor]
    against: list[Text] = []
    if sensors:
        if answers.cores < 2 or answers.memory_mb < NODE_MB:
            against.append(_filled(_SENSOR_TOO_SMALL, mb=NODE_MB))
        if answers.hours_week < NODE_HOURS and answers.carer in ("own", "nobody"):
            against.append(_NOBODY_LOOKS)
        if not against:
            where = sensors[0].title
            return "watch", (
                Text("There is {where}, a machine for a sensor, and somebody who looks at what it finds.", where=where),
            )
    if logs and answers.memory_mb >= LISTEN_MB and answers.cores >= 1:
        return "listen", (
            *against,
            Text(
                "{logs} sources of logs or flows can be sent to one machine; nothing is put into the traffic's way.",
                logs=len(logs),
            ),
        )
    if logs:
        against.append(
            _filled(
                Text("Logs exist, but no machine of one core and {mb} MB to take them."),
                mb=LISTEN_MB,
            )
        )
    return "guard", (
        *against,
        Text("Without a source nothing can be seen; what the others saw still protects this actor."),
    )


def _machine(answers: Answers, way: Way, used: tuple[Source, ...]) -> tuple[int, int, int]:
    """Cores, MB and GB."""
    if way == "guard":
        return 1, GUARD_MB, 4
    share = max((1.0 if source.sensor else 0.5 for source in used if source.feeds), default=0.0)
    rows_day = answers.hosts * ROWS_HOST_DAY * share
    cores = max(1, ceil(rows_day / 86_400 * PEAK / ROWS_CPU_S))
    memory = LISTEN_MB if rows_day / 86_400 <= 1_000 else 2 * LISTEN_MB
    if any(source.name == "mirror" for source in used):
        cores, memory = cores + max(1, ceil(answers.line_mbit / NODE_LINE_MBIT)), max(NODE_MB, 2 * memory)
    return cores, memory, 4 + ceil(rows_day * DAYS_KEPT * ROW_BYTES / 1e9)


def _duties(answers: Answers, way: Way, *, small: bool) -> tuple[Text, ...]:
    duties = [_CARERS[answers.carer]]
    if answers.resolver:
        duties.append(_RESOLVER)
    else:
        duties.append(
            Text(
                "Name resolution cannot be pointed elsewhere: let the own resolver fetch the zone"
                " (docs/enforcers.md), or only the firewall's list protects."
            )
        )
    duties.append(_FIREWALL)
    if way != "guard":
        duties.append(_EACH_WEEK)
    if way == "watch" and answers.line_mbit > NODE_LINE_MBIT:
        duties.append(
            Text(
                "The line is wider than the {node_line_mbit} Mbit/s that two cores were sized for: watch the"
                " sensor's loss in `bavn node health` and add cores.",
                node_line_mbit=NODE_LINE_MBIT,
            )
        )
    if small:
        duties.append(_TOO_SMALL)
    return tuple(duties)


def _more(answers: Answers, way: Way, feeds: frozenset[str]) -> tuple[Text, ...]:
    more: list[Text] = []
    if way == "guard":
        more.append(_ONE_LOG)
    elif not {"dns_tunnel", "dga"} & feeds:
        more.append(_NAMES)
    if way == "listen" and "lateral" not in feeds:
        more.append(_INNER)
    if way == "listen" and not any(source.sensor for source in named(answers.sources)):
        more.append(_SENSOR)
    return tuple(more)


def _named(detectors: frozenset[str]) -> tuple[tuple[str, Text], ...]:
    return tuple((name, text) for name, text in SEES.items() if name in detectors)


def _filled(text: Text, **given: object) -> Text:
    return text.filled(**given)
