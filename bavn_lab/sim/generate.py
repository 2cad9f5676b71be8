"""A sector's packets: per actor a chronological row of pcap files, a manifest, and the truth of what was planted.

Same sector, seed and span: same bytes. Memory holds one stretch of one actor. Refuses to contact anything.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from bavn.model.moment import DAY_US, HOUR_US, SECOND_US, iso
from bavn.traffic.capture import CaptureFile, Later, write
from bavn.traffic.dice import SeededDice
from bavn.traffic.flows import Flows, with_ports
from bavn.traffic.names import Site, invented_address, invented_name
from bavn.traffic.packets import render
from bavn.traffic.scene import Scene, digest
from bavn.traffic.sector import Actor, Sector
from bavn_lab.sim.attack import demo_campaigns
from bavn_lab.sim.campaign import Campaign, Victim, beacon_talk, contacts, played
from bavn_lab.sim.habits import HABITS
from bavn_lab.sim.outsiders import SCANNER

MANIFEST_VERSION: Final = 1
STRETCH_HOURS_DEFAULT: Final = 24
SPAN_DAYS_MAX: Final = 60
LAST_CALL_BEFORE_END_US: Final = 30 * SECOND_US
"""No flow begins later: all are over when the span ends."""

RELEASE_BEFORE_END_US: Final = 5 * DAY_US
ROLLOUT_BEFORE_END_US: Final = 40 * HOUR_US


class SpanRefused(ValueError):
    """The span of time cannot be played. Whoever asked must choose another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens in the sector besides habits: fixed by seed and end, or given."""

    sector: Sector
    seed: int
    start_us: int
    end_us: int
    campaigns: tuple[Campaign, ...]
    rollout: Site

    @property
    def last_call_us(self) -> int:
        return self.end_us - LAST_CALL_BEFORE_END_US

    def scene(self, actor: Actor, start_us: int, end_us: int) -> Scene:
        """One stretch at one actor, with dice of its own."""
        return Scene(
            sector=self.sector,
            actor=actor,
            start_us=start_us,
            end_us=end_us,
            dice=SeededDice(self.seed, f"scene/{actor.name}/{start_us}"),
            release_us=self.end_us - RELEASE_BEFORE_END_US,
            rollout=self.rollout,
            rollout_us=self.end_us - ROLLOUT_BEFORE_END_US,
        )

    def stretches(self, hours: int) -> Iterator[tuple[int, int]]:
        """The span in pieces, the last one as long as what is left."""
        for start in range(self.start_us, self.end_us, hours * HOUR_US):
            yield start, min(start + hours * HOUR_US, self.end_us)


def story(
    sector: Sector, seed: int, start_us: int, end_us: int, campaigns: tuple[Campaign, ...] | None = None
) -> Scenario:
    """The demo's campaign unless others are given. Raises SpanRefused."""
    if not 0 <= start_us < end_us or end_us - start_us > SPAN_DAYS_MAX * DAY_US:
        raise SpanRefused(f"a span of up to {SPAN_DAYS_MAX} days after 1970, please: {start_us}..{end_us}")
    vendor = invented_name(SeededDice(seed, "rollout"), "com", telemetry=True)
    if campaigns is None:
        campaigns = demo_campaigns(sector, seed, end_us)
    rollout = Site(f"update.{vendor}", invented_address(vendor), 1.0)
    return Scenario(sector=sector, seed=seed, start_us=start_us, end_us=end_us, campaigns=campaigns, rollout=rollout)


def planned(scenario: Scenario, actor: Actor, start_us: int, end_us: int) -> list[Flows]:
    """Every flow that begins at the actor in this stretch, ports given, in the order of habits and campaigns."""
    scene = scenario.scene(actor, start_us, end_us)
    batches = [batch for habit in HABITS for batch in habit(scene)]
    for campaign in scenario.campaigns:
        batches += list(played(campaign, scene, scenario.seed))
    batches = [batch.only(batch.t_us < scenario.last_call_us) for batch in batches]
    return with_ports([batch for batch in batches if len(batch)], digest("ports", scenario.seed, start_us))


