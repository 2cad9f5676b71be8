"""Key exchanges told together: what stands where, what is in the way, and the bill of materials that says so."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.assets.cbom import cbom
from bavn.actor.assets.crypto import BLOCKERS, STANDINGS, Certificate, Use, by_direction, by_peer, uses
from bavn.model.intel.cryptonames import Safety, safety_of

OUT = {"dst": "198.51.100.7"}
HYBRID = ["X25519MLKEM768", "x25519"]
NEW = {"protocol": "tls", "version": "TLS 1.3", "cipher": "TLS_AES_128_GCM_SHA256"}
CERT = {
    "cert": "ab" * 20,
    "cert_key": "RSA",
    "cert_key_bits": 2048,
    "cert_signature": "sha256WithRSAEncryption",
    "cert_subject": "CN=pacs",
    "cert_issuer": "CN=pacs",
    "notbefore": datetime(2026, 1, 1, tzinfo=UTC),
    "notafter": datetime(2027, 1, 1, tzinfo=UTC),
}


def check_bom(text):
    """By CycloneDX's own schema, whose reader takes a second to load."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def use(**more):
    given = {
        "direction": "out",
        "protocol": "tls",
        "server": None,
        "port": 443,
        "name": "a.dk",
        "peer": "a.dk",
        "version": "TLS 1.3",
        "cipher": None,
        "group": None,
        "offered": (),
        "signature": None,
        "certificate": None,
        "count": 1,
        "clients": 1,
        "first_us": 0,
        "last_us": 0,
    }
    return Use(**(given | more))


@pytest.mark.parametrize(
    ("more", "standing", "blocker"),
    [
        ({"group": "X25519MLKEM768"}, "negotiated", "none"),
        ({"group": "x25519", "offered": ("X25519MLKEM768", "x25519")}, "offered", "server"),
        ({"group": "x25519", "offered": ("x25519",)}, "classical", "client"),
        ({"version": "TLS 1.2", "offered": ("X25519MLKEM768",)}, "offered", "old version"),
        ({"version": "TLS 1.2", "group": "RSA"}, "classical", "old version"),
        ({"version": None, "offered": ("X25519MLKEM768",)}, "unknown", "answer not seen"),
        ({"version": None, "offered": ("secp256r1",)}, "classical", "client"),
        ({"group": None, "offered": ("X25519MLKEM768",)}, "offered", "group not shown"),
        ({}, "unknown", "group not shown"),
        ({"protocol": "ssh", "version": "SSH 2.0", "group": "sntrup761x25519-sha512"}, "negotiated", "none"),
        (
            {"protocol": "ssh", "version": "SSH 2.0", "group": "curve25519-sha256", "offered": ("curve25519-sha256",)},
            "classical",
            "client",
        ),
    ],
)
def test_where_it_stands_and_what_is_in_the_way(more, standing, blocker):
    one = use(**more)
    assert (one.standing, one.blocker) == (standing, blocker)
    assert one.standing in STANDINGS
    assert one.blocker in BLOCKERS


@pytest.mark.slow
def test_the_three_records_become_one_map_without_telling_twice(window):
    community = "1:abc"
    rows = {
        "kex": [
            {
                **NEW,
                **OUT,
                "name": "www.dr.dk",
                "offered_groups": HYBRID,
                "negotiated_group": "X25519MLKEM768",
                "community_id": community,
            },
            {**NEW, **OUT, "name": "dr.dk", "offered_groups": HYBRID, "negotiated_group": "x25519"},
            {
                "src": "203.0.113.5",
                "dst": "10.0.0.5",
                "protocol": "tls",
                "version": "TLS 1.2",
                "cipher": "TLS_RSA_WITH_AES_128_CBC_SHA",
                "negotiated_group": "RSA",
                "offered_groups": ["x25519"],
                **CERT,
            },
            {"src": "203.0.113.5", "dst": "203.0.113.9", "protocol": "tls"},
        ],
        "tls": [
            {**OUT, "sni": "www.dr.dk", "version": "TLS 1.3", "community_id": community},
            {
                **OUT,
                "sni": "ssi.dk",
                "version": "TLS 1.3",
                "cipher": "0x1301",
                "negotiated_group": "0x11ec",
                "ja3_string": "771,4865,0-10,2570-4588-29,0",
            },
            {**OUT, "sni": "ssi.dk", "version": "QUIC 1"},
        ],
        "ssh": [{"dst": "10.0.0.5", "dst_port": 22, "client_proto": "2.0", "kex_method": "mlkem768x25519-sha256"}],
    }
    with window(**rows) as made:
        found = uses(made)
    assert sum(one.count for one in found) == 6
    zeek = next(one for one in found if one.name == "ssi.dk" and one.protocol == "tls")
    assert (zeek.cipher, zeek.group, zeek.offered) == (
        "TLS_AES_128_GCM_SHA256",
        "X25519MLKEM768",
        ("X25519MLKEM768", "x25519"),
    )
    ways = {tally.what: tally for tally in by_direction(found)}
    assert ways["out"].by_standing == {"negotiated": 2, "offered": 1, "unknown": 1}
    assert ways["out"].share == 2 / 3
    assert ways["in"].by_blocker == {"old version": 1}
    assert ways["inside"].by_standing == {"negotiated": 1}
    assert [tally.what for tally in by_peer(found, 9)] == ["10.0.0.5:443", "dr.dk", "ssi.dk", "10.0.0.5:22"]
    (shown,) = [one.certificate for one in found if one.certificate]
    assert (shown.key, shown.bits, shown.subject) == ("RSA", 2048, "CN=pacs")


