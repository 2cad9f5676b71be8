"""Log-on by a certified identity provider (npm's oidc-provider) over TLS: what it says in its own way is understood,
and what is wrong with it lets nobody in."""

import json
import re
import ssl
import subprocess
import time
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from bavn.app.access import oidc
from bavn.app.access.oidc import OidcAway, OidcRefused, Provider
from bavn.app.access.rights import ROLES, Role
from bavn.app.config.oidc import OidcTable
from tests.app.test_zone_service import free_port
from tests.app.web.test_logon_browser import HELPERS, served
from tests.peers.environment import peer_node

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
ORIGIN = "https://console.example.org"
SECRET = "a+b%c:d/e=f &g"
"""A secret as providers make them: RFC 6749 wants it form-encoded before it is put into basic authentication."""


def key_for(alg, kid="one"):
    if alg in ("RS256", "PS256"):
        made = RSAKey.generate_key(2048, {"kid": kid, "alg": alg, "use": "sig"})
    elif alg == "EdDSA":
        made = OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"})
    else:
        made = ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})
    return made


class Peer:
    """The provider as it stands, and a Bavn that believes it. Started anew under the same name by ``start``."""

    def __init__(self, folder, certificate):
        self.node, self.modules = peer_node("oidc-provider")
        self.folder, self.certificate, self.port = folder, certificate, free_port()
        self.issuer = f"https://localhost:{self.port}"
        self.keys, self.process = [key_for("ES256")], None

    def start(self, redirect=f"{ORIGIN}{oidc.BACK}", secret=SECRET, alg="ES256", **more):
        self.end()
        settings = {
            "issuer": self.issuer,
            "port": self.port,
            "cert": str(self.certificate / "ca.pem"),
            "alg": alg,
            "key": str(self.certificate / "key.pem"),
            "client": "bavn",
            "secret": secret,
            "redirect": redirect,
            "jwks": {"keys": [key.as_dict(private=True) for key in self.keys]},
        } | more
        file = self.folder / "provider.json"
        file.write_text(json.dumps(settings))
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.node, HERE / "oidc/provider.mjs", self.modules, file],
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        said = self.process.stdout.readline()
        assert said == b"ready\n", (said, (self.folder / "log").read_text()[-2000:])
        return self

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    @contextmanager
    def bavn(self, secret=SECRET, **more):
        file = self.folder / "secret"
        file.write_text(secret or "-")
        file.chmod(0o600)
        table = OidcTable(
            **{
                "issuer": self.issuer,
                "client_id": "bavn",
                "client_secret_file": str(file) if secret else "",
                "ca_file": str(self.certificate / "ca.pem"),
                "roles": ("analysts=analyst",),
                **more,
            }
        )
        made = Provider(table, self.folder, ORIGIN, ROLES["sac"])
        try:
            yield made
        finally:
            made.close()

    def logged_on(self, url, person="anna"):
        """What the provider sends a browser back with, whose person signs in and agrees."""
        context = ssl.create_default_context(cafile=self.certificate / "ca.pem")
        with httpx.Client(verify=context, trust_env=False, follow_redirects=False) as browser:
            answer = browser.get(url)
            for _ in range(20):
                if answer.is_redirect:
                    to = str(answer.next_request.url)
                    if to.startswith(ORIGIN):
                        return {name: value[0] for name, value in parse_qs(urlsplit(to).query).items()}
                    answer = browser.get(to)
                    continue
                assert answer.status_code == 200, answer.text
                action = unescape(re.search(r'<form[^>]* action="([^"]*)"', answer.text)[1])
                prompt = re.search(r'name="prompt" value="([^"]*)"', answer.text)[1]
                answer = browser.post(action, data={"prompt": prompt, "login": person, "password": "any"})
        raise AssertionError("the provider never came to an end")


ASK = {"state": "s" * 20, "nonce": "n" * 20, "verifier": "v" * 43}


def come(peer, provider, person="anna", said=None):
    asked = provider.ask(ASK)
    return provider.answered(peer.logged_on(asked.url, person), said or asked.said)


@pytest.fixture(scope="module")
def peer(tmp_path_factory, certificate):
    made = Peer(tmp_path_factory.mktemp("oidc"), certificate)
    yield made
    made.end()


def test_who_the_provider_vouches_for_is_let_in_with_a_secret_of_any_signs(peer) -> None:
    """Name and groups come from its userinfo alone, as OpenID Connect has it for the code flow."""
    peer.start()
    with peer.bavn() as provider:
        found = come(peer, provider)
        assert (found.name, found.subject, found.roles) == ("Anna Berg", f"{peer.issuer} anna", {Role.ANALYST})
        with pytest.raises(OidcRefused) as refused:
            come(peer, provider, "bo")
        assert refused.value.code == "no-role"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # so say providers still
@pytest.mark.parametrize("alg", ["RS256", "PS256", "EdDSA"])
def test_every_common_signature_is_understood_and_a_public_client_has_no_secret(peer, alg) -> None:
    kept, peer.keys = peer.keys, [key_for(alg)]
    try:
        peer.start(alg=alg, secret=None)
        with peer.bavn(secret=None) as provider:
            assert come(peer, provider).name == "Anna Berg"
    finally:
        peer.keys = kept


