"""Warning lists and plausibility, looked at before an indicator is released and shown to whoever reviews it.

What stops it would be refused by gate 3 as well; here a person reads it in time. Refuses to decide: it names what there
is to weigh.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

from bavn.centre.cases.indicators.indicator import Check, Evidence
from bavn.model.counted import days as counted_days
from bavn.model.intel.accidents import RULE, accident_of
from bavn.model.intel.indicator import Pap
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external, registered_domain
from bavn.model.sector.indicator_life import BLOCK_PAP_MIN
from bavn.model.text import Text

GROUPS_MIN: Final = 2
_NOBODY_CARRIES: Final = frozenset({ObservableType.SHA256, ObservableType.FP_PAIR})
_BROAD: Final = frozenset({ObservableType.JA3, ObservableType.JA4})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """What a check may ask. ``listed``: lists that know the observable, by name; ``cleared``: a verdict of this sector
    found it harmless; ``ended``: how it ended the last time ("" for never); ``retired``: producers out of service."""

    observable: Observable
    evidence: Evidence
    pap: Pap
    days: int
    days_max: int
    score_block_min: float
    registered: bool
    cleared: bool
    ended: str
    false_groups: int
    retired: Collection[str]
    listed: Callable[[Observable], tuple[str, ...]]


def all_checks(facts: CheckFacts) -> tuple[Check, ...]:
    """All that was found, what stops it first."""
    found = [*_form(facts), *_innocence(facts), *_strength(facts), *_past(facts)]
    return tuple(sorted(found, key=lambda check: (not check.stops, check.name)))


def _form(facts: CheckFacts) -> list[Check]:
    return [*_bars(facts), *_cautions(facts.observable)]


def _bars(facts: CheckFacts) -> Iterator[Check]:
    """What keeps it from being released."""
    observable = facts.observable
    try:
        Observable(observable.type, observable.value)
    except NotCanonical:
        yield Check("canonical", True, Text("Not in canonical form."))
    if observable.type is ObservableType.CHAIN:
        text = Text("A chain of techniques stands in no record: it cannot be released.")
        yield Check("written", True, text)
    elif not is_external(observable):
        text = Text("It names something inside, or a whole public suffix.")
        yield Check("external", True, text)
    if not 1 <= facts.days <= facts.days_max:
        text = Text(
            "It lasts {days}; allowed are 1 to {days_max}.", days=counted_days(facts.days), days_max=facts.days_max
        )
        yield Check("not_expired", True, text)


def _cautions(observable: Observable) -> Iterator[Check]:
    """What a person should know before it is released."""
    if observable.type in _NOBODY_CARRIES:
        text = Text("No enforcer carries this type: actors only hunt for it.")
        yield Check("carried", False, text)
    if observable.type in _BROAD:
        text = Text("A fingerprint is shared by every program built alike.")
        yield Check("broad", False, text)
    if observable.type is ObservableType.DOMAIN and registered_domain(observable.value) == observable.value:
        text = Text("It covers the registered domain and everything below it.")
        yield Check("whole_domain", False, text)


def _innocence(facts: CheckFacts) -> list[Check]:
    blocks, checks = facts.pap >= BLOCK_PAP_MIN, []
    accident = accident_of(facts.observable)
    names = sorted({*facts.listed(facts.observable), *facts.evidence.listed} - ({"listed"} if accident else set()))
    if accident is not None:
        words = Text("Never blocked. {words}", words=accident.words) if accident.never else accident.words
        checks.append(Check(RULE, blocks, words, to_read=blocks and not accident.never))
    if names:
        said = ", ".join(names)
        spoken_for = accident is not None and not accident.never
        checks.append(Check("not_listed", blocks and not spoken_for, Text("On warning lists: {said}.", said=said)))
    if facts.registered:
        checks.append(Check("register", blocks, Text("One of the sector's own services.")))
    if facts.cleared:
        checks.append(
            Check(
                "verdict",
                blocks,
                Text("A verdict of this sector found it harmless."),
            )
        )
    return checks


def _strength(facts: CheckFacts) -> list[Check]:
    evidence, checks = facts.evidence, []
    if evidence.by_hand:
        return [
            Check(
                "by_hand",
                False,
                Text("Drafted by hand: no report of this sector stands behind it."),
            )
        ]
    if evidence.groups < GROUPS_MIN and evidence.partners:
        return [
            Check(
                "partners",
                False,
                Text("Only a partner's word stands behind it: a person must release a block."),
            )
        ]
    if evidence.groups < GROUPS_MIN:
        checks.append(
            Check(
                "two_groups",
                True,
                Text("Fewer than two independent groups report it."),
            )
        )
    if evidence.score < facts.score_block_min and facts.pap >= BLOCK_PAP_MIN:
        line = f"{evidence.score:.1f} < {facts.score_block_min:.1f}"
        checks.append(
            Check(
                "block_line",
                True,
                Text("Its score is below the block line ({line}).", line=line),
            )
        )
    return checks


def _past(facts: CheckFacts) -> list[Check]:
    checks = []
    if facts.ended:
        words = Text("It ended before: {ended}", ended=facts.ended)
        checks.append(Check("ended_before", False, words))
    if facts.false_groups:
        words = Text.counted(
            "{count:,} group found it wrong before.", "{count:,} groups found it wrong before.", facts.false_groups
        )
        checks.append(Check("found_wrong", False, words))
    noisy = ", ".join(sorted(set(facts.evidence.producers) & set(facts.retired)))
    if noisy:
        words = Text("Made by what was retired as noisy: {noisy}.", noisy=noisy)
        checks.append(Check("noisy", False, words))
    return checks
