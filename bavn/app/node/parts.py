"""Builds a node from its configuration: the one place where its rooms meet real files, sockets and programs.

Whatever the operator must mend is one SettingsError or Stop with what to do. Refuses to run anything: that is
node_service's.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bavn import __version__
from bavn.actor.detect.indicators.rule_memory import RuleMemory, RulesStatus
from bavn.actor.detect.run import Survey
from bavn.actor.detect.tasks import Weigh, weigh_here
from bavn.actor.door.counts import Counting
from bavn.actor.door.door import Door
from bavn.actor.door.rounds.held import by_size
from bavn.actor.door.suspicions import NodeSuspicions
from bavn.actor.door.tell_rules import Condition
from bavn.actor.door.verdicts import VerdictBook
from bavn.actor.evidence import redact
from bavn.actor.evidence.keep import Keeper
from bavn.actor.node.monitor import Lookout, NodeSettings, Talker
from bavn.actor.protect.held import held_span
from bavn.actor.protect.protect import Protect
from bavn.actor.protect.sightings import blocked_met
from bavn.actor.sense.base import Source
from bavn.actor.sense.suricata.config import SOCKET_NAME
from bavn.actor.store.faults import StoreBroken, StoreBusy, StoreDamaged
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query.hunt import hunt
from bavn.app.config.load import CENTRE_KEYS, NodeConfig
from bavn.app.net.link_watch import WatchedLink
from bavn.app.node.canary import NodeCanary
from bavn.app.node.detecting import detecting, horizon
from bavn.app.node.exercise_runner import Runner
from bavn.app.node.health.checking import StoreWalk, chain_of, checking
from bavn.app.node.health.checks import NodeChecks
from bavn.app.node.health.recorder import Recorder
from bavn.app.node.links import NoLink, centre_link, identifiers_of, key_holder_of, keys_of
from bavn.app.node.log_sources import reads_logs
from bavn.app.node.packets import keeper_of
from bavn.app.node.protect import never_block, protection, zone_service_of
from bavn.app.node.rule_keeper import RuleKeeper
from bavn.app.node.sources import rule_folder, sources_of
from bavn.app.node.zone_service import ZoneService
from bavn.app.process.chain_walk import ChainWalk
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.failure_folder import FOLDER, FailureFolder
from bavn.app.process.gate_alarms import contained as gates_contained
from bavn.app.process.late import begun
from bavn.app.process.letting_go import LettingGo
from bavn.app.process.noise import drawn_apart
from bavn.app.process.owned import ANY, BOOK, GATES, HEALTH, KEYS, owned
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.failure import Failures, NoContainment
from bavn.model.ports import Window
from bavn.wire.book import Book, BookForeign, Doomed
from bavn.wire.ledger import Ledger, look_on
from bavn.wire.safe import Safe
from bavn.wire.shut import shut_gates

if TYPE_CHECKING:
    from bavn.actor.door.door import Keys
    from bavn.actor.store.columns import ColumnStore
    from bavn.app.node.scale_engine import Scaled
    from bavn.app.process.late import LateCaller
    from bavn.psi.identifier import Identifiers
    from bavn.wire.links.keyholder import KeyHolderLink

BOOK_FILE = "node.db"
STORE_FAULTS = (StoreBusy, StoreBroken, StoreDamaged)
"""The operator must act: the command says what the store says."""
NODE_ENDS = (Doomed, BookForeign)
"""The node's own book is not to be relied on: nothing contains that."""


@dataclass(slots=True)
class NodeParts:
    """A node ready to run. ``lookout`` is None without any source (a guard: protection only)."""

    config: NodeConfig
    clock: SystemClock
    book: Book
    ledger: Ledger
    known: NodeSuspicions
    verdicts: VerdictBook
    door: Door
    protect: Protect
    talker: Talker
    lookout: Lookout | None
    store: "ColumnStore | None"
    link: "WatchedLink | NoLink"
    recorder: Recorder
    keeper: Keeper | None
    rule_keeper: RuleKeeper | None
    zone: ZoneService | None
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


