"""The reading test: sheets that give nothing away, leads drawn fairly, and answers counted as they are."""

import csv
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from bavn.app.process.exits import Exit, Stop
from bavn.traffic.dice import SeededDice
from bavn_lab.cli import bench
from bavn_lab.reading.draw import ATTACK, HARMLESS, KINDS, LINKAGES, REASONS, UNKIND, drawn
from bavn_lab.reading.dress import dressed
from bavn_lab.reading.marks import Unreadable, marked
from bavn_lab.sectorbench.day import NO_WALK
from bavn_lab.sectorbench.worlds import Generated

KEPT = ("actor", "element", "p", "hosts", "period", "regular")


@pytest.mark.slow
def test_a_dressed_day_says_nothing_by_its_names_and_changes_nothing_that_counts():
    plain, day = (Generated().day(15, 3, 14, UNKIND) for _ in range(2))
    day = dressed(day, SeededDice(3, "dress"))
    assert all(np.array_equal(getattr(plain.rows, name), getattr(day.rows, name)) for name in KEPT)
    assert len(set(day.observables)) == len(day.observables)
    telling = re.compile(r"^(e\d+-|c\d+-|v\d+-)|example\.org|" + "|".join(plain.negatives))
    assert not [one for one in day.observables if telling.search(one.value)]
    assert sum(o in day.listed for o in day.observables) == sum(o in plain.listed for o in plain.observables)
    assert len(day.register) == len(plain.register)
    assert all(day.rows.first <= day.rows.last)
    moved = day.rows.first - plain.rows.first
    long_known = np.isin(plain.rows.element, sorted(plain.campaigns_of)) & (plain.rows.first < -7 * 24)
    assert all(moved[~long_known] == 0)
    assert set((day.rows.first[long_known] % 24).tolist()) > {0}
    (scanner,) = day.negatives["scanner"]
    scans = day.rows.where(day.rows.element == scanner)
    assert {day.sorts[sort] for sort in scans.sort.tolist()} == {("scan", "T1595")}
    assert set(day.rows.where(day.rows.walk != NO_WALK).element.tolist()) == {scanner}
    for campaign in day.campaigns:
        mine = day.rows.where(np.isin(day.rows.element, campaign.elements))
        assert len(set(mine.sort.tolist())) <= 1


@pytest.fixture(scope="module")
def leads():
    return drawn(12, 77)


@pytest.mark.slow
def test_half_are_attacks_of_the_days_first_leads_and_each_reason_fits_what_it_is(leads) -> None:
    assert [sum(one.verdict == verdict for one in leads) for verdict in (ATTACK, HARMLESS)] == [6, 6]
    for one in leads:
        assert one.reason == (KINDS | LINKAGES | {"background": "chance"})[one.kind]
        assert REASONS[one.reason][0] == one.verdict
    harmless = [one.kind for one in leads if one.verdict == HARMLESS]
    assert harmless.count("background") == 3
    assert len(set(harmless)) == 4
    assert all(one.rank <= 60 for one in leads if one.verdict == ATTACK)
    again = drawn(12, 77)
    assert [one.review for one in again] == [one.review for one in leads]


def run(*words):
    return CliRunner().invoke(bench.app, [str(word) for word in words])


@pytest.mark.slow
def test_sheets_hold_words_alone_and_right_answers_are_counted_right(tmp_path) -> None:
    folder = tmp_path / "reading"
    assert run("read-leads", folder, "--seed", 78, "--count", 8, "--language", "da").exit_code == 0
    assert run("read-leads", folder).exception.code == Exit.USAGE
    key = json.loads((folder / "key.json").read_text())["key"]
    sheets = (folder / "sheets.txt").read_text().split("--- sheet ")[1:]
    assert len(sheets) == len(key) == 8
    assert all("Det taler imod" in sheet or "Hvad der taler imod" in sheet for sheet in sheets)
    assert not [sheet for sheet in sheets if re.search(r"\bnats\b|attack|harmless|poison|campaign", sheet)]
    with (folder / "answers.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow(("sheet", "verdict", "reason"))
        table.writerows((one["sheet"], one["verdict"], one["reason"]) for one in key)
    done = run("mark-leads", folder, "--json", tmp_path / "figures.json", "--read-by", "nobody")
    assert "right verdict and right reason: 8 of 8" in done.stdout
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert (figures["read_by"], figures["reasons"]["right"], figures["reasons"]["share"]) == ("nobody", 8, 1.0)


@pytest.fixture
def answered(tmp_path):
    """A reading of four sheets with a key; ``answered(text)`` writes answers and marks them."""
    truth = (("attack", "peer"), ("attack", "incident"), ("harmless", "rollout"), ("harmless", "chance"))
    key = [
        {"sheet": at, "verdict": verdict, "reason": reason, "kind": reason}
        for at, (verdict, reason) in enumerate(truth, 1)
    ]
    (tmp_path / "key.json").write_text(json.dumps({"key": key}))

    def write(text):
        (tmp_path / "answers.csv").write_text(f"sheet,verdict,reason\n{text}")
        return marked(tmp_path)

    return write


def test_a_right_verdict_for_a_wrong_reason_is_half_right_and_silence_is_wrong(answered) -> None:
    marks = answered("1,attack,peer\n2,Attack,certificate\n3,attack,peer\n4,,\n")
    assert (marks.verdicts.right, marks.reasons.right, marks.reasons.count) == (2, 1, 4)
    assert "2 of 4 (15% to 85%)" in marks.in_words
    assert marks.by_kind["peer"].right == 1
    assert [line.split(":")[0] for line in marks.wrong] == ["sheet 2", "sheet 3", "sheet 4"]
    assert "no answer; it was harmless chance" in marks.wrong[2]


@pytest.mark.parametrize(
    "text", ["5,attack,peer\n", "1,attack,peer\n1,attack,peer\n", "1,attack,rollout\n", "1,attack,hunch\n", "x,,peer\n"]
)
def test_answers_off_the_list_are_refused_by_line(answered, text) -> None:
    with pytest.raises(Unreadable):
        answered(text)


def test_a_folder_without_a_reading_is_said_to_be_none(tmp_path) -> None:
    done = run("mark-leads", tmp_path)
    assert isinstance(done.exception, Stop)
    assert done.exception.code == Exit.INPUT
