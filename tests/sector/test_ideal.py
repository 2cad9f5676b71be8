"""The real sector against the trusted party of docs/ideal.md: days of rounds with joining, leaving, lying and dying.

Outputs must be the same. Views must be those of a world in which everybody has only what the trusted party hands out:
line for line where they are fixed, in distribution where they are random.
"""

import json
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from scipy.stats import chi2_contingency

from bavn.actor.door.policy import DoorPolicy
from bavn.centre.correlate.tier import CommonsSettings, Tier
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.psi import commons_terms
from bavn.psi.element import element_bytes
from bavn.rehearsal.holder_faults import FAULTS, HolderFaults
from bavn.rehearsal.script import CENTRE, START_US, Death, HolderChange, Script, suspicion
from bavn.rehearsal.world import World
from bavn.wire.messages.catalogue import CellTag, Receipts, ShareUpload
from tests.sector.ideal import STRONG, WEAK, Ideal, Party

pytestmark = pytest.mark.slow
ACTORS = ("east", "north", "south", "west")
NAMES = ("alpha-c2.com", "bravo-c2.com", "charlie-c2.com")
ORDINARY = ("cdn-one.net", "cdn-two.net", "lab-three.net")
ROUND = {"m": 8, "r": 10, "every_s": 240.0, "upload_s": 120.0, "wave_s": 60.0, "reveal_s": 420.0}
TIERS = (Tier(name="A", **ROUND), Tier(name="B", t=3, sign_days=3, **ROUND))
LIMITS = {"A": (2, 0.005), "B": (3, 0.05)}
STEPS = 8  # two rounds of each tier
OF_CHANCE = {"ReceiptsAsked", "Receipts", "RevealAsked", "Report", "Declined", "RoundClosed"}
"""How often they come, when and how long hangs on which of ten tables show a hit: chance, as what stands in the way is
fakes as much as elements. What a view is held to is who says what at all."""
FIELDS_OF_CHANCE = {"round_id", "table", "bin", "sha256", "key_check", "queue_messages", "tags", "items"}
NOISY = {"Counts"}
"""Under differential privacy, which tests of its own hold."""
MODES = st.sampled_from(["honest", "silent", "rubbish", "false receipts"])


