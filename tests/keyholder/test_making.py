"""Holders make each day's keys among themselves over signed posts, whoever dies, is cut off or shows two faces."""

from dataclasses import replace

import pytest
import rfc8785

from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown
from bavn.psi.threshold.terms import IDS, ROUNDS, purpose
from bavn.rehearsal.keyholding import NO_FAULTS
from bavn.rehearsal.script import HolderChange
from bavn.wire.codec import encode
from bavn.wire.keyholder import ROUNDS as ROUNDS_OF_POSTS
from bavn.wire.keyholder import HolderPost, PostsAsked, TwoFaces
from bavn.wire.strict_json import parse
from tests.keyholder.conftest import TODAY
from tests.keyholder.holders import DEAD, TIERS, Circle, making_lines
from tests.keyholder.test_parts import Node
from tests.psi.conftest import SeededDice
from tests.psi.threshold.conftest import opened

DAYS = range(TODAY, TODAY + 4)
ALL = sorted(purpose(day, tier, use) for day in DAYS for tier in TIERS for use in (IDS, ROUNDS))


def keys(circle, number):
    """What a holder serves: purpose -> the newest public key that k signed."""
    claims = circle.holders[number - 1].shares.claims()
    signed = {
        name: {slot: one[0] for slot, one in said.items() if len(one[1]) >= circle.k} for name, said in claims.items()
    }
    return {name: said[max(said, key=int)] for name, said in signed.items() if said}


def shares(circle, of, *numbers):
    return [circle.holders[number - 1].shares.versions(of)[0].share for number in numbers]


def test_all_keys_of_today_and_three_days_ahead_are_made_at_the_first_slot(circle) -> None:
    circle.slot()
    assert sorted(name.encode() for name in keys(circle, 1)) == ALL
    assert keys(circle, 1) == keys(circle, 2) == keys(circle, 3)
    for of in ALL:
        assert opened(shares(circle, of, 1, 2)) == opened(shares(circle, of, 2, 3)) == opened(shares(circle, of, 1, 3))
    assert [line.verdict for holder in circle.holders for line in making_lines(holder)] == ["passed"] * 3
    before = keys(circle, 1)
    circle.slot()
    assert keys(circle, 1) == before
    assert [len(making_lines(holder)) for holder in circle.holders] == [1, 1, 1]


def test_one_holder_alone_makes_its_keys_at_once_and_once(tmp_path) -> None:
    """One of one: it waits for no slot and for nobody, a start within the slot changes no key."""
    circle = Circle(tmp_path, k=1, n=1)
    (holder,) = circle.holders
    assert not holder.make()
    before = keys(circle, 1)
    assert sorted(name.encode() for name in before) == ALL
    holder.reopen()
    assert not holder.make()
    assert keys(circle, 1) == before
    for _ in range(2):
        circle.slot()
        assert keys(circle, 1) == before
    assert len(making_lines(holder)) == 1
    circle.clock.advance(DAY_US)
    circle.slot()
    assert {int(name.split()[1]) for name in keys(circle, 1)} == {*DAYS, TODAY + 4}
    circle.close()


def test_one_holder_alone_that_lost_its_shares_makes_other_keys(tmp_path) -> None:
    circle = Circle(tmp_path, k=1, n=1)
    (holder,) = circle.holders
    holder.make()
    before = keys(circle, 1)
    holder.change(HolderChange(0, holder.name, NO_FAULTS, lost=True))
    circle.slot()
    assert keys(circle, 1).keys() == before.keys()
    assert not set(keys(circle, 1).values()) & set(before.values())
    circle.close()


def test_the_next_days_key_is_made_three_days_ahead_and_past_ones_are_destroyed(circle) -> None:
    circle.slot()
    circle.clock.advance(DAY_US)
    circle.slot()
    assert {int(name.split()[1]) for name in keys(circle, 1)} == {*DAYS, TODAY + 4}
    circle.clock.advance(DAY_US)
    holder = circle.holders[0]
    kept = holder.secrets / f"{TODAY}.shares"
    opened_before = kept.open("rb")
    assert holder.shares.destroy_past() == [TODAY]
    assert not kept.exists()
    assert not any(opened_before.read()), "what was on the disk is overwritten"
    opened_before.close()


