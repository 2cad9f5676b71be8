"""Every rule of every gate of a centre, a key holder and a way to it, broken in turn for what one peer sends: one item
is set aside with one line, that kind of that peer waits until a person opens the gate, everybody else passes.

The gates of a node are walked in tests/sector/test_every_rule_broken.py. A gate or a rule that is made at any other
place in the source fails the first test by that place.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bavn.app.process.failure_folder import FailureFolder, kept_failures
from bavn.centre.inbox.inbox import Inbox
from bavn.centre.inbox.intel_gate import IntelGate
from bavn.centre.inbox.intel_rules import Terms
from bavn.centre.inbox.misp_sightings import MispSightings
from bavn.centre.share.share import TRY_AGAIN_US
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.intel import Claim, IntelSettings, Offer, Piece
from bavn.rehearsal.clock import SimClock
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.gate import FOLLOWS, Gate, Rule
from bavn.wire.ledger import Ledger
from bavn.wire.shut import SET_ASIDE, open_gate, shut_gates
from tests.centre.inbox import conftest as inboxes
from tests.centre.inbox import test_inbox, test_offers
from tests.centre.share import test_exchange, test_share
from tests.gate_places import Made, not_met, places
from tests.keyholder import conftest as holders

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
SIGHTED = "99999999-0000-4000-8000-000000000002"


@dataclass
class Crossing:
    """A gate with its real entry. ``send`` lets what stands for a peer meet it; whether it came through. ``peers``: as
    the ledger names them; one alone where a gate has but one."""

    gate: Gate
    book: Book
    send: Callable[[str], bool]
    peers: tuple[str, ...]
    close: Callable[[], None]


def of_inbox(_databases, _folder):
    world, book = inboxes._world(), Book()
    inbox = Inbox(book, world, world, SimClock(inboxes.START_US), questions=world)

    def send(actor):
        return inbox.receive(actor, [seal.seal(world.keys[actor], actor, "centre", 1, test_inbox.HEALTH)]) == [1]

    return Crossing(inbox.gate, book, send, ("region-a", "region-b"), book.close)


def of_share(databases, _folder):
    """Outbound: what waits leaves by a later step."""
    world = test_share.World(databases.new())
    world.share.release([test_share.wish()], 1)

    def send(actor):
        world.clock.advance(TRY_AGAIN_US)
        world.share.step()
        return [type(one.message).__name__ for one in world.heard_by(actor)] == ["IndicatorReleased"]

    return Crossing(world.share.post.gate, world.book, send, ("east", "north"), world.close)


def of_exchange(databases, _folder):
    """Outbound: what waits is on a later page."""
    world = test_exchange.World(databases.new())
    world.release("a.example.com")

    def send(peer):
        return len(world.given(test_exchange.partner(peer.removeprefix("partner:")))) == 1

    return Crossing(world.exchange.gate, world.book, send, ("partner:cert-nord", "partner:cert-syd"), world.close)


def of_offers(_databases, _folder):
    world = test_offers.World()

    def send(peer):
        (done,) = world.offers.post(test_offers.partner(peer.removeprefix("partner:")), [test_offers.indicator()])
        return not done.why

    return Crossing(world.offers.gate, world.book, send, ("partner:cert-nord", "partner:cert-syd"), world.book.close)


def of_intel(_databases, _folder):
    book = Book()
    gate = IntelGate(book, SimClock(test_offers.NOW_US), IntelSettings())

    def send(peer):
        name = peer.removeprefix("source:")
        evil = Observable.of("domain", "evil.example.com")
        claim = Claim(observable=evil, tlp=Tlp.GREEN, pap=Pap.GREEN, confidence=60)
        terms = Terms(source=name, group=name, trust=60)
        return gate.take_in(terms, Piece("", (Offer("evil", claim),)), gate.known(name), 10).new == 1

    return Crossing(gate.gate, book, send, ("source:aa", "source:bb"), book.close)


def of_sightings(_databases, _folder):
    book, at_us = Book(), test_offers.NOW_US
    sightings = MispSightings(book, SimClock(at_us))

    def send(peer):
        said = {
            "uuid": "22222222-0000-4000-8000-0000000000ff",
            "type": "0",
            "attribute_uuid": SIGHTED,
            "date_sighting": str(at_us // SECOND_US),
        }
        return sightings.take_in(peer.removeprefix("misp:"), [said], {SIGHTED: ("event", "evil.com")}) == (1, 0)

    return Crossing(sightings.gate, book, send, ("misp:nord", "misp:syd"), book.close)


def _asks(place, actor):
    try:
        place.node(actor).of(holders.TODAY, "A").join(holders.params(), holders.ELEMENTS[:3])
    except (LinkDown, LinkRefused):
        return False
    return True


def of_key_holder(_databases, folder):
    place = holders.Place(folder)
    return Crossing(place.holder._gate, place.book, lambda actor: _asks(place, actor), ("north", "south"), place.close)


def of_asking_the_key_holder(_databases, folder):
    """Outbound: a node's batch that waits goes with the next round."""
    place, gates = holders.Place(folder), []
    kept = Gate.__init__

    def seen(gate, *given, **more):
        kept(gate, *given, **more)
        gates.append(gate)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gate, "__init__", seen)
        node = place.node("north")
    book = place.books[-1]

    def send(_):
        try:
            answer = node.of(holders.TODAY, "A").join(holders.params(), holders.ELEMENTS[:3])
        except LinkRefused:
            return False
        return len(answer.ids) == 3

    return Crossing(gates[0], book, send, ("keyholders",), place.close)


