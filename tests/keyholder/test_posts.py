"""What key holders post has a bound that their terms fix, and is said to each other once, whatever k-1 liars post."""

import pytest
import rfc8785

from bavn.keyholder.plan import CLAIMS_MAX, wanted
from bavn.keyholder.posts import answer_bytes_max, has_form, post_bytes_max
from bavn.model.moment import DAY_US
from bavn.wire.codec import encode
from bavn.wire.keyholder import ROUNDS, HolderPost, PostsAsked
from tests.keyholder.holders import Circle, making_lines
from tests.keyholder.test_making import ALL, keys

FAT = b'{"x":"' + b"a" * 260_000 + b'"}'


def slot_of(holder):
    return holder.making._session.slot


def signed(liar, round_, post, number=None):
    signature = liar.key.sign(HolderPost.statement(slot_of(liar), liar.number, round_, post)).hex()
    return HolderPost(number=number or liar.number, round=round_, post=post.hex(), signature=signature)


def posts_instead(liar, post):
    """In each round it signs ``post`` (of the honest one) in place of its own; in each answer anew."""

    def faces(_, answer):
        own = [one for one in answer.posts if one.number == liar.number]
        others = tuple(one for one in answer.posts if one.number != liar.number)
        lied = (signed(liar, one.round, post(bytes.fromhex(one.post))) for one in own)
        return answer.model_copy(update={"posts": (*others, *lied)})

    liar.faces = faces


def counted(holder, given):
    """``given``: (from, to) -> each answer's posts and bytes."""

    def faces(to, answer):
        given.setdefault((holder.number, to), []).append((answer.posts, len(encode(answer).body)))
        return answer

    holder.faces = faces


@pytest.mark.parametrize(("k", "n"), [(3, 5), pytest.param(5, 9, marks=pytest.mark.slow)])
def test_liars_that_post_much_are_named_and_honest_holders_say_no_more_than_their_terms_bound(tmp_path, k, n) -> None:
    circle, given = Circle(tmp_path, k, n), {}
    try:
        circle.slot()
        honest, liars = circle.holders[:k], circle.holders[k:]
        for one in honest:
            counted(one, given)
        for liar in liars:
            posts_instead(liar, lambda _: FAT)
        circle.clock.advance(DAY_US)
        circle.slot()
        assert len(keys(circle, 1)) == len(ALL) + 2
        assert all(keys(circle, one.number) == keys(circle, 1) for one in honest)
        for one in honest:
            bytes_max = answer_bytes_max(one.settings, slot_of(one))
            assert bytes_max < len(FAT) * n
            whole = one.making.posts(1, PostsAsked(slot=slot_of(one)))
            assert len(encode(whole).body) <= bytes_max
            assert {post.number for post in whole.posts} == {other.number for other in honest}
            again = one.making.posts(1, PostsAsked(slot=slot_of(one), since=len(whole.posts)))
            assert (again.posts, again.private) == ((), "")
            assert one.making.latest.faults == tuple(liar.number for liar in liars)
            assert "said what cannot be" in making_lines(one)[-2].summary
            for other in honest:
                said = given.get((one.number, other.number), [])
                assert sum(sent for _, sent in said) <= bytes_max + 200 * len(said)
    finally:
        circle.close()


def test_each_post_is_given_to_each_once(circle) -> None:
    given = {}
    for one in circle.holders:
        counted(one, given)
    circle.slot()
    assert len(given) == 6
    for said in given.values():
        posts = [(post.number, post.round) for posts, _ in said for post in posts]
        assert len({*posts}) == len(posts)
        assert len(posts) >= ROUNDS
    assert {one.making.latest.faults for one in circle.holders} == {()}


@pytest.mark.parametrize(
    "post",
    [
        lambda _: b"",
        lambda _: b"[]",
        lambda honest: b" " + honest,
        lambda honest: honest[:-1] + b',"x":""}',
        lambda honest: honest.replace(b"ids 20", b"ids 10"),
        lambda honest: honest.replace(b'":', b'":1,"', 1),
        lambda honest: rfc8785.dumps({ALL[0].decode(): [honest.decode()]}),
        lambda honest: rfc8785.dumps({ALL[0].decode(): "00" * len(honest)}),
    ],
)
def test_a_post_without_the_form_of_its_round_names_its_author_and_is_passed_on_to_none(circle, post) -> None:
    posts_instead(circle.holders[2], post)
    circle.slot()
    for one in circle.holders[:2]:
        assert one.making.latest.faults == (3,)
        whole = one.making.posts(1, PostsAsked(slot=slot_of(one)))
        assert {said.post for said in whole.posts if said.number == 3} <= {b"{}".hex()}
    assert keys(circle, 1) == keys(circle, 2)
    assert len(keys(circle, 1)) == len(ALL)


def test_who_passes_on_more_than_there_is_is_named_and_asked_no_more_in_the_slot(circle) -> None:
    """In another's name, and without that one's signature: whose post it is, nobody can say."""
    liar, asked = circle.holders[2], []

    def faces(to, answer):
        asked.append(to)
        return answer.model_copy(update={"posts": (signed(liar, 0, FAT, number=1),)})

    liar.faces = faces
    circle.slot()
    assert sorted(asked) == [1, 2]
    assert [one.making.latest.faults for one in circle.holders[:2]] == [(3,), (3,)]
    assert len(keys(circle, 1)) == len(ALL)


def test_the_bound_of_a_post_is_the_longest_that_is_honest(circle) -> None:
    """As long as its terms admit, and no byte more."""
    holder = circle.holders[0]
    circle.slot()
    slot, settings, names = slot_of(holder), holder.settings, wanted(holder.settings, slot_of(holder))
    for post in holder.making.posts(2, PostsAsked(slot=slot)).posts:
        raw = bytes.fromhex(post.post)
        assert has_form(settings, slot, post.round, raw)
        assert not has_form(settings, slot, (post.round + 1) % ROUNDS, raw) or raw == b"{}"
    deal = b"bavn-m3-1D" + bytes(32) + b"\1" + bytes(settings.k * 32 + 64)
    longest = rfc8785.dumps(dict.fromkeys(names, deal.hex()))
    assert post_bytes_max(settings, slot, 1) == len(longest)
    assert has_form(settings, slot, 1, longest)
    assert not has_form(settings, slot, 1, rfc8785.dumps({names[0]: (deal + b"\0").hex()}))
    signed_by = {str(number): "ab" * 64 for number in range(1, settings.n + 1)}
    publics = {name: holder.shares.versions(name.encode())[0].share.public.to_bytes().hex() for name in names}
    claims = {
        name: {str(10**14 + at): (public, signed_by) for at in range(CLAIMS_MAX)} for name, public in publics.items()
    }
    assert post_bytes_max(settings, slot, 0) == len(rfc8785.dumps(claims))
    assert has_form(settings, slot, 0, rfc8785.dumps(claims))
    one = claims[names[0]] | {"5": (publics[names[0]], {})}
    assert not has_form(settings, slot, 0, rfc8785.dumps({names[0]: one}))
