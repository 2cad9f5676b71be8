"""One token, one actor, once; names come from the registry; revocation counts from the next request on."""

import dataclasses
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bavn.centre.members.authority import MEMBER_DAYS, Authority
from bavn.centre.members.enrolment import CERTIFICATES_PER_DAY_MAX, Admitted, Application, Enrolment
from bavn.centre.members.registry import Registry, UnknownActor
from bavn.centre.members.tables import INVITATION
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.outcome import Refused
from bavn.model.sector.member import member_peer
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.enrol import NodeKeys, answers, renewal_due


def der(pem):
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)


def rule(outcome):
    assert isinstance(outcome, Refused), outcome
    return outcome.rule


@pytest.fixture
def admitted(enrolment, apply_for):
    return enrolment.enrol(apply_for("region-a", enrolment.invite("region-a")))


def test_a_token_admits_its_actor(registry, enrolment, authority, admitted, clock) -> None:
    assert isinstance(admitted, Admitted)
    keys = NodeKeys.make("region-a", SeededDice(1, "region-a"))
    assert answers(keys, admitted.certificate, authority.pem)
    certificate = x509.load_pem_x509_certificate(admitted.certificate.encode())
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == MEMBER_DAYS
    assert registry.who(der(admitted.certificate)).name == "region-a"
    assert registry.key("region-a").public_bytes_raw() == keys.message.public_key().public_bytes_raw()
    assert not renewal_due(admitted.certificate, clock.now_us() + 59 * DAY_US)
    assert renewal_due(admitted.certificate, clock.now_us() + 60 * DAY_US)


def test_tokens_work_once_and_nobody_unknown_is_invited(enrolment, apply_for) -> None:
    token = enrolment.invite("region-a")
    assert isinstance(enrolment.enrol(apply_for("region-a", token)), Admitted)
    assert rule(enrolment.enrol(apply_for("region-a", token))) == "bad_token"
    assert rule(enrolment.enrol(apply_for("region-a", token, seed=2))) == "bad_token"
    with pytest.raises(UnknownActor):
        enrolment.invite("nobody-x")


def test_tokens_work_once_for_one_actor_and_are_kept_as_few_hashes(enrolment, apply_for, clock) -> None:
    token = enrolment.invite("region-a", HOUR_US)
    refusals = [enrolment.enrol(apply_for("region-b", token)), enrolment.enrol(apply_for("region-a", "B" * 43))]
    clock.advance(HOUR_US)
    refusals.append(enrolment.enrol(apply_for("region-a", token)))
    assert len(set(refusals)) == 1, "each refusal of a token reads the same"
    assert rule(refusals[0]) == "bad_token"
    token = enrolment.invite("region-a")
    good = apply_for("region-a", token)
    assert rule(enrolment.enrol(dataclasses.replace(good, proof="00" * 64))) == "bad_proof"
    assert rule(enrolment.enrol(dataclasses.replace(good, csr="nonsense"))) == "bad_csr"
    assert isinstance(enrolment.enrol(good), Admitted)


def test_nobody_binds_anothers_message_key_to_their_name(enrolment, apply_for) -> None:
    victim = apply_for("region-b", enrolment.invite("region-b"))
    mine = apply_for("region-a", enrolment.invite("region-a"))
    stolen = dataclasses.replace(mine, message_key=victim.message_key, proof=victim.proof)
    assert rule(enrolment.enrol(stolen)) == "bad_proof"


def test_tokens_are_kept_as_hashes_and_few(enrolment, engine) -> None:
    tokens = [enrolment.invite("region-a") for _ in range(6)]
    with engine.connect() as reading:
        rows = reading.execute(select(INVITATION)).all()
    assert len(rows) == 3
    assert not any(token in str(row) for token in tokens for row in rows)


def request(key, names):
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name) for name in names]), False
        )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_requests_that_ask_for_more_are_refused(enrolment, admitted) -> None:
    p256 = ec.derive_private_key(12345, ec.SECP256R1())
    urn = "urn:bavn:actor:region-a"
    weak = [
        request(p256, ["urn:bavn:actor:region-b"]),
        request(p256, [urn, "urn:bavn:actor:region-b"]),
        request(p256, []),
        request(p256, ["https://region-a"]),
        request(ec.derive_private_key(7, ec.SECP384R1()), [urn]),
        request(rsa.generate_private_key(65537, 2048), [urn]),
        "",
        "x" * 9000,
    ]
    assert {rule(enrolment.renew("region-a", csr)) for csr in weak} == {"bad_csr"}
    assert isinstance(enrolment.renew("region-a", request(p256, [urn])), Admitted)


