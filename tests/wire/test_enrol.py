"""The node's own side of enrolment: keys from the dice, secrets for the owner's eyes, nothing half-written."""

import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bavn.model.sector.member import Peer, PeerRole, enrolment_statement, is_reserved, member_peer
from bavn.traffic.dice import SeededDice
from bavn.wire.enrol import Certified, NodeKeys
from bavn.wire.safe import Safe

TOKEN = "A" * 43
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def test_the_same_dice_make_the_same_keys_and_a_request_that_proves_them() -> None:
    one, two = (NodeKeys.make("region-a", SeededDice(3, "n")).ask(TOKEN) for _ in range(2))
    assert one == two
    assert one.csr != NodeKeys.make("region-a", SeededDice(4, "n")).csr()
    asked = NodeKeys.make("region-a", SeededDice(3, "n")).ask(TOKEN)
    csr = x509.load_pem_x509_csr(asked.csr.encode())
    assert csr.is_signature_valid
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:bavn:actor:region-a"]
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(asked.message_key))
    key.verify(bytes.fromhex(asked.proof), enrolment_statement("region-a", TOKEN, asked.csr))


def test_secrets_are_their_owners_and_never_overwritten(tmp_path) -> None:
    safe = Safe(tmp_path / "node" / "secrets")
    keys = NodeKeys.make("region-a", SeededDice(3, "n"))
    safe.keep_keys(keys)
    safe.keep_certificate(Certified(certificate=PEM, centre_key="00" * 32, x=4), PEM)
    assert stat.S_IMODE(safe.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in safe.folder.iterdir()} == {0o600}
    assert not [file for file in safe.folder.iterdir() if file.name.endswith(".new")]
    kept = safe.keys()
    assert kept.actor == "region-a"
    assert kept.ask(TOKEN) == keys.ask(TOKEN)
    assert safe.x() == 4
    assert safe.enrolled
    safe = Safe(tmp_path)
    safe.keep_keys(NodeKeys.make("region-a", SeededDice(3, "n")))
    with pytest.raises(FileExistsError):
        safe.keep_keys(NodeKeys.make("region-a", SeededDice(4, "n")))


@pytest.mark.parametrize(
    "peer",
    [
        *("region-a", "urn:bavn:", "urn:bavn:region-a", "urn:bavn:stranger:region-a", "x-urn:bavn:actor:region-a"),
        *("urn:bavn:actor:", "urn:bavn:actor:A", "urn:bavn:actor:a/b", "urn:bavn:actor:a b"),
        *("urn:bavn:actor:holder-2", "urn:bavn:actor:centre", "urn:bavn:partner:keyholder-1"),
        *("urn:bavn:keyholder:region-a", "urn:bavn:keyholder:holder-0", "urn:bavn:centre:region-a"),
    ],
)
def test_a_uri_names_a_peer_by_role_and_name_or_nobody(peer) -> None:
    with pytest.raises(ValueError):
        Peer.of_urn(peer)


@pytest.mark.parametrize(("name", "role"), [("region-a", "actor"), ("holder-2", "keyholder")])
def test_a_members_name_and_its_uri_belong_together(name, role) -> None:
    assert Peer.of_urn(member_peer(name).urn) == Peer(PeerRole(role), name)
    assert member_peer(name).urn == f"urn:bavn:{role}:{name}"
    with pytest.raises(ValueError):
        member_peer("Region A")


def test_roles_are_reserved_and_parts_of_a_statement_stay_within_their_borders() -> None:
    assert all(map(is_reserved, [*PeerRole, "sector", "nobody", "holder", "holder-2", "holder-10", "keyholder-1"]))
    assert not any(map(is_reserved, ["region-a", "holder-kommune", "holderby", "central"]))
    assert enrolment_statement("ab", "c", "d") != enrolment_statement("a", "bc", "d")
