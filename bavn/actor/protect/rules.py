"""Gate 4, rule by rule: from a bundle that the centre signed to a block, a watch, a lift, a wait or a refusal.

The row first understands, then refuses what may never be, then lets a person decide what own history or a list makes
doubtful. What a person approved skips only that last part. Refuses to know how anything is enforced, and asks nobody:
history and lists were asked before (Evidence), so that a rule is quick and the same every time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.own_history import Found
from bavn.actor.protect.policy import ProtectPolicy
from bavn.model.counted import days as counted_days
from bavn.model.counted import own_hosts
from bavn.model.intel.accidents import RULE, accident_of
from bavn.model.intel.indicator import Indicator, Pap, released_content
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import Observable, ObservableType, is_external, is_internal_name
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.text import Text
from bavn.tlog.entries import content_hash, named
from bavn.wire.gate import Rule
from bavn.wire.partners.stix_indicator import indicator_of

Act = Literal["block", "watch", "lift"]
_read: Final = lru_cache(maxsize=512)(indicator_of)
"""A bundle is weighed twice, before history is asked and after it; reading it is most of the work."""
NOT_CARRIED: Final = frozenset({"carried", "pap_watch_only"})
"""Rules by which an indicator waits for an enforcer (a watcher) that can carry it, and not for a person."""

BLOCK_PAP_MIN: Final = Pap.GREEN
WATCH_PAP_MIN: Final = Pap.AMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was asked before the row: own history (None: it could not be asked) and the warning list that names it."""

    found: Found | None
    listed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A bundle at the gate. ``item_id``: sha256 hex of the message. ``approved_by``: the person who looked at it.
    ``again``: it waited here for an enforcer that carries it, and one came."""

    bundle: str
    item_id: str
    approved_by: str = ""
    again: bool = False
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorRecord:
    """What is remembered of an indicator: its last version, and whether it is in force (``wanted``), or was lifted here
    (``held``)."""

    version: int
    standing: str
    act: str
    observable: str
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """New blocks of the last hour, destinations they covered, blocks in force, destinations that those cover which
    nobody approved, indicators remembered."""

    blocks: int
    destinations: int
    in_force: int
    covered: int
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Built up from nothing. ``waits``: every reason why a person must look first; none means at once."""

    indicator: Indicator | None = None
    act: Act = "block"
    waits: tuple[Refused, ...] = ()

    @property
    def made(self) -> Indicator:
        """The indicator, once the first rule has passed."""
        if self.indicator is None:
            raise AssertionError("no rule has read the bundle yet")
        return self.indicator


Proven = Callable[[str, Sequence[str]], bool]
"""Whether the centre's log holds an entry of this name, under a checkpoint that half of these witnesses cosigned."""


