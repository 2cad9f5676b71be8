"""What goes out to partners reads back as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.sector.offer import Offer, worth
from bavn.model.sector.partner import Inward
from bavn.wire.partners.stix_indicator import NotWritable
from bavn.wire.partners.stix_out import context_of, object_of, offer_of

NOW_US = 20_000 * DAY_US
AUTHOR = "identity--0a1b2c3d-0000-5000-8000-000000000001"
OBSERVABLES = (
    ("ip4", "45.9.1.2"),
    ("ip6", "2a00:1450::1"),
    ("domain", "evil.example.com"),
    ("sha256", "ab" * 32),
    ("cert", "cd" * 20),
    ("cert", "cd" * 32),
    ("ja3", "ef" * 16),
    ("ja4", "t13d1516h2_8daaf6152771_02713d6af862"),
    ("fp-pair", "ef" * 16 + "+" + "ab" * 16),
)


def an_indicator(observable, **other):
    plain = {
        "id": "indicator--00000000-0000-4000-8000-000000000001",
        "version": NOW_US + 7,
        "observable": observable,
        "tlp": Tlp.GREEN,
        "pap": Pap.AMBER,
        "confidence": 77,
        "valid_from_us": NOW_US,
        "valid_until_us": NOW_US + 30 * DAY_US,
        "case_id": "case-00000000000000aa",
        "technique": "T1071.001",
    }
    return Indicator(**plain | other)


indicators = st.builds(
    an_indicator,
    st.sampled_from(OBSERVABLES).map(lambda pair: Observable.of(*pair)),
    tlp=st.sampled_from(Tlp),
    pap=st.sampled_from(Pap),
    confidence=st.integers(0, 100),
    revoked=st.booleans(),
    technique=st.sampled_from(["T1071", "T1059.001"]),
    version=st.integers(NOW_US, NOW_US + DAY_US),
)


def as_offered(made):
    return Offer(
        id=made.id,
        version_us=made.version,
        observable=made.observable,
        tlp=made.tlp,
        pap=made.pap,
        stated=made.confidence,
        from_us=made.valid_from_us,
        until_us=made.valid_until_us,
        technique=made.technique,
        revoked=made.revoked,
    )


@given(indicators)
def test_an_indicator_reads_back_as_stix(made) -> None:
    body = object_of(made, created_by=AUTHOR, created_us=NOW_US)
    assert offer_of(json.loads(body)) == as_offered(made)


def test_no_text_names_a_case_and_markings_are_the_standards_own() -> None:
    import stix2

    body = object_of(an_indicator(Observable.of("domain", "evil.example.com")), created_by=AUTHOR, created_us=NOW_US)
    assert "case" not in body
    found = stix2.parse(json.loads(body), allow_custom=False)
    assert (found.confidence, found.revoked) == (77, False)
    for one in context_of(AUTHOR, "test", "2026-01-01T00:00:00.000000Z"):
        assert stix2.parse(one, allow_custom=True).id == one["id"]
    import stix2

    marks = (
        (stix2.TLP_WHITE, Tlp.CLEAR),
        (stix2.TLP_GREEN, Tlp.GREEN),
        (stix2.TLP_AMBER, Tlp.AMBER),
        (stix2.TLP_RED, Tlp.RED),
    )
    for mark, tlp in marks:
        found = json.loads(object_of(an_indicator(Observable.of("ip4", "45.9.1.2")), created_by=AUTHOR, created_us=1))
        read = offer_of(found | {"object_marking_refs": [mark.id]})
        assert isinstance(read, Offer)
        assert read.tlp is tlp
    from bavn.wire.partners.marking import PAP_IDS, TLP_IDS

    found = json.loads(object_of(an_indicator(Observable.of("ip4", "45.9.1.2")), created_by=AUTHOR, created_us=1))
    marks = [TLP_IDS[Tlp.AMBER], TLP_IDS[Tlp.CLEAR], PAP_IDS[Pap.CLEAR], PAP_IDS[Pap.RED], "marking-definition--x", 7]
    read = offer_of(found | {"object_marking_refs": marks})
    assert (read.tlp, read.pap) == (Tlp.AMBER, Pap.RED)


def test_a_chain_is_never_written_and_a_word_worth_no_more_than_its_speaker() -> None:
    made = an_indicator(Observable.of("chain", "T1046-T1021@0"))
    with pytest.raises(NotWritable):
        object_of(made, created_by=AUTHOR, created_us=NOW_US)
    offer = as_offered(an_indicator(Observable.of("ip4", "45.9.1.2"), confidence=100))
    assert [worth(offer, Inward(trust=trust)) for trust in (0, 33, 100)] == [0, 33, 100]
