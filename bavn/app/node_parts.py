"""Builds a node from its configuration: the one place where its rooms meet real files, sockets and programs.

Whatever the operator must mend is one SettingsError or Stop with what to do. Refuses to run anything: that is
node_service's.
"""

import contextlib
import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn import __version__
from bavn.actor.detect.rule_memory import RuleMemory
from bavn.actor.detect.tasks import weigh_here
from bavn.actor.door.counts import Counting
from bavn.actor.door.door import Door, Keys
from bavn.actor.door.held import by_size
from bavn.actor.door.known import Known
from bavn.actor.door.tell_rules import Condition
from bavn.actor.door.verdicts import VerdictBook
from bavn.actor.evidence import redact
from bavn.actor.evidence.keep import Keeper
from bavn.actor.node import Lookout, NodeSettings, Talker
from bavn.actor.protect.held import held_span
from bavn.actor.protect.protect import Protect
from bavn.actor.protect.sightings import blocked_met
from bavn.actor.sense.base import Source
from bavn.actor.sense.suricata_config import SOCKET_NAME
from bavn.actor.store.hunt import hunt
from bavn.actor.store.limits import StoreLimits
from bavn.app.chain_walk import ChainWalk
from bavn.app.config import CENTRE_KEYS, KEYHOLDER_KEYS, NodeConfig
from bavn.app.exercise_runner import Runner
from bavn.app.exits import Exit, Stop
from bavn.app.failure_folder import FOLDER, FailureFolder
from bavn.app.gate_alarms import contained as gates_contained
from bavn.app.late import begun
from bavn.app.letting_go import LettingGo
from bavn.app.link_watch import LinkWatch, WatchedLink, watched
from bavn.app.log_sources import reads_logs
from bavn.app.node_canary import NodeCanary
from bavn.app.node_checking import StoreWalk, chain_of, checking
from bavn.app.node_checks import NodeChecks
from bavn.app.node_detecting import detecting, horizon
from bavn.app.node_packets import keeper_of
from bavn.app.node_protect import never_block, protection, zone_service_of
from bavn.app.node_sources import rule_folder, sources_of
from bavn.app.noise import drawn_apart
from bavn.app.real import SystemClock, SystemDice
from bavn.app.recorder import Recorder
from bavn.app.rule_keeper import RuleKeeper
from bavn.app.zone_service import ZoneService
from bavn.model.failure import Failures
from bavn.model.ports import LinkDown
from bavn.model.settings import SettingsError
from bavn.psi.identifier import GroupKeyIdentifiers, Identifiers
from bavn.psi.keys import BadGroupKey, read_group_key
from bavn.wire.book import Book, BookForeign, Doomed
from bavn.wire.ledger import Ledger, look_on
from bavn.wire.links.https import HttpsLink, LinkLimits, link_of
from bavn.wire.links.keyholder import KeyHolderIdentifiers, KeyHolderLink, key_holder_link
from bavn.wire.safe import Safe
from bavn.wire.shut import shut_gates

if TYPE_CHECKING:
    from bavn.actor.store.columns import ColumnStore
    from bavn.app.scale_engine import Scaled
    from bavn.wire.links.nats import NatsLink

BOOK_FILE = "node.db"
NODE_ENDS = (Doomed, BookForeign)
"""The node's own book is not to be relied on: nothing contains that."""
SECRET_BYTES = 32
JOIN_S, JOIN_CONNECT_S = 10.0, 3.0
"""A key holder that is slow or away must not hold up what else the node hears: the round waits, not the node."""


class NoLink:
    """The link of a node without a sector: always down."""

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        raise LinkDown(f"this node has no centre; {len(envelopes)} messages wait")

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:
        raise LinkDown(f"this node has no centre (asked after {after}, for {wait_s} s)")


