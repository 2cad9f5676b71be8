"""Lateral movement: a host that works its way into its neighbours by the administrators' own doors.

Sees: services, tasks, WMI, DCOM and WinRM started at another machine, most of all within ten minutes of a file on its
administrative share (MITRE BZAR); a directory replicated by what is no domain controller; forced log-ons, printer
drivers, secrets read, users listed; a named pipe of no known service that is spoken to for ten minutes or more, as one
implant does with the next; more new targets on administration's ports than the host's past and its peers explain; and
the chain: a first call in, then within a day a call on.

Misses: what is encrypted (SMB 3, RPC with privacy) beyond the doors that were knocked at; what starts at an
administrator's own machine and looks like their work; a single remote desktop or SSH session; hosts that the sensor
does not see talk to each other.

Innocent: administrators, software distribution, back-up, monitoring and vulnerability scanners. What a host has done on
many days, or what many do to the same machine, weighs less.

Do first: ask who works at the source and whether it was ordered; see what was started at the target and what the source
did just before, above all who called it.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import log2
from typing import Final

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.queries import acts
from bavn.actor.detect.queries.acts import KINDS
from bavn.actor.detect.queries.edges import Edges, Pair, known_edges
from bavn.actor.detect.queries.peers import observable_of
from bavn.actor.detect.telling import since
from bavn.actor.detect.terms import HOSTS_SMALL, KNOWN_DAYS_MIN, NEW_NATS, OLD_NATS, SHARE_FREE, SHARE_NATS_PER_BIT
from bavn.actor.detect.wording import joined, number, span
from bavn.model.moment import DAY_US
from bavn.model.record import address_text
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

STATISTIC_MIN: Final = 1.0
"""RPC into a machine that serves nobody, the weakest sign that is told."""
ROWS_MAX: Final = 200_000
PAIR_NATS: Final = 3.0
HABIT_DAYS_MIN: Final = 4
HABIT_SHARE: Final = 0.1
"""What is left of acts that were done on so many days, the first of them long ago: the house's own ways."""
MANAGED_MIN: Final = 5
MANAGER_SHARE: Final = 0.15
"""What is left at a new target of a host that has so many old ones: it administers."""
CHAIN_NATS: Final = {"outside": 1.5, "inside": 0.7}
OUTSIDE_NATS: Final = 2.0
"""Nobody administers from the internet."""
NAMED_MAX: Final = 4
TOLD_MAX: Final = 2
PLAIN: Final = {
    "wmi": Text("used remote administration (WMI)"),
    "dcom": Text("used programs from afar (DCOM)"),
    "winrm": Text("gave orders from afar (WinRM)"),
    "tool": Text("used a tool for remote control"),
    "pipe": Text("used a channel of file sharing that no known service has, again and again,"),
    "replicate": Text("fetched the directory's secrets, as only a domain controller may,"),
    "insist": Text("asked again and again which services there are"),
}
"""The acts whose own words are the craft's. No record says what was done by WMI or DCOM, so these do not."""


_ADMINISTRATION: Final = Text("administrators, software distribution, backup and monitoring do the same")
ADVICE: Final = {
    "outside": Advice(
        Text("a supplier who looks after the machine from outside does the same"),
        Text("ask whether a supplier has this way in, else close it; see what the machine did next"),
    ),
    "replicate": Advice(
        Text("a new domain controller, or a program that keeps directories alike, does the same"),
        Text("ask at once whether it is one of your domain controllers; if not, it knows the directory's passwords"),
    ),
    "prove": Advice(
        Text("a machine that has lost its password to the domain tries again and again too"),
        Text("see whether it succeeded, and whether the domain controller has the update against Zerologon"),
    ),
    "acts": Advice(
        _ADMINISTRATION,
        Text("ask who works at the machine and whether it was ordered; see what was started at the other one"),
    ),
    "files": Advice(
        Text("software distribution and backup lay files at other machines too"),
        Text("get hold of what was laid there without opening it; see under which account, and whether it was started"),
    ),
    "asked": Advice(
        _ADMINISTRATION,
        Text("ask who works at the machine and what for; see under which account it asked, and what it did next"),
    ),
    "many": Advice(
        Text("software distribution, backup and an inventory enter many machines in a day"),
        Text("ask who works at the machine; see what it did at the first of them, and what it had done just before"),
    ),
    "door": Advice(
        _ADMINISTRATION,
        Text("ask who works at the machine and what it does at the other one; see who had called it just before"),
    ),
}
"""By what is told of it."""


@dataclass(slots=True)
class LateralActivity:
    """Everything that one host did to another, and what is said of it. ``acts``: kind to (times, days). First and last
    moment are those of the acts, or of all that they said by TCP where there are none. ``before``: who had called the
    host in the day before; ``entered``: how many new machines it entered in a day."""

    pair: Pair
    acts: dict[str, tuple[int, int]] = field(default_factory=dict)
    first_us: int = 0
    last_us: int = 0
    nats: float = 0.0
    said: list[Text] = field(default_factory=list)
    against: list[Text] = field(default_factory=list)
    before: str | None = None
    entered: int = 0

    def took(self, first_us: int, last_us: int) -> None:
        self.first_us = min(self.first_us or first_us, first_us)
        self.last_us = max(self.last_us, last_us)


