"""STIX text and back: a round trip, deterministic bytes, real STIX by its own library, and nothing smuggled in."""

import json

import pytest
import rfc8785
import stix2
from hypothesis import given, settings
from hypothesis import strategies as st
from stix2 import exceptions as stix_errors

from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.wire.partners.stix_indicator import NotWritable, bundle_of, indicator_of, observable_of, pattern_of

CENTRE = "identity--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5e"
T0 = 1_790_000_000_000_000
OBSERVABLES = [
    Observable.of("ip4", "198.18.7.9"),
    Observable.of("ip6", "2001:db8::a:1"),
    Observable.of("domain", "c2.evil-example.com"),
    Observable.of("domain", "xn--bcher-kva.example"),
    Observable.of("cert", "ab" * 20),
    Observable.of("cert", "cd" * 32),
    Observable.of("sha256", "0f" * 32),
    Observable.of("ja3", "d41d8cd98f00b204e9800998ecf8427e"),
    Observable.of("ja4", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
    Observable.of("fp-pair", "d41d8cd98f00b204e9800998ecf8427e+303951d4c50efb2e991652225a6f02b1"),
    Observable.of("fp-pair", "t13d1516h2_8daaf6152771_e5627efa2ab1+t130200_1302_a56c5b993250"),
    Observable.of("fp-pair", "t13d1516h2_8daaf6152771_e5627efa2ab1+303951d4c50efb2e991652225a6f02b1"),
]


def some(observable: Observable = OBSERVABLES[2], **changes) -> Indicator:
    fields = {
        "id": "indicator--8f0c2f7e-9f3b-4c59-8a8e-0f6a7b1c2d3e",
        "version": T0 + 7,
        "observable": observable,
        "tlp": Tlp.AMBER,
        "pap": Pap.GREEN,
        "confidence": 85,
        "valid_from_us": T0,
        "valid_until_us": T0 + 30 * 86_400_000_000,
        "case_id": "case-17",
        "technique": "T1071.001",
    }
    return Indicator(**{**fields, **changes})


def written(indicator: Indicator) -> str:
    return bundle_of(indicator, created_by=CENTRE, created_us=T0)


uuids = st.uuids(version=4).map(str)
indicators = st.builds(
    Indicator,
    id=uuids.map("indicator--".__add__),
    version=st.integers(T0, 2**53 - 1),
    observable=st.sampled_from(OBSERVABLES),
    tlp=st.sampled_from(Tlp),
    pap=st.sampled_from(Pap),
    confidence=st.integers(0, 100),
    valid_from_us=st.integers(0, 2**52),
    valid_until_us=st.integers(2**52 + 1, 2**53 - 1),
    case_id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True),
    technique=st.from_regex(r"T[0-9]{4}(\.[0-9]{3})?", fullmatch=True).filter(str.isascii),
    revoked=st.booleans(),
)


@given(indicators)
def test_what_is_written_is_read_back(indicator: Indicator) -> None:
    assert indicator_of(written(indicator)) == indicator
    assert written(indicator) == written(indicator)


@pytest.mark.parametrize("observable", OBSERVABLES, ids=str)
def test_the_stix_library_takes_it(observable: Observable) -> None:
    bundle = stix2.parse(written(some(observable)), allow_custom=True)
    tlp, pap, indicator = bundle.objects
    assert (tlp.name, pap.name) == ("TLP:AMBER", "PAP:GREEN")
    assert indicator.pattern == pattern_of(observable)
    assert [ref.external_id for ref in indicator.external_references] == ["T1071.001", "case-17"]
    assert indicator.object_marking_refs == [tlp.id, pap.id]


