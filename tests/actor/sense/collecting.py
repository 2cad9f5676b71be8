"""A collector without a socket: datagrams put into the spool by hand, at times that are given."""

from datetime import UTC
from types import SimpleNamespace

import pyarrow as pa

from bavn.actor.sense.flows.collector import FlowCollector, FlowProtocol
from bavn.actor.sense.flows.netflow import GAPS as NETFLOW_GAPS
from bavn.actor.sense.flows.netflow_decode import NetflowDecoder
from bavn.actor.sense.flows.receiver import Allowed
from bavn.actor.sense.flows.sflow import GAPS as SFLOW_GAPS
from bavn.actor.sense.flows.sflow_decode import SflowDecoder
from bavn.actor.sense.flows.spool import DATAGRAM, SLOT_US, TICK, Frame, SpoolWriter
from bavn.model.record import address_text, address_uuid

NOW_MS = 1_790_000_000_000 - 1_790_000_000_000 % 15_000
BOOT_MS = NOW_MS - 3_600_000
ROUTER = "10.0.0.1"


class Collecting:
    """``send`` datagrams, ``turn`` the clock over some slots, ``rows`` of all batches so far."""

    def __init__(self, folder, engine, kind="netflow"):
        self.folder, self.engine, self.kind, self.at_us = folder, engine, kind, NOW_MS * 1000
        self.batches, self.mark = [], None
        self._open()

    def _open(self):
        netflow = self.kind == "netflow"
        self.source = FlowCollector(
            name=self.kind,
            sensor="made",
            at=("127.0.0.1", 0),
            allowed=Allowed(("10.0.0.0/8",), "flow_exporters"),
            folder=self.folder,
            clock=None,
            protocol=FlowProtocol(
                made=NetflowDecoder if netflow else SflowDecoder,
                gaps=NETFLOW_GAPS if netflow else SFLOW_GAPS,
                wait_slots=1 if netflow else 4,
            ),
            mark=self.mark,
            engine=self.engine,
        )
        self._spool = SpoolWriter(self.folder, 1 << 30)
        self.source._receiver = SimpleNamespace(
            failure=None,
            received=0,
            kernel_drops=0,
            queue_full=0,
            close=lambda: None,
            strangers=0,
            buffer_bytes=0,
            port=0,
            connections=None,
        )

    def again(self):
        """As after a kill: nothing of the process is left, the store kept the last mark."""
        self._spool.close()
        self._open()

    def send(self, *datagrams, sender=ROUTER, after_s=0.0):
        self.at_us += int(after_s * 1_000_000)
        stored = address_uuid(sender).bytes
        self._spool.write([Frame(DATAGRAM, self.at_us, stored, data) for data in datagrams])
        return self

    def turn(self, slots=1):
        for _ in range(slots):
            self.at_us = (self.at_us // SLOT_US + 1) * SLOT_US
            self._spool.write([Frame(TICK, self.at_us, bytes(16))])
        return self

    def poll(self, keep=True):
        for batch in self.source.poll():
            self.batches.append(batch)
            self.mark = batch.mark
            if keep:
                self.source.acknowledge(batch.mark)
        return self

    def settled(self):
        """All that was sent has become what it becomes."""
        return self.turn(8).poll()

    def rows(self):
        tables = [batch.tables["flow"] for batch in self.batches if "flow" in batch.tables]
        return [shown(row) for table in tables for row in table.to_pylist()]

    def table(self):
        return pa.concat_tables([batch.tables["flow"] for batch in self.batches if "flow" in batch.tables])

    def refused(self):
        return [line.why.en for batch in self.batches for line in batch.refusals]

    def sums(self):
        return (
            sum(b.lines for b in self.batches),
            sum(b.rows for b in self.batches),
            sum(b.passed for b in self.batches),
            sum(b.refused for b in self.batches),
        )


def shown(row):
    aware = {name: row[name] and row[name].replace(tzinfo=UTC) for name in ("ts", "ts_end", "since")}
    return row | aware | {"src": address_text(row["src"]), "dst": address_text(row["dst"])}
