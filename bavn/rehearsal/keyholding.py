"""The simulated sector's key holders, n of whom any k evaluate, and the bad network before them: requests and answers
may be lost, and holders may die, lie, be silent and come back.

Puts together what ``app`` puts together for real, over simulated clock and dice. Refuses to know the story.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.keyholder.holder import KeyHolder
from bavn.keyholder.making import Making
from bavn.keyholder.settings import HolderSettings, ThresholdSettings
from bavn.keyholder.shares import HeldShares
from bavn.model.moment import SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, LinkDown, LinkRefused
from bavn.psi import commons_terms
from bavn.psi.threshold.shares import KeyShare
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.holder_faults import Fault, HolderFaults, bent, made_up
from bavn.rehearsal.mortal import Killed, Mortal, MortalClock
from bavn.rehearsal.network import Faults
from bavn.rehearsal.script import HolderChange, Script, holder_name, key_of
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.codec import Encoded, decode, encode
from bavn.wire.keyholder import (
    KEYHOLDER_KINDS,
    KeysAnswered,
    KeysAsked,
    PartAnswered,
    PartAsked,
    PostsAnswered,
    PostsAsked,
)
from bavn.wire.ledger import Ledger
from bavn.wire.links.holders import KeyHolders
from bavn.wire.links.keyholder import Ask
from bavn.wire.privacy import Message

SLOT_S: Final = 900
ROUND_S: Final = 20.0
NO_FAULTS: Final = HolderFaults()


@dataclass(slots=True)
class SimKeyHolder(Mortal):
    """One of n key holders, on a disk of its own. Dead is LinkDown. ``circle``: all of them by number. ``faces``: what
    it says to another holder in place of its posts, given that one's number."""

    name: str
    folder: Path
    seed: int
    clock: SimClock
    faults: HolderFaults = NO_FAULTS
    limits: HolderSettings = field(default_factory=HolderSettings)
    settings: ThresholdSettings = field(kw_only=True)
    circle: "Mapping[int, SimKeyHolder]" = field(kw_only=True, repr=False)
    faces: Callable[[int, PostsAnswered], PostsAnswered] | None = None
    book: Book = field(init=False)
    holder: KeyHolder = field(init=False)
    dice: SeededDice = field(init=False)
    key: Ed25519PrivateKey = field(init=False, repr=False)
    shares: HeldShares = field(init=False)
    making: Making = field(init=False)
    _dies_into: HolderFaults | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.mortal = MortalClock(self.clock)
        self.dice = SeededDice(self.seed, self.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open()

    @property
    def number(self) -> int:
        return self.settings.number

    @property
    def secrets(self) -> Path:
        """The folder of its shares."""
        return self.folder / "shares"

    def answered[Answer](self, answer: Callable[[], Answer | Refused]) -> Answer:
        """What it answers, where it lives. Raises LinkDown, LinkRefused."""
        if self.faults.dead:
            raise LinkDown("the key holder is dead")
        try:
            given = answer()
        except Killed:
            self.reopen()
            raise LinkDown("the key holder died") from None
        if isinstance(given, Refused):
            raise LinkRefused(given.reason)
        return given

    def keys(self, request: KeysAsked, fault: Fault | None) -> KeysAnswered:
        """A day's public keys. Raises LinkDown, LinkRefused."""
        public = self.answered(lambda: self.shares.public(request.epoch, request.tier))
        if fault == "other_key":
            ids, rounds = self._made_up(request.epoch, request.tier)
            public = ids.public, rounds.public
        return KeysAnswered.of(*public, self.key)

    def part(self, actor: str, request: PartAsked, fault: Fault | None) -> PartAnswered:
        """Its part. Raises LinkDown, LinkRefused."""
        answer = self.answered(lambda: self.holder.part(actor, request))
        return answer if fault is None else bent(fault, answer, request, self._made_up(request.epoch, request.tier))

    def posts(self, number: int, request: PostsAsked) -> PostsAnswered:
        """What another holder gets. Raises LinkDown."""
        if self.faults.drawn(self.dice.fork(f"posts {number} {self.clock.now_us()}")) == "silent":
            raise LinkDown("the key holder says nothing")
        answer = self.answered(lambda: self.making.posts(number, request))
        return answer if self.faces is None else self.faces(number, answer)

    def step(self) -> None:
        """Destroys what is over; a death in it is survived."""
        if self.faults.dead:
            return
        try:
            self.holder.tidy()
        except Killed:
            self.reopen()

    def make(self) -> bool:
        """Goes on with what holders make together; whether a slot is under way."""
        if self.faults.dead:
            return False
        try:
            return self.making.step()
        except Killed:
            self.reopen()
            return False

    def change(self, change: HolderChange) -> None:
        """From now on it fails like this, or from its death on."""
        if change.questions is not None:
            self._dies_into = change.faults
            self.mortal.kill_after(change.questions)
            return
        if change.lost:
            for file in self.secrets.iterdir():
                file.unlink()
        starts = self.faults.dead or change.lost
        self.faults = change.faults
        if starts:
            self.reopen()

    def reopen(self) -> None:
        """Likewise. Whether it answers afterwards is the story's."""
        Mortal.reopen(self)
        if self._dies_into is not None:
            self.faults, self._dies_into = self._dies_into, None

    def close(self) -> None:
        self.book.close()

    def _made_up(self, epoch: int, tier: str) -> tuple[KeyShare, KeyShare]:
        dice = self.dice.fork(f"a key of its own {epoch} {tier}")
        return made_up(self.number, self.settings.k, self.settings.n, epoch, tier, dice)

    def _open(self) -> None:
        self.book, self.key = Book(self.folder / "keyholder.db"), key_of(self.seed, self.name)
        ledger = Ledger(self.book)
        others = OtherHolders(self)
        keys = partial(others.with_own, self.key.public_key())
        self.shares = HeldShares(self.secrets, self.settings, keys, self.mortal, self.dice)
        self.holder = KeyHolder(self.shares, ledger, self.mortal, self.limits)
        self.making = Making(self.settings, self.shares, self.key, others, ledger, self.mortal, self.dice)


@dataclass(frozen=True, slots=True)
class OtherHolders:
    """Implements Circle (keyholder/making.py) for ``holder``."""

    holder: SimKeyHolder

    def keys(self) -> Mapping[int, Ed25519PublicKey]:
        """See the port."""
        return {other.number: other.key.public_key() for other in self._others()}

    def with_own(self, own: Ed25519PublicKey) -> Mapping[int, Ed25519PublicKey]:
        """All holders' message keys."""
        return {**self.keys(), self.holder.number: own}

    def ask(self, requests: Mapping[int, PostsAsked], bytes_max: int) -> Mapping[int, PostsAnswered | None]:
        """See the port."""
        answers: dict[int, PostsAnswered | None] = {}
        for number, request in requests.items():
            try:
                answer = self.holder.circle[number].posts(self.holder.number, request)
            except LinkDown:
                continue
            answers[number] = answer if len(encode(answer).body) <= bytes_max else None
        return answers

    def _others(self) -> list[SimKeyHolder]:
        return [other for other in self.holder.circle.values() if other is not self.holder]


@dataclass(slots=True)
class BadWay:
    """One node's way to one key holder. ``lost``: requests and answers that did not come through."""

    actor: str
    holder: SimKeyHolder
    faults: Faults
    dice: SeededDice
    clock: SimClock
    lost: int = 0

    def over[Answer](self, ask: Callable[[], Answer]) -> Answer:
        """What is asked, over this network. Raises LinkDown, LinkRefused."""
        now_us = self.clock.now_us()
        if any(start <= now_us < end for start, end in self.faults.partitions):
            self._lose("there is no way through")
        if self.dice.unit() < self.faults.request_lost:
            self._lose("the request was lost")
        answer = ask()
        if self.dice.unit() < self.faults.answer_lost:
            self._lose("the answer was lost")
        return answer

    def _lose(self, why: str) -> NoReturn:
        self.lost += 1
        raise LinkDown(why)


@dataclass(slots=True)
class BadHolderWay:
    """Implements Holder (links/holders.py): ``way`` to one of n, which may lie."""

    way: BadWay
    holder: SimKeyHolder
    lies: SeededDice

    @property
    def key(self) -> Ed25519PublicKey:
        return self.holder.key.public_key()

    def keys(self, request: KeysAsked) -> KeysAnswered:
        """See the port."""
        return self._over(lambda fault: self.holder.keys(request, fault))

    def part(self, request: PartAsked) -> PartAnswered:
        """See the port."""
        return self._over(lambda fault: self.holder.part(self.way.actor, travelled(request), fault))

    def probe(self) -> None:
        """See the port."""
        self.way.over(lambda: self.holder.answered(lambda: None))

    def close(self) -> None:
        """Nothing is open."""

    def _over[Said: Message](self, ask: Callable[[Fault | None], Said]) -> Said:
        fault = self.holder.faults.drawn(self.lies)
        if fault == "silent":
            raise LinkDown("the key holder says nothing")
        return travelled(self.way.over(lambda: ask(fault)))


class KeyHolding:
    """All key holders of a script. ``every``: by name. Each step belongs to all of them, so that stories with different
    numbers of them throw the same dice elsewhere."""

    def __init__(self, script: Script, folder: Path, clock: SimClock) -> None:
        self._k, self._clock = script.holders_k, clock
        self._circle: dict[int, SimKeyHolder] = {}
        for number in range(1, script.holders + 1):
            settings = threshold_settings(script, number)
            name = holder_name(number)
            self._circle[number] = SimKeyHolder(
                name, folder / name, script.seed, clock, settings=settings, circle=self._circle
            )
        self.every: dict[str, SimKeyHolder] = {holder.name: holder for holder in self._circle.values()}
        self.until(script.start_us)

    def ways(self, actor: str, faults: Faults, dice: SeededDice) -> dict[str, BadWay]:
        """A node's ways to all of them, each with dice of its own."""
        return {
            name: BadWay(actor, holder, faults, dice.fork(name), self._clock) for name, holder in self.every.items()
        }

    def ask(self, ways: Mapping[str, BadWay], ledger: Ledger, clock: Clock) -> Ask:
        """What a node that is started asks."""
        holders = {
            number: BadHolderWay(way, holder, way.dice.fork("lies"))
            for number, holder in self._circle.items()
            for way in [ways[holder.name]]
        }
        order = next(iter(ways.values())).dice.fork("order")
        return KeyHolders(self._k, holders, ledger, clock, order)

    def step(self) -> None:
        """Everybody once."""
        for holder in self.every.values():
            holder.step()

    def until(self, moment_us: int) -> None:
        """Time passes: second by second while holders make keys, and in one leap between."""
        while (now_us := self._clock.now_us()) < moment_us:
            under_way = [holder.make() for holder in self.every.values()]
            slot_us = SLOT_S * SECOND_US
            next_us = now_us + SECOND_US if any(under_way) else now_us - now_us % slot_us + slot_us
            self._clock.until(min(next_us, moment_us))

    def close(self) -> None:
        for holder in self.every.values():
            holder.close()


def threshold_settings(script: Script, number: int) -> ThresholdSettings:
    """Those of holder ``number`` in a script."""
    tiers = [tier.name for tier in script.tiers] + [commons_terms.TIER] * script.commons.daily
    return ThresholdSettings(
        number=number,
        k=script.holders_k,
        holders=tuple(f"https://{holder_name(other)}" for other in range(1, script.holders + 1)),
        tiers=tuple(tiers),
        every_s=SLOT_S,
        round_s=ROUND_S,
    )


def travelled[Said: Message](message: Said) -> Said:
    """As it comes out at the other side."""
    encoded = encode(message)
    decoded = decode(Encoded(encoded.kind, encoded.body), KEYHOLDER_KINDS)
    if not isinstance(decoded, type(message)):
        raise TypeError(f"{encoded.kind} does not travel: {decoded}")
    return decoded