class Real:
    """The real sector, driven phase by phase. ``planes``: what the centre was uploaded, by whom it came."""

    def __init__(self, seed, ideal, holders=(1, 1)):
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.modes, self.life, self.planes, self.day = dict.fromkeys(ACTORS, "honest"), {}, [], None
        script = Script(
            seed=seed,
            actors=ACTORS,
            steps=0,
            tiers=TIERS,
            releases=False,
            commons=CommonsSettings(m=40, upload_s=240.0),
            holders=holders[0],
            holders_k=holders[1],
        )
        policies = {
            actor: DoorPolicy(reveal_domain="automatic" if party.reveals else "never", join_commons=party.joins_commons)
            for actor, party in ideal.parties.items()
        }
        self.world = World(
            script,
            Path(self.folder.name),
            ordinary={actor: self._life(actor) for actor in ACTORS},
            liars={actor: self._lie(actor) for actor in ACTORS},
            policies=policies,
        )
        self.here = set(ACTORS)

    def _life(self, actor):
        return lambda most, _, left_out: [one for one in self.life.get(actor, ()) if not left_out(one)][:most]

    def _lie(self, actor):
        def said(message, _):
            mode = self.modes[actor]
            if isinstance(message, ShareUpload):
                if mode == "silent":
                    return []
                if mode == "rubbish":
                    cells = np.random.default_rng([ACTORS.index(actor), len(self.planes)]).integers(
                        0, 2**31 - 1, len(message.planes) // 4
                    )
                    return [message.model_copy(update={"planes": cells.astype("<u4").tobytes()})]
                self.planes.append(message.planes)
            if isinstance(message, Receipts) and mode == "false receipts":
                tags = tuple(CellTag(table=one.table, bin=one.bin, tag="ab" * 32) for one in message.tags)
                return [message.model_copy(update={"tags": tags})]
            return [message]

        return said

    @property
    def holders(self):
        return sorted(self.world.holders.every)

    def play(self, ideal, modes, day, deaths=(), failing=None):
        """One phase with these inputs; ``day``: days since the start. ``failing``: (which key holder, how)."""
        world, begins = self.world, day != self.day
        now_us = self.world.wait(START_US + day * DAY_US)
        for place, name in enumerate(self.holders):
            faults = failing[1] if failing and place == failing[0] % len(self.holders) else HolderFaults()
            if len(self.holders) > 1 and faults != world.holders.every[name].faults:
                world.change(HolderChange(now_us, name, faults))
        self.day = day
        self.modes.update(modes)
        for place, (actor, party) in enumerate(ideal.parties.items()):
            if party.here != (actor in self.here):
                (world.centre.resume if party.here else world.centre.suspend)(actor)
                self.here ^= {actor}
            self.life[actor] = [Observable.of("domain", name) for name in sorted(party.ordinary)]
            found = [
                suspicion((Observable.of("domain", name),), p, f"10.{10 + place}.1.{at}", now_us)
                for at, (name, p) in enumerate(sorted(party.odd.items()), 1)
            ]
            world.nodes[actor].known.replace(found, now_us)
        for death in deaths:
            at = death.who if isinstance(death.who, str) else self.holders[death.who % len(self.holders)]
            world.doom(replace(death, who=at))
        for _ in range(STEPS - begins):  # a phase ends just before rounds are opened: nobody's set changes within one
            world.wait()
            world.step()

    def lines(self, who):
        return [json.loads(line) for line in self.world.ledgers()[who].export()]

    def named(self):
        """(actor, name) of all reports that reached the centre."""
        lines = [line for line in self.lines(CENTRE) if (line["kind"], line["verdict"]) == ("Report", "passed")]
        return {(line["peer"], json.loads(line["summary"])["value"]) for line in lines}

    def known(self, actor):
        """The commons' newest answer to an actor about its own ordinary names, for today."""
        table = self.world.nodes[actor].door.commons.table
        raw = {name: element_bytes(Observable.of("domain", name)) for name in ORDINARY}
        found = table.of(list(raw.values()))
        today = self.world.clock.now_us() // DAY_US
        return {name: found[key].bucket(today) for name, key in raw.items() if key in found}

    def view(self, who):
        """What a party saw and did, less what is random: lines with their moment and size; of OF_CHANCE whether."""
        seen = Counter()
        for line in self.lines(who):
            kind, what = line["kind"], (line["way"], line["kind"], line["peer"], line["verdict"])
            body = fixed(line["summary"])
            if kind in OF_CHANCE:
                seen[json.dumps((what, body), sort_keys=True)] = 1
            elif kind in NOISY:
                seen[json.dumps((what, line["at_us"]))] += 1
            else:
                size = (
                    line["bytes"] if line["way"] != "up" else 0
                )  # a number of the envelope's own is in it; planes say theirs
                seen[json.dumps((what, body, line["at_us"], size), sort_keys=True)] += 1
        return seen

    def close(self):
        self.world.close()
        self.folder.cleanup()


HOLDER_FAULTS = st.sampled_from(
    [HolderFaults(), HolderFaults(dead=True), *(HolderFaults(**{fault: 1.0}) for fault in FAULTS)]
)
"""Of one of three holders at a time, two of which evaluate; one that is alone stays well."""
SOME = st.sets(st.sampled_from(ACTORS), min_size=2)
CHANGES = st.one_of(
    st.tuples(st.just("suspect"), SOME, st.sampled_from(NAMES), st.just(STRONG)),
    st.tuples(st.just("suspect"), SOME, st.sampled_from(NAMES), st.sampled_from((STRONG, WEAK))),
    st.tuples(st.just("suspect"), st.sets(st.sampled_from(ACTORS), min_size=1), st.sampled_from(NAMES), st.just(WEAK)),
    st.tuples(st.just("live"), SOME, st.sampled_from(ORDINARY)),
    st.tuples(st.just("forget"), st.sampled_from(ACTORS)),
    st.tuples(st.just("come_or_go"), st.sampled_from(ACTORS)),
    st.tuples(st.just("lie"), st.sampled_from(ACTORS), MODES),
    st.tuples(st.just("die"), st.sampled_from((*ACTORS, CENTRE, 0, 1, 2)), st.integers(0, 60)),
    st.tuples(st.just("fail"), st.integers(0, 2), HOLDER_FAULTS),
    st.tuples(st.just("next_day")),
)


