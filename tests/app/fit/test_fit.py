"""Which way in fits: the table of sources against the pages that are held against the detectors, and the analysis."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bavn.actor.detect.run import DETECTORS
from bavn.app.cli.main import app
from bavn.app.fit.analysis import fit
from bavn.app.fit.answers import Answers, BadAnswers, read
from bavn.app.fit.sources import EVERY, SEES, SOURCES, named

DOCS = Path(__file__).resolve().parents[3] / "docs"
FEEDS = {source.name: source.feeds for source in SOURCES}


def run(*words):
    return CliRunner().invoke(app, ["fit", *words], standalone_mode=False)


def test_every_source_feeds_what_its_page_says_and_every_detector_has_its_words() -> None:
    assert {detector.name for detector in DETECTORS} == set(SEES) == EVERY
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", (DOCS / "logs.md").read_text(encoding="utf-8"), re.MULTILINE)
    page = {name: frozenset(re.findall(r"\w+", feeds)) & EVERY for name, feeds in rows}
    assert page
    assert {name: FEEDS[name] for name in page} == page
    text = (DOCS / "sources.md").read_text(encoding="utf-8")
    part = text[text.index("| detector | netflow") :]
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \|$", part[: part.index("\n\n")], re.MULTILINE)[1:]
    for at, source in ((1, "netflow"), (2, "sflow")):
        assert {row[0] for row in rows if not row[at].startswith("no: ")} == FEEDS[source]


@pytest.mark.parametrize(
    ("told", "way"),
    [
        ({"hosts": 30}, "guard"),
        ({"hosts": 30, "sources": ("dhcp",)}, "guard"),
        ({"hosts": 30, "sources": ("unbound",)}, "listen"),
        ({"hosts": 30, "sources": ("unbound",), "cores": 0, "memory_mb": 0}, "guard"),
        ({"hosts": 300, "sources": ("mirror",), "hours_week": 2, "carer": "own"}, "watch"),
        ({"hosts": 300, "sources": ("mirror",), "carer": "operator"}, "watch"),
        ({"hosts": 300, "sources": ("mirror", "asa"), "carer": "own"}, "listen"),
        ({"hosts": 300, "sources": ("mirror", "asa"), "hours_week": 5, "memory_mb": 2048}, "listen"),
    ],
)
def test_the_way_in(told, way) -> None:
    assert fit(Answers(**told)).way == way


def test_a_machine_that_is_too_small_is_said_to_be() -> None:
    told = {"hosts": 40_000, "sources": ("mirror",), "hours_week": 30, "line_mbit": 2000, "memory_mb": 8192}
    small, large = fit(Answers(**told, cores=2)), fit(Answers(**told, cores=64))
    assert small.cores > 2
    assert [text.en[:11] for text in small.duties if text not in large.duties] == ["The machine"]


ANSWERS = st.builds(
    Answers,
    hosts=st.integers(1, 10**6),
    line_mbit=st.integers(1, 10**6),
    carer=st.sampled_from(["own", "operator"]),
    sources=st.lists(st.sampled_from(sorted(FEEDS)), unique=True).map(tuple),
    hours_week=st.floats(0, 168),
    cores=st.integers(0, 64),
    memory_mb=st.integers(0, 10**6),
    resolver=st.booleans(),
)


@given(told=ANSWERS)
def test_nothing_is_promised_that_no_used_source_feeds(told) -> None:
    found = fit(told)
    sees = {name for name, _ in found.sees}
    fed = frozenset().union(*(source.feeds for source in named(found.sources)))
    assert sees == fed
    assert sees | {name for name, _ in found.misses} == EVERY
    assert set(found.sources) <= set(told.sources)
    assert found.way != "guard" or not sees
    assert found.why
    assert found.duties
    assert found.cores >= 1


@given(text=st.text())
def test_any_file_is_answers_or_one_error(tmp_path_factory, text) -> None:
    file = tmp_path_factory.mktemp("fit") / "answers.toml"
    file.write_text(text, encoding="utf-8", errors="replace")
    try:
        assert isinstance(read(file), dict)
    except BadAnswers as error:
        assert str(file) in str(error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hosts = ", "no TOML"),
        ("hosst = 3", "'hosst' is no question"),
        ("hosts = true", "hosts = True"),
        ("sources = [1]", "list of names"),
        ('sources = "mirror"', "not what is asked for"),
    ],
)
def test_bad_answers_are_one_line(tmp_path, text, said) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(BadAnswers, match=said):
        read(tmp_path / "a.toml")


def test_the_command_says_it_in_both_languages_and_options_go_before_the_file(tmp_path) -> None:
    (tmp_path / "a.toml").write_text('hosts = 40\nsources = ["unbound", "netfilter"]\ncarer = "supplier"\n')
    danish = run(str(tmp_path / "a.toml"), "--language", "da").stdout
    assert danish.startswith("vej ind          listen: logge og flows læses")
    assert "1 kerne, 1024 MB" in danish
    found = json.loads(run(str(tmp_path / "a.toml"), "--source", "netflow", "--json").stdout)
    assert (found["way"], found["sources"], found["answers"]["hosts"]) == ("listen", ["netflow"], 40)
    assert "bruteforce" in found["sees"]
    assert "dga" in found["misses"]


@pytest.mark.parametrize(
    "words", [[], ["--hosts", "0"], ["--hosts", "3", "--source", "shoe"], ["--hosts", "3", "--carer", "x"]]
)
def test_what_cannot_be_meant_is_refused_with_the_choices(words) -> None:
    ended = run(*words)
    assert ended.exception is not None
    assert ended.exception.code == 2
    assert str(ended.exception)
