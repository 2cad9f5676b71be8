"""Who a node is and whom it calls: its keys, its links to the centre and the key holder, its identifiers.

A link that cannot be made in a way that nobody foresaw is down and made later. Whatever the operator must mend is one
SettingsError or Stop. Refuses to call anybody.
"""

import contextlib
import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.terms import Keys
from bavn.app.config.load import NodeConfig
from bavn.app.fit.roles import lacks
from bavn.app.net.link_watch import LinkWatch, WatchedLink, watched
from bavn.app.node.health.checks import NodeChecks
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.late import LateCaller, LateIdentifiers, or_late
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.failure import Failures
from bavn.model.ports import LinkDown
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.psi.identifier import GroupKeyIdentifiers, Identifiers
from bavn.psi.keys import BadGroupKey, read_group_key
from bavn.wire.ledger import Ledger
from bavn.wire.links.holders import HolderLink, KeyHolders
from bavn.wire.links.https import HttpsLink, LinkLimits, link_of
from bavn.wire.links.key_points import KeyPoints
from bavn.wire.links.keyholder import KeyHolderIdentifiers, KeyHolderLink, key_holder_link
from bavn.wire.safe import Safe

if TYPE_CHECKING:
    from bavn.wire.links.nats import NatsLink

SECRET_BYTES = 32
JOIN_S, JOIN_CONNECT_S = 10.0, 3.0
"""A key holder that is slow or away must not hold up what else the node hears: the round waits, not the node."""


class NoLink:
    """The link of a node without a sector: always down."""

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        raise LinkDown(f"this node has no centre; {len(envelopes)} messages wait")

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:
        raise LinkDown(f"this node has no centre (asked after {after}, for {wait_s} s)")


def keys_of(config: NodeConfig, safe: Safe, dice: SystemDice) -> Keys:
    """The node's keys; without a sector keys of the moment, since nothing is ever signed for anybody."""
    secret_file = safe.folder / "secret"
    if not safe.enrolled and not config.node.centre_url:
        nobody = Ed25519PrivateKey.from_private_bytes(dice.bytes(32))
        return Keys(own=nobody, centre=nobody.public_key(), secret=dice.bytes(SECRET_BYTES))
    if not safe.enrolled:
        raise Stop(
            Exit.CONFIGURATION,
            Text("{folder} holds no certificate yet: run `bavn node enrol` first", folder=safe.folder),
        )
    if not secret_file.exists():
        safe.write("secret", dice.bytes(SECRET_BYTES).hex())
    return Keys(own=safe.keys().message, centre=safe.centre_key(), secret=bytes.fromhex(secret_file.read_text()))


KeyHolding = KeyHolderLink | KeyHolders | LateCaller
"""The way to the key holder, or to all of them."""


def key_holder_of(
    config: NodeConfig,
    ledger: Ledger,
    dice: SystemDice,
    checks: NodeChecks,
    closing: contextlib.ExitStack,
    failures: Failures,
) -> "KeyHolding | None":
    """The link to the key holder, or to k of n of them, where any is named. Stop before it is enrolled there."""
    given, clock = config.node, SystemClock()
    safes = {number: Safe(config.folder / folder) for number, (_, folder) in given.key_holders.items()}
    if not safes:
        return None
    wanting = [(number, safe.folder) for number, safe in safes.items() if not safe.enrolled]
    if len(safes) - len(wanting) < (given.keyholders_k if given.keyholder_urls else 1):
        number, folder = wanting[0]
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "{folder} holds no certificate yet: run `bavn node enrol --keyholder{which}` first",
                folder=folder,
                which=f" --holder {number}" if number else "",
            ),
        )
    limits = LinkLimits(request_s=JOIN_S, connect_s=JOIN_CONNECT_S)
    checks.keyholder, checks.changed_keys = LinkWatch(clock), KeyPoints(ledger.book).changed
    make: Callable[[], KeyHolderLink | KeyHolders]
    if given.keyholder_urls:
        links = {
            number: HolderLink(number, url, safes[number], clock, limits)
            for number, (url, _) in given.key_holders.items()
        }
        make = partial(KeyHolders, given.keyholders_k, links, ledger, clock, dice)
    else:
        make = partial(key_holder_link, given.keyholder_url, safes[0], clock, limits)
    link: KeyHolding = or_late("link to the key holder", make, LateCaller, failures)
    if isinstance(link, KeyHolders):
        checks.holders = link.seen
    closing.callback(link.close)
    return link


def identifiers_of(
    config: NodeConfig,
    ledger: Ledger,
    dice: SystemDice,
    keyholder: "KeyHolding | None",
    checks: NodeChecks,
    failures: Failures,
    *,
    watches: bool,
) -> Identifiers:
    """M2 or M3 where key holders are named, else M1 with the group's key. A guard that watches nothing has nothing to
    join: it needs neither, and what it uploads in a round is random to everybody. Never one mode in place of the other:
    what cannot be made is made when a round asks for it."""

    def make() -> Identifiers:
        if not watches and not (config.path(config.node.group_key_file).exists() or config.node.key_holders):
            return GroupKeyIdentifiers(dice.bytes(SECRET_BYTES))
        if not config.node.key_holders:
            return GroupKeyIdentifiers(_group_key(config, dice))
        if keyholder is None or checks.keyholder is None:
            raise LinkDown("there is no link to the key holder: it could not be made at the start")
        ask, several = watched(keyholder, checks.keyholder), bool(config.node.keyholder_urls)
        return KeyHolderIdentifiers(ask, ledger, SystemClock(), dice, in_parts=several)

    return or_late("identifiers", make, LateIdentifiers, failures)


def _group_key(config: NodeConfig, dice: SystemDice) -> bytes:
    file = config.path(config.node.group_key_file)
    try:
        return read_group_key(file.read_bytes())
    except FileNotFoundError:
        if not config.node.centre_url:
            return dice.bytes(32)
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "{file}: the group key is missing; get it from another actor, never from the centre, or make it"
                " (bavn node group-key) if no actor has one",
                file=file,
            ),
        ) from None
    except BadGroupKey as error:
        raise Stop(Exit.CONFIGURATION, Text.shaped("{file}: {error}", file=file, error=Text.of_error(error))) from error


def centre_link(
    config: NodeConfig,
    safe: Safe,
    clock: SystemClock,
    checks: NodeChecks,
    closing: contextlib.ExitStack,
    failures: Failures,
) -> WatchedLink | NoLink:
    """The link to the centre, watched; NoLink without a sector."""
    if not config.node.centre_url:
        return NoLink()
    checks.centre = LinkWatch(clock)
    link: HttpsLink | NatsLink | LateCaller = or_late(
        "link to the centre", partial(_link, config, safe), LateCaller, failures
    )
    closing.callback(link.close)
    return WatchedLink(link, checks.centre)


def _link(config: NodeConfig, safe: Safe) -> "HttpsLink | NatsLink":
    https = link_of(config.node.centre_url, safe, SystemClock())
    if not config.node.hub_urls:
        return https
    if importlib.util.find_spec("nats") is None:
        raise lacks("node", "nats")
    from bavn.wire.links.nats import NatsLink, NodeIdentity

    try:
        return NatsLink(config.node.hub_urls, NodeIdentity(safe, SystemDice(), SystemClock()), https)
    except ValueError as error:
        raise SettingsError(Text("[node] hub_urls: {error}", error=Text.of_error(error))) from error
