"""What a node has to tell waits at home while much waits for its centre; blocks wait for nothing, and all come once."""

import pytest

from bavn.actor.node import talker as node_module
from bavn.wire.messages.catalogue import Receipt
from tests.sector.hostile_centre import Wire, release


def receipts(node):
    return [said.indicator_id for said in node.said() if isinstance(said, Receipt) and said.state == "enforced"]


@pytest.mark.slow
def test_outcomes_wait_while_much_waits_for_the_centre_and_blocks_do_not(make_node, monkeypatch) -> None:
    monkeypatch.setattr(node_module, "TELL_WAITING_MAX", 3)
    node = make_node()
    node.wire.post = lambda _: []  # the centre takes nothing
    node.says(*(release(f"n{number}.com") for number in range(3)))
    waits = node.door.queue().messages
    assert waits >= 3
    node.says(*(release(f"m{number}.com") for number in range(60)))
    assert len(node.blocked()) == 63
    assert node.door.queue().messages == waits
    assert len(node.protect.take()) >= 60
    node.wire.post = Wire.post.__get__(node.wire)
    node.clock.advance(node_module.PASSED_OVER_S * 1_000_000)  # what the centre did not take is passed over for so long
    node.talker.talk()
    node.talker.talk()
    assert node.protect.take() == []
    assert len(receipts(node)) == len(set(receipts(node))) == 63
    assert node.door.ledger.verify() is None


@pytest.mark.slow
def test_a_death_among_what_came_together_keeps_all_of_it_or_none(make_node, monkeypatch) -> None:
    node = make_node()
    came, hear = [], node.protect.take_in

    def dying(message, encoded) -> None:
        came.append(message)
        if len(came) == 70:
            raise RuntimeError("the node died")
        hear(message, encoded)

    monkeypatch.setattr(node.protect, "take_in", dying)
    with pytest.raises(RuntimeError):
        node.says(*(release(f"n{number}.com") for number in range(100)))
    assert node.door.heard == node_module.TOGETHER_MAX
    monkeypatch.setattr(node.protect, "take_in", hear)
    node.talker.talk()
    assert node.door.heard == 100
    assert len(node.blocked()) == 100
    lines = [line for line in node.door.ledger.lines(limit=1000) if line.gate == "protect"]
    assert len(lines) == len({line.item_id for line in lines}) == 100
