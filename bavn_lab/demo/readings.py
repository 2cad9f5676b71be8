"""What the demonstration looks at while it runs: nodes' books, text lists, resolvers, ledgers. Reads only."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.query
import dns.rcode

from bavn.actor.door.rounds.commons_days import DAYS_TABLE, CommonsDay
from bavn.actor.door.suspicions import RANKED_SQL, RUN_SQL, Ranked, ranked_of
from bavn.app.process.exits import Exit, Stop
from bavn.model.evidence import alert_line
from bavn.model.moment import iso
from bavn.model.observable import Observable
from bavn.wire.book import read_only
from bavn.wire.ledger import Line, look_on
from bavn_lab.demo.sector import DemoSector, Member

POLL_S = 0.25
QUERY_S = 3.0


@dataclass(frozen=True, slots=True)
class Alone:
    """How one actor saw a lead's observables by itself. ``rank`` None: not among its suspicions."""

    actor: str
    rank: int | None
    line: int
    suspicions: int
    hosts: int
    p: float | None
    why: str
    known_us: int | None

    @property
    def below(self) -> bool:
        return self.rank is None or self.rank > self.line


def wait_for[T](
    sector: DemoSector, seconds: float, what: str, probe: Callable[[], T | None], every_s: float = POLL_S
) -> T:
    """The first answer that is not None. Stop when a process dies or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sector.check()
        found = probe()
        if found is not None:
            return found
        time.sleep(every_s)
    raise Stop(Exit.BROKEN, f"{what} did not happen within {seconds:.0f} s")


def rows_of(member: Member, sql: str) -> list[tuple[Any, ...]]:
    """Asks a node's book while it runs; what is not there yet has no rows."""
    if not member.book.exists():
        return []
    with closing(read_only(member.book)) as connection:
        try:
            return connection.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error) or "locked" in str(error):
                return []
            raise


def commons_day(member: Member) -> CommonsDay | None:
    """How far the latest commons round came at an actor."""
    return next(iter(DAYS_TABLE.of(rows_of(member, f"{DAYS_TABLE.sql} LIMIT 1"))), None)


def horizon_us(member: Member) -> int:
    """Up to which record the node's detectors have looked; 0 before the first run."""
    found = rows_of(member, RUN_SQL)
    return int(found[0][1]) if found else 0


def ranked(member: Member) -> list[Ranked]:
    """The actor's suspicions in its own reading order."""
    return ranked_of(rows_of(member, RANKED_SQL))


def alone(member: Member, observables: tuple[Observable, ...]) -> Alone:
    """How this actor ranked what turned out to be the lead."""
    suspicions = ranked(member)
    run = rows_of(member, RUN_SQL)
    hosts = int(run[0][2]) if run else 1
    wanted = set(observables)
    mine = next((entry for entry in suspicions if wanted & set(entry.suspicion.observables)), None)
    return Alone(
        actor=member.plan.name,
        rank=None if mine is None else mine.rank,
        line=alert_line(hosts),
        suspicions=len(suspicions),
        hosts=hosts,
        p=None if mine is None else mine.suspicion.p,
        why="" if mine is None else mine.suspicion.headline.en,
        known_us=None if mine is None else mine.known_us,
    )


def left(member: Member) -> list[Line]:
    """Every ledger line of what left this actor."""
    with look_on(member.book) as reader:
        return [line for line in reader.every() if line.way == "out" and line.verdict == "passed" and line.bytes]


def ask(member: Member, name: str) -> str:
    """What the actor's resolver says about a name: an address or the refusal."""
    query = dns.message.make_query(name, "A")
    try:
        answer = dns.query.udp(query, "127.0.0.1", port=member.resolver_port, timeout=QUERY_S)
    except (dns.exception.DNSException, OSError) as error:
        return f"no answer ({type(error).__name__})"
    if answer.rcode() is not dns.rcode.NOERROR:
        return dns.rcode.to_text(answer.rcode())
    return " ".join(str(item) for entry in answer.answer for item in entry) or "no address"


def listed(member: Member, file: str) -> list[str]:
    """The lines of an actor's text list for firewalls."""
    path: Path = member.lists / file
    return path.read_text().split() if path.exists() else []


def when(us: int | None) -> str:
    """Time of day to the millisecond, UTC."""
    return "-" if us is None else iso(us)[11:23]
