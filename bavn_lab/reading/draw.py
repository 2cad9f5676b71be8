"""Leads drawn for reading, half of them attacks, with what each truly is and the right reason. Refuses to rank.

An attack is drawn among those of a day's first leads that hold one. Of the harmless leads half are hard negatives, a
kind in turn, and half stand among the first and merely happen to be shared: what an analyst's list is full of.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.centre.correlate.review.review import Review, review
from bavn.centre.correlate.run import Ranked
from bavn.traffic.dice import SeededDice
from bavn_lab.reading.dress import dressed
from bavn_lab.sectorbench.day import Day, Newness
from bavn_lab.sectorbench.run import CAMPAIGNS_A_DAY
from bavn_lab.sectorbench.ways import LEADS_KEPT, Scored, scored
from bavn_lab.sectorbench.worlds import Generated

ATTACK, HARMLESS = "attack", "harmless"
REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "incident": (ATTACK, "a name and its address (or more) come together as one incident at several"),
    "certificate": (ATTACK, "a rare certificate or fingerprint ties several together"),
    "peer": (ATTACK, "one address or name, met by few at one pace, binds them and nothing else"),
    "worm": (ATTACK, "it spreads inside each of them, from machine to machine"),
    "warned": (ATTACK, "somebody outside has warned of it"),
    "rollout": (HARMLESS, "a supplier's new service: new, at many at once, at one pace"),
    "everybody": (HARMLESS, "a browser, an update, a patch day: nearly the whole sector within days"),
    "own-service": (HARMLESS, "the sector's own service, or found harmless before"),
    "scanner": (HARMLESS, "a scanner that tries everybody's doors"),
    "one-voice": (HARMLESS, "one actor's word carries it: a fault, a test, or a lie"),
    "popular": (HARMLESS, "a content network, or a much used service"),
    "chance": (HARMLESS, "a coincidence: a few happen to have the same old or harmless thing"),
}
"""Reason -> (the verdict that it goes with, in words): the closed list that a reader picks from."""
KINDS: Final[Mapping[str, str]] = {
    "vendor": "rollout",
    "patch-day": "everybody",
    "browser": "everybody",
    "monitor": "own-service",
    "scanner": "scanner",
    "poison": "one-voice",
    "cdn": "popular",
}
"""Hard negative -> the right reason."""
LINKAGES: Final[Mapping[str, str]] = {"domain": "incident", "fingerprint": "certificate", "address": "peer"}
BACKGROUND: Final = "background"
ACTORS: Final = (15, 40)
UNKIND: Final = Newness(0.20, 0.25)
DEEP: Final = 400
"""Harmless leads are looked for among so many: hard negatives should not stand high."""
DAYS_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Drawn:
    """A lead in words and its key. ``kind``: hard negative, linkage or background; ``rank``: where it stood."""

    review: Review
    verdict: str
    reason: str
    kind: str
    rank: int
    actors: int


class TooFew(Exception):
    """The days hold too few leads of a kind. Whoever asked must ask for fewer."""


def drawn(count: int, seed: int) -> list[Drawn]:
    """``count`` leads, half of them attacks, in an order that tells nothing. Raises TooFew."""
    dice = SeededDice(seed, "reading")
    attacks: list[Drawn] = []
    harmless: list[Drawn] = []
    for number in range(DAYS_MAX):
        day_attacks, day_harmless = _of_day(ACTORS[number % len(ACTORS)], seed * 1000 + number)
        attacks += _some(day_attacks, 2, dice)
        harmless += _two_harmless(day_harmless, Counter(one.kind for one in harmless), dice)
        if len(attacks) >= count - count // 2 and len(harmless) >= count // 2:
            both = [*attacks[: count - count // 2], *harmless[: count // 2]]
            return _some(both, count, dice)
    raise TooFew(f"{DAYS_MAX} days hold {len(attacks)} attacks and {len(harmless)} harmless leads")


def _of_day(actors: int, seed: int) -> tuple[list[Drawn], list[Drawn]]:
    day = dressed(Generated().day(actors, seed, CAMPAIGNS_A_DAY, UNKIND), SeededDice(seed, "dress"))
    product = scored(day, day.rows, kept_max=DEEP)
    sector = len(set(day.actors.group.tolist()))
    attacks, harmless = [], []
    for ranked, kind, reason in _known(day, product):
        lead = Drawn(
            review=review(ranked.lead, ranked.elements, ranked.without, sector),
            verdict=REASONS[reason][0],
            reason=reason,
            kind=kind,
            rank=ranked.lead.rank,
            actors=actors,
        )
        if lead.verdict == HARMLESS:
            harmless.append(lead)
        elif lead.rank <= LEADS_KEPT:
            attacks.append(lead)
    return attacks, harmless


def _known(day: Day, product: Scored) -> Iterator[tuple[Ranked, str, str]]:
    """Each lead of one kind only, with its kind and the right reason."""
    negative = {element: name for name, elements in day.negatives.items() for element in elements}
    for ranked in product.ranked:
        elements = {product.numbers[observable] for observable in ranked.lead.observables}
        owners = {at for element in elements for at in day.campaigns_of.get(element, ())}
        names = {negative[element] for element in elements & negative.keys()}
        if len(owners) == 1 and elements <= set(day.campaigns[min(owners)].elements) and not names:
            linkage = day.campaigns[min(owners)].linkage
            if linkage == "domain" and len(elements) == 1:
                linkage = "address"  # only one of its two signs was revealed: that is all there is to read
            yield ranked, linkage, LINKAGES[linkage]
        elif not owners and len(names) == 1 and min(names) in KINDS:
            yield ranked, min(names), KINDS[min(names)]
        elif not owners and not names and ranked.lead.rank <= LEADS_KEPT:
            yield ranked, BACKGROUND, "chance"


def _some[T](those: Sequence[T], count: int, dice: SeededDice) -> list[T]:
    throws = dice.units(len(those)).tolist()
    order = sorted(range(len(those)), key=throws.__getitem__)
    return [those[at] for at in order[:count]]


def _two_harmless(those: Sequence[Drawn], had: Mapping[str, int], dice: SeededDice) -> list[Drawn]:
    """Of a day one hard negative, of the kind that was drawn least so far, and one that is none."""
    kinds = _some(sorted({one.kind for one in those} - {BACKGROUND}), len(those), dice)
    kinds.sort(key=lambda kind: had.get(kind, 0))
    return [one for kind in (*kinds[:1], BACKGROUND) for one in _some([o for o in those if o.kind == kind], 1, dice)]
