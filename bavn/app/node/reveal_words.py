"""What the centre asked a node to name, as people read it. Refuses to answer for the node."""

from typing import Final

from bavn.actor.door.rounds.reveals import Revealed
from bavn.app.process.exits import Exit, Stop
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.text import Text
from bavn.psi.element import as_element

ANSWERS: Final = {
    "": Text("named to the centre"),
    "receipts": Text("not named: not shown that enough hold it"),
    "external": Text("not named: it is something inside"),
    "not_left_out": Text("not named: the policy leaves it out"),
    "not_vetoed": Text("not named: vetoed here"),
    "not_echo": Text("not named: it rests on what the sector shared, which is told as a sighting"),
    "not_judged": Text("not named: people here have put it aside"),
    "reveal_mode": Text("not named: waits for `bavn node allow`, or the policy says never"),
    "budget": Text("not named: the day's new observables are used up"),
}
"""What a rule of the door means for whoever reads what was asked (docs/privacy.md)."""

OTHER: Final = Text("not named: refused by the rule {rule}")

STANDING: Final = {
    "told": Text("withdrawn"),
    "waits": Text("waits for the running node"),
    "was_reported": Text("nothing to withdraw: it was never named"),
}


def together(reveals: list[Revealed]) -> list[tuple[Revealed, int, int]]:
    """One row for each round, element and answer, the latest first: the last question, how many others' receipts were
    shown for a cell at most, and about how many cells it was. An element lies in several cells of a round, and each is asked about."""
    rows: dict[tuple[str, Observable, str], tuple[Revealed, int, int]] = {}
    for reveal in reveals:
        key = (reveal.round_id, reveal.observable, reveal.rule)
        last, shown, cells = rows.get(key, (reveal, 0, 0))
        rows[key] = (last, max(shown, reveal.receipts), cells + 1)
    return list(rows.values())


def element_of(text: str) -> Observable:
    """``type:value`` as rounds know it. Stop for what is none."""
    kind, _, value = text.partition(":")
    if kind not in set(ObservableType):
        known = ", ".join(ObservableType)
        raise Stop(
            Exit.USAGE,
            Text("{text} is no observable: write type:value, the type one of {known}", text=repr(text), known=known),
        )
    try:
        return as_element(Observable.of(ObservableType(kind), value))
    except (NotCanonical, ValueError) as error:
        raise Stop(
            Exit.USAGE, Text("{text} is no observable: {error}", text=repr(text), error=Text.of_error(error))
        ) from error


def answer_text(rule: str) -> Text:
    """What was answered, by the rule that refused; empty: it was named."""
    known = ANSWERS.get(rule)
    return known or OTHER.filled(rule=rule)


def withdrawal_text(told_us: int | None, rule: str) -> Text:
    """What became of a withdrawal."""
    if told_us is None:
        return STANDING["waits"]
    return STANDING.get(rule or "told") or OTHER.filled(rule=rule)
