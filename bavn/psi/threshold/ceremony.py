"""How holders make a key that no one of them ever has, or share one anew: one holder's part, round by round.

| round | posted for all | sent to one | then |
|---|---|---|---|
| deal | commitments, proof of knowledge | a sub-share to each holder | `Dealing.hear` |
| complain | whose sub-share did not come or does not fit | | `Complaining.hear` |
| answer | the sub-shares of those who complained | | `Answering.hear` |
| confirm | the transcript's hash | | `Confirming.hear` |

Each state is a value; ``hear`` takes what everybody posted in its round and gives the next state, with what this
holder posts. A round ends when its time is over: who posted nothing is silent. What this needs of the world: a board
that shows all holders the same posts under their senders' names, and to nobody else, and a sealed way from each to
each. Where the board shows two holders different posts their transcripts differ, and neither confirms the other's.

With k-1 or fewer holders that work together against the rest nobody learns the key; with no more than k-1 liars, and k
honest ones there throughout, all honest ones end with the same public key and each with a share of it. Do not expect
the key to be uniform: who is heard last may choose among a few (docs/decisions/0035-key-holders-by-threshold.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bavn.model.ports import Dice
from bavn.psi import group
from bavn.psi.threshold import shamir
from bavn.psi.threshold.judge import (
    Fault,
    Judgement,
    Posts,
    complaints_of,
    confirmed,
    deals_of,
    fits,
    judge,
    knowledge_context,
    read_as,
)
from bavn.psi.threshold.messages import Answers, Complaints, Confirmation, Deal, SubShare
from bavn.psi.threshold.proof import prove_knowledge
from bavn.psi.threshold.shares import KeyShare, PublicKey
from bavn.psi.threshold.terms import Terms


@dataclass(frozen=True, slots=True)
class Made:
    """The key is made. ``share`` is None for a holder that missed too much: a reshare gives it one. ``faults``: who is
    named."""

    public: PublicKey
    share: KeyShare | None
    qualified: tuple[int, ...]
    faults: tuple[Fault, ...]
    transcript: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """No key: begin anew with the next attempt, without those that are named."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Seat:
    """Whose part this is, and the polynomial it dealt: empty for one that dealt none, or has forgotten it."""

    terms: Terms
    number: int
    polynomial: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Dealing:
    """The deal is on its way."""

    _seat: _Seat

    def hear(self, deals: Posts, sub_shares: Mapping[int, bytes]) -> "tuple[Complaining, bytes]":
        """``sub_shares``: what came to this holder alone, by dealer. Also the post that complains, of none if all is
        well. Nobody reads the complaints of a dealer that gets no share."""
        seat, standing, mine = self._seat, deals_of(self._seat.terms, deals), {}
        for dealer, deal in standing.items():
            private = read_as(seat.terms, SubShare, dealer, sub_shares.get(dealer, b""))
            if dealer == seat.number and seat.polynomial:
                mine[dealer] = shamir.value(seat.polynomial, seat.number)
            elif private and private.receiver == seat.number and fits(deal, seat.number, private.scalar):
                mine[dealer] = private.scalar
        accused = tuple(dealer for dealer in standing if dealer not in mine and dealer != seat.number)
        post = Complaints(seat.terms.id, seat.number, accused)
        return Complaining(seat, dict(deals), mine), post.to_bytes()


@dataclass(frozen=True, slots=True)
class Complaining:
    """This holder has said what did not come to it."""

    _seat: _Seat
    _deals: Posts
    _mine: Mapping[int, bytes] = field(repr=False)

    def hear(self, complaints: Posts) -> "tuple[Answering, bytes]":
        """Also the post that answers: nothing where fewer than one or more than k-1 complain of this holder."""
        seat = self._seat
        by = complaints_of(seat.terms, complaints, deals_of(seat.terms, self._deals)).get(seat.number, ())
        revealed: dict[int, bytes] = {}
        if seat.polynomial and len(by) < seat.terms.k:
            revealed = {to: shamir.value(seat.polynomial, to) for to in by}
        post = Answers(seat.terms.id, seat.number, revealed)
        return Answering(_Seat(seat.terms, seat.number), self._deals, dict(complaints), self._mine), post.to_bytes()


