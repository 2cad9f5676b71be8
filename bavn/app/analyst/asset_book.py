"""The own hosts of a node as one SQLite file, so that a page of them can be read without looking through all again.

A file is made once, from one survey, and read by whoever is given it; it names hosts and stays at home. Refuses to
survey by itself when, and to keep a file up to date.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Final

from bavn.actor.assets.asset import Asset
from bavn.actor.assets.rules import CARRYING, CLINICAL
from bavn.actor.assets.survey import assets
from bavn.actor.protect.own_history import in_networks
from bavn.model.moment import SECOND_US
from bavn.model.ports import Window
from bavn.model.record import address_uuid

Rows = Callable[..., Sequence[tuple[Any, ...]]]
_SCHEMA: Final = (
    """CREATE TABLE asset (address TEXT PRIMARY KEY, sort TEXT NOT NULL, first_us INTEGER NOT NULL,
        last_us INTEGER NOT NULL, peers INTEGER NOT NULL, words TEXT NOT NULL, roles TEXT NOT NULL,
        card TEXT NOT NULL) STRICT""",
    "CREATE INDEX asset_sort ON asset (sort)",
    """CREATE TABLE asset_role (
        role TEXT NOT NULL, address TEXT NOT NULL, PRIMARY KEY (role, address)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE span (first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, known_from_us INTEGER NOT NULL) STRICT",
)
SERVICES_OF_A_CARD_MAX: Final = 100


def write(window: Window, into: Path) -> int:
    """Makes the file of a window's hosts; how many there are. Raises QueryRefused; OSError."""
    into.touch(mode=0o600)
    with closing(sqlite3.connect(into, isolation_level=None)) as db:
        for statement in _SCHEMA:
            db.execute(statement)
        db.execute("BEGIN")
        db.execute("INSERT INTO span VALUES (?, ?, ?)", (window.first_us, window.last_us, window.known_from_us))
        seen = assets(window)
        db.executemany("INSERT INTO asset VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(_row, seen))
        db.executemany(
            "INSERT INTO asset_role VALUES (?, ?)",
            ((role, one.address) for one in seen for role, _ in one.best("role")),
        )
        db.execute("COMMIT")
    return len(seen)


def _row(asset: Asset) -> tuple[Any, ...]:
    words = " ".join(
        (asset.address, *asset.names, *(value for kind in ("os", "vendor") for value, _ in asset.best(kind)))
    )
    return (
        asset.address,
        f"{address_uuid(asset.address).int:040}",
        asset.first_us,
        asset.last_us,
        asset.peers,
        words.lower(),
        json.dumps([list(role) for role in asset.best("role")]),
        json.dumps(card_of(asset), ensure_ascii=False),
    )


def card_of(asset: Asset) -> dict[str, Any]:
    """All that is known of a host, as JSON; sentences in both languages."""
    return {
        "host": asset.address,
        "names": list(asset.names),
        "macs": list(asset.macs),
        **{kind: [list(pair) for pair in asset.best(kind)] for kind in ("role", "os", "vendor")},
        "hints": [
            {
                "kind": h.kind,
                "value": h.value,
                "confidence": h.confidence,
                "rule": h.rule,
                "reason": {"en": h.reason.en, "da": h.reason.da},
                "table": h.evidence.table,
                "field": h.evidence.field,
                "seen": h.evidence.value,
                "rows": h.evidence.rows,
                "first_us": h.evidence.first_us,
                "last_us": h.evidence.last_us,
            }
            for h in asset.hints
        ],
        "services": [
            {
                "port": s.port,
                "proto": s.proto,
                "app": s.app or "",
                "software": s.software or "",
                "clients": s.clients,
                "flows": s.flows,
                "first_us": s.first_us,
                "last_us": s.last_us,
            }
            for s in asset.services[:SERVICES_OF_A_CARD_MAX]
        ],
        "services_more": asset.services_more,
        "peers": asset.peers,
        "peers_outside": asset.peers_outside,
        "first_us": asset.first_us,
        "last_us": asset.last_us,
        "new": asset.new,
    }


def hosts_page(
    rows: Rows, words: str, role: str, new_us: int, after: str, limit: int
) -> list[tuple[str, dict[str, Any]]]:
    """(place in the order, card) of at most ``limit`` hosts behind ``after``. ``words``: a pattern; ``new_us``: first
    seen in the last so much of the survey, 0 for all."""
    places = rows(
        """SELECT sort, card FROM asset
        WHERE sort > ? AND words LIKE ? ESCAPE '\\'
          AND (? = '' OR address IN (SELECT address FROM asset_role WHERE role = ?))
          AND (? = 0 OR first_us >= (SELECT last_us FROM span) - ?) ORDER BY sort LIMIT ?""",
        (after, words, role, role, new_us, new_us, limit),
    )
    return [(sort, json.loads(card)) for sort, card in places]


def hosts_count(rows: Rows) -> int | None:
    """How many hosts were surveyed; None where there is no survey yet."""
    found = rows("SELECT count(*) FROM asset")
    return int(found[0][0]) if found else None


def card_at(rows: Rows, address: str) -> dict[str, Any] | None:
    """What ``card_of`` made of one host."""
    found = rows("SELECT card FROM asset WHERE address = ?", (address,))
    return json.loads(found[0][0]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalHost:
    """An own machine that patients or many others depend on. ``roles``: those that say so, the surest first;
    ``clinical``: by such a role, or since it stands in a network that the policy names as clinical."""

    host: str
    names: tuple[str, ...]
    roles: tuple[str, ...]
    clinical: bool


def critical_among(
    rows: Rows, hosts: Sequence[str], networks: Sequence[IPv4Network | IPv6Network]
) -> list[CriticalHost]:
    """Which of these hosts are critical, clinical ones first; without a survey, those of clinical networks alone."""
    critical = []
    for host in hosts:
        card = card_at(rows, host) or {"names": (), "role": ()}
        roles = tuple(role for role, _ in card["role"] if role in CLINICAL | CARRYING)
        clinical = in_networks(host, networks) or any(role in CLINICAL for role in roles)
        if clinical or roles:
            critical.append(CriticalHost(host=host, names=tuple(card["names"]), roles=roles, clinical=clinical))
    return sorted(critical, key=lambda each: not each.clinical)


def opened(file: Path) -> sqlite3.Connection:
    """To read only."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


STALE_US: Final = 15 * 60 * SECOND_US
"""A survey older than this is made anew when somebody looks."""
