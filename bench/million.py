"""A million active indicators at one node: start, a change of 1,000, a full resync, memory.

    .venv/bin/python bench/million.py [--json] [--items 997000] [--change 1000] [--folder DIR]

The book is filled as gate 4 leaves it (no bundle kept, which the enforcers never read), half names, half addresses;
then a real Protect with the text list and the policy zone for an actor's own resolvers starts on it. A change is that
many signed releases from arrival to the files on the disk. Resync: everything made true again from an empty folder.
Memory is the process's resident set at its highest (VmHWM), less what the interpreter and its libraries take before,
against the list: the bytes of the same blocks as Python holds them once.
"""

import argparse
import gc
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.enforcers.rpz_primary import RpzPrimary
from bavn.actor.protect.enforcers.textlist import TextList
from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.outfit import ProtectOutfit
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.protect import Protect
from bavn.actor.protect.wanted import fingerprint
from bavn.app.process.real import SystemClock
from bavn.model.intel.indicator import Indicator, Pap, Tlp, indicator_id
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.messages.catalogue import IndicatorReleased
from bavn.wire.partners.stix_indicator import bundle_of

AUTHOR = "identity--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5e"
POLICY = ProtectPolicy(
    blocks_per_hour_max=100_000, blocks_max=1_000_000, items_max=2_000_000, reconcile_s=86_400, hunts_per_day_max=0
)


def value(n: int) -> tuple[str, str]:
    if n % 2:
        return "ip4", f"{45 + n // 8_000_000}.{n // 2 >> 16 & 255}.{n // 2 >> 8 & 255}.{n // 2 & 255}"
    return "domain", f"n{n}.evil-{n % 9973}.com"


def fill(book: Book, count: int, now_us: int) -> None:
    """The rows that so many releases would have left."""
    until_us = now_us + 30 * DAY_US
    rows = (
        (
            f"indicator--{n:032x}",
            now_us,
            *value(n),
            "block",
            "wanted",
            "",
            "",
            until_us,
            now_us,
            0,
            "",
            "",
            '{"x":1}',
            now_us,
            "",
        )
        for n in range(count)
    )
    with book.transaction() as tx:
        tx.executemany(
            "INSERT INTO protect_item (indicator_id, version, type, value, act, standing, rule, reason, until_us,"
            " decided_us, held, by, found, told, forced_us, bundle) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            rows,
        )


def as_told(protect: Protect) -> None:
    """What a node that grew so large has noted: by what it weighed its blocks, and that all outcomes were told."""
    protect.state.set_note("rules", fingerprint(protect._never, protect._homes, protect.enforcers))
    protect.state.set_note("stands", json.dumps([sorted(hand.name for hand in protect.enforcers.all), ""]))


def resident_mb(name: str = "VmHWM") -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def released(n: int, now_us: int) -> IndicatorReleased:
    observable = Observable.of("domain", f"new-{n}.evil-new.com")
    made = Indicator(
        id=indicator_id(observable),
        version=now_us + n,
        observable=observable,
        tlp=Tlp.AMBER,
        pap=Pap.GREEN,
        confidence=90,
        valid_from_us=now_us,
        valid_until_us=now_us + 30 * DAY_US,
        case_id="case-00000000000000aa",
        technique="T1071",
    )
    return IndicatorReleased(bundle=bundle_of(made, created_by=AUTHOR, created_us=now_us))


class Plug(RpzPrimary):
    """The policy zone, which can be unplugged."""

    out = False

    def enforce(self, blocks) -> None:
        if self.out:
            raise EnforcerDown("unplugged")
        super().enforce(blocks)


def opened(folder: Path, book: Book) -> Protect:
    (folder / "lists").mkdir(parents=True, exist_ok=True)
    never = NeverBlock.of(shipped_text(), "shipped")
    hands = Enforcers((TextList(folder / "lists"), Plug(folder / "zone")), ())
    return Protect(Ledger(book), ProtectOutfit(clock=SystemClock(), policy=POLICY, never=never, enforcers=hands))


def timed(act) -> dict[str, float]:
    """Wall seconds and CPU seconds: on a machine with other load only the second says something."""
    began, used = time.perf_counter(), time.process_time()
    act()
    return {"wall": round(time.perf_counter() - began, 2), "cpu": round(time.process_time() - used, 2)}


