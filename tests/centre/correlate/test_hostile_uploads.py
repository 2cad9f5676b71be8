"""Accomplices whose uploads are one plane of one value: every bin is a hit of theirs, and nobody is hidden or asked."""

from collections import Counter

import pytest

from bavn.centre.books.rounds import SqlRoundBook
from bavn.centre.books.tables import ASKED, PLANES, ROUNDS, TAGS
from bavn.centre.correlate.round_state import Phase
from bavn.centre.correlate.tier import Tier
from bavn.model.observable import Observable
from bavn.model.received import Upload
from bavn.model.statement import RevealWanted, TagsWanted

EVIL = Observable.of("domain", "evil.example.com")
OTHER = Observable.of("ip4", "198.51.100.7")
NAMES = ("east", "north", "west")


def flooding(actor, value=7):
    """The same, with planes of one value: on one polynomial with every accomplice in every bin."""
    honest = actor.answer

    def answer(said, now_us, dice):
        heard = honest(said, now_us, dice)
        for at, one in enumerate(heard):
            if isinstance(one, Upload):
                heard[at] = Upload(
                    **{name: getattr(one, name) for name in one.__slots__}
                    | {"planes": value.to_bytes(4, "little") * (len(one.planes) // 4)}
                )
        return heard

    actor.answer = answer
    return actor


def only_round(sector):
    with sector.engine.connect() as connection:
        ids = connection.scalars(ROUNDS.select().with_only_columns(ROUNDS.c.id)).all()
    (round_,) = (SqlRoundBook(sector.engine).round(round_id) for round_id in ids)
    return round_


@pytest.mark.slow
@pytest.mark.parametrize("t", [2, 3, 4])
@pytest.mark.parametrize("manner", ["silent", "declines", "wrong_tags", "honest"])
def test_accomplices_with_one_plane_hide_nobody_and_cost_no_more_than_their_sets(fake_actor, fake_sector, t, manner):
    names = [*NAMES, "centrum"][: max(3, t)]
    honest = [
        fake_actor(name, x, {EVIL: None, OTHER: None, Observable.of("domain", f"only{x}.example.net"): None})
        for x, name in enumerate(names, 3)
    ]
    accomplices = [flooding(fake_actor(f"evil-{n}", 20 + n, {}, manner)) for n in range(t)]
    tier = Tier(name="A", t=t, m=15, r=6, every_s=300, upload_s=60, wave_s=10, reveal_s=200)
    sector = fake_sector([*honest, *accomplices], tiers=(tier,))
    sector.talk()
    assert only_round(sector).hits >= tier.r * tier.t * tier.m
    for _ in range(19):
        sector.step(by_s=10)
        sector.talk()
    assert sector.revealed() == {EVIL: set(names), OTHER: set(names)}
    cells = Counter()
    for said in sector.said:
        if isinstance(said, TagsWanted):
            cells[said.to] += len(said.cells)
    assert cells["evil-0"] == tier.m
    assert all(count <= tier.m for count in cells.values())
    asked = Counter(said.to for said in sector.said for _ in getattr(said, "items", ()))
    assert all(count <= 2 * tier.m for count in asked.values())
    sector.step(by_s=70)
    assert only_round(sector).phase is Phase.CLOSED
    with sector.engine.connect() as connection:
        assert connection.execute(PLANES.select()).all() == []
        assert connection.execute(TAGS.select()).all() == []


def test_a_copy_of_anothers_planes_meets_it_everywhere_and_opens_nothing(fake_actor, fake_sector):
    """At t=2 cells do not depend on x. Whoever had an actor's upload could claim every cell of it, and would have to
    show a receipt for an element that it does not know."""
    own = [Observable.of("domain", f"secret{n}.example.net") for n in range(6)]
    north = fake_actor("north", 7, dict.fromkeys(own))
    thief = fake_actor("thief", 9, {})
    uploads = []
    honest, plain = north.answer, thief.answer

    def keep(said, now_us, dice):
        heard = honest(said, now_us, dice)
        uploads.extend(one for one in heard if isinstance(one, Upload))
        return heard

    def copy(said, now_us, dice):
        heard = plain(said, now_us, dice)
        return [
            Upload(**{name: getattr(one, name) for name in one.__slots__} | {"planes": uploads[0].planes})
            if isinstance(one, Upload)
            else one
            for one in heard
        ]

    north.answer, thief.answer = keep, copy
    tier = Tier(name="A", t=2, m=15, r=6, every_s=300, upload_s=60, wave_s=10, reveal_s=200)
    sector = fake_sector([north, thief], tiers=(tier,))
    sector.talk()
    for _ in range(20):
        sector.step(by_s=10)
        sector.talk()
    assert only_round(sector).hits == tier.r * tier.t * tier.m
    assert any(isinstance(said, RevealWanted) and said.to == "north" for said in sector.said)
    assert north.named == []
    assert sector.revealed() == {}
    with sector.engine.connect() as connection:
        assert len(connection.execute(ASKED.select()).all()) > 0
