"""Which rules' alerts most of the sector has day after day, as the commons told a node: what it may silence.

Refuses to silence anything: a person reads the rule first (`bavn node rules threshold`, `disable`).
"""

from dataclasses import dataclass
from pathlib import Path

from bavn.actor.door.rounds.commons_table import GROUPS_SQL, alerts_of
from bavn.app.analyst.next_door import how_many
from bavn.app.config.load import read_node
from bavn.app.node.book_queries import asks
from bavn.app.node.rule_keeper import OWN_SIDS
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.moment import DAY_US
from bavn.model.sector.known_days import EDGES
from bavn.model.text import Text


@dataclass(frozen=True, slots=True)
class NoisyRule:
    """``days``: of the last fourteen, on which so many had it; ``known``: how many had it when it was listed last."""

    sid: int
    gid: int
    days: int
    known: Text


def noisy_rules(config: Path, groups: int, days_min: int) -> list[NoisyRule]:
    """Those that ``groups`` or more had on ``days_min`` of the last fourteen days, most days first. Stop for a number
    of groups that is no edge of the buckets; none where the policy takes no part."""
    if groups not in EDGES:
        edges = ", ".join(map(str, EDGES))
        raise Stop(Exit.USAGE, Text("the commons tell of {edges} organisations or more: give one of them", edges=edges))
    if not read_node(config).door.join_commons:
        return []
    today = SystemClock().now_us() // DAY_US
    noise = []
    with asks(config) as rows:
        last = rows(GROUPS_SQL)
        every = alerts_of(rows)
    took_part = int(last[0][0]) if last and last[0][0] else None
    for kind, known in every:
        gid, _, sid = kind.value.partition(":")
        days = known.days_at(groups, today)
        if days >= days_min and gid.isdecimal() and sid.isdecimal() and not any(int(sid) in own for own in OWN_SIDS):
            noise.append(NoisyRule(int(sid), int(gid), days, how_many(known.buckets[0], took_part)))
    return sorted(noise, key=lambda one: (-one.days, one.sid, one.gid))
