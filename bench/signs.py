"""Fits what each sign of rarity says for an implant, and puts it into bavn/actor/detect/sign_weights.json.

    .venv/bin/python bench/signs.py [--sites] [--write] [--json]

Logistic weights over the outside peers of BAVN_DATA's fit set (bench/sets): labelled peers of malicious captures, every
family counting once, against all peers of benign sites, a site counting as at most SITE_PEERS. Fame and prevalence are
given. Monotone (no sign speaks for innocence), shrunk towards PRIOR_TIMES what the sign's rarity among benign peers is
worth (BENIGN_NATS, the weights of before; of SPARE at most what it is worth at the site of fit where it is most
common), and no sign alone above WEIGHT_MAX. For each sign: its weight, the families of fit and choose that show it at a
labelled peer, and the benign sites that show it at an unlisted one, at any, and in which it is most common (so many of
so many peers).

--sites: a site that nobody has seen. Benign peers of fit and choose over a line, each by weights fitted without its own
site; also as if no list knew the peer (a site's own suppliers are in none), nor whose network it is in. And families
with a labelled peer over it, by weights fitted without the family. Each capture is looked at once as a whole.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent))

from figures import tell
from labelled import ROOT, Labelled, data_needed
from sets import INNOCENT, everything, kept_window, site

from bavn.actor.detect.detectors.rarity import (
    OWN_NATS,
    STRANGE_NATS_MIN,
    Habits,
    is_rare,
    key_of,
    own_names,
    signs_of,
    unaged_nats,
)
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.queries.oddities import ODDITIES, SIGNS
from bavn.actor.detect.terms import PeerProfile, Terms
from bavn.model.intel.grades import Grade
from bavn.model.observable import registered_domain
from bavn.model.record import address_text

FILE = ROOT / "bavn" / "actor" / "detect" / "sign_weights.json"
NOTE = "Fitted by bench/signs.py on the fit set of labelled captures (docs/benchmarks.md, The ruler)."
NAMES = (*SIGNS, "unnamed", "lent")
BENIGN_NATS = {
    "tls_port": 1.7,
    "tls_nameless": 1.0,
    "self_signed": 2.2,
    "cert_other": 1.5,
    "tls_software": 1.8,
    "http_port": 2.2,
    "bare_address": 1.5,
    "post_alone": 1.8,
    "agent": 2.0,
    "agentless": 1.7,
    "server": 1.8,
    "program": 1.7,
    "raw_port": 1.4,
    "raw_alone": 0.5,
    "lone_port": 1.5,
    "masked": 2.0,
    "drop": 1.5,
    "inside_service": 2.0,
    "curious": 2.0,
    "unnamed": 0.6,
    "lent": 2.0,
}
"""-0.4 ln(share of peers in benign captures that show the sign); of a newer sign the fit set's own share, at most 2."""
BENIGN_NATS_MAX = 2.0
SPARE = ("tls_nameless", "tls_software", "agent", "server", "raw_alone", "equal_calls")
"""Signs of some benign site without which nothing of fit or choose is told less: no family pays for their caution."""
PRIOR_TIMES, SHRINKAGE, WEIGHT_MAX, SITE_PEERS = 0.4, 3.0, 1.15, 20
ROUNDS, STEP = 4000, 0.02
LINES = (0.9, STRANGE_NATS_MIN, 1.5)


@dataclass(frozen=True, slots=True)
class Peer:
    """One outside peer. ``guilty``: the label names it. ``group``: family or site. ``given``: nats of fame,
    ``unlisted``: as if no list knew it, ``unknown``: nor its network. ``left``: of each sign, the share that its being
    usual there leaves. ``own``: nats for the actor's own name. ``rare``: few hosts call it."""

    part: str
    group: str
    guilty: bool
    signs: tuple[bool, ...]
    given: float
    unlisted: float
    unknown: float
    left: tuple[float, ...]
    own: float
    rare: bool


