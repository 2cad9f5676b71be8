"""The canary through a node's rooms: source, store, detectors, block; and a guard, which has nothing to see with."""

from types import SimpleNamespace

import pytest

from bavn.actor.sense.account import Figures
from bavn.app.node.canary import NodeCanary
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bavn.model.sector import canary
from bavn.wire.ledger import Note
from bavn.wire.messages.canary import CanaryAnswered
from tests.actor.door.conftest import NOW_US, Actor, TestCentre

DAY = NOW_US // DAY_US
AT_US = canary.begins_us(DAY)


class Blocks:
    """A protection that says what it is told to say."""

    def __init__(self, says=""):
        self.says, self.asked = says, []

    def try_canary(self, block):
        self.asked.append(block)
        return self.says


@pytest.fixture
def actor():
    one = Actor("north", TestCentre().key, now_us=AT_US)
    yield one
    one.book.close()


def figures(name="suricata", heard_us=None):
    return Figures(
        name=name,
        rows=1,
        passed=0,
        refused=0,
        reasons=(),
        broken=None,
        caught_up_us=None,
        lag_bytes=0,
        losses=(),
        counts={},
        heard_us=heard_us,
    )


def answered(actor, run=1):
    note = Note(kind="CanaryAnswered", item_id="0" * 64, peer="centre", privacy="C", bytes=9)
    actor.door.canary.take_in(CanaryAnswered(day=DAY, run=run), note)


def states(actor):
    book = actor.door.canary.book
    return {one.link: (one.state, one.why) for one in book.links(book.latest())}


def turn(actor, node):
    actor.clock.advance(2 * SECOND_US)
    node.step()


def test_a_guard_says_no_sensor_and_its_block_is_tried_all_the_same(actor) -> None:
    blocks = Blocks()
    node = NodeCanary(actor.door.canary, blocks, actor.clock, None)
    node.step()
    turn(actor, node)
    answered(actor)
    turn(actor, node)
    turn(actor, node)
    said = states(actor)
    for link in ("sensor", "store", "detect", "door", "join", "reveal"):
        assert said[link] == ("not-covered", "no-sensor")
    assert said["answer"] == said["block"] == ("passed", "")
    assert [block.observable for block in blocks.asked] == [canary.name_of(DAY)]
    assert blocks.asked[0].until_us <= actor.clock.now_us() + 10 * MINUTE_US
    assert [entry["link"] for entry in node.latest_links()] == list(canary.LINKS)


def test_a_silent_source_is_no_sensor_that_passed(actor) -> None:
    sources = [figures(heard_us=AT_US - HOUR_US), figures("captures")]
    node = NodeCanary(actor.door.canary, Blocks(), actor.clock, lambda: sources)
    node.step()
    assert states(actor)["sensor"] == ("waiting", "")
    actor.clock.advance(canary.ends_us(DAY) - 30 * SECOND_US - actor.clock.now_us())
    node.step()
    assert states(actor)["sensor"] == ("failed", "silent")
    sources[0] = figures(heard_us=actor.clock.now_us())
    actor.door.canary.book.wish("anna", actor.clock.now_us())
    turn(actor, node)
    assert states(actor)["sensor"] == ("passed", "")


def test_the_source_puts_one_row_in_and_the_detectors_run_finds_it(actor) -> None:
    node = NodeCanary(actor.door.canary, Blocks(), actor.clock, lambda: [figures(heard_us=AT_US)])
    source = node.source(lambda: AT_US - DAY_US)
    assert list(source.poll()) == []
    node.step()
    (batch,) = source.poll()
    assert batch.rows == 1
    row = batch.tables["dns"].to_pylist()[0]
    assert (row["rrname"], row["flow_id"]) == (canary.name_of(DAY).value, DAY * 100 + 1)
    source.acknowledge(batch.mark)
    assert list(source.poll()) == []
    assert states(actor)["store"] == ("passed", "")
    node.surveyed(SimpleNamespace(rows=lambda *_: []))
    assert states(actor)["detect"] == ("waiting", "")
    node.surveyed(SimpleNamespace(rows=lambda *_: [(1,)]))
    assert states(actor)["detect"] == ("passed", "")
    assert source.lag_bytes() == 0
    source.close()


def test_an_empty_store_gets_no_row_since_it_would_move_what_is_looked_at(actor) -> None:
    node = NodeCanary(actor.door.canary, Blocks(), actor.clock, list)
    node.step()
    assert list(node.source(lambda: None).poll()) == []


@pytest.mark.parametrize(
    ("says", "state"), [("kill-switch", "not-covered"), ("no-enforcer", "not-covered"), ("enforcer-down", "failed")]
)
def test_a_block_that_does_not_hold_says_why(actor, says, state) -> None:
    node = NodeCanary(actor.door.canary, Blocks(says), actor.clock, None)
    node.step()
    turn(actor, node)
    answered(actor)
    turn(actor, node)
    actor.clock.advance(11 * MINUTE_US)
    node.step()
    assert states(actor)["block"] == (state, says)
