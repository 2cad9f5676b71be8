"""Builds a node from its configuration: the one place where its rooms meet real files, sockets and programs.

Whatever the operator must mend is one SettingsError or Stop with what to do. Refuses to run anything: that is
node_service's.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bavn import __version__
from bavn.actor.detect.indicators.rule_memory import RuleMemory, RulesStatus
from bavn.actor.door.books import NodeBooks, books_of
from bavn.actor.door.counts import Counting
from bavn.actor.door.door import Door
from bavn.actor.door.rounds.commons import nothing_outside
from bavn.actor.door.rounds.held import by_size, in_turn
from bavn.actor.door.suspicions import NodeSuspicions
from bavn.actor.door.tell_rules import Condition
from bavn.actor.door.terms import DoorTerms
from bavn.actor.door.verdicts import VerdictBook
from bavn.actor.evidence import redact
from bavn.actor.evidence.keep import Keeper
from bavn.actor.node.build import NodeOutfit, counting_of, door_of, talker_of
from bavn.actor.node.outside import outside_of
from bavn.actor.node.settings import NodeSettings
from bavn.actor.node.talker import Talker
from bavn.actor.protect.protect import Protect
from bavn.actor.sense.account import Figures
from bavn.actor.sense.base import Source
from bavn.actor.store.faults import StoreBroken, StoreBusy, StoreDamaged
from bavn.app.config.load import CENTRE_KEYS, NodeConfig
from bavn.app.config.sense import watches
from bavn.app.fit.roles import needs
from bavn.app.net.link_watch import WatchedLink
from bavn.app.node.canary import NodeCanary
from bavn.app.node.health.checking import StoreWalk, chain_of, checking
from bavn.app.node.health.checks import NodeChecks
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.health.recorder import Recorder
from bavn.app.node.known_lists import Kept
from bavn.app.node.links import KeyHolding, NoLink, centre_link, identifiers_of, key_holder_of, keys_of
from bavn.app.node.packets import keeper_of
from bavn.app.node.protect import known_of, protection, zone_service_of
from bavn.app.node.zone_service import ZoneService
from bavn.app.process.chain_walk import ChainWalk
from bavn.app.process.exits import cannot_write
from bavn.app.process.failure_folder import FOLDER, FailureFolder
from bavn.app.process.kept_book import HeldFile, shut_if_lost
from bavn.app.process.kept_book import contained as gates_contained
from bavn.app.process.late import begun
from bavn.app.process.letting_go import LettingGo
from bavn.app.process.noise import discrete_laplace
from bavn.app.process.owned import ANY, BOOK, GATES, HEALTH, KEYS, owned
from bavn.app.process.real import SystemClock, SystemDice
from bavn.app.siem.handover import Handover
from bavn.app.siem.node import node_handover
from bavn.model.contained import contained
from bavn.model.failure import Failures, NoContainment
from bavn.wire.book import Book, BookForeign, Doomed
from bavn.wire.ledger import Ledger, look_on
from bavn.wire.safe import Safe
from bavn.wire.shut import shut_gates

if TYPE_CHECKING:
    from bavn.actor.node.monitor import Monitor
    from bavn.actor.store.columns import ColumnStore
    from bavn.app.node.rule_keeper import RuleKeeper

BOOK_FILE = "node.db"
STORE = "store"
MANIFEST = "manifest.sqlite"
STORE_FAULTS = (StoreBusy, StoreBroken, StoreDamaged)
"""The operator must act: the command says what the store says."""
NODE_ENDS = (Doomed, BookForeign)
"""The node's own book is not to be relied on: nothing contains that."""


@dataclass(slots=True)
class NodeParts:
    """A node ready to run. ``monitor`` is None without any source (a guard: protection only)."""

    config: NodeConfig
    clock: SystemClock
    book: Book
    ledger: Ledger
    known: NodeSuspicions
    verdicts: VerdictBook
    door: Door
    protect: Protect
    talker: Talker
    monitor: "Monitor | None"
    store: "ColumnStore | None"
    link: "WatchedLink | NoLink"
    recorder: Recorder
    keeper: Keeper | None
    rule_keeper: "RuleKeeper | None"
    zone: ZoneService | None
    siem: Handover | None
    check: Callable[[], None]
    """Checks a part of what takes long: the ledger's chain, whether the key holder answers. From one thread."""
    failures: Failures
    closing: contextlib.ExitStack = field(repr=False)

    def close(self) -> None:
        """Lets go of everything; nothing is lost by not calling it."""
        self.closing.close()


