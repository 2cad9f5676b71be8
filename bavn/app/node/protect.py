"""Builds the way in of a node: its enforcers, never-block list, history and warning lists, from the configuration.

Whatever the operator must mend is one Stop with what to do. Refuses to run anything.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from contextlib import closing as closed
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

import dns.tsig

from bavn.actor.door.books import NodeBooks
from bavn.actor.node.build import protect_of
from bavn.actor.protect import never
from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.enforcers.nft_sets import Nft, NftSets
from bavn.actor.protect.enforcers.rpz import Rpz
from bavn.actor.protect.enforcers.rpz_log import RpzLog
from bavn.actor.protect.enforcers.rpz_primary import RpzPrimary
from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset, lay_out
from bavn.actor.protect.enforcers.suricata_socket import SuricataSocket
from bavn.actor.protect.enforcers.textlist import Bounds, TextList
from bavn.actor.protect.enforcers.unbound import SocketPathTooLong, Unbound
from bavn.actor.protect.enforcers.zone_answers import key_of
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.never_own import own_entries
from bavn.actor.protect.outfit import ProtectOutfit
from bavn.actor.protect.own_history import History
from bavn.actor.protect.protect import Protect
from bavn.actor.protect.sightings import HitSource
from bavn.actor.sense.suricata.config import SOCKET_NAME
from bavn.actor.store.faults import StoreDamaged
from bavn.app.config.enforce import EnforceTable
from bavn.app.config.load import NodeConfig
from bavn.app.config.plain_file import NoText, text_of
from bavn.app.config.sense import watches
from bavn.app.node.enforcers import reaching_out
from bavn.app.node.known_lists import Kept
from bavn.app.node.zone_service import Address, ZoneService, endpoint
from bavn.app.process.exits import Exit, Stop, cannot_listen
from bavn.app.process.late import enforcer_of
from bavn.app.process.real import SystemClock
from bavn.model.failure import Failures, NoContainment
from bavn.model.intel.grades import Grade
from bavn.model.intel.radius import CELL_MAX
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Enforcer, EnforcerDown, QueryRefused, Window
from bavn.model.record import address_uuid, is_address
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.book import read_only

if TYPE_CHECKING:
    from bavn.actor.store.columns import ColumnStore
    from bavn.actor.store.query.hunt import Hunted


NEVER_BYTES_MAX: Final = 64 << 20


def protection(
    config: NodeConfig,
    books: NodeBooks,
    clock: SystemClock,
    store: "ColumnStore | None",
    closing: ExitStack,
    zone: ZoneService | None = None,
    failures: Failures | None = None,
    known: Kept | None = None,
) -> Protect:
    """The way in, with the enforcers of this configuration; what they hold open is let go by ``closing``. ``known``:
    the world's lists. Raises Stop for what the operator wrote wrongly."""
    containment = NoContainment() if failures is None else failures
    hits: list[HitSource] = []
    enforcers = _enforcers(config, clock, zone, hits, containment)
    if known is None:
        known = closing.enter_context(closed(known_of(config)))
    outfit = ProtectOutfit(
        clock=clock,
        policy=config.protect,
        never=never_block(config),
        enforcers=enforcers,
        homes=config.node.homes,
        history=_history(store),
        listed=partial(warning_list, known=known),
        sources=hits,
        failures=containment,
    )
    return protect_of(outfit, books)


def _enforcers(
    config: NodeConfig, clock: SystemClock, zone: ZoneService | None, hits: list[HitSource], failures: Failures
) -> Enforcers:
    """Those of this configuration. To ``hits`` are added those that tell what they blocked."""
    given = config.enforce
    enforcers: list[Enforcer] = []
    watchers: list[Enforcer] = []

    def add(to: list[Enforcer], name: str, make: Callable[[], Enforcer]) -> None:
        to.append(enforcer_of(name, make, failures))

    def packet_filter() -> Enforcer:
        made = packet_filter_of(config, clock)
        hits.append(made)
        return made

    if given.list_folder:
        add(enforcers, TextList.name, partial(_text_list, config))
    if given.resolver_listen:
        add(enforcers, Rpz.name, partial(_resolving, config, hits))
    if given.zone_listen:
        add(enforcers, RpzPrimary.name, partial(_primary, config, zone))
    if given.nft_hooks:
        add(enforcers, NftSets.name, packet_filter)
    if given.suricata_socket or given.suricata_folder:
        watched = enforcers if given.suricata_inline else watchers
        add(watched, SuricataDataset.name, partial(dataset_of, config))
    enforcers += reaching_out(config, failures)
    return Enforcers(enforcers, watchers)


