"""A day's commons round between real doors and a real centre: opened, shared, answered, kept, and nothing named."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from bavn.app.web.sac.learned import learned
from bavn.centre.books import tables as t
from bavn.centre.correlate import join
from bavn.centre.correlate.round_state import Phase
from bavn.centre.correlate.tier import CommonsSettings
from bavn.centre.desk.round_outcome import state_of
from bavn.centre.node.config import CentreConfig, CentreLimits
from bavn.centre.store import log
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.psi import commons_terms
from bavn.psi.element import element_bytes
from bavn.psi.identifier import LocalIdentifiers
from bavn.psi.ordinary import Ordinary, OrdinaryType
from bavn.tlog.draw import uploads_root
from bavn.wire.messages.commons import CommonsAnswered
from tests.centre.node.conftest import NOW_US, WEAK, make_suspicion

DAY = NOW_US // DAY_US
CDN = Observable.of("domain", "cdn-everywhere.net")
ALERT = Ordinary.of(OrdinaryType.ALERT, "1:2010935")
RARE = Observable.of("domain", "only-two-know.net")
GUESS = Observable.of("domain", "guessed-supplier.net")
NAMES = {"north": "a", "south": "b", "west": "c", "east": "d"}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Rounds of 40 elements: a size class costs seconds a round."""
    monkeypatch.setattr(commons_terms, "SIZES", (40, 100))


@pytest.fixture
def sector(make_sector):
    return sector_of(make_sector)


def sector_of(make_sector, names=NAMES, **settings):
    config = CentreConfig(
        limits=CentreLimits(rank_every_s=1.0),
        tiers=(WEAK,),
        commons=CommonsSettings(m=40, upload_s=600.0, **settings),
    )
    made = make_sector(names, config=config)
    for place, node in enumerate(made.nodes.values()):
        node.ordinary = [CDN, ALERT, Observable.of("domain", f"own-{node.name}.net")]
        node.ordinary += [RARE] if place < 2 else []
    return made


def known(node, kind):
    """How many groups know it by each day's answer: bucket by day."""
    days = node.door.commons.table.of([element_bytes(kind)]).get(element_bytes(kind))
    return {} if days is None else {days.day - back: one for back, one in enumerate(days.buckets) if one != 0xFF}


def commons_rounds(sector):
    return [one.round for one in sector.desk.rounds(50, tier=commons_terms.TIER)]


def test_a_node_learns_how_many_groups_know_its_elements_and_people_that_nothing_was_named(sector) -> None:
    sector.run()
    for node in sector.nodes.values():
        assert known(node, CDN) == known(node, ALERT) == {DAY: 1}
        assert known(node, Observable.of("domain", f"own-{node.name}.net")) == {DAY: 0}
        (day,) = node.door.commons.days.newest()
        assert (day.state, day.elements, day.groups, day.known["3"]) == ("answered", len(node.ordinary), 4, 2)
        lines = list(node.door.ledger.newest(200))
        assert [(line.way, line.rule) for line in lines if line.kind == "CommonsAnswered"] == [("in", "")]
        assert not {"Report", "Receipts", "Declined"} & {line.kind for line in lines}
    assert known(sector.nodes["east"], RARE) == known(sector.nodes["north"], RARE) == {DAY: 0}
    (round_,) = commons_rounds(sector)
    assert round_.phase is Phase.CLOSED
    (summary,) = sector.desk.rounds(1, tier=commons_terms.TIER)
    words = state_of(summary.round)
    assert words.en == "It is over: all who uploaded (4) were answered, and nothing was named."
    assert len({words.say(language) for language in ("en", "da")}) == 2
    assert "never who" in str([[one.en for one in party.learned] for party in learned(summary).parties])
    assert not sector.desk.cells(summary.round.id)
    (round_,) = commons_rounds(sector)
    with t.reading(sector.engine) as tx:
        hashes = tx.scalars(
            select(t.UPLOADS.c.upload_hash).where(t.UPLOADS.c.round_id == round_.id).order_by(t.UPLOADS.c.x)
        ).all()
        fixed = log.last_fields(tx, "uploads")
    uploads = uploads_root(hashes)
    assert fixed == {"round": round_.id, "uploads": uploads, "count": 4}


def turns(sector, count):
    for _ in range(count):
        sector.run(turns=1)


def next_day(sector):
    sector.clock.advance(DAY_US)
    sector.run()


