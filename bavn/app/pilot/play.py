"""The same history played through a sector: real nodes, a real key holder and a real centre, in this process alone.

Each node is handed what its own people were told, at that moment; days on which nobody was told anything are jumped
over. What opens as a case two played people confirm and release. Refuses to say anything to anybody else.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from bavn.actor.door.suspicions import NodeSuspicions
from bavn.actor.protect.dry_run_shown import Lists, Service, services
from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.own_history import Found, Hunter
from bavn.actor.protect.own_history import History as OwnHistory
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.queries import items_page
from bavn.actor.store.history import History
from bavn.actor.store.query.hunt import hunt
from bavn.app.analyst.analyse import LIMITS
from bavn.app.node.protect import warning_list
from bavn.app.pilot.moved import moved
from bavn.app.pilot.reading import Look, ReadActor
from bavn.app.process.warning_lists import warning_lists
from bavn.centre.books.leads import LeadView
from bavn.centre.correlate.review.review import Review, review
from bavn.centre.correlate.tier import TIERS, Tier
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import QueryRefused, Window
from bavn.model.text import Text
from bavn.rehearsal.party import ProtectLists, SimNode
from bavn.rehearsal.script import Script
from bavn.rehearsal.world import LEADS_KEPT_MAX, World
from bavn.wire.ledger import Line

SLOT_US: Final = 6 * HOUR_US
STEP_S: Final = 60
STEPS_MIN, STEPS_MAX = 14, 24
"""So many steps are played after each moment at which somebody was told something, and more while anybody has anything
to send: both rounds, their reveals, the release, its blocks and what became of them."""
SEED: Final = 1
MEMBERS_MIN: Final = 3
QUIET: Final = "quiet-member-{}"
ITEMS_MAX: Final = 1000
ELEMENTS: Final = 1000
_OF_PRODUCT: Final = {tier.name: tier for tier in TIERS}
PILOT_TIERS: Final = tuple(
    Tier(
        name=name,
        t=_OF_PRODUCT[name].t,
        m=ELEMENTS,
        r=_OF_PRODUCT[name].r,
        every_s=SLOT_US / 1e6,
        upload_s=2.5 * STEP_S,
        wave_s=STEP_S,
        reveal_s=1200.0,
        sign_days=_OF_PRODUCT[name].sign_days,
    )
    for name in ("A", "B")
)
"""The product's thresholds, tables and days; a round each quarter of a day in which anything is new, sets of a size.
Everybody has two turns within the time for uploads, whoever comes first in each."""


@dataclass(frozen=True, slots=True)
class LeadSeen:
    """A lead as it stood strongest, the centre's own words for it, and whether it became a case that was released."""

    view: LeadView
    words: Review
    released: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What gate 4 of one actor made of a released indicator. ``act`` and ``standing`` as the node keeps them; ``why``:
    of what is not in force; ``hosts``: own machines that use it, the first of them."""

    actor: str
    observable: Observable
    act: str
    standing: str
    why: Text | None
    at_us: int
    found: Found
    hosts: tuple[str, ...]
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorPlay:
    """What came of it. ``lines``: each actor's ledger, newest first; ``chains``: whether all of them hold; ``quiet``:
    members that were added so that rounds take place."""

    leads: tuple[LeadSeen, ...]
    decisions: tuple[Decision, ...]
    lines: dict[str, tuple[Line, ...]]
    chains: bool
    begin_us: int
    end_us: int
    quiet: int
    settled: bool


@dataclass(slots=True)
class _Noted:
    leads: dict[str, LeadSeen] = field(default_factory=dict)
    items: dict[tuple[str, str, str], tuple[Any, ...]] = field(default_factory=dict)


def play(
    actors: Sequence[ReadActor],
    shift_us: dict[str, int],
    folder: Path,
    tell: Callable[[int, int], None] = lambda _, __: None,
) -> SectorPlay | None:
    """``shift_us``: how much later an actor's history is played than it was. ``tell`` hears which moment it is of how
    many. None where nobody has anything to say."""
    seen = [actor for actor in actors if actor.findings is not None]
    looks = sorted(
        ((look.at_us + shift_us.get(actor.name, 0), actor.name, look) for actor in seen for look in actor.looks),
        key=lambda entry: entry[:2],
    )
    if not looks:
        return None
    quiet = max(0, MEMBERS_MIN - len(actors))
    names = (*(actor.name for actor in actors), *(QUIET.format(number) for number in range(1, quiet + 1)))
    begin_us = max(0, looks[0][0] - HOUR_US)
    script = Script(seed=SEED, actors=names, start_us=begin_us, steps=0, step_s=STEP_S, tiers=PILOT_TIERS)
    with ExitStack() as closing:
        own = {actor.name: _own_history(actor, shift_us.get(actor.name, 0), closing) for actor in seen}
        world = World(
            script,
            folder,
            homes={actor.name: actor.findings.homes for actor in seen if actor.findings and actor.findings.homes},
            senses={name: partial(_senses, history) for name, history in own.items()},
            lists=warning_lists(),
            protecting=ProtectLists(never=shipped_text(), where="the never-block list", listed=warning_list),
        )
        closing.callback(world.close)
        noted = _Noted()
        groups = [(slot, list(due)) for slot, due in groupby(looks, lambda entry: -(-entry[0] // SLOT_US) * SLOT_US)]
        for number, (slot_us, due) in enumerate(groups, 1):
            world.wait(slot_us)
            _hand_out(world, due, shift_us)
            _settle_down(world, partial(tell, number, len(groups)))
            _note(world, noted, len(actors))
        settled = world.settle()
        _note(world, noted, len(actors))
        return _result(world, noted, own, names, (begin_us, quiet, settled))


def _own_history(actor: ReadActor, shift_us: int, closing: ExitStack) -> OwnHistory:
    homes = actor.findings.homes if actor.findings else ()
    store = closing.enter_context(History.read(actor.store or Path(), LIMITS, homes=homes))

    def window(first_us: int, last_us: int) -> Window:
        return store.window(max(0, first_us - shift_us), last_us - shift_us)

    return OwnHistory(window, hunt)


def _senses(history: OwnHistory, _: SimNode, __: NodeSuspicions) -> tuple[None, OwnHistory]:
    return None, history


def _hand_out(world: World, told: Iterable[tuple[int, str, Look]], shift_us: dict[str, int]) -> None:
    for at_us, name, seen in told:
        by_us = shift_us.get(name, 0)
        suspicions = [moved(suspicion, by_us) for suspicion in seen.suspicions]
        world.nodes[name].known.replace(suspicions, world.clock.now_us(), at_us, seen.hosts)


def _settle_down(world: World, tell: Callable[[], None]) -> None:
    """The rounds of this moment, to the last thing that follows from them. ``tell`` may raise what ends it."""
    for number in range(1, STEPS_MAX + 1):
        tell()
        world.wait()
        world.step()
        waits = any(node.door.queue().messages for node in world.nodes.values())
        if number >= STEPS_MIN and not waits and not any(link.under_way for link in world.links.values()):
            return


def _note(world: World, noted: _Noted, members: int) -> None:
    desk = world.centre.centre.desk
    released = {case.lead_id for case in desk.cases.every() if case.order_no}
    for view in (*desk.lead_book.leads(LEADS_KEPT_MAX), *desk.lead_book.leads(LEADS_KEPT_MAX, alive=False)):
        best = noted.leads.get(view.lead.id)
        if best is None or _weight(best.view) < _weight(view):
            best = LeadSeen(view, review(view.lead, view.elements, view.without, members), released=False)
        noted.leads[view.lead.id] = replace(best, released=view.lead.id in released)
    for name, node in world.nodes.items():
        for row in items_page(node.book.rows, "", "%", "", "", None, ITEMS_MAX):
            key = (name, str(row[1]), str(row[2]))
            before_row = noted.items.get(key)
            if before_row is None or before_row[4] != "wanted":
                noted.items[key] = row


def _weight(view: LeadView) -> tuple[int, float]:
    return len(view.lead.actors), view.lead.priority


def _result(
    world: World, noted: _Noted, own: dict[str, OwnHistory], names: Sequence[str], how: tuple[int, int, bool]
) -> SectorPlay:
    begin_us, quiet, settled = how
    actors = names[: len(names) - quiet]
    readers = world.ledgers()
    return SectorPlay(
        leads=tuple(sorted(noted.leads.values(), key=lambda seen: (-seen.view.lead.priority, seen.view.lead.id))),
        decisions=tuple(_decision(name, row, own.get(name)) for (name, _, _), row in sorted(noted.items.items())),
        lines={name: tuple(readers[name].back_to(0)) for name in actors},
        chains=all(readers[name].verify() is None for name in actors),
        begin_us=begin_us,
        end_us=world.clock.now_us(),
        quiet=quiet,
        settled=settled,
    )


@cache
def _never() -> NeverBlock:
    return NeverBlock.of(shipped_text(), "")


def _decision(name: str, row: tuple[Any, ...], history: OwnHistory | None) -> Decision:
    _, kind, value, act, standing, _, reason, _, decided_us, *_ = row
    observable = Observable.trusted(ObservableType(kind), value)
    policy = ProtectPolicy()
    history_found = Found(days=0)
    hosts: tuple[str, ...] = ()
    used: tuple[Service, ...] = ()
    if history is not None:
        now_us = decided_us
        try:
            hunted = Hunter(history).hunted([observable], policy.dry_run_days, now_us)[observable]
            history_found, hosts = hunted.found, hunted.named
            if history_found.hits:
                window = history.window(now_us - policy.dry_run_days * DAY_US, now_us + 1)
                used = services(window, observable, Lists(_never(), warning_list))
        except QueryRefused:
            pass
    return Decision(
        actor=name,
        observable=observable,
        act=act,
        standing=standing,
        why=Text.of_row(reason) if reason else None,
        at_us=decided_us,
        found=history_found,
        hosts=hosts,
        services=used,
    )


def body_of(line: Line) -> dict[str, Any]:
    """A ledger line's own body; nothing where it holds none."""
    try:
        body = json.loads(line.summary)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
