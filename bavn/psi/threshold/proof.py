"""Proofs that a secret scalar was used, and no other: RFC 9497's batched DLEQ (2.2), and Schnorr's of knowledge.

A verifier learns that log_G(B) = log_C(D) for all pairs and nothing of the scalar. Variable names are the RFC's. One
proof covers at most 65,535 pairs: the RFC counts them in two bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha512
from hmac import compare_digest
from typing import Final, Self

from bavn.model.ports import Dice
from bavn.psi import group
from bavn.psi.oprf import VOPRF_CONTEXT

PROOF_BYTES: Final = 2 * group.SCALAR_BYTES
PAIRS_MAX: Final = 2**16 - 1
_KNOWLEDGE: Final = b"bavn-m3-knowledge"
_NONCE: Final = b"bavn-m3-hedged-nonce"


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge and its answer, both scalars; both kinds of proofs have this form. Public."""

    c: bytes
    s: bytes

    def to_bytes(self) -> bytes:
        """As RFC 9497 writes a proof: c || s."""
        return self.c + self.s

    @classmethod
    def of_bytes(cls, raw: bytes) -> Self:
        """ValueError for what is not two scalars in their one spelling."""
        c, s = raw[: group.SCALAR_BYTES], raw[group.SCALAR_BYTES :]
        if not (group.is_scalar(c) and group.is_scalar(s)):
            raise ValueError("a proof is two scalars")
        return cls(c, s)


def prove(k: bytes, public: bytes, inputs: Sequence[bytes], outputs: Sequence[bytes], dice: Dice) -> Proof:
    """GenerateProof (2.2.1) with A the generator and B = ``public`` = k*A, for outputs[i] = k*inputs[i]. ValueError
    for no pairs or too many; BadPoint for what is no element."""
    m = _composite(public, inputs, outputs)[0]
    z = group.times(k, m)
    r = nonce(k, (b"equality", public, m, z), dice)
    t2, t3 = group.times_base(r), group.times(r, m)
    c = _challenge(public, m, z, t2, t3)
    return Proof(c, group.difference(r, group.product(c, k)))


def verify(public: bytes, inputs: Sequence[bytes], outputs: Sequence[bytes], proof: Proof) -> bool:
    """VerifyProof (2.2.2), A and B as in :func:`prove`. ValueError for no pairs or too many; what is no element is no
    proof."""
    try:
        m, z = _composite(public, inputs, outputs, whole=True)
        t2 = group.plus(group.times_base(proof.s), group.times(proof.c, public))
        t3 = group.plus(group.times(proof.s, m), group.times(proof.c, z))
    except group.BadPoint:
        return False
    return compare_digest(_challenge(public, m, z, t2, t3), proof.c)


def prove_knowledge(secret: bytes, context: bytes, dice: Dice) -> Proof:
    """Schnorr's proof that somebody knows the scalar behind secret*G, bound to ``context``."""
    public = group.times_base(secret)
    r = nonce(secret, (b"knowledge", context, public), dice)
    c = _knowledge_challenge(context, public, group.times_base(r))
    return Proof(c, group.difference(r, group.product(c, secret)))


def verify_knowledge(public: bytes, context: bytes, proof: Proof) -> bool:
    """True for a proof of :func:`prove_knowledge` with the same context."""
    try:
        t = group.plus(group.times_base(proof.s), group.times(proof.c, public))
    except group.BadPoint:
        return False
    return compare_digest(_knowledge_challenge(context, public, t), proof.c)


def nonce(secret: bytes, statement: Sequence[bytes], dice: Dice) -> bytes:
    """A proof's own scalar, from the secret, all that its challenge binds, and dice (as RFC 6979, 3.6): dice that
    repeat give no two challenges the same scalar, which would tell the secret."""
    parts = (secret, dice.bytes(group.SCALAR_BYTES), *statement)
    return group.hash_to_scalar(b"".join(map(_long, parts)), _NONCE)


def _composite(
    public: bytes, inputs: Sequence[bytes], outputs: Sequence[bytes], *, whole: bool = False
) -> tuple[bytes, bytes]:
    """ComputeComposites (2.2.2) where ``whole``; without, M alone, as ComputeCompositesFast (2.2.1) needs it: who has
    the key multiplies M by it."""
    if not (0 < len(inputs) == len(outputs) <= PAIRS_MAX):
        raise ValueError(f"a proof covers 1 to {PAIRS_MAX} pairs")
    seed = sha512(_long(public) + _long(b"Seed-" + VOPRF_CONTEXT)).digest()
    parts, answers = [], []
    for i, (given, answer) in enumerate(zip(inputs, outputs, strict=True)):
        transcript = _long(seed) + i.to_bytes(2) + _long(given) + _long(answer) + b"Composite"
        d = group.hash_to_scalar(transcript, b"HashToScalar-" + VOPRF_CONTEXT)
        parts.append(group.times(d, given))
        if whole:
            answers.append(group.times(d, answer))
    return group.plus_all(parts), group.plus_all(answers) if whole else b""


def _challenge(public: bytes, m: bytes, z: bytes, t2: bytes, t3: bytes) -> bytes:
    transcript = b"".join(_long(part) for part in (public, m, z, t2, t3)) + b"Challenge"
    return group.hash_to_scalar(transcript, b"HashToScalar-" + VOPRF_CONTEXT)


def _knowledge_challenge(context: bytes, public: bytes, t: bytes) -> bytes:
    return group.hash_to_scalar(_long(context) + _long(public) + _long(t), _KNOWLEDGE)


def _long(part: bytes) -> bytes:
    """With its length before it: I2OSP(len, 2) || part."""
    return len(part).to_bytes(2) + part
