"""Accounts, log-on and failures of a console, as a browser meets them; sessions and tokens: test_access_sessions.py."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from bavn.app.access.accounts import CannotAccount
from bavn.app.access.book import CONSOLE_FILE, open_book
from bavn.app.access.proving import of_session
from bavn.app.access.rights import Role
from bavn.app.net.throttle import Throttle
from bavn.centre.cases import audit
from tests.app.web.people import MADE_BY, ORIGIN, Hand, Place, cookie_of


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.close()


def test_a_link_signs_its_owner_in_once(place) -> None:
    place.keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    link, anna = place.link("Anna Berg"), place.browser()
    assert anna.post("/logon/link", link=link).status_code == 204
    said = anna.me().json()
    assert (said["name"], said["rights"], len(said["csrf"])) == ("Anna Berg", ["read", "triage"], 64)
    again = place.browser()
    answer = again.post("/logon/link", link=link)
    assert (answer.status_code, answer.json()["type"]) == (404, "no-link")
    assert not again.cookies


def test_a_link_is_good_for_minutes_and_the_latest_alone(place) -> None:
    place.keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    first, second = place.link("Anna Berg"), place.link("Anna Berg")
    assert place.browser().post("/logon/link", link=first).status_code == 404
    place.clock.on(minutes=15)
    assert place.browser().post("/logon/link", link=second).status_code == 404
    third = place.link("Anna Berg", minutes=60)
    place.clock.on(minutes=59)
    assert place.browser().post("/logon/link", link=third).status_code == 204


def test_a_link_of_whoever_is_shut_out_or_comes_from_the_provider_signs_nobody_in(place) -> None:
    place.keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    link = place.link("Anna Berg")
    place.keeper.accounts.disable("Anna Berg", "tests")
    assert place.browser().post("/logon/link", link=link).status_code == 404
    place.keeper.accounts.known("x", "Bo Lund", frozenset({Role.ANALYST}), None)
    for name, code in (("Anna Berg", "disabled"), ("Bo Lund", "not-local"), ("Nobody Here", "none")):
        with pytest.raises(CannotAccount) as refused:
            place.link(name)
        assert refused.value.code == code


def test_two_browsers_that_send_one_link_at_once_are_one_log_on(place) -> None:
    place.keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    link = place.link("Anna Berg")
    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(lambda _: place.keeper.accounts.spend(link), range(8)))
    assert sum(one is not None for one in came) == 1


def test_whoever_made_a_link_is_said_where_it_is_acted_by_and_is_no_second_person(place) -> None:
    place.keeper.accounts.add("Anna Berg", frozenset({Role.APPROVER}), None, MADE_BY)
    anna = place.browser()
    anna.post("/logon/link", link=place.keeper.accounts.link("Anna Berg", "Bo Lund", 15))
    found = place.keeper.sessions.find(anna.cookies["__Host-bavn"])
    assert found is not None
    who = of_session(place.keeper.book, found[1], found[0], changes=True)
    assert who.how == "session: link, made by Bo Lund"
    assert "Bo Lund" in who.apart


def test_the_cookie_is_for_this_console_and_no_script(place) -> None:
    place.person("Anna Berg", Role.ANALYST)
    answer = place.browser().sign_in("Anna Berg")
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
    assert other.sign_in("Anna Berg").status_code == 204
    assert other.cookies.get("__Host-bavn", domain="console.example.org") != "A" * 43
    assert anna.sign_in("Anna Berg").status_code == 204
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
    for language, status in (("en", 204), ("xx", 422)):
        answer = anna.ask("/account/choices", "PUT", json={"language": language, "zone": None})
        assert answer.status_code == status
    assert anna.me().json()["language"] == "en"


@pytest.mark.parametrize("path", ["/logon/link", "/logon/passkey/begin"])
def test_nobody_is_signed_in_by_another_sites_page(place, path) -> None:
    place.keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    link = place.link("Anna Berg")
    answer = place.browser(origin="https://evil.example").post(path, link=link)
    assert answer.status_code == 403
    assert place.browser().post("/logon/link", link=link).status_code == 204


def test_a_proof_is_changed_only_soon_after_a_log_on(place) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    assert anna.post("/account/proofs/passkeys/begin").status_code == 200
    place.clock.on(minutes=11)
    late = anna.post("/account/proofs/passkeys/begin")
    assert (late.status_code, late.json()["type"]) == (403, "prove-again")
    assert anna.sign_in("Anna Berg").status_code == 204
    assert anna.post("/account/proofs/passkeys/begin").status_code == 200


def test_whoever_guesses_links_is_counted_and_told_nothing(place) -> None:
    place.keeper._logons = Throttle(5, 1 << 40)
    place.keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    link, stranger = place.link("Anna Berg"), place.browser()
    answers = [stranger.post("/logon/link", link=letter * 43) for letter in "abcdefgh"]
    assert [one.status_code for one in answers] == [404] * 5 + [429] * 3
    assert len({one.text for one in answers[:5]}) == 1
    assert place.browser().ask("/logon/link", "POST", json={"link": link}, address="192.0.2.77").status_code == 204


def test_whoever_gives_out_accounts_does_not_change_their_own(place) -> None:
    admin = place.person("Bo Lund", Role.ADMIN)
    for path, method in (("/accounts/bo lund", "PUT"), ("/accounts/Bo Lund/disable", "POST")):
        answer = admin.ask(path, method, json={"roles": ["admin", "approver"]})
        assert (answer.status_code, answer.json()["act"]) == (409, "colleague")
    made = admin.post("/accounts", name="Anna Berg", roles=["analyst"])
    assert (made.status_code, made.text) == (204, "")
    reset = admin.post("/accounts/Anna Berg/reset")
    assert (reset.status_code, reset.text) == (204, "")
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
    assert mine.post("/accounts", name="Di Eg", roles=["soc"], actors=["region-a"]).status_code == 204
    assert mine.ask("/accounts/log").status_code == 404
    place.close()


def test_what_happened_is_in_a_log_that_shows_any_change(place, tmp_path) -> None:
    anna = place.person("Anna Berg", Role.AUDITOR)
    place.browser().post("/logon/link", link="hunter2" * 6)
    lines = anna.ask("/accounts/log").json()["items"]
    acts = [one["act"] for one in reversed(lines)]
    assert acts == ["account-added", "link-made", "signed-in", "log-on-refused"]
    assert "hunter2" not in json.dumps(lines)
    assert audit.verify(place.keeper.book.engine) is None
    with sqlite3.connect(tmp_path / CONSOLE_FILE) as other:
        other.execute("UPDATE case_audit SET who = 'Bo Lund' WHERE seq = 2")
    other.close()
    assert audit.verify(place.keeper.book.engine).seq == 2


def test_no_secret_stands_in_the_file(place, tmp_path) -> None:
    anna = place.person("Anna Berg", Role.ANALYST)
    token = anna.ask("/account/tokens", "POST", json={"label": "t", "scopes": ["read"], "days": 9}).json()["secret"]
    secrets = [place.link("Anna Berg"), anna.cookies["__Host-bavn"], token, anna.csrf]
    kept = b"".join(one.read_bytes() for one in tmp_path.glob(f"{CONSOLE_FILE}*"))
    assert [one for one in secrets if one.encode() in kept] == []
    assert (tmp_path / CONSOLE_FILE).stat().st_mode & 0o077 == 0


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


def test_whoever_fails_a_thousand_times_does_not_fill_the_log(place) -> None:
    for number in range(40):
        place.keeper.note_refused("(link)", how="link", address=f"192.0.2.{number}")
    acts = [line.act for line in place.keeper.book.latest(100, None)]
    assert 1 <= acts.count("log-on-refused") <= 24
    assert 1 <= acts.count("log-ons-refused") <= 2
    assert len(acts) <= 26
