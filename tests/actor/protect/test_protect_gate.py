"""Gate 4: every rule refuses or waits for what it should, nothing else; one ledger line for each item."""

import json
from dataclasses import dataclass

import pytest

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.own_history import NO_HISTORY, Found, History
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.rules import Draft
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import ObservableType
from bavn.model.outcome import Refused
from bavn.model.ports import QueryRefused
from bavn.wire.messages.catalogue import IndicatorReleased

from .conftest import indicator, released, withdrawn

T0 = 1_795_000_000_000_000


class FakePast:
    """A history in which everything was met equally often. ``asked`` counts the observables hunted."""

    first_us = T0 - 7 * DAY_US
    last_us = T0
    known_from_us = 0
    homes = ()

    def __init__(self, hits=0, hosts=0, destinations=0, background=(1000, 5000, 5000), refuses=False) -> None:
        self.hits, self.hosts, self.destinations, self.background = hits, hosts, destinations, background
        self.refuses, self.asked = refuses, 0
        self.history = History(window=lambda *_: self, hunt=self.hunt)

    def hunt(self, window, observables):
        if self.refuses:
            raise QueryRefused("too long")
        self.asked += len(observables)
        return [Hunted(made, self.hits, self.hosts) for made in observables] if self.hits else []

    def rows(self, sql, parameters=None, tables=None):
        if "FROM alert" in sql:
            return []
        return [self.background] if parameters is None else [(self.destinations,)]


@dataclass
class Hunted:
    observable: object
    count: int
    hosts: int
    first_us: int = T0 - 5
    last_us: int = T0 - 1


def past(**numbers) -> History:
    return FakePast(**numbers).history


def test_what_the_centre_released_is_in_force(make_actor) -> None:
    actor = make_actor()
    [outcome] = actor.protect.receive([released(indicator())])
    assert isinstance(outcome, Draft)
    assert actor.enforcer.holds == actor.watcher.holds == {"evil-c2.com"}
    assert actor.states() == [("enforced", ("remembering", "watching"), None)]
    [line] = actor.lines()
    assert (line.gate, line.way, line.kind, line.verdict) == ("protect", "in", "IndicatorReleased", "passed")
    assert json.loads(line.summary)["standing"] == "wanted"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"valid_until_us": T0 + 1, "valid_from_us": T0 - DAY_US}, None),
        ({"valid_until_us": T0, "valid_from_us": T0 - DAY_US}, "not_expired"),
        ({"valid_from_us": T0 + 300 * 1_000_000}, None),
        ({"valid_from_us": T0 + 301 * 1_000_000}, "not_yet_valid"),
        ({"valid_until_us": T0 + 90 * DAY_US}, None),
        ({"valid_until_us": T0 + 90 * DAY_US + 1}, "end_in_time"),
        ({"pap": Pap.CLEAR}, None),
        ({"pap": Pap.RED}, "pap_allows"),
        ({"tlp": Tlp.RED}, None),
        ({"value": "10.1.2.3", "kind": "ip4"}, "external"),
        ({"value": "185.19.132.77", "kind": "ip4"}, "external"),
        ({"value": "203.0.114.9", "kind": "ip4"}, None),
        ({"value": "224.0.0.251", "kind": "ip4"}, "external"),
        ({"value": "fd00::1", "kind": "ip6"}, "external"),
        ({"value": "printer.local"}, "external"),
        ({"value": "co.uk"}, "external"),
        ({"value": "1.1.1.1", "kind": "ip4"}, "never_block"),
        ({"value": "update.microsoft.com"}, "never_block"),
        ({"value": "microsoft.com"}, "never_block"),
        ({"value": "a.b.sundhed.dk"}, "never_block"),
        ({"value": "evil.amazonaws.com"}, None),
        ({"value": "ab" * 32, "kind": "sha256"}, None),
    ],
)
def test_the_refusing_rules(make_actor, changes, rule) -> None:
    actor = make_actor()
    made = indicator(**changes)
    [outcome] = actor.protect.receive([released(made)])
    assert (outcome.rule if isinstance(outcome, Refused) else None) == rule
    assert actor.enforcer.holds == (set() if rule else {made.observable.value})
    assert [state[::2] for state in actor.states()] == [("refused", rule) if rule else ("enforced", None)]
    [line] = actor.lines()
    assert (line.verdict, line.rule) == (("refused", rule) if rule else ("passed", ""))


