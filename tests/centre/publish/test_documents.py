"""No document without a source for each thing that it says; what is read back is checked as a stranger's."""

import datetime as dt
import functools
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bavn.app.cli.centre.main import app
from bavn.app.process.failure_folder import FailureFolder
from bavn.app.process.real import SystemClock
from bavn.centre.publish.build import PARTS, SECTIONS, build, period_of
from bavn.centre.publish.codec import digest, document_of, document_text
from bavn.centre.publish.document import (
    SOURCES_MAX,
    Document,
    Figure,
    Kind,
    Row,
    Sentence,
    Source,
    SourceKind,
    Unsourced,
    sources_of,
)
from bavn.centre.publish.edit import Change, changed
from bavn.centre.publish.facts import DocumentFacts, LevelSet, Period
from bavn.centre.publish.parts.coverage import coverage
from bavn.centre.publish.threat import Level, Threat
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, as_us, iso
from bavn.model.text import Text
from tests.centre.publish.made import make_facts, make_member

SAID = Text.written("Something.", da="Noget.")
CASE = Source(SourceKind.CASE, "case-1")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("much", ["nothing", "whole"])
def test_everything_in_every_document_has_a_source(kind, much, facts, whole) -> None:
    made = build(kind, whole(kind) if much == "whole" else facts(kind))
    said = list(made.sourced())
    assert len(said) > len(PARTS[kind])
    assert all(sources for _, sources in said)
    assert len(made.sections) == len(PARTS[kind])


def test_without_a_source_nothing_builds_and_many_ids_are_named_by_their_query() -> None:
    with pytest.raises(Unsourced):
        Sentence(SAID, ())
    with pytest.raises(Unsourced):
        Row(SAID, (), (), ())
    with pytest.raises(ValueError, match=r"1 to"):
        Source(SourceKind.CASE, " ")
    few = sources_of(SourceKind.CASE, ["case-2", "case-1", "case-2"], "bavn centre cases")
    assert [one.ref for one in few] == ["case-1", "case-2", "bavn centre cases"]
    many = sources_of(SourceKind.CASE, map(str, range(SOURCES_MAX)), "bavn centre cases")
    assert [one.ref for one in many] == ["bavn centre cases"]


@pytest.mark.parametrize("kind", list(Kind))
def test_the_same_facts_are_the_same_text_and_come_back(kind, whole) -> None:
    made = build(kind, whole(kind))
    assert document_text(build(kind, whole(kind))) == document_text(made)
    assert document_of(document_text(made)) == made
    assert digest(made) != digest(build(kind, whole(kind, seed=2)))


def test_what_is_stricter_or_not_collected_is_said_as_such(a_case, facts) -> None:
    red = a_case(7, tlp=Tlp.RED, rsit="availability/sabotage", techniques=("T1498",))
    said = document_text(build(Kind.FORECAST, facts(cases=(red,))))
    assert red.id not in said
    assert "1 case confirmed" in said
    assert red.id in document_text(build(Kind.FORECAST, facts(cases=(red,), tlp=Tlp.RED)))
    said = document_text(build(Kind.PICTURE, facts(Kind.PICTURE)))
    for words in ("not collected", "no sum to show", "no figure is collected"):
        assert words in said


def test_commands_parts_and_coverage_of_documents_are_those_that_there_are(whole) -> None:
    commands = {source.command for source in build(Kind.PICTURE, whole(Kind.PICTURE)).all_sources()} - {""}
    assert len(commands) > 5
    for words in sorted({tuple(one.split()[2:4]) for one in commands}):
        known = [word for word in words if word.isalpha()]
        done = CliRunner().invoke(app, [*known, "--help"])
        assert done.exit_code == 0, words
    assert {part.__name__ for parts in PARTS.values() for part in parts} == set(SECTIONS)
    section = coverage(make_facts(members=(make_member(sees=()), make_member(sees=("beacon",)))))
    first = section.blocks[0].text.say("en")
    assert re.search(r" 1 could see something of what passes now\.", first), first


@pytest.mark.parametrize(
    ("kind", "name", "now", "wanted"),
    [
        (Kind.BRIEF, "", "2026-01-10", ("2025-12", "2025-12-01", "2026-01-01")),
        (Kind.BRIEF, "2024-02", "2026-01-10", ("2024-02", "2024-02-01", "2024-03-01")),
        (Kind.FORECAST, "", "2026-02-28", ("2025-Q4", "2025-10-01", "2026-01-01")),
        (Kind.FORECAST, "2025-Q2", "2026-02-28", ("2025-Q2", "2025-04-01", "2025-07-01")),
        (Kind.PICTURE, "", "2026-02-28", ("2026-02-28", "2026-01-30", "2026-03-01")),
    ],
)
def test_periods(kind, name, now, wanted) -> None:
    found = period_of(kind, name, _us(now) + DAY_US // 2)
    assert (found.name, iso(found.first_us)[:10], iso(found.end_us)[:10]) == wanted


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.BRIEF, "2026-02"),
        (Kind.BRIEF, "2026-13"),
        (Kind.FORECAST, "2026"),
        (Kind.FORECAST, "2026-Q1"),
        (Kind.PICTURE, "2026-01-01"),
    ],
)
def test_no_period_that_is_none_or_not_over(kind, name) -> None:
    with pytest.raises(ValueError, match=r"period|not over|of today"):
        period_of(kind, name, _us("2026-02-28"))


