"""What a key holder posts to the others while they make a key, and a public key as it was kept: any bytes at all."""

from bavn.psi.threshold import ceremony, messages
from bavn.psi.threshold.ceremony import Failed, Made
from bavn.psi.threshold.shares import PublicKey
from bavn.psi.threshold.terms import IDS, Terms, purpose
from bavn.traffic.dice import SeededDice
from fuzz.mutate import BYTES
from fuzz.target import Broken, Run, Target

_TERMS = Terms(purpose=purpose(20_782, "A", IDS), k=2, n=3)
_HONEST, _LIAR = (1, 2), 3


def _dealt() -> tuple[dict[int, ceremony.Dealing], dict[int, bytes], dict[int, dict[int, bytes]]]:
    states, posts, boxes = {}, {}, {to: {} for to in _TERMS.holders}
    for number in _TERMS.holders:
        states[number], posts[number], private = ceremony.deal(_TERMS, number, SeededDice(number, "deal"))
        for to, raw in private.items():
            boxes[to][number] = raw
    return states, posts, boxes


def _ceremony() -> Run:
    """One of three says the same bytes in every round, in private and to all; the other two must come to a key."""
    states, posts, boxes = _dealt()

    def run(data: bytes) -> None:
        deals = {**posts, _LIAR: data}
        hearing, complaints, ended = {}, {_LIAR: data}, {}
        for number in _HONEST:
            box = {**boxes[number], _LIAR: data}
            hearing[number], complaints[number] = states[number].hear(deals, box)
        answers, confirms = {_LIAR: data}, {_LIAR: data}
        for number, state in hearing.items():
            hearing[number], answers[number] = state.hear(complaints)
        for number, state in hearing.items():
            told = state.hear(answers)
            if isinstance(told, Failed):
                raise Broken("one liar of three keeps the other two from their key")
            ended[number], confirms[number] = told
        made = [state.hear(confirms) for state in ended.values()]
        if not all(isinstance(one, Made) and one.share for one in made) or made[0].public != made[1].public:
            raise Broken("two honest holders without one key")

    return run


def _message() -> Run:
    def run(data: bytes) -> None:
        try:
            made = messages.read(data)
        except messages.BadMessage:
            return
        if made.to_bytes() != data:
            raise Broken("a message with two spellings")

    return run


def _public_key() -> Run:
    def run(data: bytes) -> None:
        try:
            made = PublicKey.of_bytes(data)
        except ValueError:
            return
        if made.to_bytes() != data or not set(made.holders) <= set(range(1, made.n + 1)):
            raise Broken("a public key with two spellings")

    return run


def _posts() -> list[bytes]:
    states, posts, boxes = _dealt()
    state, complaints = states[1].hear(posts, {2: boxes[1][2]})
    state, answers = state.hear({2: messages.Complaints(_TERMS.id, 2, (1,)).to_bytes()})
    confirmation = messages.Confirmation(_TERMS.id, 1, bytes(32)).to_bytes()
    return [posts[3], boxes[1][3], complaints, answers, confirmation]


def _keys() -> list[bytes]:
    points = messages.read(_posts()[0]).commitments
    return [PublicKey(purpose=_TERMS.purpose, n=3, commitments=points).to_bytes()]


TARGETS = (
    Target(
        name="ceremony",
        covers=("module:bavn.psi.threshold.ceremony", "module:bavn.psi.threshold.judge"),
        forms=BYTES,
        seeds=_posts,
        make=_ceremony,
    ),
    Target(
        name="ceremony message",
        covers=("module:bavn.psi.threshold.messages",),
        forms=BYTES,
        seeds=_posts,
        make=_message,
    ),
    Target(
        name="public key of holders",
        covers=("module:bavn.psi.threshold.shares",),
        forms=BYTES,
        seeds=_keys,
        make=_public_key,
    ),
)
