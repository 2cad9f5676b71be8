"""What may be asked of the indicators that a node keeps, by whoever may read its book while it runs.

Each takes ``rows``: a question in SQL and its values to all rows of the answer. Refuses to write.
"""

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from bavn.actor.protect.state import STANDS
from bavn.model.text import Text

Rows = Callable[..., Sequence[tuple[Any, ...]]]
_NAMED: Final = f"SELECT indicator_id, type, value, {STANDS} FROM protect_item"
_WHOLE: Final = (
    f"indicator_id, type, value, act, {STANDS}, rule, reason, until_us, decided_us, held, by, found, told,"
    " forced_us, version"
)


def every_item(rows: Rows) -> Sequence[tuple[Any, ...]]:
    """(id, type, value, act, standing for people, rule, reason, until) of all, by value."""
    return rows(
        f"SELECT indicator_id, type, value, act, {STANDS}, rule, reason, until_us FROM protect_item ORDER BY value"
    )


_SWITCH_WAITS: Final = "SELECT act FROM protect_wish WHERE act IN ('kill', 'revive') ORDER BY number DESC LIMIT 1"


def notes(rows: Rows, *names: str) -> dict[str, str]:
    """What is noted beside the indicators, such as ``kill_switch``, of those names that are there."""
    marks = ", ".join("?" * len(names))
    return dict(rows(f"SELECT name, value FROM protect_note WHERE name IN ({marks})", names))


def switch_waits(rows: Rows) -> str:
    """``kill`` or ``revive`` where a person turned the own kill switch and the node has not done it yet; else empty."""
    return next((act for (act,) in rows(_SWITCH_WAITS)), "")


def by_id(rows: Rows, indicator_id: str) -> Sequence[tuple[Any, ...]]:
    """(id, type, value, standing for people) of the indicator of this id."""
    return rows(f"{_NAMED} WHERE indicator_id = ?", (indicator_id,))


def by_value(rows: Rows, kind: str, value: str) -> Sequence[tuple[Any, ...]]:
    """(id, type, value, standing for people) of those that name this."""
    return rows(f"{_NAMED} WHERE type = ? AND value = ?", (kind, value))


def by_pattern(rows: Rows, pattern: str, limit: int) -> Sequence[tuple[Any, ...]]:
    """(id, type, value, standing for people) of at most so many whose value fits a pattern with * and ?."""
    return rows(f"{_NAMED} WHERE value GLOB ? LIMIT ?", (pattern, limit))


def of_addresses(rows: Rows) -> Sequence[tuple[Any, ...]]:
    """(id, type, value, standing for people) of all that name an address."""
    return rows(f"{_NAMED} WHERE type IN ('ip4', 'ip6')")


def that_name(rows: Rows, values: Collection[str]) -> Sequence[tuple[Any, ...]]:
    """(type, value, id, standing) of those that name one of these."""
    return rows(
        """SELECT type, value, indicator_id, standing FROM protect_item
        WHERE value IN (SELECT value FROM json_each(?))""",
        (json.dumps(sorted(values)),),
    )


def of_value(rows: Rows, kind: str, value: str, limit: int) -> Sequence[tuple[Any, ...]]:
    """(id, act, standing for people, until) of those that name this, the last decided first."""
    return rows(
        f"""SELECT indicator_id, act, {STANDS}, until_us FROM protect_item WHERE type = ? AND value = ?
        ORDER BY decided_us DESC, indicator_id LIMIT ?""",
        (kind, value, limit),
    )


def act_of(rows: Rows, indicator_id: str) -> tuple[Any, ...]:
    """(type, value, standing, act) of one that is there."""
    ((kind, value, standing, act),) = rows(
        "SELECT type, value, standing, act FROM protect_item WHERE indicator_id = ?", (indicator_id,)
    )
    return kind, value, standing, act


def counts_of(rows: Rows) -> dict[str, int]:
    """How many stand how, as people see it."""
    counts: dict[str, int] = dict(rows("SELECT standing, count(*) FROM protect_item GROUP BY standing"))
    if counts.pop("waiting", 0):
        counts |= dict(rows(f"SELECT {STANDS}, count(*) FROM protect_item WHERE standing = 'waiting' GROUP BY 1"))
    return counts


