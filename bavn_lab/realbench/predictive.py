"""Highly predictive blacklisting, and the plain lists beside it, each from every contributor's whole log in clear.

Zhang, Porras, Ullrich, "Highly Predictive Blacklisting", USENIX Security 2008. Here: the relevance ranking.
Contributor i is tied to j by W(i, j) = m_ij / m_i, the share of i's sources that j met too (no tie to itself); a source
s has b_s(j) = 1 where j met it; its relevance is the sum over k >= 1 of (alpha W)^k b_s, found as x - b_s of the linear
system (I - alpha W) x = b_s, with alpha = 1/2. A W with a largest eigenvalue above 1 is scaled down to it, so that the
sum is finite. Left out, since the data have neither ports nor targets: severity and the merge with it, and the filter
for crawlers and common services. Ties go to the source that began last, which favours it here.
"""

from typing import Final

import numpy as np

from bavn_lab.realbench.contacts import DAY_S, Floats, Ints, Meetings

ALPHA: Final = 0.5


def correlation(met: Ints, met_by: Ints, actors: int) -> Floats:
    """W, of pairs (source, actor), each once."""
    order = np.argsort(met, kind="stable")
    source, actor = met[order], met_by[order]
    common = np.zeros((actors, actors))
    np.add.at(common, (actor, actor), 1.0)
    size = np.bincount(np.unique(source, return_inverse=True)[1]) if len(source) else np.zeros(0, np.int64)
    shared = np.repeat(size > 1, size)
    source, actor = source[shared], actor[shared]
    for step in range(1, int(size.max(initial=0))):
        same = source[step:] == source[:-step]
        one, other = actor[step:][same], actor[:-step][same]
        np.add.at(common, (one, other), 1.0)
        np.add.at(common, (other, one), 1.0)
    weights = common / np.maximum(1.0, np.diag(common))[:, None]
    np.fill_diagonal(weights, 0.0)
    largest = float(np.abs(np.linalg.eigvals(weights)).max())
    return weights / max(1.0, largest)


def propagation(weights: Floats, alpha: float = ALPHA) -> Floats:
    """P(i, j): what one meeting at j makes a source relevant to i, over paths of every length."""
    unit = np.eye(len(weights))
    return np.asarray(np.linalg.inv(unit - alpha * weights) - unit)


def recent(known: Meetings, days: int) -> Meetings:
    """Only what was seen in the last so many days."""
    return known.where(known.seen >= known.at - days * DAY_S)


def latest(known: Meetings, sources: int) -> Ints:
    """For each source when it last began at any actor; 0 where at none."""
    when = np.zeros(sources, dtype=np.int64)
    np.maximum.at(when, known.source, known.newest)
    return when


def meetings(known: Meetings, sources: int) -> Floats:
    """By how many actors each source was met: the global worst offenders."""
    return np.bincount(known.source, minlength=sources).astype(np.float64)


def best(length: int, worth: Floats, then: Ints) -> Ints:
    """Places of the ``length`` of most worth, the best first, only those worth anything; ties by ``then``, the later
    first, then by place."""
    places = np.flatnonzero(worth > 0)
    if len(places) > length:
        least = np.partition(worth[places], len(places) - length)[len(places) - length]
        places = places[worth[places] >= least]
    return places[np.lexsort((places, -then[places], -worth[places]))][:length]