def generate(
    sector: Sector,
    seed: int,
    start_us: int,
    end_us: int,
    out_dir: Path,
    *,
    campaigns: tuple[Campaign, ...] | None = None,
    stretch_hours: int = STRETCH_HOURS_DEFAULT,
) -> dict[str, Any]:
    """Write ``<actor>/<number>.pcap``, ``manifest.json`` and ``truth.json`` under ``out_dir``; returns the manifest.
    Raises SpanRefused, and OSError where the folder cannot be written."""
    scenario = story(sector, seed, start_us, end_us, campaigns)
    actors = []
    for actor in sector.actors:
        planted: Counter[str] = Counter()
        files = list(_files(scenario, actor, out_dir, stretch_hours, planted)) if actor.sensor else []
        actors.append(
            {
                "name": actor.name,
                "kind": actor.kind.value,
                "homes": list(actor.homes),
                "hosts": actor.host_count,
                "sensor": actor.sensor,
                "files": [asdict(written) for written in files],
                "planted": dict(sorted(planted.items())),
            }
        )
    manifest = {
        "version": MANIFEST_VERSION,
        "seed": seed,
        "start_us": start_us,
        "end_us": end_us,
        "actors": actors,
        "register": list(sector.register),
    }
    _write_json(out_dir / "manifest.json", manifest)
    _write_json(out_dir / "truth.json", truth(scenario))
    return manifest


def _files(scenario: Scenario, actor: Actor, out_dir: Path, hours: int, planted: Counter[str]) -> Iterator[CaptureFile]:
    later = Later()
    for number, (start_us, end_us) in enumerate(scenario.stretches(hours)):
        dice = SeededDice(scenario.seed, f"frames/{actor.name}/{start_us}")
        for place, batch in enumerate(planned(scenario, actor, start_us, end_us)):
            planted["flows"] += len(batch)
            planted[batch.talk.facts.app or batch.talk.proto] += len(batch)
            for frames in render(batch, dice.fork(str(place))):
                later.add(frames)
        last = end_us == scenario.end_us
        name = f"{actor.name}/{number:04d}.pcap"
        yield write(out_dir / name, name, later.take(2**62 if last else end_us))


def truth(scenario: Scenario) -> dict[str, Any]:
    """What was planted where, and what only looks like it."""
    scene = scenario.scene(scenario.sector.actors[0], scenario.start_us, scenario.end_us)
    return {
        "campaigns": [
            {
                "label": campaign.label,
                "way": campaign.way.value,
                "linkage": campaign.linkage.value,
                "victims": [_victim(scenario, campaign, victim) for victim in campaign.victims],
            }
            for campaign in scenario.campaigns
        ],
        "hard_negatives": {
            "sector_monitor": {"domain": scenario.sector.monitor.host},
            "vendor_rollout": {"domain": scenario.rollout.host, "from": iso(scene.rollout_us)},
            "browser_release": {"from": iso(scene.release_us)},
            "internet_scanner": {"address": SCANNER},
        },
        "vendors": {
            actor.name: [
                {"domain": vendor.host, "period_s": vendor.period_s, "new": vendor.new} for vendor in actor.vendors
            ]
            for actor in scenario.sector.actors
        },
    }


def _victim(told: Scenario, campaign: Campaign, victim: Victim) -> dict[str, Any]:
    times = contacts(campaign, victim, told.seed)
    times = times[(times >= told.start_us) & (times < told.last_call_us)]
    facts = beacon_talk(campaign, victim, 280).facts
    return {
        "actor": victim.actor,
        "host": str(IPv4Address(victim.host)),
        "role": victim.role,
        "domain": victim.domain,
        "address": str(IPv4Address(victim.address)),
        "ja3": facts.ja3,
        "ja4": facts.ja4,
        "cert": facts.cert,
        "contacts": len(times),
        "first_us": int(times[0]) if len(times) else None,
        "last_us": int(times[-1]) if len(times) else None,
    }


def _write_json(path: Path, what: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(what, indent=1, sort_keys=True) + "\n", encoding="utf-8")
