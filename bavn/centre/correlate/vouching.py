"""Whose receipts a holder is shown, and what the holders' answers about one cell amount to.

A holder names an element only after the receipts of t-1 others have shown that they hold it too, and one wrong receipt
among them makes it decline (PSI.md, threshold receipts). So it is shown exactly t-1: a liar then silences only those
who were shown its receipt, and they are asked again with the receipts of holders that others have vouched for since.
Refuses to know which receipt is right: the centre cannot tell, and must not be able to.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Final, Literal

from bavn.centre.correlate.round_state import CellAnswer, CellRequest
from bavn.model.observable import Observable
from bavn.psi.round import Hit

ASKINGS_MAX: Final = 3
CANDIDATES_MAX: Final = 200

Standing = Literal["agreed", "open", "disputed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``agreed``: at least t holders named one value and nobody another. ``disputed``: two values were named."""

    standing: Standing
    observable: Observable | None


def judge(answers: Collection[CellAnswer], t: int) -> Verdict:
    """What the answers of a hit's holders amount to; fewer than t of one mind leave it open."""
    named = [answer.sign.observable for answer in answers if answer.sign is not None]
    if len(set(named)) > 1:
        return Verdict("disputed", None)
    if len(named) >= t:
        return Verdict("agreed", named[0])
    return Verdict("open", None)


def show(
    x: int, hit: Hit, with_tag: Collection[int], sent: Sequence[CellRequest], answers: Collection[CellAnswer], t: int
) -> tuple[int, ...] | None:
    """The t-1 others whose receipts to show holder ``x`` next, ascending; None where nothing is left to try.

    ``with_tag``: the holders of ``hit`` that gave a receipt. ``sent``, ``answers``: all about this hit so far. First
    the next ones round the ring of holders, so that no one actor is shown to everybody; then those who were vouched
    for most and doubted least. Never the same ones twice, and at most ``ASKINGS_MAX`` times.
    """
    tried = [set(entry.others) for entry in sent if entry.x == x and entry.step > 0]
    others = [y for y in hit.holders if y != x and y in with_tag]
    if len(tried) >= ASKINGS_MAX:
        return None
    standing = _standing(sent, answers)
    ring = sorted(others, key=lambda y: (y < x, y))
    ranked = sorted(ring, key=lambda y: -standing[y])
    for chosen in islice(combinations(ranked, t - 1), CANDIDATES_MAX):
        if set(chosen) not in tried:
            return tuple(sorted(chosen))
    return None


def _standing(sent: Sequence[CellRequest], answers: Collection[CellAnswer]) -> Counter[int]:
    """For each holder: how many named the element on its receipt, less how many did not."""
    reported = {answer.x for answer in answers if answer.sign is not None}
    last = {entry.x: entry for entry in sent if entry.step > 0}
    standing = Counter[int]()
    for entry in sent:
        if entry.step > 0:
            vouched = entry.x in reported and last[entry.x] is entry
            standing.update(dict.fromkeys(entry.others, 1 if vouched else -1))
    return standing
