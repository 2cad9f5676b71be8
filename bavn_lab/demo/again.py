"""After the block: the campaign calls again, past the protected resolver, and an actor's own Suricata knows it.

The call is real packets from the simulator, handed to a Suricata that has run all the time and whose sets the node
changed meanwhile. What follows is the node's: the alert becomes a sighting at the centre. Refuses to print.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

import numpy as np

from bavn.centre.desk.desk import Desk
from bavn.model.moment import iso_hour
from bavn.model.observable import Observable, ObservableType
from bavn.model.received import Observed
from bavn.traffic.capture import Later, write
from bavn.traffic.dice import SeededDice
from bavn.traffic.flows import flows, with_ports
from bavn.traffic.names import invented_address, invented_name
from bavn.traffic.packets import render
from bavn.traffic.scene import rtt_us
from bavn.traffic.sector import Actor, Role
from bavn.traffic.speech import dns
from bavn_lab.demo.readings import wait_for
from bavn_lab.demo.sector import SEEN_EVERY_S, DemoSector, Member
from bavn_lab.sim.campaign import Campaign, Linkage, Victim, Way, beacon_talk

ALERT_S_MAX: Final = 30.0
SEEN_S_MAX: Final = SEEN_EVERY_S + 60.0
OTHER_RESOLVER: Final = int(IPv4Address("9.9.9.9"))
"""Whom the call asks for the name: the actor's own resolver would have refused it. Nothing is sent there."""

CALL_AFTER_QUESTION_US: Final = 60_000
_LOOK_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Again:
    """What came of it: for people, and as figures."""

    lines: tuple[str, ...]
    figures: dict[str, Any]


def call_again(
    sector: DemoSector, desk: Desk, wanted: set[Observable], hit: tuple[str, ...], world: Sequence[Actor]
) -> Again:
    """``wanted``: what is blocked; ``hit``: the lead's actors, since the next one hit is somebody else if there is
    anybody else; ``world``: the simulator's actors. Raises Stop for an alert or a sighting that does not come."""
    watching = [member for member in sector.members if member.suricata is not None]
    held = {m.plan.name: [str(o) for o in m.suricata.holds(sorted(wanted))] for m in watching if m.suricata}
    lines = [f"  {name:<14} Suricata holds {', '.join(values) or 'nothing'}" for name, values in held.items()]
    member = next((m for m in watching if m.plan.name not in hit), watching[0] if watching else None)
    aim = _aim(wanted, sector.known)
    alert = None
    if member is None or aim is None:
        lines.append("  no packet can be made that would meet what is blocked")
    else:
        alert = _called(sector, desk, member, aim, wanted, next(a for a in world if a.name == member.plan.name))
        lines.append(
            f"  {member.plan.name:<14} a machine calls {aim[0]} past the resolver: "
            f"alert {alert['sid']} on {alert['met']} in {alert['alert_s']} s"
        )
        lines.append(
            f"  {'':<14} sighting at the centre after {alert['sighting_s']} s: {alert['kind']} at {alert['actor']}, "
            f"hour {alert['hour']} (alerts are looked through every {SEEN_EVERY_S} s here instead of every minute)"
        )
    memory = {m.plan.name: m.suricata.memory_mb() for m in watching if m.suricata}
    return Again(tuple(lines), {"suricata_blocks": held, "suricata_alert": alert, "suricata_memory_mb": memory})


def _aim(wanted: set[Observable], known: dict[str, str]) -> tuple[str, int] | None:
    """A name and an address whose call meets something that is wanted; None where no call can."""
    for observable in sorted(wanted):
        if observable.type is ObservableType.DOMAIN:
            below = [name for name in known if f".{name}".endswith(f".{observable.value}")]
            name = below[0] if below else observable.value
            return name, int(IPv4Address(known[name])) if name in known else invented_address(name)
    for observable in sorted(wanted):
        if observable.type is ObservableType.IP4:
            return f"cdn.{invented_name(SeededDice(0, 'next call'), 'com')}", int(IPv4Address(observable.value))
    return None


def _called(
    sector: DemoSector, desk: Desk, member: Member, aim: tuple[str, int], wanted: set[Observable], actor: Actor
) -> dict[str, Any]:
    suricata = member.suricata
    if suricata is None:
        raise AssertionError("only an actor with a Suricata is called")
    name, before, handed = member.plan.name, len(suricata.alerts()), time.monotonic()
    capture = suricata.folder / "next-call.pcap"
    next_call(actor, *aim, time.time_ns() // 1000, capture)
    suricata.hand(capture)
    alerts = wait_for(
        sector,
        ALERT_S_MAX,
        f"{name}: an alert on the next call",
        lambda: (suricata.alerts()[before:] or None) if suricata.idle() else None,
        _LOOK_S,
    )
    shown = min(alerts, key=lambda alert: (alert.met != aim[0], alert.sid))
    alert_s = round(time.monotonic() - handed, 3)
    ids = {
        v.kept.indicator.id: v.kept.indicator.observable
        for v in desk.indicators()
        if v.kept.indicator.observable in wanted and not v.kept.indicator.revoked
    }
    seen = wait_for(sector, SEEN_S_MAX, f"{name}: a sighting of the next call", lambda: _seen(desk, ids, name))
    return {
        "actor": name,
        "called": aim[0],
        "indicator": str(ids[seen.indicator_id]),
        **asdict(shown),
        "alerts": [asdict(alert) for alert in alerts],
        "alert_s": alert_s,
        "sighting_s": round(time.monotonic() - handed, 3),
        "kind": seen.kind,
        "hour": iso_hour(seen.first_hour) if seen.first_hour is not None else None,
    }


def _seen(desk: Desk, ids: dict[str, Observable], actor: str) -> Observed | None:
    told = (sighting for each in ids for sighting in desk.deliveries.sightings(each))
    return next((s for s in told if s.kind == "seen" and s.actor == actor and s.count_bucket > 0), None)


def next_call(actor: Actor, name: str, address: int, at_us: int, file: Path) -> None:
    """One machine of the actor asks another name server for the name and calls the address, as the demonstration's
    implant does; the packets go into a pcap file."""
    host = actor.hosts[Role.DESK][0]
    victim = Victim(
        actor=actor.name,
        host=host,
        start_us=at_us,
        end_us=at_us + 1,
        period_s=1.0,
        jitter=0.0,
        thinning=0.0,
        gap_share=0.0,
        domain=name,
        address=address,
        stack="implant-a",
    )
    campaign = Campaign(label="next call", way=Way.BEACON, linkage=Linkage.DOMAIN, victims=(victim,))
    begins = np.array([at_us], dtype=np.int64)
    question = dns(name, "A", (str(IPv4Address(address)),), ttl_s=120)
    batches = [
        flows(question, begins - CALL_AFTER_QUESTION_US, host, OTHER_RESOLVER, rtt_us=rtt_us(OTHER_RESOLVER)),
        flows(beacon_talk(campaign, victim, 280), begins, host, address, rtt_us=rtt_us(address)),
    ]
    later, dice = Later(), SeededDice(at_us, "next call")
    for number, batch in enumerate(with_ports(batches, 0)):
        for frames in render(batch, dice.fork(str(number))):
            later.add(frames)
    write(file, file.name, later.take(2**62))