def nothing_proven(_: str, __: Sequence[str]) -> bool:
    """A node that watches no log."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All rules with what they were given. ``never`` is the list as it is now; ``known``, ``held``
    and ``spent`` look into the node's own state."""

    policy: ProtectPolicy
    never: Callable[[], NeverBlock]
    homes: tuple[str, ...]
    enforcers: Enforcers
    clock: Clock
    known: Callable[[str], IndicatorRecord | None]
    held: Callable[[Observable], str | None]
    spent: Callable[[], Spent]
    proven: Proven = nothing_proven
    rules: tuple[Rule[Arrived, Draft], ...] = field(init=False)

    def __post_init__(self) -> None:
        row = (
            self.well_formed,
            self.version_new,
            self.revoked,
            self.not_expired,
            self.end_in_time,
            self.pap_allows,
            self.external,
            self.never_block,
            self.room,
            self.carried,
            self.by_hand,
            self.log_proof,
            self.confidence,
            self.would_break,
            self.warning_list,
            self.dry_run,
            self.budget,
        )
        object.__setattr__(self, "rules", tuple(Rule(rule.__name__, rule) for rule in row))

    def well_formed(self, item: Arrived, draft: Draft) -> Draft | Refused:
        """The bundle is STIX as Bavn writes it, with a TLP and a PAP that are known."""
        made = _read(item.bundle)
        return made if isinstance(made, Refused) else replace(draft, indicator=made)

    def version_new(self, item: Arrived, draft: Draft) -> Draft | Refused:
        """A version never comes back: an old message played again changes nothing."""
        if draft.made.version > self.clock.now_us() + self.policy.clock_skew_s_max * SECOND_US:
            return Refused("version_ahead", "this version lies ahead of this node's clock")
        known = self.known(draft.made.id)
        if known is None:
            return draft
        if (item.approved_by or item.again) and known.version == draft.made.version:
            return draft
        if draft.made.version <= known.version:
            return Refused("version_new", "this version or a newer one of the indicator was here before")
        return draft

    def revoked(self, _: Arrived, draft: Draft) -> Draft | Refused:
        """A revoked indicator lifts its block; no later rule has a say."""
        return replace(draft, act="lift") if draft.made.revoked else draft

    def not_expired(self, _: Arrived, draft: Draft) -> Draft | Refused:
        """It is valid now by this node's clock."""
        now_us = self.clock.now_us()
        if draft.act == "lift":
            return draft
        if draft.made.valid_until_us <= now_us:
            return Refused("not_expired", "the indicator's end has passed")
        if draft.made.valid_from_us > now_us + self.policy.clock_skew_s_max * SECOND_US:
            return Refused("not_yet_valid", "the indicator's first moment lies ahead")
        return draft

    def end_in_time(self, _: Arrived, draft: Draft) -> Draft | Refused:
        """A block ends within what the policy allows."""
        latest_us = self.clock.now_us() + self.policy.block_days_max * DAY_US
        if draft.act == "lift" or draft.made.valid_until_us <= latest_us:
            return draft
        return Refused("end_in_time", "the end lies more than {days} days ahead", days=self.policy.block_days_max)

    def pap_allows(self, _: Arrived, draft: Draft) -> Draft | Refused:
        """PAP GREEN and CLEAR allow a block; AMBER allows to watch; RED allows nothing that runs here."""
        if draft.act == "lift" or draft.made.pap >= BLOCK_PAP_MIN:
            return draft
        if draft.made.pap >= WATCH_PAP_MIN:
            return replace(draft, act="watch")
        return Refused("pap_allows", "PAP RED: nothing that could be noticed may be done")

    def external(self, _: Arrived, draft: Draft) -> Draft | Refused:
        """The observable names something outside this actor."""
        observable = draft.made.observable
        if draft.act == "lift" or is_external(observable, self.homes):
            return draft
        if observable.type is ObservableType.DOMAIN and not is_internal_name(observable.value):
            return Refused("external", "the name is a public suffix: a block would cover strangers")
        return Refused("external", "the observable names something internal or own")

    def never_block(self, _: Arrived, draft: Draft) -> Draft | Refused:
        """The never-block list has the last word, also over people."""
        if draft.act == "lift":
            return draft
        return self.never().refusal(draft.made.observable) or draft

    def carried(self, _: Arrived, draft: Draft) -> Draft | Refused:
        """At least one enforcer here can carry it; what none carries is kept, and waits for one that can."""
        if draft.act == "lift" or self.enforcers.carrying(draft.made.observable, draft.act):
            return draft
        if draft.act == "watch":
            return Refused("pap_watch_only", "PAP AMBER allows to watch only, and nothing here can watch it")
        return Refused(
            "carried", "no enforcer here carries {type} observables like this one", type=draft.made.observable.type
        )

    def room(self, _: Arrived, draft: Draft) -> Draft | Refused:
        """Memory is bounded; what is known already always has its place."""
        if self.spent().items < self.policy.items_max or self.known(draft.made.id) is not None:
            return draft
        return Refused("room", "{most} indicators are remembered already", most=self.policy.items_max)

    def by_hand(self, item: Arrived, draft: Draft) -> Draft | Refused:
        """The actor wants a person first: always, or since it was lifted here, under whatever indicator."""
        held = self.held(draft.made.observable)
        if not self.policy.automatic:
            draft = self._wait(item, draft, Refused("by_hand", "the policy wants a person for every block"))
        if held is not None:
            draft = self._wait(item, draft, Refused(held, "it was lifted here before"))
        return draft

    def log_proof(self, item: Arrived, draft: Draft) -> Draft | Refused:
        """Where the policy wants it, the centre's log must hold the release before anything here is blocked."""
        if not self.policy.log_proof or self.is_proven(item.bundle):
            return draft
        return self._wait(item, draft, Refused("log_proof", "no proof yet that the centre's log holds the release"))

    def is_proven(self, bundle: str) -> bool:
        """Whether the centre's log holds this very release, as far as this node can tell."""
        release = release_of(bundle)
        return release is not None and self.proven(release[0], self.policy.log_witnesses)

    def confidence(self, item: Arrived, draft: Draft) -> Draft | Refused:
        """Below the policy's confidence a person decides."""
        if draft.made.confidence >= self.policy.confidence_min:
            return draft
        return self._wait(
            item, draft, Refused("confidence", "confidence is below {least}", least=self.policy.confidence_min)
        )

    def would_break(self, item: Arrived, draft: Draft) -> Draft | Refused:
        """What went wrong elsewhere waits for a person here, who reads what a block of it would break."""
        accident = accident_of(draft.made.observable)
        return draft if accident is None else self._wait(item, draft, Refused.of(RULE, accident.words))

    def warning_list(self, item: Arrived, draft: Draft) -> Draft | Refused:
        """What a warning list names is often innocent: a person decides."""
        listed = item.evidence.listed if item.evidence else None
        if listed is None:
            return draft
        return self._wait(item, draft, Refused("warning_list", "on a warning list: {listed}", listed=listed))

    def dry_run(self, item: Arrived, draft: Draft) -> Draft | Refused:
        """A block that many here would have felt waits for a person."""
        met = item.evidence.found if item.evidence else None
        if met is None:
            return self._wait(item, draft, Refused("dry_run_failed", "own history could not be asked"))
        why = too_much(self.policy, met)
        return draft if why is None else self._wait(item, draft, why)

    def budget(self, item: Arrived, draft: Draft) -> Draft | Refused:
        """Much change at once waits for a person, however innocent each part."""
        spent, policy = self.spent(), self.policy
        met = item.evidence.found if item.evidence else None
        if spent.in_force >= policy.blocks_max:
            draft = self._wait(item, draft, Refused("blocks_max", "{most} blocks are in force", most=policy.blocks_max))
        if spent.blocks >= policy.blocks_per_hour_max:
            why = Refused.of(
                "blocks_per_hour",
                Text.counted("{count:,} new block in an hour", "{count:,} new blocks in an hour", spent.blocks),
            )
            draft = self._wait(item, draft, why)
        together = spent.destinations + (met.destinations if met else 0)
        background = met.background_destinations if met else 0
        if together > policy.dry_run_small_max and over(together, background, policy.budget_share_permille_max):
            why = Refused(
                "budget_share",
                "the new blocks of an hour cover {together} of {background} destinations in use",
                together=together,
                background=background,
            )
            draft = self._wait(item, draft, why)
        standing = spent.covered + (met.destinations if met else 0)
        if standing > policy.dry_run_small_max and over(standing, background, policy.in_force_share_permille_max):
            why = Refused(
                "in_force_share",
                "blocks that nobody approved would cover {standing} of {background} destinations in use",
                standing=standing,
                background=background,
            )
            draft = self._wait(item, draft, why)
        return draft

    def _wait(self, item: Arrived, draft: Draft, why: Refused) -> Draft:
        """Adds a reason to wait, unless nothing would be stopped, a person has looked, or it is in force already."""
        if draft.act != "block" or item.approved_by or renews(self.known(draft.made.id), draft.made):
            return draft
        return replace(draft, waits=(*draft.waits, why))


