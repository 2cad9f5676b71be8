"""What the centre promises while it runs, and how each is checked. Refuses to look into any actor's affairs."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from bavn.app.centre.parts import BOOK_FILE, CentreParts
from bavn.app.config.load import CentreFile
from bavn.app.net.party_clock import CLOCK_BELIEVED, clock_promise
from bavn.app.node.health.checking import chain_of
from bavn.app.node.health.checks import part_words, shut_words
from bavn.app.node.health.shared_promises import CERTIFICATES, gates_open, ledger_whole, parts_work
from bavn.app.process.chain_walk import Chain, ChainWalk
from bavn.app.process.kept_book import BOOK, HeldFile, kept
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock
from bavn.app.process.service_health import PromiseFinding, ServiceHealth, whole
from bavn.app.process.step_watch import StepWatch
from bavn.centre.cases import audit
from bavn.centre.cases.intelligence.sources import ACTIVE, SUSPENDED, Sources
from bavn.centre.desk.alarms import Wrong
from bavn.centre.desk.participation import latest_closed
from bavn.centre.desk.views import MemberView
from bavn.centre.share.delivery_pages import not_tried
from bavn.centre.share.misp_runs import MispRuns
from bavn.centre.store.engine import reading
from bavn.model.counted import days as counted_days
from bavn.model.failure import Failures
from bavn.model.health import (
    DATABASE_LATE_S,
    LETTER_LATE_US,
    SERVER_CERTIFICATE_DAYS_MIN,
    SOURCE_LATE_TIMES,
    Promise,
    ends_soon,
)
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.node_health import condition_of, is_silent
from bavn.model.ports import Clock
from bavn.model.sector.member import ActorState
from bavn.model.spans import lasting
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.ledger import look_on
from bavn.wire.shut import shut_gates

CENTRE_HEALTH_FILE: Final = "centre-health.json"
NAMED_MAX: Final = 10
EMPTY_ROUNDS: Final = 3
"""One round may come to nothing by chance, where a node restarts; so many in a row do not."""

CENTRE_PROMISES: Final = (
    Promise(
        code="intelligence_read",
        act="operator",
        says=Text("each source of intelligence is read"),
        first=Text("bavn centre source show"),
    ),
    Promise(
        code="nodes_heard",
        act="other-side",
        says=Text("each active actor's node is heard from"),
        first=Text("bavn centre members; call the actor"),
    ),
    Promise(
        code="rounds_through",
        act="operator",
        says=Text("rounds come through: enough members upload"),
        first=Text("look at `bavn centre rounds` and the key holders"),
    ),
    Promise(
        code="audit_whole",
        act="operator",
        says=Text("the audit log's chain holds"),
        first=Text("keep a copy of the database, then bavn centre audit --verify"),
    ),
    ledger_whole("centre"),
    Promise(
        code="database_reached",
        act="operator",
        says=Text("the database is reached"),
        first=Text("docs/centre.md"),
    ),
    Promise(
        code="disk_room",
        act="operator",
        says=Text("the disk has room"),
        first=Text("make room; docs/operations.md, Disk full"),
    ),
    Promise(
        code="steps_on_time",
        act="operator",
        says=Text("the centre's steps run, and in time"),
        first=Text("look at its log and its database"),
    ),
    Promise(
        code="deliveries_go",
        act="operator",
        says=Text("what was released goes out"),
        first=Text("bavn centre indicators; the log"),
    ),
    Promise(
        code="misps_exchanged",
        act="other-side",
        says=Text("each partner's MISP is reached and takes what is pushed"),
        first=Text("[misp] of centre.toml; ask the partner"),
    ),
    Promise(
        code="siem_takes",
        act="operator",
        says=Text("the SIEM is reached and takes what it is told"),
        first=Text("see to the receiver in [siem]; an event that is refused: its template or table"),
    ),
    gates_open("centre"),
    parts_work("centre"),
    CERTIFICATES,
    CLOCK_BELIEVED,
)
_ALARMS: Final[Mapping[str, str]] = {
    "audit_whole": "chain",
    "ledger_whole": "chain",
    "intelligence_read": "intelligence",
    "misps_exchanged": "intelligence",
    "steps_on_time": "late",
    "deliveries_go": "late",
}
"""The alarm of a broken promise; disk, certificate and silent nodes have their own."""


def sources_promise(sources: Sources, clock: Clock) -> PromiseFinding:
    """Those that fail, are suspended, or were not asked for several of their turns."""
    wrong = []
    for source in sources.every():
        name, late_us = source.source.name, SOURCE_LATE_TIMES * source.source.every_us
        asked_us = source.tried_us or source.added_us
        if source.state == SUSPENDED:
            wrong.append(Text("{name} is suspended: {why}", name=name, why=source.why))
        elif source.state == ACTIVE and source.failure:
            wrong.append(Text("{name} fails: {failure}", name=name, failure=source.failure[:200]))
        elif source.state == ACTIVE and clock.now_us() - asked_us > late_us + MINUTE_US:
            wrong.append(Text("{name} was not asked for {late}", name=name, late=lasting(clock.now_us() - asked_us)))
    return PromiseFinding(tuple(wrong))


def nodes_promise(members: Sequence[MemberView], began_us: int, now_us: int) -> PromiseFinding:
    """Active actors that were heard before and are not now."""
    silent = [
        view.actor.name
        for view in members
        if view.actor.state is ActorState.ACTIVE
        and view.health is not None
        and condition_of(view.health, now_us, began_us).silent
    ]
    if not silent:
        return PromiseFinding()
    named = ", ".join(silent[:NAMED_MAX]) + (", …" if len(silent) > NAMED_MAX else "")
    return PromiseFinding((Text("nothing is heard from {silent}: {named}", silent=len(silent), named=named),))


def rounds_promise(
    engine: Engine, tiers: Iterable[str], members: Callable[[], Sequence[MemberView]], now_us: int
) -> PromiseFinding:
    """Tiers whose latest rounds all had too few uploads, though enough of their members are heard from. Nothing is
    wrong before a tier had so many rounds, and where the nodes themselves are down, which is another promise."""
    wrong = []
    for tier in tiers:
        latest = latest_closed(engine, tier, EMPTY_ROUNDS)
        if len(latest) < EMPTY_ROUNDS or any(one.uploads >= one.params.t for one in latest):
            continue
        taking = {name for name, _ in latest[0].members}
        up = [
            view
            for view in members()
            if view.actor.name in taking
            and view.actor.state is ActorState.ACTIVE
            and view.health is not None
            and not is_silent(view.health.received_us, now_us)
        ]
        if len(up) >= latest[0].params.t:
            says = Text(
                "the latest rounds of tier {tier} came to nothing (uploads to the last: {uploads}; needed: {need};"
                " members heard from: {up})",
                tier=tier,
                uploads=latest[0].uploads,
                need=latest[0].params.t,
                up=len(up),
            )
            wrong.append(says)
    return PromiseFinding(wrong)


def deliveries_promise(engine: Engine, now_us: int) -> PromiseFinding:
    """Letters that were to be tried, and were not."""
    count = not_tried(engine, now_us - LETTER_LATE_US)
    return PromiseFinding(
        (Text.counted("{count:,} message was not tried", "{count:,} messages were not tried", count),) if count else ()
    )


def disk_promise(folder: Path, free_mb_min: int) -> PromiseFinding:
    """Room where a service keeps its folder."""
    free_mb = shutil.disk_usage(folder).free >> 20
    if free_mb >= free_mb_min:
        return PromiseFinding()
    return PromiseFinding((Text("{free_mb} MB left", free_mb=free_mb),))


def certificates_promise(keys: PartyKeys, now_us: int) -> PromiseFinding:
    """The party's own: of its server, and of its authority."""
    wrong = []
    for name, ends_us in keys.ends_us().items():
        if ends_soon(ends_us, now_us, SERVER_CERTIFICATE_DAYS_MIN):
            days = (ends_us - now_us) // DAY_US
            wrong.append(Text("{name}: {days} left", name=name, days=counted_days(days)))
    return PromiseFinding(tuple(wrong))


