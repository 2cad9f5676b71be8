"""Real actors: files of contacts, highly predictive blacklisting by hand, what may be shown, and the command."""

import gzip
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from bavn_lab.cli import bench
from bavn_lab.data import real_data
from bavn_lab.realbench import inbound, privately, released, report, run
from bavn_lab.realbench.contacts import DAY_S, Unreadable, read
from bavn_lab.realbench.lists import PLAIN, Maker, Making, View, sector
from bavn_lab.realbench.predictive import best, correlation, propagation
from bavn_lab.sectorbench.ways import JoinTier

BEGIN = 20_000 * DAY_S
HOUR = 3600
ACTORS = ("north", "south", "west")


@pytest.fixture(autouse=True)
def small_rounds(monkeypatch) -> None:
    """The product's tiers with sets that a test can pad."""
    tiers = (JoinTier("A", 2, 64, 0.005), JoinTier("B", 3, 64, 0.05))
    monkeypatch.setattr(released, "TIERS", tiers)
    monkeypatch.setattr(privately, "TIERS", tiers)


def row(actor: str, ip4: str, hours: float, lasts: float = 1, count: object = "") -> str:
    """A contact that began so many hours after the file's first midnight."""
    first = int(BEGIN + hours * HOUR)
    return f"{actor},{ip4},{first},{first + int(lasts * HOUR)},{count}"


def quiet(days: int = 9) -> list[str]:
    """Each actor meets one source of its own a day, far from all others."""
    return [
        row(actor, f"{60 + number}.{day}.9.{day}", 24 * day + 2)
        for day in range(days)
        for number, actor in enumerate(ACTORS)
    ]


