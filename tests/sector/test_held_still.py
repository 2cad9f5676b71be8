"""Real processes that stand still (kill -STOP) for longer than those wait who wait for them, and go on, or die
(kill -9), at each step of release, round and ingest: nothing is lost, told twice or blocked for ever.

A dozen steps always; all of them, with both signals, and the promises at their real times: script/test --world.
"""

import os
import signal
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from bavn.model import health
from tests.sector.held_process import STEPS
from tests.sector.held_sector import HeldSector
from tests.sector.killed_sector import NAMES

pytestmark = [pytest.mark.slow, pytest.mark.unbound]
HOLD_S = 2.0
ASKED_S, BLOCK_S = 1.0, 60.0
FIRST, SECOND = "actor-0", "actor-1"


class Go(NamedTuple):
    """``steps``: who stands still where, at the same time; ``kind``: what brings them there. ``always``: in every run
    of the tests."""

    kind: str
    steps: dict[str, str]
    always: bool = False


GOES = (
    Go("release", {"centre": "an order is carried out"}),
    Go("release", {"centre": "a release is owed"}, always=True),
    Go("release", {"centre": "a release is written to the book"}),
    Go("release", {"centre": "a release is queued and not marked so"}, always=True),
    Go("release", {"centre": "a message is handed over"}, always=True),
    Go("release", {"centre": "an envelope is in an open transaction"}, always=True),
    Go("release", {"centre": "an envelope is kept and not acknowledged"}),
    Go("release", {"centre": "a receipt is worked off and not marked so"}),
    Go(
        "release",
        {FIRST: "a release is heard, in an open transaction", SECOND: "a release is heard and not enforced"},
        always=True,
    ),
    Go("release", {FIRST: "one enforcer has it", SECOND: "a receipt is written, in an open transaction"}, always=True),
    Go("round", {"centre": "a round is opened"}),
    Go("round", {"centre": "uploads are closed"}),
    Go("round", {"centre": "holders are asked"}),
    Go("round", {"centre": "a report is worked off and not marked so"}, always=True),
    Go("round", {"keyholder": "a request is counted, in an open transaction"}, always=True),
    Go("round", {"keyholder": "a request is evaluated and not answered"}),
    Go("round", {FIRST: "keys are asked for", SECOND: "a share is kept, in an open transaction"}, always=True),
    Go("round", {FIRST: "a share is in the outbox", SECOND: "an envelope is posted and not let go"}),
    Go("round", {FIRST: "receipts are given, in an open transaction"}),
    Go("round", {FIRST: "an element is named, in an open transaction"}, always=True),
    Go(
        "ingest",
        {FIRST: "a batch is read and not kept", SECOND: "a batch is written and not in the manifest"},
        always=True,
    ),
    Go("ingest", {FIRST: "a batch is kept and not acknowledged"}),
)


@pytest.fixture
def links() -> str:
    return "hurried"


@pytest.fixture
def database(request):
    """The fixture of a PostgreSQL to run on; empty: SQLite."""
    return request.getfixturevalue(name) if (name := getattr(request, "param", "")) else None


@pytest.fixture
def sector(links, database):
    """In a folder whose path leaves room for a resolver's socket."""
    with tempfile.TemporaryDirectory(prefix="bavn-h-", dir="/tmp") as folder:
        made = HeldSector(Path(folder), database, links=links)
        try:
            made.suspect()
            assert made.settle() == [], "before anything stands still"
            yield made
        finally:
            made.close()


def wrong_after(sector: HeldSector, go: Go, number: int, signal_: signal.Signals) -> list[str]:
    """What is wrong when all has had time to settle."""
    sector.stand(go.steps, signal_)
    {"release": lambda: sector.release(NAMES[number % len(NAMES)]), "round": sector.suspect, "ingest": sector.log}[
        go.kind
    ]()
    sector.stands(go.steps)
    said = []
    if signal_ is signal.SIGKILL:
        sector.bury(go.steps)
    else:
        time.sleep(HOLD_S)
        said = [f"{name} stood still and was said to be well" for name in go.steps if sector.told(name)["healthy"]]
        sector.go_on(go.steps)
    return said + sector.settle(rounds=go.kind == "round")


