"""Log-on in a real Chromium against a real server: passkeys by its virtual authenticator. By an identity provider:
tests/peers/test_oidc_provider.py."""

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from bavn.app.access.rights import ROLES, Role
from bavn.app.config.console import ConsoleTable
from bavn.app.config.oidc import OidcTable
from bavn.app.web.console import console_app
from bavn.app.web.server import ConsoleServer
from bavn.app.web.sides import keeping
from bavn.model.settings import SettingsError

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
TABLE = ConsoleTable(listen="127.0.0.1:0", logons_per_minute=1000)
HELPERS = """
() => {
  const csrf = async () => (await (await fetch("/api/v1/me")).json()).csrf;
  window.api = async (method, path, said, signed) => {
    const headers = {"content-type": "application/json"};
    if (signed) headers["x-bavn-csrf"] = await csrf();
    const answer = await fetch("/api/v1" + path, {method, headers, body: said ? JSON.stringify(said) : undefined});
    return {status: answer.status, body: answer.status === 204 ? null : await answer.json()};
  };
  window.make = async (path, said, signed) => {
    const {options} = (await api("POST", path + "/begin", said, signed)).body;
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = (await navigator.credentials.create({publicKey})).toJSON();
    return api("POST", path + "/finish", {...said, label: "this machine", credential}, signed);
  };
  window.prove = async () => {
    const {options} = (await api("POST", "/logon/passkey/begin")).body;
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const credential = (await navigator.credentials.get({publicKey})).toJSON();
    return api("POST", "/logon/passkey/finish", {credential});
  };
}
"""


@contextmanager
def served(folder, oidc=None):
    """(address with a name, the keeper) of a console with one bare page."""
    pages = folder / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("<!doctype html><title>Bavn</title><p>here</p>")
    server = ConsoleServer(TABLE, folder)
    with keeping("sac", TABLE, oidc or OidcTable(), folder, folder, server) as (keeper, beside):
        app = console_app("sac", None, (), keeper, server.settings(pages), beside=beside)
        thread = threading.Thread(target=server.run, args=(app,))
        thread.start()
        try:
            yield f"http://localhost:{server.port}", keeper
        finally:
            server.stop()
            thread.join(20)
            assert not thread.is_alive()


def with_authenticator(page):
    """A passkey device in the browser; the session by which it is spoken to."""
    spoken = page.context.new_cdp_session(page)
    spoken.send("WebAuthn.enable")
    made = spoken.send(
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
    return spoken, made["authenticatorId"]


def link_for(keeper):
    """The secret of a sign-in link for a new account."""
    keeper.accounts.add("Anna Berg", frozenset({Role.ANALYST}), None, "tests")
    return keeper.accounts.link("Anna Berg", "tests", 15)


def test_a_passkey_is_made_after_a_link_signs_in_and_is_refused_when_copied(tmp_path, chromium) -> None:
    with served(tmp_path) as (address, keeper):
        link = link_for(keeper)
        page = chromium.new_page()
        reports = []
        page.on("console", lambda said: reports.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{address}/link")
        spoken, device = with_authenticator(page)
        page.evaluate(HELPERS)
        assert page.evaluate("([link]) => api('POST', '/logon/link', {link})", [link])["status"] == 204
        assert page.evaluate("() => make('/account/proofs/passkeys', {}, true)")["status"] == 200
        assert page.evaluate("() => api('GET', '/me')")["body"]["name"] == "Anna Berg"
        assert page.evaluate("() => document.cookie") == ""
        assert page.evaluate("() => api('DELETE', '/session', null, true)")["status"] == 204
        assert page.evaluate("() => api('GET', '/me')")["status"] == 401
        kept = spoken.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"][0]
        assert page.evaluate("() => prove()")["status"] == 204
        assert page.evaluate("() => api('GET', '/me')")["body"]["rights"] == ["read", "triage"]
        spoken.send("WebAuthn.clearCredentials", {"authenticatorId": device})
        spoken.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": kept | {"signCount": 0}})
        assert page.evaluate("() => prove()")["status"] == 401
        assert reports == []


def test_a_device_that_does_not_know_who_holds_it_is_refused_and_so_is_a_key_that_was_dropped(
    tmp_path, chromium
) -> None:
    with served(tmp_path) as (address, keeper):
        link = link_for(keeper)
        page = chromium.new_page()
        page.goto(address)
        spoken, device = with_authenticator(page)
        page.evaluate(HELPERS)
        assert page.evaluate("([link]) => api('POST', '/logon/link', {link})", [link])["status"] == 204
        assert page.evaluate("() => make('/account/proofs/passkeys', {}, true)")["status"] == 200
        first = keeper.passkeys.of("Anna Berg")[0].id
        last = page.evaluate("([id]) => api('DELETE', '/account/proofs/passkeys/' + id, null, true)", [first])
        assert last["body"]["type"] == "last-proof"
        spoken.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
        _, other = with_authenticator(page)
        assert page.evaluate("() => make('/account/proofs/passkeys', {}, true)")["status"] == 200
        gone = page.evaluate("([id]) => api('DELETE', '/account/proofs/passkeys/' + id, null, true)", [first])
        assert gone["status"] == 200
        assert len(keeper.passkeys.of("Anna Berg")) == 1
        assert page.evaluate("() => prove()")["status"] == 204
        spoken.send("WebAuthn.setUserVerified", {"authenticatorId": other, "isUserVerified": False})
        refused = page.evaluate("() => prove().then(x => x.status, e => e.name)")
        assert refused in (401, "NotAllowedError")


def test_an_open_address_without_tls_is_refused(tmp_path) -> None:
    for table in (
        ConsoleTable(listen="0.0.0.0:0"),
        ConsoleTable(listen="192.0.2.1:443"),
        ConsoleTable(listen="nowhere"),
        ConsoleTable(listen="127.0.0.1:0", certificate_file="x"),
    ):
        with pytest.raises(SettingsError, match=r"\[console\]"):
            ConsoleServer(table, Path(tmp_path))
    assert ROLES["sac"] & ROLES["soc"] == {Role.AUDITOR}
