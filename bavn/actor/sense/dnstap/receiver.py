"""dnstap as a resolver sends it while it runs (unbound, BIND, knot): a socket that it connects to, over Frame Streams.

What comes is written to a spool before anything is made of it, as flow records are. A resolver does not wait for us: it
drops what it cannot send, and says so in its own log. Refuses to know what a row means.
"""

import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine, of_file, taken_in_not
from bavn.actor.sense.base import Batch, Loss, Passed, SourceBroken, mark_of_another
from bavn.actor.sense.dnstap.file import row_of, tabled, why_not
from bavn.actor.sense.dnstap.frames import CONTENT, tapped
from bavn.actor.sense.flows.receiver import Allowed, listen_at
from bavn.actor.sense.flows.spool import (
    DATAGRAM,
    DATAGRAM_BYTES_MAX,
    SLOT_US,
    STRANGERS,
    TICK,
    Frame,
    SpoolReader,
    SpoolWriter,
    Spot,
    Step,
)
from bavn.actor.sense.flows.streams import Cut, Streams, listening
from bavn.model.ports import Clock
from bavn.model.text import Text

SPOOL_BYTES_MAX: Final = 1 << 30
UNIX_PATH_LENGTH_MAX: Final = 107
_CONTROL_BYTES_MAX: Final = 512
_WAIT_S: Final = 0.25
_NOBODY: Final = bytes(16)
_ACCEPT, _START, _STOP, _READY, _FINISH = 1, 2, 3, 4, 5
_TOO_LARGE: Final = b"\0"
"""Stands for a message that is larger than the spool takes; refused as no dnstap message."""


def _control(kind: int, body: bytes = b"") -> bytes:
    return bytes(4) + (4 + len(body)).to_bytes(4) + kind.to_bytes(4) + body


ACCEPTED: Final = _control(_ACCEPT, (1).to_bytes(4) + len(CONTENT).to_bytes(4) + CONTENT)
FINISHED: Final = _control(_FINISH)


def dnstap_messages(part: bytearray) -> Cut:
    """Takes whole frames out of ``part``; answers the other side's READY and STOP (Frame Streams, bidirectional)."""
    messages: list[bytes] = []
    reply = b""
    while len(part) >= 4:
        length = int.from_bytes(part[:4])
        if length == 0:
            if len(part) < 8:
                break
            length = int.from_bytes(part[4:8])
            if not 4 <= length <= _CONTROL_BYTES_MAX:
                return [*messages, _TOO_LARGE], reply, True
            if len(part) < 8 + length:
                break
            kind, content = int.from_bytes(part[8:12]), bytes(part[12 : 8 + length])
            del part[: 8 + length]
            if kind == _STOP:
                return messages, reply + FINISHED, True
            if kind == _READY and CONTENT not in content:
                return messages, reply, True
            reply += ACCEPTED if kind == _READY else b""
            continue
        if length > DATAGRAM_BYTES_MAX:
            return [*messages, _TOO_LARGE], reply, True
        if len(part) < 4 + length:
            break
        messages.append(bytes(part[4 : 4 + length]))
        del part[: 4 + length]
    return messages, reply, False


class DnstapReceiver:
    """A Source. ``listen``: the path of a unix socket, or address:port. Nothing is opened before the first poll.
    SettingsError for a place that is none, SourceBroken for a mark that is not this source's."""

    def __init__(
        self,
        *,
        name: str,
        sensor: str,
        listen: str,
        senders: Sequence[str],
        folder: Path,
        clock: Clock,
        mark: str | None = None,
        spool_bytes_max: int = SPOOL_BYTES_MAX,
    ) -> None:
        self._name, self._sensor, self._folder, self._clock = name, sensor, folder, clock
        self._path = Path(listen) if "/" in listen else None
        self._at = ("", 0) if self._path else listen_at(listen, "dnstap_listen")
        self._allowed = Allowed(senders, "[node] homes")
        self._spool_bytes_max = spool_bytes_max
        self._reader = SpoolReader(folder, _spot(name, mark))
        self._ears: _Ears | None = None

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        """Starts listening at the first call."""
        if self._ears is None:
            self._ears = _Ears(self._listening(), self._stranger, self._folder, self._clock, self._spool_bytes_max)
            self._reader.written = self._ears.written
        for step in self._reader.steps():
            batch = self._batch(step)
            self._reader.done()
            if batch is not None:
                yield batch
        if self._ears.failure:
            raise SourceBroken(self._ears.failure)

    def pass_over(self) -> Passed | None:
        """See PassesOver: the step that is next."""
        count, raw = self._reader.pass_over()
        loss, spot = Loss(what="passed_over", count=count, unit="messages"), self._reader.spot
        return Passed(loss, raw, json.dumps([spot.segment, spot.offset])) if count else None

    def acknowledge(self, mark: str) -> None:
        self._reader.forget(_spot(self._name, mark))

    def lag_bytes(self) -> int:
        return self._reader.lag_bytes()

    def close(self) -> None:
        """What was received is in the spool and read at the next start."""
        if self._ears is not None:
            self._ears.close()
            self._ears = None
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def losses(self) -> Sequence[Loss]:
        full = 0 if self._ears is None else self._ears.queue_full
        return (
            Loss(what="queue_full", count=full, unit="messages"),
            Loss(what="spool_deleted", count=self._reader.lost, unit="messages"),
        )

    def counts(self) -> Mapping[str, int]:
        if self._ears is None:
            return {}
        return {"received_messages": self._ears.received, "connections": self._ears.streams.connections}

    def _stranger(self, host: str) -> bool:
        return bool(host) and self._allowed.stored(host) is None

    def _listening(self) -> socket.socket:
        try:
            return listening(self._at) if self._path is None else _unix(self._path)
        except OSError as error:
            where = self._path or f"{self._at[0]}:{self._at[1]}"
            raise SourceBroken(
                Text("dnstap cannot be received at {what} ({why})", what=where, why=error.strerror or error)
            ) from error

    def _batch(self, step: Step) -> Batch | None:
        rows: list[dict[str, Any]] = []
        refusals: list[RefusedLine] = []
        refused = passed = 0
        for frame in step.frames:
            if frame.kind == STRANGERS:
                refused += frame.count
                some = min(frame.count, REFUSALS_KEPT_MAX - len(refusals))
                refusals += [RefusedLine(self._name, 0, Text("from a sender outside the own networks"))] * some
            if frame.kind != DATAGRAM:
                continue
            try:
                row = row_of(tapped(frame.data), self._sensor)
            except Exception as error:  # noqa: BLE001  a stranger's message, and what its readers raise over it
                refused += 1
                reason = why_not(error, frame.data)
                if len(refusals) < REFUSALS_KEPT_MAX:
                    refusals.append(RefusedLine(self._name, 0, reason))
                continue
            if row is None:
                passed += 1
            else:
                rows.append(row)
        rows, table, bad = tabled(rows)
        refused += len(bad)
        refusals = (refusals + [RefusedLine(self._name, 0, reason) for reason in bad])[:REFUSALS_KEPT_MAX]
        lines = len(rows) + passed + refused
        if not lines:
            return None
        return Batch(
            source=self._name,
            mark=json.dumps([step.after.segment, step.after.offset]),
            tables={"dns": table} if rows else {},
            lines=lines,
            passed=passed,
            refused=refused,
            refusals=tuple(refusals),
        )


