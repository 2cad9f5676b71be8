"""A whole sector in one process on one clock: the same nodes and the same centre as for real, over memory links.

A run is a script: same script, same ledgers and leads, byte for byte, whatever else the machine does. Refuses to think:
it only moves time, hands out what the script says and lets the parties step.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.commons import OutsideLife
from bavn.centre.cases.case.case import Case
from bavn.centre.correlate.lists import Lists, NoLists
from bavn.centre.node.config import CentreConfig, CentreLimits
from bavn.model.moment import SECOND_US
from bavn.model.ports import Link
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, CaseState
from bavn.model.sector.lead import Lead
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.hostile import Lie, LyingLink
from bavn.rehearsal.keyholding import SLOT_S, BadWay, KeyHolding
from bavn.rehearsal.mortal import Killed, MortalClock
from bavn.rehearsal.network import BadLink, Faults
from bavn.rehearsal.party import ProtectLists, Senses, SimCentre, SimNode, no_senses
from bavn.rehearsal.script import CENTRE, Death, HolderChange, Script, key_of
from bavn.traffic.dice import SeededDice
from bavn.wire.ledger import Ledger, LedgerReader
from bavn.wire.links.memory import MemoryLink

ANALYST: Final = account("anne@sim")
SECOND: Final = account("bo@sim")
"""Two people stand behind what blocks by itself."""
SETTLE_STEPS_MAX: Final = 120
SETTLED_STEPS: Final = 3
LEADS_KEPT_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to. ``ledgers``: each party's lines as JSON; ``leads`` as last ranked; ``blocks``: what is in
    force at each actor; ``settled``: everybody had said everything before SETTLE_STEPS_MAX."""

    ledgers: dict[str, tuple[str, ...]]
    leads: tuple[Lead, ...]
    blocks: dict[str, tuple[str, ...]]
    settled: bool
    deaths: int


