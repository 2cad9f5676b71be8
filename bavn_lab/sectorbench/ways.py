"""Ways from a day's suspicions to twenty leads: the product's, its ablations, the baselines and the oracle.

The product's way is the real one from the reveal on: Signs in buckets, correlate(), leads. The join itself is exact
(`bavn bench psi`), so it stands here as what it computes: who holds what in which tier. Refuses to know the truth.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.centre.correlate.congruent import measure as measure_congruent
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.dependence import Dependence
from bavn.centre.correlate.dependence import fit as fit_dependence
from bavn.centre.correlate.graph import congruent_shares
from bavn.centre.correlate.laws.crowd import crowds_of
from bavn.centre.correlate.laws.fitted import ASSUMED, Weights, shipped
from bavn.centre.correlate.laws.novelty import Novelty
from bavn.centre.correlate.laws.novelty import measure as measure_novelty
from bavn.centre.correlate.lists import Grade
from bavn.centre.correlate.run import Ranked, correlate
from bavn.centre.correlate.score import group_evidence, newness
from bavn.centre.correlate.settings import ScoreSettings
from bavn.centre.correlate.sharing import Fit, Seen, fit_all, start, stratum_of
from bavn.model.evidence import evidence_nats, p_bucket
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.sector.lead import Sign
from bavn_lab.sectorbench.background import P_MAX
from bavn_lab.sectorbench.campaigns import STRONG_P
from bavn_lab.sectorbench.day import DAY_HOUR, NO_PERIOD, NO_WALK, WEEK_HOURS, Day, Floats, Ints, Rows

BUDGET: Final = 20
OWN_LEADS: Final = 5
LEADS_KEPT: Final = 60
HOSTS_MIDDLE: Final = (1.0, 2.4, 6.3, 30.0)

Leads = Sequence[frozenset[int]]
"""Element numbers of each lead, best first."""


@dataclass(frozen=True, slots=True)
class DayLists:
    """Lists of a generated sector."""

    listed: Mapping[Observable, Grade]

    def of(self, observable: Observable) -> tuple[tuple[str, Grade], ...]:
        grade = self.listed.get(observable)
        return () if grade is None else (("generated", grade),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The product's way. ``revealed``: element -> honest and other actors that named it. ``context``: what the score
    knew."""

    context: Context
    ranked: tuple[Ranked, ...]
    numbers: Mapping[Observable, int]
    revealed: Mapping[int, frozenset[int]]

    def leads(self, term_off: str = "") -> Leads:
        """Elements of each lead, best first; ``term_off``: ranked as if that term were 0, and by score alone, without
        the rank cap (which no lead has as a term)."""
        order = range(len(self.ranked))
        if term_off:
            left = [r.lead.score - sum(t.nats for t in r.lead.terms if t.name == term_off) for r in self.ranked]
            order = sorted(order, key=lambda at: (-left[at], at))  # type: ignore[assignment]
        return [frozenset(self.numbers[o] for o in self.ranked[at].lead.observables) for at in order]


@dataclass(frozen=True, slots=True)
class JoinTier:
    """What a tier joins: suspicions with at most ``p_max``, the ``m`` strongest of each actor, shown where ``t`` hold
    them."""

    name: str
    t: int
    m: int
    p_max: float


TIERS_JOINED: Final = (JoinTier("A", 2, 1_000, STRONG_P), JoinTier("B", 3, 10_000, P_MAX))
APPEARING: Final = JoinTier("C", 2, 1_000, 0.02)
"""The rule that SCORING asks to be tried: what the commons call appearing may join at two. No round of the product."""


def tiers_of(day: Day) -> tuple[JoinTier, ...]:
    """The tiers that a day's rounds have."""
    return (*TIERS_JOINED, APPEARING) if day.appearing_joins else TIERS_JOINED


def offered(day: Day, rows: Rows, tier: JoinTier) -> dict[int, list[int]]:
    """The elements that each actor brings to a round, the most suspicious first, at most the tier's ``m``; what a list
    knows and what is ordinary next door stay at home."""
    may = _unlisted(day, rows) & ~np.isin(rows.element, sorted(day.established)) & (rows.p <= tier.p_max)
    if tier is APPEARING:
        may &= np.isin(rows.element, sorted(day.appearing))
    offered: dict[int, list[int]] = {actor: [] for actor in range(len(day.actors))}
    met: set[tuple[int, int]] = set()
    for at in np.lexsort((rows.element, rows.p, rows.actor)).tolist():
        key = int(rows.actor[at]), int(rows.element[at])
        if may[at] and key not in met and len(offered[key[0]]) < tier.m:
            met.add(key)
            offered[key[0]].append(key[1])
    return offered