@settings(max_examples=150)
@example(csr="", at=47, byte=47)
@given(csr=st.text(max_size=300), at=st.integers(0, 400), byte=st.integers(0, 255))
def test_any_request_is_refused_or_sound(databases, csr, at, byte) -> None:
    keys = NodeKeys.make("region-a", SeededDice(1, "region-a"))
    engine = databases.new()
    clock = SimClock(1_795_000_000_000_000)
    enrolment = Enrolment(
        Registry(engine, clock), Authority.make("s", clock.now_us(), SeededDice(1)), clock, SeededDice(2)
    )
    assert isinstance(enrolment.renew("region-a", csr), Refused)
    raw = bytearray(keys.csr().encode())
    raw[at % len(raw)] = byte
    assert isinstance(enrolment.renew("region-a", raw.decode("latin1")), Refused)
    asked = Application(actor="region-a", token=csr, csr=csr, message_key=csr, proof=csr)
    assert isinstance(enrolment.enrol(asked), Refused)
    databases.free(engine)


def test_renewal_leaves_the_present_certificate_to_its_end(registry, enrolment, admitted, clock) -> None:
    clock.advance(60 * DAY_US)
    renewed = enrolment.renew("region-a", NodeKeys.make("region-a", SeededDice(1, "region-a")).csr())
    assert isinstance(renewed, Admitted)
    assert renewed.x == admitted.x
    assert registry.who(der(admitted.certificate)).name == "region-a"
    clock.advance(30 * DAY_US)
    assert rule(registry.who(der(admitted.certificate))) == "expired"
    assert registry.who(der(renewed.certificate)).name == "region-a"


def test_renewals_are_bounded(enrolment, admitted, clock) -> None:
    csr = NodeKeys.make("region-a", SeededDice(1, "region-a")).csr()
    outcomes = [enrolment.renew("region-a", csr) for _ in range(CERTIFICATES_PER_DAY_MAX)]
    assert [isinstance(one, Admitted) for one in outcomes] == [True] * (CERTIFICATES_PER_DAY_MAX - 1) + [False]
    assert rule(outcomes[-1]) == "too_many"
    clock.advance(DAY_US)
    assert isinstance(enrolment.renew("region-a", csr), Admitted)


def test_revocation_counts_at_once_and_a_new_token_opens_the_way(registry, enrolment, admitted, apply_for) -> None:
    open_token = enrolment.invite("region-a")
    registry.revoke("region-a")
    assert rule(registry.who(der(admitted.certificate))) == "revoked"
    assert rule(enrolment.renew("region-a", NodeKeys.make("region-a", SeededDice(1, "region-a")).csr())) == "revoked"
    assert rule(enrolment.enrol(apply_for("region-a", open_token))) == "bad_token"
    again = enrolment.enrol(apply_for("region-a", enrolment.invite("region-a"), seed=2))
    assert again.x == admitted.x
    assert registry.who(der(again.certificate)).name == "region-a"
    assert rule(registry.who(der(admitted.certificate))) == "revoked"


def test_a_new_enrolment_ends_the_old_one(registry, enrolment, admitted, apply_for) -> None:
    old = registry.key("region-a").public_bytes_raw()
    enrolment.enrol(apply_for("region-a", enrolment.invite("region-a"), seed=2))
    assert rule(registry.who(der(admitted.certificate))) == "revoked"
    assert registry.key("region-a").public_bytes_raw() != old


def test_certificates_of_our_authority_that_we_did_not_issue_are_nobodys(registry, authority, admitted, clock) -> None:
    """Even a thief of the authority's key is not let in without the registry."""
    key = ec.derive_private_key(5, ec.SECP256R1())
    stray = authority.certify(member_peer("region-a"), key.public_key(), clock.now_us(), SeededDice(9))
    assert rule(registry.who(stray.public_bytes(serialization.Encoding.DER))) == "unknown_certificate"
    server = authority.certify_server(["localhost"], key.public_key(), clock.now_us(), SeededDice(9))
    assert rule(registry.who(server.public_bytes(serialization.Encoding.DER))) == "unknown_certificate"
    assert rule(registry.who(b"\x30\x00")) == "unknown_certificate"


def test_two_at_once_with_one_token_admit_one(databases, tmp_path, authority, apply_for, clock) -> None:
    engine = databases.at(tmp_path)
    registry = Registry(engine, clock)
    registry.add("region-a", "region")
    enrolment = Enrolment(registry, authority, clock, SeededDice(1, "enrolment"))
    token = enrolment.invite("region-a")
    outcomes, start = [], threading.Barrier(4)

    def go(seed):
        start.wait()
        outcomes.append(enrolment.enrol(apply_for("region-a", token, seed=seed)))

    threads = [threading.Thread(target=go, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    assert sum(isinstance(outcome, Admitted) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 3


def test_the_authority_is_repeatable_and_keeps(clock) -> None:
    one, two = (Authority.make("s", clock.now_us(), SeededDice(1, "ca")) for _ in range(2))
    assert one.pem == two.pem
    assert one.fingerprint != Authority.make("s", clock.now_us(), SeededDice(2, "ca")).fingerprint
    locked = one.key_pem(b"a passphrase")
    assert b"ENCRYPTED" in locked
    assert Authority.load(locked, one.pem, b"a passphrase").fingerprint == one.fingerprint
    with pytest.raises((ValueError, TypeError)):
        Authority.load(locked, one.pem)
    with pytest.raises(ValueError, match="belong together"):
        Authority.load(Authority.make("s", clock.now_us(), SeededDice(2)).key_pem(), one.pem)
