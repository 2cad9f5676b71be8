"""Never again: no entry of the set of accidents gets to a block, in any spelling, by any way, without its words and two
people; and none that is never blocked with them.
"""

from ipaddress import ip_network

import pytest

from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.centre.cases.indicators.indicator import checks_of, checks_text
from bavn.model.intel.accidents import RULE, Accidents, accident_of, accidents
from bavn.model.observable import Observable, is_external, registered_domain
from bavn.model.sector.canary import name_of
from bavn.model.sector.indicator_life import LifeAct
from tests.sector import accident_ways as ways

ENTRIES = accidents().entries
MEANT = {entry.value: ways.observables_of(entry) for entry in ENTRIES}
EVERY = sorted(set().union(*MEANT.values()))
ONE_EACH = sorted({min(meant) for meant in MEANT.values() if meant})
NEVER = {one for one in EVERY if accident_of(one).never}
ORDINARY = [Observable.of("domain", "evil-c2.com"), Observable.of("ip4", "45.9.148.20")]


@pytest.fixture
def centre():
    with ways.Centre() as made:
        yield made


def test_each_entry_has_words_and_is_found_in_every_spelling() -> None:
    assert len(ENTRIES) > 150
    assert len({entry.value for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert len(entry.breaks.en) > 40, entry.value
        assert entry.what, entry.value
        assert entry.breaks.say("da") != entry.breaks.en, entry.breaks
        suffix = isinstance(entry.at, str) and registered_domain(entry.at) is None
        assert MEANT[entry.value] or suffix, f"nothing that can be read means {entry.value}"
    assert [one for one in EVERY if accident_of(one) is None] == []


def test_unread_none_gets_through_but_an_ordinary_attack_does() -> None:
    """Else the walk would prove nothing."""
    through = {way: sorted(map(str, some)) for way, some in ways.unasked(EVERY, ONE_EACH).items()}
    assert {way: some for way, some in through.items() if some} == {}
    through = ways.unasked(ORDINARY, ORDINARY)
    assert {way: len(some) for way, some in through.items()} == dict.fromkeys(through, len(ORDINARY))


def test_two_people_who_read_the_words_get_through_what_is_not_never_blocked() -> None:
    asked = set(EVERY) - NEVER
    one_a_kind = {accident_of(one).kind: one for one in NEVER}
    assert ways.by_two_who_read(sorted({*asked, *one_a_kind.values()})) == asked
    with ways.Actor(shipped_text()) as actor:
        assert not actor.hears(EVERY)
        assert actor.approves(EVERY) == asked


def test_what_is_never_blocked_is_so_at_every_actor_whatever_stands_in_its_list() -> None:
    with ways.Actor("") as actor:
        actor.hears(EVERY)
        assert not actor.approves(EVERY) & NEVER
    own = NeverBlock.of("", "own")
    for observable in NEVER:
        refused = own.refusal(observable)
        assert refused is not None
        assert accident_of(observable).breaks.en in refused.reason.en


def test_gate_3_lets_none_out_that_is_never_blocked_whoever_read(centre) -> None:
    ways_out = {(one, way) for one in NEVER for way in ways.STRONG if centre.gate(one, way, ("anna", "bo")) is None}
    assert ways_out == set()
    assert RULE in {rule.name for rule in centre.share.post.rules.of_indicators()}  # partners' gate has these, too


def test_a_person_reads_the_words_before_anything_and_the_log_keeps_them(centre) -> None:
    ipify = Observable.of("domain", "api.ipify.org")
    life = centre.drafted(ipify)
    (check,) = [check for check in life.checks if check.name == RULE]
    assert (check.stops, check.to_read, check.read_by) == (True, True, ())
    assert "Programs that ask for their own public address would stop" in check.words.en
    (kept,) = [one for one in checks_of(checks_text(life.checks)) if one.name == RULE]
    assert kept == check
    assert kept.words.say("da") != kept.words.en
    with pytest.raises(ways.NotAllowed, match="Programs that ask for their own public address"):
        centre.indicators.act(life.id, LifeAct.APPROVE, ways.BO, "agreed")
    centre.indicators.act(life.id, LifeAct.APPROVE, ways.BO, "agreed", read=True)
    with pytest.raises(ways.NotAllowed, match="two people"):
        centre.indicators.act(life.id, LifeAct.RELEASE, ways.BO, "go", read=True)
    life = centre.indicators.act(life.id, LifeAct.RELEASE, ways.ANNA, "go", read=True)
    assert life.read_by == ("bo", "anna")
    lines = [line for line in centre.indicators.history(life.id) if "read" in line.detail]
    assert [line.who for line in lines] == ["bo", "anna"]
    assert centre.out() == {ipify}


def test_a_register_or_a_verdict_of_the_sector_stops_it_also_when_two_read(centre, monkeypatch) -> None:
    monkeypatch.setitem(ways.STRONG, "own", ways.STRONG["a lead of the sector"] | {"listed": ("register",)})
    refused = centre.gate(Observable.of("domain", "api.ipify.org"), "own", ("anna", "bo"))
    assert refused is not None
    assert refused.rule == "not_listed"


def test_a_customer_below_a_platform_is_no_accident_and_a_canary_never_one() -> None:
    assert accident_of(Observable.of("domain", "evil.blob.core.windows.net")) is None
    assert accident_of(Observable.of("domain", "githubusercontent.com")).never
    assert not is_external(name_of(20_000))
    assert all(accident_of(name_of(day)) is None for day in range(20_000, 20_400))


def test_what_is_never_blocked_has_the_last_word_over_what_two_people_may() -> None:
    text = """
        [inside]
        never = false
        breaks = "a"
        entries = [{value = "198.51.100.0/24", what = "b"}, {value = "x.example.com", what = "b"}]
        [outside]
        never = true
        breaks = "c"
        entries = [{value = "198.51.100.7", what = "d"}, {value = "example.com", what = "d"}]
    """
    some = Accidents.read(text)
    assert some.entries[0].at == ip_network("198.51.100.0/24")
    assert some.of(Observable.of("ip4", "198.51.100.7")).never
    assert not some.of(Observable.of("ip4", "198.51.100.8")).never
    assert some.of(Observable.of("domain", "y.x.example.com")).never
    assert some.of(Observable.of("ip4", "198.51.101.7")) is None
