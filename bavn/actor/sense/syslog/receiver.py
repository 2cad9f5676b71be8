"""Syslog that is sent to the node: a Source over what the listening thread put on disk.

What was taken is on disk before it counts, and is deleted when the store has it: a killed node loses nothing that it
counted as received. Refuses to know what the messages say: the formats of logs.py do.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from bavn.actor.formats.lines import LineColumn, Segment, line_column
from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine, of_file
from bavn.actor.sense.base import Batch, Loss, Passed, SourceBroken, mark_of_another
from bavn.actor.sense.documents.lines import line_parser
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.pace import GATHER_S, Pace
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.spool import Item, Spool, SpoolMark, sender_text
from bavn.actor.sense.syslog.admission import Admission, SyslogSettings
from bavn.actor.sense.syslog.sockets import QUEUE_FULL, TCP, TLS, UDP, Ears
from bavn.actor.sense.unread import read_or_refused
from bavn.model.text import Text

_CALLED: Final = {UDP: "udp", TCP: "tcp", TLS: "tls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogAddresses:
    """Where it listens: channel (UDP, TCP, TLS) to address:port; ``certificate``: files of the TLS certificate, its key
    and, where senders must show one, their authority."""

    listen: Mapping[int, str]
    certificate: tuple[Path, Path, Path | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogTiming:
    """``now_us``: the moment that a message came; ``tick``: seconds that never go back; ``gather_s``: how long messages
    gather before they are read."""

    now_us: Callable[[], int]
    tick: Callable[[], float] = time.monotonic
    gather_s: float = GATHER_S


class SyslogReceiver:
    """A Source, and Accounted. SourceBroken where it cannot listen."""

    def __init__(
        self,
        *,
        name: str,
        sensor: str,
        folder: Path,
        at: SyslogAddresses,
        settings: SyslogSettings,
        timing: SyslogTiming,
        zone: str = "UTC",
        mark: str | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._name = name
        self._parser = line_parser(engine or prepared(), sensor, name, zone=zone, live=True)
        tick = timing.tick
        self._pace = Pace(timing.gather_s, tick)
        try:
            if mark is not None:
                SpoolMark.parse(mark)
            self._spool = Spool(folder, mark, bytes_max=settings.spool_bytes_max)
        except ValueError as error:
            raise SourceBroken(mark_of_another(name)) from error
        except OSError as error:
            raise SourceBroken(
                of_file(folder, Text("cannot be used ({why}): let the node's user write it", why=error.strerror))
            ) from error
        self._admission = Admission(settings, tick)
        self._ears = Ears(self._spool, self._admission, settings, timing.now_us, tick)
        try:
            if TLS in at.listen:
                self._ears.encrypt(at.certificate)
            self.ports = {channel: self._ears.open(channel, where) for channel, where in sorted(at.listen.items())}
        except SourceBroken:
            self.close()
            raise
        self._ears.start()

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        if not self._pace.due(self._spool.waiting_bytes()):
            return
        turned_away = self._admission.take_refused()
        if turned_away:
            yield self._refusals(turned_away)
        for taken in self._spool.read():
            if taken.items:
                yield self._batch(taken.items, taken.mark.text())

    def go_back(self, mark: str | None) -> None:
        """See GoesBack."""
        self._spool.go_back(mark)

    def pass_over(self) -> Passed | None:
        """See PassesOver: the spool's file that is read."""
        count, head = self._spool.pass_over()
        loss = Loss(what="passed_over", count=count, unit="messages")
        return Passed(loss, head, self._spool.place()) if count else None

    def acknowledge(self, mark: str) -> None:
        self._spool.forget(mark)

    def lag_bytes(self) -> int:
        return self._spool.waiting_bytes()

    def close(self) -> None:
        self._ears.close()
        self._spool.close()

    def losses(self) -> Sequence[Loss]:
        admission, drops = self._admission, self._ears.kernel_drops()
        lost = admission.lost[QUEUE_FULL]
        return (
            Loss(what="kernel_drops", count=drops, unit="datagrams"),
            Loss(what=QUEUE_FULL, count=lost, unit="messages", of=admission.received + lost),
            Loss(what="spool_deleted", count=self._spool.deleted_messages, unit="messages"),
            Loss(what="spool_damaged", count=self._spool.damaged_bytes, unit="bytes"),
        )

    def counts(self) -> Mapping[str, int]:
        refused = {f"refused: {reason.row()}": count for reason, count in sorted(self._admission.refused.items())}
        return {**self._admission.counts(), **refused, "waiting_bytes": self._spool.waiting_bytes()}

    def _refusals(self, turned_away: Mapping[tuple[str, Text], int]) -> Batch:
        """What never came as far as the spool."""
        total = sum(turned_away.values())
        named: list[RefusedLine] = []
        for (sender, reason), count in sorted(turned_away.items()):
            named += [RefusedLine(f"syslog {sender}", 0, reason)] * min(count, REFUSALS_KEPT_MAX - len(named))
        return Batch(
            source=self._name, mark=self._spool.place(), tables={}, lines=total, refused=total, refusals=tuple(named)
        )

    def _batch(self, items: list[Item], mark: str) -> Batch:
        raw = b"\n".join(item.payload.replace(b"\n", b" ") for item in items)
        parsed = read_or_refused(Segment("syslog", 1, raw), lambda: self._parser.parse(column_of(items)))
        senders = {n: items[n - 1] for n in (refusal.line for refusal in parsed.refusals) if n}
        named = tuple(
            replace(r, file=_source_name(senders[r.line])) if r.line in senders else r for r in parsed.refusals
        )
        return Batch(
            source=self._name,
            mark=mark,
            tables=parsed.tables,
            lines=parsed.lines,
            passed=parsed.passed,
            refused=parsed.refused,
            extra=parsed.extra,
            refusals=named,
        )


def column_of(items: Sequence[Item]) -> LineColumn:
    """Messages as lines, each with when it came and from whom; a line end inside one becomes a space."""
    raw = b"".join(item.payload.strip(b"\r\n\x00").replace(b"\n", b" ") + b"\n" for item in items)
    column = line_column(Segment("syslog", 1, raw if not raw.startswith(b"\xef\xbb\xbf") else b"   " + raw[3:]))
    kept = column.table["n"].to_numpy()
    moments = np.array([item.us for item in items], np.int64)[kept]
    texts = {sender: sender_text(sender) for sender in {item.sender for item in items}}
    senders = pa.array([texts[items[n].sender] for n in kept], pa.string())
    table = column.table.append_column("received_us", pa.array(moments)).append_column("sender", senders)
    return LineColumn(column.file, column.first_line, column.count, table, column.refused)


def _source_name(item: Item) -> str:
    return f"syslog {sender_text(item.sender)} {_CALLED.get(item.channel, '')}".strip()
