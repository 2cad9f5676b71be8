"""The key holder: one id for one element, bounds on guesses, keys that live one day, a ledger without secrets."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.keyholder.epochs import EpochKeys
from bavn.keyholder.holder import KeyHolder, SingleKey, uses
from bavn.keyholder.settings import HolderSettings
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown, LinkRefused
from bavn.psi import keys, oprf
from bavn.wire.book import Book
from bavn.wire.codec import Encoded, decode, encode
from bavn.wire.keyholder import KEYHOLDER_KINDS, JoinAnswered, JoinAsked, batch_points
from bavn.wire.ledger import Ledger
from bavn.wire.links.key_points import ChangedKey
from bavn.wire.links.keyholder import KeyHolderIdentifiers, accept_changed
from tests.keyholder.conftest import ELEMENTS, TODAY, HandClock, params
from tests.psi.conftest import SeededDice


def check(joined) -> str:
    return keys.key_check(joined.kr, joined.canary_id)


def points(count: int) -> list[bytes]:
    dice = SeededDice("points")
    return [oprf.random_point(dice) for _ in range(count)]


def test_two_actors_get_the_same_id_and_key_and_nobody_else_does(place) -> None:
    given_params = params()
    north = place.node("north").of(TODAY, "A").join(given_params, ELEMENTS[:5])
    south = place.node("south").of(TODAY, "A").join(given_params, ELEMENTS[2:7])
    assert north.kr == south.kr
    assert north.ids[2:] == south.ids[:3]
    assert len({*north.ids, *south.ids}) == 7
    weak = place.node("north").of(TODAY, "B").join(params(tier="B"), ELEMENTS[:5])
    tomorrow = place.node("north").of(TODAY + 1, "A").join(params(epoch=TODAY + 1), ELEMENTS[:5])
    assert not {*weak.ids, *tomorrow.ids} & {*north.ids}
    assert len({north.kr, weak.kr, tomorrow.kr}) == 3


def test_the_key_binds_every_parameter_of_the_round(place) -> None:
    node = place.node("north")
    keys = {node.of(p.epoch, p.tier).join(p, []).kr for p in (params(), params(1), params(m=200), params(t=3))}
    assert len(keys) == 4


@pytest.mark.parametrize("held", [0, 1, 100, 250])
def test_a_request_has_the_size_that_its_round_fixes_whatever_is_new(place, held) -> None:
    node = place.node("north").of(TODAY, "A")
    node.join(params(0), ELEMENTS[:held])
    node.join(params(1), ELEMENTS[:held])
    node.join(params(2), ELEMENTS[: held + 30])
    assert [len(asked.split()) for _, asked in place.seen] == [101, 65, 65]
    assert len({len(encode(asked).body) for _, asked in place.seen[1:]}) == 1


def test_padding_and_elements_look_alike_and_no_blind_comes_twice(place) -> None:
    node = place.node("north").of(TODAY, "A")
    for number in range(3):
        node.join(params(number), ELEMENTS[:50])
    sent = [point for _, asked in place.seen for point in asked.split()]
    assert len(set(sent)) == len(sent)
    assert all(oprf.are_points([point]) for point in sent)
    assert not {place.epochs.oprf_key(TODAY, "A")} & {*sent}


def test_what_does_not_fit_in_a_batch_waits_for_the_next_round(place) -> None:
    node = place.node("north").of(TODAY, "A")
    first = node.join(params(0), ELEMENTS[:150])
    assert [id_ is None for id_ in first.ids] == [False] * 100 + [True] * 50
    second = node.join(params(1), ELEMENTS[:200])
    assert [id_ is None for id_ in second.ids] == [False] * 164 + [True] * 36
    assert second.ids[:100] == first.ids[:100]


def test_an_id_is_asked_for_once_in_an_epoch(place) -> None:
    identifiers = place.node("north")
    one = identifiers.of(TODAY, "A").join(params(0), ELEMENTS[:3])
    place.seen.clear()
    two = identifiers.of(TODAY, "A").join(params(1), ELEMENTS[:3])
    assert one.ids == two.ids
    assert identifiers.of(TODAY + 3, "A")._known() == {}


def test_restarts_change_no_id(place) -> None:
    before = place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:3])
    place.open()
    after = place.node("south").of(TODAY, "A").join(params(), ELEMENTS[:3])
    assert before == after


def test_the_days_secret_is_destroyed_when_the_day_is_over(place) -> None:
    place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:1])
    files = sorted(place.folder.rglob("*.secret"))
    assert [f.stem for f in files] == [str(TODAY)]
    assert files[0].stat().st_mode & 0o777 == 0o600
    place.clock.us += DAY_US
    assert place.holder.tidy() == []
    place.clock.us += DAY_US
    assert place.holder.tidy() == [TODAY]
    assert list(place.folder.rglob("*.secret")) == []
    with pytest.raises(LinkRefused, match="epoch"):
        place.node("north").of(TODAY, "A").join(params(5), ELEMENTS[:1])
    with pytest.raises(ValueError, match="not near"):
        place.epochs.round_secret(TODAY, "A")
    assert [line.kind for line in place.ledger.lines(kind="EpochSecret")] == ["EpochSecret"]


@pytest.mark.parametrize("epoch", [TODAY - 2, TODAY + 2, 0, 2**31 - 1])
def test_no_other_day_is_served(place, epoch) -> None:
    refused = place.holder.join("north", JoinAsked.of(params(epoch=epoch), points(101)))
    assert isinstance(refused, Refused)
    assert refused.rule == "epoch"
    assert place.epochs.epochs() == []


def test_quotas_bound_a_days_guesses_and_other_actors_are_not_touched(open_place) -> None:
    place = open_place(points_per_epoch_max=400, rounds_per_epoch_max=4, first_batches_max=2, m_max=200)
    ask = place.holder.join
    rules = [
        getattr(ask("north", JoinAsked.of(params(n, m=m), points(count))), "rule", "")
        for n, (m, count) in enumerate([(100, 101), (100, 101), (100, 101), (100, 65), (100, 65), (100, 65)])
    ]
    assert rules == ["", "", "size", "", "", "rate"]
    assert ask("north", JoinAsked.of(params(9, tier="B"), points(101))).rule == "quota"
    assert ask("north", JoinAsked.of(params(9, m=201), points(65))).rule == "params"
    assert ask("north", JoinAsked.of(params(9, epoch=TODAY + 1), points(101))).rule == "quota"
    assert ask("south", JoinAsked.of(params(9), points(101))).round_id == (9).to_bytes(16).hex()
    place.open()
    assert place.holder.join("north", JoinAsked.of(params(10), points(65))).rule == "rate"
    counted = {(use.actor, use.epoch - TODAY, use.tier): use.points for use in uses(place.folder / "keyholder.db")}
    assert counted == {("north", 0, "A"): 332, ("south", 0, "A"): 101}


def test_a_days_guesses_are_bounded_by_the_calendar_day_whatever_epochs_are_open(open_place) -> None:
    """Three epochs are open at one moment: three times the quota would be evaluated at once."""
    place = open_place(points_per_epoch_max=250, first_batches_max=100, m_max=200)

    def ask(epoch, number):
        given = params(number, epoch=epoch)
        outcome = place.holder.join("north", JoinAsked.of(given, points(batch_points(given.m, first=True))))
        return outcome.rule if isinstance(outcome, Refused) else "passed"

    size = batch_points(params(1).m, first=True)
    epochs = [TODAY - 1, TODAY, TODAY + 1] * 3
    said = [ask(epoch, number) for number, epoch in enumerate(epochs, 1)]
    assert said.count("passed") == 250 // size, "together, over all epochs"
    assert set(said[250 // size :]) == {"quota"}
    place.open()
    assert ask(TODAY + 1, 20) == "quota", "also after a restart"
    place.clock.us += DAY_US
    assert ask(TODAY + 1, 21) == "passed", "the next day has its own"


@pytest.mark.parametrize("count", [1, 64, 66, 100, 102])
def test_a_batch_of_another_size_is_refused(place, count) -> None:
    assert place.holder.join("north", JoinAsked.of(params(), points(count))).rule == "size"


def test_what_is_no_point_is_one_refusal_and_costs_no_quota(place) -> None:
    for bad in (bytes(32), b"\xff" * 32):
        refused = place.holder.join("north", JoinAsked.of(params(), [*points(100), bad]))
        assert refused.rule == "points"
    assert uses(place.folder / "keyholder.db") == []


def test_the_ledger_has_one_line_for_each_request_and_no_secret(place) -> None:
    joined = place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:9])
    place.holder.join("south", JoinAsked.of(params(), points(7)))
    lines = list(place.ledger.every())
    assert [(line.peer, line.rule) for line in lines] == [("north", ""), ("south", "size")]
    asked = place.seen[0][1]
    answer = place.holder.join("north", asked.model_copy(update={"round_id": "ff" * 16}))
    said = repr(lines) + repr(answer)
    raw = (place.folder / "keyholder.db").read_bytes() + (place.folder / "keyholder.db-wal").read_bytes()
    for secret in (joined.kr, place.epochs.oprf_key(TODAY, "A"), place.epochs.round_secret(TODAY, "A")):
        assert secret.hex() not in said
        assert secret.hex().encode() not in raw
        assert secret not in raw
    assert joined.kr.hex() not in repr(joined)


def test_a_half_written_secret_is_not_used(place) -> None:
    (place.folder / "epochs" / f"{TODAY}.new").write_bytes(b"half")
    one = place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:1])
    assert len((place.folder / "epochs" / f"{TODAY}.secret").read_bytes()) == 32
    other = EpochKeys(place.folder / "epochs", place.clock, SeededDice("another"))
    assert other.oprf_key(TODAY, "A") == place.epochs.oprf_key(TODAY, "A")
    assert one.kr


@given(st.binary(max_size=600) | st.binary(max_size=200).map(lambda raw: b'{"version":1,"points":"' + raw + b'"}'))
@settings(max_examples=200)
def test_any_bytes_are_a_request_or_one_refusal(raw) -> None:
    assert isinstance(decode(Encoded("JoinAsked", raw), KEYHOLDER_KINDS), Refused)


def test_the_size_of_a_batch() -> None:
    sizes = [(batch_points(m, first=True), batch_points(m, first=False)) for m in (1, 64, 1000, 10_000, 1_000_000)]
    assert sizes == [(2, 2), (65, 65), (1001, 101), (10_001, 1001), (100_000, 100_000)]


def test_each_request_is_a_line_of_the_nodes_own_ledger_before_it_leaves_and_tells_nothing_of_the_set(place) -> None:
    said = []
    for held in ([], ELEMENTS[:90]):
        node = place.node("north", len(held))
        node.of(TODAY, "A").join(params(), held)
        place.clock.us += 3 * DAY_US
        with pytest.raises(LinkRefused):  # the key holder has no such day any more: the request left all the same
            node.of(TODAY, "A").join(params(1), held)
        place.clock.us -= 3 * DAY_US
        lines = Ledger(place.books[-1]).lines(kind="JoinAsked")
        said.append([(line.way, line.peer, line.verdict, line.privacy, line.bytes, line.summary) for line in lines])
    assert said[0] == said[1]
    assert [(way, peer, verdict, privacy) for way, peer, verdict, privacy, *_ in said[0]] == [
        ("out", "keyholder", "passed", "S0")
    ] * 2


def test_who_got_the_same_keys_says_the_same_and_nobody_else(place) -> None:
    said = [
        check(place.node(name).of(TODAY, "A").join(params(), held))
        for name, held in (("north", ELEMENTS[:5]), ("south", []), ("west", ELEMENTS[100:150]))
    ]
    assert len({*said}) == 1
    assert check(place.node("north", 2).of(TODAY, "A").join(params(1), ELEMENTS[:5])) != said[0]


@pytest.mark.parametrize("other", ["round", "elements"])
def test_a_key_holder_that_gives_one_actor_other_keys_shows_by_it(place, other) -> None:
    """Whether it lies about the round's key or about the key of the ids."""
    honest = place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:5])
    evaluator = place.holder._evaluator

    class Lying:
        near = staticmethod(evaluator.near)

        def evaluate(self, epoch, tier, points):
            return evaluator.evaluate(epoch, "Z" if other == "elements" else tier, points)

        def round_key(self, asked):
            return evaluator.round_key(params(9) if other == "round" else asked)

    place.holder._evaluator = Lying()
    assert check(place.node("south").of(TODAY, "A").join(params(), ELEMENTS[:5])) != check(honest)