def joined(day: Day, rows: Rows) -> tuple[Rows, dict[int, frozenset[int]]]:
    """What the rounds reveal of ``rows``: tier A (t=2, p <= .005) and tier B (t=3, p <= .05). The rows of every holder
    in its tier, and who they are by element. Computed on sets; joined.really_joined does it through the shares."""
    size, shown = len(day.observables), np.zeros(len(rows), dtype=bool)
    code = rows.actor * size + rows.element
    for tier in tiers_of(day):
        brought = [(actor, element) for actor, own in offered(day, rows, tier).items() for element in own]
        if not brought:
            continue
        pairs = np.array(brought, dtype=np.int64)
        count = np.bincount(pairs[:, 1], minlength=size)
        over = pairs[count[pairs[:, 1]] >= tier.t]
        shown |= np.isin(code, over[:, 0] * size + over[:, 1]) & (rows.p <= tier.p_max)
    kept = rows.where(shown)
    holders: dict[int, set[int]] = {}
    for element, actor in zip(kept.element.tolist(), kept.actor.tolist(), strict=True):
        holders.setdefault(element, set()).add(actor)
    return kept, {element: frozenset(actors) for element, actors in holders.items()}


def _unlisted(day: Day, rows: Rows) -> npt.NDArray[np.bool_]:
    """What a list knows stays at home: the door lets none of it join."""
    return ~np.isin(rows.element, [at for at, o in enumerate(day.observables) if o in day.listed])


def _held_by(rows: Rows, among: npt.NDArray[np.bool_], t: int) -> npt.NDArray[np.bool_]:
    count = np.bincount(rows.element[among], minlength=int(rows.element.max(initial=0)) + 1)
    return np.asarray(count[rows.element] >= t)


def scored(
    day: Day,
    rows: Rows,
    *,
    a_shift: float = 0.0,
    everything: bool = False,
    kept_max: int = LEADS_KEPT,
    weights: Weights | None = None,
) -> Scored:
    """The product's way over ``rows``. ``everything``: the oracle, without a join: any two holders count.
    ``kept_max``: so many leads, the best. ``weights``: other than those that are shipped."""
    if everything:
        unlisted = _unlisted(day, rows)
        kept = rows.where(unlisted & _held_by(rows, unlisted, 2))
        revealed: dict[int, frozenset[int]] = {}
    else:
        kept, revealed = joined(day, rows)
    signs = signs_of(day, kept)
    context = context_of(day, signs, weights or shipped(), a_shift, kept_max)
    numbers = {day.observables[element]: element for element in set(kept.element.tolist())}
    return Scored(context=context, ranked=correlate(signs, context, {}), numbers=numbers, revealed=revealed)


def context_of(day: Day, signs: Sequence[Sign], weights: Weights, a_shift: float, kept_max: int) -> Context:
    """What the centre would know at the day's end, its laws fitted on what was revealed, as it does daily."""
    lists = DayLists(day.listed)
    context = Context(
        now_us=(DAY_HOUR + 24) * HOUR_US,
        settings=replace(ScoreSettings(), leads_max=kept_max),
        lists=lists,
        register=day.register,
        first_hours=_first_hours(signs),
        sharing=_fitted(signs, lists, len(day.actors), a_shift),
        groups=len(set(day.actors.group.tolist())),
        weights=weights,
    )
    novel = Novelty() if weights is ASSUMED else measure_novelty(newness(signs, context))
    return replace(
        context,
        dependence=fit_dependence(group_evidence(signs, weights).values()) or Dependence(),
        congruent=measure_congruent(congruent_shares(signs, context)),
        novelty=novel,
        crowds=crowds_of(signs),
    )


def signs_of(day: Day, rows: Rows) -> list[Sign]:
    """The rows as the inbox would hand them on: in buckets."""
    signs = []
    group = day.actors.group
    columns = (getattr(rows, name).tolist() for name in Rows.__slots__)
    for number, (actor, element, p, hosts, first, last, period, regular, sort, walk) in enumerate(
        zip(*columns, strict=True)
    ):
        none = period == NO_PERIOD
        detector, technique = day.sorts[sort]
        signs.append(
            Sign(
                report_id=f"{number:064x}",
                actor=f"actor-{actor:03d}",
                group=f"group-{int(group[actor]):03d}",
                tier="A" if p <= STRONG_P else "B",
                round_id="00" * 16,
                observable=day.observables[element],
                detector=detector,
                technique=technique,
                p_bucket=p_bucket(p),
                hosts_bucket=hosts,
                first_hour=DAY_HOUR + first,
                last_hour=DAY_HOUR + last,
                period_bucket=None if none else period,
                regularity_bucket=None if none else regular,
                walk_half_nats=None if walk == NO_WALK else walk,
                received_us=(DAY_HOUR + 23) * HOUR_US,
            )
        )
    return signs


def _first_hours(signs: Iterable[Sign]) -> dict[Observable, dict[str, int]]:
    first_hours: dict[Observable, dict[str, int]] = {}
    for sign in signs:
        groups = first_hours.setdefault(sign.observable, {})
        groups[sign.group] = min(groups.get(sign.group, sign.first_hour), sign.first_hour)
    return first_hours


