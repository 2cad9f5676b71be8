"""What every detector is, what it is handed and what it gives. Refuses to know any one detector.

A detector gives its candidates and, beside them, the statistic of everything it weighed, the innocents included: a rank
is worth nothing among the guilty only (DETECTION.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Protocol

from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.indicators.indicators import NO_INDICATORS, IndicatorSet
from bavn.actor.detect.indicators.rule_memory import RuleMemory
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.terms import Terms
from bavn.model.intel.rule import RowRule
from bavn.model.observable import Observable
from bavn.model.ports import Window
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text
from bavn.psi.ordinary import Ordinary

HEADINGS: Final = ("Sees", "Misses", "Innocent", "Do first")
"""What the docstring of every detector says, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorContext:
    """One look at one actor: the window, the shared terms, the indicators, the settings, the rules over rows and what
    earlier looks know of them."""

    window: Window
    terms: Terms
    indicators: IndicatorSet = NO_INDICATORS
    settings: DetectSettings = field(default_factory=DetectSettings)
    rules: tuple[RowRule, ...] = ()
    memory: RuleMemory = field(default_factory=RuleMemory)


@dataclass(frozen=True, slots=True)
class Advice:
    """What a kind of find most likely is where it is nothing bad, said where no fact of it speaks against it; and what
    to look at first. A part of a sentence each."""

    innocent: Text
    look_first: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What may become a suspicion. ``population`` names those it is ranked among; a larger ``statistic`` is stranger.

    ``story`` makes the stable id within the detector: the same at a later run. ``exact_p`` where no rank is needed.
    ``technique`` where it is not the detector's own. ``p_times``: what its rank is multiplied by, 1 or more, where all
    of a population weigh less (scans from outside are the internet's noise). ``apart``: what else its host does may be
    the same intruder's, so it is not ranked among that. ``what``: what it is, in a sentence that a colleague would say,
    without the detectors' own figures (telling.py helps); ``against``: what of its own facts speaks for an innocent
    explanation; ``advice``: of its kind, where it is not the detector's own; ``why``: the figures. ``knock``: as a
    suspicion has it. ``alerts``: all kinds of alerts that it rests on, where it rests on alerts.
    """

    population: str
    host: str
    peer: str
    story: str
    statistic: float
    observables: tuple[Observable, ...]
    first_us: int
    last_us: int
    hosts: int
    listed: bool
    why: Text
    rows: RowsRef
    technique: str | None = None
    exact_p: float | None = None
    p_times: float = 1.0
    period_s: float | None = None
    regularity: float | None = None
    walk_nats: float | None = None
    apart: bool = False
    what: Text | None = None
    against: tuple[Text, ...] = ()
    advice: Advice | None = None
    knock: str = ""
    alerts: tuple[Ordinary, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """``populations``: for each population a tally of the statistics of all that was weighed, candidates included."""

    candidates: tuple[Candidate, ...] = ()
    populations: Mapping[str, Tally] = field(default_factory=dict)


class Detector(Protocol):
    """One file, one technique. The module's docstring says *Sees, Misses, Innocent, Do first*."""

    @property
    def name(self) -> str: ...

    @property
    def technique(self) -> str:
        """MITRE ATT&CK id."""
        ...

    @property
    def innocent(self) -> Text:
        """What it most likely is where it is nothing bad, in one sentence: said where no fact of a candidate speaks
        against it."""
        ...

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables and roll-ups of the window that it reads."""
        ...

    def candidates(self, context: DetectorContext) -> Found:
        """The same for the same rows, whatever their order. At most ``settings.candidates_max`` candidates."""
        ...


def story_id(detector: str, story: str) -> str:
    """The stable id of a suspicion: 32 hex digits."""
    return blake2b(f"{detector}\x1f{story}".encode(), digest_size=16, person=b"bavn-story").hexdigest()
