"""What Suricata's own statistics say of packets that were lost, added up over its restarts.

Suricata counts from zero at each start. On AF_PACKET its ``capture_packets`` are all that the kernel counted, the
dropped ones included. Refuses to judge how much is too much.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from bavn.actor.sense.base import Loss

_COUNTERS: Final = ("capture_packets", "capture_drops", "flow_memcap", "decoder_invalid", "tcp_sessions", "stream_gaps")
_ZERO: Final = (0,) * len(_COUNTERS)


@dataclass(slots=True)
class StatsTally:
    """``packets``, ``drops``: since this was made; ``sessions``, ``gaps``: TCP connections put together and holes in
    them, which tell of loss that no counter of the kernel's shows (a mirror port that is too narrow).
    ``recent_permille``: drops in 1/1000 of the packets of the last
    interval that had any. ``seen``: how many lines of statistics were taken in."""

    packets: int = 0
    drops: int = 0
    memcap: int = 0
    recent_permille: int = 0
    recent_drops: int = 0
    seen: int = 0
    sessions: int = 0
    gaps: int = 0
    _last: tuple[int, ...] = _ZERO

    def begin(self) -> None:
        """A Suricata was started: its counters begin at zero."""
        self._last = _ZERO

    def take(self, tables: Mapping[str, pa.Table]) -> None:
        """The stats rows of a batch, if it has any, in the order in which they were logged."""
        table = tables.get("stats")
        if table is None:
            return
        for row in table.select(list(_COUNTERS)).to_pylist():
            now = tuple(int(row[name] or 0) for name in _COUNTERS)
            # Fewer packets than before: another Suricata, which counts from zero.
            last = self._last if now[0] >= self._last[0] else _ZERO
            packets, drops, memcap = (max(0, now[i] - last[i]) for i in range(3))
            self.packets += max(packets, drops)
            self.drops += drops
            self.memcap += memcap
            self.sessions += max(0, now[4] - last[4])
            self.gaps += max(0, now[5] - last[5])
            self.seen += 1
            self.recent_drops = drops
            if packets:
                self.recent_permille = min(1000, -(-1000 * drops // packets))
            self._last = now

    def losses(self) -> tuple[Loss, ...]:
        return (
            Loss(what="capture_drops", count=self.drops, unit="packets", of=self.packets),
            Loss(what="flow_memory_full", count=self.memcap, unit="flows"),
            Loss(what="stream_gaps", count=min(self.gaps, self.sessions), unit="connections", of=self.sessions),
        )
