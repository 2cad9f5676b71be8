"""Protect: what the centre released comes in through gate 4, is put into force, and its outcome and sightings go back.

Everything is a step: messages in, a person's act, or the clock. The wanted set is in the book before an enforcer is
called, so that kill -9 at any moment leaves a truth that ``start`` brings back. Works without store, sensor and centre:
a block always has an end, and this node's clock lifts it. Refuses to know how anything is enforced and where the
outcomes go.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from bavn.actor.protect.alerts import met_in_alerts, refused_hosts
from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset
from bavn.actor.protect.force import Force
from bavn.actor.protect.hit_book import keep_hosts
from bavn.actor.protect.intake import (
    APPROVED,
    GATE,
    NODE,
    Instruction,
    Intake,
    Switched,
    Withdrawn,
    act_id,
    sector_switch,
)
from bavn.actor.protect.never_own import Own, own_entries, own_mark, touched
from bavn.actor.protect.outfit import NO_LOG, CentreLog, ProtectOutfit
from bavn.actor.protect.own_history import Found, Hunter, Reached
from bavn.actor.protect.requests import end_request, requests
from bavn.actor.protect.rollback import Rollback, networks_of
from bavn.actor.protect.rules import Draft
from bavn.actor.protect.sightings import Hit, Sightings
from bavn.actor.protect.state import PIECE, Item, PendingNotice, State, outcome_of
from bavn.actor.protect.telling import Telling
from bavn.actor.protect.uncarried import Uncarried
from bavn.actor.protect.wanted import fingerprint
from bavn.model.contained import contained
from bavn.model.intel.indicator import Block, SightingKind
from bavn.model.intel.radius import functions_of
from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.model.observable import Observable, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import EnforcerDown, QueryRefused, Window
from bavn.model.text import Text
from bavn.wire.codec import Encoded, encode
from bavn.wire.gate import GateBroken
from bavn.wire.ledger import Ledger, Note
from bavn.wire.shut import WAITS

TOLD_MAX: Final = 1000
HUNTS_PER_STEP_MAX: Final = 200
HUNT_AGAIN_S: Final = 300
_KILL: Final = "kill_switch"
_SECTOR_KILL: Final = "sector_kill_switch"
_ITS_END: Final = Text("its end came")
_RULES: Final = "rules"
"""A note: by what the blocks in force were weighed."""
_OWN: Final = "never_own"
"""A note: the newest entry of the never-block list, made by hand, that blocks in force were weighed by."""


class Protect:
    """All of the way in. ``log``: what this node knows of the centre's."""

    def __init__(self, ledger: Ledger, outfit: ProtectOutfit, log: CentreLog = NO_LOG) -> None:
        policy, clock, enforcers, homes = outfit.policy, outfit.clock, outfit.enforcers, tuple(outfit.homes)
        self.policy, self.clock, self.enforcers = policy, clock, enforcers
        self.state = State(ledger.book)
        self._failures = told = outfit.failures
        self.force = Force(enforcers, clock, reconcile_s=policy.reconcile_s, retry_s=policy.retry_s, failures=told)
        self._telling = Telling(self.state, self.force, enforcers, clock, lambda: self.killed_by)
        self._rollback = Rollback(self.state, policy, homes)
        self._sightings = Sightings(self.state, every_s=policy.sighting_every_s, refused=self._rollback.refused)
        self._hunter = Hunter(
            outfit.history, networks_of(policy.clinical_networks), functions_of(policy.function_networks)
        )
        self._history, self._sources = outfit.history, outfit.sources
        self._given, self._homes, self._ledger = outfit.never, homes, ledger
        self._read_list()
        self._switched = False
        self._canary: Block | None = None
        self._seen_next_us = self._forget_next_us = self._hunt_next_us = 0
        self._intake = Intake(ledger, outfit, lambda: self._never, self._hunter, self.state, log)
        self._uncarried = Uncarried(self.state, self._intake, enforcers, policy, clock)

    # --- from the node --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Once, before the first step: what may no longer be in force is lifted, the rest is made true."""
        self._expire()
        rules = fingerprint(self._never, self._homes, self.enforcers)
        changed = self.state.note(_RULES) != rules
        if changed:
            self._lift_forbidden()
        self._enforce(again=True, everything=changed)
        self.state.set_note(_RULES, rules)
        self.state.set_note(_OWN, str(self._own_mark[1]))

    def take_in(self, message: Instruction, encoded: Encoded) -> None:
        """What the centre instructs: kept in the node's book at once (it joins the open transaction), looked at in the
        next step; the sector's kill switch stands as it was turned from this moment on."""
        self._switched |= self._intake.take_in(message, encoded)

    def receive(self, messages: Iterable[Instruction]) -> list[Draft | Refused | Withdrawn | Switched]:
        """The same for several, looked at and put into force before it returns; one outcome each, in order. Raises
        GateBroken."""
        with self.state.book.transaction():
            for message in messages:
                self.take_in(message, encode(message))
        outcomes = self._look()
        self._enforce()
        return outcomes

    def step(self) -> None:
        """Both halves. Raises GateBroken."""
        self.enforce_due()
        self.look_back()

    def enforce_due(self) -> None:
        """What must not wait: what was heard, wishes, ends, enforcers that were down. Raises GateBroken."""
        listed = self.heed_list()
        self._switched |= self._intake.turn_again()
        carried, looked = self._uncarried.step() | self._intake.prove_again(), self._look()
        wished, ended = self._grant_requests(), self._expire() or self._canary_over()
        if listed or carried or looked or wished or ended or self._switched or self.force.due():
            self._enforce()
        else:
            self._telling.walk()

    def look_back(self) -> None:
        """Hunts of own history and sightings: what may take seconds and can wait."""
        steps = {"hunt of own history": self._hunt, "sightings": self._collect, "rollback": self._roll_back}
        for part, step in steps.items():
            contained(self._failures, part, step, passing=(GateBroken, QueryRefused))
        now_us = self.clock.now_us()
        self._sightings.tell(now_us)
        if now_us >= self._forget_next_us:
            self.state.forget(now_us - self.policy.remember_days * DAY_US, now_us)
            self._forget_next_us = now_us + HOUR_US

    def take(self, limit: int = TOLD_MAX, *, without: frozenset[str] = frozenset()) -> list[PendingNotice]:
        """Outcomes and sightings for the door, oldest first; again the same until ``done``. ``without``: names of what
        must wait there, and holds up nothing else."""
        return self.state.pending_notices(limit, without)

    def took(self, number: int) -> None:
        """The door has taken this one, and not what came before it."""
        self.state.took(number)

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
        if isinstance(outcome, Draft) and item.observable is not None:
            self.state.let_go(item.observable)
        self._enforce()
        return outcome

    def lift(self, indicator_id: str, by: str) -> Refused | None:
        """Lift a block now, whatever other indicators want it, too; what comes later on it waits for a person."""
        item = self.state.item(indicator_id)
        if item is None or item.standing not in ("wanted", "waiting"):
            return Refused("unknown", "no such indicator is in force or waits here")
        with self.state.book.transaction():
            same = [other for other in self._same(item) if other.indicator_id != indicator_id]
            for lifted in (item, *same):
                self._write("LiftedByHand", lifted.indicator_id, by)
                self._lift(replace(lifted, held=True, by=by), "lifted_by_hand", Text("lifted by {by}", by=by))
        self._enforce()
        return None

    def kill_switch(self, *, on: bool, by: str) -> None:
        """Everything out of force at once, and back when it is turned off; kept over restarts."""
        with self.state.book.transaction():
            self._write("KillSwitchOn" if on else "KillSwitchOff", _KILL, by)
            self.state.set_note(_KILL, "on" if on else "off")
        self._enforce(everything=True)

    def heed_list(self) -> bool:
        """What people added to the never-block list by hand, or struck from it, holds from now on: blocks that it
        forbids are lifted. True if some were; the caller enforces."""
        rows, last_id = self.state.book.rows, int(self.state.note(_OWN) or 0)
        if (mark := own_mark(rows)) == self._own_mark and mark[1] <= last_id:
            return False
        with self.state.book.transaction():
            newer = [one for one in self._read_list() if one.number > last_id]
            lifted = [item for id_ in touched(rows, newer, ("wanted",)) if (item := self.state.item(id_)) is not None]
            for item in lifted:
                self._lift(item, "never_block", Text("a person here added it to the never-block list"))
            self.state.set_note(_OWN, str(self._own_mark[1]))
            self.state.set_note(_RULES, fingerprint(self._never, self._homes, self.enforcers))
        return bool(lifted)

    def _read_list(self) -> list[Own]:
        """The never-block list as it stands; the entries made by hand."""
        with self.state.book.transaction():
            entries, self._own_mark = own_entries(self.state.book.rows), own_mark(self.state.book.rows)
        self._never = self._given.with_own(entries)
        return entries

    def enforce(self) -> None:
        """Makes the enforcers agree with what stands in the book, now."""
        self._enforce()

    @property
    def killed(self) -> bool:
        """Whether a kill switch is on: this actor's own or the sector's."""
        return bool(self.killed_by)

    @property
    def killed_by(self) -> str:
        """The rule by which nothing is in force: kill_switch (turned here) or sector_kill_switch; empty for neither."""
        if self.state.note(_KILL) == "on":
            return _KILL
        turned = sector_switch(self.state)
        return _SECTOR_KILL if turned is not None and turned.state == "on" else ""

    def blocks(self) -> list[Item]:
        """What is in force, or is to be."""
        return list(self.state.items("wanted"))

    def waiting(self) -> list[Item]:
        """What waits for a person, with the reasons and the dry run."""
        return list(self.state.items("waiting"))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _look(self) -> list[Draft | Refused | Withdrawn | Switched]:
        outcomes: list[Draft | Refused | Withdrawn | Switched] = []
        while some := self._intake.look():
            outcomes += some
        return outcomes

    def _grant_requests(self) -> bool:
        granted = False
        for request in requests(self.state.book):
            if request.act == "approve":
                if self._intake.holds_back(APPROVED, request.by):
                    continue
                outcome = self.approve(request.indicator_id, request.by)
                if isinstance(outcome, Refused) and outcome.rule in WAITS:
                    continue  # it stays wished until a person opens the gate
            elif request.act == "lift":
                self.lift(request.indicator_id, request.by)
            else:
                self.kill_switch(on=request.act == "kill", by=request.by)
            end_request(self.state.book, request.number)
            granted = True
        return granted

    def _lift_forbidden(self) -> None:
        """Lists or enforcers are not those that the blocks in force were weighed by."""
        for some in self._all_wanted():
            with self.state.book.transaction():
                for item in some:
                    why = self._no_longer(item)
                    if why is not None and why.rule == "carried":
                        self._intake.uncarried(item, why)
                    elif why is not None:
                        self._lift(item, why.rule, why.reason)

    def _all_wanted(self) -> Iterator[list[Item]]:
        """Everything that is in force, or is to be, piece by piece: there may be a million."""
        after_id = ""
        while some := self.state.some_wanted(after_id, PIECE):
            yield some
            after_id = some[-1].indicator_id

    def _no_longer(self, item: Item) -> Refused | None:
        """Why a block in force would be refused today."""
        observable = item.observable
        if observable is None or not is_external(observable, self._homes):
            return Refused("external", "the observable names something internal or own")
        if (refused := self._never.refusal(observable)) is not None:
            return refused
        if self.enforcers.carrying(observable, item.act):
            return None
        return Refused("carried", "no enforcer here carries {type} observables like this one any more", type=item.type)

    def _expire(self) -> bool:
        """Notes the ends that came, a piece in each step; out of force each is by the clock, noted or not."""
        overdue = self.state.overdue(self.clock.now_us(), PIECE)
        with self.state.book.transaction():
            for item in overdue:
                if item.standing == "wanted":
                    self._lift(item, "expired", _ITS_END)
                else:
                    ended = replace(item, standing="refused", rule="not_expired", reason=_ITS_END.row(), told="refused")
                    self.state.keep(ended)
                    self.state.tell(outcome_of(ended, "refused", (), "not_expired", ()))
        return bool(overdue)

    def _lift(self, item: Item, rule: str, reason: Text) -> None:
        lifted = replace(
            item, standing="lifted", rule=rule, reason=reason.row(), told="", decided_us=self.clock.now_us()
        )
        self.state.keep(lifted)

    def _roll_back(self) -> None:
        """What hits more than its dry run promised goes, under every indicator that the node put it in force for."""
        gone = False
        for exceeded in self._rollback.exceeded(self.clock.now_us()):
            same = self._same(exceeded.item)
            if any(item.by for item in same):  # a person wants it under another indicator
                continue
            with self.state.book.transaction():
                for item in same:
                    self._write("RolledBack", item.indicator_id, NODE)
                    self._lift(replace(item, held=True), "rolled_back", exceeded.reason)
            gone = gone or bool(same)
        if gone:
            self._enforce()

    def _same(self, item: Item) -> list[Item]:
        """All items in force on its observable."""
        if item.observable is None:
            return []
        found = [self.state.item(id_) for id_ in self.state.ids_of(item.observable)]
        return [one for one in found if one is not None and one.standing == "wanted"]

    def try_canary(self, canary: Block) -> str:
        """Puts a canary's name into force like any block; why that cannot be tried or did not hold, empty if it did.
        It is in no book, told to nobody, and gone at its end or with the process."""
        if self.killed:
            return "kill-switch"
        carrying = self.enforcers.carrying(canary.observable, "block")
        if not carrying:
            return "no-enforcer"
        self._canary = canary
        self._enforce()
        return "" if self.force.holding >= frozenset(carrying) else "enforcer-down"

    def _canary_over(self) -> bool:
        over = self._canary is not None and self._canary.until_us <= self.clock.now_us()
        self._canary = None if over else self._canary
        return over

    def _write(self, kind: str, indicator_id: str, by: str) -> None:
        item_id = act_id(kind, indicator_id, by, self.clock.now_us())
        said = json.dumps({"indicator": indicator_id, "by": by}, sort_keys=True)
        self._ledger.append(self.clock.now_us(), GATE, "in", Note(kind=kind, item_id=item_id, peer=by, summary=said))

    def _enforce(self, *, again: bool = False, everything: bool = False) -> None:
        now_us = self.clock.now_us()
        blocks = [] if self.killed else self.state.blocks("block", now_us)
        watched = [] if self.killed else self.state.blocks("watch", now_us)
        if self._canary is not None and not self.killed:
            blocks = sorted((*blocks, self._canary))
        self.force.apply(blocks, watched, again=again)
        self._telling.tell(everything=everything or self._switched)
        self._switched = False

    def found(self, observables: Sequence[Observable], days: int, now_us: int) -> dict[Observable, Found]:
        """What own history of so many days holds of each. Raises QueryRefused."""
        return self._hunter.found(observables, days, now_us)

    def reached(self, observable: Observable) -> Reached:
        """Whom a block of it would hit here, by own history. Raises QueryRefused."""
        return self._hunter.reached(observable, self.clock.now_us())

    def _hunt(self) -> None:
        """Own history, asked once for each new indicator: the fourth actor learns that it was there last week."""
        now_us = self.clock.now_us()
        if now_us < self._hunt_next_us:
            return
        left = max(0, self.policy.hunts_per_day_max - self.state.hunts(now_us))
        observables: dict[str, Observable] = {}
        for indicator_id in self.state.to_hunt(min(left, HUNTS_PER_STEP_MAX)):
            item = self.state.item(indicator_id)
            if item is None or item.observable is None or not self._hunter.has_history:
                self.state.hunt_later(indicator_id, wanted=False)
            else:
                observables[indicator_id] = item.observable
        if not observables:
            return
        self.state.spend("hunt", now_us, len(observables))
        try:
            met = self._hunter.hunted(sorted(set(observables.values())), self.policy.retro_days, now_us)
        except QueryRefused:
            self._hunt_next_us = now_us + HUNT_AGAIN_S * SECOND_US
            return
        with self.state.book.transaction():
            for indicator_id, observable in observables.items():
                answer, named = met[observable].found, met[observable].named
                self._sightings.answered(indicator_id, answer.hits, answer.first_us, answer.last_us)
                keep_hosts(self.state.book, indicator_id, answer.hosts, named, now_us)
                self.state.hunt_later(indicator_id, wanted=False)

    def _collect(self) -> None:
        for source in self._sources:
            with suppress(EnforcerDown):
                step, part = partial(self._sightings.collect, source), f"hits of {type(source).__name__}"
                contained(self._failures, part, step, passing=(EnforcerDown,))
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
            self._hosts_of_drops(self._history.window(now_us - HOUR_US, now_us + 1))
        except QueryRefused:
            return
        for (indicator_id, kind), parts in sorted(sums.items()):
            counts, firsts, lasts = zip(*parts, strict=True)
            self._sightings.seen(indicator_id, kind, sum(counts), min(firsts), max(lasts))

    def _hosts_of_drops(self, window: Window) -> None:
        """Own machines whose packets a Suricata of ours dropped in the last hour, for the rollback."""
        if any(isinstance(hand, SuricataDataset) for hand in self.enforcers.blocking):
            for candidates, host, last_us in refused_hosts(window):
                for candidate in candidates:
                    for indicator_id in self.state.ids_of(candidate):
                        self._rollback.refused(indicator_id, Hit(candidate, 1, last_us, last_us, ((host, last_us),)))
