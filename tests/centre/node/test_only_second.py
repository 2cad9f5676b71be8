"""One liar that guesses what eight hospitals hold: it is set apart before it has opened more than six, and two people
let it join again."""

from types import SimpleNamespace

import pytest

from bavn.centre.books.rounds import SqlRoundBook
from bavn.centre.cases import audit
from bavn.centre.cases.set_apart import ApartBook
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.correlate.join import Join
from bavn.centre.node.only_second import OnlySeconds
from bavn.model.observable import Observable
from bavn.model.principal import account
from tests.centre.conftest import FORMS

OPENED_MAX = 6
GUESSES = [Observable.of("domain", f"s{n}.example") for n in range(8)]


class Sector:
    """Eight hospitals with something of their own each, and a liar that lists all of it."""

    def __init__(self, fake_actor, fake_sector, manner="honest", both=()):
        hospitals = [fake_actor(f"h{n}", n + 3, dict.fromkeys([guess, *both])) for n, guess in enumerate(GUESSES)]
        self.rounds = fake_sector([fake_actor("liar", 2, dict.fromkeys(GUESSES), manner), *hospitals])
        self.clock = SimpleNamespace(now_us=lambda: self.rounds.now_us)
        self.apart = ApartBook(self.rounds.engine, self.clock)
        book = SqlRoundBook(self.rounds.engine)
        self.rounds.join = Join(book, self.rounds.dice, self.rounds.tiers, named_forms=FORMS, apart=self.apart.standing)
        members = [SimpleNamespace(name=name, group=name) for name in self.rounds.actors]
        registry = SimpleNamespace(members=lambda: (1, members))
        self.looks = OnlySeconds(book, self.apart, registry, str, self.clock)

    def plays(self, count):
        for _ in range(count):
            self.rounds.talk()
            self.looks.look()
            self.rounds.step(by_s=300)

    def opened(self):
        """The hospitals that named what the liar guessed."""
        hospitals = [actor for name, actor in self.rounds.actors.items() if name != "liar"]
        return {actor.name for actor in hospitals if {named for _, _, named in actor.named} & set(GUESSES)}


@pytest.mark.slow
@pytest.mark.parametrize("manner", ["honest", "declines"])
def test_a_liar_that_guesses_what_eight_hold_is_set_apart_before_it_opened_more_than_six(
    fake_actor, fake_sector, manner
) -> None:
    sector = Sector(fake_actor, fake_sector, manner)
    sector.plays(1)
    assert 1 <= len(sector.opened()) <= 2
    sector.plays(9)
    assert set(sector.apart.standing()) == {"liar"}
    assert 5 <= len(sector.opened()) <= OPENED_MAX
    before = sector.opened()
    sector.plays(4)
    assert sector.opened() == before


@pytest.mark.slow
def test_the_hospitals_meet_each_other_while_the_liar_is_set_apart(fake_actor, fake_sector) -> None:
    shared = Observable.of("domain", "evil.example.com")
    sector = Sector(fake_actor, fake_sector, both=(shared,))
    sector.apart.set_apart("liar", account("anna"), "it asked us about our suppliers")
    sector.plays(2)
    assert sector.rounds.revealed() == {shared: {f"h{n}" for n in range(8)}}
    assert sector.opened() == set()
    assert not sector.rounds.actors["liar"].named


@pytest.mark.slow
def test_two_people_let_it_join_again_and_what_it_met_before_is_not_held_against_it(fake_actor, fake_sector) -> None:
    sector = Sector(fake_actor, fake_sector)
    sector.plays(8)
    assert "liar" in sector.apart.standing()
    assert sector.apart.let_join("liar", account("anna"), "they share a supplier") is False
    with pytest.raises(NotAllowed):
        sector.apart.let_join("liar", account("anna"), "and again")
    assert "liar" in sector.apart.standing()
    assert sector.apart.let_join("liar", account("bent"), "I asked them") is True
    sector.plays(8)
    assert sector.apart.standing() == {}
    assert len(sector.opened()) == 8
    acts = [line.act for line in audit.lines(sector.rounds.engine)]
    assert acts == ["member-set-apart", "member-let-join-asked", "member-let-join"]
    with pytest.raises(NotAllowed):
        sector.apart.let_join("liar", account("anna"), "it is not")


def test_an_ask_is_forgotten_after_a_day_and_needs_a_reason(fake_actor, fake_sector) -> None:
    sector = Sector(fake_actor, fake_sector)
    sector.apart.set_apart("liar", account("anna"), "a call from h3")
    with pytest.raises(NotAllowed):
        sector.apart.set_apart("liar", account("bent"), "the same")
    with pytest.raises(ValueError, match="say why"):
        sector.apart.let_join("liar", account("anna"), " ")
    sector.apart.let_join("liar", account("anna"), "a mistake")
    sector.rounds.now_us += 25 * 3_600_000_000
    assert sector.apart.let_join("liar", account("bent"), "a mistake") is False
    assert "anna" in sector.apart.standing()["liar"].text.en
