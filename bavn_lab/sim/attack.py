"""Which campaigns there are: the demo's one, and those drawn by SCORING.md's odds.

Refuses to know how a campaign shows in packets (campaign.py).
"""

from dataclasses import replace
from typing import Final

import numpy as np

from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.traffic.dice import SeededDice
from bavn.traffic.names import invented_address, invented_name
from bavn.traffic.sector import Actor, Role, Sector
from bavn_lab.sim.campaign import Campaign, Linkage, Victim, Way

ACTORS_HIT: Final = (2, 3, 4, 6)
ACTORS_HIT_WEIGHTS: Final = (0.25, 0.35, 0.25, 0.15)


def drawn(sector: Sector, dice: SeededDice, label: str, start_us: int, end_us: int) -> Campaign:
    """A campaign as SCORING.md draws them: 2 to 6 victims with sensors, the second within an hour in 40 % and a day in
    75 % of cases, one of four linkages. ValueError where fewer than two actors have sensors."""
    watched = [actor for actor in sector.actors if actor.sensor]
    if len(watched) < 2:
        raise ValueError("a campaign needs two actors with sensors")
    wanted = ACTORS_HIT[int(dice.pick(1, np.array(ACTORS_HIT_WEIGHTS))[0])]
    order = np.argsort(dice.units(len(watched)))[: min(wanted, len(watched))].tolist()
    linkage = tuple(Linkage)[dice.below(4)]
    stack = ("implant-a", "implant-b")[dice.below(2)]
    domain, address = invented_name(dice, "com"), 0
    address = invented_address(domain)
    begins = start_us + int(dice.unit() * 0.4 * (end_us - start_us))
    period_s = float((600, 900, 1800, 3600)[dice.below(4)]) * (0.8 + 0.4 * dice.unit())
    victims = []
    for place, index in enumerate(order):
        if place:
            begins += _until_next(dice)
            if linkage is not Linkage.DOMAIN:
                domain = invented_name(dice, "com")
            if linkage in (Linkage.FINGERPRINT, Linkage.BEHAVIOUR):
                address = invented_address(domain)
            if linkage is Linkage.BEHAVIOUR:
                stack = ("windows", "openssl", "java")[dice.below(3)]
        victims.append(
            Victim(
                actor=watched[index].name,
                host=_desk(watched[index], dice),
                start_us=min(begins, end_us),
                end_us=end_us,
                period_s=period_s,
                jitter=0.2 + 0.5 * dice.unit(),
                thinning=0.4 * dice.unit(),
                gap_share=0.3 * dice.unit(),
                domain=f"cdn.{domain}",
                address=address,
                stack=stack,
            )
        )
    return Campaign(label=label, way=Way.BEACON, linkage=linkage, victims=tuple(victims))


def _until_next(dice: SeededDice) -> int:
    """The wait to the next victim: 40 % within an hour, 35 % within a day, the rest within three."""
    share = dice.unit()
    low, high = (0, HOUR_US) if share < 0.4 else (HOUR_US, DAY_US) if share < 0.75 else (DAY_US, 3 * DAY_US)
    return low + int(dice.unit() * (high - low))


def _desk(actor: Actor, dice: SeededDice) -> int:
    desks = actor.hosts[Role.DESK]
    return desks[dice.below(len(desks))]


DEMO_HIT: Final = ("region-nord", "kommune-vig", "leverandoer")
DEMO_LAST_WEEK: Final = "kommune-hede"
DEMO_PERIOD_S: Final = 1500.0
DEMO_JITTER: Final = 0.5


def demo_campaigns(sector: Sector, seed: int, end_us: int) -> tuple[Campaign, ...]:
    """One campaign: three actors hit within the last three days, each too weakly to be read there, and a fourth that
    met it for an hour six days ago. Same domain, same address, same stack."""
    dice = SeededDice(seed, "demo campaign")
    domain = invented_name(dice, "com")
    begins = (68 * HOUR_US, 67 * HOUR_US + 20 * MINUTE_US, 53 * HOUR_US)
    victims = [
        Victim(
            actor=name,
            host=_desk(sector.actor(name), dice.fork(name)),
            start_us=end_us - before,
            end_us=end_us,
            period_s=DEMO_PERIOD_S,
            jitter=DEMO_JITTER,
            thinning=0.2,
            gap_share=0.15,
            domain=f"cdn.{domain}",
            address=invented_address(domain),
            stack="implant-a",
        )
        for name, before in zip(DEMO_HIT, begins, strict=True)
    ]
    last_week = replace(
        victims[0],
        actor=DEMO_LAST_WEEK,
        host=_desk(sector.actor(DEMO_LAST_WEEK), dice.fork(DEMO_LAST_WEEK)),
        start_us=end_us - 6 * DAY_US,
        end_us=end_us - 6 * DAY_US + 70 * MINUTE_US,
        period_s=1500.0,
        jitter=0.5,
        thinning=0.0,
        gap_share=0.0,
        role="last-week",
    )
    return (Campaign(label="demo", way=Way.BEACON, linkage=Linkage.DOMAIN, victims=(*victims, last_week)),)
