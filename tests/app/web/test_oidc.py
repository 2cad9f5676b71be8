"""Log-on by an identity provider: what it says is believed only where everything about it fits."""

import base64
import json
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from bavn.app.access.oidc import OidcAway, OidcRefused, Provider
from bavn.app.access.rights import ROLES, Role
from bavn.app.config.oidc import OidcTable
from bavn.app.web.access.oidc_routes import own_path, routes
from bavn.app.web.console import ConsoleSettings, console_app
from bavn.model.settings import SettingsError
from tests.app.web.people import ORIGIN, Place

ISSUER = "https://id.example.org/realm"
TABLE = OidcTable(issuer=ISSUER, client_id="bavn", roles=("cn=soc,dc=example=analyst", "leads=approver"), timeout_s=2.0)
KEY, OTHER = ECKey.generate_key("P-256", {"kid": "one"}), ECKey.generate_key("P-256", {"kid": "two"})


def unsigned(claims):
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts) + "."


class FakeProvider:
    """An identity provider that answers as the test says."""

    def __init__(self):
        self.key, self.published, self.alg = KEY, [KEY], "ES256"
        self.claims, self.header, self.more, self.metadata = {}, {}, None, {}
        self.nonce, self.challenge, self.calls = None, None, []

    def __call__(self, request):
        path = request.url.path.rpartition("/")[2]
        self.calls.append(path)
        return getattr(self, path.replace("-", "_"))(request)

    def openid_configuration(self, _):
        said = {"issuer": ISSUER} | {
            f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token", "userinfo")
        }
        return httpx.Response(200, json=said | {"jwks_uri": f"{ISSUER}/keys"} | self.metadata)

    def keys(self, _):
        return httpx.Response(200, json={"keys": [one.as_dict(private=False) for one in self.published]})

    def token(self, request):
        form = {name: value[0] for name, value in parse_qs(request.content.decode()).items()}
        if create_s256_code_challenge(form["code_verifier"]) != self.challenge or form["code"] != "good":
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(time.time())
        said = {
            "iss": ISSUER,
            "aud": "bavn",
            "sub": "u1",
            "iat": now,
            "exp": now + 60,
            "nonce": self.nonce,
            "preferred_username": "Anna Berg",
            "groups": ["cn=soc,dc=example"],
        } | self.claims
        said = {name: value for name, value in said.items() if value is not None}
        header = {"alg": self.alg, "kid": "one"} | self.header
        token = unsigned(said) if self.alg == "none" else jwt.encode(header, said, self.key, algorithms=[self.alg])
        return httpx.Response(200, json={"access_token": "at", "token_type": "Bearer", "id_token": token})

    def userinfo(self, _):
        return httpx.Response(200, json=self.more) if self.more else httpx.Response(404)


@pytest.fixture
def standing():
    return FakeProvider()


def provider_of(standing, table=TABLE, tmp=None, side="sac"):
    from pathlib import Path

    return Provider(table, tmp or Path("/nonexistent"), ORIGIN, ROLES[side], httpx.MockTransport(standing))


def came_back(standing, query=None, table=TABLE):
    provider = provider_of(standing, table)
    asked = provider.ask({"state": "s", "nonce": "n", "verifier": "v" * 43})
    sent = {name: value[0] for name, value in parse_qs(urlsplit(asked.url).query).items()}
    standing.nonce, standing.challenge = sent["nonce"], sent["code_challenge"]
    assert (sent["code_challenge_method"], sent["redirect_uri"]) == ("S256", f"{ORIGIN}/api/v1/logon/oidc/back")
    return provider.answered({"code": "good", "state": "s"} | (query or {}), asked.said)


def test_who_fits_is_vouched_for_with_the_roles_of_their_groups(standing) -> None:
    standing.claims = {"groups": ["leads", "cn=soc,dc=example", "others"]}
    found = came_back(standing)
    assert (found.name, found.subject, found.actors) == ("Anna Berg", f"{ISSUER} u1", None)
    assert found.roles == {Role.ANALYST, Role.APPROVER}


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": None},
        {"aud": ["bavn", "another"], "azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": None},
        {"iat": int(time.time()) + 3600},
        {"aud": "another", "azp": "bavn"},
        {"sub": None},
        {"sub": 7},
        {"at_hash": "AAAA"},
        {"groups": {"leads": 1}},
    ],
)
def test_claims_that_do_not_fit_let_nobody_in(standing, claims) -> None:
    standing.claims = claims
    with pytest.raises(OidcRefused):
        came_back(standing)


