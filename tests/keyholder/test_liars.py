"""Up to k-1 key holders say, write and lose whatever their messages' schemas admit, held against docs/ideal.md.

After every slot: no honest party fails, liars together know no key that is served, honest holders serve keys of the
sector's terms alone, never another once k have one, and name nobody who is honest. Within an hour a round goes on.
"""

import tempfile
from contextlib import suppress
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bavn.keyholder import plan
from bavn.keyholder.plan import purposes
from bavn.keyholder.posts import answer_bytes_max
from bavn.model.ports import LinkDown, LinkRefused
from bavn.psi import group
from bavn.rehearsal.keyholding import NO_FAULTS, travelled
from bavn.wire.codec import encode
from bavn.wire.keyholder import PostsAsked
from bavn_lab.sim.dictionary import keys_of
from tests.keyholder.conftest import TODAY
from tests.keyholder.holders import DEAD, TIERS, Circle
from tests.keyholder.liars import ANSWERS, CLAIMS, LIES, SECRETS, Liar
from tests.keyholder.test_parts import Node
from tests.psi.threshold.conftest import opened

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking, which takes longer than the search."""
HOUR_SLOTS = 4
DAY_S = 86_400
SHARES_BYTES_MAX = 40_000
DAMAGE = st.one_of(st.none(), st.binary(max_size=40), st.just(b"{}"), st.just(b'{"a":{"1":["","",{}]}}'))


class Liars(RuleBasedStateMachine):
    """Each rule is what liars do; ``slot`` plays it out."""

    @initialize(terms=st.sampled_from([(2, 3), (2, 3), (3, 5)]), before=st.booleans(), first=st.integers(1, 5))
    def gather(self, terms, before, first):
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.circle = Circle(Path(self.folder.name), *terms)
        k, n = terms
        self.of = purposes(TODAY, TIERS)
        numbers = {(first + at) % n + 1 for at in range(k - 1)}
        self.liars = [Liar(one, self.of) for one in self.circle.holders if one.number in numbers]
        self.honest = [one for one in self.circle.holders if one.number not in numbers]
        self.taken, self.known, self.joins = {}, {}, 0
        if before:
            self.circle.slot()
            self.check()

    @rule(at=st.integers(0, 1), lies=LIES)
    def slot(self, at, lies):
        self.liars[at % len(self.liars)].lies = lies
        self.circle.slot(self.watch)
        self.check()

    @rule(at=st.integers(0, 1), claims=CLAIMS)
    def writes(self, at, claims):
        self.liars[at % len(self.liars)].writes(claims)

    @rule(at=st.integers(0, 1), raw=DAMAGE)
    def loses(self, at, raw):
        self.liars[at % len(self.liars)].loses(raw)

    @rule(at=st.integers(0, 1), by_s=st.one_of(st.sampled_from((-900, 900, 10 * DAY_S)), st.integers(-(2**31), 2**31)))
    def leaps(self, at, by_s):
        self.liars[at % len(self.liars)].clock.by_s = by_s

    @rule(at=st.integers(0, 1))
    def starts_anew(self, at):
        self.liars[at % len(self.liars)].holder.reopen()

    @rule(at=st.integers(0, 1), answers=ANSWERS)
    def answers(self, at, answers):
        self.liars[at % len(self.liars)].answers = answers

    @rule()
    def asks(self):
        """A node joins, if there is a key: as k honest holders answer, or not at all."""
        with suppress(LinkDown, LinkRefused):
            self.join()

    def join(self):
        """A round's ids: the same as of honest holders alone. Raises LinkDown, LinkRefused."""
        self.joins += 1
        nodes = [Node(self.circle, f"north-{self.joins}-{way}") for way in ("lied to", "alone")]
        for liar in self.liars:
            lied, alone = (node.ways[liar.number] for node in nodes)
            lied.bends, lied.keys = liar.hears, self.hears_keys(lied.keys, liar)
            alone.keys = alone.part = gone
        try:
            ids, others = (node.join(self.joins).ids for node in nodes)
            assert {one.number for one in nodes[0].holders.named() if one.lied} <= {one.number for one in self.liars}
            assert ids == others
        finally:
            for node in nodes:
                node.book.close()

    def hears_keys(self, keys, liar):
        return lambda request: travelled(liar.hears(keys(request)))

    def watch(self, _):
        """What honest holders say stays within its bounds."""
        for one in self.honest:
            for asker in self.circle.holders:
                slot = one.making._session.slot
                said = one.making.posts(asker.number, PostsAsked(slot=slot))
                assert len(encode(said).body) <= answer_bytes_max(one.settings, slot)

    def check(self):
        liars = {liar.number for liar in self.liars}
        for liar in self.liars:
            for of in self.of:
                for version in liar.holder.shares.versions(of):
                    self.known.setdefault(of, {})[version.share.public, liar.number] = version.share
        for one in self.honest:
            latest = one.making.latest
            assert latest is None or not {*latest.faults} - liars, "an honest holder is named"
            assert latest is None or not latest.failed or {*latest.faults, *latest.silent} & liars, "nobody is named"
            for of in self.of:
                for version in [version for version in one.shares.versions(of) if version.stands][:1]:
                    public = version.share.public
                    assert (public.k, public.n) == (self.circle.k, len(self.circle.holders)), "another threshold"
                    assert not self.opens(of, public), "the liars know the key"
            for file in one.secrets.iterdir():
                assert file.stat().st_size <= SHARES_BYTES_MAX
        for of in self.of:
            self.stays(of)

    def opens(self, of, public):
        theirs = [share for (key, _), share in self.known.get(of, {}).items() if key == public]
        tried = [*SECRETS, *(keys_of(theirs) if theirs else ())]
        return any(group.times_base(key) == public.point for key in tried)

    def stays(self, of):
        """A key that k honest holders have and serve is the same from then on, and it is whole."""
        served = self.served(of)
        points = {version.share.public.point for version in served}
        if of in self.taken:
            assert points <= {self.taken[of]}, "a key that was taken is another"
        newest = [version.share for version in served]
        if len(newest) == len(self.honest) and len({share.public for share in newest}) == 1:
            self.taken[of] = newest[0].public.point
            for some in combinations(newest, self.circle.k):
                assert group.times_base(opened(list(some))) == newest[0].public.point

    def served(self, of):
        every = ([version for version in one.shares.versions(of) if version.stands] for one in self.honest)
        return [versions[0] for versions in every if versions]

    def teardown(self):
        """Whatever they say goes on; within an hour there are keys, the same at all, and a node joins."""
        if not hasattr(self, "circle"):
            return
        try:
            for _ in range(HOUR_SLOTS):
                self.circle.slot(self.watch)
                self.check()
            for of in self.of:
                served = [version.share.public for version in self.served(of)]
                assert len(served) == len(self.honest), "a key is missing after an hour"
                assert len({*served}) == 1, "honest holders serve two keys"
            self.join()
        finally:
            self.circle.close()
            self.folder.cleanup()


def gone(_):
    raise LinkDown("the key holder says nothing")


@pytest.mark.slow
@pytest.mark.parametrize("examples", [50, pytest.param(2000, marks=pytest.mark.world)])
def test_liars_by_schema_learn_no_key_and_stop_no_round(examples, monkeypatch) -> None:
    monkeypatch.setattr(plan, "DAYS_AHEAD", 0)
    run_state_machine_as_test(
        Liars,
        settings=settings(
            max_examples=examples,
            stateful_step_count=8,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_who_was_told_other_claims_by_liars_is_not_named_for_it(tmp_path) -> None:
    """It shares a key anew that liars show to it alone, and the others make one."""
    circle = Circle(tmp_path, 3, 5)
    try:
        for late in circle.holders[3:]:
            late.faults = DEAD
        circle.slot()
        for late in circle.holders[3:]:
            late.faults = NO_FAULTS
        for one in circle.holders[:2]:
            Liar(one, purposes(TODAY, TIERS)).lies = [(0, frozenset({4, 5}), ("json", {}))]
        circle.slot()
        assert [one.making.latest.faults for one in circle.holders[2:]] == [(1, 2)] * 3
    finally:
        circle.close()