def peers(one: Labelled, part: str) -> Iterator[Peer]:
    """The labelled peers of a malicious capture, or all of a benign one."""
    with kept_window(one) as made:
        if made is None:
            return
        terms = Terms(made, lists.shipped)
        tellers = pa.table({"name": pa.array(terms.lists.address_tellers, pa.string())})
        columns = ", ".join(f'"{sign}"' for sign in SIGNS)
        sql = f"WITH {ODDITIES} SELECT dst, host, hosts, tls, {columns} FROM odd ORDER BY dst"
        rows = made.rows(sql, tables={"tellers": tellers})
        facts = terms.addresses(address_text(row[0]) for row in rows)
        has_names = bool(made.rows("SELECT 1 FROM dns WHERE answered AND answers IS NOT NULL LIMIT 1"))
        odd: list[tuple[str, str, int, tuple[str, ...]]] = []
        for dst, host, hosts, tls, *shown in rows:
            address = address_text(dst)
            signs = tuple(sign for sign, is_shown in zip(SIGNS, shown, strict=True) if is_shown)
            odd.append((address, address_text(host), hosts, signs_of(signs, facts[address], tls=tls)))
        habits = Habits.of(((host, key_of(at, facts[at]), signs) for at, host, _, signs in odd), terms.hosts)
        for address, host, hosts, signs in odd:
            known = facts[address]
            guilty = one.kind == "malicious" and _named(one, address, host, known)
            if guilty or one.kind in INNOCENT:
                lent = any(terms.lists.is_lent(name) for name in known.names)
                unlisted = replace(known, grade=Grade.UNKNOWN)
                yield Peer(
                    part=part,
                    group=one.family if guilty else site(one),
                    guilty=guilty,
                    signs=(*(sign in signs for sign in SIGNS), has_names and not known.names, lent),
                    given=unaged_nats(terms, known),
                    unlisted=unaged_nats(terms, unlisted),
                    unknown=unaged_nats(terms, replace(unlisted, edge=False)),
                    left=(*(habits.left(host, sign) if sign in signs else 0.0 for sign in SIGNS), 1.0, 1.0),
                    own=OWN_NATS if own_names(known, terms) else 0.0,
                    rare=is_rare(hosts, terms),
                )


def _named(one: Labelled, address: str, host: str, known: PeerProfile) -> bool:
    spellings = {address, *(registered_domain(name) or name for name in known.names)}
    return bool(one.peers & spellings) and (not one.hosts or host in one.hosts)


def prior(some: list[Peer]) -> np.ndarray:
    """What each sign is worth by how rare it is among the benign alone."""
    benign = [peer for peer in some if not peer.guilty]
    many = Counter(peer.group for peer in benign)
    made = []
    for place, name in enumerate(NAMES):
        shown = Counter(peer.group for peer in benign if peer.signs[place])
        share = (1 + shown.total()) / (1 + len(benign))
        nats = BENIGN_NATS.get(name, min(BENIGN_NATS_MAX, -0.4 * float(np.log(share))))
        if name in SPARE and shown:
            worst = max((1 + count) / (SITE_PEERS + many[group]) for group, count in shown.items())
            nats = min(nats, max(0.0, -0.4 * float(np.log(worst))))
        made.append(nats)
    return PRIOR_TIMES * np.array(made)


def fitted(some: list[Peer]) -> np.ndarray:
    """The weights, by projected gradient: the same for the same peers."""
    toward = prior(some)
    signs = np.array([peer.signs for peer in some], float)
    guilty = np.array([float(peer.guilty) for peer in some])
    given = np.array([peer.given for peer in some])
    many = Counter((peer.guilty, peer.group) for peer in some)
    counts = np.array([many[peer.guilty, peer.group] for peer in some], float)
    weight = np.where(guilty == 1, 1 / counts, np.minimum(1, SITE_PEERS / counts))
    base, nats = -3.0, toward.copy()
    for _ in range(ROUNDS):
        slope = weight * (1 / (1 + np.exp(-(base + signs @ nats + given))) - guilty)
        base -= 20 * STEP * float(slope.sum() / weight.sum())
        nats = np.clip(nats - STEP * (signs.T @ slope + SHRINKAGE * (nats - toward)), 0, WEIGHT_MAX)
    return nats


