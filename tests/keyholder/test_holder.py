"""The key holder: one id for one element, bounds on guesses, keys that live one day, a ledger without secrets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.keyholder.holder import uses
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown, LinkRefused
from bavn.psi import keys, oprf
from bavn.psi.threshold.terms import IDS, ROUNDS
from bavn.wire.codec import Encoded, decode, encode
from bavn.wire.keyholder import KEYHOLDER_KINDS, batch_points
from bavn.wire.ledger import Ledger
from bavn.wire.links.key_points import ChangedKey
from bavn.wire.links.keyholder import accept_changed
from tests.keyholder.conftest import ELEMENTS, TODAY, params
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
    assert not {place.whole(TODAY, "A", IDS)} & {*sent}


def test_what_does_not_fit_in_a_batch_waits_for_the_next_round(place) -> None:
    node = place.node("north").of(TODAY, "A")
    first = node.join(params(0), ELEMENTS[:150])
    assert [id_ is None for id_ in first.ids] == [False] * 100 + [True] * 50
    second = node.join(params(1), ELEMENTS[:200])
    assert [id_ is None for id_ in second.ids] == [False] * 164 + [True] * 36
    assert second.ids[:100] == first.ids[:100]


def test_an_id_is_asked_for_once_in_an_epoch_and_restarts_change_none(place) -> None:
    identifiers = place.node("north")
    one = identifiers.of(TODAY, "A").join(params(0), ELEMENTS[:3])
    place.seen.clear()
    two = identifiers.of(TODAY, "A").join(params(1), ELEMENTS[:3])
    assert one.ids == two.ids
    assert identifiers.of(TODAY + 3, "A")._known() == {}
    before = place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:3])
    place.open()
    after = place.node("south").of(TODAY, "A").join(params(), ELEMENTS[:3])
    assert before == after


def test_the_days_secret_is_destroyed_when_the_day_is_over(place) -> None:
    place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:1])
    files = sorted(place.folder.rglob("*.shares"))
    assert [f.stem for f in files] == [str(day) for day in range(TODAY, TODAY + 4)]
    assert files[0].stat().st_mode & 0o777 == 0o600
    place.clock.us += DAY_US
    assert place.holder.tidy() == []
    place.clock.us += DAY_US
    assert place.holder.tidy() == [TODAY]
    assert not files[0].exists()
    with pytest.raises((LinkDown, LinkRefused)):
        place.node("north").of(TODAY, "A").join(params(5), ELEMENTS[:1])
    assert [line.kind for line in place.ledger.lines(kind="EpochSecret")] == ["EpochSecret"]


@pytest.mark.parametrize("epoch", [TODAY - 2, TODAY + 2, 0, 2**31 - 1])
def test_no_other_day_is_served(place, epoch) -> None:
    refused = place.holder.part("north", place.asked(params(epoch=epoch), points(101)))
    assert isinstance(refused, Refused)
    assert refused.rule == "epoch"


def test_quotas_bound_a_days_guesses_and_other_actors_are_not_touched(open_place) -> None:
    place = open_place(points_per_epoch_max=400, rounds_per_epoch_max=4, first_batches_max=2, m_max=200)
    ask = place.holder.part
    rules = [
        getattr(ask("north", place.asked(params(n, m=m), points(count))), "rule", "")
        for n, (m, count) in enumerate([(100, 101), (100, 101), (100, 101), (100, 65), (100, 65), (100, 65)])
    ]
    assert rules == ["", "", "size", "", "", "rate"]
    assert ask("north", place.asked(params(9, tier="B"), points(101))).rule == "quota"
    assert ask("north", place.asked(params(9, m=201), points(65))).rule == "params"
    assert ask("north", place.asked(params(9, epoch=TODAY + 1), points(101))).rule == "quota"
    assert ask("south", place.asked(params(9), points(101))).round_id == (9).to_bytes(16).hex()
    place.open()
    assert place.holder.part("north", place.asked(params(10), points(65))).rule == "rate"
    counted = {(use.actor, use.epoch - TODAY, use.tier): use.points for use in uses(place.folder / "keyholder.db")}
    assert counted == {("north", 0, "A"): 332, ("south", 0, "A"): 101}


def test_a_days_guesses_are_bounded_by_the_calendar_day_whatever_epochs_are_open(open_place) -> None:
    """Several epochs are open at one moment: so many times the quota would be evaluated at once."""
    place = open_place(points_per_epoch_max=250, first_batches_max=100, m_max=200)

    def ask(epoch, number):
        given = params(number, epoch=epoch)
        outcome = place.holder.part("north", place.asked(given, points(batch_points(given.m, first=True))))
        return outcome.rule if isinstance(outcome, Refused) else "passed"

    size = batch_points(params(1).m, first=True)
    epochs = [TODAY, TODAY + 1] * 4
    said = [ask(epoch, number) for number, epoch in enumerate(epochs, 1)]
    assert said.count("passed") == 250 // size, "together, over all epochs"
    assert set(said[250 // size :]) == {"quota"}
    place.open()
    assert ask(TODAY + 1, 20) == "quota", "also after a restart"
    place.clock.us += DAY_US
    assert ask(TODAY + 1, 21) == "passed", "the next day has its own"


@pytest.mark.parametrize("count", [1, 64, 66, 100, 102])
def test_a_batch_of_another_size_is_refused(place, count) -> None:
    assert place.holder.part("north", place.asked(params(), points(count))).rule == "size"


def test_what_is_no_point_costs_no_quota_and_the_check_stands_at_no_fixed_place(place) -> None:
    """Else a key holder could evaluate that one alone by the right key."""
    for bad in (bytes(32), b"\xff" * 32):
        refused = place.holder.part("north", place.asked(params(), [*points(100), bad]))
        assert refused.rule == "points"
    assert uses(place.folder / "keyholder.db") == []
    sizes = [(batch_points(m, first=True), batch_points(m, first=False)) for m in (1, 64, 1000, 10_000, 1_000_000)]
    assert sizes == [(2, 2), (65, 65), (1001, 101), (10_001, 1001), (100_000, 100_000)]
    node = place.node("north").of(TODAY, "A")
    batches = [node._batch([b"one", b"two"], 65) for _ in range(40)]
    assert {len(batch) for batch in batches} == {65}
    assert len({batch.index(keys.CANARY) for batch in batches}) > 10


def test_the_ledger_has_one_line_for_each_request_and_no_secret(place) -> None:
    joined = place.node("north").of(TODAY, "A").join(params(), ELEMENTS[:9])
    place.holder.part("south", place.asked(params(), points(7)))
    lines = list(place.ledger.lines(kind="PartAsked"))
    assert [(line.peer, line.rule) for line in lines] == [("north", ""), ("south", "size")]
    asked = place.seen[0][1]
    answer = place.holder.part("north", asked.model_copy(update={"round_id": "ff" * 16}))
    said = repr(lines) + repr(answer)
    raw = (place.folder / "keyholder.db").read_bytes() + (place.folder / "keyholder.db-wal").read_bytes()
    for secret in (joined.kr, place.whole(TODAY, "A", IDS), place.whole(TODAY, "A", ROUNDS)):
        assert secret.hex() not in said
        assert secret.hex().encode() not in raw
        assert secret not in raw
    assert joined.kr.hex() not in repr(joined)


@given(st.binary(max_size=600) | st.binary(max_size=200).map(lambda raw: b'{"version":1,"points":"' + raw + b'"}'))
@settings(max_examples=200)
def test_any_bytes_are_a_request_or_one_refusal(raw) -> None:
    assert isinstance(decode(Encoded("PartAsked", raw), KEYHOLDER_KINDS), Refused)


def test_each_request_is_a_line_of_the_nodes_own_ledger_before_it_leaves_and_tells_nothing_of_the_set(place) -> None:
    said = []
    for held in ([], ELEMENTS[:90]):
        node = place.node("north", len(held))
        node.of(TODAY, "A").join(params(), held)
        place.clock.us += 3 * DAY_US
        with pytest.raises(
            (LinkDown, LinkRefused)
        ):  # the key holder has no such day any more: the request left all the same
            node.of(TODAY, "A").join(params(1), held)
        place.clock.us -= 3 * DAY_US
        lines = Ledger(place.books[-1]).lines(kind="PartAsked")
        said.append([(line.way, line.peer, line.verdict, line.privacy, line.bytes, line.summary) for line in lines])
    assert said[0] == said[1]
    assert [(way, peer, verdict, privacy) for way, peer, verdict, privacy, *_ in said[0]] == [
        ("out", "keyholder-1", "passed", "S0")
    ] * 2


def test_who_got_the_same_keys_says_the_same_and_nobody_else(place) -> None:
    said = [
        check(place.node(name).of(TODAY, "A").join(params(), held))
        for name, held in (("north", ELEMENTS[:5]), ("south", []), ("west", ELEMENTS[100:150]))
    ]
    assert len({*said}) == 1
    assert check(place.node("north", 2).of(TODAY, "A").join(params(1), ELEMENTS[:5])) != said[0]


def test_a_key_that_changes_within_the_day_is_refused_until_a_person_accepts_it(place) -> None:
    identifiers = place.node("north")
    node = identifiers.of(TODAY, "A")
    before = node.join(params(0), ELEMENTS[:9])
    (place.folder / "shares" / f"{TODAY}.shares").unlink()
    place.clock.us += 900_000_000
    place.making.step()
    for number in (1, 2):
        with pytest.raises(LinkRefused, match="signed another key"):
            node.join(params(number), ELEMENTS[:9])
    assert accept_changed(place.books[-1]) == [ChangedKey(TODAY, "A", "1")]
    after = node.join(params(2), ELEMENTS[:9])
    assert place.seen[-1][1].count == 101
    assert not {*before.ids} & {*after.ids}
    assert after == place.node("south").of(TODAY, "A").join(params(2), ELEMENTS[:9])
