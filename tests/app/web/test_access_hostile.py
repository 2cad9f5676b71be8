"""Whatever is sent to the routes of log-on and account: it is refused in the one shape, and nothing breaks."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.app.access.rights import Role
from bavn.app.web.console import routes_of
from tests.app.web.people import Place

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=60)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["name", "link", "credential", "label", "scopes", "days", "roles", "actors", "language", "zone"]
)
BODIES = st.dictionaries(NAMES, ANYTHING | st.just("Anna Berg"), max_size=8) | ANYTHING
CREDENTIALS = st.fixed_dictionaries(
    {
        "id": st.text(max_size=30) | ANYTHING,
        "rawId": st.text(max_size=30),
        "type": st.just("public-key") | ANYTHING,
        "response": st.dictionaries(
            st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "attestationObject", "userHandle"]),
            st.text("abcdefABCDEF0123456789-_", max_size=80) | ANYTHING,
            max_size=5,
        )
        | ANYTHING,
    }
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = Place(tmp_path_factory.mktemp("hostile"), requests_per_minute=10_000_000, failures_per_minute=10_000_000)
    made.admin = made.person("Anna Berg", Role.ADMIN)
    yield made
    made.close()


CHANGES = [
    (one.method, one.path.removeprefix("/api/v1"))
    for one in routes_of(Place.bare())
    if one.method in ("POST", "PUT") and one.path.startswith(("/api/v1/logon", "/api/v1/account"))
]


def refused_well(answer):
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"]["da"]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(CHANGES), BODIES, st.text("abc.-_~%/ø ", min_size=1, max_size=12))
def test_no_body_breaks_a_route_of_access(place, route, body, word) -> None:
    method, path = route
    for name in ("{name}", "{key_id}", "{session_id}", "{token_id}"):
        path = path.replace(name, word.replace("/", "").replace("%", "") or "x")
    for browser in (place.browser(), place.admin):
        refused_well(browser.ask(path, method, json=body))


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(CREDENTIALS)
def test_no_credential_signs_anybody_in_and_none_breaks_the_check(place, credential) -> None:
    browser = place.browser()
    assert browser.ask("/logon/passkey/begin", "POST").status_code == 200
    answer = browser.ask("/logon/passkey/finish", "POST", json={"credential": credential})
    refused_well(answer)
    assert answer.status_code in (400, 401, 422)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=120), st.text(max_size=120))
def test_no_cookie_and_no_token_makes_somebody(place, cookie, token) -> None:
    quoted = "".join(letter for letter in cookie if letter.isascii() and letter.isalnum())
    headers = {"cookie": f"__Host-bavn={quoted or 'x'}"}
    assert place.browser().ask("/me", headers=headers).status_code == 401
    plain = token.encode("latin-1", "replace").replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")
    assert place.browser().ask("/me", headers={"authorization": b"Bearer bavn_" + plain}).status_code == 401
