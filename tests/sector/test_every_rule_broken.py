"""Every rule of every gate of a node, broken in turn while the node does what it does: one item is set aside, nothing
else stops, a person opens, and what waited comes once.

A gate, a rule or a kind of item that no scene (node_scenes.py) walks fails by its name.
"""

from dataclasses import replace

import pytest

from bavn.actor.door.conversation import WAITING_MAX
from bavn.actor.door.conversations.case_book import ATTACH
from bavn.actor.protect.own_history import Found
from bavn.actor.protect.protect import Protect
from bavn.app.process.failure_folder import FailureFolder
from bavn.model.intel.indicator import Sighting, indicator_id
from bavn.model.moment import MINUTE_US
from bavn.psi import commons_terms
from bavn.wire.codec import DOWN_KINDS, UP_KINDS
from bavn.wire.gate import FOLLOWS, Gate
from bavn.wire.shut import SET_ASIDE, open_gate, shut_gates
from tests import people_say
from tests.gate_places import Made, not_met, places, places_in
from tests.sector.hostile_centre import NOW_US, every_kind, release
from tests.sector.node_scenes import (
    AT,
    BAD,
    CASE,
    COMMONS_M,
    NAME,
    SCENES,
    Scene,
    Whole,
    a_case,
    enforcer_comes,
    not_carried,
    reported,
    takes_back,
)

OF_ELSE = ("IndicatorReleased", "Observation", "Receipt")
"""What waits twice: also of the name that is released meanwhile."""
HEALTH = next(scene for scene in SCENES if scene.name == "health")


def slips(item, draft):
    raise ZeroDivisionError("a rule with a slip")


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Plays scenes, each at a node of its own: (node, its gates as they were made, what each was offered)."""
    nodes, real = [], Gate.offer
    monkeypatch.setattr(commons_terms, "SIZES", (COMMONS_M, 100))

    def begin(scene):
        folder = tmp_path / str(len(nodes))
        folder.mkdir()
        offered = []

        def offer(gate, item):
            outcome = real(gate, item)
            offered.append((gate, gate._label(item).kind, getattr(outcome, "rule", "")))
            return outcome

        with Made() as made:
            node = scene.node(folder)
        nodes.append(node)
        node.book.failures = FailureFolder(None, node.clock)
        scene.before(node)
        monkeypatch.setattr(Gate, "offer", offer)
        return node, made, offered

    yield begin
    for node in nodes:
        node.close()


def met_by(scene, offered):
    """The gate that the scene's item passed."""
    gates = [gate for gate, kind, rule in offered if (kind, rule) == (scene.kind, scene.refused)]
    assert gates, f"{scene.name}: no item of kind {scene.kind} came through: {[each[1:] for each in offered]}"
    return gates[0]


@pytest.mark.slow
def test_every_gate_every_rule_and_every_kind_of_item_is_walked(play) -> None:
    lines, kinds, idle = set(), set(), []
    for scene in SCENES:
        node, made, offered = play(scene)
        scene.act(node)
        lines |= made.lines([met_by(scene, offered)])
        kinds |= {kind for _, kind, _ in offered}
        idle.append({place for place, gate in enumerate(made.gates) if gate is not met_by(scene, offered)})
        assert node.book.failures.failing() == (), scene.name
    assert not_met(places("bavn/actor"), lines) == []
    never = [made.gates[place] for place in set.intersection(*idle)]
    assert [(*made.where[id(gate)], [rule.name for rule in gate.rules]) for gate in never] == [], "no scene passes it"
    assert (kinds | set(UP_KINDS) | set(DOWN_KINDS)) - {scene.kind for scene in SCENES} == set()


@pytest.mark.parametrize(
    "source",
    [
        "from bavn.wire.gate import Gate\nG = Gate('x', (), ledger, clock)",
        "from bavn.wire.gate import Rule as R\nROW: tuple[R[int, int], ...] = (\n    R('dummy', slips),\n)",
        "from bavn.wire import gate\nROW = (gate.Rule[int, int]('dummy', slips),)",
        "from bavn.wire.gate import Gate\nclass Mine(Gate[int, int]): pass",
    ],
)
def test_a_gate_or_rule_that_nobody_walks_is_named(source) -> None:
    every = places_in("bavn/actor/new.py", source)
    (said,) = not_met(every, {("bavn/actor/other.py", every[0][1])})
    assert said.startswith(f"bavn/actor/new.py:{every[0][1]} ")
    assert not_met(every, {("bavn/actor/new.py", every[0][2])}) == []


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_each_rule_that_slips_costs_one_item_and_one_line_and_nothing_is_lost(play, scene: Scene) -> None:
    node, made, offered = play(scene)
    scene.act(node)
    gate = met_by(scene, offered)
    place, names = made.gates.index(gate), [rule.name for rule in gate.rules]
    for name in [*names, FOLLOWS]:
        if name != FOLLOWS or not scene.refused:
            node, made, _ = play(scene)
            _walk(scene, node, made.gates[place], name)


