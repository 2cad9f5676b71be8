"""Shamir's sharing over the group's scalars, and Feldman's commitments to it: any k of n, holders numbered 1 to 9.

A polynomial of degree k-1 hides its value at 0; holder i has the value at i. All of it is libsodium's arithmetic; what
is an integer here (a holder's number) is public. Refuses to know whose polynomial it is and what it is for.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Final

from bavn.model.ports import Dice
from bavn.psi import group

HOLDERS_MAX: Final = 9


def polynomial(k: int, dice: Dice, constant: bytes | None = None) -> tuple[bytes, ...]:
    """k coefficients, the constant first: uniform, or the one given."""
    first = group.random_scalar(dice) if constant is None else constant
    return (first, *(group.random_scalar(dice) for _ in range(k - 1)))


def value(coefficients: Sequence[bytes], at: int) -> bytes:
    """The polynomial at a holder's number, by Horner's rule."""
    x, sum_ = group.number(at), coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        sum_ = group.total(group.product(sum_, x), coefficient)
    return sum_


def commitments(coefficients: Sequence[bytes]) -> tuple[bytes, ...]:
    """Feldman's: each coefficient times the generator. BadPoint where one is zero."""
    return tuple(group.times_base(coefficient) for coefficient in coefficients)


def committed(points: Sequence[bytes], at: int) -> bytes:
    """What the polynomial behind the commitments is at a holder's number, times the generator; the identity where it is
    zero there. ``points`` are known to be elements: whoever chose some of them may have made sums cancel out."""
    x, sum_ = group.number(at), points[-1]
    for point in reversed(points[:-1]):
        sum_ = group.add(group.IDENTITY if sum_ == group.IDENTITY else group.times(x, sum_), point)
    return sum_


@cache
def weight(holder: int, among: tuple[int, ...]) -> bytes:
    """Lagrange's coefficient at 0 of one holder among those whose values are combined. ValueError where a number is no
    holder's, stands twice, or is not ``holder``'s."""
    if not are_holders(among) or holder not in among:
        raise ValueError(f"no such holders: {holder} among {among}")
    above, below = group.ONE, group.ONE
    for other in among:
        if other != holder:
            above = group.product(above, group.number(other))
            below = group.product(below, group.number(other - holder))
    return group.product(above, group.inverse(below))


def are_holders(numbers: Collection[int]) -> bool:
    """True for one number or more, each of 1 to 9 and none twice."""
    return 0 < len(set(numbers)) == len(numbers) and all(1 <= number <= HOLDERS_MAX for number in numbers)
