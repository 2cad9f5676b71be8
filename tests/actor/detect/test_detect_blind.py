"""Sources that see less (NetFlow, sFlow, logs): columns are NULL and tables empty, and no detector minds."""

from dataclasses import replace

import pyarrow as pa
import pytest

from bavn.actor.detect.run import DETECTORS
from bavn.model.record import TABLES

NEVER_NULL = {"ts", "sensor", "src", "src_port", "dst", "dst_port", "proto", "flow_id"}
"""What every source fills in."""


def blinded(rows: dict[str, pa.Table], columns: set[str]) -> dict[str, pa.Table]:
    """The same rows with these columns NULL."""
    return {
        name: pa.table({c: pa.nulls(len(table)) if c in columns else table[c] for c in table.column_names})
        for name, table in rows.items()
    }


def hits(made) -> list:
    return [case for case in made.cases() if case.hit]


@pytest.mark.slow
@pytest.mark.parametrize("table", [name for name in TABLES if name != "stats"])
def test_every_detector_runs_over_rows_that_tell_nothing_but_who_and_when(made, table) -> None:
    told = {column.name for column in TABLES[table]} - NEVER_NULL
    of_hours = {"flow": "scan", "dns": "dga", "tls": "rarity", "http": "lateral", "alert": "signature"}
    cases = [case for case in hits(made) if case.detector == of_hours.get(table, "lateral")][:1]
    for case in cases:
        rows = made.rows_of(case)
        given = rows.get(table, pa.table({c: rows["flow"][c] for c in NEVER_NULL}))
        window = made.window_of(case, blinded({table: given}, told))
        assert all(0 < s.p <= 1 for s in made.run(case, window, DETECTORS).suspicions)


def test_flows_that_say_neither_outcome_nor_protocol_make_no_failures_and_no_odd_ports(made) -> None:
    scan = next(case for case in made.cases() if str(case) == "scan/hit-horizontal")
    rows = made.rows_of(scan)
    assert made.run(scan, made.window_of(scan, rows)).suspicions
    blind = made.run(scan, made.window_of(scan, blinded(rows, {"failed"})))
    assert not blind.suspicions
    assert not any(tally.total for tally in blind.tallies.values())
    case = next(case for case in made.cases() if str(case) == "rarity/miss-short-capture")
    rows = made.rows_of(replace(case))
    window = made.window_of(case, blinded({"flow": rows["flow"]}, {"app_proto"}))
    assert not any("unknown protocol" in s.why.en for s in made.run(case, window).suspicions)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("beacon/hit-lost-calls", {"failed", "app_proto", "pkts_toserver", "pkts_toclient", "state"}),
        ("exfil/hit-hundred-megabytes", {"failed", "app_proto", "pkts_toserver", "pkts_toclient", "state"}),
        ("long/hit-ended-after-nine-hours", {"failed", "pkts_toserver", "pkts_toclient", "state"}),
        ("bruteforce/hit-ssh-flows", {"failed"}),
    ],
)
def test_what_flows_alone_can_tell_is_told_without_the_rest(made, name, columns) -> None:
    case = next(case for case in made.cases() if str(case) == name)
    window = made.window_of(case, blinded(made.rows_of(case), columns))
    expect = case.given["expect"]
    assert any((s.host, s.detector) == (expect["host"], case.detector) for s in made.run(case, window).suspicions)


@pytest.mark.slow
def test_a_sensor_that_looked_and_found_none_needs_no_other_protocol(made) -> None:
    case = next(case for case in made.cases() if str(case) == "rarity/hit-unknown-protocol-alone")
    assert any("unknown protocol" in s.why.en for s in made.run(case, made.window_of(case)).suspicions)
    blind = made.window_of(case, blinded(made.rows_of(case), {"app_proto"}))
    assert not any("unknown protocol" in s.why.en for s in made.run(case, blind).suspicions)