def _us(day):
    return as_us(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC))


# --- what a person changes ----------------------------------------------------------------------------------------


def test_an_edit_keeps_its_sources_and_no_figure_is_edited(facts) -> None:
    made = build(Kind.BRIEF, facts(Kind.BRIEF))
    after = changed(made, Change(place="overview/1", text=SAID, sources=(CASE,)), "Bo Lund")
    one, before = after.sections[0].blocks[0], made.sections[0].blocks[0]
    assert one.text == SAID
    assert one.sources == (Source(SourceKind.PERSON, "Bo Lund"), CASE, *before.sources)
    more = changed(made, Change(place="overview/1", text=SAID, after=True), "Bo Lund")
    assert more.sections[0].blocks[1] == Sentence(SAID, (Source(SourceKind.PERSON, "Bo Lund"),))
    assert changed(more, Change(place="overview/2", text=None), "Bo Lund") == made
    assert isinstance(made.sections[1].blocks[0], Figure)
    with pytest.raises(ValueError, match="figure"):
        changed(made, Change(place="threat-level/1", text=SAID), "Bo Lund")
    for place in ("overview/99", "nowhere/1", "overview/0", "overview", "", "../1"):
        with pytest.raises(ValueError, match="there is no"):
            changed(made, Change(place=place, text=SAID), "Bo Lund")


# --- hostile text ----------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_a_strangers_json_is_one_refusal(value) -> None:
    with pytest.raises(ValueError):
        document_of(json.dumps(value))


def test_a_document_with_one_thing_changed_is_refused_or_a_whole_document(facts) -> None:
    text = document_text(build(Kind.BRIEF, facts(Kind.BRIEF)))
    tried = refused = 0
    for path in _paths(json.loads(text)):
        for value in (None, "", -1, [], {}, "x" * 5000, True):
            body = json.loads(text)
            _put(body, path, value)
            tried += 1
            try:
                made = document_of(json.dumps(body))
            except ValueError:
                refused += 1
            else:
                assert isinstance(made, Document)
                assert all(sources for _, sources in made.sourced())
    assert refused > tried / 3


def _paths(value, at=()):
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value[:2]):
            yield (*at, key)
            yield from _paths(inner, (*at, key))


def _put(body, path, value):
    for key in path[:-1]:
        body = body[key]
    body[path[-1]] = value


@given(st.text(max_size=60))
def test_a_reason_in_any_letters_is_said_or_refused(why) -> None:
    """A level's reason is a stranger's text to the document."""
    base = DocumentFacts(sector="sector", period=Period("2026-01-01", 0, DAY_US), now_us=DAY_US, tlp=Tlp.GREEN)
    try:
        made = build(Kind.PICTURE, replace(base, levels=(LevelSet(Threat.CRIME, Level.LOW, "Anna Berg", why, 1),)))
    except ValueError:
        assert not why.replace("\n", " ").isprintable()
    else:
        assert why in made.sections[1].blocks[2].text.en


@pytest.mark.parametrize(("kind", "at"), [(kind, at) for kind, parts in PARTS.items() for at in range(len(parts))])
def test_a_part_that_fails_costs_its_section_alone_and_the_document_says_so(kind, at, whole, monkeypatch) -> None:
    part, failures, facts = PARTS[kind][at], FailureFolder(None, SystemClock()), whole()

    @functools.wraps(part)
    def fails(_):
        raise ZeroDivisionError

    right = build(kind, facts)
    parts = (*PARTS[kind][:at], fails, *PARTS[kind][at + 1 :])
    with monkeypatch.context() as broken:
        broken.setitem(PARTS, kind, parts)
        document = build(kind, facts, failures)
        with pytest.raises(ZeroDivisionError):
            build(kind, facts)
    assert [other for n, other in enumerate(document.sections) if n != at] == [
        other for n, other in enumerate(right.sections) if n != at
    ]
    (said,) = document.sections[at].blocks
    assert "missing" in said.text.en
    assert "mangler" in said.text.da
    assert [one.part for one in failures.failing()] == [f"section {part.__name__}"]
    assert build(kind, facts, failures) == right
    assert failures.failing() == ()
