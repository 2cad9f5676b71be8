"""The packets of a demonstration: played by the simulator, or given captures moved in time and dealt out to actors.

Refuses to start anything.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from rich.console import Console

from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US, iso
from bavn.model.observable import registered_domain
from bavn.traffic.sector import Actor, demo_sector
from bavn_lab.demo.sector import ActorPlan
from bavn_lab.sim.generate import generate, story, truth
from bavn_lab.sim.rewrite import assign, rewrite

HISTORY_DAYS = 8


@dataclass(frozen=True, slots=True)
class Played:
    """The actors, when each one's captures end (us), names with the addresses they resolve to before a block, the
    simulator's actors of the same names, and the sector's own services as the centre's register has them
    (``type:value``). ``write`` writes the packets that are not there yet, and says what it wrote."""

    plans: list[ActorPlan]
    ends_us: dict[str, int]
    known: dict[str, str]
    world: tuple[Actor, ...]
    write: Callable[[], str]
    register: tuple[str, ...] = ()


def play(folder: Path, seed: int, scale: float) -> Played:
    """The simulator's own sector, up to now."""
    end_us, out = time.time_ns() // 1000, folder / "captures"
    start_us, sector = end_us - HISTORY_DAYS * DAY_US, demo_sector(seed, scale)
    planted = truth(story(sector, seed, start_us, end_us))
    known = {v["domain"]: v["address"] for c in planted["campaigns"] for v in c["victims"] if v.get("domain")}
    plans = [
        ActorPlan(actor.name, actor.kind.value, tuple(actor.homes), out / actor.name if actor.sensor else None)
        for actor in sector.actors
    ]
    monitor = sector.monitor
    register = (f"domain:{registered_domain(monitor.host)}", f"ip4:{IPv4Address(monitor.address)}")

    def write() -> str:
        generated = generate(sector, seed, start_us, end_us, out)
        packets = sum(entry["packets"] for actor in generated["actors"] for entry in actor["files"])
        return f"  Played {HISTORY_DAYS} days up to {iso(end_us)[:16]}: {packets:,} packets."

    return Played(plans, {plan.name: end_us for plan in plans if plan.captures}, known, sector.actors, write, register)


def deal_out(captures: Path, folder: Path, seed: int, console: Console) -> Played:
    """Given captures, each moved so that it ends now, inside addresses made the actor's own. Stop without any."""
    if not captures.is_dir():
        raise Stop(Exit.INPUT, f"{captures} is no folder of captures")
    end_us = time.time_ns() // 1000
    sector = demo_sector(seed)
    actors = {actor.name: actor for actor in sector.actors}
    with_sensor = [name for name, actor in actors.items() if actor.sensor]
    dealt = assign(captures, with_sensor)
    if not any(dealt.values()):
        raise Stop(Exit.INPUT, f"{captures} holds no capture (pcap or pcapng)")
    plans, ends_us = [], {}
    for name, actor in actors.items():
        out = None
        if actor.sensor and dealt[name]:
            out = folder / "captures" / name
            with console.status(f"{name}: {len(dealt[name])} captures"):
                made = rewrite(dealt[name], actor, end_us, folder / "captures")
            for said in made.said:
                if said.reason:
                    console.print(f"  {said.file}: {said.reason}", markup=False)
            ends_us[name] = end_us
        plans.append(ActorPlan(name, actor.kind, tuple(actor.homes), out))
    return Played(plans, ends_us, {}, sector.actors, lambda: f"  {len(ends_us)} actors were given captures.")
