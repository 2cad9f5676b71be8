import pytest

from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US, HOUR_US, hour_of
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.wire import seal
from bavn.wire.codec import UP_KINDS
from bavn.wire.messages import catalogue as messages
from tests.builders import BAD, BAD_ADDRESS, suspicion

from .conftest import NOW_US, Actor


def members(*names):
    return tuple(messages.Member(actor=name, x=i + 1) for i, name in enumerate(names))


def reports(answers):
    return {name: [m for m in said if isinstance(m, messages.Report)] for name, said in answers.items()}


def test_what_three_hold_is_reported_and_nothing_else(centre, actors) -> None:
    _, _hits, answers = centre.round(actors)
    said = reports(answers)
    assert set(said) == {"north", "south", "west"}
    for own in said.values():
        assert {r.value for r in own} <= {"cdn-sync-hub.net", "185.32.20.6"}
        assert BAD.value in {r.value for r in own}
    one = next(r for r in said["north"] if r.type == "domain")
    assert (one.p_bucket, one.hosts_bucket, one.technique) == (5, 0, "T1071.001")
    assert one.first_hour == hour_of(suspicion().first_us)
    assert (one.period_bucket, one.regularity_bucket, one.walk_half_nats) == (2, 4, None)
    assert one.age_bucket is None, "nobody can say since when"


@pytest.mark.parametrize(("days", "bucket"), [(0.5, 0), (1.1, 1), (4, 2), (20, 3), (27, 4)])
def test_how_long_an_element_has_been_known_is_told_of_the_element_and_in_steps(centre, actors, days, bucket) -> None:
    """A peer of four weeks is old, though what is told of it began five hours ago; the address behind it may be new."""
    since = ((BAD, NOW_US - round(days * DAY_US)), (BAD_ADDRESS, NOW_US - HOUR_US))
    actors[0].suspicions = [suspicion(known_since=since)]
    _, _, answers = centre.round(actors)
    ages = {r.type: r.age_bucket for r in reports(answers)["north"]}
    assert ages["domain"] == bucket
    assert ages.get("ip4", 0) == 0
    assert {r.first_hour for r in reports(answers)["north"]} == {hour_of(suspicion().first_us)}


def test_every_item_has_one_ledger_line_and_the_chain_holds(centre, actors) -> None:
    centre.round(actors)
    north = actors[0]
    lines = north.ledger.lines()
    kinds = [line.kind for line in lines]
    assert kinds.count("RoundOpened") == 1
    assert kinds.count("ShareUpload") == 1
    assert kinds.count("Receipts") == 1
    assert kinds.count("Element") == 3  # cdn-sync-hub.net, its address, only-north.net
    sent = [line for line in lines if line.way == "out" and line.verdict == "passed" and line.kind != "Element"]
    assert sorted(line.item_id for line in sent) == sorted(
        seal.open({"north": north.key.public_key()}, "centre", raw, UP_KINDS).id for raw in north.sealed()
    )
    assert north.ledger.verify() is None


def test_two_holders_stay_unseen_at_three(centre, actors) -> None:
    actors[2].suspicions = [actors[2].suspicions[1]]
    _, hits, answers = centre.round(actors)
    assert hits == []
    assert answers == {}


def test_a_forged_receipt_gets_a_decline_that_does_not_say_why(centre, actors) -> None:
    opening, _hits, _ = centre.round(actors)
    north = actors[0]
    fresh = Actor("north", centre.key, seed=9, suspicions=north.suspicions)
    centre._seq["north"] = 0
    centre.to(fresh, opening)
    fresh.said()
    _, slots = fresh.door.state.contents(fresh.door.state.round(opening.round_id))
    cell, _slot = slots.cells()[0]
    forged = ("00" * 32, "01" * 32)
    centre.to(
        fresh,
        messages.RevealAsked(
            round_id=opening.round_id, items=(messages.Reveal(table=cell.table, bin=cell.bin, others=forged),)
        ),
    )
    (answer,) = fresh.said()
    assert isinstance(answer, messages.Declined)
    assert set(type(answer).model_fields) == {"round_id", "table", "bin"}
    refused = list(fresh.ledger.lines(kind="Report"))
    assert [(line.verdict, line.rule) for line in refused] == [("refused", "receipts")]


def test_a_cell_without_an_element_answers_as_one_with(centre, actors) -> None:
    opening, _, _ = centre.round(actors)
    north = actors[0]
    opened = north.door.state.round(opening.round_id)
    _, slots = north.door.state.contents(opened)
    real = {(c.table, c.bin) for c, _ in slots.cells()}
    empty = next((0, b) for b in range(opened.params.bins) if (0, b) not in real)
    ask = messages.ReceiptsAsked(round_id=opening.round_id, cells=(messages.AskedCell(table=0, bin=empty[1]),))
    centre.to(north, ask)
    (first,) = north.said()
    centre.to(north, ask)
    (second,) = north.said()
    assert first == second
    assert len(bytes.fromhex(first.tags[0].tag)) == 32


