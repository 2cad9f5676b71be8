"""A query may compute over its window and nothing else. Two walls, each tested without the other."""

import time

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.engine import Engine
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query import query
from bavn.actor.store.query.functions import ALLOWED_FUNCTIONS
from bavn.actor.store.query.query import FORBIDDEN_FUNCTIONS, TABLE_FUNCTIONS, admit
from bavn.actor.store.query.window import NAMES
from bavn.model.moment import HOUR_US
from bavn.model.ports import QueryRefused

FINE = [
    "SELECT count(*) FROM flow",
    "FROM dns",
    "VALUES (1), (2)",
    "WITH a AS (SELECT src FROM flow), dns AS (SELECT 1) SELECT * FROM a, dns",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
    "SELECT src, row_number() OVER (PARTITION BY dst ORDER BY ts) FROM flow QUALIFY 1 = 1",
    "SELECT * FROM flow JOIN (SELECT DISTINCT src FROM tls) USING (src) WHERE dst IN (SELECT dst FROM http)",
    "SELECT unnest(answers) FROM dns",
    "SELECT r.range FROM flow, range(0, 3) r",
    "SELECT * FROM flow ASOF JOIN tls USING (src, ts)",
    "SELECT bit_count(bit_or(1 << (hour % 24))) FROM pair_hour GROUP BY src",
    "SELECT is_home(src), repeat('x', 10), lpad('a', 3, ' '), printf('%02x', 3), range(0, 24) FROM flow",
    "PIVOT flow ON proto IN ('tcp', 'udp') USING count(*) GROUP BY src",
    "SELECT list_transform(answers, lambda x: upper(x)) FROM dns",
    "SELECT 1 AS a UNION ALL SELECT 2 EXCEPT SELECT 3 ORDER BY a",
    "SELECT * FROM flow AS t(a) WHERE t.a > TIMESTAMP '2026-01-01'",
]

REFUSED = [
    # files
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "FROM read_blob('/etc/passwd')",
    "FROM '/etc/passwd'",
    "FROM 'x.parquet'",
    "FROM read_parquet('{segment}')",
    "FROM '{segment}'",
    "FROM glob('{root}/**')",
    "FROM parquet_metadata('{segment}')",
    "FROM parquet_scan('{segment}')",
    "FROM read_json('/etc/passwd')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM read_duckdb('{root}/manifest.sqlite')",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "WITH a AS (FROM read_text('/etc/passwd')) FROM a",
    "SELECT * FROM flow WHERE src IN (SELECT 1 FROM glob('/*'))",
    "FROM query('SELECT 1')",
    "FROM query_table('flow')",
    "COPY flow TO '{root}/out.csv'",
    "COPY (SELECT 1) TO '{segment}'",
    "COPY flow FROM '/etc/passwd'",
    "EXPORT DATABASE '{root}/x'",
    "IMPORT DATABASE '{root}/x'",
    # databases, extensions, settings
    "ATTACH '{root}/x.db'",
    "ATTACH '{root}/manifest.sqlite' (TYPE sqlite)",
    "DETACH memory",
    "USE memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{root}/x.duckdb_extension'",
    "SET threads = 8",
    "RESET threads",
    "SET lock_configuration = false",
    "SET enable_external_access = true",
    "PRAGMA threads = 8",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "SET VARIABLE x = 1",
    "CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "CREATE SECRET s (TYPE s3)",
    "SELECT current_setting('threads')",
    "FROM duckdb_settings()",
    "FROM duckdb_views()",
    "FROM json_execute_serialized_sql('x')",
    "SELECT json_serialize_plan('FROM read_text(''/etc/passwd'')')",
    # changing or shadowing
    "CREATE TABLE t (a INT)",
    "CREATE TEMP TABLE flow AS SELECT 1",
    "CREATE OR REPLACE MACRO is_home(a) AS TRUE",
    "CREATE OR REPLACE VIEW flow AS SELECT 1",
    "DROP VIEW flow",
    "INSERT INTO flow VALUES (1)",
    "DELETE FROM flow",
    "UPDATE flow SET src = NULL",
    "ALTER TABLE flow RENAME TO x",
    "TRUNCATE flow",
    "BEGIN",
    "COMMIT",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "DESCRIBE flow",
    "SHOW TABLES",
    "SUMMARIZE flow",
    "PIVOT flow ON proto",
    "CREATE TYPE t AS ENUM ('a')",
    "CREATE SEQUENCE s",
    # more than one, or none
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP VIEW flow",
    "",
    "   ",
    "-- nothing",
    ";",
    "selec",
    "SELECT",
    "\0",
    # the engine's own tables, and ours
    "FROM information_schema.tables",
    "FROM duckdb_tables",
    "FROM sqlite_master",
    "FROM pg_catalog.pg_class",
    "FROM memory.main.flow",
    "FROM main.flow",
    "FROM _open_pair_hour",
    "FROM flows",
    "FROM pragma_database_list",
    "WITH duckdb_views AS (SELECT 1) FROM duckdb_views",
    "WITH _x AS (SELECT 1) FROM _x",
    "FROM (WITH sqlite_master AS (SELECT 1) SELECT 1), sqlite_master",
    # answers that change, and other functions that do more than compute
    "SELECT now()",
    "SELECT current_date",
    "SELECT current_timestamp",
    "SELECT random()",
    "SELECT uuid()",
    "SELECT nextval('s')",
    "SELECT getvariable('x')",
    "SELECT write_log('x')",
    "SELECT error('x')",
    "FROM flow USING SAMPLE 10%",
    "FROM flow TABLESAMPLE 5 ROWS",
    "FROM test_all_types()",
    "FROM arrow_scan(1, 2, 3)",
    "FROM python_arrow_scan(1)",
    "FROM seq_scan('x')",
    "FROM enable_logging()",
    "SELECT sleep_ms(10)",
    # values larger than the memory bound sees
    "SELECT repeat('x', 2000000000)",
    "SELECT repeat('x', 10 * 100000000)",
    "SELECT lpad('x', 2000000000, 'y')",
    "SELECT list_resize([1], 2000000000)",
    "SELECT range(1000000000)",
    "SELECT generate_series(1, 1000000000)",
    "SELECT printf('%2000000000d', 1)",
    "SELECT format('{{:>2000000000}}', 1)",
    "SELECT repeat('x', flow_id) FROM flow",
    "SELECT 'x'.repeat(2000000000)",
    "SELECT to_base(1, 2, 2000000000)",
    "SELECT rpad('x', $n, 'y')",
]