def test_keys_that_are_not_for_us_beside_the_one_that_is(peer) -> None:
    """A provider's key set holds what it encrypts with, and kinds that nobody here knows yet (RFC 7517, 5)."""
    public = [key.as_dict(private=False) for key in peer.keys]
    others = [
        {"kty": "AKP", "alg": "ML-DSA-44", "kid": "new", "pub": "AAAA", "use": "sig"},
        {"kty": "OKP", "crv": "X25519", "kid": "x", "use": "enc", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"kty": "EC", "crv": "brainpoolP256r1", "kid": "b", "x": "AA", "y": "AA"},
    ]
    peer.start(fault={"jwks": {"keys": [*others, *public]}})
    with peer.bavn() as provider:
        assert come(peer, provider).name == "Anna Berg"


def test_keys_that_were_rotated_are_asked_for_again(peer, monkeypatch) -> None:
    monkeypatch.setattr(oidc, "KEYS_AGAIN_S", -1.0)
    peer.start()
    with peer.bavn() as provider:
        assert come(peer, provider).name == "Anna Berg"
        peer.keys = [key_for("ES256", "two")]
        peer.start()
        assert come(peer, provider).name == "Anna Berg"


def test_a_verifier_a_nonce_a_code_and_a_provider_of_somebody_elses_let_nobody_in(peer) -> None:
    peer.start()
    with peer.bavn() as provider:
        asked = provider.ask(ASK)
        for other in ({"verifier": "w" * 43}, {"nonce": "m" * 20}, {"state": "t" * 20}):
            with pytest.raises(OidcRefused):
                provider.answered(peer.logged_on(asked.url), asked.said | other)
        back = peer.logged_on(asked.url)
        assert back["iss"] == peer.issuer  # RFC 9207
        with pytest.raises(OidcRefused):
            provider.answered(back | {"iss": "https://other.example"}, asked.said)
        assert provider.answered(back, asked.said).name == "Anna Berg"
        with pytest.raises(OidcRefused):  # the code is used up
            provider.answered(back, asked.said)
    with peer.bavn(secret="another secret") as provider, pytest.raises(OidcRefused):
        come(peer, provider)


@pytest.mark.parametrize(
    "fault",
    [
        {"claims": {"aud": "another"}},
        {"claims": {"iss": "https://other.example"}},
        {"claims": {"sub": "bo"}},
        {"jwks": {"keys": [key_for("ES256").as_dict(private=False)]}},
    ],
    ids=["audience", "issuer", "subject", "signature"],
)
def test_a_token_that_is_not_right_lets_nobody_in(peer, fault) -> None:
    peer.start(fault=fault)
    with peer.bavn() as provider, pytest.raises(OidcRefused, match=r"ID token is not good|somebody else"):
        come(peer, provider)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_token_that_has_ended_or_is_of_later_lets_nobody_in(peer, hours) -> None:
    at = int(time.time()) + hours * 3600
    peer.start(fault={"claims": {"iat": at, "exp": at + 300}})
    with peer.bavn() as provider, pytest.raises(OidcRefused, match="the ID token is not good"):
        come(peer, provider)


def test_a_person_who_refuses_or_a_code_that_ended_lets_nobody_in(peer) -> None:
    peer.start()
    with peer.bavn() as provider:
        asked = provider.ask(ASK)
        back = peer.logged_on(asked.url)
        peer.start()  # it has forgotten every code, as one that was revoked
        with pytest.raises(OidcRefused):
            provider.answered(back, asked.said)
        with pytest.raises(OidcRefused):
            provider.answered({"state": ASK["state"], "iss": peer.issuer, "error": "access_denied"}, asked.said)


def test_a_provider_whose_certificate_does_not_hold_and_one_that_is_gone_are_away(peer, tmp_path) -> None:
    peer.start()
    with peer.bavn(ca_file="") as provider, pytest.raises(OidcAway):
        provider.ask(ASK)
    peer.end()
    began = time.monotonic()
    with peer.bavn() as provider, pytest.raises(OidcAway):
        provider.ask(ASK)
    assert time.monotonic() - began < 5


@pytest.mark.chromium
@pytest.mark.filterwarnings("ignore")
def test_a_browser_is_let_in_by_the_provider_where_the_person_has_a_role(peer, tmp_path, chromium) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    table = OidcTable(
        issuer=peer.issuer,
        client_id="bavn",
        client_secret_file="secret",
        label="Example ID",
        ca_file=str(peer.certificate / "ca.pem"),
        roles=("analysts=analyst",),
    )
    with served(tmp_path, table) as (address, keeper):
        peer.start(redirect=f"{address}{oidc.BACK}")
        for person, there in (("anna", "/leads"), ("bo", "/?refused=no-role")):
            context = chromium.new_context(ignore_https_errors=True)
            page = context.new_page()
            page.goto(f"{address}/")
            page.evaluate(HELPERS)
            assert page.evaluate("() => api('GET', '/logon')")["body"]["oidc"] == "Example ID"
            page.goto(f"{address}/api/v1/logon/oidc?back=/leads")
            assert page.url.startswith(peer.issuer)
            page.locator("input[name=login]").fill(person)
            page.locator("input[name=password]").fill("any")
            page.locator("button[type=submit]").click()
            page.get_by_text("Continue").click()
            page.wait_for_url(lambda url: url.startswith(address))
            assert page.url == f"{address}{there}"
            page.evaluate(HELPERS)
            me = page.evaluate("() => api('GET', '/me')")
            assert me["status"] == (200 if person == "anna" else 401)
            if person == "anna":
                assert (me["body"]["name"], me["body"]["roles"]) == ("Anna Berg", ["analyst"])
            context.close()
        assert keeper.accounts.find("Anna Berg").origin == "oidc"
        assert keeper.accounts.find("Bo Lund") is None
