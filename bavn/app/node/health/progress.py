"""Readers that get nowhere: bytes wait, none are taken in, for longer than a reader needs. Pure.

Silence is another thing (silent_sources.py): there nothing waits. Refuses to know why a reader stands.
"""

from collections.abc import Sequence
from typing import Final

from bavn.actor.sense.account import Figures
from bavn.app.process.problem import Problem
from bavn.model.health import PATIENT
from bavn.model.moment import SECOND_US
from bavn.model.spans import lasting
from bavn.model.text import Text

UNFINISHED_BYTES: Final = 4096
"""A line that its writer has not ended yet waits, and is nobody's fault, as long as nothing is added."""

PROGRESS_S_MAX: Final = 300
"""How long a source may take nothing in while bytes wait."""
PATIENT_TIMES: Final = 12


class Progress:
    """Remembers since when each source has taken nothing in. From one thread."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[int, int, int]] = {}

    def problems(self, sources: Sequence[Figures], now_us: int) -> list[Problem]:
        stuck = []
        for source in sources:
            taken = source.rows + source.passed + source.refused
            since = self._since.get(source.name)
            if since is None or since[0] != taken or not source.lag_bytes or source.lag_bytes < since[1]:
                self._since[source.name] = (taken, source.lag_bytes, now_us)
                continue
            waited_us = now_us - since[2]
            times = PATIENT_TIMES if source.name in PATIENT else 1
            grew = source.lag_bytes > since[1] or source.lag_bytes > UNFINISHED_BYTES
            if source.broken or not grew or waited_us <= times * PROGRESS_S_MAX * SECOND_US:
                continue
            text = Text(
                "{source} has taken nothing in for {waited}, and {lag_bytes:,} bytes wait",
                source=source.name,
                waited=lasting(waited_us),
                lag_bytes=source.lag_bytes,
            )
            stuck.append(Problem(code="no_progress", source=source.name, text=text))
        return stuck
