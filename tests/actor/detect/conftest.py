"""Cases as data: a folder with case.toml says what happens on a made-up network; here it becomes a window to ask.

What happens is played by made_world.py; made_window.py is what is asked.
"""

import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from bavn.actor.detect.indicators.lists import Lists, Names
from bavn.actor.detect.indicators.reader import read
from bavn.actor.detect.run import DETECTORS, Survey, SurveyBackground, survey
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.store.columns import ColumnStore
from bavn.model.intel.grades import Grade
from bavn.model.record import TABLES, address_uuid

sys.path.insert(0, str(Path(__file__).parent))

from made_window import BEGIN_US, HOMES, MemoryWindow
from made_world import STREAMS, Row, World, background

CASES = Path(__file__).with_name("cases")


@dataclass(frozen=True)
class Case:
    """A folder of cases/: detector, hit or miss, and what case.toml says."""

    detector: str
    name: str
    given: Row

    @property
    def hit(self) -> bool:
        return self.name.startswith("hit")

    def __str__(self) -> str:
        return f"{self.detector}/{self.name}"


def all_cases() -> list[Case]:
    return [
        Case(path.parent.parent.name, path.parent.name, tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(CASES.glob("*/*/case.toml"))
    ]


def rows_of(case: Case, seed: int = 1) -> dict[str, pa.Table]:
    """The case's records as Arrow tables, columns as in record.TABLES (addresses as texts)."""
    world = World(np.random.default_rng(seed))
    if "background" in case.given:
        background(world, case.given["background"])
    for kind, play in STREAMS.items():
        for stream in case.given.get(kind, []):
            play(world, stream)
    return tables_of(world)


@cache
def stored_text(address: str) -> str:
    """An address as the store has it; few are met in many rows."""
    return str(address_uuid(address))


def tables_of(world: World) -> dict[str, pa.Table]:
    """What happened, as Arrow tables."""
    made = {}
    for table, rows in world.rows.items():
        if rows:
            columns = [column.name for column in TABLES[table]]
            values = {name: [row.get(name) for row in rows] for name in columns}
            for name in ("ts", "ts_end"):
                if name in values:
                    values[name] = [BEGIN_US + int(value * 1e6) for value in values[name]]
            for name in ("src", "dst"):
                values[name] = [stored_text(value) for value in values[name]]
            made[table] = pa.table(values)
    return made


def lists_of(case: Case) -> Lists:
    """The world's fame in a case: the background's sites, and what the case adds."""
    popular = [f"wellknown{site}.com" for site in range(12)]
    return Lists(
        {Grade.POPULAR: Names(popular + case.given.get("popular", []))},
        lent=Names(["duckdns.org"]),
        address_tellers=["ip.tells-example.com"],
    )


def window_of(case: Case, tables: dict[str, pa.Table] | None = None) -> MemoryWindow:
    return MemoryWindow(
        rows_of(case) if tables is None else tables,
        hours=case.given["hours"],
        known_days=case.given.get("known_days", 0),
    )


def run(case: Case, window: Any = None, detectors=None) -> Survey:
    """The case's own detector over it, or those given."""
    detectors = detectors or [one for one in DETECTORS if one.name == case.detector]
    named = {name: tuple(case.given.get(name, ())) for name in ("allowed_scanners", "known_long")}
    settings = DetectSettings(**named)
    return survey(
        window or window_of(case),
        detectors,
        indicators=read(case.given.get("indicators", [])).indicators,
        against=SurveyBackground(known=lambda: lists_of(case)),
        settings=settings,
    )


class Bench:
    """What the tests of this room use of this file."""

    World, Case, MemoryWindow = World, Case, MemoryWindow
    cases, run, rows_of = staticmethod(all_cases), staticmethod(run), staticmethod(rows_of)
    tables_of = staticmethod(tables_of)
    window_of, lists_of = staticmethod(window_of), staticmethod(lists_of)


@pytest.fixture(scope="session")
def made() -> Bench:
    """Cases and windows of this room."""
    return Bench()


@pytest.fixture
def stored() -> Iterator[Any]:
    """Makes a window of the real store that holds what a small one does."""
    with ExitStack() as open_:

        def window(small: MemoryWindow) -> Any:
            store = open_.enter_context(ColumnStore.temporary(homes=HOMES))
            for name in TABLES:
                rows = small.lossless(name)
                if rows.num_rows:
                    store.append("case", name, {name: rows})
            return open_.enter_context(store.window(small.first_us, small.last_us))

        yield window


def pytest_generate_tests(metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", all_cases(), ids=str)
