"""Runs the checks one after the other and makes the protocol. One that breaks off has failed, and stops no other."""

import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Final

import duckdb
from sqlalchemy.exc import DBAPIError

from bavn import __version__
from bavn.actor.sense.base import SourceBroken
from bavn.actor.store.faults import StoreDamaged
from bavn.app.accept.check import AcceptanceTerms, Check, Readings, Site, line
from bavn.app.accept.checks import CHECKS
from bavn.app.accept.throwaway import ChildFailed
from bavn.app.process.exits import Stop
from bavn.model.ports import EnforcerDown, LinkDown, LinkRefused, QueryRefused
from bavn.model.sector.acceptance_protocol import Demands, Part, TestKind, TestProtocol
from bavn.model.settings import SettingsError
from bavn.traffic.replay import NoRoom

BREAKS: Final = (
    OSError,
    SourceBroken,
    StoreDamaged,
    ChildFailed,
    Stop,
    EnforcerDown,
    LinkDown,
    LinkRefused,
    QueryRefused,
    SettingsError,
    NoRoom,
    subprocess.SubprocessError,
    sqlite3.OperationalError,
    DBAPIError,
    duckdb.Error,
)
"""What may go wrong at an actor: the part has failed, with the reason. Anything else is a fault of Bavn's."""


def required(kind: TestKind, checks: Sequence[Check] = CHECKS) -> tuple[str, ...]:
    """The parts that a test of this kind must have."""
    return tuple(one.name for one in checks if kind in one.kinds)


def demands(asked: AcceptanceTerms, checks: Sequence[Check] = CHECKS) -> Demands:
    """What a test must hold, for whoever reads its protocol."""
    return {one.name: one.measures(asked) for one in checks if asked.kind in one.kinds}


def chosen(kind: TestKind, only: Sequence[str], checks: Sequence[Check] = CHECKS) -> tuple[Check, ...]:
    """All of a kind, or those that are named. ValueError for a name that none has."""
    unknown = sorted(set(only) - {check.name for check in checks})
    if unknown:
        raise ValueError(f"no part is called {unknown[0][:40]!r}; known: {', '.join(check.name for check in checks)}")
    return tuple(check for check in checks if (check.name in only if only else kind in check.kinds))


def run(
    site: Site,
    checks: Sequence[Check],
    began: Callable[[Check], None] = lambda _: None,
    done: Callable[[Part], None] = lambda _: None,
) -> TestProtocol:
    """The protocol of these checks, in their order."""
    began_us, parts = site.clock.now_us(), []
    for check in checks:
        began(check)
        parts.append(part_of(check, site))
        done(parts[-1])
    return TestProtocol(
        id=site.dice.bytes(16).hex(),
        actor=site.config.node.actor,
        kind=site.terms.kind,
        version=__version__,
        began_us=began_us,
        ended_us=max(began_us, site.clock.now_us()),
        parts=tuple(parts),
    )


def part_of(check: Check, site: Site) -> Part:
    """One check, however it ends."""
    readings, fault, began = Readings(check.measures(site.terms), check.acts), "", time.monotonic()
    try:
        readings.take(check.run(site))
    except BREAKS as error:
        fault = line(str(error) or type(error).__name__)
        readings.broke_off = True
    return Part(
        name=check.name,
        title=check.title,
        figures=readings.figures(),
        fault=fault,
        took_ms=round((time.monotonic() - began) * 1000),
    )
