"""Accounts, log-on and failures of a console, as a browser meets them; sessions and tokens: test_access_sessions.py."""

import json
import sqlite3

import pytest

from bavn.app.access.accounts import CannotAccount
from bavn.app.access.book import CONSOLE_FILE, KEY_FILE, open_book
from bavn.app.access.rights import Role
from bavn.app.access.tables import TRIES
from bavn.app.net.throttle import Throttle
from bavn.centre.cases import audit
from tests.app.web.people import ORIGIN, PASSWORD, Hand, Place, cookie_of


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.close()


def test_a_link_sets_up_an_account_once_and_signs_its_owner_in(place) -> None:
    link = place.keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    anna = place.browser()
    assert anna.post("/setup", link=link).json() == {"name": "Anna Berg"}
    anna.setup(link, PASSWORD, place.clock)
    assert len(anna.codes) == len(set(anna.codes)) == 10
    said = anna.me().json()
    assert (said["name"], said["rights"], len(said["csrf"])) == ("Anna Berg", ["read", "triage"], 64)
    assert place.browser().post("/setup", link=link).status_code == 404


def test_a_link_is_good_for_a_day_and_the_latest_alone(place) -> None:
    first = place.keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    second = place.keeper.accounts.reset("Anna Berg", "tests")
    assert place.browser().post("/setup", link=first).status_code == 404
    assert place.browser().post("/setup", link=second).status_code == 200
    place.clock.on(minutes=24 * 60)
    assert place.browser().post("/setup", link=second).status_code == 404