@pytest.mark.parametrize("query", [{"state": "another"}, {"code": "bad"}, {"iss": "https://evil.example"}])
def test_an_answer_that_does_not_fit_lets_nobody_in(standing, query) -> None:
    with pytest.raises(OidcRefused):
        came_back(standing, query)


def test_a_token_of_another_key_or_of_none_lets_nobody_in(standing) -> None:
    standing.key = OTHER
    with pytest.raises(OidcRefused):
        came_back(standing)
    standing.key, standing.alg = OctKey.import_key(json.dumps(KEY.as_dict(private=False))), "HS256"
    with pytest.raises(OidcRefused):
        came_back(standing)
    standing.alg = "none"
    with pytest.raises(OidcRefused):
        came_back(standing)


def test_a_provider_that_changed_its_keys_is_asked_for_them_again(standing, monkeypatch) -> None:
    from bavn.app.access import oidc

    monkeypatch.setattr(oidc, "KEYS_AGAIN_S", -1.0)
    provider = provider_of(standing)
    for key in (KEY, OTHER):
        standing.key, standing.published, standing.header = key, [key], {"kid": key.kid}
        asked = provider.ask({"state": "s", "nonce": "n", "verifier": "v" * 43})
        standing.nonce, standing.challenge = "n", create_s256_code_challenge("v" * 43)
        assert provider.answered({"code": "good", "state": "s"}, asked.said).name == "Anna Berg"
    assert standing.calls.count("keys") == 2


def test_groups_may_come_from_userinfo_but_only_of_the_same_person(standing) -> None:
    standing.claims = {"groups": None}
    standing.more = {"sub": "u1", "groups": ["leads"]}
    assert came_back(standing).roles == {Role.APPROVER}
    standing.more = {"sub": "u2", "groups": ["leads"]}
    with pytest.raises(OidcRefused):
        came_back(standing)


def test_who_is_in_no_group_stays_outside(standing) -> None:
    standing.claims = {"groups": ["others"]}
    with pytest.raises(OidcRefused) as refused:
        came_back(standing)
    assert refused.value.code == "no-role"


def test_groups_say_which_nodes_one_sees(standing) -> None:
    table = OidcTable(issuer=ISSUER, client_id="bavn", roles=("soc=soc",), actors=("a=region-a", "b=region-b"))
    provider = provider_of(standing, table, side="soc")
    asked = provider.ask({"state": "s", "nonce": "n", "verifier": "v" * 43})
    standing.nonce, standing.challenge = "n", create_s256_code_challenge("v" * 43)
    standing.claims = {"groups": ["soc", "b"]}
    assert provider.answered({"code": "good", "state": "s"}, asked.said).actors == {"region-b"}
    standing.claims = {"groups": ["soc"]}
    with pytest.raises(OidcRefused):
        provider.answered({"code": "good", "state": "s"}, asked.said)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://id.example.org/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": 7},
        {"much": "x" * 2_000_000},
    ],
)
def test_a_provider_that_speaks_otherwise_than_it_should_is_away(standing, metadata) -> None:
    standing.metadata = metadata
    with pytest.raises(OidcAway):
        came_back(standing)


@pytest.mark.parametrize(
    "other",
    [
        {"issuer": "http://id.example.org"},
        {"client_id": ""},
        {"roles": ()},
        {"roles": ("leads",)},
        {"roles": ("leads=king",)},
        {"roles": ("leads=soc",)},
        {"client_secret_file": "absent"},
        {"ca_file": "absent"},
    ],
)
def test_a_wrong_configuration_is_one_clear_error(tmp_path, other) -> None:
    said = {"issuer": ISSUER, "client_id": "bavn", "roles": ("leads=approver",)} | other
    with pytest.raises(SettingsError, match=r"\[oidc\] "):
        Provider(OidcTable(**said), tmp_path, ORIGIN, ROLES["sac"])


def test_a_client_secret_that_others_may_read_is_refused(tmp_path) -> None:
    (tmp_path / "secret").write_text("s")
    table = OidcTable(issuer=ISSUER, client_id="bavn", roles=("leads=approver",), client_secret_file="secret")
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        Provider(table, tmp_path, ORIGIN, ROLES["sac"])
    (tmp_path / "secret").chmod(0o600)
    Provider(table, tmp_path, ORIGIN, ROLES["sac"]).close()


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\\b", "/a\r\nb", "/api/v1/me", "x"]
)
def test_nobody_is_sent_to_another_site_afterwards(path) -> None:
    assert own_path(path) == "/"
    assert own_path("/leads/lead-1?q=x") == "/leads/lead-1?q=x"


@pytest.fixture
def place(tmp_path, standing):
    made = Place(tmp_path)
    made.app = console_app(
        "sac",
        None,
        (),
        made.keeper,
        ConsoleSettings(origins=(ORIGIN,)),
        beside=[routes(made.keeper, provider_of(standing))],
    )
    yield made
    made.close()


