"""Signing in as people do: by a link made on the machine, by Chromium's own passkeys; accounts given out;
and nothing of it leaves the policy or the reader's language.
"""

import re

import pytest
from playwright.sync_api import expect

from bavn.app.access.rights import Role
from tests.app.web.pages.conftest import SAC_ROLES
from tests.app.web.pages.looking import axe_clean, beside_a_house, settled, shot, untranslated
from tests.app.web.pages.served import serving

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


@pytest.fixture
def served(pages_built, tmp_path):
    """A SAC's console without a house: accounts and nothing else."""
    with serving("sac", tmp_path, None, ()) as console:
        yield console


@pytest.fixture
def linked(served):
    """A sign-in link for Bo Lund."""
    served.keeper.accounts.add("Bo Lund", frozenset({Role.ANALYST}), None, "tests")
    return f"{served.address}/link#{served.keeper.accounts.link('Bo Lund', 'tests', 15)}"


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


def test_a_passkey_from_the_link_to_the_next_log_on(served, linked, opened) -> None:
    page = with_passkeys(opened(served, None))
    page.goto(linked)
    expect(page.get_by_text("This link signs you in once")).to_be_visible()
    shot(page, "link")
    assert axe_clean(page) == []
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/overview")  # else that way there and the next one cross
    page.goto("/account")
    settled(page)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_label("What you call this device").fill("laptop")
    page.get_by_role("button", name="Go ahead").click()
    expect(page.get_by_text("laptop")).to_be_visible()
    sign_out(page)
    page.goto("/account?tab=x")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/account\?tab=x$"))
    assert without_401(page) == []


def test_a_link_that_is_spent_says_so(served, linked, opened) -> None:
    served.keeper.accounts.spend(linked.partition("#")[2])
    page = opened(served, None, lang="da")
    page.goto(linked)
    page.get_by_role("button", name="Log ind").click()
    expect(page.get_by_role("alert")).to_contain_text("Dette link er brugt")
    assert untranslated(page) == []
    assert axe_clean(page) == []


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
    expect(asked.locator(".mono")).to_have_text('bavn centre account link "Bo Lund"')
    asked.get_by_role("button", name="Add", exact=True).click()
    row = page.get_by_role("row", name=re.compile("Bo Lund"))
    expect(row).to_contain_text("Active")
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
    page.get_by_role("button", name="Sign in with a passkey").wait_for()