def _parts(config: NodeConfig, closing: LettingGo, failures: FailureFolder) -> NodeParts:
    """As docs/decisions/0020-contained.md has it: ``own`` is what a node does not start without, ``begin`` all else."""
    clock, dice = SystemClock(), SystemDice()
    own, begin = partial(owned, failures), partial(begun, failures)
    closing.failures = failures
    folder = config.folder
    folder.mkdir(parents=True, exist_ok=True)
    book = own(BOOK, lambda: closing.enter_context(Book(folder / BOOK_FILE, failures)))
    ledger, known, verdicts = own(BOOK, lambda: (Ledger(book), NodeSuspicions(book), VerdictBook(book)))
    safe = Safe(folder / CENTRE_KEYS)
    begin("gates shut before", lambda: gates_contained(book, failures))
    store, sources = _senses(config, clock, closing, failures)
    rule_keeper = begin("rule keeper", lambda: _keeper(config, clock))
    zone = begin("zone service", lambda: zone_service_of(config.enforce, failures))
    if zone is not None:
        closing.callback(zone.close)
    scale = begin("workers", lambda: _scale(config, store, closing))
    protect = own(
        GATES, lambda: protection(config, ledger, clock, store, closing, zone, scale.hunt if scale else hunt, failures)
    )
    checks = own(HEALTH, lambda: _checks(config, protect, failures, book))
    keys = own(KEYS, lambda: keys_of(config, safe, dice))
    keyholder = begin("link to the key holder", lambda: key_holder_of(config, clock, checks, closing, failures))
    watches = _watches(config)
    identifiers = identifiers_of(config, ledger, dice, keyholder, checks, failures, watches=watches)
    door = own(GATES, lambda: _door(config, ledger, clock, dice, keys, identifiers, known, verdicts, protect))
    counting = begin("counts", lambda: Counting(door, clock, drawn_apart, known.all, lambda: blocked_met(book)))
    link = begin("link to the centre", lambda: centre_link(config, safe, clock, checks, closing, failures)) or NoLink()
    settings = _settings(config)
    canary = begin(
        "canary",
        lambda: NodeCanary(
            door.canary, protect, clock, None if store is None else lambda: lookout.figures() if lookout else ()
        ),
    )
    if store is not None and canary is not None:
        bird = begin("canary", lambda: canary.source(lambda: store.stats().newest_us))
        sources = [*sources, *([bird] if bird is not None else ())]
    looking = (
        None
        if store is None
        else begin(
            "lookout",
            lambda: _looking(
                config,
                clock,
                store,
                sources,
                known,
                verdicts,
                scale.weigh if scale else weigh_here,
                canary.surveyed if canary else None,
                failures,
                settings,
            ),
        )
    )
    lookout = None if looking is None else looking[0]
    keeper = begin("packet keeper", lambda: keeper_of(config, store, clock))
    recorder = own(HEALTH, lambda: _recorder(config, clock, lookout, store, door, checks, link))
    checks.chain = begin("ledger walk", lambda: _chain(folder / BOOK_FILE, clock, recorder, closing))
    if canary is not None:
        recorder.canary = canary.told
    if looking is not None:
        recorder.sigma = partial(_standing, looking[1])
    if rule_keeper is not None:
        recorder.rules = rule_keeper.told
    lane = begin("exercise runner", lambda: _runner(config, clock, failures, watches=watches))
    talker = own(GATES, lambda: _talker(config, clock, link, door, protect, recorder, settings, failures, lane))
    if counting is not None:
        talker.tell_counts = counting.tell
    if canary is not None:
        talker.try_canary = canary.step
    check = begin("background checks", lambda: _background(checks, store, keyholder, clock)) or (lambda: None)
    return NodeParts(
        config,
        clock,
        book,
        ledger,
        known,
        verdicts,
        door,
        protect,
        talker,
        lookout,
        store,
        link,
        recorder,
        keeper,
        rule_keeper,
        zone,
        check,
        failures,
        closing,
    )


def _settings(config: NodeConfig) -> NodeSettings:
    return NodeSettings(
        version=__version__,
        detect_s=config.node.detect_s,
        window_days=config.node.window_days,
        health_s=config.node.health_s,
    )


def _checks(config: NodeConfig, protect: Protect, failures: Failures, book: Book) -> NodeChecks:
    return NodeChecks(
        enforcers=(lambda: protect.force.down) if protect.hands.all else None,
        asks_rules=bool(config.sense.suricata_interface),
        failing=failures.failing,
        gates=lambda: shut_gates(book),
    )


def _door(
    config: NodeConfig,
    ledger: Ledger,
    clock: SystemClock,
    dice: SystemDice,
    keys: "Keys",
    identifiers: "Identifiers",
    known: NodeSuspicions,
    verdicts: VerdictBook,
    protect: Protect,
) -> Door:
    return Door(
        name=config.node.actor,
        ledger=ledger,
        clock=clock,
        dice=dice,
        keys=keys,
        policy=config.door,
        homes=config.node.homes,
        identifiers=identifiers,
        suspicions=known.all,
        verdicts=lambda: verdicts.holding(clock.now_us()),
        hold=by_size,
        cleaned=redact.text,
        holds=held_span(protect.state, clock),
    )


def _recorder(
    config: NodeConfig,
    clock: SystemClock,
    lookout: Lookout | None,
    store: "ColumnStore | None",
    door: Door,
    checks: NodeChecks,
    link: "WatchedLink | NoLink",
) -> Recorder:
    return Recorder(
        config,
        clock,
        lookout,
        store,
        queued=lambda: door.queue().messages,
        checks=checks,
        tick=time.monotonic,
        centre_skew_s=lambda: None if isinstance(link, NoLink) else link.skew_s,
    )


def _runner(config: NodeConfig, clock: SystemClock, failures: Failures, *, watches: bool) -> Runner:
    return Runner(config.door, config.protect, never_block(config), clock, watches=watches, failures=failures)


