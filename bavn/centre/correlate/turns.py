"""The reveal as a row of turns: who is asked what next, given what has been asked and answered. Pure.

A wave is a group of hits. Its first turn asks every holder for receipts, the next shows each holder t-1 receipts of
others, further ones ask again those who declined (vouching.py); then comes the next wave (asking.py), until all hits
are explained. Holders that let a turn pass are not waited for again, but what they say later still counts until the
round is closed. Refuses to know the clock: ``now_us`` is given.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from dataclasses import replace
from functools import cached_property

from bavn.centre.correlate.asking import Place, next_hits, place
from bavn.centre.correlate.round_state import (
    CellAnswer,
    CellRequest,
    Change,
    DropPlanes,
    KeepRequests,
    KeepRound,
    Phase,
    Round,
    RoundView,
    Say,
    Settled,
)
from bavn.centre.correlate.vouching import judge, show
from bavn.model.statement import Closing, RevealOf, RevealWanted, TagsWanted
from bavn.psi.round import Cell, Hit

ASKINGS_OF_AGREED_MAX = 2


def turn(view: RoundView, wave_us: int, now_us: int) -> list[Change]:
    """What follows now; empty when there is nothing but to wait. Call again with the new view until it is empty."""
    return _Turn(view, wave_us, now_us).changes()


def ended(round_: Round, phase: Phase, now_us: int, answered: Collection[int] = ()) -> list[Change]:
    """The round is over for everybody: nothing of it is kept that could still be asked about. ``answered``: the x of
    who heard its end already."""
    closings = [
        Say(Closing(to=actor, round_id=round_.id, other_keys=round_.other_keys(x)))
        for actor, x in round_.members
        if x not in answered
    ]
    over = replace(round_, phase=phase, ended_us=now_us, listening=False)
    return [KeepRound(over), DropPlanes(round_.id), Settled(round_.id), *closings]


class _Turn:
    def __init__(self, view: RoundView, wave_us: int, now_us: int) -> None:
        self.view = view
        self.round = view.round
        self.wave_us = wave_us
        self.now_us = now_us
        self.answers = {(answer.x, answer.cell): answer for answer in view.answers}
        self.asked: dict[tuple[int, Cell], list[CellRequest]] = {}
        for entry in view.asked:
            self.asked.setdefault((entry.x, entry.cell), []).append(entry)

    def changes(self) -> list[Change]:
        if self.now_us >= self.round.closes_us:
            return ended(self.round, Phase.CLOSED, self.now_us)
        if not self.round.listening and not self._over():
            return []
        silent = tuple(sorted({*self.round.silent, *(x for x, _ in self._owed() if not self.round.listening)}))
        asking = self._askings() if self.round.wave else []
        if asking:
            step = self.round.step + (not self.round.listening)
            return self._ask(asking, replace(self.round, step=step, silent=silent))
        if self.round.listening:
            rest = bool(self._owed(everybody=True)) or self.now_us < self.round.turn_until_us
            return [] if rest else ended(self.round, Phase.CLOSED, self.now_us)
        wave = self._next_wave()
        if wave:
            return self._ask_tags(wave, replace(self.round, wave=self.round.wave + 1, step=0, silent=silent))
        return [KeepRound(replace(self.round, listening=True, silent=silent))]

    def _over(self) -> bool:
        """Nobody is waited for in this turn any longer."""
        return self.round.wave == 0 or self.now_us >= self.round.turn_until_us or not self._owed()

    def _owed(self, *, everybody: bool = False) -> set[tuple[int, Cell]]:
        """(x, cell) whose answer this turn waits for; with ``everybody``: all answers that never came."""
        owed = set()
        for (x, cell), entries in self.asked.items():
            if not everybody and (entries[-1].wave != self.round.wave or x in self.round.silent):
                continue
            answer = self.answers.get((x, cell))
            named = answer is not None and answer.sign is not None
            if entries[-1].step == 0:
                lacks = (x, cell) not in self.view.tags and (everybody or self.round.step == 0)
            elif entries[-1].step == 1 or everybody:
                lacks = answer is None
            else:  # a second decline looks like the first and is not sent again: only a report ends the waiting
                lacks = not named and entries[-1].step == self.round.step and not self._agreed(x, cell)
            if lacks:
                owed.add((x, cell))
        return owed

    def _agreed(self, x: int, cell: Cell) -> bool:
        hit = self._hit_of[x, cell]
        return judge(self._answers_about(hit), self.round.params.t).standing == "agreed"

    @cached_property
    def _hit_of(self) -> dict[tuple[int, Cell], Hit]:
        return {(x, hit.cell): hit for hit in self.view.hits for x in hit.holders}

    @cached_property
    def _requested_hits(self) -> list[Hit]:
        return [hit for hit in self.view.hits if (hit.holders[0], hit.cell) in self.asked]

    def _answers_about(self, hit: Hit) -> list[CellAnswer]:
        return [self.answers[x, hit.cell] for x in hit.holders if (x, hit.cell) in self.answers]

    def _askings(self) -> list[CellRequest]:
        """Everybody who can now be shown receipts: for the first time, or once more after a decline. Nodes answer at
        most 2m questions a round: m for receipts and m for values; asking again takes what is left of those."""
        requests = []
        asked_of = Counter(entry.x for entry in self.view.asked)
        for hit in self._requested_hits:
            about = [entry for x in hit.holders for entry in self.asked[x, hit.cell]]
            answers = self._answers_about(hit)
            verdict = judge(answers, self.round.params.t)
            with_tag = {x for x in hit.holders if (x, hit.cell) in self.view.tags}
            for x in hit.holders:
                if verdict.standing == "disputed" or not self._may_ask(x, hit, agreed=verdict.standing == "agreed"):
                    continue
                others = show(x, hit, with_tag, about, answers, self.round.params.t)
                if others is not None and asked_of[x] < 2 * self.round.params.m:
                    asked_of[x] += 1
                    entries = self.asked[x, hit.cell]
                    requests.append(CellRequest(x, hit.cell, entries[0].wave, entries[-1].step + 1, others))
        return requests

    def _may_ask(self, x: int, hit: Hit, *, agreed: bool) -> bool:
        last = self.asked[x, hit.cell][-1]
        answer = self.answers.get((x, hit.cell))
        if last.step == 0:
            return answer is None
        declined = answer is not None and answer.sign is None
        waited = self.now_us >= self.round.turn_until_us or last.step == 1
        return declined and waited and (not agreed or last.step < ASKINGS_OF_AGREED_MAX)

    def _next_wave(self) -> list[Hit]:
        named: dict[Place, Hashable] = {}
        for hit in self._requested_hits:
            values = {a.sign.observable for a in self._answers_about(hit) if a.sign is not None}
            named[place(hit)] = values.pop() if len(values) == 1 else place(hit)
        used = Counter(x for x, _ in self.asked)
        return next_hits(self.view.hits, named, {place(hit) for hit in self._requested_hits}, self.round.params.m, used)

    def _ask_tags(self, wave: list[Hit], round_: Round) -> list[Change]:
        requests = tuple(CellRequest(x, hit.cell, round_.wave, 0) for hit in wave for x in hit.holders)
        messages = [
            TagsWanted(to=round_.actor_of(x), round_id=round_.id, cells=tuple((c.table, c.bin) for c in cells))
            for x, cells in _by_holder((entry.x, entry.cell) for entry in requests)
        ]
        return [self._waiting(round_), KeepRequests(round_.id, requests), *(Say(one) for one in messages)]

    def _ask(self, asking: list[CellRequest], round_: Round) -> list[Change]:
        others_of = {(entry.x, entry.cell): entry.others for entry in asking}
        messages = []
        for x, cells in _by_holder((entry.x, entry.cell) for entry in asking):
            items = tuple(
                RevealOf(cell.table, cell.bin, tuple(sorted(self.view.tags[y, cell] for y in others_of[x, cell])))
                for cell in cells
            )
            messages.append(RevealWanted(to=round_.actor_of(x), round_id=round_.id, items=items))
        return [self._waiting(round_), KeepRequests(round_.id, tuple(asking)), *(Say(one) for one in messages)]

    def _waiting(self, round_: Round) -> KeepRound:
        return KeepRound(replace(round_, turn_until_us=min(self.now_us + self.wave_us, round_.closes_us)))


def _by_holder(pairs: Iterable[tuple[int, Cell]]) -> list[tuple[int, list[Cell]]]:
    cells: dict[int, list[Cell]] = {}
    for x, cell in pairs:
        cells.setdefault(x, []).append(cell)
    return [(x, sorted(cells[x])) for x in sorted(cells)]