def test_own_domains_are_never_blocked(make_actor) -> None:
    never = NeverBlock.of("", "empty", own_domains=["hospital-x.dk"], centre=["sac.example.org", "198.18.0.9"])
    actor = make_actor(never=never)
    values = ["hospital-x.dk", "vpn.hospital-x.dk", "sac.example.org", "example.org", "other.example.org"]
    outcomes = actor.protect.receive([released(indicator(v, n=i)) for i, v in enumerate(values)])
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [True, True, True, True, False]


def test_what_is_no_bundle_is_refused_and_told_to_nobody(make_actor) -> None:
    actor = make_actor()
    [outcome] = actor.protect.receive([IndicatorReleased(bundle="{}")])
    assert outcome == Refused("stix_well_formed", "the text is not a STIX bundle")
    assert actor.told() == []
    assert [line.rule for line in actor.lines()] == ["stix_well_formed"]


def test_pap_amber_is_watched_or_refused_and_a_stricter_version_lifts(make_actor) -> None:
    actor = make_actor()
    actor.protect.receive([released(indicator(pap=Pap.AMBER))])
    assert actor.enforcer.holds == set()
    assert actor.watcher.holds == {"evil-c2.com"}
    assert actor.states() == [("partly", ("watching",), "pap_watch_only")]
    actor = make_actor(watching=frozenset())
    [outcome] = actor.protect.receive([released(indicator(pap=Pap.AMBER))])
    assert outcome.rule == "pap_watch_only"
    assert actor.enforcer.holds == set()
    actor = make_actor()
    actor.protect.receive([released(indicator())])
    actor.protect.receive([released(indicator(version=T0 + 1, pap=Pap.RED))])
    assert actor.enforcer.holds == actor.watcher.holds == set()


def test_withdrawals_and_versions_count_in_their_order_only(make_actor) -> None:
    actor = make_actor()
    old, new = released(indicator()), released(indicator(version=T0 + 5, confidence=90))
    actor.protect.receive([old, new])
    outcomes = actor.protect.receive([old, new])
    assert [outcome.rule for outcome in outcomes] == ["version_new", "version_new"]
    actor.protect.receive([withdrawn(indicator(), T0 + 9)])
    assert actor.enforcer.holds == set()
    [again] = actor.protect.receive([released(indicator(version=T0 + 9))])
    assert again.rule == "version_new"
    assert actor.enforcer.holds == set()
    assert len(actor.lines()) == 6
    actor = make_actor()
    actor.protect.receive([released(indicator(version=T0 + 5))])
    [outcome] = actor.protect.receive([withdrawn(indicator(), T0 + 4)])
    assert outcome.rule == "withdrawal_new"
    assert actor.enforcer.holds == {"evil-c2.com"}
    actor = make_actor()
    actor.protect.receive([withdrawn(indicator()), released(indicator())])
    assert actor.enforcer.holds == set()
    assert actor.states() == [("lifted", (), "withdrawn")]
    actor = make_actor()
    actor.protect.receive([released(indicator())])
    actor.protect.receive([released(indicator(version=T0 + 1, revoked=True))])
    assert actor.enforcer.holds == set()
    assert actor.states()[-1] == ("lifted", (), "revoked")


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        ({"hits": 100, "hosts": 20, "destinations": 3}, None),
        ({"hits": 100, "hosts": 21, "destinations": 1}, "dry_run_hosts"),
        ({"hits": 9, "hosts": 6, "destinations": 1, "background": (29, 900, 900)}, "dry_run_hosts"),
        ({"hits": 9, "hosts": 6, "destinations": 1, "background": (30, 900, 900)}, None),
        ({"hits": 9, "hosts": 5, "destinations": 5, "background": (5, 5, 5)}, None),
        ({"hits": 9, "hosts": 1, "destinations": 51}, "dry_run_share"),
        ({"hits": 9, "hosts": 1, "destinations": 50}, None),
    ],
)
def test_what_many_here_would_feel_waits(make_actor, found, rule) -> None:
    actor = make_actor(history=past(**found))
    [outcome] = actor.protect.receive([released(indicator())])
    assert isinstance(outcome, Draft)
    assert [why.rule for why in outcome.waits] == ([rule] if rule else [])
    assert actor.enforcer.holds == (set() if rule else {"evil-c2.com"})
    assert [item.rule for item in actor.protect.waiting()] == ([rule] if rule else [])
    if rule:
        assert ("waiting", (), rule) in actor.states()
        assert json.loads(actor.protect.waiting()[0].found)["hosts"] == found["hosts"]


