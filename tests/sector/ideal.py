"""The trusted party of docs/ideal.md: what join and commons hand to whom, in plain Python, without any cryptography.

Nobody could run this for real: it sees everybody's sets. It is what the real protocols are held against.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from bavn.model.sector.known_days import bucket_of
from bavn.psi.commons_terms import T as COMMONS_T

STRONG, WEAK = 0.001, 0.02


@dataclass
class Party:
    """What one actor puts in. ``odd``: name -> p; ``here``: it is a member; ``speaks``: what it uploads is its set."""

    odd: dict[str, float] = field(default_factory=dict)
    ordinary: frozenset[str] = frozenset()
    here: bool = True
    speaks: bool = True
    reveals: bool = True
    joins_commons: bool = True


@dataclass
class Ideal:
    """The trusted party. ``tiers``: name -> (threshold, largest p). ``members_min``: nobody joins a smaller round."""

    tiers: dict[str, tuple[int, float]]
    parties: dict[str, Party]
    members_min: int = 3

    def hits(self, tier: str) -> dict[str, frozenset[str]]:
        """Name -> its holders, where the tier's threshold holds it: what the centre learns, without the name."""
        least, p_max = self.tiers[tier]
        if sum(party.here for party in self.parties.values()) < self.members_min:
            return {}
        holders: dict[str, set[str]] = {}
        for actor, party in self.parties.items():
            for name, p in party.odd.items() if party.here and party.speaks else ():
                if p <= p_max:
                    holders.setdefault(name, set()).add(actor)
        return {name: frozenset(who) for name, who in holders.items() if len(who) >= least}

    def requested(self) -> set[tuple[str, str]]:
        """(actor, tier): who is asked for receipts."""
        return {(actor, tier) for tier in self.tiers for who in self.hits(tier).values() for actor in who}

    def named(self, false_receipts: AbstractSet[str] = frozenset()) -> set[tuple[str, str]]:
        """(actor, name): whose report on what reaches the centre. ``false_receipts``: who proves nothing it holds."""
        named = set()
        for tier, (least, _) in self.tiers.items():
            for name, who in self.hits(tier).items():
                for actor in who:
                    proved = who - false_receipts - {actor}
                    if self.parties[actor].reveals and len(proved) >= least - 1:
                        named.add((actor, name))
        return named

    def kept_secret(self) -> "Ideal":
        """The same without all that nobody but its holder may learn: what a simulator makes of the outputs alone. Of
        the commons, that somebody shares something with whom: the one thing that the centre learns of it."""
        members = [one for one in self.parties if self._in_commons(one)]
        shared = {
            name
            for party in self.parties.values()
            for name in party.ordinary
            if sum(name in self.parties[one].ordinary for one in members) >= COMMONS_T
        }
        told = {tier: self.hits(tier) for tier in self.tiers}
        parties = {}
        for actor, party in self.parties.items():
            odd = {}
            for name, p in party.odd.items():
                tiers = [tier for tier, hits in told.items() if actor in hits.get(name, ())]
                if tiers:
                    odd[name] = p if party.reveals else min(self.tiers[tier][1] for tier in tiers)
            parties[actor] = Party(
                odd, party.ordinary & shared, party.here, party.speaks, party.reveals, party.joins_commons
            )
        return Ideal(self.tiers, parties, self.members_min)

    def known(self, actor: str) -> dict[str, int] | None:
        """The commons' answer: each of its own ordinary names -> bucket of how many know it; None: no answer."""
        if not self._in_commons(actor):
            return None
        members = [one for one in self.parties if self._in_commons(one)]
        if len(members) < COMMONS_T:
            return None
        mine = self.parties[actor].ordinary
        return {name: bucket_of(sum(name in self.parties[one].ordinary for one in members)) for name in mine}

    def _in_commons(self, actor: str) -> bool:
        party = self.parties[actor]
        return party.here and party.speaks and party.joins_commons
