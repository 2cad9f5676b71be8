"""What others count, over the same windows as the detectors: RITA v5's beacon score and its rule for DNS, the entropy
of single queries, and plain counts of failed contacts. Written anew from what their authors publish; no fame, no rank.
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from bavn.actor.store.query.window import StoreWindow
from bavn.model.record import address_text

DAY_S = 86400.0
BARS = 24
CALLS_MIN = 4
SCORE_MEDIUM, SCORE_HIGH = 0.75, 0.90
"""RITA's default grades of a beacon."""
SUBDOMAINS_MIN = 100
"""RITA's default floor for names under one domain."""
ENTROPY_BITS_MIN = 4.0
FAILED_HOSTS_MIN, FAILED_PORTS_MIN = 25, 15
"""Zeek's classic scan policy: addresses on one port, ports of one address."""


@dataclass(frozen=True)
class Alarm:
    """``host``: who did it, or to whom, as the detector would say it."""

    host: str
    peer: str


def quartile_score(values: np.ndarray, *, times: bool) -> float:
    """Half Bowley skewness, half median deviation, as RITA scores intervals (``times``) and sizes."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    wide = high - low
    skew = abs((low + high - 2 * middle) / wide) if wide >= 10 and middle not in (low, high) else 0.0
    median = float(np.median(values))
    deviation = float(np.median(np.abs(values - median)))
    flat = max(0.0, 1 - deviation / median) if median >= 1 else float(times)
    return (1 - skew + flat) / 2


def rita_score(ts_s: np.ndarray, sizes: np.ndarray, first_s: float, last_s: float) -> float:
    """RITA v5's beacon score of one pair in a data set that lasts from ``first_s`` to ``last_s``: the mean of the
    scores of intervals, sizes, histogram and duration; 0 below four moments."""
    seconds = np.unique(ts_s.astype(np.int64))
    if len(seconds) < CALLS_MIN or last_s <= first_s:
        return 0.0
    bars = np.histogram(ts_s, bins=BARS, range=(first_s, last_s))[0]
    used = int((bars > 0).sum())
    flat = max(0.0, 1 - float(bars.std() / bars.mean()))
    step = math.ceil(bars.max() * 0.05)
    modes = sorted(Counter((bars[bars > 0] // step).tolist()).values())
    two = min(1.0, sum(modes[-2:]) / max(1, used - 1)) if used >= 11 else 0.0
    runs = "".join("x" if bar else " " for bar in np.tile(bars, 2)).split()
    longest = min(BARS, max(map(len, runs)))
    lasting = max((seconds[-1] - seconds[0]) / (last_s - first_s), longest / 12) if used >= 6 else 0.0
    parts = (
        quartile_score(np.diff(seconds), times=True),
        quartile_score(sizes, times=False),
        max(flat, two),
        min(1.0, float(lasting)),
    )
    return sum(parts) / 4


_PAIRS = """
    WITH sized AS (SELECT flow_id, min(bytes_toserver) AS size FROM flow WHERE flow_id <> 0 GROUP BY flow_id),
    calls AS (SELECT src, dst::VARCHAR AS peer, dst, epoch(ts) AS ts, bytes_toserver AS size FROM flow
        UNION ALL SELECT src, sni, dst, epoch(ts), size FROM tls LEFT JOIN sized USING (flow_id) WHERE sni <> ''
        UNION ALL SELECT src, host, dst, epoch(ts), size FROM http LEFT JOIN sized USING (flow_id) WHERE host <> '')
    SELECT src, peer, min(dst), list(ts ORDER BY ts), list(coalesce(size, 0) ORDER BY ts) FROM calls
    WHERE is_home(src) AND NOT is_home(dst) GROUP BY src, peer HAVING count(*) >= 4 ORDER BY src, peer"""


def rita_beacons(window: StoreWindow, score_min: float = SCORE_MEDIUM) -> set[Alarm]:
    """Pairs from inside to outside, by address and by name, of the last day."""
    last_s = window.last_us / 1e6
    first_s = max(window.first_us / 1e6, last_s - DAY_S)
    found = set()
    for src, peer, dst, ts, sizes in window.rows(_PAIRS):
        at, size = np.array(ts, float), np.array(sizes, float)
        late = at >= first_s
        if late.sum() >= CALLS_MIN and rita_score(at[late], size[late], first_s, last_s) >= score_min:
            text = address_text(dst) if peer == str(dst) else peer
            found.add(Alarm(address_text(src), text))
    return found


_SUBDOMAINS = """
    SELECT src, "domain", count(DISTINCT "name") AS n FROM name_hour WHERE kind = 'dns' AND is_home(src)
    AND "domain" IS NOT NULL AND "name" <> "domain" GROUP BY src, "domain" HAVING n >= $least ORDER BY src, "domain" """
_NAMES = """
    SELECT DISTINCT src, "domain", left("name", length("name") - length("domain") - 1) AS sub FROM name_hour
    WHERE kind = 'dns' AND is_home(src) AND "domain" IS NOT NULL AND "name" <> "domain" """


def rita_dns(window: StoreWindow) -> set[Alarm]:
    """Domains with many different names under them."""
    rows = window.rows(_SUBDOMAINS, {"least": SUBDOMAINS_MIN})
    return {Alarm(address_text(src), domain) for src, domain, _ in rows}


def entropy_dns(window: StoreWindow) -> set[Alarm]:
    """Domains under which a single name has this much entropy a character."""
    rows = window.rows(_NAMES)
    return {Alarm(address_text(src), domain) for src, domain, sub in rows if entropy_bits(sub) >= ENTROPY_BITS_MIN}


def entropy_bits(label: str) -> float:
    counts = Counter(label).values()
    return -sum(n / len(label) * math.log2(n / len(label)) for n in counts) if label else 0.0


_COUNTS = """
    WITH shut AS (SELECT src, dst, dst_port, proto, is_home(src) AS outward FROM pair_hour WHERE is_home(src) OR
        is_home(dst) GROUP BY src, dst, dst_port, proto HAVING sum(flows) = sum(failed))
    SELECT src, src AS host FROM shut GROUP BY src, dst_port, proto HAVING count(DISTINCT dst) >= $hosts
    UNION SELECT src, src FROM shut GROUP BY src, dst HAVING count(DISTINCT dst_port) >= $ports ORDER BY src"""


def plain_scans(window: StoreWindow) -> set[Alarm]:
    """Sources whose contacts to so many addresses on one port, or ports of one address, all failed."""
    rows = window.rows(_COUNTS, {"hosts": FAILED_HOSTS_MIN, "ports": FAILED_PORTS_MIN})
    return {Alarm(address_text(src), "") for src, _ in rows}