def misps_promise(runs: MispRuns, names: Iterable[str]) -> PromiseFinding:
    """Partners' MISPs whose last push, or last look for sightings, came to nothing."""
    wrong = []
    for name in names:
        push, pull = runs.last(name, "push"), runs.last(name, "pull")
        for last, words in ((push, Text("push")), (pull, Text("sightings"))):
            if last is not None and last.failure:
                said = last.failure[:200]
                wrong.append(Text.shaped("{name}, {words}: {said}", name=name, words=words, said=said))
    return PromiseFinding(tuple(wrong))


def gates_promise(book: Book) -> PromiseFinding:
    """Gates that are shut for a kind of message of somebody."""
    return PromiseFinding(tuple(shut_words(shut) for shut in shut_gates(book) if shut.gate != BOOK))


def parts_promise(failures: Failures) -> PromiseFinding:
    """Parts that fail, but for rules of gates, which are told of as gates."""
    return PromiseFinding(tuple(part_words(one) for one in failures.failing() if not one.part.startswith("gate ")))


def audit_chain(engine: Engine) -> Chain:
    """The audit log as it is walked."""

    def newest(count: int) -> list[audit.AuditLine]:
        with reading(engine) as connection:
            return audit.newest(connection, count)[::-1]

    def head() -> tuple[int, str]:
        with reading(engine) as connection:
            return audit.head_in(connection)

    return Chain(every=lambda: audit.every(engine), newest=newest, head=head)


