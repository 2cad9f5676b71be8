"""Parcels: one question of a node to the centre and its answer, through hubs that may be hostile.

A hub carries bytes. What is inside is encrypted to the centre (X25519 from its message key, one fresh key of the node
a parcel, HKDF-SHA256, ChaCha20-Poly1305) and signed with the key of the node's certificate, so a hub cannot read, make
or change one. The answer is under a key that only node and centre can make, and names the question it answers. A parcel
played again asks what was asked before: envelopes are taken once, and what was acknowledged stays so. Pure.

X25519 alone is no shield against a quantum computer of later years; the TLS of each hop is hybrid. docs/scaling.md.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final, Literal

import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bavn.model.outcome import Refused
from bavn.model.ports import Dice
from bavn.model.sector.member import ACTOR_NAME
from bavn.wire.reading import reads
from bavn.wire.seal import SEQ_MAX
from bavn.wire.strict_json import parse

PARCEL_BYTES_MAX: Final = 6_000_000
"""Of what a question or an answer holds. What is larger goes up in pieces, and down over HTTPS."""
OVERHEAD_BYTES_MAX: Final = 8192
WAIT_MS_MAX: Final = 60_000
_HEAD_BYTES_MAX: Final = 1024
_INNER_BYTES_MAX: Final = 4096
_DOMAIN: Final = b"bavn/parcel/1\x00"
_PRIME: Final = 2**255 - 19
_NONCE: Final = bytes(12)
"""Each key seals one text."""
What = Literal["post", "piece", "pull"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a node asks: to take the envelopes of ``body`` (frames), or the piece of one (pieces.py) that begins at
    ``after``; or for all after ``after``."""

    what: What
    after: int = 0
    wait_ms: int = 0
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelResponse:
    """``status`` as HTTP has it; ``detail`` for what is not 200; ``taken``: numbers that the node may let go; ``at_s``:
    the centre's clock, seconds since 1970."""

    status: int
    at_s: int = 0
    detail: str = ""
    taken: tuple[int, ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class SignedQuestion:
    """A question whose signature holds. ``certificate_der``: whose it is, still to be judged; ``answer_key``: how to
    answer it."""

    sender: str
    certificate_der: bytes
    question: Question
    answer_key: bytes
    digest: bytes


def to_x25519(key: Ed25519PublicKey) -> X25519PublicKey:
    """The Montgomery form of an Ed25519 key (RFC 7748, 4.1). ValueError for the one point that has none."""
    y = int.from_bytes(key.public_bytes_raw(), "little") & (2**255 - 1)
    if (1 - y) % _PRIME == 0:
        raise ValueError("this key has no Montgomery form")
    return X25519PublicKey.from_public_bytes(((1 + y) * pow(1 - y, -1, _PRIME) % _PRIME).to_bytes(32, "little"))


def private_x25519(key: Ed25519PrivateKey) -> X25519PrivateKey:
    """The same for the private key (RFC 8032, 5.1.5: the first half of the seed's SHA-512)."""
    return X25519PrivateKey.from_private_bytes(hashlib.sha512(key.private_bytes_raw()).digest()[:32])


class Asking:
    """The node's side of one question: ``raw`` travels, ``open`` reads the answer to it."""

    def __init__(
        self,
        actor: str,
        key: ec.EllipticCurvePrivateKey,
        certificate_der: bytes,
        centre: Ed25519PublicKey,
        question: Question,
        dice: Dice,
    ) -> None:
        once = X25519PrivateKey.from_private_bytes(dice.bytes(32))
        point, far = once.public_key().public_bytes_raw(), to_x25519(centre)
        asks, answers = _keys(once.exchange(far), point, far.public_bytes_raw())
        inner: dict[str, Any] = {
            "after": question.after,
            "cert": certificate_der.hex(),
            "wait_ms": question.wait_ms,
            "what": question.what,
        }
        head: dict[str, Any] = {"from": actor, "key": point.hex(), "v": 1}
        sealed = ChaCha20Poly1305(asks).encrypt(_NONCE, rfc8785.dumps(inner) + b"\n" + question.body, _aad(head))
        signature = key.sign(_statement(head, sealed), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        self.raw = rfc8785.dumps(head | {"sig": signature.hex()}) + b"\n" + sealed
        self._key, self._digest = answers, hashlib.sha256(self.raw).digest()

    @reads
    def open(self, raw: bytes) -> ParcelResponse | Refused:
        """The centre's answer to this very question, or why it is none. Never raises, whatever the bytes."""
        if len(raw) > PARCEL_BYTES_MAX + OVERHEAD_BYTES_MAX:
            return Refused("oversize", "an answer of {bytes} bytes", bytes=len(raw))
        try:
            text = ChaCha20Poly1305(self._key).decrypt(_NONCE, raw, self._digest)
        except InvalidTag:
            return Refused("bad_seal", "not the centre's answer to this question")
        head, _, body = text.partition(b"\n")
        header = parse(head, PARCEL_BYTES_MAX)
        if not isinstance(header, dict) or set(header) != {"at_s", "detail", "status", "taken"}:
            return Refused("malformed_answer", "the answer is none")
        status, detail, taken, at_s = header["status"], header["detail"], header["taken"], header["at_s"]
        sound = isinstance(taken, tuple) and all(type(n) is int and 1 <= n <= SEQ_MAX for n in taken)
        if (
            type(status) is not int
            or type(at_s) is not int
            or not isinstance(detail, str)
            or not sound
            or not isinstance(taken, tuple)
        ):
            return Refused("malformed_answer", "a field of the answer is not of its type")
        return ParcelResponse(
            status=status, at_s=at_s, detail=detail[:200], taken=tuple(map(_number, taken)), body=body
        )


@reads
def understand(raw: bytes, centre: Ed25519PrivateKey, subject: str) -> SignedQuestion | Refused:
    """The question in a parcel that came on ``subject``'s own subject. Never raises, whatever the bytes. Who the
    certificate is, and whether it still counts, is the registry's to say."""
    if len(raw) > PARCEL_BYTES_MAX + OVERHEAD_BYTES_MAX:
        return Refused("oversize", "a parcel of {bytes} bytes", bytes=len(raw))
    line, mark, sealed = raw.partition(b"\n")
    head = parse(line, _HEAD_BYTES_MAX)
    if not mark or not isinstance(head, dict) or set(head) != {"from", "key", "sig", "v"} or str(head["v"]) != "1":
        return Refused("malformed_parcel", "this is no parcel of version 1")
    sender, point, signature = _text(head["from"]), _hex(head["key"], 32), _hex(head["sig"], 80)
    if not ACTOR_NAME.fullmatch(sender) or sender != subject or point is None or len(point) != 32 or not signature:
        return Refused("wrong_sender", "the name on it is not the one it came from")
    mine = private_x25519(centre)
    try:
        shared = mine.exchange(X25519PublicKey.from_public_bytes(point))
        asks, answers = _keys(shared, point, mine.public_key().public_bytes_raw())
        bare = {name: head[name] for name in ("from", "key", "v")}
        text = ChaCha20Poly1305(asks).decrypt(_NONCE, sealed, _aad(bare))
    except (InvalidTag, ValueError):
        return Refused("bad_seal", "it is not sealed to this centre")
    inner, _, body = text.partition(b"\n")
    read = _question(parse(inner, _INNER_BYTES_MAX), body)
    if isinstance(read, Refused):
        return read
    der, question = read
    try:
        holder = x509.load_der_x509_certificate(der).public_key()
        if not isinstance(holder, ec.EllipticCurvePublicKey):
            return Refused("bad_signature", "the certificate's key signs no parcels")
        holder.verify(signature, _statement(bare, sealed), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, TypeError, x509.InvalidVersion):
        return Refused("bad_signature", "the signature does not fit certificate and content")
    return SignedQuestion(sender, der, question, answers, hashlib.sha256(raw).digest())


def sealed_answer(question: SignedQuestion, answer: ParcelResponse) -> bytes:
    """What travels back."""
    head: dict[str, Any] = {
        "at_s": answer.at_s,
        "detail": answer.detail,
        "status": answer.status,
        "taken": list(answer.taken),
    }
    return ChaCha20Poly1305(question.answer_key).encrypt(
        _NONCE, rfc8785.dumps(head) + b"\n" + answer.body, question.digest
    )


def _question(inner: Any, body: bytes) -> tuple[bytes, Question] | Refused:
    if not isinstance(inner, dict) or set(inner) != {"after", "cert", "wait_ms", "what"}:
        return Refused("malformed_parcel", "what is inside is no question")
    der, what, after, wait_ms = _hex(inner["cert"], 2000), inner["what"], inner["after"], inner["wait_ms"]
    whole = type(after) is int and 0 <= after <= SEQ_MAX and type(wait_ms) is int and 0 <= wait_ms <= WAIT_MS_MAX
    if not der or not whole or what not in ("post", "piece", "pull"):
        return Refused("malformed_parcel", "a field of the question is not of its kind")
    return der, Question(what=what, after=after, wait_ms=wait_ms, body=body)


def _keys(shared: bytes, point: bytes, far: bytes) -> tuple[bytes, bytes]:
    """For the question, and for its answer."""
    made = HKDF(hashes.SHA256(), 64, salt=point + far, info=_DOMAIN).derive(shared)
    return made[:32], made[32:]


def _aad(head: dict[str, Any]) -> bytes:
    return _DOMAIN + rfc8785.dumps(head)


def _statement(head: dict[str, Any], sealed: bytes) -> bytes:
    return _aad(head) + hashlib.sha256(sealed).digest()


def _hex(given: object, bytes_max: int) -> bytes | None:
    """Of the one text that says these bytes: no capitals, no gaps, so that what was changed on the way is not taken."""
    if not isinstance(given, str) or len(given) > 2 * bytes_max:
        return None
    try:
        read = bytes.fromhex(given)
    except ValueError:
        return None
    return read if read.hex() == given else None


def _text(given: object) -> str:
    return given if isinstance(given, str) else ""


def _number(given: object) -> int:
    return given if isinstance(given, int) else 0