def test_a_key_that_changes_within_the_day_is_refused_until_a_person_accepts_it(place) -> None:
    identifiers = place.node("north")
    node = identifiers.of(TODAY, "A")
    before = node.join(params(0), ELEMENTS[:9])
    (place.folder / "epochs" / f"{TODAY}.secret").write_bytes(b"n" * 32)
    for number in (1, 2):
        with pytest.raises(LinkRefused, match="key is not the one it had"):
            node.join(params(number), ELEMENTS[:9])
    assert [line.rule for line in Ledger(place.books[-1]).every()] == ["", "", "key_changed", "", "key_changed"]
    assert accept_changed(place.books[-1]) == [ChangedKey(TODAY, "A", "")]
    after = node.join(params(2), ELEMENTS[:9])
    assert [len(asked.split()) for _, asked in place.seen] == [101, 65, 65, 101]
    assert not {*before.ids} & {*after.ids}
    assert after == place.node("south").of(TODAY, "A").join(params(2), ELEMENTS[:9])


POINT = oprf.random_point(SeededDice("garbage")).hex()
HEX = st.sampled_from([POINT, "00" * 32, "ff" * 32, "01" + "00" * 31])


@given(
    points=st.one_of(st.lists(HEX, min_size=1, max_size=3), st.lists(HEX, min_size=65, max_size=65)),
    round_id=st.sampled_from([(0).to_bytes(16).hex(), (1).to_bytes(16).hex()]),
    begun=st.booleans(),
)
@settings(max_examples=40)
def test_a_key_holder_that_answers_anything_gives_no_id_that_was_known_and_keeps_none(points, round_id, begun) -> None:
    """Answers of the right form with points that are none, are not evaluated, are too few or another round's."""
    with Book() as holders, Book() as own, tempfile.TemporaryDirectory() as folder:
        clock, lies = HandClock(), []
        epochs = EpochKeys(Path(folder), clock, SeededDice("holder"))
        holder = KeyHolder(SingleKey(epochs), Ledger(holders), clock, HolderSettings())

        def ask(asked: JoinAsked) -> JoinAnswered:
            if lies:
                return JoinAnswered(round_id=round_id, points="".join(points), key="ab" * 32)
            return holder.join("north", asked)

        node = KeyHolderIdentifiers(ask, Ledger(own), clock, SeededDice("north"))
        before = node.of(TODAY, "A").join(params(5, m=64), ELEMENTS[:9]) if begun else None
        lies.append(True)
        try:
            lied = node.of(TODAY, "A").join(params(0, m=64), ELEMENTS[:9])
        except (LinkDown, LinkRefused):
            lied = None
        if before is not None:
            assert lied is None
        lies.clear()
        try:
            after = node.of(TODAY, "A").join(params(6, m=64), ELEMENTS[:9])
        except LinkRefused:  # what it lied at first does not go with what it says now: a person accepts that
            assert lied is not None
            accept_changed(own)
            after = node.of(TODAY, "A").join(params(7, m=64), ELEMENTS[:9])
        with Book() as others:
            honest = KeyHolderIdentifiers(
                lambda asked: holder.join("south", asked), Ledger(others), clock, SeededDice("south")
            )
            assert after.ids == honest.of(TODAY, "A").join(params(7, m=64), ELEMENTS[:9]).ids


def test_the_check_stands_at_no_fixed_place_of_a_batch(place) -> None:
    """Else a key holder could evaluate that one alone by the right key."""
    node = place.node("north").of(TODAY, "A")
    batches = [node._batch([b"one", b"two"], 65) for _ in range(40)]
    assert {len(batch) for batch in batches} == {65}
    assert len({batch.index(keys.CANARY) for batch in batches}) > 10
