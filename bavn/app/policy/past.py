"""Another policy tried on what has left this node: each line of the ledger's last days is put once more to the rules of
gate 1, at its own moment, once under the policy in force and once under the other.

The rules are the gate's own objects over a memory that begins empty, so that budgets count as they would have counted.
Expect no bound on answers, questions and evidence a day to be tried. Refuses to write anything.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError

from bavn.actor.door.conversation import Received
from bavn.actor.door.draft import Draft
from bavn.actor.door.live import live_elements
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.report_rules import ElementRequest, Offered, Rules
from bavn.actor.door.round_elements import element_of
from bavn.actor.door.rounds.rules import Question, RoundRules
from bavn.actor.door.state import OpenRound
from bavn.actor.door.switches import turned_off, unanswered
from bavn.model.evidence import evidence_nats, p_of_bucket
from bavn.model.moment import HOUR_US
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.sector.question import Asks
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text
from bavn.psi.round import Cell
from bavn.wire.gate import Rule
from bavn.wire.ledger import LedgerReader, Line, Note
from bavn.wire.messages.catalogue import RoundOpened

DAYS: Final = 28
LINES_MAX: Final = 400_000
"""So many lines of these days are looked through: some 600 an hour."""
ANSWERS: Final[Mapping[str, Asks]] = {"QuestionAnswered": "met", "QuestionCounted": "hit"}
OF_ROUNDS: Final = frozenset({"ShareUpload", "Receipts", "Declined"})
_SEEN: Final = Text("as it left")
Wish = Callable[[Observable], str | None]
Questions = Mapping[tuple[str, int], Observable]


@dataclass(frozen=True, slots=True)
class Stayed:
    """A line that would not have left. ``observable``: what it named, if anything."""

    line: Line
    observable: Observable | None
    why: Refused


@dataclass(frozen=True, slots=True)
class PastTried:
    """What left in these days, and what of it would have stayed. ``already``: how many more would stay with the first
    policy, too. ``whole``: no line of them was left out."""

    left: int
    already: int
    stays: tuple[Stayed, ...]
    whole: bool


@dataclass(slots=True)
class _Then:
    """A clock that stands where a line was written, and what the rules remember at that moment."""

    person: Wish
    at_us: int = 0
    rounds: list[int] = field(default_factory=list)
    commons: set[tuple[str, int]] = field(default_factory=set)
    reports: list[tuple[int, Observable]] = field(default_factory=list)

    def now_us(self) -> int:
        return self.at_us

    def monotonic_us(self) -> int:
        return self.at_us

    def wish(self, observable: Observable) -> str | None:
        return self.person(observable)

    def was_reported(self, observable: Observable, since_us: int) -> bool:
        return any(at_us > since_us and one == observable for at_us, one in reversed(self.reports))

    def reported_since(self, since_us: int) -> int:
        return len({one for at_us, one in self.reports if at_us > since_us})

    def knows(self, _: str) -> bool:
        return False

    def round(self, _: str) -> OpenRound | None:
        return None

    def is_wanted(self, _: str) -> bool:
        return False

    def had(self, tier: str, epoch: int) -> bool:
        return (tier, epoch) in self.commons

    def members(self, _: int) -> str | None:
        return None

    def newest_registry(self) -> int:
        return 0

    def restored_us(self) -> int:
        return 0

    def rounds_since(self, since_us: int) -> int:
        return sum(at_us > since_us for at_us in self.rounds)


class _Policy:
    """One policy, going through the lines in their order."""

    def __init__(self, policy: DoorPolicy, name: str, homes: tuple[str, ...], wish: Wish) -> None:
        self._policy, self._then = policy, _Then(wish)
        self._rounds = RoundRules(policy, self._then, self._then, name).row()
        self._rules = Rules(policy, self._then, self._then, homes)
        self._refused: dict[str, Refused] = {}

    def opened(self, line: Line, message: RoundOpened) -> None:
        self._then.at_us = line.at_us
        put: Received[Question] = Received(message, Note(kind=line.kind, item_id=line.item_id, peer=line.peer))
        for rule in self._rounds:
            outcome = rule.apply(put, ())
            if isinstance(outcome, Refused):
                self._refused[message.round_id] = outcome
                return
        self._then.rounds = [at for at in self._then.rounds if at > line.at_us - HOUR_US] + [line.at_us]
        self._then.commons.add((message.tier, message.epoch))

    def refuses(self, line: Line, body: Mapping[str, Any], tier: str, about: Observable | None) -> Refused | None:
        """Why this line does not leave under the policy."""
        self._then.at_us = line.at_us
        if line.kind in OF_ROUNDS:
            return self._refused.get(str(body.get("round_id")))
        if line.kind == "Report" and about is not None and "p_bucket" in body:
            return self._refused.get(str(body.get("round_id"))) or self._report(body, tier, about)
        if line.kind in ANSWERS and about is not None:
            left_out = about in self._policy.left_out
            said = Refused("not_left_out", "the policy leaves it out")
            wish = self._then.wish(about)
            return said if left_out else unanswered(self._policy, about.type, wish, ANSWERS[line.kind])
        return turned_off(self._policy, line.kind)

    def _report(self, body: Mapping[str, Any], tier: str, about: Observable) -> Refused | None:
        said, now_us = _suspicion(body, about), self._then.at_us
        alive = live_elements([said], tier, now_us, self._policy)
        if not alive:
            return Refused("strong_enough", "it is older than the policy lets take part")
        element, enough = alive[0]
        asked = ElementRequest("0" * 32, tier, Cell(0, 0), element_of(element), proved=True)
        refused = _through(self._rules.element_row(), Offered(element, tier, enough))
        refused = refused or _through(self._rules.report_row(), asked)
        if refused is None:
            self._then.reports.append((now_us, about))
        return refused


def _through[Item](row: Sequence[Rule[Item, Draft]], item: Item) -> Refused | None:
    draft = Draft()
    for rule in row:
        outcome = rule.apply(item, draft)
        if isinstance(outcome, Refused):
            return outcome
        draft = outcome
    return None


def tried_on_past(
    lines: Iterable[Line],
    policies: tuple[DoorPolicy, DoorPolicy],
    who: tuple[str, tuple[str, ...]],
    wish: Wish,
    questions: Questions,
) -> PastTried:
    """What the second policy keeps at home of what left, that the first lets out. ``lines``: the newest first. ``who``:
    the actor's name and its own networks; ``questions``: what each question of the centre asked about."""
    looked = list(islice(lines, LINES_MAX + 1))
    kept, whole = [line for line in looked if _counts(line)], len(looked) <= LINES_MAX
    before, after = (_Policy(policy, *who, wish) for policy in policies)
    tiers: dict[str, str] = {}
    left, already, stays = 0, 0, []
    for line in reversed(kept):
        body = _body(line)
        if line.kind == "RoundOpened":
            message = _opened(body)
            if message is not None:
                tiers[message.round_id] = message.tier
                before.opened(line, message)
                after.opened(line, message)
            continue
        left += 1
        about = _about(line, body, questions)
        tier = tiers.get(str(body.get("round_id")), "A")
        was, now = (one.refuses(line, body, tier, about) for one in (before, after))
        if now is not None and was is not None:
            already += 1
        elif now is not None:
            stays.append(Stayed(line, about, now))
    return PastTried(left, already, tuple(stays), whole)


