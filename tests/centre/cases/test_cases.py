"""Cases: the life-cycle as the table says, by named people only, one winner of two, every act in an unbroken log."""

import json
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from bavn.centre.cases import audit
from bavn.centre.cases.case.case import (
    ElementFacts,
    ReleaseTerms,
    facts_of,
    facts_text,
    terms_of,
    terms_text,
)
from bavn.centre.cases.case.cases import Cases, ChangedMeanwhile, UnknownCase
from bavn.centre.cases.policies import UnknownPolicy
from bavn.centre.cases.tables import AUDIT
from bavn.centre.cases.two_people import NotAllowed, person
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.case import LIFE_CYCLE, CaseAct, CaseState, NotNow, after
from bavn.rehearsal.clock import SimClock
from tests.builders import lead_facts
from tests.builders import standing_policy as policy

NOW_US = 20_000 * DAY_US
EVIL = Observable.of("domain", "evil.example.com")
ADDRESS = Observable.of("ip4", "198.51.100.7")


def lead(score=9.0, lead_id="lead-00000000000000aa", groups=3, listed=False, elements=(EVIL, ADDRESS)):
    return lead_facts(*(ElementFacts(one, score, groups, listed) for one in elements), lead_id=lead_id, score=score)


@pytest.fixture
def cases(clock, databases):
    engine = databases.new()
    yield Cases(engine, clock)
    engine.dispose()


@settings(max_examples=60)
@given(acts=st.lists(st.sampled_from([act for act in CaseAct if act is not CaseAct.MERGE]), max_size=8))
def test_a_case_walks_the_table_and_nothing_else(databases, acts):
    engine = databases.new()
    try:
        cases = Cases(engine, SimClock(NOW_US))
        case = cases.open(lead())
        state, orders, wanted, lines = CaseState.NEW, 0, False, 1
        for act in acts:
            if (state, act) in LIFE_CYCLE:
                case = cases.act(case.id, act, account("anne"), "because")
                state = after(state, act)
                lines += 1
                if act is CaseAct.RELEASE or (act in (CaseAct.WITHDRAW, CaseAct.DISMISS) and wanted):
                    wanted, orders = act is CaseAct.RELEASE, orders + 1
            else:
                with pytest.raises(NotNow):
                    cases.act(case.id, act, account("anne"), "because")
            assert (case.state, case.order_no, case.wanted) == (state, orders, wanted)
        assert len(cases.audit_lines(case.id)) == lines
        assert audit.verify(engine) is None
    finally:
        databases.free(engine)


def test_one_lead_is_one_case_and_follows_it_until_something_is_released(cases):
    case = cases.open(lead())
    assert cases.open(lead(score=11.0)) == case
    cases.refresh([lead(score=11.0)])
    assert cases.case(case.id).score == 11.0
    cases.act(case.id, CaseAct.CONFIRM, account("anne"), "yes")
    cases.act(case.id, CaseAct.RELEASE, account("anne"), "yes")
    cases.refresh([lead(score=1.0, elements=(EVIL,))])
    assert cases.case(case.id).score == 11.0
    assert len(cases.case(case.id).facts.elements) == 2


def test_a_reason_is_part_of_the_act(cases):
    case = cases.open(lead())
    cases.act(case.id, CaseAct.TAKE, account("anne"), "")
    assert cases.case(case.id).owner == account("anne")
    with pytest.raises(ValueError, match="needs a reason"):
        cases.act(case.id, CaseAct.CONFIRM, account("anne"), "  ")
    with pytest.raises(ValueError, match="at most"):
        cases.act(case.id, CaseAct.CONFIRM, account("anne"), "x" * 2001)
    with pytest.raises(ValueError, match="terms"):
        cases.act(case.id, CaseAct.CONFIRM, account("anne"), "yes", ReleaseTerms())
    with pytest.raises(UnknownCase):
        cases.act("case-none", CaseAct.CONFIRM, account("anne"), "yes")
    cases.comment(case.id, account("bo"), "seen before")
    assert json.loads(cases.audit_lines(case.id)[-1].detail)["text"] == "seen before"


@pytest.mark.parametrize("name", ["", "x", "centre", "Centre", "policy:3", "Policy:3", "a\nb", "a" * 65, " anne"])
def test_only_a_person_acts(cases, name):
    case = cases.open(lead())
    with pytest.raises(NotAllowed):
        cases.act(case.id, CaseAct.CONFIRM, name, "yes")
    assert cases.case(case.id).state is CaseState.NEW