def test_closing_deletes_the_slot_map(centre, actors) -> None:
    opening, _, _ = centre.round(actors)
    north = actors[0]
    assert north.door.state.round(opening.round_id) is not None
    centre.to(north, messages.RoundClosed(round_id=opening.round_id))
    assert north.door.state.round(opening.round_id) is None
    assert north.book.rows("SELECT count(*) FROM door_round WHERE box IS NOT NULL") == [(0,)]
    centre.to(north, messages.RoundClosed(round_id=opening.round_id))
    assert north.ledger.lines(kind="RoundClosed")[-1].rule == "round_known"


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"t": 2}, "round_threshold"),
        ({"members": members("north", "south")}, "round_members"),
        ({"members": members("east", "south", "west")}, "round_members"),
        ({"members": tuple(messages.Member(actor=n, x=1) for n in ("north", "south", "west"))}, "round_members"),
        ({"forms": "2-" + "0" * 16}, "round_forms"),
        ({"m": 20_000}, "round_size"),
        ({"r": 3}, "round_size"),
        ({"deadline_us": NOW_US - 1}, "round_time"),
        ({"deadline_us": NOW_US + 2 * DAY_US}, "round_time"),
        ({"epoch": NOW_US // DAY_US - 2}, "round_time"),
        ({"epoch": NOW_US // DAY_US + 1}, "round_time"),
    ],
)
def test_a_round_nobody_should_join_is_refused(centre, actors, other, rule) -> None:
    north = actors[0]
    centre.to(north, centre.opening(actors, **other))
    assert north.said() == []
    assert [line.rule for line in north.ledger.lines(kind="RoundOpened")] == [rule]


def test_members_cannot_be_exchanged_under_a_registry_version(centre, actors) -> None:
    north = actors[0]
    centre.to(north, centre.opening(actors))
    others = tuple(messages.Member(actor=n, x=i + 1) for i, n in enumerate(("north", "evil-one", "evil-two")))
    centre.to(north, centre.opening(actors, round_id="cd" * 16, members=others))
    assert [line.rule for line in north.ledger.lines(kind="RoundOpened")] == ["", "round_registry"]
    centre.to(north, centre.opening(actors, round_id="ce" * 16, members=others, registry_version=2))
    centre.to(north, centre.opening(actors, round_id="cf" * 16, registry_version=1))
    assert [line.rule for line in north.ledger.lines(kind="RoundOpened")][2:] == ["", ""]


def test_too_many_rounds_in_an_hour_are_refused(centre, actors) -> None:
    north = Actor("north", centre.key, policy=DoorPolicy(rounds_per_hour_max=2))
    for i in range(4):
        centre.to(north, centre.opening(actors, round_id=f"{i:032x}"))
    assert [line.rule for line in north.ledger.lines(kind="RoundOpened")] == ["", "", "round_rate", "round_rate"]


def test_a_repeated_or_foreign_envelope_is_one_refusal(centre, actors) -> None:
    north = actors[0]
    raw = seal.seal(centre.key, "centre", "north", 1, centre.opening(actors))
    assert north.take_in(raw) is None
    again = north.take_in(raw)
    assert isinstance(again, Refused)
    assert again.rule == "heard_before"
    forged = seal.seal(north.key, "centre", "north", 2, centre.opening(actors, round_id="cd" * 16))
    assert north.take_in(forged).rule == "bad_signature"
    assert north.take_in(b"garbage").rule != ""
    assert len(north.ledger.lines(kind="ShareUpload")) == 1
    assert len(north.ledger.lines(kind="Envelope")) == 3
    assert north.door.heard == 1


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (DoorPolicy(reveal_domain="never", reveal_address="never"), "reveal_mode"),
        (DoorPolicy(reveal_domain="ask", reveal_address="ask"), "reveal_mode"),
        (DoorPolicy(reports_per_day_max=0), "budget"),
    ],
)
def test_the_policy_holds_a_report_back(centre, actors, policy, rule) -> None:
    actors[0] = Actor("north", centre.key, seed=1, suspicions=actors[0].suspicions, policy=policy)
    _, _, answers = centre.round(actors)
    assert all(isinstance(m, messages.Declined) for m in answers["north"])
    assert {line.rule for line in actors[0].ledger.lines(kind="Report")} == {rule}
    assert reports(answers)["south"]


def test_the_days_number_counts_observables_and_each_is_reported_again_in_every_round(centre, actors) -> None:
    mine = actors[0].suspicions
    actors[0] = Actor("north", centre.key, seed=1, suspicions=mine, policy=DoorPolicy(reports_per_day_max=1))
    for number in range(3):
        centre.round(actors, round_id=f"{number:032x}")
    lines = actors[0].ledger.lines(kind="Report")
    assert sum(line.verdict == "passed" for line in lines) == 3
    assert {line.rule for line in lines if line.verdict == "refused"} == {"budget"}
    assert actors[0].door.state.reported_since(NOW_US - DAY_US) == 1