WALKED = {
    "bavn/centre/inbox/inbox.py": of_inbox,
    "bavn/centre/share/post.py": of_share,
    "bavn/centre/share/exchange.py": of_exchange,
    "bavn/centre/inbox/offers.py": of_offers,
    "bavn/centre/inbox/intel_gate.py": of_intel,
    "bavn/centre/inbox/misp_sightings.py": of_sightings,
    "bavn/keyholder/holder.py": of_key_holder,
    "bavn/wire/links/keyholder.py": of_asking_the_key_holder,
}
"""Each module that makes a gate, and how the gate is met."""


@pytest.mark.slow
def test_every_gate_and_every_rule_is_walked_here_or_at_a_node(databases, tmp_path) -> None:
    lines = set()
    for number, make in enumerate(WALKED.values()):
        (tmp_path / str(number)).mkdir()
        with Made() as made:
            crossing = make(databases, tmp_path / str(number))
        lines |= made.lines([crossing.gate])
        crossing.close()
    assert not_met([place for place in places("bavn") if not place[0].startswith("bavn/actor/")], lines) == []


@pytest.mark.slow
@pytest.mark.parametrize("module", sorted(WALKED))
def test_a_rule_that_fails_holds_back_one_peer_until_a_person_opens(module, databases, tmp_path) -> None:
    names = _rules_of(WALKED[module], databases, tmp_path / "names")
    assert names
    for place, name in enumerate(names):
        folder = tmp_path / name
        folder.mkdir()
        crossing = WALKED[module](databases, folder)
        try:
            _walk(crossing, place, folder / "failures")
        finally:
            crossing.close()


def _rules_of(make, databases, folder):
    folder.mkdir()
    crossing = make(databases, folder)
    names = [*(rule.name for rule in crossing.gate.rules), FOLLOWS]
    crossing.close()
    return names


def _walk(crossing, place, folder):
    gate, mine, others = crossing.gate, crossing.peers[0], crossing.peers[1:]
    failures = crossing.book.failures = FailureFolder(folder, SimClock(1))
    ledger, rules = Ledger(crossing.book), gate.rules
    real = [*rules, Rule(FOLLOWS, gate._follow)][place]
    met = []

    def slips(item, draft):
        name = gate._label(item)
        if name.peer == mine:
            met.append(name)
            raise RuntimeError("nobody foresaw this")
        return real.apply(item, draft)

    if real.name == FOLLOWS:
        gate._follow = slips
    else:
        gate.rules = (*rules[:place], Rule(real.name, slips), *rules[place + 1 :])
    assert not crossing.send(mine)
    said = [line for line in ledger.every() if line.peer == mine and line.item_id == met[0].item_id]
    assert [(line.verdict, line.rule) for line in said] == [("refused", SET_ASIDE)]
    assert [part.part for part in failures.failing()] == [f"gate {gate.name} rule {real.name}"]
    assert kept_failures(folder)[0].item.read_bytes()
    assert [(shut.kind, shut.peer) for shut in shut_gates(crossing.book)] == [(met[0].kind, mine)]
    for other in others:
        assert crossing.send(other), (real.name, "what one peer sends shuts nobody else out")
    gate.rules, gate._follow = rules, real.apply if real.name == FOLLOWS else gate._follow
    assert not crossing.send(mine)
    assert len(met) == 1, "a gate that is shut asks no rule"
    assert len([line for line in ledger.every() if line.item_id == met[0].item_id and line.peer == mine]) == 1
    assert len(open_gate(ledger, 9, gate.name, met[0].kind, "Anna", mine)) == 1
    assert crossing.send(mine), (real.name, "what waited comes through")
    assert failures.failing() == ()
    assert shut_gates(crossing.book) == []
    assert ledger.verify() is None
