"""What one holder claims, signed by itself: no key that it made alone stands, whatever threshold or slot it names."""

from dataclasses import replace

import pytest
import rfc8785

from bavn.keyholder.plan import statement
from bavn.model.moment import DAY_US, SECOND_US
from bavn.psi.threshold import shamir
from bavn.psi.threshold.shares import KeyShare, PublicKey
from bavn.wire.keyholder import KeysAsked
from tests.keyholder.conftest import TODAY
from tests.keyholder.holders import Circle, making_lines
from tests.keyholder.test_making import ALL, keys, shares
from tests.psi.conftest import SeededDice
from tests.psi.threshold.conftest import opened

FAR_S = 10_000_000


def own_key(circle, of, k=1, n=None):
    """A key that the last holder made up alone, and its share of it."""
    n = n or len(circle.holders)
    polynomial = shamir.polynomial(k, SeededDice(("own", of)))
    public = PublicKey(purpose=of, n=n, commitments=shamir.commitments(polynomial))
    return KeyShare.of(len(circle.holders), public, shamir.value(polynomial, len(circle.holders)))


def signed_alone(holder, slot, public):
    return {str(holder.number): holder.key.sign(statement(slot, public)).hex()}


def claimed(circle, slot, **terms):
    """The last holder claims such a key of each purpose; the shares that it claims."""
    liar, made = circle.holders[-1], {of: own_key(circle, of, **terms) for of in ALL}
    said = {
        of.decode(): {str(slot): (share.public.to_bytes().hex(), signed_alone(liar, slot, share.public))}
        for of, share in made.items()
    }
    liar.shares.claims = lambda: said
    return made


def owned(circle, made):
    """Keys that any other holder serves, or has signed, and whose secret the liar chose."""
    own = {share.public.point for share in made.values()}
    have = [
        version.share.public for holder in circle.holders[:-1] for of in ALL for version in holder.shares.versions(of)
    ]
    return sum(public.point in own for public in have)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("k", "n"), [(2, 3), (3, 5), pytest.param(5, 9, marks=pytest.mark.slow)])
def test_one_holder_that_claims_a_key_of_threshold_one_owns_none_and_is_named(tmp_path, k, n, first) -> None:
    circle = Circle(tmp_path, k=k, n=n)
    try:
        if not first:
            circle.slot()
        before = keys(circle, 1)
        made = claimed(circle, circle.clock.now_us() // SECOND_US + FAR_S)
        circle.slot()
        assert owned(circle, made) == 0
        after = keys(circle, 1)
        assert len(after) == len(ALL)
        for name, public in before.items():
            assert (
                PublicKey.of_bytes(bytes.fromhex(after[name])).point == PublicKey.of_bytes(bytes.fromhex(public)).point
            )
        for holder in circle.holders[:-1]:
            assert [*holder.making.latest.claims] == [n]
            assert "claims what is no key" in making_lines(holder)[-2].summary
    finally:
        circle.close()


@pytest.mark.parametrize(
    ("slot_s", "terms", "why"),
    [
        (-90, {"k": 1}, "a key of threshold 1 of 3, where it is 2 of 3"),
        (-90, {"k": 2, "n": 5}, "a key of threshold 2 of 5, where it is 2 of 3"),
        (FAR_S, {"k": 2}, "a key of a slot in which none was made for its day"),
        (0, {"k": 2}, "a key of a slot that is not over"),
        (-5 * DAY_US // SECOND_US, {"k": 2}, "a key of a slot in which none was made for its day"),
    ],
)
def test_each_claim_that_cannot_be_names_its_holder_within_a_slot(circle, slot_s, terms, why) -> None:
    circle.slot()
    every_s = circle.holders[0].settings.every_s
    next_s = (circle.clock.now_us() // SECOND_US // every_s + 1) * every_s
    made = claimed(circle, next_s + slot_s, **terms)
    before = opened(shares(circle, ALL[0], 1, 2))
    circle.slot()
    assert owned(circle, made) == 0
    assert opened(shares(circle, ALL[0], 1, 2)) == before
    for holder in circle.holders[:-1]:
        assert {number: one.reason.en for number, one in holder.making.latest.claims.items()} == {3: why}


def test_a_key_of_another_purpose_or_of_no_bytes_is_no_claim(circle) -> None:
    made = claimed(circle, 1)
    liar, said = circle.holders[-1], circle.holders[-1].shares.claims()
    first, second = [one.decode() for one in ALL[:2]]
    liar.shares.claims = lambda: {first: said[second], second: {"1": ("00", {})}}
    circle.slot()
    assert circle.holders[0].making.latest.claims[3].reason.en == "what is no key of its day, tier and use"
    assert owned(circle, made) == 0


@pytest.mark.parametrize("signs", ["alone", "for all", "nothing readable"])
def test_what_an_operator_writes_into_its_own_folder_is_no_key_either(circle, signs) -> None:
    """It is neither told to a node nor claimed, and the others share the true key with this holder anew."""
    circle.slot()
    whole = opened(shares(circle, ALL[0], 1, 2))
    liar = circle.holders[-1]
    slot = circle.clock.now_us() // SECOND_US - 1
    kept = {}
    for of in (of for of in ALL if int(of.split()[1]) == TODAY):
        share = own_key(circle, of, k=1 if signs == "alone" else 2)
        by = signed_alone(liar, slot, share.public)
        if signs == "for all":
            by |= dict.fromkeys("12", by["3"])
        held = (share.public.to_bytes().hex(), share.scalar.hex(), by)
        kept[of.decode()] = {str(slot): held} if signs != "nothing readable" else {"x": held, "7": "", "8": {"1": 2}}
    (liar.secrets / f"{TODAY}.shares").write_bytes(rfc8785.dumps(kept))
    assert liar.answered(liar.shares.claims)
    with pytest.raises(Exception, match="no share of that key"):
        liar.keys(KeysAsked(epoch=TODAY, tier="A"), None)
    circle.slot()
    assert keys(circle, 1) == keys(circle, 3)
    assert opened(shares(circle, ALL[0], 1, 3)) == whole


def test_a_key_of_terms_that_were_never_named_is_not_shared_anew_under_others(circle) -> None:
    """Of other terms than before, a key counts only where those before are named."""
    circle.slot()
    for holder in circle.holders:
        holder.settings = replace(holder.settings, k=3)
        holder.reopen()
    assert keys(circle, 1) == {}
    for holder in circle.holders:
        holder.settings = replace(holder.settings, before_k=2, before_n=3)
        holder.reopen()
    assert len(keys(circle, 1)) == len(ALL)