def _text_list(config: NodeConfig) -> TextList:
    given = config.enforce
    folder = config.path(given.list_folder)
    folder.mkdir(parents=True, exist_ok=True)
    bounds = Bounds(given.list_addresses_max, given.list_names_max)
    return TextList(folder, children=given.list_children, bounds=bounds)


def _resolving(config: NodeConfig, hits: list[HitSource]) -> Rpz:
    resolver = resolver_of(config)
    made = Rpz(resolver.zone_file, resolver)
    hits.append(RpzLog(resolver.log_file, resolver))
    return made


def _primary(config: NodeConfig, zone: ZoneService | None) -> RpzPrimary:
    primary = RpzPrimary(config.folder / "transfer" / "rpz.zone", zone.changed if zone else lambda: None)
    if zone is not None:
        zone.primary = primary
    return primary


def never_block(config: NodeConfig) -> NeverBlock:
    """The never-block list of the configuration, with the actor's own and the centre. Raises SettingsError."""
    policy = config.protect
    text, where = never.shipped_text(), "the never-block list that comes with Bavn"
    if policy.never_block_file:
        file = config.path(policy.never_block_file)
        try:
            text, where = text_of(file, NEVER_BYTES_MAX), str(file)
        except NoText as error:
            raise SettingsError(Text.shaped("{file}: {why}", file=file, why=error.why)) from error
    host = (urlsplit(config.node.centre_url).hostname or "").rstrip(".")
    centre = [host] if is_address(host) or "." in host else []  # a name of one word is in no indicator
    return NeverBlock.of(text, where, own_domains=policy.own_domains, own_networks=config.node.homes, centre=centre)


def never_list(config: NodeConfig) -> NeverBlock:
    """The same with what people here added by hand, as it holds beside the running node. Raises SettingsError, OSError,
    sqlite3.DatabaseError."""
    book = config.folder / "node.db"
    if not book.exists():
        return never_block(config)
    with closed(read_only(book)) as connection:
        try:
            own = own_entries(lambda sql, given: connection.execute(sql, given).fetchall())
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            own = []
    return never_block(config).with_own(own)


def packet_filter_of(config: NodeConfig, clock: SystemClock) -> NftSets:
    """The kernel's sets. Raises Stop for a hook that is none."""
    try:
        return NftSets(Nft((config.enforce.nft_program,)), clock, config.enforce.nft_hooks)
    except ValueError as error:
        raise Stop(Exit.CONFIGURATION, Text("[enforce] nft_hooks: {error}", error=Text.of_error(error))) from error


def dataset_of(config: NodeConfig) -> SuricataDataset:
    """The sets of a Suricata, with the rules that it must load laid out beside them."""
    socket, folder = dataset_places(config)
    try:
        lay_out(folder, "drop" if config.enforce.suricata_inline else "alert")
    except EnforcerDown as error:
        raise Stop(Exit.CONFIGURATION, Text.of_error(error)) from error
    return SuricataDataset(lambda: SuricataSocket(socket), folder)


def dataset_places(config: NodeConfig) -> tuple[Path, Path]:
    """The command socket and the folder of the Suricata that takes our sets. Raises Stop."""
    socket = command_socket(config)
    if config.enforce.suricata_inline and not config.enforce.suricata_socket:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[enforce] suricata_inline needs a suricata_socket: the one on suricata_interface only listens and"
                " can drop nothing"
            ),
        )
    if socket is None or not config.enforce.suricata_folder:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[enforce] suricata_folder needs a suricata_socket, or a suricata_interface in [sense];"
                " suricata_socket needs a suricata_folder"
            ),
        )
    return socket, config.path(config.enforce.suricata_folder)


def zone_service_of(given: EnforceTable, failures: Failures | None = None) -> ZoneService | None:
    """What hands the zone to the actor's own resolvers; None where nobody is to fetch it. Raises Stop."""
    settled = zone_settings(given)
    if settled is None:
        return None
    listen, secondaries, key = settled
    try:
        return ZoneService(listen, secondaries, key, failures)
    except OSError as error:
        raise cannot_listen("[enforce] zone_listen", repr(given.zone_listen), error) from error


