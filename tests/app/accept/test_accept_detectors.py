"""Every detector has harmless traffic of its own and finds it; one that finds nothing, or lacks its source, is told."""

from dataclasses import replace

import pytest

from bavn.actor.detect.run import DETECTORS
from bavn.app.accept import detectors
from bavn.app.accept.detectors import DetectorCheck, Played, family_readings, reads
from bavn.model.sector.acceptance_protocol import Outcome
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text
from bavn.traffic.replay import FAMILIES, Label, NoRoom, room

EVERYTHING = detectors._PACKETS | detectors._CLINICAL


def suspicion(detector, host, p):
    return Suspicion(
        id=f"{detector} {host}",
        detector=detector,
        technique="T1071",
        host=host,
        peer="x",
        observables=(),
        p=p,
        p_source="own",
        evidence_nats=1.0,
        statistic=1.0,
        first_us=0,
        last_us=1,
        hosts=1,
        listed=False,
        why=Text.written("because", da="fordi"),
        rows=RowsRef("flow", (), 0, 1),
    )


def test_each_detector_has_a_family_and_each_family_a_detector() -> None:
    assert set(FAMILIES) == {one.name for one in DETECTORS} | {"sigma"}
    assert len(FAMILIES) == 14


def test_found_not_found_and_not_applicable_are_told_apart() -> None:
    labels = tuple(Label(name, f"10.0.0.{n}") for n, name in enumerate(("beacon", "scan", "rarity", "signature")))
    seen = (
        suspicion("beacon", "10.0.0.0", 0.01),
        suspicion("scan", "10.0.0.1", 0.2),
        suspicion("dga", "10.0.0.9", 0.01),
    )
    readings = {one.key: one for one in family_readings(Played(labels, seen, 9, "records"), frozenset({"flow", "dns"}))}
    assert readings["beacon"].value == "yes"
    assert (readings["scan"].value, readings["scan"].reason.en) == ("no", "only p 0.200")
    assert readings["rarity"].missing is readings["signature"].missing is Outcome.NOT_APPLICABLE
    assert "alert" in readings["signature"].reason.en
    assert readings["others"].value == 1
    readings = {one.key: one for one in family_readings(Played(labels, (), 9, "records"), EVERYTHING)}
    assert [readings[one.family].value for one in labels] == ["no"] * 4
    elsewhere = replace(seen[0], host="10.0.0.77")
    readings = {one.key: one for one in family_readings(Played(labels, (elsewhere,), 9, "records"), EVERYTHING)}
    assert readings["beacon"].value == "no"


def test_what_a_node_reads_says_what_its_detectors_may_miss(bench) -> None:
    assert reads(bench("").site.config) == frozenset()
    assert reads(bench('[sense]\nnetflow_listen = "127.0.0.1:2055"\n').site.config) == {"flow"}
    assert "alert" in reads(bench('[sense]\ncaptures_folder = "x"\n').site.config)
    assert "alert" not in reads(bench('[sense]\nzeek_folder = "x"\n').site.config)
    part, _ = bench("").run(DetectorCheck())
    assert part.outcome is Outcome.NOT_APPLICABLE


def test_a_network_that_is_too_small_has_no_room(bench) -> None:
    with pytest.raises(NoRoom):
        room(("10.0.0.0/27", "fc00::/7"))
    made = bench('[node]\nactor = "region-a"\nhomes = ["10.0.0.0/27"]\n[sense]\ncaptures_folder = "x"\n')
    assert made.run(DetectorCheck())[0].outcome is Outcome.NOT_TESTED


@pytest.mark.slow
def test_a_node_that_reads_flows_finds_what_flows_show_and_says_what_it_lacks(bench) -> None:
    made = bench('[sense]\nnetflow_listen = "127.0.0.1:2055"\n')
    part, figures = made.run(DetectorCheck())
    assert part.outcome is Outcome.PASSED, {key: (one.value, one.reason) for key, one in figures.items()}
    by = {key: figures[key].outcome for key in FAMILIES}
    assert by["scan"] is by["long"] is by["exfil"] is Outcome.PASSED
    assert by["signature"] is by["sigma"] is by["dga"] is Outcome.NOT_APPLICABLE


@pytest.mark.slow
def test_a_sensor_that_is_not_installed_was_not_tested(bench, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    part, figures = bench('[sense]\ncaptures_folder = "x"\n').run(DetectorCheck())
    assert part.outcome is not Outcome.PASSED
    assert "not installed" in (part.fault or figures["beacon"].reason.en)
