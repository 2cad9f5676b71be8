"""The canary's own source: one labelled name a run, handed to the store as any source hands it a record.

The row is a query of this machine to itself (loopback, which lies in no actor's networks) for a name that cannot
exist, at the moment of the newest record that is there: it moves no window, and no detector weighs it. It does not pass
through a sensor: that a sensor sees is proved by what it sends. Refuses to know when a canary is due.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from bavn.actor.sense.base import Batch
from bavn.actor.sense.dnstap.file import table_of
from bavn.model.record import address_uuid
from bavn.model.sector.canary import name_of

NAME: Final = "canary"
LOOPBACK: Final = "127.0.0.1"
PORT: Final = 53


@dataclass(frozen=True, slots=True)
class Wanted:
    """A canary that is to be put in: the ``run`` of the ``day``."""

    day: int
    run: int

    @property
    def mark(self) -> str:
        return f"{self.day}.{self.run}"

    @property
    def flow_id(self) -> int:
        """By this a run's row is told from another's of the same day."""
        return self.day * 100 + self.run


class CanarySource:
    """``wanted``: the canary that is due, or None. ``newest_us``: the newest record's moment; None for a store that
    never held one: then nothing is put in. ``kept`` hears a canary that the store has."""

    def __init__(
        self, wanted: Callable[[], Wanted | None], newest_us: Callable[[], int | None], kept: Callable[[Wanted], None]
    ) -> None:
        self._wanted, self._newest_us, self._kept = wanted, newest_us, kept
        self._given: Wanted | None = None

    @property
    def name(self) -> str:
        return NAME

    def poll(self) -> Iterator[Batch]:
        wanted = self._wanted()
        if wanted is None:
            return
        newest_us = self._newest_us()
        if newest_us is not None:
            self._given = wanted
            yield Batch(source=NAME, mark=wanted.mark, tables={"dns": rows(wanted, newest_us)}, lines=1)

    def acknowledge(self, mark: str) -> None:
        if self._given is not None and self._given.mark == mark:
            self._kept(self._given)

    def lag_bytes(self) -> int:
        return 0

    def close(self) -> None:
        self._given = None


def rows(wanted: Wanted, ts_us: int) -> pa.Table:
    """The one row of table dns."""
    here = address_uuid(LOOPBACK).bytes
    row: dict[str, Any] = {
        "ts": ts_us,
        "sensor": NAME,
        "src": here,
        "src_port": PORT,
        "dst": here,
        "dst_port": PORT,
        "proto": "udp",
        "flow_id": wanted.flow_id,
        "community_id": "",
        "rrname": name_of(wanted.day).value,
        "rrtype": "A",
        "rcode": "NXDOMAIN",
        "answered": True,
        "answers": [],
        "answer_bytes": 0,
        "ttl_s": 0,
    }
    return table_of([row])
