"""The protocol of a test of a node: parts, every measured figure with its bar, and what follows from them.

Nothing in it is a judgement that somebody wrote down: outcomes follow from figures and bars, here and wherever it is
read again. Refuses to know how anything is measured, and who signs (protocol_file.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bavn.model.sector.refusal import word
from bavn.model.text import Text

Value = int | float | str
"""A number in the figure's unit, or a short word."""
NAME_CHARS_MAX: Final = 60
TEXT_CHARS_MAX: Final = 400
PARTS_MAX: Final = 40
FIGURES_MAX: Final = 60
NUMBER_MAX: Final = 2**53 - 1


class TestKind(StrEnum):
    """Which of the two tests of the way in."""

    __test__ = False
    ACCEPTANCE = "acceptance"
    FINAL = "final"


class Outcome(StrEnum):
    """What became of a figure, a part or a test."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not-applicable"
    NOT_TESTED = "not-tested"


class Bound(StrEnum):
    """How a value is held against its bar; SHOWN has none and decides nothing."""

    AT_MOST = "at-most"
    AT_LEAST = "at-least"
    EXACTLY = "exactly"
    SHOWN = "shown"


class BadProtocol(ValueError):
    """This is no protocol as a node writes it. Whoever handed it over must act."""


KINDS: Final[dict[TestKind, Text]] = {
    TestKind.ACCEPTANCE: Text("Acceptance test"),
    TestKind.FINAL: Text("Final operations test"),
}
OUTCOMES: Final[dict[Outcome, Text]] = {
    Outcome.PASSED: Text.in_context("protocol", "passed"),
    Outcome.FAILED: Text.in_context("protocol", "failed"),
    Outcome.NOT_APPLICABLE: Text("not applicable"),
    Outcome.NOT_TESTED: Text("not tested"),
}
BOUNDS: Final[dict[Bound, Text]] = {
    Bound.AT_MOST: Text("at most"),
    Bound.AT_LEAST: Text("at least"),
    Bound.EXACTLY: Text("exactly"),
    Bound.SHOWN: Text("shown only"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is measured. ``required``: where it was not tested, neither was its part. ``always``: it applies to every
    node, so that no protocol may call it not applicable. ``unit``: empty for a count or a word."""

    name: Text
    bound: Bound
    bar: Value | None = None
    unit: str = ""
    required: bool = True
    always: bool = False

    def __post_init__(self) -> None:
        if (self.bar is None) is not (self.bound is Bound.SHOWN):
            raise BadProtocol("a bound has a bar, and what is only shown has none")
        if self.bound in (Bound.AT_MOST, Bound.AT_LEAST) and isinstance(self.bar, str):
            raise BadProtocol("a word is neither more nor less than another")

    def holds(self, value: Value) -> bool:
        """Whether a value is within the bar. A word never holds where a number is asked for."""
        bar = self.bar
        if bar is None:
            return True
        if isinstance(bar, str) or isinstance(value, str):
            return self.bound is Bound.EXACTLY and value == bar
        if self.bound is Bound.EXACTLY:
            return value == bar
        return value <= bar if self.bound is Bound.AT_MOST else value >= bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measure and what came of it: a value, or why there is none (``missing`` is then NOT_TESTED or NOT_APPLICABLE,
    and ``reason`` says why)."""

    key: str
    measure: Measure
    value: Value | None = None
    missing: Outcome | None = None
    reason: Text | None = None

    def __post_init__(self) -> None:
        if (self.value is None) is (self.missing is None):
            raise BadProtocol("a figure has a value, or the reason why it has none")
        if self.missing is not None:
            if self.missing not in (Outcome.NOT_TESTED, Outcome.NOT_APPLICABLE):
                raise BadProtocol("a figure without a value was not tested, or is not applicable")
            if self.reason is None:
                raise BadProtocol("a figure without a value says why")

    @property
    def outcome(self) -> Outcome:
        if self.missing is not None:
            return self.missing
        if self.value is None:
            raise AssertionError("__post_init__ let it through")
        return Outcome.PASSED if self.measure.holds(self.value) else Outcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One check. ``fault``: why it broke off, in one line; it has failed then, whatever was measured before."""

    name: str
    title: Text
    figures: tuple[Figure, ...]
    took_ms: int = 0
    fault: str = ""

    @property
    def outcome(self) -> Outcome:
        if self.fault:
            return Outcome.FAILED
        counting = [
            figure for figure in self.figures if figure.measure.bound is not Bound.SHOWN or figure.missing is not None
        ]
        outcomes = {figure.outcome for figure in counting}
        if Outcome.FAILED in outcomes:
            return Outcome.FAILED
        if any(figure.outcome is Outcome.NOT_TESTED and figure.measure.required for figure in counting):
            return Outcome.NOT_TESTED
        if Outcome.PASSED in outcomes:
            return Outcome.PASSED
        return Outcome.NOT_APPLICABLE if Outcome.NOT_APPLICABLE in outcomes else Outcome.NOT_TESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class TestProtocol:
    """A whole test. ``id``: 32 hex digits, thrown for it; ``key_id`` is not here: who signed stands on the file.
    Moments in us since 1970, by the clock of who tested."""

    __test__ = False
    id: str
    actor: str
    kind: TestKind
    version: str
    began_us: int
    ended_us: int
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part | None:
        return next((one for one in self.parts if one.name == name), None)

    def outcome(self, required: Iterable[str]) -> Outcome:
        """Failed, where anything failed; not tested, where a required part is missing or was not tested; else
        passed. A part that is not applicable is no
        hindrance."""
        outcomes = {one.name: one.outcome for one in self.parts}
        if Outcome.FAILED in outcomes.values():
            return Outcome.FAILED
        open_ = [name for name in required if outcomes.get(name, Outcome.NOT_TESTED) is Outcome.NOT_TESTED]
        return Outcome.NOT_TESTED if open_ else Outcome.PASSED


Demands = Mapping[str, Mapping[str, Measure]]
"""Part -> key -> measure: what a test of a kind must hold."""


def shortfalls(protocol: TestProtocol, demands: Demands) -> list[Text]:
    """What of the demands a protocol does not meet, by its figures and the demands' own bars; each in one line. Empty:
    it has passed. What the protocol says of itself counts only against it."""
    lacks = [
        Text.shaped("{part}: {outcome}", part=checked.name, outcome=word(checked.outcome))
        for checked in protocol.parts
        if checked.outcome is Outcome.FAILED
    ]
    for name, measures in demands.items():
        part = protocol.part(name)
        if part is None or part.outcome is Outcome.NOT_TESTED:
            lacks.append(Text("{part}: not tested", part=name))
            continue
        there = {measured.key: measured for measured in part.figures}
        for key, measure in measures.items():
            figure = there.get(key)
            if measure.bound is Bound.SHOWN or not measure.required:
                continue
            if figure is None:
                lacks.append(Text("{part}: {key} is missing", part=name, key=key))
            elif figure.value is None and (measure.always or figure.missing is Outcome.NOT_TESTED):
                lacks.append(Text("{part}: {key} was not tested", part=name, key=key))
            elif figure.value is not None and not measure.holds(figure.value):
                lacks.append(
                    Text(
                        "{part}: {key} is {value}, asked is {bound} {bar}",
                        part=name,
                        key=key,
                        value=figure.value,
                        bound=word(measure.bound),
                        bar=measure.bar,
                    )
                )
    return lacks
