"""How one of several key holders fails, by dice: it is dead, is silent, or says something wrong in place of its part.

Refuses to know whom it answers and how a node finds out.
"""

from dataclasses import dataclass
from typing import Final, Literal

from bavn.model.ports import Dice
from bavn.psi.threshold import evaluate, shamir
from bavn.psi.threshold.shares import KeyShare, PublicKey
from bavn.psi.threshold.terms import IDS, ROUNDS, purpose
from bavn.traffic.dice import SeededDice
from bavn.wire.keyholder import PartAnswered, PartAsked

Fault = Literal["silent", "wrong_part", "wrong_proof", "other_key", "other_number"]
FAULTS: Final[tuple[Fault, ...]] = ("silent", "wrong_part", "wrong_proof", "other_key", "other_number")
POINT_DIGITS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderFaults:
    """Shares of its answers in 0..1 that are each fault; together at most 1 (ValueError). ``other_key``: by a key that
    it made up alone, which it names as the day's too; ``other_number``: under the number of another that was asked.
    ``dead``: it answers nobody, makes no keys, and starts from its disk when it is back."""

    silent: float = 0.0
    wrong_part: float = 0.0
    wrong_proof: float = 0.0
    other_key: float = 0.0
    other_number: float = 0.0
    dead: bool = False

    def __post_init__(self) -> None:
        shares: list[float] = [getattr(self, fault) for fault in FAULTS]
        if min(shares) < 0 or sum(shares) > 1 + 1e-9:
            raise ValueError("each share of faults lies in 0..1, and so does their sum")

    def drawn(self, dice: SeededDice) -> Fault | None:
        """What becomes of one answer; always one throw."""
        thrown = dice.unit()
        for fault in FAULTS:
            thrown -= getattr(self, fault)
            if thrown < 0:
                return fault
        return None


def bent(fault: Fault, answer: PartAnswered, request: PartAsked, own: tuple[KeyShare, KeyShare]) -> PartAnswered:
    """The answer as the fault makes it. ``own``: the liar's shares of keys that it made up."""
    match fault:
        case "wrong_part":
            points = answer.points[:-POINT_DIGITS] + answer.points[:POINT_DIGITS]
            return answer.model_copy(update={"points": points})
        case "wrong_proof":
            return answer.model_copy(update={"proofs": "00" * (len(answer.proofs) // 2)})
        case "other_number":
            other = next(number for number in request.holders if number != answer.number)
            return answer.model_copy(update={"number": other})
        case "other_key":
            questions = (request.split(), evaluate.round_points(request.params()))
            dice = SeededDice(0, f"proofs {request.round_id}")
            parts = [
                evaluate.evaluate(share, request.holders, points, dice)
                for share, points in zip(own, questions, strict=True)
            ]
            return PartAnswered.of(request.round_id, parts[0], parts[1])
        case "silent":
            return answer


def made_up(number: int, k: int, n: int, epoch: int, tier: str, dice: Dice) -> tuple[KeyShare, KeyShare]:
    """Holder ``number``'s shares of a day's keys that nobody else has part in: of elements, and of rounds."""
    shares = []
    for use in (IDS, ROUNDS):
        polynomial = shamir.polynomial(k, dice)
        public = PublicKey(purpose=purpose(epoch, tier, use), n=n, commitments=shamir.commitments(polynomial))
        shares.append(KeyShare.of(number, public, shamir.value(polynomial, number)))
    return shares[0], shares[1]