def build(config: NodeConfig) -> NodeParts:
    """Everything a node is made of. Raises SettingsError; Stop for a missing key, certificate or program. Nothing stays
    open where it fails."""
    closing = LettingGo()
    try:
        return _build(config, closing)
    except BaseException:
        closing.close()
        raise


def _build(config: NodeConfig, closing: LettingGo) -> NodeParts:
    failures = FailureFolder(config.folder / FOLDER, SystemClock())
    return owned(failures, ANY, lambda: _parts(config, closing, failures), STORE_FAULTS)


@dataclass(frozen=True, slots=True)
class _Start:
    """What a node's parts are made with, and what becomes of one that cannot be made
    (docs/decisions/0020-contained.md): ``own`` makes what a node does not start without, ``begin`` all else."""

    config: NodeConfig
    failures: FailureFolder
    closing: LettingGo
    clock: SystemClock
    dice: SystemDice
    known: Kept

    def own[Part](self, what: str, make: Callable[[], Part]) -> Part:
        return owned(self.failures, what, make)

    def begin[Part](self, name: str, make: Callable[[], Part]) -> Part | None:
        return begun(self.failures, name, make)


@dataclass(frozen=True, slots=True)
class _Gates:
    """The ways in and out, and the links that they use."""

    checks: NodeChecks
    protect: Protect
    door: Door
    keyholder: "KeyHolding | None"
    link: "WatchedLink | NoLink"


@dataclass(slots=True)
class _Looking:
    """The half that looks, with what it remembers of rules and the canary that flies through it."""

    monitor: "Monitor | None" = None
    memory: RuleMemory | None = None
    canary: NodeCanary | None = None

    def figures(self) -> Sequence[Figures]:
        return () if self.monitor is None else self.monitor.figures()

    def rules(self) -> RulesStatus:
        return RulesStatus() if self.memory is None else self.memory.standing


def _parts(config: NodeConfig, closing: LettingGo, failures: FailureFolder) -> NodeParts:
    known = closing.enter_context(contextlib.closing(known_of(config)))
    start = _Start(config, failures, closing, SystemClock(), SystemDice(), known)
    closing.failures = failures
    books = start.own(BOOK, lambda: _books(start))
    start.begin("gates shut before", lambda: gates_contained(books.book, failures))
    store, sources = _senses(config, start.clock, closing, failures)
    rule_keeper = start.begin("rule keeper", lambda: _keeper(config, start.clock))
    zone = start.begin("zone service", lambda: zone_service_of(config.enforce, failures))
    if zone is not None:
        closing.callback(zone.close)
    outfit = _outfit(start)
    gates = _gates(start, outfit, books, store, zone)
    counting = start.begin("counts", lambda: counting_of(outfit, books, gates.door))
    looking = _looking(start, outfit, books, gates, store, sources)
    keeper = start.begin("packet keeper", lambda: keeper_of(config, store, start.clock))
    recorder = start.own(HEALTH, lambda: _recorder(start, looking, gates, store))
    if store is not None:
        root = config.folder / STORE
        gates.checks.store = [HeldFile.of(path) for path in (root, root / MANIFEST)]
    gates.checks.chain = start.begin("ledger walk", lambda: _chain(start, recorder))
    if rule_keeper is not None:
        recorder.rules = rule_keeper.for_health
    talker = _talker(start, outfit, gates, recorder, looking, counting)
    background = start.begin("background checks", lambda: _background(start, gates, store))
    return NodeParts(
        config=config,
        clock=start.clock,
        book=books.book,
        ledger=books.ledger,
        known=books.known,
        verdicts=books.verdicts,
        door=gates.door,
        protect=gates.protect,
        talker=talker,
        monitor=looking.monitor,
        store=store,
        link=gates.link,
        recorder=recorder,
        keeper=keeper,
        rule_keeper=rule_keeper,
        zone=zone,
        siem=start.begin("siem", lambda: _siem(start, books, recorder)),
        check=background or (lambda: None),
        failures=failures,
        closing=closing,
    )


