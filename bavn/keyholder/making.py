"""How holders make each day's keys among themselves: what they post to each other, slot by slot.

At each slot all say what they have, agree by that on what is to be made (plan.py), and play the ceremonies of
psi/threshold in four more rounds, all at once. Each post is signed, and whoever has it passes it on, so that one holder
cannot tell two others different things unseen; in the second half of a round only what is passed on counts, so that
nobody can be late to some. A round ends when all are heard or its time is over. Where holders come to different ends
the next slot tries again without whoever showed two faces; what k signed, heard or not, stands from then on. A process
that was started within a slot waits for the next: it may have posted before. Refuses to know how others are reached.
"""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Protocol

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.keyholder.plan import Claims, is_signed, planned, purposes, read_claims, sound, standing, statement
from bavn.keyholder.settings import ThresholdSettings
from bavn.keyholder.shares import HeldShares
from bavn.model.clock.believed import BelievedClock
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice
from bavn.psi.threshold import ceremony
from bavn.psi.threshold.ceremony import Confirming, Failed, Made
from bavn.psi.threshold.shares import KeyShare
from bavn.wire.keyholder import POST_BYTES_MAX, ROUNDS, HolderPost, PostsAnswered, PostsAsked
from bavn.wire.ledger import Ledger, Note
from bavn.wire.strict_json import parse

DEALS: Final = 1
SIGNATURE_BYTES: Final = 64
BEGUN_MAX: Final = 1000
"""So many slots are remembered, lest one be played twice where a clock goes back."""
NO_LIE: Final = frozenset({"silent", "confirmation"})
"""Who came to another end may only have been heard late."""
MISLED: Final = frozenset({"elsewhere"})
"""Who began another ceremony was told other claims, where somebody showed two faces in that slot."""


class Circle(Protocol):
    """The other holders, by number."""

    def keys(self) -> Mapping[int, Ed25519PublicKey]:
        """The message keys of those that this holder is enrolled at."""
        ...

    def ask(self, request: PostsAsked) -> Mapping[int, PostsAnswered]:
        """What each answers that answers; all are asked at once."""
        ...


@dataclass(frozen=True, slots=True)
class Slot:
    """What came of the latest slot that was over: ``silent`` and ``faults`` are numbers of holders, ``made`` and
    ``failed`` of keys; ``claims``: by holder, why a key that it claims is none."""

    slot: int
    made: int
    failed: int
    silent: tuple[int, ...]
    faults: tuple[int, ...]
    claims: Mapping[int, Refused]


@dataclass(slots=True)
class _Session:
    """One slot. ``signed``: who signed a key that was made; ``claims``: who claims what is no key; ``posts``: by round
    and holder; ``second_faces``: what shows others that one has two; ``boxes``: what each dealer has for this holder's
    eyes alone; ``private``: what this one has for each other's."""

    slot: int
    round: int = 0
    over: bool = False
    states: dict[str, Any] = field(default_factory=dict)
    signed: dict[str, Mapping[int, bytes]] = field(default_factory=dict)
    claims: dict[int, Refused] = field(default_factory=dict)
    ended: dict[str, Made | Failed] = field(default_factory=dict)
    posts: list[dict[int, HolderPost]] = field(default_factory=lambda: [{} for _ in range(ROUNDS)])
    second_faces: list[HolderPost] = field(default_factory=list)
    boxes: dict[int, Mapping[str, bytes]] = field(default_factory=dict)
    private: dict[int, dict[str, bytes]] = field(default_factory=dict)