def test_the_centre_keeps_nothing_of_a_round_and_only_the_node_ties_its_days_together(sector) -> None:
    """Neither planes nor answers nor hits: nothing by which two days could be laid beside each other."""
    sector.run()
    next_day(sector)
    rounds = [one.id for one in commons_rounds(sector)]
    with t.reading(sector.engine) as connection:
        for table in (t.PLANES, t.CELLS, t.HITS, t.TAGS, t.ASKED, t.ANSWERS, t.SIGNS):
            assert not connection.execute(select(table).where(table.c.round_id.in_(rounds))).all(), table.name
        assert len(connection.execute(select(t.UPLOADS).where(t.UPLOADS.c.round_id.in_(rounds))).all()) == 8
        bodies = "".join(connection.scalars(select(t.OUTGOING.c.said)))
    assert "CommonsAnswer" not in bodies
    assert known(sector.nodes["north"], CDN) == {DAY: 1, DAY + 1: 1}
    assert len({one.id for one in commons_rounds(sector)}) == 2


def test_who_comes_late_is_left_out_and_hears_that_it_is_over(sector) -> None:
    sector.nodes["west"].asleep = True
    sector.run()
    sector.wait(601)
    west = sector.nodes["west"]
    assert known(sector.nodes["north"], CDN) == {DAY: 1}
    assert sector.nodes["north"].door.commons.days.newest()[0].groups == 3
    west.asleep = False
    sector.run()
    assert known(west, CDN) == {}
    next_day(sector)
    assert known(west, CDN) == {DAY + 1: 1}


def test_groups_count_once(make_sector) -> None:
    sector = sector_of(make_sector, {"north": "one", "south": "one", "west": "one", "east": "d"})
    sector.run()
    for node in sector.nodes.values():
        assert known(node, CDN) == {DAY: 0}
        day = node.door.commons.days.newest()[0]
        assert (day.state, day.groups) == ("answered", 2)


def test_too_few_make_no_round_and_a_centre_without_the_commons_opens_none(make_sector) -> None:
    sector = sector_of(make_sector)
    for name in ("west", "east"):
        sector.nodes[name].asleep = True
    sector.run()
    sector.wait(601)
    assert [one.phase for one in commons_rounds(sector)] == [Phase.VOID]
    assert sector.nodes["north"].door.commons.days.newest()[0].state == "unanswered"
    sector = sector_of(make_sector, daily=False)
    sector.run()
    assert not commons_rounds(sector)
    assert not sector.nodes["north"].door.commons.days.newest()


@pytest.mark.each_on_postgresql
@pytest.mark.slow
@pytest.mark.parametrize("cells", [1, 10_000_000])
def test_a_centre_that_dies_at_any_step_answers_all_the_same(sector, cells, monkeypatch) -> None:
    """With a table a step, and with all at once."""
    monkeypatch.setattr(join, "COMMONS_CELLS_PER_STEP", cells)
    sector.run(restart_each=True)
    for _ in range(20):
        sector.restart()
        sector.run()
    assert [known(node, CDN) for node in sector.nodes.values()] == [{DAY: 1}] * 4


@pytest.mark.slow
def test_a_kill_between_two_tables_loses_none_of_them(sector, monkeypatch) -> None:
    monkeypatch.setattr(join, "COMMONS_CELLS_PER_STEP", 1)
    real, done = join.table_answers, []

    def dies(params, xs, group_of, table, planes):
        if table == 4 and len(done) == 4:
            done.append("died")
            raise RuntimeError("killed")
        done.append(table)
        return real(params, xs, group_of, table, planes)

    monkeypatch.setattr(join, "table_answers", dies)
    with pytest.raises(RuntimeError, match="killed"):
        turns(sector, 20)
    sector.restart()
    turns(sector, 12)
    assert done == [0, 1, 2, 3, "died", 4, 5, 6, 7, 8, 9]
    assert known(sector.nodes["north"], CDN) == {DAY: 1}


@pytest.mark.slow
def test_other_rounds_go_on_between_two_tables(sector, monkeypatch) -> None:
    monkeypatch.setattr(join, "COMMONS_CELLS_PER_STEP", 1)
    for node in sector.nodes.values():
        node.suspicions = [make_suspicion()]
    phases = set()
    for _ in range(12):
        sector.run(turns=1)
        (other,) = [one.round for one in sector.desk.rounds(50, tier="B")]
        phases.add((commons_rounds(sector)[0].phase, other.phase, other.step))
    assert len({one for one in phases if one[0] is Phase.ANSWER and one[1] is Phase.REVEAL}) > 1