class _Ears:
    """The thread that puts what came over the connections into the spool."""

    def __init__(
        self, channel: socket.socket, stranger: Callable[[str], bool], folder: Path, clock: Clock, bytes_max: int
    ) -> None:
        self.received = self.queue_full = 0
        self.failure: Text | None = None
        try:
            self._spool = SpoolWriter(folder, bytes_max)
        except OSError as error:
            channel.close()
            raise SourceBroken(
                of_file(folder, Text("cannot be written ({why}): let the node's user write it", why=error.strerror))
            ) from error
        self._clock, self._last_us, self._slot, self._room = clock, 0, 0, True
        self.streams = Streams(channel, stranger, dnstap_messages)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dnstap", daemon=True)
        self._thread.start()

    @property
    def written(self) -> dict[int, int]:
        """See SpoolWriter."""
        return self._spool.written

    def close(self) -> None:
        self.streams.close()
        self._ended.set()
        self._thread.join(5)
        self._spool.close()

    def _run(self) -> None:
        more = True
        while more:
            more = not self._ended.wait(_WAIT_S)  # once more after the end
            try:
                self._turn()
                self.failure = None
            except OSError as error:
                self.failure = Text("the spool cannot be written ({why})", why=error.strerror)
            except Exception as error:  # noqa: BLE001  a stranger's message must not end what takes the others
                self.failure = taken_in_not(error)

    def _turn(self) -> None:
        now_us = self._last_us = max(self._last_us, self._clock.now_us())
        taken = [Frame(DATAGRAM, now_us, _NOBODY, data) for data, _ in self.streams.take()]
        self.received += len(taken)
        try:
            self._put(now_us, taken)
        except OSError:
            self.queue_full += len(taken)
            raise

    def _put(self, now_us: int, frames: list[Frame]) -> None:
        if now_us // SLOT_US != self._slot:
            self._slot = now_us // SLOT_US
            self._room = self._spool.room()
            self._spool.keep()
            strangers, self.streams.strangers = self.streams.strangers, 0
            said = [Frame(STRANGERS, now_us, _NOBODY, count=strangers)] if strangers else []
            frames = [Frame(TICK, now_us, _NOBODY), *said, *frames]
        if not self._room:
            full = [frame for frame in frames if frame.kind == DATAGRAM]
            frames = [frame for frame in frames if frame.kind != DATAGRAM]
            if frames:
                self._spool.write(frames)
            self.queue_full += len(full)
        elif frames:
            self._spool.write(frames)


def _unix(path: Path) -> socket.socket:
    """A socket at this path that the node's user and group may write to; one that a killed node left is replaced."""
    if len(str(path)) > UNIX_PATH_LENGTH_MAX:
        raise OSError(f"the path is longer than {UNIX_PATH_LENGTH_MAX} characters")
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()
    channel = socket.socket(socket.AF_UNIX)
    try:
        channel.bind(str(path))
        os.chmod(path, 0o660)  # noqa: PTH101  a socket has no Path of its own
        channel.listen()
    except BaseException:
        channel.close()
        raise
    return channel


def _spot(name: str, mark: str | None) -> Spot:
    if mark is None:
        return Spot(0, 0)
    try:
        match json.loads(mark):
            case [int(segment), int(offset)]:
                return Spot(segment, offset)
    except ValueError:
        pass
    raise SourceBroken(mark_of_another(name))
