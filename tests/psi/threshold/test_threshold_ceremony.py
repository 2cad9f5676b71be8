"""Making a key without a dealer: who lies, dies or complains is named or borne, and the honest end with one key."""

from dataclasses import replace
from itertools import combinations

import pytest

from bavn.psi import group, oprf
from bavn.psi.threshold import ceremony, messages, shamir
from bavn.psi.threshold import evaluate as by_holders
from bavn.psi.threshold.ceremony import Failed, Made
from bavn.psi.threshold.judge import Fault, knowledge_context
from bavn.psi.threshold.messages import Answers, Complaints, Confirmation, Deal
from bavn.psi.threshold.proof import Proof, prove_knowledge
from bavn.psi.threshold.terms import IDS, ROUNDS, Terms, purpose
from tests.psi.conftest import SeededDice
from tests.psi.threshold.conftest import PURPOSE, Batch, Behaviour, Play, combined, made, opened, other


def terms(k, n, **more):
    return Terms(purpose=PURPOSE, k=k, n=n, **more)


def agreed(outcomes):
    """That all of these ended with one key, and what the first came to."""
    assert all(isinstance(one, Made) for one in outcomes)
    first, *rest = outcomes
    for one in rest:
        assert (one.public, one.transcript, one.faults) == (first.public, first.transcript, first.faults)
    return first


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 3), (2, 2), (2, 3), (3, 5), (5, 5), (5, 9)])
def test_honest_holders_make_one_key_that_any_k_have_and_nobody_is_named(k, n) -> None:
    outcomes = Play(terms(k, n)).run()
    one = agreed(list(outcomes.values()))
    assert one.faults == ()
    assert one.qualified == tuple(range(1, n + 1))
    shares = [outcomes[number].share for number in range(1, n + 1)]
    chosen = list(combinations(shares, k))
    opens = {opened(list(some)) for some in (chosen[0], chosen[-1], chosen[len(chosen) // 2])}
    assert [group.times_base(key) for key in opens] == [one.public.point]


def test_what_no_holder_has_alone_evaluates_as_one_key_and_differs_by_purpose() -> None:
    shares = made(terms(3, 5))
    key = opened(shares[:3])
    assert key not in {share.scalar for share in shares}
    assert key not in {shamir.polynomial(3, SeededDice((0, number)))[0] for number in range(1, 6)}
    shares = made(terms(2, 3))
    batch = Batch.of([b"name", b"other"], SeededDice(1))
    parts = [by_holders.evaluate(share, (1, 3), batch.points, SeededDice(2)) for share in (shares[0], shares[2])]
    assert combined(shares[0].public, batch, parts)[0] == oprf.output(opened(shares[:2]), b"name")
    purposes = [purpose(epoch, tier, use) for epoch in (1, 2) for tier in ("A", "B") for use in (IDS, ROUNDS)]
    every = [Terms(purpose=p, k=2, n=3) for p in purposes]
    every += [Terms(purpose=purposes[0], k=2, n=3, attempt=1), Terms(purpose=purposes[0], k=3, n=3)]
    every += [Terms(purpose=purposes[0], k=2, n=4), replace(every[0], old=made(every[0])[0].public)]
    assert len({one.id for one in every}) == len(every)
    post = Play(every[0])
    post.run()
    stale = dict(post.posts[0])
    play = Play(every[1], behaviours={2: Behaviour(bends={0: lambda *_: stale[2]})})
    faults = agreed([outcome for number, outcome in play.run().items() if number != 2]).faults
    assert faults == (Fault(2, "elsewhere"),)


def honest(outcomes, *liars):
    return [outcome for number, outcome in outcomes.items() if number not in liars]


def run(k, n, **behaviours):
    """Behaviours by h1, h2, ...; what the honest come to."""
    given = {int(name[1:]): behaviour for name, behaviour in behaviours.items()}
    outcomes = Play(terms(k, n), behaviours=given).run()
    return agreed(honest(outcomes, *given)), outcomes


def works(outcomes, k):
    """Any k of the honest shares open what the public key says."""
    shares = [outcome.share for outcome in outcomes]
    assert all(shares)
    for some in (shares[:k], shares[-k:]):
        assert group.times_base(opened(some)) == shares[0].public.point


def test_a_dealer_is_out_for_wrong_shares_that_it_does_not_answer_for() -> None:
    one, outcomes = run(2, 3, h3=Behaviour(spoils=frozenset({1})))
    assert one.faults == ()
    assert one.qualified == (1, 2, 3)
    works(honest(outcomes, 3), 2)
    silent = Behaviour(spoils=frozenset({1}), bends={2: lambda *_: b""})
    one, outcomes = run(2, 3, h3=silent)
    assert one.faults == (Fault(3, "answers"),)
    assert one.qualified == (1, 2)
    works(honest(outcomes, 3), 2)
    one, outcomes = run(2, 3, h3=Behaviour(spoils=frozenset({1}), bends={2: bent_answer}))
    assert one.faults == (Fault(3, "answers"),)
    works(honest(outcomes, 3), 2)
    one, outcomes = run(3, 5, h5=Behaviour(deaf=frozenset({1, 2, 3, 4})))
    assert one.faults == ()
    assert one.qualified == (1, 2, 3, 4, 5)
    works(honest(outcomes, 5), 3)
    play = Play(terms(3, 5), behaviours={5: Behaviour(spoils=frozenset({1, 2, 3}))})
    outcomes = play.run()
    one = agreed(honest(outcomes, 5))
    assert one.faults == (Fault(5, "accused"),)
    assert messages.read(play.posts[2][5]).revealed == {}
    works(honest(outcomes, 5), 3)


def bent_answer(number, post):
    told = messages.read(post)
    return replace(told, revealed={to: other(scalar) for to, scalar in told.revealed.items()}).to_bytes()


@pytest.mark.parametrize("round_", [0, 1, 2, 3])
def test_who_dies_in_any_round_is_borne_by_the_rest(round_) -> None:
    """Two of five die; from the round after its deal on a dealer's part counts, since its sub-shares are there."""
    dead = Behaviour(dies=round_)
    one, outcomes = run(3, 5, h2=dead, h4=dead)
    assert one.faults == ((Fault(2, "silent"), Fault(4, "silent")) if round_ == 0 else ())
    assert set(one.qualified) == ({1, 3, 5} if round_ == 0 else {1, 2, 3, 4, 5})
    works(honest(outcomes, 2, 4), 3)


def test_with_fewer_than_k_there_is_no_key_and_none_can_reshare() -> None:
    dead = Behaviour(dies=0)
    outcomes = Play(terms(3, 5), behaviours={2: dead, 4: dead, 5: dead}).run()
    silent = tuple(Fault(number, "silent") for number in (2, 4, 5))
    assert list(outcomes.values()) == [Failed(silent), Failed(silent)]
    shares = made(terms(3, 4))
    outcomes = reshared(shares, (1, 2), 3, 4)
    assert outcomes
    assert all(isinstance(outcome, Failed) for outcome in outcomes.values())
    shares = made(terms(2, 3))
    with pytest.raises(ValueError, match="does not deal"):
        ceremony.deal(terms(2, 3), 4, SeededDice(1))
    with pytest.raises(ValueError, match="does not deal"):
        ceremony.deal(terms(2, 3), 1, SeededDice(1), shares[0])
    with pytest.raises(ValueError, match="does not deal"):
        ceremony.deal(terms(2, 3, old=shares[0].public), 1, SeededDice(1))
    with pytest.raises(ValueError, match="no share"):
        ceremony.join(terms(2, 3), 4)


def bent_deal(**changed):
    def bend(number, post):
        return replace(messages.read(post), **changed).to_bytes()

    return bend


def cut_deal(number, post):
    told = messages.read(post)
    return replace(told, commitments=told.commitments[:-1]).to_bytes()


def point_less_deal(number, post):
    return post[:43] + b"\xff" * 32 + post[75:]


BAD_DEALS = {
    "no proof of its own": bent_deal(knowledge=Proof(group.ONE, group.ONE)),
    "another ceremony": bent_deal(ceremony=bytes(32)),
    "another's name": bent_deal(sender=1),
    "one commitment too few": cut_deal,
    "no point": point_less_deal,
    "rubbish": lambda *_: b"rubbish",
    "another kind": lambda _, post: Complaints(messages.read(post).ceremony, 3, ()).to_bytes(),
}


@pytest.mark.parametrize("name", BAD_DEALS)
def test_a_deal_that_does_not_hold_is_out_at_once(name) -> None:
    one, outcomes = run(2, 3, h3=Behaviour(bends={0: BAD_DEALS[name]}))
    assert one.faults == (Fault(3, "elsewhere" if name == "another ceremony" else "deal"),)
    assert one.qualified == (1, 2)
    works(honest(outcomes, 3), 2)


def test_copies_transcripts_and_false_reshares_are_named() -> None:
    """Without the dealer's number in the proof the copy would stand, and double the first one's part."""
    play = Play(terms(2, 3))
    play.run()
    copied = messages.read(play.posts[0][1])
    one, _ = run(2, 3, h3=Behaviour(bends={0: lambda *_: replace(copied, sender=3).to_bytes()}))
    assert one.faults == (Fault(3, "deal"),)

    def bend(number, post):
        return replace(messages.read(post), transcript=bytes(32)).to_bytes()

    one, outcomes = run(2, 3, h3=Behaviour(bends={3: bend}))
    assert one.faults == (Fault(3, "confirmation"),)
    works(honest(outcomes, 3), 2)
    shares = made(terms(2, 4))
    given = terms(2, 4, old=shares[0].public)
    polynomial = shamir.polynomial(2, SeededDice("another share"))
    proof = prove_knowledge(polynomial[0], knowledge_context(given, 4), SeededDice(1))
    false = Deal(given.id, 4, shamir.commitments(polynomial), proof).to_bytes()
    outcomes = reshared(shares, (1, 2, 4), 2, 4, h4=Behaviour(bends={0: lambda *_: false}))
    one = agreed([outcomes[number] for number in (1, 2, 3)])
    assert one.faults == (Fault(3, "silent"), Fault(4, "deal"))
    assert one.public.point == shares[0].public.point
    assert opened([outcomes[2].share, outcomes[3].share]) == opened(shares[:2])


def test_k_minus_one_holders_cannot_choose_the_key() -> None:
    """The rogue key: of 3 of 3, two wait for the honest deal and commit to a known key less that. Their sub-share fits
    (one honest holder checks one value, and two coefficients are free), so only the proof of knowledge stops it."""
    given = terms(3, 3)
    play = Play(given)
    dealing, posts, boxes = play.begin()
    mine = group.random_scalar(SeededDice("the liars' choice"))
    theirs = messages.read(posts[1]).commitments[0]
    second = messages.read(posts[2]).commitments[0]
    minus = group.number(-1)
    first = group.plus_all([group.times_base(mine), group.times(minus, theirs), group.times(minus, second)])
    third = group.random_point(SeededDice("free"))
    told = group.random_scalar(SeededDice("sub-share"))
    middle = group.plus_all([group.times_base(told), group.times(minus, first), group.times(minus, third)])
    wanted = group.plus_all([theirs, second, first])
    assert wanted == group.times_base(mine), "the liars would know the whole key"
    sub_share = messages.SubShare(given.id, 3, 1, told).to_bytes()
    unknown = prove_knowledge(mine, knowledge_context(given, 3), SeededDice("proof"))
    posts[3] = Deal(given.id, 3, (first, middle, third), unknown).to_bytes()
    state, complaint = dealing[1].hear(posts, {2: boxes[1][2], 3: sub_share})
    assert messages.read(complaint).accused == (), "the sub-share itself fits"
    told = state.hear({1: complaint})[0].hear({})
    assert told == Failed((Fault(3, "deal"),))


@pytest.mark.parametrize(
    ("bend", "why"),
    [
        (lambda *_: b"rubbish", "complaints"),
        (lambda number, _: Complaints(bytes(32), number, ()).to_bytes(), "elsewhere"),
    ],
)
def test_complaints_that_are_none_are_named_and_change_nothing(bend, why) -> None:
    one, outcomes = run(2, 3, h3=Behaviour(bends={1: bend}))
    assert one.faults == (Fault(3, why),)
    works(honest(outcomes, 3), 2)


def test_where_a_board_shows_two_holders_different_posts_neither_takes_the_key() -> None:
    """What the ceremony needs of its board is not taken on trust: the transcripts differ."""
    given = terms(2, 2)
    dealing, posts, boxes = Play(given).begin()
    second = Play(given, seed="two faces").begin()[1]
    shown = {1: posts, 2: {**posts, 1: second[1]}}
    states, complaints, confirms = {}, {}, {}
    for number, state in dealing.items():
        states[number], complaints[number] = state.hear(shown[number], boxes[number])
    for number, state in states.items():
        told = state.hear({1: Complaints(given.id, 1, ()).to_bytes(), 2: Complaints(given.id, 2, ()).to_bytes()})[0]
        states[number], confirms[number] = told.hear({})
    confirms = {number: post for number, post in confirms.items() if post}
    assert all(isinstance(state.hear(confirms), Failed) for state in states.values())


def test_posts_make_their_transcript_and_no_state_shows_a_secret() -> None:
    play = Play(terms(2, 3))
    one = play.run()[1].transcript
    assert Play(terms(2, 3)).run()[2].transcript == one
    assert Play(terms(2, 3), seed=1).run()[1].transcript != one
    assert Play(terms(2, 3), behaviours={3: Behaviour(deaf=frozenset({1}))}).run()[1].transcript != one
    dealing, posts, boxes = Play(terms(2, 3)).begin()
    polynomial = shamir.polynomial(2, SeededDice((0, 1)))
    state, complaint = dealing[1].hear(posts, boxes[1])
    answering, _ = state.hear({1: complaint})
    confirming, _ = answering.hear({})
    shown = "".join(repr(part) for part in (dealing[1], state, answering, confirming, messages.read(boxes[1][2])))
    secrets = [*polynomial, messages.read(boxes[1][2]).scalar, shamir.value(polynomial, 1), shamir.value(polynomial, 2)]
    assert not any(secret.hex() in shown or repr(secret)[2:-1] in shown for secret in secrets)
    dealing, posts, boxes = Play(terms(2, 3)).begin()
    state, complaint = dealing[1].hear(posts, boxes[1])
    answering, _ = state.hear({1: complaint})
    assert state._seat.polynomial
    assert answering._seat.polynomial == ()


def reshared(shares, numbers, k, n, **behaviours):
    given = terms(k, n, old=shares[0].public)
    held = {share.number: share for share in shares if share.number in numbers}
    play = Play(given, {int(h[1:]): b for h, b in behaviours.items()}, held=held, seed="anew")
    return play.run()


@pytest.mark.parametrize(("numbers", "k", "n"), [((1, 2), 2, 3), ((1, 2, 3), 2, 3), ((2, 3), 3, 5), ((1, 3), 2, 2)])
def test_a_reshare_gives_all_a_share_of_the_same_key_also_who_was_away(numbers, k, n) -> None:
    """Of 2 of 3: by two or three of them, to the same, to 3 of 5, or to fewer holders."""
    shares = made(terms(2, 3))
    outcomes = reshared(shares, numbers, k, n)
    one = agreed([outcome for number, outcome in outcomes.items() if number <= n])
    assert one.public.point == shares[0].public.point
    assert set(one.qualified) == set(numbers)
    anew = [outcomes[number].share for number in range(1, n + 1)]
    assert opened(anew[:k]) == opened(anew[-k:]) == opened(shares[:2])
    assert outcomes.get(3) is None or n >= 3 or outcomes[3].share is None


def test_a_share_from_before_a_reshare_or_of_another_epoch_is_worth_nothing_with_later_ones() -> None:
    shares = made(terms(2, 3))
    anew = [outcome.share for _, outcome in sorted(reshared(shares, (1, 2), 2, 3).items())]
    tomorrow = made(Terms(purpose=purpose(20_783, "A", IDS), k=2, n=3), seed=1)
    key = opened(shares[:2])
    assert not {share.scalar for share in shares} & {share.scalar for share in anew}
    for old, new in ((shares[0], anew[1]), (shares[2], anew[0]), (shares[0], tomorrow[1])):
        assert opened([old, new]) not in {key, opened(tomorrow[:2])}
    batch = Batch.of([b"name"], SeededDice(1))
    parts = [by_holders.evaluate(share, (1, 2), batch.points, SeededDice(2)) for share in (shares[0], anew[1])]
    assert combined(anew[0].public, batch, parts) == by_holders.Liars((1,))


@pytest.mark.parametrize(("k", "n"), [(0, 3), (4, 3), (2, 10), (1, 0)])
def test_thresholds_that_cannot_be(k, n) -> None:
    with pytest.raises(ValueError, match="no such ceremony"):
        terms(k, n)


@pytest.mark.parametrize(("epoch", "tier", "use"), [(-1, "A", IDS), (2**31, "A", IDS), (1, "", IDS), (1, "A", "both")])
def test_purposes_that_cannot_be(epoch, tier, use) -> None:
    with pytest.raises(ValueError, match="no such purpose"):
        purpose(epoch, tier, use)


def test_confirmations_and_answers_of_strangers_count_for_nothing() -> None:
    given = terms(2, 3)
    dealing, posts, boxes = Play(given).begin()
    complaining, complaint = dealing[1].hear({**posts, 77: posts[2], 0: b""}, boxes[1])
    answering, _ = complaining.hear({1: complaint, 88: Complaints(given.id, 8, (1,)).to_bytes()})
    confirming, confirm = answering.hear({99: Answers(given.id, 9, {}).to_bytes()})
    strange = Confirmation(given.id, 9, messages.read(confirm).transcript).to_bytes()
    assert isinstance(confirming.hear({1: confirm, 9: strange, 2: strange}), Failed)


def test_a_holder_that_got_no_share_confirms_nothing_and_comes_to_the_public_key_all_the_same() -> None:
    """It heard nothing, and its complaint was lost: the other two make the key, and a reshare gives it its share."""
    given = terms(2, 3)
    dealing, posts, boxes = Play(given).begin()
    states, complaints, confirms = {}, {}, {}
    for number, state in dealing.items():
        states[number], complaints[number] = state.hear(posts, boxes[number] if number < 3 else {})
    assert messages.read(complaints.pop(3)).accused == (1, 2)
    for number, state in states.items():
        states[number], confirms[number] = state.hear(complaints)[0].hear({})
    assert [bool(post) for post in confirms.values()] == [True, True, False]
    outcomes = [state.hear({number: post for number, post in confirms.items() if post}) for state in states.values()]
    assert agreed(outcomes).public.holders.keys() == {1, 2, 3}
    assert [bool(outcome.share) for outcome in outcomes] == [True, True, False]
    anew = reshared([outcome.share for outcome in outcomes[:2]], (1, 2), 2, 3)
    assert opened([anew[1].share, anew[3].share]) == opened([outcome.share for outcome in outcomes[:2]])
