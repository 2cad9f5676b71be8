"""However slow tests are handed out to processes, each runs once (tests/handing_out.py)."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.centre.conftest import pytest_collection_modifyitems as choose
from tests.centre.on_postgresql import RUN_ON_POSTGRESQL
from tests.handing_out import LONG, ONE_SECTOR, TOGETHER_MAX, parts_of

ROOT = Path(__file__).resolve().parents[2]
BROWSING = "tests/app/web/pages/test_signing_in.py"
LONE = "tests/app/web/test_schema.py"


def test_each_test_is_in_one_part_also_where_many_have_one_name() -> None:
    collection = [f"{LONE}::test_same"] * 100 + [f"{LONG[1]}::a", f"{BROWSING}::b", f"{LONG[0]}::c", f"{BROWSING}::d"]
    parts = parts_of(collection)
    assert sorted(number for part in parts for number in part) == list(range(104))
    assert parts[:3] == [[101, 103], [102], [100]]
    assert max(map(len, parts)) == TOGETHER_MAX


def test_what_looks_at_the_drawn_sector_goes_to_one_process() -> None:
    sac = [
        f"tests/app/web/sac/test_sac_{name}.py::test_{at}" for name in ("cases", "leads") for at in range(TOGETHER_MAX)
    ]
    assert parts_of([f"{LONE}::test_one", *sac]) == [[*range(1, 2 * TOGETHER_MAX + 1)], [0]]


def test_what_takes_long_is_a_file_that_is_there() -> None:
    assert [file for file in (*LONG, *ONE_SECTOR) if not (ROOT / file).exists()] == []


@pytest.mark.slow
def test_a_run_of_two_processes_runs_all_of_them(tmp_path) -> None:
    """Also where a process dies: what it has left goes to the others."""
    (tmp_path / "conftest.py").write_text(
        "import pytest\n@pytest.hookimpl(optionalhook=True)\ndef pytest_xdist_make_scheduler(config, log):\n"
        "    from tests import handing_out\n    handing_out.drives_a_browser = lambda file: False\n"
        "    return handing_out.ByFile(config, log)\n"
    )
    for name in "abc":
        (tmp_path / f"test_{name}.py").write_text(
            "import os, pytest\n@pytest.mark.parametrize('n', range(40))\ndef test_one(n):\n"
            f"    {name == 'b'} and n == 20 and os._exit(1)\n"
        )
    asked = ["-q", "-n", "2", "-c", "/dev/null", "--rootdir", tmp_path, "-p", "no:randomly", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *asked, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "1 failed, 119 passed" in done.stdout, done.stdout


class Item:
    """Of a test, what the choice asks for."""

    def __init__(self, test, marks=(), file="a.py", **params):
        self.nodeid, self.marks = f"tests/centre/{file}::{test}[{params}]", set(marks)
        self.callspec = SimpleNamespace(params=params)

    def get_closest_marker(self, name):
        return name if name in self.marks else None

    def add_marker(self, mark):
        self.marks.add(mark.name)


def test_a_test_with_parameters_meets_postgresql_once_unless_it_asks_for_more() -> None:
    items = [
        Item(test, marks, databases=name, at=at)
        for test, marks in (("plain", ()), ("dies", ("each_on_postgresql",)))
        for name in ("sqlite", "postgresql")
        for at in (1, 2)
    ]
    choose(items)
    left = [(item.nodeid.partition("::")[2].partition("[")[0], item.callspec.params["at"]) for item in items]
    assert [at for item, at in zip(items, left, strict=True) if "world" in item.marks] == [("plain", 2)]
    assert [item.callspec.params["databases"] for item in items if "world" in item.marks] == ["postgresql"]


def test_of_a_whole_sector_those_meet_postgresql_that_are_named() -> None:
    file, named = "test_echo.py", RUN_ON_POSTGRESQL["test_echo.py"]
    places = (f"node/{file}", f"cases/{file}", "node/test_new.py")
    items = [
        Item(test, file=place, databases=name)
        for place in places
        for test in (*named, "test_other")
        for name in ("sqlite", "postgresql")
    ]
    choose(items)
    assert [item.nodeid for item in items if "world" in item.marks] == [
        f"tests/centre/node/{file}::test_other[{{'databases': 'postgresql'}}]"
    ]