class Lateral:
    """See the module's text."""

    name = "lateral"
    technique = "T1021"
    innocent = _ADMINISTRATION
    tables = ("pair_hour", "smb", "dcerpc", "http")

    def candidates(self, context: DetectorContext) -> Found:
        edges = known_edges(context)
        stories = _stories(context, edges)
        managers = _managers(stories, context)
        crowd = Counter((story.pair[1], kind) for story in stories.values() for kind in story.acts)
        for story in stories.values():
            story.nats = max(0.0, _nats(story, crowd, managers, edges, context))
        best: dict[str, LateralActivity] = {}
        for story in sorted(stories.values(), key=lambda s: (-s.nats, s.pair)):
            best.setdefault(story.pair[0], story)
        for source, story in best.items():
            story.nats += _spread(story, edges.spread.get(source))
        # Ranked among hosts, as it is told of hosts: one that distributes software would be two hundred pairs.
        tally = Tally.of([story.nats for story in best.values()])
        made = [_candidate(story, context) for _, story in sorted(best.items()) if story.nats >= STATISTIC_MIN]
        made.sort(key=lambda candidate: (-candidate.statistic, candidate.story))
        return Found(tuple(made[: context.settings.candidates_max]), {self.name: tally} if tally.total else {})


def _stories(context: DetectorContext, edges: Edges) -> dict[Pair, LateralActivity]:
    """One for each pair of own hosts that talked by TCP, and for each pair of which an act is known."""
    activities: dict[Pair, LateralActivity] = {}
    for pair, (first, last) in edges.pairs.items():
        activities[pair] = LateralActivity(pair, first_us=first, last_us=last)
    tables = {"operations": acts.operations()}
    for src, dst, kind, count, first, last, days in context.window.rows(acts.ACTS_SQL, {"limit": ROWS_MAX}, tables):
        pair = address_text(src), address_text(dst)
        if edges.allowed(pair[0]) or (kind == "replicate" and pair[0] in edges.controllers):
            continue
        story = activities.setdefault(pair, LateralActivity(pair))
        if not story.acts:
            story.first_us, story.last_us = int(first), int(last)
        story.acts[kind] = (int(count), int(days))
        story.took(int(first), int(last))
    return activities


def _nats(
    story: LateralActivity,
    crowd: Counter[tuple[str, str]],
    managers: frozenset[str],
    edges: Edges,
    context: DetectorContext,
) -> float:
    """Acts, the door used, what is new, the chain; less habit and company."""
    source, target = story.pair
    total = sum(KINDS[kind].nats for kind in story.acts) + _door(story, edges)
    if not total:
        return 0.0
    if story.pair in edges.together:
        total += PAIR_NATS
    if not edges.is_home(source):
        total += OUTSIDE_NATS
    before = edges.before(source, target, story.first_us)
    if before is not None:
        total += CHAIN_NATS["inside" if edges.is_home(before) else "outside"]
        story.before = before
        story.said.append(Text("{before} had called {source} in the day before", before=before, source=source))
    return _share_left(story, managers, context) * (total + _novelty(story, context)) - _company(story, crowd, context)


def _door(story: LateralActivity, edges: Edges) -> float:
    """What the port alone says, where the target serves few: a work station has no reason to enter another."""
    door = edges.doors.get(story.pair)
    if door is None or (edges.serves(story.pair[1]) and not story.acts):
        return 0.0
    story.said.append(Text("over {named}", named=door.named))
    return door.nats


def _age(story: LateralActivity, context: DetectorContext) -> str:
    """``new`` where the store knew the actor for a week before, ``old`` after a week, else ``young``."""
    if context.window.last_us - story.first_us >= KNOWN_DAYS_MIN * DAY_US:
        return "old"
    return "new" if story.first_us - context.terms.known_from_us >= KNOWN_DAYS_MIN * DAY_US else "young"


def _novelty(story: LateralActivity, context: DetectorContext) -> float:
    age = _age(story, context)
    if age == "new":
        story.said.append(Text("it had never done so before"))
    return {"new": NEW_NATS, "old": OLD_NATS, "young": 0.0}[age]


def _managers(stories: dict[Pair, LateralActivity], context: DetectorContext) -> frozenset[str]:
    """Hosts that began long ago to enter or work at MANAGED_MIN others."""
    old = Counter(source for (source, _), story in stories.items() if story.acts and _age(story, context) == "old")
    return frozenset(source for source, count in old.items() if count >= MANAGED_MIN)


def _share_left(story: LateralActivity, managers: frozenset[str], context: DetectorContext) -> float:
    days = max((days for _, days in story.acts.values()), default=0)
    if days >= HABIT_DAYS_MIN and _age(story, context) == "old":
        story.against.append(Text("it has done so on {days} days before", days=number(days)))
        return HABIT_SHARE
    if story.pair[0] in managers:
        story.against.append(Text("it has long worked at many machines, as an administrator's does"))
        return MANAGER_SHARE
    return 1.0


