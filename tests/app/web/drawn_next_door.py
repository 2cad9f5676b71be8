"""What the commons told a drawn node: its command-and-control name is known to hardly anybody, a supplier's to many."""

from dataclasses import replace
from pathlib import Path

from bavn.actor.door.rounds.commons_days import CommonsDay, CommonsDays, DayState
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.app.process.real import SystemClock
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.psi.element import as_element, element_bytes
from bavn.wire.book import Book

GROUPS = 41


def draw_next_door(node: Path, *names: str, bucket: int = 3) -> None:
    """Into the book of a drawn node (its node.toml): a week of answers of so many groups, each with these in a
    bucket."""
    today = SystemClock().now_us() // DAY_US
    elements = {element_bytes(as_element(Observable.of("domain", name))): bucket for name in names}
    with Book(node.parent / "data" / "node.db") as book:
        table = CommonsTable(book)
        for back in reversed(range(7)):
            table.keep(today - back, dict.fromkeys(elements, 0) if back == 6 else elements)
        days = CommonsDays(book)
        day = CommonsDay(
            day=today,
            round_id="0" * 32,
            m=10_000,
            state=DayState.ANSWERED.value,
            at_us=today * DAY_US,
            elements=8_412,
            groups=GROUPS,
            known={"0": 5_102, "3": 1_730, "5": 902, "9": 510, "17": 121, "33": 47},
        )
        for back, state in enumerate(("answered", "answered", "unanswered", "wrong")):
            was = {} if state == "answered" else {"known": {}, "rule": "answer_canary" if state == "wrong" else ""}
            days.keep(replace(day, day=today - back, at_us=(today - back) * DAY_US, state=state, **was))