class Making:
    """One holder's part. ``step`` from one thread, ``posts`` from any."""

    def __init__(
        self,
        settings: ThresholdSettings,
        shares: HeldShares,
        key: Ed25519PrivateKey,
        circle: Circle,
        ledger: Ledger,
        clock: Clock,
        dice: Dice,
    ) -> None:
        self._settings, self._shares, self._key, self._circle = settings, shares, key, circle
        self._ledger, self._clock, self._dice = ledger, clock, dice
        self._lock = threading.Lock()
        self._since_us, self._session = clock.now_us(), _Session(0, over=True)
        self._believed = clock if isinstance(clock, BelievedClock) else None
        self._begun: deque[int] = deque(maxlen=BEGUN_MAX)
        self._two_faced: set[int] = set()
        self.latest: Slot | None = None

    def posts(self, number: int, request: PostsAsked) -> PostsAnswered:
        """What holder ``number`` gets when it asks; nothing of another slot than the one that this holder is at."""
        with self._lock:
            session = self._session
            slot = 0 if self._doubts() else session.slot
            if request.slot != session.slot:
                own = session.posts[0].get(self._settings.number)
                return PostsAnswered(slot=slot, posts=() if own is None else (own,), private="")
            every = [post for heard in session.posts for post in heard.values()]
            every += session.second_faces
            return PostsAnswered(slot=slot, posts=tuple(every), private=_packed(session.private.get(number, {})).hex())

    def step(self) -> bool:
        """Goes on as far as can be; whether a slot is under way."""
        self._begin()
        if self._session.over and not self._doubts():
            return False
        answers, keys = self._circle.ask(PostsAsked(slot=self._session.slot)), self._circle.keys()
        self._hear_times(answers, keys)
        if self._session.over:
            return False
        with self._lock:
            for number, answer in answers.items():
                self._hear(number, answer, keys)
            while not self._session.over and self._round_is_over():
                self._advance()
        return not self._session.over

    def next_s(self) -> float:
        """How long it is to the next slot."""
        every_us = self._settings.every_s * SECOND_US
        return (every_us - self._clock.now_us() % every_us) / SECOND_US

    def _begin(self) -> None:
        now_us, every_us = self._clock.now_us(), self._settings.every_s * SECOND_US
        slot_us = now_us - now_us % every_us
        if self._since_us - now_us > every_us:  # it was started by a wrong clock
            self._since_us = now_us
        if slot_us // SECOND_US in self._begun or slot_us < self._since_us:
            return
        with self._lock:
            self._session = _Session(slot_us // SECOND_US)
            self._begun.append(self._session.slot)
            wanted, claims = self._wanted(), self._shares.claims()
            self._post(rfc8785.dumps({name: claims[name] for name in wanted if name in claims}))

    def _doubts(self) -> bool:
        return self._believed is not None and self._believed.doubted_us() is not None

    def _hear_times(self, answers: Mapping[int, PostsAnswered], keys: Mapping[int, Ed25519PublicKey]) -> None:
        """What time it is by each other holder's own signature of the slot that it is at."""
        if self._believed is None:
            return
        for number, answer in answers.items():
            for post in answer.posts:
                signed = HolderPost.statement(answer.slot, number, post.round, bytes.fromhex(post.post))
                if post.number == number and is_signed(keys.get(number), bytes.fromhex(post.signature), signed):
                    self._believed.heard(f"holder-{number}", answer.slot * SECOND_US)
                    break

    def _wanted(self) -> list[str]:
        """What needs a key in this slot."""
        today = self._session.slot * SECOND_US // DAY_US
        return [of.decode("ascii") for of in purposes(today, self._settings.tiers)]

    def _post(self, post: bytes) -> None:
        session, number = self._session, self._settings.number
        signed = self._key.sign(HolderPost.statement(session.slot, number, session.round, post))
        session.posts[session.round][number] = HolderPost(
            number=number, round=session.round, post=post.hex(), signature=signed.hex()
        )

    def _hear(self, sender: int, answer: PostsAnswered, keys: Mapping[int, Ed25519PublicKey]) -> None:
        session, now_us = self._session, self._clock.now_us()
        round_us = self._settings.round_s * SECOND_US
        for post in answer.posts:
            key = keys.get(post.number)
            late = now_us - session.slot * SECOND_US > (post.round + 0.5) * round_us
            held = session.posts[post.round].get(post.number)
            signed = HolderPost.statement(session.slot, post.number, post.round, bytes.fromhex(post.post))
            if (
                post == held
                or post.number in self._two_faced
                or not is_signed(key, bytes.fromhex(post.signature), signed)
            ):
                continue
            if held is not None:
                self._two_faced.add(post.number)
                session.second_faces.append(post)
            elif post.round >= session.round and not (late and post.number == sender):
                session.posts[post.round][post.number] = post
        has_dealt = any(post.number == sender and post.round == DEALS for post in answer.posts)
        if has_dealt and sender not in session.boxes and session.round <= DEALS:
            session.boxes[sender] = _unpacked(answer.private)

    def _round_is_over(self) -> bool:
        """All are heard, or the time is over."""
        session, others = self._session, {*range(1, self._settings.n + 1)} - {*self._two_faced, self._settings.number}
        heard = others <= session.posts[session.round].keys()
        if session.round == DEALS:
            heard = heard and others <= session.boxes.keys()
        until_us = session.slot * SECOND_US + (session.round + 1) * self._settings.round_s * SECOND_US
        return heard or self._clock.now_us() >= until_us

    def _advance(self) -> None:
        """One round is over: what was posted in it makes what is posted in the next."""
        session = self._session
        posts = session.posts[session.round]
        if session.round == 0:
            self._deal(posts)
            return
        read = {number: _unpacked(post.post) for number, post in posts.items()}
        posts_now: dict[str, bytes] = {}
        for name, state in list(session.states.items()):
            heard = {number: by_name[name] for number, by_name in read.items() if name in by_name}
            if isinstance(state, Confirming):
                session.signed[name] = self._signatures(state, heard)
                heard = {number: raw[:-SIGNATURE_BYTES] for number, raw in heard.items()}
            private = {number: box[name] for number, box in session.boxes.items() if name in box}
            outcome = state.hear(heard, private) if session.round == DEALS else state.hear(heard)
            if isinstance(outcome, tuple):
                session.states[name], posts_now[name] = outcome
                if isinstance(outcome[0], Confirming) and outcome[0].share is not None:
                    posts_now[name] += self._signed(outcome[0].share)
            else:
                session.ended[name] = outcome
                del session.states[name]
        if session.round > DEALS:  # until all have complained somebody may not have fetched its own yet
            session.private.clear()
        if not session.states:
            self._end()
            return
        session.round += 1
        self._post(_packed(posts_now))

    def _signed(self, share: KeyShare) -> bytes:
        """This holder's signature of a key, once its share is kept: whoever has k of them may count on k shares."""
        signature = self._key.sign(statement(self._session.slot, share.public))
        self._shares.keep(self._session.slot, share, {self._settings.number: signature})
        return signature

    def _signatures(self, state: Confirming, heard: Mapping[int, bytes]) -> dict[int, bytes]:
        """Who signed the key that this holder confirms."""
        if state.public is None:
            return {}
        keys, signed = self._keys(), statement(self._session.slot, state.public)
        every = {number: raw[-SIGNATURE_BYTES:] for number, raw in heard.items()}
        return {number: one for number, one in every.items() if is_signed(keys.get(number), one, signed)}

    def _keys(self) -> dict[int, Ed25519PublicKey]:
        """All holders' message keys."""
        return {**self._circle.keys(), self._settings.number: self._key.public_key()}

    def _deal(self, posts: Mapping[int, HolderPost]) -> None:
        session, settings = self._session, self._settings
        read = {number: read_claims(bytes.fromhex(post.post), POST_BYTES_MAX) for number, post in posts.items()}
        claims, session.claims = sound(
            settings, session.slot, {number: theirs for number, theirs in read.items() if theirs is not None}
        )
        attempt = session.slot // settings.every_s % 2**16
        posts_now: dict[str, bytes] = {}
        self._stand_after_all(claims)
        for terms in planned(settings, session.slot, attempt, claims, self._keys()):
            name = terms.purpose.decode("ascii")
            versions = self._shares.versions(terms.purpose)
            held = [version.share for version in versions if version.share.public == terms.old]
            if terms.old is not None and not held:
                session.states[name] = ceremony.join(terms, settings.number)
                continue
            share = held[0] if terms.old else None
            session.states[name], posts_now[name], private = ceremony.deal(terms, settings.number, self._dice, share)
            for number, raw in private.items():
                session.private.setdefault(number, {})[name] = raw
        if not session.states:
            self._end()
            return
        session.round = DEALS
        self._post(_packed(posts_now))

    def _stand_after_all(self, claims: Mapping[int, Claims]) -> None:
        """A key that k signed in a slot before, which this holder did not hear then: it has its share."""
        stand = []
        for name in self._wanted():
            held = {number: theirs[name] for number, theirs in claims.items() if name in theirs}
            newest = standing(name.encode("ascii"), held, self._keys())[:1]
            stand += [f"{name} of slot {key.slot}" for key in newest if self._shares.confirm(key)]
        if stand:
            self._note(f"slot {self._session.slot}: signed by enough after all: {', '.join(stand)}")

    def _end(self) -> None:
        """Keeps what was made, and says in the ledger what came of it."""
        session = self._session
        session.over = True
        for name, outcome in session.ended.items():
            signed = session.signed.get(name, {})
            if isinstance(outcome, Made) and len(signed) < self._settings.k:
                session.ended[name] = Failed(outcome.faults)  # nobody would believe that it was made
            elif isinstance(outcome, Made) and outcome.share is not None:
                self._shares.keep(session.slot, outcome.share, signed)
                outcome.share.forget()
        no_lie = NO_LIE | MISLED if session.second_faces else NO_LIE
        faults = {fault.number for one in session.ended.values() for fault in one.faults if fault.why not in no_lie}
        failed = [name for name, one in session.ended.items() if isinstance(one, Failed)]
        silent = {*range(1, self._settings.n + 1)} - session.posts[min(session.round, len(session.posts) - 1)].keys()
        self.latest = Slot(
            slot=session.slot,
            made=len(session.ended) - len(failed),
            failed=len(failed),
            silent=tuple(sorted(silent - self._two_faced)),
            faults=tuple(sorted(faults | self._two_faced)),
            claims=session.claims,
        )
        for number, why in session.claims.items():
            self._note(f"slot {session.slot}: holder {number} claims what is no key", why)
        if session.ended:
            self._line(self.latest, sorted(session.ended))

    def _line(self, slot: Slot, names: list[str]) -> None:
        words = f"slot {slot.slot}: {', '.join(names)}; silent {list(slot.silent)}; wrong {list(slot.faults)}"
        refused = Refused("ceremony", "{failed} keys were not made: the next slot tries again", failed=slot.failed)
        self._note(words, refused if slot.failed else None)

    def _note(self, words: str, refused: Refused | None = None) -> None:
        note = Note(kind="EpochKeys", item_id=sha256(words.encode()).hexdigest(), peer="", privacy="S0", summary=words)
        self._ledger.append(self._clock.now_us(), "keyholder", "in", note, refused)


def _packed(by_name: Mapping[str, bytes]) -> bytes:
    """What a holder says in all its ceremonies at once."""
    return rfc8785.dumps({name: raw.hex() for name, raw in by_name.items()})


def _unpacked(packed: str) -> Mapping[str, bytes]:
    """Nothing for what cannot be read: its sender said nothing."""
    by_name = parse(bytes.fromhex(packed), POST_BYTES_MAX)
    if not isinstance(by_name, dict):
        return {}
    try:
        return {name: bytes.fromhex(raw) for name, raw in by_name.items()}
    except (TypeError, ValueError):
        return {}