def test_facts_come_back_as_they_were_and_names_are_those_that_people_have():
    for name in (account("anne"), "Søren Ø.", account("anne@sac.dk"), "o'neil", "å.b+c"):
        assert person(name) == name
    assert facts_of(facts_text(lead())) == lead()
    for terms in (
        ReleaseTerms(),
        ReleaseTerms(observables=(EVIL,), tlp=Tlp.AMBER_STRICT, pap=Pap.AMBER, days=3, confidence=70),
    ):
        assert terms_of(terms_text(terms)) == terms


def test_dismissing_clears_for_all_and_the_clock_keeps_the_last_block(cases):
    case = cases.open(lead())
    cases.act(case.id, CaseAct.DISMISS, account("anne"), "a probe")
    assert set(cases.verdicts("benign")) == {EVIL, ADDRESS}
    cases.act(case.id, CaseAct.REOPEN, account("bo"), "hm")
    assert cases.verdicts("benign") == {}
    cases.act(case.id, CaseAct.CONFIRM, account("bo"), "yes after all")
    assert cases.verdicts("malicious") == {EVIL: (3, 2), ADDRESS: (3, 2)}
    cases.act(case.id, CaseAct.DISMISS, account("anne"), "no")
    assert cases.verdicts("malicious") == {}
    case = cases.open(lead())
    for at_us in (NOW_US + 7, NOW_US + 3):
        cases.blocked(case.id, at_us)
    assert cases.case(case.id).clocks.last_block_us == NOW_US + 7


def test_orders_are_carried_out_once_and_a_refusal_brings_the_case_back(cases):
    case = cases.open(lead())
    cases.act(case.id, CaseAct.CONFIRM, account("anne"), "yes")
    cases.act(case.id, CaseAct.RELEASE, account("anne"), "yes")
    (order,) = cases.orders()
    cases.refused(order.id, order.order_no, {"domain:evil.example.com": "two_groups: one only"})
    cases.refused(order.id, order.order_no, {"domain:evil.example.com": "two_groups: one only"})
    assert cases.case(case.id).state is CaseState.CONFIRMED
    assert cases.orders() == ()
    assert [line.act for line in cases.audit_lines(case.id)].count("refused-by-gate") == 1
    cases.act(case.id, CaseAct.RELEASE, account("anne"), "again")
    (order,) = cases.orders()
    cases.done(order.id, order.order_no, NOW_US + 5)
    assert cases.orders() == ()
    assert cases.case(case.id).clocks.released_us == NOW_US + 5
    assert cases.last_by(case.id, CaseAct.RELEASE)[0] == account("anne")


# --- standing policies -------------------------------------------------------------------------------------------


def in_force(cases, **other):
    state = cases.policies.propose(policy(**other), account("anne"))
    return cases.policies.approve(state.id, account("bo"))


def test_two_different_people_stand_behind_a_policy(cases, clock):
    state = cases.policies.propose(policy(), account("anne"))
    cases.open(lead())
    assert cases.apply_policies() == []
    for name in (account("anne"), "ANNE", "policy:1"):
        with pytest.raises(NotAllowed):
            cases.policies.approve(state.id, name)
    cases.policies.approve(state.id, account("bo"))
    with pytest.raises(NotAllowed):
        cases.policies.approve(state.id, "clara")
    assert cases.apply_policies() == ["case-00000000000000aa"]
    (case,) = cases.every()
    assert case.state is CaseState.RELEASED
    assert case.terms.observables == (EVIL, ADDRESS)
    assert cases.last_by(case.id, CaseAct.RELEASE)[0] == f"policy:{state.id}"
    with pytest.raises(UnknownPolicy):
        cases.policies.approve("policy-99", account("bo"))


@pytest.mark.parametrize(
    ("facts", "other"),
    [
        ({"score": 7.9}, {}),
        ({"groups": 2}, {}),
        ({"listed": True}, {}),
        ({}, {"types": ("ja3",)}),
        ({}, {"blocks_per_day_max": 1}),
    ],
)
def test_what_a_policy_does_not_cover_waits_for_a_person(cases, facts, other):
    in_force(cases, **other)
    cases.open(lead(**facts))
    assert cases.apply_policies() == []
    assert cases.every()[0].state is CaseState.NEW


