"""Sigma rules as part of signature: folded and ranked like alerts, with the rule's own technique and level."""

from collections.abc import Mapping

import pytest

from bavn.actor.detect.detectors.signature import SIGMA, Signature
from bavn.actor.detect.indicators.lists import Lists
from bavn.actor.detect.indicators.sigma_alerts import number_of
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.actor.store.columns import ColumnStore
from bavn.model.intel.rule import RowRule
from bavn.model.moment import HOUR_US

AT = 494_000 * HOUR_US


def rule(title: str, condition: str, level: str = "high", **more: object) -> RowRule:
    given: Mapping[str, object] = {
        "id": title,
        "technique": "T1071.004",
        "table": "dns",
        "relation": "dns",
        "name_column": "rrname",
    } | more
    return RowRule(title=title, level=level, condition=condition, **given)


@pytest.fixture
def seen(rows):
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as store:
        dns = [{"ts": AT + n, "src": f"10.0.0.{n % 3}", "rrname": "www.fine-example.dk"} for n in range(9)]
        dns += [{"ts": AT + 60 + n, "src": "10.0.0.1", "rrname": f"n{n}.evil-example.dk"} for n in range(4)]
        store.append("a", "1", {"dns": rows("dns", dns)})
        window = store.window(0, AT + HOUR_US)
        yield (
            lambda *rules: (
                survey(
                    window, (Signature(),), against=SurveyBackground(known=lambda: Lists({})), rules=rules
                ).suspicions
            )
        )


EVIL = rule("evil", "ends_with(rrname, '.evil-example.dk')")


def test_rows_about_one_peer_are_one_suspicion_weighed_by_level(seen) -> None:
    (found,) = seen(EVIL)
    assert (found.host, found.peer, found.technique) == ("10.0.0.1", "evil-example.dk", "T1071.004")
    assert "raised “evil” about evil-example.dk; 4 alerts in all" in found.why.en
    assert (found.first_us, found.last_us) == (AT + 60, AT + 63)
    assert found.rows.table == "dns"
    assert ("src", "10.0.0.1") in found.rows.equals
    assert seen() == ()
    assert number_of(EVIL) > 2**32

    def weight(level: str) -> float:
        (found,) = seen(rule("evil", EVIL.condition, level))
        return found.statistic

    assert weight("critical") > weight("high") > weight("medium") > weight("low")


def test_a_broken_rule_costs_no_other_and_neither_order_nor_little_worth_doubles_a_story(seen) -> None:
    assert [s.peer for s in seen(rule("broken", "no_such_column = 1"), EVIL)] == ["evil-example.dk"]
    other = rule("fine", "rrname = 'www.fine-example.dk'", "low")
    assert seen(EVIL, other) == seen(other, EVIL)
    assert len(seen(EVIL, other)) == 2
    fine = "rrname = 'www.fine-example.dk'"
    (low,) = seen(rule("fine", fine, "low"))
    assert (low.hosts, low.peer) == (3, "rule fine")
    assert "3 hosts match the rule" in low.why.en
    assert len(seen(rule("fine", fine, "medium"))) == 3


def test_a_rule_that_many_match_or_about_many_peers_is_one_suspicion(rows) -> None:
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as store:
        dns = [{"ts": AT + n, "src": f"10.0.0.{n}", "rrname": "www.fine-example.dk"} for n in range(4)]
        dns += [{"ts": AT + 9, "src": "10.0.0.1", "rrname": "n.evil-example.dk"}]
        store.append("a", "1", {"dns": rows("dns", dns)})
        window = store.window(0, AT + HOUR_US)
        rules = (rule("many", "rrname = 'www.fine-example.dk'"), EVIL)
        found = survey(window, (Signature(),), against=SurveyBackground(known=lambda: Lists({})), rules=rules)
    assert sorted((s.hosts, s.peer) for s in found.suspicions) == [(1, "evil-example.dk"), (4, "rule many")]
    assert set(found.tallies) == {"signature", SIGMA}
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as store:
        dns = [{"ts": AT + n, "src": "10.0.0.1", "rrname": f"www.evil{n}-example.dk"} for n in range(5)]
        store.append("a", "1", {"dns": rows("dns", dns)})
        window = store.window(0, AT + HOUR_US)
        (found,) = survey(
            window, (Signature(),), against=SurveyBackground(known=lambda: Lists({})), rules=(rule("many", "TRUE"),)
        ).suspicions
    assert (found.host, found.peer) == ("10.0.0.1", "rule many")
