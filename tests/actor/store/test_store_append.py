"""What comes in stays, exactly once and exactly as it was; what cannot be a record's is refused and counted."""

import datetime as dt
import os
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.faults import StoreBusy, WrongColumns
from bavn.actor.store.intake import ARROW, FORGOTTEN, FUTURE, IMPOSSIBLE, NO_TIME, as_stored
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.segments.disk import Disk, PassingDisk
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.record import TABLES, address_uuid, create_table


def us(hour: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(0, dt.UTC).replace(tzinfo=None) + dt.timedelta(microseconds=int(hour * HOUR_US))


def test_every_table_comes_back_as_it_went_in_before_and_after_tidying(store, rows, hour0):
    sent = {}
    for number, (name, columns) in enumerate(TABLES.items()):
        full = {c.name: _value(c.type, number) for c in columns if c.name not in ("ts", "ts_end")}
        sent[name] = rows(name, [{**full, "ts": us(hour0)}, {"ts": us(hour0 + 0.5), "sensor": "t"}])
    assert store.append("a", "1", sent) == 2 * len(TABLES)
    for _ in range(2):
        with store.window(hour0 * HOUR_US, (hour0 + 1) * HOUR_US) as window:
            for name, table in sent.items():
                assert window.arrow(f"SELECT * FROM {name} ORDER BY ts").equals(table), name
        store.tidy()
        assert store.stats().micro_segments == 0


def _value(kind: str, number: int):
    return {
        "VARCHAR": f"væ'l{number}",
        "UUID": f"2001:db8::{number + 1}",
        "BOOLEAN": True,
        "VARCHAR[]": ["a", None],
        "TIMESTAMP": us(1),
        "UTINYINT": 255,
        "USMALLINT": 65535,
        "UINTEGER": 2**32 - 1,
        "UBIGINT": 2**64 - 1,
    }[kind]


@given(st.lists(st.integers(0, 2**128 - 1), min_size=1))
@settings(max_examples=30)
def test_addresses_keep_their_order_and_value_through_duckdb_and_arrow(numbers):
    with duckdb.connect(config={"arrow_lossless_conversion": True, "threads": 1}) as base:
        sent = pa.table({"x": pa.array([UUID(int=n).bytes for n in numbers], pa.uuid())})
        base.register("sent", sent)
        assert base.sql("SELECT x FROM sent").to_arrow_table().equals(sent)
        assert base.execute("SELECT x FROM sent ORDER BY x").fetchall() == [(UUID(int=n),) for n in sorted(numbers)]


def test_duckdbs_own_arrow_form_is_taken(store, hour0):
    with duckdb.connect(config={"arrow_lossless_conversion": True}) as base:
        base.execute(create_table("dns"))
        base.execute(
            "INSERT INTO dns (ts, src, dst, rrname, answered, answers) VALUES ($1, $2, $2, 'a.dk', TRUE, ['x', NULL])",
            [us(hour0), address_uuid("::1")],
        )
        batch = base.sql("FROM dns").to_arrow_table()
    assert batch.schema.field("answered").type == pa.bool8()
    store.append("a", "1", {"dns": batch})
    with store.window(0, 2**60) as window:
        assert window.rows("SELECT src, answered, answers, src_port FROM dns") == [
            (UUID(int=1), True, ["x", None], None)
        ]


def test_a_mark_that_is_kept_adds_nothing(store, rows, hour0):
    batch = {"flow": rows("flow", [{"ts": us(hour0)}])}
    assert store.mark("a") is None
    assert [store.append("a", "1", batch), store.append("a", "1", batch), store.append("b", "1", batch)] == [1, 0, 1]
    assert store.append("a", "2", {}) == 0
    assert (store.mark("a"), store.mark("b")) == ("2", "1")
    assert store.stats().rows == {"flow": 2}


@pytest.mark.parametrize("reopen", [False, True])
def test_late_rows_lie_in_their_own_hours(tmp_path, rows, hour0, reopen):
    with ColumnStore.open(tmp_path, StoreLimits(pack_bytes_max=1)) as store:
        store.append("a", "1", {"flow": rows("flow", [{"ts": us(hour0)}, {"ts": us(hour0 + 1)}])})
        store.tidy()
        store.append("a", "2", {"flow": rows("flow", [{"ts": us(hour0 - 3)}, {"ts": us(hour0 + 0.2)}])})
        if not reopen:
            store.tidy()
            assert {s.hour for s in store._manifest.segments("tbl = 'flow'")} == {hour0 - 3, hour0, hour0 + 1}
    with ColumnStore.open(tmp_path) as store, store.window(hour0 * HOUR_US, (hour0 + 1) * HOUR_US) as window:
        assert window.rows("SELECT count(*) FROM flow") == [(2,)]
        assert window.rows("SELECT hour, flows FROM pair_hour") == [(hour0, 2)]


def test_rows_with_impossible_times_are_counted_with_their_reason(tmp_path, rows, hour0, clock):
    limits = StoreLimits(age_days_max=2, future_hours_max=3)
    now = clock.us // HOUR_US
    hours = [now - 49, now - 48, now, now + 2.9, now + 3, 0, None, -1, 10_000 * 8766]
    batch = {
        "flow": rows("flow", [{"ts": None if h is None else us(h), "flow_id": i} for i, h in enumerate(hours[:7])])
    }
    late = pa.array([hours[7] * HOUR_US, hours[8] * HOUR_US], pa.int64()).cast(pa.timestamp("us"))
    at = batch["flow"].schema.get_field_index("ts")
    batch["dns"] = rows("dns", [{}, {}]).set_column(at, "ts", late)
    with ColumnStore.open(tmp_path / "a", limits, clock=clock) as store:
        assert store.append("a", "1", batch) == 3
        assert store.stats().refused == {FUTURE: 1, FORGOTTEN: 2, NO_TIME: 1, IMPOSSIBLE: 2}
        assert store.append("a", "1", batch) == 0
        assert sum(store.stats().refused.values()) == 6, "a batch that was kept already counts nothing again"
        with store.window(0, 2**62) as window:
            assert window.rows("SELECT flow_id FROM flow ORDER BY ALL") == [(1,), (2,), (3,)]
    with ColumnStore.open(tmp_path / "b", limits) as store:
        assert store.append("a", "1", batch) == 6, "without a clock a capture of 1970 is as good as any"
        assert store.stats().refused == {NO_TIME: 1, IMPOSSIBLE: 2}
        with store.window(0, HOUR_US) as window:
            assert window.rows("SELECT flow_id FROM flow") == [(5,)]


def test_known_from_is_when_a_sensor_watched_not_when_a_long_flow_began(store, rows, hour0):
    with store.window(0, 17) as window:
        assert window.known_from_us == 17, "an empty store knows nothing"
    store.append("a", "1", {"flow": rows("flow", [{"ts": us(hour0 - 90), "ts_end": us(hour0)}])})
    with store.window(0, 17) as window:
        assert window.known_from_us == hour0 * HOUR_US
    store.append("a", "2", {"dns": rows("dns", [{"ts": us(hour0 - 1)}]), "flow": rows("flow", [{"ts": us(hour0)}])})
    with store.window(0, 17) as window:
        assert window.known_from_us == (hour0 - 1) * HOUR_US


@pytest.mark.parametrize(
    "wrong",
    [
        {"flows": pa.table({"a": [1]})},
        {"flow": pa.table({"a": [1]})},
        {"flow": "reversed"},
        {"flow": "address as text"},
        {"flow": "time with a zone"},
    ],
)
def test_wrong_columns_are_the_programmers_error_and_keep_nothing(store, rows, hour0, wrong):
    name, what = next(iter(wrong.items()))
    good = rows("flow", [{"ts": us(hour0)}])
    if what == "reversed":
        what = good.select(list(reversed(good.column_names)))
    elif what == "address as text":
        what = good.set_column(2, "src", pa.array(["10.0.0.1"]))
    elif what == "time with a zone":
        what = good.set_column(0, "ts", good["ts"].cast(pa.timestamp("us", "UTC")))
    with pytest.raises(WrongColumns, match="flow"):
        store.append("a", "1", {name: what, "dns": rows("dns", [{"ts": us(hour0)}])})
    assert store.mark("a") is None
    assert store.stats().rows_total == 0


def test_texts_may_come_as_dictionary_large_or_view_and_empty_columns_as_null(rows, hour0):
    plain = rows("dns", [{"ts": us(hour0), "rrname": "a.dk", "answers": ["x"]}])
    at = plain.schema.get_field_index
    other = plain
    kinds = {"rrname": pa.large_string(), "sensor": pa.string_view(), "answers": pa.large_list(pa.string())}
    for name, kind in kinds.items():
        other = other.set_column(at(name), name, plain[name].cast(kind))
    other = other.set_column(at("rcode"), "rcode", pa.nulls(1))
    other = other.set_column(at("proto"), "proto", plain["proto"].dictionary_encode())
    assert as_stored("dns", other).equals(plain)
    assert all(column.type in ARROW for columns in TABLES.values() for column in columns)


def test_limits_are_above_zero_and_one_writer_works_at_a_time(tmp_path):
    with ColumnStore.open(tmp_path), pytest.raises(StoreBusy, match="stop it first"):
        ColumnStore.open(tmp_path)
    ColumnStore.open(tmp_path).close()
    with pytest.raises(ValueError, match="threads"):
        StoreLimits(threads=0)
    assert StoreLimits(age_days_max=None).age_days_max is None
    assert StoreLimits().age_days_max * DAY_US > 0


def test_appending_never_gathers_more_micro_segments_than_the_limit(tmp_path, rows, clock):
    limits = StoreLimits(micro_segments_max=3)
    with ColumnStore.open(tmp_path, limits, clock=clock) as store:
        for number in range(8):
            store.append("a", str(number), {"flow": rows("flow", [{"ts": us(clock.us / HOUR_US), "flow_id": number}])})
            assert store.stats().micro_segments <= 3
        with store.window(clock.us, clock.us + 1) as window:
            assert window.rows("SELECT flow_id FROM flow ORDER BY ALL") == [(n,) for n in range(8)]


def test_whatever_the_umask_a_store_is_its_owners_alone(tmp_path, rows, hour0):
    before = os.umask(0)
    try:
        with ColumnStore.open(tmp_path / "above" / "store", StoreLimits(threads=1)) as store:
            store.append("a", "1", {"flow": rows("flow", [{"ts": us(hour0)}])})
            store.tidy()
            with store.window(0, 2**60) as window:
                assert window.rows("SELECT count(*) FROM flow") == [(1,)]
            store.check()
            there = [tmp_path / "above", *(tmp_path / "above").rglob("*")]
            modes = {path: (path.is_dir(), path.stat().st_mode & 0o777) for path in there}
    finally:
        os.umask(before)
    assert set(modes.values()) == {(True, 0o700), (False, 0o600)}, modes


def test_a_passing_store_waits_for_no_disk(tmp_path, rows, hour0, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    for disk, waits in ((PassingDisk(), False), (Disk(), True)):
        with ColumnStore.open(tmp_path / str(waits), disk=disk) as store:
            store.append("a", "1", {"flow": rows("flow", [{"ts": us(hour0)}])})
            store.tidy()
            assert store.stats().rows["flow"] == 1
            assert store._manifest._number("PRAGMA synchronous") == (2 if waits else 0)
        assert bool(synced) == waits
