"""Builds a node from its configuration: the one place where its rooms meet real files, sockets and programs.

Whatever the operator must mend is one SettingsError or Stop with what to do. Refuses to run anything: that is
node_service's.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn import __version__
from bavn.actor.detect import lists
from bavn.actor.detect.indicator_list import read
from bavn.actor.detect.indicators import NO_INDICATORS, IndicatorSet
from bavn.actor.detect.run import Survey, survey
from bavn.actor.door.door import Door, Keys
from bavn.actor.door.known import Known
from bavn.actor.door.tell_rules import Condition
from bavn.actor.node import Lookout, NodeSettings, Talker
from bavn.actor.protect import never
from bavn.actor.protect.carry import Hands
from bavn.actor.protect.hunt import History
from bavn.actor.protect.protect import Protect
from bavn.actor.protect.rpz import Rpz
from bavn.actor.protect.rpz_log import RpzLog
from bavn.actor.protect.sightings import HitSource
from bavn.actor.protect.suricata_dataset import SuricataDataset, lay_out
from bavn.actor.protect.suricata_socket import SuricataSocket
from bavn.actor.protect.textlist import TextList
from bavn.actor.protect.unbound import Unbound
from bavn.actor.sense.base import Source
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.faults import StoreDamaged
from bavn.actor.store.hunt import Hunted, hunt
from bavn.actor.store.limits import StoreLimits
from bavn.app.config import NodeConfig
from bavn.app.exits import Exit, Stop
from bavn.app.node_sources import command_socket, sources_of
from bavn.app.real import SystemClock, SystemDice
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Enforcer, EnforcerDown, LinkDown, QueryRefused, Window
from bavn.model.record import address_uuid
from bavn.psi.identifier import GroupKeyIdentifiers
from bavn.psi.keys import BadGroupKey, read_group_key
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.links.https import HttpsLink, link_of
from bavn.wire.safe import Safe

BOOK_FILE = "node.db"
SECRET_BYTES = 32


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
    door: Door
    protect: Protect
    talker: Talker
    lookout: Lookout | None
    store: ColumnStore | None
    link: HttpsLink | NoLink
    closing: contextlib.ExitStack = field(repr=False)

    def close(self) -> None:
        """Lets go of everything; nothing is lost by not calling it."""
        self.closing.close()


def build(config: NodeConfig) -> NodeParts:
    """Everything a node is made of. Raises SettingsError; Stop for a missing key, certificate or program. Nothing stays
    open where it fails."""
    closing = contextlib.ExitStack()
    try:
        return _build(config, closing)
    except BaseException:
        closing.close()
        raise


def _build(config: NodeConfig, closing: contextlib.ExitStack) -> NodeParts:
    clock, dice = SystemClock(), SystemDice()
    folder = config.folder
    folder.mkdir(parents=True, exist_ok=True)
    book = closing.enter_context(Book(folder / BOOK_FILE))
    ledger, known = Ledger(book), Known(book)
    safe = Safe(folder / "keys")
    store, sources = _senses(config, clock, closing)
    protect = _protect(config, ledger, clock, store)
    door = Door(
        name=config.node.actor, ledger=ledger, clock=clock, dice=dice, keys=_keys(config, safe, dice),
        policy=config.door, homes=config.node.homes,
        identifiers=GroupKeyIdentifiers(_group_key(config, dice)), suspicions=known.all,
    )  # fmt: skip
    link = _link(config, safe)
    if isinstance(link, HttpsLink):
        closing.callback(link.close)
    settings = NodeSettings(
        version=__version__, detect_s=config.node.detect_s, window_days=config.node.window_days,
        health_s=config.node.health_s,
    )  # fmt: skip
    talker = Talker(
        clock, link, door, protect, _condition(store, door), settings, in_sector=bool(config.node.centre_url)
    )  # fmt: skip
    lookout = None
    if store is not None:
        lookout = Lookout(
            clock=clock, store=store, sources=sources, detect=_detect(config),
            keep=lambda found, end_us: known.replace(found.suspicions, clock.now_us(), end_us, found.hosts),
            horizon_us=_horizon(store, clock), settings=settings,
        )  # fmt: skip
    return NodeParts(config, clock, book, ledger, known, door, protect, talker, lookout, store, link, closing)


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


def _link(config: NodeConfig, safe: Safe) -> HttpsLink | NoLink:
    if not config.node.centre_url:
        return NoLink()
    return link_of(config.node.centre_url, safe, SystemClock())


def _senses(
    config: NodeConfig, clock: SystemClock, closing: contextlib.ExitStack
) -> tuple[ColumnStore | None, list[Source]]:
    """Store and sources; neither for a node that reads nothing."""
    given = config.sense
    if not (given.captures_folder or given.suricata_interface or given.eve_file or given.zeek_folder):
        return None, []
    limits = StoreLimits(
        age_days_max=config.store.age_days_max, bytes_max=config.store.bytes_max, threads=config.store.threads,
        memory_mb_max=config.store.memory_mb_max,
    )  # fmt: skip
    store = closing.enter_context(
        ColumnStore.open(config.folder / "store", limits, homes=config.node.homes, clock=clock)
    )
    return store, sources_of(config, store, closing)


def _protect(config: NodeConfig, ledger: Ledger, clock: SystemClock, store: ColumnStore | None) -> Protect:
    policy, given = config.protect, config.enforce
    enforcers: list[Enforcer] = []
    watchers: list[Enforcer] = []
    hits: list[HitSource] = []
    if given.list_folder:
        folder = config.path(given.list_folder)
        folder.mkdir(parents=True, exist_ok=True)
        enforcers.append(TextList(folder))
    if given.resolver_listen:
        resolver = resolver_of(config)
        enforcers.append(Rpz(resolver.zone_file, resolver))
        hits.append(RpzLog(resolver.log_file, resolver))
    if given.suricata_socket or given.suricata_folder:
        watchers.append(_dataset(config))
    text, where = never.shipped_text(), "the never-block list that comes with Bavn"
    if policy.never_block_file:
        file = config.path(policy.never_block_file)
        text, where = file.read_text(encoding="utf-8"), str(file)
    host = urlsplit(config.node.centre_url).hostname or ""
    centre = [host] if host and not host.startswith("localhost") else []
    return Protect(
        ledger=ledger, clock=clock, policy=policy,
        never=never.NeverBlock.of(
            text, where, own_domains=policy.own_domains, own_networks=config.node.homes, centre=centre
        ),
        hands=Hands(enforcers, watchers), homes=config.node.homes, history=_history(store),
        listed=warning_list, sources=hits,
    )  # fmt: skip


def _dataset(config: NodeConfig) -> SuricataDataset:
    """The sets of a Suricata, with the rules that it must load laid out beside them."""
    socket = command_socket(config)
    if socket is None or not config.enforce.suricata_folder:
        raise Stop(
            Exit.CONFIGURATION, "[enforce] suricata_folder needs a suricata_socket, or a suricata_interface in [sense];"
            " suricata_socket needs a suricata_folder",
        )  # fmt: skip
    folder = config.path(config.enforce.suricata_folder)
    try:
        lay_out(folder)
    except EnforcerDown as error:
        raise Stop(Exit.CONFIGURATION, str(error)) from error
    return SuricataDataset(lambda: SuricataSocket(socket), folder)


def _history(store: ColumnStore | None) -> History | None:
    """Own history for dry runs and retro-hunts; None at an actor without a sensor."""
    if store is None:
        return None

    def window(first_us: int, last_us: int) -> Window:
        try:
            return store.window(first_us, last_us)
        except StoreDamaged as error:
            raise QueryRefused(str(error)) from error

    def met(span: Window, observables: Sequence[Observable]) -> Sequence[Hunted]:
        try:
            return hunt(span, observables)
        except StoreDamaged as error:
            raise QueryRefused(str(error)) from error

    return History(window, met)


def resolver_of(config: NodeConfig) -> Unbound:
    """The protected resolver of this node's configuration."""
    given = config.enforce
    folder = config.folder / "unbound"
    folder.mkdir(parents=True, exist_ok=True)
    answers = dict(entry.split("=", 1) for entry in given.resolver_answers if "=" in entry)
    return Unbound(
        folder, listen=given.resolver_listen, upstreams=given.resolver_upstreams, clients=given.resolver_clients,
        answers=answers,
    )  # fmt: skip