def _fitted(signs: Sequence[Sign], lists: DayLists, actors: int, a_shift: float) -> dict[str, Fit]:
    """The laws of benign sharing, fitted on what was revealed, as the centre does daily."""
    holders: dict[Observable, set[str]] = {}
    for sign in signs:
        holders.setdefault(sign.observable, set()).add(sign.group)
    counts: dict[str, dict[int, int]] = {}
    for observable, groups in holders.items():
        stratum = stratum_of(observable, listed=bool(lists.of(observable)))
        counts.setdefault(stratum, {}).setdefault(len(groups), 0)
        counts[stratum][len(groups)] += 1
    seen = {
        stratum: [Seen(k=k, t=3, count=count) for k, count in sorted(by_k.items()) if k >= 3]
        for stratum, by_k in counts.items()
    }
    fits = fit_all(seen, actors)
    if a_shift:
        return {s: Fit(min(0.98, fits.get(s, start(s)).a + a_shift), 1) for s in counts}
    return fits


# --- baselines ------------------------------------------------------------------------------------------------------


def own_lists(day: Day, rows: Rows, length: int) -> dict[int, list[int]]:
    """Each actor's own strongest elements, as its own SOC would read them."""
    lists: dict[int, list[int]] = {}
    order = np.lexsort((rows.element, rows.p, rows.actor))
    for at in order.tolist():
        own = lists.setdefault(int(rows.actor[at]), [])
        if len(own) < length:
            own.append(int(rows.element[at]))
    return {actor: lists.get(actor, []) for actor in range(len(day.actors))}


@dataclass(frozen=True, slots=True)
class Counted:
    """Per element over all actors' rows in clear: what simple ways of ranking go by."""

    actors: Ints
    fisher: Floats
    rarity: Floats
    listed: npt.NDArray[np.bool_]
    flagged: Ints
    nats: Floats
    new: npt.NDArray[np.bool_]
    elements: Ints = field(repr=False)


def counted(day: Day, rows: Rows) -> Counted:
    """Sums over the actors that suspect each element; elements of one actor alone are left out."""
    size = len(day.observables)
    actors = np.bincount(rows.element, minlength=size)
    fisher = np.bincount(rows.element, weights=-2 * np.log(rows.p), minlength=size)
    hosts = np.bincount(rows.element, weights=np.array(HOSTS_MIDDLE)[rows.hosts], minlength=size)
    flags = np.zeros(size, dtype=np.int64)
    for actor, own in own_lists(day, rows, int(day.actors.lines.max())).items():
        flags[own[: int(day.actors.lines[actor])]] += 1
    listed = np.array([o in day.listed for o in day.observables])
    nats = np.bincount(rows.element, weights=[evidence_nats(p) for p in rows.p.tolist()], minlength=size)
    total = float(day.actors.hosts.sum())
    rarity = -np.log2((hosts + 0.5) / (total + 1))
    met_twice = np.flatnonzero(actors >= 2)
    return Counted(actors, fisher, rarity, listed, flags, nats / np.maximum(1, actors), _new(rows, size), met_twice)


def _new(rows: Rows, size: int) -> npt.NDArray[np.bool_]:
    """Whether the second actor that met an element did so this week, as the score asks."""
    order = np.lexsort((rows.first, rows.element))
    element, first = rows.element[order], rows.first[order]
    start = np.searchsorted(element, np.arange(size))
    second = np.minimum(start + 1, max(0, len(element) - 1))
    has_two = np.bincount(rows.element, minlength=size) >= 2
    if not len(element):
        return has_two
    return np.asarray(has_two & (first[second] >= 24 - WEEK_HOURS))


BASELINES: Final[dict[str, Callable[[Counted], Floats]]] = {
    "count of actors": lambda c: c.actors.astype(np.float64),
    "count minus popularity": lambda c: np.where(c.listed, -1.0, c.actors),
    "count x rarity": lambda c: np.where(c.listed, -1.0, c.actors * c.rarity),
    "count of local flags": lambda c: c.flagged + 1e-3 * c.actors,
    "Fisher": lambda c: np.where(c.listed, -1.0, c.fisher - 2.0 * c.actors),
    "new, then count": lambda c: _newest_first(c, c.actors.astype(np.float64)),
    "new, then Fisher": lambda c: _newest_first(c, c.fisher - 2.0 * c.actors),
    "new, then mean l(p)": lambda c: _newest_first(c, c.nats),
}


def _newest_first(counts: Counted, worth: Floats) -> Floats:
    """What is new this week before all that is not, and nothing listed."""
    return np.where(counts.listed, -1e6, worth + np.where(counts.new, 1e6, 0.0))


def by_baseline(name: str, numbers: Counted) -> Leads:
    """The budget's elements by one baseline, each a lead."""
    worth = BASELINES[name](numbers)[numbers.elements]
    order = numbers.elements[np.argsort(-worth, kind="stable")]
    return [frozenset([int(element)]) for element in order[:BUDGET]]


def terms_of(product: Scored) -> tuple[str, ...]:
    """The terms of the score that took part in any lead, but the lists and the cap: what an ablation switches off."""
    return tuple(sorted({term.name for one in product.ranked for term in one.lead.terms} - {"lists", "cap"}))
