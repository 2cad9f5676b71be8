"""What follows from a ceremony's posts, and from nothing else: who is out and why, who is in, the public key.

A pure function of what all holders read alike, so that all come to the same. Joint-Feldman (Pedersen 1991, with
complaints), each dealer proving that it knows its constant. Sub-shares that went in private are not seen here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from hashlib import blake2b
from typing import Literal

from bavn.psi import group
from bavn.psi.threshold import messages, shamir
from bavn.psi.threshold.messages import Answers, BadMessage, Complaints, Confirmation, Deal
from bavn.psi.threshold.proof import verify_knowledge
from bavn.psi.threshold.shares import PublicKey
from bavn.psi.threshold.terms import Terms

Why = Literal["silent", "elsewhere", "deal", "complaints", "answers", "accused", "confirmation"]
"""What was wrong: nothing came; a message of another ceremony; a deal that does not hold; complaints or answers that
are none, or a complaint left without a true answer; more complaints than k-1; another transcript than ours."""
Posts = Mapping[int, bytes]
"""Who posted what in a round, by the transport's word."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Holder ``number`` is named, and why."""

    number: int
    why: Why


@dataclass(frozen=True, slots=True)
class Judgement:
    """``qualified``: the dealers whose polynomials make the key, each with its weight. ``revealed``: sub-shares that
    were answered for all to see, by dealer and receiver. ``public`` is None where too few qualified."""

    faults: tuple[Fault, ...]
    qualified: Mapping[int, bytes]
    revealed: Mapping[tuple[int, int], bytes]
    public: PublicKey | None
    transcript: bytes


def read_as[M: messages.Message](terms: Terms, kind: type[M], sender: int, raw: bytes) -> M | None:
    """The message, if it is one of this kind, ceremony and sender."""
    try:
        message = messages.read(raw)
    except BadMessage:
        return None
    if isinstance(message, kind) and message.ceremony == terms.id and message.sender == sender:
        return message
    return None


def knowledge_context(terms: Terms, dealer: int) -> bytes:
    """What a proof of knowledge is bound to."""
    return terms.id + bytes([dealer])


def deals_of(terms: Terms, posts: Posts) -> dict[int, Deal]:
    """The deals that hold for all to see."""
    standing: dict[int, Deal] = {}
    for dealer in terms.dealers:
        deal = read_as(terms, Deal, dealer, posts.get(dealer, b""))
        if deal is not None and _holds(terms, deal):
            standing[dealer] = deal
    return standing


def complaints_of(terms: Terms, posts: Posts, deals: Mapping[int, Deal]) -> dict[int, tuple[int, ...]]:
    """Who is complained of, by whom: only of dealers whose deal holds."""
    by: dict[int, tuple[int, ...]] = {}
    for accuser in terms.holders:
        complaints = read_as(terms, Complaints, accuser, posts.get(accuser, b""))
        for accused in complaints.accused if complaints else ():
            if accused in deals and accused != accuser:
                by[accused] = (*by.get(accused, ()), accuser)
    return by


def fits(deal: Deal, receiver: int, scalar: bytes) -> bool:
    """True if that is the value of the dealt polynomial there."""
    return shamir.committed(deal.commitments, receiver) == group.times_base(scalar)


def judge(terms: Terms, deals_posted: Posts, complaints_posted: Posts, answers_posted: Posts) -> Judgement:
    """All of the above together, once the answers are in."""
    deals = deals_of(terms, deals_posted)
    faults = [
        Fault(number, _missing(terms, deals_posted, number, "deal")) for number in terms.dealers if number not in deals
    ]
    faults += _unread(terms, Complaints, complaints_posted, "complaints")
    revealed: dict[tuple[int, int], bytes] = {}
    for accused, accusers in complaints_of(terms, complaints_posted, deals).items():
        if len(accusers) >= terms.k:  # its answers would show its polynomial to all
            faults.append(Fault(accused, "accused"))
            continue
        answers = read_as(terms, Answers, accused, answers_posted.get(accused, b""))
        shown = {to: answers.revealed.get(to, b"") for to in accusers} if answers else {}
        if shown and all(group.is_scalar(scalar) and fits(deals[accused], to, scalar) for to, scalar in shown.items()):
            revealed |= {(accused, to): scalar for to, scalar in shown.items()}
        else:
            faults.append(Fault(accused, "answers"))
    out = {fault.number for fault in faults if fault.why in {"accused", "answers"}}
    standing = tuple(number for number in sorted(deals) if number not in out)
    weights = {number: shamir.weight(number, standing) if terms.old else group.ONE for number in standing}
    public = _public(terms, deals, weights)
    posted = [part for posts in (deals_posted, complaints_posted, answers_posted) for part in _flat(posts)]
    outcome = bytes(standing) + (public.to_bytes() if public else b"")
    hashed = blake2b(terms.id, digest_size=messages.CEREMONY_BYTES, person=b"bavn-m3-script")
    for part in (*posted, outcome):
        hashed.update(len(part).to_bytes(4) + part)
    return Judgement(tuple(sorted(faults)), weights, revealed, public, hashed.digest())


def confirmed(terms: Terms, transcript: bytes, posts: Posts) -> tuple[int, tuple[Fault, ...]]:
    """How many confirm this transcript, and who says another. Silence at the end is no fault."""
    read = {who: read_as(terms, Confirmation, who, posts[who]) for who in terms.holders if posts.get(who)}
    same = sum(1 for post in read.values() if post and post.transcript == transcript)
    other = (who for who, post in read.items() if not post or post.transcript != transcript)
    return same, tuple(Fault(who, "confirmation") for who in other)


def _holds(terms: Terms, deal: Deal) -> bool:
    """True for k commitments whose constant is known to the dealer, and in a reshare is its old share."""
    constant = deal.commitments[0]
    known = verify_knowledge(constant, knowledge_context(terms, deal.sender), deal.knowledge)
    own = terms.old is None or terms.old.holders.get(deal.sender) == constant
    return len(deal.commitments) == terms.k and own and known


def _missing(terms: Terms, posts: Posts, number: int, why: Why) -> Why:
    raw = posts.get(number)
    if not raw:
        return "silent"
    try:
        return why if messages.read(raw).ceremony == terms.id else "elsewhere"
    except BadMessage:
        return why


def _unread(terms: Terms, kind: type[Complaints], posts: Posts, why: Why) -> list[Fault]:
    posted = (number for number in terms.holders if posts.get(number))
    unread = (number for number in posted if read_as(terms, kind, number, posts[number]) is None)
    return [Fault(number, _missing(terms, posts, number, why)) for number in unread]


def _public(terms: Terms, deals: Mapping[int, Deal], weights: Mapping[int, bytes]) -> PublicKey | None:
    """The weighed sum of the qualified polynomials' commitments. None where too few qualified."""
    if len(weights) < terms.dealers_min:
        return None
    commitments = tuple(
        reduce(group.add, (group.times(weight, deals[who].commitments[at]) for who, weight in weights.items()))
        for at in range(terms.k)
    )
    return PublicKey(purpose=terms.purpose, n=terms.n, commitments=commitments)


def _flat(posts: Posts) -> list[bytes]:
    return [bytes([number]) + posts.get(number, b"") for number in range(1, shamir.HOLDERS_MAX + 1)]
