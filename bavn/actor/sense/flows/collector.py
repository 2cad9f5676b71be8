"""A Source that flow records are sent to: receives, decodes, joins, and goes on after a kill where the store says.

What is known between two batches (templates, halves that wait, conversations that go on) is kept in a file whose name
stands in the mark, written before the batch is given. So the store's mark, the spool and the state always fit, and no
record counts twice. Refuses to know which protocol it collects.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import numpy as np
import pyarrow as pa

from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine, of_file
from bavn.actor.sense.base import Batch, Loss, Passed, SourceBroken, mark_of_another
from bavn.actor.sense.engine import Engine, TooMuch
from bavn.actor.sense.flows.exporters import Exporters
from bavn.actor.sense.flows.halves import HALF, Outcomes, table
from bavn.actor.sense.flows.join import empty_open, join, told_twice
from bavn.actor.sense.flows.receiver import SPOOL_BYTES_MAX, Allowed, Receiver
from bavn.actor.sense.flows.spool import DATAGRAM, STRANGERS, Frame, SpoolReader, Spot, Step
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.unread import unreadable
from bavn.model.malformed import UNREADABLE
from bavn.model.ports import Clock
from bavn.model.record import address_text
from bavn.model.text import Text

TWO_WAY_SEEN_MIN: Final = 20
TWO_WAY_SHARE_MIN: Final = 0.5
TWO_WAY_MEMORY: Final = 100_000
_STRANGE: Final = Text("a sender whom flow_exporters does not list")
_LATE: Final = Text("the state beside the spool is missing: what waited for its other half is lost")


class Decoder(Protocol):
    """Datagrams of one family of protocols -> halves."""

    exporters: Exporters

    def decode(self, frames: Sequence[Frame], out: Outcomes, now_us: int) -> None: ...

    def counts(self) -> dict[str, int]: ...

    def state(self) -> dict[str, Any]: ...


@dataclass(slots=True)
class CollectorState:
    """What is known between two steps. ``seen``: of each exporter, conversations with both directions and all."""

    decoder: Decoder
    waiting: pa.Table = field(default_factory=lambda: table(np.empty(0, HALF)))
    open: pa.Table = field(default_factory=empty_open)
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowProtocol:
    """What is collected. ``made``: a decoder that goes on from a state, or begins (None); ``gaps``: the losses that it
    counts, with their units; ``wait_slots``: how long a half waits for the other; ``streams``: over TCP, too."""

    made: Callable[[Any], Decoder]
    gaps: Mapping[str, str]
    wait_slots: int
    streams: bool = False


class FlowCollector:
    """``at``: address and port; ``folder``: its own, survives a restart. Nothing is opened before the first poll.
    SourceBroken for a mark that is not this source's."""

    def __init__(
        self,
        *,
        name: str,
        sensor: str,
        at: tuple[str, int],
        allowed: Allowed,
        folder: Path,
        clock: Clock,
        protocol: FlowProtocol,
        mark: str | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._name, self._sensor, self._at, self._allowed = name, sensor, at, allowed
        self._folder, self._clock, self._protocol = folder, clock, protocol
        self._engine = engine or prepared()
        self._twice = 0
        self._turn, spot = _parse_mark(name, mark)
        self._reader = SpoolReader(folder, spot)
        self._late = False
        self._known = self._restored(mark is not None)
        self._receiver: Receiver | None = None
        self._cut = 0
        self._made_ready: Batch | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def port(self) -> int:
        """Where it listens since the first poll."""
        return self._at[1] if self._receiver is None else self._receiver.port

    def poll(self) -> Iterator[Batch]:
        """Starts receiving at the first call."""
        if self._receiver is None:
            self._receiver = Receiver(
                self._at,
                self._allowed,
                self._folder,
                self._clock,
                spool_bytes_max=SPOOL_BYTES_MAX,
                streams=self._protocol.streams,
            )
            self._reader.written = self._receiver.written
        yield from self._kept()
        for step in self._reader.steps():
            self._made_ready = self._step(step)
            self._reader.done()
            yield from self._kept()
        if self._receiver.failure:
            raise SourceBroken(of_file(self._folder, self._receiver.failure, ": "))

    def _kept(self) -> Iterator[Batch]:
        """A step's batch, once the state that goes with it is on the disk: until then no further step is read, so that
        a disk that takes no state loses none of it."""
        batch = self._made_ready
        if batch is not None:
            self._keep()
            self._made_ready = None
            yield batch

    def pass_over(self) -> Passed | None:
        """See PassesOver: the step that is next."""
        count, raw = self._reader.pass_over()
        if not count:
            return None
        self._turn += 1
        self._keep()
        loss = Loss(what="passed_over", count=count, unit="datagrams")
        return Passed(loss, raw, json.dumps([self._turn, self._reader.spot.segment, self._reader.spot.offset]))

    def acknowledge(self, mark: str) -> None:
        """Forgets the datagrams and states before this mark."""
        turn, spot = _parse_mark(self._name, mark)
        self._reader.forget(spot)
        for path in self._folder.glob("*.state"):
            if path.stem.isdigit() and int(path.stem) < turn:
                path.unlink(missing_ok=True)

    def lag_bytes(self) -> int:
        return self._reader.lag_bytes()

    def close(self) -> None:
        """What was received is in the spool and read at the next start."""
        if self._receiver is not None:
            self._receiver.close()
            self._receiver = None

    def losses(self) -> Sequence[Loss]:
        """See Accounted."""
        receiver = self._receiver
        taken = 0 if receiver is None else receiver.received
        dropped = 0 if receiver is None else receiver.kernel_drops
        full = 0 if receiver is None else receiver.queue_full
        gaps = self._known.decoder.exporters.gaps
        return (
            Loss(what="kernel_drops", count=dropped, unit="datagrams", of=taken + dropped),
            Loss(what="queue_full", count=full, unit="datagrams", of=max(taken, full)),
            Loss(what="spool_deleted", count=self._reader.lost, unit="datagrams"),
            Loss(what="datagrams_cut", count=self._cut, unit="datagrams"),
            *(Loss(what=kind, count=gaps[kind], unit=unit) for kind, unit in self._protocol.gaps.items()),  # type: ignore[arg-type]
        )

    def counts(self) -> Mapping[str, int]:
        """See Accounted."""
        receiver = self._receiver
        counts = {"waiting_records": self._known.waiting.num_rows, "open_flows": self._known.open.num_rows}
        counts["told_twice_flows"] = self._twice
        if receiver is not None:
            counts |= {
                "received_datagrams": receiver.received,
                "strangers_datagrams": receiver.strangers,
                "receive_buffer_bytes": receiver.buffer_bytes,
            }
            if receiver.connections is not None:
                counts["connections"] = receiver.connections
        return counts | self._known.decoder.counts()

    def _step(self, step: Step) -> Batch | None:
        out, known = Outcomes(), self._known
        for frame in step.frames:
            if frame.kind == STRANGERS:
                out.refuse(_text(frame.address), _STRANGE, frame.count)
        self._cut += step.cut
        if step.cut:
            out.refuse(self._name, Text("a datagram that a sudden end cut off"), step.cut)
        if self._late:
            out.refuse(self._name, _LATE)
            self._late = False
        datagrams = [frame for frame in step.frames if frame.kind == DATAGRAM]
        known.decoder.decode(datagrams, out, step.frames[-1].at_us)
        halves = np.concatenate(out.halves) if out.halves else np.empty(0, HALF)
        if not len(halves) and not known.waiting.num_rows and not out.refused and not out.passed:
            return None
        flows, records = self._joined(halves, step, out)
        refused = out.refused.total()
        passed = out.passed + records - flows.num_rows
        lines = flows.num_rows + passed + refused
        if not lines:
            return None
        self._turn += 1
        return Batch(
            source=self._name,
            mark=json.dumps([self._turn, step.after.segment, step.after.offset]),
            tables={"flow": flows} if flows.num_rows else {},
            lines=lines,
            passed=passed,
            refused=refused,
            refusals=_exactly(out.named(), refused),
        )

    def _joined(self, halves: Any, step: Step, out: Outcomes) -> tuple[pa.Table, int]:
        known = self._known
        exporters = pa.table(
            {
                "exporter": pa.array(range(len(known.decoder.exporters.names)), pa.uint32()),
                "sensor": pa.array([f"{self._sensor}/{name}" for name in known.decoder.exporters.names], pa.string()),
                "two_way": pa.array([self._two_way(n) for n in range(len(known.decoder.exporters.names))], pa.bool_()),
            }
        )
        fresh = table(halves)
        for some in (fresh, fresh.schema.empty_table()):
            try:
                joined = join(
                    self._engine,
                    some,
                    known.waiting,
                    known.open,
                    exporters,
                    slot=step.slot,
                    wait_slots=self._protocol.wait_slots,
                    now_us=step.frames[-1].at_us,
                )
                break
            except Exception as error:  # noqa: BLE001  it is in the records of this step, or in those that wait
                too_much = isinstance(error, TooMuch)
                why = unreadable(error, b"")
                if some is fresh:
                    reason = Text("more at once than the memory for reading holds") if too_much else why
                    out.refuse(self._name, reason, int(halves["counts"].sum()))
        else:
            reason = Text("more waiting than the memory for reading holds") if too_much else why
            out.refuse(self._name, reason, _records(known.waiting))
            known.waiting = known.waiting.schema.empty_table()
            return pa.table({}), 0
        known.waiting, known.open = joined.waiting, joined.open
        if joined.flows.num_rows and len(known.decoder.exporters.names) > 1:
            self._twice += told_twice(self._engine, joined.flows)
        for exporter, (both, every) in joined.seen.items():
            old = known.seen.get(exporter, (0, 0))
            fresher = 2 if old[1] > TWO_WAY_MEMORY else 1
            known.seen[exporter] = (old[0] // fresher + both, old[1] // fresher + every)
        return joined.flows, joined.records

    def _two_way(self, exporter: int) -> bool:
        """Whether it is known to tell both directions: only then a missing one is a missing answer."""
        both, every = self._known.seen.get(exporter, (0, 0))
        return every >= TWO_WAY_SEEN_MIN and both >= TWO_WAY_SHARE_MIN * every

    def _state_file(self) -> Path:
        return self._folder / f"{self._turn:012}.state"

    def _keep(self) -> None:
        """The state as it is with the batch that follows. SourceBroken where it cannot be written."""
        known, path = self._known, self._state_file()
        said = {"decoder": known.decoder.state(), "seen": [[n, *counts] for n, counts in known.seen.items()]}
        head = known.waiting.schema.with_metadata({"bavn": json.dumps(said)})
        try:
            with path.with_suffix(".part").open("wb") as file:
                for schema, rows in ((head, known.waiting), (known.open.schema, known.open)):
                    options = pa.ipc.IpcWriteOptions(compression="lz4")
                    with pa.ipc.new_stream(file, schema, options=options) as writer:
                        writer.write_table(rows)
                file.flush()
                os.fdatasync(file.fileno())
            path.with_suffix(".part").replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                path.with_suffix(".part").unlink()
            raise SourceBroken(
                of_file(path, Text("cannot be written ({why}): make room", why=error.strerror))
            ) from error

    def _restored(self, begun: bool) -> CollectorState:
        if not begun:
            return CollectorState(self._protocol.made(None))
        try:
            with self._state_file().open("rb") as file:
                with pa.ipc.open_stream(file) as reader:
                    state = json.loads(reader.schema.metadata[b"bavn"])
                    waiting = reader.read_all().replace_schema_metadata(None)
                with pa.ipc.open_stream(file) as reader:
                    still = reader.read_all()
            seen = {int(n): (int(both), int(every)) for n, both, every in state["seen"]}
            return CollectorState(self._protocol.made(state["decoder"]), waiting, still, seen)
        except (*UNREADABLE, pa.ArrowException):
            self._late = True
            return CollectorState(self._protocol.made(None))


def _records(waiting: pa.Table) -> int:
    return int(np.asarray(waiting["counts"]).sum())


def _text(address: bytes) -> str:
    return address_text(UUID(bytes=address))


def _exactly(named: tuple[RefusedLine, ...], refused: int) -> tuple[RefusedLine, ...]:
    return named[: min(refused, REFUSALS_KEPT_MAX)]


def _parse_mark(name: str, mark: str | None) -> tuple[int, Spot]:
    if mark is None:
        return 0, Spot(0, 0)
    try:
        match json.loads(mark):
            case [int(turn), int(segment), int(offset)]:
                return turn, Spot(segment, offset)
    except ValueError:
        pass
    raise SourceBroken(mark_of_another(name))
