"""What a check is: a name, what it measures against which bar, and how. A new check is one file that fulfils Check, its
cases, and its name in CHECKS (checks.py).

Refuses to judge: a check gives readings, the protocol makes outcomes of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from bavn.app.config.load import NodeConfig
from bavn.model.catalogue import ENGLISH, languages
from bavn.model.ports import Clock, Dice
from bavn.model.sector.acceptance_protocol import TEXT_CHARS_MAX, Bound, Figure, Measure, Outcome, TestKind, Value
from bavn.model.text import Text

YES: Final = "yes"
NO: Final = "no"
NOTHING: Final = "none"
UNTESTED: Final = "not-tested"
LINE_CHARS_MAX: Final = 300
RATE_DEFAULT: Final = 1000
SECONDS_DEFAULT: Final = {TestKind.ACCEPTANCE: 20, TestKind.FINAL: 300}
NO_CENTRE: Final = Text("this node has no centre")
NOT_RUNNING: Final = Text("the node does not run: its operator starts it (bavn node run)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceTerms:
    """What was agreed for this test. ``rate_per_s``: events that the node must take in; ``seconds``: how long."""

    kind: TestKind = TestKind.ACCEPTANCE
    rate_per_s: int = RATE_DEFAULT
    seconds: int = SECONDS_DEFAULT[TestKind.ACCEPTANCE]
    days: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The node under test, and what a check may use. ``scratch``: a folder that is gone afterwards; ``by``: the person
    who tests."""

    config: NodeConfig
    terms: AcceptanceTerms
    clock: Clock
    dice: Dice
    scratch: Path
    by: str = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One figure that was read: ``value``, or ``missing`` with the reason. A reason may stand beside a value too: where
    the figure is only shown, it is a warning. ``measure``: of what is only shown and not every node has."""

    key: str
    value: Value | None = None
    missing: Outcome | None = None
    reason: Text | None = None
    measure: Measure | None = None


class Check(Protocol):
    """``run`` may raise what :data:`bavn.app.accept.run.BREAKS` names: the part has failed then, with that line."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> Text: ...

    @property
    def kinds(self) -> Sequence[TestKind]:
        """Of which tests it is a required part."""
        ...

    @property
    def acts(self) -> Mapping[str, Text]:
        """Key -> who must do what where that figure failed; ``""`` for those that are not named, UNTESTED for all that
        could not be looked at, where the reason alone does not say it."""
        ...

    def measures(self, asked: AcceptanceTerms, /) -> Mapping[str, Measure]:
        """Key -> measure, in the order in which they are shown."""
        ...

    def run(self, site: Site) -> Iterable[Reading]: ...


BOTH: Final = (TestKind.ACCEPTANCE, TestKind.FINAL)


def value(key: str, found: Value, reason: Text | None = None) -> Reading:
    """A figure that was read."""
    return Reading(key=key, value=found, reason=reason)


def no_answer(key: str, why: Text | None = None) -> Reading:
    """A number was asked for and nothing came: that fails whatever the bar is, and no number is made up."""
    return Reading(key=key, value=NOTHING, reason=why)


def not_tested(key: str, why: Text) -> Reading:
    """It could not be looked at here."""
    return Reading(key=key, missing=Outcome.NOT_TESTED, reason=why)


def not_applicable(key: str, why: Text) -> Reading:
    """This node has no such thing."""
    return Reading(key=key, missing=Outcome.NOT_APPLICABLE, reason=why)


def yes(key: str, *, is_so: bool, reason: Text | None = None) -> Reading:
    """The answer to a question."""
    return Reading(key=key, value=YES if is_so else NO, reason=reason)


def must(name: Text, *, always: bool = False, required: bool = True) -> Measure:
    """A question that must be answered with yes."""
    return Measure(name=name, bound=Bound.EXACTLY, bar=YES, always=always, required=required)


