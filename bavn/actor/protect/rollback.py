"""A block that hits more than its dry run promised is lifted at once, and only a person puts it back.

Own machines that a block refused something are kept for an hour, with the node's other local things, and counted. Only
what the node decided alone is judged: a person who approved a block knew better. Refuses to know enforcers and centre.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from bavn.actor.protect.own_history import in_networks
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.sightings import HOSTS_MAX, Hit
from bavn.actor.protect.state import Item, State
from bavn.model.counted import days as counted_days
from bavn.model.counted import own_hosts
from bavn.model.moment import HOUR_US
from bavn.model.observable import NotCanonical, Observable, is_external
from bavn.model.text import Text

SCHEMA: Final = (
    """CREATE TABLE rollback_hit (
        indicator_id TEXT NOT NULL, host TEXT NOT NULL, last_us INTEGER NOT NULL, PRIMARY KEY (indicator_id, host)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX rollback_old ON rollback_hit (last_us)",
)


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A block that must go: what it hit, and what the dry run had said."""

    item: Item
    reason: Text


class Rollback:
    """``homes``: the actor's own networks."""

    def __init__(self, state: State, policy: ProtectPolicy, homes: tuple[str, ...]) -> None:
        self._state, self._policy, self._homes = state, policy, homes
        self._clinical = networks_of(policy.clinical_networks)
        state.book.part("rollback", 1, SCHEMA)
        self._judge: set[str] = {row[0] for row in state.book.rows("SELECT DISTINCT indicator_id FROM rollback_hit")}

    def refused(self, indicator_id: str, hit: Hit) -> None:
        """Own machines were refused it: joins the transaction that counts the hit."""
        own = [(host, last_us) for host, last_us in hit.hosts if self._is_own(host)]
        if not own or not self._policy.rollback:
            return
        self._judge.add(indicator_id)
        with self._state.book.transaction() as tx:
            known: int = tx.execute(
                "SELECT count(*) FROM rollback_hit WHERE indicator_id = ?", (indicator_id,)
            ).fetchone()[0]
            for host, last_us in own[: max(0, HOSTS_MAX - known)]:
                tx.execute(
                    """INSERT INTO rollback_hit VALUES (?, ?, ?)
                    ON CONFLICT DO UPDATE SET last_us = max(last_us, excluded.last_us)""",
                    (indicator_id, host, last_us),
                )

    def exceeded(self, now_us: int) -> list[Exceeded]:
        """Blocks in force that hit more than their dry run promised, in the hour up to now. What is older goes."""
        with self._state.book.transaction() as tx:
            tx.execute("DELETE FROM rollback_hit WHERE last_us <= ?", (now_us - HOUR_US,))
        exceeded = []
        for indicator_id in sorted(self._judge):
            rows = self._state.book.rows(
                "SELECT host FROM rollback_hit WHERE indicator_id = ? ORDER BY host", (indicator_id,)
            )
            if not rows:
                self._judge.discard(indicator_id)
                continue
            item = self._state.item(indicator_id)
            if item is None or (item.standing, item.act) != ("wanted", "block") or item.by:
                continue
            reason = self._reason(item, [row[0] for row in rows])
            if reason is not None:
                exceeded.append(Exceeded(item, reason))
        return exceeded

    def _reason(self, item: Item, hosts: Sequence[str]) -> Text | None:
        tried = json.loads(item.found) if item.found else {}
        days, seen = int(tried.get("days", 0)), int(tried.get("hosts", 0))
        clinical = [host for host in hosts if in_networks(host, self._clinical)]
        if clinical and not tried.get("clinical", 0):
            return Text.counted(
                "it hit {count:,} clinical host; the dry run of {days} saw none",
                "it hit {count:,} clinical hosts; the dry run of {days} saw none",
                len(clinical),
                days=counted_days(days),
            )
        most = (seen if days else self._policy.dry_run_hosts_max) + self._policy.rollback_hosts_more_max
        if len(hosts) <= most:
            return None
        return Text(
            "it hit {hosts} in an hour; the dry run of {days} saw {seen}, and {most} may be hit",
            hosts=own_hosts(len(hosts)),
            days=counted_days(days),
            seen=seen,
            most=most,
        )

    def _is_own(self, host: str) -> bool:
        try:
            return not is_external(Observable.address(host), self._homes)
        except NotCanonical:
            return False


def networks_of(texts: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks from CIDR texts that the policy has checked."""
    return tuple(ip_network(text) for text in texts)
