"""Rows as a store keeps them, and a window over them."""

from contextlib import contextmanager
from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.model.moment import HOUR_US
from bavn.model.record import TABLES, address_uuid

HOUR0 = 494_000
BEGIN = datetime(1970, 1, 1) + timedelta(hours=HOUR0)  # noqa: DTZ001 (as the store keeps it)
_ARROW = {
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR": pa.string(),
    "USMALLINT": pa.uint16(),
    "UBIGINT": pa.uint64(),
    "UINTEGER": pa.uint32(),
    "UTINYINT": pa.uint8(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
}
FLOW = {
    "src": "10.0.0.9",
    "dst": "10.0.0.5",
    "src_port": 40000,
    "proto": "tcp",
    "bytes_toserver": 100,
    "bytes_toclient": 100,
    "pkts_toserver": 1,
    "pkts_toclient": 1,
    "failed": False,
    "flow_id": 1,
}


def table(name, rows):
    columns = {}
    for column in TABLES[name]:
        values = [row.get(column.name) for row in rows]
        if column.type == "UUID":
            raw = pa.array([None if v is None else address_uuid(v).bytes for v in values], pa.binary(16))
            columns[column.name] = pa.ExtensionArray.from_storage(pa.uuid(), raw)
        else:
            values = [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in values]
            columns[column.name] = pa.array(values, _ARROW[column.type])
    return pa.table(columns)


def filled(rows):
    """Whatever a row leaves out: ends, a time a minute after the one before, a flow's counters."""
    for kind, those in rows.items():
        for number, row in enumerate(those):
            base = (
                FLOW if kind == "flow" else {key: FLOW[key] for key in ("src", "dst", "src_port", "proto", "flow_id")}
            )
            ts = BEGIN + timedelta(minutes=number % 50)
            those[number] = {"ts": ts, "sensor": "s", "dst_port": 443, **base, **row}
            if kind == "flow":
                those[number].setdefault("ts_end", those[number]["ts"])
    return rows


@pytest.fixture
def kept(tmp_path):
    """(rows) -> path of a store that holds them."""
    made = []

    def keep(path=None, **rows):
        path = path or tmp_path / f"store{len(made)}"
        made.append(path)
        with ColumnStore.open(path, StoreLimits(age_days_max=None)) as store:
            store.append("a", "1", {name: table(name, those) for name, those in filled(rows).items()})
            store.tidy()
        return path

    return keep


@pytest.fixture
def window(kept):
    """(rows) -> a window over a store that holds them, days of history before."""
    from bavn.actor.store.history import History

    @contextmanager
    def opened(hours=1, **rows):
        path = kept(**rows)
        with (
            History.read(path, homes=("10.0.0.0/8", "fd00::/8")) as history,
            history.window(HOUR0 * HOUR_US, (HOUR0 + hours) * HOUR_US) as made,
        ):
            yield made

    return opened