def all_go(sector: HeldSector, goes: tuple[Go, ...], signal_: signal.Signals) -> None:
    wrong = {}
    for number, go in enumerate(goes):
        began = time.monotonic()
        if found := wrong_after(sector, go, number, signal_):
            wrong[str(go.steps)] = found
        if os.environ.get("HELD_SAYS"):
            print(f"{time.monotonic() - began:5.1f} s", signal_.name, go.steps, found or "whole", flush=True)
    assert wrong == {}
    assert sector.settle() == [], "and a round goes on"


def test_every_step_is_tried() -> None:
    tried = sorted(step for go in GOES for step in go.steps.values())
    assert tried == sorted(step for steps in STEPS.values() for step in steps)
    assert {go.kind for go in GOES if go.always} == {"release", "round", "ingest"}


def test_whoever_stands_still_and_goes_on_nothing_is_lost_told_twice_or_blocked(sector, monkeypatch) -> None:
    monkeypatch.setattr(health, "HEALTH_FILE_OLD_S", 1)
    all_go(sector, tuple(go for go in GOES if go.always), signal.SIGSTOP)


@pytest.mark.parametrize("links", ["patient"])
def test_a_block_waits_for_no_key_holder_that_stands_still(sector) -> None:
    """Nodes ask it for a round just then, over links that wait far longer for it than a block may take."""
    steps = {"keyholder": "a request is counted, in an open transaction"}
    sector.stand(steps)
    sector.suspect()
    sector.stands(steps)
    time.sleep(ASKED_S)
    sector.release(NAMES[0])
    sector.person.join(BLOCK_S)
    sector.until(lambda: all(map(sector.in_force, sector.names)), "both block it, and no key holder answers", BLOCK_S)
    sector.go_on(steps)
    assert sector.settle() == []


@pytest.mark.world
@pytest.mark.parametrize(
    "database",
    [pytest.param("", id="sqlite"), pytest.param("durable_postgres", id="postgresql", marks=pytest.mark.postgresql)],
    indirect=True,
)
@pytest.mark.parametrize("signal_", [signal.SIGSTOP, signal.SIGKILL], ids=["stopped", "killed"])
def test_the_same_at_each_step_and_when_it_dies(sector, monkeypatch, signal_) -> None:
    monkeypatch.setattr(health, "HEALTH_FILE_OLD_S", 1)
    all_go(sector, GOES, signal_)


class Held(NamedTuple):
    """``who`` stands still; ``by`` must call this promise broken within ``within_s``."""

    who: str
    by: str
    promise: str
    within_s: int


@pytest.mark.world
@pytest.mark.parametrize("links", [""])
@pytest.mark.parametrize(
    "helds",
    [
        (Held(SECOND, "centre", "nodes_heard", 165), Held("keyholder", FIRST, "keyholder_accepts", 165)),
        (Held("centre", FIRST, "centre_accepts", 165),),
    ],
    ids=["node and key holder", "centre"],
)
def test_who_stands_still_beyond_its_promise_is_told_by_another_and_never_well(sector, helds) -> None:
    began = time.monotonic()
    for held in helds:
        os.kill(sector.processes[held.who].pid, signal.SIGSTOP)
    time.sleep(health.HEALTH_FILE_OLD_S + 2)
    assert [held.who for held in helds if sector.told(held.who)["healthy"]] == []
    for held in sorted(helds, key=lambda held: held.within_s):
        left_s = held.within_s - (time.monotonic() - began)
        sector.until(partial(broken_of, sector, held), f"{held.by} tells that {held.who} stands still", left_s)
        print(f"{held.who} stood still, told by {held.by}: {time.monotonic() - began:.0f} s", flush=True)
    for held in helds:
        os.kill(sector.processes[held.who].pid, signal.SIGCONT)
    assert sector.settle(limit_s=120) == []
    sector.until(lambda: not any(broken_of(sector, held) for held in helds), "it is said to be over", 60)


def broken_of(sector: HeldSector, held: Held) -> bool:
    """Whether the one who tells calls it broken now."""
    return any(one["code"] == held.promise and one["state"] == "broken" for one in sector.told(held.by)["promises"])
