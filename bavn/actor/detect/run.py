"""Runs every detector over one window: suspicions in order, each with its p-value and where it comes from.

The same rows give the same bytes, whatever their order, the threads and the load. Refuses to keep anything between
runs: the tallies of earlier windows are handed in, those of this one are handed out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bavn.actor.detect import calibrate
from bavn.actor.detect.base import Candidate, Detector, DetectorContext, Found, story_id
from bavn.actor.detect.calibrate import Reference, Tally, p_value
from bavn.actor.detect.detectors.beacon import Beacon
from bavn.actor.detect.detectors.bruteforce import BruteForce
from bavn.actor.detect.detectors.dga import Dga
from bavn.actor.detect.detectors.dns_tunnel import DnsTunnel
from bavn.actor.detect.detectors.exfil import Exfil
from bavn.actor.detect.detectors.ioc import Ioc
from bavn.actor.detect.detectors.lateral import Lateral
from bavn.actor.detect.detectors.long import Long
from bavn.actor.detect.detectors.rarity import Rarity
from bavn.actor.detect.detectors.scan import Scan
from bavn.actor.detect.detectors.signature import Signature
from bavn.actor.detect.detectors.tunnel import Tunnel
from bavn.actor.detect.detectors.ward import Ward
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.indicators.indicators import NO_INDICATORS, IndicatorSet
from bavn.actor.detect.indicators.lists import Fame
from bavn.actor.detect.indicators.rule_memory import RuleMemory
from bavn.actor.detect.next_door import UNMOVED, Moved, NextDoor
from bavn.actor.detect.queries import behaviour
from bavn.actor.detect.queries.home_names import HomeNames
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.terms import Terms
from bavn.actor.detect.wording import joined
from bavn.model.evidence import evidence_nats
from bavn.model.failure import Failures, NoContainment
from bavn.model.intel.rule import RowRule
from bavn.model.moment import DAY_US, as_datetime
from bavn.model.observable import ObservableType
from bavn.model.ports import Neighbours, QueryRefused, RowsDamaged, Window
from bavn.model.sector.verdict import NO_VERDICTS, Verdicts
from bavn.model.spans import in_year
from bavn.model.suspicion import PSource, Suspicion, in_order
from bavn.model.text import Text
from bavn.psi.element import as_element

DETECTORS: tuple[Detector, ...] = (
    Ioc(),
    Beacon(),
    DnsTunnel(),
    Scan(),
    Rarity(),
    Exfil(),
    Dga(),
    Long(),
    Lateral(),
    BruteForce(),
    Signature(),
    Ward(),
    Tunnel(),
)
"""A new detector is its file, its cases and its name here."""

BEHAVIOUR: Final = "behaviour"
"""What looks at what suspicions share (queries/behaviour.py), where it is told as failing: it is no detector."""
DATES: Final = "dates"
"""What looks up since when things have been used here, likewise."""
NEXT_DOOR: Final = "commons"
"""What looks at how ordinary a thing is at the actor's neighbours, likewise."""


@dataclass(frozen=True, slots=True)
class Survey:
    """``suspicions`` in the actor's reading order. ``tallies``: the statistics of all candidates by population, to be
    kept for 28 days and handed in as ``past``. ``hosts``: own hosts in the window. ``failed``: detectors whose findings
    are missing this time: what was known of them before still is; BEHAVIOUR is told likewise."""

    suspicions: tuple[Suspicion, ...]
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    hosts: int = 1
    failed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyBackground:
    """What a window is weighed against. ``history``: a window that ends with it and reaches further back, for what is
    new. ``past``: tallies of windows that ended before it began. ``reference``: the shipped tables if None. ``known``:
    the popularity lists, loaded when first asked. ``common``: pairs and chains that say nothing; those that come with
    Bavn if None. ``now_us``: when its sentences are read, the window's end if None: days of another year are named with
    theirs. ``commons``: what the sector told of this actor's own elements; None where it takes no part.
    ``dates``: whether suspicions shall say since when their elements have been used here."""

    history: Window | None = None
    past: Mapping[str, Tally] = field(default_factory=dict)
    reference: Reference | None = None
    known: Callable[[], Fame] = lists.shipped
    common: behaviour.Common | None = None
    now_us: int | None = None
    commons: Neighbours | None = None
    dates: bool = False


