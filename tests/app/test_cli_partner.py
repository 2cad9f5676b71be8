"""`bavn centre partner`: added, changed, shown, ended; nothing crosses that was not said; secrets are shown once."""

import datetime as dt
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bavn.app.centre.parts import open_partner_books
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.model.outcome import Refused
from bavn.model.sector.partner import PARTNER_KINDS
from tests.people import Runner as CliRunner

UNTIL = (dt.datetime.now(dt.UTC) + dt.timedelta(days=60)).strftime("%Y-%m-%d")


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text("")
    run(file, "init")
    return file


def run(config, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


def row(config, *words):
    return json.loads(run(config, "partner", *words, "--json").stdout)


def added(config, *words):
    return row(config, "add", "cert-nord", "--kind", "national", "--until", UNTIL, "--by", "Anna Berg", *words)


def test_a_partner_begins_with_nothing_and_gets_what_is_said(config) -> None:
    made = added(config, "--title", "CERT Nord")
    assert (made["out"]["collections"], made["in"]["trust"]) == ([], 0)
    assert (made["until"] > UNTIL, made["in_force"]) == (True, True)
    words = (
        "--out-collections",
        "network, files",
        "--out-tlp",
        "TLP:AMBER",
        "--out-pap",
        "AMBER",
        "--out-type",
        "domain",
        "--out-confidence",
        "70",
        "--in-trust",
        "40",
        "--in-may-block",
        "--in-per-day",
        "500",
    )
    changed = row(config, "set", "cert-nord", *words, "--by", "Bo Lund")
    assert changed["out"] == {
        "tlp_max": "TLP:AMBER",
        "pap_max": "AMBER",
        "types": ["domain"],
        "confidence_min": 70,
        "collections": ["files", "network"],
    }
    assert changed["in"] == {"trust": 40, "tlp_max": "TLP:AMBER", "may_block": True, "objects_per_day_max": 500}
    again = row(config, "set", "cert-nord", "--in-never-blocks", "--out-collections", "", "--by", "Bo Lund")
    assert (again["in"]["may_block"], again["in"]["trust"], again["out"]["collections"]) == (False, 40, [])
    assert row(config, "show") == again
    told = [json.loads(line) for line in run(config, "audit").stdout.splitlines()]
    assert [(line["who"], line["act"]) for line in told] == [
        ("Anna Berg", "partner-add"),
        ("Bo Lund", "partner-set"),
        ("Bo Lund", "partner-set"),
    ]


def test_kinds_are_shown_in_danish_too(config) -> None:
    added(config)
    assert row(config, "show", "cert-nord", "--language", "da")["kind"] == PARTNER_KINDS["national"].da
    assert PARTNER_KINDS["national"].en in run(config, "partner", "show").stdout


def test_a_secret_is_shown_once_and_ends_by_name(config) -> None:
    added(config)
    secret = row(config, "key", "cert-nord", "token", "--by", "Anna Berg")["secret"]
    assert "password: " in run(config, "partner", "key", "cert-nord", "basic", "--by", "Anna Berg").stdout
    shown = row(config, "show", "cert-nord")
    assert sorted(one["kind"] for one in shown["credentials"]) == ["basic", "token"]
    assert secret not in json.dumps(shown)
    token = next(one["credential"] for one in shown["credentials"] if one["kind"] == "token")
    run(config, "partner", "end-key", "cert-nord", token, "--by", "Anna Berg")
    partners, credentials = open_partner_books(read_centre(config))
    assert isinstance(credentials.by_token(secret), Refused)
    partners.engine.dispose()
    assert "basic" in run(config, "partner", "show", "cert-nord").stdout


def test_a_certificate_is_made_of_the_partners_own_request(config, tmp_path) -> None:
    added(config)
    key, file = ec.generate_private_key(ec.SECP256R1()), tmp_path / "request.pem"
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    file.write_bytes(request.public_bytes(serialization.Encoding.PEM))
    words = ("partner", "key", "cert-nord", "certificate", "--csr", str(file), "--by", "Anna Berg")
    made = x509.load_pem_x509_certificate(run(config, *words).stdout.encode())
    assert made.public_key() == key.public_key()
    partners, credentials = open_partner_books(read_centre(config))
    found = credentials.by_certificate(made.public_bytes(serialization.Encoding.DER))
    partners.engine.dispose()
    assert not isinstance(found, Refused)
    assert found.name == "cert-nord"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("set", "cert-syd", "--in-trust", "1"), Exit.NOT_FOUND),
        (("show", "cert-syd"), Exit.NOT_FOUND),
        (("key", "cert-syd", "token"), Exit.NOT_FOUND),
        (("add", "cert-nord"), Exit.USAGE),
        (("add", "cert-syd", "--kind", "friend"), Exit.USAGE),
        (("set", "cert-nord", "--in-trust", "101"), Exit.USAGE),
        (("set", "cert-nord", "--out-type", "chain"), Exit.USAGE),
        (("key", "cert-nord", "certificate"), Exit.USAGE),
        (("key", "cert-nord", "token", "--csr", "x.pem"), Exit.USAGE),
        (("key", "cert-nord", "certificate", "--csr", "/nowhere/x.pem"), Exit.INPUT),
        (("end-key", "cert-nord", "0123456789ab"), Exit.USAGE),
        (("end", "cert-nord", "--why", ""), Exit.USAGE),
    ],
)
def test_what_is_wrong_is_one_clear_error(config, words, code) -> None:
    added(config)
    by = () if words[0] == "show" else ("--by", "Anna Berg")
    assert str(run(config, "partner", *words, *by, code=code).exception)


def test_an_agreement_is_ended_for_good(config) -> None:
    added(config)
    run(config, "partner", "end", "cert-nord", "--why", "not renewed", "--by", "Anna Berg")
    assert not row(config, "show")["in_force"]
    run(config, "partner", "key", "cert-nord", "token", "--by", "Anna Berg", code=Exit.USAGE)
