"""The driver of the private join: opens rounds, takes what actors send, reconstructs, reveals, closes.

A state machine over a RoundBook: every event leads to a list of changes that the book keeps in one transaction, the
messages among them, so that kill -9 at any moment neither loses nor doubles a reveal. What the centre learns here is
what PSI.md allows: which cells at least t actors share, and the value where at least t of them name it.
Refuses to know wire, disk, clock and score; dice and reconstruction are handed in.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from bavn.centre.correlate.bounds.only_second import PARTNERS_MIN, TWO, WINDOW_DAYS, may_ask, partners_of
from bavn.centre.correlate.round_state import (
    CellAnswer,
    Change,
    DropCells,
    DropPlanes,
    FixUploads,
    KeepAnswer,
    KeepCells,
    KeepHits,
    KeepHolders,
    KeepPlanes,
    KeepRound,
    KeepSigns,
    KeepTags,
    Phase,
    Quarantine,
    Round,
    RoundBook,
    RoundView,
    Say,
    Turned,
)
from bavn.centre.correlate.tier import Tier
from bavn.centre.correlate.turns import ended, turn
from bavn.centre.correlate.vouching import judge
from bavn.model.forms import forms
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import Dice
from bavn.model.received import Decline, Revealed, Tags, Upload
from bavn.model.statement import CommonsAnswer, Opening
from bavn.psi.commons import table_answers
from bavn.psi.commons_terms import TIER as COMMONS
from bavn.psi.field import P
from bavn.psi.planes import planes_from_bytes, tables_of
from bavn.psi.reconstruct import TableOf, reconstruct_tables
from bavn.psi.round import PROTOCOL_VERSION, ROUND_ID_BYTES, Cell, Hit, RoundParams
from bavn.tlog.entries import SALT_BYTES

Planes = npt.NDArray[np.uint32]
Reconstruct = Callable[[RoundParams, tuple[int, ...], TableOf], list[Hit]]
"""All hits of a round: its parameters, the x of its uploads in order, and what reads one table of all of them."""
JoinHeard = Upload | Tags | Decline | Revealed
COMMONS_CELLS_PER_STEP: Final = 10_000_000
"""A step takes whole tables of a commons round until so many cells were looked at: one of ten at N=100 and M=100,000,
which is 8 CPU seconds."""
Parts = list[bytes]


@dataclass(frozen=True, slots=True)
class Done[Result]:
    """What came of work that was done aside, and what it cost where that was measured."""

    result: Result
    cpu_ms: int = 0


class Aside(Protocol):
    """Begins a round's reconstruction, or a table of the commons; what is given says what came of it, None as long as
    it is under way, and raises what it raised. ``at_once`` does it there and then; a service has a thread for it, so
    that nothing else waits."""

    def __call__[Result](self, work: Callable[[], Result], /) -> Callable[[], Done[Result] | None]: ...


def at_once[Result](work: Callable[[], Result]) -> Callable[[], Done[Result] | None]:
    """For tests and simulations."""
    return lambda: Done(work())


@dataclass(frozen=True, slots=True)
class Membership:
    """Who takes part: ``version`` fixes each actor's x. Members are the active actors, sorted by name."""

    version: int
    members: tuple[tuple[str, int], ...]


class PlanesSpoilt(Exception):
    """Planes that were checked when they were taken do not read now: the store is spoilt. The operator must act."""