@contextmanager
def watched_centre(
    file: CentreFile, parts: CentreParts, steps: StepWatch, siem: Callable[[], PromiseFinding] | None = None
) -> Iterator[ServiceHealth]:
    """The centre's health, kept as long as this lasts; what is broken is an alarm of the centre's own list too."""
    clock, engine, desk = parts.clock, parts.engine, parts.centre.desk
    keys, began_us = PartyKeys(file.folder, "centre"), clock.now_us()
    sources, misps = Sources(engine, clock), MispRuns(parts.book, clock)
    tiers = [tier.name for tier in file.centre.tiers]  # from the commons a member may stay away
    with look_on(file.folder / BOOK_FILE) as ledger:
        walks = {
            "audit_whole": ChainWalk(audit_chain(engine), clock),
            "ledger_whole": ChainWalk(chain_of(ledger), clock),
        }
        database = engine.url.database if engine.dialect.name == "sqlite" else None
        held = [HeldFile.of(file.folder / BOOK_FILE), *([HeldFile.of(Path(database))] if database else [])]
        looks = {
            "intelligence_read": lambda: sources_promise(sources, clock),
            "nodes_heard": lambda: nodes_promise(desk.members(), began_us, clock.now_us()),
            "rounds_through": lambda: rounds_promise(engine, tiers, desk.members, clock.now_us()),
            "database_reached": lambda: _reached(engine),
            "disk_room": lambda: disk_promise(file.folder, file.place.disk_free_mb_min),
            "steps_on_time": steps.look,
            "deliveries_go": lambda: deliveries_promise(engine, clock.now_us()),
            "certificates": lambda: certificates_promise(keys, clock.now_us()),
            "misps_exchanged": lambda: misps_promise(misps, sorted(file.misps)),
            "gates_open": lambda: gates_promise(parts.book),
            "parts_work": lambda: parts_promise(parts.failures),
            "clock_believed": lambda: clock_promise(parts.clock),
            **({} if siem is None else {"siem_takes": siem}),
            **{code: whole(walk) for code, walk in walks.items()},
            "ledger_whole": kept(parts.book, held, whole(walks["ledger_whole"])),
        }
        promises = [one for one in CENTRE_PROMISES if one.code != "siem_takes" or siem is not None]
        health = ServiceHealth(file.folder / CENTRE_HEALTH_FILE, promises, clock, looks, walks)
        own = desk.alarms.own
        desk.alarms.own = lambda: [*own(), *wrongs(health)]
        with health:
            yield health


def say_away(file: CentreFile, why: str) -> None:
    """The centre waits for its database: nothing else is known then."""
    look = PromiseFinding((Text.plain(why),))
    health = ServiceHealth(
        file.folder / CENTRE_HEALTH_FILE, CENTRE_PROMISES, SystemClock(), {"database_reached": lambda: look}, {}
    )
    health.step()


def wrongs(health: ServiceHealth) -> list[Wrong]:
    """Each kind of alarm once, with what is affected."""
    wrongs: dict[str, Wrong] = {}
    for promise in health.broken():
        kind = _ALARMS.get(promise.promise.code)
        if kind is not None and kind not in wrongs:
            wrongs[kind] = Wrong("", kind, promise.affected)
    return list(wrongs.values())


def _reached(engine: Engine) -> PromiseFinding:
    """Not known, rather than broken, where asking raises: the service itself waits for its database."""
    began_s = time.monotonic()
    with reading(engine) as connection:
        audit.head_in(connection)
    took_s = time.monotonic() - began_s
    if took_s < DATABASE_LATE_S:
        return PromiseFinding()
    return PromiseFinding((Text("it took {took_s:.0f} s to answer", took_s=took_s),))
