"""The house as its bench reads it, once for all tests over it."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def bench():
    spec = importlib.util.spec_from_file_location("bench_house", ROOT / "bench/house.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_house"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def house(bench):
    read = bench.House.read(ROOT)
    assert len(read.modules) > 800
    return read