def lines_of(reader: LedgerReader, now_us: int, days: int = DAYS) -> Iterable[Line]:
    """The lines of the last so many days, the newest first."""
    return reader.back_to(now_us - days * 24 * HOUR_US)


def has_left(line: Line) -> bool:
    """Whether this line is something that left this actor."""
    return line.way == "out" and line.verdict == "passed" and bool(line.privacy)


def _counts(line: Line) -> bool:
    return has_left(line) or (line.kind == "RoundOpened" and line.verdict == "passed")


def _body(line: Line) -> Mapping[str, Any]:
    try:
        body = json.loads(line.summary)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _opened(body: Mapping[str, Any]) -> RoundOpened | None:
    try:
        return RoundOpened.model_validate_json(json.dumps(body))
    except ValidationError:
        return None  # cut off, or of an older version: its round is left as it was


def _about(line: Line, body: Mapping[str, Any], questions: Questions) -> Observable | None:
    if line.kind in ANSWERS:
        return questions.get((str(body.get("question_id")), int(body.get("number", -1))))
    try:
        return Observable(ObservableType(body["type"]), str(body["value"]))
    except (KeyError, ValueError, NotCanonical):
        return None


def _suspicion(body: Mapping[str, Any], about: Observable) -> Suspicion:
    """What a report rested on, as far as the report itself says it: p at the strong edge of its bucket."""
    p, walk = p_of_bucket(int(body["p_bucket"])) / 2, body.get("walk_half_nats")
    return Suspicion(
        id="",
        detector=str(body["detector"]),
        technique=str(body["technique"]),
        host="",
        peer=about.value,
        observables=(about,),
        p=p,
        p_source="own",
        evidence_nats=evidence_nats(p),
        statistic=0.0,
        first_us=int(body["first_hour"]) * HOUR_US,
        last_us=int(body["last_hour"]) * HOUR_US,
        hosts=1,
        listed=False,
        why=_SEEN,
        rows=RowsRef("flow", (), 0, 1),
        walk_nats=None if walk is None else int(walk) / 2,
    )