def test_every_level_has_its_marking_and_a_chain_is_no_indicator() -> None:
    """So that the library's yes above means something."""
    ids = {level: stix2.parse(written(some(tlp=level)), allow_custom=True).objects[0] for level in Tlp}
    assert {level.value for level in Tlp} == {marking.name for marking in ids.values()}
    assert len({marking.id for marking in ids.values()}) == len(Tlp)
    levels = [
        marking.extensions["extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"] for marking in ids.values()
    ]
    assert [level["tlp_2_0"] for level in levels] == ["clear", "green", "amber", "amber+strict", "red"]
    with pytest.raises(NotWritable, match="chain"):
        written(some(Observable.of("chain", "T1046-T1071@20")))
    with pytest.raises(stix_errors.STIXError):
        stix2.parse(changed((*OF_INDICATOR, "pattern"), "[domain-name:value"), allow_custom=True)


def changed(path: tuple, value) -> str:
    """The canonical text of a good bundle with one thing changed: only the meaning is wrong, never the spelling."""
    bundle = json.loads(written(some()))
    at = bundle
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return rfc8785.dumps(bundle).decode()


OF_INDICATOR = ("objects", 2)


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ((*OF_INDICATOR, "pattern"), "[domain-name:value = 'a.com'] OR [domain-name:value = 'b.com']", "pattern_known"),
        ((*OF_INDICATOR, "pattern"), "[domain-name:value = 'a.com' OR domain-name:value = 'b.com']", "pattern_known"),
        ((*OF_INDICATOR, "pattern"), "[domain-name:value LIKE '%']", "pattern_known"),
        ((*OF_INDICATOR, "pattern"), "[domain-name:value = 'a\\'.com']", "pattern_known"),
        ((*OF_INDICATOR, "pattern"), "[domain-name:value = 'A.com']", "pattern_known"),
        ((*OF_INDICATOR, "pattern"), "[domain-name:value = 'a.com'] ", "pattern_known"),
        ((*OF_INDICATOR, "pattern"), "[domain-name:value = 'a.com']\n", "pattern_known"),
        ((*OF_INDICATOR, "pattern"), "[domain-name:value='a.com']", "pattern_known"),
        ((*OF_INDICATOR, "pattern"), "[url:value = 'a.com']", "pattern_known"),
        ((*OF_INDICATOR, "pattern"), "[domain-name:value = 'com']", "value_canonical"),
        ((*OF_INDICATOR, "pattern"), "[ipv4-addr:value = '1.2.3']", "value_canonical"),
        ((*OF_INDICATOR, "pattern"), "[ipv6-addr:value = '::ffff:1.2.3.4']", "value_canonical"),
        ((*OF_INDICATOR, "pattern"), f"[x509-certificate:hashes.'SHA-256' = '{'ab' * 20}']", "pattern_known"),
        ((*OF_INDICATOR, "pattern_type"), "suricata", "stix_canonical"),
        ((*OF_INDICATOR, "pattern"), 7, "stix_well_formed"),
        ((*OF_INDICATOR, "confidence"), 101, "confidence_in_range"),
        ((*OF_INDICATOR, "confidence"), True, "confidence_in_range"),
        ((*OF_INDICATOR, "confidence"), "85", "confidence_in_range"),
        ((*OF_INDICATOR, "revoked"), 0, "stix_well_formed"),
        ((*OF_INDICATOR, "id"), "indicator--x", "id_known_form"),
        ((*OF_INDICATOR, "id"), 3, "id_known_form"),
        ((*OF_INDICATOR, "created_by_ref"), "identity--x", "author_known_form"),
        ((*OF_INDICATOR, "valid_until"), ..., "stix_well_formed"),
        ((*OF_INDICATOR, "valid_until"), "2020-01-01T00:00:00.000000Z", "has_an_end"),
        ((*OF_INDICATOR, "valid_until"), "9999-01-01T00:00:00.000000Z", "moment_in_range"),
        ((*OF_INDICATOR, "valid_until"), "2027-01-01T00:00:00Z", "stix_well_formed"),
        ((*OF_INDICATOR, "valid_until"), "2027-13-01T00:00:00.000000Z", "stix_well_formed"),
        ((*OF_INDICATOR, "modified"), "2001-01-01T00:00:00.000000Z", "version_after_created"),
        ((*OF_INDICATOR, "object_marking_refs"), [], "tlp_known"),
        (
            (*OF_INDICATOR, "object_marking_refs"),
            ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
            "pap_known",
        ),
        ((*OF_INDICATOR, "object_marking_refs"), 5, "stix_well_formed"),
        ((*OF_INDICATOR, "external_references", 0, "external_id"), "T1071.1", "technique_known_form"),
        ((*OF_INDICATOR, "external_references", 1, "external_id"), "../x", "case_known_form"),
        ((*OF_INDICATOR, "description"), "hello", "stix_canonical"),
        ((*OF_INDICATOR, "lang"), "da", "stix_canonical"),
        (("objects", 0, "name"), "TLP:CLEAR", "stix_canonical"),
        (("objects", 1), ..., "stix_canonical"),
        (("objects", 0, "type"), "malware", "one_indicator"),
        (("objects", 2, "type"), "marking-definition", "one_indicator"),
        (("objects",), {}, "one_indicator"),
        (("objects",), 5, "stix_well_formed"),
        (("type",), "report", "stix_well_formed"),
        (("id",), "bundle--00000000-0000-4000-8000-000000000000", "stix_canonical"),
    ],
)
def test_one_thing_wrong_is_refused_by_its_rule(path, value, rule) -> None:
    refused = indicator_of(changed(path, value))
    assert isinstance(refused, Refused)
    assert refused.rule == rule


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda text: " " + text, "not_canonical"),
        (lambda text: text.replace('"revoked":false', '"revoked":true,"revoked":false'), "duplicate_key"),
        (lambda text: text.replace("domain-name", "domain\\u002dname"), "not_canonical"),
        (lambda text: text.replace('"confidence":85', '"confidence":85.0'), "not_integer"),
        (lambda text: text.replace('"confidence":85', '"confidence":NaN'), "not_integer"),
        (lambda text: text.replace('"confidence":85', '"confidence":' + "9" * 5000), "not_integer"),
        (lambda text: text[:-1], "not_json"),
        (lambda text: text.replace("case-17", "case-\ud800"), "not_json"),
        (lambda _: "[" * 30000, "too_deep"),
        (lambda text: text + " " * 70000, "oversize"),
        (lambda _: "", "not_json"),
        (lambda _: "[]", "stix_well_formed"),
    ],
)
def test_another_spelling_is_refused(spoil, rule) -> None:
    refused = indicator_of(spoil(written(some())))
    assert isinstance(refused, Refused)
    assert refused.rule == rule


@given(st.text(max_size=300))
@settings(max_examples=200)
def test_any_text_is_an_indicator_or_a_reason(text: str) -> None:
    assert isinstance(indicator_of(text), Refused)


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))


@given(st.sampled_from(sorted(json.loads(written(some()))["objects"][2])), JSON)
@settings(max_examples=200)
def test_any_value_in_a_property_is_taken_as_it_was_or_refused(name: str, value) -> None:
    bundle = json.loads(written(some()))
    was = bundle["objects"][2][name]
    bundle["objects"][2][name] = value
    got = indicator_of(json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    assert isinstance(got, Refused) or got != some() or value == was


@given(st.text(alphabet="[]='abz.:- \\\n\"ORAND09_%", max_size=60))
def test_any_pattern_is_one_observable_or_a_reason(pattern: str) -> None:
    got = observable_of(pattern)
    assert isinstance(got, Refused) or pattern_of(got) == pattern


@pytest.mark.parametrize(
    "changes",
    [{"id": "x"}, {"confidence": -1}, {"technique": ""}, {"case_id": "a b"}, {"version": 1}, {"valid_until_us": T0}],
)
def test_what_would_be_refused_is_not_written(changes) -> None:
    with pytest.raises(NotWritable):
        written(some(**changes))
