"""What the map of coverage says of each detector is what the detector does; and no detector weighs a canary."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from bavn.actor.detect.run import DETECTORS
from bavn.actor.sense import canary
from bavn.model.record import TABLES, address_uuid
from bavn.model.sector.coverage import SIGHTS, TECHNIQUES, base, detectors_of

from . import conftest as made

ROLLED = {"pair_hour": {"flow"}, "name_hour": {"dns", "tls", "http"}}
HITS = {one.name: [case for case in made.all_cases() if case.detector == one.name and case.hit] for one in DETECTORS}


def records(detector) -> set[str]:
    return {kind for table in detector.tables for kind in ROLLED.get(table, {table})}


def test_the_map_has_each_detector_and_its_technique() -> None:
    assert set(SIGHTS) == {detector.name for detector in DETECTORS}
    for detector in DETECTORS:
        sight = SIGHTS[detector.name]
        assert base(detector.technique) in sight.techniques
        assert set(sight.needs) <= records(detector), detector.name
        assert detector.name in detectors_of(detector.technique)
    assert set(TECHNIQUES) >= {base(detector.technique) for detector in DETECTORS}


@pytest.mark.slow
@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.name)
def test_without_what_it_needs_it_finds_nothing_and_what_it_names_is_on_the_map(detector) -> None:
    case, sight = HITS[detector.name][0], SIGHTS[detector.name]
    rows = made.rows_of(case)
    whole = made.run(case, made.window_of(case, rows))
    assert whole.suspicions
    assert {base(one.technique) for one in whole.suspicions} <= set(sight.techniques)
    left = {kind: table for kind, table in rows.items() if kind not in sight.needs}
    assert made.run(case, made.window_of(case, left)).suspicions == ()


@pytest.mark.slow
@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.name)
def test_a_canary_in_the_store_changes_nothing_that_is_concluded(detector) -> None:
    """Suspicions, tallies and the number of hosts: the same with the row of a canary and without."""
    case = HITS[detector.name][0]
    rows = made.rows_of(case)
    plain = made.run(case, made.window_of(case, rows))
    found = made.run(case, made.window_of(case, with_canary(rows)))
    assert plain == found


def with_canary(rows: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """One more row of dns, as the store would hold it, at the newest moment of the others."""
    newest = max(pc.max(table["ts"].cast(pa.int64())).as_py() for table in rows.values())
    row = canary.rows(canary.Wanted(20_000, 1), int(newest)).to_pylist()[0]
    names = [column.name for column in TABLES["dns"]]
    stored = [str(address_uuid(canary.LOOPBACK))]
    here = {"src": stored, "dst": stored, "ts": [int(newest)]}  # as the cases write them
    values = {name: [row[name]] for name in names} | here
    known = rows.get("dns")
    if known is None:
        return {**rows, "dns": pa.table({name: values[name] for name in names})}
    return {**rows, "dns": pa.table({name: known[name].to_pylist() + values[name] for name in known.column_names})}
