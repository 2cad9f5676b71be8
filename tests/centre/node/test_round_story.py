"""Each round tells, in both languages, what became of it and of each cell, as far as the centre can know."""

import pytest

from bavn.centre.correlate.tier import Tier
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.round_outcome import REFUSED, outcome_of, state_of, why
from bavn.model.observable import Observable
from bavn.model.statement import RevealWanted, TagsWanted

EVIL = Observable.of("domain", "evil.example.com")
NAMES = ("east", "north", "west")
TIER = Tier(name="A", t=3, m=20, r=4, every_s=300, upload_s=60, wave_s=10, reveal_s=600)


class Still:
    def now_us(self):
        return 0


def told(sector, silent_to=()):
    """The round's cells with outcomes and words, after everybody has talked and nobody waits any more."""
    for actor in sector.actors.values():
        answer = actor.answer
        actor.answer = lambda said, *rest, answer=answer: [] if isinstance(said, silent_to) else answer(said, *rest)
    sector.talk()
    sector.step(by_s=61)
    for _ in range(6):
        sector.talk()
        sector.step(by_s=11)
    desk = Desk(sector.engine, Still(), None)
    (summary,) = desk.rounds()
    assert desk.summary(summary.round.id) == summary
    cells = desk.cells(summary.round.id)
    for cell in cells:
        assert why(cell, summary.round).en != why(cell, summary.round).da
    return summary, {outcome_of(cell, summary.round) for cell in cells}, cells


def sector_of(fake_actor, fake_sector, *manners):
    actors = [fake_actor(name, x, {EVIL: None}, manner) for name, x, manner in zip(NAMES, (3, 7, 11), manners)]  # noqa: B905  fewer manners, fewer actors
    return fake_sector(actors, tiers=(TIER,))


@pytest.mark.parametrize(
    ("manners", "silent_to", "outcome"),
    [
        (("honest", "honest", "honest"), (), "revealed"),
        (("honest", "wrong_value", "honest"), (), "quarantined"),
        (("honest", "declines", "honest"), (), "too_few"),
        (("declines", "declines", "declines"), (), "declined"),
        (("honest", "honest", "honest"), (RevealWanted,), "no_answer"),
        (("honest", "honest", "honest"), (TagsWanted,), "no_receipts"),
    ],
)
def test_why_an_element_was_revealed_or_not(fake_actor, fake_sector, manners, silent_to, outcome) -> None:
    _, outcomes, _ = told(sector_of(fake_actor, fake_sector, *manners), silent_to)
    assert outcomes - {"explained"} == {outcome}


def test_a_round_says_who_declined_is_missing_or_late_and_that_it_is_under_way(fake_actor, fake_sector) -> None:
    summary, _, cells = told(sector_of(fake_actor, fake_sector, "honest", "declines", "honest"))
    words = {why(cell, summary.round).say("da") for cell in cells if cell.named}
    assert words == {"Ikke afsløret: 2 nævnte det, 3 kræves; afslog: north."}
    summary, _, cells = told(sector_of(fake_actor, fake_sector, "honest", "absent", "late"))
    assert summary.missing == ("north", "west")
    assert summary.turned_away == (("west", "upload_in_time", 1),)
    assert state_of(summary.round).en == "It is void: 1 uploads, 3 are needed. Nothing was learned."
    assert cells == ()
    import re
    from pathlib import Path

    import bavn.centre.correlate.join as join
    import bavn.psi.planes as planes

    said = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (join, planes))
    assert set(re.findall(r'Refused\(\s*"(\w+)"', said)) - {"round_known"} == set(REFUSED)
    sector = sector_of(fake_actor, fake_sector, "honest", "honest", "honest")
    sector.step()
    desk = Desk(sector.engine, Still(), None)
    assert state_of(desk.rounds()[0].round).en == "It takes uploads."
    for said in sector.outgoing():
        for heard in sector.actors[said.to].answer(said, sector.now_us, sector.actor_dice):
            sector.take_in(heard)
    sector.step()
    (summary,) = desk.rounds()
    assert {outcome_of(cell, summary.round) for cell in desk.cells(summary.round.id)} == {"waiting"}
    assert "3 uploads are reconstructed and deleted" in state_of(summary.round).en