@pytest.fixture(scope="module")
def window(tmp_path_factory, rows):
    with ColumnStore.open(tmp_path_factory.mktemp("query"), homes=("10.0.0.0/8",)) as store:
        ts = pa.scalar(3 * HOUR_US, pa.timestamp("us")).as_py()
        store.append("a", "1", {name: rows(name, [{"ts": ts}, {"ts": ts}]) for name in ("flow", "dns", "tls", "http")})
        store.tidy()
        with store.window(0, 10 * HOUR_US) as opened:
            opened.rows("SELECT 1")  # opens the engine, and with it its spill directory
            yield opened


@pytest.mark.parametrize("sql", FINE)
def test_what_computes_is_answered_twice_the_same(window, sql):
    assert window.rows(sql) == window.rows(sql)
    assert window.arrow(sql).num_rows == len(window.rows(sql))


@pytest.mark.parametrize("sql", REFUSED)
def test_everything_else_is_refused_and_nothing_has_changed(window, sql):
    segment = next(window._files.glob("flow/*.parquet"))
    before = sorted((p, p.stat().st_size) for p in window._files.parent.rglob("*"))
    asked = sql.replace("{segment}", str(segment)).replace("{root}", str(window._files.parent)).replace("{{", "{")
    with pytest.raises(QueryRefused):
        window.rows(asked.replace("}}", "}"), {"n": 2_000_000_000} if "$n" in sql else None)
    assert sorted((p, p.stat().st_size) for p in window._files.parent.rglob("*")) == before
    assert window.rows("SELECT count(*) FROM flow") == [(2,)]