@dataclass(slots=True)
class NodeParts:
    """A node ready to run. ``lookout`` is None without any source (a guard: protection only)."""

    config: NodeConfig
    clock: SystemClock
    book: Book
    ledger: Ledger
    known: Known
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
    clock, dice = SystemClock(), SystemDice()
    folder = config.folder
    folder.mkdir(parents=True, exist_ok=True)
    book = closing.enter_context(Book(folder / BOOK_FILE))
    ledger, known, verdicts = Ledger(book), Known(book), VerdictBook(book)
    safe = Safe(folder / CENTRE_KEYS)
    closing.failures = failures = FailureFolder(folder / FOLDER, clock)
    gates_contained(book, failures)
    store, sources = _senses(config, clock, closing, failures)
    begin = partial(begun, failures)
    rule_keeper = begin("rule keeper", lambda: _keeper(config, clock))
    zone = begin("zone service", lambda: zone_service_of(config.enforce, failures))
    if zone is not None:
        closing.callback(zone.close)
    scale = _scale(config, store, closing)
    protect = protection(config, ledger, clock, store, closing, zone, scale.hunt if scale else hunt, failures)
    checks = NodeChecks(
        enforcers=(lambda: protect.force.down) if protect.hands.all else None,
        asks_rules=bool(config.sense.suricata_interface),
        failing=failures.failing,
        gates=lambda: shut_gates(book),
    )
    keyholder = _key_holder(config, clock, checks, closing)
    door = Door(
        name=config.node.actor, ledger=ledger, clock=clock, dice=dice, keys=_keys(config, safe, dice),
        policy=config.door, homes=config.node.homes,
        identifiers=_identifiers(config, ledger, dice, keyholder, checks, watches=store is not None),
        suspicions=known.all,
        verdicts=lambda: verdicts.holding(clock.now_us()), hold=by_size,
        cleaned=redact.text, holds=held_span(protect.state, clock),
    )  # fmt: skip
    counting = begin("counts", lambda: Counting(door, clock, drawn_apart, known.all, lambda: blocked_met(book)))
    link: WatchedLink | NoLink = NoLink()
    if config.node.centre_url:
        checks.centre = LinkWatch(clock)
        link = WatchedLink(_link(config, safe), checks.centre)
        closing.callback(link.close)
    settings = NodeSettings(
        version=__version__, detect_s=config.node.detect_s, window_days=config.node.window_days,
        health_s=config.node.health_s,
    )  # fmt: skip
    lookout: Lookout | None = None
    canary = begin("canary", lambda: NodeCanary(
        door.canary, protect, clock, None if store is None else lambda: lookout.figures() if lookout else ()
    ))  # fmt: skip
    if store is not None and canary is not None:
        bird = begin("canary", lambda: canary.source(lambda: store.stats().newest_us))
        sources = [*sources, *([bird] if bird is not None else ())]
    memory = RuleMemory(config.hunt.sigma_checks_max)
    if store is not None:
        lookout = Lookout(
            clock=clock, store=store, sources=sources,
            detect=detecting(
                config, lambda: verdicts.holding(clock.now_us()), memory, scale.weigh if scale else weigh_here,
                canary.surveyed if canary else None, failures,
            ),
            keep=lambda found, end_us: known.replace(
                found.suspicions, clock.now_us(), end_us, found.hosts, found.failed
            ),
            failures=failures,
            horizon_us=horizon(store, clock), settings=settings, unfinished=lambda: memory.waits,
        )  # fmt: skip
    keeper = begin("packet keeper", lambda: keeper_of(config, store, clock))
    recorder = Recorder(config, clock, lookout, store, queued=lambda: door.queue().messages, checks=checks)
    walked_us = recorder.before().get("ledger_walked_us")
    on_ledger = closing.enter_context(look_on(folder / BOOK_FILE))
    checks.chain = ChainWalk(chain_of(on_ledger), clock, walked_us=walked_us if isinstance(walked_us, int) else None)
    recorder.tick = time.monotonic
    if canary is not None:
        recorder.canary = canary.told
    recorder.centre_skew_s = lambda: None if isinstance(link, NoLink) else link.skew_s
    recorder.sigma = lambda: memory.standing
    if rule_keeper is not None:
        recorder.rules = rule_keeper.told
    talker = Talker(
        clock, link, door, protect, _condition(recorder, door), settings, in_sector=bool(config.node.centre_url),
        failures=failures, passing=NODE_ENDS,
        lane=begin("exercise runner", lambda: Runner(
            config.door, config.protect, never_block(config), clock, watches=store is not None, failures=failures,
        )),
    )  # fmt: skip
    if counting is not None:
        talker.tell_counts = counting.tell
    if canary is not None:
        talker.try_canary = canary.step
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
        checking(checks.chain, None if store is None else StoreWalk(store, clock), keyholder, checks.keyholder, clock),
        failures,
        closing,
    )


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


def _keys(config: NodeConfig, safe: Safe, dice: SystemDice) -> Keys:
    """The node's keys; without a sector keys of the moment, since nothing is ever signed for anybody."""
    secret_file = safe.folder / "secret"
    if not safe.enrolled and not config.node.centre_url:
        nobody = Ed25519PrivateKey.from_private_bytes(dice.bytes(32))
        return Keys(own=nobody, centre=nobody.public_key(), secret=dice.bytes(SECRET_BYTES))
    if not safe.enrolled:
        raise Stop(Exit.CONFIGURATION, f"{safe.folder} holds no certificate yet: run `bavn node enrol` first")
    if not secret_file.exists():
        safe.write("secret", dice.bytes(SECRET_BYTES).hex())
    return Keys(own=safe.keys().message, centre=safe.centre_key(), secret=bytes.fromhex(secret_file.read_text()))