def zone_settings(given: EnforceTable) -> tuple[Address, list[Address], dns.tsig.Key | None] | None:
    """Where the zone is served, to whom, and its key; None where nobody is to fetch it. Raises Stop."""
    if not given.zone_listen:
        if given.zone_secondaries or given.zone_key:
            raise Stop(Exit.CONFIGURATION, Text("[enforce] zone_secondaries and zone_key need zone_listen"))
        return None
    if not (given.zone_secondaries or given.zone_key):
        raise Stop(
            Exit.CONFIGURATION,
            Text("[enforce] zone_listen: nobody may fetch the zone; name zone_secondaries or a zone_key"),
        )
    try:
        listen = endpoint(given.zone_listen)
        secondaries = [endpoint(text) for text in given.zone_secondaries]
        key = key_of(given.zone_key) if given.zone_key else None
    except ValueError as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text("[enforce] zone_listen, zone_secondaries, zone_key: {error}", error=Text.of_error(error)),
        ) from error
    return listen, secondaries, key


def command_socket(config: NodeConfig) -> Path | None:
    """Where the Suricata that takes our sets hears commands: as configured, else the managed one's, if there is one."""
    if config.enforce.suricata_socket:
        return config.path(config.enforce.suricata_socket)
    return config.folder / "suricata" / SOCKET_NAME if config.sense.suricata_interface else None


def _history(store: "ColumnStore | None") -> History | None:
    """Own history for dry runs and retro-hunts; None at an actor without a sensor."""
    if store is None:
        return None
    from bavn.actor.store.query.hunt import hunt

    def window(first_us: int, last_us: int) -> Window:
        try:
            return store.window(first_us, last_us)
        except StoreDamaged as error:
            raise QueryRefused(str(error)) from error

    def met(span: Window, observables: Sequence[Observable]) -> "Sequence[Hunted]":
        try:
            return hunt(span, observables)
        except StoreDamaged as error:
            raise QueryRefused(str(error)) from error

    def every(span: Window, observables: Sequence[Observable]) -> "Sequence[Hunted]":
        try:
            return hunt(span, observables, CELL_MAX)
        except StoreDamaged as error:
            raise QueryRefused(str(error)) from error

    return History(window, met, every)


def resolver_of(config: NodeConfig) -> Unbound:
    """The protected resolver of this node's configuration. Raises Stop for what the operator wrote wrongly."""
    (config.folder / "unbound").mkdir(parents=True, exist_ok=True)
    return resolver_settled(config)


def resolver_settled(config: NodeConfig) -> Unbound:
    """The same without its folder. Raises Stop."""
    given = config.enforce
    folder = config.folder / "unbound"
    wrong = [entry for entry in given.resolver_answers if "=" not in entry]
    if wrong:
        raise Stop(
            Exit.CONFIGURATION,
            Text("[enforce] resolver_answers: {what} must be written name=address", what=repr(wrong[0][:80])),
        )
    answers = dict(entry.split("=", 1) for entry in given.resolver_answers)
    try:
        return Unbound(
            folder,
            listen=given.resolver_listen,
            upstreams=given.resolver_upstreams,
            clients=given.resolver_clients,
            answers=answers,
            outlives=given.resolver_outlives,
        )
    except SocketPathTooLong as error:
        raise Stop(Exit.CONFIGURATION, Text("[node] folder: {error}", error=Text.of_error(error))) from error
    except ValueError as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[enforce] resolver_listen, resolver_upstreams, resolver_clients, resolver_answers: {error}",
                error=Text.of_error(error),
            ),
        ) from error


def known_of(config: NodeConfig) -> Kept:
    """The world's lists, where they are kept: those of a guard, or all that detectors ask for."""
    return Kept(config.folder, whole=watches(config.sense))


class FameLists(Protocol):
    """Lists of what is well known."""

    def name_grade(self, name: str) -> Grade: ...
    def address_grade(self, address: int) -> Grade: ...


def warning_list(observable: Observable, known: FameLists | None = None) -> str | None:
    """The grade by which the popularity and warning lists know an observable; None if they do not. ``known``: where
    they are looked up, else in the memory of a command that is soon over."""
    if known is None:
        from bavn.actor.detect.indicators.lists import shipped  # columns: a guard asks a file

        known = shipped()
    if observable.type is ObservableType.DOMAIN:
        grade = known.name_grade(observable.value)
    elif observable.type in (ObservableType.IP4, ObservableType.IP6):
        grade = known.address_grade(address_uuid(observable.value).int)
    else:
        return None
    return None if grade is Grade.UNKNOWN else grade.name.lower()
