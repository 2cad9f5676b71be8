"""What goes out to partners reads back as it was; a spreadsheet takes no cell for a formula; junk is refused."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.sector.offer import Offer, worth
from bavn.model.sector.partner import Inward
from bavn.wire.partners.csv import COLUMNS, guarded, objects_of, text_of, unguarded
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
def test_an_indicator_reads_back_as_stix_and_as_csv(made) -> None:
    body = object_of(made, created_by=AUTHOR, created_us=NOW_US)
    assert offer_of(json.loads(body)) == as_offered(made)
    (again,) = objects_of(text_of([body]), NOW_US)
    assert offer_of(again) == as_offered(made)


def test_the_text_names_no_case_and_is_what_the_validator_of_stix_takes() -> None:
    import stix2

    body = object_of(an_indicator(Observable.of("domain", "evil.example.com")), created_by=AUTHOR, created_us=NOW_US)
    assert "case" not in body
    found = stix2.parse(json.loads(body), allow_custom=False)
    assert (found.confidence, found.revoked) == (77, False)
    for one in context_of(AUTHOR, "test", "2026-01-01T00:00:00.000000Z"):
        assert stix2.parse(one, allow_custom=True).id == one["id"]


def test_the_first_tlps_markings_are_the_standards_own() -> None:
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


def test_the_strictest_marking_counts_wherever_it_stands() -> None:
    from bavn.wire.partners.marking import PAP_IDS, TLP_IDS

    found = json.loads(object_of(an_indicator(Observable.of("ip4", "45.9.1.2")), created_by=AUTHOR, created_us=1))
    marks = [TLP_IDS[Tlp.AMBER], TLP_IDS[Tlp.CLEAR], PAP_IDS[Pap.CLEAR], PAP_IDS[Pap.RED], "marking-definition--x", 7]
    read = offer_of(found | {"object_marking_refs": marks})
    assert (read.tlp, read.pap) == (Tlp.AMBER, Pap.RED)


def test_a_chain_is_never_written() -> None:
    made = an_indicator(Observable.of("chain", "T1046-T1021@0"))
    with pytest.raises(NotWritable):
        object_of(made, created_by=AUTHOR, created_us=NOW_US)


@given(st.text(max_size=30))
def test_no_cell_is_a_formula_and_each_reads_back(cell) -> None:
    assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(guarded(cell)) == cell


@given(indicators)
def test_no_cell_of_an_export_begins_as_a_formula_does(made) -> None:
    text = text_of([object_of(made, created_by=AUTHOR, created_us=NOW_US)])
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == list(COLUMNS)
    assert all(cell and cell[0] not in "=+-@\t\r" for cell in rows[1])


@pytest.mark.parametrize("text", ["", "value\r\nx\r\n", "type,value,type\r\n", 'type,value\r\n"x', "type\tvalue\r\n"])
def test_what_is_no_table_is_refused(text) -> None:
    assert isinstance(objects_of(text, NOW_US), Refused)


def test_a_table_of_somebody_else_is_read_with_what_it_says_and_no_more() -> None:
    text = "\ufeffValue;Type;TLP;Confidence\r\nEvil.Example.com;domain;green;40\r\n\r\n45.9.1.2;ip4;;\r\n"
    first, second = map(offer_of, objects_of(text, NOW_US))
    assert (first.observable.value, first.tlp, first.pap, first.stated) == (
        "evil.example.com",
        Tlp.GREEN,
        Pap.AMBER,
        40,
    )
    assert (second.tlp, second.stated, second.until_us, second.version_us) == (Tlp.AMBER, 50, None, NOW_US)
    assert first.id != second.id


@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=11), max_size=5))
def test_any_row_makes_one_object_that_is_an_offer_or_refused(rows) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    found = objects_of(out.getvalue(), NOW_US)
    if not isinstance(found, Refused):
        made = [offer_of(one) for one in found]
        assert len(made) == sum(any(cell.strip() for cell in row) for row in rows)


@pytest.mark.parametrize(
    "wrong", [{"tlp": "TLP:BLACK"}, {"pap": "x"}, {"confidence": "-1"}, {"type": "url"}, {"value": ""}]
)
def test_a_word_that_means_nothing_is_never_guessed_at(wrong) -> None:
    row = {"type": "domain", "value": "evil.example.com", "tlp": "TLP:RED", "pap": "PAP:RED", "confidence": "5"} | wrong
    (found,) = objects_of(",".join(row) + "\r\n" + ",".join(row.values()) + "\r\n", NOW_US)
    assert isinstance(offer_of(found), Refused)


def test_a_word_is_worth_no_more_than_its_speaker() -> None:
    offer = as_offered(an_indicator(Observable.of("ip4", "45.9.1.2"), confidence=100))
    assert [worth(offer, Inward(trust=trust)) for trust in (0, 33, 100)] == [0, 33, 100]