BEHAVIOUR = (Observable.of("fp-pair", "1" * 32 + "+" + "2" * 32), Observable.of("chain", "T1046-T1071.001@16"))


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (DoorPolicy(), {"fp-pair", "chain"}),
        (DoorPolicy(reveal_pair="never"), {"chain"}),
        (DoorPolicy(reveal_chain="ask"), {"fp-pair"}),
        (DoorPolicy(reveal_fingerprint="never", reveal_domain="never", reveal_file="never"), {"fp-pair", "chain"}),
        (DoorPolicy(leave_out=(str(BEHAVIOUR[1]),)), {"fp-pair"}),
    ],
)
def test_each_class_of_behaviour_is_revealed_by_its_own_setting(centre, actors, policy, told) -> None:
    mine = suspicion(observables=BEHAVIOUR)
    for actor in actors:
        actor.suspicions = [mine]
    actors[0] = Actor("north", centre.key, seed=1, suspicions=[mine], policy=policy)
    _, _, answers = centre.round(actors)
    assert {r.type for r in reports(answers).get("north", [])} == told
    assert {r.type for r in reports(answers)["south"]} >= told
    wished = actors[0].door.state.wish(BEHAVIOUR[1])
    assert wished == ("asked" if policy.reveal_chain == "ask" else None)


def test_what_a_person_allowed_is_answered_and_a_veto_holds(centre, actors) -> None:
    ask = DoorPolicy(reveal_domain="ask", reveal_address="never")
    north = actors[0] = Actor("north", centre.key, seed=1, suspicions=actors[0].suspicions, policy=ask)
    centre.round(actors)
    assert north.door.state.wish(BAD) == "asked"
    north.door.state.set_override(BAD, "allow", "anna", NOW_US)
    _, _, answers = centre.round(actors, round_id="cd" * 16)
    assert {r.value for r in reports(answers)["north"]} == {BAD.value}
    north.door.state.set_override(BAD, "veto", "anna", NOW_US)
    north.suspicions = [suspicion(observables=(BAD,))]
    centre.to(north, centre.opening(actors, round_id="ce" * 16))
    prepared, slots = north.door.state.contents(north.door.state.round("ce" * 16))
    assert prepared.told == ()
    assert len(slots) == 0


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"p": 0.2}, "strong_enough"),
        ({"listed": True}, "not_common"),
        ({"observables": (Observable.of("ip4", "10.9.9.9"),)}, "external"),
        ({"observables": (Observable.of("domain", "epj.region.local"),)}, "external"),
    ],
)
def test_what_stays_at_home_is_one_line_with_its_rule(centre, actors, other, rule) -> None:
    north = Actor(
        "north",
        centre.key,
        suspicions=[suspicion(observables=(BAD,), **({} | other))]
        if "observables" not in other
        else [suspicion(**other)],
    )
    for i in range(3):
        centre.to(north, centre.opening(actors, round_id=f"{i:032x}"))
    assert [(line.verdict, line.rule) for line in north.ledger.lines(kind="Element")] == [("refused", rule)]


def test_old_suspicions_leave_the_set(centre, actors) -> None:
    north = Actor("north", centre.key, suspicions=[suspicion(last_us=NOW_US - 3 * DAY_US - HOUR_US)])
    centre.to(north, centre.opening(actors))
    prepared, _ = north.door.state.contents(north.door.state.round("ab" * 16))
    assert prepared.told == ()
    assert north.ledger.lines(kind="Element") == []


def test_a_round_of_another_suffix_list_is_joined_without_names_and_each_says_why(centre, actors) -> None:
    """Addresses still meet; a name cut in another way would be missed in silence."""
    _, hits, answers = centre.round(actors, forms="1-" + "0" * 16)
    assert hits
    assert {r.type for own in reports(answers).values() for r in own} == {"ip4"}
    lines = actors[0].ledger.lines(kind="Element")
    assert sorted((line.rule, line.verdict) for line in lines) == [("", "passed"), *[("same_names", "refused")] * 2]
    _, _, answers = centre.round(actors, round_id="cd" * 16)
    assert {r.type for own in reports(answers).values() for r in own} == {"domain", "ip4"}


@pytest.mark.parametrize(
    ("tier", "rule"), [("A", ""), ("A-daily", ""), ("B", "round_threshold"), ("Also", "round_threshold")]
)
def test_two_actors_are_enough_in_tier_a_and_in_its_daily_assurance_only(centre, actors, tier, rule) -> None:
    north = actors[0]
    centre.to(north, centre.opening(actors, tier=tier, t=2))
    assert [line.rule for line in north.ledger.lines(kind="RoundOpened")] == [rule]