def test_a_node_that_got_other_keys_is_alone_and_is_told(make_sector) -> None:
    sector = sector_of(make_sector)
    odd = sector.nodes["west"].door.commons
    odd._known = replace(odd._known, identifiers=LocalIdentifiers(bytes(32)))
    sector.run()
    assert known(sector.nodes["west"], CDN) == {DAY: 0}
    assert known(sector.nodes["north"], CDN) == {DAY: 1}
    days = {name: node.door.commons.days.newest()[0] for name, node in sector.nodes.items()}
    assert (days["west"].groups, days["north"].groups) == (1, 3)
    assert (days["west"].other_keys, days["north"].other_keys) == (3, 1)


def heard(make_sector, north_has, south_has):
    """All that each node was sent on the second day, byte for byte."""
    sector = sector_of(make_sector)
    sector.run()
    sector.nodes["north"].ordinary += north_has
    sector.nodes["south"].ordinary += south_has
    came = {name: [] for name in sector.nodes}
    pull = sector.centre.pull

    def overheard(actor, after):
        raws = pull(actor, after)
        came[actor] += raws
        return raws

    sector.centre.pull = overheard
    next_day(sector)
    return came


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_two_worlds_that_differ_below_t_give_everybody_else_the_same_bytes(make_sector, shared) -> None:
    """Through real doors and a real centre: what one has alone, or with one other, shows nowhere (decision 33)."""
    more = [Observable.of("domain", f"more-{at}.net") for at in range(30)]
    plain, other = heard(make_sector, [], more if shared else []), heard(make_sector, more, more if shared else [])
    assert all(plain.values())
    for name in ("south", "west", "east"):
        assert plain[name] == other[name]
    assert plain["north"] == other["north"]


@pytest.mark.parametrize("others", [("south", "west"), ("west", "east"), ("south", "east")])
def test_who_lists_what_it_does_not_use_learns_a_bucket_and_never_who(make_sector, others) -> None:
    """Whichever two others have it, the answer says the same of it; the message has no field for a name."""
    sector = sector_of(make_sector)
    for name in ("north", *others):
        sector.nodes[name].ordinary.append(GUESS)
    sector.run()
    assert known(sector.nodes["north"], GUESS) == {DAY: 1}
    assert set(CommonsAnswered.model_fields) == {"round_id", "groups", "other_keys", "cells"}


def test_liars_add_one_each_and_nothing_is_named_for_it(sector) -> None:
    """Two that list what one other has alone bring it to the threshold there: it is a bucket, and opens nothing."""
    for name in ("north", "south", "west"):
        sector.nodes[name].ordinary.append(GUESS)
    sector.run()
    assert known(sector.nodes["north"], GUESS) == {DAY: 1}
    for node in sector.nodes.values():
        assert not {"Report", "Receipts", "Declined"} & {line.kind for line in node.door.ledger.newest(200)}
    with t.reading(sector.engine) as connection:
        assert not connection.execute(select(t.SIGNS)).all()
    assert not sector.desk.lead_book.leads(10)


def test_no_id_is_the_same_on_two_days() -> None:
    identifiers = LocalIdentifiers(bytes(32))
    days = [identifiers.of(DAY + at, commons_terms.TIER).ids([CDN, ALERT]) for at in range(3)]
    assert len({one for ids in days for one in ids}) == 6


def test_an_answer_has_the_size_of_its_round_whatever_anybody_has(sector) -> None:
    sector.nodes["north"].ordinary = []
    sector.run()
    sizes = {
        line.bytes
        for node in sector.nodes.values()
        for line in node.door.ledger.newest(200)
        if line.kind == "CommonsAnswered"
    }
    assert len(sizes) == 1


@pytest.mark.slow
def test_while_a_table_is_worked_on_aside_the_step_goes_on_and_what_fails_is_begun_again(sector) -> None:
    begun, broken = [], ["the disk was away"]

    def aside(work):
        if "_hits" in work.__qualname__:  # another tier's round
            return join.at_once(work)
        begun.append(len(begun))
        asked = []

        def came():
            asked.append(1)
            if len(asked) < 2:
                return None
            if broken:
                raise OSError(broken.pop())
            return join.Done(work(), cpu_ms=7)

        return came

    sector.centre._join._aside = aside
    with pytest.raises(OSError, match="away"):
        turns(sector, 10)
    turns(sector, 20)
    assert begun == list(range(11))
    assert known(sector.nodes["north"], CDN) == {DAY: 1}
    assert commons_rounds(sector)[0].cpu_ms == 7 * commons_terms.R, "what its tables cost is kept with the round"
