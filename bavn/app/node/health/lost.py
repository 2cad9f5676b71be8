"""What was lost for good, remembered until a person has said that they know of it, or it is long enough ago.

A share (packets that a sensor dropped) is judged by its rate and over when it falls; what is lost whole (rows,
messages, files) happened and stays said, over restarts too. Refuses to know what loses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bavn.app.node.health.words import UNITS, loss
from bavn.app.process.problem import Problem
from bavn.model.malformed import MALFORMED
from bavn.model.moment import DAY_US, iso
from bavn.model.text import Text

SAID_US: Final = DAY_US
"""So long what was lost stays said, unless a person acknowledges it before (node health --acknowledge)."""
LOST_MAX: Final = 200
"""Kinds of loss that are remembered at most, the latest ones."""
OF_THE_STORE: Final = ("set_aside", "manifest", "segments_unread")
"""What breaks the promise that the store is whole."""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """``count`` of ``unit`` lost by ``source`` since ``since_us``; the latest at ``latest_us``."""

    source: str
    what: str
    unit: str
    count: int
    since_us: int
    latest_us: int

    def problem(self) -> Problem:
        kind, unit = loss(self.what), UNITS.get(self.unit, Text.plain(self.unit))
        since = iso(self.since_us)[:16] + "Z"
        text = Text(
            "{source}: {count} {unit} lost since {since}: {kind}",
            source=self.source,
            count=self.count,
            unit=unit,
            since=since,
            kind=kind,
        )
        code = "store_damaged" if self.what in OF_THE_STORE else f"lost_{self.what}"
        return Problem(code=code, source=self.source, text=text)


class LostBook:
    """``kept``: what ``as_json`` gave before a restart. From one thread."""

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        self._lost: dict[Key, Lost] = {}
        self._seen: dict[Key, int] = {}
        self._lasting: dict[str, int] = {}
        try:
            for one in (kept or {}).get("lost", []):
                entry = Lost(**{name: one[name] for name in Lost.__dataclass_fields__})
                self._lost[entry.source, entry.what] = entry
            self._lasting = {str(name): int(count) for name, count in (kept or {}).get("lasting", {}).items()}
        except MALFORMED:
            self._lost.clear()

    def count(self, source: str, what: str, unit: str, total: int, now_us: int, *, lasting: bool = False) -> None:
        """``total``: lost since this process began; where ``lasting``, since ever."""
        key, name = (source, what), f"{source}/{what}"
        before = self._lasting.get(name, 0) if lasting else self._seen.get(key, 0)
        if lasting:
            self._lasting[name] = total
        self._seen[key] = total
        if total <= before:
            return
        entry = self._lost.pop(
            key, Lost(source=source, what=what, unit=unit, count=0, since_us=now_us, latest_us=now_us)
        )
        self._lost[key] = replace(entry, count=entry.count + total - before, latest_us=now_us)
        while len(self._lost) > LOST_MAX:
            del self._lost[next(iter(self._lost))]

    def forget(self, now_us: int, acknowledged_us: int) -> None:
        """What is long ago, and what happened before a person said that they know of it."""
        self._lost = {
            key: one
            for key, one in self._lost.items()
            if one.latest_us > acknowledged_us and now_us - one.latest_us < SAID_US
        }

    def problems(self) -> Sequence[Problem]:
        return [one.problem() for one in self._lost.values()]

    def as_json(self) -> dict[str, Any]:
        """As it stands in health.json."""
        return {
            "lost": [{name: getattr(one, name) for name in Lost.__dataclass_fields__} for one in self._lost.values()],
            "lasting": dict(self._lasting),
        }
