"""Fits what each sign of rarity says for an implant, and puts it into bavn/actor/detect/sign_weights.json.

    .venv/bin/python bench/signs.py [--write] [--json]

Logistic weights over the outside peers of BAVN_DATA's fit set (bench/sets): labelled peers of malicious captures, every
family counting once, against all peers of benign sites, a site counting as at most SITE_PEERS. Fame and prevalence are
given. Monotone (no sign speaks for innocence), shrunk towards PRIOR_TIMES what the sign's rarity among benign peers is
worth (BENIGN_NATS, the weights of before), and no sign alone above WEIGHT_MAX. For each sign: its weight, the families
of fit and choose that show it at a labelled peer, and the benign sites that show it at an unlisted one.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent))

from figures import tell
from labelled import ROOT, Labelled, data_needed
from sets import INNOCENT, everything, kept_window, site

from bavn.actor.detect.detectors.rarity import unaged_nats
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.queries.oddities import ODDITIES, SIGNS
from bavn.actor.detect.terms import PeerProfile, Terms
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
PRIOR_TIMES, SHRINKAGE, WEIGHT_MAX, SITE_PEERS = 0.4, 3.0, 1.15, 20
ROUNDS, STEP = 4000, 0.02


@dataclass(frozen=True, slots=True)
class Peer:
    """One outside peer. ``guilty``: the label names it; ``group``: family or site; ``given``: nats of fame."""

    part: str
    group: str
    guilty: bool
    signs: tuple[bool, ...]
    given: float


def peers(one: Labelled, part: str) -> Iterator[Peer]:
    """The labelled peers of a malicious capture, or all of a benign one."""
    with kept_window(one) as made:
        if made is None:
            return
        terms = Terms(made, lists.shipped)
        tellers = pa.table({"name": pa.array(terms.lists.address_tellers, pa.string())})
        shown = ", ".join(f'"{sign}"' for sign in SIGNS)
        rows = made.rows(
            f"WITH {ODDITIES} SELECT dst, host, {shown} FROM odd ORDER BY dst", tables={"tellers": tellers}
        )
        facts = terms.addresses(address_text(row[0]) for row in rows)
        has_names = bool(made.rows("SELECT 1 FROM dns WHERE answered AND answers IS NOT NULL LIMIT 1"))
        for dst, host, *signs in rows:
            known = facts[address_text(dst)]
            guilty = one.kind == "malicious" and _named(one, address_text(dst), address_text(host), known)
            if guilty or one.kind in INNOCENT:
                lent = any(terms.lists.is_lent(name) for name in known.names)
                every = (*map(bool, signs), has_names and not known.names, lent)
                yield Peer(part, one.family if guilty else site(one), guilty, every, unaged_nats(terms, known))


def _named(one: Labelled, address: str, host: str, known: PeerProfile) -> bool:
    spellings = {address, *(registered_domain(name) or name for name in known.names)}
    return bool(one.peers & spellings) and (not one.hosts or host in one.hosts)


def prior(some: list[Peer]) -> np.ndarray:
    """What each sign is worth by how rare it is among the benign alone."""
    benign = [peer for peer in some if not peer.guilty]
    made = []
    for place, name in enumerate(NAMES):
        share = (1 + sum(peer.signs[place] for peer in benign)) / (1 + len(benign))
        made.append(BENIGN_NATS.get(name, min(BENIGN_NATS_MAX, -0.4 * float(np.log(share)))))
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    chosen = [pair for pair in everything(data_needed().parent) if pair[1] in ("fit", "choose")]
    every = [peer for one, part in chosen if one.kind in (*INNOCENT, "malicious") for peer in peers(one, part)]
    nats = {name: round(float(value), 2) for name, value in zip(NAMES, fitted(_of(every, "fit")), strict=True)}
    rows: dict[str, str] = {}
    for place, name in enumerate(NAMES):
        shown = [peer for peer in every if peer.signs[place]]
        fit, choose = (len({peer.group for peer in _of(shown, part) if peer.guilty}) for part in ("fit", "choose"))
        sites = len({peer.group for peer in shown if not peer.guilty and peer.given > -1.0})
        rows[name] = f"{nats[name]:.2f}   families {fit} + {choose}, benign sites {sites}"
    tell({"signs": rows, "peers": {"of fit": len(_of(every, "fit"))}}, as_json=asked.json)
    if asked.write:
        FILE.write_text(json.dumps({"note": NOTE, "nats": nats}, indent=1) + "\n", encoding="utf-8")


def _of(some: list[Peer], part: str) -> list[Peer]:
    return [peer for peer in some if peer.part == part]


if __name__ == "__main__":
    main()
