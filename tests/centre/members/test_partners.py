"""Partners: nothing crosses unsaid, every change is on record, an end is an end, a secret is kept as a hash."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from sqlalchemy import insert, select

from bavn.centre.cases import audit
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.desk.partnership import open_credentials, open_partners
from bavn.centre.members.partner_tables import PARTNER_CREDENTIAL
from bavn.centre.members.partner_words import inward_of, inward_text, outward_of, outward_text
from bavn.centre.members.partners import UnknownPartner
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import ObservableType
from bavn.model.outcome import Refused
from bavn.model.sector.member import Peer, PeerRole
from bavn.model.sector.partner import BadPartner, Inward, Outward, Partner, tlp_within
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice

BY = "Anna Berg"


@pytest.fixture
def clock():
    return SimClock(1_795_000_000_000_000)


@pytest.fixture
def partners(engine, clock):
    return open_partners(engine, clock)


@pytest.fixture
def credentials(partners, clock, authority):
    return open_credentials(partners, clock, SeededDice(1, "partners"), authority)


def _partner(clock, name="cert-nord", **more):
    given = {"kind": "national", "title": "CERT Nord", "until_us": clock.now_us() + 30 * DAY_US} | more
    return Partner(name=name, added_us=clock.now_us(), **given)


def _csr(key=None) -> str:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whatever they call themselves")])
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, algorithm)
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_a_partner_that_nothing_was_said_of_gets_nothing_and_gives_nothing(partners, clock) -> None:
    made = partners.add(_partner(clock), BY)
    assert made.out.collections == ()
    assert made.inward.trust == 0
    assert not made.inward.may_block
    assert partners.get("cert-nord") == made
    assert partners.in_force() == (made,)


def test_each_change_is_a_line_of_the_audit_log_with_who_and_what(partners, credentials, engine, clock) -> None:
    partners.add(_partner(clock), BY)
    partners.set("cert-nord", BY, out=Outward(collections=("network",)), inward=Inward(trust=40))
    credentials.token("cert-nord", "Bo Lund")
    partners.end("cert-nord", BY, "the agreement was not renewed")
    told = audit.lines(engine, subject="partner/cert-nord")
    assert [(line.who, line.act) for line in told] == [
        (BY, "partner-add"),
        (BY, "partner-set"),
        ("Bo Lund", "partner-key"),
        (BY, "partner-end"),
    ]
    changed = json.loads(told[1].detail)
    assert (changed["before"]["in"]["trust"], changed["after"]["in"]["trust"]) == (0, 40)
    assert audit.verify(engine) is None


def test_what_nobody_stands_behind_changes_nothing_and_agreements_end(partners, engine, clock) -> None:
    with pytest.raises(NotAllowed):
        partners.add(_partner(clock), "centre")
    assert partners.every() == ()
    assert audit.lines(engine) == []
    with pytest.raises(BadPartner, match="lasts at most"):
        partners.add(_partner(clock, until_us=clock.now_us() + 2000 * DAY_US), BY)
    partners.add(_partner(clock), BY)
    clock.advance(30 * DAY_US)
    assert partners.in_force() == ()
    partners.set("cert-nord", BY, until_us=clock.now_us() + DAY_US)
    assert [one.name for one in partners.in_force()] == ["cert-nord"]


@pytest.mark.parametrize(
    "wrong",
    [{"name": "No Such"}, {"kind": "friend"}, {"title": " "}, {"title": "a\nb"}, {"title": "x" * 101}, {"until_us": 0}],
)
def test_what_no_partner_can_be_is_refused(clock, wrong) -> None:
    with pytest.raises(BadPartner):
        _partner(clock, **wrong)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Outward, {"confidence_min": 101}),
        (Outward, {"collections": ("secrets",)}),
        (Outward, {"types": frozenset({ObservableType.CHAIN})}),
        (Inward, {"trust": -1}),
        (Inward, {"objects_per_day_max": -1}),
        (Inward, {"trust": True}),
    ],
)
def test_what_no_policy_can_be_is_refused(kind, wrong) -> None:
    with pytest.raises(BadPartner):
        kind(**wrong)


def test_a_policy_reads_as_it_was_written_and_markings_are_ordered() -> None:
    out = Outward(
        tlp_max=Tlp.AMBER_STRICT,
        pap_max=Pap.RED,
        types=frozenset({ObservableType.IP4}),
        confidence_min=7,
        collections=("files", "network"),
    )
    inward = Inward(trust=33, tlp_max=Tlp.RED, may_block=True, objects_per_day_max=5)
    assert outward_of(outward_text(out)) == out
    assert inward_of(inward_text(inward)) == inward
    assert tlp_within(Tlp.GREEN, Tlp.GREEN)
    assert tlp_within(Tlp.CLEAR, Tlp.RED)
    assert not tlp_within(Tlp.AMBER_STRICT, Tlp.AMBER)


def test_an_ended_partner_stays_ended_and_its_name_is_never_given_again(partners, clock) -> None:
    partners.add(_partner(clock), BY)
    with pytest.raises(BadPartner, match="say why"):
        partners.end("cert-nord", BY, " ")
    partners.end("cert-nord", BY, "done")
    assert partners.end("cert-nord", BY, "again").ended_us == clock.now_us()
    with pytest.raises(BadPartner, match="was ended"):
        partners.set("cert-nord", BY, inward=Inward(trust=1))
    with pytest.raises(BadPartner, match="already"):
        partners.add(_partner(clock), BY)
    with pytest.raises(UnknownPartner):
        partners.end("cert-syd", BY, "no such")


def test_each_way_of_proving_who_one_is_opens_for_its_partner_alone(partners, credentials, clock) -> None:
    for name in ("cert-nord", "cert-syd"):
        partners.add(_partner(clock, name), BY)
    token, password = credentials.token("cert-nord", BY), credentials.password("cert-nord", BY)
    certificate = x509.load_pem_x509_certificate(credentials.certificate("cert-nord", BY, _csr()).encode())
    der = certificate.public_bytes(serialization.Encoding.DER)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:bavn:partner:cert-nord"]
    for found in (
        credentials.by_token(token),
        credentials.by_password("cert-nord", password),
        credentials.by_certificate(der),
    ):
        assert found == partners.get("cert-nord")
    for refused in (
        credentials.by_token(password),
        credentials.by_token(""),
        credentials.by_token("\ud800"),
        credentials.by_password("cert-syd", password),
        credentials.by_password("cert-nord", token),
        credentials.by_password("cert-nord", "x" * 1000),
        credentials.by_certificate(b"no certificate"),
        credentials.by_certificate(der[:-1]),
    ):
        assert isinstance(refused, Refused)
        assert refused.rule == "unknown_credential"


def test_a_certificate_of_another_role_or_name_is_no_credential(
    partners, credentials, engine, authority, clock
) -> None:
    partners.add(_partner(clock), BY)
    key, now_us = ec.derive_private_key(5, ec.SECP256R1()), clock.now_us()
    for peer in (Peer(PeerRole.ACTOR, "cert-nord"), Peer(PeerRole.PARTNER, "cert-syd")):
        made = authority.certify(peer, key.public_key(), now_us, SeededDice(9))
        kept = {"digest": made.fingerprint(hashes.SHA256()).hex(), "partner": "cert-nord", "kind": "certificate"}
        with engine.begin() as tx:
            tx.execute(insert(PARTNER_CREDENTIAL).values(**kept, issued_us=now_us, until_us=now_us + DAY_US))
        assert isinstance(credentials.by_certificate(made.public_bytes(serialization.Encoding.DER)), Refused)
    with pytest.raises(BadPartner, match="can be called"):
        _partner(clock, "holder-2")


def test_no_secret_is_kept(partners, credentials, engine, clock) -> None:
    partners.add(_partner(clock), BY)
    secrets = [credentials.token("cert-nord", BY), credentials.password("cert-nord", BY)]
    with engine.connect() as reading:
        kept = str(reading.execute(select(PARTNER_CREDENTIAL)).all())
    told = "".join(audit.export(engine))
    assert len(kept) > 100
    assert not any(secret in kept or secret in told for secret in secrets)


def test_an_end_of_key_or_partner_counts_from_the_next_request(partners, credentials, clock) -> None:
    partners.add(_partner(clock), BY)
    first, second = credentials.token("cert-nord", BY), credentials.token("cert-nord", BY)
    gone = next(one for one in credentials.of("cert-nord"))
    credentials.end("cert-nord", BY, gone.id)
    opened = [not isinstance(credentials.by_token(token), Refused) for token in (first, second)]
    assert sorted(opened) == [False, True]
    with pytest.raises(BadPartner, match="no credential"):
        credentials.end("cert-nord", BY, gone.id)
    partners.end("cert-nord", BY, "done")
    assert all(isinstance(credentials.by_token(token), Refused) for token in (first, second))
    with pytest.raises(BadPartner, match="has ended"):
        credentials.token("cert-nord", BY)


def test_a_certificate_ends_with_the_agreement_at_the_latest(partners, credentials, clock) -> None:
    partners.add(_partner(clock), BY)
    certificate = x509.load_pem_x509_certificate(credentials.certificate("cert-nord", BY, _csr()).encode())
    assert certificate.not_valid_after_utc.timestamp() * 1e6 <= clock.now_us() + 30 * DAY_US
    der = certificate.public_bytes(serialization.Encoding.DER)
    partners.set("cert-nord", BY, until_us=clock.now_us() + 60 * DAY_US)
    clock.advance(31 * DAY_US)
    assert isinstance(credentials.by_certificate(der), Refused)


@pytest.mark.parametrize(
    "csr", ["", "-----BEGIN CERTIFICATE REQUEST-----", "x" * 9000, _csr(ed25519.Ed25519PrivateKey.generate())]
)
def test_a_request_that_proves_nothing_gets_no_certificate(partners, credentials, clock, csr) -> None:
    partners.add(_partner(clock), BY)
    with pytest.raises(BadPartner, match="P-256"):
        credentials.certificate("cert-nord", BY, csr)
    assert credentials.of("cert-nord") == ()


def test_a_partner_has_a_handful_of_keys(partners, credentials, clock) -> None:
    partners.add(_partner(clock), BY)
    for _ in range(5):
        credentials.token("cert-nord", BY)
    with pytest.raises(BadPartner, match="at most 5"):
        credentials.token("cert-nord", BY)
