"""The canary ring: first a few, then the rest; it stops by itself, and who was never given anything is told nothing."""

from dataclasses import replace

import pytest

from bavn.centre.share.stages import StageRules
from bavn.model.intel.indicator import Pap, indicator_id
from bavn.model.moment import SECOND_US
from bavn.model.received import Observed
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS
from tests.builders import EVIL, block_receipt, share_request
from tests.centre.share.gate_three import GateThree

ID = indicator_id(EVIL)
ALL = ("east", "north", "south", "west")


class World(GateThree):
    def __init__(self, engine):
        ring = StageRules(quiet_s=600, wait_s=3600, hits_max=10)
        super().__init__(engine, *ALL, ring=ring, canaries=lambda: ("east", "north"))

    def release(self, order=1, **other):
        plain = {"technique": "T1071", "pap": Pap.GREEN, "ringed": True}
        assert self.share.release([share_request(**plain | other)], order) == {}
        self.share.step()

    def says(self, actor, state="enforced", rule=None):
        version = self.share.deliveries.get(ID).indicator.version
        said = {"version": version, "state": state, "rule": rule, "received_us": self.clock.now_us()}
        self.share.heard(block_receipt(ID, actor=actor, **said))

    def wait(self, seconds):
        self.clock.advance(seconds * SECOND_US)

    def decided(self):
        return [(one.goes_on, one.why) for one in self.share.decisions()]

    def go_on(self):
        self.share.ring.go_on(ID, "it held", self.clock.now_us())
        self.share.step()

    def got(self):
        """actor -> kinds of letters that wait for it."""
        found = {}
        for name in ALL:
            opened = [
                seal.open({"centre": self.key.public_key()}, name, raw, DOWN_KINDS) for raw in self.share.pull(name, 0)
            ]
            found[name] = "".join(one.encoded.kind.removeprefix("Indicator")[0] for one in opened)
        return found


@pytest.fixture
def world(databases):
    made = World(databases.new())
    yield made
    made.book.close()
    made.engine.dispose()


def test_the_ring_first_then_after_a_quiet_time_the_rest_each_once(world) -> None:
    world.release()
    assert world.got() == {"east": "R", "north": "R", "south": "", "west": ""}
    world.says("east")
    world.wait(700)
    assert world.decided() == []
    world.says("north")
    world.wait(599)
    assert world.decided() == []
    world.wait(1)
    assert world.decided() == [(True, "in force at 2 of the ring")]
    for _ in range(2):
        world.go_on()
    assert world.got() == dict.fromkeys(ALL, "R")
    assert world.decided() == []


def test_who_does_not_answer_is_waited_for_only_so_long(world) -> None:
    world.release()
    world.says("east")
    world.wait(3599)
    assert world.decided() == []
    world.wait(1)
    assert world.decided() == [(True, "in force at 1 of the ring; no answer from north")]


def test_nobody_who_enforces_it_is_no_proof(world) -> None:
    world.release()
    for name in ("east", "north"):
        world.says(name, "refused", "never_block")
    world.wait(100_000)
    assert world.decided() == []


@pytest.mark.parametrize(
    ("state", "rule", "why"),
    [
        ("lifted", "rolled_back", "east rolled it back"),
        ("lifted", "lifted_by_hand", "east lifted it (lifted_by_hand)"),
        ("lifted", "kill_switch", "east lifted it (kill_switch)"),
    ],
)
def test_a_rollback_or_a_lift_stops_it_at_once(world, state, rule, why) -> None:
    world.release()
    world.says("east")
    world.says("north")
    world.says("east", state, rule)
    assert world.decided() == [(False, why)]
    world.share.delist(ID)
    world.share.step()
    assert world.decided() == []
    assert world.got() == {"east": "RW", "north": "RW", "south": "", "west": ""}


@pytest.mark.parametrize(
    ("bucket", "kind", "stops"), [(3, "blocked", False), (4, "blocked", True), (4, "retro", False)]
)
def test_more_hits_than_allowed_stop_it(world, bucket, kind, stops) -> None:
    world.release()
    world.says("east")
    world.share.heard(
        Observed(
            item_id="i",
            actor="east",
            indicator_id=ID,
            kind=kind,
            count_bucket=bucket,
            first_hour=480_000,
            last_hour=480_000,
            received_us=world.clock.now_us(),
        )
    )
    assert world.decided() == ([(False, "east met it more than 10 times")] if stops else [])


def test_a_refreshed_version_does_not_slip_past_the_ring(world) -> None:
    world.release()
    world.release(order=2, ringed=False)
    assert world.got() == {"east": "RR", "north": "RR", "south": "", "west": ""}
    for name in ("east", "north"):
        world.says(name)
    world.wait(601)
    assert [goes_on for goes_on, _ in world.decided()] == [True]
    world.go_on()
    assert world.got() == {"east": "RR", "north": "RR", "south": "R", "west": "R"}


def test_a_newcomer_outside_the_ring_waits_with_the_rest(world) -> None:
    world.actors.names.remove("west")
    world.release()
    world.actors.names.append("west")
    world.share.step()
    assert world.got()["west"] == ""
    for name in ("east", "north"):
        world.says(name)
    world.wait(601)
    world.go_on()
    assert world.got()["west"] == "R"


def test_a_ring_is_some_and_what_is_only_watched_needs_none(world) -> None:
    assert world.share.ring.members(["east", "north"]) == ()
    assert world.share.ring.members(["south"]) == ()
    assert world.share.ring.members(["east", "south"]) == ("east",)
    world.release(pap=Pap.AMBER)
    assert world.got() == dict.fromkeys(ALL, "R")


def test_an_old_answer_says_nothing_of_a_new_release(world) -> None:
    world.release()
    world.says("east", "lifted", "rolled_back")
    world.share.delist(ID)
    world.share.ring.stop(ID, "rolled back", world.clock.now_us())
    world.wait(10)
    world.release(order=3)
    assert world.decided() == []
    assert world.share.ring.stand(ID).state == "ring"


def test_what_cannot_be_carried_is_kept_by_actor_until_it_can(world) -> None:
    world.release()
    receipt = block_receipt(ID, not_carried=("nft_sets", "squid"))
    world.share.heard(receipt)
    assert {a.actor: a.not_carried for a in world.share.deliveries.at_actors(ID)}["east"] == ("nft_sets", "squid")
    world.share.heard(replace(receipt, not_carried=()))
    assert all(a.not_carried == () for a in world.share.deliveries.at_actors(ID))
