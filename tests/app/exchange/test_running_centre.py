"""The five minutes of docs/partners.md with the command itself: a partner is added, a centre runs, both sides talk."""

import json
import signal
import ssl
import subprocess
import sys

import httpx
import pytest

from bavn.wire.partners.taxii import TAXII

pytestmark = pytest.mark.slow
BAVN = (sys.executable, "-c", "from bavn.app.cli.main import main; main()", "centre")


def bavn(folder, *words, code=0):
    done = subprocess.run([*BAVN, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.fixture
def running(tmp_path):
    """A centre that runs, its folder and the port of the exchange."""
    (tmp_path / "centre.toml").write_text(
        '[place]\nport = 0\n[centre]\nsector = "test"\n'
        '[exchange]\nlisten = "127.0.0.1:0"\ncontact = "soc@example.org"\n'
    )
    bavn(tmp_path, "init")
    process = subprocess.Popen([*BAVN, "run"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    ports = json.loads(process.stdout.readline())
    yield tmp_path, ports["exchange_port"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()


def test_a_partner_is_added_while_the_centre_runs_and_both_sides_talk(running) -> None:
    folder, port = running
    words = ("--out-collections", "released", "--in-trust", "50", "--by", "Anna Berg")
    bavn(folder, "partner", "add", "cert-nord", "--kind", "national", *words)
    secret = json.loads(bavn(folder, "partner", "key", "cert-nord", "basic", "--by", "Anna Berg", "--json"))["secret"]
    tls = ssl.create_default_context(cafile=folder / "data" / "keys" / "authority.pem")
    client = httpx.Client(
        base_url=f"https://127.0.0.1:{port}", verify=tls, auth=("cert-nord", secret), headers={"accept": TAXII}
    )
    with client:
        found = client.get("/taxii2/").json()
        assert (found["title"], found["contact"]) == ("Bavn, test", "soc@example.org")
        root = found["default"]
        markings = client.get(f"{root}collections/released/objects/").json()["objects"]
        assert {one["type"] for one in markings} == {"identity", "marking-definition"}
        posted = {
            "type": "indicator",
            "spec_version": "2.1",
            "id": "indicator--00000001-0000-4000-8000-000000000000",
            "created": "2026-01-01T00:00:00Z",
            "modified": "2026-01-01T00:00:00Z",
            "valid_from": "2026-01-01T00:00:00Z",
            "pattern_type": "stix",
            "pattern": "[domain-name:value = 'evil.example.com']",
        }
        said = client.post(
            f"{root}collections/proposals/objects/", json={"objects": [posted]}, headers={"content-type": TAXII}
        )
        assert said.json()["success_count"] == 1, said.text
        (offer,) = map(json.loads, bavn(folder, "offers", "--json").splitlines())
        assert (offer["partner"], offer["observable"], offer["confidence"]) == (
            "cert-nord",
            "domain:evil.example.com",
            25,
        )
        bavn(folder, "partner", "end", "cert-nord", "--why", "the five minutes are over", "--by", "Bo Lund")
        assert client.get("/taxii2/").status_code == 401
    assert "the chain holds" in bavn(folder, "ledger", "--verify")
    assert "the chain holds" in bavn(folder, "audit", "--verify")


def test_a_certificate_that_is_none_and_a_port_that_is_none_are_one_clear_error(tmp_path) -> None:
    (tmp_path / "centre.toml").write_text('[exchange]\nlisten = "8445"\n')
    bavn(tmp_path, "init")
    bavn(tmp_path, "run", code=4)
    (tmp_path / "centre.toml").write_text('[exchange]\nlisten = "127.0.0.1:0"\ncertificate_file = "none.pem"\n')
    bavn(tmp_path, "run", code=4)
