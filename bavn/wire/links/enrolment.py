"""The calls by which a node becomes and stays a member.

First it fetches the authority's certificate over a connection that it does not trust, and keeps it only if its SHA-256
is the pinned one; the token travels over a second connection, which trusts that authority alone. Refuses to try twice.
"""

import hmac
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from bavn.model.outcome import Refused
from bavn.model.ports import Dice, LinkDown, LinkRefused
from bavn.model.text import Text
from bavn.wire.codec import Encoded, decode, encode
from bavn.wire.enrol import ENROL_KINDS, Certified, NodeKeys, RenewAsked, answers
from bavn.wire.links.https import Caller, HttpsResponse, LinkLimits, context, untrusting_context
from bavn.wire.privacy import Message
from bavn.wire.safe import Safe

JSON: Final = "application/json"


def enrol(
    url: str,
    pin: str,
    actor: str,
    token: str,
    safe: Safe,
    dice: Dice,
    limits: LinkLimits | None = None,
    *,
    keyholder: bool = False,
) -> None:
    """Makes keys (or takes those of a try that failed), asks with the token, keeps what comes back. ``pin``: SHA-256
    of the authority's certificate in hex; ``keyholder``: the other side is one, not the centre. Raises LinkDown,
    LinkRefused; FileExistsError for a node that is enrolled; ValueError when the folder holds another actor's keys."""
    if safe.enrolled:
        raise FileExistsError(f"{safe.folder} holds an enrolled node; move it away to enrol anew")
    if not safe.has_keys:
        safe.keep_keys(NodeKeys.make(actor, dice))
    keys = safe.keys()
    if keys.actor != actor:
        raise ValueError(f"{safe.folder} holds the keys of {keys.actor!r}, not of {actor!r}")
    authority_pem = fetch_authority(url, pin, limits, keyholder=keyholder)
    who = _who(keyholder=keyholder)
    certified = _ask(Caller(url, context(authority_pem), limits, who=who), "/v1/enrol", keys.ask(token), who)
    safe.keep_certificate(_checked(keys, certified, authority_pem), authority_pem)


def renew(url: str, safe: Safe, limits: LinkLimits | None = None) -> None:
    """Fetches and keeps the next certificate over the present one. The key stays, so that the change is one file.
    Raises LinkDown, LinkRefused."""
    keys, authority_pem = safe.keys(), safe.authority.read_text()
    caller = Caller(url, context(authority_pem, safe.certificate, safe.tls_key), limits)
    certified = _ask(caller, "/v1/renew", RenewAsked(csr=keys.csr()))
    safe.keep_certificate(_checked(keys, certified, authority_pem), authority_pem)


def fetch_authority(url: str, pin: str, limits: LinkLimits | None = None, *, keyholder: bool = False) -> str:
    """The authority's certificate (PEM) whose SHA-256 is ``pin``. Raises LinkDown; LinkRefused if it is another."""
    answer = _call(Caller(url, untrusting_context(), limits, who=_who(keyholder=keyholder)), "GET", "/v1/enrol", b"")
    try:
        certificate = x509.load_pem_x509_certificate(answer.body)
    except (ValueError, x509.InvalidVersion) as error:
        raise LinkDown("what came is no certificate") from error
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    if not hmac.compare_digest(fingerprint, pin.lower().replace(":", "")):
        text = Text("the authority there is {it}, not the pinned one: is this the sector's centre?", it=fingerprint)
        if keyholder:
            text = Text("the authority there is {it}, not the pinned one: is this that key holder?", it=fingerprint)
        raise LinkRefused(text)
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _who(*, keyholder: bool) -> str:
    return "the key holder" if keyholder else "the centre"


def _ask(caller: Caller, path: str, message: Message, who: str = "the other side") -> Certified:
    answer = _call(caller, "POST", path, encode(message).body)
    certified = decode(Encoded(Certified.__name__, answer.body), ENROL_KINDS)
    if not isinstance(certified, Certified):
        reason = certified.rule if isinstance(certified, Refused) else "wrong kind"
        raise LinkDown(f"the answer of {who} makes no sense ({reason})")
    return certified


def _call(caller: Caller, method: str, path: str, body: bytes) -> HttpsResponse:
    try:
        return caller.call(method, path, body=body, content_type=JSON if body else "")
    finally:
        caller.close()


def _checked(keys: NodeKeys, certified: Certified, authority_pem: str) -> Certified:
    if not answers(keys, certified.certificate, authority_pem):
        raise LinkRefused(
            "the certificate that came is not for this node's key and name, or not of the pinned authority"
        )
    return certified
