"""What a p-value is worth, and the coarse buckets in which it may leave an actor.

l(p) = ln(0.5 * p**-0.5), capped at 4 nats: a valid p-to-e calibrator (Vovk & Wang 2021, kappa = 1/2), so that sums
over actors stay honest (DETECTION.md). Buckets are DESIGN.md's class S1.
"""

import math

from bavn.model.moment import DAY_US

EVIDENCE_NATS_MAX = 4.0
EVIDENCE_NATS_MIN = -1.0
P_BUCKETS = 16
HOSTS_EDGES = (1, 3, 10)
AGE_EDGES_DAYS = (1, 3, 7, 21)
PERIOD_EDGES_S = (60, 300, 900, 1800, 3600, 7200, 14400)
REGULARITY_EDGES = (0.1, 0.3, 0.5, 0.7, 0.9)


def evidence_nats(p: float) -> float:
    """Calibrated log-likelihood evidence of a p-value in (0, 1]; ValueError outside."""
    if not 0.0 < p <= 1.0:
        raise ValueError(f"a p-value lies in (0, 1]: {p!r}")
    return min(EVIDENCE_NATS_MAX, math.log(0.5) - 0.5 * math.log(p))


def p_bucket(p: float) -> int:
    """0..15; bucket b holds 2**-(b+1) < p <= 2**-b, the last one all below."""
    if not 0.0 < p <= 1.0:
        raise ValueError(f"a p-value lies in (0, 1]: {p!r}")
    return min(P_BUCKETS - 1, math.floor(-math.log2(p)))


def p_of_bucket(bucket: int) -> float:
    """The largest p of the bucket: the centre never credits more evidence than was surely there."""
    if not 0 <= bucket < P_BUCKETS:
        raise ValueError(f"a p-bucket lies in 0..{P_BUCKETS - 1}: {bucket!r}")
    return float(2.0**-bucket)


def bucket_of(value: float, edges: tuple[float, ...]) -> int:
    """Index of the first edge that is >= value; ``len(edges)`` if none is."""
    return next((i for i, edge in enumerate(edges) if value <= edge), len(edges))


def hosts_bucket(hosts: int) -> int:
    """0: one host, 1: 2-3, 2: 4-10, 3: more than 10."""
    if hosts < 1:
        raise ValueError("a suspicion has at least one host")
    return bucket_of(hosts, HOSTS_EDGES)


def age_bucket(age_us: int) -> int:
    """How long an actor has known an element: 0: a day or less, 1: 3 days, 2: 7, 3: 21, 4: longer."""
    return bucket_of(age_us / DAY_US, AGE_EDGES_DAYS)


def alert_line(hosts: int) -> int:
    """How many suspicions an actor's own SOC reads in a day: max(3, hosts/1,000) (DETECTION.md)."""
    return max(3, hosts // 1000)


WALK_HALF_NATS_MAX = 16


def walk_half_nats(walk_nats: float) -> int:
    """A scan's unfloored walk in half nats, rounded down and cut to -16..16; half a failed try shows in it."""
    return max(-WALK_HALF_NATS_MAX, min(WALK_HALF_NATS_MAX, math.floor(2 * walk_nats)))


def walk_steps(half_nats: int) -> int:
    """The steps of ln 2 (half a failed try each) that a walk of so many half nats went, up or down: exact, since
    each number of steps has a number of half nats of its own."""
    return math.ceil(half_nats / 2 / math.log(2))