def _company(story: LateralActivity, crowd: Counter[tuple[str, str]], context: DetectorContext) -> float:
    """What is taken off because other hosts do the same to this target."""
    if not story.acts:
        return 0.0
    company = min(crowd[story.pair[1], kind] - 1 for kind in story.acts)
    if company > 0:
        story.against.append(Text("other machines that do the same to it: {company}", company=number(company)))
    share = company / max(context.terms.hosts, HOSTS_SMALL)
    return SHARE_NATS_PER_BIT * log2(1 + share / SHARE_FREE)


def _spread(story: LateralActivity, spread: tuple[float, int] | None) -> float:
    """More new targets in a day than the past and the peers explain."""
    if spread is None:
        return 0.0
    nats, count = spread
    story.entered = count
    story.said.append(
        Text.counted(
            "it entered {count:,} new machine in a day by a port of administration",
            "it entered {count:,} new machines in a day by ports of administration",
            count,
        )
    )
    return nats


def _candidate(story: LateralActivity, context: DetectorContext) -> Candidate:
    source, target = story.pair
    outside = observable_of(None, source, context.window.homes)
    main = max(story.acts, key=lambda kind: (KINDS[kind].nats, kind), default=None)
    host, peer = (target, source) if outside else (source, target)
    return Candidate(
        population=Lateral.name,
        host=host,
        peer=peer,
        story=f"{'in' if outside else 'out'} {source}",
        statistic=story.nats,
        observables=(outside,) if outside else (),
        first_us=story.first_us,
        last_us=story.last_us,
        hosts=1,
        listed=False,
        what=_what(story, outside is not None, context),
        against=tuple(story.against),
        advice=_advice(story, outside is not None),
        why=_why(story),
        rows=_rows(story, main),
        technique=KINDS[main].technique if main else Lateral.technique,
    )


def _advice(story: LateralActivity, outside: bool) -> Advice:
    if outside:
        return ADVICE["outside"]
    for kind in ("replicate", "prove"):
        if kind in story.acts:
            return ADVICE[kind]
    if not story.acts:
        return ADVICE["many" if story.entered > 1 else "door"]
    if any(KINDS[kind].starts for kind in story.acts):
        return ADVICE["acts"]
    return ADVICE["files" if {"program", "write"} & story.acts.keys() else "asked"]


def _rows(story: LateralActivity, main: str | None) -> RowsRef:
    table = "pair_hour"
    if main in ("share", "write", "program", "tool", "pipe"):
        table = "smb"
    elif main == "winrm":
        table = "http"
    elif main not in (None, "insist"):
        table = "dcerpc"
    return RowsRef(table, (("src", story.pair[0]), ("dst", story.pair[1])), story.first_us, story.last_us)


def _what(story: LateralActivity, outside: bool, context: DetectorContext) -> Text:
    """Two of the acts at the most, the gravest first. WMI goes by DCOM: both are one act."""
    source, target = story.pair
    told = story.acts.keys() - ({"dcom"} if "wmi" in story.acts else set())
    done = sorted(told, key=lambda kind: (-KINDS[kind].nats, kind))[:TOLD_MAX]
    acts_done = [PLAIN.get(kind, KINDS[kind].says) for kind in done]
    facts: dict[str, object] = {
        "source": source,
        "target": target,
        "count": number(story.entered),
        "since": since(story.first_us, story.last_us, context.window.last_us),
    }
    if acts_done:
        both = len(acts_done) > 1
        facts["did"] = Text("{one} and {other}", one=acts_done[0], other=acts_done[1]) if both else acts_done[0]
    if outside:
        text = Text("{source}, a machine outside, {did} at one of your machines {since}")
        if not acts_done:
            text = Text("{source}, a machine outside, entered one of your machines {since}, the way administrators do")
    elif acts_done:
        text = Text("one machine {did} at another, {target}, {since}")
    elif story.entered > 1:
        text = Text("one machine entered {count} others that it had not been in before, within a day, {since}")
    else:
        text = Text("one machine entered another, {target}, the way administrators do, {since}")
    if story.before is not None:
        text = Text("{sentence}, after {before} had called it", sentence=text.filled(**facts), before=story.before)
        return joined([text])
    return joined([text.filled(**facts)])


def _why(story: LateralActivity) -> Text:
    source, target = story.pair
    done = sorted(story.acts, key=lambda kind: (-KINDS[kind].nats, kind))[:NAMED_MAX]
    lasted = span(story.last_us - story.first_us)
    if done:
        did = Text.joined(", ", [KINDS[kind].says for kind in done])
        first = Text("{source} {did} at {target}", source=source, did=did, target=target)
    else:
        first = Text("{source} entered {target}", source=source, target=target)
    parts = [first, *story.said]
    if story.last_us > story.first_us:
        parts.append(Text("over {lasted}", lasted=lasted))
    return joined(parts)