@pytest.mark.parametrize(
    "sql",
    [
        "FROM read_csv('/etc/passwd')",
        "FROM read_text('/etc/passwd')",
        "FROM glob('/etc/*')",
        "FROM '{other}'",
        "FROM read_parquet('{other}')",
        "FROM glob('{files}/*/*')",
        "COPY (SELECT 1) TO '{files}/x.csv'",
        "COPY (SELECT 1) TO '{mine}'",
        "ATTACH '{files}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 8",
        "RESET threads",
        "SET lock_configuration = false",
        "PRAGMA threads = 8",
        "EXPORT DATABASE '{files}/x'",
    ],
)
def test_the_locked_engine_refuses_the_same_without_the_parser(tmp_path, sql):
    mine, other = tmp_path / "mine.parquet", tmp_path / "other.parquet"
    for file in (mine, other):
        duckdb.execute(f"COPY (SELECT 1 AS a) TO '{file}' (FORMAT parquet)")
    engine = Engine(StoreLimits(), tmp_path / "spill")
    try:
        engine.lock([mine])
        assert engine.cursor().execute(f"FROM '{mine}'").fetchall() == [(1,)]
        with pytest.raises(duckdb.Error, match=r"disabled|locked|Permission|Cannot"):
            engine.do(sql.format(mine=mine, other=other, files=tmp_path))
    finally:
        engine.close()
    assert duckdb.execute(f"FROM '{mine}'").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT version()",
        "SELECT pg_sleep(3)",
        "SELECT Version()",
        "SELECT pg_postmaster_start_time()",
        "SELECT inet_server_addr()",
        "SELECT has_table_privilege('flow', 'select')",
        "SELECT age(ts) FROM flow",
        "SELECT ago(INTERVAL 1 DAY)",
        "SELECT main.version()",
        "SELECT system.main.pg_sleep(1)",
        "SELECT list_aggregate([1], 'version')",
        "SELECT user()",
        "SELECT made_up_tomorrow(1)",
    ],
)
def test_what_tells_of_the_machine_waits_or_is_not_known_is_refused(window, sql):
    """``list_aggregate`` names a function by a text: the engine has no aggregate of such a name."""
    with pytest.raises(QueryRefused):
        window.rows(sql)


def test_what_may_be_called_is_known_and_what_is_volatile_refused(window):
    with duckdb.connect() as base:
        known = {
            name.casefold()
            for (name,) in base.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
        }
    system = ("pg_", "duckdb_", "current_", "has_", "inet_", "__internal", "read_", "json_execute")
    assert not {name for name in ALLOWED_FUNCTIONS if name.startswith(system)}
    assert not ALLOWED_FUNCTIONS & FORBIDDEN_FUNCTIONS
    assert known - ALLOWED_FUNCTIONS, "what a new engine brings is not let in by itself"
    with duckdb.connect() as base:
        volatile = base.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability = 'VOLATILE'"
        ).fetchall()
        internal = base.execute("SELECT schema_name, view_name FROM duckdb_views() WHERE internal").fetchall()
        functions = base.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')"
        ).fetchall()
        cursor = base.cursor()
        assert {name for (name,) in volatile} <= FORBIDDEN_FUNCTIONS
        for schema, name in internal:
            for sql in (f"FROM {name}", f"FROM {schema}.{name}", f"WITH {name} AS (SELECT 1) FROM {name}"):
                if sql.startswith("WITH") and schema == "information_schema":
                    continue  # such a view has no name without its schema
                with pytest.raises(QueryRefused):
                    admit(cursor, sql, NAMES, 1000)
        for (name,) in functions:
            if name not in TABLE_FUNCTIONS:
                with pytest.raises(QueryRefused):
                    admit(cursor, f'FROM "{name}"()', NAMES, 1000)


@given(
    st.text(max_size=60)
    | st.sampled_from(REFUSED + FINE).flatmap(
        lambda s: st.builds(
            lambda cut, more: s[:cut] + more + s[cut:], st.integers(0, len(s)), st.text("();'\"$,.* \n", max_size=3)
        )
    )
)
@settings(max_examples=100)
def test_any_text_is_either_one_select_over_the_windows_tables_or_refused(sql):
    with duckdb.connect(config={"threads": 1}) as base:
        try:
            read = admit(base.cursor(), sql, NAMES, 1000)
        except QueryRefused as refusal:
            assert str(refusal)
        else:
            assert read <= NAMES
            assert [s.type for s in base.extract_statements(sql)] == [duckdb.StatementType.SELECT]


