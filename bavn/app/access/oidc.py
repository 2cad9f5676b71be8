"""Log-on by an identity provider: OpenID Connect's code flow with PKCE (S256), state and nonce.

The ID token's signature, issuer, audience, times and nonce are checked; algorithms are asymmetric ones only. Roles come
from groups by a table of the operator's own; who is in none of them stays outside. Refuses to trust a claim that the
provider did not sign or say over its own TLS connection.
"""

import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from bavn.app.access.rights import Role
from bavn.app.config.oidc import OidcTable
from bavn.model.intel.web_address import is_protected
from bavn.model.outcome import Refused
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.reading import mended, read

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
ANSWER_BYTES_MAX: Final = 1 << 20
KEYS_MAX: Final = 100
KEPT_S: Final = 3600.0
KEYS_AGAIN_S: Final = 60.0
LEEWAY_S: Final = 60
GROUPS_MAX: Final = 2000
CLAIM_CHARS_MAX: Final = 300
BACK: Final = "/api/v1/logon/oidc/back"


class OidcAway(Exception):
    """The provider does not answer as it should. Nobody must act yet: try again, or use a local account."""


class OidcRefused(Exception):
    """The provider's answer is not good, or the person has no role here. ``code`` says which."""

    def __init__(self, code: str, line: str) -> None:
        super().__init__(line)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """A person for whom the provider vouches. ``subject``: issuer and subject, which never change."""

    subject: str
    name: str
    roles: frozenset[Role]
    actors: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class LogonRequest:
    """One log-on that was begun: where the browser goes, and what its answer must fit."""

    url: str
    said: dict[str, str]


