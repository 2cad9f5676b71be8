"""Sessions and tokens of a console: how they end, who ends them, and what they may."""

import json

import pytest

from bavn.app.access.rights import Role
from tests.app.web.people import Place


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.close()


def test_a_session_ends_unused_after_an_hour_and_used_after_twelve(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    place.clock.on(minutes=59)
    assert anna.me().status_code == 200
    place.clock.on(minutes=59)
    assert anna.me().status_code == 200
    place.clock.on(minutes=61)
    assert anna.me().status_code == 401
    anna.sign_in("Anna Berg")
    for _ in range(14):
        place.clock.on(minutes=50)
        assert anna.me().status_code == 200
    place.clock.on(minutes=50)
    assert anna.me().status_code == 401


def test_signing_out_ends_the_session_itself(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    secret = anna.cookies["__Host-bavn"]
    assert anna.ask("/session", "DELETE").status_code == 204
    again = place.browser()
    again.cookies.set("__Host-bavn", secret, domain="console.example.org")
    assert again.me().status_code == 401


def test_one_sees_and_ends_ones_own_sessions_and_nobody_elses(place) -> None:
    anna, bo = place.person("Anna Berg", Role.ANALYST), place.person("Bo Lund", Role.ANALYST)
    second = place.browser(**{"user-agent": "Phone"})
    second.sign_in("Anna Berg")
    sessions = anna.ask("/account").json()["sessions"]
    assert sorted(one["here"] for one in sessions) == [False, True]
    phone = next(one for one in sessions if not one["here"])
    assert (phone["agent"], phone["how"], phone["address"]) == ("Phone", "link", "192.0.2.1")
    assert bo.ask(f"/account/sessions/{phone['id']}", "DELETE").status_code == 404
    assert anna.ask(f"/account/sessions/{phone['id']}", "DELETE").status_code == 204
    assert second.me().status_code == 401
    assert anna.me().status_code == 200


def test_other_roles_end_what_is_open(place) -> None:
    anna, admin = place.person("Anna Berg", Role.ANALYST), place.person("Bo Lund", Role.ADMIN)
    assert admin.ask("/accounts/Anna Berg", "PUT", json={"roles": ["approver"]}).status_code == 204
    assert anna.me().status_code == 401
    anna.sign_in("Anna Berg")
    assert anna.me().json()["roles"] == ["approver"]


def test_a_token_has_some_of_its_owners_rights_until_it_ends(place) -> None:
    admin = place.person("Bo Lund", Role.ADMIN)
    wide = admin.ask("/account/tokens", "POST", json={"label": "x", "scopes": ["approve"], "days": 1})
    assert (wide.status_code, wide.json()["type"]) == (403, "too-wide")
    made = admin.ask("/account/tokens", "POST", json={"label": "sync", "scopes": ["accounts"], "days": 2}).json()
    program = place.browser(authorization=f"Bearer {made['secret']}", origin=None)
    assert program.ask("/me").json()["rights"] == ["accounts"]
    assert program.ask("/accounts").status_code == 200
    assert program.ask("/accounts/log").status_code == 403
    for path, method in (("/account", "GET"), ("/account/tokens", "POST"), ("/accounts", "POST")):
        said = {"label": "y", "scopes": ["accounts"], "days": 1, "name": "Cy Dam", "roles": ["analyst"]}
        assert program.ask(path, method, json=said).json()["type"] == "in-browser"
    assert program.ask("/session", "DELETE").status_code == 405
    listed = admin.ask("/account").json()["tokens"]
    assert [one["label"] for one in listed] == ["sync"]
    assert "secret" not in json.dumps(listed)
    place.clock.on(minutes=2 * 24 * 60)
    assert program.ask("/me").status_code == 401


def test_a_token_is_taken_back_at_once_and_dies_with_its_owner(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    secrets = []
    for _ in range(2):
        made = anna.ask("/account/tokens", "POST", json={"label": "t", "scopes": ["read"], "days": 9}).json()
        secrets.append((made["token"]["id"], place.browser(authorization=f"Bearer {made['secret']}", origin=None)))
    assert anna.ask(f"/account/tokens/{secrets[0][0]}", "DELETE").status_code == 204
    assert [program.ask("/me").status_code for _, program in secrets] == [401, 200]
    place.keeper.accounts.disable("Anna Berg", "tests")
    assert secrets[1][1].ask("/me").status_code == 401
    assert anna.me().status_code == 401
    place.keeper.accounts.enable("Anna Berg", "tests")
    assert secrets[1][1].ask("/me").status_code == 401
    assert anna.sign_in("Anna Berg").status_code == 204


def test_sessions_and_links_of_an_account_are_bounded(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    for _ in range(30):
        place.keeper.sessions.begin("Anna Berg", "passkey", "192.0.2.9", "x")
    assert len(place.keeper.sessions.of("Anna Berg")) == 20
    assert anna.me().status_code in (200, 401)
    for _ in range(50):
        assert place.keeper.tokens.make("Anna Berg", "t", frozenset(), 1) is not None
    assert place.keeper.tokens.make("Anna Berg", "t", frozenset(), 1) is None


def test_a_session_under_a_new_secret_ends_the_others_of_its_account(place) -> None:
    anna, bo = place.person("Anna Berg", Role.ANALYST), place.person("Bo Lund", Role.ANALYST)
    other = place.browser()
    other.sign_in("Anna Berg")
    before = anna.cookies["__Host-bavn"]
    after = place.keeper.sessions.rotate(before)
    assert place.keeper.sessions.find(before) is None
    assert place.keeper.sessions.find(after) is not None
    assert [one.me().status_code for one in (anna, other, bo)] == [401, 401, 200]