def over(some: list[Peer], nats: np.ndarray, line: float, fame: Callable[[Peer], float]) -> list[Peer]:
    """Those that the detector would call strange."""
    return [
        peer
        for peer in some
        if peer.rare and float(np.array(peer.signs) * peer.left @ nats) + fame(peer) + peer.own >= line
    ]


def left_out(every: list[Peer]) -> dict[str, str]:
    """Over each line: benign peers by weights fitted without their site, families by weights without themselves."""
    fit = _of(every, "fit")
    whole = fitted(fit)
    groups = sorted({(peer.guilty, peer.group) for peer in every})
    weights = {
        one: fitted([peer for peer in fit if (peer.guilty, peer.group) != one])
        if any((peer.guilty, peer.group) == one for peer in fit)
        else whole
        for one in groups
    }
    fames: dict[str, Callable[[Peer], float]] = {
        "": lambda peer: peer.given,
        ", if no list knew it": lambda peer: peer.unlisted,
        ", nor its network": lambda peer: peer.unknown,
    }
    mine = {one: [peer for peer in every if (peer.guilty, peer.group) == one] for one in groups}
    rows = {}
    for line in LINES:
        for said, fame in fames.items():
            found = {one: over(mine[one], weights[one], line, fame) for one in groups if not one[0]}
            same = sum(len(over(mine[one], whole, line, fame)) for one in found)
            rows[f"benign peers over {line}{said}"] = (
                f"{sum(map(len, found.values()))} of {sum(len(mine[one]) for one in found)} "
                f"in {sum(map(bool, found.values()))} of {len(found)} sites (with all sites fitted: {same})"
            )
        guilty = [one for one in groups if one[0]]
        told = sum(bool(over(mine[one], weights[one], line, fames[""])) for one in guilty)
        same = sum(bool(over(mine[one], whole, line, fames[""])) for one in guilty)
        rows[f"families over {line}"] = f"{told} of {len(guilty)} (with all families fitted: {same})"
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("sites", "write", "json"):
        parser.add_argument(f"--{flag}", action="store_true")
    asked = parser.parse_args()
    chosen = [pair for pair in everything(data_needed().parent) if pair[1] in ("fit", "choose")]
    every = [peer for one, part in chosen if one.kind in (*INNOCENT, "malicious") for peer in peers(one, part)]
    nats = {name: round(float(value), 2) for name, value in zip(NAMES, fitted(_of(every, "fit")), strict=True)}
    many = Counter(peer.group for peer in every if not peer.guilty)
    rows: dict[str, str] = {}
    for place, name in enumerate(NAMES):
        shown = [peer for peer in every if peer.signs[place]]
        fit, choose = (len({peer.group for peer in _of(shown, part) if peer.guilty}) for part in ("fit", "choose"))
        sites = len({peer.group for peer in shown if not peer.guilty and peer.given > -1.0})
        there = Counter(peer.group for peer in shown if not peer.guilty)
        worst = max(there, key=lambda group: (there[group] / many[group], group), default="")
        most = f", most {there[worst]} of {many[worst]} ({worst})" if worst else ""
        rows[name] = f"{nats[name]:.2f}   families {fit} + {choose}, benign sites {sites}, any {len(there)}{most}"
    facts: dict[str, object] = {"signs": rows, "peers": {"of fit": len(_of(every, "fit"))}}
    if asked.sites:
        facts["a group left out"] = left_out(every)
    tell(facts, as_json=asked.json)
    if asked.write:
        FILE.write_text(json.dumps({"note": NOTE, "nats": nats}, indent=1) + "\n", encoding="utf-8")


def _of(some: list[Peer], part: str) -> list[Peer]:
    return [peer for peer in some if peer.part == part]


if __name__ == "__main__":
    main()
