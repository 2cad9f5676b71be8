"""A level proposed for each sort of threat from what the sector saw, with its reasons and its trend; a person sets it.

The rule (docs/publish.md): of the period's confirmed cases of a sort, three or one that reached a quarter of the actors
(three at least) propose very high, one that reached two actors high, any other medium, a case still open medium too;
none proposes low, and only where the actors were heard; else nothing is proposed. ``none`` is never proposed: seeing
nothing proves nothing. Refuses to set anything.
"""

from dataclasses import dataclass
from typing import Final

from bavn.centre.publish.chance import Trend, next_count, trend
from bavn.centre.publish.document import Source, SourceKind, sources_of
from bavn.centre.publish.facts import CaseFact, DocumentFacts, LevelSet, Period
from bavn.centre.publish.threat import BY_RSIT, THREATS, Level, Threat, by_rsit
from bavn.model.counted import actors as actors_counted
from bavn.model.counted import cases as cases_counted
from bavn.model.health import away
from bavn.model.sector.case import CaseState
from bavn.model.text import Text

VERY_HIGH_CASES: Final = 3
WIDE_SHARE: Final = 0.25
WIDE_ACTORS_MIN: Final = 3
HEARD_SHARE_MIN: Final = 0.5
OPEN: Final = (CaseState.NEW, CaseState.TRIAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """``level`` None where the data says nothing. ``change``: its trend, None where there is nothing to compare. ``p``
    of the change; ``expected``: how many confirmed cases the next period has with 80 % if the rate stays."""

    threat: Threat
    level: Level | None
    why: Text
    sources: tuple[Source, ...]
    change: Trend | None
    before: int
    now: int
    p: float
    expected: tuple[int, int]
    set: LevelSet | None

    @property
    def stands(self) -> Level | None:
        """The level that counts: what a person set, else what is proposed."""
        return self.level if self.set is None else self.set.level


def threat_of(case: CaseFact) -> Threat | None:
    """A person's choice, else what its RSIT type says, else unknown."""
    return case.threat or by_rsit(case.rsit)


def unknown_cases(facts: DocumentFacts) -> tuple[CaseFact, ...]:
    """The period's confirmed cases of which nothing says what sort of threat they are."""
    return tuple(one for one in facts.confirmed_in(facts.period) if threat_of(one) is None)


def proposals(facts: DocumentFacts) -> tuple[Proposed, ...]:
    """One for each sort of threat, in their order."""
    return tuple(_proposed(facts, threat) for threat in Threat)


def received_share(facts: DocumentFacts) -> float:
    """The share of active actors that took part in the period and whose node was heard of within a day; 0 where there
    is none."""
    active = facts.active
    heard = [one for one in facts.took_part if not away(one.health_us, facts.now_us)]
    return len(heard) / len(active) if active else 0.0


def _proposed(facts: DocumentFacts, threat: Threat) -> Proposed:
    mine = _of(facts, threat, facts.period)
    before = len(_of(facts, threat, facts.period.before))
    unconfirmed = [
        case
        for case in facts.cases
        if case.state in OPEN and case.opened_us < facts.period.end_us and threat_of(case) is threat
    ]
    level, why = _level(facts, threat, mine, unconfirmed)
    change, p = trend(before, len(mine))
    has_cases = bool(mine or before)
    shown = facts.shown([*mine, *unconfirmed])
    set_ = [
        judgement
        for judgement in facts.levels
        if judgement.threat is threat and judgement.at_us < max(facts.now_us, facts.period.end_us)
    ]
    return Proposed(
        threat=threat,
        level=level,
        why=why,
        change=change if has_cases else None,
        before=before,
        now=len(mine),
        p=p,
        sources=sources_of(SourceKind.CASE, (case.id for case in shown), "bavn centre cases"),
        expected=next_count(len(mine)),
        set=max(set_, key=lambda judgement: judgement.at_us, default=None),
    )


def _of(facts: DocumentFacts, threat: Threat, period: Period) -> tuple[CaseFact, ...]:
    return tuple(one for one in facts.confirmed_in(period) if threat_of(one) is threat)


def _level(
    facts: DocumentFacts, threat: Threat, mine: tuple[CaseFact, ...], unconfirmed: list[CaseFact]
) -> tuple[Level | None, Text]:
    widest = max((one.actors for one in mine), default=0)
    wide = max(WIDE_ACTORS_MIN, WIDE_SHARE * len(facts.active))
    cases_words = cases_counted(len(mine))
    if len(mine) >= VERY_HIGH_CASES or (mine and widest >= wide):
        return Level.VERY_HIGH, Text(
            "{said} confirmed in the period, the widest of them at {actors}.",
            said=cases_words,
            actors=actors_counted(widest),
        )
    if widest > 1:
        return Level.HIGH, Text(
            "{said} confirmed in the period, one of them at {actors}.",
            said=cases_words,
            actors=actors_counted(widest),
        )
    if mine:
        return Level.MEDIUM, Text("{said} confirmed in the period, none at more than one actor.", said=cases_words)
    if unconfirmed:
        return Level.MEDIUM, Text.counted(
            "No case was confirmed, but {count:,} case of this sort waits to be judged.",
            "No case was confirmed, but {count:,} cases of this sort wait to be judged.",
            len(unconfirmed),
        )
    return _nothing(facts, threat)


def _nothing(facts: DocumentFacts, threat: Threat) -> tuple[Level | None, Text]:
    if threat not in BY_RSIT.values():
        return None, Text("No data that the centre has says anything of this; a person must judge it.")
    if not facts.took_part:
        return None, Text("No case, but no actor took part for half of the period: nothing can be proposed.")
    received_percent = round(100 * received_share(facts))
    if received_share(facts) < HEARD_SHARE_MIN:
        return None, Text(
            "No case, but only {heard} % of the actors' nodes were heard from within a day: nothing can be proposed.",
            heard=received_percent,
        )
    word = THREATS[threat]
    return Level.LOW, Text(
        "No case of {word} in the period, while {heard} % of the actors' nodes were heard from.",
        word=word,
        heard=received_percent,
    )
