"""What the centre's database costs, SQLite beside PostgreSQL: acts on cases, and rows written out and put back.

Run: .venv/bin/python bench/centre_database.py [--acts N] [--rows N] [--json]
Both on this machine's disk with all syncs on; PostgreSQL in a private cluster on a unix socket, as the tests start it.
An act is one transaction with its line in the audit log. A row is a report (table `signs`, about 500 bytes).
"""

import argparse
import json
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bavn.centre.books.tables import SIGNS
from bavn.centre.cases.case.case import ElementFacts, LeadFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.store import dump, schema
from bavn.centre.store.engine import open_engine, reading, writing
from bavn.model.observable import Observable
from bavn.model.sector.case import CaseAct
from bavn.rehearsal.clock import SimClock

_spec = spec_from_file_location("shared", Path(__file__).resolve().parent.parent / "tests" / "conftest.py")
shared = module_from_spec(_spec)
_spec.loader.exec_module(shared)


def acts_per_s(engine, acts):
    """Cases opened and confirmed one after the other by one person."""
    cases = Cases(engine, SimClock(1))
    element = ElementFacts(
        observable=Observable.of("domain", "evil.example.org"), score=9.0, groups=3, listed=False, threshold=2
    )
    begun = perf_counter()
    for at in range(acts // 2):
        facts = LeadFacts(
            lead_id=f"lead-{at}",
            score=9.0,
            elements=(element,),
            technique="T1071.001",
            actors=3,
            first_hour=1,
            first_report_us=1,
            lead_us=2,
        )
        cases.act(cases.open(facts).id, CaseAct.CONFIRM, "anna", "because")
    return acts / (perf_counter() - begun)


def rows_per_s(engine, rows):
    """Written out as a backup does, and put back as a restore does."""
    body = {"tier": "A", "round_id": "0a" * 16, "type": "domain", "received_us": 1, "body": "x" * 300}
    with writing(engine) as connection:
        for at in range(0, rows, 1000):
            many = [
                {"report_id": f"{n:064x}", "actor": "north", "value": f"e{n}.example.org", **body}
                for n in range(at, min(rows, at + 1000))
            ]
            connection.execute(SIGNS.insert(), many)
    with reading(engine) as connection:
        begun = perf_counter()
        lines = [line.encode() for line in dump.lines_of(connection, dump.tables_in(connection)["signs"])]
        out = perf_counter() - begun
    with writing(engine) as connection:
        connection.execute(SIGNS.delete())
        begun = perf_counter()
        dump.load(connection, dump.tables_in(connection)["signs"], lines)
        back = perf_counter() - begun
    return rows / out, rows / back


def measure(url, acts, rows):
    engine = open_engine(url)
    schema.upgrade(engine)
    per_s = acts_per_s(engine, acts)
    out, back = rows_per_s(engine, rows)
    engine.dispose()
    return {"acts_per_s": round(per_s), "rows_out_per_s": round(out), "rows_back_per_s": round(back)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acts", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {"sqlite": measure(f"sqlite:///{folder}/centre.db", given.acts, given.rows)}
    cluster = shared.Cluster(durable=True)
    try:
        found["postgresql"] = measure(cluster.url(cluster.make()), given.acts, given.rows)
    finally:
        cluster.end()
    if given.json:
        print(json.dumps(found))
    else:
        for kind, figures in found.items():
            print(kind, "  ".join(f"{name} {value:,}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
