"""Many captures and logs, looked at by as many processes as there are processors: the same findings in the same order.

Each process keeps one Suricata, so rules are loaded once in each. A few are looked at here, since a process takes a
second to begin. Refuses to know what is asked of each.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import active_children, get_context
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Final

from bavn.actor.detect.indicators.indicators import IndicatorSet
from bavn.actor.sense.rules.rule_set import refused_of
from bavn.actor.sense.suricata.config import HOMES_DEFAULT, SuricataConfig
from bavn.actor.sense.suricata.served import ServedSuricata
from bavn.app.analyst.analyse import Findings, Unit, Unread, analyse
from bavn.app.analyst.rule_paths import GivenRules
from bavn.app.process.bounds import ends_with
from bavn.app.process.ctrl_c import ctrl_c
from bavn.app.process.exits import Exit
from bavn.model.intel.rule import RowRule
from bavn.model.text import Text

HERE_MAX: Final = 3
"""So few are looked at in this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of each unit; plain values that travel to another process."""

    homes: tuple[str, ...]
    indicators: IndicatorSet
    zone: str
    sigma: tuple[RowRule, ...]
    rules: GivenRules | None
    with_assets: bool
    with_crypto: bool

    @property
    def suricata(self) -> SuricataConfig:
        homes = self.homes or HOMES_DEFAULT
        if self.rules is None:
            return SuricataConfig(homes=homes)
        return SuricataConfig(
            homes=homes,
            rule_files=(self.rules.file.absolute(),),
            class_file=self.rules.classes,
            threshold_file=self.rules.threshold,
        )


def analysed(
    units: Sequence[Unit | Unread],
    wanted: Wanted,
    *,
    progress: Callable[[str, int], None],
    began: Callable[[str, int, int], None],
    done: Callable[[int, int], None],
) -> Iterator[Findings | Unread]:
    """What each of them gives, in order. ``progress`` hears a source's rows so far, ``began`` which look it is of how
    many, ``done`` how many units of how many are over."""
    workers = min(os.process_cpu_count() or 1, len(units))
    with tempfile.TemporaryDirectory(prefix="bavn-suricata-") as folder:
        if len(units) <= HERE_MAX or workers < 2:
            yield from _here(units, wanted, Path(folder), progress, began, done)
            return
        with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (wanted, Path(folder), os.getpid())) as pool:
            try:
                waiting: list[Future[Findings | Unread] | Unread] = [
                    unit if isinstance(unit, Unread) else pool.submit(_worked, unit) for unit in units
                ]
                for number, (unit, one) in enumerate(zip(units, waiting, strict=True), 1):
                    yield one if isinstance(one, Unread) else _answer(unit, one)
                    done(number, len(units))
            except BaseException:  # nobody waits for the rest
                for child in active_children():
                    child.terminate()
                raise
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def _here(
    units: Sequence[Unit | Unread],
    wanted: Wanted,
    folder: Path,
    progress: Callable[[str, int], None],
    began: Callable[[str, int, int], None],
    done: Callable[[int, int], None],
) -> Iterator[Findings | Unread]:
    with ServedSuricata(folder / "s", wanted.suricata) as suricata:
        for number, unit in enumerate(units, 1):
            if isinstance(unit, Unread):
                yield unit
                continue
            yield _one(
                unit,
                wanted,
                suricata,
                partial(progress, unit.source),
                partial(began, unit.source),
            )
            done(number, len(units))


def _one(
    unit: Unit,
    wanted: Wanted,
    suricata: ServedSuricata,
    progress: Callable[[int], None] = lambda _: None,
    began: Callable[[int, int], None] = lambda _, __: None,
) -> Findings | Unread:
    seen = analyse(
        unit,
        homes=wanted.homes,
        indicators=wanted.indicators,
        zone=wanted.zone,
        rules=wanted.sigma,
        progress=progress,
        began=began,
        with_assets=wanted.with_assets,
        with_crypto=wanted.with_crypto,
        suricata=suricata,
    )
    if isinstance(seen, Unread) or wanted.rules is None or suricata.tried is None:
        return seen
    return replace(seen, rules_refused=refused_of(suricata.tried, wanted.rules.file.absolute()))


def _answer(unit: Unit | Unread, one: "Future[Findings | Unread]") -> Findings | Unread:
    try:
        return one.result()
    except BrokenProcessPool as error:
        why = Text("it is too much for one look ({why}): give less at a time", why=Text.of_error(error))
        return Unread(unit.source, why)


_mine: list[tuple[Wanted, ServedSuricata]] = []
"""A working process's own: what is asked, and its Suricata."""


def _begin(wanted: Wanted, folder: Path, parent: int) -> None:
    ends_with(parent)
    suricata = ServedSuricata(folder / str(os.getpid()), wanted.suricata)
    _mine.append((wanted, suricata))
    Finalize(None, suricata.close, exitpriority=1)  # a working process ends without its atexit


def _worked(unit: Unit) -> Findings | Unread:
    wanted, suricata = _mine[0]
    try:
        with ctrl_c():
            return _one(unit, wanted, suricata)
    except KeyboardInterrupt:  # what waits for this process already is wanted by nobody either
        suricata.close()
        os._exit(Exit.INTERRUPTED)
