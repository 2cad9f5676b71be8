"""The Window port over a DuckDB in memory, with the views of the store; one test holds it against the real one."""

from typing import Any

import duckdb
import pyarrow as pa

from bavn.actor.store.segments.views import one_machine_sql
from bavn.model.observable import registered_domain
from bavn.model.record import TABLES, create_table, range_uuids

BEGIN_US = 1_790_000_000_000_000 - 1_790_000_000_000_000 % 86_400_000_000  # a midnight in 2026
HOMES = ("10.0.0.0/8",)


class MemoryWindow:
    """The Window port over a DuckDB in memory: as small as can be."""

    def __init__(
        self, tables: dict[str, pa.Table], *, hours: float, known_days: float, homes: tuple[str, ...] = HOMES
    ) -> None:
        self._db = duckdb.connect(config={"threads": 2})
        self.homes = homes
        self.first_us, self.last_us = BEGIN_US, BEGIN_US + int(hours * 3_600_000_000)
        self.known_from_us = BEGIN_US - int(known_days * 86_400_000_000)
        for name in TABLES:
            self._db.execute(create_table(name))
        for name, rows in tables.items():
            self._db.register("_rows", rows)
            self._db.execute(f'INSERT INTO "{name}" SELECT {_casts(name, rows)} FROM _rows')
            self._db.unregister("_rows")
        for name in TABLES:
            self._db.execute(f'DELETE FROM "{name}" WHERE ts >= make_timestamp({self.last_us})')
        self._views()

    def _views(self) -> None:
        spans = [range_uuids(home) for home in self.homes]
        inside = " OR ".join(f"a BETWEEN '{low}'::UUID AND '{high}'::UUID" for low, high in spans)
        self._db.execute(f"CREATE MACRO is_home(a) AS ({inside or 'FALSE'})")
        self._db.execute(one_machine_sql())
        self._db.execute(
            "CREATE TABLE pair_hour AS SELECT src, dst, dst_port, proto, epoch_us(ts) // 3600000000 AS hour,"
            " count(*) FILTER (call) AS flows, count(*) FILTER (failed AND call) AS failed,"
            " count(*) FILTER (NOT failed AND call) AS answered, sum(bytes_toserver) AS bytes_toserver,"
            " sum(bytes_toclient) AS bytes_toclient, min(ts) AS first_ts, max(ts) AS last_ts"
            " FROM (SELECT *, coalesce(since >= ts, TRUE) AS call FROM flow) GROUP BY ALL"
        )
        named = (
            "SELECT src, 'dns' AS kind, rrname AS \"name\", ts FROM dns UNION ALL SELECT src, 'tls', sni, ts FROM tls"
            " UNION ALL SELECT src, 'http', http.host, ts FROM http"
        )
        found = [
            row[0]
            for row in self._db.execute(f'SELECT DISTINCT "name" FROM ({named}) WHERE "name" IS NOT NULL').fetchall()
        ]
        domains = [None if name.rpartition(".")[2].isdigit() else registered_domain(name) for name in found]
        self._db.register(
            "_domains", pa.table({"name": pa.array(found, pa.string()), "domain": pa.array(domains, pa.string())})
        )
        self._db.execute("CREATE TABLE known_domains AS SELECT * FROM _domains")
        self._db.execute(
            'CREATE TABLE name_hour AS SELECT src, kind, "name", min("domain") AS "domain",'
            " epoch_us(ts) // 3600000000 AS hour, count(*) AS n, min(ts) AS first_ts, max(ts) AS last_ts"
            f' FROM ({named}) JOIN known_domains USING ("name") GROUP BY src, kind, "name", hour'
        )

    def arrow(self, sql, parameters=None, tables=None) -> pa.Table:
        return self._asked(tables, lambda cursor: cursor.sql(sql, params=dict(parameters or {})).to_arrow_table())

    def rows(self, sql, parameters=None, tables=None) -> list[tuple[Any, ...]]:
        return self._asked(tables, lambda cursor: cursor.execute(sql, dict(parameters or {})).fetchall())

    def lossless(self, name: str) -> pa.Table:
        """A whole table as sources hand it to the store."""
        cursor = self._db.cursor()
        cursor.execute("SET arrow_lossless_conversion = true")
        return cursor.sql(f'SELECT * FROM "{name}"').to_arrow_table()

    def _asked(self, tables, ask) -> Any:
        cursor = self._db.cursor()
        for name, rows in (tables or {}).items():
            cursor.register(name, rows)
        try:
            return ask(cursor)
        finally:
            cursor.close()


def _casts(name: str, rows: pa.Table) -> str:
    casts = []
    for column in TABLES[name]:
        moment = f'make_timestamp("{column.name}")' if column.type == "TIMESTAMP" else f'"{column.name}"'
        casts.append(f"CAST({moment if column.name in rows.column_names else 'NULL'} AS {column.type})")
    return ", ".join(casts)
