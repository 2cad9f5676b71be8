"""The node's side of the daily canary: when it sets out, how far it came, what the centre is told of it.

It travels as a suspicion does: through the gate of elements into a round, and out as a report that holds nothing but
what follows from the day. The centre's answer names nothing, and is heard once for a canary that is under way here.
Refuses to know sensor, store and enforcers: they say how their links stand.
"""

import json
from dataclasses import dataclass
from typing import Final

from bavn.actor.door.conversation import DoorContext, Nothing, Received
from bavn.actor.door.conversations.canary_book import CanaryBook, Run
from bavn.actor.door.draft import STAYS, Draft
from bavn.actor.door.rounds.reveals import Reveals
from bavn.actor.door.state import State as DoorState
from bavn.actor.door.switches import turned_off
from bavn.model.evidence import evidence_nats
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.sector import canary
from bavn.model.sector.canary import Link, State
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text
from bavn.wire.gate import Rule
from bavn.wire.ledger import Note
from bavn.wire.messages.canary import CanaryAnswered, CanaryProgress, ChainLink

TELL_GAP_US: Final = 20 * SECOND_US
LOOK_US: Final = SECOND_US
TIER: Final = "A"
OWN_RULES: Final = frozenset({"tell_canaries", "tier_joined", "not_vetoed", "not_left_out", "reveal_mode", "external"})
"""Rules by which it is the actor's policy that keeps a canary at home."""


@dataclass(frozen=True, slots=True)
class CanaryStatus:
    """A run and how its links stand: what is to be told."""

    run: Run
    links: tuple[Link, ...]