def _talker(
    config: NodeConfig,
    clock: SystemClock,
    link: "WatchedLink | NoLink",
    door: Door,
    protect: Protect,
    recorder: Recorder,
    settings: NodeSettings,
    failures: Failures,
    lane: Runner | None,
) -> Talker:
    return Talker(
        clock,
        link,
        door,
        protect,
        _condition(recorder, door),
        settings,
        in_sector=bool(config.node.centre_url),
        failures=failures,
        passing=NODE_ENDS,
        lane=lane,
    )


def _background(
    checks: NodeChecks, store: "ColumnStore | None", keyholder: "KeyHolderLink | LateCaller | None", clock: SystemClock
) -> Callable[[], None]:
    walk = None if store is None else StoreWalk(store, clock)
    return checking(checks.chain, walk, keyholder, checks.keyholder, clock)


def _looking(
    config: NodeConfig,
    clock: SystemClock,
    store: "ColumnStore",
    sources: Sequence[Source],
    known: NodeSuspicions,
    verdicts: VerdictBook,
    weigh: Weigh,
    surveyed: Callable[[Window], None] | None,
    failures: Failures,
    settings: NodeSettings,
) -> tuple[Lookout, RuleMemory]:
    """The half that looks, and what it remembers of rules."""
    memory = RuleMemory(config.hunt.sigma_checks_max)
    looks = detecting(config, lambda: verdicts.holding(clock.now_us()), memory, weigh, surveyed, failures)

    def keep(survey: Survey, end_us: int) -> None:
        known.replace(survey.suspicions, clock.now_us(), end_us, survey.hosts, survey.failed)

    made = Lookout(
        clock=clock,
        store=store,
        sources=sources,
        detect=looks,
        keep=keep,
        failures=failures,
        horizon_us=horizon(store, clock),
        settings=settings,
        unfinished=lambda: memory.waits,
    )
    return made, memory


def _standing(memory: RuleMemory) -> RulesStatus:
    return memory.standing


def _chain(book: Path, clock: SystemClock, recorder: Recorder, closing: contextlib.ExitStack) -> ChainWalk:
    """The ledger as it is walked, from where it was walked to before."""
    walked_us = recorder.before().get("ledger_walked_us")
    on_ledger = closing.enter_context(look_on(book))
    return ChainWalk(chain_of(on_ledger), clock, walked_us=walked_us if isinstance(walked_us, int) else None)


def _keeper(config: NodeConfig, clock: SystemClock) -> RuleKeeper | None:
    """Of the Suricata that the node runs; None where it runs none."""
    if not (config.sense.suricata_interface or config.sense.captures_folder):
        return None
    socket = config.folder / "suricata" / SOCKET_NAME if config.sense.suricata_interface else None
    keeper = RuleKeeper(rule_folder(config), config.path(config.rules.tuning_file), clock, socket)
    try:
        keeper.prepare()
    except OSError as error:
        raise Stop(Exit.CONFIGURATION, f"{config.folder / 'rules'} cannot be written ({error.strerror})") from error
    return keeper


def _watches(config: NodeConfig) -> bool:
    """Whether it reads anything; else it is a guard."""
    given = config.sense
    sensors = given.captures_folder or given.suricata_interface or given.eve_file or given.zeek_folder
    return bool(sensors or given.key_exchange_folder or reads_logs(given) or given.netflow_listen or given.sflow_listen)


def _senses(
    config: NodeConfig, clock: SystemClock, closing: contextlib.ExitStack, failures: Failures | None = None
) -> "tuple[ColumnStore | None, list[Source]]":
    """Store and sources; neither for a node that reads nothing, or whose store cannot be opened in a way that nobody
    foresaw: it protects all the same."""
    if not _watches(config):
        return None, []
    told: Failures = NoContainment() if failures is None else failures
    store = begun(told, "store", lambda: _store(config, clock, closing), STORE_FAULTS)
    if store is None:
        return None, []
    return store, begun(told, "sources", lambda: sources_of(config, store, clock, closing, failures)) or []


def _store(config: NodeConfig, clock: SystemClock, closing: contextlib.ExitStack) -> "ColumnStore":
    from bavn.actor.store.columns import ColumnStore  # DuckDB: a guard has no history

    limits = StoreLimits(
        age_days_max=config.store.age_days_max,
        bytes_max=config.store.bytes_max,
        threads=config.store.threads,
        memory_mb_max=config.store.memory_mb_max,
    )
    return closing.enter_context(
        ColumnStore.open(config.folder / "store", limits, homes=config.node.homes, clock=clock, tick=time.monotonic)
    )


def _scale(config: NodeConfig, store: "ColumnStore | None", closing: contextlib.ExitStack) -> "Scaled | None":
    """Workers for detectors and hunts, if any are wanted and there is a history to ask. Stop."""
    if store is None or not config.scale.ray:
        return None
    from bavn.app.node.scale_engine import scaled  # only who has workers needs it

    made = scaled(config.scale)
    if made is not None:
        closing.callback(made.close)
    return made


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
            records=None if recorder.lookout is None else recorder.lookout.records_of_late(now.now_us),
        )

    return condition