def blocked(rows: Rows) -> int:
    """How many are to be blocked."""
    found = rows("SELECT count(*) FROM protect_item WHERE standing = 'wanted' AND act = 'block'")
    return int(found[0][0]) if found else 0


def left_acts(rows: Rows, limit: int) -> Sequence[tuple[Any, ...]]:
    """(act, by) of what people left for the node's next step, the oldest first."""
    return rows("SELECT act, by FROM protect_wish ORDER BY number LIMIT ?", (limit,))


def left_on_items(rows: Rows) -> dict[str, tuple[str, str]]:
    """By indicator the (act, by) that a person left last for the node's next step: approve or lift."""
    asked = "SELECT indicator_id, act, by FROM protect_wish WHERE act IN ('approve', 'lift') ORDER BY number"
    return {indicator_id: (act, by) for indicator_id, act, by in rows(asked)}


def items_page(
    rows: Rows, words: str, like: str, standing: str, act: str, after: tuple[int, str] | None, limit: int
) -> Sequence[tuple[Any, ...]]:
    """At most ``limit`` behind (decided, id), the last decided first. ``words``: an id; ``like``: a pattern."""
    decided_us, indicator_id = after or (None, None)
    return rows(
        f"""SELECT {_WHOLE} FROM protect_item
        WHERE (? = '' OR {STANDS} = ?) AND (? = '' OR act = ?)
          AND (? = '' OR value LIKE ? ESCAPE '\\' OR indicator_id = ?)
          AND (? IS NULL OR decided_us < ? OR (decided_us = ? AND indicator_id > ?))
        ORDER BY decided_us DESC, indicator_id LIMIT ?""",
        (standing, standing, act, act, words, like, words, decided_us, decided_us, decided_us, indicator_id, limit),
    )


def whole_item(rows: Rows, indicator_id: str) -> tuple[Any, ...] | None:
    """As a row of ``items_page``, with the bundle that it came in behind it."""
    found = rows(f"SELECT {_WHOLE}, bundle FROM protect_item WHERE indicator_id = ?", (indicator_id,))
    return found[0] if found else None


def met_of(rows: Rows, indicator_id: str) -> Sequence[tuple[Any, ...]]:
    """(kind, count, first, last) of where it was met."""
    asked = "SELECT kind, count, first_us, last_us FROM protect_met WHERE indicator_id = ? ORDER BY kind"
    return rows(asked, (indicator_id,))


def hosts_hit(rows: Rows, indicator_id: str) -> int:
    """How many hosts its block has hit, as the rollback counts."""
    found = rows("SELECT count(*) FROM rollback_hit WHERE indicator_id = ?", (indicator_id,))
    return int(found[0][0]) if found else 0


TURN_WAITS: Final = Text(
    "It was turned off, and the centre has not proven that by its log: what was lifted stays so until it does, or until"
    " `log_proof` is false in the policy. Ask the centre."
)


def kill_switches(rows: Rows) -> list[Text]:
    """Why nothing of it is in force, where a kill switch is on: this actor's own, or the sector's, by whom and why; and
    how the own one was turned, where that waits for the node."""
    switches = notes(rows, "kill_switch", "sector_switch", "sector_switch_waits")
    waits = switch_waits(rows)
    sentences = []
    if switches.get("kill_switch") == "on":
        own = Text("Nothing is in force: the own kill switch is on.")
        sentences.append(own)
    if waits == "revive":
        sentences.append(Text("It was turned off, and the node has not done it yet."))
    if waits == "kill":
        sentences.append(Text("The own kill switch was turned on, and the node has not done it yet."))
    turned = json.loads(switches.get("sector_switch", "{}"))
    if turned.get("state") == "on":
        who = f"{turned['by']}: {turned['why']}"
        sentences.append(Text("Nothing is in force: the sector's kill switch is on ({who}).", who=who))
        if "sector_switch_waits" in switches:
            sentences.append(TURN_WAITS)
    return sentences
