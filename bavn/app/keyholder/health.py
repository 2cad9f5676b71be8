"""What the key holder promises while it runs, and how each is checked."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from bavn.app.centre.health import certificates_promise, disk_promise, gates_promise, parts_promise
from bavn.app.config.load import KeyHolderFile
from bavn.app.keyholder.parts import BOOK_FILE, MEMBERS_FILE, keys_of
from bavn.app.keyholder.server import Threshold
from bavn.app.net.party_clock import CLOCK_BELIEVED, clock_promise
from bavn.app.node.health.checking import chain_of
from bavn.app.node.health.shared_promises import CERTIFICATES, gates_open, ledger_whole, parts_work
from bavn.app.process.chain_walk import ChainWalk
from bavn.app.process.kept_book import HeldFile, kept
from bavn.app.process.real import SystemClock
from bavn.app.process.service_health import PromiseFinding, ServiceHealth, whole
from bavn.keyholder.making import Making
from bavn.keyholder.plan import missing
from bavn.keyholder.shares import HeldShares
from bavn.model.clock.believed import BelievedClock
from bavn.model.health import KEYHOLDER_DISK_FREE_MB_MIN, SECRETS_LATE_S, Promise
from bavn.model.moment import DAY_US, iso
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.ledger import look_on

KEYHOLDER_HEALTH_FILE: Final = "keyholder-health.json"

KEYHOLDER_PROMISES: Final = (
    ledger_whole("keyholder"),
    Promise(
        code="secrets_destroyed",
        act="operator",
        says=Text("each past day's secret is destroyed"),
        first=Text("look at its log"),
    ),
    Promise(
        code="disk_room",
        act="operator",
        says=Text("the disk has room"),
        first=Text("make room"),
    ),
    gates_open("keyholder"),
    parts_work("keyholder"),
    CERTIFICATES,
    CLOCK_BELIEVED,
)


THRESHOLD_PROMISES: Final = (
    Promise(
        code="keys_made",
        act="operator",
        says=Text("this holder has its shares of the keys of today and tomorrow"),
        first=Text("bavn keyholder status: which holders are enrolled at each other, and which were silent"),
    ),
    Promise(
        code="holders_take_part",
        act="other-side",
        says=Text("each other holder takes part in the making of keys, and truly"),
        first=Text("ask the holder that is named whether it runs, and whether its clock is right"),
    ),
)
"""Of the making of keys, beside the others."""


class TidyWatch:
    """When past days' secrets were looked for last."""

    def __init__(self, tick: Callable[[], float] = time.monotonic) -> None:
        self._tick, self._done_s = tick, tick()
        self._ever = False

    def around(self, tidy: Callable[[], list[int]]) -> Callable[[], list[int]]:
        """The same, watched."""

        def watched() -> list[int]:
            destroyed = tidy()
            self._done_s, self._ever = self._tick(), True
            return destroyed

        return watched

    def look(self) -> PromiseFinding:
        """Whether that is not too long ago."""
        late_s = self._tick() - self._done_s
        if late_s > SECRETS_LATE_S:
            return PromiseFinding((Text("not looked for in {late_s:.0f} s", late_s=late_s),))
        return PromiseFinding(unknown=None if self._ever else Text("not looked for yet"))


def keys_promise(file: KeyHolderFile, shares: HeldShares, now_us: int) -> PromiseFinding:
    """Whether there is a share of each key that rounds may ask for today and tomorrow."""
    today, claims = now_us // DAY_US, shares.claims()
    lacking = [day for day in (today, today + 1) if missing(claims, day, file.threshold.tiers)]
    return PromiseFinding([Text("no share of all keys of {day}", day=iso(day * DAY_US)[:10]) for day in lacking])


def circle_promise(making: Making) -> PromiseFinding:
    """Who was silent or wrong in the latest slot."""
    if making.latest is None:
        return PromiseFinding(unknown=Text("no slot has been over yet"))
    wrong = [Text("holder {number} said what cannot be true", number=number) for number in making.latest.faults]
    wrong += [
        Text("holder {number} claims {why}", number=number, why=why.reason)
        for number, why in making.latest.claims.items()
    ]
    silent = [Text("holder {number} was silent", number=number) for number in making.latest.silent]
    return PromiseFinding([*wrong, *silent])


@contextmanager
def watched_keyholder(
    file: KeyHolderFile,
    book: Book,
    tidying: TidyWatch,
    threshold: Threshold | None = None,
    believed: BelievedClock | None = None,
) -> Iterator[ServiceHealth]:
    """The key holder's health, kept as long as this lasts."""
    clock, keys = believed or SystemClock(), keys_of(file)
    with look_on(file.folder / BOOK_FILE) as ledger:
        walk = ChainWalk(chain_of(ledger), clock)
        held = [HeldFile.of(file.folder / name) for name in (BOOK_FILE, MEMBERS_FILE)]
        looks = {
            "ledger_whole": kept(book, held, whole(walk)),
            "secrets_destroyed": tidying.look,
            "disk_room": lambda: disk_promise(file.folder, KEYHOLDER_DISK_FREE_MB_MIN),
            "certificates": lambda: certificates_promise(keys, clock.now_us()),
            "gates_open": lambda: gates_promise(book),
            "parts_work": lambda: parts_promise(book.failures),
            "clock_believed": lambda: PromiseFinding() if believed is None else clock_promise(believed),
        }
        promises: tuple[Promise, ...] = KEYHOLDER_PROMISES
        if threshold is not None:
            promises += THRESHOLD_PROMISES
            looks |= {
                "keys_made": lambda: keys_promise(file, threshold.shares, clock.now_us()),
                "holders_take_part": lambda: circle_promise(threshold.making),
            }
        with ServiceHealth(
            file.folder / KEYHOLDER_HEALTH_FILE, promises, clock, looks, {"ledger_whole": walk}
        ) as health:
            yield health
