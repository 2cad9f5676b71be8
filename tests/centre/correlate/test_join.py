"""The join's driver with real shares, receipts and reconstruction, and actors that lie, sleep, come late or twice."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.books.rounds import SqlRoundBook
from bavn.centre.books.tables import ANSWERS, ASKED, PLANES, QUARANTINE, ROUNDS, TAGS
from bavn.centre.correlate.join import Done
from bavn.centre.correlate.round_state import Phase
from bavn.centre.correlate.tier import Tier
from bavn.model.observable import Observable
from bavn.model.received import Upload
from bavn.model.statement import Closing, Opening, RevealWanted, TagsWanted

EVIL = Observable.of("domain", "evil.example.com")
BAD = Observable.of("ip4", "198.51.100.7")
LONE = [Observable.of("domain", f"only{index}.example.net") for index in range(6)]
B = Tier(name="B", t=3, m=20, r=4, every_s=300, upload_s=60, wave_s=10, reveal_s=600)


def three(fake_actor, manners=("honest", "honest", "honest"), shared=(EVIL,)):
    return [
        fake_actor(name, x, dict.fromkeys([*shared, lone]), manner)
        for name, x, manner, lone in zip(("east", "north", "west"), (3, 7, 11), manners, LONE, strict=False)
    ]


def rounds(sector):
    with sector.engine.connect() as connection:
        ids = connection.scalars(ROUNDS.select().with_only_columns(ROUNDS.c.id)).all()
    return [SqlRoundBook(sector.engine).round(round_id) for round_id in ids]


def count(sector, table):
    with sector.engine.connect() as connection:
        return len(connection.execute(table.select()).all())


def test_what_all_hold_is_revealed_and_shows_again_for_a_new_holder(fake_actor, fake_sector):
    sector = fake_sector(three(fake_actor, shared=(EVIL, BAD)))
    sector.talk()
    assert sector.revealed() == {EVIL: {"east", "north", "west"}, BAD: {"east", "north", "west"}}
    assert {observable for actor in sector.actors.values() for _, _, observable in actor.named} == {EVIL, BAD}
    sector.step(by_s=11)
    assert [round_.phase for round_ in rounds(sector)] == [Phase.CLOSED]
    assert {type(said) for said in sector.outgoing()} == {Closing}
    actors = three(fake_actor)
    del actors[2].elements[EVIL]
    sector = fake_sector(actors)
    sector.talk()
    assert sector.revealed() == {EVIL: {"east", "north"}}
    actors[2].elements[EVIL] = None
    sector.step(by_s=300)
    sector.talk()
    assert sector.revealed() == {EVIL: {"east", "north", "west"}}
    sector.step(by_s=11)
    latest = Counter(sign.actor for sign in sector.signs() if sign.observable == EVIL)
    assert set(latest) == {"east", "north", "west"}


def test_uploads_and_receipts_are_gone_after_the_round(fake_actor, fake_sector):
    sector = fake_sector(three(fake_actor))
    sector.talk()
    with sector.engine.connect() as connection:
        assert not connection.execute(PLANES.select()).all()
    assert count(sector, TAGS) > 0
    sector.step(by_s=11)
    assert count(sector, TAGS) == 0


def test_elements_of_the_same_holders_stay_apart_and_below_the_threshold_nobody_is_asked(fake_actor, fake_sector):
    several = [Observable.of("domain", f"c2-{index}.example.com") for index in range(8)]
    sector = fake_sector(three(fake_actor, shared=several))
    sector.talk()
    assert set(sector.revealed()) == set(several)
    tier = Tier(name="A", m=50, r=10, every_s=300, upload_s=60, wave_s=10, reveal_s=600)
    sector = fake_sector(three(fake_actor), tiers=(tier,))
    sector.talk()
    for actor in sector.actors.values():
        assert 1 <= len(actor.named) <= 8
    actors = three(fake_actor, shared=())
    for actor in actors[:2]:
        actor.elements[EVIL] = None
    sector = fake_sector(actors, tiers=(B,))
    sector.talk()
    assert sector.revealed() == {}
    assert {type(said) for said in sector.said} <= {Opening, Closing}


@pytest.mark.parametrize("manner", ["absent", "late", "silent"])
def test_two_go_on_without_the_third(fake_actor, fake_sector, manner):
    sector = fake_sector(three(fake_actor, ("honest", manner, "honest")))
    sector.talk()
    sector.step(by_s=61)
    sector.talk()
    for _ in range(4):
        sector.step(by_s=11)
        sector.talk()
    assert sector.revealed() == {EVIL: {"east", "west"}}
    if manner == "late":
        assert [refused.rule for _, refused in sector.refused] == ["upload_in_time"]


def test_the_first_upload_counts_and_a_round_with_too_few_is_void(fake_actor, fake_sector):
    sector = fake_sector(three(fake_actor, ("twice", "honest", "honest")))
    sector.talk()
    assert sector.revealed() == {EVIL: {"east", "north", "west"}}
    assert [refused.rule for _, refused in sector.refused] == ["one_upload"]
    sector = fake_sector(three(fake_actor, ("honest", "absent", "absent")))
    sector.talk()
    assert [round_.phase for round_ in rounds(sector)] == [Phase.UPLOADS]
    sector.step(by_s=61)
    assert [round_.phase for round_ in rounds(sector)] == [Phase.VOID]


class Slow:
    """Work that is done when it is let go on; ``raises`` once what it is given."""

    def __init__(self):
        self.begun, self.goes_on, self.raises = 0, False, None

    def __call__(self, work):
        self.begun += 1

        def came():
            if self.raises is not None:
                error, self.raises = self.raises, None
                raise error
            return Done(work()) if self.goes_on else None

        return came


def test_while_a_round_is_reconstructed_the_step_goes_on_and_no_upload_is_taken(fake_actor, fake_sector):
    """One was received in time and is worked off only now: what is reconstructed is what was there when it began."""
    sector = fake_sector(three(fake_actor, ("honest", "absent", "honest")))
    sector.talk()
    slow = sector.join._aside = Slow()
    in_time_us = sector.now_us
    sector.step(by_s=61)
    late = fake_actor("north", 7, {EVIL: None})
    (opening,) = [said for said in sector.said if isinstance(said, Opening) and said.to == "north"]
    (upload,) = late.answer(opening, in_time_us, sector.actor_dice)
    assert isinstance(upload, Upload)
    assert sector.take_in(upload).rule == "upload_in_time"
    sector.step()
    assert (slow.begun, [one.phase for one in rounds(sector)], sector.outgoing()) == (1, [Phase.UPLOADS], [])
    slow.goes_on = True
    sector.talk()
    assert sector.revealed() == {EVIL: {"east", "west"}}


def test_a_reconstruction_that_fails_or_is_killed_is_begun_anew(fake_actor, fake_sector):
    sector = fake_sector(three(fake_actor))
    slow = sector.join._aside = Slow()
    sector.talk()
    slow.raises = OSError("the disk was away")
    with pytest.raises(OSError, match="away"):
        sector.step()
    sector.step()
    assert slow.begun == 2
    sector.restart()  # the thread went with the process
    sector.talk()
    assert sector.revealed() == {EVIL: {"east", "north", "west"}}


def test_one_round_is_reconstructed_at_a_time_and_one_that_is_gone_holds_up_none(fake_actor, fake_sector):
    """A table of all uploads is in memory at a time, and not one of each tier."""
    tiers = [Tier(name=name, m=20, r=4, every_s=300, upload_s=60, wave_s=10, reveal_s=600) for name in "AB"]
    sector = fake_sector(three(fake_actor), tiers=tuple(tiers))
    slow = sector.join._aside = Slow()
    sector.talk()
    sector.step()
    assert slow.begun == 1
    (held,) = sector.join._joining
    with sector.engine.begin() as connection:
        connection.execute(ROUNDS.delete().where(ROUNDS.c.id == held))
    sector.step()
    assert slow.begun == 2
    slow.goes_on = True
    sector.talk()
    assert sector.revealed() == {EVIL: {"east", "north", "west"}}


def test_a_wrong_value_is_quarantined_whatever_the_others_say(fake_actor, fake_sector):
    sector = fake_sector(three(fake_actor, ("honest", "wrong_value", "honest")))
    sector.talk()
    assert sector.revealed() == {}
    with sector.engine.connect() as connection:
        named = [row.named for row in connection.execute(QUARANTINE.select())]
    assert named
    assert all("innocent-north.example.org" in one and "evil.example.com" in one and "north" in one for one in named)


def test_what_counted_already_stops_counting_when_another_disagrees(fake_actor, fake_sector):
    sector = fake_sector(three(fake_actor, ("honest", "honest", "wrong_value")))
    last, held_back = sector.actors["west"].answer, []

    def slow(said, now_us, dice):
        answers = last(said, now_us, dice)
        if isinstance(said, RevealWanted):
            held_back.extend(answers)
            return []
        return answers

    sector.actors["west"].answer = slow
    sector.talk()
    counted = len(sector.signs())
    assert sector.revealed() == {EVIL: {"east", "north"}}
    for answer in held_back:
        sector.take_in(answer)
    assert count(sector, QUARANTINE) == len(held_back) > 0
    disputed = {f"-{answer.table}-{answer.bin}-" for answer in held_back}
    assert len(sector.signs()) < counted
    assert not [sign for sign in sector.signs() if any(cell in sign.report_id for cell in disputed)]


def test_wrong_receipts_of_one_do_not_silence_the_others(fake_actor, fake_sector):
    for liar in range(3):
        manners = ["honest"] * 3
        manners[liar] = "wrong_tags"
        sector = fake_sector(three(fake_actor, manners))
        sector.talk()
        for _ in range(4):
            sector.step(by_s=11)
            sector.talk()
        names = {"east", "north", "west"} - {("east", "north", "west")[liar]}
        assert names <= sector.revealed()[EVIL]


def test_one_that_declines_leaves_the_rest_to_speak_but_fewer_than_t_reveal_nothing(fake_actor, fake_sector):
    sector = fake_sector(three(fake_actor, ("declines", "honest", "honest")))
    sector.talk()
    assert sector.revealed() == {EVIL: {"north", "west"}}
    sector = fake_sector(three(fake_actor, ("declines", "honest", "honest")), tiers=(B,))
    sector.talk()
    assert any(actor.named for actor in sector.actors.values())
    assert sector.revealed() == {}


def test_what_was_not_asked_for_is_turned_away(fake_actor, fake_sector, sign):
    from bavn.model.received import Decline, Revealed, TagAt, Tags

    sector = fake_sector(three(fake_actor))
    sector.talk()
    (round_,) = rounds(sector)
    unasked = next(
        (table, bin_)
        for table in range(4)
        for bin_ in range(40)
        if not any((hit.cell.table, hit.cell.bin) == (table, bin_) for hit in sector.join._book.view(round_).hits)
    )
    tags = Tags(item_id="t", actor="east", round_id=round_.id, tags=(TagAt(*unasked, bytes(16)),), received_us=1)
    no = Decline(item_id="d", actor="east", round_id=round_.id, table=unasked[0], bin=unasked[1], received_us=1)
    report = Revealed(sign=sign(actor="east", round_id=round_.id, report_id="x"), table=unasked[0], bin=unasked[1])
    stranger = Decline(item_id="e", actor="nobody-here", round_id=round_.id, table=0, bin=0, received_us=1)
    nowhere = Decline(item_id="f", actor="east", round_id="ff" * 16, table=0, bin=0, received_us=1)
    rules = [sector.take_in(one).rule for one in (tags, no, report, stranger, nowhere)]
    assert rules == ["asked_for", "asked_for", "asked_for", "round_member", "round_known"]


def test_wrong_uploads_are_refused_with_their_reason(fake_actor, fake_sector):
    sector = fake_sector(three(fake_actor))
    sector.step()
    opening = sector.outgoing()[0]
    right = 8 * opening.r * opening.m * opening.t
    upload = {
        "item_id": "u",
        "actor": "east",
        "round_id": opening.round_id,
        "registry_version": 1,
        "key_check": "0" * 32,
        "planes": bytes(right),
        "received_us": sector.now_us,
    }
    for change, rule in (
        ({"planes": bytes(right - 4)}, "planes_length"),
        ({"planes": b"\xff" * right}, "planes_value"),
        ({"registry_version": 2}, "registry_version"),
        ({"received_us": opening.deadline_us + 1}, "upload_in_time"),
    ):
        assert sector.take_in(Upload(**upload | change)).rule == rule
    assert sector.take_in(Upload(**upload)) is None
    assert sector.take_in(Upload(**upload)) is None
    assert sector.take_in(Upload(**upload | {"item_id": "v"})).rule == "one_upload"


HOLDERS = st.sampled_from([{0, 1, 2, 3}, {0, 1, 2}, {1, 2, 3}, {0, 3}, {2}])
MANNERS = st.sampled_from([*["honest"] * 8, "silent", "absent", "wrong_tags", "wrong_value", "declines"])


@pytest.mark.slow
@settings(max_examples=10)
@given(
    data=st.data(),
    manners=st.lists(MANNERS, min_size=4, max_size=4),
    holders=st.lists(HOLDERS, min_size=1, max_size=4),
    t=st.sampled_from([2, 3]),
)
def test_any_schedule_reveals_nothing_below_t_and_nothing_twice(fake_actor, fake_sector, data, manners, holders, t):
    tier = Tier(name="A", t=t, m=12, r=4, every_s=300, upload_s=60, wave_s=10, reveal_s=120)
    shared = [Observable.of("domain", f"e{index}.example.com") for index in range(len(holders))]
    actors = [
        fake_actor(f"actor-{n}", n + 1, {e: None for e, who in zip(shared, holders, strict=True) if n in who}, manner)
        for n, manner in enumerate(manners)
    ]
    sector = fake_sector(actors, tiers=(tier,), seed=data.draw(st.integers(0, 1000)))
    on_the_way = []
    sector.step()
    for _ in range(70):
        for said in sector.outgoing():
            on_the_way += sector.actors[said.to].answer(said, sector.now_us, sector.actor_dice)
        move = data.draw(st.sampled_from(["deliver"] * 8 + ["restart", "repeat", "lose", "wait"]))
        if move in ("deliver", "repeat") and on_the_way:
            index = data.draw(st.integers(0, len(on_the_way) - 1))
            several = on_the_way[index : index + 4]
            for heard in several:
                sector.take_in(heard)
            if move == "deliver":
                del on_the_way[index : index + 4]
        elif move == "lose" and on_the_way:
            on_the_way.pop()
        elif move == "restart":
            sector.restart()
        sector.step(by_s=13 if move == "wait" else 0)
    for heard in on_the_way:
        sector.take_in(heard)
    sector.step(by_s=179 - (sector.now_us // 1_000_000) % 300 % 179)
    truth = {e: {f"actor-{n}" for n in who} for e, who in zip(shared, holders, strict=True)}
    for observable, said_by in sector.revealed().items():
        assert observable in truth
        assert len(truth[observable]) >= t
        assert said_by <= truth[observable]
        assert len(said_by) >= t
    for actor in actors:
        for _, _, observable in actor.named:
            assert len(truth[observable]) >= t
    for kind in (TagsWanted, RevealWanted):
        asked = Counter(
            (s.to, s.round_id, cell, others) for s in sector.said if isinstance(s, kind) for cell, others in _askings(s)
        )
        assert max(asked.values(), default=1) == 1


def _askings(said):
    if isinstance(said, TagsWanted):
        return [(cell, ()) for cell in said.cells]
    return [((item.table, item.bin), tuple(item.others)) for item in said.items]


def test_the_store_keeps_askings_and_a_round_names_its_forms_and_keys(fake_actor, fake_sector):
    sector = fake_sector(three(fake_actor))
    sector.talk()
    sector.step(by_s=11)
    assert count(sector, ASKED) > 0
    assert count(sector, ANSWERS) > 0
    sector = fake_sector(three(fake_actor, ("honest", "honest", "absent")))
    sector.talk()
    sector.step(by_s=61)
    sector.talk()
    sector.step(by_s=11)
    (round_,) = rounds(sector)
    assert round_.key_groups == ()
    assert {said.other_keys for said in sector.outgoing() if isinstance(said, Closing)} <= {0}
    sector = fake_sector(three(fake_actor))
    sector.step()
    assert {said.forms for said in sector.outgoing()} == {"1-" + "0" * 16}
    (round_,) = rounds(sector)
    assert round_.params.forms == "1-" + "0" * 16


def test_other_keys_at_one_actor_are_seen_and_told(fake_actor, fake_sector):
    """Key holders that hand out different keys, or another list of members."""
    actors = three(fake_actor)
    actors[1].key_check = "1" * 32
    sector = fake_sector(actors)
    sector.talk()
    sector.step(by_s=11)
    (round_,) = rounds(sector)
    assert round_.key_groups == ((3, 11), (7,))
    told = {said.to: said.other_keys for said in sector.outgoing() if isinstance(said, Closing)}
    assert told == {"east": 1, "north": 2, "west": 1}


def test_planes_that_are_damaged_in_the_store_stop_the_centre(fake_actor, fake_sector):
    from bavn.centre.correlate.join import PlanesSpoilt

    for damage in ({"planes": b"\xff" * 320}, {"planes": b""}, {"x": 5}):
        sector = fake_sector(three(fake_actor))
        sector.step()
        for said in sector.outgoing()[:2]:
            for heard in sector.actors[said.to].answer(said, sector.now_us, sector.actor_dice):
                sector.take_in(heard)
        with sector.engine.begin() as connection:
            connection.execute(PLANES.update().where(PLANES.c.cell_table == 3, PLANES.c.x == 3).values(**damage))
        with pytest.raises(PlanesSpoilt):
            sector.step(by_s=61)
