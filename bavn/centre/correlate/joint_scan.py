"""Correlator: one source that tries doors at several actors, too few at each.

Sees: an address whose tries fail at several actors, three at each and up: each actor's walk is too short for an alarm
of its own, all of them together are not chance.
Misses: a scan spread over many sources; tries that mostly succeed; a source that fails fewer than three times at each,
since a node reports nothing of it; few actors of a large sector (seven of a hundred are not enough, eight are).
Innocent: internet-wide research scanners and monitors (shared by nearly all, so the sharing term holds them down); a
partner whose address was blocked or moved at everybody on the same day.
Do first: ask at the actors what the tries were for and whether any door opened; look the source up.

The walks are unfloored. Yet a node reports only one that went up, so a plain sum over those who report is chosen by its
outcome, and Wald's bound does not hold for it (bench/joint_scan.py: up to 0.3 false alarms a source). Instead the walk
of an actor is read as the tries n by which failures outweigh successes. A harmless source's tries fail one in five
(Jung et al. 2004), so n or more come with a chance of at most 5^-n after any fixed number of tries; and that k of the
sector's N groups see n or more comes with a chance below the tail of that binomial law, even if all are tried. Beyond
chance is a tail of at most 1e-5 / 3 for n = 1, 2 or 3. No actor counts for more than three tries.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from math import exp, lgamma, log, log1p
from typing import Final

from bavn.centre.correlate import wording
from bavn.centre.correlate.bounds.cap import GroupEvidence, Shape, capped
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.kin import ByElement, Links, is_inbound
from bavn.centre.correlate.score import Weighed, weigh
from bavn.centre.correlate.sharing import ln_ratio, stratum_of
from bavn.model.evidence import walk_steps
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.lead import Sign, Term

FALSE_MAX: Final = 1e-5
"""Chance at which a harmless source is called a scan (SCORING.md)."""
HARMLESS_FAILS: Final = 0.2
TRY_NATS: Final = -log(HARMLESS_FAILS)
TRIES_MAX: Final = 3
FLOOR_NATS: Final = -4.0
"""Where the scale of a joint scan begins while it may still be chance."""
_ADDRESSES = frozenset({ObservableType.IP4, ObservableType.IP6})


def tries(half_nats: int | None) -> int:
    """By how many tries failures outweigh successes, at least, cut to 0..``TRIES_MAX``."""
    return 0 if half_nats is None else max(0, min(TRIES_MAX, walk_steps(half_nats) // 2))


@lru_cache(maxsize=4096)
def tail(of: int, chance: float, k: int) -> float:
    """P(at least ``k`` of ``of``) where each comes by itself with this chance."""
    if k > of:
        return 0.0
    logs = (
        lgamma(of + 1) - lgamma(j + 1) - lgamma(of - j + 1) + j * log(chance) + (of - j) * log1p(-chance)
        for j in range(k, of + 1)
    )
    return min(1.0, sum(exp(one) for one in logs))


def _most(sign: Sign) -> tuple[int, int, str]:
    return tries(sign.walk_half_nats), sign.received_us, sign.report_id


def _inbound(signs: Sequence[Sign]) -> list[Sign]:
    """The report of each actor on tries from outside, the one with most tries."""
    best: dict[str, Sign] = {}
    for sign in signs:
        if is_inbound(sign) and tries(sign.walk_half_nats) > 0:
            known = best.get(sign.actor)
            if known is None or _most(sign) > _most(known):
                best[sign.actor] = sign
    return [best[actor] for actor in sorted(best)]


def walks(signs: Sequence[Sign]) -> list[int]:
    """Tries of each group, the most first; a group counts once, by its longest walk."""
    most: dict[str, int] = {}
    for sign in _inbound(signs):
        most[sign.group] = max(most.get(sign.group, 0), tries(sign.walk_half_nats))
    return sorted(most.values(), reverse=True)


def beyond_chance(longest_first: Sequence[int], of: int) -> bool:
    """Whether so many of ``of`` groups seeing so many failed tries is too much for chance. One more report, or a longer
    walk, never makes it less."""
    for least in range(1, TRIES_MAX + 1):
        k = sum(one >= least for one in longest_first)
        if k > 1 and tail(max(of, len(longest_first)), HARMLESS_FAILS**least, k) <= FALSE_MAX / TRIES_MAX:
            return True
    return False


def depth(longest_first: Sequence[int], of: int) -> int:
    """How many groups would have to be silent for it to be chance; 0 where it may be chance as it is."""
    return next(j for j in range(len(longest_first) + 1) if not beyond_chance(longest_first[j:], of))


def find(elements: ByElement, _: Links, context: Context, wanted: Collection[Observable]) -> tuple[Weighed, ...]:
    """Every address that tries doors at two groups or more. Where that may still be chance it stands far down, so that
    one more report cannot lift it far."""
    findings = []
    for observable in sorted(wanted):
        signs = _inbound(elements[observable]) if observable.type in _ADDRESSES else []
        if len({sign.group for sign in signs}) > 1:
            findings.append(_weighed(weigh(observable, signs, context), signs, context))
    return tuple(findings)


def _weighed(plain: Weighed, signs: Sequence[Sign], context: Context) -> Weighed:
    """The score of a joint scan: the walk (up to what a scan is worth: that it scans is sure, whether that matters is
    another thing) and sharing, capped, and lists. Novelty is left out: scanners are always new.

    The cap holds: the least of functions that no actor lifts by more than c is one, and so is FLOOR_NATS + c * depth.
    """
    law = context.law(stratum_of(plain.observable, listed=bool(context.lists.of(plain.observable))))
    worths: dict[str, list[float]] = {}
    for sign in signs:
        worths.setdefault(sign.group, []).append(TRY_NATS * tries(sign.walk_half_nats))
    groups = [GroupEvidence(tuple(sorted(worths[name], reverse=True)), None) for name in sorted(worths)]
    c, longest = context.settings.influence_nats_max, walks(signs)

    worth = context.weights.walk

    def of_number(k: int) -> float:
        return ln_ratio(k, law.a, context.malicious_mean) if "sharing" in context.weights.terms else 0.0

    # min(sum, bound) + number, less c for each actor left out: the smaller of the two is the exact minimum.
    fewest = sorted(len(group.worths) for group in groups)
    bounded = min(worth + of_number(k) + c * sum(fewest[: len(groups) - k]) for k in range(1, len(groups) + 1))
    shape = Shape(scale=lambda _: 1.0, of_number=of_number, of_pairs=lambda _: 0.0)
    deep = FLOOR_NATS + c * depth(longest, context.groups)
    core = min(bounded, capped(groups, shape, c), deep)
    walk, number = min(TRY_NATS * sum(longest), worth), of_number(len(groups))
    kept = {term.name: term for term in plain.terms}
    sure = beyond_chance(longest, context.groups)
    terms = [
        Term("walk", walk, wording.walk(len(groups), sum(longest), sure=sure)),
        kept["sharing"],
        kept["lists"],
    ]
    if core - walk - number < -1e-9:
        terms.append(Term("cap", core - walk - number, wording.cap(core - walk - number, c)))
    return replace(plain, terms=tuple(terms), score=sum(term.nats for term in terms))
