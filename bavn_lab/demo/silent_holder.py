"""One key holder is gone: whether rounds went on, and which pages say so. Reads only.

A page is asked for as a browser does it, at the running console, by somebody who may only read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import httpx

from bavn.app.access.rights import Role
from bavn.app.config.load import read_node
from bavn.app.process.exits import Exit, Stop
from bavn.centre.correlate.round_state import Phase
from bavn.centre.desk.desk import Desk
from bavn_lab.demo.consoles import ANSWER_S_MAX
from bavn_lab.demo.people import token_for
from bavn_lab.demo.readings import wait_for
from bavn_lab.demo.sector import DemoSector, Member

PAGE_S_MAX: Final = 60.0
READER: Final = "auditor on duty"
ROUNDS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class RoundsSeen:
    """Rounds whose uploads were over: how many, and in how many all members took part."""

    rounds: int
    whole: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """What came of it: for people, and as figures."""

    lines: tuple[str, ...]
    figures: dict[str, Any]


def who_noticed(sector: DemoSector, soc: str, number: int, lost_us: int) -> Noticed:
    """``soc``: the address of the SOC's console; ``lost_us``: when key holder ``number`` was killed. Raises Stop where
    no round was whole since, or where not each page names it, and only it."""
    before, since = rounds_before_and_since(sector.desk(), lost_us)
    if not since.whole:
        raise Stop(Exit.BROKEN, f"no round was whole since key holder {number} was killed")
    first = next(member for member in sector.members if member.plan.captures)
    what = f"a page at each actor that names key holder {number} as silent, and no other"
    shown = wait_for(sector, PAGE_S_MAX, what, lambda: all_name(number, pages(soc, sector.members, first)), 1.0)
    problem = next(each for each in shown[first.plan.name]["problems"] if each["source"] == f"keyholder-{number}")
    everybody = len(sector.members)
    whole = f"{before.whole} of {before.rounds} before, {since.whole} of {since.rounds} since"
    lines = (
        f"  rounds that all {everybody} actors took part in: {whole}",
        f"  {first.plan.name}'s page (Health, g e): {problem['says']['en']}",
        f"  the pages of all {everybody} name it, and no other",
    )
    figures = {"number": number, "rounds_before": asdict(before), "rounds_since": asdict(since)}
    return Noticed(lines, figures | {"silent_by_page": {name: silent_at(page) for name, page in shown.items()}})


def rounds_before_and_since(desk: Desk, at_us: int) -> tuple[RoundsSeen, RoundsSeen]:
    """Of rounds that were opened before a moment, and of those since."""
    over = [each for each in desk.rounds(ROUNDS_MAX) if each.round.phase is not Phase.UPLOADS]
    since = [each for each in over if each.round.opened_us >= at_us]
    before = [each for each in over if each.round.opened_us < at_us]
    return _seen(before), _seen(since)


def _seen(summaries: Sequence[Any]) -> RoundsSeen:
    return RoundsSeen(len(summaries), sum(not each.missing for each in summaries))


def pages(soc: str, members: Sequence[Member], first: Member) -> dict[str, dict[str, Any]]:
    """The health page of each member, by name. ``first``: whose folder the console's accounts lie in."""
    token = token_for(read_node(first.config).folder, "soc", READER, Role.AUDITOR)
    shown: dict[str, dict[str, Any]] = {}
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=ANSWER_S_MAX, trust_env=False) as client:
        for member in members:
            answer = client.get(f"{soc}/api/v1/nodes/{member.plan.name}/health")
            answer.raise_for_status()
            shown[member.plan.name] = answer.json()
    return shown


def silent_at(page: Mapping[str, Any]) -> list[int]:
    """The numbers of the key holders that a health page names as silent."""
    held = page["key_holders"] or {"holders": []}
    return [each["number"] for each in held["holders"] if each["state"] == "silent"]


def all_name(number: int, shown: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]] | None:
    """The pages, once each names that key holder as silent, and only that one, and says what of it."""
    source = f"keyholder-{number}"
    every = all(
        silent_at(page) == [number] and any(each["source"] == source for each in page["problems"])
        for page in shown.values()
    )
    return shown if every else None