@dataclass(frozen=True, slots=True)
class Answering:
    """This holder has answered, and its polynomial is forgotten."""

    _seat: _Seat
    _deals: Posts
    _complaints: Posts
    _mine: Mapping[int, bytes] = field(repr=False)

    def hear(self, answers: Posts) -> "tuple[Confirming, bytes] | Failed":
        """Also the post that confirms: nothing from a holder that got no share, since it could not evaluate."""
        seat = self._seat
        judged = judge(seat.terms, self._deals, self._complaints, answers)
        if judged.public is None:
            return Failed(judged.faults)
        share = _share(seat.number, judged.public, judged, self._mine)
        post = Confirmation(seat.terms.id, seat.number, judged.transcript).to_bytes() if share else b""
        return Confirming(seat, judged, share), post


@dataclass(frozen=True, slots=True)
class Confirming:
    """This holder knows the key that it would use, and waits for others to say the same."""

    _seat: _Seat
    _judged: Judgement
    _share: KeyShare | None

    @property
    def public(self) -> PublicKey | None:
        """The key that this holder confirms; None from one that got no share of it."""
        return self._judged.public if self._share else None

    @property
    def share(self) -> KeyShare | None:
        """This holder's share of it, which has to be safe before anybody hears that this holder confirms."""
        return self._share

    def hear(self, confirmations: Posts) -> Made | Failed:
        """The key counts once k holders confirm the same transcript: fewer could not evaluate by it."""
        terms, judged = self._seat.terms, self._judged
        same, other = confirmed(terms, judged.transcript, confirmations)
        faults = tuple(sorted({*judged.faults, *other}))
        if judged.public is None or same < terms.k:
            return Failed(faults)
        return Made(judged.public, self._share, tuple(judged.qualified), faults, judged.transcript)


def deal(
    terms: Terms, number: int, dice: Dice, held: KeyShare | None = None
) -> tuple[Dealing, bytes, dict[int, bytes]]:
    """A dealer's first step: its state, its post, and for each other holder a sub-share that only that one may see.
    ``held``: in a reshare the dealer's share of the old key. ValueError for one that does not deal here."""
    if number not in terms.dealers or (held.public if held else None) != terms.old:
        raise ValueError(f"holder {number} does not deal in this ceremony with what it holds")
    polynomial = shamir.polynomial(terms.k, dice, held.scalar if held else None)
    knowledge = prove_knowledge(polynomial[0], knowledge_context(terms, number), dice)
    post = Deal(terms.id, number, shamir.commitments(polynomial), knowledge)
    private = {
        to: SubShare(terms.id, number, to, shamir.value(polynomial, to)).to_bytes()
        for to in terms.holders
        if to != number
    }
    return Dealing(_Seat(terms, number, polynomial)), post.to_bytes(), private


def join(terms: Terms, number: int) -> Dealing:
    """The first step of a holder that deals nothing: in a reshare one that has no share to deal. ValueError for one
    that is to get no share."""
    if number not in terms.holders:
        raise ValueError(f"holder {number} gets no share in this ceremony")
    return Dealing(_Seat(terms, number))


def _share(number: int, public: PublicKey, judged: Judgement, mine: Mapping[int, bytes]) -> KeyShare | None:
    """The weighed sum of the sub-shares, of the qualified dealers alone: in private, or as they were answered."""
    sum_ = bytes(group.SCALAR_BYTES)
    for dealer, weight in judged.qualified.items():
        part = mine.get(dealer) or judged.revealed.get((dealer, number))
        if part is None:
            return None
        sum_ = group.total(sum_, group.product(weight, part))
    return KeyShare.of(number, public, sum_) if number in public.holders and not group.is_zero(sum_) else None