def test_without_an_answer_of_the_history_it_waits_and_is_not_asked_without_end(make_actor) -> None:
    actor = make_actor()
    actor.protect.receive([released(indicator())])
    actor.protect.step()
    [item] = actor.protect.blocks()
    assert Found(**json.loads(item.found)) == NO_HISTORY
    assert not [said for said in actor.told() if not hasattr(said, "state")]
    actor = make_actor(history=past(refuses=True))
    actor.protect.receive([released(indicator())])
    assert [item.rule for item in actor.protect.waiting()] == ["dry_run_failed"]
    fake = FakePast()
    actor = make_actor(ProtectPolicy(hunts_per_day_max=7), history=fake.history)
    actor.protect.receive([released(indicator(f"c{n}.evil.com", n=n)) for n in range(30)])
    for _ in range(5):
        actor.protect.step()
    assert fake.asked == 7
    assert {item.rule for item in actor.protect.waiting()} == {"dry_run_failed"}


def test_budget_crowds_and_warning_lists_make_blocks_wait(make_actor) -> None:
    actor = make_actor(listed=lambda observable: "top sites" if observable.value == "evil-c2.com" else None)
    actor.protect.receive([released(indicator()), released(indicator("other.org", n=2))])
    assert [item.rule for item in actor.protect.waiting()] == ["warning_list"]
    assert actor.enforcer.holds == {"other.org"}
    actor = make_actor(ProtectPolicy(blocks_per_hour_max=2))
    actor.protect.receive([released(indicator(f"c{n}.evil.com", n=n)) for n in range(3)])
    actor.clock.us += HOUR_US
    actor.protect.receive([released(indicator("late.evil.com", n=9))])
    assert "late.evil.com" in actor.enforcer.holds
    assert len(actor.protect.waiting()) == 1
    actor = make_actor(history=past(hits=5, hosts=1, destinations=30))
    actor.protect.receive([released(indicator(f"c{n}.evil.com", n=n)) for n in range(6)])
    assert len(actor.enforcer.holds) == 3
    assert {item.rule for item in actor.protect.waiting()} == {"budget_share"}


@pytest.mark.parametrize(
    ("policy", "rules"),
    [
        (ProtectPolicy(automatic=False), {"by_hand"}),
        (ProtectPolicy(confidence_min=81), {"confidence"}),
        (ProtectPolicy(confidence_min=80), set()),
        (ProtectPolicy(blocks_per_hour_max=3), {"blocks_per_hour"}),
        (ProtectPolicy(blocks_max=3), {"blocks_max"}),
    ],
)
def test_the_policy_makes_blocks_wait(make_actor, policy, rules) -> None:
    actor = make_actor(policy)
    actor.protect.receive([released(indicator(f"c{n}.evil.com", n=n)) for n in range(5)])
    waiting = actor.protect.waiting()
    assert {item.rule for item in waiting} == rules
    assert len(waiting) == (0 if not rules else 2 if policy.automatic and policy.confidence_min == 0 else 5)


def test_memory_is_bounded_and_a_renewal_asks_nobody_again(make_actor) -> None:
    actor = make_actor(ProtectPolicy(items_max=100))
    actor.protect.receive([released(indicator(f"c{n}.evil.com", n=n)) for n in range(100)])
    more = [released(indicator("more.org", n=1000)), withdrawn(indicator(n=1001))]
    assert [outcome.rule for outcome in actor.protect.receive(more)] == ["room", "room"]
    [renewed] = actor.protect.receive([released(indicator("c1.evil.com", n=1, version=T0 + 1))])
    assert isinstance(renewed, Draft)
    actor = make_actor(ProtectPolicy(blocks_per_hour_max=1))
    actor.protect.receive([released(indicator())])
    later = indicator(version=T0 + 1, valid_until_us=T0 + 20 * DAY_US)
    actor.protect.receive([released(later)])
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert actor.protect.blocks()[0].until_us == T0 + 20 * DAY_US


def test_what_nobody_carries_is_said(make_actor) -> None:
    class OnlyNames:
        name = "only_names"
        carries = frozenset({ObservableType.DOMAIN})

        def __init__(self) -> None:
            self.blocks = ()

        def takes(self, observable) -> bool:
            return observable.value != "too.long.org"

        def enforce(self, blocks) -> None:
            self.blocks = tuple(blocks)

    hand = OnlyNames()
    actor = make_actor(enforcers=Enforcers((hand,), ()))
    sent = [("a.evil.com", "domain"), ("too.long.org", "domain"), ("203.0.114.9", "ip4")]
    outcomes = actor.protect.receive([released(indicator(v, k, n=i)) for i, (v, k) in enumerate(sent)])
    assert [getattr(outcome, "rule", None) for outcome in outcomes] == [None, "carried", "carried"]
    assert [block.observable.value for block in hand.blocks] == ["a.evil.com"]
