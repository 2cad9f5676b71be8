"""One holder's shares of the keys of each day, in a folder of secrets, and what it answers by them.

One version of a share is kept: once k have signed the key that is shared anew, and all that took part or are heard, the
one before is destroyed; until then it serves, and a node names the key that it asks for. What stands in the folder
counts as what another holder claims does (plan.py): a key of these terms, made for its day, and as many as have truly
signed it. A share is kept before its holder signs the key; until k have signed, it is told to no node.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import rfc8785

from bavn.keyholder.plan import (
    BEGUN_MAX,
    STANDING_MAX,
    Claims,
    Keys,
    StandingKey,
    epoch_of,
    is_claim,
    purposes_of,
    signers,
    why_no_key,
)
from bavn.keyholder.secret_folder import SecretFolder
from bavn.keyholder.settings import ThresholdSettings
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice
from bavn.psi.threshold import evaluate
from bavn.psi.threshold.shares import KeyShare, PublicKey, panel_of
from bavn.psi.threshold.terms import IDS, ROUNDS, purpose
from bavn.wire.keyholder import PartAnswered, PartAsked, key_digest
from bavn.wire.strict_json import parse

FILE_BYTES_MAX: Final = 1_000_000
NEAR_EPOCHS: Final = 1
"""Rounds begin and end around midnight, and clocks differ: the day before and the day after are served too."""

Kept = dict[str, dict[str, Any]]
"""Purpose -> the slot of its ceremony -> public key and share in hex, and who signed it."""


@dataclass(frozen=True, slots=True)
class Version:
    """A share, when its ceremony began (s since 1970), and who is known to have signed its key."""

    slot: int
    share: KeyShare
    signed: Mapping[int, bytes]

    @property
    def stands(self) -> bool:
        """Whether k holders have signed."""
        return len(self.signed) >= self.share.public.k


class HeldShares:
    """One holder's. May be called from any thread. ``folder`` is made where it is missing; ``keys``: all holders'
    message keys."""

    def __init__(
        self, folder: Path, settings: ThresholdSettings, keys: Callable[[], Keys], clock: Clock, dice: Dice
    ) -> None:
        self.number, self._settings, self._keys = settings.number, settings, keys
        self._secrets, self._clock, self._dice = SecretFolder(folder, ".shares"), clock, dice
        self._lock = threading.Lock()

    def near(self, epoch: int) -> bool:
        """True if rounds of this epoch are served now."""
        return abs(epoch - self._today()) <= NEAR_EPOCHS

    def destroy_past(self) -> list[int]:
        """Overwrites and deletes the shares of days that are over; which they were. Those of days to come stay."""
        with self._lock:
            past = [epoch for epoch in self._secrets.epochs() if epoch < self._today() - NEAR_EPOCHS]
            for epoch in past:
                self._secrets.destroy(epoch)
        return past

    def versions(self, of: bytes) -> list[Version]:
        """The shares of the key of one purpose, the newest first."""
        return self._versions(self._read(epoch_of(of)), of.decode("ascii"), self._keys())

    def claims(self) -> Claims:
        """What there is. Nothing secret."""
        every, keys = {}, self._keys()
        for epoch in self._secrets.epochs():
            kept = self._read(epoch)
            for name in kept:
                held = {
                    str(one.slot): (one.share.public.to_bytes().hex(), _hex(one.signed))
                    for one in self._versions(kept, name, keys)
                }
                every.update({name: held} if held else {})
        return every

    def keep(self, slot: int, share: KeyShare, signed: Mapping[int, bytes], *, alone: bool = False) -> None:
        """Keeps a share under the slot of its ceremony, and who signed the key; ``alone``: where k did, nothing that is
        older, since all need no other. Else the one before stays, lest k-1 liars with one honest holder sign away a key
        that the other honest ones have."""
        of = share.public.purpose
        epoch, name = epoch_of(of), of.decode("ascii")
        with self._lock:
            kept = self._read(epoch)
            mine = {str(slot): (share.public.to_bytes().hex(), share.scalar.hex(), _hex(signed))}
            kept[name] = kept.get(name, {}) | mine
            newest = self._versions(kept, name, self._keys())
            stands = [one for one in newest if one.stands][: 1 if alone else STANDING_MAX]
            begun = [one for one in newest if not one.stands and (not stands or one.slot > stands[0].slot)]
            kept[name] = {str(one.slot): kept[name][str(one.slot)] for one in begun[:BEGUN_MAX] + stands}
            self._secrets.write(epoch, rfc8785.dumps(kept))

    def confirm(self, key: StandingKey, *, alone: bool) -> bool:
        """The key stands, as others show; ``alone`` as above. True if this holder has a share of it and did not know
        that yet."""
        versions = self.versions(key.public.purpose)
        mine = [one for one in versions if (one.slot, one.share.public) == (key.slot, key.public)]
        news = any(not one.stands for one in mine)
        if mine and (news or (alone and versions[-1].slot < key.slot)):
            self.keep(key.slot, mine[0].share, key.signed, alone=alone)
        for version in versions:
            version.share.forget()
        return news

    def public(self, epoch: int, tier: str) -> tuple[PublicKey, PublicKey] | Refused:
        """The newest public keys that k signed of a day and tier: of elements, and of rounds."""
        known = ([one.share.public for one in versions if one.stands] for versions in self._both(epoch, tier))
        newest = [publics[0] for publics in known if publics]
        return (newest[0], newest[1]) if self.near(epoch) and len(newest) == 2 else _no_share(epoch, tier)

    def why_not(self, request: PartAsked) -> Refused | None:
        """Why no part can be given of what was asked for; None where it can."""
        shares = self._named(request)
        if isinstance(shares, Refused):
            return shares
        try:
            for share in shares:
                panel_of(share.public, request.holders)
        except ValueError:
            return Refused("share", "holders that are not k of n")
        if self.number not in request.holders:
            return Refused(
                "share", "this is holder {number}, which is not among those that are asked together", number=self.number
            )
        return None

    def part(self, request: PartAsked) -> PartAnswered | Refused:
        """This holder's part of the elements and of the round's key, with its proofs. Raises BadPoint."""
        shares = self._named(request)
        if isinstance(shares, Refused):
            return shares
        ids, rounds = shares
        points = (request.split(), evaluate.round_points(request.params()))
        parts = [
            evaluate.evaluate(share, request.holders, some, self._dice)
            for share, some in zip((ids, rounds), points, strict=True)
        ]
        for share in shares:
            share.forget()
        return PartAnswered.of(request.round_id, parts[0], parts[1])

    def _named(self, request: PartAsked) -> tuple[KeyShare, KeyShare] | Refused:
        """The shares of the keys that the node names."""
        shares = [
            share
            for versions, digest in zip(
                self._both(request.epoch, request.tier), (request.ids, request.rounds), strict=True
            )
            for share in [version.share for version in versions if key_digest(version.share.public) == digest][:1]
        ]
        return (shares[0], shares[1]) if len(shares) == 2 else _no_share(request.epoch, request.tier)

    def _both(self, epoch: int, tier: str) -> Iterator[list[Version]]:
        return (self.versions(purpose(epoch, tier, use)) for use in (IDS, ROUNDS))

    def _read(self, epoch: int) -> Kept:
        """What is kept of an epoch; nothing where the file is damaged: a reshare mends that."""
        raw = self._secrets.read(epoch)
        held = None if raw is None else parse(raw, FILE_BYTES_MAX)
        names = {of.decode("ascii") for of in purposes_of(epoch, self._settings.tiers)}
        if not isinstance(held, dict):
            return {}
        return {
            name: {slot: one for slot, one in kept.items() if _is_kept(slot, one)}
            for name, kept in held.items()
            if name in names and isinstance(kept, dict)
        }

    def _versions(self, kept: Kept, name: str, keys: Keys) -> list[Version]:
        newest = sorted(kept.get(name, {}).items(), key=lambda one: -int(one[0]))
        every = (self._version(name, int(slot), one, keys) for slot, one in newest)
        return [version for version in every if version is not None]

    def _version(self, name: str, slot: int, kept: Sequence[Any], keys: Keys) -> Version | None:
        """None for what is no share of this holder's, as where it has another number now, or of no key that counts."""
        try:
            public = PublicKey.of_bytes(bytes.fromhex(kept[0]))
            share = KeyShare.of(self.number, public, bytes.fromhex(kept[1]))
        except ValueError:
            return None
        if public.purpose != name.encode("ascii") or why_no_key(self._settings, slot, public) is not None:
            return None
        return Version(slot, share, signers(slot, public, ((int(at), by) for at, by in kept[2].items()), keys))

    def _today(self) -> int:
        return self._clock.now_us() // DAY_US


def _is_kept(slot: str, kept: object) -> bool:
    match kept:
        case (public, str(), signed):
            return is_claim(slot, (public, signed))
        case _:
            return False


def _hex(signed: Mapping[int, bytes]) -> dict[str, str]:
    return {str(number): signature.hex() for number, signature in signed.items()}


def _no_share(epoch: int, tier: str) -> Refused:
    return Refused("share", "no share of that key of epoch {epoch}, tier {tier}", epoch=epoch, tier=tier)