def log_on(place, standing, browser=None):
    browser = browser or place.browser(origin=None)
    went = browser.ask("/logon/oidc?back=/leads")
    assert went.status_code == 303
    sent = {name: value[0] for name, value in parse_qs(urlsplit(went.headers["location"]).query).items()}
    standing.nonce, standing.challenge = sent["nonce"], sent["code_challenge"]
    return browser, browser.ask("/logon/oidc/back", params={"code": "good", "state": sent["state"]})


def test_a_browser_comes_back_signed_in_at_the_page_it_wanted(place, standing) -> None:
    browser, back = log_on(place, standing)
    assert (back.status_code, back.headers["location"]) == (303, "/leads")
    assert browser.me().json()["roles"] == ["analyst"]
    again = browser.ask("/logon/oidc/back", params={"code": "good", "state": "x"})
    assert again.headers["location"] == "/?refused=too-late"


def test_another_browser_cannot_end_what_this_one_began(place, standing) -> None:
    browser = place.browser(origin=None)
    went = browser.ask("/logon/oidc")
    state = parse_qs(urlsplit(went.headers["location"]).query)["state"][0]
    other = place.browser(origin=None).ask("/logon/oidc/back", params={"code": "good", "state": state})
    assert other.headers["location"] == "/?refused=too-late"


def test_other_groups_end_what_is_open_and_no_group_shuts_out(place, standing) -> None:
    first, _ = log_on(place, standing)
    standing.claims = {"groups": ["leads"]}
    second, _ = log_on(place, standing)
    assert first.me().status_code == 401
    assert second.me().json()["roles"] == ["approver"]
    standing.claims = {"groups": []}
    assert log_on(place, standing)[1].headers["location"] == "/?refused=no-role"


def test_a_local_account_of_the_same_name_is_never_taken_over(place, standing) -> None:
    place.keeper.accounts.add("anna berg", frozenset({Role.ADMIN}), None, "tests")
    assert log_on(place, standing)[1].headers["location"] == "/?refused=there"
    standing.claims = {"preferred_username": "centre"}
    assert log_on(place, standing)[1].headers["location"] == "/?refused=bad-name"


def test_who_is_shut_out_here_stays_out_whatever_the_provider_says(place, standing) -> None:
    browser, _ = log_on(place, standing)
    place.keeper.accounts.disable("Anna Berg", "tests")
    assert browser.me().status_code == 401
    assert log_on(place, standing)[1].headers["location"] == "/?refused=disabled"


def test_while_the_provider_is_away_the_page_says_so(place, standing) -> None:
    standing.metadata = {"issuer": "https://evil.example"}
    went = place.browser(origin=None).ask("/logon/oidc")
    assert (went.status_code, went.headers["location"]) == (303, "/?refused=oidc-away")


DEEP = b'{"id_token":' + b"[" * 20_000 + b"]" * 20_000 + b"}"


@pytest.mark.parametrize("where", ["openid_configuration", "keys", "token", "userinfo"])
@pytest.mark.parametrize(
    "body",
    [DEEP, b'{"\\ud800":1}', b'{"keys":[{"kty":"\\ud800"}]}', b'{"a":' + b"9" * 5000 + b"}", b"\xff", b"[]", b""],
)
def test_what_the_provider_says_in_bytes_that_nobody_can_read_lets_nobody_in(standing, where, body) -> None:
    standing.claims = {"groups": None}
    setattr(standing, where, lambda _: httpx.Response(200, content=body))
    with pytest.raises((OidcAway, OidcRefused)):
        came_back(standing)


@pytest.mark.parametrize(
    "metadata",
    [
        {"token_endpoint_auth_methods_supported": 7},
        {"token_endpoint": "https://[x"},
        {"jwks_uri": "https://a b/"},
        {"token_endpoint": "https://\ud800/"},
    ],
)
def test_addresses_that_are_none_are_a_provider_that_is_away(standing, metadata, tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    secret.chmod(0o600)
    said = json.loads(FakeProvider().openid_configuration(None).content) | metadata
    standing.openid_configuration = lambda _: httpx.Response(200, content=json.dumps(said).encode())
    with pytest.raises((OidcAway, OidcRefused)):
        came_back(standing, table=replace(TABLE, client_secret_file=str(secret)))


def test_a_name_that_no_database_keeps_is_mended(standing) -> None:
    standing.claims = {"preferred_username": None}
    standing.more = {"sub": "u1", "preferred_username": "Anna\0 Berg"}
    assert came_back(standing).name == "Anna\ufffd Berg"