def _key_holder(
    config: NodeConfig, clock: SystemClock, checks: NodeChecks, closing: contextlib.ExitStack
) -> KeyHolderLink | None:
    """The link to the key holder, where one is named. Stop before it is enrolled there."""
    if not config.node.keyholder_url:
        return None
    safe = Safe(config.folder / KEYHOLDER_KEYS)
    if not safe.enrolled:
        raise Stop(
            Exit.CONFIGURATION, f"{safe.folder} holds no certificate yet: run `bavn node enrol --keyholder` first"
        )
    limits = LinkLimits(request_s=JOIN_S, connect_s=JOIN_CONNECT_S)
    link = key_holder_link(config.node.keyholder_url, safe, clock, limits)
    closing.callback(link.close)
    checks.keyholder = LinkWatch(clock)
    return link


def _identifiers(
    config: NodeConfig,
    ledger: Ledger,
    dice: SystemDice,
    keyholder: KeyHolderLink | None,
    checks: NodeChecks,
    *,
    watches: bool,
) -> Identifiers:
    """Mode M2 where a key holder is named, else M1 with the group's key. A guard that watches nothing has nothing to
    join: it needs neither, and what it uploads in a round is random to everybody."""
    if not watches and not (config.path(config.node.group_key_file).exists() or config.node.keyholder_url):
        return GroupKeyIdentifiers(dice.bytes(SECRET_BYTES))
    if keyholder is None or checks.keyholder is None:
        return GroupKeyIdentifiers(_group_key(config, dice))
    return KeyHolderIdentifiers(watched(keyholder, checks.keyholder), ledger, SystemClock(), dice)


def _group_key(config: NodeConfig, dice: SystemDice) -> bytes:
    file = config.path(config.node.group_key_file)
    try:
        return read_group_key(file.read_bytes())
    except FileNotFoundError:
        if not config.node.centre_url:
            return dice.bytes(32)
        raise Stop(
            Exit.CONFIGURATION,
            f"{file}: the group key is missing; get it from another actor, never from the centre, "
            "or make it (bavn node group-key) if no actor has one",
        ) from None
    except BadGroupKey as error:
        raise Stop(Exit.CONFIGURATION, f"{file}: {error}") from error


def _link(config: NodeConfig, safe: Safe) -> "HttpsLink | NatsLink":
    https = link_of(config.node.centre_url, safe, SystemClock())
    if not config.node.hub_urls:
        return https
    if importlib.util.find_spec("nats") is None:
        raise Stop(Exit.CONFIGURATION, "[node] hub_urls: NATS is not installed (pip install 'bavn[nats]')")
    from bavn.wire.links.nats import NatsLink, Standing

    try:
        return NatsLink(config.node.hub_urls, Standing(safe, SystemDice(), SystemClock()), https)
    except ValueError as error:
        raise SettingsError(f"[node] hub_urls: {error}") from error


def _senses(
    config: NodeConfig, clock: SystemClock, closing: contextlib.ExitStack, failures: Failures | None = None
) -> "tuple[ColumnStore | None, list[Source]]":
    """Store and sources; neither for a node that reads nothing."""
    given = config.sense
    sensors = given.captures_folder or given.suricata_interface or given.eve_file or given.zeek_folder
    if not (sensors or given.key_exchange_folder or reads_logs(given) or given.netflow_listen or given.sflow_listen):
        return None, []
    from bavn.actor.store.columns import ColumnStore  # DuckDB: a guard has no history

    limits = StoreLimits(
        age_days_max=config.store.age_days_max, bytes_max=config.store.bytes_max, threads=config.store.threads,
        memory_mb_max=config.store.memory_mb_max,
    )  # fmt: skip
    store = closing.enter_context(
        ColumnStore.open(config.folder / "store", limits, homes=config.node.homes, clock=clock, tick=time.monotonic)
    )
    return store, sources_of(config, store, clock, closing, failures)


def _scale(config: NodeConfig, store: "ColumnStore | None", closing: contextlib.ExitStack) -> "Scaled | None":
    """Workers for detectors and hunts, if any are wanted and there is a history to ask. Stop."""
    if store is None or not config.scale.ray:
        return None
    from bavn.app.scale_engine import scaled  # only who has workers needs it

    made = scaled(config.scale)
    if made is not None:
        closing.callback(made.close)
    return made


def _condition(recorder: Recorder, door: Door) -> Callable[[], Condition]:
    """What the centre is told (S4), from the figures that `bavn node health` shows."""

    def condition() -> Condition:
        now = recorder.now()
        return Condition(
            version=__version__, sensor=now.sensor, capture_loss_permille=now.capture_loss_permille,
            clock_skew_s=now.centre_skew_s or 0, queue_messages=door.queue().messages,
            last_round=door.state.last_round(), problems=recorder.kinds(),
            records=None if recorder.lookout is None else recorder.lookout.records_of_late(now.now_us),
        )  # fmt: skip

    return condition