def _walk(scene, node, gate, name):
    ledger, failures, before = node.door.ledger, node.book.failures, node.door.ledger.head()[0]
    unbroken, met = _break(gate, name, scene.kind)
    part, why = f"gate {gate.name} rule {name}", (scene.name, name)
    sent = _sent(node, scene)
    scene.act(node)
    assert len({gate._label(item).item_id for item in met}) == 1, why
    assert _lines(ledger, scene, before) == [SET_ASIDE], why
    assert _sent(node, scene) == sent, why
    [shut] = shut_gates(node.book)
    assert (shut.gate, shut.kind, shut.rule) == (gate.name, scene.kind, name), why
    assert [each.part for each in failures.failing()] == [part], why
    _all_else_goes_on(scene, node)
    asked = len(met)
    for _ in range(3):
        node.waits()
    assert len(met) == asked, (why, "a gate that is shut asks no rule")
    unbroken()
    node.waits()
    item = next(line.item_id for line in ledger.lines(before) if (line.kind, line.rule) == (scene.kind, SET_ASIDE))
    assert [line.rule for line in ledger.lines(before) if line.item_id == item] == [SET_ASIDE], why
    assert set(_lines(ledger, scene, before)) <= {SET_ASIDE, "gate_shut"}, why
    assert len(open_gate(ledger, node.clock.now_us(), gate.name, scene.kind, "Anna")) == 1, why
    opened = ledger.head()[0]
    scene.again(node)
    came = 2 if scene.kind in OF_ELSE else 1
    assert _lines(ledger, scene, opened).count(scene.refused) == came, (why, _lines(ledger, scene, opened))
    assert _sent(node, scene) == sent + (came if scene.kind in UP_KINDS and not scene.refused else 0), why
    assert failures.failing() == (), why
    assert shut_gates(node.book) == [], why
    assert ledger.verify() is None


def _all_else_goes_on(scene, node):
    """The node says how it is, and blocks what the centre releases."""
    health = _sent(node, HEALTH)
    node.says(release("else.com"))
    node.waits()
    assert _sent(node, HEALTH) > health or scene.kind == HEALTH.kind
    assert "else.com" in node.blocked() or scene.kind == "IndicatorReleased" or scene.more[1:]


def _break(gate, name, kind):
    """Makes a rule slip over items of a kind; (what undoes it, the items that met it)."""
    rules, follow, met = gate.rules, gate._follow, []

    def over(real):
        def apply(item, draft):
            if gate._label(item).kind != kind:
                return real(item, draft)
            met.append(item)
            raise ZeroDivisionError("a rule with a slip")

        return apply

    if name == FOLLOWS:
        gate._follow = over(follow)
    else:
        gate.rules = tuple(replace(rule, apply=over(rule.apply)) if rule.name == name else rule for rule in rules)

    def undo():
        gate.rules, gate._follow = rules, follow

    return undo, met


def _lines(ledger, scene, before):
    return [line.rule for line in ledger.lines(before) if line.kind == scene.kind]


def _sent(node, scene):
    return len([said for said in node.said() if type(said).__name__ == scene.kind])


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
    monkeypatch.setattr(type(room), "take_in", lambda *_: slips(None, None))
    node.says(*every_kind("x"), release("evil.com"))
    assert node.blocked() == {"evil.com"}, "what follows is heard"
    assert node.door.heard == node.seq
    kinds = {shut.kind for shut in shut_gates(node.book)}
    assert kinds
    monkeypatch.setattr(type(room), "take_in", lambda _, *given: heard.append(given[0]))
    node.clock.advance(2 * MINUTE_US)
    node.talker.talk()
    assert heard == []
    for kind in kinds:
        assert open_gate(node.door.ledger, 9, "asked", kind, "Anna")
    node.clock.advance(2 * MINUTE_US)
    node.talker.talk()
    assert {type(message).__name__ for message in heard} == kinds


def shut_for(node, gate, kind):
    """What each rule says of this kind from now on; what undoes it."""
    node.book.failures = FailureFolder(None, node.clock)
    return _break(gate, gate.rules[0].name, kind)[0]


