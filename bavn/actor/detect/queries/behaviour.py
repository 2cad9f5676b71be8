"""Behaviour beside the peer: the rare pair of TLS fingerprints of a suspected conversation, and the chain of techniques
that one host went through. Elements of the private join where domain, address and file differ at every victim.

They are added to what a suspicion names already; they never make one. Refuses to name what is common: a pair that
several hosts here use or that goes to several peers, a chain that several hosts here show, and those that benign
networks were seen to share (``common_behaviour.json``). What is suspected only inside names nothing here either.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from itertools import combinations
from typing import Final, Self

import pyarrow as pa

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.queries.peers import as_address
from bavn.actor.detect.terms import SHARE_FREE
from bavn.model.intel.behaviour import bands_of, chain, pair
from bavn.model.intel.own_rules import is_of_own_rule
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.record import address_uuid
from bavn.model.suspicion import Suspicion

P_MAX: Final = 0.05
"""Weaker suspicions join no round (PSI.md, tier B), so nothing is added to them, and they are no step of a chain."""
HOSTS_RARE_MAX: Final = 2
"""A pair or chain at more hosts, and at more than SHARE_FREE of them, is the actor's own habit."""
PAIR_PEERS_MAX: Final = 3
PEERS_MET_MIN: Final = 10
"""Only where so many TLS peers were met may a pair be called rare."""
PAIR_SHARE_MIN: Final = 0.5
"""A pair stands for a conversation only if half of its calls show it: a browser that shuffles its hello never does."""
PAIRED_MAX: Final = 2_000
CHAIN_HOURS: Final = 48
"""Techniques first seen further apart are no chain (SCORING.md)."""
STEPS_KEPT_MAX: Final = 4
"""Of more techniques the strongest stay."""
STEPS_WITH_PERIOD_MIN, STEPS_WITHOUT_PERIOD_MIN = 2, 3
"""Two techniques with nothing else in common are too little to go by."""
_ADDRESSES: Final = (ObservableType.IP4, ObservableType.IP6)

NOT_OWN_STEPS: Final = ("T1595", "T1110", "T1133")
"""What is done to a host from outside: everybody whom the internet reaches has that."""
DAYS: Final = 7
"""So far back prevalence is asked for: what is older joins no round."""
_OUTSIDE: Final = "is_home(src) AND NOT is_home(dst) AND ja3s IS NOT NULL AND ts >= make_timestamp($since)"
_EACH: Final = f"""
    SELECT src, dst, sni, ja3 || '+' || ja3s AS pair FROM tls WHERE {_OUTSIDE} AND ja3 IS NOT NULL
    UNION ALL SELECT src, dst, sni, ja4 || '+' || ja3s FROM tls WHERE {_OUTSIDE} AND ja4 IS NOT NULL"""
_FOUR: Final = "starts_with(pair, 't') OR starts_with(pair, 'q')"
_PAIRS: Final = f"""
    WITH said AS ({_EACH}),
    mine AS (SELECT number, pair, {_FOUR} AS four, count(*) AS n FROM said JOIN asked ON src = host::UUID
        AND (dst = peer::UUID OR sni = "name" OR ends_with(sni, '.' || "name")) GROUP BY ALL),
    calls AS (SELECT number, four, sum(n) AS total FROM mine GROUP BY ALL),
    used AS (SELECT pair, count(DISTINCT src) AS hosts, count(DISTINCT dst) AS peers FROM said
        WHERE pair IN (SELECT pair FROM mine) GROUP BY pair)
    SELECT DISTINCT number, pair FROM mine JOIN calls USING (number, four) JOIN used USING (pair)
    WHERE n >= {PAIR_SHARE_MIN} * total AND hosts <= $hosts AND peers <= {PAIR_PEERS_MAX} ORDER BY number, pair"""
_MET: Final = f"SELECT count(DISTINCT dst) >= {PEERS_MET_MIN} FROM tls WHERE {_OUTSIDE}"


@dataclass(frozen=True, slots=True)
class Common:
    """Pairs and chains that benign networks share: nothing to go by."""

    values: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str) -> Self:
        """From the shipped file's text."""
        told: Mapping[str, list[str]] = json.loads(text)
        return cls(frozenset(told["pairs"]) | frozenset(told["chains"]))

    def __contains__(self, observable: Observable) -> bool:
        return observable.value in self.values or observable.value.partition("@")[0] in self.values


@lru_cache(maxsize=1)
def shipped() -> Common:
    """The list that comes with Bavn (bench/behaviour.py)."""
    return Common.of((files("bavn.actor.detect") / "common_behaviour.json").read_text(encoding="utf-8"))


