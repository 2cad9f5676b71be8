"""Signing in as people do: by passkey (Chromium's own authenticator), by password and app, by a recovery code; accounts
given out and set up from their link; and nothing of it leaves the policy or the reader's language.
"""

import re
import time

import pyotp
import pytest
from playwright.sync_api import expect

from bavn.app.access.rights import Role
from tests.app.web.pages.conftest import SAC_ROLES
from tests.app.web.pages.looking import axe_clean, beside_a_house, settled, shot, untranslated
from tests.app.web.pages.served import serving

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
PASSWORD = "correct horse battery staple"


@pytest.fixture
def served(pages_built, tmp_path):
    """A SAC's console without a house: accounts and nothing else."""
    with serving("sac", tmp_path, None, ()) as console:
        yield console


@pytest.fixture
def invited(served):
    """The address that sets up Bo Lund's account."""
    secret = served.keeper.accounts.add("Bo Lund", frozenset({Role.ANALYST}), None, "tests")
    return f"{served.address}/setup#{secret}"


def with_passkeys(page):
    """Gives the page a device that always says yes."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return page


def without_401(page) -> list[str]:
    """What went wrong but for the question who is signed in, which nobody is yet, and for what the first page asks of a
    house, where it came to that: there is none behind this console."""
    return [one for one in beside_a_house(page) if "status of 401" not in one]


def sign_out(page) -> None:
    page.locator("header details").last.click()
    page.get_by_role("button", name=re.compile("Sign out|Log ud")).click()
    page.get_by_role("button", name=re.compile("Sign in with a passkey|Log ind med en adgangsnøgle")).wait_for()


def test_a_passkey_from_the_link_to_the_next_log_on(served, invited, opened) -> None:
    page = with_passkeys(opened(served, None))
    page.goto(invited)
    expect(page.get_by_text("Welcome, Bo Lund")).to_be_visible()
    page.get_by_label("What you call this device").fill("laptop")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.locator("ol.mono li").first).to_be_visible()
    shot(page, "setup-codes")
    assert axe_clean(page) == []
    page.get_by_role("button", name="I have kept them").click()
    page.wait_for_url("**/overview")  # else that way there and the next one cross
    page.goto("/account")
    settled(page)
    expect(page.get_by_text("laptop")).to_be_visible()
    sign_out(page)
    page.goto("/account?tab=x")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/account\?tab=x$"))
    assert without_401(page) == []


def test_a_password_with_an_app_and_a_recovery_code(served, invited, opened) -> None:
    page = opened(served, None, lang="da")
    page.goto(invited)
    page.get_by_role("button", name="Brug i stedet adgangskode og app").click()
    totp = pyotp.TOTP(page.locator(".mono").inner_text())
    expect(page.get_by_role("img", name="QR-kode til godkendelsesappen")).to_be_visible()
    assert untranslated(page) == []
    assert axe_clean(page) == []
    shot(page, "setup-app-da")
    page.get_by_label("Ny adgangskode").fill(PASSWORD)
    page.get_by_label("Engangskode").fill(totp.now())
    page.get_by_role("button", name="Gem adgangskode og app").click()
    page.locator("ol.mono li").first.wait_for()
    codes = page.locator("ol.mono li").all_inner_texts()
    page.get_by_role("button", name="Jeg har gemt dem").click()
    sign_out(page)
    page.get_by_label("Navn").fill("Bo Lund")
    page.get_by_label("Adgangskode", exact=True).fill("not this one")
    page.get_by_label("Engangskode").fill("000000")
    page.get_by_role("button", name="Log ind med adgangskode").click()
    expect(page.get_by_role("alert")).to_contain_text("Du blev ikke logget ind")
    page.get_by_label("Adgangskode", exact=True).fill(PASSWORD)
    page.get_by_label("Engangskode").fill(totp.at(int(time.time()) + 30))
    page.wait_for_timeout(1500)  # after a failure the console waits a moment
    page.get_by_role("button", name="Log ind med adgangskode").click()
    sign_out(page)
    page.get_by_role("button", name="Jeg har mistet min enhed").click()
    page.get_by_label("Navn").fill("Bo Lund")
    page.get_by_label("Gendannelseskode").fill(codes[0])
    page.get_by_role("button", name="Log ind med en gendannelseskode").click()
    expect(page.locator("header details").last).to_be_visible()


def test_an_account_is_given_out(served, opened) -> None:
    page = opened(served, SAC_ROLES)
    page.goto("/accounts")
    settled(page)
    page.get_by_role("button", name="Add somebody").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Name").fill("Bo Lund")
    asked.get_by_label("Analyst").check()
    shot(page, "accounts-add")
    assert axe_clean(page) == []
    asked.get_by_role("button", name="Add and make the link").click()
    link = page.get_by_role("dialog").locator(".mono").inner_text()
    assert re.fullmatch(rf"{served.address}/setup#[\w-]{{20,}}", link)
    page.keyboard.press("Escape")
    row = page.get_by_role("row", name=re.compile("Bo Lund"))
    expect(row).to_contain_text("Invited")
    row.get_by_role("button", name="Change").click()
    page.get_by_role("button", name="Shut out").click()
    page.get_by_role("button", name="Shut out").click()
    expect(row).to_contain_text("Shut out")
    assert served.keeper.accounts.find("Bo Lund").state == "disabled"
    page.get_by_role("link", name="Log of log-ons").click()
    expect(page.get_by_role("row", name=re.compile("Bo Lund")).first).to_be_visible()
    assert beside_a_house(page) == []


def test_a_token_is_made_and_ended(served, opened) -> None:
    page = opened(served, SAC_ROLES)
    page.goto("/account")
    settled(page)
    page.get_by_role("button", name="Make a token").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("What it is for").fill("nightly export")
    asked.get_by_label("See leads, cases, indicators and members").check()
    asked.get_by_role("button", name="Go ahead").click()
    expect(page.get_by_role("dialog")).to_contain_text("it is not shown again")
    secret = page.get_by_role("dialog").locator(".mono").inner_text()
    assert served.keeper.tokens.find(secret) is not None
    page.keyboard.press("Escape")
    page.locator("li", has_text="nightly export").get_by_role("button", name="End").click()
    page.get_by_role("dialog").get_by_role("button", name="End").click()
    expect(page.locator("li", has_text="nightly export")).to_contain_text("Ended")
    assert served.keeper.tokens.find(secret) is None


@pytest.mark.parametrize(("lang", "theme", "size"), [("en", "light", "desk"), ("da", "dark", "phone")])
def test_the_door_itself_is_clean(served, opened, lang, theme, size) -> None:
    page = opened(served, None, lang=lang, theme=theme, size=size)
    page.goto("/?refused=no-role")
    page.get_by_role("heading").wait_for()
    page.get_by_role("alert").wait_for()
    shot(page, f"signin-{lang}-{theme}-{size}")
    assert axe_clean(page) == []
    assert untranslated(page) == []
    assert without_401(page) == []


def test_a_session_that_ends_leads_back_here(served, opened) -> None:
    page = opened(served, SAC_ROLES)
    page.goto("/account")
    settled(page)
    account = next(one for one in served.keeper.accounts.every() if one.name == "Anna Berg")
    for session in served.keeper.sessions.of(account.name):
        served.keeper.sessions.end(account.name, session.id)
    page.get_by_role("link", name="Accounts").click()
    page.get_by_role("button", name="Sign in with password").wait_for()