def test_queries_are_values_over_given_tables_alone_and_say_their_faults(window):
    for sql, said in (
        ("SELECT nope FROM flow", "nope"),
        ("SELECT 1 +", "syntax"),
        ("SELECT 'a'::INT", "Could not convert"),
    ):
        with pytest.raises(QueryRefused, match=said):
            window.rows(sql)
        with pytest.raises(QueryRefused, match=said):
            window.arrow(sql)
    with pytest.raises(QueryRefused):
        window.rows("SELECT " + "(" * 20_000 + "1" + ")" * 20_000)
    with pytest.raises(QueryRefused, match="characters"):
        window.rows("SELECT 1 --" + "x" * 300_000)
    assert window.rows("SELECT $a, $b", {"a": "'; DROP VIEW flow; --", "b": 3}) == [("'; DROP VIEW flow; --", 3)]
    assert window.rows("SELECT count(*) FROM flow WHERE dst_port = $port", {"port": 443}) == [(2,)]
    with pytest.raises(QueryRefused):
        window.rows("SELECT $a", {"b": 1})
    with pytest.raises(QueryRefused):
        window.rows("SELECT * FROM $a", {"a": "flow"})
    given_table = pa.table({"port": pa.array([443, 80], pa.uint16())})
    sql = "SELECT count(*) FROM flow JOIN wanted ON port = dst_port"
    assert window.rows(sql, tables={"wanted": given_table}) == [(2,)]
    with pytest.raises(QueryRefused, match="wanted"):
        window.rows(sql)
    for name in ("flow", "Pair_Hour", "_x", "a b", "a;b", "", "1a"):
        with pytest.raises(QueryRefused, match="may be called"):
            window.rows("SELECT 1", tables={name: given_table})
    secret = pa.table({"a": [1]})
    with pytest.raises(QueryRefused):
        window.rows("SELECT * FROM secret")
    assert secret.num_rows == 1
    table = window.arrow("SELECT TRUE AS b, sum(flow_id) AS s, any_value(src) AS a, NULL::BOOLEAN AS n FROM flow")
    assert [str(field.type) for field in table.schema] == ["bool", "decimal128(38, 0)", "extension<arrow.uuid>", "bool"]
    wide = window.arrow("SELECT sum(x) AS s FROM (VALUES (9223372036854775807::BIGINT), (9223372036854775807)) t(x)")
    assert int(wide["s"][0].as_py()) == 2 * (2**63 - 1)
    assert int(window.arrow("SELECT -sum(x) AS s FROM (VALUES (5)) t(x)")["s"][0].as_py()) == -5


@pytest.mark.slow
def test_time_rows_and_memory_are_bounded(tmp_path, rows):
    limits = StoreLimits(query_s_max=0.2, result_rows_max=1000, memory_mb_max=64, spill_mb_max=64)
    endless = "SELECT count(*) FROM range(100000000000) a WHERE hash(a.range) = 1"
    with ColumnStore.open(tmp_path, limits) as store, store.window(0, HOUR_US) as window:
        for ask in (window.rows, window.arrow):
            began = time.monotonic()
            with pytest.raises(QueryRefused, match=r"0\.2 s"):
                ask(endless)
            assert time.monotonic() - began < 20
            with pytest.raises(QueryRefused, match="more than 1000 rows"):
                ask("FROM range(1001)")
            assert len(ask("FROM range(1000)")) == 1000
    calm = StoreLimits(memory_mb_max=64, spill_mb_max=64)
    with ColumnStore.open(tmp_path, calm) as store, store.window(0, HOUR_US) as window:
        with pytest.raises(QueryRefused, match="64 MB of memory"):
            window.rows("SELECT len(list(hash(a.range))) FROM range(30000000) a")
        with pytest.raises(QueryRefused, match="64 MB of memory"):
            window.rows("SELECT max(len(x)) FROM (SELECT DISTINCT md5(a.range::VARCHAR) AS x FROM range(6000000) a)")
        assert window.rows("SELECT 1") == [(1,)], "a refused query leaves the window usable"


def test_what_was_admitted_is_parsed_once_and_a_refusal_each_time(store, monkeypatch):
    parsed: list[str] = []
    parse = query._parsed
    monkeypatch.setattr(query, "_parsed", lambda cursor, sql: (parsed.append(sql), parse(cursor, sql))[1])
    monkeypatch.setattr(query, "REMEMBERED_MAX", 2)
    monkeypatch.setattr(query, "_admitted", {})
    good, bad = "SELECT count(*) FROM flow", "SELECT count(*) FROM flow, duckdb_tables"
    for _ in range(2):
        with store.window(0, 1) as window:
            assert window.rows(good) == [(0,)]
            with pytest.raises(QueryRefused):
                window.rows(bad)
    assert parsed == [good, bad, bad]
    with store.window(0, 1) as window:
        for sql in ("SELECT 1", "SELECT 2", good):
            window.rows(sql)
    assert parsed[3:] == ["SELECT 1", "SELECT 2", good], "the oldest is forgotten first"