def test_a_password_alone_opens_nothing_and_every_refusal_is_the_same(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    invited = place.keeper.accounts.add("Bo Lund", frozenset({Role.ANALYST}), None, "tests")
    assert invited
    stranger = place.browser()
    answers = [
        stranger.post("/logon/password", name=name, password=password, code=code)
        for name, password, code in (
            ("Anna Berg", PASSWORD, ""),
            ("Anna Berg", PASSWORD, "000000"),
            ("Anna Berg", "wrong password 1", "123456"),
            ("Nobody Here", PASSWORD, "123456"),
            ("Anna Berg", "wrong password 1", anna.code(place.clock)),
            ("Bo Lund", PASSWORD, "123456"),
        )
    ]
    assert {one.status_code for one in answers} == {401}
    assert len({one.text for one in answers}) == 1
    assert not stranger.cookies


def test_a_code_works_once(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    code = anna.code(place.clock)
    said = {"name": "anna berg", "password": PASSWORD, "code": code}
    assert place.browser().post("/logon/password", **said).status_code == 204
    assert place.browser().post("/logon/password", **said).status_code == 401


def test_a_recovery_code_works_once_with_the_password_or_alone(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    first, second = anna.codes[:2]
    said = {"name": "Anna Berg", "password": PASSWORD, "code": first.upper()}
    assert place.browser().post("/logon/password", **said).status_code == 204
    assert place.browser().post("/logon/password", **said).status_code == 401
    assert place.browser().post("/logon/recovery", name="Anna Berg", code=first).status_code == 401
    assert place.browser().post("/logon/recovery", name="Anna Berg", code=second).status_code == 204
    assert place.browser().post("/logon/recovery", name="Anna Berg", code=second).status_code == 401
    assert place.keeper.accounts.find("Anna Berg").recovery == 8


def test_the_cookie_is_for_this_console_and_no_script(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    answer = place.browser().ask(
        "/logon/password", "POST", json={"name": "Anna Berg", "password": PASSWORD, "code": anna.code(place.clock)}
    )
    name, secret, said = cookie_of(answer)
    assert name == "__Host-bavn"
    assert len(secret) == 43
    assert {"httponly", "secure", "path"} <= set(said)
    assert said["samesite"].lower() == "samesite=strict"
    assert said["path"] == "Path=/"
    assert "domain" not in said


def test_a_session_that_somebody_else_chose_is_never_taken_up(place) -> None:
    """Fixation: what the browser had before log-on is worth nothing after it, whoever put it there."""
    anna = place.person("Anna Berg", Role.ANALYST)
    before = anna.cookies["__Host-bavn"]
    other = place.browser()
    other.cookies.set("__Host-bavn", "A" * 43, domain="console.example.org")
    assert other.me().status_code == 401
    other.totp = anna.totp
    assert other.sign_in("Anna Berg", place.clock).status_code == 204
    assert other.cookies.get("__Host-bavn", domain="console.example.org") != "A" * 43
    assert anna.sign_in("Anna Berg", place.clock).status_code == 204
    assert anna.cookies["__Host-bavn"] != before
    stale = place.browser()
    stale.cookies.set("__Host-bavn", before, domain="console.example.org")
    assert stale.me().status_code == 401


@pytest.mark.slow
@pytest.mark.parametrize(
    "headers",
    [
        {"x-bavn-csrf": None},
        {"x-bavn-csrf": "0" * 64},
        {"x-bavn-csrf": "ø"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": None},
        {"origin": None, "sec-fetch-site": "cross-site"},
        {"origin": None, "sec-fetch-site": "same-site"},
        {"origin": ORIGIN + ":8443"},
        {"origin": "http://console.example.org"},
    ],
)
def test_a_change_that_the_page_did_not_ask_for_changes_nothing(place, headers) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    if headers.get("x-bavn-csrf") == "ø":
        headers = {"x-bavn-csrf": "ø".encode()}
    answer = anna.ask("/account/choices", "PUT", json={"language": "da", "zone": None}, headers=headers)
    assert answer.status_code == 403
    assert anna.me().json()["language"] is None
    good = anna.ask(
        "/account/choices",
        "PUT",
        json={"language": "da", "zone": "Europe/Copenhagen"},
        headers={"origin": None, "sec-fetch-site": "same-origin"},
    )
    assert good.status_code == 204
    assert (anna.me().json()["language"], anna.me().json()["zone"]) == ("da", "Europe/Copenhagen")
    for language, status in (("sv", 204), ("xx", 422)):
        answer = anna.ask("/account/choices", "PUT", json={"language": language, "zone": None})
        assert answer.status_code == status
    assert anna.me().json()["language"] == "sv"


@pytest.mark.parametrize("path", ["/logon/password", "/logon/recovery", "/logon/passkey/begin", "/setup"])
def test_nobody_is_signed_in_by_another_sites_page(place, path) -> None:
    said = {"name": "Anna Berg", "password": PASSWORD, "code": "123456", "link": "x" * 43}
    answer = place.browser(origin="https://evil.example").post(path, **said)
    assert answer.status_code == 403


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "anna berg is my name", "abababababababab"])
def test_an_easy_password_is_refused_and_the_app_need_not_be_set_up_again(place, password) -> None:
    link = place.keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    anna = place.browser()
    import pyotp

    anna.totp = pyotp.TOTP(anna.post("/setup/app", link=link).json()["secret"])
    weak = anna.post("/setup/password", link=link, password=password, code=anna.code(place.clock))
    assert (weak.status_code, weak.json()["type"]) == (422, "weak")
    good = anna.post("/setup/password", link=link, password=PASSWORD, code=anna.code(place.clock))
    assert good.status_code == 200


def test_a_proof_is_changed_only_soon_after_a_log_on_and_never_the_last_one_taken(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    assert anna.ask("/account/proofs/password", "DELETE").json()["type"] == "last-proof"
    assert len(anna.post("/account/proofs/recovery").json()["codes"]) == 10
    anna.me()
    place.clock.on(minutes=11)
    late = anna.post("/account/proofs/recovery")
    assert (late.status_code, late.json()["type"]) == (403, "prove-again")


def test_whoever_fails_from_one_address_keeps_nobody_else_out(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    stranger = place.browser()
    statuses = [
        stranger.post("/logon/password", name="Anna Berg", password="wrong password 1", code="1").status_code
        for _ in range(8)
    ]
    assert statuses[:5] == [401] * 5
    assert set(statuses[5:]) == {429}
    assert anna.sign_in("Anna Berg", place.clock, address="192.0.2.77").status_code == 204


def test_failures_from_many_addresses_hold_a_name_back_for_half_a_minute_at_most(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    for number in range(200):
        place.keeper.backoff.failed("Anna Berg", f"198.51.100.{number}")
    assert 1 <= place.keeper.backoff.wait_s("Anna Berg", "192.0.2.77") <= 30
    place.clock.on(seconds=31)
    assert anna.sign_in("Anna Berg", place.clock, address="192.0.2.77").status_code == 204


def test_a_name_that_does_not_exist_waits_as_one_that_does(place) -> None:
    place.person("Anna Berg", Role.ANALYST)
    said = {}
    for name in ("Anna Berg", "Nobody Here"):
        browser = place.browser()
        said[name] = [
            browser.post("/logon/password", name=name, password="wrong password 1", code="1").status_code
            for _ in range(7)
        ]
    assert said["Anna Berg"] == said["Nobody Here"]


def test_whoever_gives_out_accounts_does_not_change_their_own(place) -> None:
    admin = place.person("Bo Lund", Role.ADMIN)
    for path, method in (("/accounts/bo lund", "PUT"), ("/accounts/Bo Lund/disable", "POST")):
        answer = admin.ask(path, method, json={"roles": ["admin", "approver"]})
        assert (answer.status_code, answer.json()["act"]) == (409, "colleague")
    made = admin.post("/accounts", name="Anna Berg", roles=["analyst"])
    assert made.json()["link"].startswith(f"{ORIGIN}/setup#")
    assert admin.post("/accounts", name="ANNA BERG", roles=["analyst"]).status_code == 409
    assert admin.post("/accounts", name="centre", roles=["analyst"]).status_code == 422
    assert admin.post("/accounts", name="Cy Dam", roles=["soc"]).json()["type"] == "no-role"


def test_who_sees_some_nodes_gives_out_no_others_and_sees_nobody_elses_people(tmp_path) -> None:
    place = Place(tmp_path, "soc")
    mine = place.person("Anna Berg", Role.OPERATOR, actors=frozenset({"region-a"}))
    place.person("Bo Lund", Role.SOC, actors=frozenset({"region-b"}))
    place.person("Cy Dam", Role.OPERATOR)
    assert [one["name"] for one in mine.ask("/accounts").json()["items"]] == ["Anna Berg"]
    for name in ("Bo Lund", "Cy Dam", "Nobody"):
        for path, method in ((f"/accounts/{name}/disable", "POST"), (f"/accounts/{name}/reset", "POST")):
            assert mine.ask(path, method).status_code == 404
    assert mine.post("/accounts", name="Di Eg", roles=["soc"], actors=["region-b"]).json()["type"] == "too-wide"
    assert mine.post("/accounts", name="Di Eg", roles=["soc"]).json()["type"] == "too-wide"
    assert mine.post("/accounts", name="Di Eg", roles=["soc"], actors=["region-a"]).status_code == 200
    assert mine.ask("/accounts/log").status_code == 404
    place.close()


def test_what_happened_is_in_a_log_that_shows_any_change(place, tmp_path) -> None:
    anna = place.person("Anna Berg", Role.AUDITOR)
    place.browser().post("/logon/password", name="hunter2 is secret!", password="x", code="1")
    lines = anna.ask("/accounts/log").json()["items"]
    acts = [one["act"] for one in reversed(lines)]
    assert acts == ["account-added", "password-set", "account-set-up", "recovery-made", "signed-in", "log-on-refused"]
    assert "hunter2" not in json.dumps(lines)
    assert audit.verify(place.keeper.book.engine) is None
    with sqlite3.connect(tmp_path / CONSOLE_FILE) as other:
        other.execute("UPDATE case_audit SET who = 'Bo Lund' WHERE seq = 2")
    other.close()
    assert audit.verify(place.keeper.book.engine).seq == 2


def test_no_secret_stands_in_the_file(place, tmp_path) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    token = anna.ask("/account/tokens", "POST", json={"label": "t", "scopes": ["read"], "days": 9}).json()["secret"]
    secrets = [PASSWORD, anna.cookies["__Host-bavn"], token, anna.totp.secret, *anna.codes, anna.csrf]
    secrets += [code.replace("-", "") for code in anna.codes]
    kept = b"".join(one.read_bytes() for one in tmp_path.glob(f"{CONSOLE_FILE}*"))
    assert [one for one in secrets if one.encode() in kept] == []
    assert (tmp_path / CONSOLE_FILE).stat().st_mode & 0o077 == 0
    assert (tmp_path / "keys" / KEY_FILE).stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_with_another_key_the_app_opens_nothing_but_a_recovery_code_does(tmp_path) -> None:
    place = Place(tmp_path)
    anna = place.person("Anna Berg", Role.ANALYST)
    place.close()
    (tmp_path / "keys" / KEY_FILE).write_text("ab" * 32)
    again = Place(tmp_path, clock=place.clock)
    browser = again.browser()
    browser.totp = anna.totp
    assert browser.sign_in("Anna Berg", place.clock).status_code == 401
    assert browser.post("/logon/recovery", name="Anna Berg", code=anna.codes[0]).status_code == 204
    again.close()


def test_two_names_that_differ_in_case_alone_are_one(tmp_path) -> None:
    book = open_book(tmp_path, Hand())
    from bavn.app.access.accounts import Accounts

    accounts = Accounts(book)
    accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    with pytest.raises(CannotAccount):
        accounts.add("anna BERG", frozenset({Role.ANALYST}), None, "tests")
    assert accounts.find("ANNA berg").name == "Anna Berg"
    book.close()


def test_attempts_from_one_address_are_counted_and_a_line_of_ipv6_is_one_address(place) -> None:
    place.keeper._logons = Throttle(3, 1 << 40)
    browser = place.browser()
    statuses = [
        browser.ask("/logon/passkey/begin", "POST", address=f"2001:db8:1:2::{number}").status_code
        for number in range(1, 6)
    ]
    assert statuses == [200, 200, 200, 429, 429]
    assert browser.ask("/logon/passkey/begin", "POST", address="2001:db8:1:3::1").status_code == 200


def test_whoever_fails_a_thousand_times_fills_neither_the_log_nor_the_memory_of_failures(place, monkeypatch) -> None:
    from bavn.app.web.access import backoff

    for number in range(40):
        place.keeper.note_refused("Anna Berg", how="password", address=f"192.0.2.{number}")
    acts = [line.act for line in place.keeper.book.latest(100, None)]
    assert 1 <= acts.count("log-on-refused") <= 24
    assert 1 <= acts.count("log-ons-refused") <= 2
    assert len(acts) <= 26
    monkeypatch.setattr(backoff, "KEPT_MAX", 10)
    for number in range(40):
        place.keeper.backoff.failed(f"Name {number}", "192.0.2.1")
        place.clock.on(seconds=1)
    with place.keeper.book.reading() as tx:
        assert len(tx.execute(TRIES.select()).all()) <= 12
