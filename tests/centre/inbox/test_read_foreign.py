"""Readers of what others write: each unusable item is one refusal, nothing is half-taken, and no bytes break them."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.inbox.foreign_json import DEPTH_MAX, load
from bavn.centre.inbox.foreign_words import moment_of, techniques_of
from bavn.centre.inbox.read_list import read_list
from bavn.centre.inbox.read_misp import events_of, read_event
from bavn.centre.inbox.read_stix import bundle_objects, pieces_of, read_stix
from bavn.centre.inbox.stix_pattern import observables_of
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable, is_external_once
from bavn.model.outcome import Refused
from bavn.model.sector.intel import Assumed, Claim, Piece, claim_of, claim_text
from bavn.wire.partners.marking import PAP_IDS, TLP_IDS

ASSUMED = Assumed(tlp=Tlp.AMBER, pap=Pap.AMBER, confidence=40)
SHA = "ab" * 32
SURE = 'misp:confidence-level="usually-confident"'
PATTERN_PARTS = [
    "[",
    "]",
    "(",
    ")",
    "domain-name:value",
    " = ",
    "'a.example.com'",
    " OR ",
    " AND ",
    " IN ",
    "'",
    "\\",
    "file:hashes.'SHA-256'",
    " NOT ",
    ",",
]
EVENT = "5d9b516c-e5f0-4e7c-a958-5d8c0a019371"


def taken(piece: Piece) -> dict[str, Claim]:
    return {str(o.what.observable): o.what for o in piece.offers if isinstance(o.what, Claim)}


def refused(piece: Piece) -> dict[str, str]:
    return {o.key: o.what.rule for o in piece.offers if isinstance(o.what, Refused)}


# --- lists ---------------------------------------------------------------------------------------------------------


def test_a_plain_list_has_one_outcome_for_each_line() -> None:
    lines = [
        "# a list",
        "",
        "45.9.148.20 # c2",
        "evil[.]example.com",
        "hxxp://bad.example.net/a/b",
        "10.0.0.1",
        "45.9.148.0/24",
        "not a thing",
        "45.9.148.20",
        "ab" * 20,
    ]
    piece = read_list("\n".join(lines), ASSUMED)
    assert set(taken(piece)) == {"ip4:45.9.148.20", "domain:evil.example.com", "domain:bad.example.net"}
    assert refused(piece) == {
        "10.0.0.1": "not_outside",
        "45.9.148.0/24": "network",
        "not": "not_an_indicator",
        "ab" * 20: "ambiguous",
    }
    assert len(piece.offers) + piece.passed == len(lines)
    assert taken(piece)["domain:bad.example.net"].derived
    assert not taken(piece)["ip4:45.9.148.20"].derived


def test_tables_and_zeek_s_files_are_lists_and_bounded() -> None:
    text = (
        "first_seen_utc,ioc_type,ioc_value,confidence_level,malware\n"
        "2026-11-01 10:00:00,domain,evil.example.com,75,Emotet\n2026-11-02 10:00:00,sha256_hash," + SHA + ",100,\n"
        '2026-11-02 10:00:00,ip:port,"45.9.148.20:443",x,"a ""quoted"" one"\n'
    )
    found = taken(read_list(text, ASSUMED))
    assert set(found) == {"domain:evil.example.com", f"sha256:{SHA}", "ip4:45.9.148.20"}
    domain = found["domain:evil.example.com"]
    assert (domain.confidence, domain.about, domain.tlp) == (75, "Emotet", Tlp.AMBER)
    assert domain.first_us == int(datetime(2026, 11, 1, 10, tzinfo=UTC).timestamp()) * 1_000_000
    assert found["ip4:45.9.148.20"].confidence == ASSUMED.confidence
    text = "#fields\tindicator\tindicator_type\tmeta.source\nevil.example.com\tIntel::DOMAIN\tx\n" + "ab" * 20
    text += "\tIntel::FILE_HASH\tx\n45.9.148.20\tIntel::ADDR\tx\n"
    piece = read_list(text, ASSUMED)
    assert set(taken(piece)) == {"domain:evil.example.com", "ip4:45.9.148.20"}
    assert list(refused(piece).values()) == ["not_an_indicator"], "a file's SHA-1 is no certificate"
    piece = read_list("\n".join(f"45.9.{a}.{b}" for a in range(4) for b in range(1, 200)), ASSUMED, items_max=100)
    assert len(taken(piece)) == 100
    assert refused(piece) == {"list_too_long": "list_too_long"}
    assert refused(read_list("a" * 5000, ASSUMED)).popitem()[1] == "line_chars_max"


# --- STIX ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("[domain-name:value = 'evil.example.com']", {"domain:evil.example.com"}),
        ("[ domain-name:value='Evil.Example.com' ]", {"domain:evil.example.com"}),
        (
            "[ipv4-addr:value = '45.9.148.20' OR domain-name:value = 'evil.example.com']",
            {"ip4:45.9.148.20", "domain:evil.example.com"},
        ),
        (
            "[ipv4-addr:value = '45.9.148.20'] OR [ipv4-addr:value = '45.9.148.21']",
            {"ip4:45.9.148.20", "ip4:45.9.148.21"},
        ),
        ("[ipv4-addr:value IN ('45.9.148.20', '45.9.148.21')]", {"ip4:45.9.148.20", "ip4:45.9.148.21"}),
        (f"[file:hashes.'SHA-256' = '{SHA}']", {f"sha256:{SHA}"}),
        (f"[file:name = 'a.exe' AND file:hashes.'SHA-256' = '{SHA}']", {f"sha256:{SHA}"}),
        (f"[x509-certificate:hashes.'SHA-1' = '{'cd' * 20}']", {f"cert:{'cd' * 20}"}),
        ("[network-traffic:dst_ref.value = '45.9.148.20']", {"ip4:45.9.148.20"}),
    ],
)
def test_a_pattern_names_what_any_one_of_which_is_enough(pattern, named) -> None:
    assert {str(o) for o, _ in observables_of(pattern)} == named


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("[domain-name:value = 'evil.example.com' AND network-traffic:dst_port = 443]", "pattern_exact"),
        ("[domain-name:value = 'a.example.com' AND ipv4-addr:value = '45.9.148.20']", "pattern_together"),
        ("[ipv4-addr:value = '45.9.148.20'] AND [ipv4-addr:value = '45.9.148.21']", "pattern_together"),
        ("[ipv4-addr:value = '45.9.148.20'] FOLLOWEDBY [ipv4-addr:value = '45.9.148.21']", "pattern_together"),
        ("[ipv4-addr:value = '45.9.148.20'] WITHIN 5 SECONDS", "pattern_together"),
        ("[domain-name:value LIKE '%.example.com']", "pattern_exact"),
        ("[domain-name:value MATCHES 'evil']", "pattern_exact"),
        ("[domain-name:value != 'good.example.com']", "pattern_exact"),
        ("[NOT domain-name:value = 'good.example.com']", "pattern_known"),
        ("[domain-name:value NOT = 'good.example.com']", "pattern_exact"),
        ("([ipv4-addr:value = '45.9.148.20'])", "pattern_known"),
        ("[(ipv4-addr:value = '45.9.148.20')]", "pattern_known"),
        ("[ipv4-addr:value = '45.9.148.0/24']", "network"),
        ("[ipv4-addr:value = '10.0.0.1']", "not_outside"),
        ("[email-addr:value = 'a@example.com']", "not_carried"),
        ("[process:name = 'x']", "not_carried"),
        (f"[file:hashes.MD5 = '{'ab' * 16}']", "not_carried"),
        ("[", "pattern_known"),
        ("", "pattern_known"),
        ("[ipv4-addr:value = '45.9.148.20", "pattern_known"),
        ("[ipv4-addr:value = '45.9.148.20'] OR", "pattern_known"),
        ("[ipv4-addr:value = '45.9.148.20'" + " OR ipv4-addr:value = '45.9.148.20'" * 900 + "]", "pattern_long"),
    ],
)
def test_what_must_be_met_together_or_only_looks_alike_is_refused(pattern, rule) -> None:
    made = observables_of(pattern)
    assert isinstance(made, Refused)
    assert made.rule == rule


def indicator(letter="a", pattern="[domain-name:value = 'evil.example.com']", **other):
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--00000000-0000-4000-8000-{ord(letter):012x}",
        "created": "2026-11-01T00:00:00Z",
        "modified": "2026-11-02T00:00:00Z",
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": "2026-11-01T00:00:00Z",
    } | other


def test_markings_and_versions_of_indicators_come_along_by_the_strictest() -> None:
    made = indicator(
        confidence=80,
        object_marking_refs=[TLP_IDS[Tlp.GREEN], PAP_IDS[Pap.GREEN]],
        valid_until="2027-01-01T00:00:00Z",
        external_references=[{"source_name": "mitre-attack", "external_id": "T1071.001"}],
        name="A \x00 C2",
    )
    seen = {"type": "sighting", "id": "sighting--1", "sighting_of_ref": made["id"], "last_seen": "2026-11-20T00:00:00Z"}
    piece = read_stix([made, seen, {"type": "malware", "id": "malware--1"}], ASSUMED)
    (claim,) = taken(piece).values()
    assert (claim.tlp, claim.pap, claim.confidence, claim.technique) == (Tlp.GREEN, Pap.GREEN, 80, "T1071.001")
    assert claim.about == "A C2"
    assert claim.last_us == moment_of("2026-11-20T00:00:00Z")
    assert claim.until_us == moment_of("2027-01-01T00:00:00Z")
    assert piece.passed == 2
    refs = [TLP_IDS[Tlp.CLEAR], "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]
    (claim,) = taken(read_stix([indicator(object_marking_refs=refs)], ASSUMED)).values()
    assert claim.tlp is Tlp.AMBER
    own = {
        "type": "marking-definition",
        "id": "marking-definition--x",
        "definition_type": "tlp",
        "definition": {"tlp": "purple"},
    }
    (claim,) = taken(read_stix([own, indicator(object_marking_refs=[own["id"]])], ASSUMED)).values()
    assert claim.tlp is Tlp.RED
    granular = [{"marking_ref": TLP_IDS[Tlp.RED], "selectors": ["pattern"]}]
    (claim,) = taken(read_stix([indicator(granular_markings=granular)], ASSUMED)).values()
    assert claim.tlp is Tlp.RED
    later = indicator(modified="2026-11-05T00:00:00Z", revoked=True)
    (claim,) = taken(read_stix([later, indicator()], ASSUMED)).values()
    assert claim.withdrawn
    assert refused(read_stix([indicator(indicator_types=["benign"])], ASSUMED)).popitem()[1] == "not_malicious"
    assert refused(read_stix([indicator(pattern_type="sigma")], ASSUMED)).popitem()[1] == "pattern_type"
    pieces = pieces_of([indicator("a"), indicator("b", "[email-addr:value = 'x']"), {"type": "malware"}], ASSUMED)
    assert sorted(len(piece.offers) for piece in pieces) == [0, 1, 1]
    assert {piece.scope[:9] for piece in pieces} == {"indicator", "-"}


# --- MISP ----------------------------------------------------------------------------------------------------------


def attribute(value="evil.example.com", kind="domain", number=1, **other):
    return {
        "uuid": f"00000000-0000-4000-8000-{number:012x}",
        "type": kind,
        "category": "Network activity",
        "value": value,
        "to_ids": True,
        "timestamp": "1793000000",
    } | other


def event(*attributes, tags=(), **other):
    plain = {"uuid": EVENT, "info": "A campaign", "Tag": [{"name": t} for t in tags], "Attribute": list(attributes)}
    return {"Event": plain | other}


def test_tags_ids_flag_and_sightings_come_along() -> None:
    sighted = [{"type": "0", "date_sighting": "1793100000"}]
    piece = read_event(
        event(
            attribute(Tag=[{"name": name} for name in ("PAP:GREEN", SURE)], Sighting=sighted),
            attribute("45.9.148.20|443", "ip-dst|port", 2, to_ids=False),
            attribute("bad.example.net|45.9.148.21", "domain|ip", 3),
            attribute("a comment", "comment", 4),
            attribute("ab" * 16, "md5", 5),
            attribute("ab" * 16, "md5", 6, to_ids=False),
            attribute("10.1.2.3", "ip-dst", 7),
            attribute("http://x.example.org/a?b=c", "url", 8),
            tags=("tlp:green", 'misp-galaxy:mitre-attack-pattern="Web Protocols - T1071.001"'),
        ),
        ASSUMED,
    )
    found = taken(piece)
    assert set(found) == {
        "domain:evil.example.com",
        "ip4:45.9.148.20",
        "domain:bad.example.net",
        "ip4:45.9.148.21",
        "domain:x.example.org",
    }
    claim = found["domain:evil.example.com"]
    assert (claim.tlp, claim.pap, claim.confidence, claim.technique) == (Tlp.GREEN, Pap.GREEN, 75, "T1071.001")
    assert (claim.last_us, claim.about) == (1793100000 * 1_000_000, "A campaign")
    assert found["ip4:45.9.148.20"].detect is False
    assert found["domain:x.example.org"].derived
    assert sorted(refused(piece).values()) == ["not_carried", "not_outside"]
    assert piece.scope == EVENT
    assert piece.passed == 2


@pytest.mark.parametrize(
    ("tags", "tlp"),
    [
        (("tlp:white",), Tlp.CLEAR),
        (("TLP:AMBER+STRICT",), Tlp.AMBER_STRICT),
        (("tlp:clear", "tlp:red"), Tlp.RED),
        (("tlp:ex:chr",), Tlp.RED),
        (("tlp:purple",), Tlp.RED),
        ((), ASSUMED.tlp),
    ],
)
def test_tlp_tags(tags, tlp) -> None:
    (claim,) = taken(read_event(event(attribute(), tags=tags), ASSUMED)).values()
    assert claim.tlp is tlp


def test_deleted_and_expired_are_withdrawals_and_a_false_positive_is_no_detection() -> None:
    over = [{"type": "0", "date_sighting": "1793100000"}, {"type": "2", "date_sighting": "1793200000"}]
    wrong = [{"type": "1", "date_sighting": "1793100000"}]
    found = taken(
        read_event(
            event(
                attribute(deleted=True),
                attribute("45.9.148.20", "ip-dst", 2, Sighting=over),
                attribute("45.9.148.21", "ip-dst", 3, Sighting=wrong),
            ),
            ASSUMED,
        )
    )
    assert found["domain:evil.example.com"].withdrawn
    assert found["ip4:45.9.148.20"].withdrawn
    assert not found["ip4:45.9.148.21"].withdrawn
    assert not found["ip4:45.9.148.21"].detect


# --- hostile input -------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)


def usable(piece: Piece) -> None:
    for offer in piece.offers:
        assert len(offer.key) <= 208
        if isinstance(offer.what, Claim):
            assert is_external_once(offer.what.observable)
            assert Observable.once(offer.what.observable.type, offer.what.observable.value) == offer.what.observable
            assert claim_of(claim_text(offer.what)) == offer.what
            assert 0 <= offer.what.confidence <= 100
        else:
            assert offer.what.rule


@given(st.binary(max_size=2000) | st.text(max_size=2000).map(str.encode))
@settings(max_examples=300)
def test_no_bytes_break_the_reading_of_json(raw) -> None:
    data = load(raw, 1500)
    assert isinstance(data, Refused) or len(raw) <= 1500


@pytest.mark.parametrize("raw", [b"[" * (DEPTH_MAX + 1), b'{"a":' * 100_000, b'"' + b"\\" * 99_999, b"1" * 100_000])
def test_depth_and_endless_texts_are_refused_before_they_are_parsed(raw) -> None:
    assert load(raw, 10**6) is None or isinstance(load(raw, 10**6), Refused)


@given(
    st.text(max_size=600)
    | st.lists(
        st.sampled_from(
            [
                "45.9.148.20",
                "a.example.com",
                ",",
                "\t",
                '"',
                "#",
                "type",
                "value",
                "\n",
                "\x00",
                "٣.example.com",
                "http://",
                "/",
                "[.]",
            ]
        ),
        max_size=60,
    ).map("".join)
)
@settings(max_examples=300)
def test_no_text_breaks_the_reading_of_lists(text) -> None:
    usable(read_list(text, ASSUMED))


@given(st.text(max_size=300) | st.lists(st.sampled_from(PATTERN_PARTS), max_size=40).map("".join))
@settings(max_examples=400)
def test_no_text_breaks_the_reading_of_patterns(text) -> None:
    made = observables_of(text)
    assert isinstance(made, Refused) or all(is_external_once(one) for one, _ in made)


@given(JSON)
@settings(max_examples=200)
def test_no_json_breaks_the_reading_of_stix_and_misp(data) -> None:
    objects = bundle_objects(data)
    if not isinstance(objects, Refused):
        usable(read_stix(objects, ASSUMED))
    usable(read_stix([data, indicator(object_marking_refs=data, granular_markings=data, confidence=data)], ASSUMED))
    usable(read_stix([indicator(pattern=data, modified=data, external_references=data, revoked=data)], ASSUMED))
    for one in events_of(data):
        made = read_event(one, ASSUMED)
        assert isinstance(made, Refused) or usable(made) is None
    usable(
        read_event(
            event(
                attribute(value=data, to_ids=data, Tag=data, Sighting=data, timestamp=data, uuid=data),
                data,
                Object=data,
                Tag=data,
            ),
            ASSUMED,
        )
    )


@pytest.mark.data
def test_public_samples_are_read_and_every_item_has_an_outcome(data) -> None:
    import gzip

    def text(path):
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw

    intel = data / "intel"
    if not intel.is_dir():
        pytest.skip("no samples of intelligence beside the captures")
    counts = {}
    for path in sorted([*(intel / "misp-events").iterdir(), *(intel / "stix").iterdir()]):
        raw = load(text(path), 10**8)
        if isinstance(raw, Refused):
            counts[path.name] = raw.rule
            continue
        pieces = (
            [read_event(one, ASSUMED) for one in events_of(raw)]
            if "misp" in path.parent.name
            else [read_stix(bundle_objects(raw), ASSUMED)]
        )
        assert all(isinstance(piece, Piece) and usable(piece) is None for piece in pieces), path.name
        counts[path.name] = sum(len(taken(piece)) for piece in pieces)
    assert sum(count for count in counts.values() if isinstance(count, int)) > 1000, counts
    assert json.dumps(counts)


@pytest.mark.parametrize("named", [["T1071"], {"a": 1}, None, 7])
def test_a_reference_that_is_no_text_names_no_technique_and_ends_no_reading(named) -> None:
    given = [{"source_name": "mitre-attack", "external_id": named}]
    assert techniques_of(given) == ""
    assert techniques_of([*given, {"source_name": "mitre-attack", "external_id": "T1071"}]) == "T1071"
