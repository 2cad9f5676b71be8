"""Key holders by threshold beside the bare PRF under one key, in the same run: node, holder, and how a key is made.

python bench/threshold.py [--points N] [--repeat R]

CPU seconds. The oblivious PRF alone is drawing blinds, blinding, checking proofs and finishing. A day's first round at
a node is that and the rest of it: elements, the request's and each answer's JSON, its ledger and book, and the round's
share at R=20; only the PRF and the JSON are other by threshold. Each figure is the median of R runs.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.psi import group, oprf, share
from bavn.psi.round import RoundParams
from bavn.psi.threshold import ceremony, evaluate, shamir
from bavn.psi.threshold.ceremony import Failed
from bavn.psi.threshold.shares import KeyShare, PublicKey
from bavn.psi.threshold.terms import IDS, Terms, purpose
from bavn.wire.book import Book
from bavn.wire.codec import Encoded, decode, encode
from bavn.wire.keyholder import KEYHOLDER_KINDS, Batch, Evaluated, PartAnswered, PartAsked
from bavn.wire.ledger import Ledger
from bavn.wire.links.keyholder import KeyHolderIdentifiers

DICE = SystemDice()
BARS = {2: 1.3, 3: 1.8}


def cpu[T](work: Callable[[], T]) -> tuple[T, float]:
    """What it gives, and how long it took."""
    begun = time.process_time()
    made = work()
    return made, time.process_time() - begun


class Exchange:
    """A key holder in the same process: what it and the JSON on the way cost is kept apart from the node."""

    def __init__(self, key: bytes) -> None:
        self.key, self.holder_s, self.json_s = key, 0.0, 0.0

    def __call__(self, batch: Batch) -> Evaluated:
        points, self.holder_s = cpu(lambda: oprf.evaluate(self.key, batch.points))
        public = PublicKey(purpose=b"bench", n=1, commitments=(group.times_base(self.key),))
        asked = PartAsked.to(batch, (1,), public, public)
        answer = PartAnswered(
            round_id=batch.round_id,
            number=1,
            points=b"".join(points).hex(),
            proofs="00" * 64,
            round_point="00" * 32,
            round_proof="00" * 64,
        )
        body = encode(answer).body

        def both() -> None:
            encode(asked)
            decode(Encoded(PartAnswered.__name__, body), KEYHOLDER_KINDS)

        _, self.json_s = cpu(both)
        return Evaluated(tuple(points), bytes(32))


def first_round(count: int, key: bytes) -> tuple[float, float, float]:
    """One node's first round of the day under one key: all of it, the JSON of one exchange, the PRF alone."""
    params = RoundParams(
        version=1,
        epoch=SystemClock().now_us() // DAY_US,
        round_id=bytes(16),
        registry_version=1,
        tier="A",
        t=3,
        m=count,
        r=20,
    )
    observables = [Observable.of("domain", f"host{n}.example") for n in range(count)]
    exchange = Exchange(key)
    with TemporaryDirectory() as folder, Book(Path(folder) / "book.db") as book:
        node = KeyHolderIdentifiers(exchange, Ledger(book), SystemClock(), DICE).of(params.epoch, params.tier)
        joined, whole_s = cpu(lambda: node.join(params, observables))
    node_s = whole_s - exchange.holder_s
    held = [(id_, 1.0) for id_ in joined.ids if id_ is not None]
    _, share_s = cpu(lambda: share.generate(params, joined.kr, held, 7, DICE))
    elements = [b"\x03\x00\x10%016d" % n for n in range(count)]
    blinds, blind_s = cpu(lambda: [oprf.blind(element, oprf.random_scalar(DICE)) for element in elements])
    points = [made.point for made in blinds]
    _, finish_s = cpu(lambda: oprf.finalize_all(elements, blinds, points))
    return node_s + share_s, exchange.json_s, blind_s + finish_s