def survey(
    window: Window,
    detectors: Sequence[Detector] = DETECTORS,
    *,
    against: SurveyBackground | None = None,
    indicators: IndicatorSet = NO_INDICATORS,
    settings: DetectSettings | None = None,
    verdicts: Verdicts = NO_VERDICTS,
    rules: tuple[RowRule, ...] = (),
    memory: RuleMemory | None = None,
    failures: Failures | None = None,
) -> Survey:
    """All detectors over ``window``.

    ``verdicts``: what people judged true is no innocent that others are ranked among. ``rules``: Sigma rules, made into
    SQL; ``memory``: what earlier looks know of them, and how much one may ask. ``failures``: told of a detector that
    fails; without it that is raised. Raises QueryRefused, RowsDamaged.
    """
    behind = against or SurveyBackground()
    table = calibrate.shipped() if behind.reference is None else behind.reference
    given = settings or DetectSettings()
    terms = Terms(window, behind.known, behind.history, given.home_domains)
    context = DetectorContext(
        window=window,
        terms=terms,
        indicators=indicators,
        settings=given,
        rules=rules,
        memory=memory or RuleMemory(),
    )
    containment = NoContainment() if failures is None else failures
    every = [(detector, _found(detector, context)) for detector in detectors]
    now_us = window.last_us if behind.now_us is None else behind.now_us
    next_door = None if behind.commons is None else NextDoor(behind.commons, now_us // DAY_US)
    judging = _Judging(behind.past, table, verdicts, containment, next_door, lambda: terms.home_names)
    suspicions, tallies, failed = judging.judged(every)
    year = as_datetime(now_us).year
    suspicions = [_said_in(suspicion, year) for suspicion in suspicions]
    ordered, hosts = _with_behaviour(in_order(suspicions), context, behind.common, containment)
    if hosts is None:  # they stand without what they share
        hosts, failed = 1, failed | {BEHAVIOUR}
    if behind.dates:
        ordered = _dated(ordered, terms, containment)
    return Survey(tuple(ordered), tallies, hosts, failed)


def _found(detector: Detector, context: DetectorContext) -> Found | Exception:
    """The detector's findings, or how it failed. QueryRefused and RowsDamaged are the store's, and no fault of the
    detector's: they are raised."""
    try:
        return detector.candidates(context)
    except (QueryRefused, RowsDamaged):
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, the other detectors conclude
        return error


@dataclass(frozen=True, slots=True)
class _Judging:
    """What detectors' findings are judged by. ``names``: the actor's own."""

    past: Mapping[str, Tally]
    table: Reference
    verdicts: Verdicts
    failures: Failures
    next_door: NextDoor | None
    names: Callable[[], HomeNames]

    def judged(
        self, every: Iterable[tuple[Detector, Found | Exception]]
    ) -> tuple[list[Suspicion], dict[str, Tally], frozenset[str]]:
        """What the findings come to, the tallies of this window, and which detectors failed."""
        tallies: dict[str, Tally] = {}
        suspicions: list[Suspicion] = []
        failed: set[str] = set()
        for detector, findings in every:
            part = f"detector {detector.name}"
            try:
                if isinstance(findings, Exception):
                    raise findings  # noqa: TRY301  told as if it had been raised here
                innocents = _innocents(detector, findings, self.verdicts)
                found = self._suspicions(detector, findings, {**tallies, **innocents})
                suspicions += [_without_own(suspicion, self.names()) for suspicion in found]
                tallies.update(innocents)
            except Exception as error:  # noqa: BLE001  its findings alone are missing
                self.failures.note(part, error)
                failed.add(detector.name)
            else:
                self.failures.works(part)
        return suspicions, tallies, frozenset(failed)

    def _suspicions(self, detector: Detector, findings: Found, tallies: Mapping[str, Tally]) -> list[Suspicion]:
        suspicions = []
        names = {candidate.population for candidate in findings.candidates}
        every = {name: tallies.get(name, Tally()) + self.past.get(name, Tally()) for name in names}
        of_host: dict[tuple[str, str], list[float]] = defaultdict(list)
        for candidate in findings.candidates:
            of_host[candidate.population, candidate.host].append(candidate.statistic)
        for candidate, moved in zip(findings.candidates, self._moved(detector, findings.candidates), strict=True):
            mine = of_host[candidate.population, candidate.host]
            own = every[candidate.population]
            if candidate.apart and len(mine) > 1:
                own = own.without(mine) + Tally.of([candidate.statistic])
            if self.verdicts and _judged_true(detector, candidate, self.verdicts):
                own += Tally.of([candidate.statistic])  # it is ranked among the others and itself, as everybody is
            if moved is not UNMOVED:
                own = own.without([candidate.statistic])
                candidate = _as_next_door(candidate, moved)  # noqa: PLW2901  the same, as it weighs now
                own += Tally.of([candidate.statistic])
            suspicions.append(_suspicion(detector, candidate, own, self.table))
        return suspicions

    def _moved(self, detector: Detector, candidates: Sequence[Candidate]) -> Sequence[Moved]:
        """By what the commons say of each; by nothing where they cannot be asked."""
        if self.next_door is None:
            return [UNMOVED] * len(candidates)
        try:
            moved = self.next_door.moved(detector.name, candidates)
        except Exception as error:  # noqa: BLE001  the findings stand without their neighbours' word
            self.failures.note(f"detector {NEXT_DOOR}", error)
            return [UNMOVED] * len(candidates)
        self.failures.works(f"detector {NEXT_DOOR}")
        return moved


def _as_next_door(candidate: Candidate, moved: Moved) -> Candidate:
    """It ranks among the others as its neighbours' word leaves it, and says so. What others weigh stays as it was, so
    that what is ordinary elsewhere makes nothing else look stranger than it is."""
    return replace(
        candidate,
        statistic=candidate.statistic + moved.nats,
        why=Text.shaped("{why} {more}", why=candidate.why, more=joined(list(moved.reasons))),
        against=(*candidate.against, *moved.against),
    )


def _dated(ordered: Sequence[Suspicion], terms: Terms, failures: Failures) -> Sequence[Suspicion]:
    """With since when what they name has been used here; as they are where that cannot be asked. Raises QueryRefused,
    RowsDamaged."""
    elements = {observable: as_element(observable) for found in ordered for observable in found.observables}
    try:
        since = terms.first_uses(elements.values())
    except (QueryRefused, RowsDamaged):
        raise
    except Exception as error:  # noqa: BLE001  they are told all the same
        failures.note(f"detector {DATES}", error)
        return ordered
    failures.works(f"detector {DATES}")
    every = []
    for suspicion in ordered:
        mine = dict.fromkeys(elements[observable] for observable in suspicion.observables)
        known_since = tuple((element, since[element]) for element in mine if element in since)
        every.append(replace(suspicion, known_since=known_since) if known_since else suspicion)
    return every


def _said_in(suspicion: Suspicion, year: int) -> Suspicion:
    """Its sentences as they are said in that year."""
    what, against = suspicion.what, suspicion.against
    return replace(suspicion, what=what and in_year(what, year), against=against and in_year(against, year))


def _without_own(suspicion: Suspicion, names: HomeNames) -> Suspicion:
    """What names the actor itself is no observable: it would tell others who it is."""
    kept = tuple(
        one for one in suspicion.observables if one.type is not ObservableType.DOMAIN or not names.holds(one.value)
    )
    return suspicion if kept == suspicion.observables else replace(suspicion, observables=kept)


def _with_behaviour(
    ordered: Sequence[Suspicion], context: DetectorContext, common: behaviour.Common | None, failures: Failures
) -> tuple[Sequence[Suspicion], int | None]:
    """The suspicions with what they share, and how many own hosts were there: None where nobody knows. Raises
    QueryRefused, RowsDamaged."""
    try:
        ordered = behaviour.with_behaviour(ordered, context, behaviour.shipped() if common is None else common)
        hosts = context.terms.hosts
    except (QueryRefused, RowsDamaged):
        raise
    except Exception as error:  # noqa: BLE001  they are told all the same
        failures.note(f"detector {BEHAVIOUR}", error)
        return ordered, None
    failures.works(f"detector {BEHAVIOUR}")
    return ordered, hosts


def detect(window: Window, detectors: Sequence[Detector] = DETECTORS, **given: object) -> list[Suspicion]:
    """The suspicions of :func:`survey`, which says what else may be given."""
    return list(survey(window, detectors, **given).suspicions)  # type: ignore[arg-type]


def _innocents(detector: Detector, findings: Found, verdicts: Verdicts) -> Mapping[str, Tally]:
    """The tallies without what people judged true."""
    if not verdicts:
        return findings.populations
    guilty = [one for one in findings.candidates if _judged_true(detector, one, verdicts)]
    return {
        name: tally.without([one.statistic for one in guilty if one.population == name])
        for name, tally in findings.populations.items()
    }


def _judged_true(detector: Detector, candidate: Candidate, verdicts: Verdicts) -> bool:
    story = story_id(detector.name, candidate.story)
    verdict = verdicts.on(story, detector.name, candidate.host, candidate.peer)
    return verdict is not None and verdict.judgement == "true"


def _suspicion(detector: Detector, candidate: Candidate, own: Tally, reference: Reference) -> Suspicion:
    p, source = _p(candidate, own, reference)
    advice = candidate.advice
    return Suspicion(
        id=story_id(detector.name, candidate.story),
        detector=detector.name,
        technique=candidate.technique or detector.technique,
        host=candidate.host,
        peer=candidate.peer,
        observables=candidate.observables,
        p=p,
        p_source=source,
        evidence_nats=evidence_nats(p),
        statistic=candidate.statistic,
        first_us=candidate.first_us,
        last_us=candidate.last_us,
        hosts=candidate.hosts,
        listed=candidate.listed,
        why=candidate.why,
        rows=candidate.rows,
        period_s=candidate.period_s,
        regularity=candidate.regularity,
        walk_nats=candidate.walk_nats,
        what=candidate.what,
        against=joined(list(candidate.against) or [advice.innocent if advice else detector.innocent]),
        look_first=joined([advice.look_first]) if advice else None,
        knock=candidate.knock,
    )


def _p(candidate: Candidate, own: Tally, reference: Reference) -> tuple[float, PSource]:
    if candidate.exact_p is not None:
        return candidate.exact_p, "exact"
    p, source = p_value(candidate.statistic, own, candidate.population, reference)
    return min(1.0, p * candidate.p_times), source
