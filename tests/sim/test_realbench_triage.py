"""Triage on organisations' alerts: a made sector with a known answer, the real one's figures, and broken files."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from bavn.model.sector.known_days import bucket_of
from bavn.traffic.dice import SeededDice
from bavn_lab.data import real_data
from bavn_lab.realbench.alerts import read_organisations
from bavn_lab.realbench.neighbours import KINDS_MAX, counted, joined
from bavn_lab.realbench.run import next_door
from bavn_lab.realbench.triage import (
    COMMONS,
    LENGTHS,
    OWN,
    VERDICTS,
    NewKind,
    NextDoor,
    NothingToJudge,
    Shown,
    figures,
    in_words,
    lines_read,
    new_kinds,
    triage,
)

HEAD = "ten_minutes,host,kind,phase,count"
HOUR = 3600
START = 1_700_000_400


def written(folder: Path, name: str, rows, start=START) -> None:
    """Rows of (hours since the start, host, kind, phase)."""
    lines = [HEAD, *(f"{start + int(at * HOUR)},{host},{kind},{phase},1" for at, host, kind, phase in rows)]
    (folder / f"{name}.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


@pytest.fixture
def sector(tmp_path):
    """Four organisations. ``update`` is ordinary at three, ``odd`` at one; one is attacked by ``shell`` on the third
    day and by ``login``, which two others know; a second by ``shell`` on the fourth."""
    usual = [(0, "web", "usual", ""), (1, "web", "update", "")]
    attack = [(50, "web", "shell", "entry"), (51, "mail", "login", "spread"), (52, "mail", "odd", "")]
    written(tmp_path, "one", [(0, "web", "usual", ""), (49, "web", "update", ""), *attack])
    written(tmp_path, "two", [*usual, (2, "web", "login", ""), (80, "web", "shell", "entry")], START + 9 * 86_400)
    written(tmp_path, "three", [*usual, (3, "web", "login", ""), (39.9, "web", "odd", ""), (40, "web", "late", "")])
    written(tmp_path, "four", [*usual, (41, "web", "late", "")])
    return tmp_path


@pytest.mark.slow
def test_what_two_others_met_while_they_learnt_is_not_shown(sector) -> None:
    result = triage(sector)
    assert result.own == Shown(kinds=7, false=4, phases=3, attacks=2)
    assert result.commons == result.privately == Shown(kinds=5, false=3, phases=2, attacks=2)
    assert (result.differing, result.reachable, result.labelled) == (0, 3, 3)
    assert result.false_share == 0.75
    assert not result.holds
    assert figures(result) == figures(triage(sector))
    words = "\n".join(in_words(replace(result, refused={"rows": 7}, unreadable={"bad.csv": "it is cut"})))
    for line in (
        "7 shown, 4 false, 3 phases, 2 attacks",
        "MISSED",
        "left out rows: 7 rows",
        "left out bad.csv: it is cut",
    ):
        assert line in words


def test_a_kind_met_after_the_fortieth_hour_is_new_and_nobody_has_learnt_it(sector) -> None:
    three = next(each for each in read_organisations(sector).organisations if each.name == "three")
    assert [(kind.kind, kind.day, kind.everywhere) for kind in new_kinds(three)] == [("late", 1, True)]


def test_a_private_round_says_what_counting_says_and_too_many_kinds_are_refused() -> None:
    dice = SeededDice(4, "kinds")
    kinds = {
        f"org {at}": frozenset(f"kind {n}" for n in range(60) if dice.chance(n / 60)) | {f"own {at}"} for at in range(9)
    }
    openly = counted(kinds)
    assert joined(kinds, SeededDice(1)) == openly
    assert {bucket for mine in openly.values() for bucket in mine.values()} == set(range(4))
    with pytest.raises(ValueError, match="more than"):
        joined({"one": frozenset(map(str, range(KINDS_MAX + 1)))}, SeededDice(1))


# --- lists ------------------------------------------------------------------------------------------------------------


def kinds_of_days(days: int = 3) -> tuple[list[NewKind], NextDoor]:
    """Two organisations with twelve new kinds a day each: some ordinary next door, some appearing, the last attacks."""
    new = [
        NewKind(name, day * 86_400 + n, "web", f"kind {n}", day, n % 2 == 0, "entry" if n > 9 else "")
        for name in ("one", "two")
        for day in range(2, 2 + days)
        for n in range(12)
    ]
    learnt = {name: {f"kind {n}": bucket_of(3) if n < 4 else 0 for n in range(12)} for name in ("one", "two")}
    by_day = {name: {f"kind {n}": bucket_of(3) if n < 4 or n == 9 else 0 for n in range(12)} for name in ("one", "two")}
    return new, NextDoor(learnt, dict.fromkeys(range(2, 2 + days), by_day))


def test_own_list_is_by_newness_and_time_and_the_commons_put_what_appears_first_and_what_is_ordinary_last() -> None:
    new, next_door = kinds_of_days(days=1)

    def read(way: str) -> list[str]:
        return [kind.kind for kind in lines_read(new, next_door, way, 12) if kind.organisation == "one"]

    numbers = {OWN: (0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11), COMMONS: (9, 4, 6, 8, 10, 5, 7, 11, 0, 2, 1, 3)}
    for way, order in numbers.items():
        assert read(way) == [f"kind {n}" for n in order]
    assert read(VERDICTS) == read(COMMONS)


def test_nobody_reads_more_lines_than_the_day_has_and_own_findings_are_no_verdict() -> None:
    new, next_door = kinds_of_days()
    twice = new + [replace(kind, host="mail") for kind in new]
    for length in LENGTHS:
        read = lines_read(twice, next_door, COMMONS, length)
        for day in (2, 3, 4):
            assert len({kind.kind for kind in read if (kind.organisation, kind.day) == ("one", day)}) == min(length, 12)
        assert len(read) == 2 * len(lines_read(new, next_door, COMMONS, length))
    new, next_door = kinds_of_days()
    alone = [kind for kind in new if kind.organisation == "one"]
    assert lines_read(alone, next_door, VERDICTS, 8) == lines_read(alone, next_door, COMMONS, 8)


def test_no_order_knows_a_label_but_the_one_of_verdicts_which_knows_those_of_days_before() -> None:
    new, next_door = kinds_of_days()
    blank = [replace(kind, phase="") for kind in new]

    def read(way: str, kinds: list[NewKind], length: int = 8) -> list[tuple[str, int, str]]:
        return [(kind.organisation, kind.day, kind.kind) for kind in lines_read(kinds, next_door, way, length)]

    for way in (OWN, COMMONS):
        assert read(way, new) == read(way, blank)
    assert read(VERDICTS, new) != read(VERDICTS, blank)
    first = [line for line in read(VERDICTS, new) if line[1] == 2]
    assert first == [line for line in read(COMMONS, new) if line[1] == 2]
    assert next(line for line in read(VERDICTS, new) if line[1] == 3)[2] in ("kind 10", "kind 11")


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_bad_row_costs_that_row_and_a_bad_file_that_file(sector) -> None:
    (sector / "bad.csv.gz").write_bytes(b"\x1f\x8bnot so")
    (sector / "cut.csv.gz").write_bytes((sector / "one.csv.gz").read_bytes()[:-9])
    (sector / "other.csv").write_text("a,b\n1,2\n")
    (sector / "empty.csv").write_text(HEAD + "\n")
    (sector / "notes.txt").write_text("nothing of ours\n")
    (sector / "rows.csv").write_text(
        f"{HEAD}\n{START},web,good,,1\n-1,web,k,,1\n{'9' * 40},web,k,,1\n{START},web,,,1\n{START},{'h' * 301},k,,1\n"
        f'{START},web,\x07,,1\n{START},web\n{START},web,"{"x" * 200_000}",,1\n{START},web,good,,1\n'
    )
    read = read_organisations(sector)
    assert [each.name for each in read.organisations] == ["four", "one", "rows", "three", "two"]
    assert set(read.unreadable) == {"bad.csv.gz", "cut.csv.gz", "other.csv", "empty.csv"}
    rows = next(each for each in read.organisations if each.name == "rows")
    assert len(rows.alerts) == 2
    assert sum(rows.refused.values()) == 7


def test_too_few_organisations_and_none_attacked_are_nothing_to_judge(tmp_path) -> None:
    for name in ("one", "two"):
        written(tmp_path, name, [(0, "web", "usual", ""), (50, "web", "shell", "entry")])
    with pytest.raises(NothingToJudge):
        triage(tmp_path)
    for name in ("one", "two", "three"):
        written(tmp_path, name, [(0, "web", "usual", ""), (50, "web", "shell", "")])
    with pytest.raises(NothingToJudge):
        triage(tmp_path)


@pytest.mark.slow
def test_bench_real_has_it_as_a_part_and_says_where_there_is_nothing_to_judge(sector, tmp_path_factory) -> None:
    measured = next_door(sector, None, lambda _: None)
    assert measured.judged == 4
    assert measured.figures["files"]["own_novelty"] == {"kinds": 7, "false": 4, "phases": 3, "attacks": 2}
    assert measured.figures["heldout"] is None
    assert "7 shown, 4 false" in measured.words
    nothing = next_door(None, tmp_path_factory.mktemp("empty"), lambda _: None)
    assert (nothing.judged, nothing.figures["heldout"]) == (0, None)
    assert "not used" in nothing.words


# --- the real ones ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_on_real_organisations_a_quarter_of_what_is_false_stays_and_seven_in_ten_phases() -> None:
    """The figures that stand beside the data, and COMMONS.md's bar on them."""
    data = real_data()
    folder = None if data is None else data.folder / "actors" / "organisations"
    if folder is None or not folder.is_dir():
        pytest.skip("no organisations' alerts: set BAVN_DATA")
    result = triage(folder)
    assert result.own == Shown(kinds=246, false=95, phases=23, attacks=4)
    assert result.commons == result.privately == Shown(kinds=107, false=13, phases=17, attacks=4)
    assert result.differing == 0
    assert result.holds
    assert all(result.recall[COMMONS][length] >= result.recall[OWN][length] for length in LENGTHS)
