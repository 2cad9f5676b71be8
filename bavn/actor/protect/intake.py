"""Gate 4 at work: messages and approvals in, rows of state out; one ledger line each, in one transaction.

History and warning lists are asked before the gate's transaction opens, and only for what would get that far. Refuses
to know enforcers beyond what they can carry.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Final

import rfc8785

from bavn.actor.protect.carry import Hands
from bavn.actor.protect.hunt import Hunter
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.rules import Arrived, Draft, Evidence, Row, renews
from bavn.actor.protect.state import Item, State, item_of, outcome_of
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, QueryRefused
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages import IndicatorReleased, IndicatorWithdrawn
from bavn.wire.stix import indicator_of

GATE: Final = "protect"
PEER: Final = "centre"
_HUNTED_THOUGH_REFUSED: Final = frozenset({"pap_allows", "pap_watch_only", "carried"})
"""Looking into own logs is always allowed (PAP), and helps where nothing could be enforced."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal at the gate. ``item_id``: sha256 hex of the message."""

    message: IndicatorWithdrawn
    item_id: str


class Intake:
    """``listed`` names the warning list that knows an observable, or None."""

    def __init__(
        self, *, ledger: Ledger, clock: Clock, policy: ProtectPolicy, never: NeverBlock, hands: Hands,
        homes: tuple[str, ...], hunter: Hunter, listed: Callable[[Observable], str | None] | None, state: State,
    ) -> None:  # fmt: skip
        self._state, self._clock, self._policy = state, clock, policy
        self._hunter, self._listed = hunter, listed
        row = Row(
            policy=policy, never=never, homes=homes, hands=hands, clock=clock, known=state.known,
            spent=lambda: state.spent(clock.now_us()),
        )  # fmt: skip
        self._released = Gate[Arrived, Draft](
            GATE, row.rules, ledger, clock, way="in", nothing=Draft, label=_label, follow=self._follow
        )
        self._withdrawn = Gate[Withdrawal, None](
            GATE, (Rule("withdrawal_new", self._withdrawal_new),), ledger, clock, way="in", nothing=lambda: None,
            label=_label_withdrawal, follow=self._follow_withdrawal,
        )  # fmt: skip

    def release(self, message: IndicatorReleased, item_id: str = "") -> Draft | Refused:
        """A released indicator. Raises GateBroken."""
        return self._offer(Arrived(bundle=message.bundle, item_id=item_id or message_id(message)))

    def approve(self, item: Item, by: str) -> Draft | Refused:
        """The same indicator once more, now with a person behind it. Raises GateBroken."""
        item_id = act_id("approved", f"{item.indicator_id}/{item.version}", by, self._clock.now_us())
        return self._offer(Arrived(bundle=item.bundle, item_id=item_id, approved_by=by))

    def withdraw(self, message: IndicatorWithdrawn, item_id: str = "") -> Refused | None:
        """A withdrawn indicator: None when its block is no longer wanted. Raises GateBroken."""
        return self._withdrawn.offer(Withdrawal(message, item_id or message_id(message)))

    def _offer(self, item: Arrived) -> Draft | Refused:
        first = self._released.try_on(item)
        if isinstance(first, Draft) and first.act == "block":
            item = replace(item, evidence=self._evidence(first.made.observable))
        with self._state.book.transaction():
            outcome = self._released.offer(item)
            if isinstance(outcome, Refused):
                self._refuse(item, outcome)
        return outcome

    def _evidence(self, observable: Observable) -> Evidence:
        now_us = self._clock.now_us()
        listed = self._listed(observable) if self._listed else None
        if self._hunter.has_history:
            if self._state.hunts(now_us) >= self._policy.hunts_per_day_max:
                return Evidence(found=None, listed=listed)
            self._state.spend("hunt", now_us, 1)
        try:
            return Evidence(found=self._hunter.tried(observable, self._policy.dry_run_days, now_us), listed=listed)
        except QueryRefused:
            return Evidence(found=None, listed=listed)

    def _follow(self, item: Arrived, draft: Draft) -> Note:
        """What a passed bundle leads to: a row that is wanted, waiting or lifted."""
        made, now_us = draft.made, self._clock.now_us()
        found = item.evidence.found if item.evidence else None
        standing = "lifted" if draft.act == "lift" else "waiting" if draft.waits else "wanted"
        row = replace(
            item_of(made, item.bundle, draft.act, standing, now_us),
            by=item.approved_by,
            found=json.dumps(asdict(found), sort_keys=True) if found else "",
        )
        if standing == "lifted":
            row = replace(row, rule="revoked", reason="the centre revoked it")
        elif standing == "waiting":
            row = replace(row, rule=draft.waits[0].rule, reason="; ".join(why.reason for why in draft.waits))
            self._state.tell(outcome_of(row, "waiting", (), row.rule, ()))
            row = replace(row, told="waiting")
        elif draft.act == "block" and not item.approved_by and not renews(self._state.known(made.id), made):
            self._state.spend("block", now_us, found.destinations if found else 0)
        if standing != "lifted":
            self._state.hunt_later(made.id, wanted=True)
        self._state.keep(row)
        said = {"indicator": made.id, "observable": str(made.observable), "act": draft.act, "standing": standing}
        said |= {"rule": row.rule, "by": item.approved_by}
        return replace(_label(item), privacy="C", bytes=len(item.bundle), summary=json.dumps(said, sort_keys=True))

    def _refuse(self, item: Arrived, refused: Refused) -> None:
        """A refused bundle that could be read supersedes what was known, except where it is only old."""
        made = indicator_of(item.bundle)
        if isinstance(made, Refused) or refused.rule == "version_new":
            return
        now_us = self._clock.now_us()
        row = item_of(made, item.bundle, "block", "refused", now_us)
        row = replace(row, rule=refused.rule, reason=refused.reason, by=item.approved_by, told="refused")
        self._state.tell(outcome_of(row, "refused", (), refused.rule, ()))
        if refused.rule == "room":
            return
        self._state.keep(row)
        self._state.hunt_later(made.id, wanted=refused.rule in _HUNTED_THOUGH_REFUSED)

    def _withdrawal_new(self, item: Withdrawal, _: None) -> Refused | None:
        """A withdrawal is for the version that is known, or a newer one."""
        known = self._state.known(item.message.indicator_id)
        if known is not None and item.message.version < known.version:
            return Refused("withdrawal_new", "a newer version of the indicator came after this withdrawal")
        if known is None and self._state.spent(self._clock.now_us()).items >= self._policy.items_max:
            return Refused("room", f"{self._policy.items_max} indicators are remembered already")
        return None

    def _follow_withdrawal(self, item: Withdrawal, _: None) -> Note:
        now_us, indicator_id = self._clock.now_us(), item.message.indicator_id
        row = self._state.item(indicator_id) or _never_seen(indicator_id, now_us)
        row = replace(row, version=item.message.version, standing="lifted", rule="withdrawn", decided_us=now_us)
        self._state.keep(replace(row, reason="the centre withdrew it", told=""))
        self._state.hunt_later(indicator_id, wanted=False)
        said = json.dumps({"indicator": indicator_id, "standing": "lifted"}, sort_keys=True)
        return replace(_label_withdrawal(item), privacy="C", summary=said)


def message_id(message: IndicatorReleased | IndicatorWithdrawn) -> str:
    """sha256 hex of the message's canonical form, for a caller that has no envelope."""
    return hashlib.sha256(rfc8785.dumps([type(message).__name__, message.model_dump(mode="json")])).hexdigest()


def act_id(act: str, indicator_id: str, by: str, at_us: int) -> str:
    """sha256 hex of something that a person did here: the item id of its ledger line."""
    return hashlib.sha256(rfc8785.dumps([act, indicator_id, by, at_us])).hexdigest()


def _label(item: Arrived) -> Note:
    return Note(
        kind="IndicatorApproved" if item.approved_by else "IndicatorReleased",
        item_id=item.item_id,
        peer=item.approved_by or PEER,
    )


def _label_withdrawal(item: Withdrawal) -> Note:
    return Note(kind="IndicatorWithdrawn", item_id=item.item_id, peer=PEER)


def _never_seen(indicator_id: str, now_us: int) -> Item:
    return Item(
        indicator_id=indicator_id, version=0, bundle="", type="", value="", act="lift", standing="lifted", rule="",
        reason="", until_us=now_us, decided_us=now_us,
    )  # fmt: skip