def by_threshold(k: int, count: int, key: bytes) -> tuple[float, float]:
    """The PRF by k of 5 at a node, which checks each holder's proof; and at one holder, which makes it."""
    polynomial = shamir.polynomial(k, DICE, key)
    public = PublicKey(purpose=b"bench", n=5, commitments=shamir.commitments(polynomial))
    held = [KeyShare.of(number, public, shamir.value(polynomial, number)) for number in range(1, k + 1)]
    asked = [one.number for one in held]
    elements = [b"\x03\x00\x10%016d" % n for n in range(count)]
    blinds, blind_s = cpu(lambda: [oprf.blind(element, oprf.random_scalar(DICE)) for element in elements])
    points = [made.point for made in blinds]
    parts, holders_s = cpu(lambda: [evaluate.evaluate(one, asked, points, DICE) for one in held])
    evaluated, combine_s = cpu(lambda: evaluate.combine(public, points, parts))
    assert not isinstance(evaluated, evaluate.Liars)
    outputs, finish_s = cpu(lambda: oprf.finalize_all(elements, blinds, evaluated))
    assert outputs[0] == oprf.output(key, elements[0])
    return blind_s + combine_s + finish_s, holders_s / k


def key_made(k: int, n: int) -> tuple[float, float]:
    """CPU seconds of all holders of a ceremony together, and of its dearest."""
    terms = Terms(purpose=purpose(1, "A", IDS), k=k, n=n)
    spent = dict.fromkeys(terms.holders, 0.0)

    def of[T](number: int, work: Callable[[], T]) -> T:
        made, seconds = cpu(work)
        spent[number] += seconds
        return made

    dealt = {number: of(number, partial(ceremony.deal, terms, number, DICE)) for number in spent}
    posts = {number: post for number, (_, post, _) in dealt.items()}
    boxes = {to: {who: private[to] for who, (_, _, private) in dealt.items() if who != to} for to in spent}
    states = {number: of(number, partial(dealt[number][0].hear, posts, boxes[number])) for number in spent}
    for _ in ("answers", "confirmations"):
        posts = {number: state[1] for number, state in states.items()}
        states = {number: of(number, partial(states[number][0].hear, posts)) for number in spent}
        assert not any(isinstance(state, Failed) for state in states.values())
    posts = {number: state[1] for number, state in states.items()}
    ended = [of(number, partial(states[number][0].hear, posts)) for number in spent]
    assert len({one.public for one in ended}) == 1
    return sum(spent.values()), max(spent.values())


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--points", type=int, default=10_000)
    asked.add_argument("--repeat", type=int, default=3)
    given = asked.parse_args()
    count = given.points
    key = oprf.random_scalar(DICE)
    oprf.ready()
    first_round(min(count, 500), key)  # what is loaded or compiled once a process
    whole, json, prf, single = [], [], [], []
    spent: dict[int, list[tuple[float, float]]] = {2: [], 3: []}
    points = [oprf.random_point(DICE) for _ in range(count + 1)]
    for _ in range(given.repeat):
        for figures, figure in zip((whole, json, prf), first_round(count, key), strict=True):
            figures.append(figure)
        single.append(cpu(lambda: oprf.evaluate(key, points))[1])
        for k, runs in spent.items():
            runs.append(by_threshold(k, count, key))
    bare_s, round_s, json_s, holder_s = median(prf), median(whole) + median(json), median(json), median(single)
    print(f"{count:,} elements, median of {given.repeat}; one key: PRF at a node {bare_s:.3f} CPU s, its first round")
    print(f"{round_s:.3f} ({json_s:.3f} of it the JSON of one exchange), the holder's evaluations {holder_s:.3f}")
    for k, runs in spent.items():
        node_s, one_s = (median(column) for column in zip(*runs, strict=True))
        day_s = round_s - bare_s + node_s + (k - 1) * json_s
        print(
            f"k={k}: PRF at a node {node_s:.3f} CPU s, ratio {node_s / bare_s:.2f}; first round {day_s:.3f}, ratio "
            f"{day_s / round_s:.2f} (bar {BARS[k]}); each of k holders with its proof {one_s:.3f}, ratio "
            f"{one_s / holder_s:.2f}"
        )
    for k, n in ((2, 3), (3, 5), (5, 9)):
        begun = time.perf_counter()
        all_s, most_s = key_made(k, n)
        wall_s = time.perf_counter() - begun
        print(
            f"a key made by {n} ({k} of {n}): {all_s:.3f} CPU s of all, the dearest {most_s:.3f}; wall {wall_s:.2f} s"
        )


if __name__ == "__main__":
    main()