class Canaries:
    """One node's, on its own book."""

    def __init__(self, at: DoorContext, state: DoorState, reveals: Reveals) -> None:
        self.at, self._state, self._reveals = at, state, reveals
        self.book = CanaryBook(at.ledger.book)
        self._run, self._look_us = self.book.latest(), 0
        rules = (
            Rule("tell_canaries", self._may),
            Rule("canary_day", self._day),
            Rule("canary", _with_links),
        )
        self._way_out = at.way_out(CanaryProgress, rules, lambda item: {"day": item.run.day, "run": item.run.run})
        self._answers = at.way_in((Rule("canary_sent", self._sent), Rule("canary_once", self._once)), self._keep_answer)

    # --- a run ------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Begins what is due, looks how far the present run came, and tells of it. Cheap where nothing is due."""
        now_us = self.at.clock.now_us()
        if now_us < self._look_us and self._look_us - now_us <= LOOK_US:
            return
        self._look_us = now_us + LOOK_US
        self._begin(now_us)
        run = self._run
        if run is None:
            return
        if any(link.state == "waiting" for link in self.book.links(run)):
            self._watch(run, now_us)
        self._tell(run, now_us)

    def under_way(self) -> Run | None:
        """The run whose links may still pass."""
        run = self._run
        return run if run is not None and self.at.clock.now_us() < run.due_us else None

    def waits(self, link: str) -> Run | None:
        """The run under way, if this link of it has not been settled."""
        run = self.under_way()
        if run is None:
            return None
        return run if any(one.link == link and one.state == "waiting" for one in self.book.links(run)) else None

    def note(self, link: str, state: State, why: str = "") -> None:
        """How a link of the run under way stands: said by whoever tried it."""
        run = self.under_way()
        if run is not None:
            self.book.note(run, link, state, why, self.at.clock.now_us())

    def suspicions(self) -> tuple[Suspicion, ...]:
        """The canary under way, once the detectors found it: until its hour is over, also when it has come through,
        since others need to meet it."""
        run = self.under_way()
        if run is None or not self.at.policy.tell_canaries:
            return ()
        found = any(one.link == "detect" and one.state == "passed" for one in self.book.links(run))
        return (suspicion_of(run.day),) if found else ()

    def _begin(self, now_us: int) -> None:
        day = now_us // DAY_US
        today = self._run is not None and self._run.day == day
        by = self.book.take_request()
        if by is not None or (now_us >= canary.begins_us(day) and not today):
            self._run = self.book.begin(day, by or "", now_us) or self._run

    def _watch(self, run: Run, now_us: int) -> None:
        """What the door itself knows of the present run; what still waits when its time is over did not pass."""
        links = {link.link: link.state for link in self.book.links(run)}
        joined = self._state.rounds_since(run.began_us) > 0
        name = canary.name_of(run.day)
        if joined and links["door"] == "waiting" and links["detect"] == "passed":
            outcome = self._state.outcome(str(name), TIER)
            if outcome == "passed":
                self.book.note(run, "door", "passed", "", now_us)
            elif outcome is not None:
                self.book.note(run, "door", *_by_rule(outcome), now_us)
        request = self._reveals.of(name, run.began_us)
        if request and links["join"] == "waiting":
            self.book.note(run, "join", "passed", "", now_us)
        if "" in request and links["reveal"] == "waiting":
            self.book.note(run, "reveal", "passed", "", now_us)
        if run.answered_us is not None and links["answer"] == "waiting":
            self.book.note(run, "answer", "passed", "", now_us)
        if now_us >= run.due_us:
            self._end(run, joined=joined, elements=request, now_us=now_us)

    def _end(self, run: Run, *, joined: bool, elements: frozenset[str], now_us: int) -> None:
        gone = ""
        for link in self.book.links(run):
            if link.state in ("failed", "not-covered") and link.link not in ("sensor", "answer", "block"):
                gone = gone or link.state
            if link.state != "waiting":
                continue
            state: State = "failed"
            why = "late"
            if link.link in ("detect", "door", "join", "reveal") and gone:
                state, why = ("failed", "earlier") if gone == "failed" else ("not-covered", "earlier")
            elif link.link in ("door", "join") and not joined:
                state, why = "not-covered", "no-round"
            elif link.link == "join":
                state, why = ("failed" if run.in_time else "not-covered"), "no-other"
            elif link.link == "reveal" and elements:
                state, why = _by_rule(min(elements))
            self.book.note(run, link.link, state, why, now_us)
            gone = gone or (state if link.link not in ("sensor", "answer", "block") else "")

    # --- what the centre is told, and what it answers ---------------------------------------------------------

    def _tell(self, run: Run, now_us: int) -> None:
        """When something is new, not more often than each TELL_GAP_US."""
        if run.told_us <= now_us < run.told_us + TELL_GAP_US or now_us // DAY_US - run.day > 1:
            return
        links = self.book.links(run)
        summary = json.dumps([[one.link, one.state, one.took, one.why] for one in links])
        if summary == run.told:
            return
        with self.book.book.transaction():
            outcome = self._way_out.offer(CanaryStatus(run, links))
            if not (isinstance(outcome, Refused) and outcome.rule in STAYS):
                self.book.told(run, summary, now_us)
        self._run = self.book.latest()

    def take_in(self, message: CanaryAnswered, note: Note) -> None:
        """The centre's answer to the canary under way."""
        self._answers.offer(Received(message, note))

    def forget(self) -> None:
        """Drops old runs."""
        self.book.forget(self.at.clock.now_us())

    def _sent(self, item: Received[CanaryAnswered], draft: Nothing) -> Nothing | Refused:
        run = self.under_way()
        if run is None or (run.day, run.run) != (item.message.day, item.message.run) or not run.told:
            return Refused("canary_sent", "no such canary is under way here")
        return draft

    def _once(self, _: Received[CanaryAnswered], draft: Nothing) -> Nothing | Refused:
        run = self.under_way()
        if run is not None and run.answered_us is not None:
            return Refused("canary_once", "it was answered before")
        return draft

    def _keep_answer(self, _: Received[CanaryAnswered]) -> None:
        if self._run is not None:
            self.book.answered(self._run, self.at.clock.now_us())
            self._run = self.book.latest()

    def _may(self, _: CanaryStatus, draft: Draft) -> Draft | Refused:
        return turned_off(self.at.policy, "CanaryProgress") or draft

    def _day(self, item: CanaryStatus, draft: Draft) -> Draft | Refused:
        if canary.is_current(item.run.day, self.at.clock.now_us()):
            return draft
        return Refused("canary_day", "neither today's nor yesterday's canary")


def _by_rule(rule: str) -> tuple[State, str]:
    return ("not-covered", "policy") if rule in OWN_RULES else ("failed", "earlier")


def _with_links(item: CanaryStatus, draft: Draft) -> Draft | Refused:
    return draft.plus(
        day=item.run.day,
        run=item.run.run,
        links=tuple(ChainLink(link=one.link, state=one.state, took=one.took, why=one.why) for one in item.links),
    )


def suspicion_of(day: int) -> Suspicion:
    """What stands for the canary of a day at the gates: the same at every actor, whatever its records say."""
    name, at_us = canary.name_of(day), canary.begins_us(day)
    return Suspicion(
        id=f"{day:032x}",
        detector=canary.DETECTOR,
        technique=canary.TECHNIQUE,
        host="127.0.0.1",
        peer=name.value,
        observables=(name,),
        p=canary.P,
        p_source="exact",
        evidence_nats=evidence_nats(canary.P),
        statistic=0.0,
        first_us=at_us,
        last_us=at_us,
        hosts=1,
        listed=False,
        why=Text("The daily canary: a trial of the chain."),
        rows=RowsRef("dns", (("rrname", name.value),), at_us, at_us),
    )
