"""Every rule of every gate of a node, broken in turn: one item is set aside, nothing else stops, a person opens it."""

import gc
from collections import Counter
from dataclasses import replace

import pytest

from bavn.app.failure_folder import FailureFolder
from bavn.model.moment import MINUTE_US
from bavn.wire.gate import Gate, Rule
from bavn.wire.shut import SET_ASIDE, open_gate, shut_gates
from tests.sector.hostile_centre import every_kind, release


def gates_of(book):
    return [gate for gate in gc.get_objects() if isinstance(gate, Gate) and gate._ledger.book is book]


def slips(item, draft):
    raise ZeroDivisionError("a rule with a slip")


@pytest.fixture
def offered(monkeypatch):
    """What was offered to each gate, the first of each kind."""
    kept, real = {}, Gate.offer

    def offer(gate, item):
        kept.setdefault((id(gate), gate._label(item).kind), (gate, item))
        return real(gate, item)

    monkeypatch.setattr(Gate, "offer", offer)
    return kept


def test_each_rule_of_each_gate_that_slips_costs_one_item_and_one_line(make_node, offered) -> None:
    node = make_node(sensor=False)
    failures = node.book.failures = FailureFolder(None, node.clock)
    node.says(*every_kind("x"), release("evil.com"))
    node.clock.advance(61 * MINUTE_US)
    node.talker.talk()
    met, ledger = Counter(), node.door.ledger
    assert len({id(gate) for gate, _ in offered.values()}) >= 10
    for gate, item in list(offered.values()):
        name, rules = gate._label(item), gate.rules
        for place, rule in enumerate(rules):
            gate.rules = (Rule(rule.name, slips), *rules[place + 1 :])
            before = ledger.head()[0]
            assert gate.offer(item).rule == SET_ASIDE, (gate.name, rule.name)
            assert [line.rule for line in ledger.lines(before)] == [SET_ASIDE]
            assert gate.shut_kinds(name.peer) >= {name.kind}
            assert f"gate {gate.name} rule {rule.name}" in {part.part for part in failures.failing()}
            gate.rules = rules
            assert gate.offer(item).rule == "gate_shut"
            assert open_gate(ledger, 9, gate.name, name.kind, "Anna")
            outcome = gate.offer(item)
            assert getattr(outcome, "rule", "") not in (SET_ASIDE, "gate_shut"), (gate.name, rule.name)
            met[gate.name] += 1
    assert set(met) == {gate.name for gate in gates_of(node.book)} == {"asked", "door", "protect"}
    assert failures.failing() == ()
    assert shut_gates(node.book) == []
    assert ledger.verify() is None


def test_a_rule_that_slips_at_a_node_holds_back_one_kind_and_nothing_is_lost(make_node) -> None:
    node = make_node(sensor=False)
    node.book.failures = FailureFolder(None, node.clock)
    gate = node.protect._intake._released
    rules = gate.rules
    gate.rules = (replace(rules[0], apply=slips), *rules[1:])
    node.says(release("first.com"), release("second.com"))
    assert node.blocked() == set()
    health = len(node.wire.up)
    node.clock.advance(10 * MINUTE_US)
    node.talker.talk()
    assert len(node.wire.up) > health, "the node goes on telling how it is"
    gate.rules = rules
    node.says(release("third.com"))
    assert node.blocked() == set()
    assert open_gate(node.door.ledger, 9, "protect", "IndicatorReleased", "Anna")
    node.talker.talk()
    assert node.blocked() == {"first.com", "second.com", "third.com"}


@pytest.mark.parametrize("name", ["cases", "questions", "canary"])
def test_what_cannot_be_heard_is_kept_and_heard_when_a_person_opens(make_node, name, monkeypatch) -> None:
    node = make_node(sensor=False)
    node.book.failures = FailureFolder(None, node.clock)
    room, heard = getattr(node.door, name), []
    monkeypatch.setattr(type(room), "hear", lambda *_: slips(None, None))
    node.says(*every_kind("x"), release("evil.com"))
    assert node.blocked() == {"evil.com"}, "what follows is heard"
    assert node.door.heard == node.seq
    kinds = {shut.kind for shut in shut_gates(node.book)}
    assert kinds
    monkeypatch.setattr(type(room), "hear", lambda _, *given: heard.append(given[0]))
    node.clock.advance(2 * MINUTE_US)
    node.talker.talk()
    assert heard == []
    for kind in kinds:
        assert open_gate(node.door.ledger, 9, "asked", kind, "Anna")
    node.clock.advance(2 * MINUTE_US)
    node.talker.talk()
    assert {type(message).__name__ for message in heard} == kinds
