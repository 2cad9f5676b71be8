"""The page of life-cycles: from where each act leads where, of all that people carry from a draft to its end."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from bavn.centre.publish.life import LIFE_CYCLE as EDITION_LIFE
from bavn.model.sector.case import LIFE_CYCLE as CASE_LIFE
from bavn.model.sector.indicator_life import LIFE as INDICATOR_LIFE
from bavn.model.sector.sector_warning import ANSWER_LIFE, WARNING_LIFE
from bavn.model.sector.work import TASK_CYCLE

HEAD: Final = """# Life-cycles

For whoever wonders what can be done next: each table says from which state (the first column) an act (the head of a
column) leads to which state. Where a cell is empty, the act is not offered and refused. The consoles' buttons and the
tests are made of the same tables. This page is made from the code (`script/docs`).
"""
type Cycle = Mapping[Any, StrEnum]
"""(state, act) -> state, each of its own enumeration."""
CYCLES: Final[tuple[tuple[str, str, Cycle], ...]] = (
    ("A case", "[cases.md](../cases.md)", CASE_LIFE),
    ("A task or question of a case", "[cases.md](../cases.md)", TASK_CYCLE),
    ("An indicator", "[indicators.md](../indicators.md)", INDICATOR_LIFE),
    ("A warning", "[ask-and-warn.md](../ask-and-warn.md)", WARNING_LIFE),
    ("An actor's answer to a warning", "[ask-and-warn.md](../ask-and-warn.md)", ANSWER_LIFE),
    ("A document", "[publish.md](../publish.md)", EDITION_LIFE),
)


def life_cycle_page() -> str:
    """The whole page."""
    lines = [HEAD]
    for title, page, cycle in CYCLES:
        lines += [f"## {title}", "", f"Page: {page}.", "", *_table(cycle), ""]
    return "\n".join([*lines, ""])


def _table(cycle: Cycle) -> list[str]:
    one_state, one_act = next(iter(cycle))
    touched = {state for state, _ in cycle} | set(cycle.values())
    states = [state for state in type(one_state) if state in touched]
    acts = [act for act in type(one_act) if any(act is taken for _, taken in cycle)]
    head = f"| from | {' | '.join(act.value for act in acts)} |"
    rows = [[cycle[state, act].value if (state, act) in cycle else "" for act in acts] for state in states]
    return [head, "|---" * (len(acts) + 1) + "|"] + [
        f"| {state.value} | {' | '.join(row)} |" for state, row in zip(states, rows, strict=True)
    ]