def with_behaviour(suspicions: Sequence[Suspicion], context: DetectorContext, common: Common) -> list[Suspicion]:
    """The same suspicions in the same order; those that may join a round name rare pairs and chains as well."""
    hosts_max = max(HOSTS_RARE_MAX, int(SHARE_FREE * context.terms.hosts))
    chosen = [s for s in suspicions if s.p <= P_MAX and not s.listed and s.observables]
    more: dict[str, list[Observable]] = {}
    for one, made in (*_pairs(chosen[:PAIRED_MAX], context, hosts_max), *_chains(suspicions, hosts_max)):
        if made not in common:
            more.setdefault(one.id, []).append(made)
    return [replace(s, observables=(*s.observables, *more[s.id])) if s.id in more else s for s in suspicions]


def _pairs(
    chosen: Sequence[Suspicion], context: DetectorContext, hosts_max: int
) -> Iterator[tuple[Suspicion, Observable]]:
    """The rare pair of each suspected conversation, JA3+JA3S and JA4+JA3S (Suricata tells no JA4S)."""
    since = {"since": context.window.last_us - DAYS * DAY_US}
    if not chosen or not context.window.rows(_MET, since)[0][0]:
        return
    rows = [
        (number, str(address_uuid(suspicion.host)), *_peer(observable))
        for number, suspicion in enumerate(chosen)
        if as_address(suspicion.host)
        for observable in suspicion.observables
        if observable.type in (*_ADDRESSES, ObservableType.DOMAIN)
    ]
    if not rows:
        return
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {
            "number": pa.array(columns[0], pa.int64()),
            "host": pa.array(columns[1], pa.string()),
            "peer": pa.array(columns[2], pa.string()),
            "name": pa.array(columns[3], pa.string()),
        }
    )
    for number, text in context.window.rows(_PAIRS, {"hosts": hosts_max, **since}, tables={"asked": table}):
        client, _, server = str(text).partition("+")
        try:
            yield chosen[number], pair(client, server)
        except NotCanonical:
            continue


def _peer(observable: Observable) -> tuple[str | None, str | None]:
    if observable.type is ObservableType.DOMAIN:
        return None, observable.value
    return str(address_uuid(observable.value)), None


def _chains(suspicions: Iterable[Suspicion], hosts_max: int) -> list[tuple[Suspicion, Observable]]:
    """Each host's chains, at the strongest of its suspicions that names somebody outside; those of many hosts not."""
    by_host: dict[str, list[Suspicion]] = {}
    for suspicion in suspicions:
        if (
            suspicion.p <= P_MAX
            and not suspicion.listed
            and not is_of_own_rule(suspicion)
            and suspicion.technique.partition(".")[0] not in NOT_OWN_STEPS
        ):
            by_host.setdefault(suspicion.host, []).append(suspicion)
    chains = [
        (speaker, observable)
        for _, mine in sorted(by_host.items())
        if (speaker := min((s for s in mine if s.observables), key=_strongest, default=None)) is not None
        for observable in _chains_of(speaker, mine)
    ]
    shown: dict[Observable, set[str]] = {}
    for speaker, observable in chains:
        shown.setdefault(observable, set()).add(speaker.host)
    return [(speaker, observable) for speaker, observable in chains if len(shown[observable]) <= hosts_max]


def _chains_of(speaker: Suspicion, mine: Sequence[Suspicion]) -> list[Observable]:
    """The chains of one host that its strongest suspicion is a step of: all steps, and each set of one step fewer, so
    that one which another victim does not show does not part them."""
    best: dict[str, Suspicion] = {speaker.technique: speaker}
    first: dict[str, int] = {}
    for suspicion in sorted(mine, key=_strongest):
        if abs(suspicion.first_us - speaker.first_us) <= CHAIN_HOURS * HOUR_US:
            best.setdefault(suspicion.technique, suspicion)
            first[suspicion.technique] = min(suspicion.first_us, first.get(suspicion.technique, suspicion.first_us))
    others = [technique for technique in best if technique != speaker.technique][: STEPS_KEPT_MAX - 1]
    ordered = sorted((speaker.technique, *others), key=lambda technique: (first[technique], technique))
    repeating = next((best[t] for t in (speaker.technique, *others) if best[t].period_s is not None), None)
    observables: list[Observable] = []
    for length in (len(ordered), len(ordered) - 1):
        for some in combinations(ordered, length):
            if speaker.technique in some:
                observables += _with_bands(some, repeating if repeating and repeating.technique in some else None)
    return observables


def _with_bands(steps: tuple[str, ...], repeating: Suspicion | None) -> Iterator[Observable]:
    """One chain for each band of the period; none for what is too short to go by, or no technique's id."""
    bands = bands_of(repeating.period_s) if repeating is not None and repeating.period_s is not None else ()
    if len(steps) < (STEPS_WITH_PERIOD_MIN if bands else STEPS_WITHOUT_PERIOD_MIN):
        return
    for band in bands or (None,):
        try:
            yield chain(steps, band)
        except NotCanonical:
            return


def _strongest(one: Suspicion) -> tuple[float, str, str]:
    return (one.p, one.detector, one.id)
