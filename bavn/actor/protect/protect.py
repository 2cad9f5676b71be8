"""Protect: what the centre released comes in through gate 4, is put into force, and its outcome and sightings go back.

Everything is a step: messages in, a person's act, or the clock. The wanted set is in the book before an enforcer is
called, so that kill -9 at any moment leaves a truth that ``start`` brings back. Works without store, sensor and centre:
a block always has an end, and this node's clock lifts it. Refuses to know how anything is enforced and where the
outcomes go.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Final

from bavn.actor.protect.alerts import met_in_alerts
from bavn.actor.protect.carry import Hands
from bavn.actor.protect.force import Force
from bavn.actor.protect.hunt import History, Hunter
from bavn.actor.protect.intake import GATE, Instruction, Intake, Withdrawn, act_id
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.rules import Draft
from bavn.actor.protect.sightings import HitSource, Sightings
from bavn.actor.protect.state import Item, State, Told, outcome_of
from bavn.actor.protect.wishes import done_wish, wishes
from bavn.model.indicator import BlockOutcome, SightingKind
from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.model.observable import Observable, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, EnforcerDown, QueryRefused
from bavn.wire.ledger import Ledger, Note

TOLD_MAX: Final = 1000
HUNTS_PER_STEP_MAX: Final = 200
HUNT_AGAIN_S: Final = 300
_KILL: Final = "kill_switch"


class Protect:
    """``history`` is the actor's own past (None: no sensor); ``listed`` names the warning list that knows an
    observable, or None; ``homes`` are the actor's own networks; ``sources`` are logs of what was blocked."""

    def __init__(
        self, *, ledger: Ledger, clock: Clock, policy: ProtectPolicy, never: NeverBlock, hands: Hands,
        homes: Sequence[str] = (), history: History | None = None,
        listed: Callable[[Observable], str | None] | None = None, sources: Sequence[HitSource] = (),
    ) -> None:  # fmt: skip
        self.policy, self.clock, self.hands = policy, clock, hands
        self.state = State(ledger.book)
        self.force = Force(hands, clock, reconcile_s=policy.reconcile_s, retry_s=policy.retry_s)
        self._sightings = Sightings(self.state, every_s=policy.sighting_every_s)
        self._hunter, self._history, self._sources = Hunter(history), history, tuple(sources)
        self._never, self._homes, self._ledger = never, tuple(homes), ledger
        self._seen_next_us = self._forget_next_us = self._hunt_next_us = 0
        self._intake = Intake(
            ledger=ledger, clock=clock, policy=policy, never=never, hands=hands, homes=self._homes,
            hunter=self._hunter, listed=listed, state=self.state,
        )  # fmt: skip

    # --- from the node --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Once, before the first step: what may no longer be in force is lifted, the rest is made true."""
        self._expire()
        for item in self.state.items("wanted"):
            rule = self._no_longer(item)
            if rule is not None:
                self._lift(item, rule, "this actor's lists or enforcers changed")
        self._enforce(again=True)

    def hear(self, message: Instruction) -> None:
        """A released or withdrawn indicator from the centre: kept in the node's book at once (it joins the open
        transaction), looked at in the next step."""
        self._intake.hear(message)

    def receive(self, messages: Iterable[Instruction]) -> list[Draft | Refused | Withdrawn]:
        """The same for several, looked at and put into force before it returns; one outcome each, in order. Raises
        GateBroken."""
        for message in messages:
            self.hear(message)
        outcomes = self._look()
        self._enforce()
        return outcomes

    def step(self) -> None:
        """Both halves. Raises GateBroken."""
        self.enforce_due()
        self.look_back()

    def enforce_due(self) -> None:
        """What must not wait: what was heard, wishes, ends, enforcers that were down. Raises GateBroken."""
        looked, wished, ended = self._look(), self._grant_wishes(), self._expire()
        if looked or wished or ended or self.force.due():
            self._enforce()

    def look_back(self) -> None:
        """Hunts of own history and sightings: what may take seconds and can wait."""
        self._hunt()
        self._collect()
        now_us = self.clock.now_us()
        self._sightings.tell(now_us)
        if now_us >= self._forget_next_us:
            self.state.forget(now_us - self.policy.remember_days * DAY_US)
            self._forget_next_us = now_us + HOUR_US

    def take(self, limit: int = TOLD_MAX) -> list[Told]:
        """Outcomes and sightings for the door, oldest first; again the same until ``done``."""
        return self.state.told(limit)

    def done(self, number: int) -> None:
        """The door has taken everything up to this number."""
        self.state.done(number)

    # --- from a person at this actor ------------------------------------------------------------------------------

    def approve(self, indicator_id: str, by: str) -> Draft | Refused:
        """Block what waited, was refused or was lifted: through the whole gate again, less what a person may decide."""
        item = self.state.item(indicator_id)
        if item is None or not item.bundle:
            return Refused("unknown", "no such indicator is remembered here")
        if item.standing == "wanted":
            return Refused("in_force", "it is in force already")
        if item.rule in ("withdrawn", "revoked"):
            return Refused("withdrawn", "the centre took it back")
        outcome = self._intake.approve(item, by)
        self._enforce()
        return outcome

    def lift(self, indicator_id: str, by: str) -> Refused | None:
        """Lift a block now; later versions of the indicator wait for a person."""
        item = self.state.item(indicator_id)
        if item is None or item.standing not in ("wanted", "waiting"):
            return Refused("unknown", "no such indicator is in force or waits here")
        with self.state.book.transaction():
            self._write("LiftedByHand", indicator_id, by)
            self._lift(replace(item, held=True, by=by), "lifted_by_hand", f"lifted by {by}")
        self._enforce()
        return None

    def kill_switch(self, *, on: bool, by: str) -> None:
        """Everything out of force at once, and back when it is turned off; kept over restarts."""
        with self.state.book.transaction():
            self._write("KillSwitchOn" if on else "KillSwitchOff", _KILL, by)
            self.state.set_note(_KILL, "on" if on else "off")
        self._enforce(everything=True)

    @property
    def killed(self) -> bool:
        """Whether the kill switch is on."""
        return self.state.note(_KILL) == "on"

    def blocks(self) -> list[Item]:
        """What is in force, or is to be."""
        return list(self.state.items("wanted"))

    def waiting(self) -> list[Item]:
        """What waits for a person, with the reasons and the dry run."""
        return list(self.state.items("waiting"))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _look(self) -> list[Draft | Refused | Withdrawn]:
        outcomes: list[Draft | Refused | Withdrawn] = []
        while some := self._intake.look():
            outcomes += some
        return outcomes

    def _grant_wishes(self) -> bool:
        granted = False
        for wish in wishes(self.state.book):
            if wish.act == "approve":
                self.approve(wish.indicator_id, wish.by)
            elif wish.act == "lift":
                self.lift(wish.indicator_id, wish.by)
            else:
                self.kill_switch(on=wish.act == "kill", by=wish.by)
            done_wish(self.state.book, wish.number)
            granted = True
        return granted

    def _no_longer(self, item: Item) -> str | None:
        """The rule that a block in force would break today."""
        observable = item.observable
        if observable is None or not is_external(observable, self._homes):
            return "external"
        if self._never.hit(observable) is not None:
            return "never_block"
        return None if self.hands.carrying(observable, item.act) else "carried"

    def _expire(self) -> bool:
        overdue = self.state.overdue(self.clock.now_us())
        with self.state.book.transaction():
            for item in overdue:
                if item.standing == "wanted":
                    self._lift(item, "expired", "its end came")
                else:
                    ended = replace(item, standing="refused", rule="not_expired", reason="its end came", told="refused")
                    self.state.keep(ended)
                    self.state.tell(outcome_of(ended, "refused", (), "not_expired", ()))
        return bool(overdue)

    def _lift(self, item: Item, rule: str, reason: str) -> None:
        lifted = replace(item, standing="lifted", rule=rule, reason=reason, told="", decided_us=self.clock.now_us())
        self.state.keep(lifted)

    def _write(self, kind: str, indicator_id: str, by: str) -> None:
        item_id = act_id(kind, indicator_id, by, self.clock.now_us())
        said = json.dumps({"indicator": indicator_id, "by": by}, sort_keys=True)
        self._ledger.append(self.clock.now_us(), GATE, "in", Note(kind=kind, item_id=item_id, peer=by, summary=said))

    def _enforce(self, *, again: bool = False, everything: bool = False) -> None:
        now_us, before = self.clock.now_us(), self.force.holding
        blocks = [] if self.killed else self.state.blocks("block", now_us)
        watched = [] if self.killed else self.state.blocks("watch", now_us)
        self.force.apply(blocks, watched, again=again)
        self._say(everything=everything or self.force.holding != before)

    def _say(self, *, everything: bool) -> None:
        """Tells what became true and was not told: of new things, or of all when an enforcer came or went."""
        items, killed = self.state.untold(), self.killed
        if everything:
            told = {item.indicator_id for item in items}
            items += [item for item in self.state.items("wanted") if item.indicator_id not in told]
        with self.state.book.transaction():
            for item in items:
                outcome = self._outcome(item, killed=killed)
                if outcome is None:
                    continue
                said = json.dumps(asdict(outcome), sort_keys=True)
                if said != item.told:
                    in_force = outcome.state in ("enforced", "partly")
                    since_us = (item.forced_us or self.clock.now_us()) if in_force else None
                    self.state.keep(replace(item, told=said, forced_us=since_us))
                    self.state.tell(outcome)

    def _outcome(self, item: Item, *, killed: bool) -> BlockOutcome | None:
        """What is true of an item now; None for a lift that is not true everywhere yet."""
        holding, observable = self.force.holding, item.observable
        if item.standing == "lifted" or killed:
            touched = self.hands.carrying(observable, "block") if observable else ()
            rule = item.rule if item.standing == "lifted" else _KILL
            return outcome_of(item, "lifted", (), rule, ()) if holding.issuperset(touched) else None
        if observable is None:
            raise AssertionError("only a lifted item has no observable")
        able = self.hands.carrying(observable, item.act)
        lacks = self.hands.not_carrying(observable, item.act)
        up = tuple(name for name in able if name in holding)
        if not up:
            return outcome_of(item, "waiting", (), "enforcer_down", lacks)
        if len(up) < len(able):
            return outcome_of(item, "partly", up, "enforcer_down", lacks)
        if item.act == "watch":
            return outcome_of(item, "partly", up, "pap_watch_only", lacks)
        if not any(hand.name in up for hand in self.hands.enforcers):
            return outcome_of(item, "partly", up, "watched_only", lacks)
        return outcome_of(item, "enforced", up, "", lacks)

    def _hunt(self) -> None:
        """Own history, asked once for each new indicator: the fourth actor learns that it was there last week."""
        now_us = self.clock.now_us()
        if now_us < self._hunt_next_us:
            return
        left = max(0, self.policy.hunts_per_day_max - self.state.hunts(now_us))
        asked: dict[str, Observable] = {}
        for indicator_id in self.state.to_hunt(min(left, HUNTS_PER_STEP_MAX)):
            item = self.state.item(indicator_id)
            if item is None or item.observable is None or not self._hunter.has_history:
                self.state.hunt_later(indicator_id, wanted=False)
            else:
                asked[indicator_id] = item.observable
        if not asked:
            return
        self.state.spend("hunt", now_us, len(asked))
        try:
            found = self._hunter.found(sorted(set(asked.values())), self.policy.retro_days, now_us)
        except QueryRefused:
            self._hunt_next_us = now_us + HUNT_AGAIN_S * SECOND_US
            return
        with self.state.book.transaction():
            for indicator_id, observable in asked.items():
                answer = found[observable]
                self._sightings.answered(indicator_id, answer.hits, answer.first_us, answer.last_us)
                self.state.hunt_later(indicator_id, wanted=False)

    def _collect(self) -> None:
        for source in self._sources:
            try:
                self._sightings.collect(source)
            except EnforcerDown:
                continue
        now_us = self.clock.now_us()
        if self._history is None or now_us < self._seen_next_us:
            return
        self._seen_next_us = now_us + self.policy.seen_every_s * SECOND_US
        sums: dict[tuple[str, SightingKind], list[tuple[int, int, int]]] = {}
        try:
            for met in met_in_alerts(self._history.window(now_us - self.policy.seen_hours * HOUR_US, now_us + 1)):
                ids = {id_: candidate for candidate in met.candidates for id_ in self.state.ids_of(candidate)}
                for indicator_id in ids:
                    sums.setdefault((indicator_id, met.kind), []).append((met.count, met.first_us, met.last_us))
        except QueryRefused:
            return
        for (indicator_id, kind), parts in sorted(sums.items()):
            counts, firsts, lasts = zip(*parts, strict=True)
            self._sightings.seen(indicator_id, kind, sum(counts), min(firsts), max(lasts))
