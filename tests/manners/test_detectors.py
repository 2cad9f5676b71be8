"""Manners of every detector: what its text says, what its cases are, and that its answers are the same every time."""

import importlib
import re
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from bavn.actor.detect.base import HEADINGS
from bavn.actor.detect.run import DETECTORS
from bavn.actor.store.segments.segment import ROLLUPS
from bavn.app.analyst.suspected import sentences
from bavn.model.evidence import evidence_nats
from bavn.model.observable import is_external
from bavn.model.record import TABLES

ROOT = Path(__file__).resolve().parents[2]
TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")


@pytest.fixture(scope="module")
def bench():
    """The cases of tests/actor/detect, whatever pytest calls that file."""
    name = "bavn_detect_cases"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "actor" / "detect" / "conftest.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="module")
def found(bench):
    """All suspicions of two cases of each detector, all detectors at work."""
    chosen = [case for detector in DETECTORS for case in first_two(bench, detector.name)]
    return [s for case in chosen for s in bench.run(case, detectors=DETECTORS).suspicions]


def first_two(bench, name: str):
    mine = [case for case in bench.all_cases() if case.detector == name and case.hit]
    return mine[:2]


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_the_docstring_says_the_four_things_in_order(detector) -> None:
    text = importlib.import_module(type(detector).__module__).__doc__
    places = [text.find(f"\n{heading}: ") for heading in HEADINGS]
    assert all(place > 0 for place in places), dict(zip(HEADINGS, places, strict=True))
    assert places == sorted(places)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_it_is_one_file_of_its_name_with_a_technique_and_real_tables(detector) -> None:
    assert type(detector).__module__ == f"bavn.actor.detect.detectors.{detector.name}"
    assert TECHNIQUE.fullmatch(detector.technique)
    assert detector.tables
    assert set(detector.tables) <= set(TABLES) | set(ROLLUPS)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_it_has_hits_and_misses(detector, bench) -> None:
    mine = [case for case in bench.all_cases() if case.detector == detector.name]
    assert {case.hit for case in mine} == {True, False}


JARGON = re.compile(
    r"\b(nats?|bits?|p|reg|ja[34]s?|tls|sni|http|dns|nxdomain|walk|deviations?|jitter|hosts?)\b", re.IGNORECASE
)
"""What nobody outside the craft understands, and the detectors' own figures: those come after."""


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_its_first_line_is_in_the_table_and_says_it_plainly(detector, bench) -> None:
    lines = tomllib.loads((bench.CASES.parent / "first_lines.toml").read_text(encoding="utf-8"))
    hits = [str(case) for case in bench.all_cases() if case.detector == detector.name and case.hit]
    assert set(hits) <= lines.keys()
    for said in (said for hit in hits for said in lines[hit].values()):
        assert said[0].isupper() or said[0].isdigit()
        assert said.endswith(".")
        assert not JARGON.search(re.sub("[“”].*?”", "", said)), said
    assert len({detector.innocent.say(language) for language in ("en", "da")}) == 2


@pytest.mark.slow
def test_every_suspicion_says_what_it_is_and_what_speaks_against_it(found) -> None:
    for s in found:
        assert s.what.en != s.why.en
        for said in (s.what, s.against):
            assert said.en.endswith(".")
            assert len({said.say(language) for language in ("en", "da")}) == 2


def test_no_case_belongs_to_nobody(bench) -> None:
    assert {case.detector for case in bench.all_cases()} == {detector.name for detector in DETECTORS}


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_it_is_on_the_page(detector) -> None:
    page = (ROOT / "docs" / "detectors.md").read_text(encoding="utf-8")
    assert f"`{detector.name}`" in page
    assert detector.technique in page


@pytest.mark.slow
def test_every_suspicion_keeps_the_rules(found) -> None:
    assert {s.detector for s in found} == {detector.name for detector in DETECTORS}
    for s in found:
        assert 0 < s.p <= 1
        assert s.evidence_nats == evidence_nats(s.p)
        assert TECHNIQUE.fullmatch(s.technique)
        assert s.first_us <= s.last_us
        assert s.hosts >= 1
        assert re.fullmatch(r"[0-9a-f]{32}", s.id)
        assert s.why.en.endswith(".")
        assert s.why.da.endswith(".")
        assert s.why.en != s.why.da


@pytest.mark.slow
def test_observables_are_outside_and_the_host_is_inside(found, bench) -> None:
    for s in found:
        assert s.host.startswith("10."), s
        assert all(is_external(o, bench.HOMES) for o in s.observables)
        assert not any(o.value.startswith("10.") for o in s.observables)


@pytest.mark.slow
@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_the_same_rows_in_any_order_give_the_same_bytes(detector, bench) -> None:
    case = first_two(bench, detector.name)[0]
    rows = bench.rows_of(case)
    dice = np.random.default_rng(7)
    mixed = {name: table.take(pa.array(dice.permutation(table.num_rows))) for name, table in rows.items()}
    answers = [
        repr([asdict(s) for s in bench.run(case, bench.window_of(case, some), DETECTORS).suspicions])
        for some in (rows, mixed, rows)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0] != "[]"


@pytest.mark.slow
@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_an_empty_window_is_no_suspicion(detector, bench) -> None:
    case = bench.Case(detector.name, "hit-nothing", {"hours": 1, "indicators": ["ondby.net", "45.9.160.0/24"]})
    assert bench.run(case).suspicions == ()


@pytest.mark.slow
def test_ids_are_stable_while_the_story_goes_on(bench) -> None:
    """The same story an hour later, with more calls, keeps its id."""
    case = next(case for case in bench.all_cases() if str(case) == "beacon/hit-lost-calls")
    calls = [{**case.given["calls"][0], "to_h": hours} for hours in (0.5, 0.9)]
    shorter, longer = (
        bench.run(bench.Case(case.detector, case.name, {**case.given, "calls": [call]})).suspicions[0] for call in calls
    )
    assert shorter.last_us < longer.last_us
    assert shorter.id == longer.id


def test_the_docs_say_where_a_suspicion_is_told_whole(found) -> None:
    """The table of the command has room for two of its sentences: the page says so, and names the others."""
    page = " ".join((ROOT / "docs" / "detectors.md").read_text(encoding="utf-8").split())
    names = ", ".join(f"`{name}`" for name in sentences(found[0], "en"))
    assert "The table of `bavn node suspicions` has room for the first and the last of the four" in page
    assert f"with `--json` it gives all of them ({names})" in page
