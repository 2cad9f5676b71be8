"""`bavn bench psi`: figures that would show a fault, on a small case, and what it writes."""

import json

import pytest
from typer.testing import CliRunner

from bavn.app.process.exits import Exit, Stop
from bavn.psi import receipt, share
from bavn_lab.cli import bench
from bavn_lab.sim import psi_bench, psi_planted
from bavn_lab.sim.psi_bench import Size, cases
from bavn_lab.sim.psi_published import published_cpu_s

TINY = Size(n=6, t=3, m=120, r=10)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(psi_bench, "BASELINE_S", 0.05)
    monkeypatch.setattr(psi_bench, "CELLS_ATTACKED_MAX", 40)


def only(size=TINY, seed=3):
    (case,) = cases([size], seed)
    return case


@pytest.mark.parametrize("t", [2, 3, 4])
def test_a_sound_join_misses_nothing_and_yields_nothing(t) -> None:
    case = only(Size(n=6, t=t, m=120, r=10))
    assert (case.planted, case.missed, case.false_groups, case.twin_pairs, case.forged_reveals) == (6, 0, 0, 0, 0)
    assert case.forged_tries > 500
    assert case.cpu_s > 0 < case.baseline_cpu_s


def test_twins_show(monkeypatch) -> None:
    monkeypatch.setattr(share, "first_coefficient", lambda *_: 1)
    assert only().twin_pairs > 50


def test_a_receipt_that_anybody_can_make_shows(monkeypatch) -> None:
    monkeypatch.setattr(receipt, "_proof", lambda *_: bytes(16))
    assert only().forged_reveals > 0


def test_a_join_that_loses_a_holder_shows(monkeypatch) -> None:
    whole = psi_bench.reconstruct
    monkeypatch.setattr(
        psi_bench, "reconstruct", lambda params, planes: whole(params, {x: p for x, p in planes.items() if x != 1})
    )
    assert only().missed > 0


def test_the_baseline_finds_what_it_must_and_is_extrapolated_by_its_part() -> None:
    assert published_cpu_s(5, 3, 4096, 0.125) > 0


def test_the_command_writes_every_figure(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(psi_bench, "SMALL", (TINY,))
    done = CliRunner().invoke(bench.app, ["psi", "--json", str(tmp_path / "psi.json"), "--seed", "3"])
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "psi.json").read_text())
    wanted = {"N", "t", "M", "R", "cpu_s", "baseline_cpu_s", "baseline", "missed", "false_groups", "twin_pairs"}
    assert wanted | {"forged_reveals"} <= set(told["cases"][0])
    assert "0 missed" in done.output


@pytest.mark.slow
def test_a_stranger_names_sizes_of_his_own(tmp_path, monkeypatch) -> None:
    file = tmp_path / "psi.json"
    words = ["psi", "--case", "5,2,60,4", "--case", " 4, 3 ,40,10", "--planted", "200", "--json", str(file)]
    done = CliRunner().invoke(bench.app, words)
    assert done.exit_code == 0, done.output
    told = json.loads(file.read_text())
    assert [(case["N"], case["t"], case["M"], case["R"]) for case in told["cases"]] == [(5, 2, 60, 4), (4, 3, 40, 10)]
    assert [case["missed_expected"] < 0.02 for case in told["cases"]] == [True, True]
    for planted in told["planted"]:
        assert planted["planted"] >= 200
        assert [planted[name] for name in ("missed", "wrong_holders", "false_groups", "below")] == [0, 0, 0, 0]
    assert [planted["t"] for planted in told["planted"]] == [2, 3]


@pytest.mark.parametrize(
    "text",
    ["", "10,3", "10,3,1000,7", "10,9,1000,10", "2,3,100,10", "a,b,c,d", "10,-3,5,4", "400,8,1000000,40", "5,2,0,4"],
)
def test_what_is_no_size_is_one_clear_error(text) -> None:
    done = CliRunner().invoke(bench.app, ["psi", "--case", text])
    assert isinstance(done.exception, Stop)
    assert done.exception.code == Exit.USAGE


def test_a_file_that_cannot_be_written_is_said_before_the_work(tmp_path) -> None:
    done = CliRunner().invoke(bench.app, ["psi", "--case", "4,2,40,4", "--json", str(tmp_path / "no" / "psi.json")])
    assert isinstance(done.exception, Stop)
    assert "no folder" in str(done.exception)


def test_a_planted_element_that_is_lost_is_counted(monkeypatch) -> None:
    monkeypatch.setattr(psi_planted, "reconstruct", lambda *_: [])
    assert psi_planted.plant(2, 100, 1).missed == 100