def release_of(bundle: str) -> tuple[str, int] | None:
    """By what name the centre's log knows this release, and its version; None where it cannot be read."""
    indicator = _read(bundle)
    if isinstance(indicator, Refused):
        return None
    return named("release", {}, content_hash(released_content(indicator))), indicator.version


def renews(known: IndicatorRecord | None, indicator: Indicator) -> bool:
    """True if the same block is in force already: a new version of it changes nothing in the network."""
    if known is None or (known.standing, known.act) != ("wanted", "block"):
        return False
    return known.observable == str(indicator.observable)


def too_much(policy: ProtectPolicy, met: Found) -> Refused | None:
    """Why what own history holds of an observable is a matter for a person; None if it is none."""
    small = policy.dry_run_small_max
    if met.clinical:
        return Refused.of(
            "dry_run_clinical",
            Text.counted(
                "{count:,} clinical host met it in {days}",
                "{count:,} clinical hosts met it in {days}",
                met.clinical,
                days=counted_days(met.days),
            ),
        )
    crowd = met.hosts > small and over(met.hosts, met.background_hosts, policy.dry_run_hosts_permille_max)
    if met.hosts > policy.dry_run_hosts_max or crowd:
        return Refused(
            "dry_run_hosts",
            "{hosts} of {own_hosts} met it in {days}",
            hosts=met.hosts,
            own_hosts=own_hosts(met.background_hosts),
            days=counted_days(met.days),
        )
    wide = over(met.destinations, met.background_destinations, policy.dry_run_share_permille_max)
    if met.destinations > small and wide:
        return Refused(
            "dry_run_share",
            "it covers {destinations} of {background} destinations in use",
            destinations=met.destinations,
            background=met.background_destinations,
        )
    return None


def over(part: int, whole: int, permille_max: int) -> bool:
    """True if ``part`` of ``whole`` is more than so many permille; False where the whole is not known."""
    return whole > 0 and part * 1000 > permille_max * whole