def test_a_policy_releases_only_what_it_covers_and_only_so_much_a_day(cases, clock):
    in_force(cases, types=("domain",), blocks_per_day_max=2)
    for at in range(3):
        cases.open(lead(lead_id=f"lead-{at:016x}"))
    assert len(cases.apply_policies()) == 2
    assert cases.apply_policies() == []
    assert {case.terms.observables for case in cases.orders()} == {(EVIL,)}
    clock.advance(DAY_US)
    assert len(cases.apply_policies()) == 1


def test_a_policy_ends_by_its_date_or_by_one_person(cases, clock):
    state = in_force(cases)
    clock.advance(91 * DAY_US)
    cases.open(lead())
    assert cases.apply_policies() == []
    other = cases.policies.propose(policy(until_us=clock.now_us() + DAY_US), account("anne"))
    cases.policies.approve(other.id, account("bo"))
    cases.policies.end(other.id, "clara", "too eager")
    assert cases.apply_policies() == []
    assert [one.id for one in cases.policies.every()] == [state.id, other.id]


@pytest.mark.parametrize(
    "wrong",
    [
        {"groups_min": 1},
        {"blocks_per_day_max": 0},
        {"indicator_days": 0},
        {"types": ()},
        {"types": ("host",)},
        {"name": ""},
    ],
)
def test_a_policy_without_bounds_is_none(wrong):
    with pytest.raises(ValueError):
        policy(**wrong)


def test_a_policy_ends_within_a_year(cases):
    for until_us in (NOW_US, NOW_US + 366 * DAY_US):
        with pytest.raises(ValueError, match="within a year"):
            cases.policies.propose(policy(until_us=until_us), account("anne"))


# --- two processes -----------------------------------------------------------------------------------------------


def test_of_two_who_act_at_once_one_wins(databases, tmp_path):
    engines = [databases.at(tmp_path) for _ in range(2)]
    desks = [Cases(engine, SimClock(NOW_US)) for engine in engines]
    ids = [desks[0].open(lead(lead_id=f"lead-{at:016x}")).id for at in range(12)]
    won = {case_id: [] for case_id in ids}

    def decide(cases, act, name):
        for case_id in ids:
            try:
                cases.act(case_id, act, name, "because")
            except (NotNow, ChangedMeanwhile):
                continue
            won[case_id].append(act)

    threads = [
        threading.Thread(target=decide, args=(desks[0], CaseAct.CONFIRM, account("anne"))),
        threading.Thread(target=decide, args=(desks[1], CaseAct.TAKE, account("bo"))),
        threading.Thread(target=decide, args=(desks[1], CaseAct.CONFIRM, "clara")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for case_id in ids:
        assert won[case_id].count(CaseAct.CONFIRM) == 1
        assert desks[0].case(case_id).state is CaseState.CONFIRMED
        assert len(desks[0].audit_lines(case_id)) == 1 + len(won[case_id])
    assert audit.verify(engines[0]) is None
    for engine in engines:
        engine.dispose()


def test_who_acts_on_an_old_picture_is_told_to_look_again(cases, monkeypatch):
    case = cases.open(lead())
    cases.act(case.id, CaseAct.TAKE, account("anne"), "")
    monkeypatch.setattr("bavn.centre.cases.case.cases.locked", lambda *_: case)
    with pytest.raises(ChangedMeanwhile):
        cases.act(case.id, CaseAct.DISMISS, account("bo"), "too late")
    assert [line.act for line in cases.audit_lines(case.id)] == ["open", "take"]


# --- the audit log -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["changed", "dropped", "last dropped", "renumbered"])
def test_a_changed_log_shows(cases, fault):
    engine = cases._engine
    case = cases.open(lead())
    for act in (CaseAct.TAKE, CaseAct.CONFIRM, CaseAct.DISMISS):
        cases.act(case.id, act, account("anne"), "because")
    assert audit.verify(engine) is None
    assert len(list(audit.export(engine))) == 4
    with engine.begin() as tx:
        if fault == "changed":
            tx.execute(update(AUDIT).where(AUDIT.c.seq == 2).values(who=account("bo")))
        elif fault == "renumbered":
            tx.execute(update(AUDIT).where(AUDIT.c.seq == 4).values(seq=5))
        else:
            tx.execute(delete(AUDIT).where(AUDIT.c.seq == (4 if fault == "last dropped" else 2)))
    assert audit.verify(engine) is not None
