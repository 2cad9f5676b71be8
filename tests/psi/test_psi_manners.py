"""The room's manners: importing it is quick and silent, and a place that cannot be written is no obstacle."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numba
import pytest

ROOM = Path(__file__).parents[2] / "bavn" / "psi"
MODULES = sorted(f"bavn.psi.{path.stem}" for path in ROOM.glob("*.py") if path.stem not in {"__init__", "kernels"})


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_importing_the_room_compiles_nothing() -> None:
    code = f"import sys, {', '.join(['bavn.psi', *MODULES])}; print('numba' in sys.modules, 'llvmlite' in sys.modules)"
    assert run(code).split() == ["False", "False"]


@pytest.mark.slow
def test_the_kernels_load_without_a_warning() -> None:
    assert run("from bavn.psi import kernels; print(kernels.LANES)").split() == ["64"]


def test_where_no_cache_can_be_written_the_kernels_compile_all_the_same(monkeypatch) -> None:
    """Numba raises RuntimeError for a function whose cache has no place to be."""
    from bavn.psi import kernels

    real, kept = numba.njit, []

    def njit(signature, **options):
        if options.get("cache"):
            kept.append(signature)
            raise RuntimeError("cannot cache function: no locator available")
        return real(signature, **options)

    monkeypatch.setattr(numba, "njit", njit)
    twice = kernels._compiled("int64(int64)")(_twice)
    assert kept == ["int64(int64)"]
    assert twice(21) == 42


def _twice(number):
    return number + number


@pytest.mark.parametrize("name", [*MODULES, "bavn.psi.kernels"])
def test_every_file_says_what_it_is(name) -> None:
    assert (importlib.import_module(name).__doc__ or "").strip()


def test_every_test_that_the_privacy_statement_names_is_there() -> None:
    page = (ROOM.parents[1] / "docs" / "private-join.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    there = set()
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        there |= set(re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert len(named) > 15
    assert named <= there