def test_one_that_is_dead_is_missed_by_nobody_and_catches_up_by_a_reshare(circle) -> None:
    circle.holders[2].faults = DEAD
    circle.slot()
    before = keys(circle, 1)
    assert len(before) == len(ALL)
    assert (keys(circle, 2), keys(circle, 3)) == (before, {})
    assert circle.holders[0].making.latest.silent == (3,)
    whole = opened(shares(circle, ALL[0], 1, 2))
    circle.holders[2].faults = NO_FAULTS
    circle.slot()
    assert keys(circle, 1) == keys(circle, 2) == keys(circle, 3) != before
    assert opened(shares(circle, ALL[0], 1, 3)) == whole == opened(shares(circle, ALL[0], 2, 3))
    assert circle.holders[0].making.latest.silent == ()


@pytest.mark.parametrize("second", [0, 1, 2, 3, 4])
def test_one_that_dies_in_the_middle_costs_a_slot_at_most(circle, second) -> None:
    def dies(at):
        if at == second:
            circle.holders[1].faults = DEAD

    circle.slot(dies)
    circle.holders[1].faults = DEAD
    circle.slot()
    assert keys(circle, 1) == keys(circle, 3)
    assert len(keys(circle, 1)) == len(ALL)


def test_a_holder_that_one_other_cannot_reach_still_takes_part(circle) -> None:
    """Its posts are passed on, and its sub-share, which nobody passes on, is answered for all holders to see."""

    def faces(to):
        def said(number, answer):
            if number == to:
                raise LinkDown("there is no way through")
            return answer

        return said

    circle.holders[0].faces, circle.holders[1].faces = faces(2), faces(1)
    circle.slot()
    assert keys(circle, 1) == keys(circle, 2) == keys(circle, 3)
    assert len(keys(circle, 1)) == len(ALL)
    assert opened(shares(circle, ALL[0], 1, 2)) == opened(shares(circle, ALL[0], 2, 3))


def test_who_shows_two_faces_is_seen_by_all_and_left_out_from_then_on(circle) -> None:
    liar = circle.holders[2]

    def faces(number, answer):
        """To holder 2 it says that it has nothing to say, signed as well."""
        posts = []
        for post in answer.posts:
            if number == 2 and post.number == 3 and post.round == 1:
                said = HolderPost.statement(liar.making._session.slot, 3, 1, b"{}")
                signature = liar.key.sign(said).hex()
                posts.append(post.model_copy(update={"post": b"{}".hex(), "signature": signature}))
            else:
                posts.append(post)
        return answer.model_copy(update={"posts": tuple(posts)})

    liar.faces = faces
    circle.slot()
    circle.slot()
    assert circle.holders[0].making.latest.faults == (3,) == circle.holders[1].making.latest.faults
    assert len(keys(circle, 1)) == len(ALL)
    assert keys(circle, 1) == keys(circle, 2)


def test_who_shows_two_faces_to_one_alone_as_the_others_end_is_left_out_by_all_for_a_day(tmp_path) -> None:
    """There is nothing to make, so that the others end before the one can pass it on: it proves it in the next slot."""
    circle = Circle(tmp_path, 3, 5)
    liar, other = circle.holders[4], circle.holders[3]

    def faces(number, answer):
        posts = tuple(says_less(liar, post) if (number, post.number) == (3, 5) else post for post in answer.posts)
        return answer.model_copy(update={"posts": posts})

    try:
        circle.slot()
        liar.faces = faces
        circle.slot()
        assert [one.making.latest.faults for one in circle.holders[:3]] == [(), (), (5,)]
        liar.faces = lambda _, answer: answer
        (other.secrets / f"{TODAY}.shares").unlink()
        circle.slot()
        assert [(one.making.latest.made, one.making.latest.faults) for one in circle.holders[:4]] == [(2, (5,))] * 4
        circle.clock.advance(DAY_US)
        circle.slot()
        assert [one.making.latest.faults for one in circle.holders] == [()] * 5
    finally:
        circle.close()


def says_less(liar, post):
    """The same claims with a signature less of each key, signed by ``liar``; other posts as they are."""
    if post.round != 0:
        return post
    claims = parse(bytes.fromhex(post.post), len(post.post))
    less = {
        name: {slot: (raw, {at: by[at] for at in sorted(by)[1:]}) for slot, (raw, by) in of.items()}
        for name, of in claims.items()
    }
    raw = rfc8785.dumps(less)
    signature = liar.key.sign(HolderPost.statement(liar.making._session.slot, post.number, 0, raw)).hex()
    return post.model_copy(update={"post": raw.hex(), "signature": signature})