class Provider:
    """One identity provider. ``back``: the address of ours to which it sends the browser back. ``transport``: another
    way to it than the network."""

    def __init__(
        self,
        table: OidcTable,
        base: Path,
        origin: str,
        allowed: frozenset[Role],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._table = table
        self.back = origin + BACK
        _secured(table.issuer, "issuer")
        if not table.client_id:
            raise SettingsError(Text("[oidc] client_id must be set"))
        self._secret = _secret(base / table.client_secret_file) if table.client_secret_file else None
        self._roles = {group: _role(role, allowed) for group, role in _pairs(table.roles, "roles")}
        self._actors = _pairs(table.actors, "actors")
        if not self._roles:
            raise SettingsError(Text('[oidc] roles must name at least one "group=role"'))
        context: ssl.SSLContext | bool = True
        if table.ca_file:
            try:
                context = ssl.create_default_context(cafile=base / table.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise SettingsError(
                    Text("[oidc] ca_file cannot be used: {error}", error=Text.of_error(error))
                ) from error
        self._client = httpx.Client(
            timeout=table.timeout_s,
            verify=context,
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            headers={"accept": "application/json"},
        )
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Any]] = {}

    @property
    def label(self) -> str:
        return self._table.label or str(urlsplit(self._table.issuer).hostname)

    def ask(self, random: Mapping[str, str]) -> LogonRequest:
        """Where to send the browser. ``random``: fresh ``state``, ``nonce`` and ``verifier``. Raises OidcAway."""
        return _read(lambda: self._ask(random))

    def answered(self, query: Mapping[str, str], said: Mapping[str, str]) -> Vouched:
        """Who came back. Raises OidcRefused, OidcAway."""
        return _read(lambda: self._answered(query, said))

    def _ask(self, random: Mapping[str, str]) -> LogonRequest:
        query = {
            "response_type": "code",
            "client_id": self._table.client_id,
            "redirect_uri": self.back,
            "scope": " ".join(self._table.scopes),
            "state": random["state"],
            "nonce": random["nonce"],
            "code_challenge": create_s256_code_challenge(random["verifier"]),
            "code_challenge_method": "S256",
        }
        to = self._endpoint("authorization_endpoint")
        return LogonRequest(f"{to}{'&' if '?' in to else '?'}{urlencode(query)}", dict(random))

    def _answered(self, query: Mapping[str, str], answered: Mapping[str, str]) -> Vouched:
        if query.get("state") != answered["state"]:
            raise OidcRefused("oidc-refused", "the state is another")
        if query.get("iss", self._table.issuer) != self._table.issuer:
            raise OidcRefused("oidc-refused", "the answer is another provider's")
        if "code" not in query:
            raise OidcRefused("oidc-refused", "the provider refused")
        tokens = self._tokens(query["code"], answered["verifier"])
        claims = self._checked(tokens, answered["nonce"])
        if self._table.groups_claim not in claims or self._table.name_claim not in claims:
            claims = self._more(tokens, claims) | claims
        return self._vouched(claims)

    def close(self) -> None:
        self._client.close()

    def _tokens(self, code: str, verifier: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "code_verifier": verifier,
            "client_id": self._table.client_id,
        }
        auth = None
        if self._secret is not None:
            methods = self._metadata().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            if "client_secret_basic" in methods:
                # Both are form-encoded first (RFC 6749, 2.3.1): a secret may hold any sign.
                auth = httpx.BasicAuth(quote_plus(self._table.client_id), quote_plus(self._secret))
            else:
                form["client_secret"] = self._secret
        return self._json("POST", self._endpoint("token_endpoint"), data=form, auth=auth)

    def _checked(self, tokens: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The ID token's claims."""
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise OidcRefused("oidc-refused", "there is no ID token")
        try:
            signed = self._verified(token)
            claims = json.loads(signed.payload or b"")
            if not isinstance(claims, dict):
                raise OidcRefused("oidc-refused", "the ID token holds no claims")
            wanted = {
                "iss": {"essential": True, "value": self._table.issuer},
                "aud": {"essential": True, "value": self._table.client_id},
                "sub": {"essential": True},
            }
            params = {"nonce": nonce, "client_id": self._table.client_id, "access_token": tokens.get("access_token")}
            CodeIDToken(claims, signed.headers(), wanted, params).validate(time.time(), LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise OidcRefused("oidc-refused", f"the ID token is not good: {type(error).__name__}") from error
        return claims

    def _verified(self, token: str) -> jws.CompactSignature:
        try:
            return jws.deserialize_compact(token, self._keys(KEPT_S), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):  # its keys may have changed since
            return jws.deserialize_compact(token, self._keys(KEYS_AGAIN_S), algorithms=list(ALGORITHMS))

    def _keys(self, kept_s: float) -> KeySet:
        return _readable(self._remembered(self._endpoint("jwks_uri"), kept_s))

    def _more(self, tokens: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
        """What the provider says of this subject beside the ID token; nothing where it has no such endpoint."""
        if "userinfo_endpoint" not in self._metadata() or not isinstance(tokens.get("access_token"), str):
            return {}
        to, bearer = self._endpoint("userinfo_endpoint"), {"authorization": f"Bearer {tokens['access_token']}"}
        more = self._json("GET", to, headers=bearer)
        if more.get("sub") != claims["sub"]:
            raise OidcRefused("oidc-refused", "the provider speaks of somebody else")
        return more

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        name, subject = claims.get(self._table.name_claim), claims["sub"]
        if not isinstance(name, str) or not isinstance(subject, str) or max(len(name), len(subject)) > CLAIM_CHARS_MAX:
            raise OidcRefused("no-name", f"the provider gives no {self._table.name_claim}")
        given = claims.get(self._table.groups_claim, [])
        groups = [given] if isinstance(given, str) else given
        if not isinstance(groups, list) or len(groups) > GROUPS_MAX:
            raise OidcRefused("oidc-refused", f"{self._table.groups_claim} is no list of groups")
        member = {group for group in groups if isinstance(group, str)}
        roles = frozenset(role for group, role in self._roles.items() if group in member)
        actors = frozenset(actor for group, actor in self._actors if group in member) if self._actors else None
        if not roles or actors == frozenset():
            raise OidcRefused("no-role", "the person is in no group that has a role here")
        return Vouched(subject=f"{self._table.issuer} {subject}", name=name, roles=roles, actors=actors)

    def _metadata(self) -> dict[str, Any]:
        metadata = self._remembered(f"{self._table.issuer.rstrip('/')}/.well-known/openid-configuration", KEPT_S)
        if metadata.get("issuer") != self._table.issuer:
            raise OidcAway("the provider names itself otherwise than [oidc] issuer does")
        return metadata

    def _endpoint(self, name: str) -> str:
        endpoint = self._metadata().get(name)
        if not isinstance(endpoint, str):
            raise OidcAway(f"the provider names no {name}")
        try:
            _secured(endpoint, name)
        except SettingsError as error:
            raise OidcAway(str(error)) from error
        return endpoint

    def _remembered(self, url: str, kept_s: float) -> dict[str, Any]:
        with self._lock:
            at, document = self._kept.get(url, (0.0, None))
            if document is None or time.monotonic() - at > kept_s:
                document = self._json("GET", url)
                self._kept[url] = (time.monotonic(), document)
            return dict(document)

    def _json(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """An object, within bounds. Raises OidcAway; OidcRefused for what the provider does not accept."""
        try:
            with self._client.stream(method, url, **{k: v for k, v in more.items() if v is not None}) as answer:
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > ANSWER_BYTES_MAX:
                        raise OidcAway("the provider's answer is too long")
            if 400 <= answer.status_code < 500 and method == "POST":
                raise OidcRefused("oidc-refused", f"the provider answers {answer.status_code}")
            document = mended(json.loads(body), body) if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError) as error:
            raise OidcAway(f"the provider does not answer: {type(error).__name__}") from error
        if not isinstance(document, dict):
            raise OidcAway(f"the provider answers {answer.status_code}")
        return document


def _read[Value](parser: Callable[[], Value]) -> Value:
    """What the provider's answers say. Raises OidcRefused; OidcAway also for what cannot be read in any way."""

    def outcome() -> Value | OidcAway | OidcRefused:
        try:
            return parser()
        except (OidcAway, OidcRefused) as error:
            return error

    value = read(outcome)
    if isinstance(value, Refused):
        raise OidcAway("the provider's answer cannot be read")
    if isinstance(value, OidcAway | OidcRefused):
        raise value
    return value


def new_verifier(secret: str) -> str:
    """A PKCE verifier of a fresh secret (RFC 7636: 43 letters, digits, - and _)."""
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode().rstrip("=")


def _readable(published: Mapping[str, Any]) -> KeySet:
    """The keys of a set that sign and that are of a kind known here; the others are passed over (RFC 7517, 5).
    ValueError where there is none."""
    given = published.get("keys")
    keys: list[Key] = []
    for parameters in given[:KEYS_MAX] if isinstance(given, list) else ():
        with suppress(JoseError, ValueError, TypeError, KeyError, AttributeError):
            if parameters.get("use", "sig") == "sig":
                keys.append(JWKRegistry.import_key(parameters))
    if not keys:
        raise ValueError("the provider publishes no key that can be read")
    return KeySet(keys)


def _secured(url: str, what: str) -> None:
    if not is_protected(url):
        raise SettingsError(Text("[oidc] {what} must begin with https://", what=what))


def _secret(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(
                Text("[oidc] client_secret_file: {path} may be read by others: chmod 600 {path}", path=path)
            )
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(Text("[oidc] client_secret_file: {path} cannot be read", path=path)) from error
    if not secret or "\n" in secret:
        raise SettingsError(Text("[oidc] client_secret_file: {path} must hold one line, the secret", path=path))
    return secret


def _pairs(given: tuple[str, ...], what: str) -> list[tuple[str, str]]:
    pairs = []
    for pair in given:
        group, sign, here = pair.rpartition("=")
        if not sign or not group or not here:
            raise SettingsError(
                Text('[oidc] {what}: {one} must be "group={setting}"', what=what, one=repr(pair), setting=what[:-1])
            )
        pairs.append((group, here))
    return pairs


def _role(name: str, allowed: frozenset[Role]) -> Role:
    if name not in allowed:
        raise SettingsError(
            Text(
                "[oidc] roles: there is no role {name} here; there are {named}",
                name=repr(name),
                named=", ".join(sorted(allowed)),
            )
        )
    return Role(name)