class Days(RuleBasedStateMachine):
    """Each rule is a phase: what changes, two rounds of each tier (and the commons', once a day), what came of it."""

    @initialize(
        seed=st.integers(0, 2**20),
        secretive=st.sets(st.sampled_from(ACTORS), max_size=2),
        apart=st.sets(st.sampled_from(ACTORS), max_size=1),
        mortal=st.booleans(),
        holders=st.sampled_from([(1, 1), (3, 2)]),
    )
    def gather(self, seed, secretive, apart, mortal, holders=(1, 1)):
        parties = {one: Party(reveals=one not in secretive, joins_commons=one not in apart) for one in ACTORS}
        self.ideal = Ideal(dict(LIMITS), parties)
        self.seed, self.mortal, self.modes = seed, mortal, dict.fromkeys(ACTORS, "honest")
        self.day, self.commons_day, self.expected, self.schedule, self.deaths = 0, None, set(), [], []
        self.holders, self.failing = holders, None
        self.real = Real(seed, self.ideal, holders)

    def _suspect(self, actors, name, p):
        for actor in actors:
            self.ideal.parties[actor].odd[name] = p

    def _forget(self, actor):
        self.ideal.parties[actor].odd.clear()

    def _live(self, actors, name):
        for actor in actors:
            self.ideal.parties[actor].ordinary |= {name}

    def _come_or_go(self, actor):
        self.ideal.parties[actor].here ^= True

    def _lie(self, actor, mode):
        self.modes[actor] = mode

    def _die(self, who, questions):
        if self.mortal:
            self.deaths.append(Death(0, who, questions))

    def _fail(self, place, faults):
        self.failing = place, faults

    def _next_day(self):
        self.day += 1

    @rule(changes=st.lists(CHANGES, min_size=2, max_size=6))
    def rounds(self, changes):
        """What changed, then a phase of rounds, and its outputs."""
        for name, *given in changes:
            getattr(self, f"_{name}")(*given)
        for actor, party in self.ideal.parties.items():
            party.speaks = self.modes[actor] in ("honest", "false receipts")
        now = Ideal(LIMITS, {actor: replace(party, odd=dict(party.odd)) for actor, party in self.ideal.parties.items()})
        self.schedule.append((now, dict(self.modes), self.day, self.failing))
        self.real.play(now, self.modes, self.day, self.deaths, self.failing)
        self.deaths = []
        liars = {actor for actor, mode in self.modes.items() if mode == "false receipts"}
        self.expected |= now.named(liars)
        assert self.real.named() == self.expected
        if self.commons_day != self.day:
            self.commons_day = self.day
            for actor in ACTORS:
                known = now.known(actor)
                assert known is None or self.real.known(actor) == known, actor

    def teardown(self):
        """Views: the same days over again by who knows only the outputs."""
        if not hasattr(self, "real"):
            return
        try:
            if self.schedule and not self.mortal:
                self.compare()
        finally:
            self.real.close()

    def compare(self):
        adversary = ACTORS[self.seed % len(ACTORS)]
        holders = self.real.holders
        for kept, watching in ((None, (CENTRE, *holders)), (adversary, (adversary, *holders))):
            simulated = Real(self.seed, self.ideal, self.holders)
            try:
                for ideal, modes, day, failing in self.schedule:
                    made = ideal.kept_secret()
                    if kept is not None:
                        made.parties[kept] = ideal.parties[kept]
                    simulated.play(made, modes, day, failing=failing)
                for who in watching:
                    assert self.real.view(who) == simulated.view(who), who
                assert alike(self.real.planes, simulated.planes)
            finally:
                simulated.close()