@dataclass(slots=True)
class World:
    """``folder`` holds every party's disk. ``homes``, ``senses`` and ``ordinary`` by actor, where it has some;
    ``register``: the sector's own services, as in the centre's configuration; ``groups``: actor -> its group, where it
    shares one; ``liars``: what actors that lie say in place of their nodes; ``policies``: of doors, by actor;
    ``protecting``: what every node's way in has for lists. Close when done."""

    script: Script
    folder: Path
    homes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    senses: dict[str, Senses] = field(default_factory=dict)
    ordinary: dict[str, OutsideLife] = field(default_factory=dict)
    lists: Lists = field(default_factory=NoLists)
    register: tuple[str, ...] = ()
    groups: dict[str, str] = field(default_factory=dict)
    liars: dict[str, Lie] = field(default_factory=dict)
    policies: dict[str, DoorPolicy] = field(default_factory=dict)
    protecting: ProtectLists = field(default_factory=ProtectLists)
    clock: SimClock = field(init=False)
    centre: SimCentre = field(init=False)
    nodes: dict[str, SimNode] = field(init=False)
    links: dict[str, BadLink] = field(init=False)
    holders: KeyHolding = field(init=False)
    ways: dict[str, dict[str, BadWay]] = field(init=False)
    _dice: SeededDice = field(init=False)

    def __post_init__(self) -> None:
        script = self.script
        self.clock = SimClock(script.start_us - 2 * SLOT_S * SECOND_US)
        self.holders = KeyHolding(script, self.folder, self.clock)
        self._dice = SeededDice(script.seed, "world")
        limits = CentreLimits(rank_every_s=1.0, register=self.register)
        config = CentreConfig(limits=limits, tiers=script.tiers, commons=script.commons)
        self.centre = SimCentre(self.folder / CENTRE, script.seed, self.clock, config, self.lists)
        networks = dict(script.networks)
        self.links, self.ways, self.nodes = {}, {}, {}
        for place, name in enumerate(script.actors):
            self.centre.enrol(name, "region", key_of(script.seed, name), self.groups.get(name, ""))
            dice = self._dice.fork(f"network {name}")
            self.links[name] = BadLink(self._link(name), networks.get(name, Faults()), dice, self.clock)
            self.ways[name] = self.holders.ways(name, self.links[name].faults, self._dice.fork(f"keys {name}"))
            self.nodes[name] = SimNode(
                ask=partial(self.holders.ask, self.ways[name]),
                name=name,
                homes=self.homes.get(name, (f"10.{10 + place}.0.0/16",)),
                folder=self.folder / name,
                seed=script.seed,
                clock=self.clock,
                link=self.links[name],
                centre_key=self.centre.key,
                senses=self.senses.get(name, no_senses),
                ordinary=self.ordinary.get(name),
                policy=self.policies.get(name, DoorPolicy()),
                lists=self.protecting,
            )

    def _link(self, name: str) -> Link:
        honest = MemoryLink(name, self.centre)
        if name not in self.liars:
            return honest
        return LyingLink(name, key_of(self.script.seed, name), self.centre.key.public_key(), honest, self.liars[name])

    def run(self) -> RunResult:
        """Play the script to its end, then let everything settle."""
        suspects = sorted(self.script.suspects, key=lambda one: (one.at_us, one.actor))
        deaths = sorted(self.script.deaths, key=lambda one: (one.at_us, one.who))
        changes = sorted(self.script.holder_changes, key=lambda change: (change.at_us, change.who))
        for _ in range(self.script.steps):
            now_us = self.wait()
            while suspects and suspects[0].at_us <= now_us:
                told = suspects.pop(0)
                self.nodes[told.actor].known.replace(told.suspicions, now_us)
            while deaths and deaths[0].at_us <= now_us:
                self.doom(deaths.pop(0))
            while changes and changes[0].at_us <= now_us:
                self.change(changes.pop(0))
            self.step()
        return self._result(settled=self.settle())

    def close(self) -> None:
        """Let go of every disk."""
        for node in self.nodes.values():
            node.close()
        self.centre.close()
        self.holders.close()

    def wait(self, until_us: int | None = None) -> int:
        """Time passes, a step of the script or to a moment, in which key holders make their keys; the new moment."""
        self.holders.until(self.clock.now_us() + self.script.step_s * SECOND_US if until_us is None else until_us)
        return self.clock.now_us()

    def doom(self, death: Death) -> None:
        """The party dies at that question from now on."""
        self._mortals()[death.who].kill_after(death.questions)

    def change(self, change: HolderChange) -> None:
        """The key holder fails like that from now on."""
        self.holders.every[change.who].change(change)

    def _mortals(self) -> dict[str, MortalClock]:
        parties: dict[str, MortalClock] = {name: node.mortal for name, node in self.nodes.items()}
        holders = {name: holder.mortal for name, holder in self.holders.every.items()}
        return parties | {CENTRE: self.centre.mortal} | holders

    def step(self) -> None:
        """Everybody once, nodes, centre and key holders in an order that the dice give."""
        turns: list[Callable[[], object]] = [
            *(node.step for node in self.nodes.values()),
            self.centre.step,
            self.holders.step,
        ]
        while turns:
            turns.pop(self._dice.below(len(turns)))()
        if self.script.releases:
            self._release()

    def _release(self) -> None:
        """The analyst confirms and releases every new case."""
        try:
            for case in self.centre.centre.desk.cases.every():
                self._act(case)
        except Killed:
            self.centre.reopen()

    def _act(self, case: Case) -> None:
        desk = self.centre.centre.desk
        if case.state is CaseState.NEW:
            case = desk.cases.act(case.id, CaseAct.CONFIRM, ANALYST, "seen at several actors")
        if case.state is CaseState.CONFIRMED and case.order_no == 0:
            desk.cases.act(case.id, CaseAct.RELEASE, SECOND, "block it")

    def settle(self) -> bool:
        """Heal the network, spare everybody, and step until nobody has had anything to send for a while."""
        for name, link in self.links.items():
            link.faults = Faults()
            for way in self.ways[name].values():
                way.faults = Faults()
        for mortal in self._mortals().values():
            mortal.spare()
        quiet = 0
        for _ in range(SETTLE_STEPS_MAX):
            self.wait()
            for link in self.links.values():
                link.arrive()
            self.step()
            waiting = sum(node.door.queue().messages for node in self.nodes.values())
            under_way = sum(link.under_way for link in self.links.values())
            quiet = quiet + 1 if waiting == under_way == 0 else 0
            if quiet >= SETTLED_STEPS:
                return True
        return False

    def ledgers(self) -> dict[str, LedgerReader]:
        """Every party's ledger, the key holders' among them; the centre's holds gates 2 and 3."""
        ledgers: dict[str, LedgerReader] = {name: node.door.ledger for name, node in self.nodes.items()}
        holders = {name: Ledger(holder.book) for name, holder in self.holders.every.items()}
        return ledgers | {CENTRE: Ledger(self.centre.book)} | holders

    def _result(self, *, settled: bool) -> RunResult:
        return RunResult(
            ledgers={name: tuple(ledger.export()) for name, ledger in self.ledgers().items()},
            leads=tuple(view.lead for view in self.centre.centre.desk.lead_book.leads(LEADS_KEPT_MAX)),
            blocks={
                name: tuple(str(block.observable) for block in node.enforcer.blocks)
                for name, node in self.nodes.items()
            },
            settled=settled,
            deaths=sum(party.deaths for party in (self.centre, *self.holders.every.values(), *self.nodes.values())),
        )
