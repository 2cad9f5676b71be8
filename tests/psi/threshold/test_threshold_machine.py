"""Ceremonies against every mixture of holders that lie, die and complain: Hypothesis chooses, the honest must agree.

As many as the promise bears: no more than k-1 liars, and k honest ones there throughout.
"""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bavn.psi import group, oprf
from bavn.psi.threshold import ceremony, messages
from bavn.psi.threshold import evaluate as by_holders
from bavn.psi.threshold.ceremony import Failed, Made
from bavn.psi.threshold.terms import Terms
from tests.psi.conftest import SeededDice
from tests.psi.threshold.conftest import PURPOSE, Batch, combined, opened, other

HOLDERS_MOST = 6


def bent(draw_, number, post):
    """What a liar may make of a post: one of another kind or time, a copy, rubbish, one byte off, nothing."""
    match draw_:
        case "silent":
            return b""
        case "rubbish":
            return b"bavn-m3-1rubbish"
        case "byte":
            return post[:-1] + bytes([post[-1] ^ 1]) if post else b""
        case "sender":
            return replace(messages.read(post), sender=number % 9 + 1).to_bytes() if post else b""
        case _:
            return post


BENDS = st.sampled_from(["honest", "byte", "silent", "rubbish", "sender"])


class Ceremonies(RuleBasedStateMachine):
    """One ceremony in its rounds, then a reshare of what it made by those who are left."""

    @initialize(
        k=st.sampled_from([2, 3, 1, 4]), more=st.sampled_from([2, 1, 0, 3]), seed=st.integers(0, 2**32), data=st.data()
    )
    def gather(self, k, more, seed, data):
        n = min(k + more, HOLDERS_MOST)
        numbers = list(range(1, n + 1))
        order = data.draw(st.permutations(numbers))
        most = min(n - k, k - 1)
        lying = most - data.draw(st.integers(0, most))
        bad = lying + data.draw(st.integers(0, n - k - lying))
        self.liars, self.mortal = set(order[:lying]), set(order[lying:bad])
        self.honest = set(order[bad:])
        self.dead = set()
        self.terms, self.seed, self.held, self.before = Terms(purpose=PURPOSE, k=k, n=n), seed, {}, None
        self._begin()

    def _begin(self):
        self.phase = "deal"
        self.states, self.posts, self.boxes, self.outcomes = {}, {}, {to: {} for to in range(1, 10)}, {}

    @rule(data=st.data())
    def goes_on(self, data):
        """The one rule, since the order is fixed: of several, each with its phase, Hypothesis would leave some out of a
        whole run and throw most runs away."""
        steps = {
            "deal": self._deals,
            "complain": self._complains,
            "answer": self._answers,
            "confirm": self._confirms,
            "end": self._ends,
        }
        if self.phase in steps:
            steps[self.phase](data)
        elif self.terms.old is None:
            self._shares_anew()

    def _die(self, data):
        here = sorted(self.mortal - self.dead)
        if here:
            self.dead |= data.draw(st.sets(st.sampled_from(here)))

    def _posted(self, made, data):
        """The board: honest posts as they are, liars' bent as drawn, nothing of the dead."""
        said = {}
        for number, post in made.items():
            told = bent(data.draw(BENDS), number, post) if number in self.liars else post
            if told and number not in self.dead:
                said[number] = told
        return said

    def _deals(self, data):
        self._die(data)
        made = {}
        for number in self.terms.holders:
            if self.terms.old and number not in self.held:
                self.states[number] = ceremony.join(self.terms, number)
                continue
            dice = SeededDice((self.seed, number, self.terms.id))
            self.states[number], made[number], private = ceremony.deal(self.terms, number, dice, self.held.get(number))
            for to, raw in private.items():
                told = data.draw(st.sampled_from(["wrong", "fine", "none"])) if number in self.liars else "fine"
                sub_share = messages.read(raw)
                wrong = replace(sub_share, scalar=other(sub_share.scalar)).to_bytes()
                if told != "none" and number not in self.dead:
                    self.boxes[to][number] = wrong if told == "wrong" else raw
        self.board, self.phase = self._posted(made, data), "complain"

    def _complains(self, data):
        self._die(data)
        made = {}
        for number, state in self.states.items():
            spared = data.draw(st.sets(st.sampled_from(self.terms.holders))) if number in self.liars else set()
            deaf = set(self.terms.holders) - spared if number in self.liars else set()
            box = {dealer: raw for dealer, raw in self.boxes[number].items() if dealer not in deaf}
            self.states[number], made[number] = state.hear(self.board, box)
        self.board, self.phase = self._posted(made, data), "answer"

    def _answers(self, data):
        self._die(data)
        made = {}
        for number, state in self.states.items():
            self.states[number], made[number] = state.hear(self.board)
        self.board, self.phase = self._posted(made, data), "confirm"

    def _confirms(self, data):
        self._die(data)
        made = {}
        for number, state in self.states.items():
            told = state.hear(self.board)
            assert not isinstance(told, Failed), "k honest ones are there"
            self.states[number], made[number] = told
        self.board, self.phase = self._posted(made, data), "end"

    def _ends(self, _):
        here = {number for number in self.states if number not in self.dead and number not in self.liars}
        self.outcomes = {number: self.states[number].hear(self.board) for number in here}
        self.phase = "ended"

    def _shares_anew(self):
        """By the honest and the liars that came to a share; who died is back, without one."""
        self.before = self.outcomes[min(self.honest)].public
        self.held = {number: told.share for number, told in self.outcomes.items() if told.share}
        for number in self.liars:
            told = self.states[number].hear(self.board)
            if isinstance(told, Made) and told.share:
                self.held[number] = told.share
        self.mortal, self.dead = set(), set()
        self.terms = Terms(purpose=PURPOSE, k=self.terms.k, n=self.terms.n, old=self.before)
        self._begin()

    @invariant()
    def honest_ones_agree(self):
        if not getattr(self, "outcomes", None):
            return
        told = list(self.outcomes.values())
        assert all(isinstance(one, Made) for one in told)
        assert len({(one.public.to_bytes(), one.transcript, one.qualified) for one in told}) == 1
        assert not self.honest & {fault.number for one in told for fault in one.faults}, "nobody honest is named"
        shares = [self.outcomes[number].share for number in sorted(self.honest)]
        assert all(shares), "each honest one has a share"
        for some in (shares[: self.terms.k], shares[-self.terms.k :]):
            assert group.times_base(opened(some)) == told[0].public.point
        if self.before:
            assert told[0].public.point == self.before.point

    @invariant()
    def what_was_made_evaluates(self):
        if getattr(self, "outcomes", None) and self.phase == "ended":
            shares = [self.outcomes[number].share for number in sorted(self.honest)][-self.terms.k :]
            batch = Batch.of([b"name"], SeededDice(1))
            numbers = [share.number for share in shares]
            parts = [by_holders.evaluate(share, numbers, batch.points, SeededDice(2)) for share in shares]
            assert combined(shares[0].public, batch, parts) == [oprf.output(opened(shares), b"name")]


@pytest.mark.slow
class TestCeremonies(Ceremonies.TestCase):
    settings = settings(max_examples=60, stateful_step_count=12)
