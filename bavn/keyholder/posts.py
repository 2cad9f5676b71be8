"""What key holders post to each other in each round of a slot: its form, and how long the longest honest post can be.

All of it follows from k, n and the tiers of this holder's own ``[threshold]``, so that all holders refuse the same
posts: bounds are lengths of the longest post, written out.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final

import rfc8785

from bavn.keyholder.plan import CLAIMS_MAX, SLOT_DIGITS_MAX, is_claims, wanted
from bavn.keyholder.settings import ThresholdSettings
from bavn.psi.threshold import messages
from bavn.psi.threshold.shares import PublicKey
from bavn.wire.keyholder import ROUNDS, PostsAnswered
from bavn.wire.strict_json import parse

CLAIMS: Final = 0
DEALS: Final = 1
CONFIRMATIONS: Final = ROUNDS - 1
SIGNATURE_BYTES: Final = 64
_KINDS: Final = (b"", b"D", b"C", b"A", b"F")
"""Of the messages in each round's posts; claims are none."""
_FORM_BYTES: Final = 512
"""What stands around a post in an answer, or around all of them: names of fields, numbers, a signature."""
_FACES_BYTES: Final = 2 * 2 * (SIGNATURE_BYTES + sha256().digest_size) + _FORM_BYTES
"""A proof of two faces."""


def packed(by_name: Mapping[str, bytes]) -> bytes:
    """What a holder says in all its ceremonies at once."""
    return rfc8785.dumps({name: raw.hex() for name, raw in by_name.items()})


def unpacked(raw: bytes) -> Mapping[str, bytes]:
    """Nothing for what cannot be read: its sender said nothing."""
    by_name = parse(raw, len(raw))
    if not isinstance(by_name, dict):
        return {}
    try:
        return {name: bytes.fromhex(one) for name, one in by_name.items()}
    except (TypeError, ValueError):
        return {}


def has_form(settings: ThresholdSettings, slot: int, round_: int, raw: bytes) -> bool:
    """Whether a holder of these terms can post this in that round."""
    if len(raw) > post_bytes_max(settings, slot, round_):
        return False
    body = parse(raw, len(raw))
    if not isinstance(body, dict) or not body.keys() <= {*wanted(settings, slot)}:
        return False
    if round_ == CLAIMS:
        return is_claims(body)
    by_name = unpacked(raw)
    return by_name.keys() == body.keys() and all(_is_message(settings, round_, one) for one in by_name.values())


def is_within(settings: ThresholdSettings, slot: int, answer: PostsAnswered) -> bool:
    """Whether an honest holder can answer as much as that."""
    within = all(len(post.post) <= 2 * post_bytes_max(settings, slot, post.round) for post in answer.posts)
    return within and len(answer.private) <= 2 * _private_bytes_max(settings, slot)


def posts_max(settings: ThresholdSettings) -> int:
    """Number of posts that a holder gives in a slot: one of each holder in each round, some of slots it was at."""
    return (ROUNDS + 1) * _largest_terms(settings)[1]


def post_bytes_max(settings: ThresholdSettings, slot: int, round_: int) -> int:
    """The longest honest post of a round."""
    return _longest(*_largest_terms(settings), tuple(wanted(settings, slot)), round_)


@lru_cache(maxsize=4 * ROUNDS)
def _longest(k: int, n: int, of: tuple[str, ...], round_: int) -> int:
    if round_ != CLAIMS:
        return len(packed(dict.fromkeys(of, bytes(_message_bytes_max(k, n, round_)))))
    signed = {str(number): "0" * 2 * SIGNATURE_BYTES for number in range(1, n + 1)}
    slots = [str(10 ** (SLOT_DIGITS_MAX - 1) + at) for at in range(CLAIMS_MAX)]
    public = {name: "0" * 2 * PublicKey.bytes_of(name.encode("ascii"), k) for name in of}
    return len(rfc8785.dumps({name: dict.fromkeys(slots, (public[name], signed)) for name in of}))


def answer_bytes_max(settings: ThresholdSettings, slot: int) -> int:
    """The longest honest answer: all that can be passed on in a slot at once, as it travels."""
    each = [2 * post_bytes_max(settings, slot, round_) + _FORM_BYTES for round_ in range(ROUNDS)]
    _, n = _largest_terms(settings)
    return n * (sum(each) + _FACES_BYTES) + 2 * _private_bytes_max(settings, slot) + _FORM_BYTES


def _private_bytes_max(settings: ThresholdSettings, slot: int) -> int:
    sub_share = bytes(messages.bytes_max(b"S", *_largest_terms(settings)))
    return len(packed(dict.fromkeys(wanted(settings, slot), sub_share)))


def _message_bytes_max(k: int, n: int, round_: int) -> int:
    return messages.bytes_max(_KINDS[round_], k, n) + SIGNATURE_BYTES * (round_ == CONFIRMATIONS)


def _is_message(settings: ThresholdSettings, round_: int, raw: bytes) -> bool:
    """Nothing is confirmed by a holder that got no share."""
    bytes_max = _message_bytes_max(*_largest_terms(settings), round_)
    fits = messages.is_of_kind(_KINDS[round_], raw) and len(raw) <= bytes_max
    return fits or (round_ == CONFIRMATIONS and not raw)


def _largest_terms(settings: ThresholdSettings) -> tuple[int, int]:
    """The largest k and n of a key that counts, while one of them changes."""
    return max(k for k, _ in settings.terms), max(n for _, n in settings.terms)
