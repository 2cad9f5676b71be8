"""Key holders that lie as Hypothesis chooses, each with its true key, a clock of its own and a disk that loses files.

A lie is plain data; ``Liar`` says it in place of what the honest program, which goes on under it, would have said.
"""

from dataclasses import dataclass, field

import rfc8785
from hypothesis import strategies as st

from bavn.keyholder.plan import statement
from bavn.model.moment import SECOND_US
from bavn.psi import group
from bavn.psi.threshold import messages, shamir
from bavn.psi.threshold.proof import prove_knowledge
from bavn.psi.threshold.shares import KeyShare, PublicKey
from bavn.rehearsal.clock import SimClock
from bavn.wire.keyholder import POSTS_MAX, ROUNDS, HolderPost, KeysAnswered, PartAnswered, PostsAnswered
from bavn.wire.strict_json import parse
from tests.keyholder.said_by_schema import admitted, bends, bent
from tests.psi.conftest import SeededDice

SECRETS = tuple(group.random_scalar(SeededDice(("a liar's", at))) for at in range(9))
"""What liars make keys and polynomials of, so that they know them."""
DAY_S = 86_400
SOMEBODY = st.sets(st.integers(1, 5), min_size=1).map(frozenset)
AGO_S = st.one_of(st.sampled_from((-900, 0, 900, 1800, -DAY_S, 10_000_000)), st.integers(-(2**31), 2**48))
CLAIMS = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.integers(0, 7),
            "ago_s": AGO_S,
            "k": st.integers(1, 9),
            "n": st.one_of(st.just(0), st.integers(1, 9)),
            "of": st.one_of(st.just(-1), st.integers(0, 7)),
        }
    ),
    max_size=4,
)
"""Keys of its own making, of any threshold and slot: ``n`` 0 is the true one; ``of``: another purpose inside."""
CEREMONY = st.one_of(
    st.tuples(st.just("deal"), st.integers(1, 9), st.booleans()),
    st.tuples(st.just("complaints"), st.sets(st.integers(1, 9)).map(sorted)),
    st.tuples(st.just("answers"), st.sets(st.integers(1, 9)).map(sorted)),
    st.tuples(st.just("confirmation"), st.binary(min_size=32, max_size=32)),
    st.tuples(st.just("flip"), st.integers(0, 400), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.integers(0, 400)),
    st.tuples(st.just("raw"), st.binary(max_size=600)),
    st.tuples(st.just("gone")),
)
"""What stands in a post for each key that is made: of the ceremony's own kinds, or bytes."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=8,
)
LIES = st.lists(
    st.tuples(
        st.integers(0, ROUNDS - 1),
        SOMEBODY,
        st.one_of(
            st.tuples(st.just("ceremony"), CEREMONY),
            st.tuples(st.just("claims"), CLAIMS),
            st.tuples(st.just("bent"), bends(HolderPost), st.booleans()),
            st.tuples(st.just("json"), JSON),
            st.tuples(st.just("private"), bends(PostsAnswered)),
            st.tuples(st.just("whole"), admitted(PostsAnswered)),
            st.tuples(st.just("another"), st.integers(0, 50)),
            st.tuples(st.just("replay"), st.integers(0, 50)),
            st.tuples(st.just("unsaid")),
        ),
    ),
    max_size=4,
)
"""(round, to whom, what)."""
ANSWERS = st.one_of(
    st.tuples(st.just("honest")),
    st.tuples(st.just("bent"), bends(PartAnswered), bends(KeysAnswered)),
    st.tuples(st.just("whole"), admitted(PartAnswered), admitted(KeysAnswered)),
    st.tuples(st.just("own key"), st.integers(1, 9), st.integers(0, 8)),
    st.tuples(st.just("points"), st.integers(0, 8), st.integers(0, 3)),
    st.tuples(st.just("replay"), st.integers(0, 20)),
)
"""What a node hears in place of a holder's keys and parts."""


class LeapingClock:
    """The world's clock, ``by_s`` wrong."""

    def __init__(self, clock: SimClock) -> None:
        self.clock, self.by_s = clock, 0

    def now_us(self) -> int:
        return max(self.clock.now_us() + self.by_s * SECOND_US, 0)

    def until(self, moment_us: int) -> int:
        return self.clock.until(moment_us)


