"""Making roll-ups: pair x hour over flow, name x hour over dns, tls and http, each name with its registered domain.

The domain is looked up once for each distinct name, never for each row. Refuses to know which hours are due.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from bavn.actor.store.segments.views import rolled_up_sql
from bavn.model.observable import registered_domain


def domain_of(name: str) -> str | None:
    """The registered domain of a name as a record holds it; None for an address, a bare suffix or nonsense."""
    bare = name.rstrip(".")
    if ":" in bare or bare.rpartition(".")[2].isdigit():
        return None
    return registered_domain(bare)


@contextmanager
def fresh_rollup(cursor: Any, raw: str, rows: str) -> Iterator[str]:
    """SQL that gives the roll-up of raw rows (a SELECT); it holds inside, on this cursor.

    The distinct names, at most as many as the rows hold, pass through Python once.
    """
    if raw == "flow":
        yield rolled_up_sql(raw, rows)
        return
    cursor.execute(f"CREATE TEMP TABLE _fresh AS {rolled_up_sql(raw, rows)}").fetchall()
    try:
        names = cursor.sql("SELECT DISTINCT name FROM _fresh").to_arrow_table()["name"].to_pylist()
        domains = pa.table(
            {"name": pa.array(names, pa.string()), "domain": pa.array(map(domain_of, names), pa.string())}
        )
        cursor.register("_domains", domains)
        yield (
            """SELECT f.src, f.kind, f.name, d.domain, f.hour, f.n, f.first_ts, f.last_ts
            FROM _fresh f JOIN _domains d ON d.name = f.name"""
        )
    finally:
        cursor.unregister("_domains")
        cursor.execute("DROP TABLE _fresh").fetchall()