def a_map():
    cert = Certificate(
        sha1="ab" * 20,
        subject="CN=pacs.indre.local",
        issuer="CN=indre CA",
        key="RSA",
        bits=2048,
        signature="sha256WithRSAEncryption",
        notbefore_us=0,
        notafter_us=10**15,
    )
    return (
        use(group="X25519MLKEM768", offered=("X25519MLKEM768", "x25519"), cipher="TLS_AES_128_GCM_SHA256", count=7),
        use(
            direction="in",
            server="10.0.0.5",
            name="pacs.indre.local",
            peer="10.0.0.5:443",
            version="TLS 1.2",
            group="RSA",
            cipher="TLS_RSA_WITH_AES_128_CBC_SHA",
            certificate=cert,
            count=3,
        ),
        use(
            direction="inside",
            protocol="ssh",
            server="10.0.0.6",
            name=None,
            peer="10.0.0.6:22",
            port=22,
            version="SSH 2.0",
            group="curve25519-sha256",
            offered=("curve25519-sha256",),
        ),
    )


def written(found, **more):
    return cbom(found, actor="sygehus", version="0.1", at_us=1_780_000_000_000_000, **more)


def props(part):
    return {p["name"].removeprefix("bavn:"): p["value"] for p in part.get("properties", ())}


def test_the_bill_of_materials_is_cyclonedx_also_of_nothing_with_safe_names():
    text = written(a_map())
    check_bom(text)
    assert text == written(a_map())
    made = json.loads(text)
    parts = {part["name"]: part for part in made["components"]}
    hybrid = parts["X25519MLKEM768"]["cryptoProperties"]["algorithmProperties"]
    assert (hybrid["primitive"], hybrid["nistQuantumSecurityLevel"]) == ("kem", 3)
    assert parts["RSA"]["cryptoProperties"]["algorithmProperties"]["nistQuantumSecurityLevel"] == 0
    assert props(parts["X25519MLKEM768"])["quantum-safety"] == "hybrid"
    suites = parts["TLS 1.2"]["cryptoProperties"]["protocolProperties"]["cipherSuites"]
    assert [suite["name"] for suite in suites] == ["TLS_RSA_WITH_AES_128_CBC_SHA"]
    cert = parts["CN=pacs.indre.local"]["cryptoProperties"]["certificateProperties"]
    assert cert["signatureAlgorithmRef"].startswith("algorithm:sha256WithRSAEncryption")
    services = {service["name"]: service for service in made["services"]}
    assert props(services["a.dk"]) | {"quantum-safety:negotiated": "7", "count": "7"} == props(services["a.dk"])
    assert services["10.0.0.5:443"]["x-trust-boundary"]
    depends = {entry["ref"]: entry.get("dependsOn", []) for entry in made["dependencies"]}
    assert any(ref.startswith("certificate:") for ref in depends[services["10.0.0.5:443"]["bom-ref"]])
    assert all(ref in depends for refs in depends.values() for ref in refs)
    check_bom(written(()))
    said = {
        "X25519MLKEM768": Safety.HYBRID,
        "MLKEM768": Safety.PURE,
        "x25519": Safety.CLASSICAL,
        "0x1234": Safety.UNKNOWN,
        None: Safety.UNKNOWN,
        "RSA": Safety.CLASSICAL,
        "X25519Kyber768Draft00": Safety.HYBRID,
        "diffie-hellman-group14-sha256": Safety.CLASSICAL,
    }
    assert {name: safety_of(name) for name in said} == said


@pytest.mark.slow
def test_redacted_names_nobody():
    text = written(a_map(), redacted=True)
    check_bom(text)
    for private in ("10.0.0.", "a.dk", "indre", "pacs", "sygehus", "abab"):
        assert private in written(a_map())
        assert private not in text
    made = json.loads(text)
    assert {service["name"] for service in made["services"]} == {"traffic out", "traffic in", "traffic inside"}
    assert props(made)["certificates:RSA-2048"] == "1"


texts = st.text(max_size=20) | st.none()


@settings(max_examples=25)
@given(
    name=texts,
    group=texts,
    cipher=texts,
    version=texts,
    subject=texts,
    offered=st.lists(st.text(max_size=9), max_size=3),
)
def test_whatever_a_handshake_says_the_document_stands(name, group, cipher, version, subject, offered):
    cert = Certificate(
        sha1="cd" * 20,
        subject=subject,
        issuer=None,
        key=group,
        bits=None,
        signature=cipher,
        notbefore_us=None,
        notafter_us=None,
    )
    one = use(
        name=name,
        peer=name or "x:1",
        group=group,
        cipher=cipher,
        version=version,
        offered=tuple(offered),
        certificate=cert,
    )
    for redacted in (False, True):
        assert json.loads(written((one,), redacted=redacted))["bomFormat"] == "CycloneDX"


@pytest.mark.slow
def test_a_large_map_is_told_in_full_up_to_its_bound_and_still_fits_the_schema(monkeypatch):
    monkeypatch.setattr("bavn.actor.assets.cbom.SERVICES_MAX", 150)
    many = tuple(use(name=f"a{n}.dk", peer=f"a{n}.dk", count=1 + n) for n in range(200))
    made = json.loads(written(many))
    assert len(made["services"]) == 151
    others = next(service for service in made["services"] if service["name"] == "others")
    assert props(others)["count"] == str(sum(range(1, 51)))
    del others["endpoints"]
    for service in made["services"][3:]:
        service.pop("endpoints", None)
    check_bom(json.dumps(made))