def warning_list(observable: Observable) -> str | None:
    """The grade by which the popularity and warning lists know an observable; None if they do not."""
    known = lists.shipped()
    if observable.type is ObservableType.DOMAIN:
        grade = known.name_grade(observable.value)
    elif observable.type in (ObservableType.IP4, ObservableType.IP6):
        grade = known.address_grade(address_uuid(observable.value).int)
    else:
        return None
    return None if grade is lists.Grade.UNKNOWN else grade.name.lower()


def _detect(config: NodeConfig) -> Callable[[Window], Survey]:
    indicators = NO_INDICATORS
    for name in config.sense.indicator_files:
        indicators |= _indicators(config.path(name))
    return lambda window: survey(window, indicators=indicators, settings=config.detect)


def _indicators(file: Path) -> IndicatorSet:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return read(lines).indicators
    except OSError as error:
        raise Stop(Exit.CONFIGURATION, f"{file}: {error.strerror}") from error


def _horizon(store: ColumnStore, clock: SystemClock) -> Callable[[], int]:
    def horizon_us() -> int:
        newest = store.stats().newest_us
        return clock.now_us() if newest is None else min(newest, clock.now_us())

    return horizon_us


def _condition(store: ColumnStore | None, door: Door) -> Callable[[], Condition]:
    def condition() -> Condition:
        return Condition(
            version=__version__, sensor="none" if store is None else "up", capture_loss_permille=capture_loss(store),
            clock_skew_s=0, queue_messages=door.queue().messages, last_round=None,
        )  # fmt: skip

    return condition


def capture_loss(store: ColumnStore | None) -> int:
    """Lost packets in 1/1000 by the newest statistics of the sensor; 0 where there are none."""
    if store is None:
        return 0
    newest = store.stats().newest_us
    if newest is None:
        return 0
    rows = store.window(newest - 3_600_000_000, newest + 1).rows(
        "SELECT capture_packets, capture_drops FROM stats ORDER BY ts DESC LIMIT 1"
    )
    if not rows or not rows[0][0]:
        return 0
    packets, drops = int(rows[0][0]), int(rows[0][1] or 0)
    return min(1000, round(1000 * drops / (packets + drops)))
