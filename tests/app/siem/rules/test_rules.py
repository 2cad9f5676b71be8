"""Each indicator as a rule in each language, or why there is none; and nothing of a stranger's in it."""

import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sigma.collection import SigmaCollection
from sigma.validation import SigmaValidator
from sigma.validators.core import validators

from bavn.actor.hunt.rule_text import RuleFile
from bavn.actor.hunt.sigma import read_rules
from bavn.app.siem.rules.rule import FORMS
from bavn.app.siem.rules.suricata import sid_of
from bavn.app.siem.rules.write import rule_of
from bavn.model.intel.indicator import Pap, Tlp, indicator_id
from bavn.model.intel.own_rules import INDICATOR_RULES, RULES_OF_ONE, is_own_number, rest_on_own_rule
from bavn.model.moment import DAY_US
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.suspicion import RowsRef
from tests.app.siem.rules.examples import NOW_US, OBSERVABLES, PLACE, indicator

NONE = {
    "suricata": {"cert-sha256", "sha256", "pair-ja3", "pair-ja4", "chain"},
    "sigma": {"chain"},
}
"""What each language has no field for."""


def rule(name, form, **other):
    return rule_of(indicator(OBSERVABLES[name], **other), form, NOW_US, PLACE)


@pytest.mark.parametrize("name", OBSERVABLES)
@pytest.mark.parametrize("form", FORMS)
def test_each_is_a_rule_with_its_terms_or_is_refused_with_a_reason(name, form) -> None:
    written = rule(name, form)
    if name in NONE[form]:
        assert isinstance(written, Refused)
        assert str(written.reason)
        return
    assert isinstance(written, str)
    assert written.endswith("\n")
    flat = re.sub(r"\s+", " ", written)  # YAML folds what is long
    for said in (indicator(OBSERVABLES[name]).id, "TLP:AMBER, PAP:GREEN, until 2026-10-04T00:00Z", "T1071.001", PLACE):
        assert said in flat
    for part in OBSERVABLES[name].value.split("+"):
        assert part in written.replace(":", "") + written


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"revoked": True}, "revoked"),
        ({"valid_until_us": NOW_US}, "expired"),
        ({"tlp": Tlp.RED}, "marking"),
        ({"pap": Pap.RED}, "marking"),
        ({"id": 'indicator--"; drop'}, "canonical"),
    ],
)
def test_what_is_over_or_not_for_others_becomes_no_rule(form, other, why) -> None:
    refused = rule("domain", form, **other)
    assert isinstance(refused, Refused)
    assert refused.rule == why


HOSTILE = st.text(st.sampled_from("evil.example\"'`;\\*?%|()[]{}$#/:\n\r\x00 \u202eæ"), max_size=40) | st.text(
    max_size=60
)


def plain(kind, text):
    try:
        return Observable.of(kind, text).value == text
    except NotCanonical:
        return False


@given(st.sampled_from(list(ObservableType)), HOSTILE, st.sampled_from(FORMS))
def test_a_value_that_is_not_as_bavn_writes_it_reaches_no_language(kind, text, form) -> None:
    hostile = indicator(Observable.trusted(kind, text), id=indicator_id(OBSERVABLES["domain"]))
    written = rule_of(hostile, form, NOW_US)
    if not plain(kind, text):
        assert isinstance(written, Refused)
        assert written.rule == "canonical"


@given(HOSTILE, HOSTILE, HOSTILE, st.sampled_from(FORMS), st.sampled_from(["domain", "ip4", "sha256"]))
def test_what_strangers_wrote_beside_the_value_changes_no_rule(technique, case, place, form, name) -> None:
    hostile = indicator(OBSERVABLES[name], technique=f"{technique}!", case_id=f"{case}!")
    bare = indicator(OBSERVABLES[name], technique="", case_id="")
    assert rule_of(hostile, form, NOW_US, f"{place}!") == rule_of(bare, form, NOW_US)


def sids(text):
    return [int(sid) for sid in re.findall(r"sid:([0-9]+);", text)]


def test_an_alert_of_a_suricata_rule_is_no_evidence_for_it_and_it_keeps_its_number() -> None:
    number = sid_of(indicator(OBSERVABLES["ip4"]).id)
    assert rest_on_own_rule(RowsRef("alert", (("signature_id", number),), 0, 0))
    assert not rest_on_own_rule(RowsRef("alert", (("signature_id", INDICATOR_RULES.stop),), 0, 0))
    first, later = (rule("domain", "suricata", version=version) for version in (NOW_US, NOW_US + DAY_US))
    assert sids(first) == sids(later) == [sid_of(indicator(OBSERVABLES["domain"]).id, place) for place in range(4)]
    assert len(sids(first)) == RULES_OF_ONE
    revisions = [int(re.findall(r"rev:([0-9]+);", text)[0]) for text in (first, later)]
    assert revisions[0] < revisions[1] < 2**31
    numbers = {
        sid for name in OBSERVABLES if isinstance(rule(name, "suricata"), str) for sid in sids(rule(name, "suricata"))
    }
    assert len(numbers) == 4 + 6, "no two indicators here share one"
    assert all(sid in INDICATOR_RULES and is_own_number(sid) for sid in numbers)
    assert INDICATOR_RULES[-1] < 2**31


CHECKS = [check for name, check in validators.items() if name not in ("attacktag", "d3_fendtag")]
"""All that pySigma has but two, which fetch MITRE's lists."""


@pytest.mark.parametrize("name", [name for name in OBSERVABLES if name not in NONE["sigma"]])
def test_sigma_is_taken_by_pysigmas_own_checks_and_by_bavns_hunt(name) -> None:
    text = rule(name, "sigma")
    rules = SigmaCollection.from_yaml(text)
    assert not list(SigmaValidator(CHECKS).validate_rules(iter(rules)))
    later = SigmaCollection.from_yaml(rule(name, "sigma", version=NOW_US + DAY_US))
    assert [str(one.id) for one in rules] == [str(one.id) for one in later]
    assert len({one.id for one in rules}) == len(rules)
    seen_here = [one for one in read_rules([RuleFile("shared.yml", text.encode())]) if one.standing == "runs"]
    assert len(seen_here) == {"domain": 3, "pair-ja4": 0}.get(name, 1)


def test_sigma_marks_strict_as_its_tags_have_it() -> None:
    strict = replace(indicator(OBSERVABLES["ip4"]), tlp=Tlp.AMBER_STRICT, technique="")
    (document,) = yaml.safe_load_all(rule_of(strict, "sigma", NOW_US))
    assert document["tags"] == ["tlp.amber-strict"]
    assert "references" not in document