def test_a_proof_of_two_faces_counts_for_two_posts_of_the_same_slot_and_round_alone(circle) -> None:
    liar, slots = circle.holders[2], []

    def faces(number, answer):
        first = next((post for post in answer.posts if post.number == 1 and post.round == 0), None)
        if first is None:
            return answer
        slot = liar.making._session.slot
        shown = TwoFaces.of(slot, first, first)
        other = says_less(liar, first)
        lies = (shown, TwoFaces.of(slot, first, other), TwoFaces.of(slot - 900, first, first))
        slots.append(slot)
        return answer.model_copy(update={"faces": lies})

    liar.faces = faces
    circle.slot()
    circle.slot()
    assert len(slots) >= 2
    assert [one.making.latest.faults for one in circle.holders] == [()] * 3


def test_a_post_that_another_holder_changed_is_not_taken(circle) -> None:
    def faces(number, answer):
        return answer.model_copy(
            update={
                "posts": tuple(
                    post.model_copy(update={"post": b"{}".hex()}) if post.number == 1 else post for post in answer.posts
                )
            }
        )

    circle.holders[2].faces = faces
    circle.slot()
    assert keys(circle, 1) == keys(circle, 2)
    assert circle.holders[1].making.latest.faults == ()


def test_a_process_that_was_started_within_a_slot_says_nothing_in_it(circle) -> None:
    def starts(at):
        if at == 1:
            circle.holders[0].reopen()

    circle.slot(starts)
    assert keys(circle, 1) == {}
    assert keys(circle, 2) == keys(circle, 3)
    circle.slot()
    assert keys(circle, 1) == keys(circle, 2) == keys(circle, 3)
    assert len(keys(circle, 1)) == len(ALL)


def test_a_lost_folder_is_made_good_and_a_damaged_file_too(circle) -> None:
    circle.slot()
    (circle.holders[1].secrets / f"{TODAY}.shares").write_bytes(b"\x00 damaged")
    whole = opened(shares(circle, ALL[0], 1, 3))
    circle.slot()
    assert keys(circle, 1) == keys(circle, 2) == keys(circle, 3)
    assert opened(shares(circle, ALL[0], 1, 2)) == whole


@pytest.mark.parametrize(("k", "n"), [(1, 1), (2, 3)])
def test_more_holders_get_the_same_key_by_a_reshare(tmp_path, k, n) -> None:
    before = Circle(tmp_path, k, n)
    before.slot()
    whole = opened(shares(before, ALL[0], *range(1, k + 1)))
    before.close()
    grown = Circle(tmp_path, k=3, n=5, clock=before.clock)
    try:
        for holder in grown.holders:
            holder.settings = replace(holder.settings, before_k=k, before_n=n)
            holder.reopen()
        grown.slot()
        assert opened(shares(grown, ALL[0], 1, 4, 5)) == whole
    finally:
        grown.close()


def test_one_that_is_silent_for_a_slot_costs_the_others_no_key(circle) -> None:
    """With only one left of two that have it, a key is waited for: never made anew under those who use it."""
    circle.slot()
    before = opened(shares(circle, ALL[0], 1, 2))
    for file in circle.holders[2].secrets.iterdir():
        file.unlink()
    circle.holders[1].faults = DEAD
    circle.slot()
    assert keys(circle, 3) == {}
    circle.holders[1].faults = NO_FAULTS
    circle.slot()
    assert opened(shares(circle, ALL[0], 1, 3)) == before == opened(shares(circle, ALL[0], 2, 3))


def ends_alone(circle, number):
    """In the last round holder ``number`` hears all, and no other hears anybody."""

    def faces(holder):
        def said(to, answer):
            posts = tuple(post for post in answer.posts if post.round < ROUNDS_OF_POSTS - 1)
            return answer if to == number else answer.model_copy(update={"posts": posts})

        holder.faces = said

    for holder in circle.holders:
        faces(holder)
    circle.slot()
    for holder in circle.holders:
        holder.faces = None


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_key_that_one_ended_alone_stands_at_all_from_the_next_slot_on(circle, number) -> None:
    """No holder signs a key before its share is on the disk, so that k have what k signed."""
    ends_alone(circle, number)
    assert [len(keys(circle, at)) for at in (1, 2, 3)].count(len(ALL)) == 1
    served = [not isinstance(holder.shares.public(TODAY, "A"), Refused) for holder in circle.holders]
    assert served == [at == number for at in (1, 2, 3)], "who has not seen k signatures tells no node of the key"
    before = opened(shares(circle, ALL[0], 1, 2))
    circle.slot()
    assert keys(circle, 1) == keys(circle, 2) == keys(circle, 3)
    assert len(keys(circle, 1)) == len(ALL)
    assert opened(shares(circle, ALL[0], 2, 3)) == before
    told = [line.verdict for holder in circle.holders for line in making_lines(holder)]
    assert told.count("refused") == 2
    assert told.count("passed") == 1 + 2


