"""A window shows exactly its span, reads only the files of it, and lives on while the history changes behind it."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.faults import StoreBroken
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query import window as store_window
from bavn.actor.store.segments.rollup import domain_of
from bavn.actor.store.segments.segment import ROLLUPS, description, layout
from bavn.actor.store.segments.views import MANY_MACHINES, is_home_sql, one_machine_sql
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.observable import DOMAIN_LENGTH_MAX
from bavn.model.ports import Store, Window
from bavn.model.record import TABLES, address_uuid, range_uuids


def at(us: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(0, dt.UTC).replace(tzinfo=None) + dt.timedelta(microseconds=us)


def test_the_store_is_what_the_ports_say_and_a_window_let_go_of_holds_nothing(store, rows, hour0):
    kept: Store = store
    with store.window(3, 9) as opened:
        seen: Window = opened
        assert (seen.first_us, seen.last_us, seen.homes) == (3, 9, ("10.0.0.0/8", "fd00::/8"))
    assert kept.mark("nobody") is None
    store.append("a", "1", {"flow": rows("flow", [{"ts": at(hour0 * HOUR_US)}])})
    store.window(0, 2**60).rows("FROM flow")
    assert store.tidy().deleted == 1


@pytest.mark.slow
def test_the_span_is_exact_to_the_microsecond_for_rows_and_whole_hours_for_rollups(store, rows, hour0):
    edges = [hour0 * HOUR_US + k for k in (-1, 0, 1, HOUR_US - 1, HOUR_US, HOUR_US + 1, 2 * HOUR_US)]
    store.append("a", "1", {"flow": rows("flow", [{"ts": at(us), "flow_id": us} for us in edges])})
    for _ in range(2):
        for first, last in [
            (edges[1], edges[4]),
            (edges[2], edges[4]),
            (edges[1] + 5, edges[1] + 6),
            (edges[2], edges[5]),
        ]:
            with store.window(first, last) as window:
                assert window.rows("SELECT flow_id FROM flow ORDER BY ALL") == [
                    (us,) for us in edges if first <= us < last
                ]
                hours = range(first // HOUR_US, -(-last // HOUR_US))
                assert window.rows("SELECT hour, flows FROM pair_hour ORDER BY ALL") == [
                    (hour, sum(us // HOUR_US == hour for us in edges)) for hour in hours
                ]
        store.tidy()


@pytest.mark.slow
@pytest.mark.parametrize(("first", "last"), [(5, 5), (9, 3), (-7, -3), (0, 2**62)])
def test_empty_and_odd_spans_answer(store, rows, first, last):
    store.append("a", "1", {"flow": rows("flow", [{"ts": at(7)}])})
    with store.window(first, last) as window:
        assert window.rows("SELECT count(*) FROM flow") == [(int(last > 7),)]
        assert window.rows("SELECT count(*) FROM dns") == [(0,)]
        assert len(window.arrow("FROM name_hour").schema) == 8


def test_only_the_files_of_the_span_are_needed(store, rows, hour0):
    for hour in range(4):
        store.append("a", str(hour), {"flow": rows("flow", [{"ts": at((hour0 + hour) * HOUR_US), "flow_id": hour}])})
    store.tidy()
    for segment in store._manifest.segments("hour <> ?", (hour0 + 2,)):
        (store._files / segment.name).unlink()
    with store.window((hour0 + 2) * HOUR_US + 1, (hour0 + 3) * HOUR_US) as window:
        assert window.rows("SELECT count(*) FROM flow") == [(0,)]
        assert window.rows("SELECT flows FROM pair_hour") == [(1,)]


def test_a_window_lives_on_while_its_files_are_merged_and_swept(store, rows, hour0):
    for number in range(3):
        store.append("a", str(number), {"flow": rows("flow", [{"ts": at(hour0 * HOUR_US), "flow_id": number}])})
    sql = "SELECT flow_id FROM flow ORDER BY ALL"
    held = store.window(0, 2**60)
    assert store.tidy().deleted == 0
    assert held.rows(sql) == [(0,), (1,), (2,)], "first asked after its files went out of use"
    store.append("a", "3", {"flow": rows("flow", [{"ts": at(hour0 * HOUR_US), "flow_id": 3}])})
    store.tidy()
    assert len(held.rows(sql)) == 3
    assert store.stats().waiting_bytes > 0
    held.close()
    assert store.sweep() > 0
    assert store.stats().waiting_bytes == 0
    listed = {segment.name for segment in store._manifest.segments()}
    assert {f"{file.parent.name}/{file.name}" for file in store._files.glob("*/*")} == listed
    with store.window(0, 2**60) as window:
        assert len(window.rows(sql)) == 4


def test_a_reader_in_the_way_of_one_era_does_not_stop_the_sweeping_of_later_ones(store, rows, hour0):
    def merge(mark: str) -> None:
        store.append("a", mark, {"flow": rows("flow", [{"ts": at(hour0 * HOUR_US)}])})
        store.tidy()

    merge("1")
    first = store.window(0, 2**60)
    merge("2")
    second = store.window(0, 2**60)
    old = {name for _, name, _ in store._manifest.dropped()}
    first.close()
    merge("3")
    waiting = {name for _, name, _ in store._manifest.dropped()}
    assert old
    assert waiting
    assert not old & waiting, "the second reader cannot hold what went out of use before it came"
    second.close()
    store.sweep()
    assert store.stats().waiting_bytes == 0


def test_is_home_knows_both_families_and_nothing_else(store):
    home = {
        "10.0.0.0": True,
        "10.255.255.255": True,
        "11.0.0.0": False,
        "9.255.255.255": False,
        "fd00::1": True,
        "fe00::1": False,
        "::1": False,
        "::ffff:10.1.2.3": True,
        "8000::": False,
    }
    with store.window(0, 1) as window:
        for address, wanted in home.items():
            assert window.rows("SELECT is_home($a)", {"a": address_uuid(address)}) == [(wanted,)], address
        assert window.rows("SELECT is_home(NULL)") == [(False,)]
    assert is_home_sql(["10.0.0.0/9", "10.128.0.0/9"]) == is_home_sql(["10.0.0.0/8"]), "neighbours are one test"


def test_without_homes_nothing_is_home_and_a_home_that_is_no_network_is_refused(tmp_path):
    with ColumnStore.open(tmp_path) as store, store.window(0, 1) as window:
        assert window.rows("SELECT is_home($a)", {"a": address_uuid("10.0.0.1")}) == [(False,)]
    with pytest.raises(ValueError, match="hospital"):
        ColumnStore.open(tmp_path, homes=("hospital",))


def test_names_have_their_registered_domain_and_addresses_none(store, rows, hour0):
    names = {
        "www.example.dk": "example.dk",
        "a.b.rm.dk": "rm.dk",
        "host.mine.duckdns.org": "mine.duckdns.org",
        "duckdns.org": None,
        "dk": None,
        "192.0.2.7": None,
        "[2001:db8::1]": None,
        "2001:db8::": None,
    }
    store.append("a", "1", {"http": rows("http", [{"ts": at(hour0 * HOUR_US), "host": n} for n in [*names, None, ""]])})
    for _ in range(2):
        with store.window(0, 2**60) as window:
            assert dict(window.rows("SELECT name, domain FROM name_hour WHERE kind = 'http'")) == names
        store.tidy()


@given(st.text(max_size=DOMAIN_LENGTH_MAX + 3) | st.from_regex(r"[a-z0-9._:\[\]-]{0,40}", fullmatch=True))
@settings(max_examples=200)
def test_any_name_has_a_domain_or_none(name):
    domain = domain_of(name)
    assert domain is None or name.lower().rstrip(".").endswith(domain)


def test_history_of_an_older_version_is_read_and_merged_with_todays(tmp_path, rows, hour0, monkeypatch):
    today = TABLES["rdp"]
    older = tuple(c for c in today if c.name not in ("client_name", "result"))
    with ColumnStore.open(tmp_path) as store:
        monkeypatch.setitem(TABLES, "rdp", older)
        layout.cache_clear()
        store.append("a", "1", {"rdp": rows("rdp", [{"ts": at(hour0 * HOUR_US), "cookie": "x"}])})
        monkeypatch.setitem(TABLES, "rdp", today)
        layout.cache_clear()
        store.append("a", "2", {"rdp": rows("rdp", [{"ts": at(hour0 * HOUR_US + 1), "client_name": "y"}])})
    with ColumnStore.open(tmp_path) as store:
        for _ in range(2):
            with store.window(0, 2**60) as window:
                assert window.arrow("FROM rdp").column_names == [c.name for c in today]
                assert window.rows("SELECT cookie, client_name FROM rdp ORDER BY ts") == [("x", None), (None, "y")]
            store.tidy()


def test_a_roll_up_of_an_older_version_is_made_again_from_flows_of_an_older_version(tmp_path, rows, hour0, monkeypatch):
    flow, pairs = TABLES["flow"], ROLLUPS["pair_hour"]
    monkeypatch.setitem(TABLES, "flow", tuple(c for c in flow if c.name != "sampling"))
    monkeypatch.setitem(
        ROLLUPS, "pair_hour", tuple(replace(c, type=c.type.replace("UBIGINT", "BIGINT")) for c in pairs)
    )
    layout.cache_clear()
    with ColumnStore.open(tmp_path) as store:
        store.append(
            "a", "1", {"flow": rows("flow", [{"ts": at(hour0 * HOUR_US + n), "failed": False} for n in range(3)])}
        )
        store.tidy()
    monkeypatch.setitem(TABLES, "flow", flow)
    monkeypatch.setitem(ROLLUPS, "pair_hour", pairs)
    layout.cache_clear()
    with ColumnStore.open(tmp_path) as store:
        store.tidy()
        with store.window(0, 2**60) as window:
            assert window.rows("SELECT flows, answered, typeof(flows) FROM pair_hour") == [(3, 3, "UBIGINT")]
        assert len(list((tmp_path / "segments" / "pair_hour").iterdir())) == 1
        assert description(next((tmp_path / "segments" / "pair_hour").iterdir()))["layout"] == layout("pair_hour")


@pytest.mark.slow
def test_readers_never_hold_up_the_writer_nor_need_it(tmp_path, rows, hour0):
    with pytest.raises(StoreBroken, match="no store"):
        History.read(tmp_path)
    batch = {"flow": rows("flow", [{"ts": at(hour0 * HOUR_US)}])}
    with ColumnStore.open(tmp_path) as store, History.read(tmp_path, homes=("10.0.0.0/8",)) as reader:
        store.append("a", "1", batch)
        with reader.window(0, 2**60) as window:
            for number in range(2, 5):
                store.append("a", str(number), batch)
                store.tidy()
            assert window.rows("SELECT count(*) FROM flow") == [(1,)]
        assert reader.mark("a") == "4"
        assert reader.stats() == store.stats()
        with reader.window(0, 2**60) as window:
            assert window.rows("SELECT count(*), bool_and(is_home(src)) FROM flow") == [(4, True)]
        assert not hasattr(reader, "append")
    with History.read(tmp_path) as reader, reader.window(0, 2**60) as window:
        assert window.rows("SELECT count(*) FROM flow") == [(4,)]


@pytest.mark.slow
def test_the_same_history_gives_the_same_answer_whatever_its_shape(tmp_path, rows, hour0):
    """One append or many, merged or not: rows and roll-ups are equal."""
    dicts = [
        {"ts": at((hour0 + n % 2) * HOUR_US + n * SECOND_US), "flow_id": n, "dst": f"::{n % 5}", "rrname": "a.dk"}
        for n in range(20)
    ]
    answers = []
    for number, step in enumerate((20, 7, 2)):
        with ColumnStore.open(tmp_path / str(number), StoreLimits(threads=1)) as store:
            for begin in range(0, 20, step):
                part = dicts[begin : begin + step]
                store.append("a", str(begin), {"flow": rows("flow", part), "dns": rows("dns", part)})
                if step == 7 and begin % 2:
                    store.tidy()
            with store.window(0, 2**60) as window:
                answers.append(
                    [window.rows(f"FROM {t} ORDER BY ALL") for t in ("flow", "dns", "pair_hour", "name_hour")]
                )
    assert answers[0] == answers[1] == answers[2]


SOME_HOMES = ("10.20.30.40/29", "172.16.0.0/12", "192.0.2.7/32", "fd00::/7", "fe80::/10", "2001:db8::/45")


@pytest.mark.parametrize("homes", [SOME_HOMES, ("0.0.0.0/0",), ("::/0",), ()])
def test_what_is_planned_quickly_tells_the_same_addresses(homes):
    edges = [
        number + step
        for network in (*homes, *MANY_MACHINES)
        for number in (address.int for address in range_uuids(network))
        for step in (-1, 0, 1)
    ]
    asked = ", ".join(f"'{UUID(int=number)}'::UUID" for number in edges if 0 <= number < 1 << 128)
    told = []
    for quick in (False, True):
        with duckdb.connect() as db:
            db.execute(is_home_sql(homes, quick=quick)).execute(one_machine_sql(quick=quick))
            rows = f"(SELECT unnest([{asked}, NULL]) AS a)"
            told.append(db.execute(f"SELECT a, is_home(a), one_machine(a) FROM {rows}").fetchall())
    assert told[0] == told[1]


def test_few_rows_and_many_give_the_same_answers(store, rows, hour0, monkeypatch):
    begin_us = hour0 * HOUR_US
    calls = [
        {"ts": at(begin_us + n * SECOND_US), "flow_id": n, "src": src, "dst": dst}
        for n, (src, dst) in enumerate([("10.0.0.1", "1.2.3.4"), ("9.0.0.1", "10.0.0.255"), ("10.0.0.2", "224.0.0.1")])
    ]
    store.append("a", "1", {"flow": rows("flow", calls)})
    asked = [
        "SELECT flow_id FROM flow WHERE is_home(src) AND one_machine(dst)",
        "FROM flow",
        "FROM pair_hour ORDER BY ALL",
    ]
    told = []
    for few_max in (store_window.QUICK_ROWS_MAX, 0):
        monkeypatch.setattr(store_window, "QUICK_ROWS_MAX", few_max)
        with store.window(begin_us, begin_us + HOUR_US) as window:
            told.append([window.rows(sql) for sql in asked])
    assert told[0] == told[1]
    assert told[0][0] == [(0,)]
