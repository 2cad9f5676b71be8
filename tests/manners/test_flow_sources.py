"""The table of docs/sources.md: what each detector gets from flow records, held against the detectors themselves."""

import re
from pathlib import Path

from bavn.actor.detect.queries.series import CHANNELS
from bavn.actor.detect.queries.walk import WALKS_SQL
from bavn.actor.detect.run import DETECTORS

ROOT = Path(__file__).resolve().parents[2]
FLOW_TABLES = {"flow", "pair_hour"}


def told():
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    part = text[text.index("| detector | netflow") :]
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \|$", part[: part.index("\n\n")], re.MULTILINE)
    return {name: (whole, sampled) for name, whole, sampled in rows if name != "detector"}


def test_every_detector_has_its_row() -> None:
    assert list(told()) == [detector.name for detector in DETECTORS]


def test_who_reads_no_flows_is_said_to_get_nothing_and_the_others_something() -> None:
    table = told()
    for detector in DETECTORS:
        # ioc asks the roll-up; dga asks flows only to leave out hosts that took connections, ward only of
        # hosts whose packets it knows.
        reads = bool(FLOW_TABLES & set(detector.tables)) and detector.name not in ("dga", "ward")
        assert table[detector.name][0].startswith("no: needs") is not reads, detector.name


def test_who_is_said_not_to_take_sampled_flows_does_not() -> None:
    table = told()
    for name in ("beacon", "scan", "bruteforce"):
        assert table[name][1].startswith("no: "), name
    assert "coalesce(sampling, 1) = 1" in next(c.rows for c in CHANNELS if c.name == "address")
    assert "sum(answered)" in WALKS_SQL