class Join:
    """One per centre. Call ``take_in`` for each thing an actor sent and ``step`` often. ``named_forms``: the forms that
    rounds are made for; None: this installation's. ``group_of``: which actors count as one in the commons
    and as somebody's only second; ``aside``: who reconstructs, one round at a time, and works on the commons' tables;
    ``apart``: groups that join nothing where two suffice; ``audited``: uploads are kept until a table of them was
    drawn."""

    def __init__(
        self,
        book: RoundBook,
        dice: Dice,
        tiers: Sequence[Tier],
        reconstruct: Reconstruct = reconstruct_tables,
        *,
        named_forms: str | None = None,
        group_of: Callable[[str], str] = str,
        aside: Aside = at_once,
        apart: Callable[[], Collection[str]] = tuple,
        audited: bool = False,
    ) -> None:
        self._book = book
        self._dice = dice
        self._tiers = {tier.name: tier for tier in tiers}
        self._reconstruct = reconstruct
        self._forms = named_forms or forms()
        self._group_of, self._aside, self._apart, self._audited = group_of, aside, apart, audited
        self._under_way: dict[tuple[str, int], Callable[[], Done[Parts] | None]] = {}
        # The round that is being reconstructed: it takes no upload any more. A kill forgets it, and it begins anew.
        self._joining: dict[str, Callable[[], Done[tuple[Hit, ...]] | None]] = {}
        # When the turns of a round were last looked at; forgotten when something was heard. Only saves work.
        self._looked_us: dict[str, int] = {}

    # --- what actors send -------------------------------------------------------------------------------------

    def take_in(self, message: JoinHeard) -> Refused | None:
        """Keep what an actor sent for a round, or say why not. The same thing again changes nothing."""
        actor = message.sign.actor if isinstance(message, Revealed) else message.actor
        round_id = message.sign.round_id if isinstance(message, Revealed) else message.round_id
        round_ = self._book.round(round_id)
        if round_ is None:
            return Refused("round_known", "no such round")
        outcome = self._outcome(round_, actor, message)
        if isinstance(outcome, Refused):
            self._book.write([Turned(round_id, actor, outcome.rule)])
            return outcome
        if outcome:
            self._book.write(outcome)
            self._looked_us.pop(round_id, None)
        return None

    def _outcome(self, round_: Round, actor: str, message: JoinHeard) -> list[Change] | Refused:
        x = round_.x_of(actor)
        if x is None:
            return Refused("round_member", "the actor is not a member of this round")
        if isinstance(message, Upload):
            return self._upload(round_, x, message)
        if round_.phase is not Phase.REVEAL:
            return Refused("round_phase", "nothing is asked in a round that is in phase {phase}", phase=round_.phase)
        if isinstance(message, Tags):
            return self._tags(round_, x, message)
        cell = Cell(message.table, message.bin)
        return self._answer(round_, CellAnswer(x, cell, message.sign if isinstance(message, Revealed) else None))

    def _upload(self, round_: Round, x: int, upload: Upload) -> list[Change] | Refused:
        known = self._book.uploaded(round_.id).get(x)
        if known == upload.item_id:
            return []
        if known is not None:
            return Refused("one_upload", "this actor's first upload of the round counts, and only that")
        if round_.phase is not Phase.UPLOADS or upload.received_us > round_.deadline_us or round_.id in self._joining:
            return Refused("upload_in_time", "the round's deadline has passed")
        if upload.registry_version != round_.params.registry_version:
            return Refused(
                "registry_version",
                "made for registry {theirs}, the round has {ours}",
                theirs=upload.registry_version,
                ours=round_.params.registry_version,
            )
        planes = planes_from_bytes(round_.params, upload.planes)
        if isinstance(planes, Refused):
            return planes
        return [KeepPlanes(round_.id, x, upload.item_id, upload.key_check, tables_of(planes), upload.draw)]

    def _tags(self, round_: Round, x: int, tags: Tags) -> list[Change] | Refused:
        asked = {entry.cell for entry in self._book.view(round_).asked if entry.x == x}
        wanted = [(Cell(one.table, one.bin), one.tag) for one in tags.tags]
        if not all(cell in asked for cell, _ in wanted):
            return Refused("asked_for", "a receipt for a cell that was not asked about")
        return [KeepTags(round_.id, x, tuple(wanted))]

    def _answer(self, round_: Round, answer: CellAnswer) -> list[Change] | Refused:
        view = self._book.about(round_, answer.cell)
        if not any(entry.x == answer.x and entry.step > 0 for entry in view.asked):
            return Refused("asked_for", "an answer about a cell that was not asked about")
        before = next((known for known in view.answers if known.x == answer.x), None)
        if before == answer:
            return []
        if before is not None and before.sign is not None:
            return Refused("one_answer", "this holder has named the element already")
        held: list[Change] = []
        if answer.sign is not None and round_.params.t == TWO:
            hit = next(hit for hit in view.hits if answer.x in hit.holders)
            held.append(KeepHolders(answer.sign, tuple(round_.actor_of(x) for x in hit.holders)))
        return [KeepAnswer(round_.id, answer), *held, *self._judged(round_, view, answer)]

    def _judged(self, round_: Round, view: RoundView, answer: CellAnswer) -> list[Change]:
        hit = next(hit for hit in view.hits if answer.x in hit.holders)
        answers = [known for known in view.answers if known.x in hit.holders and known.x != answer.x] + [answer]
        signs = tuple(known.sign for known in sorted(answers, key=lambda a: a.x) if known.sign is not None)
        standing = judge(answers, round_.params.t).standing
        if standing == "disputed":
            named = tuple((sign.actor, sign.observable, sign.report_id) for sign in signs)
            return [Quarantine(round_.id, answer.cell, named)]
        return [KeepSigns(signs)] if standing == "agreed" and answer.sign is not None else []

    def reveals(self) -> tuple[Round, ...]:
        """Rounds that are past their uploads and not over."""
        return tuple(round_ for round_ in self._book.unfinished() if round_.phase is not Phase.UPLOADS)

    # --- what time brings -------------------------------------------------------------------------------------

    def step(self, now_us: int, membership: Membership) -> None:
        """Open the rounds that are due, close uploads, take the turns of every reveal."""
        for tier in self._tiers.values():
            self._open_if_due(tier, now_us, membership)
        uploading = [round_ for round_ in self._book.unfinished() if round_.phase is Phase.UPLOADS]
        self._joining = {one.id: self._joining[one.id] for one in uploading if one.id in self._joining}
        for round_ in uploading:
            self._close_uploads(round_, now_us)
        for round_ in self._book.unfinished():
            if round_.phase is Phase.REVEAL and self._may_turn(round_, now_us):
                self._take_turns(round_, now_us)
            elif round_.phase is Phase.ANSWER:
                self._prepare_answers(round_)

    def _may_turn(self, round_: Round, now_us: int) -> bool:
        """Something was heard since the last look, or a time has come since."""
        looked_us = self._looked_us.get(round_.id)
        times_us = (round_.turn_until_us, round_.closes_us)
        return looked_us is None or any(looked_us < at_us <= now_us for at_us in times_us)

    def _open_if_due(self, tier: Tier, now_us: int, membership: Membership) -> None:
        latest = self._book.latest(tier.name, now_us + tier.every_us)  # one of later was opened by a wrong clock
        if latest is not None and latest.opened_us // tier.every_us >= now_us // tier.every_us:
            return
        if len(membership.members) < tier.t:
            return
        params = RoundParams(
            version=PROTOCOL_VERSION,
            epoch=now_us // DAY_US,
            round_id=self._dice.bytes(ROUND_ID_BYTES),
            registry_version=membership.version,
            tier=tier.name,
            t=tier.t,
            m=tier.m,
            r=tier.r,
            forms=self._forms,
        )
        deadline_us = now_us + tier.upload_us
        round_ = Round(
            params=params,
            members=membership.members,
            phase=Phase.UPLOADS,
            opened_us=now_us,
            deadline_us=deadline_us,
            closes_us=deadline_us + tier.reveal_us,
        )
        self._book.write([KeepRound(round_), *(Say(_opening(round_, actor)) for actor, _ in round_.members)])

    def _close_uploads(self, round_: Round, now_us: int) -> None:
        uploaded = self._book.uploaded(round_.id)
        if now_us <= round_.deadline_us and len(uploaded) < len(round_.members):
            return
        groups = _key_groups(self._book.key_checks(round_.id))
        round_ = replace(round_, uploads=len(uploaded), key_groups=groups)
        if len(uploaded) < round_.params.t:
            self._book.write(ended(round_, Phase.VOID, now_us))
            return
        if round_.params.tier == COMMONS:
            self._book.write([KeepRound(replace(round_, phase=Phase.ANSWER)), FixUploads(round_.id, now_us)])
            return
        hits = self._hits(round_, tuple(sorted(uploaded)))
        if hits is None:
            return
        round_ = replace(round_, phase=Phase.REVEAL, hits=len(hits))
        salt = self._dice.bytes(SALT_BYTES) if self._audited else b""
        found = KeepHits(round_.id, hits, now_us, round_.params.r, salt)
        self._book.write([KeepRound(round_), FixUploads(round_.id, now_us), found, DropPlanes(round_.id)])

    def _hits(self, round_: Round, xs: tuple[int, ...]) -> tuple[Hit, ...] | None:
        """None while it is worked on, or another round is. What failed is begun again."""

        def work() -> tuple[Hit, ...]:
            return tuple(self._reconstruct(round_.params, xs, lambda number: self._table(round_, xs, number)))

        if round_.id not in self._joining:
            if self._joining:
                return None
            self._joining[round_.id] = self._aside(work)
        try:
            done = self._joining[round_.id]()
        except Exception:
            del self._joining[round_.id]
            raise
        if done is None:
            return None
        del self._joining[round_.id]
        return done.result

    def _table(self, round_: Round, xs: tuple[int, ...], number: int) -> Planes:
        """Both planes of one table of all uploads, [2, n, bins]: nothing else of them is in memory."""
        planes: Planes = np.empty((2, len(xs), round_.params.bins), dtype=np.uint32)
        read = 0
        for x, raw in self._book.table(round_.id, number):
            if read == len(xs) or x != xs[read] or len(raw) != 8 * round_.params.bins:
                raise PlanesSpoilt(f"round {round_.id}, x {x}, table {number}")
            planes[:, read] = np.frombuffer(raw, dtype="<u4").reshape(2, -1)
            read += 1
        if read != len(xs) or int(planes.max()) >= P:
            raise PlanesSpoilt(f"round {round_.id}, table {number}")
        return planes

    # --- the commons: an answer for everybody, nothing revealed ------------------------------------------------

    def _prepare_answers(self, round_: Round) -> None:
        """Goes on table by table, each kept as it is done: a kill costs one table, and no other round waits for all."""
        params, done, looked = round_.params, self._book.tables_answered(round_.id), 0
        xs = tuple(sorted(self._book.uploaded(round_.id)))
        group_of = {x: self._group_of(round_.actor_of(x)) for x in xs}
        while done < params.r and (not looked or looked + len(xs) * params.bins <= COMMONS_CELLS_PER_STEP):
            table = self._table_done(round_, xs, group_of, done)
            if table is None:
                return
            round_ = replace(round_, cpu_ms=round_.cpu_ms + table.cpu_ms)
            cells = tuple(zip(xs, table.result, strict=True))
            self._book.write([KeepRound(round_), KeepCells(round_.id, done, cells)])
            done, looked = done + 1, looked + len(xs) * params.bins

    def _table_done(
        self, round_: Round, xs: tuple[int, ...], group_of: Mapping[int, str], table: int
    ) -> Done[Parts] | None:
        """One table's part of everybody's answer; None while it is worked on. What failed is begun again."""

        def work() -> Parts:
            return table_answers(round_.params, xs, group_of, table, self._table(round_, xs, table))

        key = (round_.id, table)
        if key not in self._under_way:
            self._under_way[key] = self._aside(work)
        try:
            done = self._under_way[key]()
        except Exception:
            del self._under_way[key]
            raise
        if done is not None:
            del self._under_way[key]
        return done

    def answers(self) -> Iterator[CommonsAnswer]:
        """What commons rounds came to and has not left, one actor's at a time."""
        for round_ in self._book.unfinished():
            if round_.phase is Phase.ANSWER and self._book.tables_answered(round_.id) == round_.params.r:
                uploaded = frozenset(self._book.uploaded(round_.id))
                for x in self._book.unanswered(round_.id):
                    cells = self._book.cells(round_.id, x)
                    yield self._answer_of(round_, x, uploaded, cells)

    def _answer_of(self, round_: Round, x: int, uploaded: frozenset[int], cells: bytes) -> CommonsAnswer:
        alike = [y for y in uploaded if not any((x in group) != (y in group) for group in round_.key_groups)]
        groups = len({self._group_of(round_.actor_of(y)) for y in alike})
        return CommonsAnswer(
            to=round_.actor_of(x), round_id=round_.id, groups=groups, other_keys=len(uploaded) - len(alike), cells=cells
        )

    def answered(self, answer: CommonsAnswer, now_us: int) -> None:
        """It has left, or its actor may not be told: it is kept no longer, and after the last the round is over."""
        round_ = self._book.round(answer.round_id)
        if round_ is None or (x := round_.x_of(answer.to)) is None:
            return
        changes: list[Change] = [DropCells(round_.id, x)]
        if set(self._book.unanswered(round_.id)) <= {x}:
            changes += ended(round_, Phase.CLOSED, now_us, answered=self._book.uploaded(round_.id))
        self._book.write(changes)

    def _take_turns(self, round_: Round, now_us: int) -> None:
        tier = self._tiers.get(round_.params.tier)
        wave_us = tier.wave_us if tier else 0
        current: Round | None = round_
        while current is not None and current.phase is Phase.REVEAL:
            view = self._book.view(current)
            changes = turn(self._of_two(view) if current.params.t == TWO else view, wave_us, now_us)
            if not changes:
                self._looked_us[current.id] = now_us
                return
            self._book.write(changes)
            current = self._book.round(current.id)
        self._looked_us.pop(round_.id, None)

    def _of_two(self, view: RoundView) -> RoundView:
        """A round in which two suffice, without what its groups may not meet in it (bounds/only_second.py). Where there
        are too few groups for anybody to be set apart by the look, nobody waits for it."""
        round_, apart = view.round, self._apart()
        group_of = {x: self._group_of(actor) for actor, x in round_.members}
        if not apart and len(set(group_of.values())) <= PARTNERS_MIN:
            return view
        held = self._book.held(round_.opened_us - WINDOW_DAYS * DAY_US)
        known = partners_of(
            {self._group_of(actor) for actor, at_us in one.first_us.items() if at_us < round_.opened_us} for one in held
        )
        asked = {(request.x, request.cell) for request in view.asked}
        hits = may_ask(view.hits, asked, group_of.__getitem__, known, apart, round_.id)
        return replace(view, hits=tuple(hits))


def _key_groups(checks: Mapping[int, str]) -> tuple[tuple[int, ...], ...]:
    """Who hold the same keys, the largest group first; empty where all do."""
    groups: dict[str, list[int]] = {}
    for x, check in sorted(checks.items()):
        groups.setdefault(check, []).append(x)
    ordered = sorted((tuple(xs) for xs in groups.values()), key=lambda xs: (-len(xs), xs))
    return tuple(ordered) if len(ordered) > 1 else ()


def _opening(round_: Round, actor: str) -> Opening:
    params = round_.params
    return Opening(
        to=actor,
        round_id=round_.id,
        version=params.version,
        epoch=params.epoch,
        registry_version=params.registry_version,
        tier=params.tier,
        t=params.t,
        m=params.m,
        r=params.r,
        forms=params.forms,
        deadline_us=round_.deadline_us,
        members=round_.members,
    )