def none_of(name: Text, unit: str = "", *, always: bool = False) -> Measure:
    """Something of which there must be none."""
    return Measure(name=name, bound=Bound.EXACTLY, bar=0, unit=unit, always=always)


def shown(name: Text, unit: str = "") -> Measure:
    """Told, and decides nothing."""
    return Measure(name=name, bound=Bound.SHOWN, unit=unit, required=False)


def at_most(name: Text, bar: float, unit: str = "", *, always: bool = False) -> Measure:
    """Good up to the bar."""
    return Measure(name=name, bound=Bound.AT_MOST, bar=bar, unit=unit, always=always)


def at_least(name: Text, bar: float, unit: str = "", *, always: bool = False) -> Measure:
    """Good from the bar on."""
    return Measure(name=name, bound=Bound.AT_LEAST, bar=bar, unit=unit, always=always)


def line(text: str) -> str:
    """Anything as one printable line that a protocol takes."""
    made = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return made[:LINE_CHARS_MAX] or "it did not say why"


def sentence_of(error: BaseException | str) -> Text:
    """An error as a sentence in both languages, as far as it is known."""
    if isinstance(error, str):
        return Text.plain(line(error))
    why = Text.of_error(error)
    return why if line(why.en) == why.en else Text.plain(line(why.en))


_NO_FIGURE: Final = Text("the check gave no figure")
_BROKE_OFF: Final = Text("the check broke off")
_MEND: Final = Text(
    "The node's operator mends what is named (room, rights, memory) and tests again; else Bavn's maintainers"
)


@dataclass(slots=True)
class Readings:
    """Collects readings and makes figures: each measure has exactly one. ``acts``: as a check has them."""

    measures: Mapping[str, Measure]
    acts: Mapping[str, Text]
    found: dict[str, Reading] = field(default_factory=dict)
    broke_off: bool = False

    def take(self, readings: Iterable[Reading]) -> None:
        """Raises KeyError for a reading of what is not measured, or of more that decides: the check is wrong."""
        for reading in readings:
            more = reading.measure is not None and reading.measure.bound is Bound.SHOWN
            if (reading.key in self.measures) is more:
                raise KeyError(reading.key)
            self.found[reading.key] = reading

    def figures(self) -> tuple[Figure, ...]:
        """A measure without a reading was not tested."""
        nothing = _BROKE_OFF if self.broke_off else _NO_FIGURE
        more = {key: reading.measure for key, reading in self.found.items() if reading.measure is not None}
        figures = []
        for key, measure in {**self.measures, **more}.items():
            one = self.found.get(key) or not_tested(key, nothing)
            figure = Figure(key=key, measure=measure, value=one.value, missing=one.missing, reason=one.reason)
            act = self._act(figure) if in_the_way(figure) else None
            figures.append(figure if act is None else replace(figure, reason=with_act(figure.reason, act)))
        return tuple(figures)

    def _act(self, figure: Figure) -> Text | None:
        """Who must act."""
        if figure.reason is _BROKE_OFF:
            return _MEND
        if figure.outcome is Outcome.NOT_TESTED:
            return self.acts.get(UNTESTED)
        return self.acts.get(figure.key, self.acts[""])


def in_the_way(figure: Figure) -> bool:
    """Whether a test cannot pass with it."""
    required = figure.measure.required
    return figure.outcome is Outcome.FAILED or (figure.outcome is Outcome.NOT_TESTED and required)


def warns(figure: Figure) -> bool:
    """Whether it decides nothing and people must know it all the same."""
    return figure.measure.bound is Bound.SHOWN and figure.value is not None and figure.reason is not None


def with_act(reason: Text | None, act: Text) -> Text:
    """A reason, and who must act; of too long a reason the beginning."""
    if reason is None:
        return act
    cut = {name: reason.say(name)[: TEXT_CHARS_MAX - len(act.say(name)) - 2] for name in languages()}
    return Text.shaped("{reason}. {act}", reason=Text.written(cut.pop(ENGLISH), **cut), act=act)
