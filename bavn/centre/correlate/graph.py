"""The graph's term: what an element's neighbours score by the reports of actors that do not report the element itself.

G(x) = sum over y within two steps of w_xy * max(0, S(y, reports of others only) - s0). Only what others say counts: a
suspicion that names a domain and its address is one piece of evidence, and adding it up again would count it twice.
Where the term does not count (fitted.py) the
neighbours are named and not weighed. Links and weights are kin.py's; the bound that keeps the poisoning cap is
score.py's. Refuses to link anything.
"""

from collections.abc import Iterable
from typing import Final

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.kin import ByElement, Links, company_of, is_inbound, links_of, prints_of
from bavn.centre.correlate.score import Kin, by_group, congruent_pairs, printed_pairs, speakers, weigh
from bavn.model.observable import Observable
from bavn.model.sector.lead import Sign

NEIGHBOURS_MAX: Final = 50
_NATS_MIN: Final = 0.05


def kin_of(observable: Observable, elements: ByElement, links: Links, context: Context) -> Kin:
    """What the others say of an element: rare fingerprints seen with it, and the graph's term."""
    own = {sign.group for sign in elements[observable]} | {sign.actor for sign in elements[observable]}
    near = sorted(links.near(observable).items(), key=lambda pair: (-pair[1], pair[0]))[:NEIGHBOURS_MAX]
    worth: list[tuple[float, Observable]] = []
    counted = "graph" in context.weights.terms
    for other, weight in near:
        others = [
            sign
            for sign in elements.get(other, ())
            if sign.group not in own and sign.actor not in own and not is_inbound(sign)
        ]
        if others:
            score = weigh(other, others, context).score if counted else 0.0
            worth.append((weight * max(0.0, score - context.settings.graph_floor_nats), other))
    neighbours = sorted(
        ((nats, other) for nats, other in worth if nats >= _NATS_MIN or not counted),
        key=lambda one: (-one[0], one[1]),
    )
    return Kin(
        prints=prints_of(observable, elements, links, context),
        graph_nats=sum(nats for nats, _ in neighbours),
        graph_names=tuple(other for _, other in neighbours),
        company=company_of(observable, elements, links),
    )


def congruent_shares(signs: Iterable[Sign], context: Context) -> list[float]:
    """For each element of two groups or more the share of its pairs that are congruent, by period or by a rare
    fingerprint (for congruent.measure): an innocent server shows everybody the same certificate, too."""
    elements: dict[Observable, list[Sign]] = {}
    for sign in signs:
        elements.setdefault(sign.observable, []).append(sign)
    links = links_of(elements)
    shares, weights = [], context.weights
    for observable in sorted(elements):
        heads = [group[0] for group in by_group(speakers(elements[observable], weights), weights).values()]
        if len(heads) > 1:
            printed = printed_pairs(heads, prints_of(observable, elements, links, context))
            shares.append(max(congruent_pairs(heads), printed) / (len(heads) * (len(heads) - 1) / 2))
    return shares