@dataclass
class Liar:
    """One of the circle's holders. ``lies``: those of this slot; ``said``: all that it and others said to whomever."""

    holder: object
    purposes: list[bytes]
    lies: list = field(default_factory=list)
    answers: tuple = ("honest",)
    said: list = field(default_factory=list)
    answered: list = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = LeapingClock(self.holder.clock)
        self.holder.mortal._clock = self.clock
        self.holder.faces = self.posts

    @property
    def number(self) -> int:
        return self.holder.number

    def posts(self, to, answer):
        """In place of ``answer``, to holder ``to``."""
        self.said += [post for post in answer.posts if post not in self.said][:50]
        for round_, whom, (kind, *what) in self.lies:
            if to not in whom:
                continue
            if kind == "whole":
                answer = what[0]
            elif kind == "private":
                private = {name: value for name, value in what[0].items() if name == "private"}
                answer = bent(answer, private)
            elif kind == "replay" and self.said:
                more = self.said[what[0] % len(self.said)]
                answer = bent(answer, {"posts": (*answer.posts, more)[:POSTS_MAX]})
            else:
                posts = [
                    self._lie(post, kind, what) if (post.number, post.round) == (self.number, round_) else post
                    for post in answer.posts
                ]
                answer = bent(answer, {"posts": tuple(post for post in posts if post is not None)})
        return answer

    def _lie(self, post, kind, what):
        match kind, what:
            case "ceremony", [lie]:
                return self._signed(post, self._ceremonies(post, lie))
            case "claims", [claims]:
                return self._signed(post, rfc8785.dumps(self.claims(claims)))
            case "bent", [fields, signed]:
                lied = bent(post, fields)
                return self._signed(lied, bytes.fromhex(lied.post)) if signed else lied
            case "json", [value]:
                return self._signed(post, rfc8785.dumps(value))
            case "another", [at]:
                return self._signed(post, bytes.fromhex(self.said[at % len(self.said)].post))
        return None

    def _signed(self, post, said):
        signed = self.holder.key.sign(
            HolderPost.statement(self.holder.making._session.slot, post.number, post.round, said)
        )
        return bent(post, {"post": said.hex(), "signature": signed.hex()})

    def _ceremonies(self, post, lie):
        """The same post with each key's message lied about."""
        honest = parse(bytes.fromhex(post.post), 2**20)
        if not isinstance(honest, dict) or not all(isinstance(raw, str) for raw in honest.values()):
            return bytes.fromhex(post.post)
        lied = {name: self._message(bytes.fromhex(raw), lie) for name, raw in honest.items()}
        return rfc8785.dumps({name: raw.hex() for name, raw in lied.items() if raw is not None})

    def _message(self, raw, lie):
        try:
            ceremony = messages.read(raw[: messages.MESSAGE_BYTES_MAX]).ceremony
        except messages.BadMessage:
            ceremony = raw[10:42] if len(raw) >= 42 else bytes(32)
        match lie:
            case "deal", k, known:
                dice = SeededDice((self.number, raw))
                polynomial = shamir.polynomial(k, dice, SECRETS[k - 1] if known else None)
                knowledge = prove_knowledge(polynomial[0], ceremony + bytes([self.number]), dice)
                return messages.Deal(ceremony, self.number, shamir.commitments(polynomial), knowledge).to_bytes()
            case "complaints", accused:
                return messages.Complaints(ceremony, self.number, tuple(accused)).to_bytes()
            case "answers", to:
                return messages.Answers(ceremony, self.number, dict(zip(to, SECRETS, strict=False))).to_bytes()
            case "confirmation", transcript:
                return messages.Confirmation(ceremony, self.number, transcript).to_bytes() + raw[-64:]
            case "flip", at, by:
                return raw and raw[: at % len(raw)] + bytes([raw[at % len(raw)] ^ by]) + raw[at % len(raw) + 1 :]
            case "cut", at:
                return raw[:at]
            case "raw", said:
                return said
        return None

    def own_key(self, claim):
        """A key whose secret it knows, its slot, and its share of it."""
        now_s = self.holder.clock.now_us() // SECOND_US
        n = claim["n"] or self.holder.settings.n
        k = min(claim["k"], n)
        of = self.purposes[(claim["of"] if claim["of"] >= 0 else claim["at"]) % len(self.purposes)]
        polynomial = SECRETS[:k]
        public = PublicKey(purpose=of, n=n, commitments=shamir.commitments(polynomial))
        slot = max(now_s - now_s % 900 + claim["ago_s"], 0)
        return slot, public, shamir.value(polynomial, self.number)

    def claims(self, claims):
        """As a holder claims keys, signed by it alone."""
        every = {}
        for claim in claims:
            slot, public, _ = self.own_key(claim)
            by = {str(self.number): self.holder.key.sign(statement(slot, public)).hex()}
            name = self.purposes[claim["at"] % len(self.purposes)].decode()
            every.setdefault(name, {})[str(slot)] = (public.to_bytes().hex(), by)
        return every

    def writes(self, claims):
        """Into its own shares, by the program's own way."""
        for claim in claims:
            slot, public, scalar = self.own_key(claim)
            if self.number in public.holders:
                signed = {self.number: self.holder.key.sign(statement(slot, public))}
                self.holder.shares.keep(slot, KeyShare.of(self.number, public, scalar), signed)

    def loses(self, raw):
        """All of its shares; or they are these bytes now."""
        for file in self.holder.secrets.iterdir():
            file.unlink() if raw is None else file.write_bytes(raw)

    def hears(self, honest):
        """A node's answer in place of the honest one."""
        self.answered.append(honest)
        is_part = isinstance(honest, PartAnswered)
        match self.answers:
            case "bent", part, keys:
                return self._sworn(bent(honest, part if is_part else keys))
            case "whole", part, keys:
                return self._sworn(part if is_part else keys)
            case "own key", k, _ if not is_part:
                ids, rounds = (
                    PublicKey(purpose=one.purpose, n=one.n, commitments=shamir.commitments(SECRETS[: min(k, one.n)]))
                    for one in (PublicKey.of_bytes(bytes.fromhex(raw)) for raw in (honest.ids, honest.rounds))
                )
                return KeysAnswered.of(ids, rounds, self.holder.key)
            case "points", secret, at if is_part:
                points = [honest.points[one : one + 64] for one in range(0, len(honest.points), 64)]
                points[at % len(points)] = group.times(SECRETS[secret], bytes.fromhex(points[0])).hex()
                return bent(honest, {"points": "".join(points)})
            case "replay", at:
                others = [one for one in self.answered if type(one) is type(honest)]
                return others[at % len(others)]
        return honest

    def _sworn(self, said):
        if isinstance(said, PartAnswered):
            return said
        return bent(said, {"signature": self.holder.key.sign(said.statement()).hex()})