def test_whoever_ended_alone_may_be_gone_for_good_and_the_others_have_a_key_all_the_same(circle) -> None:
    ends_alone(circle, 1)
    circle.holders[0].faults = DEAD
    circle.slot()
    assert keys(circle, 2) == keys(circle, 3)
    assert len(keys(circle, 2)) == len(ALL)


def test_a_reshare_that_one_ended_alone_loses_nobody_its_old_share(circle) -> None:
    circle.slot()
    whole = opened(shares(circle, ALL[0], 1, 2))
    for _ in range(3):
        for file in circle.holders[2].secrets.iterdir():
            file.unlink()
        ends_alone(circle, 1)
        assert len(keys(circle, 2)) == len(ALL)
    circle.slot()
    assert keys(circle, 1) == keys(circle, 2) == keys(circle, 3)
    assert opened(shares(circle, ALL[0], 1, 3)) == whole == opened(shares(circle, ALL[0], 2, 3))


def test_a_key_that_fewer_than_k_have_for_good_is_made_anew_when_all_have_said_so(circle) -> None:
    circle.slot()
    before = opened(shares(circle, ALL[0], 1, 2))
    for holder in circle.holders[1:]:
        for file in holder.secrets.iterdir():
            file.unlink()
    circle.slot()
    assert keys(circle, 1) == keys(circle, 2) == keys(circle, 3)
    assert len(keys(circle, 1)) == len(ALL)
    assert opened(shares(circle, ALL[0], 2, 3)) != before


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("question", [*range(12), 20, 30, 40])
def test_one_that_is_killed_at_any_moment_costs_two_slots_at_most_and_nobody_a_file(circle, number, question) -> None:
    circle.holders[number - 1].mortal.kill_after(question)
    circle.slot()
    circle.holders[number - 1].mortal.spare()
    circle.slot()
    circle.slot()
    assert keys(circle, 1) == keys(circle, 2) == keys(circle, 3)
    assert len(keys(circle, 1)) == len(ALL)


def test_a_claim_of_fewer_than_k_holds_up_no_key(circle, monkeypatch) -> None:
    """One that says there is a key, which nobody else signed, keeps the others from none."""
    stranger = Circle(circle.folder / "other", clock=circle.clock)
    try:
        stranger.slot()
        made = stranger.holders[2].shares.claims()
        monkeypatch.setattr(circle.holders[2].shares, "claims", lambda: made)
        circle.holders[1].faults = DEAD  # where all are heard a key of too few is made anew, whoever signed it
        circle.slot()
        assert len(keys(circle, 1)) == len(ALL)
    finally:
        stranger.close()


def test_what_one_holder_claims_alone_is_no_key(circle) -> None:
    circle.slot()
    stranger = Circle(circle.folder / "other")
    try:
        stranger.slot()
        claims = stranger.holders[2].shares.claims
        circle.holders[2].shares.claims = lambda: {
            name: {str(2**49): claim for claim in said.values()} for name, said in claims().items()
        }
        before = opened(shares(circle, ALL[0], 1, 2))
        circle.slot()
        assert opened(shares(circle, ALL[0], 1, 2)) == before
    finally:
        stranger.close()


def posts_of_a_day(circle, actors):
    """All bytes that holders gave each other at the first slot of a new day, after these actors asked them."""
    for holder in circle.holders:
        holder.shares._dice = SeededDice(("parts", holder.number))  # proofs of parts draw for themselves
    circle.slot()
    for actor in actors:
        node = Node(circle, actor)
        node.join(actor == "south")
        node.book.close()
    circle.clock.advance(DAY_US)
    given = []

    def hear(_):
        for holder in circle.holders:
            asked = PostsAsked(slot=holder.making._session.slot)
            given.extend(encode(holder.making.posts(number, asked)).body for number in (1, 2, 3))

    circle.slot(hear)
    circle.close()
    return given


def test_what_holders_say_to_each_other_is_the_same_bytes_whoever_asked_them_for_parts(tmp_path) -> None:
    quiet, busy = (
        posts_of_a_day(Circle(tmp_path / world / "holders"), actors)
        for world, actors in (("quiet", ()), ("busy", ("north", "south")))
    )
    assert any(len(body) > 1000 for body in quiet)
    assert quiet == busy
