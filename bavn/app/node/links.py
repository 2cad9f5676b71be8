"""Who a node is and whom it calls: its keys, its links to the centre and the key holders, its identifiers.

A link that cannot be made in a way that nobody foresaw is down and made later. Whatever the operator must mend is one
SettingsError or Stop. Refuses to call anybody.
"""

import contextlib
from collections.abc import Sequence
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.terms import Keys
from bavn.app.config.load import NodeConfig
from bavn.app.net.link_watch import LinkWatch, WatchedLink, watched
from bavn.app.node.health.checks import NodeChecks
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.late import LateCaller, LateIdentifiers, or_late
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.failure import Failures
from bavn.model.ports import LinkDown
from bavn.model.text import Text
from bavn.psi.identifier import Identifiers, LocalIdentifiers
from bavn.wire.ledger import Ledger
from bavn.wire.links.holders import HolderLink, KeyHolders
from bavn.wire.links.https import HttpsLink, LinkLimits, link_of
from bavn.wire.links.key_points import KeyPoints
from bavn.wire.links.keyholder import KeyHolderIdentifiers
from bavn.wire.safe import Safe

SECRET_BYTES = 32
NO_HOLDERS = Text(
    "[node] keyholder_urls is empty: a node that watches joins its sector by key holders; name them all, or the one"
)
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


KeyHolding = KeyHolders | LateCaller
"""The way to the key holders."""


def key_holder_of(
    config: NodeConfig,
    ledger: Ledger,
    dice: SystemDice,
    checks: NodeChecks,
    closing: contextlib.ExitStack,
    failures: Failures,
) -> "KeyHolding | None":
    """The link to k of n key holders, where any is named. Stop before it is enrolled at so many."""
    given, clock = config.node, SystemClock()
    safes = {number: Safe(config.folder / folder) for number, (_, folder) in given.key_holders.items()}
    if not safes:
        return None
    wanting = [(number, safe.folder) for number, safe in safes.items() if not safe.enrolled]
    if len(safes) - len(wanting) < given.keyholders_k:
        number, folder = wanting[0]
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "{folder} holds no certificate yet: run `bavn node enrol --keyholder --holder {number}` first",
                folder=folder,
                number=number,
            ),
        )
    limits = LinkLimits(request_s=JOIN_S, connect_s=JOIN_CONNECT_S)
    checks.keyholder, checks.changed_keys = LinkWatch(clock), KeyPoints(ledger.book).changed
    links = {
        number: HolderLink(number, url, safes[number], clock, limits) for number, (url, _) in given.key_holders.items()
    }
    make = partial(KeyHolders, given.keyholders_k, links, ledger, clock, dice)
    link: KeyHolding = or_late("link to the key holders", make, LateCaller, failures)
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
    """By the key holders. A guard that watches nothing has nothing to join: it needs none, and what it uploads in a
    round is random to everybody. Stop for a node that watches in a sector and names none."""

    def make() -> Identifiers:
        if not config.node.key_holders:
            if watches and config.node.centre_url:
                raise Stop(Exit.CONFIGURATION, NO_HOLDERS)
            return LocalIdentifiers(dice.bytes(SECRET_BYTES))
        if keyholder is None or checks.keyholder is None:
            raise LinkDown("there is no link to the key holders: it could not be made at the start")
        return KeyHolderIdentifiers(watched(keyholder, checks.keyholder), ledger, SystemClock(), dice)

    return or_late("identifiers", make, LateIdentifiers, failures)


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
    link: HttpsLink | LateCaller = or_late(
        "link to the centre", partial(link_of, config.node.centre_url, safe, SystemClock()), LateCaller, failures
    )
    closing.callback(link.close)
    return WatchedLink(link, checks.centre)