def _books(start: _Start) -> NodeBooks:
    folder = start.config.folder
    folder.mkdir(parents=True, exist_ok=True)
    books = books_of(start.closing.enter_context(Book(folder / BOOK_FILE, start.failures)))
    left = (folder / HEALTH_FILE, folder / STORE / "segments")
    shut_if_lost(books.ledger, start.clock.now_us(), left)
    return books


def _outfit(start: _Start) -> NodeOutfit:
    config = start.config
    return NodeOutfit(
        name=config.node.actor,
        homes=config.node.homes,
        clock=start.clock,
        dice=start.dice,
        noise=discrete_laplace,
        policy=config.door if watches(config.sense) else replace(config.door, join_commons=False),
        settings=NodeSettings(
            version=__version__,
            detect_s=config.node.detect_s,
            window_days=config.node.window_days,
            health_s=config.node.health_s,
        ),
        terms=DoorTerms(hold=by_size, begin=in_turn, cleaned=redact.text),
        in_sector=bool(config.node.centre_url),
        failures=start.failures,
        passing=NODE_ENDS,
    )


def _gates(
    start: _Start,
    outfit: NodeOutfit,
    books: NodeBooks,
    store: "ColumnStore | None",
    zone: ZoneService | None,
) -> _Gates:
    config, clock, closing, failures = start.config, start.clock, start.closing, start.failures
    safe = Safe(config.folder / CENTRE_KEYS)
    protect = start.own(GATES, lambda: protection(config, books, clock, store, closing, zone, failures, start.known))
    checks = start.own(HEALTH, lambda: _checks(config, protect, failures, books.book))
    keys = start.own(KEYS, lambda: keys_of(config, safe, start.dice))
    keyholder = start.begin(
        "link to the key holder", lambda: key_holder_of(config, books.ledger, start.dice, checks, closing, failures)
    )
    identifiers = identifiers_of(
        config, books.ledger, start.dice, keyholder, checks, failures, watches=watches(config.sense)
    )
    outside = start.begin("own history for the commons", lambda: outside_of(store, clock)) or nothing_outside
    door = start.own(GATES, lambda: door_of(outfit, books, keys, identifiers, protect, outside))
    checks.commons, checks.log = door.commons.days.newest, door.witness.watch
    link = start.begin("link to the centre", lambda: centre_link(config, safe, clock, checks, closing, failures))
    return _Gates(checks, protect, door, keyholder, link or NoLink())


def _checks(config: NodeConfig, protect: Protect, failures: Failures, book: Book) -> NodeChecks:
    return NodeChecks(
        enforcers=(lambda: protect.force.down) if protect.enforcers.all else None,
        asks_rules=bool(config.sense.suricata_interface),
        failing=failures.failing,
        gates=lambda: shut_gates(book),
        book=[HeldFile.of(config.folder / BOOK_FILE)],
    )


def _siem(start: _Start, books: NodeBooks, recorder: Recorder) -> Handover | None:
    handover = node_handover(start.config, books, start.clock, recorder.standing)
    if handover is not None:
        start.closing.callback(handover.close)
        recorder.checks.siem = handover.problems
    return handover


def _recorder(start: _Start, looking: _Looking, gates: _Gates, store: "ColumnStore | None") -> Recorder:
    link = gates.link
    recorder = Recorder(
        start.config,
        start.clock,
        looking.monitor,
        store,
        queued=lambda: gates.door.queue().messages,
        checks=gates.checks,
        tick=time.monotonic,
        centre_skew_s=lambda: None if isinstance(link, NoLink) else link.skew_s,
    )
    if looking.canary is not None:
        recorder.canary = looking.canary.latest_links
    if looking.memory is not None:
        recorder.sigma = looking.rules
    return recorder


def _talker(
    start: _Start,
    outfit: NodeOutfit,
    gates: _Gates,
    recorder: Recorder,
    looking: _Looking,
    counting: Counting | None,
) -> Talker:
    condition = _condition(recorder, gates.door)
    talker = start.own(GATES, lambda: talker_of(outfit, gates.link, gates.door, gates.protect, condition))
    if counting is not None:
        talker.tell_counts = counting.tell
    if looking.canary is not None:
        talker.try_canary = looking.canary.step
    return talker