def steps(protect: Protect, told: list[int]) -> None:
    """Steps until nothing is left to tell, with a door that takes a thousand a step, as the node's does."""
    while True:
        protect.enforce_due()
        if not (waiting := protect.take()):
            return
        told.append(len(waiting))
        protect.done(waiting[-1].number)


def all_told(protect: Protect, turn, change: list[IndicatorReleased]) -> dict:
    """An event that changes every block's outcome, a change while it is told, and the telling to its end."""
    told: list[int] = []
    found = {"step_s": timed(turn)}
    protect.done(protect.take()[-1].number)
    found["change_s"] = timed(lambda: protect.receive(change))
    found["rest_s"] = timed(lambda: steps(protect, told))
    return found | {"told": sum(told)}


def turned(protect: Protect, folder: Path, change: int, now_us: int) -> dict:
    """The two events, on top of what stands."""
    some = [[released(n, now_us) for n in range(k * change, (k + 1) * change)] for k in (1, 2)]
    (plug,) = (hand for hand in protect.enforcers.all if isinstance(hand, Plug))
    plug.out = True
    protect._enforce(again=True)
    steps(protect, [])

    def back() -> None:
        plug.out = False
        protect._enforce(again=True)

    found = {"back": all_told(protect, back, some[0])}
    found["killed"] = all_told(protect, lambda: protect.kill_switch(on=True, by="anna"), some[1])
    assert (folder / "lists" / "domain.txt").read_text() == ""
    protect.kill_switch(on=False, by="anna")
    assert f"new-{change}.evil-new.com\n" in (folder / "lists" / "domain.txt").read_text()
    return found


def list_mb(book: Book) -> float:
    """The same blocks as Python holds them, once."""
    protect = opened(Path(tempfile.mkdtemp()), book)
    gc.collect()
    before = resident_mb("VmRSS")
    blocks = protect.state.blocks("block", SystemClock().now_us())
    gc.collect()
    held = resident_mb("VmRSS") - before
    assert blocks
    return held


def child(folder: Path, change: int, what: str) -> dict:
    """Each in a process of its own, so that one does not stand on the other's memory."""
    with Book(folder / "node.db") as book:
        if what == "list":
            return {"list_mb": round(list_mb(book), 1)}
        base = resident_mb("VmRSS")
        protect = opened(folder, book)
        found = {"start_s": timed(protect.start)}
        found["after_start_mb"] = round(resident_mb("VmRSS") - base, 1)
        now_us = SystemClock().now_us()
        messages = [released(n, now_us) for n in range(change)]
        reset_peak()
        found["change_s"] = timed(lambda: protect.receive(messages))
        found["change_peak_mb"] = round(resident_mb() - base, 1)
        held = (folder / "lists" / "domain.txt").read_text()
        assert f"new-{change - 1}.evil-new.com\n" in held
        shutil.rmtree(folder / "lists")
        (folder / "lists").mkdir()
        reset_peak()
        found["resync_s"] = timed(lambda: protect._enforce(again=True))
        found["resync_peak_mb"] = round(resident_mb() - base, 1)
        assert (folder / "lists" / "domain.txt").read_text() == held
        reset_peak()
        found |= turned(protect, folder, change, now_us)
        found["turned_peak_mb"] = round(resident_mb() - base, 1)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--items", type=int, default=997_000)  # blocks_max is 1,000,000, the changes included
    parser.add_argument("--change", type=int, default=1_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--child", choices=("list", "work"))
    given = parser.parse_args()
    if given.child:
        print(json.dumps(child(given.folder, given.change, given.child)))
        return
    import subprocess

    folder = given.folder or Path(tempfile.mkdtemp(prefix="bavn-million-"))
    try:
        with Book(folder / "node.db") as book:
            opened(folder, book)
            found = {"items": given.items, "load": os.getloadavg()[0]}
            found["fill_s"] = timed(lambda: fill(book, given.items, SystemClock().now_us()))
            as_told(opened(folder, book))
        for what in ("list", "work"):
            words = [sys.executable, __file__, "--child", what, "--folder", str(folder), "--change", str(given.change)]
            found |= json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        print(json.dumps(found, indent=None if given.json else 2))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