def fixed(summary):
    """What a line says, without what is drawn anew each time."""
    try:
        body = json.loads(summary)
    except ValueError:
        return summary.split(":", 1)[-1]
    return less_chance(body)


def less_chance(body):
    if not isinstance(body, dict):
        return body
    return {
        name: less_chance(value)
        for name, value in body.items()
        if name not in FIELDS_OF_CHANCE and (name, type(value)) != ("cells", list)
    }


def alike(one, other):
    """Whether two lots of planes could be of one distribution: the upper four bits of each cell, false once in 1e9."""
    counts = [np.bincount(np.frombuffer(b"".join(lot), "<u4") >> 27, minlength=16) for lot in (one, other) if lot]
    return len(counts) < 2 or chi2_contingency(np.array(counts)).pvalue > 1e-9


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(commons_terms, "SIZES", (40, 100))


def play(seed, *phases, secretive=(), apart=(), holders=(1, 1)):
    """A story that is told and not drawn; returns what was named in it."""
    days = Days()
    days.gather(seed, set(secretive), set(apart), False, holders)
    try:
        for changes in phases:
            days.rounds(changes)
    finally:
        days.teardown()
    return days.expected


def test_what_two_or_three_hold_is_named_and_what_one_holds_changes_no_line_of_anybodys_view() -> None:
    named = play(
        5,
        [
            ("suspect", {"east", "north"}, NAMES[0], STRONG),
            ("suspect", {"east", "south", "west"}, NAMES[1], WEAK),
            ("suspect", {"west"}, NAMES[2], STRONG),
            ("suspect", {"south"}, NAMES[2], WEAK),
            ("live", set(ACTORS), ORDINARY[0]),
            ("live", {"north", "south"}, ORDINARY[1]),
        ],
        [("suspect", {"south", "north"}, NAMES[2], WEAK), ("come_or_go", "east"), ("next_day",)],
        secretive={"south"},
    )
    assert named == {
        *(("east", NAMES[0]), ("north", NAMES[0])),
        *(("east", NAMES[1]), ("west", NAMES[1])),
        *(("north", NAMES[2]), ("west", NAMES[2])),
    }


def test_who_proves_nothing_opens_nothing_and_who_says_nothing_is_missed_alone() -> None:
    named = play(
        6,
        [("suspect", {"east", "north"}, NAMES[0], STRONG), ("lie", "north", "false receipts")],
        [("suspect", {"south"}, NAMES[0], STRONG), ("lie", "north", "rubbish")],
        [("lie", "north", "silent"), ("forget", "east"), ("suspect", {"east", "south"}, NAMES[1], STRONG)],
    )
    assert named == {
        ("north", NAMES[0]),
        ("east", NAMES[0]),
        ("south", NAMES[0]),
        ("east", NAMES[1]),
        ("south", NAMES[1]),
    }


def test_which_key_holder_fails_and_how_is_in_nobodys_outputs() -> None:
    named = play(
        7,
        [("fail", 1, HolderFaults(other_key=1.0)), ("suspect", {"east", "north"}, NAMES[0], STRONG)],
        [("fail", 2, HolderFaults(dead=True)), ("suspect", {"south", "west"}, NAMES[1], STRONG), ("next_day",)],
        holders=(3, 2),
    )
    assert named == {("east", NAMES[0]), ("north", NAMES[0]), ("south", NAMES[1]), ("west", NAMES[1])}


@pytest.mark.parametrize("days", [1, pytest.param(30, marks=pytest.mark.world)])
def test_whole_days_are_what_a_trusted_party_would_hand_out(days) -> None:
    """A day takes minutes: each run plays one, and many are the world's."""
    run_state_machine_as_test(
        Days,
        settings=settings(
            max_examples=days, stateful_step_count=4, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
