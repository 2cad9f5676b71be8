"""A protocol in words: values with their units and bars as people read them, in both languages. Refuses to judge."""

from collections.abc import Iterator, Sequence
from typing import Final

from bavn.app.accept.check import in_the_way, warns
from bavn.model.moment import iso
from bavn.model.sector.acceptance_protocol import (
    BOUNDS,
    KINDS,
    OUTCOMES,
    Bound,
    Figure,
    Outcome,
    Part,
    TestProtocol,
    Value,
)
from bavn.model.text import Language, Number, Text

UNITS: Final = {"days": Text("days"), "1/s": Text("a second"), "%": Text.plain("%")}
ANSWERS: Final = {
    "yes": Text("yes"),
    "no": Text("no"),
    "none": Text("none"),
    "nobody": Text("nobody"),
}
MARKS: Final = {
    Outcome.PASSED: "ok",
    Outcome.FAILED: "!!",
    Outcome.NOT_APPLICABLE: "--",
    Outcome.NOT_TESTED: "??",
}
BROKE_OFF: Final = Text("broke off: {why}")
NONE: Final = Text.plain("–")
PARTS_ONLY: Final = Text("Only some parts were tested.")
WARNED: Final = Text("{outcome}, with a warning")
WARNING: Final = Text.in_context("protocol", "warning")
OF_PARTS: Final = Text("{whole} as a whole; the parts that were tested: {outcome}")


def valued(value: Value | None, unit: str, language: Language) -> str:
    """A number or word with its unit."""
    if value is None:
        return NONE.say(language)
    if isinstance(value, str):
        return ANSWERS[value].say(language) if value in ANSWERS else value
    said = f"{value:,}".replace(",", " ") if isinstance(value, int) else Number(value, "g").say(language)
    named = UNITS[unit].say(language) if unit in UNITS else unit
    return f"{said} {named}".rstrip()


def barred(figure: Figure, language: Language) -> str:
    """What a value had to be; a dash where it decides nothing."""
    measure = figure.measure
    if measure.bound is Bound.SHOWN:
        return NONE.say(language)
    if isinstance(measure.bar, str):
        return valued(measure.bar, measure.unit, language)
    return f"{BOUNDS[measure.bound].say(language)} {valued(measure.bar, measure.unit, language)}"


def outcome(figure: Figure, language: Language) -> str:
    """What became of it; a figure that is only shown passed nothing, but may be a warning."""
    if warns(figure):
        return WARNING.say(language)
    if figure.measure.bound is Bound.SHOWN and figure.missing is None:
        return NONE.say(language)
    return OUTCOMES[figure.outcome].say(language)


def part_outcome(part: Part) -> Text:
    """What became of a part; of one that passed also whether people must know something all the same."""
    said = OUTCOMES[part.outcome]
    warned = part.outcome is Outcome.PASSED and any(warns(figure) for figure in part.figures)
    return WARNED.filled(outcome=said) if warned else said


def verdict(protocol: TestProtocol, required: Sequence[str]) -> Text:
    """What became of a test, in the same words wherever it is said; of one of some parts alone both what became of
    them, and that it is not the test that ``required`` makes."""
    parts = [part.name for part in protocol.parts]
    whole, tested = protocol.outcome(required), protocol.outcome(parts)
    warned = tested is Outcome.PASSED and any(warns(figure) for part in protocol.parts for figure in part.figures)
    outcome = WARNED.filled(outcome=OUTCOMES[tested]) if warned else OUTCOMES[tested]
    if whole is tested:
        return outcome
    return OF_PARTS.filled(whole=OUTCOMES[whole], outcome=outcome)


def as_json(protocol: TestProtocol, required: Sequence[str], language: Language) -> dict[str, object]:
    """What became of a test and its parts for a program: the outcome as it is called in the file, and the words that
    terminal and page say of it."""
    return {
        "outcome": protocol.outcome(required).value,
        "says": verdict(protocol, required).say(language),
        "parts": {part.name: part.outcome.value for part in protocol.parts},
        "parts_say": {part.name: part_outcome(part).say(language) for part in protocol.parts},
    }


def part_lines(part: Part, language: Language, *, figures: bool) -> Iterator[str]:
    """A part for a terminal; without ``figures`` only warnings and those that are in the way, and of one that broke off
    the first that was not read, which says who must act."""
    took = valued(round(part.took_ms / 1000, 1), "s", language)
    yield f"[{MARKS[part.outcome]}] {part.title.say(language)}: {part_outcome(part).say(language)} ({took})"
    if part.fault:
        yield f"     {BROKE_OFF.filled(why=part.fault).say(language)}"
    open_ = [figure for figure in part.figures if in_the_way(figure)]
    if part.fault:
        failed, unread = (
            [figure for figure in open_ if figure.outcome is said] for said in (Outcome.FAILED, Outcome.NOT_TESTED)
        )
        open_ = [*failed, *unread[:1]]
    for figure in part.figures:
        if figures or figure in open_ or warns(figure):
            yield f"     {figure_line(figure, language)}"


def figure_line(figure: Figure, language: Language) -> str:
    """One figure in one line."""
    line = f"{figure.measure.name.say(language)}: {valued(figure.value, figure.measure.unit, language)}"
    if figure.measure.bound is not Bound.SHOWN:
        line += f" ({barred(figure, language)}): {outcome(figure, language)}"
    return line + (f"; {figure.reason.say(language)}" if figure.reason else "")


def title(protocol: TestProtocol, language: Language) -> str:
    """What it is, whose, and when."""
    return f"{KINDS[protocol.kind].say(language)}: {protocol.actor}, {iso(protocol.ended_us)[:16].replace('T', ' ')}Z"
