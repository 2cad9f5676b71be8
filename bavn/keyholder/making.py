"""How holders make each day's keys among themselves: what they post to each other, slot by slot.

At each slot all say what they have, agree by that on what is to be made (plan.py), and play the ceremonies of
psi/threshold in four more rounds, all at once. Each post is signed, and whoever has it passes it on, so that one holder
cannot tell two others different things unseen; in the second half of a round only what is passed on counts, so that
nobody can be late to some. What no holder of these terms can post in its round (posts.py) names its author, or who
answered with it, and is passed on to none; each is asked only for what it has not said yet. A round ends when all are
heard or its time is over. Where holders come to different ends the next slot tries again without whoever showed two
faces: the proof of it is passed on for a day, so that all leave out the same ones, also where some had ended before it
came. What k signed, heard or not, stands from then on. A process that was started within a slot waits for the next: it
may have posted before. One holder alone (1 of 1) posts to nobody and begins at once.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Protocol

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.keyholder.plan import Claims, holders, is_signed, planned, sound, standing, statement, wanted
from bavn.keyholder.posts import (
    DEALS,
    SIGNATURE_BYTES,
    answer_bytes_max,
    has_form,
    is_within,
    packed,
    posts_max,
    unpacked,
)
from bavn.keyholder.settings import ThresholdSettings
from bavn.keyholder.shares import HeldShares
from bavn.model.clock.believed import BelievedClock
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice
from bavn.psi.threshold import ceremony
from bavn.psi.threshold.ceremony import Confirming, Failed, Made
from bavn.psi.threshold.shares import KeyShare
from bavn.wire.keyholder import ROUNDS, HolderPost, PostsAnswered, PostsAsked, TwoFaces
from bavn.wire.ledger import Ledger, Note
from bavn.wire.strict_json import parse

BEGUN_MAX: Final = 1000
"""So many slots are remembered, lest one be played twice where a clock goes back."""
NO_LIE: Final = frozenset({"silent", "confirmation"})
"""Who came to another end may only have been heard late."""
MISLED: Final = frozenset({"elsewhere"})
"""Who began another ceremony was told other claims, where somebody showed two faces not long ago."""
FACES_S: Final = DAY_US // SECOND_US
"""How long a holder that showed two faces is left out."""
FORMLESS: Final = Refused("post", "what no holder posts in that round")
TOO_MUCH: Final = Refused("post", "more than all that holders post in a slot, or what makes no sense")


class Circle(Protocol):
    """The other holders, by number."""

    def keys(self) -> Mapping[int, Ed25519PublicKey]:
        """The message keys of those that this holder is enrolled at."""
        ...

    def ask(self, requests: Mapping[int, PostsAsked], bytes_max: int) -> Mapping[int, PostsAnswered | None]:
        """What each answers that answers; all are asked at once. None: longer than ``bytes_max``, or no sense."""
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
class _Heard:
    """How many posts another holder gave in this slot, of ``slot`` and in all; another slot that it was at."""

    since: int = 0
    count: int = 0
    other: int = 0


@dataclass(slots=True)
class _Session:
    """One slot. ``signed``: who signed a key that was made; ``claims``: who claims what is no key; ``refused``: who
    posted or answered what cannot be, ``unasked``: who answered it; ``posts``: by round and holder; ``relayed``: all to
    be passed on, as it came; ``boxes``: what each dealer has for this holder's eyes alone; ``private``: what this one
    has for each other's."""

    slot: int
    round: int = 0
    over: bool = False
    states: dict[str, Any] = field(default_factory=dict)
    signed: dict[str, Mapping[int, bytes]] = field(default_factory=dict)
    claims: dict[int, Refused] = field(default_factory=dict)
    refused: dict[int, Refused] = field(default_factory=dict)
    unasked: set[int] = field(default_factory=set)
    heard: dict[int, _Heard] = field(default_factory=lambda: defaultdict(_Heard))
    ended: dict[str, Made | Failed] = field(default_factory=dict)
    posts: list[dict[int, HolderPost]] = field(default_factory=lambda: [{} for _ in range(ROUNDS)])
    relayed: list[HolderPost] = field(default_factory=list)
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
        self._faces: dict[int, TwoFaces] = {}
        self.latest: Slot | None = None

    def posts(self, number: int, request: PostsAsked) -> PostsAnswered:
        """What holder ``number`` gets when it asks; nothing of another slot than the one that this holder is at."""
        with self._lock:
            session, private = self._session, ""
            slot = 0 if self._doubts() else session.slot
            if request.slot != session.slot:
                first = session.relayed[:1] if slot not in {0, request.other} else ()
                return PostsAnswered(slot=slot, posts=tuple(first), private=private)
            posts = tuple(session.relayed[request.since :])
            if any((post.number, post.round) == (self._settings.number, DEALS) for post in posts):
                private = packed(session.private.get(number, {})).hex()
            return PostsAnswered(slot=slot, posts=posts, private=private, faces=tuple(self._faces.values()))

    def step(self) -> bool:
        """Goes on as far as can be; whether a slot is under way."""
        self._begin()
        if self._session.over and not self._doubts():
            return False
        answers, keys = self._ask(), self._circle.keys()
        self._hear_times(answers, keys)
        if self._session.over:
            return False
        with self._lock:
            for number, answer in answers.items():
                self._hear(number, answer, keys)
            while not self._session.over and self._round_is_over():
                self._advance()
        return not self._session.over

    def _ask(self) -> dict[int, PostsAnswered]:
        """What is new to this holder at each that answers as an honest one may. Who does not is asked no more."""
        session, requests = self._session, {}
        for number in {*range(1, self._settings.n + 1)} - {self._settings.number} - session.unasked:
            heard = _Heard() if session.over else session.heard[number]
            requests[number] = PostsAsked(slot=session.slot, since=heard.since, other=heard.other)
        bytes_max, answers = answer_bytes_max(self._settings, session.slot), {}
        for number, answer in self._circle.ask(requests, bytes_max).items():
            if answer is not None and (session.over or self._takes(session.heard[number], answer)):
                answers[number] = answer
            else:
                session.refused[number] = TOO_MUCH
                session.unasked.add(number)
        return answers

    def _takes(self, heard: _Heard, answer: PostsAnswered) -> bool:
        """Counts what came, within the bounds of one slot."""
        slot = self._session.slot
        heard.count += len(answer.posts)
        if answer.slot in {0, slot}:
            heard.since = min(heard.since + len(answer.posts), posts_max(self._settings))
        else:
            heard.other = answer.slot
        return heard.count <= posts_max(self._settings) and is_within(self._settings, slot, answer)

    def next_s(self) -> float:
        """How long it is to the next slot."""
        every_us = self._settings.every_s * SECOND_US
        return (every_us - self._clock.now_us() % every_us) / SECOND_US

    def _begin(self) -> None:
        now_us, every_us = self._clock.now_us(), self._settings.every_s * SECOND_US
        slot_us = now_us - now_us % every_us
        if self._since_us - now_us > every_us:  # it was started by a wrong clock
            self._since_us = now_us
        if slot_us // SECOND_US in self._begun or not self._may_post(slot_us):
            return
        with self._lock:
            self._session = _Session(slot_us // SECOND_US)
            self._begun.append(self._session.slot)
            kept = {number: shown for number, shown in self._faces.items() if self._counts(shown)}
            self._faces = kept
            names, claims = wanted(self._settings, self._session.slot), self._shares.claims()
            self._post(rfc8785.dumps({name: claims[name] for name in names if name in claims}))

    def _may_post(self, slot_us: int) -> bool:
        """True where nothing was posted in that slot before this process began. A holder that is alone posts to nobody:
        it begins at once unless it made keys in this slot already."""
        if self._settings.n > 1:
            return slot_us >= self._since_us
        slot = str(slot_us // SECOND_US)
        return slot_us >= self._since_us or not any(slot in held for held in self._shares.claims().values())

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

    def _post(self, post: bytes) -> None:
        session, number = self._session, self._settings.number
        signed = self._key.sign(HolderPost.statement(session.slot, number, session.round, post))
        self._pass_on(HolderPost(number=number, round=session.round, post=post.hex(), signature=signed.hex()))

    def _pass_on(self, post: HolderPost) -> None:
        self._session.posts[post.round][post.number] = post
        self._session.relayed.append(post)

    def _counts(self, shown: TwoFaces) -> bool:
        """True while its day is not over."""
        return 0 <= self._session.slot - shown.slot < FACES_S

    def _hear_faces(self, faces: Iterable[TwoFaces], keys: Mapping[int, Ed25519PublicKey]) -> None:
        """Who another holder proves to have shown two faces; what it claims in this slot no longer counts."""
        session = self._session
        for shown in faces:
            known, key = shown.number in self._faces, keys.get(shown.number)
            if known or key is None or not self._counts(shown):
                continue
            signed = [is_signed(key, signature, what) for signature, what in shown.signed()]
            if signed == [True, True]:
                self._faces[shown.number] = shown
                if session.round == 0 and shown.slot < session.slot:
                    session.posts[0].pop(shown.number, None)

    def _hear(self, sender: int, answer: PostsAnswered, keys: Mapping[int, Ed25519PublicKey]) -> None:
        self._hear_faces(answer.faces, keys)
        session, now_us = self._session, self._clock.now_us()
        round_us = self._settings.round_s * SECOND_US
        for post in answer.posts:
            key = keys.get(post.number)
            late = now_us - session.slot * SECOND_US > (post.round + 0.5) * round_us
            held, raw = session.posts[post.round].get(post.number), bytes.fromhex(post.post)
            signed = HolderPost.statement(session.slot, post.number, post.round, raw)
            if post == held or post.number in self._faces or not is_signed(key, bytes.fromhex(post.signature), signed):
                continue
            if not has_form(self._settings, session.slot, post.round, raw):
                session.refused[post.number] = FORMLESS
            elif held is not None:
                self._faces[post.number] = TwoFaces.of(session.slot, held, post)
            elif post.round >= session.round and not (late and post.number == sender):
                self._pass_on(post)
        has_dealt = any(post.number == sender and post.round == DEALS for post in answer.posts)
        if has_dealt and sender not in session.boxes and session.round <= DEALS:
            session.boxes[sender] = unpacked(bytes.fromhex(answer.private))

    def _round_is_over(self) -> bool:
        """All are heard, or the time is over."""
        session, others = self._session, {*range(1, self._settings.n + 1)} - {*self._faces, self._settings.number}
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
        read = {number: unpacked(bytes.fromhex(post.post)) for number, post in posts.items()}
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
        self._post(packed(posts_now))

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
        read: dict[int, Any] = {
            number: parse(bytes.fromhex(post.post), len(post.post)) for number, post in posts.items()
        }
        claims, session.claims = sound(settings, session.slot, read)
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
        self._post(packed(posts_now))

    def _stand_after_all(self, claims: Mapping[int, Claims]) -> None:
        """A key that k signed in a slot before, which this holder did not hear then: it has its share. Where all that
        are heard have one of it, the one before is destroyed."""
        stand = []
        for name in wanted(self._settings, self._session.slot):
            held = {number: theirs.get(name, {}) for number, theirs in claims.items()}
            newest = standing(name.encode("ascii"), held, self._keys())[:1]
            all_have = all(holders(held, key.public) == len(claims) for key in newest)
            stand += [f"{name} of slot {key.slot}" for key in newest if self._shares.confirm(key, alone=all_have)]
        if stand:
            self._note(f"slot {self._session.slot}: signed by enough after all: {', '.join(stand)}")

    def _end(self) -> None:
        """Keeps what was made, and says in the ledger what came of it."""
        session = self._session
        session.over = True
        took_part = {number for posts in session.posts for number in posts}
        for name, outcome in session.ended.items():
            signed = session.signed.get(name, {})
            if isinstance(outcome, Made) and len(signed) < self._settings.k:
                session.ended[name] = Failed(outcome.faults)  # nobody would believe that it was made
            elif isinstance(outcome, Made) and outcome.share is not None:
                self._shares.keep(session.slot, outcome.share, signed, alone=took_part <= signed.keys())
                outcome.share.forget()
        no_lie = NO_LIE | MISLED if self._faces else NO_LIE
        faults = {fault.number for one in session.ended.values() for fault in one.faults if fault.why not in no_lie}
        failed = [name for name, one in session.ended.items() if isinstance(one, Failed)]
        silent = {*range(1, self._settings.n + 1)} - session.posts[min(session.round, len(session.posts) - 1)].keys()
        self.latest = Slot(
            slot=session.slot,
            made=len(session.ended) - len(failed),
            failed=len(failed),
            silent=tuple(sorted(silent - self._faces.keys())),
            faults=tuple(sorted(faults | self._faces.keys() | session.refused.keys())),
            claims=session.claims,
        )
        for number, why in session.claims.items():
            self._note(f"slot {session.slot}: holder {number} claims what is no key", why)
        for number, why in session.refused.items():
            self._note(f"slot {session.slot}: holder {number} said what cannot be", why)
        if session.ended:
            self._line(self.latest, sorted(session.ended))

    def _line(self, slot: Slot, names: list[str]) -> None:
        words = f"slot {slot.slot}: {', '.join(names)}; silent {list(slot.silent)}; wrong {list(slot.faults)}"
        refused = Refused("ceremony", "{failed} keys were not made: the next slot tries again", failed=slot.failed)
        self._note(words, refused if slot.failed else None)

    def _note(self, words: str, refused: Refused | None = None) -> None:
        note = Note(kind="EpochKeys", item_id=sha256(words.encode()).hexdigest(), peer="", privacy="S0", summary=words)
        self._ledger.append(self._clock.now_us(), "keyholder", "in", note, refused)