def test_words_that_wait_keep_no_evidence_waiting(tmp_path) -> None:
    node = Whole(tmp_path, sensor=False)
    node.says(a_case())
    cases = node.door.cases
    shut_for(node, cases.gate, "CaseAnswered")
    for number in range(WAITING_MAX + 1):
        people_say.in_case(cases, CASE, None, "words", f"Gateway {number}", "Anna", node.clock.now_us())
    people_say.in_case(cases, CASE, None, ATTACH, "A log", "Anna", node.clock.now_us(), content=bytes(40))
    node.waits()
    assert [kind for kind in map(_kind, node.said()) if kind.startswith("Case")] == ["CaseEvidence"]
    node.close()


def test_sightings_that_wait_keep_no_outcome_waiting(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Protect.take, "__defaults__", (3,))
    node = Whole(tmp_path, sensor=False)
    undo = shut_for(node, node.door._sightings, "Observation")
    for count in range(1, 9):
        node.protect.state.tell(
            Sighting(indicator_id=indicator_id(NAME), kind="blocked", count=count, first_us=NOW_US, last_us=NOW_US)
        )
    node.says(release("evil.com"))
    node.waits()
    assert [kind for kind in map(_kind, node.said()) if kind in ("Receipt", "Observation")] == ["Receipt"]
    undo()
    open_gate(node.door.ledger, 9, "door", "Observation", "Anna")
    for _ in range(3):
        node.waits()
    assert list(map(_kind, node.said())).count("Observation") == 8
    node.close()


def test_what_is_taken_back_is_vetoed_at_once_though_telling_it_waits(tmp_path) -> None:
    node = Whole(tmp_path, sensor=False)
    reported(node)
    undo = shut_for(node, node.door._withdrawals, "Withdrawn")
    takes_back(node)
    assert node.door.state.wish(BAD) == "veto"
    node.opens_round(2)
    node.asks_receipts()
    node.asks_reveal()
    assert list(map(_kind, node.said())).count("Report") == 1, "no later round names it"
    node.waits()
    node.door.state.set_override(BAD, "allow", "Bo", node.clock.now_us())
    node.waits()
    assert node.door.state.wish(BAD) == "allow", "who decides later has the last word"
    undo()
    open_gate(node.door.ledger, 9, "door", "Withdrawn", "Anna")
    node.waits()
    assert list(map(_kind, node.said())).count("Withdrawn") == 1
    node.close()


def test_what_waits_for_an_enforcer_has_one_line_while_the_gate_is_shut(tmp_path) -> None:
    node = Whole(tmp_path, sensor=False)
    not_carried(node)
    undo = shut_for(node, node.protect._intake._released, "IndicatorCarried")
    enforcer_comes(node)
    for _ in range(4):
        node.waits(61)
    assert [line.rule for line in node.door.ledger.lines(kind="IndicatorCarried")] == [SET_ASIDE]
    undo()
    open_gate(node.door.ledger, 9, "protect", "IndicatorCarried", "Anna")
    node.waits()
    assert AT.value in {block.observable.value for block in node.protect.state.blocks("block", node.clock.now_us())}
    node.close()


class Slipping:
    """A history, and lists, that slip over one name."""

    has_history = True

    def tried(self, observables, days, now_us):
        found = {one: Found(days=days) for one in observables}
        return slips(None, None) if NAME in found else found

    def listed(self, observable):
        return slips(None, None) if observable == NAME else None


@pytest.mark.parametrize(("part", "place"), [("dry run", "_hunter"), ("warning lists", "_listed")])
def test_what_is_asked_before_a_block_slips_over_one_name_and_a_person_decides_on_it(tmp_path, part, place) -> None:
    node = Whole(tmp_path, sensor=False)
    node.book.failures = FailureFolder(None, node.clock)
    intake = node.protect._intake
    real = getattr(intake, place)
    setattr(intake, place, Slipping() if place == "_hunter" else Slipping().listed)
    node.says(release("first.com"), release(NAME.value), release("last.com"))
    assert node.blocked() == {"first.com", "last.com"}
    assert [item.observable for item in node.protect.waiting()] == [NAME]
    assert [each.part for each in node.book.failures.failing()] == [part]
    setattr(intake, place, real or (lambda _: None))
    node.says(release("more.com"))
    assert "more.com" in node.blocked()
    assert node.book.failures.failing() == ()
    node.close()


def _kind(said):
    return type(said).__name__