def _background(start: _Start, gates: _Gates, store: "ColumnStore | None") -> Callable[[], None]:
    walk = None if store is None else StoreWalk(store, start.clock)
    check = checking(gates.checks.chain, walk, gates.keyholder, gates.checks.keyholder, start.clock)

    def turn() -> None:
        check()
        contained(start.failures, "warning lists", start.known.ready)  # else the first block waits until they are read

    return turn


def _looking(
    start: _Start,
    outfit: NodeOutfit,
    books: NodeBooks,
    gates: _Gates,
    store: "ColumnStore | None",
    sources: Sequence[Source],
) -> _Looking:
    """The half that looks; without a store there is a canary alone, which says so."""
    looking = _Looking()
    figures = None if store is None else looking.figures
    canary = looking.canary = start.begin(
        "canary", lambda: NodeCanary(gates.door.canary, gates.protect, start.clock, figures)
    )
    if store is None:
        return looking
    if canary is not None:
        bird = start.begin("canary", lambda: canary.source(lambda: store.stats().newest_us))
        sources = [*sources, *([bird] if bird is not None else ())]
    made = start.begin("lookout", lambda: _monitor(start, outfit, books, store, sources, canary))
    if made is not None:
        looking.monitor, looking.memory = made
    return looking


def _monitor(
    start: _Start,
    outfit: NodeOutfit,
    books: NodeBooks,
    store: "ColumnStore",
    sources: Sequence[Source],
    canary: NodeCanary | None,
) -> "tuple[Monitor, RuleMemory]":
    """With what it remembers of rules."""
    from bavn.app.node.detecting import monitor_of  # the detectors are not for a node that has none

    return monitor_of(
        start.config,
        start.clock,
        books,
        store,
        sources,
        outfit.settings,
        start.failures,
        start.known,
        surveyed=canary.surveyed if canary else None,
    )


def _chain(start: _Start, recorder: Recorder) -> ChainWalk:
    """The ledger as it is walked, from where it was walked to before."""
    walked_us = recorder.before().get("ledger_walked_us")
    on_ledger = start.closing.enter_context(look_on(start.config.folder / BOOK_FILE))
    return ChainWalk(chain_of(on_ledger), start.clock, walked_us=walked_us if isinstance(walked_us, int) else None)


def _keeper(config: NodeConfig, clock: SystemClock) -> "RuleKeeper | None":
    """Of the Suricata that the node runs; None where it runs none."""
    if not (config.sense.suricata_interface or config.sense.captures_folder):
        return None
    from bavn.actor.sense.suricata.config import SOCKET_NAME
    from bavn.app.node.rule_keeper import RuleKeeper
    from bavn.app.node.sources import rule_folder

    socket = config.folder / "suricata" / SOCKET_NAME if config.sense.suricata_interface else None
    keeper = RuleKeeper(rule_folder(config), config.path(config.rules.tuning_file), clock, socket)
    try:
        keeper.prepare()
    except OSError as error:
        raise cannot_write(config.folder / "rules", error) from error
    return keeper


def _senses(
    config: NodeConfig, clock: SystemClock, closing: contextlib.ExitStack, failures: Failures | None = None
) -> "tuple[ColumnStore | None, list[Source]]":
    """Store and sources; neither for a node that reads nothing."""
    if not watches(config.sense):
        return None, []
    needs("node")
    from bavn.app.node.detecting import senses_of  # DuckDB and the detectors: a guard has no history

    return senses_of(config, clock, closing, failures or NoContainment())


def _condition(recorder: Recorder, door: Door) -> Callable[[], Condition]:
    """What the centre is told (S4), from the figures that `bavn node health` shows."""

    def condition() -> Condition:
        now = recorder.now()
        return Condition(
            version=__version__,
            sensor=now.sensor,
            capture_loss_permille=now.capture_loss_permille,
            clock_skew_s=now.centre_skew_s or 0,
            queue_messages=door.queue().messages,
            last_round=door.state.last_round(),
            problems=recorder.kinds(),
            records=None if recorder.monitor is None else recorder.monitor.records_of_late(now.now_us),
        )

    return condition
