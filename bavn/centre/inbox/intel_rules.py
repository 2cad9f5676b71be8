"""Gate 2's row of rules for an item of a source outside the sector. Refuses to judge whether a claim is true."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bavn.centre.inbox.own_echo import RULE as OWN_ECHO
from bavn.centre.inbox.own_echo import OwnWords, echo
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, iso
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external_once
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.intel import Claim, IntelSettings, Offer
from bavn.model.sector.partner import tlp_within
from bavn.wire.gate import Rule
from bavn.wire.shut import WAITS

AHEAD_US_MAX: Final = DAY_US
FOR_NOW: Final = frozenset({"source_trusted", "day_quota", "source_full", "not_yet_valid"}) | WAITS
"""Refusals that may end by themselves: the item is offered again when it is read again."""
BLAMELESS: Final = FOR_NOW | {"not_over", OWN_ECHO, "tlp_within", "not_carried", "pattern_type", "not_malicious"}
"""Refusals that say nothing against a source: what is old, ours, not for us or not for now. The others are of what is
malformed or names what nobody outside may name; by those alone a source is noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under what a source's items come in: its own trust, or its partner's policy. ``peer``: how the ledger names it;
    ``group``: the party whose day is counted."""

    source: str
    group: str
    trust: int
    tlp_max: Tlp = Tlp.AMBER_STRICT
    per_day_max: int = 1_000_000

    @property
    def peer(self) -> str:
        return f"source:{self.source}"


@dataclass(frozen=True, slots=True)
class Foreign:
    """An item at the gate. ``key``: 64 hex digits, its name within the source; ``gone``: it is not there any more.
    ``known``: how many items of the source are remembered, this one left out."""

    terms: Terms
    scope: str
    key: str
    digest: str
    offer: Offer
    known: int = 0
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Inward:
    """What the rules have made sure of so far."""

    claim: Claim | None = None


class IntelRules:
    """``own``: the sector's own services; ``ours``: what the centre told others; ``used``: how many items of a group
    were taken today."""

    def __init__(
        self,
        clock: Clock,
        settings: IntelSettings,
        own: frozenset[Observable],
        ours: OwnWords,
        used: Callable[[str, int], int],
    ) -> None:
        self._clock, self._settings, self._own, self._ours, self._used = clock, settings, own, ours, used

    def row(self) -> tuple[Rule[Foreign, Inward], ...]:
        """In the order in which they are asked; docs/reference/refusals.md has what each says."""
        return (
            Rule("source_trusted", self._trusted),
            Rule("readable", self._readable),
            Rule(OWN_ECHO, _on_claim(self._echo)),
            Rule("external", _on_claim(self._external)),
            Rule("tlp_within", _on_claim(self._tlp)),
            Rule("not_over", _on_claim(self._not_over)),
            Rule("source_full", _on_claim(self._room)),
            Rule("day_quota", _on_claim(self._day)),
        )

    def _trusted(self, item: Foreign, draft: Inward) -> Inward | Refused:
        if item.terms.trust <= 0 and not item.gone:
            return Refused("source_trusted", "the source has no trust: its partner's policy takes nothing in")
        return draft

    def _readable(self, item: Foreign, draft: Inward) -> Inward | Refused:
        what = item.offer.what
        if item.gone:
            return draft
        return what if isinstance(what, Refused) else replace(draft, claim=what)

    def _echo(self, item: Foreign, claim: Claim) -> Refused | None:
        name = item.offer.key.partition("#")[0]
        return echo(self._ours, claim.observable, name, item.offer.author, claim.first_us, claim.modified_us)

    def _external(self, _: Foreign, claim: Claim) -> Refused | None:
        named = claim.observable
        try:
            if Observable.once(named.type, named.value) != named or named.type is ObservableType.CHAIN:
                return Refused("external", "the observable is not in its canonical form")
        except NotCanonical:
            return Refused("external", "the observable is not in its canonical form")
        if not is_external_once(named):
            return Refused("external", "the observable names something inside, or a whole public suffix")
        return Refused("external", "the observable is one of the sector's own services") if named in self._own else None

    def _tlp(self, item: Foreign, claim: Claim) -> Refused | None:
        if claim.tlp is Tlp.RED:
            return Refused("tlp_within", "TLP:RED is for the ears of named persons, not for a machine")
        if not tlp_within(claim.tlp, item.terms.tlp_max):
            return Refused(
                "tlp_within",
                "{tlp}: the partner's policy takes in {most}",
                tlp=claim.tlp.value,
                most=item.terms.tlp_max.value,
            )
        return None

    def _not_over(self, _: Foreign, claim: Claim) -> Refused | None:
        now_us = self._clock.now_us()
        if claim.until_us is not None and claim.until_us <= now_us:
            return Refused("not_over", "its own end has passed: {day}", day=iso(claim.until_us)[:10])
        moments = [us for us in (claim.first_us, claim.last_us, claim.modified_us) if us is not None]
        if any(us > now_us + AHEAD_US_MAX for us in (claim.last_us, claim.modified_us) if us is not None):
            return Refused("not_over", "seen or changed in the future")
        if claim.first_us is not None and claim.first_us > now_us + AHEAD_US_MAX:
            return Refused("not_yet_valid", "valid from {day} on", day=iso(claim.first_us)[:10])
        days = self._settings.lifetime_us(claim.observable.type) // DAY_US
        if moments and max(moments) + days * DAY_US <= now_us:
            return Refused(
                "not_over", "last heard of {day}: more than {days} days ago", day=iso(max(moments))[:10], days=days
            )
        return None

    def _room(self, item: Foreign, _: Claim) -> Refused | None:
        if item.known >= self._settings.items_max:
            return Refused("source_full", "{most} items of the source are remembered", most=self._settings.items_max)
        return None

    def _day(self, item: Foreign, _: Claim) -> Refused | None:
        most = item.terms.per_day_max
        if self._used(item.terms.group, self._clock.now_us() // DAY_US) >= most:
            return Refused("day_quota", "{most} items of this party were taken in today", most=most)
        return None


def _on_claim(
    judge: Callable[[Foreign, Claim], Refused | None],
) -> Callable[[Foreign, Inward], Inward | Refused]:
    """A rule about what is claimed; what is taken back passes it: to believe less needs no trust."""

    def apply(item: Foreign, draft: Inward) -> Inward | Refused:
        if item.gone or draft.claim is None or draft.claim.withdrawn:
            return draft
        return judge(item, draft.claim) or draft

    return apply