def write(path, rows, header="actor,ip4,first,last,count"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def judged(tmp_path, rows):
    contacts = read(write(tmp_path / "made.csv", [*quiet(), *rows]))
    choice = inbound.choose([contacts], lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbound, "_private", lambda *_: ())  # the private join has tests of its own
        return inbound.judge(contacts, choice, lambda _: None)


def hits(result, way: str, actor: str) -> int:
    return int(result.tallies[way][1000].hits[result.contacts.actors.index(actor)].sum())


# --- what the sector could have told ----------------------------------------------------------------------------------


def test_what_others_met_is_told_unless_it_came_within_the_hour(tmp_path) -> None:
    met = [row("north", "45.1.1.1", 26), row("south", "45.1.1.1", 30), row("west", "45.1.1.1", 78)]
    result = judged(tmp_path, met)
    assert [hits(result, way, "west") for way in ("sector", inbound.LEARNED, inbound.WITH_SECTOR)] == [1, 1, 1]
    (lead,) = np.concatenate([one for day in result.tallies["sector"][1000].leads for one in day])
    assert lead == 78 - 47  # on the list from the second evening at 23:00
    met = [row("north", "45.1.1.1", 71.5), row("south", "45.1.1.1", 71.5), row("west", "45.1.1.1", 72.2)]
    result = judged(tmp_path, met)
    assert all(hits(result, way, "west") == 0 for way in inbound.WAYS)


def test_lists_are_of_what_others_met_and_leave_out_what_the_actor_met(tmp_path) -> None:
    tie = [row("north", "45.9.9.9", 26), row("west", "45.9.9.9", 27)]  # else no list of contributors ties the two
    result = judged(tmp_path, [*tie, row("north", "45.1.1.1", 26), row("west", "45.1.1.1", 78)])
    assert hits(result, "sector", "west") == hits(result, inbound.WITH_SECTOR, "west") == 0
    assert hits(result, "HPB, new sources only", "west") == hits(result, inbound.IN_CLEAR, "west") == 1
    assert result.below.sum() == 0
    met = [row("north", "45.1.1.1", 26), row("south", "45.1.1.1", 30)]
    contacts = read(write(tmp_path / "made.csv", [*quiet(), *met]))
    view = View(contacts, contacts.known(BEGIN + 3 * DAY_S))
    told = {actor: len(sector(view, number, 7)) for number, actor in enumerate(contacts.actors)}
    assert told == {"north": 0, "south": 0, "west": 1}


def test_neighbours_and_what_comes_again_stand_on_own_lists(tmp_path) -> None:
    met = [row("west", f"45.1.1.{number}", 24 * (1 + number // 5) + 3) for number in range(40)]
    result = judged(tmp_path, met)
    assert hits(result, inbound.ALONE, "west") == 35  # all but those of the block's first day
    assert hits(result, "HPB", "west") == hits(result, "sector", "west") == 0
    result = judged(tmp_path, [row("west", "45.1.1.1", 24 * day + 3) for day in range(9)])
    assert hits(result, "own past", "west") == hits(result, inbound.ALONE, "west") == 8
    assert hits(result, "sector", "west") == 0


@pytest.mark.parametrize(("count", "shown"), [("", 1), (2, 0), (3, 0), (4, 1)])
def test_tries_decide_the_tier_and_its_threshold(tmp_path, count, shown) -> None:
    """Two holders: enough where the tries are an alarm (tier A), too few below it (tier B), unreported below three."""
    met = [row(actor, "45.1.1.1", 26, count=count) for actor in ACTORS[:2]]
    contacts = read(write(tmp_path / "made.csv", [*quiet(), *met]))
    assert len(released.shown(contacts, contacts.known(BEGIN + 3 * DAY_S), 7, 2).place) == shown


def test_the_centre_knows_nothing_of_who_told_nothing(tmp_path) -> None:
    """West met it too, but too few times to say so: no list may be ordered by that."""
    met = [
        row(actor, "45.1.1.1", 26 + at, count=count)
        for at, (actor, count) in enumerate(zip(ACTORS, (9, "", 2), strict=True))
    ]
    contacts = read(write(tmp_path / "made.csv", [*quiet(), *met]))
    reports = released.shown(contacts, contacts.known(BEGIN + 3 * DAY_S), 7, 2).reports
    assert sorted(contacts.actors[actor] for actor in reports.actor) == ["north", "south"]
    assert reports.newest.max() == BEGIN + 27 * HOUR


def test_nothing_of_later_changes_a_list(tmp_path) -> None:
    rows = [row(ACTORS[at % 3], f"45.1.{at % 7}.{at % 11}", 5 * at, lasts=at % 60) for at in range(40)]
    at = BEGIN + 5 * DAY_S - HOUR
    until = [one for one in [*quiet(), *rows] if int(one.split(",")[2]) <= at]
    cut = [",".join([*one.split(",")[:3], str(min(int(one.split(",")[3]), at)), ""]) for one in until]
    later = [row("north", "60.0.9.0", 200)]  # one row after it, so that both files have the same days to begin from
    listed = []
    for name, content in (("all.csv", [*quiet(), *rows]), ("cut.csv", [*cut, *later])):
        contacts = read(write(tmp_path / name, content))
        view = View(contacts, contacts.known(at))
        maker = Maker(Making(2, 7, 6, 0.8), contacts)
        maker.lists(View(contacts, contacts.known(at - DAY_S)))
        by_actor = dict(zip(contacts.actors, maker.lists(view), strict=True))
        plain = [way(view, contacts.actors.index(a), 7).tolist() for way in PLAIN.values() for a in ACTORS]
        assert view.known.seen.max() <= at
        learnt = [rates._hits.tolist() for rates in (maker._met, maker._beside)]
        listed.append((plain, [by_actor[actor].tolist() for actor in ACTORS], learnt))
    assert listed[0] == listed[1]
    assert any(listed[0][0])
    assert all(listed[0][1])


# --- highly predictive blacklisting -----------------------------------------------------------------------------------


def test_figures_are_those_of_worked_examples() -> None:
    """v1 met s1 s2, v2 met s1 s2 s3, v3 met s3 s4: W = [0 1 0; 2/3 0 1/3; 0 1/2 0], alpha = 1/2."""
    met = np.array([0, 1, 0, 1, 2, 2, 3])
    by = np.array([0, 0, 1, 1, 1, 2, 2])
    weights = correlation(met, by, 3)
    assert weights == pytest.approx(np.array([[0, 1, 0], [2 / 3, 0, 1 / 3], [0, 1 / 2, 0]]))
    spread = propagation(weights)
    relevance = [[spread[i, by[met == s]].sum() * 19 for s in range(4)] for i in range(3)]
    assert relevance[0] == pytest.approx([16, 16, 14, 2])
    assert [relevance[i][3] for i in range(3)] == pytest.approx([2, 4, 1])
    assert [relevance[i][2] for i in range(3)] == pytest.approx([14, 9, 7])
    everybody = np.repeat(np.arange(5), 4), np.tile(np.arange(4), 5)
    weights = correlation(*everybody, 4)
    assert float(np.abs(np.linalg.eigvals(weights)).max()) == pytest.approx(1)
    assert (propagation(weights) > 0).all()
    worth, then = np.array([1.0, 0.0, 2.0, 1.0, 1.0]), np.array([5, 9, 1, 7, 7])
    assert best(3, worth, then).tolist() == [2, 3, 4]
    assert best(9, worth, then).tolist() == [2, 3, 4, 0]
    table = np.arange(12).reshape(3, 4)
    value = report.mean(table)
    assert value.value == 5.5
    assert value.low < 5.5 < value.high
    assert report.share(table, table * 2).low == report.share(table, table * 2).high == 0.5
    assert report.share(table, table * 0).value is None


# --- the private join -------------------------------------------------------------------------------------------------


def test_the_private_join_reveals_what_counting_does_and_a_lie_would_show(tmp_path, monkeypatch) -> None:
    met = [row(ACTORS[at % 3], f"45.1.1.{at // 2}", 26 + at / 10) for at in range(30)]
    contacts = read(write(tmp_path / "made.csv", [*quiet(), *met]))
    known = contacts.known(BEGIN + 3 * DAY_S)
    one = privately.compared(contacts, known, 7)
    assert (one.revealed, one.differs, one.below, one.quarantined) == (15, 0, 0, 0)
    monkeypatch.setattr(privately, "joined", lambda *_: {})
    assert privately.compared(contacts, known, 7).differs == 15


# --- files and the command --------------------------------------------------------------------------------------------


BAD = {
    "another number of columns": "north,45.1.1.1",
    "no actor": row("", "45.1.1.1", 30),
    "no IPv4 address": row("north", "45.1.1", 30),
    "no time in seconds since 1970": "north,45.1.1.1,today,9,",
    "ends before it begins": row("north", "45.1.1.1", 30, lasts=-2),
    "no count": row("north", "45.1.1.1", 30, count="many"),
    "an address that is nobody's on the internet": row("north", "10.1.1.1", 30),
    "more than 200 days from the middle of the file": row("north", "45.1.1.1", 24 * 300),
}


@pytest.mark.parametrize("why", BAD)
def test_a_bad_row_costs_that_row_and_says_why(tmp_path, why) -> None:
    contacts = read(write(tmp_path / "made.csv", [*quiet(), BAD[why]]))
    assert contacts.refused == {why: 1}
    assert len(contacts.first) == len(quiet())


def test_a_packed_or_foreign_file_is_read_as_far_as_it_goes(tmp_path) -> None:
    path = write(tmp_path / "made.csv", quiet())
    columns = ["last", " First", "ip4", "actor", "note"]
    turned = [",".join([r[3], r[2], r[1], r[0], '"a, b"']) for r in (one.split(",") for one in quiet()[::-1])]
    other = tmp_path / "other.csv.gz"
    other.write_bytes(gzip.compress("\r\n".join(["﻿" + ",".join(columns), *turned]).encode()))
    one, two = read(path), read(other)
    assert (one.first == two.first).all()
    assert (one.last == two.last).all()
    assert (one.sources == two.sources).all()
    assert not two.refused
    whole = gzip.compress("\n".join(["actor,ip4,first,last,count", *quiet(60)]).encode(), mtime=0)
    path = tmp_path / "made.csv.gz"
    path.write_bytes(whole[:-40])
    contacts = read(path)
    assert contacts.refused["the rest of the file cannot be read"] == 1
    assert 0 < len(contacts.first) < len(quiet(60))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no column actor"),
        ("actor,ip4,first\n", "no column last"),
        ("actor,ip4,first,last\n", "no row"),
        ("\n".join(["actor,ip4,first,last,count", *quiet(2)]), "fewer than 4 days"),
        ("\n".join(["actor,ip4,first,last,count", *quiet()[::3]]), "fewer than 2 actors"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(tmp_path, content, why) -> None:
    path = tmp_path / "made.csv"
    path.write_text(content)
    with pytest.raises(Unreadable, match=why):
        read(path)


def invoke(*arguments: object):
    return CliRunner().invoke(bench.app, ["real", *map(str, arguments)])


@pytest.mark.slow
def test_the_command_writes_all_figures_and_a_bad_file_costs_a_line(tmp_path) -> None:
    met = [row("north", "45.1.1.1", 26), row("south", "45.1.1.1", 30), row("west", "45.1.1.1", 150)]
    write(tmp_path / "data/inbound/made.csv", [*quiet(), *met])
    (tmp_path / "data/inbound/bad.csv.gz").write_bytes(b"\x1f\x8bnothing")
    write(tmp_path / "sealed/inbound/other.csv", [*quiet(), *met])
    json_file = tmp_path / "real.json"
    result = invoke("--data", tmp_path / "data", "--heldout", tmp_path / "sealed", "--json", json_file)
    assert result.exit_code == 0, result.output
    figures = json.loads(json_file.read_text())
    assert list(figures) == ["bench", "schema", "version", "commit", "inbound"]
    part = figures["inbound"]
    assert list(part["unread"]) == ["bad.csv.gz"]
    assert "not used: bad.csv.gz: cannot be read" in result.output
    made, other = part["files"]["made"], part["heldout"]["other"]
    assert made["judged"] == "second_half"
    assert other["judged"] == "whole"
    assert "first_half" not in other
    assert made["second_half"]["ways"]["sector"]["1000"]["hits"] == 1
    assert set(made["second_half"]["ways"]) == set(inbound.WAYS)
    assert [one["differs"] for one in made["private_join"]] == [0, 0, 0]
    assert made["revealed"]["below_threshold"] == 0
    assert "45.1.1.1" not in result.output + json_file.read_text()


@pytest.mark.parametrize(("content", "exit_code"), [("inbound", 5), ("", 5), (None, 2)])
def test_a_folder_with_nothing_to_judge_is_a_message(tmp_path, content, exit_code) -> None:
    folder = tmp_path / "data"
    if content is not None:
        (folder / content).mkdir(parents=True)
    result = invoke("--data", folder)
    assert result.exception.code == exit_code


def test_a_file_of_figures_that_cannot_be_written_is_a_message(tmp_path) -> None:
    result = invoke("--data", tmp_path, "--json", tmp_path)
    assert result.exception.code == 2
    assert "cannot be written" in str(result.exception)


@pytest.mark.data
@pytest.mark.slow
def test_the_operators_are_read_whole_and_counted_as_they_were() -> None:
    """Plain counting, by others: 242,303 contacts new to their actor after the first day."""
    found = real_data()
    path = found.folder / "actors/inbound/operators-2026.csv.gz" if found else None
    if path is None or not path.is_file():
        pytest.skip("no contacts of real actors beside the captures")
    contacts = read(path)
    assert len(contacts.first) + sum(contacts.refused.values()) == 301_526
    after = contacts.first >= (int(contacts.first[0]) // DAY_S + 1) * DAY_S
    pairs = np.unique(contacts.source * len(contacts.actors) + contacts.actor, return_index=True)[1]
    assert abs(int(after[pairs].sum()) - 242_303) < 20_000
    assert run.PARTS["inbound"] == ("inbound", run.inbound)
